"""Functions' logs through CloudWatch Logs' calls: what people type to see what a function has said."""
import json
import re
import subprocess
import time

import pytest

from conftest import SIGNED, Raw
from lambda_kit import ACCOUNT, UUID, client, error_of, invoke, node, python, server_for, unique
from program import REGION, environment


@pytest.fixture(name="server", scope="module")
def fixture_server(tmp_path_factory):
    yield from server_for(tmp_path_factory)


@pytest.fixture(name="functions", scope="module")
def fixture_functions(server):
    return client(server)


@pytest.fixture(name="logs", scope="module")
def fixture_logs(server):
    return client(server, "logs")


SAY = "def handler(event, context):\n    for words in event: print(words)\n    return context.log_stream_name\n"


def aws(server, *arguments):
    done = subprocess.run(["aws", "--endpoint-url", server.endpoint, *arguments], env=environment(), timeout=60, check=True,
                          capture_output=True, text=True)
    return json.loads(done.stdout)


def messages(answer):
    return [event["message"] for event in answer["events"]]


def test_what_a_function_says(functions, logs):
    name = python(functions, SAY)
    group = f"/aws/lambda/{name}"
    before = int(time.time() * 1000)
    assert error_of(logs.filter_log_events, logGroupName=group)[1:] == (
        "ResourceNotFoundException", "The specified log group does not exist.")
    stream = invoke(functions, name, ["one", "two ERROR"])[0]
    [found] = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert found["arn"] == f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*" and found["logGroupName"] == group
    assert found["storedBytes"] > 100 and abs(found["creationTime"] - before) < 60000
    [found] = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True)["logStreams"]
    assert found["logStreamName"] == stream and before <= found["firstEventTimestamp"] <= found["lastEventTimestamp"] <= before + 60000
    answer = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
    request = re.fullmatch(f"START RequestId: ({UUID.pattern}) Version: \\$LATEST\n", messages(answer)[0])[1]
    assert messages(answer)[1:4] == ["one\n", "two ERROR\n", f"END RequestId: {request}\n"]
    assert re.fullmatch(f"REPORT RequestId: {request}\tDuration: [0-9.]+ ms\tBilled Duration: [0-9]+ ms\tMemory Size: 128 MB\t"
                        "Max Memory Used: [1-9][0-9]* MB\tInit Duration: [0-9.]+ ms\t\n", messages(answer)[4])
    assert all(before <= event["timestamp"] <= before + 60000 for event in answer["events"])
    found = logs.filter_log_events(logGroupName=group, filterPattern="ERROR")["events"]
    assert [(event["message"], event["logStreamName"]) for event in found] == [("two ERROR\n", stream)]
    assert re.fullmatch("[0-9]{56}", found[0]["eventId"])
    assert messages(logs.filter_log_events(logGroupName=group, startTime=before + 3_600_000)) == []
    assert messages(logs.filter_log_events(logGroupName=group, endTime=before - 1)) == []
    assert error_of(logs.filter_log_events, logGroupName=group, filterPattern="{ $.a")[1:] == (
        "InvalidParameterException", "Invalid filter pattern")


def test_json_lines(functions, logs):
    name = python(functions, SAY)
    lines = [json.dumps({"level": level, "n": i}) for i, level in enumerate(["info", "error", "info", "error"])]
    invoke(functions, name, lines + ["not json"])
    found = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern='{ $.level = "error" && $.n > 1 }')
    assert messages(found) == [lines[3] + "\n"]


def test_pages(functions, logs):
    name = python(functions, SAY)
    group = f"/aws/lambda/{name}"
    stream = invoke(functions, name, [f"line {i}" for i in range(25)])[0]
    every = messages(logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True))
    assert len(every) == 28
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, PaginationConfig={"PageSize": 4})
    events = [event for page in pages for event in page["events"]]
    assert [event["message"] for event in events] == every and len({event["eventId"] for event in events}) == 28

    def walk(token, **first):
        seen, more = [], first
        while True:
            page = logs.get_log_events(logGroupName=group, logStreamName=stream, limit=10, **more)
            if more.get("nextToken") == page[token]:
                assert page["events"] == []
                return seen
            seen.append(messages(page))
            more = {"nextToken": page[token]}

    assert walk("nextForwardToken", startFromHead=True)[:3] == [every[:10], every[10:20], every[20:]]
    assert walk("nextBackwardToken")[:3] == [every[-10:], every[-20:-10], every[:-20]]


