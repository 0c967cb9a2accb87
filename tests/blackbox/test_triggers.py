"""Triggers from outside: boto3, a server as a process, real Python and Node handlers that write down what they are given."""
import io
import json
import os
import shutil
import statistics
import time
import uuid
import zipfile

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from program import REGION, Program

PYTHON = """
import json, os, time
def handler(event, context):
    entered = time.time()
    seen = os.environ["SEEN"]
    failing = os.path.exists(seen + ".fail")
    with open(seen, "a") as out:
        out.write(json.dumps({"entered": entered, "failed": failing, "event": event}) + "\\n")
    if failing:
        raise Exception("as the test wants it")
"""
NODE = """
const fs = require("fs");
exports.handler = async (event) => {
    const failed = fs.existsSync(process.env.SEEN + ".fail");
    fs.appendFileSync(process.env.SEEN, JSON.stringify({entered: Date.now() / 1000, failed, event}) + "\\n");
    if (failed) throw new Error("as the test wants it");
};
"""
HANDLERS = {"python": ("python3.12", "index.handler", "index.py", PYTHON), "node": ("nodejs20.x", "index.handler", "index.js", NODE)}


class Bench:
    """A server with a table whose stream functions can be mapped to."""

    def __init__(self, base, *arguments):
        self.base = base
        self.program = Program(base / "data", *arguments).start()
        settings = dict(endpoint_url=self.program.endpoint, region_name=REGION, aws_access_key_id="local",
                        aws_secret_access_key="local", config=Config(retries={"max_attempts": 0}))
        self.table = boto3.client("dynamodb", **settings)
        self.functions = boto3.client("lambda", **settings)
        made = self.table.create_table(
            TableName="orders", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
        self.stream = made["TableDescription"]["LatestStreamArn"]

    def function(self, name="seen", language="python", code=None):
        runtime, handler, file, known = HANDLERS[language]
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(file, code or known)
        self.functions.create_function(
            FunctionName=name, Runtime=runtime, Handler=handler, Role="arn:aws:iam::000000000000:role/any",
            Code={"ZipFile": packed.getvalue()}, Timeout=20, Environment={"Variables": {"SEEN": str(self.base / name)}})
        return name

    def map(self, name="seen", position="TRIM_HORIZON", **settings):
        return self.functions.create_event_source_mapping(
            EventSourceArn=self.stream, FunctionName=name, StartingPosition=position, **settings)

    def put(self, key, value):
        self.table.put_item(TableName="orders", Item={"id": {"S": key}, "v": {"N": str(value)}})

    def put_all(self, keys, first, last):
        for value in range(first, last + 1):
            for key in range(keys):
                self.put(f"k{key}", value)

    def invocations(self, name="seen"):
        path = self.base / name
        text = path.read_text() if path.exists() else ""
        return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]  # the last line may be half written

    def records(self, name="seen"):
        """What successful invocations got."""
        return [record for call in self.invocations(name) if not call["failed"] for record in call["event"]["Records"]]

    def wait(self, what, seconds=20):
        until = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < until, f"waited {seconds} s\n" + self.program.log.read_text()[-1500:]
            time.sleep(0.01)

    def wait_records(self, count, name="seen"):
        self.wait(lambda: len(self.records(name)) >= count)

    def fail(self, name="seen"):
        (self.base / f"{name}.fail").touch()

    def recover(self, name="seen"):
        (self.base / f"{name}.fail").unlink()


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.program.stop()


def values_of(records):
    values = {}
    for record in records:
        image = record["dynamodb"]["NewImage"]
        values.setdefault(image["id"]["S"], []).append(int(image["v"]["N"]))
    return values


def without_repeats(values):
    """First occurrences only, for at-least-once delivery: a batch may come again, but not out of order."""
    kept = []
    for value in values:
        if value not in kept:
            kept.append(value)
    return kept


