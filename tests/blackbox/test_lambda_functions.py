"""Lambda functions through the AWS SDK and the AWS CLI: real handlers in Python, Node.js and custom runtimes, held to what AWS answers."""
import base64
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request

import boto3
import botocore.config
import botocore.exceptions
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from lambda_kit import NODE, OWN, PYTHON, ROLE, client, create, node, packed, python, server_for, sha256, unique  # noqa: E402
from program import CREDENTIALS, PROGRAM, REGION, Program, environment  # noqa: E402

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


@pytest.fixture(name="server", scope="module")
def fixture_server(tmp_path_factory):
    yield from server_for(tmp_path_factory)


@pytest.fixture(name="functions", scope="module")
def fixture_functions(server):
    return client(server)


def invoke(functions, name, event=None, **more):
    """The parsed payload and the whole answer."""
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(event), **more)
    text = answer["Payload"].read()
    return (json.loads(text) if text else None), answer


def fails(functions, name, event=None, **more):
    payload, answer = invoke(functions, name, event, **more)
    assert answer["StatusCode"] == 200 and answer["FunctionError"] == "Unhandled" and answer["ExecutedVersion"] == "$LATEST"
    return payload


def log_of(server, name):
    return (server.directory / "logs" / f"{name}.log").read_text()


# ---------------------------------------------------------------------------------------- configurations


DEFAULTS = {
    "Architectures": ["x86_64"], "Description": "", "EphemeralStorage": {"Size": 512}, "Handler": "index.handler", "MemorySize": 128,
    "PackageType": "Zip", "Role": ROLE, "Runtime": PYTHON, "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"}, "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"}, "Version": "$LATEST"}


