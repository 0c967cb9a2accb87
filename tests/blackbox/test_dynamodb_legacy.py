"""The parameters that expressions replaced: AttributesToGet, AttributeUpdates, Expected, KeyConditions, QueryFilter, ScanFilter,
ConditionalOperator."""
import pytest
from botocore.exceptions import ClientError

INVALID = "One or more parameter values were invalid: "
MIXED = "Can not use both expression and non-expression parameters in the same request: "


def refused(call, **request):
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def invalid(call, **request):
    code, message = refused(call, **request)
    assert code == "ValidationException", message
    return message


def condition(comparison, *values):
    return {"ComparisonOperator": comparison, **({"AttributeValueList": list(values)} if values else {})}


def pk(value):
    return {"pk": {"S": value}}


@pytest.fixture(name="table", scope="module")
def fixture_table(make_table):
    return make_table()


@pytest.fixture(name="ranged", scope="module")
def fixture_ranged(make_table, dynamodb):
    name = make_table("S", AttributeDefinitions=[{"AttributeName": a, "AttributeType": "S"} for a in ("pk", "sk", "color")],
                      GlobalSecondaryIndexes=[{"IndexName": "by-color", "Projection": {"ProjectionType": "ALL"},
                                               "KeySchema": [{"AttributeName": "color", "KeyType": "HASH"},
                                                             {"AttributeName": "sk", "KeyType": "RANGE"}]}])
    for number, sort in enumerate(("a1", "a2", "b1", "b2", "c1")):
        dynamodb.put_item(TableName=name, Item={**pk("k"), "sk": {"S": sort}, "n": {"N": str(number)}, "color": {"S": sort[0]}})
    return name


@pytest.fixture(name="update")
def fixture_update(dynamodb, table):
    def update(key, updates, **more):
        return dynamodb.update_item(TableName=table, Key=pk(key), AttributeUpdates=updates, **more)

    return update


def get(dynamodb, table, key):
    return dynamodb.get_item(TableName=table, Key=pk(key)).get("Item")


# ---- AttributeUpdates ----

def test_put_is_the_action_when_none_is_named(dynamodb, table, update):
    update("put", {"a": {"Value": {"S": "x"}}, "b": {"Action": "PUT", "Value": {"M": {"deep": {"N": "1"}}}}})
    assert get(dynamodb, table, "put") == {**pk("put"), "a": {"S": "x"}, "b": {"M": {"deep": {"N": "1"}}}}


def test_add_and_delete_on_an_item_that_is_not_there(dynamodb, table, update):
    answer = update("absent", {"b": {"Action": "DELETE"}, "c": {"Action": "DELETE", "Value": {"SS": ["a"]}},
                               "d": {"Action": "ADD", "Value": {"N": "5"}}, "e": {"Action": "ADD", "Value": {"SS": ["a", "b"]}},
                               "f": {"Action": "ADD", "Value": {"L": [{"S": "a"}, {"N": "1"}]}}}, ReturnValues="UPDATED_NEW")
    made = {"d": {"N": "5"}, "e": {"SS": ["a", "b"]}, "f": {"L": [{"S": "a"}, {"N": "1"}]}}
    assert answer["Attributes"] == made
    assert get(dynamodb, table, "absent") == {**pk("absent"), **made}


def test_add_to_what_is_there(dynamodb, table, update):
    dynamodb.put_item(TableName=table, Item={**pk("add"), "n": {"N": "10"}, "s": {"SS": ["a", "b"]}, "l": {"L": [{"S": "x"}]}})
    answer = update("add", {"n": {"Action": "ADD", "Value": {"N": "-3"}}, "s": {"Action": "ADD", "Value": {"SS": ["b", "c"]}},
                            "l": {"Action": "ADD", "Value": {"L": [{"N": "2"}]}}}, ReturnValues="UPDATED_OLD")
    assert answer["Attributes"] == {"n": {"N": "10"}, "s": {"SS": ["a", "b"]}, "l": {"L": [{"S": "x"}]}}
    assert get(dynamodb, table, "add") == {**pk("add"), "n": {"N": "7"}, "s": {"SS": ["a", "b", "c"]},
                                           "l": {"L": [{"S": "x"}, {"N": "2"}]}}


