"""The running program against malformed requests, and through curl. The whole table is in tests/unit/net/test_http_probes.c; here a
part of it shows that the program has the same server in front, and that such requests leave it as it was."""
import socket
import subprocess

import pytest

from program import Program

GET = b"GET / HTTP/1.1\r\nHost: a\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

REFUSED = {
    "bare LF ends a header": (GET + b"X: y\n\r\n", 400),
    "bare LF LF ends the head": (GET + b"X: y\n\n", 400),
    "bare CR in a value": (GET + b"X: a\rb\r\n\r\n", 400),
    "head ended by CR LF CR X": (GET + b"\rX", 400),
    "HTTP/0.9": (b"GET /\r\n\r\n", 400),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", 400),
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two Hosts": (GET + b"Host: b\r\n\r\n", 400),
    "space before colon": (GET + b"X : y\r\n\r\n", 400),
    "folded header": (GET + b"X: a\r\n b\r\n\r\n", 400),
    "header without colon": (GET + b"X\r\n\r\n", 400),
    "zero byte in a value": (GET + b"X: a\0b\r\n\r\n", 400),
    "zero byte in the target": (b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "unknown method": (b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    "two lengths": (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
    "the same length twice": (POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400),
    "a list of lengths": (POST + b"Content-Length: 2, 2\r\n\r\n{}", 400),
    "length with a plus": (POST + b"Content-Length: +2\r\n\r\n{}", 400),
    "negative length": (POST + b"Content-Length: -2\r\n\r\n{}", 400),
    "length and chunked": (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "chunked is not last": (POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400),
    "unknown coding": (POST + b"Transfer-Encoding: cow\r\n\r\n0\r\n\r\n", 501),
    "chunked twice": (POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "chunked in HTTP/1.0": (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "chunk size is no number": (CHUNKED + b"x\r\n{}\r\n0\r\n\r\n", 400),
    "chunk size has a space": (CHUNKED + b"2 \r\n{}\r\n0\r\n\r\n", 400),
    "bare LF after chunk size": (CHUNKED + b"2\n{}\r\n0\r\n\r\n", 400),
    "chunk data longer than its size": (CHUNKED + b"1\r\n{}\r\n0\r\n\r\n", 400),
    "bare LF in a trailer": (CHUNKED + b"0\r\na: b\n\r\n", 400),
    "head too large": (GET + b"X: " + b"x" * 70000 + b"\r\n\r\n", 431),
    "too many headers": (GET + b"X: y\r\n" * 200 + b"\r\n", 431),
    "body too large": (POST + b"Content-Length: 99999999999\r\n\r\n", 413),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    program = Program(tmp_path_factory.mktemp("probes") / "data").start()
    yield program
    program.stop()


def hear_all(server, *spoken):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        for words in spoken:
            connection.sendall(words)
        heard = b""
        while more := connection.recv(65536):
            heard += more
        return heard


@pytest.mark.parametrize("name", REFUSED)
def test_a_malformed_request_gets_one_error_and_the_end(server, name):
    request, status = REFUSED[name]
    heard = hear_all(server, request, SMUGGLED)
    assert heard.startswith(b"HTTP/1.1 %d " % status), heard[:200]
    assert heard.count(b"\r\nDate: ") == 1, heard
    assert b"\r\nConnection: close\r\n" in heard
    assert heard.split(b"\r\n\r\n", 1)[1].startswith(b'{"message":"')
    assert server.answers()


def test_pipelined_requests_are_answered_in_order(server):
    heard = hear_all(server, GET + b"\r\n" + b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + GET + b"Connection: close\r\n\r\n")
    assert heard.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert heard.count(b"\r\nConnection: close\r\n") == 1


def curl(server, *words):
    done = subprocess.run(["/usr/bin/curl", "-sS", "-m", "20", "-w", "\n%{http_code}", *words, server.endpoint + "/"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.rsplit("\n", 1)[1])


def test_curl_with_expectation_chunks_and_old_HTTP(server, tmp_path):
    body = tmp_path / "body"
    body.write_bytes(b"x" * 3_000_000)
    told = curl(server, "--data-binary", f"@{body}", "-H", "Expect: 100-continue")
    assert curl(server, "--data-binary", f"@{body}", "-H", "Transfer-Encoding: chunked") == told
    assert curl(server, "--data-binary", f"@{body}", "-H", "Expect:") == told
    assert curl(server, "-0") == curl(server) == curl(server, "-I") == 200
