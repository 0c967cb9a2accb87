"""Asynchronous invocations of Lambda functions: durable, tried again, and told to destinations."""
import concurrent.futures
import json
import re
import time

import pytest

from lambda_kit import UUID, arn_of, client, error_of, invoke, node, python, server_for, unique
from program import Program

RETRY = "--async-retry", "300ms"


@pytest.fixture(name="server", scope="module")
def fixture_server(tmp_path_factory):
    yield from server_for(tmp_path_factory, *RETRY)


@pytest.fixture(name="functions", scope="module")
def fixture_functions(server):
    return client(server)


NOTE = """
import json
def handler(event, context):
    with open({path!r}, "a") as notes:
        notes.write(json.dumps([event, context.aws_request_id, context.invoked_function_arn]) + "\\n")
    {then}
"""


def noting(functions, path, then="return {'seen': True}", **more):
    return python(functions, NOTE.format(path=str(path), then=then), **more)


def notes(path, count, seconds=20):
    """What was noted, once there are so many."""
    until = time.monotonic() + seconds
    while True:
        lines = path.read_text().splitlines() if path.exists() else []
        if len(lines) >= count:
            return [json.loads(line) for line in lines]
        assert time.monotonic() < until, lines
        time.sleep(0.02)


def call(functions, name, event, **more):
    answer = functions.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event), **more)
    assert answer["StatusCode"] == 202 and answer["Payload"].read() == b"" and "FunctionError" not in answer
    return answer["ResponseMetadata"]["RequestId"]


def record_of(name, request_id, condition, count, request, **more):
    return {"version": "1.0", "timestamp": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"),
            "requestContext": {"requestId": request_id, "functionArn": arn_of(name) + ":$LATEST", "condition": condition,
                               "approximateInvokeCount": count}, "requestPayload": request, **more}


def check_record(record, expected):
    assert expected.pop("timestamp").fullmatch(record.pop("timestamp"))
    assert record == expected


def test_success_is_told(functions, tmp_path):
    target = noting(functions, tmp_path / "told")
    name = noting(functions, tmp_path / "seen", "return {'result': [1, 'ä']}")
    config = functions.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": arn_of(target)}})
    assert config["FunctionArn"] == arn_of(name) + ":$LATEST"
    request_id = call(functions, name, {"a": 1})
    [(record, _, _)] = notes(tmp_path / "told", 1)
    check_record(record, record_of(name, request_id, "Success", 1, {"a": 1},
                                   responseContext={"statusCode": 200, "executedVersion": "$LATEST"},
                                   responsePayload={"result": [1, "ä"]}))
    assert notes(tmp_path / "seen", 1) == [[{"a": 1}, request_id, arn_of(name)]]