@pytest.mark.parametrize("language", ["python", "node"])
def test_records_come_in_order_per_key(bench, language):
    if language == "node" and shutil.which("node") is None:
        pytest.skip("no node here")
    bench.function(language=language)
    bench.put_all(6, 1, 10)
    bench.map()
    bench.put_all(6, 11, 30)
    bench.wait_records(180)
    assert values_of(bench.records()) == {f"k{key}": list(range(1, 31)) for key in range(6)}


def test_event_has_the_recorded_shape(bench):
    bench.function()
    bench.map()
    bench.table.put_item(TableName="orders", Item={"id": {"S": "a"}, "b": {"B": b"foobar"}})
    bench.table.update_item(TableName="orders", Key={"id": {"S": "a"}}, UpdateExpression="SET n = :n",
                            ExpressionAttributeValues={":n": {"N": "42"}})
    bench.table.delete_item(TableName="orders", Key={"id": {"S": "a"}})
    bench.wait(lambda: sum(len(call["event"]["Records"]) for call in bench.invocations()) >= 3)
    insert, modify, remove = [record for call in bench.invocations() for record in call["event"]["Records"]]
    assert list(insert) == ["eventID", "eventName", "eventVersion", "eventSource", "awsRegion", "dynamodb", "eventSourceARN"]
    assert list(modify["dynamodb"]) == ["ApproximateCreationDateTime", "Keys", "NewImage", "OldImage", "SequenceNumber",
                                        "SizeBytes", "StreamViewType"]
    assert (insert["eventName"], modify["eventName"], remove["eventName"]) == ("INSERT", "MODIFY", "REMOVE")
    assert insert["eventVersion"] == "1.1" and insert["eventSource"] == "aws:dynamodb" and insert["awsRegion"] == REGION
    assert insert["eventSourceARN"] == bench.stream and len(insert["eventID"]) == 32
    assert isinstance(insert["dynamodb"]["ApproximateCreationDateTime"], float)
    assert insert["dynamodb"]["NewImage"]["b"] == {"B": "Zm9vYmFy"} and "OldImage" not in insert["dynamodb"]
    assert "NewImage" not in remove["dynamodb"]
    numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in (insert, modify, remove)]
    assert numbers == sorted(numbers)


def test_latest_begins_with_the_answer(bench):
    bench.function()
    bench.put_all(4, 1, 5)
    bench.map(position="LATEST")
    bench.put("new", 1)
    bench.wait_records(1)
    time.sleep(0.3)
    assert values_of(bench.records()) == {"new": [1]}


def test_batches_of_200(bench):
    bench.function()
    bench.put_all(1, 1, 450)
    bench.map(BatchSize=200)
    bench.wait_records(450)
    assert [len(call["event"]["Records"]) for call in bench.invocations()] == [200, 200, 50]


def test_failures_are_retried_and_shown(bench):
    bench.function()
    mapping = bench.map(BatchSize=10)
    result = lambda: bench.functions.get_event_source_mapping(UUID=mapping["UUID"])["LastProcessingResult"]
    assert result() == "No records processed"
    bench.fail()
    bench.put_all(1, 1, 3)
    bench.wait(lambda: len(bench.invocations()) >= 3)
    assert result() == "PROBLEM: Function call failed"
    bench.recover()
    bench.wait_records(3)
    bench.wait(lambda: result() == "OK")
    assert values_of(bench.records()) == {"k0": [1, 2, 3]}


def test_n_retries_are_n_plus_1_invocations(bench):
    bench.function()
    bench.fail()
    bench.map(BatchSize=1, MaximumRetryAttempts=2)
    bench.put("a", 1)
    bench.wait(lambda: len(bench.invocations()) >= 3)
    bench.recover()
    bench.put("a", 2)
    bench.wait_records(1)
    assert values_of(bench.records()) == {"a": [2]} and len(bench.invocations()) == 4


def test_one_failing_mapping_does_not_hold_the_other(bench):
    bench.function("bad")
    bench.function("good")
    bench.fail("bad")
    bench.map("bad")
    bench.map("good")
    bench.put_all(4, 1, 10)
    bench.wait_records(40, "good")
    assert values_of(bench.records("good")) == {f"k{key}": list(range(1, 11)) for key in range(4)}
    bench.recover("bad")
    bench.wait_records(40, "bad")
    assert values_of(bench.records("bad")) == {f"k{key}": list(range(1, 11)) for key in range(4)}


