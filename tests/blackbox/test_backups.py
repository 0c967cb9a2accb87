"""On-demand backups and point-in-time recovery through boto3, the AWS CLI and plain requests."""
import datetime
import itertools
import json
import re
import time

import pytest
from botocore.exceptions import ClientError

from conftest import wait_active

NUMBERS = itertools.count(1)
ACCOUNT = "arn:aws:dynamodb:us-east-1:000000000000:table/"
INDEXED = {
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind} for name, kind in
                             (("pk", "S"), ("sk", "N"), ("team", "S"), ("score", "N"))],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "GlobalSecondaryIndexes": [{"IndexName": "teams", "KeySchema": [{"AttributeName": "team", "KeyType": "HASH"},
                                                                    {"AttributeName": "score", "KeyType": "RANGE"}],
                                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["text"]}}],
    "LocalSecondaryIndexes": [{"IndexName": "scores", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"},
                                                                    {"AttributeName": "score", "KeyType": "RANGE"}],
                               "Projection": {"ProjectionType": "KEYS_ONLY"}}]}
FIVE = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
MISSING = ACCOUNT + "gone/backup/01489602797149-73d8d5bc"


def refused(call, **request):
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def name_of(what):
    return f"bk-{what}-{next(NUMBERS)}"


def item(number, **more):
    return {"pk": {"S": f"p{number % 7}"}, "sk": {"N": str(number)}, "team": {"S": "abc"[number % 3]}, "score": {"N": str(number % 11)},
            "text": {"S": "x" * (number % 50)}, **more}


def load(client, table, items):
    items = list(items)
    for start in range(0, len(items), 25):
        answer = client.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": one}} for one in items[start:start + 25]]})
        assert not answer["UnprocessedItems"]


def scan(client, table, **more):
    found, start = [], {}
    while True:
        page = client.scan(TableName=table, ConsistentRead="IndexName" not in more, **start, **more)
        found += page["Items"]
        if "LastEvaluatedKey" not in page:
            return sorted(found, key=lambda one: json.dumps(one, sort_keys=True))
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def wait_available(client, arn, seconds=30):
    until = time.monotonic() + seconds
    while True:
        backup = client.describe_backup(BackupArn=arn)["BackupDescription"]
        if backup["BackupDetails"]["BackupStatus"] == "AVAILABLE":
            return backup
        assert backup["BackupDetails"]["BackupStatus"] == "CREATING" and time.monotonic() < until
        time.sleep(0.01)


def back_up(client, table, name="nightly"):
    arn = client.create_backup(TableName=table, BackupName=name)["BackupDetails"]["BackupArn"]
    wait_available(client, arn)
    return arn


def ask(raw, operation, request):
    """For members that Debian's botocore does not know."""
    status, _, body = raw.call(operation, request)
    assert status == 200, body
    return json.loads(body)


def enable(raw, table, **more):
    return ask(raw, "UpdateContinuousBackups", {"TableName": table, "PointInTimeRecoverySpecification": {
        "PointInTimeRecoveryEnabled": True, **more}})["ContinuousBackupsDescription"]


@pytest.fixture(name="indexed", scope="module")
def fixture_indexed(dynamodb):
    """A table with both kinds of index and 300 items; not to be changed."""
    dynamodb.create_table(TableName="bk-indexed", BillingMode="PAY_PER_REQUEST", **INDEXED)
    wait_active(dynamodb, "bk-indexed")
    load(dynamodb, "bk-indexed", map(item, range(300)))
    return "bk-indexed"


# ---------------------------------------------------------------- backups

