"""What every answer has, and what is refused before an operation is looked at."""
import json
import zlib

import pytest

from conftest import AUTHORIZATION, STREAMS

JSON = {"Content-Type": "application/x-amz-json-1.0", "Authorization": AUTHORIZATION}


def test_health(raw):
    status, headers, body = raw.http("GET", "/")
    assert status == 200 and body.decode() == f"healthy: 127.0.0.1:{raw.port} "
    assert headers["x-amz-crc32"] == str(zlib.crc32(body))


@pytest.mark.parametrize("operation, request_body, target", [
    ("ListTables", {}, "DynamoDB_20120810"), ("DescribeTable", {"TableName": "nothing"}, "DynamoDB_20120810"),
    ("ListStreams", {}, STREAMS), ("Nothing", {}, "DynamoDB_20120810")])
def test_every_answer_has_a_request_id_and_a_checksum(raw, operation, request_body, target):
    _, headers, body = raw.call(operation, request_body, target)
    assert headers["x-amz-crc32"] == str(zlib.crc32(body))
    assert len(headers["x-amzn-requestid"]) == 52 and headers["x-amzn-requestid"].isalnum()
    assert headers["content-type"] == "application/x-amz-json-1.0"
    assert headers["date"].endswith("GMT") and headers["server"]


def test_request_ids_differ(raw):
    assert len({raw.call("ListTables", {})[1]["x-amzn-requestid"] for _ in range(20)}) == 20


@pytest.mark.parametrize("target", ["DynamoDB_20120810.Nothing", "DynamoDB_20120810.", "DynamoDBStreams_20120810.GetItem"])
def test_unknown_operations(raw, target):
    service, operation = target.split(".")
    status, _, body = raw.call(operation, {}, service)
    assert status == 400 and json.loads(body) == {"__type": "com.amazon.coral.service#UnknownOperationException"}


@pytest.mark.parametrize("method, path, headers", [
    ("GET", "/nothing", {}), ("POST", "/", JSON), ("POST", "/", {"X-Amz-Target": "Other_2012.ListTables", **JSON}),
    ("GET", "/x", {"X-Amz-Target": "DynamoDB_20120810.ListTables", **JSON}),
    ("POST", "/", {**JSON, "X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Type": "text/plain"})])
def test_what_is_for_no_service(raw, method, path, headers):
    status, _, body = raw.http(method, path, b"{}", headers)
    assert status == 404 and body == b"<UnknownOperationException/>\n"


@pytest.mark.parametrize("content_type", ["application/json", "application/x-amz-json-1.0; charset=utf-8", "Application/JSON"])
def test_content_types_that_clients_send(raw, content_type):
    assert raw.call("ListTables", {}, **{"Content-Type": content_type})[0] == 200


def test_a_request_that_is_not_signed(raw):
    status, _, body = raw.http("POST", "/", b"{}", {"X-Amz-Target": "DynamoDB_20120810.ListTables",
                                                   "Content-Type": "application/x-amz-json-1.0"})
    assert status == 400
    assert json.loads(body) == {"__type": "com.amazon.coral.service#MissingAuthenticationTokenException",
                                "message": "Request is missing Authentication Token"}


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"TableName":}', '{"TableName":"a"}}', "{'a':1}", b"\xff\xfe"])
def test_bodies_that_are_not_json_objects(raw, body):
    status, _, answer = raw.call("DescribeTable", body)
    assert status == 400
    assert json.loads(answer)["__type"] == "com.amazon.coral.service#SerializationException"


def test_wrong_types_in_aws_words(raw):
    assert raw.refused("DescribeTable", {"TableName": 1}) == (
        "SerializationException", "NUMBER_VALUE cannot be converted to String")
    assert raw.refused("ListTables", {"Limit": "1"})[0] == "SerializationException"
    assert raw.refused("PutItem", {"TableName": "abc", "Item": {"a": "b"}})[0] == "SerializationException"


def test_constraints_of_several_members_are_told_together(raw):
    assert raw.refused("PutItem", {"TableName": "abc", "ReturnValues": "x", "ReturnConsumedCapacity": "y"}) == (
        "ValidationException",
        "3 validation errors detected: Value null at 'item' failed to satisfy constraint: Member must not be null; "
        "Value 'x' at 'returnValues' failed to satisfy constraint: Member must satisfy enum value set: "
        "[ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]; "
        "Value 'y' at 'returnConsumedCapacity' failed to satisfy constraint: Member must satisfy enum value set: "
        "[INDEXES, TOTAL, NONE]")


def test_the_validation_exception_has_corals_name_space(raw):
    _, _, body = raw.call("PutItem", {})
    assert json.loads(body)["__type"] == "com.amazon.coral.validate#ValidationException"
    _, _, body = raw.call("DescribeTable", {"TableName": "nothing"})
    assert json.loads(body) == {"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
                                "message": "Requested resource not found: Table: nothing not found"}


def test_browsers_may_ask_first(raw):
    status, headers, body = raw.http("OPTIONS", "/", headers={
        "Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-amz-target,content-type"})
    assert status == 200 and body == b""
    assert headers["access-control-allow-origin"] == "*"
    assert headers["access-control-allow-headers"] == "x-amz-target,content-type"
    assert headers["access-control-allow-methods"] == "POST"
    assert raw.call("ListTables", {}, Origin="http://localhost:3000")[1]["access-control-allow-origin"] == "*"


def test_pages_of_other_origins_do_not_reach_functions(raw):
    """Else any page could make and run a function on the machine of whoever looks at it."""
    path, origin = "/2015-03-31/functions/", {"Origin": "http://localhost:3000"}
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    status, headers, _ = raw.http("OPTIONS", path, headers={**origin, **asked})
    assert status == 404 and "access-control-allow-origin" not in headers
    status, headers, _ = raw.http("POST", path, b"{}", {**origin, "Content-Type": "text/plain"})
    assert status >= 400 and "access-control-allow-origin" not in headers


def test_members_that_nobody_knows_are_ignored(raw):
    assert raw.call("ListTables", {"Whatever": [{"a": None}], "Limit": 1})[0] == 200