def test_delete_of_elements_and_of_attributes(dynamodb, table, update):
    dynamodb.put_item(TableName=table, Item={**pk("delete"), "s": {"NS": ["1", "2"]}, "t": {"SS": ["x"]}, "u": {"S": "u"}})
    update("delete", {"s": {"Action": "DELETE", "Value": {"NS": ["2", "3"]}}, "t": {"Action": "DELETE", "Value": {"SS": ["x"]}},
                      "u": {"Action": "DELETE"}})
    assert get(dynamodb, table, "delete") == {**pk("delete"), "s": {"NS": ["1"]}}


def test_no_updates_make_the_item(dynamodb, table, update):
    update("empty", {})
    assert get(dynamodb, table, "empty") == pk("empty")


def test_names_are_names_and_not_paths(dynamodb, table, update):
    update("names", {name: {"Value": {"N": str(number)}} for number, name in enumerate(("a.b", "size", "#n", "l[0]"), 1)})
    wanted = {"a.b": {"N": "1"}, "#n": {"N": "3"}}
    assert dynamodb.get_item(TableName=table, Key=pk("names"), AttributesToGet=["#n", "a.b"])["Item"] == wanted
    assert len(get(dynamodb, table, "names")) == 5


def test_more_updates_than_an_expression_holds(dynamodb, table, update):
    many = {f"attribute-{number}": {"N": str(number)} for number in range(2000)}
    update("many", {name: {"Value": value} for name, value in many.items()})
    assert get(dynamodb, table, "many") == {**pk("many"), **many}
    names = [f"attribute-{number}" for number in range(0, 2000, 2)]
    assert len(dynamodb.get_item(TableName=table, Key=pk("many"), AttributesToGet=names)["Item"]) == 1000
    update("many", {"done": {"Value": {"BOOL": True}}},
           Expected={name: {"Value": value} for name, value in many.items()})
    assert refused(update, key="many", updates={"done": {"Action": "DELETE"}},
                   Expected={name: {"Value": {"N": "-1"}} for name in many}, ConditionalOperator="OR")[0] == \
        "ConditionalCheckFailedException"


@pytest.mark.parametrize("updates, message", [
    ({"a": {}}, "Only DELETE action is allowed when no attribute value is specified"),
    ({"a": {"Action": "ADD"}}, "Only DELETE action is allowed when no attribute value is specified"),
    ({"a": {"Action": "DELETE", "Value": {"S": "x"}}}, "DELETE action with value is not supported for the type S"),
    ({"a": {"Action": "DELETE", "Value": {"L": []}}}, "DELETE action with value is not supported for the type L"),
    ({"a": {"Action": "ADD", "Value": {"BOOL": True}}}, "ADD action is not supported for the type BOOL"),
    ({"a": {"Action": "ADD", "Value": {"M": {}}}}, "ADD action is not supported for the type M"),
    ({"pk": {"Value": {"S": "x"}}}, "Cannot update attribute pk. This attribute is part of the key"),
])
def test_updates_that_are_refused(update, updates, message):
    assert invalid(update, key="refused", updates=updates) == INVALID + message


@pytest.mark.parametrize("change", [
    {"s": {"Action": "DELETE", "Value": {"NS": ["1"]}}}, {"s": {"Action": "ADD", "Value": {"NS": ["1"]}}},
    {"s": {"Action": "ADD", "Value": {"N": "1"}}}, {"s": {"Action": "ADD", "Value": {"L": []}}},
    {"n": {"Action": "DELETE", "Value": {"NS": ["1"]}}},
])
def test_updates_of_another_type(dynamodb, table, update, change):
    dynamodb.put_item(TableName=table, Item={**pk("types"), "s": {"SS": ["1"]}, "n": {"N": "1"}})
    assert invalid(update, key="types", updates=change) == "Type mismatch for attribute to update"


def test_unknown_actions_and_broken_values(update):
    assert "at 'attributeUpdates.a.member.action' failed to satisfy constraint: Member must satisfy enum value set: " \
        "[ADD, PUT, DELETE]" in invalid(update, key="x", updates={"a": {"Action": "SET", "Value": {"S": "x"}}})
    assert invalid(update, key="x", updates={"a": {"Value": {"N": "one"}}}) == \
        "The parameter cannot be converted to a numeric value: one"
    assert invalid(update, key="x", updates={"a": {"Value": {}}}) == \
        "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"


