"""leat tail against a running server."""
import json
import subprocess
import time

import boto3
import pytest

from program import PROGRAM, REGION, Program, environment


@pytest.fixture
def server(tmp_path):
    program = Program(tmp_path / "data", "--rotation", "1s").start()
    yield program
    program.stop()


def client_of(server):
    return boto3.client("dynamodb", endpoint_url=server.endpoint, region_name=REGION, aws_access_key_id="local",
                        aws_secret_access_key="local")


def make_table(client, stream=True):
    client.create_table(
        TableName="orders", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], BillingMode="PAY_PER_REQUEST",
        **({"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}} if stream else {}))


def put(client, key, value):
    client.put_item(TableName="orders", Item={"id": {"S": key}, "v": {"N": str(value)}})


def tail(server, *words, **more):
    return subprocess.run([PROGRAM, "tail", "orders", "--endpoint", server.endpoint, *words], capture_output=True, text=True,
                          timeout=30, check=False, env=environment(), **more)


def images(text):
    return [json.loads(line)["dynamodb"]["NewImage"] for line in text.splitlines()]


def test_all_follows_the_lineage_in_order(server):
    client = client_of(server)
    make_table(client)
    for value in range(1, 31):
        put(client, "a", value)
        put(client, "b", value)
        time.sleep(0.1)  # several rotations
    done = tail(server, "--all", "--once")
    assert done.returncode == 0, done.stderr
    values = {"a": [], "b": []}
    for image in images(done.stdout):
        values[image["id"]["S"]].append(int(image["v"]["N"]))
    assert values == {"a": list(range(1, 31)), "b": list(range(1, 31))}


def test_follows_what_comes_across_rotations_and_ends_with_the_stream(server):
    client = client_of(server)
    make_table(client)
    put(client, "old", 1)
    following = subprocess.Popen([PROGRAM, "tail", "orders", "--endpoint", server.endpoint], stdout=subprocess.PIPE, text=True,
                                 env=environment())
    time.sleep(0.5)
    for value in range(1, 21):
        put(client, "a", value)
        time.sleep(0.1)
    client.update_table(TableName="orders", StreamSpecification={"StreamEnabled": False})
    out, _ = following.communicate(timeout=30)
    assert following.returncode == 0
    assert [(image["id"]["S"], int(image["v"]["N"])) for image in images(out)] == [("a", value) for value in range(1, 21)]


def test_says_what_is_wrong(server):
    missing = tail(server)
    assert missing.returncode == 1 and "not found" in missing.stderr
    make_table(client_of(server), stream=False)
    without = tail(server)
    assert without.returncode == 1 and without.stderr == "leat: table orders has no stream\n"
    server.stop()
    assert tail(server).returncode == 1
    server.start()
