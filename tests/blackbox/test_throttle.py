"""A server that holds tables to their units. What is counted is how often something goes through at once: the burst of five minutes."""
import pytest

from conftest import boto_client, wait_active
from program import Program

TABLE = ("The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the "
         "UpdateTable API.")
BURST = 300  # seconds, and units at one a second


@pytest.fixture(name="throttled", scope="module")
def fixture_throttled(tmp_path_factory):
    program = Program(tmp_path_factory.mktemp("throttle") / "data", "--throttle", "--store", "memory").start()
    try:
        yield boto_client(program, "dynamodb")
        program.stop()
    finally:
        if program.process.poll() is None:
            program.kill()


@pytest.fixture(name="slow")
def fixture_slow(throttled, request):
    """A table with one unit of each kind a second."""
    name = request.node.name.replace("[", "-").replace("]", "")
    throttled.create_table(TableName=name, AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                           KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                           ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1})
    wait_active(throttled, name)
    return name


def use_up(dynamodb, one):
    """How many went through until the first that did not, whose error is answered too."""
    for number in range(10 * BURST):
        try:
            one()
        except dynamodb.exceptions.ProvisionedThroughputExceededException as fault:
            return number, fault.response["Error"]
    raise AssertionError("nothing throttles")


def item(name):
    return {"pk": {"S": name}}


def test_writes(throttled, slow):
    done, error = use_up(throttled, lambda: throttled.put_item(TableName=slow, Item=item("a")))
    assert BURST <= done < BURST + 20 and error["Message"] == TABLE
    assert throttled.get_item(TableName=slow, Key=item("a"))["Item"] == item("a")


def test_batches_and_transactions(throttled, slow):
    free = slow + "-free"
    throttled.create_table(TableName=free, AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                           KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST")
    wait_active(throttled, free)
    # 400 units at once: the bucket is 100 below nothing, and does not get there within this test
    large = {"pk": {"S": "large"}, "a": {"S": "x" * 399 * 1024}}
    throttled.put_item(TableName=slow, Item=large)
    writes = [{"PutRequest": {"Item": item("a")}}, {"DeleteRequest": {"Key": item("b")}}]
    answer = throttled.batch_write_item(RequestItems={slow: writes, free: writes}, ReturnConsumedCapacity="TOTAL")
    assert answer["UnprocessedItems"] == {slow: writes}
    assert answer["ConsumedCapacity"] == [{"TableName": free, "CapacityUnits": 2.0}]
    with pytest.raises(throttled.exceptions.ProvisionedThroughputExceededException):
        throttled.batch_write_item(RequestItems={slow: writes})
    with pytest.raises(throttled.exceptions.TransactionCanceledException) as fault:
        throttled.transact_write_items(TransactItems=[{"Put": {"TableName": name, "Item": item("t")}} for name in (free, slow)])
    assert fault.value.response["CancellationReasons"] == [{"Code": "None"}, {"Code": "ProvisionedThroughputExceeded", "Message": TABLE}]
    assert "Item" not in throttled.get_item(TableName=free, Key=item("t"))
    done = throttled.batch_execute_statement(Statements=[{"Statement": f"INSERT INTO \"{name}\" VALUE {{'pk': 'ql'}}"} for name in (free, slow)])
    assert done["Responses"] == [{"TableName": free}, {"Error": {"Code": "ProvisionedThroughputExceeded", "Message": TABLE}, "TableName": slow}]


def test_reads(throttled, slow):
    throttled.put_item(TableName=slow, Item={"pk": {"S": "large"}, "a": {"S": "x" * 399 * 1024}})
    done, error = use_up(throttled, lambda: throttled.get_item(TableName=slow, Key=item("large"), ConsistentRead=True))
    assert done in (3, 4) and error["Message"] == TABLE  # 100 units each; while that went on, a little has come in
    with pytest.raises(throttled.exceptions.ProvisionedThroughputExceededException):
        throttled.scan(TableName=slow)
    keys = {"Keys": [item("a"), item("large")], "ConsistentRead": True}
    with pytest.raises(throttled.exceptions.ProvisionedThroughputExceededException):
        throttled.batch_get_item(RequestItems={slow: keys})
    with pytest.raises(throttled.exceptions.TransactionCanceledException):
        throttled.transact_get_items(TransactItems=[{"Get": {"TableName": slow, "Key": item("a")}}])


def test_what_a_batch_of_gets_could_not_read_is_asked_for_again(throttled, slow):
    throttled.put_item(TableName=slow, Item={"pk": {"S": "large"}, "a": {"S": "x" * 399 * 1024}})
    keys = [item("large")] + [item(str(number)) for number in range(4)]
    for _ in range(2):
        throttled.batch_get_item(RequestItems={slow: {"Keys": keys[:1], "ConsistentRead": True}})
    throttled.batch_get_item(RequestItems={slow: {"Keys": keys[1:], "ConsistentRead": True}})  # 204 of 300, and a few seconds' at most
    answer = throttled.batch_get_item(RequestItems={slow: {"Keys": keys, "ConsistentRead": True, "ProjectionExpression": "pk"}})
    assert answer["Responses"] == {slow: [item("large")]}
    assert answer["UnprocessedKeys"] == {slow: {"Keys": keys[1:], "ConsistentRead": True, "ProjectionExpression": "pk"}}