def test_create_answers_as_recorded(functions):
    name, code = unique(), packed({"index.py": "def handler(event, context): pass"})
    created = functions.create_function(FunctionName=name, Role=ROLE, Runtime=PYTHON, Handler="index.handler", Code={"ZipFile": code})
    assert created.pop("ResponseMetadata")["HTTPStatusCode"] == 201
    for key, value in DEFAULTS.items():
        assert created.pop(key) == value, key
    assert created.pop("LoggingConfig", {"LogGroup": f"/aws/lambda/{name}"})["LogGroup"] == f"/aws/lambda/{name}"
    created.pop("RuntimeVersionConfig", None)  # older SDKs do not know these two
    assert created.pop("FunctionName") == name
    assert created.pop("FunctionArn") == f"arn:aws:lambda:{REGION}:000000000000:function:{name}"
    import hashlib
    assert created.pop("CodeSha256") == sha256(code)
    assert created.pop("CodeSize") == len(code)
    assert re.fullmatch(UUID, created.pop("RevisionId"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", created.pop("LastModified"))
    assert created == {"State": "Pending", "StateReason": "The function is being created.", "StateReasonCode": "Creating"}


def test_get_shows_it_active(functions):
    name = python(functions, "def handler(event, context): pass", Tags={"team": "a"}, Environment={"Variables": {"ENV_A": "a"}})
    functions.get_waiter("function_active").wait(FunctionName=name)
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    found = functions.get_function(FunctionName=name)
    assert found["Configuration"]["State"] == "Active" and found["Configuration"]["LastUpdateStatus"] == "Successful"
    assert "StateReason" not in found["Configuration"]
    assert found["Configuration"]["Environment"] == {"Variables": {"ENV_A": "a"}}
    assert found["Code"]["RepositoryType"] == "S3" and found["Code"]["Location"].startswith("http")
    assert found["Tags"] == {"team": "a"}
    alone = functions.get_function_configuration(FunctionName=name)
    alone.pop("ResponseMetadata")
    assert alone == found["Configuration"]


def test_every_form_of_the_name_is_understood(functions):
    name = python(functions, "def handler(event, context): return context.invoked_function_arn")
    arn = f"arn:aws:lambda:{REGION}:000000000000:function:{name}"
    for form in [name, f"{name}:$LATEST", f"000000000000:function:{name}", arn, f"{arn}:$LATEST"]:
        assert functions.get_function_configuration(FunctionName=form)["FunctionName"] == name
        assert invoke(functions, form)[0] == (arn + ":$LATEST" if form.endswith("$LATEST") else arn)
    assert functions.get_function(FunctionName=name, Qualifier="$LATEST")["Configuration"]["FunctionArn"] == arn + ":$LATEST"
    assert invoke(functions, name, Qualifier="$LATEST")[0] == arn + ":$LATEST"


def error_of(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def test_unknown_functions(functions):
    arn = f"arn:aws:lambda:{REGION}:000000000000:function:nowhere"
    missing = (404, "ResourceNotFoundException", f"Function not found: {arn}")
    assert error_of(functions.get_function, FunctionName="nowhere") == missing
    assert error_of(functions.get_function_configuration, FunctionName="nowhere") == missing
    assert error_of(functions.delete_function, FunctionName="nowhere") == missing
    assert error_of(functions.update_function_code, FunctionName="nowhere", ZipFile=packed({"a": ""})) == missing
    assert error_of(functions.update_function_configuration, FunctionName="nowhere", Timeout=5) == missing
    assert error_of(functions.invoke, FunctionName="nowhere") == (*missing[:2], missing[2] + ":$LATEST")
    assert error_of(functions.invoke, FunctionName="nowhere", InvocationType="Event") == (*missing[:2], missing[2] + ":$LATEST")
    name = python(functions, "def handler(event, context): pass")
    assert error_of(functions.invoke, FunctionName=name, Qualifier="7")[2].endswith(f"function:{name}:7")


def test_a_name_is_taken_once(functions):
    name = python(functions, "def handler(event, context): return 1")
    again = {"FunctionName": name, "Role": ROLE, "Runtime": PYTHON, "Handler": "index.handler", "Code": {"ZipFile": packed({"a": ""})}}
    assert error_of(functions.create_function, **again) == (409, "ResourceConflictException", f"Function already exist: {name}")
    assert invoke(functions, name)[0] == 1


def test_refused_configurations(functions):
    good = {"FunctionName": unique(), "Role": ROLE, "Runtime": PYTHON, "Handler": "index.handler", "Code": {"ZipFile": packed({"a": ""})}}
    create_function = functions.create_function
    assert error_of(create_function, **{**good, "Runtime": "cobol85"})[:2] == (400, "InvalidParameterValueException")
    assert error_of(create_function, **{**good, "Timeout": 901})[1:] == (
        "ValidationException", "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: "
        "Member must have value less than or equal to 900")
    assert error_of(create_function, **{**good, "MemorySize": 10241})[1] == "ValidationException"
    assert error_of(create_function, **{**good, "FunctionName": "a b"})[1] == "ValidationException"
    assert error_of(create_function, **{**good, "FunctionName": "a" * 65})[1] == "ValidationException"
    assert "AWS_REGION" in error_of(create_function, **{**good, "Environment": {"Variables": {"AWS_REGION": "x"}}})[2]
    assert "4KB limit" in error_of(create_function, **{**good, "Environment": {"Variables": {"LONG": "x" * 5000}}})[2]
    assert error_of(create_function, **{**good, "Code": {"S3Bucket": "nowhere", "S3Key": "a.zip"}})[1] == "InvalidParameterValueException"
    assert error_of(create_function, **{**good, "Code": {"S3Bucket": "local", "S3Key": "/no/such/place"}})[2].endswith("does not exist.")
    assert "Could not unzip" in error_of(create_function, **{**good, "Code": {"ZipFile": b"not a zip"}})[2]
    assert error_of(functions.get_function, FunctionName=good["FunctionName"])[0] == 404


def test_an_archive_cannot_leave_its_directory(functions, server):
    good = {"Role": ROLE, "Runtime": PYTHON, "Handler": "index.handler"}
    for files in [{"../evil": "x"}, {"/tmp/evil": "x"}, {"a/../../evil": "x"}, {"a\\b": "x"}, {"link": ("/etc/passwd", 0o120777)}]:
        name = unique()
        code, kind, message = error_of(functions.create_function, FunctionName=name, Code={"ZipFile": packed(files)}, **good)
        assert (code, kind) == (400, "InvalidParameterValueException") and "Could not unzip" in message
        assert not list(server.directory.glob(f"functions/{name}/*"))
    assert not list(server.directory.rglob("evil"))


def test_update_configuration(functions):
    name = python(functions, "import os\ndef handler(event, context): return os.environ.get('ENV_A')", Description="before")
    assert invoke(functions, name)[0] is None
    before = functions.get_function_configuration(FunctionName=name)
    updated = functions.update_function_configuration(
        FunctionName=name, Timeout=10, MemorySize=512, Environment={"Variables": {"ENV_A": "a"}})
    assert updated["LastUpdateStatus"] == "InProgress" and updated["LastUpdateStatusReasonCode"] == "Creating"
    assert (updated["Timeout"], updated["MemorySize"], updated["Description"]) == (10, 512, "before")
    assert updated["RevisionId"] != before["RevisionId"] and updated["CodeSha256"] == before["CodeSha256"]
    functions.get_waiter("function_updated_v2").wait(FunctionName=name)
    assert invoke(functions, name)[0] == "a"


def test_list_pages(functions, server):
    names = {python(functions, "def handler(event, context): pass") for _ in range(3)}
    found = [each["FunctionName"] for page in functions.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2})
             for each in page["Functions"]]
    assert names <= set(found) and len(found) == len(set(found))


# ---------------------------------------------------------------------------------------- answers


def test_python_success(functions):
    name = python(functions, "def handler(event, context): return {'got': event, 'text': 'Köln'}")
    payload, answer = invoke(functions, name, {"a": [1, 2.5, None, "ä"]})
    assert payload == {"got": {"a": [1, 2.5, None, "ä"]}, "text": "Köln"}
    assert answer["StatusCode"] == 200 and answer["ExecutedVersion"] == "$LATEST" and "FunctionError" not in answer
    assert answer["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "application/json"


def test_no_return_value_is_null(functions):
    for name in [python(functions, "def handler(event, context): pass"), node(functions, "exports.handler = async () => {}"),
                 node(functions, "exports.handler = () => {}")]:
        answer = functions.invoke(FunctionName=name)
        assert answer["Payload"].read() == b"null" and "FunctionError" not in answer


def test_no_payload_is_an_empty_object(functions):
    name = python(functions, "def handler(event, context): return event")
    assert json.loads(functions.invoke(FunctionName=name)["Payload"].read()) == {}


def test_python_exception(functions):
    name = python(functions, 'def handler(event, context):\n    raise Exception("Handler fails")\n')
    payload = fails(functions, name)
    assert re.fullmatch(UUID, payload.pop("requestId"))
    assert len(payload["stackTrace"]) == 1
    assert re.fullmatch(r'  File "/.*/index\.py", line 2, in handler\n    raise Exception\("Handler fails"\)\n', payload["stackTrace"][0])
    assert (payload["errorMessage"], payload["errorType"]) == ("Handler fails", "Exception")
    assert list(payload) == ["errorMessage", "errorType", "stackTrace"]
    assert fails(functions, name)["errorType"] == "Exception"  # the same process goes on


def test_python_failures_before_the_handler(functions):
    payload = fails(functions, python(functions, "import nothing_of_that_name\n"))
    assert payload == {"errorMessage": "Unable to import module 'index': No module named 'nothing_of_that_name'",
                       "errorType": "Runtime.ImportModuleError", "requestId": "", "stackTrace": []}
    payload = fails(functions, python(functions, "raise ValueError('at import')\n"))
    assert (payload["errorType"], payload["errorMessage"], payload["requestId"]) == ("ValueError", "at import", "")
    payload = fails(functions, python(functions, "def handler(:\n"))
    assert payload["errorType"] == "Runtime.UserCodeSyntaxError" and payload["errorMessage"].startswith("Syntax error in module 'index'")
    payload = fails(functions, python(functions, "other = 1\n"))
    assert (payload["errorType"], payload["errorMessage"]) == (
        "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'index'")
    payload = fails(functions, python(functions, "def handler(event, context): return {1, 2}\n"))
    assert (payload["errorType"], payload["errorMessage"]) == (
        "Runtime.MarshalError", "Unable to marshal response: Object of type set is not JSON serializable")


def test_node_handler_styles(functions):
    styles = {
        "exports.handler = async (event) => ({got: event.n})": "index.js",
        "exports.handler = (event, context, callback) => callback(null, {got: event.n})": "index.js",
        "exports.handler = (event, context, callback) => { setTimeout(() => callback(null, {got: event.n}), 5) }": "index.js",
        "exports.handler = (event, context) => context.succeed({got: event.n})": "index.js",
        "exports.handler = (event, context) => { setTimeout(() => context.done(null, {got: event.n}), 5) }": "index.js",
        "exports.handler = (event) => Promise.resolve({got: event.n})": "index.js",
        "export const handler = async (event) => ({got: event.n})": "index.mjs",
        "module.exports.handler = async (event) => ({got: event.n})": "index.cjs",
        "export default {handler: async (event) => ({got: event.n})}": "index.mjs",
    }
    for n, (text, file) in enumerate(styles.items()):
        name = node(functions, text, file)
        for round_ in range(2):
            assert invoke(functions, name, {"n": n + round_})[0] == {"got": n + round_}, text


def test_node_modules_and_paths(functions):
    name = create(functions, NODE, {
        "src/app.js": "import {word} from './word.js'; export const deep = {handler: async () => word}",
        "src/word.js": "export const word = 'esm'", "package.json": '{"type": "module"}'}, handler="src/app.deep.handler")
    assert invoke(functions, name)[0] == "esm"
    name = create(functions, NODE, {"index.js": "const w = require('word'); exports.handler = async () => w",
                                    "node_modules/word/index.js": "module.exports = 'cjs'"})
    assert invoke(functions, name)[0] == "cjs"


def test_node_waits_for_the_event_loop_with_callbacks(functions):
    text = """let late = 0;
exports.handler = (event, context, callback) => {
  context.callbackWaitsForEmptyEventLoop = event.wait;
  const began = Date.now();
  setTimeout(() => { late = Date.now() - began; }, 60);
  callback(null, 'called');
};"""
    name = node(functions, text)
    invoke(functions, name, {"wait": False})  # warm
    time.sleep(0.1)
    began = time.monotonic()
    assert invoke(functions, name, {"wait": True})[0] == "called"
    assert time.monotonic() - began >= 0.055
    began = time.monotonic()
    assert invoke(functions, name, {"wait": False})[0] == "called"
    assert time.monotonic() - began < 0.05


def test_node_errors(functions):
    payload = fails(functions, node(functions, "exports.handler = async () => { throw new TypeError('no') }"))
    assert (payload["errorType"], payload["errorMessage"], payload["trace"][0]) == ("TypeError", "no", "TypeError: no")
    assert set(payload) == {"errorType", "errorMessage", "trace"}
    for text in ["(e, context) => context.fail(new Error('no'))", "(e, c, callback) => callback(new Error('no'))",
                 "() => { throw new Error('no') }", "async () => Promise.reject(new Error('no'))"]:
        payload = fails(functions, node(functions, "exports.handler = " + text))
        assert (payload["errorType"], payload["errorMessage"]) == ("Error", "no"), text
    payload = fails(functions, node(functions, "exports.handler = async () => { throw 'text' }"))
    assert payload == {"errorType": "string", "errorMessage": "text", "trace": []}
    payload = fails(functions, node(functions, "exports.handler = () => new Promise(() => setTimeout(() => { throw new Error('late') }))"))
    assert (payload["errorType"], payload["errorMessage"]) == ("Error", "late")
    payload = fails(functions, node(functions, "exports.handler = () => new Promise(() => { Promise.reject(new Error('left')) })"))
    assert (payload["errorType"], payload["errorMessage"]) == ("Runtime.UnhandledPromiseRejection", "Error: left")


def test_node_failures_before_the_handler(functions):
    payload = fails(functions, node(functions, "require('nothing-of-that-name')"))
    assert payload["errorType"] == "Runtime.ImportModuleError"
    assert payload["errorMessage"].startswith("Error: Cannot find module 'nothing-of-that-name'")
    payload = fails(functions, node(functions, "x", "other.js"))
    assert payload["errorMessage"].startswith("Error: Cannot find module 'index'")
    assert fails(functions, node(functions, "exports.handler = ("))["errorType"] == "Runtime.UserCodeSyntaxError"
    payload = fails(functions, node(functions, "exports.other = 1"))
    assert (payload["errorType"], payload["errorMessage"]) == (
        "Runtime.HandlerNotFound", "index.handler is undefined or not exported")


def test_the_echo_function_works_unchanged(functions):
    text = ("exports.handler = (event,context) => {console.log(event.Records.map(item=>Object.entries(item.dynamodb.NewImage))); "
            "context.succeed(event);}")
    event = {"Records": [{"dynamodb": {"NewImage": {"id": {"S": "1"}}}}]}
    payload, answer = invoke(functions, node(functions, text), event, LogType="Tail")
    assert payload == event
    assert "[ [ [ 'id', [Object] ] ] ]" in base64.b64decode(answer["LogResult"]).decode()


def test_custom_runtime(functions):
    shell = """#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
while true; do
  head=$(mktemp)
  event=$(curl -sS -D "$head" "$api/invocation/next")
  id=$(grep -i Lambda-Runtime-Aws-Request-Id "$head" | tr -d '[:space:]' | cut -d: -f2)
  rm -f "$head"
  curl -sS -o /dev/null "$api/invocation/$id/response" -d "{\\"event\\":$event,\\"handler\\":\\"$_HANDLER\\"}"
done
"""
    name = create(functions, OWN, {"bootstrap": (shell, 0o100755)}, handler="my.handler")
    assert invoke(functions, name, [1])[0] == {"event": [1], "handler": "my.handler"}
    assert invoke(functions, name, [2])[0] == {"event": [2], "handler": "my.handler"}


def test_a_runtime_client_that_the_code_brings_is_used(functions):
    script = """const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/`;
for (;;) {
  const next = await fetch(api + 'next');
  const id = next.headers.get('lambda-runtime-aws-request-id');
  await fetch(`${api}${id}/response`, {method: 'POST', body: JSON.stringify([process.argv[2], await next.json()])});
}"""
    name = create(functions, NODE, {"node_modules/aws-lambda-ric/bin/index.mjs": script, "index.js": ""}, handler="index.own")
    for n in range(3):
        assert invoke(functions, name, n)[0] == ["index.own", n]


def test_custom_runtime_without_bootstrap(functions):
    for files in [{"other": "x"}, {"bootstrap": ("#!/bin/sh\n", 0o100644)}]:
        payload = fails(functions, create(functions, OWN, files))
        assert payload["errorType"] == "Runtime.InvalidEntrypoint" and "Couldn't find valid bootstrap" in payload["errorMessage"]


def sandbox(payload, kind, words):
    assert payload["errorType"] == kind and re.fullmatch(f"RequestId: {UUID} Error: {words}", payload["errorMessage"]), payload
    assert list(payload) == ["errorType", "errorMessage"]


def test_timeout(functions, server, tmp_path):
    """The process is ended with its children, and the next call has a new one."""
    text = f"""import subprocess, time, os
def handler(event, context):
    if event == 'quick': return os.getpid()
    child = subprocess.Popen(['sleep', '300'])
    open({str(tmp_path / 'pids')!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')
    print('before')
    time.sleep(30)"""
    name = python(functions, text, Timeout=1)
    first = invoke(functions, name, "quick")[0]
    began = time.monotonic()
    sandbox(fails(functions, name), "Sandbox.Timedout", r"Task timed out after 1\.00 seconds")
    assert 0.95 < time.monotonic() - began < 2
    pids = [int(word) for word in (tmp_path / "pids").read_text().split()]
    assert pids[0] == first
    until = time.monotonic() + 5
    while any(os.path.exists(f"/proc/{pid}") and "Z" not in pathlib.Path(f"/proc/{pid}/stat").read_text().split()[2] for pid in pids):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert invoke(functions, name, "quick")[0] != first
    log = log_of(server, name)
    assert re.search(r" before\n", log) and "Task timed out after 1.00 seconds" in log and "Status: timeout" in log


def test_process_exits(functions):
    name = python(functions, "import sys, os\ndef handler(event, context):\n    if event is None: return os.getpid()\n    sys.exit(event)")
    first = invoke(functions, name)[0]
    sandbox(fails(functions, name, 0), "Runtime.ExitError", "Runtime exited without providing a reason")
    second = invoke(functions, name)[0]
    assert second != first
    sandbox(fails(functions, name, 3), "Runtime.ExitError", "Runtime exited with error: exit status 3")
    killed = python(functions, "import os\ndef handler(event, context): os.kill(os.getpid(), 9)")
    sandbox(fails(functions, killed), "Runtime.ExitError", "Runtime exited with error: signal: killed")
    sandbox(fails(functions, python(functions, "import sys\nsys.exit(0)")), "Runtime.ExitError", "Runtime exited without providing a reason")
    sandbox(fails(functions, node(functions, "process.exit(7)")), "Runtime.ExitError", "Runtime exited with error: exit status 7")
    broken = create(functions, OWN, {"bootstrap": ("#!/no/such/program\n", 0o100755)})
    sandbox(fails(functions, broken), "Runtime.ExitError", "Runtime exited with error: exit status 127")


def test_oversize_response(functions):
    for name in [python(functions, "import os\ndef handler(n, context): return 'x' * n if n else os.getpid()"),
                 node(functions, "exports.handler = async (n) => n ? 'x'.repeat(n) : process.pid")]:
        first = invoke(functions, name, 0)[0]
        assert len(invoke(functions, name, 6291554)[0]) == 6291554
        assert fails(functions, name, 6291555) == {
            "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
            "errorType": "Function.ResponseSizeTooLarge"}
        assert invoke(functions, name, 0)[0] == first


def test_request_payloads(functions):
    name = python(functions, "def handler(event, context): return len(event)")
    assert invoke(functions, name, "x" * (6 * 1024 * 1024 - 2))[0] == 6 * 1024 * 1024 - 2
    assert error_of(functions.invoke, FunctionName=name, Payload=b"x" * (6 * 1024 * 1024 + 1))[0] == 413
    code, kind, message = error_of(functions.invoke, FunctionName=name, Payload=b"{not json")
    assert (code, kind) == (400, "InvalidRequestContentException") and message.startswith("Could not parse request body into json: ")


def test_invocation_types(functions, tmp_path):
    name = python(functions, f"def handler(event, context): open({str(tmp_path / 'ran')!r}, 'w').write(context.aws_request_id)")
    answer = functions.invoke(FunctionName=name, InvocationType="DryRun")
    assert answer["StatusCode"] == 204 and not (tmp_path / "ran").exists()
    answer = functions.invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
    assert answer["StatusCode"] == 202 and answer["Payload"].read() == b""
    until = time.monotonic() + 10
    while not (tmp_path / "ran").exists():
        assert time.monotonic() < until
        time.sleep(0.01)


# ---------------------------------------------------------------------------------------- processes


def test_a_warm_process_is_used_again(functions):
    name = python(functions, "import os\ncount = 0\ndef handler(event, context):\n    global count\n    count += 1\n"
                             "    return [os.getpid(), count]")
    answers = [invoke(functions, name)[0] for _ in range(20)]
    assert answers == [[answers[0][0], n] for n in range(1, 21)]


def test_calls_run_side_by_side(functions):
    name = python(functions, "import os, time\ndef handler(event, context):\n    time.sleep(0.5)\n    return [os.getpid(), event]", Timeout=30)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: invoke(functions, name, n)[0], range(8)))
    assert [event for _, event in answers] == list(range(8))
    assert len({pid for pid, _ in answers}) > 1