def test_failure_is_tried_three_times_and_told(functions, tmp_path):
    target = noting(functions, tmp_path / "told")
    name = noting(functions, tmp_path / "seen", "raise ValueError('no')")
    functions.put_function_event_invoke_config(FunctionName=name, DestinationConfig={"OnFailure": {"Destination": arn_of(target)}})
    started = time.monotonic()
    request_id = call(functions, name, {"a": 2})
    [(record, _, _)] = notes(tmp_path / "told", 1)
    assert time.monotonic() - started >= 0.9, "0.3 s and 0.6 s between the attempts"
    payload = record["responsePayload"]
    assert (payload["errorMessage"], payload["errorType"]) == ("no", "ValueError")
    check_record(record, record_of(name, request_id, "RetriesExhausted", 3, {"a": 2}, responsePayload=payload,
                                   responseContext={"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}))
    assert [seen[1] for seen in notes(tmp_path / "seen", 3)] == [request_id] * 3
    time.sleep(0.5)
    assert len(notes(tmp_path / "seen", 3)) == 3


def test_no_retries(functions, tmp_path):
    name = noting(functions, tmp_path / "seen", "raise ValueError('no')")
    functions.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    call(functions, name, {})
    notes(tmp_path / "seen", 1)
    time.sleep(1)
    assert len(notes(tmp_path / "seen", 1)) == 1


def test_versions_have_settings_of_their_own(functions, tmp_path):
    told = noting(functions, tmp_path / "told")
    name = noting(functions, tmp_path / "seen", "return context.function_version")
    functions.publish_version(FunctionName=name)
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    functions.put_function_event_invoke_config(FunctionName=name, Qualifier="live",
                                               DestinationConfig={"OnSuccess": {"Destination": arn_of(told)}})
    call(functions, name, "latest")
    call(functions, name, "one", Qualifier="1")
    call(functions, name, "live", Qualifier="live")
    notes(tmp_path / "seen", 3)
    [(record, _, _)] = notes(tmp_path / "told", 1)
    assert record["requestContext"]["functionArn"] == arn_of(name) + ":live" and record["responsePayload"] == "1"
    assert {seen[0]: seen[2] for seen in notes(tmp_path / "seen", 3)} == {
        "latest": arn_of(name), "one": arn_of(name) + ":1", "live": arn_of(name) + ":live"}


def test_a_function_without_any_share_is_told_at_once(functions, tmp_path):
    told = noting(functions, tmp_path / "told")
    name = noting(functions, tmp_path / "seen")
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    functions.put_function_event_invoke_config(FunctionName=name, DestinationConfig={"OnFailure": {"Destination": arn_of(told)}})
    request_id = call(functions, name, {"a": 3})
    [(record, _, _)] = notes(tmp_path / "told", 1)
    check_record(record, record_of(name, request_id, "ZeroReservedConcurrency", 0, {"a": 3}))
    assert not (tmp_path / "seen").exists()


def test_throttled_events_wait(functions, tmp_path):
    name = noting(functions, tmp_path / "seen", "import time; time.sleep(0.3)")
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    for i in range(4):
        call(functions, name, i)
    seen = notes(tmp_path / "seen", 4, seconds=40)
    assert sorted(each[0] for each in seen) == [0, 1, 2, 3]


def test_accepted_events_survive_a_kill(tmp_path):
    """Every event that was accepted is run, large ones too; and one that waits for its retry goes on where it was."""
    program = Program(tmp_path / "data", "--async-retry", "2s").start()
    functions = client(program)
    large = "x" * 1_000_000
    slow = noting(functions, tmp_path / "slow", "import time; time.sleep(0.2)", Timeout=30)
    big = python(functions, f"""
def handler(event, context):
    import time; time.sleep(0.5)
    with open({str(tmp_path / 'big')!r}, "a") as notes: notes.write('"%d %s"\\n' % (len(event), event[:5]))
""", Timeout=30)
    failing = noting(functions, tmp_path / "failing", "raise ValueError('no')")
    functions.put_function_event_invoke_config(FunctionName=failing, MaximumRetryAttempts=1)
    call(functions, failing, "f")
    notes(tmp_path / "failing", 1)
    time.sleep(0.3)  # its first attempt is noted in the store
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: call(functions, slow, i), range(100)))
    call(functions, big, large)
    program.kill()
    program.start()
    seen = notes(tmp_path / "slow", 100, seconds=40)
    until = time.monotonic() + 30
    while {each[0] for each in seen} != {*range(100)}:
        assert time.monotonic() < until
        seen = notes(tmp_path / "slow", 100)
    assert notes(tmp_path / "big", 1)[-1] == "1000000 xxxxx"
    assert len(notes(tmp_path / "failing", 2)) == 2
    time.sleep(2.5)
    program.stop()
    assert len(notes(tmp_path / "failing", 2)) == 2, "attempts are counted over the kill"
    program.start()
    time.sleep(0.5)
    program.stop()
    assert len({each[1] for each in notes(tmp_path / "slow", 100)}) == 100 and len(notes(tmp_path / "failing", 2)) == 2


def test_events_of_a_deleted_function_are_gone(functions, tmp_path):
    name = noting(functions, tmp_path / "seen", "raise ValueError('no')")
    call(functions, name, {})
    notes(tmp_path / "seen", 1)
    functions.delete_function(FunctionName=name)
    time.sleep(1)
    assert len(notes(tmp_path / "seen", 1)) == 1


def test_events_that_are_refused(functions):
    missing = unique()
    assert error_of(functions.invoke, FunctionName=missing, InvocationType="Event") == (
        404, "ResourceNotFoundException", f"Function not found: {arn_of(missing)}:$LATEST")
    name = python(functions, "def handler(event, context): pass")
    assert error_of(functions.invoke, FunctionName=name, InvocationType="Event", Payload="x" * ((1 << 20) + 1))[1] == (
        "RequestTooLargeException")
    assert error_of(functions.invoke, FunctionName=name, InvocationType="Event", Qualifier="7") == (
        404, "ResourceNotFoundException", f"Function not found: {arn_of(name)}:7")


def test_the_life_of_an_event_invoke_config(functions):
    name = python(functions, "def handler(event, context): pass")
    functions.publish_version(FunctionName=name)
    other = python(functions, "def handler(event, context): pass")
    none = (404, "ResourceNotFoundException", f"The function {arn_of(name)}:$LATEST doesn't have an EventInvokeConfig")
    empty = {"OnSuccess": {}, "OnFailure": {}}

    def shown(answer):
        assert abs(answer.pop("LastModified").timestamp() - time.time()) < 60
        return {key: value for key, value in answer.items() if key != "ResponseMetadata"}

    assert error_of(functions.get_function_event_invoke_config, FunctionName=name) == none
    assert error_of(functions.put_function_event_invoke_config, FunctionName=name) == (
        400, "InvalidParameterValueException", "You must specify at least one of error handling or destination setting.")
    assert error_of(functions.put_function_event_invoke_config, FunctionName="nobody", MaximumRetryAttempts=1)[:2] == (
        404, "ResourceNotFoundException")
    assert error_of(functions.put_function_event_invoke_config, FunctionName=name,
                    DestinationConfig={"OnFailure": {"Destination": arn_of("nobody")}})[:2] == (400, "InvalidParameterValueException")
    first = {"FunctionArn": arn_of(name) + ":$LATEST", "MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 60,
             "DestinationConfig": empty}
    assert shown(functions.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1, MaximumEventAgeInSeconds=60)) == first
    assert shown(functions.get_function_event_invoke_config(FunctionName=name)) == first
    destination = {"OnSuccess": {}, "OnFailure": {"Destination": arn_of(other)}}
    assert shown(functions.update_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnFailure": {"Destination": arn_of(other)}})) == {**first, "DestinationConfig": destination}
    functions.put_function_event_invoke_config(FunctionName=name, Qualifier="1", MaximumRetryAttempts=0)
    listed = functions.list_function_event_invoke_configs(FunctionName=name)["FunctionEventInvokeConfigs"]
    assert [each["FunctionArn"].rpartition(":")[2] for each in listed] == ["$LATEST", "1"]
    # what Put does not name is not set any more
    assert shown(functions.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=2)) == {
        "FunctionArn": arn_of(name) + ":$LATEST", "MaximumRetryAttempts": 2, "DestinationConfig": empty}
    functions.delete_function_event_invoke_config(FunctionName=name)
    assert error_of(functions.delete_function_event_invoke_config, FunctionName=name) == none
    assert len(functions.list_function_event_invoke_configs(FunctionName=name)["FunctionEventInvokeConfigs"]) == 1


