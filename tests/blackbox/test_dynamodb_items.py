"""Items through boto3: single, in batches, in transactions, by query and scan."""
import json

import pytest
from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError
import boto3

from program import REGION


def failure(call, **request):
    with pytest.raises(ClientError) as caught:
        call(**request)
    return caught.value.response


def refused(call, **request):
    error = failure(call, **request)["Error"]
    return error["Code"], error["Message"]


def item(pk, sk, **more):
    return {"pk": {"S": pk}, "sk": {"N": str(sk)}, **more}


@pytest.fixture(name="table", scope="module")
def fixture_table(make_table):
    return make_table("N")


EVERYTHING = {"s": {"S": "grüße"}, "empty": {"S": ""}, "n": {"N": "-12.5"}, "b": {"B": b"\0\xff"}, "yes": {"BOOL": True},
              "nothing": {"NULL": True}, "ss": {"SS": ["a", "b"]}, "ns": {"NS": ["1", "2"]}, "bs": {"BS": [b"x"]},
              "l": {"L": [{"S": "x"}, {"L": []}]}, "m": {"M": {"deep": {"M": {}}}}}


def test_all_types_come_back(dynamodb, table):
    dynamodb.put_item(TableName=table, Item=item("types", 1, **EVERYTHING))
    read = dynamodb.get_item(TableName=table, Key=item("types", 1), ConsistentRead=True)["Item"]
    for value in read.values():
        for kind in ("SS", "NS"):
            if kind in value:
                value[kind].sort()
    assert read == item("types", 1, **EVERYTHING)


def test_a_missing_item_is_no_item(dynamodb, table):
    assert "Item" not in dynamodb.get_item(TableName=table, Key=item("missing", 1))


def test_return_values(dynamodb, table):
    put = {"TableName": table, "Item": item("rv", 1, v={"N": "1"})}
    assert "Attributes" not in dynamodb.put_item(**put, ReturnValues="ALL_OLD")
    assert dynamodb.put_item(**put, ReturnValues="ALL_OLD")["Attributes"] == put["Item"]
    update = {"TableName": table, "Key": item("rv", 1), "UpdateExpression": "SET v = v + :one, w = :one",
              "ExpressionAttributeValues": {":one": {"N": "1"}}}
    assert dynamodb.update_item(**update, ReturnValues="UPDATED_OLD")["Attributes"] == {"v": {"N": "1"}}
    assert dynamodb.update_item(**update, ReturnValues="UPDATED_NEW")["Attributes"] == {"v": {"N": "3"}, "w": {"N": "1"}}
    assert dynamodb.update_item(**update, ReturnValues="ALL_NEW")["Attributes"] == item("rv", 1, v={"N": "4"}, w={"N": "1"})
    assert "Attributes" not in dynamodb.update_item(**update)
    assert dynamodb.delete_item(TableName=table, Key=item("rv", 1), ReturnValues="ALL_OLD")["Attributes"]["v"] == {"N": "5"}
    assert refused(dynamodb.delete_item, TableName=table, Key=item("rv", 1), ReturnValues="ALL_NEW") == (
        "ValidationException", "ReturnValues can only be ALL_OLD or NONE")


