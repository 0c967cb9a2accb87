"""Every operation through Debian's AWS CLI, as a person types it."""
import json
import subprocess
import zipfile

import pytest

from program import Program, environment

ROLE = "arn:aws:iam::000000000000:role/test"


class Cli:
    def __init__(self, program):
        self.endpoint = program.endpoint

    def run(self, words):
        return subprocess.run(["/usr/bin/aws", "--endpoint-url", self.endpoint, *words], capture_output=True, text=True,
                              timeout=60, check=False, env=environment())

    def __call__(self, *words):
        """A command and its answer; words that are not strings go in as JSON."""
        done = self.run([word if isinstance(word, str) else json.dumps(word) for word in words])
        assert done.returncode == 0, f"{words[:2]}: {done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else None

    def refused(self, *words):
        done = self.run([word if isinstance(word, str) else json.dumps(word) for word in words])
        assert done.returncode not in (0, 252), f"{words[:2]} was not refused: {done.stdout}{done.stderr}"
        return done.stderr.strip()


@pytest.fixture(name="server", scope="module")
def fixture_server(tmp_path_factory):
    program = Program(tmp_path_factory.mktemp("cli") / "data").start()
    try:
        yield program
        program.stop()
    finally:
        if program.process.poll() is None:
            program.kill()


@pytest.fixture(name="aws", scope="module")
def fixture_aws(server):
    return Cli(server)


def make_table(aws, name, *more):
    return aws("dynamodb", "create-table", "--table-name", name, "--billing-mode", "PAY_PER_REQUEST",
               "--attribute-definitions", "AttributeName=pk,AttributeType=S", "AttributeName=sk,AttributeType=N",
               "--key-schema", "AttributeName=pk,KeyType=HASH", "AttributeName=sk,KeyType=RANGE", *more)["TableDescription"]


def key(pk, sk):
    return {"pk": {"S": pk}, "sk": {"N": str(sk)}}


def put(aws, table, pk, sk, *more, **attributes):
    return aws("dynamodb", "put-item", "--table-name", table, "--item", {**key(pk, sk), **attributes}, *more)


def test_tables(aws):
    made = make_table(aws, "tables-one")
    assert made["TableArn"] == "arn:aws:dynamodb:us-east-1:000000000000:table/tables-one"
    aws("dynamodb", "wait", "table-exists", "--table-name", "tables-one")
    described = aws("dynamodb", "describe-table", "--table-name", "tables-one")["Table"]
    assert described["TableStatus"] == "ACTIVE" and described["KeySchema"] == made["KeySchema"]
    assert "tables-one" in aws("dynamodb", "list-tables")["TableNames"]

    changed = aws("dynamodb", "update-table", "--table-name", "tables-one", "--stream-specification",
                  "StreamEnabled=true,StreamViewType=KEYS_ONLY")["TableDescription"]
    assert changed["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    assert "ResourceInUseException" in aws.refused(
        "dynamodb", "create-table", "--table-name", "tables-one", "--billing-mode", "PAY_PER_REQUEST",
        "--attribute-definitions", "AttributeName=pk,AttributeType=S", "--key-schema", "AttributeName=pk,KeyType=HASH")
    aws("dynamodb", "delete-table", "--table-name", "tables-one")
    aws("dynamodb", "wait", "table-not-exists", "--table-name", "tables-one")
    assert "ResourceNotFoundException" in aws.refused("dynamodb", "describe-table", "--table-name", "tables-one")