def test_queues_are_told(server, functions, tmp_path):
    """The record goes to OnFailure's queue, the event itself to the dead-letter queue, with attributes that say what went wrong."""
    sqs = client(server, "sqs")

    def queue():
        url = sqs.create_queue(QueueName=unique("q"))["QueueUrl"]
        return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def received(url):
        return sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20, MessageAttributeNames=["All"])["Messages"][0]

    (failures, failures_arn), (dead, dead_arn) = queue(), queue()
    name = noting(functions, tmp_path / "seen", "raise ValueError('no')", DeadLetterConfig={"TargetArn": dead_arn})
    assert functions.get_function_configuration(FunctionName=name)["DeadLetterConfig"] == {"TargetArn": dead_arn}
    functions.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0,
                                               DestinationConfig={"OnFailure": {"Destination": failures_arn}})
    request_id = call(functions, name, {"a": 5})
    record = json.loads(received(failures)["Body"])
    assert (record["requestContext"]["condition"], record["requestPayload"]) == ("RetriesExhausted", {"a": 5})
    letter = received(dead)
    assert json.loads(letter["Body"]) == {"a": 5}
    assert {key: (value["DataType"], value["StringValue"]) for key, value in letter["MessageAttributes"].items()} == {
        "RequestID": ("String", request_id), "ErrorCode": ("Number", "200"), "ErrorMessage": ("String", "no")}
