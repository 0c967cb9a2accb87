"""Mappings at work, as recorded: what functions and queues got, member by member. See test_recorded.py."""
import json
import re
import time

import pytest

from conftest import wait_active
from test_recorded import (ASKED, UUID, Wire, arn, create_function, delete_mapping, mapping, same, stream_record,
                           unique)

TIME_MS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
TIME_S = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
HANDLER = "import json\ndef handler(event, context):\n    print('EVENT ' + json.dumps(event))\n"
FAILING = HANDLER + "    raise Exception('as recorded')\n"


class Scene:
    """A server, a table with a stream, a queue, and functions that print their events."""

    def __init__(self, leat):
        self.leat = leat
        self.lambda_wire, self.table_wire, self.queue_wire = Wire(leat, "lambda"), Wire(leat, "dynamodb"), Wire(leat, "sqs")

    def table(self, view="NEW_IMAGE", key="my_partition_key", **billing):
        self.name = unique("table")
        # one shard, so that batches are the recorded ones
        self.table_wire.call("create_table", 200, TableName=self.name, KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
                             AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
                             ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
                             StreamSpecification={"StreamEnabled": True, "StreamViewType": view})
        self.stream = wait_active(self.table_wire.client, self.name)["LatestStreamArn"]

    def queue(self):
        name = unique("queue")
        self.url = self.queue_wire.client.create_queue(QueueName=name)["QueueUrl"]
        return {"OnFailure": {"Destination": arn("sqs", name)}}

    def function(self, text):
        self.function_name = unique("function")
        create_function(self.lambda_wire, self.function_name, text)

    def map(self, **more):
        asked = {**ASKED, "BatchSize": 1, **more}
        created = self.lambda_wire.call("create_event_source_mapping", 202, FunctionName=self.function_name, EventSourceArn=self.stream,
                                        **asked)
        expected = {name: value for name, value in asked.items() if name != "FilterCriteria" or value["Filters"]}
        same(mapping(self.stream, self.function_name, **expected), created)
        self.mapping = created["UUID"]

    def put(self, **item):
        self.table_wire.call("put_item", 200, TableName=self.name, Item=item)

    def events(self):
        log = self.leat.directory / "logs" / f"{self.function_name}.log"
        return [json.loads(found) for found in re.findall(r"EVENT (\{.*\})", log.read_text())] if log.exists() else []

    def wait_events(self, count):
        until = time.monotonic() + 20
        while len(self.events()) < count:
            assert time.monotonic() < until, self.events()
            time.sleep(0.02)
        return self.events()

    def message(self):
        """The failure record in the queue."""
        until = time.monotonic() + 30
        while True:
            answer = self.queue_wire.client.receive_message(QueueUrl=self.url, WaitTimeSeconds=1)
            if "Messages" in answer:
                assert len(answer["Messages"]) == 1
                return json.loads(answer["Messages"][0]["Body"])
            assert time.monotonic() < until

    def gone(self):
        delete_mapping(self.lambda_wire, self.mapping)
        self.lambda_wire.call("delete_function", 204, FunctionName=self.function_name)

    def record(self, key, size, image, view="NEW_IMAGE"):
        return {**stream_record("INSERT", key, size, view, NewImage=image), "eventSourceARN": self.stream}

    def failure(self, invocations, error, records):
        """The recorded failure record, about these records."""
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        return {"requestContext": {"requestId": UUID, "functionArn": arn("lambda", f"function:{self.function_name}"),
                                   "condition": "RetryAttemptsExhausted", "approximateInvokeCount": invocations},
                "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": error},
                "version": "1.0", "timestamp": TIME_MS,
                "DDBStreamBatchInfo": {"shardId": re.compile(r"shardId-\d{20}-[0-9a-f]{8}"), "startSequenceNumber": numbers[0],
                                       "endSequenceNumber": numbers[-1], "approximateArrivalOfFirstRecord": TIME_S,
                                       "approximateArrivalOfLastRecord": TIME_S, "batchSize": len(records), "streamArn": self.stream}}


@pytest.fixture(name="scene")
def fixture_scene(leat):
    return Scene(leat)


HELLO = {"my_partition_key": {"S": "hello world"}, "binary_key": {"B": b"foobar"}}
HELLO_KEY = {"my_partition_key": {"S": "hello world"}}
HELLO_IMAGE = {"binary_key": {"B": "Zm9vYmFy"}, **HELLO_KEY}


def test_what_fails_goes_to_the_queue(scene):
    scene.table()
    scene.function(FAILING)
    scene.map(DestinationConfig=scene.queue())
    scene.put(**HELLO)
    events = scene.wait_events(2)
    message = scene.message()
    same(scene.failure(2, "Unhandled", events[0]["Records"]), message)
    assert list(message) == ["requestContext", "responseContext", "version", "timestamp", "DDBStreamBatchInfo"]
    assert list(message["DDBStreamBatchInfo"]) == ["shardId", "startSequenceNumber", "endSequenceNumber", "approximateArrivalOfFirstRecord",
                                                   "approximateArrivalOfLastRecord", "batchSize", "streamArn"]
    scene.gone()