def test_calls_in_a_row_do_not_start_processes(functions):
    """Between an answer and the process's next question lies a moment: who invokes in it waits for that process."""
    name = node(functions, "exports.handler = async () => process.pid")
    invoke(functions, name)
    assert len({invoke(functions, name)[0] for _ in range(200)}) == 1


def test_updated_code_runs_at_once(functions, server):
    name = python(functions, "def handler(event, context): return 1")
    assert invoke(functions, name)[0] == 1
    for n in range(2, 6):
        functions.update_function_code(FunctionName=name, ZipFile=packed({"index.py": f"def handler(event, context): return {n}"}))
        assert invoke(functions, name)[0] == n
    folder, until = server.directory / "functions" / name, time.monotonic() + 5
    while len(list(folder.iterdir())) > 2:
        assert time.monotonic() < until, "old code is left"
        time.sleep(0.01)
    code, archive = sorted(folder.iterdir())
    assert code.is_dir() and (code / "index.py").read_text().endswith("return 5") and archive.name == code.name + ".zip"


def test_a_running_call_ends_on_the_code_it_began_with(functions):
    text = "import time\ndef handler(event, context):\n    time.sleep(0.7)\n    import late\n    return late.word"
    name = create(functions, PYTHON, {"index.py": text, "late.py": "word = 'old'"})
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        running = pool.submit(invoke, functions, name)
        time.sleep(0.3)
        functions.update_function_code(FunctionName=name, ZipFile=packed({"index.py": text, "late.py": "word = 'new'"}))
        assert running.result()[0] == "old"
    assert invoke(functions, name)[0] == "new"