# ---- Expected ----

ITEM = {"s": {"S": "hello"}, "n": {"N": "5"}, "ss": {"SS": ["a", "b"]}, "l": {"L": [{"S": "a"}]}, "b": {"B": b"\1\2"}}


@pytest.mark.parametrize("name, expected, holds", [
    ("s", {"Value": {"S": "hello"}}, True), ("s", {"Value": {"S": "other"}}, False),
    ("s", {"Exists": True, "Value": {"S": "hello"}}, True), ("s", {"Exists": False}, False), ("gone", {"Exists": False}, True),
    ("gone", {"Value": {"S": "x"}}, False),
    ("n", {"ComparisonOperator": "EQ", "Value": {"N": "5.0"}}, True), ("n", condition("EQ", {"S": "5"}), False),
    ("l", condition("EQ", {"L": [{"S": "a"}]}), True), ("ss", condition("EQ", {"SS": ["b", "a"]}), True),
    ("n", condition("NE", {"N": "5"}), False), ("n", condition("NE", {"S": "5"}), True), ("gone", condition("NE", {"N": "5"}), True),
    ("n", condition("LT", {"N": "10"}), True), ("n", condition("LT", {"N": "5"}), False), ("n", condition("LT", {"S": "9"}), False),
    ("n", condition("LE", {"N": "5"}), True), ("n", condition("GE", {"N": "5"}), True), ("n", condition("GT", {"N": "5"}), False),
    ("gone", condition("GT", {"N": "5"}), False),
    ("n", condition("BETWEEN", {"N": "5"}, {"N": "10"}), True), ("n", condition("BETWEEN", {"N": "6"}, {"N": "10"}), False),
    ("s", condition("BEGINS_WITH", {"S": "hel"}), True), ("b", condition("BEGINS_WITH", {"B": b"\2"}), False),
    ("s", condition("CONTAINS", {"S": "ell"}), True), ("ss", condition("CONTAINS", {"S": "b"}), True),
    ("l", condition("CONTAINS", {"S": "a"}), True), ("ss", condition("CONTAINS", {"N": "1"}), False),
    ("s", condition("NOT_CONTAINS", {"S": "ell"}), False), ("ss", condition("NOT_CONTAINS", {"S": "c"}), True),
    ("n", condition("IN", {"N": "4"}, {"N": "5"}), True), ("n", condition("IN", {"N": "4"}), False),
    ("n", condition("IN", *[{"N": str(number)} for number in range(5, 400)]), True),
    ("n", condition("IN", *[{"N": str(number)} for number in range(6, 400)]), False),
    ("s", condition("NULL"), False), ("gone", condition("NULL"), True), ("s", condition("NOT_NULL"), True),
    ("gone", condition("NOT_NULL"), False),
])
def test_comparisons(dynamodb, table, name, expected, holds):
    dynamodb.put_item(TableName=table, Item={**pk("expected"), **ITEM})
    request = {"TableName": table, "Item": {**pk("expected"), **ITEM, "new": {"S": "x"}}, "Expected": {name: expected}}
    if holds:
        dynamodb.put_item(**request)
        assert "new" in get(dynamodb, table, "expected")
    else:
        assert refused(dynamodb.put_item, **request) == ("ConditionalCheckFailedException", "The conditional request failed")
        assert "new" not in get(dynamodb, table, "expected")
    if "Value" not in expected and "Exists" not in expected: # what filters say too
        both = {name: expected, "pk": condition("EQ", {"S": "expected"})}
        assert dynamodb.scan(TableName=table, ScanFilter=both)["Count"] == int(holds)


def test_expected_are_all_wanted_or_any(dynamodb, table, update):
    dynamodb.put_item(TableName=table, Item={**pk("joined"), "a": {"N": "1"}, "b": {"N": "2"}})
    both = {"a": condition("EQ", {"N": "1"}), "b": condition("EQ", {"N": "9"})}
    change = {"c": {"Value": {"N": "3"}}}
    for more in ({}, {"ConditionalOperator": "AND"}):
        assert refused(update, key="joined", updates=change, Expected=both, **more)[0] == "ConditionalCheckFailedException"
    update("joined", change, Expected=both, ConditionalOperator="OR")
    answer = dynamodb.delete_item(TableName=table, Key=pk("joined"), Expected={"c": {"Value": {"N": "3"}}}, ReturnValues="ALL_OLD")
    assert answer["Attributes"]["c"] == {"N": "3"}


