"""A server with credentials: who has none of them gets nothing of any service, who has them gets everything."""
import io
import json
import subprocess
import zipfile

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from botocore.exceptions import ClientError

from conftest import DYNAMODB, STREAMS, Raw, boto_client, wait_active
from program import PROGRAM, REGION, Program, environment

KEY, SECRET = "MILLER", "st/one+"
OTHER, OTHER_SECRET = "BAKER", "flour"
WHERE = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}

REQUESTS = {  # by service: method, path, headers, body
    "dynamodb": ("POST", "/", {"X-Amz-Target": f"{DYNAMODB}.ListTables", "Content-Type": "application/x-amz-json-1.0"}, b"{}"),
    "streams": ("POST", "/", {"X-Amz-Target": f"{STREAMS}.ListStreams", "Content-Type": "application/x-amz-json-1.0"}, b"{}"),
    "lambda": ("GET", "/2015-03-31/functions/", {}, b""),
    "mappings": ("GET", "/2015-03-31/event-source-mappings/", {}, b""),
    "leat": ("GET", "/_leat/functions/caller/log?from=0", {}, b""),
}
STATUS = {"dynamodb": 400, "streams": 400, "lambda": 403, "mappings": 403, "leat": 403}
SIGNED_AS = {"dynamodb": "dynamodb", "streams": "dynamodb"}

HANDLER = """
import json, os, boto3
from botocore.exceptions import ClientError

def handler(event, context):
    keys = {"aws_secret_access_key": "wrong"} if event.get("wrong") else {}
    if keys:
        keys["aws_access_key_id"] = os.environ["AWS_ACCESS_KEY_ID"]
    try:
        client = boto3.client("dynamodb", endpoint_url=os.environ["AWS_ENDPOINT_URL"], region_name=os.environ["AWS_REGION"], **keys)
        client.put_item(TableName="orders", Item={"id": {"S": event["id"]}})
    except ClientError as error:
        return error.response["Error"]["Code"]
    print("stored", event["id"])
    return "stored"
"""