@pytest.mark.parametrize("name, answer, error", [
    ("item_identifier_not_present_failure", {"batchItemFailures": [{"itemIdentifier": 123}]}, None),
    ("null_item_identifier_failure", {"batchItemFailures": [{"itemIdentifier": None}]}, None),
    ("invalid_key_foo_failure", {"batchItemFailures": [{"foo": 123}]}, None),
    ("invalid_key_foo_null_value_failure", {"batchItemFailures": [{"foo": None}]}, None),
    ("empty_string_item_identifier_failure", {"batchItemFailures": [{"itemIdentifier": ""}]}, None),
    ("unhandled_exception_in_function", None, "Unhandled")])
def test_answers_that_fail_the_whole_batch(scene, name, answer, error):
    scene.table()
    scene.function(HANDLER + (f"    return {answer!r}\n" if answer else "    return 1 / 0\n"))
    scene.map(BatchSize=3, MaximumRetryAttempts=3, FunctionResponseTypes=["ReportBatchItemFailures"], DestinationConfig=scene.queue())
    scene.put(**HELLO)
    message = scene.message()
    events = scene.events()
    same([{"Records": [scene.record(HELLO_KEY, 70, HELLO_IMAGE)]}] * 4, events)
    same(scene.failure(4, error, events[0]["Records"]), message)
    scene.gone()


@pytest.mark.parametrize("name, answer", [
    ("empty_string_success", "''"), ("empty_dict_success", "{}"), ("empty_list_success", "[]"), ("null_success", "None"),
    ("empty_batch_item_failure_success", "{'batchItemFailures': []}"), ("null_batch_item_failure_success", "{'batchItemFailures': None}")])
def test_answers_that_are_success(scene, name, answer):
    scene.table()
    scene.function(HANDLER + f"    return {answer}\n")
    scene.map(MaximumRetryAttempts=2, FunctionResponseTypes=["ReportBatchItemFailures"], MaximumBatchingWindowInSeconds=0)
    scene.put(**HELLO)
    scene.wait_events(1)
    time.sleep(0.5)  # the first repetition would come after a tenth of a second
    same([{"Records": [scene.record(HELLO_KEY, 70, HELLO_IMAGE)]}], scene.events())
    scene.gone()


def test_reported_failures(scene):
    """Six items, the last one fails: it is seen five times."""
    scene.table()
    scene.function(HANDLER + "    return {'batchItemFailures': [{'itemIdentifier': record['dynamodb']['SequenceNumber']}\n"
                             "                                  for record in event['Records']\n"
                             "                                  if record['dynamodb']['NewImage']['should_fail']['BOOL']]}\n")
    for i in range(6):
        scene.put(my_partition_key={"S": f"testId{i}"}, should_fail={"BOOL": i == 5})
    scene.map(BatchSize=3, MaximumRetryAttempts=3, FunctionResponseTypes=["ReportBatchItemFailures"], DestinationConfig=scene.queue())
    message = scene.message()
    records = [record for event in scene.events() for record in event["Records"]]
    records.sort(key=lambda record: record["dynamodb"]["Keys"]["my_partition_key"]["S"])
    expected = [scene.record({"my_partition_key": {"S": f"testId{i}"}}, 58,
                             {"my_partition_key": {"S": f"testId{i}"}, "should_fail": {"BOOL": i == 5}})
                for i in (0, 1, 2, 3, 4, 5, 5, 5, 5, 5)]
    same(expected, records)
    same(scene.failure(4, None, records[-1:]), message)
    scene.gone()


def filtered(scene, pattern):
    scene.table("NEW_AND_OLD_IMAGES", "id")
    scene.function(HANDLER)
    scene.map(FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]}, MaximumBatchingWindowInSeconds=0)


def check_filtered(scene, items, sizes):
    """Each of these items came, in an event of its own."""
    scene.wait_events(len(items))
    time.sleep(0.3)
    seen = sorted(scene.events(), key=lambda event: event["Records"][0]["dynamodb"]["Keys"]["id"]["S"])
    same([{"Records": [scene.record({"id": item["id"]}, size, item, "NEW_AND_OLD_IMAGES")]} for item, size in zip(items, sizes)], seen)


def test_the_same_item_twice_is_one_insert(scene):
    filtered(scene, {"eventName": ["INSERT"]})
    item = {"id": {"S": "id_value"}, "id2": {"S": "id2_value"}}
    for _ in range(2):
        scene.put(**item)
        check_filtered(scene, [item], [32])
    scene.gone()