def test_settings_of_tables(aws):
    made = make_table(aws, "settings", "--sse-specification", "Enabled=true,SSEType=KMS", "--table-class", "STANDARD_INFREQUENT_ACCESS",
                      "--tags", "Key=team,Value=mill")
    arn = made["TableArn"]
    table = aws("dynamodb", "describe-table", "--table-name", "settings")["Table"]
    assert (table["SSEDescription"]["Status"], table["SSEDescription"]["SSEType"]) == ("ENABLED", "KMS")
    assert table["TableClassSummary"] == {"TableClass": "STANDARD_INFREQUENT_ACCESS"}
    aws("dynamodb", "tag-resource", "--resource-arn", arn, "--tags", "Key=env,Value=test")
    aws("dynamodb", "untag-resource", "--resource-arn", arn, "--tag-keys", "team")
    assert aws("dynamodb", "list-tags-of-resource", "--resource-arn", arn)["Tags"] == [{"Key": "env", "Value": "test"}]
    assert "Tag Key cannot be prefixed with aws:" in aws.refused(
        "dynamodb", "tag-resource", "--resource-arn", arn, "--tags", "Key=aws:x,Value=y")
    aws("dynamodb", "update-table", "--table-name", "settings", "--table-class", "STANDARD")
    changed = aws("dynamodb", "describe-table", "--table-name", "settings")["Table"]["TableClassSummary"]
    assert changed["TableClass"] == "STANDARD" and "LastUpdateDateTime" in changed

    name = ("--table-name", "settings")
    enabled = aws("dynamodb", "update-contributor-insights", *name, "--contributor-insights-action", "ENABLE")
    assert enabled["ContributorInsightsStatus"] == "ENABLING"
    insights = aws("dynamodb", "describe-contributor-insights", *name)
    assert insights["ContributorInsightsStatus"] == "ENABLED" and len(insights["ContributorInsightsRuleList"]) == 4
    listed = aws("dynamodb", "list-contributor-insights", *name)["ContributorInsightsSummaries"]
    assert [entry["TableName"] for entry in listed] == ["settings"]
    assert "ResourceNotFoundException" in aws.refused("dynamodb", "describe-contributor-insights", "--table-name", "nothing")