def test_a_backup_is_described_as_aws_describes_it(dynamodb):
    table, before = name_of("shape"), datetime.datetime.now(datetime.timezone.utc)
    units = {"ProvisionedThroughput": FIVE}
    wanted = {**INDEXED, "GlobalSecondaryIndexes": [{**INDEXED["GlobalSecondaryIndexes"][0], **units}]}
    source = dynamodb.create_table(TableName=table, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
                                   Tags=[{"Key": "a", "Value": "b"}], **units, **wanted)["TableDescription"]
    wait_active(dynamodb, table)
    dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    load(dynamodb, table, map(item, range(10)))
    made = dynamodb.create_backup(TableName=table, BackupName="first.backup")
    assert set(made) == {"BackupDetails", "ResponseMetadata"}
    details = made["BackupDetails"]
    arn, created = details["BackupArn"], details["BackupCreationDateTime"]
    number = re.fullmatch(re.escape(ACCOUNT + table) + r"/backup/(\d{14})-[0-9a-f]{8}", arn)
    assert int(number[1]) == round(created.timestamp() * 1000)
    assert before - datetime.timedelta(seconds=1) <= created <= datetime.datetime.now(datetime.timezone.utc)
    size = details["BackupSizeBytes"]
    assert size > 100
    assert details == {"BackupArn": arn, "BackupName": "first.backup", "BackupStatus": "CREATING", "BackupType": "USER",
                       "BackupCreationDateTime": created, "BackupSizeBytes": size}
    assert wait_available(dynamodb, arn) == {
        "BackupDetails": {**details, "BackupStatus": "AVAILABLE"},
        "SourceTableDetails": {"TableName": table, "TableId": source["TableId"], "TableArn": ACCOUNT + table, "ItemCount": 10,
                               "TableSizeBytes": size, "KeySchema": INDEXED["KeySchema"], "BillingMode": "PROVISIONED",
                               "TableCreationDateTime": source["CreationDateTime"], "ProvisionedThroughput": FIVE},
        "SourceTableFeatureDetails": {
            "GlobalSecondaryIndexes": wanted["GlobalSecondaryIndexes"], "LocalSecondaryIndexes": wanted["LocalSecondaryIndexes"],
            "StreamDescription": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
            "TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "until"}}}
    summary, = dynamodb.list_backups(TableName=table)["BackupSummaries"]
    assert summary == {**details, "BackupStatus": "AVAILABLE", "TableName": table, "TableId": source["TableId"],
                       "TableArn": ACCOUNT + table}


def test_a_plain_tables_backup_has_no_features(dynamodb, make_table):
    backup = wait_available(dynamodb, back_up(dynamodb, make_table()))
    assert backup["SourceTableFeatureDetails"] == {}
    assert backup["SourceTableDetails"]["ProvisionedThroughput"] == {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
    assert backup["SourceTableDetails"]["BillingMode"] == "PAY_PER_REQUEST"


def test_backups_are_no_tables(dynamodb, make_table):
    table = make_table()
    back_up(dynamodb, table)
    names = [name for page in dynamodb.get_paginator("list_tables").paginate() for name in page["TableNames"]]
    assert table in names and not any("backup" in name for name in names)
    assert refused(dynamodb.describe_table, TableName="leat:backup/x")[0] == "ValidationException"


def test_names_are_not_unique_and_listing_is_in_the_order_of_time(dynamodb, make_table):
    table = make_table()
    arns = [back_up(dynamodb, table, "same") for _ in range(5)]
    assert len(set(arns)) == 5
    listed = dynamodb.list_backups(TableName=table)
    assert sorted(arns) == [one["BackupArn"] for one in listed["BackupSummaries"]] and "LastEvaluatedBackupArn" not in listed
    assert dynamodb.list_backups(TableName=ACCOUNT + table)["BackupSummaries"] == listed["BackupSummaries"]
    assert dynamodb.list_backups(TableName="bk-no-such-table")["BackupSummaries"] == []
    assert set(arns) <= {one["BackupArn"] for one in list_all(dynamodb)}


def list_all(client, **more):
    return [one for page in client.get_paginator("list_backups").paginate(**more) for one in page["BackupSummaries"]]


def test_lists_page(dynamodb, make_table):
    table = make_table()
    arns = sorted(back_up(dynamodb, table) for _ in range(5))
    page = dynamodb.list_backups(TableName=table, Limit=2)
    assert [one["BackupArn"] for one in page["BackupSummaries"]] == arns[:2] and page["LastEvaluatedBackupArn"] == arns[1]
    page = dynamodb.list_backups(TableName=table, Limit=3, ExclusiveStartBackupArn=arns[1])
    assert [one["BackupArn"] for one in page["BackupSummaries"]] == arns[2:] and "LastEvaluatedBackupArn" not in page
    assert [one["BackupArn"] for one in list_all(dynamodb, TableName=table, PaginationConfig={"PageSize": 1})] == arns
    dynamodb.delete_backup(BackupArn=arns[2])  # a cursor need not be there
    page = dynamodb.list_backups(TableName=table, ExclusiveStartBackupArn=arns[2])
    assert [one["BackupArn"] for one in page["BackupSummaries"]] == arns[3:]


def test_lists_by_time_and_type(raw, dynamodb, make_table):
    table = make_table()
    arns = sorted(back_up(dynamodb, table) for _ in range(3))
    times = [int(arn.split("/")[-1][:14]) for arn in arns]

    def between(lower, upper):
        status, _, body = raw.call("ListBackups", {"TableName": table, "TimeRangeLowerBound": lower / 1000,
                                                   "TimeRangeUpperBound": upper / 1000})
        assert status == 200, body
        return [one["BackupArn"] for one in json.loads(body)["BackupSummaries"]]

    if len(set(times)) == 3:
        assert between(times[0], times[2]) == arns[:2]
        assert between(times[0] + 1, times[2] + 1) == arns[1:]
    assert between(times[0], times[2] + 1) == arns
    for kind, count in (("USER", 3), ("ALL", 3), ("SYSTEM", 0), ("AWS_BACKUP", 0)):
        assert len(dynamodb.list_backups(TableName=table, BackupType=kind)["BackupSummaries"]) == count


def test_a_deleted_backup_is_gone(dynamodb, make_table):
    table = make_table()
    arn, other = back_up(dynamodb, table), back_up(dynamodb, table)
    gone = dynamodb.delete_backup(BackupArn=arn)["BackupDescription"]
    assert gone["BackupDetails"]["BackupStatus"] == "DELETED" and gone["SourceTableDetails"]["TableName"] == table
    for call in (dynamodb.describe_backup, dynamodb.delete_backup):
        assert refused(call, BackupArn=arn) == ("BackupNotFoundException", f"Backup not found: {arn}")
    assert [one["BackupArn"] for one in dynamodb.list_backups(TableName=table)["BackupSummaries"]] == [other]


def test_what_is_refused_of_backups(dynamodb, raw, make_table):
    table = make_table()
    assert refused(dynamodb.create_backup, TableName="bk-none", BackupName="abc") == (
        "TableNotFoundException", "Table not found: bk-none")
    assert refused(dynamodb.create_backup, TableName=ACCOUNT + "bk-none", BackupName="abc") == (
        "TableNotFoundException", "Table not found: bk-none")
    status, _, body = raw.call("CreateBackup", {"TableName": "bk-none", "BackupName": "abc"})
    assert status == 400 and json.loads(body)["__type"] == "com.amazonaws.dynamodb.v20120810#TableNotFoundException"
    for name in ("a:b", "ab", "x" * 256):
        code, words = refused(dynamodb.create_backup, TableName=table, BackupName=name)
        assert code == "ValidationException" and f"Value '{name}' at 'backupName' failed to satisfy constraint" in words
    assert refused(dynamodb.create_backup, TableName=table)[0] == "ValidationException"
    for call in (dynamodb.describe_backup, dynamodb.delete_backup):
        assert refused(call, BackupArn=MISSING) == ("BackupNotFoundException", f"Backup not found: {MISSING}")
        for wrong in (ACCOUNT + "gone-with-the-wind", "x" * 48, ACCOUNT + "a/backup/", ACCOUNT + "abc/stream/2020"):
            assert refused(call, BackupArn=wrong) == ("ValidationException", "Invalid Backup ARN")
        for wrong in (MISSING.replace("dynamodb", "kinesis"), MISSING.replace(":aws:", ":other:")):
            assert refused(call, BackupArn=wrong) == ("ValidationException", "Invalid Request: BackupArn is not valid")
        for wrong in (MISSING.replace("000000000000", "123456789012"), MISSING.replace("us-east-1", "")):
            assert refused(call, BackupArn=wrong) == ("AccessDeniedException", "Access is denied")
        code, words = refused(call, BackupArn="too-short")
        assert code == "ValidationException" and "Member must have length greater than or equal to 37" in words
        assert refused(call)[0] == "ValidationException"
    assert refused(dynamodb.list_backups, TimeRangeLowerBound=10, TimeRangeUpperBound=9) == (
        "ValidationException",
        "One or more parameter values were invalid: Time range lower bound must be less than or equal to upper bound")
    for more in ({"Limit": 0}, {"Limit": 101}, {"BackupType": "user"}, {"TableName": "a b"}, {"ExclusiveStartBackupArn": "short"}):
        assert refused(dynamodb.list_backups, **more)[0] == "ValidationException"
    assert refused(dynamodb.list_backups, ExclusiveStartBackupArn=ACCOUNT + "gone-with-the-wind") == (
        "ValidationException", "Invalid Backup ARN")


def test_the_region_in_a_backups_arn_does_not_matter(dynamodb, make_table):
    arn = back_up(dynamodb, make_table())
    assert dynamodb.describe_backup(BackupArn=arn.replace("us-east-1", "eu-west-1"))["BackupDescription"]


# ---------------------------------------------------------------- restoring backups

def restore(client, arn, **more):
    target = name_of("restored")
    made = client.restore_table_from_backup(TargetTableName=target, BackupArn=arn, **more)["TableDescription"]
    assert made["TableStatus"] == "CREATING"
    return wait_active(client, target, 60)


def test_a_restored_table_is_the_table(dynamodb, indexed):
    arn = back_up(dynamodb, indexed)
    target = name_of("restored")
    made = dynamodb.restore_table_from_backup(TargetTableName=target, BackupArn=arn)["TableDescription"]
    assert made["TableName"] == target and made["TableStatus"] == "CREATING" and made["TableArn"] == ACCOUNT + target
    if "RestoreSummary" in made:
        created = dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupCreationDateTime"]
        assert made["RestoreSummary"] == {"SourceBackupArn": arn, "SourceTableArn": ACCOUNT + indexed, "RestoreInProgress": True,
                                          "RestoreDateTime": created}
    table, source = wait_active(dynamodb, target), dynamodb.describe_table(TableName=indexed)["Table"]
    assert "RestoreSummary" not in table and table["TableId"] != source["TableId"]
    for member in ("AttributeDefinitions", "KeySchema", "ItemCount", "TableSizeBytes", "ProvisionedThroughput"):
        assert table[member] == source[member]
    assert scan(dynamodb, target) == scan(dynamodb, indexed)
    for index in ("teams", "scores"):
        assert scan(dynamodb, target, IndexName=index) == scan(dynamodb, indexed, IndexName=index)
    query = {"IndexName": "teams", "KeyConditionExpression": "team = :t AND score > :s",
             "ExpressionAttributeValues": {":t": {"S": "b"}, ":s": {"N": "4"}}}
    assert dynamodb.query(TableName=target, **query)["Count"] == dynamodb.query(TableName=indexed, **query)["Count"] > 10
    dynamodb.put_item(TableName=target, Item=item(1000))
    assert dynamodb.query(TableName=target, **{**query, "ExpressionAttributeValues": {":t": {"S": "b"}, ":s": {"N": "9"}}})["Count"]


def test_what_aws_does_not_restore_is_not_restored(dynamodb, raw):
    table = name_of("full")
    ask(raw, "CreateTable", {"TableName": table, "BillingMode": "PAY_PER_REQUEST", "DeletionProtectionEnabled": True,
                             "TableClass": "STANDARD_INFREQUENT_ACCESS", "Tags": [{"Key": "a", "Value": "b"}],
                             "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}, **INDEXED})
    wait_active(dynamodb, table)
    dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    enable(raw, table)
    load(dynamodb, table, map(item, range(5)))
    code, words = refused(dynamodb.delete_table, TableName=table)
    assert code == "ValidationException" and "protected against deletion" in words
    assert dynamodb.list_backups(TableName=table, BackupType="SYSTEM")["BackupSummaries"] == []
    copies = [restore(dynamodb, back_up(dynamodb, table))["TableName"], name_of("full")]
    dynamodb.restore_table_to_point_in_time(SourceTableName=table, TargetTableName=copies[1], UseLatestRestorableTime=True)
    for name in copies:
        wait_active(dynamodb, name)
        copy = ask(raw, "DescribeTable", {"TableName": name})["Table"]
        assert not {"StreamSpecification", "LatestStreamArn", "TableClassSummary", "RestoreSummary", "LeatProgress"} & set(copy)
        assert copy["DeletionProtectionEnabled"] is False and len(scan(dynamodb, name)) == 5
        assert dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"] == {"TimeToLiveStatus": "DISABLED"}
        assert dynamodb.list_tags_of_resource(ResourceArn=copy["TableArn"])["Tags"] == []
        assert dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"] == {
            "ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "DISABLED"}}


def test_a_backup_is_of_its_moment_and_outlives_its_table(dynamodb, make_table):
    table = make_table("N")
    load(dynamodb, table, map(item, range(40)))
    arn = back_up(dynamodb, table)
    load(dynamodb, table, map(item, range(20, 60)))
    dynamodb.delete_item(TableName=table, Key={"pk": {"S": "p1"}, "sk": {"N": "1"}})
    dynamodb.delete_table(TableName=table)
    assert [one["BackupArn"] for one in dynamodb.list_backups(TableName=table)["BackupSummaries"]] == [arn]
    copy = restore(dynamodb, arn)["TableName"]
    assert [one["sk"]["N"] for one in sorted(scan(dynamodb, copy), key=lambda one: int(one["sk"]["N"]))] == [str(n) for n in range(40)]
    make_table("N", name=table)  # another one of the name
    second = back_up(dynamodb, table)
    found = dynamodb.list_backups(TableName=table)["BackupSummaries"]
    assert [one["BackupArn"] for one in found] == [arn, second] and found[0]["TableId"] != found[1]["TableId"]
    assert len(scan(dynamodb, restore(dynamodb, arn)["TableName"])) == 40
    assert scan(dynamodb, restore(dynamodb, second)["TableName"]) == []


def test_a_backup_of_a_restored_table(dynamodb, indexed):
    copy = restore(dynamodb, back_up(dynamodb, indexed))["TableName"]
    again = restore(dynamodb, back_up(dynamodb, copy))["TableName"]
    assert scan(dynamodb, again) == scan(dynamodb, indexed) == scan(dynamodb, copy)


def overridden(client, arn, **more):
    table = restore(client, arn, **more)
    units = {key: table["ProvisionedThroughput"][key] for key in FIVE}
    indexes = {index["IndexName"]: index["ProvisionedThroughput"]["ReadCapacityUnits"] for index in table.get("GlobalSecondaryIndexes", [])}
    return units, indexes, [index["IndexName"] for index in table.get("LocalSecondaryIndexes", [])], table


def test_overrides(dynamodb, indexed):
    table = name_of("units")
    glob, local = INDEXED["GlobalSecondaryIndexes"][0], INDEXED["LocalSecondaryIndexes"][0]
    dynamodb.create_table(TableName=table, ProvisionedThroughput=FIVE, **{
        **INDEXED, "GlobalSecondaryIndexes": [{**glob, "ProvisionedThroughput": FIVE}]})
    wait_active(dynamodb, table)
    load(dynamodb, table, map(item, range(20)))
    seven = {"ReadCapacityUnits": 7, "WriteCapacityUnits": 8}
    provisioned, on_demand = back_up(dynamodb, table), back_up(dynamodb, indexed)
    assert overridden(dynamodb, provisioned)[:3] == (FIVE, {"teams": 5}, ["scores"])
    assert overridden(dynamodb, provisioned, ProvisionedThroughputOverride=seven)[:3] == (seven, {"teams": 5}, ["scores"])
    assert overridden(dynamodb, provisioned, GlobalSecondaryIndexOverride=[{**glob, "ProvisionedThroughput": seven}])[:3] == (
        FIVE, {"teams": 7}, ["scores"])
    units, indexes, _, made = overridden(dynamodb, provisioned, BillingModeOverride="PAY_PER_REQUEST")
    assert made["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST" and set(units.values()) == {0} and indexes == {"teams": 0}
    assert overridden(dynamodb, provisioned, BillingModeOverride="PROVISIONED", ProvisionedThroughputOverride=seven)[0] == seven
    # an empty list is no index; another name for the same index is allowed
    none = overridden(dynamodb, provisioned, GlobalSecondaryIndexOverride=[], LocalSecondaryIndexOverride=[])
    assert none[:3] == (FIVE, {}, [])
    assert none[3]["AttributeDefinitions"] == [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}]
    named = overridden(dynamodb, on_demand, GlobalSecondaryIndexOverride=[{**glob, "IndexName": "squads"}],
                       LocalSecondaryIndexOverride=[{**local, "IndexName": "points"}])
    assert named[1:3] == ({"squads": 0}, ["points"])
    assert scan(dynamodb, named[3]["TableName"], IndexName="squads") == scan(dynamodb, indexed, IndexName="teams")
    # the other way: everything needs units
    assert overridden(dynamodb, on_demand, BillingModeOverride="PROVISIONED", ProvisionedThroughputOverride=seven,
                      GlobalSecondaryIndexOverride=[{**glob, "ProvisionedThroughput": FIVE}])[:2] == (seven, {"teams": 5})

    def invalid(arn, words, **more):
        target = name_of("never")
        assert refused(dynamodb.restore_table_from_backup, TargetTableName=target, BackupArn=arn, **more) == (
            "ValidationException", "Invalid Request: " + words)
        assert refused(dynamodb.describe_table, TableName=target)[0] == "ResourceNotFoundException"

    invalid(on_demand, "Cannot override ProvisionedThroughput unless BillingMode is PROVISIONED", ProvisionedThroughputOverride=FIVE)
    invalid(on_demand, "Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED", BillingModeOverride="PROVISIONED")
    invalid(on_demand, "Must specify provisioned throughput for index teams", BillingModeOverride="PROVISIONED",
            ProvisionedThroughputOverride=FIVE)
    invalid(provisioned, "Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST",
            BillingModeOverride="PAY_PER_REQUEST", ProvisionedThroughputOverride=FIVE)
    invalid(provisioned, "Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST for index teams",
            BillingModeOverride="PAY_PER_REQUEST", GlobalSecondaryIndexOverride=[{**glob, "ProvisionedThroughput": FIVE}])
    invalid(provisioned, "Must specify provisioned throughput for index teams", GlobalSecondaryIndexOverride=[glob])
    new = "does not match a secondary index that existed in the source table and cannot be created during the restore operation"
    for change in ({"KeySchema": glob["KeySchema"][:1]}, {"Projection": {"ProjectionType": "ALL"}},
                   {"Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["other"]}}):
        invalid(on_demand, f"Index teams {new}", GlobalSecondaryIndexOverride=[{**glob, **change}])
    invalid(on_demand, f"Index scores {new}", GlobalSecondaryIndexOverride=[local])
    invalid(on_demand, f"Index teams {new}", LocalSecondaryIndexOverride=[glob])
    assert refused(dynamodb.restore_table_from_backup, TargetTableName="abc", BackupArn=on_demand, BillingModeOverride="BOGUS")[0] == (
        "ValidationException")


def test_what_is_refused_of_restores(dynamodb, make_table):
    table = make_table()
    arn = back_up(dynamodb, table)
    assert refused(dynamodb.restore_table_from_backup, TargetTableName=table, BackupArn=arn) == (
        "TableAlreadyExistsException", f"Table already exists: {table}")
    assert refused(dynamodb.restore_table_from_backup, TargetTableName="abc", BackupArn=MISSING) == (
        "BackupNotFoundException", f"Backup not found: {MISSING}")
    assert refused(dynamodb.restore_table_from_backup, TargetTableName="abc", BackupArn=ACCOUNT + "x" * 40) == (
        "ValidationException", "Invalid Backup ARN")
    assert refused(dynamodb.restore_table_from_backup, TargetTableName="abc", BackupArn=arn.replace("000000000000", "1")) == (
        "AccessDeniedException", "Access is denied")
    for name in ("bad name!", "ab"):
        code, words = refused(dynamodb.restore_table_from_backup, TargetTableName=name, BackupArn=arn)
        assert code == "ValidationException" and f"Value '{name}' at 'targetTableName'" in words
    assert refused(dynamodb.restore_table_from_backup, BackupArn=arn)[0] == "ValidationException"
    assert refused(dynamodb.restore_table_from_backup, TargetTableName="abc")[0] == "ValidationException"


def test_encryption_and_limits_are_restored_unless_overridden(raw, dynamodb):
    table, glob = name_of("limits"), INDEXED["GlobalSecondaryIndexes"][0]
    ten, twenty = ({"MaxReadRequestUnits": n, "MaxWriteRequestUnits": n + 1} for n in (10, 20))
    made = ask(raw, "CreateTable", {"TableName": table, "BillingMode": "PAY_PER_REQUEST", "OnDemandThroughput": ten,
                                    "SSESpecification": {"Enabled": True, "SSEType": "KMS"}, **INDEXED,
                                    "GlobalSecondaryIndexes": [{**glob, "OnDemandThroughput": twenty}]})["TableDescription"]
    wait_active(dynamodb, table)
    arn = back_up(dynamodb, table)
    backup = ask(raw, "DescribeBackup", {"BackupArn": arn})["BackupDescription"]
    assert backup["SourceTableDetails"]["OnDemandThroughput"] == ten
    assert backup["SourceTableFeatureDetails"]["SSEDescription"] == made["SSEDescription"]
    assert backup["SourceTableFeatureDetails"]["GlobalSecondaryIndexes"][0]["OnDemandThroughput"] == twenty

    def restored(**more):
        target = name_of("limits")
        ask(raw, "RestoreTableFromBackup", {"TargetTableName": target, "BackupArn": arn, **more})
        wait_active(dynamodb, target)
        return ask(raw, "DescribeTable", {"TableName": target})["Table"]

    plain = restored()
    assert plain["OnDemandThroughput"] == ten and plain["SSEDescription"] == made["SSEDescription"]
    assert plain["GlobalSecondaryIndexes"][0]["OnDemandThroughput"] == twenty
    assert restored(OnDemandThroughputOverride=twenty)["OnDemandThroughput"] == twenty
    for off in ({"Enabled": False}, {}):
        assert "SSEDescription" not in restored(SSESpecificationOverride=off)
    key = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"
    other = restored(SSESpecificationOverride={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
                     GlobalSecondaryIndexOverride=[{**glob, "IndexName": "squads", "OnDemandThroughput": ten}])
    assert other["SSEDescription"]["KMSMasterKeyArn"] == key
    assert other["GlobalSecondaryIndexes"][0]["OnDemandThroughput"] == ten
    units = restored(BillingModeOverride="PROVISIONED", ProvisionedThroughputOverride=FIVE, GlobalSecondaryIndexOverride=[])
    assert "OnDemandThroughput" not in units
    provisioned = back_up(dynamodb, units["TableName"])
    assert raw.refused("RestoreTableFromBackup", {"TargetTableName": "abc", "BackupArn": provisioned,
                                                  "OnDemandThroughputOverride": {"MaxWriteRequestUnits": 5}}) == (
        "ValidationException",
        "Invalid Request: Cannot override MaxWriteRequestUnits for OnDemandThroughput unless BillingModeOverride is PAY_PER_REQUEST")
    assert raw.refused("RestoreTableFromBackup", {"TargetTableName": "abc", "BackupArn": arn, "OnDemandThroughputOverride": {
        "MaxReadRequestUnits": 0}})[0] == "ValidationException"
    assert raw.refused("RestoreTableFromBackup", {"TargetTableName": "abc", "BackupArn": arn, "SSESpecificationOverride": {
        "Enabled": False, "SSEType": "KMS"}})[0] == "ValidationException"
