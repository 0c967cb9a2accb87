"""Tables through boto3."""
import datetime
import json
import re

import pytest
from botocore.exceptions import ClientError

from conftest import wait_active

KEY = {"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
       "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}
FIVE = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}


def refused(call, **request):
    with pytest.raises(ClientError) as caught:
        call(**request)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_a_provisioned_table_is_described_as_aws_describes_it(dynamodb):
    made = dynamodb.create_table(TableName="shape", ProvisionedThroughput=FIVE, StreamSpecification={
        "StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}, **KEY)["TableDescription"]
    label = made["LatestStreamLabel"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}", label)
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", made.pop("TableId"))
    assert isinstance(made.pop("CreationDateTime"), datetime.datetime)
    assert made.pop("TableStatus") in ("CREATING", "ACTIVE")
    made.pop("WarmThroughput", None)
    arn = "arn:aws:dynamodb:us-east-1:000000000000:table/shape"
    assert made == {
        **KEY, "ItemCount": 0, "LatestStreamArn": f"{arn}/stream/{label}",
        "LatestStreamLabel": label, "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, **FIVE},
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
        "TableArn": arn, "TableName": "shape", "TableSizeBytes": 0}
    assert wait_active(dynamodb, "shape")["TableStatus"] == "ACTIVE"
    assert dynamodb.describe_table(TableName=arn)["Table"]["TableName"] == "shape"


def test_on_demand_has_a_summary_and_no_units(dynamodb, make_table):
    table = dynamodb.describe_table(TableName=make_table())["Table"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
    assert "LatestStreamArn" not in table and "StreamSpecification" not in table


def test_indexes_are_described(dynamodb, make_table):
    name = make_table("S", AttributeDefinitions=[{"AttributeName": a, "AttributeType": "S"} for a in ("pk", "sk", "g", "l")],
                      GlobalSecondaryIndexes=[{"IndexName": "by-g", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
                                               "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x"]}}],
                      LocalSecondaryIndexes=[{"IndexName": "by-l", "KeySchema": [
                          {"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "l", "KeyType": "RANGE"}],
                          "Projection": {"ProjectionType": "KEYS_ONLY"}}])
    table = dynamodb.describe_table(TableName=name)["Table"]
    (glob,), (local,) = table["GlobalSecondaryIndexes"], table["LocalSecondaryIndexes"]
    assert glob["IndexArn"] == table["TableArn"] + "/index/by-g" and glob["IndexStatus"] == "ACTIVE"
    assert glob["Projection"] == {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x"]}
    assert local["KeySchema"][1] == {"AttributeName": "l", "KeyType": "RANGE"} and "IndexStatus" not in local


def test_list_tables_pages(dynamodb, make_table):
    for name in ("page-a", "page-b", "page-c"):
        make_table(name=name)
    assert dynamodb.list_tables(ExclusiveStartTableName="page-a", Limit=1) | {"ResponseMetadata": 0} == {
        "TableNames": ["page-b"], "LastEvaluatedTableName": "page-b", "ResponseMetadata": 0}
    names = [name for page in dynamodb.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 1})
             for name in page["TableNames"]]
    assert names == sorted(names) and {"page-a", "page-b", "page-c"} <= set(names)
    assert not any(name.startswith("leat:") for name in names)


def test_streams_are_turned_on_and_off(dynamodb, make_table):
    name = make_table()
    on = dynamodb.update_table(TableName=name, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    assert on["TableDescription"]["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    arn = on["TableDescription"]["LatestStreamArn"]
    wait_active(dynamodb, name)
    dynamodb.update_table(TableName=name, StreamSpecification={"StreamEnabled": False})
    off = wait_active(dynamodb, name)
    assert "StreamSpecification" not in off and off["LatestStreamArn"] == arn


def test_billing_changes(dynamodb, make_table):
    name = make_table()
    dynamodb.update_table(TableName=name, BillingMode="PROVISIONED", ProvisionedThroughput=FIVE)
    table = wait_active(dynamodb, name)
    assert table["ProvisionedThroughput"]["WriteCapacityUnits"] == 5
    dynamodb.update_table(TableName=name, ProvisionedThroughput={"ReadCapacityUnits": 9, "WriteCapacityUnits": 5})
    assert wait_active(dynamodb, name)["ProvisionedThroughput"]["ReadCapacityUnits"] == 9
    code, words = refused(dynamodb.update_table, TableName=name,
                          ProvisionedThroughput={"ReadCapacityUnits": 9, "WriteCapacityUnits": 5})
    assert code == "ValidationException" and words.startswith("The provisioned throughput for the table will not change.")


def test_a_protected_table_is_not_deleted(dynamodb, raw, make_table):
    def protect(name, on):  # Debian's botocore does not know this member yet
        answer = json.loads(raw.call("UpdateTable", {"TableName": name, "DeletionProtectionEnabled": on})[2])
        assert answer["TableDescription"]["DeletionProtectionEnabled"] is on

    name = make_table()
    assert json.loads(raw.call("DescribeTable", {"TableName": name})[2])["Table"]["DeletionProtectionEnabled"] is False
    protect(name, True)
    assert refused(dynamodb.delete_table, TableName=name)[0] == "ValidationException"
    protect(name, False)
    assert dynamodb.delete_table(TableName=name)["TableDescription"]["TableStatus"] == "DELETING"
    dynamodb.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 100})


def test_the_table_class_changes_and_tags_stay(dynamodb, make_table):
    name = make_table(Tags=[{"Key": "a", "Value": "b"}])
    assert "TableClassSummary" not in dynamodb.describe_table(TableName=name)["Table"]
    dynamodb.update_table(TableName=name, TableClass="STANDARD_INFREQUENT_ACCESS")
    table = wait_active(dynamodb, name)
    assert table["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
    assert dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"] == [{"Key": "a", "Value": "b"}]
    dynamodb.tag_resource(ResourceArn=table["TableArn"], Tags=[{"Key": "c", "Value": "d"}])
    assert wait_active(dynamodb, name)["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"


def test_tags(dynamodb, make_table):
    name = make_table(Tags=[{"Key": "team", "Value": "mill"}])
    arn = dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
    dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "env", "Value": "test"}, {"Key": "team", "Value": "water"}])
    tags = {tag["Key"]: tag["Value"] for tag in dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"]}
    assert tags == {"team": "water", "env": "test"}
    dynamodb.untag_resource(ResourceArn=arn, TagKeys=["team", "nothing"])
    assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "env", "Value": "test"}]