@pytest.mark.parametrize("expected, message", [
    ({"a": {}}, "Value must be provided when Exists is null for Attribute: a"),
    ({"a": {"Exists": True}}, "Value must be provided when Exists is true for Attribute: a"),
    ({"a": {"Exists": False, "Value": {"S": "a"}}}, "Value cannot be used when Exists is false for Attribute: a"),
    ({"a": {"ComparisonOperator": "LT"}}, "Value or AttributeValueList must be used with ComparisonOperator: LT for Attribute: a"),
    ({"a": {"Exists": True, "ComparisonOperator": "LT"}}, "Exists and ComparisonOperator cannot be used together for Attribute: a"),
    ({"a": {"AttributeValueList": [{"S": "a"}], "Value": {"S": "a"}, "ComparisonOperator": "LT"}},
     "Value and AttributeValueList cannot be used together for Attribute: a"),
    ({"a": {"AttributeValueList": [{"S": "a"}]}}, "AttributeValueList can only be used with a ComparisonOperator for Attribute: a"),
    ({"a": {"Exists": True, "AttributeValueList": [{"S": "a"}]}},
     "AttributeValueList can only be used with a ComparisonOperator for Attribute: a"),
    ({"a": {"ComparisonOperator": "EQ", "AttributeValueList": []}}, "Invalid number of argument(s) for the EQ ComparisonOperator"),
    ({"a": {"ComparisonOperator": "IN", "AttributeValueList": []}}, "Invalid number of argument(s) for the IN ComparisonOperator"),
    ({"a": condition("BETWEEN", {"N": "1"}, {"N": "2"}, {"N": "3"})}, "Invalid number of argument(s) for the BETWEEN ComparisonOperator"),
    ({"a": {"ComparisonOperator": "NULL", "Value": {"S": "a"}}}, "Invalid number of argument(s) for the NULL ComparisonOperator"),
    ({"a": {"ComparisonOperator": "BETWEEN", "Value": {"S": "a"}}}, "Invalid number of argument(s) for the BETWEEN ComparisonOperator"),
])
def test_expected_that_are_refused(dynamodb, table, expected, message):
    assert invalid(dynamodb.put_item, TableName=table, Item=pk("x"), Expected=expected) == INVALID + message
    assert invalid(dynamodb.delete_item, TableName="no-such-table", Key=pk("x"), Expected=expected) == INVALID + message


# ---- KeyConditions, QueryFilter ----

@pytest.mark.parametrize("comparison, values, found", [
    ("EQ", ["a2"], ["a2"]), ("LT", ["b1"], ["a1", "a2"]), ("LE", ["b1"], ["a1", "a2", "b1"]), ("GT", ["b2"], ["c1"]),
    ("GE", ["b2"], ["b2", "c1"]), ("BETWEEN", ["a2", "b1"], ["a2", "b1"]), ("BEGINS_WITH", ["b"], ["b1", "b2"]),
])
def test_key_conditions(dynamodb, ranged, comparison, values, found):
    keys = {"pk": condition("EQ", {"S": "k"}), "sk": condition(comparison, *({"S": value} for value in values))}
    page = dynamodb.query(TableName=ranged, KeyConditions=keys, ScanIndexForward=False)
    assert [item["sk"]["S"] for item in page["Items"]] == found[::-1]


def test_filters_of_queries(dynamodb, ranged):
    request = {"TableName": ranged, "KeyConditions": {"pk": condition("EQ", {"S": "k"})}}
    ends = {"n": condition("LT", {"N": "1"}), "color": condition("EQ", {"S": "c"})}
    page = dynamodb.query(**request, QueryFilter=ends, ConditionalOperator="OR", AttributesToGet=["n"])
    assert page["Items"] == [{"n": {"N": "0"}}, {"n": {"N": "4"}}] and page["ScannedCount"] == 5
    assert dynamodb.query(**request, QueryFilter=ends)["Count"] == 0
    assert dynamodb.query(**request, QueryFilter={})["Count"] == 5
    assert invalid(dynamodb.query, **request, QueryFilter={"sk": condition("NOT_NULL")}) == \
        "QueryFilter can only contain non-primary key attributes: Primary key attribute: sk"


