"""Keys that do not fit: which fault it is depends on the request, on whose keys they are and on what is wrong with them."""
import json

import pytest

SCALARS = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
MISMATCH = "The provided key element does not match the schema"
EMPTY = "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk"
INVALID = "One or more parameter values were invalid: "
NOT_SUPPORTED = ("One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value "
                 "that is not supported. The AttributeValue for a key attribute cannot contain an empty {} value.")


@pytest.fixture(name="indexed", scope="module")
def fixture_indexed(make_table):
    return make_table("N", AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in
                                                 (("pk", "S"), ("sk", "N"), ("g", "S"), ("h", "B"), ("l", "S"))],
                      GlobalSecondaryIndexes=[{"IndexName": "global", "Projection": {"ProjectionType": "ALL"}, "KeySchema": [
                          {"AttributeName": "g", "KeyType": "HASH"}, {"AttributeName": "h", "KeyType": "RANGE"}]}],
                      LocalSecondaryIndexes=[{"IndexName": "local", "Projection": {"ProjectionType": "ALL"}, "KeySchema": [
                          {"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "l", "KeyType": "RANGE"}]}])


def key(pk="a", sk="1", **more):
    return {"pk": pk if isinstance(pk, dict) else {"S": pk}, "sk": {"N": sk}, **more}


def cancelled(raw, *members):
    """The reasons of a transaction that ends for them."""
    _, _, answer = raw.call("TransactWriteItems", {"TransactItems": list(members)})
    answer = json.loads(answer)
    assert answer["__type"].endswith("#TransactionCanceledException"), answer
    codes = ", ".join(reason["Code"] for reason in answer["CancellationReasons"])
    assert answer["Message"] == f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    return [(reason["Code"], reason.get("Message")) for reason in answer["CancellationReasons"]]


def test_keys_of_a_transaction_that_do_not_fit_are_reasons(raw, indexed, make_table):
    plain = make_table()
    good = {"Put": {"TableName": plain, "Item": {"pk": {"S": "never"}}}}
    condition = {"ConditionExpression": "attribute_exists(pk)"}
    update = {"UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}}
    for member, message in (
            ({"Put": {"TableName": indexed, "Item": {"pk": {"S": "a"}}}}, INVALID + "Missing the key sk in the item"),
            ({"Put": {"TableName": indexed, "Item": key({"N": "1"})}}, INVALID + "Type mismatch for key pk expected: S actual: N"),
            ({"Put": {"TableName": indexed, "Item": key({"L": []})}}, INVALID + "Type mismatch for key pk expected: S actual: L"),
            ({"Put": {"TableName": indexed, "Item": key(g={"N": "1"})}},
             INVALID + "Type mismatch for Index Key g Expected: S Actual: N IndexName: global"),
            ({"Delete": {"TableName": indexed, "Key": key({"N": "1"})}}, MISMATCH),
            ({"Delete": {"TableName": indexed, "Key": key(more={"S": "a"})}}, MISMATCH),
            ({"ConditionCheck": {"TableName": indexed, "Key": {"pk": {"S": "a"}}, **condition}}, MISMATCH),
            ({"Update": {"TableName": indexed, "Key": key({"M": {}}), **update}}, MISMATCH)):
        assert cancelled(raw, good, member, good | {}) == [("None", None), ("ValidationError", message), ("None", None)]
    assert "Item" not in json.loads(raw.call("GetItem", {"TableName": plain, "Key": {"pk": {"S": "never"}}})[2])


def test_empty_keys_of_a_transaction_are_the_requests_fault(raw, indexed):
    update = {"ExpressionAttributeValues": {":a": {"S": ""}}, "UpdateExpression": "SET l = :a"}
    for member, message in (
            ({"Put": {"TableName": indexed, "Item": key("")}}, EMPTY), ({"Delete": {"TableName": indexed, "Key": key("")}}, EMPTY),
            ({"Update": {"TableName": indexed, "Key": key(), **update}}, NOT_SUPPORTED.format("string"))):
        assert raw.refused("TransactWriteItems", {"TransactItems": [member]}) == ("ValidationException", message)
    assert raw.refused("TransactGetItems", {"TransactItems": [{"Get": {"TableName": indexed, "Key": key("")}}]}) == (
        "ValidationException", EMPTY)


def test_keys_of_a_batch_that_do_not_fit(raw, indexed):
    for item, message in (({"a": {"S": "b"}}, MISMATCH), (key({"N": "1"}), MISMATCH), (key({"SS": ["a"]}), MISMATCH), (key(""), EMPTY),
                          (key(g={"N": "1"}), INVALID + "Type mismatch for Index Key g Expected: S Actual: N IndexName: global")):
        assert raw.refused("BatchWriteItem", {"RequestItems": {indexed: [{"PutRequest": {"Item": item}}]}}) == (
            "ValidationException", message)


@pytest.mark.parametrize("name, value, message", [
    ("g", {"S": ""}, NOT_SUPPORTED.format("string")), ("h", {"B": ""}, NOT_SUPPORTED.format("binary")),
    ("g", {"N": "1"}, "The update expression attempted to update the secondary index key to unsupported type"),
    ("l", {"NULL": True}, "The update expression attempted to update the secondary index key to unsupported type"),
    ("g", {"S": "x" * 2049}, "The update expression attempted to update the secondary index key beyond allowed size limits"),
    ("l", {"S": "x" * 1025}, "The update expression attempted to update the secondary index key beyond allowed size limits")])
def test_updates_of_index_keys(raw, indexed, name, value, message):
    for expression in (f"SET {name} = :v", f"SET {name} = if_not_exists(zz, :v)"):
        assert raw.refused("UpdateItem", {"TableName": indexed, "Key": key(), "UpdateExpression": expression,
                                          "ExpressionAttributeValues": {":v": value}}) == ("ValidationException", message)


def test_attribute_updates_of_index_keys(raw, indexed):
    assert raw.refused("UpdateItem", {"TableName": indexed, "Key": key(), "AttributeUpdates": {"g": {"Value": {"N": "1"}}}}) == (
        "ValidationException", "Type mismatch for attribute to update")


def test_an_update_is_held_to_index_keys_that_it_changes(dynamodb, make_table):
    """An index may be added over items that cannot be in it: they can still be changed elsewhere."""
    table = make_table()
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "a"}, "g": {"N": "1"}})
    dynamodb.update_table(TableName=table, AttributeDefinitions=[{"AttributeName": "g", "AttributeType": "S"}],
                          GlobalSecondaryIndexUpdates=[{"Create": {"IndexName": "late", "Projection": {"ProjectionType": "ALL"},
                                                                   "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}]}}])
    dynamodb.update_item(TableName=table, Key={"pk": {"S": "a"}}, UpdateExpression="SET b = :b",
                         ExpressionAttributeValues={":b": {"S": "b"}})
    assert dynamodb.get_item(TableName=table, Key={"pk": {"S": "a"}})["Item"] == {
        "pk": {"S": "a"}, "g": {"N": "1"}, "b": {"S": "b"}}


def test_nothing_is_inside_of_keys(raw, indexed):
    table, value = {"TableName": indexed}, {"ExpressionAttributeValues": {":v": {"S": "v"}}}
    for operation, request, words in (
            ("PutItem", {"Item": key(), "ConditionExpression": "pk.a = :v", **value}, "Key: pk"),
            ("DeleteItem", {"Key": key(), "ConditionExpression": "sk[0] = :v", **value}, "Key: sk"),
            ("UpdateItem", {"Key": key(), "UpdateExpression": "SET g.a = :v", **value}, "IndexKey: g"),
            ("UpdateItem", {"Key": key(), "UpdateExpression": "SET a = l[1]"}, "IndexKey: l"),
            ("GetItem", {"Key": key(), "ProjectionExpression": "a.b, pk.c"}, "Key: pk"),
            ("Scan", {"FilterExpression": "h.a = :v", **value}, "IndexKey: h"),
            ("Scan", {"ProjectionExpression": "a[1], sk[1]"}, "Key: sk"),
            ("Query", {"KeyConditionExpression": "pk = :v", "ProjectionExpression": "g.b", **value}, "IndexKey: g")):
        assert raw.refused(operation, {**table, **request}) == ("ValidationException", SCALARS + words)


def test_both_kinds_of_projections_in_one_batch(raw, indexed, make_table):
    request = {indexed: {"Keys": [key()], "ProjectionExpression": "a"}, make_table(): {"Keys": [{"pk": {"S": "a"}}], "AttributesToGet": ["a"]}}
    assert raw.refused("BatchGetItem", {"RequestItems": request}) == (
        "ValidationException", "Can not use both expression and non-expression parameters in the same request: Non-expression "
                               "parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}")


def test_a_projection_that_leaves_nothing(dynamodb, make_table):
    table = make_table()
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "a"}})
    get = {"TableName": table, "Key": {"pk": {"S": "a"}}, "ProjectionExpression": "zz"}
    assert dynamodb.get_item(**get)["Item"] == {}
    assert dynamodb.transact_get_items(TransactItems=[{"Get": get}])["Responses"] == [{}]
