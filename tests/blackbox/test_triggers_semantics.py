"""What mappings do with failing, slow and stateful handlers: real Node and Python handlers, boto3."""
import json
import time
import urllib.request

import pytest
from botocore.exceptions import ClientError

from test_triggers import HANDLERS, Bench, values_of

# Writes down every invocation; fails on values named in SEEN.bad, reports those in SEEN.report, sums in a window's state.
PYTHON = """
import json, os, time
def numbers(name):
    path = os.environ["SEEN"] + name
    return open(path).read().split() if os.path.exists(path) else []
def handler(event, context):
    started = time.time()
    values = [record["dynamodb"]["NewImage"]["v"]["N"] for record in event["Records"]]
    time.sleep(float((numbers(".sleep") or [0])[0]))
    failed = any(value in numbers(".bad") for value in values)
    with open(os.environ["SEEN"], "a") as out:
        out.write(json.dumps({"failed": failed, "event": event, "started": started, "ended": time.time()}) + "\\n")
    if failed:
        raise Exception("as the test wants it")
    answer = {}
    if "state" in event:
        answer["state"] = {"sum": event["state"].get("sum", 0) + sum(map(int, values)), "padding": "x" * int((numbers(".padding") or [0])[0])}
    reported = [record["dynamodb"]["SequenceNumber"] for record, value in zip(event["Records"], values) if value in numbers(".report")]
    if reported:
        answer["batchItemFailures"] = [{"itemIdentifier": number} for number in reported]
    return answer
"""
NODE = """
const fs = require("fs");
exports.handler = async (event) => {
    const bad = fs.existsSync(process.env.SEEN + ".bad") ? fs.readFileSync(process.env.SEEN + ".bad", "utf8").split(/\\s+/) : [];
    const failed = event.Records.some((record) => bad.includes(record.dynamodb.NewImage.v.N));
    fs.appendFileSync(process.env.SEEN, JSON.stringify({failed, event}) + "\\n");
    if (failed) throw new Error("as the test wants it");
};
"""


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.setitem(HANDLERS, "python", (*HANDLERS["python"][:3], PYTHON))
    monkeypatch.setitem(HANDLERS, "node", (*HANDLERS["node"][:3], NODE))
    made = Bench(tmp_path)
    yield made
    made.program.stop()


def tell(bench, name, *values):
    (bench.base / f"seen.{name}").write_text(" ".join(map(str, values)))


def batches(bench):
    return [[int(record["dynamodb"]["NewImage"]["v"]["N"]) for record in call["event"]["Records"]] for call in bench.invocations()]


@pytest.mark.parametrize("language", ["python", "node"])
def test_bisecting_isolates_what_fails(bench, language):
    bench.function(language=language)
    tell(bench, "bad", 4)
    bench.put_all(1, 1, 5)
    bench.map(BatchSize=5, BisectBatchOnFunctionError=True, MaximumRetryAttempts=1)
    bench.wait_records(4)
    bench.put("k0", 6)
    bench.wait_records(5)
    assert values_of(bench.records()) == {"k0": [1, 2, 3, 5, 6]}
    assert batches(bench) == [[1, 2, 3, 4, 5], [1, 2], [3, 4, 5], [3], [4, 5], [4], [4], [5], [6]]


def test_reported_failures_are_tried_from_the_lowest_on(bench):
    """Recorded: BatchSize 3, 3 retries, one record that always fails: seen five times, and then given up."""
    bench.function()
    tell(bench, "report", 5, 6)
    bench.put_all(1, 1, 7)
    bench.map(BatchSize=3, MaximumRetryAttempts=3, FunctionResponseTypes=["ReportBatchItemFailures"])
    bench.wait(lambda: [7] in batches(bench))
    assert batches(bench) == [[1, 2, 3], [4, 5, 6], [5, 6], [5, 6], [5, 6], [5, 6], [7]]


def test_batches_of_a_shard_run_side_by_side_in_order_per_key(bench):
    bench.function()
    tell(bench, "sleep", 0.02)
    bench.put_all(24, 1, 5)
    bench.map(BatchSize=1, ParallelizationFactor=10)
    bench.wait_records(120)
    assert values_of(bench.records()) == {f"k{key}": [1, 2, 3, 4, 5] for key in range(24)}
    calls = sorted(bench.invocations(), key=lambda call: call["started"])
    at_once = max(sum(other["started"] <= call["started"] < other["ended"] for other in calls) for call in calls)
    shards = 4  # of a table on demand
    assert shards < at_once <= 10 * shards


def test_a_window_sums_up_and_closes(bench):
    bench.function()
    bench.map(TumblingWindowInSeconds=1, BatchSize=2)
    bench.put_all(1, 1, 9)
    finals = lambda: [call["event"] for call in bench.invocations() if call["event"]["isFinalInvokeForWindow"]]
    bench.wait(lambda: sum(event["state"]["sum"] for event in finals()) == 45)
    for event in finals():
        assert event["Records"] == [] and event["isWindowTerminatedEarly"] is False
        assert list(event) == ["Records", "window", "state", "shardId", "eventSourceARN", "isFinalInvokeForWindow", "isWindowTerminatedEarly"]
        assert event["window"]["start"] < event["window"]["end"] and event["window"]["end"].endswith("Z")
        assert event["shardId"].startswith("shardId-") and event["eventSourceARN"] == bench.stream
    assert bench.invocations()[0]["event"]["state"] == {}


