"""Data directories that older programs have written are opened by this one. See tests/data/make_format.py."""
import sys
import tarfile
import time

import boto3
import pytest

from program import ROOT, Program

sys.path.insert(0, str(ROOT / "tests/data"))
import make_format  # noqa: E402

STORED = sorted((ROOT / "tests/data").glob("format-*.tar.gz"))
CENTURY = "36500d"


@pytest.fixture(name="old", params=STORED, ids=lambda path: path.name)
def fixture_old(request, tmp_path):
    with tarfile.open(request.param) as packed:
        packed.extractall(tmp_path)
    program = Program(tmp_path / "data", "--retention", CENTURY, "--rotation", CENTURY).start()
    program.number = int(request.param.name.split("-")[1].split(".")[0])
    yield program
    program.stop()


def test_there_is_one_for_every_format():
    header = (ROOT / "src/store/directory.h").read_text()
    newest = int(header.split("STORE_FORMAT = ")[1].split()[0])
    assert [path.name for path in STORED] == [f"format-{number}.tar.gz" for number in range(1, newest + 1)]


def test_everything_is_still_there(old):
    table = make_format.client(boto3.resource, old, "dynamodb").Table("everything")
    dynamodb, streams, functions = (make_format.client(boto3.client, old, name) for name in ("dynamodb", "dynamodbstreams", "lambda"))
    stored = list(make_format.items())
    for item in stored:
        assert table.get_item(Key={"pk": item["pk"], "sk": item["sk"]})["Item"] == item
    assert table.item_count == len(stored) == table.scan(Select="COUNT")["Count"]
    grouped = table.query(IndexName="by_group", KeyConditionExpression="#g = :g", ExpressionAttributeNames={"#g": "group"},
                          ExpressionAttributeValues={":g": "g"})["Items"]
    assert [item["sk"] for item in grouped] == sorted(item["sk"] for item in stored if "group" in item)
    keys = dynamodb.query(TableName="long_keys", KeyConditionExpression="pk = :pk",
                          ExpressionAttributeValues={":pk": {"B": b"\0\xff"}})["Items"]
    assert [item["sk"]["B"] for item in keys] == sorted(make_format.long_keys())
    assert dynamodb.describe_time_to_live(TableName="everything")["TimeToLiveDescription"]["AttributeName"] == "expires"
    arn = table.latest_stream_arn
    records = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
        records += streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    names = [record["eventName"] for record in records]
    assert (names.count("INSERT"), names.count("REMOVE")) == ((len(stored), 0) if old.number == 1 else (len(stored) + 1, 1))
    mapping = functions.list_event_source_mappings(FunctionName="keys")["EventSourceMappings"][0]
    assert (mapping["EventSourceArn"], mapping["BatchSize"], mapping["State"]) == (arn, 7, "Enabled")
    assert functions.invoke(FunctionName="keys", Payload=b"{}")["Payload"].read() == b"[]"


def test_what_format_2_brought_is_still_there(old):
    if old.number < 2:
        return
    dynamodb, functions, queues = (make_format.client(boto3.client, old, name) for name in ("dynamodb", "lambda", "sqs"))
    table = dynamodb.describe_table(TableName="everything")["Table"]
    assert dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"] == [{"Key": "made", "Value": "long ago"}]
    (index,) = table["LocalSecondaryIndexes"]
    assert index["ItemCount"] == sum("group" in item for item in make_format.items())
    recovery = dynamodb.describe_continuous_backups(TableName="everything")["ContinuousBackupsDescription"]
    assert recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    (backup,) = dynamodb.list_backups(TableName="everything")["BackupSummaries"]
    dynamodb.restore_table_from_backup(TargetTableName="restored", BackupArn=backup["BackupArn"])
    dynamodb.get_waiter("table_exists").wait(TableName="restored", WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    restored = make_format.client(boto3.resource, old, "dynamodb").Table("restored")
    assert sorted(map(str, restored.scan()["Items"])) == sorted(
        map(str, make_format.client(boto3.resource, old, "dynamodb").Table("everything").scan()["Items"]))
    assert functions.invoke(FunctionName="keys:live", Payload=b"{}")["ExecutedVersion"] == "1"
    queue = queues.get_queue_url(QueueName="letters")["QueueUrl"]
    kept = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert kept["MessageRetentionPeriod"] == "1209600"  # the messages themselves have gone since


def test_it_can_be_written_to(old):
    table = make_format.client(boto3.resource, old, "dynamodb").Table("everything")
    table.put_item(Item={"pk": "new", "sk": 1, "group": "g"})
    table.delete_item(Key={"pk": "types", "sk": 1})
    assert table.item_count == len(list(make_format.items()))


def test_collections_that_were_never_counted_are(tmp_path):
    """Those of format 1's table with a local index: a server whose limit they exceed lets them shrink and not grow."""
    with tarfile.open(STORED[0]) as packed:
        packed.extractall(tmp_path)
    program = Program(tmp_path / "data", "--retention", CENTURY, "--rotation", CENTURY, "--collection-limit", "700").start()
    table = make_format.client(boto3.resource, program, "dynamodb").Table("everything")
    full = table.meta.client.exceptions.ItemCollectionSizeLimitExceededException
    until = time.monotonic() + 20
    try:
        while True:  # until it has been counted, in the background
            assert time.monotonic() < until
            table.put_item(Item={"pk": "numbers", "sk": 99})
            table.delete_item(Key={"pk": "numbers", "sk": 99})
            time.sleep(0.01)
    except full:
        pass
    table.put_item(Item={"pk": "elsewhere", "sk": 99})
    for item in make_format.items():
        if item["pk"] == "numbers":
            table.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})
    table.put_item(Item={"pk": "numbers", "sk": 99})
    program.stop()