def test_disable_and_enable_keep_the_place(bench):
    bench.function()
    uuid_ = bench.map(position="LATEST")["UUID"]
    bench.put("a", 1)
    bench.wait_records(1)
    answer = bench.functions.update_event_source_mapping(UUID=uuid_, Enabled=False)
    assert answer["State"] == "Disabling" and "Enabled" not in answer
    assert bench.functions.get_event_source_mapping(UUID=uuid_)["State"] == "Disabled"
    bench.put("a", 2)
    time.sleep(0.3)
    assert len(bench.records()) == 1
    assert bench.functions.update_event_source_mapping(UUID=uuid_, Enabled=True)["State"] == "Enabling"
    bench.put("a", 3)
    bench.wait_records(3)
    assert values_of(bench.records()) == {"a": [1, 2, 3]}


def test_goes_on_after_a_stop(bench):
    bench.function()
    bench.map()
    bench.put_all(4, 1, 5)
    bench.wait_records(20)
    time.sleep(0.2)  # the last answers are in, their checkpoints written
    bench.program.stop()
    bench.program.start()
    bench.put_all(4, 6, 8)
    bench.wait_records(32)
    time.sleep(0.2)
    assert values_of(bench.records()) == {f"k{key}": list(range(1, 9)) for key in range(4)}


def test_goes_on_after_a_kill(bench):
    """At least once: what was under way may come again, in order; nothing is lost."""
    bench.function()
    bench.map(BatchSize=3)
    for turn in range(4):
        bench.put_all(4, 10 * turn + 1, 10 * turn + 10)
        bench.program.kill()
        bench.program.start()
    bench.wait(lambda: {key: without_repeats(values) for key, values in values_of(bench.records()).items()}
               == {f"k{key}": list(range(1, 41)) for key in range(4)})


def test_mapping_api(bench):
    bench.function()
    bench.function("other")
    made = bench.map(BatchSize=5, MaximumRetryAttempts=3, FilterCriteria={"Filters": []})
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 202
    shown = {name: value for name, value in made.items() if name not in ("ResponseMetadata", "LastModified", "UUID")}
    shown.pop("EventSourceMappingArn", None)  # older SDKs do not know it
    function_arn = f"arn:aws:lambda:{REGION}:000000000000:function:seen"
    assert shown == {
        "BatchSize": 5, "BisectBatchOnFunctionError": False, "DestinationConfig": {"OnFailure": {}}, "EventSourceArn": bench.stream,
        "FunctionArn": function_arn, "FunctionResponseTypes": [], "LastProcessingResult": "No records processed",
        "MaximumBatchingWindowInSeconds": 0, "MaximumRecordAgeInSeconds": -1, "MaximumRetryAttempts": 3, "ParallelizationFactor": 1,
        "StartingPosition": "TRIM_HORIZON", "State": "Creating", "StateTransitionReason": "User action", "TumblingWindowInSeconds": 0}
    assert bench.functions.get_event_source_mapping(UUID=made["UUID"])["State"] == "Enabled"
    second = bench.map("other", BisectBatchOnFunctionError=True, FunctionResponseTypes=["ReportBatchItemFailures"],
                       FilterCriteria={"Filters": [{"Pattern": '{"eventName":["INSERT"]}'}]}, ParallelizationFactor=2)
    assert second["FunctionResponseTypes"] == ["ReportBatchItemFailures"] and second["BisectBatchOnFunctionError"] is True
    assert second["FilterCriteria"] == {"Filters": [{"Pattern": '{"eventName":["INSERT"]}'}]}
    changed = bench.functions.update_event_source_mapping(UUID=second["UUID"], BatchSize=7, FilterCriteria={}, DestinationConfig={})
    assert changed["State"] == "Updating" and changed["BatchSize"] == 7 and changed["ParallelizationFactor"] == 2
    assert "FilterCriteria" not in changed and changed["DestinationConfig"] == {"OnFailure": {}}
    listed = bench.functions.list_event_source_mappings(EventSourceArn=bench.stream)["EventSourceMappings"]
    assert {mapping["UUID"] for mapping in listed} == {made["UUID"], second["UUID"]}
    pages = [page["EventSourceMappings"] for page in bench.functions.get_paginator("list_event_source_mappings").paginate(
        PaginationConfig={"PageSize": 1})]
    assert [len(page) for page in pages] == [1, 1]
    assert len(bench.functions.list_event_source_mappings(FunctionName="other")["EventSourceMappings"]) == 1
    assert bench.functions.list_event_source_mappings(FunctionName="unknown")["EventSourceMappings"] == []
    deleted = bench.functions.delete_event_source_mapping(UUID=made["UUID"])
    assert deleted["State"] == "Deleting" and deleted["BatchSize"] == 5
    with pytest.raises(ClientError) as gone:
        bench.functions.get_event_source_mapping(UUID=made["UUID"])
    assert gone.value.response["Error"] == {"Code": "ResourceNotFoundException",
                                            "Message": "The resource you requested does not exist."}
    assert gone.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def error_of(call, **request):
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response
    return error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"], error["Error"]["Message"]