def test_deleted_functions_are_gone(functions, server):
    name = python(functions, "import os\ndef handler(event, context): return os.getpid()")
    pid = invoke(functions, name)[0]
    assert functions.delete_function(FunctionName=name)["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert error_of(functions.invoke, FunctionName=name)[0] == 404
    until = time.monotonic() + 5
    while os.path.exists(f"/proc/{pid}") or list((server.directory / "functions" / name).glob("*")):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_directory_is_used_in_place(functions, tmp_path):
    code = tmp_path / "code"
    (code / "lib").mkdir(parents=True)
    (code / "lib/__init__.py").touch()
    (code / "lib/word.py").write_text("word = 1")
    (code / "index.py").write_text("from lib.word import word\nimport os\ndef handler(event, context): return [word, os.getcwd(), os.getpid()]")
    name = unique()
    functions.create_function(FunctionName=name, Role=ROLE, Runtime=PYTHON, Handler="index.handler",
                              Code={"S3Bucket": "local", "S3Key": str(code)})
    first = invoke(functions, name)[0]
    assert first[:2] == [1, str(code)]
    assert invoke(functions, name)[0] == first
    for n in range(2, 6):  # a change is seen by the very next call
        (code / "lib/word.py").write_text(f"word = {n}")
        assert invoke(functions, name)[0][0] == n
    assert not list(code.rglob("__pycache__"))
    functions.delete_function(FunctionName=name)
    assert (code / "index.py").exists()


ENVIRONMENT = """import os
def handler(event, context):
    return {'environment': dict(os.environ), 'cwd': os.getcwd(), 'context': {
        name: getattr(context, name) for name in ('function_name', 'function_version', 'memory_limit_in_mb', 'aws_request_id',
        'log_group_name', 'log_stream_name')}, 'left': context.get_remaining_time_in_millis()}"""


def test_environment_and_context(functions, server):
    name = python(functions, ENVIRONMENT, Environment={"Variables": {"TEST_KEY": "TEST_VAL", "TZ": "Europe/Berlin"}}, MemorySize=1024)
    got, answer = invoke(functions, name)
    seen = got["environment"]
    expected = {
        "AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION, "AWS_EXECUTION_ENV": f"AWS_Lambda_{PYTHON}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024", "AWS_LAMBDA_FUNCTION_NAME": name, "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}", "_HANDLER": "index.handler",
        "LANG": "en_US.UTF-8", "TEST_KEY": "TEST_VAL", "TZ": "Europe/Berlin", "LAMBDA_TASK_ROOT": got["cwd"],
        "AWS_ENDPOINT_URL": server.endpoint, "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR"}
    assert {key: seen.get(key) for key in expected} == expected
    assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API",
            "LAMBDA_RUNTIME_DIR", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "AWS_XRAY_DAEMON_ADDRESS", "_X_AMZN_TRACE_ID"} <= set(seen)
    context = got["context"]
    assert (context["function_name"], context["function_version"], context["memory_limit_in_mb"]) == (name, "$LATEST", "1024")
    assert context["aws_request_id"] == answer["ResponseMetadata"]["RequestId"]
    assert context["log_stream_name"] == seen["AWS_LAMBDA_LOG_STREAM_NAME"]
    assert 2000 < got["left"] <= 3000
    assert "AWS_EXECUTION_ENV" not in invoke(functions, create(functions, OWN, {"bootstrap": (OWN_ENVIRONMENT, 0o100755)}))[0]