def test_key_conditions_go_with_newer_filters_and_projections(dynamodb, ranged):
    request = {"TableName": ranged, "KeyConditions": {"pk": condition("EQ", {"S": "k"})}}
    page = dynamodb.query(**request, FilterExpression="#_0 > :__1", ProjectionExpression="sk, #_0", ExpressionAttributeNames={"#_0": "n"},
                          ExpressionAttributeValues={":__1": {"N": "3"}})
    assert page["Items"] == [{"sk": {"S": "c1"}, "n": {"N": "4"}}]
    assert "can only be specified when using expressions" in \
        invalid(dynamodb.query, **request, ExpressionAttributeValues={":v": {"N": "3"}})
    long = " OR ".join(["n = :v"] * 301) + " OR n = :v"
    assert invalid(dynamodb.query, **request, FilterExpression=long, ExpressionAttributeValues={":v": {"N": "3"}}) == \
        "Invalid FilterExpression: The expression contains too many operators; operator count: 301"


def test_key_conditions_of_an_index_and_pages(dynamodb, ranged):
    request = {"TableName": ranged, "IndexName": "by-color", "KeyConditions": {"color": condition("EQ", {"S": "a"})}, "Limit": 1}
    first = dynamodb.query(**request)
    second = dynamodb.query(**request, ExclusiveStartKey=first["LastEvaluatedKey"])
    assert [page["Items"][0]["sk"]["S"] for page in (first, second)] == ["a1", "a2"]


@pytest.mark.parametrize("keys, message", [
    ({}, "Conditions can be of length 1 or 2 only"),
    ({name: condition("NULL") for name in ("pk", "sk", "z")}, "Conditions can be of length 1 or 2 only"),
    ({"sk": condition("EQ", {"S": "k"})}, "Query condition missed key schema element: pk"),
    ({"z": condition("NULL")}, "Query condition missed key schema element: pk"),
    ({"pk": condition("EQ", {"S": "k"}), "z": condition("NULL")}, "Query condition missed key schema element: sk"),
    ({"pk": condition("EQ", {"N": "1"})}, INVALID + "Condition parameter type does not match schema type"),
    ({"pk": condition("GT", {"S": "k"})}, "Query key condition not supported"),
    ({"pk": condition("EQ", {"S": "k"}), "sk": condition("BETWEEN", {"S": "b"}, {"S": "a"})},
     "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"),
    ({"pk": condition("IN", {"S": "b"}, {"N": "1"})}, INVALID + "AttributeValues inside AttributeValueList must be of same type"),
    *[({"pk": condition("EQ", {"S": "k"}), "sk": condition(*unable)}, "Attempted conditional constraint is not an indexable operation")
      for unable in (("NULL",), ("NOT_NULL",), ("NE", {"S": "a"}), ("CONTAINS", {"S": "a"}), ("NOT_CONTAINS", {"S": "a"}),
                     ("IN", {"S": "a"}))],
    *[({"pk": condition(comparison, {"SS": ["a"]})}, f"{INVALID}ComparisonOperator {comparison} is not valid for SS AttributeValue type")
      for comparison in ("LT", "LE", "GT", "GE", "IN", "BEGINS_WITH", "CONTAINS", "NOT_CONTAINS")],
    ({"pk": condition("BETWEEN", {"BOOL": True}, {"BOOL": True})},
     INVALID + "ComparisonOperator BETWEEN is not valid for BOOL AttributeValue type"),
])
def test_key_conditions_that_are_refused(dynamodb, ranged, keys, message):
    assert invalid(dynamodb.query, TableName=ranged, KeyConditions=keys) == message