@pytest.mark.parametrize("change, words", [
    ({"TableName": None}, "The parameter 'TableName' is required but was not present in the request"),
    ({"TableName": "ab"}, "1 validation error detected: Value 'ab' at 'tableName' failed to satisfy constraint: "
                          "Member must have length greater than or equal to 3"),
    ({"KeySchema": [{"AttributeName": "pk", "KeyType": "RANGE"}]},
     "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"),
    ({"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "pk", "KeyType": "RANGE"}]},
     "Invalid KeySchema: Some index key attribute have no definition"),
    ({"BillingMode": "PROVISIONED"}, "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits "
                                     "must both be specified when BillingMode is PROVISIONED"),
    ({"ProvisionedThroughput": FIVE}, "One or more parameter values were invalid: Neither ReadCapacityUnits nor "
                                      "WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"),
    ({"StreamSpecification": {"StreamEnabled": True}}, "One or more parameter values were invalid: StreamViewType must be "
                                                       "specified when StreamEnabled is true")])
def test_definitions_that_are_refused(dynamodb, change, words):
    request = {"TableName": "refused", "BillingMode": "PAY_PER_REQUEST", **KEY, **change}
    request = {name: value for name, value in request.items() if value is not None}
    assert refused(dynamodb.create_table, **request) == ("ValidationException", words)


def test_a_table_that_is_there_or_not(dynamodb, make_table):
    name = make_table()
    assert refused(dynamodb.create_table, TableName=name, BillingMode="PAY_PER_REQUEST", **KEY)[0] == "ResourceInUseException"
    for call in (dynamodb.describe_table, dynamodb.delete_table):
        assert refused(call, TableName="nothing") == (
            "ResourceNotFoundException", "Requested resource not found: Table: nothing not found")


def test_what_sdks_ask_of_the_service(dynamodb, make_table):
    assert dynamodb.describe_limits()["TableMaxReadCapacityUnits"] == 40000
    assert ":" in dynamodb.describe_endpoints()["Endpoints"][0]["Address"]
    assert dynamodb.describe_time_to_live(TableName=make_table())["TimeToLiveDescription"] == {"TimeToLiveStatus": "DISABLED"}