OWN_ENVIRONMENT = """#!/usr/bin/python3
import json, os, urllib.request
api = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as answer:
        id = answer.headers["Lambda-Runtime-Aws-Request-Id"]
    urllib.request.urlopen(api + id + "/response", json.dumps(dict(os.environ)).encode())
"""


def test_client_context(functions):
    name = python(functions, "def handler(event, context): return [context.client_context.custom, context.client_context.client.app_title]")
    given = base64.b64encode(json.dumps({"custom": {"a": "b"}, "client": {"app_title": "t"}}).encode()).decode()
    assert invoke(functions, name, ClientContext=given)[0] == [{"a": "b"}, "t"]


@pytest.mark.parametrize("runtime,file,text", [
    (PYTHON, "index.py", "import boto3\ndef handler(event, context):\n"
     "    return [f['FunctionName'] for f in boto3.client('lambda').list_functions()['Functions']]")])
def test_an_sdk_inside_reaches_the_server(functions, runtime, file, text):
    name = create(functions, runtime, {file: text}, Timeout=20)
    assert name in invoke(functions, name)[0] or len(invoke(functions, name)[0]) == 50


# ---------------------------------------------------------------------------------------- logs


def test_code_that_is_gone_is_the_functions_failure(functions, server):
    name = python(functions, "def handler(event, context): return 1")
    shutil.rmtree(server.directory / "functions" / name)
    gone = fails(functions, name)
    assert gone["errorType"] == "Runtime.InvalidEntrypoint" and "the function's code is gone" in gone["errorMessage"]
    functions.update_function_code(FunctionName=name, ZipFile=packed({"index.py": "def handler(event, context): return 2"}))
    functions.get_waiter("function_updated_v2").wait(FunctionName=name)
    assert invoke(functions, name)[0] == 2


