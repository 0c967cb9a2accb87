"""DynamoDB Streams through boto3."""
import json
import re
import time

import pytest
from botocore.exceptions import ClientError

from conftest import STREAMS, Raw, boto_client
from program import Program

FIVE = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}


def refused(call, **request):
    with pytest.raises(ClientError) as caught:
        call(**request)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


@pytest.fixture(name="stream")
def fixture_stream(dynamodb, make_table):
    """stream(view) -> (table's name, stream's ARN); one shard."""

    def make(view="NEW_AND_OLD_IMAGES", **more):
        table = make_table(BillingMode="PROVISIONED", ProvisionedThroughput=FIVE,
                           StreamSpecification={"StreamEnabled": True, "StreamViewType": view}, **more)
        return table, dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]

    return make


def shards(streams, arn):
    return streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]


def iterator(streams, arn, kind="TRIM_HORIZON", shard=None, **more):
    shard = shard or shards(streams, arn)[0]["ShardId"]
    return streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType=kind, **more)["ShardIterator"]


def records(streams, arn):
    return streams.get_records(ShardIterator=iterator(streams, arn))["Records"]


def test_a_stream_is_described_as_aws_describes_it(streams, stream):
    table, arn = stream("KEYS_ONLY")
    described = streams.describe_stream(StreamArn=arn)["StreamDescription"]
    described.pop("CreationRequestDateTime")
    shard = described["Shards"][0]
    assert re.fullmatch(r"shardId-\d{20}-[0-9a-f]{8}", shard["ShardId"])
    assert re.fullmatch(r"\d{21,40}", shard["SequenceNumberRange"].pop("StartingSequenceNumber"))
    assert described == {"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "StreamArn": arn,
                         "Shards": [{"SequenceNumberRange": {}, "ShardId": shard["ShardId"]}],
                         "StreamLabel": arn.rsplit("/", 1)[1], "StreamStatus": "ENABLED", "StreamViewType": "KEYS_ONLY",
                         "TableName": table}


def test_an_on_demand_table_shows_four_shards_and_they_page(streams, dynamodb, make_table):
    table = make_table(StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    arn = dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    whole = [shard["ShardId"] for shard in shards(streams, arn)]
    assert len(whole) == 4
    paged, start = [], {}
    while True:
        page = streams.describe_stream(StreamArn=arn, Limit=1, **start)["StreamDescription"]
        paged += [shard["ShardId"] for shard in page["Shards"]]
        if "LastEvaluatedShardId" not in page:
            break
        start = {"ExclusiveStartShardId": page["LastEvaluatedShardId"]}
    assert paged == whole


def test_only_changes_make_records(dynamodb, streams, stream):
    table, arn = stream()
    put = {"TableName": table, "Item": {"pk": {"S": "a"}, "v": {"N": "1"}}}
    dynamodb.put_item(**put)
    dynamodb.put_item(**put)
    dynamodb.update_item(TableName=table, Key={"pk": {"S": "a"}}, UpdateExpression="SET v = :v",
                         ExpressionAttributeValues={":v": {"N": "2"}})
    dynamodb.delete_item(TableName=table, Key={"pk": {"S": "a"}})
    dynamodb.delete_item(TableName=table, Key={"pk": {"S": "a"}})
    found = records(streams, arn)
    assert [record["eventName"] for record in found] == ["INSERT", "MODIFY", "REMOVE"]
    images = [(record["dynamodb"].get("OldImage", {}).get("v"), record["dynamodb"].get("NewImage", {}).get("v")) for record in found]
    assert images == [(None, {"N": "1"}), ({"N": "1"}, {"N": "2"}), ({"N": "2"}, None)]
    first = found[0]
    assert first["eventVersion"] == "1.1" and first["eventSource"] == "aws:dynamodb" and first["awsRegion"] == "us-east-1"
    assert re.fullmatch(r"[0-9a-f]{32}", first["eventID"]) and len({record["eventID"] for record in found}) == 3
    assert first["dynamodb"]["Keys"] == {"pk": {"S": "a"}} and first["dynamodb"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert abs(first["dynamodb"]["ApproximateCreationDateTime"].timestamp() - time.time()) < 60
    numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in found]
    assert numbers == sorted(set(numbers))
    assert "userIdentity" not in first


@pytest.mark.parametrize("view, old, new", [("KEYS_ONLY", False, False), ("NEW_IMAGE", False, True), ("OLD_IMAGE", True, False)])
def test_views(dynamodb, streams, stream, view, old, new):
    table, arn = stream(view)
    for value in ("1", "2"):
        dynamodb.put_item(TableName=table, Item={"pk": {"S": "a"}, "v": {"N": value}})
    change = records(streams, arn)[1]["dynamodb"]
    assert ("OldImage" in change, "NewImage" in change) == (old, new)


def test_sizes_are_those_that_aws_recorded(dynamodb, streams, make_table):
    table = make_table(name="sizes", BillingMode="PROVISIONED", ProvisionedThroughput=FIVE,
                       AttributeDefinitions=[{"AttributeName": "Username", "AttributeType": "S"}],
                       KeySchema=[{"AttributeName": "Username", "KeyType": "HASH"}],
                       StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    dynamodb.put_item(TableName=table, Item={"Username": {"S": "Fred"}})
    arn = dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    assert records(streams, arn)[0]["dynamodb"]["SizeBytes"] == 12


def test_iterators(dynamodb, streams, stream):
    table, arn = stream()
    for number in range(5):
        dynamodb.put_item(TableName=table, Item={"pk": {"S": str(number)}})
    latest = iterator(streams, arn, "LATEST")
    assert latest.startswith(arn + "|") and len(latest) <= 2048
    found = records(streams, arn)
    third = found[2]["dynamodb"]["SequenceNumber"]

    def keys(where):
        return [record["dynamodb"]["Keys"]["pk"]["S"] for record in streams.get_records(ShardIterator=where)["Records"]]

    assert keys(iterator(streams, arn, "AT_SEQUENCE_NUMBER", SequenceNumber=third)) == ["2", "3", "4"]
    assert keys(iterator(streams, arn, "AFTER_SEQUENCE_NUMBER", SequenceNumber=third)) == ["3", "4"]
    first = shards(streams, arn)[0]["SequenceNumberRange"]["StartingSequenceNumber"]
    assert keys(iterator(streams, arn, "AT_SEQUENCE_NUMBER", SequenceNumber=first)) == ["0", "1", "2", "3", "4"]
    page = streams.get_records(ShardIterator=iterator(streams, arn), Limit=2)
    assert len(page["Records"]) == 2 and keys(page["NextShardIterator"]) == ["2", "3", "4"]
    empty = streams.get_records(ShardIterator=latest)
    assert empty["Records"] == []
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "new"}})
    assert keys(latest) == ["new"] and keys(empty["NextShardIterator"]) == ["new"]


