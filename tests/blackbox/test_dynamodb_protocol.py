"""What every answer has, and what is refused before an operation is looked at."""
import json
import zlib

import pytest

from conftest import SIGNED, STREAMS

JSON = {"Content-Type": "application/x-amz-json-1.0", **SIGNED}


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
    ("GET", "/nothing", {}), ("PUT", "/", JSON), ("DELETE", "/", JSON), ("OPTIONS", "/", {}), ("POST", "/", {}),
    ("POST", "/", {**JSON, "Content-Type": "application/x-www-form-urlencoded"}), ("POST", "/nothing", JSON),
    ("POST", "/", {**JSON, "Content-Type": "application/x-amz-json-1.1"}),
    ("GET", "/x", {"X-Amz-Target": "DynamoDB_20120810.ListTables", **JSON}),
    ("POST", "/", {**JSON, "X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Type": "text/plain"})])
def test_what_is_for_no_service(raw, method, path, headers):
    status, answered, body = raw.http(method, path, b"{}", headers)
    assert status == 404 and body == b"<UnknownOperationException/>\n"
    assert answered["x-amz-crc32"] == "3552371480" and len(answered["x-amzn-requestid"]) == 52


@pytest.mark.parametrize("headers", [{}, {"X-Amz-Target": "Other_2012.ListTables"}, {"X-Amz-Target": "ListTables"}])
def test_JSON_for_no_operation(raw, headers):
    status, _, body = raw.http("POST", "/", b"{}", {**headers, "Content-Type": "application/x-amz-json-1.0"})
    assert status == 400 and body == b'{"__type":"com.amazon.coral.service#UnknownOperationException"}'


def test_that_a_body_is_no_JSON_counts_before_operation_and_signature(raw):
    for headers in ({}, JSON, {"X-Amz-Target": "DynamoDB_20120810.ListTables"}, {"X-Amz-Target": "DynamoDB_20120810.ListTables", **JSON}):
        for body in (b"", b"hi", b"{", b'{"TableName":1,}'):
            status, answered, text = raw.http("POST", "/", body, {"Content-Type": "application/json", **headers})
            assert status == 400 and text == b'{"__type":"com.amazon.coral.service#SerializationException"}', (headers, body, text)
            assert answered["x-amz-crc32"] == "3948637019"


def test_a_body_of_more_than_16_MB(raw):
    request = json.dumps({"TableName": "nothing", "Key": {}, "Whatever": ""})[:-2]
    for size, expected in ((1 << 24, 400), ((1 << 24) + 1, 413)):
        body = request + "x" * (size - len(request) - 2) + '"}'
        assert raw.call("GetItem", body)[0] == expected


@pytest.mark.parametrize("content_type", ["application/json", "application/x-amz-json-1.0; charset=utf-8", "Application/JSON"])
def test_content_types_that_clients_send(raw, content_type):
    assert raw.call("ListTables", {}, **{"Content-Type": content_type})[0] == 200


def test_plain_JSON_is_answered_in_plain_JSON(raw):
    assert raw.call("ListTables", {}, **{"Content-Type": "application/json; charset=utf-8"})[1]["content-type"] == "application/json"


@pytest.mark.parametrize("path, headers, kind, message", [
    ("/", {"Authorization": "Basic YTpi"}, "MissingAuthenticationTokenException", "Request is missing Authentication Token"),
    ("/", {"Authorization": "AWS4-"}, "IncompleteSignatureException",
     "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. "
     "Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a "
     "'X-Amz-Date' or a 'Date' header. Authorization=AWS4-"),
    ("/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=1", {}, "IncompleteSignatureException",
     "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must include 'X-Amz-Signature'. "
     "AWS query-string parameters must include 'X-Amz-SignedHeaders'. Re-examine the query-string parameters."),
    ("/?X-Amz-Algorithm", SIGNED, "InvalidSignatureException",
     "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")])
