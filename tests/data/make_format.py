#!/usr/bin/python3
"""Makes a data directory that has something of everything, for tests/blackbox/test_format.py:

    tests/data/make_format.py tests/data/format-1.tar.gz

Run it once per format number, with the program that introduced the number, and commit what it makes: later programs must
open it. What it holds is described by the functions below, which the test uses too."""
import decimal
import io
import pathlib
import sys
import tarfile
import tempfile
import time
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "blackbox"))
import boto3  # noqa: E402
from boto3.dynamodb.types import Binary  # noqa: E402
from program import CREDENTIALS, REGION, Program  # noqa: E402

HANDLER = "def handler(event, context):\n    return [r['dynamodb']['Keys'] for r in event.get('Records', [])]\n"


def client(kind, program, service):
    return kind(service, endpoint_url=program.endpoint, region_name=REGION,
                aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"])


def items():
    """All types, numbers small and large (as boto3 can read them), keys of all lengths."""
    number = decimal.Decimal
    yield {"pk": "types", "sk": number(1), "null": None, "yes": True, "no": False, "text": "Grüße \U0001f30a", "empty": "",
           "binary": Binary(bytes(range(256))), "list": [1, "two", [number("3.5")]], "map": {"a": {"b": {"c": []}}},
           "texts": {"x", "y"}, "numbers": {number("-1.5"), number(0), number("1E+20")}, "binaries": {Binary(b"\0"), Binary(b"\xff")}}
    for place, text in enumerate(["0", "1E-100", "-1E-100", "-0.1", "1E+37", "12345678901234567890123456789012345678"]):
        yield {"pk": "numbers", "sk": number(place), "value": number(text), "group": "g"}
    for length in (1, 100, 159, 160, 161, 2048):
        yield {"pk": "k" * length, "sk": number(length), "group": "g"}


def fill(program):
    dynamodb, functions = client(boto3.client, program, "dynamodb"), client(boto3.client, program, "lambda")
    attributes = [{"AttributeName": name, "AttributeType": kind} for name, kind in (("pk", "S"), ("sk", "N"), ("group", "S"))]
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    index = lambda name, *names: {
        "IndexName": name, "Projection": {"ProjectionType": "ALL"},
        "KeySchema": [{"AttributeName": key, "KeyType": role} for key, role in zip(names, ("HASH", "RANGE"))]}
    dynamodb.create_table(
        Tags=[{"Key": "made", "Value": "long ago"}], TableName="everything", AttributeDefinitions=attributes, KeySchema=keys, BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[index("by_group", "group", "sk")], LocalSecondaryIndexes=[index("local", "pk", "group")],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    dynamodb.update_time_to_live(TableName="everything", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"})
    table = client(boto3.resource, program, "dynamodb").Table("everything")
    for item in items():
        table.put_item(Item=item)
    recovery(dynamodb)
    attributes = [{"AttributeName": name, "AttributeType": "B"} for name in ("pk", "sk")]
    dynamodb.create_table(TableName="long_keys", AttributeDefinitions=attributes, KeySchema=keys, BillingMode="PROVISIONED",
                          ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5})
    for key in long_keys():
        dynamodb.put_item(TableName="long_keys", Item={"pk": {"B": b"\0\xff"}, "sk": {"B": key}})
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("main.py", HANDLER)
    functions.create_function(FunctionName="keys", Runtime="python3.11", Handler="main.handler", Timeout=30,
                              Role="arn:aws:iam::000000000000:role/any", Code={"ZipFile": archive.getvalue()})
    arn = dynamodb.describe_table(TableName="everything")["Table"]["LatestStreamArn"]
    functions.publish_version(FunctionName="keys")
    functions.create_alias(FunctionName="keys", Name="live", FunctionVersion="1")
    queues = client(boto3.client, program, "sqs")
    queue = queues.create_queue(QueueName="letters", Attributes={"MessageRetentionPeriod": "1209600"})["QueueUrl"]
    queues.send_message(QueueUrl=queue, MessageBody="gone within two weeks")
    functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="keys", StartingPosition="LATEST", BatchSize=7)


def recovery(dynamodb):
    """Since format 2: a history with changes in it, and a backup from before them."""
    arn = dynamodb.create_backup(TableName="everything", BackupName="before")["BackupDetails"]["BackupArn"]
    while dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupStatus"] != "AVAILABLE":
        time.sleep(0.01)
    dynamodb.update_continuous_backups(TableName="everything", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
    key = {"pk": {"S": "changed"}, "sk": {"N": "1"}}
    dynamodb.put_item(TableName="everything", Item=key)
    dynamodb.delete_item(TableName="everything", Key=key)


def long_keys():
    """Sort keys, most of them longer than LMDB can hold in one piece."""
    return [b"\0" * 400, b"\0" * 1024, b"a" * 300, b"a" * 600, b"a" * 600 + b"\0", b"a" * 600 + b"b", b"a" * 1024, b"b"]


def main():
    with tempfile.TemporaryDirectory() as scratch:
        program = Program(pathlib.Path(scratch) / "data").start()
        fill(program)
        program.stop()
        with tarfile.open(sys.argv[1], "w:gz") as packed:
            unwanted = (".log", "/lock", "data-lock")
            packed.add(program.directory, "data", filter=lambda member: None if member.name.endswith(unwanted) else member)


if __name__ == "__main__":
    main()