FIRST, SECOND = {"id": {"S": "id_value_1"}, "presentKey": {"S": "presentValue"}}, {"id": {"S": "id_value_2"}}


@pytest.mark.parametrize("pattern, passing", [
    ({"dynamodb": {"NewImage": {"presentKey": {"S": ["presentValue"]}}}}, [0]),
    ({"dynamodb": {"NewImage": {"presentKey": {"S": [{"exists": True}]}}}}, [0]),
    ({"dynamodb": {"NewImage": {"presentKey": [{"exists": False}]}}}, [0, 1]),
    ({"dynamodb": {"NewImage": {"presentKey": ["presentValue"]}}}, []),
    ({"eventName": ["INSERT", "MODIFY"], "eventSource": ["aws:dynamodb"]}, [0, 1]),
    ({"dynamodb": {"NewImage": {"id": {"S": [{"prefix": "id_value_1"}]}}}}, [0]),
    ({"dynamodb": {"ApproximateCreationDateTime": [{"numeric": [">", 0]}]}}, [0, 1])])
def test_filters(scene, pattern, passing):
    filtered(scene, pattern)
    scene.put(**FIRST)
    check_filtered(scene, [FIRST] if 0 in passing else [], [46])
    scene.put(**SECOND)
    check_filtered(scene, [(FIRST, SECOND)[i] for i in passing], [(46, 24)[i] for i in passing])
    scene.gone()


def test_numbers_are_texts_to_filters(scene):
    filtered(scene, {"dynamodb": {"NewImage": {"numericFilter": {"N": [{"numeric": [">", 100]}, {"anything-but": "101"}]}}}})
    scene.put(id={"S": "id_value_1"}, numericFilter={"N": "42"})
    scene.put(id={"S": "id_value_2"}, numericFilter={"N": "101"})
    check_filtered(scene, [{"id": {"S": "id_value_1"}, "numericFilter": {"N": "42"}}], [39])
    scene.gone()


@pytest.mark.parametrize("pattern", ["single-string", "simple string", '[{"eventName": ["INSERT"=123}]', "null", '{"eventSource":"aws:sqs"}',
                                     '{"eventSource":[]}'])
def test_invalid_filters(scene, pattern):
    scene.table()
    scene.function(HANDLER)
    message = {"Type": "User", "message": "Invalid filter pattern definition."}
    scene.lambda_wire.refused("create_event_source_mapping", 400, "InvalidParameterValueException", message, EventSourceArn=scene.stream,
                              FunctionName=scene.function_name, FilterCriteria={"Filters": [{"Pattern": pattern}]}, **ASKED)
    scene.map()
    scene.lambda_wire.refused("update_event_source_mapping", 400, "InvalidParameterValueException", message, UUID=scene.mapping,
                              FilterCriteria={"Filters": [{"Pattern": pattern}]})
    scene.gone()


def test_a_stream_that_does_not_exist(scene):
    scene.function(HANDLER)
    never = arn("dynamodb", "table/test-table-4a53f4e8/stream/2025-02-22T03:03:25.490")
    scene.lambda_wire.refused("create_event_source_mapping", 400, "InvalidParameterValueException",
                              {"Type": "User", "message": f"Stream not found: {never}"}, FunctionName=scene.function_name,
                              EventSourceArn=never, **ASKED)
    scene.lambda_wire.call("delete_function", 204, FunctionName=scene.function_name)


def test_an_echo_that_fails_on_removals(scene):
    """Four items echoed, one removal isolated and on record, and the shard goes on."""
    scene.table("NEW_IMAGE", "id")
    scene.function(HANDLER + "    for record in event['Records']:\n        print('ECHO ' + record['dynamodb']['NewImage']['id']['S'])\n")
    for i in range(4):
        scene.put(id={"S": f"item{i}"})
    scene.table_wire.call("delete_item", 200, TableName=scene.name, Key={"id": {"S": "item1"}})
    scene.put(id={"S": "after"})
    scene.map(BatchSize=5, BisectBatchOnFunctionError=True, MaximumRetryAttempts=2, MaximumBatchingWindowInSeconds=0,
              DestinationConfig=scene.queue())
    message = scene.message()
    removals = [record for event in scene.events() for record in event["Records"] if record["eventName"] == "REMOVE"]
    same(scene.failure(3, "Unhandled", removals[-1:]), message)
    log = scene.leat.directory / "logs" / f"{scene.function_name}.log"
    until = time.monotonic() + 20
    while "ECHO after" not in log.read_text():
        assert time.monotonic() < until
        time.sleep(0.02)
    echoes = re.findall(r"ECHO (\w+)", log.read_text())
    assert list(dict.fromkeys(echoes)) == ["item0", "item1", "item2", "item3", "after"]
    assert "Messages" not in scene.queue_wire.client.receive_message(QueueUrl=scene.url, WaitTimeSeconds=1)
    scene.gone()