def test_the_table_is_looked_for_before_keys_are_judged(dynamodb, ranged):
    keys = {"z": condition("NULL")}
    assert refused(dynamodb.query, TableName="no-such-table", KeyConditions=keys)[0] == "ResourceNotFoundException"
    assert invalid(dynamodb.query, TableName=ranged, IndexName="whatever", KeyConditions=keys) == \
        "The table does not have the specified index: whatever"
    assert invalid(dynamodb.query, TableName=ranged, QueryFilter={"n": condition("NULL")}) == \
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."


# ---- AttributesToGet, ScanFilter ----

def test_attributes_to_get(dynamodb, ranged):
    key = {**pk("k"), "sk": {"S": "a1"}}
    assert dynamodb.get_item(TableName=ranged, Key=key, AttributesToGet=["n", "none"])["Item"] == {"n": {"N": "0"}}
    page = dynamodb.scan(TableName=ranged, AttributesToGet=["color"], ScanFilter={"sk": condition("BEGINS_WITH", {"S": "b"})})
    assert page["Items"] == [{"color": {"S": "b"}}] * 2 and page["ScannedCount"] == 5
    batch = dynamodb.batch_get_item(RequestItems={ranged: {"Keys": [key], "AttributesToGet": ["sk"]}})
    assert batch["Responses"][ranged] == [{"sk": {"S": "a1"}}]


def test_attributes_to_get_that_are_refused(dynamodb, ranged):
    key = {**pk("k"), "sk": {"S": "a1"}}
    twice = INVALID + "Duplicate value in attribute name: a"
    assert invalid(dynamodb.get_item, TableName=ranged, Key=key, AttributesToGet=["a", "b", "a"]) == twice
    assert invalid(dynamodb.scan, TableName=ranged, AttributesToGet=["a", "a"]) == twice
    assert invalid(dynamodb.batch_get_item, RequestItems={ranged: {"Keys": [key], "AttributesToGet": ["a", "a"]}}) == twice
    assert "Value '[]' at 'attributesToGet' failed to satisfy constraint: Member must have length greater than or equal to 1" in \
        invalid(dynamodb.get_item, TableName=ranged, Key=key, AttributesToGet=[])
    assert invalid(dynamodb.scan, TableName=ranged, AttributesToGet=["a"], Select="COUNT") == \
        "Cannot specify the AttributesToGet when choosing to get COUNT"


def test_unprocessed_keys_come_back_as_they_went(dynamodb, make_table, ranged):
    large = make_table()
    keys = [pk(str(number)) for number in range(44)]
    for key in keys:
        dynamodb.put_item(TableName=large, Item={**key, "big": {"S": "x" * 390000}})
    wanted = {"Keys": [{**pk("k"), "sk": {"S": "a1"}}], "AttributesToGet": ["n", "color"]}
    answer = dynamodb.batch_get_item(RequestItems={large: {"Keys": keys}, ranged: wanted})
    left = answer["UnprocessedKeys"]
    assert {**left[ranged], "ConsistentRead": None} == {**wanted, "ConsistentRead": None}
    rest = dynamodb.batch_get_item(RequestItems=left)
    assert rest["Responses"][ranged] == [{"n": {"N": "0"}, "color": {"S": "a"}}]
    assert len(answer["Responses"][large]) + len(rest["Responses"][large]) == len(keys)


# ---- what goes together ----

WITHOUT = "ConditionalOperator cannot be used without Filter or Expected"
TWO = "ConditionalOperator can only be used when Filter or Expected has two or more elements"


def test_a_conditional_operator_joins_two(dynamodb, table):
    one, keys = {"a": condition("NULL")}, {"pk": condition("EQ", {"S": "k"})}
    both = {"TableName": table, "ConditionalOperator": "AND"}
    for call, request, filters in ((dynamodb.scan, {}, "ScanFilter"), (dynamodb.query, {"KeyConditions": keys}, "QueryFilter"),
                                   (dynamodb.put_item, {"Item": pk("x")}, "Expected"),
                                   (dynamodb.delete_item, {"Key": pk("x")}, "Expected"),
                                   (dynamodb.update_item, {"Key": pk("x")}, "Expected")):
        assert invalid(call, **both, **request) == WITHOUT
        assert invalid(call, **both, **request, **{filters: {}}) == WITHOUT
        assert invalid(call, **both, **request, **{filters: one}) == TWO
    assert invalid(dynamodb.query, **both) == WITHOUT
    assert "at 'conditionalOperator' failed to satisfy constraint: Member must satisfy enum value set: [OR, AND]" in \
        invalid(dynamodb.scan, TableName=table, ConditionalOperator="XOR")


