"""Scenarios of which AWS's own answers are known: the answers' bodies, member by member, no more and no fewer of them.

The scenarios and what they answered follow recordings that the LocalStack project made against AWS (Apache-2.0). boto3 makes the
requests; what is compared is the JSON on the wire, since Debian's botocore drops members that are younger than itself.
"""
import io
import json
import re
import time
import uuid
import zipfile

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from conftest import wait_active
from program import REGION

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/lambda-role"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
SEQUENCE_NUMBER = re.compile(r"[0-9]{21,40}")
EVENT_ID = re.compile(r"[0-9a-f]{32}")
SHA256 = re.compile(r"[A-Za-z0-9+/]{43}=")
LABEL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}")
LAST_MODIFIED = re.compile(LABEL.pattern + r"\+0000")
SHARD_ID = re.compile(r"shardId-\d{20}-[0-9a-f]{8}")
RUNTIME_VERSION = re.compile(rf"arn:aws:lambda:{REGION}::runtime:[0-9a-f]{{64}}")
TIME = (int, float)


def arn(service, rest):
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def differences(expected, actual, place="answer"):
    """Patterns must match, types must hold, everything else must be equal, and objects must have the same members."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        found = [f"{place}: {name} is missing" for name in expected if name not in actual]
        found += [f"{place}: {name} is too much: {actual[name]!r}" for name in actual if name not in expected]
        for name in expected.keys() & actual.keys():
            found += differences(expected[name], actual[name], f"{place}.{name}")
        return found
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        return [line for i, pair in enumerate(zip(expected, actual)) for line in differences(*pair, f"{place}[{i}]")]
    if isinstance(expected, re.Pattern):
        same = isinstance(actual, str) and expected.fullmatch(actual) is not None
    elif isinstance(expected, (type, tuple)):
        same = isinstance(actual, expected) and not (isinstance(actual, bool) and expected is not bool)
    else:
        same = type(expected) is type(actual) and expected == actual
    return [] if same else [f"{place}: {actual!r} instead of {expected!r}"]


class Wire:
    """A boto3 client whose calls return what was on the wire: wire.call("get_function", 200, FunctionName=...)."""

    def __init__(self, program, service):
        self.client = boto3.client(service, endpoint_url=program.endpoint, region_name=REGION, aws_access_key_id="local",
                                   aws_secret_access_key="local",
                                   config=Config(retries={"max_attempts": 0}, parameter_validation=False))
        self.client.meta.events.register(f"response-received.{self.client.meta.service_model.service_id.hyphenize()}", self.received)
        self.body, self.error_type = None, None

    def received(self, response_dict, **_):
        if response_dict is not None and isinstance(response_dict["body"], bytes):
            self.body = response_dict["body"]

    def call(self, operation, status, **parameters):
        try:
            answer = getattr(self.client, operation)(**parameters)
        except ClientError as error:
            answer = error.response
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == status, answer
        return json.loads(self.body) if self.body else None

    def refused(self, operation, status, code, body, **parameters):
        """The error's code as the SDK sees it, and the body without the DynamoDB protocol's __type."""
        with pytest.raises(ClientError) as caught:
            getattr(self.client, operation)(**parameters)
        answer = caught.value.response
        assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status), answer
        actual = json.loads(self.body)
        actual.pop("__type", None)
        assert differences(body, actual) == []


@pytest.fixture(name="dynamodb_wire", scope="module")
def fixture_dynamodb_wire(leat):
    return Wire(leat, "dynamodb")


@pytest.fixture(name="streams_wire", scope="module")
def fixture_streams_wire(leat):
    return Wire(leat, "dynamodbstreams")


@pytest.fixture(name="lambda_wire", scope="module")
def fixture_lambda_wire(leat):
    return Wire(leat, "lambda")


def unique(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def same(expected, actual):
    assert differences(expected, actual) == []


# ---- tables ----

PROVISIONED = {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
ON_DEMAND = {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0}


def table_description(name, key, status="CREATING", **more):
    return {"AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}], "CreationDateTime": TIME,
            "DeletionProtectionEnabled": False, "ItemCount": 0, "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
            "ProvisionedThroughput": PROVISIONED, "TableArn": arn("dynamodb", f"table/{name}"), "TableId": UUID,
            "TableName": name, "TableSizeBytes": 0, "TableStatus": status, **more}


def streaming(name, view):
    return {"LatestStreamArn": re.compile(re.escape(arn("dynamodb", f"table/{name}/stream/")) + LABEL.pattern),
            "LatestStreamLabel": LABEL, "StreamSpecification": {"StreamEnabled": True, "StreamViewType": view}}


def create_table(dynamodb_wire, name, key, view=None, status=200, **more):
    request = {"TableName": name, "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
               "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}]}
    if view is not None:
        request["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": view}
    if "BillingMode" not in more:
        request["ProvisionedThroughput"] = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    answer = dynamodb_wire.call("create_table", status, **request, **more)
    wait_active(dynamodb_wire.client, name)
    return answer["TableDescription"]


def test_a_table_is_made_described_and_deleted(dynamodb_wire):
    name = unique("table")
    same(table_description(name, "id"), create_table(dynamodb_wire, name, "id"))
    same({"Table": table_description(name, "id", "ACTIVE", WarmThroughput={
        "ReadUnitsPerSecond": 5, "Status": "ACTIVE", "WriteUnitsPerSecond": 5})},
        dynamodb_wire.call("describe_table", 200, TableName=name))
    deleted = table_description(name, "id", "DELETING")
    for member in ("AttributeDefinitions", "CreationDateTime", "KeySchema"):
        del deleted[member]
    same({"TableDescription": deleted}, dynamodb_wire.call("delete_table", 200, TableName=name))
    dynamodb_wire.refused("delete_table", 400, "ResourceNotFoundException",
                          {"message": "Requested resource not found: Table: non-existent not found"}, TableName="non-existent")


# ---- streams ----


def stream_record(event, keys, size, view, **images):
    return {"awsRegion": REGION, "eventID": EVENT_ID, "eventName": event, "eventSource": "aws:dynamodb", "eventVersion": "1.1",
            "dynamodb": {"ApproximateCreationDateTime": TIME, "Keys": keys, "SequenceNumber": SEQUENCE_NUMBER, "SizeBytes": size,
                         "StreamViewType": view, **images}}


def read_only_shard(streams_wire, stream_arn, name, key, view, count):
    """The records of a stream whose description is as recorded: provisioned with 5 units, one shard."""
    stream = streams_wire.call("describe_stream", 200, StreamArn=stream_arn)
    same({"StreamDescription": {
        "CreationRequestDateTime": TIME, "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}], "StreamArn": stream_arn,
        "Shards": [{"SequenceNumberRange": {"StartingSequenceNumber": SEQUENCE_NUMBER}, "ShardId": SHARD_ID}],
        "StreamLabel": stream_arn.rsplit("/", 1)[1], "StreamStatus": "ENABLED", "StreamViewType": view, "TableName": name}}, stream)
    shard = stream["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams_wire.call("get_shard_iterator", 200, StreamArn=stream_arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    same({"ShardIterator": str}, iterator)
    answer = streams_wire.call("get_records", 200, ShardIterator=iterator["ShardIterator"])
    same({"Records": list, "NextShardIterator": str}, answer)
    assert len(answer["Records"]) == count, answer["Records"]
    return answer["Records"]


def test_a_stream_of_keys_tells_only_of_changes(dynamodb_wire, streams_wire):
    name = unique("table")
    created = create_table(dynamodb_wire, name, "Username", "KEYS_ONLY")
    same(table_description(name, "Username", **streaming(name, "KEYS_ONLY")), created)
    for user in ("Fred", "Alice"):
        key = {"Username": {"S": user}}
        for _ in range(2):  # the second one changes nothing
            dynamodb_wire.call("put_item", 200, TableName=name, Item=key)
        dynamodb_wire.call("update_item", 200, TableName=name, Key=key, UpdateExpression="SET S=:r",
                           ExpressionAttributeValues={":r": {"S": "Fred_Modified"}})
        dynamodb_wire.call("delete_item", 200, TableName=name, Key=key)
    same([stream_record(event, {"Username": {"S": user}}, 8 + len(user), "KEYS_ONLY")
          for user in ("Fred", "Alice") for event in ("INSERT", "MODIFY", "REMOVE")],
         read_only_shard(streams_wire, created["LatestStreamArn"], name, "Username", "KEYS_ONLY", 6))


def test_transactions_are_in_the_stream_without_the_parts_that_change_nothing(dynamodb_wire, streams_wire):
    name, view = unique("table"), "NEW_AND_OLD_IMAGES"
    created = create_table(dynamodb_wire, name, "id", view)
    same(table_description(name, "id", **streaming(name, view)), created)

    def item(key, **more):
        return {"id": {"S": key}, **{attribute: {"S": value} for attribute, value in more.items()}}

    def put(**attributes):
        return {"Put": {"TableName": name, "Item": attributes}}

    def update(key, expression, **values):
        return {"Update": {"TableName": name, "Key": item(key), "UpdateExpression": expression,
                           "ExpressionAttributeValues": {f":{value}": {"S": text} for value, text in values.items()}}}

    def transact(*parts):
        same({}, dynamodb_wire.call("transact_write_items", 200, TransactItems=list(parts)))

    same({}, dynamodb_wire.call("put_item", 200, TableName=name, Item=item("Fred")))
    transact(put(**item("Fred")), put(**item("NewKey")))
    transact(update("NewKey", "SET attr1 = :a, attr2 = :b", a="value1", b="value2"))
    transact(update("NewKey", "SET attr1 = :a", a="value1"), update("NonExistentKey", "SET attr1 = :a", a="value1"))
    transact({"Delete": {"TableName": name, "Key": item("NewKey")}}, {"Delete": {"TableName": name, "Key": item("NeverWas")}})
    same({}, dynamodb_wire.call("put_item", 200, TableName=name, Item=item("Fred", name="Fred")))

    def record(event, key, size, old=None, new=None):
        images = {"OldImage": old} if old else {}
        return stream_record(event, item(key), size, view, **images, **({"NewImage": new} if new else {}))

    full = item("NewKey", attr1="value1", attr2="value2")
    same([record("INSERT", "Fred", 12, new=item("Fred")),
          record("INSERT", "NewKey", 16, new=item("NewKey")),
          record("MODIFY", "NewKey", 46, old=item("NewKey"), new=full),
          record("INSERT", "NonExistentKey", 43, new=item("NonExistentKey", attr1="value1")),
          record("REMOVE", "NewKey", 38, old=full),
          record("MODIFY", "Fred", 26, old=item("Fred"), new=item("Fred", name="Fred"))],
         read_only_shard(streams_wire, created["LatestStreamArn"], name, "id", view, 6))


def test_a_stream_that_never_was(dynamodb_wire, streams_wire):
    name = unique("table")
    create_table(dynamodb_wire, name, "id")
    stream = arn("dynamodb", f"table/{name}/stream/2024-11-18T14:36:44.149")
    streams_wire.refused("describe_stream", 400, "ResourceNotFoundException",
                         {"message": f"Requested resource not found: Stream: {stream} not found"}, StreamArn=stream)


# ---- functions ----


def archive(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archived:
        for name, text in files.items():
            archived.writestr(name.replace("__", "."), text)
    return out.getvalue()


IDLE = "def handler(event, context):\n    return None\n"
PENDING = {"State": "Pending", "StateReason": "The function is being created.", "StateReasonCode": "Creating"}
READY = {"State": "Active", "LastUpdateStatus": "Successful"}
UPDATING = {"State": "Active", "LastUpdateStatus": "InProgress", "LastUpdateStatusReason": "The function is being created.",
            "LastUpdateStatusReasonCode": "Creating"}


def configuration(name, **more):
    return {"Architectures": ["x86_64"], "CodeSha256": SHA256, "CodeSize": int, "Description": "", "EphemeralStorage": {"Size": 512},
            "FunctionArn": arn("lambda", f"function:{name}"), "FunctionName": name, "Handler": "handler.handler",
            "LastModified": LAST_MODIFIED, "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
            "MemorySize": 128, "PackageType": "Zip", "RevisionId": UUID, "Role": ROLE, "Runtime": "python3.12",
            "RuntimeVersionConfig": {"RuntimeVersionArn": RUNTIME_VERSION},
            "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"}, "Timeout": 3, "TracingConfig": {"Mode": "PassThrough"},
            "Version": "$LATEST", **more}


def create_function(lambda_wire, name, text=IDLE, file="handler__py", **more):
    answer = lambda_wire.call("create_function", 201, **{
        "FunctionName": name, "Runtime": "python3.12", "Handler": "handler.handler", "Role": ROLE,
        "Code": {"ZipFile": archive(**{file: text})}, **more})
    lambda_wire.client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 400})
    return answer


def get_function(lambda_wire, name):
    """What GetFunction says when nothing is under way any more."""
    until = time.monotonic() + 20
    while True:
        answer = lambda_wire.call("get_function", 200, FunctionName=name)
        assert time.monotonic() < until, answer
        if answer["Configuration"]["LastUpdateStatus"] != "InProgress":
            return answer
        time.sleep(0.01)


def described(expected):
    return {"Code": {"Location": str, "RepositoryType": "S3"}, "Configuration": {**expected, **READY}}


def test_a_function_is_pending_then_active(lambda_wire):
    name = unique("function")
    same(configuration(name, **PENDING), create_function(lambda_wire, name))
    same(described(configuration(name)), get_function(lambda_wire, name))
    lambda_wire.call("delete_function", 204, FunctionName=name)


def test_the_life_of_a_function(lambda_wire):
    name = unique("function")
    expected = configuration(name, MemorySize=256, Timeout=5, Environment={"Variables": {}})
    same({**expected, **PENDING},
         create_function(lambda_wire, name, MemorySize=256, Timeout=5, Environment={"Variables": {}}))
    first = get_function(lambda_wire, name)
    same(described(expected), first)

    changed = {"Description": "Changed-Description", "Environment": {"Variables": {"ENV_A": "a"}}, "MemorySize": 512,
               "Runtime": "python3.11", "Timeout": 10}
    expected.update(changed)
    same({**expected, **UPDATING}, lambda_wire.call("update_function_configuration", 200, FunctionName=name, **changed))
    second = get_function(lambda_wire, name)
    same(described(expected), second)
    assert second["Configuration"]["RevisionId"] != first["Configuration"]["RevisionId"]
    assert second["Configuration"]["CodeSha256"] == first["Configuration"]["CodeSha256"]

    same({**expected, **UPDATING},
         lambda_wire.call("update_function_code", 200, FunctionName=name, ZipFile=archive(handler__py=IDLE + "# new\n")))
    third = get_function(lambda_wire, name)
    same(described(expected), third)
    assert third["Configuration"]["CodeSha256"] != second["Configuration"]["CodeSha256"]

    lambda_wire.call("delete_function", 204, FunctionName=name)
    message = f"Function not found: {arn('lambda', f'function:{name}')}"
    for operation in ("delete_function", "get_function"):
        lambda_wire.refused(operation, 404, "ResourceNotFoundException", {"Message": message, "Type": "User"}, FunctionName=name)


def invoke(lambda_wire, name, event="{}", **more):
    """(the SDK's answer without metadata and payload, the payload's text)"""
    answer = lambda_wire.client.invoke(FunctionName=name, Payload=event, **more)
    del answer["ResponseMetadata"]
    return answer, answer.pop("Payload").read().decode()


UNHANDLED = {"ExecutedVersion": "$LATEST", "FunctionError": "Unhandled", "StatusCode": 200}
REQUEST = f"RequestId: {UUID.pattern} Error: "


@pytest.mark.parametrize("text, payload", [
    ("import time\ndef handler(event, context):\n    time.sleep(10)\n",
     {"errorType": "Sandbox.Timedout", "errorMessage": re.compile(REQUEST + r"Task timed out after 1\.00 seconds")}),
    ("import sys\ndef handler(event, context):\n    sys.exit(0)\n",
     {"errorType": "Runtime.ExitError", "errorMessage": re.compile(REQUEST + "Runtime exited without providing a reason")}),
    ('def handler(event, context):\n    raise Exception("Handler fails")\n',
     {"errorMessage": "Handler fails", "errorType": "Exception", "requestId": UUID, "stackTrace": [
         re.compile(r'  File "/.*/handler\.py", line 2, in handler\n    raise Exception\("Handler fails"\)\n')]}),
], ids=["timeout", "exit", "exception"])
def test_how_functions_fail(lambda_wire, text, payload):
    name = unique("function")
    same(configuration(name, Timeout=1, Environment={"Variables": {}}, **PENDING),
         create_function(lambda_wire, name, text, Timeout=1, Environment={"Variables": {}}))
    answer, body = invoke(lambda_wire, name)
    same(UNHANDLED, answer)
    same(payload, json.loads(body))
    lambda_wire.call("delete_function", 204, FunctionName=name)


def test_functions_that_return_nothing(lambda_wire):
    python, node = unique("function"), unique("function")
    create_function(lambda_wire, python)
    create_function(lambda_wire, node, "exports.handler = async () => {};", "handler__js", Runtime="nodejs20.x")
    assert invoke(lambda_wire, node) == ({"ExecutedVersion": "$LATEST", "StatusCode": 200}, "null")
    assert invoke(lambda_wire, python, InvocationType="Event") == ({"StatusCode": 202}, "")
    for name in (python, node):
        lambda_wire.call("delete_function", 204, FunctionName=name)


INTROSPECTION = """
exports.handler = async (event, context) => ({
  environment: process.env,
  context: {
    function_name: context.functionName, function_version: context.functionVersion, aws_request_id: context.awsRequestId,
    invoked_function_arn: context.invokedFunctionArn, log_group_name: context.logGroupName,
    log_stream_name: context.logStreamName, remaining_time_in_millis: context.getRemainingTimeInMillis(),
  },
});
"""

# what says where in AWS's own machines something is, or how they trace: not promised here
AWS_MACHINES = {"AWS_XRAY_CONTEXT_MISSING", "AWS_XRAY_DAEMON_ADDRESS", "_AWS_XRAY_DAEMON_ADDRESS", "_AWS_XRAY_DAEMON_PORT",
                "LD_LIBRARY_PATH", "NODE_PATH", "SHLVL", "PWD", "PATH", "LANG"}


@pytest.mark.parametrize("qualifier", [None, "$LATEST"])
def test_what_a_function_sees(lambda_wire, qualifier):
    name = unique("function")
    created = create_function(lambda_wire, name, INTROSPECTION, "index__js", Runtime="nodejs22.x", Handler="index.handler",
                              MemorySize=1024, Environment={"Variables": {"TEST_KEY": "TEST_VAL"}})
    same(configuration(name, Runtime="nodejs22.x", Handler="index.handler", MemorySize=1024,
                       Environment={"Variables": {"TEST_KEY": "TEST_VAL"}}, **PENDING), created)
    _, body = invoke(lambda_wire, name, **({"Qualifier": qualifier} if qualifier else {}))
    seen = json.loads(body)
    same({"aws_request_id": UUID, "function_name": name, "function_version": "$LATEST",
          "invoked_function_arn": arn("lambda", f"function:{name}") + (f":{qualifier}" if qualifier else ""),
          "log_group_name": f"/aws/lambda/{name}", "log_stream_name": re.compile(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}"),
          "remaining_time_in_millis": int}, seen["context"])
    expected = {
        "AWS_ACCESS_KEY_ID": str, "AWS_DEFAULT_REGION": REGION, "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs22.x",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024", "AWS_LAMBDA_FUNCTION_NAME": name, "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": seen["context"]["log_stream_name"], "AWS_LAMBDA_RUNTIME_API": re.compile(r"[0-9.]+:\d+.*"),
        "AWS_REGION": REGION, "AWS_SECRET_ACCESS_KEY": str, "AWS_SESSION_TOKEN": str, "LAMBDA_RUNTIME_DIR": str,
        "LAMBDA_TASK_ROOT": str, "TEST_KEY": "TEST_VAL", "TZ": ":UTC", "_HANDLER": "index.handler", "_X_AMZN_TRACE_ID": str}
    same(expected, {key: value for key, value in seen["environment"].items() if key in expected})
    assert not [key for key in seen["environment"].keys() - expected.keys() - AWS_MACHINES
                if not key.startswith(("AWS_ENDPOINT_URL", "HOME"))], seen["environment"]
    lambda_wire.call("delete_function", 204, FunctionName=name)


# ---- event source mappings ----


@pytest.fixture(name="stream", scope="module")
def fixture_stream(dynamodb_wire):
    """(table, stream ARN) of an on-demand table whose stream was switched on later, as in the recordings."""
    name = unique("table")
    same(table_description(name, "my_partition_key", BillingModeSummary={"BillingMode": "PAY_PER_REQUEST"},
                           ProvisionedThroughput=ON_DEMAND),
         create_table(dynamodb_wire, name, "my_partition_key", BillingMode="PAY_PER_REQUEST"))
    updated = dynamodb_wire.call("update_table", 200, TableName=name,
                                 StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    same({"TableDescription": table_description(
        name, "my_partition_key", "UPDATING", ProvisionedThroughput=ON_DEMAND, **streaming(name, "NEW_IMAGE"),
        BillingModeSummary={"BillingMode": "PAY_PER_REQUEST", "LastUpdateToPayPerRequestDateTime": TIME},
        WarmThroughput={"ReadUnitsPerSecond": 12000, "Status": "ACTIVE", "WriteUnitsPerSecond": 4000})}, updated)
    return name, wait_active(dynamodb_wire.client, name)["LatestStreamArn"]


@pytest.fixture(name="function", scope="module")
def fixture_function(lambda_wire):
    name = unique("function")
    create_function(lambda_wire, name, "import json\ndef handler(event, context):\n    print('EVENT ' + json.dumps(event))\n")
    yield name
    lambda_wire.call("delete_function", 204, FunctionName=name)


def mapping(stream_arn, function, state="Creating", **more):
    return {"BatchSize": 100, "BisectBatchOnFunctionError": False, "DestinationConfig": {"OnFailure": {}},
            "EventSourceArn": stream_arn, "EventSourceMappingArn": re.compile(arn("lambda", f"event-source-mapping:{UUID.pattern}")),
            "FunctionArn": arn("lambda", f"function:{function}"), "FunctionResponseTypes": [], "LastModified": TIME,
            "LastProcessingResult": "No records processed", "MaximumBatchingWindowInSeconds": 1, "MaximumRecordAgeInSeconds": -1,
            "MaximumRetryAttempts": 1, "ParallelizationFactor": 1, "StartingPosition": "TRIM_HORIZON", "State": state,
            "StateTransitionReason": "User action", "TumblingWindowInSeconds": 0, "UUID": UUID, **more}


ASKED = {"StartingPosition": "TRIM_HORIZON", "MaximumBatchingWindowInSeconds": 1, "MaximumRetryAttempts": 1}


def wait_mapping(lambda_wire, mapping_id, state="Enabled"):
    until = time.monotonic() + 20
    while True:
        answer = lambda_wire.call("get_event_source_mapping", 200, UUID=mapping_id)
        if answer["State"] == state:
            return answer
        assert time.monotonic() < until, answer
        time.sleep(0.02)


def delete_mapping(lambda_wire, mapping_id):
    answer = lambda_wire.call("delete_event_source_mapping", 202, UUID=mapping_id)
    until = time.monotonic() + 20
    while lambda_wire.client.list_event_source_mappings(EventSourceArn=answer["EventSourceArn"])["EventSourceMappings"]:
        assert time.monotonic() < until
        time.sleep(0.02)
    return answer


def test_the_life_of_a_mapping(lambda_wire, stream, function):
    created = lambda_wire.call("create_event_source_mapping", 202, FunctionName=function, EventSourceArn=stream[1], BatchSize=1, **ASKED)
    same(mapping(stream[1], function, BatchSize=1), created)
    same(mapping(stream[1], function, "Enabled", BatchSize=1), wait_mapping(lambda_wire, created["UUID"]))
    same(mapping(stream[1], function, "Deleting", BatchSize=1), delete_mapping(lambda_wire, created["UUID"]))


def test_a_second_mapping_of_the_same_stream_and_function_is_refused(lambda_wire, stream, function):
    created = lambda_wire.call("create_event_source_mapping", 202, FunctionName=function, EventSourceArn=stream[1], **ASKED)
    same(mapping(stream[1], function), created)
    message = (f'The event source arn (" {stream[1]} ") and function (" {function} ") provided mapping already exists. '
               f"Please update or delete the existing mapping with UUID {created['UUID']}")
    lambda_wire.refused("create_event_source_mapping", 409, "ResourceConflictException", {"Type": "User", "message": message},
                        FunctionName=function, EventSourceArn=stream[1], **ASKED)
    other = unique("function")
    create_function(lambda_wire, other)
    second = lambda_wire.call("create_event_source_mapping", 202, FunctionName=other, EventSourceArn=stream[1], **ASKED)
    lambda_wire.call("delete_event_source_mapping", 202, UUID=second["UUID"])
    delete_mapping(lambda_wire, created["UUID"])
    lambda_wire.call("delete_function", 204, FunctionName=other)


def test_the_event_that_a_function_gets(leat, dynamodb_wire, lambda_wire, stream, function):
    created = lambda_wire.call("create_event_source_mapping", 202, FunctionName=function, EventSourceArn=stream[1], BatchSize=1, **ASKED)
    dynamodb_wire.call("put_item", 200, TableName=stream[0],
                       Item={"my_partition_key": {"S": "hello world"}, "binary_key": {"B": b"foobar"}})
    log, found = leat.directory / "logs" / f"{function}.log", None
    until = time.monotonic() + 20
    while found is None:
        assert time.monotonic() < until
        time.sleep(0.02)
        found = re.search(r"EVENT (\{.*\})", log.read_text()) if log.exists() else None
    record = stream_record("INSERT", {"my_partition_key": {"S": "hello world"}}, 70, "NEW_IMAGE",
                           NewImage={"binary_key": {"B": "Zm9vYmFy"}, "my_partition_key": {"S": "hello world"}})
    event = json.loads(found[1])
    same({"Records": [{**record, "eventSourceARN": stream[1]}]}, event)
    assert list(event["Records"][0]) == ["eventID", "eventName", "eventVersion", "eventSource", "awsRegion", "dynamodb",
                                         "eventSourceARN"]
    until = time.monotonic() + 20
    while lambda_wire.call("get_event_source_mapping", 200, UUID=created["UUID"])["LastProcessingResult"] != "OK":
        assert time.monotonic() < until
        time.sleep(0.02)
    delete_mapping(lambda_wire, created["UUID"])


def test_mappings_that_are_refused(lambda_wire, stream, function):
    unknown = str(uuid.uuid4())
    missing = {"Message": "The resource you requested does not exist.", "Type": "User"}
    for operation, more in (("get", {}), ("delete", {}), ("update", {"Enabled": False})):
        lambda_wire.refused(f"{operation}_event_source_mapping", 404, "ResourceNotFoundException", missing, UUID=unknown, **more)

    def refused(message, code="InvalidParameterValueException", body=None, **request):
        request.setdefault("FunctionName", function)
        lambda_wire.refused("create_event_source_mapping", 400, code, body or {"Type": "User", "message": message}, **request)

    refused("Unrecognized event source.", FunctionName="doesnotexist")
    refused("Function does not exist", FunctionName="doesnotexist", StartingPosition="LATEST", EventSourceArn=stream[1])
    refused("1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
            EventSourceArn=stream[1])
    enum = ("1 validation error detected: Value 'invalid' at 'startingPosition' failed to satisfy constraint: "
            "Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]")
    refused(enum, "ValidationException", {"message": enum}, EventSourceArn=stream[1], StartingPosition="invalid")
    refused(f"Unsupported starting position for arn type: {stream[1]}", EventSourceArn=stream[1],
            StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=1741010802)
    never = arn("dynamodb", "table/test-table-4a53f4e8/stream/2025-02-22T03:03:25.490")
    refused(f"Stream not found: {never}", EventSourceArn=never, StartingPosition="LATEST")