def test_following(functions, logs):
    """As `aws logs tail --follow` does it: from the newest time on, and known events are passed over."""
    name = python(functions, SAY)
    seen, since = {}, 0
    for i in range(6):
        invoke(functions, name, [f"round {i}"])
        for event in logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", startTime=since, interleaved=True)["events"]:
            seen.setdefault(event["eventId"], event["message"])
            since = max(since, event["timestamp"])
    assert [words for words in seen.values() if words.startswith("round")] == [f"round {i}\n" for i in range(6)]
    assert len(seen) == 24


def test_versions_have_streams_of_their_own(functions, logs):
    name = python(functions, SAY)
    functions.publish_version(FunctionName=name)
    group = f"/aws/lambda/{name}"
    latest, one = invoke(functions, name, ["a"])[0], invoke(functions, name, ["b"], Qualifier="1")[0]
    assert "[$LATEST]" in latest and "[1]" in one
    assert {each["logStreamName"] for each in logs.describe_log_streams(logGroupName=group)["logStreams"]} == {latest, one}
    assert messages(logs.filter_log_events(logGroupName=group, logStreamNames=[one], filterPattern='-"RequestId"')) == ["b\n"]
    assert messages(logs.filter_log_events(logGroupName=group, logStreamNamePrefix=latest[:10], filterPattern='-"RequestId"')) == ["a\n", "b\n"]
    assert error_of(logs.get_log_events, logGroupName=group, logStreamName="no")[1:] == (
        "ResourceNotFoundException", "The specified log stream does not exist.")


def test_a_group_of_its_own(functions, logs, server):
    group = "/shared/" + unique()
    names = [python(functions, SAY) for _ in range(2)]
    for name in names:
        status, _, answer = Raw(server).http("PUT", f"/2015-03-31/functions/{name}/configuration",
                                             json.dumps({"LoggingConfig": {"LogGroup": group}}), SIGNED)  # newer than Debian's SDK
        assert status == 200 and json.loads(answer)["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": group}
        invoke(functions, name, [f"from {name}"])
    assert messages(logs.filter_log_events(logGroupName=group, filterPattern="from")) == [f"from {name}\n" for name in names]
    assert error_of(logs.describe_log_streams, logGroupName=f"/aws/lambda/{names[0]}")[1] == "ResourceNotFoundException"


def test_groups_that_clients_write(logs, server):
    group = "my/" + unique()
    now = int(time.time() * 1000)
    logs.create_log_group(logGroupName=group)
    assert error_of(logs.create_log_group, logGroupName=group)[1:] == (
        "ResourceAlreadyExistsException", "The specified log group already exists")
    assert error_of(logs.put_log_events, logGroupName=group, logStreamName="s", logEvents=[{"timestamp": now, "message": "x"}])[1] == (
        "ResourceNotFoundException")
    logs.create_log_stream(logGroupName=group, logStreamName="a stream")
    assert error_of(logs.create_log_stream, logGroupName=group, logStreamName="a stream")[1] == "ResourceAlreadyExistsException"
    stream = {"logGroupName": group, "logStreamName": "a stream"}
    assert messages(logs.get_log_events(**stream)) == []
    logs.put_log_events(**stream, logEvents=[{"timestamp": now, "message": "second\nof two lines"}])
    logs.put_log_events(**stream, logEvents=[{"timestamp": now - 5000, "message": "first"}])
    answer = aws(server, "logs", "get-log-events", "--log-stream-name", "a stream", "--log-group-identifier",
                 f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*")
    assert [(event["timestamp"], event["message"]) for event in answer["events"]] == [(now - 5000, "first"), (now, "second\nof two lines")]
    logs.delete_log_group(logGroupName=group)
    assert error_of(logs.get_log_events, **stream)[1] == "ResourceNotFoundException"
    assert error_of(logs.delete_log_group, logGroupName=group)[1] == "ResourceNotFoundException"


def test_a_deleted_group_begins_anew(functions, logs):
    name = python(functions, SAY)
    group = f"/aws/lambda/{name}"
    invoke(functions, name, ["before"])
    logs.delete_log_group(logGroupName=group)
    invoke(functions, name, ["after"])
    assert messages(logs.filter_log_events(logGroupName=group, filterPattern='-"RequestId"')) == ["after\n"]


def test_the_aws_cli(functions, server):
    name = python(functions, SAY)
    invoke(functions, name, ["hello ERROR", "hello"])
    group = f"/aws/lambda/{name}"
    assert name in json.dumps(aws(server, "logs", "describe-log-groups"))
    assert messages(aws(server, "logs", "filter-log-events", "--log-group-name", group, "--filter-pattern", "ERROR")) == ["hello ERROR\n"]
    [stream] = aws(server, "logs", "describe-log-streams", "--log-group-name", group)["logStreams"]
    assert len(aws(server, "logs", "get-log-events", "--log-group-name", group, "--log-stream-name", stream["logStreamName"])["events"]) == 5