def test_older_and_newer_parameters_do_not_mix(dynamodb, table):
    one, keys = {"a": condition("NULL")}, {"pk": condition("EQ", {"S": "k"})}

    def mixed(call, older, newer, **request):
        assert invalid(call, TableName=table, **request) == \
            f"{MIXED}Non-expression parameters: {{{older}}} Expression parameters: {{{newer}}}"

    mixed(dynamodb.query, "AttributesToGet, QueryFilter, ConditionalOperator, KeyConditions",
          "ProjectionExpression, FilterExpression, KeyConditionExpression", AttributesToGet=["a"], QueryFilter=one, KeyConditions=keys,
          ConditionalOperator="OR", ProjectionExpression="", FilterExpression="", KeyConditionExpression="")
    mixed(dynamodb.query, "QueryFilter", "KeyConditionExpression", QueryFilter=one, KeyConditionExpression="pk = :p")
    mixed(dynamodb.query, "AttributesToGet", "FilterExpression", AttributesToGet=["a"], KeyConditions=keys, FilterExpression="a = :p")
    mixed(dynamodb.scan, "AttributesToGet, ScanFilter, ConditionalOperator", "ProjectionExpression, FilterExpression", ScanFilter=one,
          AttributesToGet=["a"], ConditionalOperator="OR", ProjectionExpression="a", FilterExpression="a = :v")
    mixed(dynamodb.update_item, "AttributeUpdates, Expected, ConditionalOperator", "UpdateExpression, ConditionExpression", Key=pk("x"),
          AttributeUpdates={}, Expected=one, ConditionalOperator="OR", UpdateExpression="", ConditionExpression="")
    mixed(dynamodb.put_item, "Expected", "ConditionExpression", Item=pk("x"), Expected={}, ConditionExpression="attribute_exists(pk)")
    mixed(dynamodb.get_item, "AttributesToGet", "ProjectionExpression", Key=pk("x"), AttributesToGet=["a"], ProjectionExpression="a")


def test_the_wire_may_say_null_and_say_things_twice(raw, table, dynamodb):
    body = '{"TableName": "%s", "Key": {"pk": {"S": "wire"}}, "Expected": null, "ConditionalOperator": null, "AttributeUpdates": ' \
        '{"a": {"Value": {"N": "1"}, "Action": null}, "b": {"Action": "DELETE", "Value": null}, "a": {"Value": {"N": "2"}}}}' % table
    assert raw.call("UpdateItem", body)[0] == 200
    assert get(dynamodb, table, "wire") == {**pk("wire"), "a": {"N": "2"}}
    assert raw.refused("Scan", {"TableName": table, "ScanFilter": {"a": {"ComparisonOperator": "EQ", "AttributeValueList": [None]}}}) == \
        ("ValidationException", "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
    for member in ("ScanFilter", "AttributesToGet"):
        assert raw.refused("Scan", {"TableName": table, member: "x"})[0] == "SerializationException"


def test_deleting_from_an_item_that_is_not_there_makes_none(dynamodb, make_table):
    table = make_table()
    for name, updates in (("a", {"x": {"Action": "DELETE"}}), ("b", {"x": {"Action": "DELETE", "Value": {"SS": ["y"]}}})):
        answer = dynamodb.update_item(TableName=table, Key={"pk": {"S": name}}, AttributeUpdates=updates, ReturnValues="ALL_NEW")
        assert "Attributes" not in answer
        assert "Item" not in dynamodb.get_item(TableName=table, Key={"pk": {"S": name}})
    for name, updates in (("c", {}), ("d", {"x": {"Action": "DELETE"}, "n": {"Action": "ADD", "Value": {"N": "1"}}})):
        dynamodb.update_item(TableName=table, Key={"pk": {"S": name}}, AttributeUpdates=updates)
        assert dynamodb.get_item(TableName=table, Key={"pk": {"S": name}})["Item"] == {
            "pk": {"S": name}, **({"n": {"N": "1"}} if name == "d" else {})}
