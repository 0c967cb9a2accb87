"""A Lambda handler in C, with the one-file client of the Runtime API in examples/lambda-c."""
import json
import os
import socket
import subprocess
import threading

import pytest

from lambda_kit import OWN, arn_of, client, create, invoke, server_for
from program import ROOT

SOURCES = ROOT / "examples/lambda-c"


@pytest.fixture(name="server", scope="module")
def fixture_server(tmp_path_factory):
    yield from server_for(tmp_path_factory)


@pytest.fixture(name="functions", scope="module")
def fixture_functions(server):
    return client(server)


@pytest.fixture(name="program", scope="module")
def fixture_program(tmp_path_factory):
    out = tmp_path_factory.mktemp("c") / "bootstrap"
    subprocess.run(["gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-static", "-o", out, SOURCES / "inserts.c",
                    SOURCES / "leat_lambda.c"], check=True, timeout=120)
    return out


def deployed(functions, program, **more):
    return create(functions, OWN, {"bootstrap": (program.read_bytes(), 0o100755)}, **more)


def test_it_is_cplusplus_too(tmp_path):
    (tmp_path / "t.cc").write_text('#include "leat_lambda.h"\nint main() { return leat_lambda_run(nullptr, nullptr); }\n')
    done = subprocess.run(["clang", "-x", "c++", "-fsyntax-only", "-Wall", "-Werror", f"-I{SOURCES}", tmp_path / "t.cc"], timeout=60)
    assert done.returncode == 0


def test_events_are_answered(functions, program):
    name = deployed(functions, program)
    record = {"eventName": "INSERT"}
    for i in range(1, 4):
        text = json.dumps({"Records": [record] * i + [{"eventName": "REMOVE"}]}, separators=(",", ":"))
        answer = functions.invoke(FunctionName=name, Payload=text)
        body = json.loads(answer["Payload"].read())
        assert 0 < body.pop("remaining_ms") <= 3000
        assert body == {"inserted": i, "total": i * (i + 1) // 2, "bytes": len(text), "arn": arn_of(name)}, "one warm process"
    large = json.dumps({"text": "x" * 5_000_000})
    assert invoke(functions, name, {"text": "x" * 5_000_000})[0]["bytes"] == len(large)


def test_errors_are_told(functions, program):
    name = deployed(functions, program)
    answer = functions.invoke(FunctionName=name, Payload=b'{"fail": "a\\nb"}', LogType="Tail")
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"].read()) == {
        "errorType": "Inserts.Asked", "errorMessage": 'the event "asks" for it: {"fail": "a\\nb"}'}
    assert invoke(functions, name)[0]["inserted"] == 0, "the process goes on"
    refusing = deployed(functions, program, Environment={"Variables": {"REFUSE_TO_START": "1"}})
    answer = functions.invoke(FunctionName=refusing)
    assert json.loads(answer["Payload"].read()) == {"errorType": "Inserts.NoStart", "errorMessage": "REFUSE_TO_START is set"}


def test_what_other_servers_send(tmp_path):
    """Chunks, pieces of single bytes, header names in other letters, a connection that ends between two requests."""
    program = tmp_path / "bootstrap"
    subprocess.run(["gcc", "-std=gnu11", "-g", "-fsanitize=address,undefined", "-o", program, SOURCES / "inserts.c",
                    SOURCES / "leat_lambda.c"], check=True, timeout=120)
    event = json.dumps({"Records": [{"eventName": "INSERT"}] * 50}, separators=(",", ":")).encode()
    head = (b"HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id:  id-1\r\nLAMBDA-RUNTIME-DEADLINE-MS: 99999999999999\r\n"
            b"Lambda-Runtime-Invoked-Function-Arn: arn:x\r\n")
    chunks = b"".join(b"%x;a=b\r\n%s\r\n" % (len(part), part) for part in (event[:7], event[7:700], event[700:]))
    accepted, answers = b"HTTP/1.1 202 Accepted\r\nContent-Length: 15\r\n\r\n{\"status\":\"OK\"}", []
    listener = socket.create_server(("127.0.0.1", 0))

    def read(connection):
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return None, None
            data += piece
        head_read, _, body = data.partition(b"\r\n\r\n")
        lines = [line.partition(b": ") for line in head_read.split(b"\r\n")]
        size = next((int(value) for name, _, value in lines if name == b"Content-Length"), 0)
        while len(body) < size:
            body += connection.recv(65536)
        return head_read.split(b"\r\n")[0], body

    def serve():
        for bodies in ([head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\nTrailer: x\r\n\r\n"],
                       [head + b"Content-Length: 2\r\n\r\n{}", None]):
            connection, _ = listener.accept()
            for body in bodies:
                line, _ = read(connection)
                assert line == b"GET /2018-06-01/runtime/invocation/next HTTP/1.1"
                if body is None:
                    connection.sendall(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
                    continue
                for i in range(0, len(body), 1 if len(body) < 400 else 100):
                    connection.sendall(body[i:i + (1 if len(body) < 400 else 100)])
                answers.append(read(connection))
                connection.sendall(accepted)
            connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    done = subprocess.run([program], env={**os.environ, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{listener.getsockname()[1]}"}, timeout=20,
                          capture_output=True)
    thread.join(20)
    listener.close()
    assert done.returncode == 1 and len(answers) == 2 and b"Sanitizer" not in done.stderr and b"runtime error" not in done.stderr
    assert answers[0][0] == b"POST /2018-06-01/runtime/invocation/id-1/response HTTP/1.1"
    first, second = (json.loads(body) for _, body in answers)
    assert (first["inserted"], first["bytes"], first["arn"], second["total"]) == (50, len(event), "arn:x", 50)