def test_mapping_errors_are_the_recorded_ones(bench):
    bench.function()
    create = bench.functions.create_event_source_mapping
    good = {"EventSourceArn": bench.stream, "FunctionName": "seen", "StartingPosition": "LATEST"}
    invalid = "InvalidParameterValueException"
    missing = bench.stream.replace("orders", "nothing")
    assert error_of(create, **{**good, "FunctionName": "nobody"}) == (400, invalid, "Function does not exist")
    assert error_of(create, FunctionName="seen", StartingPosition="LATEST") == (400, invalid, "Unrecognized event source.")
    assert error_of(create, **{**good, "EventSourceArn": missing}) == (400, invalid, f"Stream not found: {missing}")
    assert error_of(create, EventSourceArn=bench.stream, FunctionName="seen") == (
        400, invalid, "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.")
    assert error_of(create, **{**good, "StartingPosition": "invalid"}) == (
        400, "ValidationException", "1 validation error detected: Value 'invalid' at 'startingPosition' failed to satisfy constraint: "
        "Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]")
    assert error_of(create, **{**good, "StartingPosition": "AT_TIMESTAMP"}) == (
        400, invalid, f"Unsupported starting position for arn type: {bench.stream}")
    assert error_of(create, **good, DestinationConfig={"OnSuccess": {"Destination": "arn:aws:sqs:us-east-1:000000000000:q"}}) == (
        400, invalid, "Unsupported DestinationConfig parameter for given event source mapping type.")
    nowhere = "arn:aws:carrier-pigeon:us-east-1:000000000000:roof"
    assert error_of(create, **good, DestinationConfig={"OnFailure": {"Destination": nowhere}}) == (
        400, invalid, f"The destination ARN {nowhere} is invalid.")
    assert error_of(create, **good, BatchSize=20000)[:2] == (400, "ValidationException")
    made = create(**good)
    assert error_of(create, **good) == (
        409, "ResourceConflictException", f'The event source arn (" {bench.stream} ") and function (" seen ") provided mapping already '
        f'exists. Please update or delete the existing mapping with UUID {made["UUID"]}')
    assert error_of(bench.functions.get_event_source_mapping, UUID=str(uuid.uuid4()))[0] == 404


@pytest.mark.skipif(os.environ.get("LEAT_FIGURES") is None, reason="a measurement, not a test")
def test_latency(bench):
    bench.function()
    bench.map(position="LATEST")
    delays = []
    for value in range(300):
        bench.put("a", value)
        answered = time.time()
        bench.wait_records(value + 1)
        delays.append((bench.invocations()[-1]["entered"] - answered) * 1000)
    delays.sort()
    print(f"\np50 {statistics.median(delays):.2f} ms, p99 {delays[int(len(delays) * 0.99)]:.2f} ms")