def test_conditions(dynamodb, raw, table):
    put = {"TableName": table, "Item": item("cond", 1, v={"S": "first"}), "ConditionExpression": "attribute_not_exists(pk)"}
    dynamodb.put_item(**put)
    assert refused(dynamodb.put_item, **put) == ("ConditionalCheckFailedException", "The conditional request failed")
    # Debian's botocore does not know this member yet
    _, _, body = raw.call("PutItem", {**put, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"})
    assert json.loads(body) == {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
                                "message": "The conditional request failed", "Item": put["Item"]}


@pytest.mark.parametrize("change, words", [
    ({"Expected": {"pk": {"Exists": False}}, "ConditionExpression": "attribute_exists(pk)"},
     "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {Expected} "
     "Expression parameters: {ConditionExpression}"),
    ({"ExpressionAttributeValues": {":v": {"S": "x"}}},
     "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null"),
    ({"ExpressionAttributeNames": {"#n": "x"}}, "ExpressionAttributeNames can only be specified when using expressions"),
    ({"ConditionExpression": "attribute_exists(pk)", "ExpressionAttributeNames": {}}, "ExpressionAttributeNames must not be empty"),
    ({"ConditionExpression": "attribute_exists(n)", "ExpressionAttributeNames": {"n": "pk"}},
     'ExpressionAttributeNames contains invalid key: Syntax error; key: "n"'),
    ({"ConditionExpression": ""}, "Invalid ConditionExpression: The expression can not be empty;"),
    ({"ConditionExpression": "a = :v", "ExpressionAttributeValues": {":v": {"NS": []}}},
     "ExpressionAttributeValues contains invalid value: One or more parameter values were invalid: An number set  may not be "
     "empty for key :v"),
    ({"Item": {"pk": {"S": "x"}, "sk": {"N": "1"}, "v": {"NULL": False}}},
     "One or more parameter values were invalid: Null attribute value types must have the value of true")])
def test_puts_that_are_refused(dynamodb, table, change, words):
    request = {"TableName": table, "Item": item("refused", 1), **change}
    assert refused(dynamodb.put_item, **request) == ("ValidationException", words)


def test_capacity_is_told_when_asked_for(dynamodb, table):
    wrote = dynamodb.put_item(TableName=table, Item=item("capacity", 1, v={"S": "x" * 1500}), ReturnConsumedCapacity="TOTAL")
    assert wrote["ConsumedCapacity"] == {"TableName": table, "CapacityUnits": 2.0}
    read = dynamodb.get_item(TableName=table, Key=item("capacity", 1), ReturnConsumedCapacity="INDEXES")
    assert read["ConsumedCapacity"] == {"TableName": table, "CapacityUnits": 0.5, "Table": {"CapacityUnits": 0.5}}
    assert "ConsumedCapacity" not in dynamodb.get_item(TableName=table, Key=item("capacity", 1), ReturnConsumedCapacity="NONE")


def test_queries_page_in_order(dynamodb, table):
    for number in range(7):
        dynamodb.put_item(TableName=table, Item=item("q", number, even={"BOOL": number % 2 == 0}))
    query = {"TableName": table, "KeyConditionExpression": "pk = :p AND sk >= :s",
             "ExpressionAttributeValues": {":p": {"S": "q"}, ":s": {"N": "1"}}}
    page = dynamodb.query(**query, Limit=2)
    assert [one["sk"]["N"] for one in page["Items"]] == ["1", "2"] and page["LastEvaluatedKey"] == item("q", 2)
    rest = dynamodb.query(**query, ExclusiveStartKey=page["LastEvaluatedKey"])
    assert [one["sk"]["N"] for one in rest["Items"]] == ["3", "4", "5", "6"] and "LastEvaluatedKey" not in rest
    down = dynamodb.query(**query, ScanIndexForward=False, Limit=1)
    assert down["Items"][0]["sk"]["N"] == "6"
    query["ExpressionAttributeValues"][":t"] = {"BOOL": True}
    counted = dynamodb.query(**query, FilterExpression="even = :t", Select="COUNT")
    assert (counted["Count"], counted["ScannedCount"], "Items" in counted) == (3, 6, False)


@pytest.mark.parametrize("change, words", [
    ({"KeyConditionExpression": None, "ExpressionAttributeValues": None},
     "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."),
    ({"Limit": 0}, "1 validation error detected: Value at 'Limit' failed to satisfy constraint: Member must have value greater "
                   "than or equal to 1"),
    ({"Select": "X"}, "1 validation error detected: Value 'X' at 'select' failed to satisfy constraint: Member must satisfy enum "
                      "value set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]"),
    ({"Select": "COUNT", "ProjectionExpression": "pk"}, "Cannot specify the ProjectionExpression when choosing to get COUNT"),
    ({"Select": "ALL_PROJECTED_ATTRIBUTES"}, "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")])
def test_queries_that_are_refused(dynamodb, table, change, words):
    request = {"TableName": table, "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "q"}}, **change}
    request = {name: value for name, value in request.items() if value is not None}
    assert refused(dynamodb.query, **request) == ("ValidationException", words)


def test_parallel_scans_see_every_item_once(dynamodb, make_table):
    table = make_table()
    for number in range(40):
        dynamodb.put_item(TableName=table, Item={"pk": {"S": str(number)}})
    seen = []
    for segment in range(3):
        for page in dynamodb.get_paginator("scan").paginate(TableName=table, Segment=segment, TotalSegments=3, Limit=4):
            seen += [one["pk"]["S"] for one in page["Items"]]
    assert sorted(seen, key=int) == [str(number) for number in range(40)]


@pytest.mark.parametrize("change, words", [
    ({"Segment": 0}, "The TotalSegments parameter is required but was not present in the request when Segment parameter is present"),
    ({"TotalSegments": 1}, "The Segment parameter is required but was not present in the request when parameter TotalSegments is "
                           "present"),
    ({"Segment": 2, "TotalSegments": 2}, "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
                                         "Segment: 2 is not less than TotalSegments: 2"),
    ({"Limit": 0}, "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater "
                   "than or equal to 1")])
def test_scans_that_are_refused(dynamodb, table, change, words):
    assert refused(dynamodb.scan, TableName=table, **change) == ("ValidationException", words)


def test_batches(dynamodb, make_table):
    one, two = make_table("N"), make_table("N")
    wrote = dynamodb.batch_write_item(RequestItems={one: [{"PutRequest": {"Item": item("b", n)}} for n in range(20)],
                                                    two: [{"PutRequest": {"Item": item("b", n)}} for n in range(5)]},
                                      ReturnConsumedCapacity="TOTAL")
    assert wrote["UnprocessedItems"] == {}
    assert {each["TableName"]: each["CapacityUnits"] for each in wrote["ConsumedCapacity"]} == {one: 20.0, two: 5.0}
    dynamodb.batch_write_item(RequestItems={one: [{"DeleteRequest": {"Key": item("b", 0)}}]})
    read = dynamodb.batch_get_item(RequestItems={
        one: {"Keys": [item("b", n) for n in range(3)]},
        two: {"Keys": [item("b", 4)], "ProjectionExpression": "#s", "ExpressionAttributeNames": {"#s": "sk"}}})
    assert sorted(each["sk"]["N"] for each in read["Responses"][one]) == ["1", "2"]
    assert read["Responses"][two] == [{"sk": {"N": "4"}}] and read["UnprocessedKeys"] == {}


@pytest.mark.parametrize("asked", [{}, {"ProjectionExpression": "sk, v"}], ids=["whole", "projected"])
def test_a_batch_larger_than_an_answer_leaves_keys_unprocessed(dynamodb, make_table, asked):
    table = make_table("N")
    for number in range(100):
        dynamodb.put_item(TableName=table, Item=item("large", number, v={"S": "x" * 390_000}))
    keys, read = [item("large", number) for number in range(100)], []
    while keys:
        page = dynamodb.batch_get_item(RequestItems={table: {"Keys": keys, **asked}})
        read += [one["sk"]["N"] for one in page["Responses"][table]]
        left = page["UnprocessedKeys"].get(table, {"Keys": []})["Keys"]
        assert len(left) < len(keys)
        keys = left
    assert sorted(read, key=int) == [str(number) for number in range(100)]


def test_batches_that_are_refused(dynamodb, table):
    put = {"PutRequest": {"Item": item("d", 1)}}
    duplicates = ("ValidationException", "Provided list of item keys contains duplicates")
    assert refused(dynamodb.batch_write_item, RequestItems={table: [put, {"DeleteRequest": {"Key": item("d", 1)}}]}) == duplicates
    assert refused(dynamodb.batch_get_item, RequestItems={table: {"Keys": [item("d", 1), item("d", 1)]}}) == duplicates
    for call, name in ((dynamodb.batch_write_item, "BatchWriteItem"), (dynamodb.batch_get_item, "BatchGetItem")):
        assert refused(call, RequestItems={}) == ("ValidationException", f"The requestItems parameter is required for {name}")
    code, words = refused(dynamodb.batch_write_item, RequestItems={table: [{"PutRequest": {"Item": item("d", n)}} for n in range(26)]})
    assert code == "ValidationException" and words.endswith(
        "at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or "
        "equal to 25, Member must have length greater than or equal to 1]")
    assert refused(dynamodb.batch_get_item, RequestItems={table: {"Keys": [item("d", n) for n in range(101)]}}) == (
        "ValidationException", f"1 validation error detected: Value at 'RequestItems.{table}.member.Keys' failed to satisfy "
                               "constraint: Member must have length less than or equal to 100")


def test_a_transaction_is_all_or_nothing(dynamodb, table):
    dynamodb.put_item(TableName=table, Item=item("t", 1, v={"N": "1"}))
    actions = [{"Put": {"TableName": table, "Item": item("t", 2)}},
               {"Update": {"TableName": table, "Key": item("t", 1), "UpdateExpression": "SET v = v + :o",
                           "ExpressionAttributeValues": {":o": {"N": "1"}}}},
               {"ConditionCheck": {"TableName": table, "Key": item("t", 3), "ConditionExpression": "attribute_exists(pk)"}}]
    answer = failure(dynamodb.transact_write_items, TransactItems=actions)
    assert answer["Error"]["Code"] == "TransactionCanceledException"
    assert answer["Error"]["Message"] == ("Transaction cancelled, please refer cancellation reasons for specific reasons "
                                          "[None, None, ConditionalCheckFailed]")
    assert answer["CancellationReasons"] == [{"Code": "None"}, {"Code": "None"},
                                             {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}]
    dynamodb.transact_write_items(TransactItems=actions[:2])
    read = dynamodb.transact_get_items(TransactItems=[{"Get": {"TableName": table, "Key": item("t", n)}} for n in (1, 2, 3)])
    assert read["Responses"] == [{"Item": item("t", 1, v={"N": "2"})}, {"Item": item("t", 2)}, {}]


def test_transactions_that_are_refused(dynamodb, table):
    twice = ("ValidationException", "Transaction request cannot include multiple operations on one item")
    assert refused(dynamodb.transact_get_items, TransactItems=[{"Get": {"TableName": table, "Key": item("x", 1)}}] * 2) == twice
    assert refused(dynamodb.transact_write_items, TransactItems=[
        {"Put": {"TableName": table, "Item": item("x", 1)}}, {"Delete": {"TableName": table, "Key": item("x", 1)}}]) == twice
    assert refused(dynamodb.transact_write_items, TransactItems=[]) == (
        "ValidationException", "1 validation error detected: Value '[]' at 'transactItems' failed to satisfy constraint: Member must "
                               "have length greater than or equal to 1")
    large = [{"Put": {"TableName": table, "Item": item("large", n, v={"S": "x" * 350_000})}} for n in range(12)]
    code, words = refused(dynamodb.transact_write_items, TransactItems=large)
    assert code == "ValidationException" and "4 MB" in words


def test_a_transaction_with_a_token_happens_once(dynamodb, table):
    dynamodb.put_item(TableName=table, Item=item("token", 1, v={"N": "0"}))
    update = {"TableName": table, "Key": item("token", 1), "UpdateExpression": "ADD v :o", "ExpressionAttributeValues": {":o": {"N": "1"}}}
    for _ in range(3):
        dynamodb.transact_write_items(TransactItems=[{"Update": update}], ClientRequestToken="once")
    assert dynamodb.get_item(TableName=table, Key=item("token", 1))["Item"]["v"] == {"N": "1"}


def test_a_key_that_does_not_fit_cancels_a_reading_transaction(dynamodb, table):
    answer = failure(dynamodb.transact_get_items, TransactItems=[{"Get": {"TableName": table, "Key": {"pk": {"S": "x"}}}}])
    assert answer["Error"]["Code"] == "TransactionCanceledException"
    assert [reason["Code"] for reason in answer["CancellationReasons"]] == ["ValidationError"]


def test_what_is_wrong_beside_a_key_comes_first(dynamodb, table):
    """The request by itself, then its tables; only then keys, which cancel."""
    misfit = {"Get": {"TableName": table, "Key": {"pk": {"S": "x"}}}}
    for first, second in ((0, 1), (1, 0)):
        syntax = [misfit, {"Get": {"TableName": table, "Key": item("x", 1), "ProjectionExpression": "a, , b"}}]
        assert refused(dynamodb.transact_get_items, TransactItems=[syntax[first], syntax[second]])[0] == "ValidationException"
        missing = [misfit, {"Get": {"TableName": "no-such-table", "Key": item("x", 1)}}]
        assert refused(dynamodb.transact_get_items, TransactItems=[missing[first], missing[second]])[0] == "ResourceNotFoundException"


def test_boto3s_resource(leat, table):
    resource = boto3.resource("dynamodb", endpoint_url=leat.endpoint, region_name=REGION, aws_access_key_id="local",
                              aws_secret_access_key="local").Table(table)
    with resource.batch_writer() as batch:
        for number in range(30):
            batch.put_item(Item={"pk": "resource", "sk": number, "tags": {"a", "b"}})
    found = resource.query(KeyConditionExpression=Key("pk").eq("resource") & Key("sk").gt(27), FilterExpression=Attr("tags").contains("a"))
    assert [int(one["sk"]) for one in found["Items"]] == [28, 29]