def test_log_lines(functions, server):
    text = """import sys, logging
print('at import')
def handler(event, context):
    print('out', event)
    print('err', file=sys.stderr)
    logging.getLogger().warning('careful')
    sys.stdout.write('no end of line')"""
    name = python(functions, text)
    _, answer = invoke(functions, name, 1, LogType="Tail")
    request = answer["ResponseMetadata"]["RequestId"]
    tail = base64.b64decode(answer["LogResult"]).decode().splitlines()
    assert tail[0] == f"START RequestId: {request} Version: $LATEST"
    assert tail[1:3] == ["out 1", "err"]
    assert re.fullmatch(rf"\[WARNING\]\t[-0-9T:.]+Z\t{request}\tcareful", tail[3])
    assert tail[4:6] == ["no end of line", f"END RequestId: {request}"]
    assert re.fullmatch(rf"REPORT RequestId: {request}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\t"
                        rf"Max Memory Used: [1-9]\d* MB\tInit Duration: [\d.]+ ms\t", tail[6]) and len(tail) == 7
    assert "LogResult" not in invoke(functions, name, 2)[1]
    lines = [line.split(" ", 3) for line in log_of(server, name).splitlines()]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line[0]) for line in lines)
    assert [line[2:] for line in lines if line[3] == "at import"] == [["-", "at import"]]
    assert [line[3] for line in lines if line[2] == request] == tail
    assert sum("Init Duration" in line[3] for line in lines) == 1


@pytest.mark.parametrize("text, error", [
    ("print('at import')\nimport never_was", "[ERROR] Runtime.ImportModuleError: Unable to import module 'index': "
                                            "No module named 'never_was'"),
    ("print('at import')", "[ERROR] Runtime.HandlerNotFound: Handler 'handler' missing on module 'index'"),
])
def test_the_log_of_a_start_that_fails_is_its_first_calls(functions, text, error):
    name = python(functions, text)
    _, answer = invoke(functions, name, LogType="Tail")
    tail = base64.b64decode(answer["LogResult"]).decode().splitlines()
    assert tail[0] == "at import" and error in tail
    assert [line.split(" ")[0] for line in tail[-3:]] == ["START", "END", "REPORT"]
    assert "LogResult" not in invoke(functions, name)[1]


