"""Tables and indexes that take their time (--settle): what clients that wait for them see."""
import asyncio
import subprocess
import time

import pytest
from botocore.exceptions import ClientError

from conftest import boto_client
from program import PROGRAM, Connection, Program, environment

TABLE = {"TableName": "slow", "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
         "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
INDEX = {"IndexName": "by_g", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}
SETTLE = 1.0


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    program = Program(tmp_path_factory.mktemp("slow") / "data", "--settle", f"{SETTLE:g}s").start()
    yield program
    program.stop()


@pytest.fixture
def client(slow):
    return boto_client(slow, "dynamodb")


def code_of(call, **arguments):
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def status(client, name="slow"):
    return client.describe_table(TableName=name)["Table"]["TableStatus"]


def wait(client, waiter, name="slow"):
    client.get_waiter(waiter).wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 20})


def test_waiters_see_a_table_come_and_go(client):
    began = time.monotonic()
    assert client.create_table(**TABLE)["TableDescription"]["TableStatus"] == "CREATING"
    assert status(client) == "CREATING"
    assert code_of(client.put_item, TableName="slow", Item={"pk": {"S": "a"}}) == "ResourceNotFoundException"
    assert code_of(client.get_item, TableName="slow", Key={"pk": {"S": "a"}}) == "ResourceNotFoundException"
    assert code_of(client.delete_table, TableName="slow") == "ResourceInUseException"
    assert code_of(client.create_table, **TABLE) == "ResourceInUseException"
    assert "slow" in client.list_tables()["TableNames"]
    wait(client, "table_exists")
    assert time.monotonic() - began >= SETTLE * 0.9
    client.put_item(TableName="slow", Item={"pk": {"S": "a"}})

    changed = client.update_table(TableName="slow", StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    assert changed["TableDescription"]["TableStatus"] == "UPDATING" == status(client)
    assert code_of(client.update_table, TableName="slow", BillingMode="PAY_PER_REQUEST") == "ResourceInUseException"
    assert client.get_item(TableName="slow", Key={"pk": {"S": "a"}})["Item"] == {"pk": {"S": "a"}}
    wait(client, "table_exists")

    assert client.delete_table(TableName="slow")["TableDescription"]["TableStatus"] == "DELETING"
    assert status(client) == "DELETING"
    assert code_of(client.put_item, TableName="slow", Item={"pk": {"S": "a"}}) == "ResourceNotFoundException"
    wait(client, "table_not_exists")
    assert "slow" not in client.list_tables()["TableNames"]


def test_an_index_is_backfilled_after_its_table_has_settled(client):
    client.create_table(**{**TABLE, "TableName": "indexed"})
    wait(client, "table_exists", "indexed")
    for number in range(50):
        client.put_item(TableName="indexed", Item={"pk": {"S": str(number)}, "g": {"S": "x"}})
    answer = client.update_table(TableName="indexed", GlobalSecondaryIndexUpdates=[{"Create": INDEX}], AttributeDefinitions=[
        *TABLE["AttributeDefinitions"], {"AttributeName": "g", "AttributeType": "S"}])["TableDescription"]
    (index,) = answer["GlobalSecondaryIndexes"]
    assert (answer["TableStatus"], index["IndexStatus"], index["Backfilling"]) == ("UPDATING", "CREATING", False)
    query = dict(TableName="indexed", IndexName="by_g", KeyConditionExpression="g = :g", ExpressionAttributeValues={":g": {"S": "x"}})
    assert code_of(client.query, **query) == "ValidationException"
    client.put_item(TableName="indexed", Item={"pk": {"S": "late"}, "g": {"S": "x"}})
    seen = []
    until = time.monotonic() + 20
    while not seen or seen[-1] != ("ACTIVE", "ACTIVE", None):
        assert time.monotonic() < until, seen
        table = client.describe_table(TableName="indexed")["Table"]
        (index,) = table["GlobalSecondaryIndexes"]
        seen.append((table["TableStatus"], index["IndexStatus"], index.get("Backfilling")))
        time.sleep(0.02)
    assert seen[0] == ("UPDATING", "CREATING", False)
    assert client.query(**query, Select="COUNT")["Count"] == 51
    assert code_of(client.update_table, TableName="indexed", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "another"}}]) \
        == "ResourceNotFoundException"
    answer = client.update_table(TableName="indexed", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by_g"}}])["TableDescription"]
    assert answer["GlobalSecondaryIndexes"][0]["IndexStatus"] == "DELETING"
    wait(client, "table_exists", "indexed")
    assert "GlobalSecondaryIndexes" not in client.describe_table(TableName="indexed")["Table"]


def test_states_outlive_a_crash_and_the_cli_waits(tmp_path):
    program = Program(tmp_path / "data", "--settle", "3s").start()
    client = boto_client(program, "dynamodb")
    client.create_table(**TABLE)
    program.kill()
    program.start()
    assert status(client) == "CREATING"
    with leat_wait(program, "slow") as waiting:
        out, side = waiting.communicate(timeout=60)
    assert (waiting.returncode, out) == (0, ""), side
    assert status(client) == "ACTIVE"
    aws = ["/usr/bin/aws", "--endpoint-url", program.endpoint, "dynamodb"]
    done = subprocess.run(aws + ["delete-table", "--table-name", "slow"], env=environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    program.kill()
    program.start()
    wait(client, "table_not_exists")
    program.stop()


async def fill(program, items, connections=8):
    async def some(first):
        connection = Connection(program.port)
        for start in range(first * 25, items, connections * 25):
            puts = [{"PutRequest": {"Item": {"pk": {"S": f"item {number}"}, "g": {"S": f"group {number % 100}"}}}}
                    for number in range(start, min(start + 25, items))]
            assert (await connection.call("BatchWriteItem", {"RequestItems": {"many": puts}}))[0] == 200
        connection.close()

    await asyncio.gather(*map(some, range(connections)))


def describe(program):
    """With leat's own members, which boto3 leaves out."""

    async def ask():
        connection = Connection(program.port)
        answer = await connection.call("DescribeTable", {"TableName": "many"})
        connection.close()
        return answer[1]["Table"]

    return asyncio.run(ask())


def leat_wait(program, table, **more):
    return subprocess.Popen([PROGRAM, "wait", table, "--endpoint", program.endpoint], env=environment(), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def test_an_index_of_many_items_shows_how_far_it_is_also_over_a_crash(tmp_path):
    items = 60000
    program = Program(tmp_path / "data").start()
    client = boto_client(program, "dynamodb")
    client.create_table(**{**TABLE, "TableName": "many"})
    asyncio.run(fill(program, items))
    client.update_table(TableName="many", GlobalSecondaryIndexUpdates=[{"Create": INDEX}], AttributeDefinitions=[
        *TABLE["AttributeDefinitions"], {"AttributeName": "g", "AttributeType": "S"}])
    seen = describe(program)
    assert (seen["TableStatus"], seen["GlobalSecondaryIndexes"][0]["IndexStatus"], seen["GlobalSecondaryIndexes"][0]["Backfilling"]) \
        == ("ACTIVE", "CREATING", True)
    assert 0 < seen["LeatProgress"]["Done"] < seen["LeatProgress"]["Total"] == items
    program.kill()
    program.start()
    again = describe(program)
    assert again["LeatProgress"]["Done"] >= seen["LeatProgress"]["Done"]
    with leat_wait(program, "many") as waiting:
        out, side = waiting.communicate(timeout=60)
    assert (waiting.returncode, out) == (0, ""), side
    table = describe(program)
    assert "LeatProgress" not in table and table["GlobalSecondaryIndexes"][0]["ItemCount"] == items
    with leat_wait(program, "none") as waiting:
        _, side = waiting.communicate(timeout=60)
    assert waiting.returncode != 0 and "not found" in side
    program.stop()
