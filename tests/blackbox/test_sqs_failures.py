"""Queues as where failures go: triggers' failure records, and dead letters of asynchronous invocations."""
import io
import json
import re
import time
import zipfile

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from program import REGION, Program
from sqs import ACCOUNT, counts, sqs_client

ECHO = """
import json, os
def handler(event, context):
    for record in event["Records"]:
        image = record["dynamodb"]["NewImage"]
        with open(os.environ["SEEN"], "a") as out:
            out.write(image["id"]["S"] + "\\n")
"""
FAILING = "def handler(event, context):\n    raise Exception('Test exception (this is intentional)')\n"
ROLE = "arn:aws:iam::000000000000:role/any"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SECOND, MILLISECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


class Bench:
    def __init__(self, base):
        self.base = base
        self.program = Program(base / "data", "--retry-pause", "100ms").start()
        self.sqs = sqs_client(self.program)
        self.table, self.streams, self.functions = (
            boto3.client(service, endpoint_url=self.program.endpoint, region_name=REGION, aws_access_key_id="local",
                         aws_secret_access_key="local", config=Config(retries={"max_attempts": 0}))
            for service in ("dynamodb", "dynamodbstreams", "lambda"))
        made = self.table.create_table(
            TableName="table", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], BillingMode="PROVISIONED",
            ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
        self.stream = made["TableDescription"]["LatestStreamArn"]

    def queue(self, name, **attributes):
        url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def function(self, name, code, **more):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("index.py", code)
        return self.functions.create_function(
            FunctionName=name, Runtime="python3.12", Handler="index.handler", Role=ROLE, Code={"ZipFile": packed.getvalue()}, Timeout=20,
            Environment={"Variables": {"SEEN": str(self.base / name)}}, **more)["FunctionArn"]

    def map(self, function, destination, **settings):
        return self.functions.create_event_source_mapping(
            EventSourceArn=self.stream, FunctionName=function, StartingPosition="TRIM_HORIZON",
            DestinationConfig={"OnFailure": {"Destination": destination}}, **settings)

    def put(self, key):
        self.table.put_item(TableName="table", Item={"id": {"S": key}})

    def seen(self, name):
        path = self.base / name
        return path.read_text().split() if path.exists() else []

    def wait_seen(self, name, keys, seconds=30):
        until = time.monotonic() + seconds
        while not set(keys) <= set(self.seen(name)):
            assert time.monotonic() < until, self.seen(name)
            time.sleep(0.02)

    def records(self):
        shard, = self.streams.describe_stream(StreamArn=self.stream)["StreamDescription"]["Shards"]
        iterator = self.streams.get_shard_iterator(StreamArn=self.stream, ShardId=shard["ShardId"],
                                                   ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        return shard["ShardId"], self.streams.get_records(ShardIterator=iterator)["Records"]

    def message(self, url, seconds=30):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            answer = self.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5, MessageAttributeNames=["All"])
            if "Messages" in answer:
                return answer["Messages"][0]
        raise AssertionError("no message")


@pytest.fixture(name="bench")
def fixture_bench(tmp_path):
    bench = Bench(tmp_path)
    try:
        yield bench
        bench.program.stop()
    finally:
        if bench.program.process.poll() is None:
            bench.program.kill()


def test_exactly_the_record_that_fails_is_told_and_the_shard_moves_on(bench):
    """Four items are put and one is deleted; the function cannot do without NewImage."""
    url, arn = bench.queue("dead")
    function = bench.function("echo", ECHO)
    for key in "abcd":
        bench.put(key)
    bench.table.delete_item(TableName="table", Key={"id": {"S": "b"}})
    bench.map("echo", arn, BatchSize=5, BisectBatchOnFunctionError=True, MaximumRetryAttempts=10)
    message = bench.message(url, 60)
    shard, records = bench.records()
    removed, = (record["dynamodb"]["SequenceNumber"] for record in records if record["eventName"] == "REMOVE")
    told = json.loads(message["Body"])
    assert UUID.fullmatch(told["requestContext"].pop("requestId")) and MILLISECOND.fullmatch(told.pop("timestamp"))
    info = told.pop("DDBStreamBatchInfo")
    for name in ("approximateArrivalOfFirstRecord", "approximateArrivalOfLastRecord"):
        assert SECOND.fullmatch(info.pop(name))
    assert info == {"shardId": shard, "startSequenceNumber": removed, "endSequenceNumber": removed, "batchSize": 1,
                    "streamArn": bench.stream}
    assert told == {
        "requestContext": {"functionArn": function, "condition": "RetryAttemptsExhausted", "approximateInvokeCount": 11},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}, "version": "1.0"}
    bench.put("after")
    bench.wait_seen("echo", ["a", "b", "c", "d", "after"])
    assert counts(bench.sqs, url) == (0, 1, 0)


def test_a_failure_record_survives_a_crash(bench):
    url, arn = bench.queue("dead")
    bench.function("failing", FAILING)
    bench.map("failing", arn, BatchSize=1, MaximumRetryAttempts=1)
    bench.put("x")
    message = bench.message(url)
    bench.program.kill()
    bench.program.start()
    assert counts(bench.sqs, url)[0] + counts(bench.sqs, url)[1] >= 1
    bench.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def test_destinations_that_are_refused(bench):
    _, fifo = bench.queue("dead.fifo", FifoQueue="true")
    bench.function("failing", FAILING)
    elsewhere = f"arn:aws:sqs:eu-central-1:{ACCOUNT}:dead"
    for arn in (fifo, elsewhere, f"arn:aws:sqs:{REGION}:{ACCOUNT}:none", f"arn:aws:sqs:{REGION}:111111111111:dead"):
        with pytest.raises(ClientError) as caught:
            bench.map("failing", arn)
        assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"


def test_a_queue_as_the_dead_letter_queue_of_a_function(bench):
    """As recorded: the event is the body, and what went wrong stands in attributes."""
    url, arn = bench.queue("letters")
    bench.function("failing", FAILING, DeadLetterConfig={"TargetArn": arn})
    bench.functions.put_function_event_invoke_config(FunctionName="failing", MaximumRetryAttempts=0)
    answer = bench.functions.invoke(FunctionName="failing", InvocationType="Event", Payload=b'{"raise_error": 1}')
    assert answer["StatusCode"] == 202
    message = bench.message(url)
    assert json.loads(message["Body"]) == {"raise_error": 1}
    assert message["MessageAttributes"] == {
        "RequestID": {"DataType": "String", "StringValue": answer["ResponseMetadata"]["RequestId"]},
        "ErrorCode": {"DataType": "Number", "StringValue": "200"},
        "ErrorMessage": {"DataType": "String", "StringValue": "Test exception (this is intentional)"}}