def test_a_disabled_stream_ends_and_stays_readable(dynamodb, streams, stream):
    table, arn = stream()
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "a"}})
    dynamodb.update_table(TableName=table, StreamSpecification={"StreamEnabled": False})
    described = streams.describe_stream(StreamArn=arn)["StreamDescription"]
    assert described["StreamStatus"] in ("DISABLING", "DISABLED")
    assert re.fullmatch(r"\d{21,40}", described["Shards"][0]["SequenceNumberRange"]["EndingSequenceNumber"])
    answer = streams.get_records(ShardIterator=iterator(streams, arn))
    assert len(answer["Records"]) == 1
    while "NextShardIterator" in answer:
        answer = streams.get_records(ShardIterator=answer["NextShardIterator"])
        assert answer["Records"] == []


def test_a_shard_that_is_rotated_has_a_child(tmp_path):
    program = Program(tmp_path / "data", "--rotation", "200ms").start()
    try:
        dynamodb, streams = boto_client(program, "dynamodb"), boto_client(program, "dynamodbstreams")
        made = dynamodb.create_table(
            TableName="rotating", ProvisionedThroughput=FIVE, AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})["TableDescription"]
        arn, until, number = made["LatestStreamArn"], time.monotonic() + 20, 0
        while len(shards(streams, arn)) < 2:
            assert time.monotonic() < until, "no rotation"
            dynamodb.put_item(TableName="rotating", Item={"pk": {"S": str(number)}})
            number += 1
            time.sleep(0.05)
        parent, child = shards(streams, arn)[:2]
        assert child["ParentShardId"] == parent["ShardId"] and "EndingSequenceNumber" in parent["SequenceNumberRange"]
        # Debian's botocore does not know this member yet
        _, _, body = Raw(program).call("DescribeStream", {"StreamArn": arn, "ShardFilter": {
            "Type": "CHILD_SHARDS", "ShardId": parent["ShardId"]}}, STREAMS)
        assert [shard["ShardId"] for shard in json.loads(body)["StreamDescription"]["Shards"]] == [child["ShardId"]]
        program.stop()
    finally:
        if program.process.poll() is None:
            program.kill()


def test_streams_are_listed(streams, stream):
    (one, first), (_, second) = stream(), stream()
    mine = streams.list_streams(TableName=one)["Streams"]
    assert mine == [{"StreamArn": first, "TableName": one, "StreamLabel": first.rsplit("/", 1)[1]}]
    assert streams.list_streams(TableName="no-such-table")["Streams"] == []
    listed, start = [], {}
    while True:
        page = streams.list_streams(Limit=1, **start)
        listed += [each["StreamArn"] for each in page["Streams"]]
        if "LastEvaluatedStreamArn" not in page:
            break
        start = {"ExclusiveStartStreamArn": page["LastEvaluatedStreamArn"]}
    assert {first, second} <= set(listed) and len(listed) == len(set(listed))


def test_what_is_not_there(streams, stream):
    _, arn = stream()
    nothing = "arn:aws:dynamodb:us-east-1:000000000000:table/nothing/stream/2024-11-18T14:36:44.149"
    assert refused(streams.describe_stream, StreamArn=nothing) == (
        "ResourceNotFoundException", f"Requested resource not found: Stream: {nothing} not found")
    shard = "shardId-00000001573689847184-864758bb"
    assert refused(streams.get_shard_iterator, StreamArn=arn, ShardId=shard,
                   ShardIteratorType="LATEST")[0] == "ResourceNotFoundException"
    assert refused(streams.get_shard_iterator, StreamArn=arn, ShardId=shard, ShardIteratorType="X") == (
        "ValidationException", "1 validation error detected: Value 'X' at 'shardIteratorType' failed to satisfy constraint: Member must "
        "satisfy enum value set: [TRIM_HORIZON, LATEST, AT_SEQUENCE_NUMBER, AFTER_SEQUENCE_NUMBER]")
    assert refused(streams.get_records, ShardIterator="nonsense")[0] in ("ValidationException", "ResourceNotFoundException")
