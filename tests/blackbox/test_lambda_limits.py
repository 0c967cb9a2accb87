"""What holds Lambda functions within their limits: memory, time, and children that try to get away."""
import json
import os
import pathlib
import re
import subprocess
import time

import pytest

from lambda_kit import UUID, client, invoke, node, python, server_for
from program import Program


@pytest.fixture(name="server", scope="module")
def fixture_server(tmp_path_factory):
    yield from server_for(tmp_path_factory)


@pytest.fixture(name="functions", scope="module")
def fixture_functions(server):
    return client(server)


GROW_PYTHON = """
import time
def handler(event, context):
    held = bytearray(event["megabytes"] << 20)
    for i in range(0, len(held), 4096): held[i] = 1
    time.sleep(event.get("s", 0))
    return len(held) >> 20
"""
GROW_NODE = """
exports.handler = async (event) => {
  const held = [];
  for (let i = 0; i < event.megabytes; i++) held.push(Buffer.alloc(1 << 20, 1));
  await new Promise((done) => setTimeout(done, 1000 * (event.s ?? 0)));
  return held.length;
};
"""


@pytest.mark.parametrize("make, text", [(python, GROW_PYTHON), (node, GROW_NODE)], ids=["python", "node"])
def test_memory(functions, make, text):
    name = make(functions, text, MemorySize=192, Timeout=20)
    assert invoke(functions, name, {"megabytes": 60, "s": 0.3})[0] == 60
    answer = functions.invoke(FunctionName=name, Payload=b'{"megabytes": 400, "s": 5}', LogType="Tail")
    payload = json.loads(answer["Payload"].read())
    assert answer["FunctionError"] == "Unhandled" and payload["errorType"] == "Runtime.ExitError"
    assert re.fullmatch(f"RequestId: {UUID.pattern} Error: Runtime exited with error: signal: killed", payload["errorMessage"])
    assert invoke(functions, name, {"megabytes": 60})[0] == 60, "the next one has a process of its own"
    functions.update_function_configuration(FunctionName=name, MemorySize=1024)
    assert invoke(functions, name, {"megabytes": 400, "s": 0.3})[0] == 400


def test_memory_at_the_start(functions):
    name = python(functions, "import time\nheld = b'x' * (400 << 20)\ntime.sleep(3)\ndef handler(event, context): pass\n", Timeout=20)
    answer = functions.invoke(FunctionName=name)
    assert json.loads(answer["Payload"].read())["errorMessage"].endswith("Runtime exited with error: signal: killed")


# a child in a session of its own, whose parent is gone: nothing but its environment says whose it is
ESCAPE = """
import os, subprocess, sys, time
def handler(event, context):
    subprocess.Popen(["sh", "-c", "(setsid sh -c 'echo $$ >> %s; exec sleep 1000' &) &"]).wait()
    until = time.monotonic() + 5
    while not os.path.exists(%r) and time.monotonic() < until: time.sleep(0.01)
    if event.get("exit"): os._exit(3)
    time.sleep(event.get("s", 0))
"""


def wait_gone(pid, seconds=10):
    until = time.monotonic() + seconds
    while pathlib.Path(f"/proc/{pid}/cmdline").exists() and b"sleep" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
        assert time.monotonic() < until, "still there"
        time.sleep(0.02)


@pytest.mark.parametrize("event", [{"s": 20}, {"exit": True}], ids=["timeout", "exit"])
def test_children_do_not_get_away(functions, tmp_path, event):
    place = tmp_path / "pid"
    name = python(functions, ESCAPE % (place, str(place)), Timeout=1)
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(event))
    assert answer["FunctionError"] == "Unhandled"
    wait_gone(int(place.read_text()))


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_children_do_not_outlive_the_server(tmp_path, end):
    program = Program(tmp_path / "data").start()
    place = tmp_path / "pid"
    functions = client(program)
    name = python(functions, ESCAPE % (place, str(place)), Timeout=10)
    invoke(functions, name)
    pid = int(place.read_text())
    bystander = subprocess.Popen(["sleep", "1000"], env={**os.environ, "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/21/[$LATEST]" + 32 * "0"}, start_new_session=True)
    try:
        assert b"sleep" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        getattr(program, end)()
        wait_gone(pid)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