def test_log_lines_belong_to_their_call(functions, server):
    name = python(functions, "def handler(event, context):\n    for n in range(50): print(f'{event} {n}')", Timeout=30)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: invoke(functions, name, n)[1]["ResponseMetadata"]["RequestId"], range(24)))
    said = {}
    for line in log_of(server, name).splitlines():
        _, _, request, words = line.split(" ", 3)
        said.setdefault(request, []).append(words)
    for n, request in enumerate(answers):
        assert said[request][1:-2] == [f"{n} {k}" for k in range(50)]


def test_log_tail_is_the_last_4_kilobytes(functions):
    name = python(functions, "def handler(event, context):\n    for n in range(100000): print('line', n)", Timeout=30)
    tail = base64.b64decode(invoke(functions, name, LogType="Tail")[1]["LogResult"]).decode()
    assert len(tail) == 4096 and "line 99999\nEND RequestId" in tail


# ---------------------------------------------------------------------------------------- the AWS CLI, leat's commands


def cli(server, *arguments):
    done = subprocess.run(["/usr/bin/aws", "--endpoint-url", server.endpoint, "--output", "json", *arguments],
                          env=environment(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


def test_the_aws_cli(server, tmp_path):
    name, archive = unique("cli"), tmp_path / "code.zip"
    archive.write_bytes(packed({"index.py": "def handler(event, context): return event"}))
    created = cli(server, "lambda", "create-function", "--function-name", name, "--role", ROLE, "--runtime", PYTHON, "--handler",
                  "index.handler", "--zip-file", f"fileb://{archive}")
    assert created["State"] == "Pending"
    cli(server, "lambda", "wait", "function-active", "--function-name", name)
    answer = cli(server, "lambda", "invoke", "--function-name", name, "--cli-binary-format", "raw-in-base64-out", "--payload", '{"a":1}',
                 str(tmp_path / "out")) if "v2" in CLI_VERSION else cli(
                     server, "lambda", "invoke", "--function-name", name, "--payload", '{"a":1}', str(tmp_path / "out"))
    assert answer == {"StatusCode": 200, "ExecutedVersion": "$LATEST"}
    assert json.loads((tmp_path / "out").read_text()) == {"a": 1}
    (tmp_path / "place").mkdir()
    (tmp_path / "place/index.py").write_text("def handler(event, context): return 'in place'")
    cli(server, "lambda", "update-function-code", "--function-name", name, "--s3-bucket", "leat:directory", "--s3-key",
        str(tmp_path / "place"))
    cli(server, "lambda", "invoke", "--function-name", name, str(tmp_path / "out"))
    assert json.loads((tmp_path / "out").read_text()) == "in place"
    assert name in [each["FunctionName"] for each in cli(server, "lambda", "list-functions")["Functions"]]
    cli(server, "lambda", "delete-function", "--function-name", name)


CLI_VERSION = subprocess.run(["/usr/bin/aws", "--version"], env=environment(), capture_output=True, text=True, check=False).stdout
CLI_VERSION = "v2" if CLI_VERSION.startswith("aws-cli/2") else "v1"


# ---------------------------------------------------------------------------------------- the end


def running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("way", ["kill", "stop"])
def test_no_process_outlives_the_server(tmp_path, way):
    program = Program(tmp_path / "data").start()
    try:
        functions = client(program)
        text = "import os, subprocess\nchild = subprocess.Popen(['sleep', '300'])\ndef handler(e, c): return [os.getpid(), child.pid]"
        pids = invoke(functions, python(functions, text))[0]
        pids += invoke(functions, node(functions, "exports.handler = async () => [process.pid]"))[0]
        assert all(running(pid) for pid in pids)
        getattr(program, way)()
        until = time.monotonic() + 5
        while any(running(pid) for pid in pids):
            assert time.monotonic() < until, pids
            time.sleep(0.01)
    finally:
        if program.process.poll() is None:
            program.kill()


def test_functions_outlive_the_server(tmp_path):
    program = Program(tmp_path / "data").start()
    try:
        functions = client(program)
        name = python(functions, "def handler(event, context): return 'still here'", Environment={"Variables": {"A_KEY": "b"}})
        before = functions.get_function_configuration(FunctionName=name)
        invoke(functions, name)
        (program.directory / "functions" / name / "left-over").mkdir()
        program.kill()
        program.start()
        assert invoke(functions, name)[0] == "still here"
        after = functions.get_function_configuration(FunctionName=name)
        assert {**before, "ResponseMetadata": 0} == {**after, "ResponseMetadata": 0}
        assert not (program.directory / "functions" / name / "left-over").exists()
        program.stop()
    finally:
        if program.process.poll() is None:
            program.kill()


def leat(server, *arguments, **more):
    return subprocess.run([PROGRAM, *arguments], env=environment(AWS_ENDPOINT_URL=server.endpoint), capture_output=True, text=True,
                          timeout=60, check=False, **more)


def test_leat_invoke(server, functions, tmp_path):
    name = python(functions, "def handler(event, context):\n    print('said')\n    if event == 'bad': raise ValueError('no')\n    return {'got': event}")
    done = leat(server, "invoke", name)
    assert (done.returncode, done.stdout, done.stderr) == (0, '{"got": {}}\n', "")
    (tmp_path / "event").write_text("[1]")
    assert json.loads(leat(server, "invoke", name, "--payload", f"@{tmp_path}/event").stdout) == {"got": [1]}
    assert json.loads(leat(server, "invoke", name, "-p", "-", input='{"a": 1}').stdout) == {"got": {"a": 1}}
    done = leat(server, "invoke", name, "-p", '"bad"', "--log")
    assert done.returncode == 2 and json.loads(done.stdout)["errorType"] == "ValueError"
    assert done.stderr.startswith("START RequestId") and "\nsaid\n" in done.stderr
    done = leat(server, "invoke", "nowhere")
    assert (done.returncode, done.stdout) == (1, "") and "Function not found" in done.stderr
    done = leat(server, "invoke", name, "-p", "{no")
    assert done.returncode == 1 and "Could not parse" in done.stderr
    done = leat(server, "invoke", name, "--async")
    assert (done.returncode, done.stdout) == (0, "")


def test_leat_logs(server, functions):
    name = python(functions, "def handler(event, context): print('said', event)")
    invoke(functions, name, 1)
    done = leat(server, "logs", name)
    assert done.returncode == 0
    words = [line.split(" ", 1)[1] for line in done.stdout.splitlines()]
    assert words[0].startswith("START RequestId: ") and words[1] == "said 1" and words[-1].startswith("REPORT")
    assert leat(server, "logs", name, "--data", str(server.directory)).stdout == done.stdout
    assert leat(server, "logs", name, "--long").stdout == log_of(server, name)
    with subprocess.Popen([PROGRAM, "logs", name, "-f"], env=environment(AWS_ENDPOINT_URL=server.endpoint), stdout=subprocess.PIPE,
                          text=True) as following:
        for _ in words:
            following.stdout.readline()
        invoke(functions, name, 2)
        following.stdout.readline()
        assert following.stdout.readline().endswith(" said 2\n")
        following.terminate()
    assert leat(server, "logs", python(functions, "def handler(event, context): pass")).stdout == ""
    never = leat(server, "logs", "never-made")
    assert never.returncode == 1 and "Function not found" in never.stderr
    assert leat(server, "logs", "no such name").returncode == 1


def test_a_server_that_never_had_a_function(tmp_path):
    """The table of functions is made with the first one: a start needs no commit."""
    server = Program(tmp_path / "data").start()
    try:
        functions = client(server)
        assert functions.list_functions()["Functions"] == []
        assert (tmp_path / "data" / "data").stat().st_size <= 8192, "the start has committed something"
        for call in (functions.get_function, functions.delete_function, functions.get_function_configuration):
            with pytest.raises(functions.exceptions.ResourceNotFoundException) as caught:
                call(FunctionName="none")
            arn = f"arn:aws:lambda:{REGION}:000000000000:function:none"
            assert caught.value.response["Error"]["Message"] == f"Function not found: {arn}"
        with concurrent.futures.ThreadPoolExecutor(8) as pool:  # all of them make the table
            names = list(pool.map(lambda _: python(functions, "def handler(event, context): return 1"), range(8)))
        server.kill()
        server.start()
        assert {one["FunctionName"] for one in client(server).list_functions()["Functions"]} == set(names)
        assert invoke(client(server), names[0])[0] == 1
        server.stop()
    finally:
        if server.process.poll() is None:
            server.kill()


def download(location):
    with urllib.request.urlopen(location, timeout=20) as answer:
        assert answer.headers["Content-Type"] == "application/zip"
        return answer.read()


def test_code_can_be_downloaded_again(tmp_path):
    """From a server with credentials, without any: the location is signed."""
    (tmp_path / "keys").write_text("aws_access_key_id = K\naws_secret_access_key = S\n")
    server = Program(tmp_path / "data", "--credentials", str(tmp_path / "keys")).start()
    try:
        functions = boto3.client("lambda", endpoint_url=server.endpoint, region_name=REGION, aws_access_key_id="K",
                                 aws_secret_access_key="S", config=botocore.config.Config(retries={"max_attempts": 0}))
        first, second = (packed({"index.py": f"def handler(event, context): return {i}", "data": "x" * i}) for i in (1, 300000))
        functions.create_function(FunctionName="f", Role=ROLE, Runtime=PYTHON, Handler="index.handler", Code={"ZipFile": first})

        def check(code):
            answer = functions.get_function(FunctionName="f")
            fetched = download(answer["Code"]["Location"])
            assert fetched == code and sha256(fetched) == answer["Configuration"]["CodeSha256"]
            return answer["Code"]["Location"]

        old = check(first)
        functions.update_function_code(FunctionName="f", ZipFile=second)
        check(second)
        server.stop()
        server.start()
        location = check(second)
        assert download(old) == second
        deadline = time.monotonic() + 10
        folder = server.directory / "functions" / "f"
        while len(list(folder.iterdir())) > 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert sorted(path.suffix for path in folder.iterdir()) == ["", ".zip"], "the first one is still there"
        for wrong in (location.split("?")[0], location.replace("/f/code", "/g/code"), location.replace("/f/code", "/f/log"),
                      location[:-1] + ("0" if location[-1] != "0" else "1"), location.replace("Expires=600", "Expires=6000")):
            with pytest.raises(urllib.error.HTTPError) as caught:
                download(wrong)
            assert caught.value.code == 403
        functions.delete_function(FunctionName="f")
        with pytest.raises(urllib.error.HTTPError) as caught:
            download(location)
        assert caught.value.code == 404
        server.stop()
        server.start()
        assert not folder.exists()
        server.stop()
    finally:
        if server.process.poll() is None:
            server.kill()


def test_code_can_be_downloaded_where_anybody_may_ask(functions):
    name = python(functions, "def handler(event, context): pass")
    answer = functions.get_function(FunctionName=name)
    assert sha256(download(answer["Code"]["Location"])) == answer["Configuration"]["CodeSha256"]
