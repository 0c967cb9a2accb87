"""leat serve and its options, as an operator meets them."""
import pathlib
import re
import resource
import socket
import subprocess
import time

import pytest
from botocore.exceptions import ClientError

from conftest import Raw, boto_client
from program import PROGRAM, Program, environment


def leat(*words, **more):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=30, check=False, env=environment(**more))


@pytest.fixture(name="run")
def fixture_run(tmp_path):
    """run(*arguments, **environment) -> a Program that is ended with the test."""
    started = []

    def run(*arguments, port="0", **variables):
        data = str(tmp_path / f"data-{len(started)}")
        process = subprocess.Popen([PROGRAM, "serve", "--data", data, "--listen", f"127.0.0.1:{port}", *arguments],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   env=environment(**variables))
        started.append(process)
        line = process.stdout.readline()
        found = re.fullmatch(r"leat \d+\.\d+\.\d+ listening on (http://127\.0\.0\.1:(\d+)), data in (.+)\n", line)
        assert found, line + process.stdout.read()
        program = Program(data)
        program.process, program.endpoint, program.port, program.data = process, found[1], int(found[2]), found[3]
        return program

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()


def test_help_and_version():
    assert re.fullmatch(r"leat \d+\.\d+\.\d+\n", leat("version").stdout)
    assert leat("--version").stdout == leat("version").stdout
    whole = leat("--help")
    assert whole.returncode == 0 and re.search(r"^  serve ", whole.stdout, re.M)
    for command in re.findall(r"^  (\w+) ", whole.stdout, re.M):
        one = leat(command, "--help")
        assert one.returncode == 0 and one.stdout.startswith(f"usage: leat {command}"), command
    assert "--insecure" in leat("help", "serve").stdout


@pytest.mark.parametrize("words", [[], ["nothing"], ["serve", "--nothing"], ["serve", "extra"], ["serve", "--data"],
                                   ["serve", "--insecure=1"]])
def test_wrong_usage_is_told_from_failure(words):
    done = leat(*words)
    assert done.returncode == 2 and done.stderr and not done.stdout


@pytest.mark.parametrize("words", [["--listen", "nonsense"], ["--loops", "0"], ["--retention", "24"], ["--region", 'a "b"'], ["--account", "12"], ["--store", "nothing"],
                                   ["--credentials", "/nonexistent"]])
def test_settings_that_make_no_sense(tmp_path, words):
    done = leat("serve", "--data", str(tmp_path / "data"), *words)
    assert done.returncode == 1 and done.stderr.startswith("leat: ")


def test_other_machines_are_not_served_without_credentials(tmp_path):
    done = leat("serve", "--data", str(tmp_path / "data"), "--listen", "0.0.0.0:0")
    assert done.returncode == 1 and "--insecure" in done.stderr


def test_port_zero_is_told(run):
    program = run()
    assert program.answers()
    assert boto_client(program, "dynamodb").list_tables()["TableNames"] == []


def test_a_port_in_use_is_told(run, tmp_path):
    program = run()
    done = leat("serve", "--data", str(tmp_path / "other"), "--listen", f"127.0.0.1:{program.port}")
    assert done.returncode == 1 and "in use" in done.stderr


def test_data_that_another_server_holds_is_told(run, tmp_path):
    run()
    done = leat("serve", "--data", str(tmp_path / "data-0"), "--listen", "127.0.0.1:0")
    assert done.returncode == 1 and done.stderr.startswith("leat: ")


@pytest.mark.parametrize("store", ["lmdb", "memory"])
def test_it_ends_on_sigterm_and_comes_back_with_its_data(run, store):
    def tables(program):
        return boto_client(program, "dynamodb").list_tables()["TableNames"]

    program = run("--store", store)
    boto_client(program, "dynamodb").create_table(
        TableName="kept", BillingMode="PAY_PER_REQUEST", AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}])
    assert tables(program) == ["kept"]
    program.process.terminate()
    assert program.process.wait(20) == 0
    again = Program(program.directory, "--store", store).start()
    try:
        assert tables(again) == (["kept"] if store == "lmdb" else [])
        again.stop()
    finally:
        if again.process.poll() is None:
            again.kill()


def test_region_and_account_are_in_arns(run):
    program = run("--region", "eu-central-1", "--account", "123456789012")
    made = boto_client(program, "dynamodb").create_table(
        TableName="arn", BillingMode="PAY_PER_REQUEST", AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}])
    assert made["TableDescription"]["TableArn"] == "arn:aws:dynamodb:eu-central-1:123456789012:table/arn"


def test_credentials_from_a_file_or_the_environment(run, tmp_path):
    path = tmp_path / "credentials"
    path.write_text("[default]\naws_access_key_id = MILLER\naws_secret_access_key = stone\n")
    for program in (run("--credentials", str(path)), run(LEAT_ACCESS_KEY="MILLER", LEAT_SECRET_KEY="stone")):
        assert boto_client(program, "dynamodb", "MILLER", "stone").list_tables()["TableNames"] == []
        for access_key, secret_key, code in (("MILLER", "wrong", "InvalidSignatureException"),
                                             ("OTHER", "stone", "UnrecognizedClientException")):
            with pytest.raises(ClientError) as caught:
                boto_client(program, "dynamodb", access_key, secret_key).list_tables()
            assert caught.value.response["Error"]["Code"] == code


def connect(program):
    return socket.create_connection(("127.0.0.1", program.port), timeout=10)


def test_the_limit_of_open_files_is_raised(run):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        program = run()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert resource.prlimit(program.process.pid, resource.RLIMIT_NOFILE) == (hard, hard)


def test_without_descriptors_the_server_waits_for_some_and_says_so_once(run):
    program = run()
    files = pathlib.Path(f"/proc/{program.process.pid}/fd")
    assert program.answers()
    limit = len(list(files.iterdir())) + 8
    _, hard = resource.prlimit(program.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(program.process.pid, resource.RLIMIT_NOFILE, (limit, hard))
    connections = [connect(program) for _ in range(40)]
    time.sleep(0.5)  # several tries of the acceptor
    assert len(list(files.iterdir())) == limit
    connections[0].sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert connections[0].recv(64).startswith(b"HTTP/1.1 200")
    for connection in connections:
        connection.close()
    assert program.answers()
    program.process.terminate()
    assert program.process.stdout.read().count("cannot accept") == 1


def test_further_host_names_are_let_in_when_they_are_given(run):
    program = run("--host-name", "db.example.com,.corp.example")
    for host, status in (("db.example.com:8000", 200), ("a.corp.example", 200), ("corp.example", 200), ("leat", 200),
                         ("a.db.example.com", 403), ("acorp.example", 403)):
        assert Raw(program).http("GET", "/", headers={"Host": host})[0] == status, host


@pytest.mark.parametrize("service, call", [("dynamodb", "list_tables"), ("dynamodbstreams", "list_streams"), ("lambda", "list_functions")])
def test_clients_say_why_a_host_is_refused(run, service, call):
    client = boto_client(run(), service)
    client.meta.events.register("before-send", lambda request, **_: request.headers.__setitem__("Host", "attacker.example"))
    with pytest.raises(ClientError) as caught:
        getattr(client, call)()
    error = caught.value.response
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 403 and error["Error"]["Code"] == "AccessDeniedException"
    assert "--host-name" in error["Error"]["Message"]
