"""What clients do on top of requests: boto3's resources, waiters, paginators and retries; the AWS CLI's paging and skeletons."""
import decimal
import json
import subprocess

import boto3
import pytest
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

from program import REGION, environment

NUMBER = decimal.Decimal
KEYS = {"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "BillingMode": "PAY_PER_REQUEST"}


@pytest.fixture(name="resource", scope="module")
def fixture_resource(leat):
    return boto3.resource("dynamodb", endpoint_url=leat.endpoint, region_name=REGION, aws_access_key_id="local",
                          aws_secret_access_key="local", config=Config(retries={"max_attempts": 2, "mode": "standard"}))


@pytest.fixture(name="table", scope="module")
def fixture_table(resource, make_table):
    return resource.Table(make_table("N"))


# ---- boto3's resources ----

def test_a_tables_life(resource):
    table = resource.create_table(TableName="resource-life", **KEYS)
    table.wait_until_exists()
    table.load()
    assert (table.table_status, table.item_count, table.key_schema) == ("ACTIVE", 0, KEYS["KeySchema"])
    assert table.creation_date_time.tzinfo is not None and table.table_arn.endswith(":table/resource-life")
    assert "resource-life" in [each.name for each in resource.tables.all()]
    table.update(StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    table.wait_until_exists()
    table.reload()
    assert table.latest_stream_arn.split("/stream/")[1] == table.latest_stream_label
    table.delete()
    table.wait_until_not_exists()
    with pytest.raises(resource.meta.client.exceptions.ResourceNotFoundException):
        table.reload()
    with pytest.raises(WaiterError):
        resource.meta.client.get_waiter("table_exists").wait(TableName="resource-life", WaiterConfig={"Delay": 1, "MaxAttempts": 1})


def test_python_values_come_back(table):
    item = {"pk": "values", "sk": NUMBER(1), "text": "grüße", "empty": "", "number": NUMBER("-1.25E-20"), "bytes": Binary(b"\0\xff"),
            "yes": True, "none": None, "list": [NUMBER(1), [None]], "map": {"": NUMBER(2), "b": {}}, "texts": {"a", "b"},
            "numbers": {NUMBER("1.5"), NUMBER(7)}, "binaries": {Binary(b"x"), Binary(b"")},
            "most": NUMBER("99999999999999999999999999999999999999")}
    table.put_item(Item=item)
    assert table.get_item(Key={"pk": "values", "sk": 1})["Item"] == item
    answer = table.update_item(Key={"pk": "values", "sk": 1}, UpdateExpression="SET #l = list_append(#l, :l) REMOVE #n ADD texts :t",
                               ExpressionAttributeNames={"#l": "list", "#n": "none"},
                               ExpressionAttributeValues={":l": ["more"], ":t": {"c"}}, ReturnValues="UPDATED_NEW")
    assert answer["Attributes"] == {"list": [NUMBER(1), [None], "more"], "texts": {"a", "b", "c"}}


def test_batch_writer_splits_and_takes_the_last_of_a_key(table):
    with table.batch_writer(overwrite_by_pkeys=["pk", "sk"]) as batch:
        for number in range(70):
            batch.put_item(Item={"pk": "batch", "sk": number % 60, "turn": number})
        batch.delete_item(Key={"pk": "batch", "sk": 59})
    found = table.query(KeyConditionExpression=Key("pk").eq("batch"))["Items"]
    assert [int(item["sk"]) for item in found] == list(range(59))
    assert [int(item["turn"]) for item in found[:11]] == [*range(60, 70), 10]


@pytest.mark.parametrize("condition, found", [
    (Attr("n").eq(3), {3}), (Attr("n").ne(3), {0, 1, 2, 4, 5}), (Attr("n").lt(2), {0, 1}), (Attr("n").lte(2), {0, 1, 2}),
    (Attr("n").gt(4), {5}), (Attr("n").gte(4), {4, 5}), (Attr("n").between(1, 2), {1, 2}), (Attr("n").is_in([0, 5, 9]), {0, 5}),
    (Attr("even").exists(), {0, 2, 4}), (Attr("even").not_exists(), {1, 3, 5}), (Attr("word").begins_with("w1"), {1}),
    (Attr("tags").contains("odd"), {1, 3, 5}), (Attr("word").size().gt(2), {0, 1, 2, 3, 4, 5}), (Attr("n").attribute_type("S"), set()),
    (Attr("map.inner").eq(4) | ~Attr("n").gt(0), {0, 4}), (Attr("list[0]").eq(2) & Attr("even").eq(True), {2}),
    (Attr("status").eq("s5"), {5})])  # a reserved word: the builder gives it a placeholder
def test_condition_builders(table, condition, found):
    for number in range(6):
        even = {"even": True} if number % 2 == 0 else {}
        table.put_item(Item={"pk": "built", "sk": number, "n": number, "word": f"w{number}-", "tags": {"even" if even else "odd"},
                             "map": {"inner": number}, "list": [number], "status": f"s{number}", **even})
    answer = table.query(KeyConditionExpression=Key("pk").eq("built") & Key("sk").between(0, 5), FilterExpression=condition)
    assert {int(item["n"]) for item in answer["Items"]} == found and answer["ScannedCount"] == 6
    if 3 not in found:
        with pytest.raises(ClientError) as refused:
            table.delete_item(Key={"pk": "built", "sk": 3}, ConditionExpression=condition)
        assert refused.value.response["Error"]["Code"] == "ConditionalCheckFailedException"


@pytest.mark.parametrize("condition, found", [
    (Key("sk").eq(2), [2]), (Key("sk").lt(2), [0, 1]), (Key("sk").lte(1), [0, 1]), (Key("sk").gt(2), [3]), (Key("sk").gte(3), [3]),
    (Key("sk").between(1, 2), [1, 2])])
def test_key_builders(table, condition, found):
    for number in range(4):
        table.put_item(Item={"pk": "keyed", "sk": number})
    answer = table.query(KeyConditionExpression=Key("pk").eq("keyed") & condition)
    assert [int(item["sk"]) for item in answer["Items"]] == found


def test_batch_get_through_the_resource(resource, table):
    table.put_item(Item={"pk": "got", "sk": 1, "set": {NUMBER(1)}})
    answer = resource.batch_get_item(RequestItems={table.name: {"Keys": [{"pk": "got", "sk": 1}, {"pk": "got", "sk": 2}]}})
    assert answer["Responses"][table.name] == [{"pk": "got", "sk": NUMBER(1), "set": {NUMBER(1)}}]


def test_paginators_with_tokens_of_their_own(dynamodb, table):
    client = dynamodb  # a resource's own client cannot put its numbers into a token
    with table.batch_writer() as batch:
        for number in range(23):
            batch.put_item(Item={"pk": "paged", "sk": number})
    query = {"TableName": table.name, "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "paged"}}}
    pages = client.get_paginator("query").paginate(**query, PaginationConfig={"PageSize": 4, "MaxItems": 10})
    first = pages.build_full_result()
    assert [int(item["sk"]["N"]) for item in first["Items"]] == list(range(10))
    rest = client.get_paginator("query").paginate(**query, PaginationConfig={"PageSize": 5, "StartingToken": first["NextToken"]})
    assert [int(item["sk"]["N"]) for page in rest for item in page["Items"]] == list(range(10, 23))
    counted = client.get_paginator("scan").paginate(TableName=table.name, Select="COUNT", PaginationConfig={"PageSize": 3})
    assert sum(page["Count"] for page in counted) == client.scan(TableName=table.name, Select="COUNT")["Count"]


def test_transactions_from_the_resources_client(table):
    client = table.meta.client
    action = lambda sk, **more: {"Put": {"TableName": table.name, "Item": {"pk": "tx", "sk": sk}, **more}}
    client.transact_write_items(TransactItems=[action(1), action(2)])
    with pytest.raises(client.exceptions.TransactionCanceledException) as cancelled:
        client.transact_write_items(TransactItems=[action(3), action(1, ConditionExpression="attribute_not_exists(pk)")])
    reasons = cancelled.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"]
    assert len(table.query(KeyConditionExpression=Key("pk").eq("tx"))["Items"]) == 2


def test_tags_and_time_to_live(table):
    client, arn = table.meta.client, table.table_arn
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": f"k{number}", "Value": "v"} for number in range(12)])
    listed = client.get_paginator("list_tags_of_resource").paginate(ResourceArn=arn)
    assert {tag["Key"] for page in listed for tag in page["Tags"]} == {f"k{number}" for number in range(12)}
    client.untag_resource(ResourceArn=arn, TagKeys=[f"k{number}" for number in range(11)])
    assert client.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "k11", "Value": "v"}]


# ---- the AWS CLI ----

@pytest.fixture(name="aws", scope="module")
def fixture_aws(leat):
    def aws(*words, text=None):
        done = subprocess.run(["/usr/bin/aws", "--endpoint-url", leat.endpoint, *words], capture_output=True, text=True, timeout=60,
                              check=False, input=text, env=environment())
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    return aws


@pytest.mark.release_only
def test_the_clis_pages(aws, table, make_table):
    make_table()  # so that there are two to list
    with table.batch_writer() as batch:
        for number in range(20):
            batch.put_item(Item={"pk": "cli", "sk": number, "even": number % 2 == 0})
    query = ["dynamodb", "query", "--table-name", table.name, "--key-condition-expression", "pk = :p",
             "--expression-attribute-values", '{":p": {"S": "cli"}}']
    found, token = [], []
    while True:
        page = json.loads(aws(*query, "--page-size", "3", "--max-items", "8", *token))
        found.append([int(item["sk"]["N"]) for item in page["Items"]])
        if "NextToken" not in page:
            break
        token = ["--starting-token", page["NextToken"]]
    assert found == [list(range(8)), list(range(8, 16)), list(range(16, 20))]
    words = aws(*query, "--query", "Items[?even.BOOL].sk.N", "--output", "text").split()
    assert words == [str(number) for number in range(0, 20, 2)]
    one = json.loads(aws(*query, "--no-paginate", "--limit", "5"))
    assert len(one["Items"]) == 5 and one["LastEvaluatedKey"] == {"pk": {"S": "cli"}, "sk": {"N": "4"}}
    names = json.loads(aws("dynamodb", "list-tables", "--max-items", "1"))
    assert len(names["TableNames"]) == 1 and "NextToken" in names


@pytest.mark.release_only
def test_the_clis_skeletons_and_files(aws, table, tmp_path):
    skeleton = json.loads(aws("dynamodb", "update-item", "--generate-cli-skeleton", "input"))
    filled = {name: value for name, value in {
        **skeleton, "TableName": table.name, "Key": {"pk": {"S": "skeleton"}, "sk": {"N": "1"}}, "UpdateExpression": "SET #n = :v",
        "ExpressionAttributeNames": {"#n": "name"}, "ExpressionAttributeValues": {":v": {"S": "grüße"}}, "ConditionExpression": "",
        "ReturnValues": "ALL_NEW", "ReturnConsumedCapacity": "TOTAL", "ReturnItemCollectionMetrics": "SIZE"}.items()
        if name not in ("AttributeUpdates", "Expected", "ConditionalOperator") and value != ""}
    filled = {name: value for name, value in filled.items() if name != "ReturnValuesOnConditionCheckFailure"}
    place = tmp_path / "update.json"
    place.write_text(json.dumps(filled))
    answer = json.loads(aws("dynamodb", "update-item", "--cli-input-json", f"file://{place}"))
    assert answer["Attributes"]["name"] == {"S": "grüße"} and answer["ConsumedCapacity"]["TableName"] == table.name
    transaction = tmp_path / "transaction.json"
    transaction.write_text(json.dumps([{"Delete": {"TableName": table.name, "Key": filled["Key"]}}, {
        "Put": {"TableName": table.name, "Item": {**filled["Key"], "sk": {"N": "2"}, "bytes": {"B": "AP8="}}}}]))
    aws("dynamodb", "transact-write-items", "--transact-items", f"file://{transaction}", "--client-request-token", "cli-once")
    selected = json.loads(aws("dynamodb", "execute-statement", "--statement", f"SELECT * FROM \"{table.name}\" WHERE pk = 'skeleton'"))
    assert selected["Items"] == [{**filled["Key"], "sk": {"N": "2"}, "bytes": {"B": "AP8="}}]