def test_backups(aws):
    make_table(aws, "kept")
    put(aws, "kept", "a", 1, text={"S": "x"})
    name = ("--table-name", "kept")
    made = aws("dynamodb", "create-backup", *name, "--backup-name", "first")["BackupDetails"]
    arn = ("--backup-arn", made["BackupArn"])
    assert aws("dynamodb", "describe-backup", *arn)["BackupDescription"]["SourceTableDetails"]["ItemCount"] == 1
    assert [one["BackupName"] for one in aws("dynamodb", "list-backups", *name)["BackupSummaries"]] == ["first"]
    restored = aws("dynamodb", "restore-table-from-backup", "--target-table-name", "kept-2", *arn, "--billing-mode-override", "PROVISIONED",
                   "--provisioned-throughput-override", "ReadCapacityUnits=2,WriteCapacityUnits=3")["TableDescription"]
    assert restored["ProvisionedThroughput"]["WriteCapacityUnits"] == 3
    aws("dynamodb", "wait", "table-exists", "--table-name", "kept-2")
    assert aws("dynamodb", "get-item", "--table-name", "kept-2", "--key", key("a", 1))["Item"]["text"] == {"S": "x"}
    on = aws("dynamodb", "update-continuous-backups", *name, "--point-in-time-recovery-specification", "PointInTimeRecoveryEnabled=true")
    assert on["ContinuousBackupsDescription"] | {"PointInTimeRecoveryDescription": 0} == aws(
        "dynamodb", "describe-continuous-backups", *name)["ContinuousBackupsDescription"] | {"PointInTimeRecoveryDescription": 0}
    earliest = on["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]["EarliestRestorableDateTime"]
    put(aws, "kept", "b", 2)
    for target, when, count in (("kept-3", ("--restore-date-time", str(earliest)), 1), ("kept-4", ("--use-latest-restorable-time",), 2)):
        aws("dynamodb", "restore-table-to-point-in-time", "--source-table-name", "kept", "--target-table-name", target, *when)
        aws("dynamodb", "wait", "table-exists", "--table-name", target)
        assert aws("dynamodb", "scan", "--table-name", target)["Count"] == count
    assert "InvalidRestoreTimeException" in aws.refused("dynamodb", "restore-table-to-point-in-time", "--source-table-name", "kept",
                                                        "--target-table-name", "kept-5", "--restore-date-time", "2020-01-01T00:00:00Z")
    assert aws("dynamodb", "delete-backup", *arn)["BackupDescription"]["BackupDetails"]["BackupStatus"] == "DELETED"
    assert "BackupNotFoundException" in aws.refused("dynamodb", "describe-backup", *arn)


def test_items(aws):
    make_table(aws, "items")
    put(aws, "items", "a", 1, colour={"S": "red"}, count={"N": "1.50"})
    read = aws("dynamodb", "get-item", "--table-name", "items", "--key", key("a", 1), "--consistent-read")["Item"]
    assert read == {**key("a", 1), "colour": {"S": "red"}, "count": {"N": "1.5"}}

    updated = aws("dynamodb", "update-item", "--table-name", "items", "--key", key("a", 1),
                  "--update-expression", "SET colour = :c ADD #n :one", "--expression-attribute-names", {"#n": "count"},
                  "--expression-attribute-values", {":c": {"S": "blue"}, ":one": {"N": "1"}}, "--return-values", "ALL_NEW")
    assert updated["Attributes"] == {**key("a", 1), "colour": {"S": "blue"}, "count": {"N": "2.5"}}
    assert "ConditionalCheckFailedException" in aws.refused(
        "dynamodb", "put-item", "--table-name", "items", "--item", key("a", 1),
        "--condition-expression", "attribute_not_exists(pk)")
    deleted = aws("dynamodb", "delete-item", "--table-name", "items", "--key", key("a", 1), "--return-values", "ALL_OLD")
    assert deleted["Attributes"]["colour"] == {"S": "blue"}
    assert not aws("dynamodb", "get-item", "--table-name", "items", "--key", key("a", 1))


def test_query_and_scan(aws):
    make_table(aws, "pages")
    writes = [{"PutRequest": {"Item": {**key("a", number), "even": {"BOOL": number % 2 == 0}}}} for number in range(10)]
    answer = aws("dynamodb", "batch-write-item", "--request-items", {"pages": writes})
    assert answer["UnprocessedItems"] == {}

    found = aws("dynamodb", "query", "--table-name", "pages", "--key-condition-expression", "pk = :p AND sk BETWEEN :a AND :b",
                "--filter-expression", "even = :yes", "--no-scan-index-forward", "--expression-attribute-values",
                {":p": {"S": "a"}, ":a": {"N": "2"}, ":b": {"N": "7"}, ":yes": {"BOOL": True}})
    assert [item["sk"]["N"] for item in found["Items"]] == ["6", "4", "2"]
    assert (found["Count"], found["ScannedCount"]) == (3, 6)

    # the CLI joins the pages by itself
    assert aws("dynamodb", "scan", "--table-name", "pages", "--page-size", "3")["Count"] == 10
    assert aws("dynamodb", "scan", "--table-name", "pages", "--select", "COUNT")["Count"] == 10
    got = aws("dynamodb", "batch-get-item", "--request-items",
              {"pages": {"Keys": [key("a", 3), key("a", 99)], "ProjectionExpression": "sk"}})
    assert got["Responses"] == {"pages": [{"sk": {"N": "3"}}]}


def test_streams(aws):
    arn = make_table(aws, "streamed", "--stream-specification",
                     "StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES")["LatestStreamArn"]
    put(aws, "streamed", "a", 1, colour={"S": "red"})
    put(aws, "streamed", "a", 1, colour={"S": "blue"})
    assert [stream["StreamArn"] for stream in
            aws("dynamodbstreams", "list-streams", "--table-name", "streamed")["Streams"]] == [arn]
    stream = aws("dynamodbstreams", "describe-stream", "--stream-arn", arn)["StreamDescription"]
    assert stream["StreamStatus"] == "ENABLED" and len(stream["Shards"]) == 4

    records = []
    for shard in stream["Shards"]:
        iterator = aws("dynamodbstreams", "get-shard-iterator", "--stream-arn", arn, "--shard-id", shard["ShardId"],
                       "--shard-iterator-type", "TRIM_HORIZON")["ShardIterator"]
        records += aws("dynamodbstreams", "get-records", "--shard-iterator", iterator)["Records"]
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY"]
    assert records[1]["dynamodb"]["OldImage"]["colour"] == {"S": "red"}
    assert records[1]["dynamodb"]["NewImage"]["colour"] == {"S": "blue"}


def pack(path, **files):
    with zipfile.ZipFile(path, "w") as packed:
        for name, text in files.items():
            packed.writestr(name.replace("_py", ".py").replace("_js", ".js"), text)
    return f"fileb://{path}"


@pytest.mark.parametrize("runtime,handler,files", [
    ("python3.11", "main.handler", {"main_py": "def handler(event, context): return {'got': event, 'by': 'one'}"}),
    ("nodejs20.x", "index.handler", {"index_js": "exports.handler = async (event) => ({got: event, by: 'one'});"}),
])
def test_functions(aws, tmp_path, runtime, handler, files):
    name, output = f"echo-{runtime[:4]}", tmp_path / "answer.json"
    made = aws("lambda", "create-function", "--function-name", name, "--runtime", runtime, "--handler", handler, "--role", ROLE,
               "--zip-file", pack(tmp_path / "one.zip", **files), "--timeout", "10")
    assert made["FunctionArn"] == f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
    aws("lambda", "wait", "function-active-v2", "--function-name", name)
    assert aws("lambda", "get-function", "--function-name", name)["Configuration"]["CodeSha256"] == made["CodeSha256"]
    assert name in [found["FunctionName"] for found in aws("lambda", "list-functions")["Functions"]]

    def invoke(payload):
        answer = aws("lambda", "invoke", "--function-name", name, "--cli-binary-format", "raw-in-base64-out",
                     "--payload", payload, str(output))
        assert answer["StatusCode"] == 200 and "FunctionError" not in answer, output.read_text()
        return json.loads(output.read_text())

    assert invoke({"x": "é"}) == {"got": {"x": "é"}, "by": "one"}
    changed = {file: text.replace("one", "two") for file, text in files.items()}
    updated = aws("lambda", "update-function-code", "--function-name", name, "--zip-file", pack(tmp_path / "two.zip", **changed))
    assert updated["CodeSha256"] != made["CodeSha256"]
    aws("lambda", "wait", "function-updated-v2", "--function-name", name)
    assert invoke({})["by"] == "two"
    aws("lambda", "delete-function", "--function-name", name)
    assert "ResourceNotFoundException" in aws.refused("lambda", "get-function", "--function-name", name)


def test_event_source_mappings(aws, tmp_path):
    arn = make_table(aws, "mapped", "--stream-specification", "StreamEnabled=true,StreamViewType=NEW_IMAGE")["LatestStreamArn"]
    aws("lambda", "create-function", "--function-name", "mapped", "--runtime", "python3.11", "--handler", "main.handler",
        "--role", ROLE, "--zip-file", pack(tmp_path / "code.zip", main_py="def handler(event, context): pass"))
    made = aws("lambda", "create-event-source-mapping", "--function-name", "mapped", "--event-source-arn", arn,
               "--starting-position", "LATEST", "--batch-size", "7")
    uuid = made["UUID"]
    assert made["BatchSize"] == 7 and made["State"] in ("Creating", "Enabled")
    assert aws("lambda", "get-event-source-mapping", "--uuid", uuid)["EventSourceArn"] == arn
    listed = aws("lambda", "list-event-source-mappings", "--function-name", "mapped")["EventSourceMappings"]
    assert [mapping["UUID"] for mapping in listed] == [uuid]
    assert aws("lambda", "update-event-source-mapping", "--uuid", uuid, "--batch-size", "9")["UUID"] == uuid
    assert aws("lambda", "get-event-source-mapping", "--uuid", uuid)["BatchSize"] == 9
    assert "ResourceConflictException" in aws.refused(
        "lambda", "create-event-source-mapping", "--function-name", "mapped", "--event-source-arn", arn,
        "--starting-position", "LATEST")
    assert aws("lambda", "delete-event-source-mapping", "--uuid", uuid)["UUID"] == uuid


def test_queues(aws, server):
    """This CLI speaks SQS's older protocol: forms and XML."""
    url = aws("sqs", "create-queue", "--queue-name", "jobs", "--attributes", "VisibilityTimeout=0", "--tags", "team=water")["QueueUrl"]
    dead = aws("sqs", "create-queue", "--queue-name", "dead-jobs")["QueueUrl"]
    assert url == f"{server.endpoint}/000000000000/jobs" == aws("sqs", "get-queue-url", "--queue-name", "jobs")["QueueUrl"]
    assert aws("sqs", "list-queues")["QueueUrls"] == [dead, url]
    of_queue = ("--queue-url", url)
    sent = aws("sqs", "send-message", *of_queue, "--message-body", "<one> & two", "--message-attributes",
               {"kind": {"DataType": "String", "StringValue": "test"}})
    message, = aws("sqs", "receive-message", *of_queue, "--attribute-names", "All", "--message-attribute-names", "All")["Messages"]
    assert (message["Body"], message["MessageId"]) == ("<one> & two", sent["MessageId"])
    assert message["MessageAttributes"]["kind"]["StringValue"] == "test" and message["Attributes"]["ApproximateReceiveCount"] == "1"
    aws("sqs", "delete-message", *of_queue, "--receipt-handle", message["ReceiptHandle"])
    entries = [{"Id": letter, "MessageBody": letter} for letter in "ab"]
    assert len(aws("sqs", "send-message-batch", *of_queue, "--entries", entries)["Successful"]) == 2
    aws("sqs", "set-queue-attributes", *of_queue, "--attributes", {"VisibilityTimeout": "40", "RedrivePolicy": json.dumps(
        {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead-jobs", "maxReceiveCount": 3})})
    assert aws("sqs", "list-dead-letter-source-queues", "--queue-url", dead)["queueUrls"] == [url]
    messages = aws("sqs", "receive-message", *of_queue, "--max-number-of-messages", "10")["Messages"]
    handles = [{"Id": str(i), "ReceiptHandle": each["ReceiptHandle"]} for i, each in enumerate(messages)]
    aws("sqs", "change-message-visibility", *of_queue, "--receipt-handle", handles[0]["ReceiptHandle"], "--visibility-timeout", "50")
    changed = aws("sqs", "change-message-visibility-batch", *of_queue, "--entries", [{**each, "VisibilityTimeout": 0} for each in handles])
    assert len(changed["Successful"]) == 2
    assert len(aws("sqs", "delete-message-batch", *of_queue, "--entries", handles)["Successful"]) == 2
    aws("sqs", "tag-queue", *of_queue, "--tags", "stage=test")
    aws("sqs", "untag-queue", *of_queue, "--tag-keys", "team")
    assert aws("sqs", "list-queue-tags", *of_queue)["Tags"] == {"stage": "test"}
    aws("sqs", "purge-queue", *of_queue)
    attributes = aws("sqs", "get-queue-attributes", *of_queue, "--attribute-names", "All")["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "0" and attributes["VisibilityTimeout"] == "40"
    aws("sqs", "delete-queue", *of_queue)
    refused = aws.refused("sqs", "get-queue-url", "--queue-name", "jobs")
    assert "(AWS.SimpleQueueService.NonExistentQueue)" in refused and "The specified queue does not exist." in refused
