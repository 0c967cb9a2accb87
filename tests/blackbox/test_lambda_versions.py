"""Versions, aliases, revisions, tags, policies and shares of concurrency of Lambda functions, held to what AWS answers."""
import collections
import concurrent.futures
import json
import time

import pytest

from lambda_kit import (ACCOUNT, PYTHON, UUID, arn_of, client, error_of, invoke, packed, python, server_for, sha256, unique)
from program import Program

VERSION = "def handler(event, context): return {}\n"
TELL = "def handler(event, context): return [context.function_version, context.invoked_function_arn, %r]\n"


@pytest.fixture(name="server", scope="module")
def fixture_server(tmp_path_factory):
    yield from server_for(tmp_path_factory)


@pytest.fixture(name="functions", scope="module")
def fixture_functions(server):
    return client(server)


def told(functions, name, **more):
    return invoke(functions, name, **more)[0]


def update(functions, name, text, **more):
    return functions.update_function_code(FunctionName=name, ZipFile=packed({"index.py": text}), **more)


def test_a_version_stays_what_it_was(functions):
    name = python(functions, TELL % "one", Description="first", Environment={"Variables": {"AA": "1"}})
    before = functions.get_function_configuration(FunctionName=name)
    one = functions.publish_version(FunctionName=name, Description="published")
    assert (one["Version"], one["Description"], one["State"]) == ("1", "published", "Active")
    assert one["FunctionArn"] == arn_of(name) + ":1" and one["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert one["CodeSha256"] == before["CodeSha256"] and one["RevisionId"] != before["RevisionId"]
    update(functions, name, TELL % "two")
    functions.update_function_configuration(FunctionName=name, Description="second", Environment={"Variables": {"AA": "2"}}, Timeout=9)
    kept = functions.get_function_configuration(FunctionName=name, Qualifier="1")
    assert kept["Environment"]["Variables"] == {"AA": "1"} and kept["Timeout"] == 3 and kept["FunctionArn"] == arn_of(name) + ":1"
    assert told(functions, name, Qualifier="1") == ["1", arn_of(name) + ":1", "one"]
    assert told(functions, f"{name}:1") == ["1", arn_of(name) + ":1", "one"]
    assert told(functions, name) == ["$LATEST", arn_of(name), "two"]
    answer = functions.invoke(FunctionName=name, Qualifier="1")
    assert answer["ExecutedVersion"] == "1"


def test_nothing_new_is_no_new_version(functions):
    name = python(functions, VERSION)
    assert [functions.publish_version(FunctionName=name)["Version"] for _ in range(3)] == ["1", "1", "1"]
    update(functions, name, VERSION)  # the same bytes
    assert functions.publish_version(FunctionName=name)["Version"] == "1"
    functions.update_function_configuration(FunctionName=name, Timeout=8)
    assert functions.publish_version(FunctionName=name)["Version"] == "2"
    assert update(functions, name, VERSION + "#", Publish=True)["Version"] == "3"
    versions = functions.list_versions_by_function(FunctionName=name)["Versions"]
    assert [each["Version"] for each in versions] == ["$LATEST", "1", "2", "3"]
    assert [each["FunctionArn"] for each in versions] == [arn_of(name) + ":" + each["Version"] for each in versions]
    assert not {"State", "LastUpdateStatus", "RuntimeVersionConfig"} & set(versions[0])


def test_publish_when_made(functions):
    name = unique()
    made = functions.create_function(FunctionName=name, Role="arn:aws:iam::000000000000:role/test", Runtime=PYTHON, Publish=True,
                                     Handler="index.handler", Code={"ZipFile": packed({"index.py": TELL % "x"})})
    assert (made["Version"], made["FunctionArn"], made["State"]) == ("1", arn_of(name) + ":1", "Pending")
    assert told(functions, name, Qualifier="1")[0] == "1"


def test_publishing_is_conditional(functions):
    name = python(functions, VERSION)
    latest = functions.get_function_configuration(FunctionName=name)
    wrong = sha256(b"something else")
    assert error_of(functions.publish_version, FunctionName=name, CodeSha256=wrong) == (
        400, "InvalidParameterValueException",
        f"CodeSHA256 ({wrong}) is different from current CodeSHA256 in $LATEST ({latest['CodeSha256']}). Please try again with the "
        "CodeSHA256 in $LATEST.")
    stale = (412, "PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id. Call the "
             "GetFunction/GetAlias API to retrieve the latest Revision Id")
    wrong = "00000000-0000-4000-8000-000000000000"
    assert error_of(functions.publish_version, FunctionName=name, RevisionId=wrong) == stale
    assert error_of(functions.update_function_configuration, FunctionName=name, Timeout=4, RevisionId=wrong) == stale
    assert error_of(update, functions=functions, name=name, text="#", RevisionId=wrong) == stale
    assert functions.get_function_configuration(FunctionName=name)["RevisionId"] == latest["RevisionId"]
    answer = functions.publish_version(FunctionName=name, CodeSha256=latest["CodeSha256"], RevisionId=latest["RevisionId"])
    assert answer["Version"] == "1"
    assert functions.get_function_configuration(FunctionName=name)["RevisionId"] != latest["RevisionId"]


def test_a_dry_run_changes_nothing(functions):
    name = python(functions, TELL % "old")
    before = functions.get_function_configuration(FunctionName=name)
    text = TELL % "new"
    answer = update(functions, name, text, DryRun=True)
    assert answer["CodeSha256"] == sha256(packed({"index.py": text}))
    assert functions.get_function_configuration(FunctionName=name) | {"ResponseMetadata": 0} == before | {"ResponseMetadata": 0}
    assert told(functions, name)[2] == "old"


def test_versions_side_by_side(functions):
    """Publishing and changing at once: each version is whole, and none is lost or counted twice."""
    name = python(functions, VERSION)

    def one(i):
        functions.update_function_configuration(FunctionName=name, Description=f"change {i}", Timeout=10 + i)
        return functions.publish_version(FunctionName=name)["Version"]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        published = {*pool.map(one, range(24))}
    listed = [each for page in functions.get_paginator("list_versions_by_function").paginate(
        FunctionName=name, PaginationConfig={"PageSize": 5}) for each in page["Versions"]]
    numbers = [each["Version"] for each in listed]
    assert numbers == ["$LATEST"] + [str(i + 1) for i in range(len(numbers) - 1)]
    assert published <= set(numbers[1:]) and 1 <= len(numbers) - 1 <= 24
    settings = [(each["Timeout"], each["Description"]) for each in listed[1:]]
    assert len(set(settings)) == len(settings) and all(f"change {timeout - 10}" == words for timeout, words in settings)


def test_deleted_versions(functions):
    name = python(functions, TELL % "one")
    functions.publish_version(FunctionName=name)
    update(functions, name, TELL % "two", Publish=True)
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    code, kind, _ = error_of(functions.delete_function, FunctionName=name, Qualifier="1")
    assert (code, kind) == (409, "ResourceConflictException")
    functions.delete_alias(FunctionName=name, Name="live")
    functions.delete_function(FunctionName=name, Qualifier="1")
    missing = (404, "ResourceNotFoundException", f"Function not found: {arn_of(name)}:1")
    assert error_of(functions.get_function, FunctionName=name, Qualifier="1") == missing
    assert error_of(functions.invoke, FunctionName=name, Qualifier="1") == missing
    functions.delete_function(FunctionName=name, Qualifier="1")  # gone is gone
    assert told(functions, name, Qualifier="2")[2] == "two"
    assert error_of(functions.delete_function, FunctionName=name, Qualifier="$LATEST")[1] == "InvalidParameterValueException"
    update(functions, name, TELL % "three", Publish=True)
    assert functions.list_versions_by_function(FunctionName=name)["Versions"][-1]["Version"] == "3"
    functions.delete_function(FunctionName=name)
    for qualifier in ("2", "3", "$LATEST"):
        assert error_of(functions.invoke, FunctionName=name, Qualifier=qualifier)[1] == "ResourceNotFoundException"


def test_a_function_made_anew_has_nothing_of_the_old(functions):
    name = python(functions, VERSION, Tags={"a": "b"})
    functions.publish_version(FunctionName=name)
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    functions.delete_function(FunctionName=name)
    functions.create_function(FunctionName=name, Role="arn:aws:iam::000000000000:role/test", Runtime=PYTHON, Handler="index.handler",
                              Code={"ZipFile": packed({"index.py": VERSION})})
    assert [each["Version"] for each in functions.list_versions_by_function(FunctionName=name)["Versions"]] == ["$LATEST"]
    assert functions.list_aliases(FunctionName=name)["Aliases"] == []
    assert "Tags" not in functions.get_function(FunctionName=name) and invoke(functions, name)[0] == {}


def test_code_of_versions_outlives_restarts_and_is_removed_in_the_end(tmp_path):
    program = Program(tmp_path / "data").start()
    functions = client(program)
    name = python(functions, TELL % "one")
    functions.publish_version(FunctionName=name)
    update(functions, name, TELL % "two")
    update(functions, name, TELL % "three")
    program.stop()
    program.start()
    functions = client(program)
    assert told(functions, name, Qualifier="1")[2] == "one" and told(functions, name)[2] == "three"
    kept = {each.name.removesuffix(".zip") for each in (tmp_path / "data/functions" / name).iterdir()}
    assert len(kept) == 2, "the code between the two is gone"
    functions.delete_function(FunctionName=name)
    program.stop()
    program.start()
    program.stop()
    assert not (tmp_path / "data/functions" / name).exists()


def test_the_life_of_an_alias(functions):
    name = python(functions, TELL % "one")
    update(functions, name, TELL % "two", Publish=True)
    update(functions, name, TELL % "three", Publish=True)
    made = functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1", Description="what users see")
    del made["ResponseMetadata"]
    assert UUID.fullmatch(made.pop("RevisionId"))
    assert made == {"AliasArn": arn_of(name) + ":live", "Name": "live", "FunctionVersion": "1", "Description": "what users see"}
    assert told(functions, name, Qualifier="live") == ["1", arn_of(name) + ":live", "two"]
    got = functions.get_function(FunctionName=f"{name}:live")["Configuration"]
    assert (got["FunctionArn"], got["Version"]) == (arn_of(name) + ":live", "1")
    old = functions.get_alias(FunctionName=name, Name="live")
    new = functions.update_alias(FunctionName=name, Name="live", FunctionVersion="2", RevisionId=old["RevisionId"])
    assert (new["FunctionVersion"], new["Description"]) == ("2", "what users see") and new["RevisionId"] != old["RevisionId"]
    assert told(functions, name, Qualifier="live")[:1] == ["2"]
    assert error_of(functions.update_alias, FunctionName=name, Name="live", Description="x", RevisionId=old["RevisionId"]) == (
        412, "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the GetAlias API to retrieve the latest Revision Id")
    functions.delete_alias(FunctionName=name, Name="live")
    functions.delete_alias(FunctionName=name, Name="live")
    assert error_of(functions.get_alias, FunctionName=name, Name="live") == (
        404, "ResourceNotFoundException", f"Cannot find alias arn: {arn_of(name)}:live")
    assert error_of(functions.invoke, FunctionName=name, Qualifier="live") == (
        404, "ResourceNotFoundException", f"Function not found: {arn_of(name)}:live")


def test_aliases_that_are_refused(functions):
    name = python(functions, VERSION)
    functions.publish_version(FunctionName=name)
    update(functions, name, VERSION + "#", Publish=True)

    def refused(kind="InvalidParameterValueException", **more):
        answer = error_of(functions.create_alias, **{"FunctionName": name, "Name": "live", "FunctionVersion": "1", **more})
        assert answer[1] == kind, answer
        return answer[2]

    def weights(**shares):
        return {"AdditionalVersionWeights": {version.strip("v"): share for version, share in shares.items()}}

    assert refused("ResourceNotFoundException", FunctionVersion="7") == f"Function not found: {arn_of(name)}:7"
    assert refused("ResourceNotFoundException", RoutingConfig=weights(v7=0.5)) == f"Function not found: {arn_of(name)}:7"
    assert refused("ResourceNotFoundException", FunctionName="nobody") == f"Function not found: {arn_of('nobody')}"
    assert refused("ValidationException", Name="17").startswith("1 validation error detected: Value '17' at 'name'")
    assert refused("ValidationException", RoutingConfig=weights(v2=1.5))
    assert refused(FunctionVersion="$LATEST", RoutingConfig=weights(v1=0.5)) == (
        "$LATEST is not supported for an alias pointing to more than 1 version")
    assert refused(RoutingConfig=weights(v1=0.5)) == (
        "Invalid function version 1. Function version 1 is already included in routing configuration.")
    assert refused(RoutingConfig=weights(v1=0.5, v2=0.5)) == "Number of items in AdditionalVersionWeights cannot be greater than 1"
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    assert refused("ResourceConflictException") == f"Alias already exists: {arn_of(name)}:live"
    assert error_of(functions.update_alias, FunctionName=name, Name="other", FunctionVersion="1") == (
        404, "ResourceNotFoundException", f"Alias not found: {arn_of(name)}:other")


def test_an_alias_shares_between_two_versions(functions):
    name = python(functions, VERSION)
    functions.publish_version(FunctionName=name)
    update(functions, name, VERSION + "#", Publish=True)
    made = functions.create_alias(FunctionName=name, Name="canary", FunctionVersion="1",
                                  RoutingConfig={"AdditionalVersionWeights": {"2": 0.25}})
    assert made["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.25}}
    count = collections.Counter(functions.invoke(FunctionName=name, Qualifier="canary")["ExecutedVersion"] for _ in range(400))
    assert set(count) == {"1", "2"} and 50 <= count["2"] <= 150, count  # 100 expected, 8.7 the standard deviation
    assert "RoutingConfig" in functions.update_alias(FunctionName=name, Name="canary", Description="still")
    functions.update_alias(FunctionName=name, Name="canary", RoutingConfig={"AdditionalVersionWeights": {}})
    assert {functions.invoke(FunctionName=name, Qualifier="canary")["ExecutedVersion"] for _ in range(20)} == {"1"}


def test_aliases_in_pages(functions):
    name = python(functions, VERSION)
    functions.publish_version(FunctionName=name)
    names = [f"alias-{i:02}" for i in range(7)]
    for i, each in enumerate(names):
        functions.create_alias(FunctionName=name, Name=each, FunctionVersion="1" if i % 2 else "$LATEST")

    def listed(**more):
        pages = functions.get_paginator("list_aliases").paginate(FunctionName=name, PaginationConfig={"PageSize": 2}, **more)
        return [each["Name"] for page in pages for each in page["Aliases"]]

    assert listed() == names and listed(FunctionVersion="1") == names[1::2]


def test_all_versions_of_all_functions(tmp_path):
    program = Program(tmp_path / "data").start()
    functions = client(program)
    names = sorted(python(functions, VERSION) for _ in range(4))
    functions.publish_version(FunctionName=names[0])
    update(functions, names[2], VERSION + "#", Publish=True)
    expected = {arn_of(each) + ":$LATEST" for each in names} | {arn_of(names[0]) + ":1", arn_of(names[2]) + ":1"}
    for size in (1, 2, 3, 50):
        pages = functions.get_paginator("list_functions").paginate(FunctionVersion="ALL", PaginationConfig={"PageSize": size})
        found = [each["FunctionArn"] for page in pages for each in page["Functions"]]
        assert len(found) == len(expected) and set(found) == expected, size
    usage = functions.get_account_settings()
    assert usage["AccountUsage"]["FunctionCount"] == 4 and usage["AccountLimit"]["ConcurrentExecutions"] == 1000
    program.stop()


def test_tags(functions):
    name = python(functions, VERSION, Tags={"stage": "test"})
    tags = {"Resource": arn_of(name)}
    assert functions.get_function(FunctionName=name)["Tags"] == {"stage": "test"}
    functions.tag_resource(**tags, Tags={"stage": "live", "owner": "me", "b/c": "ä"})
    assert functions.list_tags(**tags)["Tags"] == {"stage": "live", "owner": "me", "b/c": "ä"}
    functions.untag_resource(**tags, TagKeys=["stage", "b/c", "never"])
    assert functions.list_tags(**tags)["Tags"] == {"owner": "me"}
    assert error_of(functions.tag_resource, **tags, Tags={str(i): "" for i in range(50)}) == (
        400, "InvalidParameterValueException", "Number of tags exceeds resource tag limit.")
    assert error_of(functions.list_tags, Resource=arn_of("nobody"))[1] == "ResourceNotFoundException"
    assert error_of(functions.tag_resource, Resource="nothing", Tags={"a": "b"})[1] == "ValidationException"


def test_policies(functions):
    name = python(functions, VERSION)
    functions.publish_version(FunctionName=name)
    assert error_of(functions.get_policy, FunctionName=name) == (
        404, "ResourceNotFoundException", "The resource you requested does not exist.")
    ask = {"FunctionName": name, "Action": "lambda:InvokeFunction"}
    first = functions.add_permission(**ask, StatementId="s3", Principal="s3.amazonaws.com", SourceAccount=ACCOUNT,
                                     SourceArn="arn:aws:s3:::bucket")
    statement = {"Sid": "s3", "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "lambda:InvokeFunction",
                 "Resource": arn_of(name), "Condition": {"StringEquals": {"AWS:SourceAccount": ACCOUNT},
                                                         "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::bucket"}}}
    assert json.loads(first["Statement"]) == statement
    functions.add_permission(**ask, StatementId="all", Principal="*")
    functions.add_permission(**ask, StatementId="account", Principal="111111111111")
    functions.add_permission(**ask, StatementId="s3", Principal="*", Qualifier="1")  # another policy
    policy = functions.get_policy(FunctionName=name)
    document = json.loads(policy["Policy"])
    assert (document["Version"], document["Id"]) == ("2012-10-17", "default")
    assert [each["Principal"] for each in document["Statement"]] == [
        {"Service": "s3.amazonaws.com"}, "*", {"AWS": "arn:aws:iam::111111111111:root"}]
    assert error_of(functions.add_permission, **ask, StatementId="s3", Principal="*") == (
        409, "ResourceConflictException", "The statement id (s3) provided already exists. Please provide a new statement id, or remove "
        "the existing statement.")
    assert error_of(functions.remove_permission, FunctionName=name, StatementId="no") == (
        404, "ResourceNotFoundException", "Statement no is not found in resource policy.")
    assert error_of(functions.remove_permission, FunctionName=name, StatementId="s3", RevisionId="x")[:2] == (
        412, "PreconditionFailedException")
    for each in ("all", "account", "s3"):
        functions.remove_permission(FunctionName=name, StatementId=each)
    assert error_of(functions.get_policy, FunctionName=name)[1] == "ResourceNotFoundException"
    assert json.loads(functions.get_policy(FunctionName=name, Qualifier="1")["Policy"])["Statement"][0]["Resource"] == arn_of(name) + ":1"


def test_reserved_concurrency(functions):
    name = python(functions, "import time\ndef handler(event, context):\n    time.sleep(event['s'])\n", Timeout=20)
    functions.publish_version(FunctionName=name)
    assert "ReservedConcurrentExecutions" not in functions.get_function_concurrency(FunctionName=name)
    assert functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=2)["ReservedConcurrentExecutions"] == 2
    assert functions.get_function(FunctionName=name)["Concurrency"] == {"ReservedConcurrentExecutions": 2}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        running = [pool.submit(functions.invoke, FunctionName=name, Qualifier=each, Payload=b'{"s": 2}') for each in ("1", "$LATEST")]
        time.sleep(0.7)
        with pytest.raises(functions.exceptions.TooManyRequestsException) as caught:
            functions.invoke(FunctionName=name, Payload=b'{"s": 0}')
        assert all("FunctionError" not in each.result() for each in running)
    answer = caught.value.response
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Message"]) == (429, "Rate Exceeded.")
    assert answer["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    functions.invoke(FunctionName=name, Payload=b'{"s": 0}')
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    assert error_of(functions.invoke, FunctionName=name, Payload=b'{"s": 0}')[1] == "TooManyRequestsException"
    functions.delete_function_concurrency(FunctionName=name)
    assert "FunctionError" not in functions.invoke(FunctionName=name, Payload=b'{"s": 0}')
    assert error_of(functions.put_function_concurrency, FunctionName=name, ReservedConcurrentExecutions=901) == (
        400, "InvalidParameterValueException", "Specified ReservedConcurrentExecutions for function decreases account's "
        "UnreservedConcurrentExecution below its minimum value of [100].")


def test_a_mapping_to_an_alias_follows_it(server, functions):
    from conftest import boto_client
    dynamodb = boto_client(server, "dynamodb")
    stream = dynamodb.create_table(
        TableName="followed", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})["TableDescription"]["LatestStreamArn"]
    name = python(functions, "def handler(event, context): print('SEEN', context.function_version, context.invoked_function_arn)\n")
    functions.publish_version(FunctionName=name)
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    made = functions.create_event_source_mapping(FunctionName=f"{name}:live", EventSourceArn=stream, StartingPosition="TRIM_HORIZON")
    assert made["FunctionArn"] == arn_of(name) + ":live"
    log = server.directory / "logs" / f"{name}.log"

    def wait_for(words):
        until = time.monotonic() + 20
        while not (log.exists() and words in log.read_text()):
            assert time.monotonic() < until, log.read_text() if log.exists() else "no log"
            time.sleep(0.02)

    dynamodb.put_item(TableName="followed", Item={"pk": {"S": "a"}})
    wait_for(f"SEEN 1 {arn_of(name)}:live")
    update(functions, name, "def handler(event, context): print('SEEN AGAIN', context.function_version)\n", Publish=True)
    functions.update_alias(FunctionName=name, Name="live", FunctionVersion="2")
    dynamodb.put_item(TableName="followed", Item={"pk": {"S": "b"}})
    wait_for("SEEN AGAIN 2")
    functions.delete_event_source_mapping(UUID=made["UUID"])