@pytest.fixture(name="server", scope="module")
def fixture_server(tmp_path_factory):
    path = tmp_path_factory.mktemp("credentials")
    (path / "keys").write_text(f"[first]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
                               f"[second]\naws_access_key_id = {OTHER}\naws_secret_access_key = {OTHER_SECRET}\n")
    program = Program(path / "data", "--credentials", str(path / "keys")).start()
    try:
        dynamodb = boto_client(program, "dynamodb", KEY, SECRET)
        dynamodb.create_table(TableName="orders", BillingMode="PAY_PER_REQUEST",
                              AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                              KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                              StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
        wait_active(dynamodb, "orders")
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr("index.py", HANDLER)
        boto_client(program, "lambda", KEY, SECRET).create_function(
            FunctionName="caller", Runtime="python3.11", Handler="index.handler", Timeout=30,
            Role="arn:aws:iam::000000000000:role/test", Code={"ZipFile": archive.getvalue()})
        yield program
        program.stop()
    finally:
        if program.process.poll() is None:
            program.kill()


def send(server, service, key=None, secret=None, tamper=None):
    """(status, error type, text). Signed by botocore's signer when there is a key; tamper changes what was signed."""
    method, path, headers, body = REQUESTS[service]
    if key is not None:
        request = botocore.awsrequest.AWSRequest(method, server.endpoint + path, headers=dict(headers), data=body)
        name = SIGNED_AS.get(service, "lambda")
        botocore.auth.SigV4Auth(botocore.credentials.Credentials(key, secret), name, REGION).add_auth(request)
        headers = dict(request.headers.items())
    if tamper is not None:
        method, path, headers, body = tamper(method, path, headers, body)
    status, answered, text = Raw(server).http(method, path, body, headers)
    text = text.decode()
    kind = answered.get("x-amzn-errortype") or (json.loads(text).get("__type", "") if text.startswith("{") else "")
    return status, kind.split("#")[-1].split(":")[0], text


@pytest.mark.parametrize("service", REQUESTS)
def test_who_has_no_credentials_is_refused_in_the_words_of_AWS(server, service):
    refused = [
        (send(server, service), "MissingAuthenticationTokenException", "Request is missing Authentication Token"),
        (send(server, service, "NOBODY", SECRET), "UnrecognizedClientException",
         "The security token included in the request is invalid"),
        (send(server, service, KEY, "wrong"), "InvalidSignatureException",
         "The request signature we calculated does not match the signature you provided"),
        (send(server, service, KEY, OTHER_SECRET), "InvalidSignatureException", "The request signature we calculated"),
        (send(server, service, KEY, SECRET, lambda m, p, h, b: (m, p, h, b" " + b)), "InvalidSignatureException",
         "The request signature we calculated"),
        (send(server, service, KEY, SECRET, lambda m, p, h, b: (m, p + ("&" if "?" in p else "?") + "more=1", h, b)),
         "InvalidSignatureException", "The request signature we calculated"),
        (send(server, service, KEY, SECRET, lambda m, p, h, b: (m, p, {**h, "X-Amz-Date": "20200101T000000Z"}, b)),
         "InvalidSignatureException", ""),
        (send(server, service, tamper=lambda m, p, h, b: (m, p, {**h, "Authorization": "AWS4-HMAC-SHA256 Credential=x"}, b)),
         "IncompleteSignatureException", "Authorization header requires 'Signature' parameter."),
    ]
    for (status, kind, text), expected, beginning in refused:
        assert status == STATUS[service], text
        assert beginning in text
        if service != "leat":
            assert kind == expected, text
    for key, secret in ((KEY, SECRET), (OTHER, OTHER_SECRET)):
        assert send(server, service, key, secret)[0] == 200


def test_everybody_may_ask_whether_the_server_is_there(server):
    assert Raw(server).http("GET", "/")[0] == 200
    assert Raw(server).http("OPTIONS", "/", headers={"Origin": "http://a"})[0] == 200
    assert Raw(server).http("GET", "/", headers={"Host": "db.example.com"})[0] == 200 # a signature says enough
    for path in ("/_leat/", "/_leat/functions", "/2015-03-31/", "/metrics", "/console"):
        assert Raw(server).http("GET", path)[0] == 404


def test_who_is_let_in_hears_of_other_faults(server):
    with pytest.raises(ClientError) as caught:
        boto_client(server, "dynamodb", KEY, SECRET).describe_table(TableName="nothing")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_every_SDK_service_works_with_the_right_keys(server):
    for key, secret in ((KEY, SECRET), (OTHER, OTHER_SECRET)):
        assert boto_client(server, "dynamodb", key, secret).list_tables()["TableNames"] == ["orders"]
        assert len(boto_client(server, "dynamodbstreams", key, secret).list_streams()["Streams"]) == 1
        functions = boto_client(server, "lambda", key, secret).list_functions()["Functions"]
        assert [function["FunctionName"] for function in functions] == ["caller"]
    for service, call in (("dynamodb", "list_tables"), ("dynamodbstreams", "list_streams"), ("lambda", "list_functions")):
        with pytest.raises(ClientError) as caught:
            getattr(boto_client(server, service, KEY, "wrong"), call)()
        assert caught.value.response["Error"]["Code"] == "InvalidSignatureException"


def leat(server, *words, **variables):
    return subprocess.run([PROGRAM, *words, "--endpoint", server.endpoint], capture_output=True, text=True, timeout=60, check=False,
                          env=environment(**variables))


def test_a_handler_calls_back_with_the_keys_it_is_given(server):
    functions = boto_client(server, "lambda", KEY, SECRET)
    answer = functions.invoke(FunctionName="caller", Payload=json.dumps({"id": "a"}))
    assert json.load(answer["Payload"]) == "stored"
    answer = functions.invoke(FunctionName="caller", Payload=json.dumps({"id": "b", "wrong": True}))
    assert json.load(answer["Payload"]) == "InvalidSignatureException"
    items = boto_client(server, "dynamodb", KEY, SECRET).scan(TableName="orders")["Items"]
    assert {"id": {"S": "a"}} in items and {"id": {"S": "b"}} not in items


@pytest.mark.parametrize("variables", [WHERE, {"LEAT_ACCESS_KEY": OTHER, "LEAT_SECRET_KEY": OTHER_SECRET}])
def test_the_commands_sign_with_the_keys_in_the_environment(server, variables):
    made = leat(server, "invoke", "caller", "--payload", '{"id":"from a command"}', **variables)
    assert (made.returncode, made.stdout) == (0, '"stored"\n'), made.stderr
    arn = f"arn:aws:lambda:{REGION}:000000000000:function:caller" # a path with more than letters in it
    assert leat(server, "invoke", arn, "--payload", '{"id":"by ARN"}', **variables).stdout == '"stored"\n'
    assert "stored from a command" in leat(server, "logs", "caller", **variables).stdout
    seen = leat(server, "tail", "orders", "--all", "--once", **variables)
    assert seen.returncode == 0 and "from a command" in seen.stdout, seen.stderr


@pytest.mark.parametrize("words", [("invoke", "caller"), ("logs", "caller"), ("tail", "orders", "--once")])
def test_the_commands_say_why_they_are_refused(server, words):
    for variables, why in (({}, "The security token included in the request is invalid"),
                           ({**WHERE, "AWS_SECRET_ACCESS_KEY": "wrong"}, "The request signature we calculated does not match"),
                           ({**WHERE, "AWS_SECRET_ACCESS_KEY": ""}, "are wanted both"),
                           ({**WHERE, "LEAT_ACCESS_KEY": KEY}, "LEAT_ACCESS_KEY and LEAT_SECRET_KEY are wanted both"),
                           ({**WHERE, "AWS_ACCESS_KEY_ID": "a\r\nb: c"}, "not an access key")):
        refused = leat(server, *words, **variables)
        assert refused.returncode == 1 and why in refused.stderr and refused.stdout == "", refused.stderr
