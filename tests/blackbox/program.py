"""leat as a process under test: start, stop, kill; and a small HTTP client that is quicker than an SDK."""
import asyncio
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("LEAT_PROGRAM", str(ROOT / "build/leat"))
REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": REGION}


def environment(**more):
    """What a program started by a test sees: nothing of the user's AWS configuration, Debian's programs first."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, **CREDENTIALS, "AWS_REGION": REGION, "AWS_CONFIG_FILE": os.devnull, "AWS_MAX_ATTEMPTS": "1",
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_PAGER": "", "PATH": "/usr/bin:/bin:" + kept.get("PATH", ""), **more}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Program:
    """A server on a data directory. May be started again after stop or kill; keeps its port."""

    def __init__(self, directory, *arguments):
        self.directory, self.arguments = pathlib.Path(directory), arguments
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.log = self.directory.with_suffix(".log")
        self.process = None

    def start(self, seconds=20):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "serve", "--data", str(self.directory), "--listen", f"127.0.0.1:{self.port}", *self.arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment())
        until = time.monotonic() + seconds
        while not self.answers():
            assert self.process.poll() is None, f"the server has ended:\n{self.log.read_text()[-2000:]}"
            assert time.monotonic() < until, f"no answer after {seconds} s:\n{self.log.read_text()[-2000:]}"
            time.sleep(0.005)
        return self

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return connection.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds=20):
        """The way an operator does it. Fails when it does not end well, or a sanitizer has complained."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still there {seconds} s after SIGTERM:\n{self.log.read_text()[-2000:]}") from None
        text = self.log.read_text(errors="replace")
        assert code == 0, f"ended with {code}:\n{text[-4000:]}"
        assert "Sanitizer" not in text and "runtime error:" not in text, text[-8000:]


class Connection:
    """One keep-alive connection to DynamoDB's or another JSON protocol, for asyncio."""

    def __init__(self, port):
        self.port, self.reader, self.writer = port, None, None

    async def call(self, operation, request, service="DynamoDB_20120810"):
        """(status, answer). Raises ConnectionError or IncompleteReadError when the server goes away."""
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        body = json.dumps(request, separators=(",", ":")).encode()
        self.writer.write(
            (f"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: {service}.{operation}\r\n"
             "Content-Type: application/x-amz-json-1.0\r\n"
             f"Authorization: AWS4-HMAC-SHA256 Credential=local/20250101/{REGION}/dynamodb/aws4_request, "
             "SignedHeaders=host, Signature=0\r\nX-Amz-Date: 20250101T000000Z\r\n"
             f"Content-Length: {len(body)}\r\n\r\n").encode() + body)
        head = await self.reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        return int(head[9:12]), json.loads(await self.reader.readexactly(size) or b"null")

    def close(self):
        if self.writer is not None:
            self.writer.transport.abort()
            self.writer = None
