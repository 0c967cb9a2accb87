"""Items that expire: UpdateTimeToLive, the deletion, and what the stream and a client see of it."""
import time

import pytest
from botocore.exceptions import ClientError


def refused(call, code, words):
    with pytest.raises(ClientError) as caught:
        call()
    assert caught.value.response["Error"]["Code"] == code
    assert words in caught.value.response["Error"]["Message"]


def specification(enabled, attribute="ttl"):
    return {"Enabled": enabled, "AttributeName": attribute}


@pytest.fixture
def table(dynamodb):
    name = f"ttl_{time.monotonic_ns()}"
    dynamodb.create_table(
        TableName=name, AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "OLD_IMAGE"})
    yield name
    dynamodb.delete_table(TableName=name)


def test_on_and_off_and_what_is_refused(dynamodb, table):
    describe = lambda: dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    update = lambda *words: dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=specification(*words))
    assert describe() == {"TimeToLiveStatus": "DISABLED"}
    refused(lambda: update(False), "ValidationException", "TimeToLive is already disabled")
    assert update(True)["TimeToLiveSpecification"] == specification(True)
    assert describe() == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}
    refused(lambda: update(True), "ValidationException", "TimeToLive is already enabled")
    refused(lambda: update(True, "other"), "ValidationException", "current AttributeName is ttl")
    assert update(False)["TimeToLiveSpecification"] == specification(False)
    assert describe() == {"TimeToLiveStatus": "DISABLED"}
    refused(lambda: dynamodb.update_time_to_live(TableName="no_such_table", TimeToLiveSpecification=specification(True)),
            "ResourceNotFoundException", "not found")


def test_an_expired_item_goes_within_ten_seconds_and_the_stream_tells_by_whom(dynamodb, streams, table):
    dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=specification(True))
    dynamodb.put_item(TableName=table, Item={"id": {"S": "gone"}, "ttl": {"N": str(int(time.time()) - 10)}})
    dynamodb.put_item(TableName=table, Item={"id": {"S": "kept"}, "ttl": {"N": str(int(time.time()) + 1000)}})
    deadline = time.monotonic() + 10
    while "Item" in dynamodb.get_item(TableName=table, Key={"id": {"S": "gone"}}):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert "Item" in dynamodb.get_item(TableName=table, Key={"id": {"S": "kept"}})
    arn = dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    removed = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
        records = streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
        removed += [record for record in records if record["eventName"] == "REMOVE"]
    assert len(removed) == 1
    assert removed[0]["userIdentity"] == {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
    assert removed[0]["dynamodb"]["OldImage"]["id"] == {"S": "gone"}
