"""What clients set on a table and read back. Debian's botocore does not know all of it: then the requests are written out."""
import json
import threading

import pytest
from botocore.exceptions import ClientError

from conftest import Raw, wait_active
from program import Program

ACCOUNT = "000000000000"
ARN = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/"
VALUES = "One or more parameter values were invalid: "
FIVE = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
KEYS = {"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}
INDEX = {"IndexName": "by-g", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}
WITH_G = {"AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "g")]}


class Api:
    """answer = api.Operation(Member=...); api.refused("Operation", Member=...) -> (type, words)"""

    def __init__(self, raw):
        self.raw = raw

    def __getattr__(self, operation):
        def call(**request):
            status, _, body = self.raw.call(operation, request)
            assert status == 200, body
            return json.loads(body)
        return call

    def refused(self, operation, **request):
        return self.raw.refused(operation, request)

    def create(self, name, on_demand=True, **more):
        units = {"BillingMode": "PAY_PER_REQUEST"} if on_demand else {"ProvisionedThroughput": FIVE}
        made = self.CreateTable(**{"TableName": name, **units, **KEYS, **more})["TableDescription"]
        self.settled(name)
        return made

    def describe(self, name):
        return self.DescribeTable(TableName=name)["Table"]

    def settled(self, name):
        for _ in range(2000):
            table = self.describe(name)
            if table["TableStatus"] == "ACTIVE":
                return table
        raise AssertionError(table)


@pytest.fixture(name="api", scope="session")
def fixture_api(raw):
    return Api(raw)


def invalid(words):
    return "ValidationException", VALUES + words


# ---- encryption

def test_a_table_under_a_key_of_dynamodbs_own_has_no_sse_description(api):
    api.create("sse-none", SSESpecification={})
    assert "SSEDescription" not in api.describe("sse-none")


def test_a_key_is_shown_by_its_arn(api):
    api.create("sse-managed", SSESpecification={"Enabled": True})
    managed = api.describe("sse-managed")["SSEDescription"]
    assert managed["Status"] == "ENABLED" and managed["SSEType"] == "KMS"
    assert managed["KMSMasterKeyArn"].startswith(f"arn:aws:kms:us-east-1:{ACCOUNT}:key/")
    api.create("sse-alias", SSESpecification={"SSEType": "KMS", "KMSMasterKeyId": "alias/aws/dynamodb"})
    assert api.describe("sse-alias")["SSEDescription"] == managed
    key = "11111111-2222-4333-8444-555555555555"
    api.create("sse-own", SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key})
    assert api.describe("sse-own")["SSEDescription"]["KMSMasterKeyArn"] == f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{key}"


def test_encryption_changes(api):
    api.create("sse-change")
    assert api.refused("UpdateTable", TableName="sse-change", SSESpecification={"Enabled": False}) == invalid(
        "Table is already encrypted by default")
    changed = api.UpdateTable(TableName="sse-change", SSESpecification={"Enabled": True})["TableDescription"]
    assert changed["SSEDescription"]["Status"] == "UPDATING"
    now = api.settled("sse-change")["SSEDescription"]
    assert now["Status"] == "ENABLED"
    again = {"SSEType": "KMS", "KMSMasterKeyId": now["KMSMasterKeyArn"]}
    assert api.refused("UpdateTable", TableName="sse-change", SSESpecification=again) == invalid(
        "Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to change Master Key")
    api.UpdateTable(TableName="sse-change", SSESpecification={"Enabled": False})
    assert "SSEDescription" not in api.settled("sse-change")


@pytest.mark.parametrize("specification, words", [
    ({"Enabled": False, "SSEType": "KMS"}, "SSEType can not be specified if Enabled is false"),
    ({"Enabled": False, "KMSMasterKeyId": "k"}, "KMSMasterKeyId can not be specified if Enabled is false"),
    ({"Enabled": True, "SSEType": "AES256"}, "SSEType AES256 is not supported"),
    ({"Enabled": True, "KMSMasterKeyId": "k"}, "SSEType KMS is required if KMSMasterKeyId is specified")])
def test_encryption_that_is_refused(api, specification, words):
    assert api.refused("CreateTable", TableName="sse-refused", BillingMode="PAY_PER_REQUEST", SSESpecification=specification,
                       **KEYS) == invalid(words)
    assert api.refused("UpdateTable", TableName="sse-refused", SSESpecification=specification) == invalid(words)


# ---- warm throughput

def test_warm_throughput_has_defaults(api):
    made = api.create("warm-default")
    assert "WarmThroughput" not in made
    assert api.describe("warm-default")["WarmThroughput"] == {
        "ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"}
    made = api.create("warm-asked", WarmThroughput={"ReadUnitsPerSecond": 13000})
    assert made["WarmThroughput"]["Status"] == "UPDATING"
    assert api.describe("warm-asked")["WarmThroughput"] == {
        "ReadUnitsPerSecond": 13000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"}


def test_warm_throughput_never_goes_down(api):
    api.create("warm-units", on_demand=False)

    def warm():
        described = api.settled("warm-units")["WarmThroughput"]
        return described["ReadUnitsPerSecond"], described["WriteUnitsPerSecond"]

    assert warm() == (5, 5)
    for units, expected in (((9, 5), (9, 5)), ((2, 7), (9, 7)), ((1, 1), (9, 7))):
        api.UpdateTable(TableName="warm-units", ProvisionedThroughput={"ReadCapacityUnits": units[0], "WriteCapacityUnits": units[1]})
        assert warm() == expected
    api.UpdateTable(TableName="warm-units", BillingMode="PAY_PER_REQUEST")
    assert warm() == (12000, 4000)
    api.UpdateTable(TableName="warm-units", BillingMode="PROVISIONED", ProvisionedThroughput=FIVE)
    assert warm() == (12000, 4000)


def test_warm_throughput_is_raised(api):
    api.create("warm-raise", **WITH_G, GlobalSecondaryIndexes=[INDEX])
    raised = api.UpdateTable(TableName="warm-raise", WarmThroughput={"WriteUnitsPerSecond": 5000})["TableDescription"]
    assert raised["WarmThroughput"]["Status"] == "UPDATING"
    assert api.settled("warm-raise")["WarmThroughput"]["WriteUnitsPerSecond"] == 5000
    api.UpdateTable(TableName="warm-raise", GlobalSecondaryIndexUpdates=[
        {"Update": {"IndexName": "by-g", "WarmThroughput": {"ReadUnitsPerSecond": 20000}}}])
    (index,) = api.settled("warm-raise")["GlobalSecondaryIndexes"]
    assert index["WarmThroughput"] == {"ReadUnitsPerSecond": 20000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"}
    assert api.refused("UpdateTable", TableName="warm-raise", WarmThroughput={"WriteUnitsPerSecond": 4999}) == invalid(
        "Requested WriteUnitsPerSecond for WarmThroughput for table is lower than current WarmThroughput, decreasing "
        "WarmThroughput is not supported")
    assert api.refused("UpdateTable", TableName="warm-raise", GlobalSecondaryIndexUpdates=[
        {"Update": {"IndexName": "by-g", "WarmThroughput": {"ReadUnitsPerSecond": 1}}}]) == invalid(
        "Requested ReadUnitsPerSecond for WarmThroughput for index by-g is lower than current WarmThroughput, decreasing "
        "WarmThroughput is not supported")
    assert api.refused("UpdateTable", TableName="warm-raise", GlobalSecondaryIndexUpdates=[
        {"Update": {"IndexName": "by-g", "WarmThroughput": {}}}]) == invalid(
        "WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified for index: by-g")


def test_an_index_that_comes_again_starts_anew(api):
    api.create("warm-again", **WITH_G, GlobalSecondaryIndexes=[{**INDEX, "WarmThroughput": {"ReadUnitsPerSecond": 30000}}])
    api.UpdateTable(TableName="warm-again", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-g"}}])
    assert "GlobalSecondaryIndexes" not in api.settled("warm-again")
    api.UpdateTable(TableName="warm-again", **WITH_G, GlobalSecondaryIndexUpdates=[{"Create": INDEX}])
    (index,) = api.settled("warm-again")["GlobalSecondaryIndexes"]
    assert index["WarmThroughput"]["ReadUnitsPerSecond"] == 12000


INITIAL = ("initial throughput for OnDemand. See: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
           "on-demand-capacity-mode.html#on-demand-capacity-mode-initial")


@pytest.mark.parametrize("more, words", [
    ({"BillingMode": "PAY_PER_REQUEST", "WarmThroughput": {"ReadUnitsPerSecond": 1, "WriteUnitsPerSecond": 1}},
     "Requested ReadUnitsPerSecond for WarmThroughput for table is lower than " + INITIAL),
    ({"ProvisionedThroughput": FIVE, "WarmThroughput": {"ReadUnitsPerSecond": 5, "WriteUnitsPerSecond": 4}},
     "Requested WriteUnitsPerSecond for WarmThroughput for table is lower than WriteCapacityUnits of ProvisionedThroughput"),
    ({"BillingMode": "PAY_PER_REQUEST", "OnDemandThroughput": {"MaxReadRequestUnits": 0}},
     "Requested MaxReadRequestUnits for OnDemandThroughput for table is outside of valid range"),
    ({"BillingMode": "PAY_PER_REQUEST", "OnDemandThroughput": {"MaxWriteRequestUnits": -1}},
     "Requested MaxWriteRequestUnits for OnDemandThroughput for table is outside of valid range"),
    ({"ProvisionedThroughput": FIVE, "OnDemandThroughput": {"MaxReadRequestUnits": 10}},
     "MaxReadRequestUnits for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED")])
def test_throughput_that_is_refused(api, more, words):
    assert api.refused("CreateTable", TableName="throughput-refused", **KEYS, **more) == invalid(words)


# ---- limits on demand

def test_limits_on_demand(api):
    api.create("limits", **WITH_G, OnDemandThroughput={"MaxReadRequestUnits": 100},
               GlobalSecondaryIndexes=[{**INDEX, "OnDemandThroughput": {"MaxWriteRequestUnits": 7}}])
    table = api.describe("limits")
    assert table["OnDemandThroughput"] == {"MaxReadRequestUnits": 100}
    assert table["GlobalSecondaryIndexes"][0]["OnDemandThroughput"] == {"MaxWriteRequestUnits": 7}
    api.UpdateTable(TableName="limits", OnDemandThroughput={"MaxWriteRequestUnits": 50})
    assert api.settled("limits")["OnDemandThroughput"] == {"MaxReadRequestUnits": 100, "MaxWriteRequestUnits": 50}
    api.UpdateTable(TableName="limits", OnDemandThroughput={"MaxReadRequestUnits": -1})
    assert api.settled("limits")["OnDemandThroughput"] == {"MaxWriteRequestUnits": 50}
    api.UpdateTable(TableName="limits", OnDemandThroughput={"MaxWriteRequestUnits": -1})
    assert "OnDemandThroughput" not in api.settled("limits")
    api.UpdateTable(TableName="limits", GlobalSecondaryIndexUpdates=[
        {"Update": {"IndexName": "by-g", "OnDemandThroughput": {"MaxReadRequestUnits": 9}}}])
    assert api.settled("limits")["GlobalSecondaryIndexes"][0]["OnDemandThroughput"] == {
        "MaxReadRequestUnits": 9, "MaxWriteRequestUnits": 7}
    for value in (0, -2):
        assert api.refused("UpdateTable", TableName="limits", OnDemandThroughput={"MaxReadRequestUnits": value}) == invalid(
            "Requested MaxReadRequestUnits for OnDemandThroughput for table is outside of valid range")
    assert api.refused("UpdateTable", TableName="limits", GlobalSecondaryIndexUpdates=[
        {"Update": {"IndexName": "by-g", "OnDemandThroughput": {"MaxReadRequestUnits": 0}}}]) == invalid(
        "Requested MaxReadRequestUnits for OnDemandThroughput for index : by-g is outside of valid range")


# ---- class

def test_the_class_and_when_it_changed(api):
    api.create("class", TableClass="STANDARD")
    assert api.describe("class")["TableClassSummary"] == {"TableClass": "STANDARD"}
    api.UpdateTable(TableName="class", TableClass="STANDARD_INFREQUENT_ACCESS")
    changed = api.settled("class")["TableClassSummary"]
    assert changed["TableClass"] == "STANDARD_INFREQUENT_ACCESS" and changed["LastUpdateDateTime"] > 1.7e9
    api.UpdateTable(TableName="class", TableClass="STANDARD_INFREQUENT_ACCESS")
    assert api.settled("class")["TableClassSummary"] == changed
    api.create("class-none")
    api.UpdateTable(TableName="class-none", TableClass="STANDARD")
    assert "TableClassSummary" not in api.settled("class-none")
    words = ("ValidationException", "Invalid table-class parameter provided. Please try again with a valid table-class value: "
                                    "[STANDARD, STANDARD_INFREQUENT_ACCESS].")
    assert api.refused("UpdateTable", TableName="class", TableClass="BEST") == words
    assert api.refused("CreateTable", TableName="class-bad", BillingMode="PAY_PER_REQUEST", TableClass="BEST", **KEYS) == words


# ---- UpdateTable

ONLY = " must be the only operation in the request"
SSE, CLASS, WARM, LIMITS = ({"SSESpecification": {"Enabled": True}}, {"TableClass": "STANDARD"},
                            {"WarmThroughput": {"ReadUnitsPerSecond": 20000}}, {"OnDemandThroughput": {"MaxReadRequestUnits": 5}})
PROTECTION, STREAM, UNITS = ({"DeletionProtectionEnabled": True}, {"StreamSpecification": {"StreamEnabled": False}},
                             {"ProvisionedThroughput": FIVE})
DELETE = {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "by-g"}}]}
CREATE = {"GlobalSecondaryIndexUpdates": [{"Create": INDEX}]}


@pytest.mark.parametrize("parts, words", [
    ((SSE, CLASS), "Server-Side Encryption modification" + ONLY), ((PROTECTION, SSE), "Server-Side Encryption modification" + ONLY),
    ((CLASS, PROTECTION), "TableClass modification" + ONLY), ((PROTECTION, WARM), "DeletionProtection modification" + ONLY),
    ((PROTECTION, STREAM), "DeletionProtection modification" + ONLY), ((WARM, STREAM), "WarmThroughput" + ONLY),
    ((LIMITS, STREAM), "OnDemandThroughput can only be combined with BillingMode in an UpdateTable request"),
    ((WARM, CREATE), "Create global secondary index cannot be specified when updating WarmThroughput"),
    ((UNITS, STREAM), "You cannot modify stream status while updating table IOPS"),
    ((UNITS, DELETE), "You cannot create or delete index while updating table IOPS"),
    ((STREAM, CREATE), "You cannot create or delete index while changing stream status"),
    (({"GlobalSecondaryIndexUpdates": []}, {}), "List of GlobalSecondaryIndexUpdates is empty"),
    (({"GlobalSecondaryIndexUpdates": [{}]}, {}),
     "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null"),
    (({"GlobalSecondaryIndexUpdates": [{"Create": INDEX, "Delete": {"IndexName": "by-x"}}]}, {}),
     "Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object"),
    (({"GlobalSecondaryIndexUpdates": [{"Create": INDEX}, {"Delete": {"IndexName": "by-g"}}]}, {}),
     "Only one global secondary index update per index is allowed simultaneously. Index: by-g")])
def test_what_does_not_go_together(api, parts, words):
    assert api.refused("UpdateTable", TableName="nothing", **parts[0], **parts[1]) == invalid(words)


def test_what_may_go_together(api):
    api.create("together", on_demand=False)
    api.UpdateTable(TableName="together", BillingMode="PAY_PER_REQUEST", OnDemandThroughput={"MaxReadRequestUnits": 5},
                    GlobalSecondaryIndexUpdates=[{"Create": INDEX}], **WITH_G)
    table = api.settled("together")
    assert table["OnDemandThroughput"] == {"MaxReadRequestUnits": 5}
    assert table["GlobalSecondaryIndexes"][0]["IndexName"] == "by-g"


def test_changes_of_indexes_that_are_refused(api):
    local = {"IndexName": "loc", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "g", "KeyType": "RANGE"}],
             "Projection": {"ProjectionType": "ALL"}}
    api.create("indexes", AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "g")],
               KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
               LocalSecondaryIndexes=[local], GlobalSecondaryIndexes=[INDEX, {**INDEX, "IndexName": "by-h"}])

    def refused(*changes, **more):
        return api.refused("UpdateTable", TableName="indexes", GlobalSecondaryIndexUpdates=list(changes), **more)

    units = {"ProvisionedThroughput": FIVE}
    gone = ("ResourceNotFoundException", "Requested resource not found: Index ghost for table indexes")
    assert refused({"Delete": {"IndexName": "ghost"}}) == gone
    assert refused({"Update": {"IndexName": "ghost", **units}}) == gone
    assert refused({"Delete": {"IndexName": "loc"}}) == (
        "ValidationException", "Cannot delete an index that is not a GlobalSecondaryIndex: loc")
    assert refused({"Update": {"IndexName": "loc", **units}}) == (
        "ValidationException", "Cannot update an index that is not a GlobalSecondaryIndex: loc")
    assert refused({"Update": {"IndexName": "by-g", **units}}) == invalid(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: by-g when BillingMode is PAY_PER_REQUEST")
    assert refused({"Update": {"IndexName": "by-g"}}) == invalid(
        "The only Updates for index: by-g when TableThroughputMode is PAY_PER_REQUEST can be to OnDemandThroughput, WarmThroughput")
    provisioned = {"BillingMode": "PROVISIONED", **units}
    assert refused({"Update": {"IndexName": "by-g", **units}}, **provisioned) == invalid(
        "ProvisionedThroughput must be specified for index: by-h")
    assert refused({"Delete": {"IndexName": "by-g"}}, {"Delete": {"IndexName": "by-h"}}) == (
        "LimitExceededException", "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table")
    api.UpdateTable(TableName="indexes", **provisioned, GlobalSecondaryIndexUpdates=[
        {"Update": {"IndexName": "by-g", **units}},
        {"Update": {"IndexName": "by-h", "ProvisionedThroughput": {"ReadCapacityUnits": 6, "WriteCapacityUnits": 7}}}])
    shown = {index["IndexName"]: index["ProvisionedThroughput"] for index in api.settled("indexes")["GlobalSecondaryIndexes"]}
    assert shown == {"by-g": {"NumberOfDecreasesToday": 0, **FIVE},
                     "by-h": {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 6, "WriteCapacityUnits": 7}}


def test_the_units_of_a_new_tables_indexes(api):
    units = {"ProvisionedThroughput": FIVE}
    assert api.refused("CreateTable", TableName="index-units", **units, **{**KEYS, **WITH_G}, GlobalSecondaryIndexes=[INDEX]) == invalid(
        "ProvisionedThroughput is not specified for index: by-g")
    assert api.refused("CreateTable", TableName="index-units", BillingMode="PAY_PER_REQUEST", **{**KEYS, **WITH_G},
                       GlobalSecondaryIndexes=[{**INDEX, **units}]) == invalid(
        "ProvisionedThroughput should not be specified for index: by-g when BillingMode is PAY_PER_REQUEST")


def test_when_a_table_became_on_demand_stays_known(api):
    api.create("became")
    before = api.describe("became")["BillingModeSummary"]
    api.UpdateTable(TableName="became", BillingMode="PROVISIONED", ProvisionedThroughput=FIVE)
    after = api.settled("became")["BillingModeSummary"]
    assert after == {**before, "BillingMode": "PROVISIONED"}
    api.UpdateTable(TableName="became", BillingMode="PAY_PER_REQUEST")
    again = api.settled("became")["BillingModeSummary"]
    assert again["LastUpdateToPayPerRequestDateTime"] > before["LastUpdateToPayPerRequestDateTime"]


def test_there_are_no_replicas(api):
    api.create("replicas")

    def refused(change):
        return api.refused("UpdateTable", TableName="replicas", ReplicaUpdates=[change])

    assert refused({}) == ("ValidationException", "There are no actions specified in the Replica Update Action of the request.")
    assert refused({"Create": {"RegionName": "eu-west-1"}})[1].startswith("Region eu-west-1 is not supported.")
    assert refused({"Create": {"RegionName": "us-east-1"}})[1].startswith("Cannot add or delete the local region")
    assert refused({"Delete": {"RegionName": "eu-west-1"}})[1].endswith("without these replicas: [eu-west-1].")
    assert api.refused("CreateTable", TableName="replica", BillingMode="PAY_PER_REQUEST", GlobalTableSourceArn=ARN + "replicas",
                       **KEYS)[0] == "ValidationException"


# ---- resource policies

def policy(resource, *sids, action="dynamodb:GetItem", principal=ACCOUNT, effect="Allow", **more):
    return {"Version": "2012-10-17", "Statement": [
        {"Sid": sid, "Effect": effect, "Principal": {"AWS": principal}, "Action": [action], "Resource": resource, **more}
        for sid in sids or ("One",)]}


def put(api, arn, document, **more):
    return api.PutResourcePolicy(ResourceArn=arn, Policy=json.dumps(document), **more)["RevisionId"]


def test_a_policy_is_kept_in_its_canonical_form(api):
    api.create("policy")
    arn = ARN + "policy"
    missing = ("PolicyNotFoundException", f"Resource-based policy not found for the provided ResourceArn: {arn}")
    assert api.refused("GetResourcePolicy", ResourceArn=arn) == missing
    assert api.DeleteResourcePolicy(ResourceArn=arn) == {}
    first = put(api, arn, policy(arn))
    assert first.isdigit() and len(first) == 13
    root = f"arn:aws:iam::{ACCOUNT}:root"
    assert api.GetResourcePolicy(ResourceArn=arn) == {
        "Policy": f'{{"Version":"2012-10-17","Statement":[{{"Sid":"One","Effect":"Allow","Principal":{{"AWS":"{root}"}},'
                  f'"Action":"dynamodb:GetItem","Resource":"{arn}"}}]}}', "RevisionId": first}
    (statement,) = policy(arn, principal=[root, ACCOUNT])["Statement"]
    same = {"Statement": {**dict(reversed(statement.items())), "Effect": "allow", "Action": "dynamodb:GetItem"}, "Version": "2012-10-17"}
    assert api.PutResourcePolicy(ResourceArn=arn, Policy=json.dumps(same, indent=4))["RevisionId"] == first
    second = put(api, arn, policy(arn, "Two", Condition={"StringEquals": {"aws:PrincipalTag/team": ["a", "b"]}}))
    assert int(second) > int(first)
    assert '"Condition":{"StringEquals":{"aws:PrincipalTag/team":["a","b"]}}' in api.GetResourcePolicy(ResourceArn=arn)["Policy"]
    assert api.DeleteResourcePolicy(ResourceArn=arn) == {"RevisionId": second}
    assert api.refused("GetResourcePolicy", ResourceArn=arn) == missing


def test_a_policy_is_changed_only_at_the_expected_revision(api):
    api.create("revisions")
    arn, document = ARN + "revisions", policy(ARN + "revisions")
    start = "Resource-based policy not found for the provided ResourceArn: "
    assert api.refused("PutResourcePolicy", ResourceArn=arn, Policy=json.dumps(document), ExpectedRevisionId="1")[0] == (
        "PolicyNotFoundException")
    revision = put(api, arn, document, ExpectedRevisionId="NO_POLICY")
    assert api.refused("PutResourcePolicy", ResourceArn=arn, Policy=json.dumps(document), ExpectedRevisionId="NO_POLICY") == (
        "PolicyNotFoundException", start + "Requested policy update expecting none to be present for table revisions, but a policy "
                                           f"exists with revision id {revision}.")
    stale = ("PolicyNotFoundException", start + "Requested update for policy with revision id 1, but the policy associated to target "
                                                f"table revisions has revision id {revision}.")
    assert api.refused("PutResourcePolicy", ResourceArn=arn, Policy=json.dumps(document), ExpectedRevisionId="1") == stale
    assert api.refused("DeleteResourcePolicy", ResourceArn=arn, ExpectedRevisionId="1") == stale
    newer = put(api, arn, policy(arn, "New"), ExpectedRevisionId=revision)
    assert api.DeleteResourcePolicy(ResourceArn=arn, ExpectedRevisionId=newer) == {"RevisionId": newer}


def test_a_stream_has_a_policy_of_its_own(api):
    made = api.create("policy-stream", StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
                      ResourcePolicy=json.dumps(policy("*")))
    stream, table = made["LatestStreamArn"], made["TableArn"]
    assert '"Resource":"*"' in api.GetResourcePolicy(ResourceArn=table)["Policy"]
    assert api.refused("GetResourcePolicy", ResourceArn=stream)[0] == "PolicyNotFoundException"
    put(api, stream, policy(stream, action="dynamodb:GetRecords"))
    assert "GetRecords" in api.GetResourcePolicy(ResourceArn=stream)["Policy"]
    assert "GetItem" in api.GetResourcePolicy(ResourceArn=table)["Policy"]
    other = table + "/stream/2000-01-01T00:00:00.000"
    words = "Requested resource not found: Stream: 2000-01-01T00:00:00.000 not found for Table: policy-stream"
    assert api.refused("GetResourcePolicy", ResourceArn=other) == ("ResourceNotFoundException", words)
    assert api.refused("PutResourcePolicy", ResourceArn=other, Policy=json.dumps(policy("*"))) == ("ResourceNotFoundException", words)


DOCUMENT = "Invalid policy document: "


@pytest.mark.parametrize("text, words", [
    ("", DOCUMENT + "This policy contains invalid Json"), ("{not json", DOCUMENT + "This policy contains invalid Json"),
    ("[]", DOCUMENT + "This policy contains invalid Json"), ("null", DOCUMENT + "This text appears not to be a policy"),
    ("{}", DOCUMENT + "Syntax error at position (1,3)"),
    ('{"Statement":[]}', DOCUMENT + "Could not parse the policy: Statement is empty!"),
    ('{"Statement":[{}]}', DOCUMENT + "Missing required field Effect"),
    ('{"Statement":[{"Effect":"Deny","Principal":"*","Action":"a"}]}', DOCUMENT + "Missing required field Resource"),
    (json.dumps(policy("*", "A", "A")), DOCUMENT + "The Statement Ids in the policy are not unique"),
    (json.dumps(policy("*")) + " " * 20480, "Maximum policy size of 20480 bytes exceeded")])
def test_documents_that_are_refused(api, make_table, text, words):
    assert api.refused("PutResourcePolicy", ResourceArn=ARN + make_table(), Policy=text) == invalid(words)


def test_policies_that_go_too_far(api, make_table):
    arn = ARN + make_table()
    code, words = api.refused("PutResourcePolicy", ResourceArn=arn, Policy=json.dumps(policy(arn, principal="*")))
    assert code == "ValidationException" and words.startswith("Resource-based policy grants unbounded access")
    closed = json.dumps(policy(arn, action="dynamodb:*", principal="*", effect="Deny"))
    assert api.refused("PutResourcePolicy", ResourceArn=arn, Policy=closed) == (
        "AccessDeniedException", "The new resource policy will not allow you to update the resource policy in the future.")
    assert api.PutResourcePolicy(ResourceArn=arn, Policy=closed, ConfirmRemoveSelfResourceAccess=True)["RevisionId"]


@pytest.mark.parametrize("arn, code, words", [
    ("a-table", "ValidationException", VALUES + "ARNs must start with 'arn:': a-table"),
    (ARN + "nothing", "ResourceNotFoundException", "Requested resource not found: Table: nothing not found"),
    ("arn:aws:dynamodb:us-east-1:999999999999:table/t", "ValidationException",
     "This action is only supported by accounts that match the resource owner\u2019s account."),
    ("arn:aws:dynamodb:eu-west-1:000000000000:table/t", "ValidationException",
     VALUES + "Invalid resource Arn: arn:aws:dynamodb:eu-west-1:000000000000:table/t"),
    (ARN + "t/index/i", "ValidationException", VALUES + "Invalid resource arn provided, only table or stream is accepted. Provided "
                                                        f"resource arn: {ARN}t/index/i"),
    (ARN + "t/backup/b", "ValidationException", VALUES + f"Provided Arn is not a DynamoDB resource arn: {ARN}t/backup/b")])
def test_resources_that_have_no_policy(api, arn, code, words):
    assert api.refused("GetResourcePolicy", ResourceArn=arn) == (code, words)
    assert api.refused("PutResourcePolicy", ResourceArn=arn, Policy=json.dumps(policy("*"))) == (code, words)
    assert api.refused("DeleteResourcePolicy", ResourceArn=arn) == (code, words)


# ---- tags

@pytest.mark.parametrize("tags, words", [
    ([{"Key": "a" * 129, "Value": ""}], "The Tag Key provided is invalid, Key: " + "a" * 129),
    ([{"Key": "", "Value": ""}], "The Tag Key provided is invalid, Key: "), ([{"Value": "v"}], "The Tag Key provided is invalid, Key: null"),
    ([{"Key": "k"}], "The Tag Value provided is invalid, Value: null"),
    ([{"Key": "k", "Value": "v" * 257}], "The Tag Value provided is invalid, Value: " + "v" * 257),
    ([{"Key": "bad#char", "Value": ""}], "The Tag Key provided is invalid, Key: bad#char"),
    ([{"Key": "k", "Value": "100%"}], "The Tag Value provided is invalid, Value: 100%"),
    ([{"Key": "\U0001f511", "Value": ""}], "The Tag Key provided is invalid, Key: \U0001f511"),
    ([{"Key": "Aws:x", "Value": ""}], "Tag Key cannot be prefixed with aws:, Key: Aws:x"),
    ([{"Key": "dup", "Value": "1"}, {"Key": "dup", "Value": "2"}], "Duplicate Tag Keys provided as input: Duplicate Tag Key found dup"),
    ([{"Key": f"k{i}", "Value": ""} for i in range(51)], "Number of Tags exceed the current limit for the provided ResourceArn")])
def test_tags_that_are_refused(api, make_table, tags, words):
    arn = ARN + make_table()
    assert api.refused("TagResource", ResourceArn=arn, Tags=[{"Key": "good", "Value": ""}][:len(tags) < 50] + tags) == (
        "ValidationException", words)
    assert api.ListTagsOfResource(ResourceArn=arn) == {"Tags": []}
    assert api.refused("CreateTable", TableName="tags-refused", BillingMode="PAY_PER_REQUEST", Tags=tags, **KEYS) == (
        "ValidationException", words)
    assert api.refused("DescribeTable", TableName="tags-refused")[0] == "ResourceNotFoundException"


def test_fifty_tags(api, make_table):
    arn = ARN + make_table()
    full = ("ValidationException", "Number of Tags exceed the current limit for the provided ResourceArn")
    assert api.raw.call("TagResource", {"ResourceArn": arn, "Tags": [{"Key": f"k{i}", "Value": "v"} for i in range(50)]})[0] == 200
    assert api.refused("TagResource", ResourceArn=arn, Tags=[{"Key": "one-more", "Value": ""}]) == full
    assert api.raw.call("TagResource", {"ResourceArn": arn, "Tags": [{"Key": "k7", "Value": "new"}]})[0] == 200
    answer = api.ListTagsOfResource(ResourceArn=arn)
    assert len(answer["Tags"]) == 50 and {"Key": "k7", "Value": "new"} in answer["Tags"] and "NextToken" not in answer
    assert api.refused("UntagResource", ResourceArn=arn, TagKeys=[f"k{i}" for i in range(51)]) == full


def test_letters_of_all_scripts_may_be_in_tags(dynamodb, make_table):
    arn = ARN + make_table()
    tags = [{"Key": " sp ace", "Value": "a b+c-d=e.f_g:h/i@j"}, {"Key": "Env", "Value": ""}, {"Key": "env", "Value": "x"},
            {"Key": "\u043a\u043b\u044e\u0447", "Value": "caf\u00e9 \u8868"}]
    dynamodb.tag_resource(ResourceArn=arn, Tags=tags)
    assert sorted(dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"], key=lambda tag: tag["Key"]) == tags


def test_tag_requests_that_are_refused(api, make_table):
    arn = ARN + make_table()
    assert api.refused("TagResource", ResourceArn=arn, Tags=[]) == (
        "ValidationException", "Atleast one Tag needs to be provided as Input.")
    assert api.refused("UntagResource", ResourceArn=arn, TagKeys=[]) == (
        "ValidationException", "Atleast one Tag Key needs to be provided as Input.")
    assert api.refused("UntagResource", ResourceArn=arn, TagKeys=["aws:x"]) == (
        "ValidationException", "Tag Key cannot be prefixed with aws:, Key: aws:x")
    other = ARN.replace(ACCOUNT, "999999999999") + "t"
    for operation, more in (("TagResource", {"Tags": [{"Key": "a", "Value": "b"}]}), ("UntagResource", {"TagKeys": ["a"]}),
                            ("ListTagsOfResource", {})):
        code, words = api.refused(operation, ResourceArn=other, **more)
        assert code == "AccessDeniedException" and words.endswith(f"dynamodb:{operation} on resource: {other}")
        assert api.refused(operation, ResourceArn="a-table", **more) == invalid("ARNs must start with 'arn:': a-table")
        elsewhere = ARN.replace("us-east-1", "eu-west-1") + "t"
        assert api.refused(operation, ResourceArn=elsewhere, **more) == (
            "ValidationException", f"Invalid TableArn: Invalid ResourceArn provided as input {elsewhere}")
    assert api.refused("TagResource", ResourceArn=ARN + "nothing", Tags=[{"Key": "a", "Value": "b"}]) == (
        "ResourceNotFoundException", f"Requested resource not found: ResourcArn: {ARN}nothing not found")
    assert api.refused("ListTagsOfResource", ResourceArn=ARN + "nothing")[0] == "AccessDeniedException"


def test_no_change_of_settings_is_lost(leat, make_table):
    arn = ARN + make_table()

    def tag(number):
        raw = Raw(leat)
        for place in range(5):
            assert raw.call("TagResource", {"ResourceArn": arn, "Tags": [{"Key": f"{number}-{place}", "Value": ""}]})[0] == 200

    threads = [threading.Thread(target=tag, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Api(Raw(leat)).ListTagsOfResource(ResourceArn=arn)["Tags"]) == 40


# ---- contributor insights

def test_contributor_insights(api):
    api.create("insights", AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "g")],
               KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
               GlobalSecondaryIndexes=[INDEX])
    name = {"TableName": "insights"}
    off = {**name, "ContributorInsightsStatus": "DISABLED"}
    assert api.DescribeContributorInsights(**name) == off
    assert api.ListContributorInsights(**name) == {"ContributorInsightsSummaries": []}
    assert api.UpdateContributorInsights(**name, ContributorInsightsAction="DISABLE") == off
    full = {"ContributorInsightsMode": "ACCESSED_AND_THROTTLED_KEYS"}
    assert api.UpdateContributorInsights(**name, ContributorInsightsAction="ENABLE") == {
        **name, "ContributorInsightsStatus": "ENABLING", **full}
    on = api.DescribeContributorInsights(TableName=ARN + "insights")
    rules, changed = on.pop("ContributorInsightsRuleList"), on.pop("LastUpdateDateTime")
    assert on == {**name, "ContributorInsightsStatus": "ENABLED", **full} and changed > 1.7e9
    made = rules[0].rsplit("-", 1)[1]
    assert rules == [f"DynamoDBContributorInsights-{kind}-insights-{made}" for kind in ("PKC", "SKC", "PKT", "SKT")]
    again = api.UpdateContributorInsights(**name, ContributorInsightsAction="ENABLE")
    assert again["ContributorInsightsStatus"] == "ENABLED"

    throttled = {"ContributorInsightsMode": "THROTTLED_KEYS"}
    assert api.UpdateContributorInsights(**name, ContributorInsightsAction="ENABLE", **throttled) == {
        **name, "ContributorInsightsStatus": "ENABLING", **throttled}
    assert api.DescribeContributorInsights(**name)["ContributorInsightsRuleList"] == [
        f"DynamoDBContributorInsights-{kind}-insights-{made}" for kind in ("PKT", "SKT")]

    index = {**name, "IndexName": "by-g"}
    api.UpdateContributorInsights(**index, ContributorInsightsAction="ENABLE")
    rules = api.DescribeContributorInsights(**index)["ContributorInsightsRuleList"]
    assert [rule.rsplit("-", 1)[0] for rule in rules] == [
        f"DynamoDBContributorInsights-{kind}-insights-by-g" for kind in ("PKC", "PKT")]
    page = api.ListContributorInsights(**name, MaxResults=1)
    assert page["ContributorInsightsSummaries"] == [{**name, "ContributorInsightsStatus": "ENABLED", **throttled}]
    last = api.ListContributorInsights(**name, MaxResults=1, NextToken=page["NextToken"])
    assert last == {"ContributorInsightsSummaries": [{**index, "ContributorInsightsStatus": "ENABLED", **full}]}

    assert api.UpdateContributorInsights(**name, ContributorInsightsAction="DISABLE", **full) == {
        **name, "ContributorInsightsStatus": "DISABLING", **throttled}
    off = api.DescribeContributorInsights(**name)
    assert off.pop("LastUpdateDateTime") >= changed and off == {**name, "ContributorInsightsStatus": "DISABLED", **throttled}
    assert [entry.get("IndexName") for entry in api.ListContributorInsights(**name)["ContributorInsightsSummaries"]] == ["by-g"]
    api.UpdateTable(**name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-g"}}])
    assert api.ListContributorInsights(**name) == {"ContributorInsightsSummaries": []}


def test_insights_of_all_tables_are_listed_in_pages(dynamodb, api):
    expected = []
    for name in ("listed-a", "listed-b", "listed-bc"):
        api.create(name, **WITH_G, GlobalSecondaryIndexes=[INDEX])
        dynamodb.update_contributor_insights(TableName=name, ContributorInsightsAction="ENABLE")
        dynamodb.update_contributor_insights(TableName=name, IndexName="by-g", ContributorInsightsAction="ENABLE")
        expected += [(name, None), (name, "by-g")]
    for size in (1, 2, 3, 100):
        found, token = [], {}
        while token is not None:
            page = api.ListContributorInsights(MaxResults=size, **token)
            assert len(page["ContributorInsightsSummaries"]) <= size
            found += [(entry["TableName"], entry.get("IndexName")) for entry in page["ContributorInsightsSummaries"]]
            token = {"NextToken": page["NextToken"]} if "NextToken" in page else None
        assert [entry for entry in found if entry[0].startswith("listed-")] == expected


def test_insights_that_are_refused(api):
    api.create("insights-refused")
    table = {"TableName": "insights-refused"}
    gone = ("ResourceNotFoundException", "Requested resource not found: Index: nope not found for table: insights-refused")
    assert api.refused("DescribeContributorInsights", **table, IndexName="nope") == gone
    assert api.refused("UpdateContributorInsights", **table, IndexName="nope", ContributorInsightsAction="ENABLE") == gone
    missing = ("ResourceNotFoundException", "Requested resource not found: Table: nothing not found")
    for operation, more in (("DescribeContributorInsights", {}), ("ListContributorInsights", {}),
                            ("UpdateContributorInsights", {"ContributorInsightsAction": "ENABLE"})):
        assert api.refused(operation, TableName="nothing", **more) == missing
    assert api.refused("DescribeContributorInsights", **table, IndexName="") == (
        "ValidationException", "IndexName must be at least 3 characters long and at most 255 characters long")
    assert api.refused("UpdateContributorInsights", **table, ContributorInsightsAction="ON") == (
        "ValidationException", "1 validation error detected: Value 'ON' at 'contributorInsightsAction' failed to satisfy constraint: "
                               "Member must satisfy enum value set: [ENABLE, DISABLE]")


# ---- all together

def test_settings_outlive_a_restart_and_go_with_their_table(tmp_path):
    program = Program(tmp_path / "data").start()
    try:
        api, arn = Api(Raw(program)), ARN + "kept"
        api.create("kept", SSESpecification={"Enabled": True}, WarmThroughput={"ReadUnitsPerSecond": 15000},
                   OnDemandThroughput={"MaxReadRequestUnits": 9}, TableClass="STANDARD_INFREQUENT_ACCESS",
                   Tags=[{"Key": "a", "Value": "b"}], ResourcePolicy=json.dumps(policy(arn)))
        api.UpdateContributorInsights(TableName="kept", ContributorInsightsAction="ENABLE")

        def read():
            return (api.describe("kept"), api.GetResourcePolicy(ResourceArn=arn), api.ListTagsOfResource(ResourceArn=arn),
                    api.DescribeContributorInsights(TableName="kept"))

        before = read()
        program.kill()
        program.start()
        assert read() == before
        api.DeleteTable(TableName="kept")
        assert api.refused("GetResourcePolicy", ResourceArn=arn)[0] == "ResourceNotFoundException"
        api.create("kept")
        assert api.refused("GetResourcePolicy", ResourceArn=arn)[0] == "PolicyNotFoundException"
        assert api.DescribeContributorInsights(TableName="kept")["ContributorInsightsStatus"] == "DISABLED"
        assert api.ListTagsOfResource(ResourceArn=arn) == {"Tags": []}
        assert not {"SSEDescription", "TableClassSummary", "OnDemandThroughput"} & set(api.describe("kept"))
        program.stop()
    finally:
        if program.process.poll() is None:
            program.kill()


def test_boto3_reads_what_it_set(dynamodb, make_table):
    name = make_table(SSESpecification={"Enabled": True, "SSEType": "KMS"}, TableClass="STANDARD_INFREQUENT_ACCESS")
    table = wait_active(dynamodb, name)
    assert table["SSEDescription"]["Status"] == "ENABLED"
    assert table["TableClassSummary"] == {"TableClass": "STANDARD_INFREQUENT_ACCESS"}
    with pytest.raises(ClientError) as caught:
        dynamodb.update_table(TableName=name, SSESpecification={"Enabled": True, "SSEType": "AES256"})
    assert caught.value.response["Error"]["Code"] == "ValidationException"