def test_signatures_that_say_too_little(raw, path, headers, kind, message):
    status, _, body = raw.http("POST", path, b"{}", {"X-Amz-Target": "DynamoDB_20120810.ListTables",
                                                    "Content-Type": "application/x-amz-json-1.0", **headers})
    assert status == 400 and json.loads(body) == {"__type": f"com.amazon.coral.service#{kind}", "message": message}


def test_a_signature_may_stand_in_the_query(raw):
    path = ("/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2F20250101%2Fus-east-1%2Fdynamodb%2Faws4_request&X-Amz-Date="
            "20250101T000000Z&X-Amz-SignedHeaders=host&X-Amz-Signature=0")
    assert raw.http("POST", path, b"{}", {"X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Type": "application/json"})[0] == 200


@pytest.mark.parametrize("host, expected", [
    ("leat", 200), ("leat:8000", 200), ("127.0.0.1", 200), ("10.1.2.3:80", 200), ("[::1]:8000", 200), ("LOCALHOST", 200),
    ("a.localhost:1", 200), ("localhost.", 200), ("dynamodb.us-east-1.amazonaws.com", 200), ("host.docker.internal:8000", 200),
    ("attacker.example", 403), ("127.0.0.1.attacker.example:8000", 403), ("localhost.attacker.example", 403),
    ("attackeramazonaws.com", 403)])
def test_a_name_that_a_stranger_may_own_is_refused(raw, host, expected):
    for method, path, headers in (("GET", "/", {}), ("OPTIONS", "/", {"Origin": f"http://{host}"}),
                                  ("GET", "/2015-03-31/functions/", SIGNED),
                                  ("POST", "/", {"X-Amz-Target": "DynamoDB_20120810.ListTables", **JSON})):
        status, _, body = raw.http(method, path, b"{}", {**headers, "Host": host})
        assert status == expected, body
        assert status == 200 or f"Requests for the Host {host} are refused" in json.loads(body)["message"]


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
    structure, number = "Start of structure or map found where not expected", "NUMBER_VALUE cannot be converted to String"
    model = "com.amazonaws.dynamodb.v20120810."
    field, payload, array = "Unexpected field type", "Unexpected value type in payload", "Unrecognized collection type "
    value_map = f"java.util.Map<java.lang.String, {model}AttributeValue>"
    for operation, member, wrong, message in (
            ("GetItem", "TableName", 1.5, "DECIMAL_VALUE cannot be converted to String"),
            ("GetItem", "TableName", True, "TRUE_VALUE cannot be converted to String"),
            ("GetItem", "TableName", {}, structure), ("GetItem", "TableName", [], array + "class java.lang.String"),
            ("GetItem", "ConsistentRead", "x", "Unexpected token received from parser"),
            ("GetItem", "ConsistentRead", 1, "NUMBER_VALUE cannot be converted to Boolean"),
            ("GetItem", "ConsistentRead", [], array + "class java.lang.Boolean"),
            ("GetItem", "Key", "x", field), ("GetItem", "Key", [], array + value_map), ("GetItem", "Key", {"a": "x"}, payload),
            ("GetItem", "Key", {"a": {"S": 1}}, number),
            ("GetItem", "AttributesToGet", "x", field), ("GetItem", "AttributesToGet", {}, structure),
            ("GetItem", "AttributesToGet", [1], number), ("GetItem", "AttributesToGet", [{}], structure),
            ("GetItem", "ExpressionAttributeNames", [], array + "java.util.Map<java.lang.String, java.lang.String>"),
            ("GetItem", "ExpressionAttributeNames", {"#a": 1}, number),
            ("Query", "Limit", "1", "STRING_VALUE cannot be converted to Integer"),
            ("Query", "Limit", [], array + "class java.lang.Integer"),
            ("Query", "KeyConditions", 1, field), ("Query", "KeyConditions", {"a": 1}, payload),
            ("Query", "KeyConditions", {"a": []}, array + f"class {model}Condition"),
            ("Query", "KeyConditions", {"a": {"AttributeValueList": [1]}}, payload),
            ("Query", "KeyConditions", [], array + f"java.util.Map<java.lang.String, {model}Condition>"),
            ("PutItem", "Expected", {"a": {"Value": "x"}}, field),
            ("PutItem", "Expected", {"a": {"Value": []}}, array + f"class {model}AttributeValue"),
            ("BatchGetItem", "RequestItems", [], array + f"java.util.Map<java.lang.String, {model}KeysAndAttributes>"),
            ("BatchGetItem", "RequestItems", {"a": {"Keys": [1]}}, payload),
            ("BatchGetItem", "RequestItems", {"a": {"Keys": [[]]}}, array + value_map),
            ("BatchWriteItem", "RequestItems", [], array + f"java.util.Map<java.lang.String, java.util.List<{model}WriteRequest>>"),
            ("BatchWriteItem", "RequestItems", {"a": 1}, payload), ("BatchWriteItem", "RequestItems", {"a": {}}, structure),
            ("BatchWriteItem", "RequestItems", {"a": [1]}, payload),
            ("BatchWriteItem", "RequestItems", {"a": [{"PutRequest": 1}]}, field),
            ("CreateTable", "ProvisionedThroughput", 1, field),
            ("CreateTable", "ProvisionedThroughput", [], array + f"class {model}ProvisionedThroughput"),
            ("CreateTable", "ProvisionedThroughput", {"ReadCapacityUnits": "1"}, "STRING_VALUE cannot be converted to Long"),
            ("CreateTable", "KeySchema", [1], payload),
            ("CreateTable", "KeySchema", [[]], array + f"class {model}KeySchemaElement")):
        assert raw.refused(operation, {member: wrong}) == ("SerializationException", message), (operation, member, wrong)
    assert raw.call("ListTables", {"Limit": 1.9})[0] == 200
    assert raw.refused("GetItem", {"TableName": "nothing", "Key": {"a": {"S": "b"}}, "ConsistentRead": "yes"})[0] == "ResourceNotFoundException"


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


