"""A server for all tests that only need tables of their own, and clients for it."""
import http.client
import itertools
import json
import time

import boto3
import pytest
from botocore.config import Config

from program import Program, REGION

AUTHORIZATION = (f"AWS4-HMAC-SHA256 Credential=local/20250101/{REGION}/dynamodb/aws4_request, "
                 "SignedHeaders=host, Signature=0")
SIGNED = {"Authorization": AUTHORIZATION, "X-Amz-Date": "20250101T000000Z"}
DYNAMODB, STREAMS = "DynamoDB_20120810", "DynamoDBStreams_20120810"


def boto_client(program, service, access_key="local", secret_key="local"):
    return boto3.client(service, endpoint_url=program.endpoint, region_name=REGION, aws_access_key_id=access_key,
                        aws_secret_access_key=secret_key,
                        config=Config(parameter_validation=False, retries={"max_attempts": 0}))


class Raw:
    """Requests as they are on the wire, for what an SDK hides or refuses to send."""

    def __init__(self, program):
        self.port = program.port

    def http(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body

    def call(self, operation, body, target=DYNAMODB, **headers):
        if not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        return self.http("POST", "/", body, {"X-Amz-Target": f"{target}.{operation}", **SIGNED,
                                             "Content-Type": "application/x-amz-json-1.0", **headers})

    def refused(self, operation, body, target=DYNAMODB):
        """(error type without name space, message)"""
        status, _, answer = self.call(operation, body, target)
        assert status == 400, answer
        answer = json.loads(answer)
        return answer["__type"].split("#")[1], answer.get("message", answer.get("Message"))


@pytest.fixture(name="leat", scope="session")
def fixture_leat(tmp_path_factory):
    program = Program(tmp_path_factory.mktemp("leat") / "data").start()
    try:
        yield program
        program.stop()
    finally:
        if program.process.poll() is None:
            program.kill()


@pytest.fixture(name="raw", scope="session")
def fixture_raw(leat):
    return Raw(leat)


@pytest.fixture(name="dynamodb", scope="session")
def fixture_dynamodb(leat):
    return boto_client(leat, "dynamodb")


@pytest.fixture(name="streams", scope="session")
def fixture_streams(leat):
    return boto_client(leat, "dynamodbstreams")


NUMBERS = itertools.count(1)


@pytest.fixture(name="make_table", scope="session")
def fixture_make_table(dynamodb):
    """make_table(sort="N", **more) -> the name of a new, active table with key pk (S) and perhaps sk."""

    def make(sort=None, name=None, **more):
        name = name or f"table-{next(NUMBERS)}"
        keys = [("pk", "S", "HASH")] + ([("sk", sort, "RANGE")] if sort else [])
        request = {"TableName": name, "BillingMode": "PAY_PER_REQUEST",
                   "AttributeDefinitions": [{"AttributeName": key, "AttributeType": kind} for key, kind, _ in keys],
                   "KeySchema": [{"AttributeName": key, "KeyType": role} for key, _, role in keys], **more}
        dynamodb.create_table(**{key: value for key, value in request.items() if value is not None})
        wait_active(dynamodb, name)
        return name

    return make


def wait_active(dynamodb, name, seconds=20):
    until = time.monotonic() + seconds
    while True:
        table = dynamodb.describe_table(TableName=name)["Table"]
        if table["TableStatus"] == "ACTIVE" and all(index["IndexStatus"] == "ACTIVE"
                                                    for index in table.get("GlobalSecondaryIndexes", [])):
            return table
        assert time.monotonic() < until, table["TableStatus"]
        time.sleep(0.01)