def test_a_state_too_big_ends_the_window_early(bench):
    bench.function()
    tell(bench, "padding", 1100000)
    bench.put_all(1, 1, 2)
    bench.map(TumblingWindowInSeconds=900, BatchSize=1)
    bench.wait(lambda: sum(call["event"]["isWindowTerminatedEarly"] for call in bench.invocations()) == 2)
    assert [call["event"]["state"].get("sum") for call in bench.invocations()] == [None, 1, None, 2]


def test_a_window_goes_on_after_a_restart(bench):
    bench.function()
    tell(bench, "padding", 700000)  # more than an item holds
    mapping = bench.map(TumblingWindowInSeconds=900)["UUID"]
    bench.put("a", 5)
    bench.wait_records(1)
    bench.put("a", 6)
    bench.wait_records(2)
    time.sleep(0.5)  # the answer is in, its checkpoint written
    bench.program.stop()
    bench.program.start()
    bench.put("a", 7)
    bench.wait_records(3)
    assert [call["event"]["state"].get("sum", 0) for call in bench.invocations()] == [0, 5, 11]
    bench.functions.update_event_source_mapping(UUID=mapping, TumblingWindowInSeconds=0)
    bench.wait(lambda: bench.invocations()[-1]["event"].get("isFinalInvokeForWindow"))
    assert bench.invocations()[-1]["event"]["state"]["sum"] == 18
    bench.put("a", 8)
    bench.wait_records(4)
    assert list(bench.invocations()[-1]["event"]) == ["Records"]


def test_windows_and_parallel_batches_do_not_go_together(bench):
    bench.function()
    with pytest.raises(ClientError) as refused:
        bench.map(TumblingWindowInSeconds=10, ParallelizationFactor=2)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"


def create_by_hand(bench, **members):
    """With members that Debian's botocore does not know."""
    request = urllib.request.Request(
        bench.program.endpoint + "/2015-03-31/event-source-mappings", method="POST",
        data=json.dumps({"EventSourceArn": bench.stream, "FunctionName": "seen", **members}).encode(),
        headers={"Authorization": "AWS4-HMAC-SHA256 Credential=local/20250101/us-east-1/lambda/aws4_request, SignedHeaders=host, "
                                  "Signature=0", "X-Amz-Date": "20250101T000000Z"})
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())


def test_tags_of_a_new_mapping(bench):
    bench.function()
    made = create_by_hand(bench, StartingPosition="LATEST", Tags={"team": "water"})
    assert bench.functions.list_tags(Resource=made["EventSourceMappingArn"])["Tags"] == {"team": "water"}


def test_tags_of_mappings(bench):
    bench.function()
    made = bench.map()
    arn = f"arn:aws:lambda:us-east-1:000000000000:event-source-mapping:{made['UUID']}"
    tags = lambda: bench.functions.list_tags(Resource=arn)["Tags"]
    assert tags() == {}
    bench.functions.tag_resource(Resource=arn, Tags={"team": "water", "stage": "test"})
    assert bench.functions.tag_resource(Resource=arn, Tags={"stage": "live", "x": ""})["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert tags() == {"team": "water", "stage": "live", "x": ""}
    assert bench.functions.untag_resource(Resource=arn, TagKeys=["team", "x", "none"])["ResponseMetadata"]["HTTPStatusCode"] == 204
    bench.program.stop()
    bench.program.start()
    assert tags() == {"stage": "live"}
    bench.functions.untag_resource(Resource=arn, TagKeys=["stage"])
    assert tags() == {}
    with pytest.raises(ClientError) as many:
        bench.functions.tag_resource(Resource=arn, Tags={f"t{i}": "x" for i in range(51)})
    assert many.value.response["Error"]["Code"] == "InvalidParameterValueException" and tags() == {}
    assert bench.functions.get_event_source_mapping(UUID=made["UUID"])["LastModified"] == made["LastModified"]
    bench.functions.delete_event_source_mapping(UUID=made["UUID"])
    with pytest.raises(ClientError) as gone:
        tags()
    assert gone.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_at_timestamp_where_the_server_allows_it(bench, tmp_path):
    bench.function()
    with pytest.raises(ClientError):
        bench.map(position="AT_TIMESTAMP", StartingPositionTimestamp=time.time())
    (tmp_path / "allowing").mkdir()
    allowing = Bench(tmp_path / "allowing", "--at-timestamp")
    try:
        allowing.function()
        allowing.put_all(1, 1, 2)
        time.sleep(1)
        asked = int(time.time())  # SDKs send whole seconds
        allowing.put_all(1, 3, 4)
        made = allowing.map(position="AT_TIMESTAMP", StartingPositionTimestamp=asked)
        assert made["StartingPosition"] == "AT_TIMESTAMP"
        assert made["StartingPositionTimestamp"].timestamp() == asked
        allowing.wait_records(2)
        time.sleep(0.3)
        assert values_of(allowing.records()) == {"k0": [3, 4]}
        for when in (None, time.time() + 3600):
            with pytest.raises(ClientError):
                allowing.map("other", "AT_TIMESTAMP", **({"StartingPositionTimestamp": when} if when else {}))
    finally:
        allowing.program.stop()