def test_which_of_two_faults_is_told(raw):
    """Both kinds of parameters, then values of keys and items, then ReturnValues, older conditions, names and values, expressions, the table."""
    table, empty = {"TableName": "nothing"}, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
    legacy, both = {"Expected": {"a": {"Exists": True}}}, "Can not use both expression and non-expression parameters in the same request"
    returns, names = {"ReturnValues": "ALL_NEW"}, {"ExpressionAttributeNames": {}}
    values = {"ExpressionAttributeValues": {":a": {}}}
    wrong, good, condition = {"Item": {"a": {}}}, {"Item": {"a": {"S": "a"}}}, {"ConditionExpression": "a b"}
    value = "Value must be provided when Exists is true for Attribute: a"
    told = [(wrong | legacy | condition | returns, both), (wrong | returns | legacy | names, empty),
            (good | returns | legacy | names, "ReturnValues can only be ALL_OLD or NONE"),
            (good | legacy | names, "One or more parameter values were invalid: " + value),
            (good | condition | names | values, "ExpressionAttributeNames must not be empty"),
            (good | condition | values, f"ExpressionAttributeValues contains invalid value: {empty} for key :a"),
            (good | condition, 'Invalid ConditionExpression: Syntax error; token: "b", near: "a b"')]
    for request, message in told:
        kind, said = raw.refused("PutItem", table | request)
        assert kind == "ValidationException" and said.startswith(message), (request, said)
    assert raw.refused("PutItem", table | good)[0] == "ResourceNotFoundException"
    key = {"Key": {"a": {}}}
    assert raw.refused("GetItem", table | key | {"ExpressionAttributeNames": {"#a": "a"}})[1] == empty
    assert raw.refused("UpdateItem", table | key | {"AttributeUpdates": {"b": {}}})[1] == empty
    for operation in ("Query", "Scan"):
        more = {"KeyConditionExpression": "a = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}} if operation == "Query" else {}
        assert raw.refused(operation, table | more | {"ExclusiveStartKey": {"a": {}}})[1] == f"The provided starting key is invalid: {empty}"
