"""Point-in-time recovery: its switches, and tables as they were at moments, held against a model; backups and restores under
concurrent writes and over kill -9; the commands for both."""
import asyncio
import datetime
import json
import os
import pty
import random
import re
import subprocess
import threading
import time

import pytest

from conftest import Raw, boto_client, wait_active
from program import PROGRAM, Connection, Program, environment
from test_backups import ACCOUNT, INDEXED, ask, back_up, enable, item, load, name_of, refused, scan, wait_available

SEED = int(os.environ.get("LEAT_RECOVERY_SEED", "1"))


# ---------------------------------------------------------------- switches

def describe(client, table):
    return client.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]


def test_recovery_is_switched_on_and_off(raw, dynamodb, make_table):
    table, off = make_table(), {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": {
        "PointInTimeRecoveryStatus": "DISABLED"}}
    assert describe(dynamodb, table) == describe(dynamodb, ACCOUNT + table) == off
    before = int(time.time())
    on = enable(raw, table)
    recovery = on["PointInTimeRecoveryDescription"]
    assert on == {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": {
        "PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": 35,
        "EarliestRestorableDateTime": recovery["EarliestRestorableDateTime"],
        "LatestRestorableDateTime": recovery["LatestRestorableDateTime"]}}
    assert before <= recovery["EarliestRestorableDateTime"] <= recovery["LatestRestorableDateTime"] <= time.time()
    assert isinstance(describe(dynamodb, table)["PointInTimeRecoveryDescription"]["EarliestRestorableDateTime"], datetime.datetime)
    assert enable(raw, table, RecoveryPeriodInDays=7)["PointInTimeRecoveryDescription"] | {"LatestRestorableDateTime": 0} == {
        **recovery, "RecoveryPeriodInDays": 7, "LatestRestorableDateTime": 0}
    assert enable(raw, table)["PointInTimeRecoveryDescription"]["RecoveryPeriodInDays"] == 7
    assert dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification={
        "PointInTimeRecoveryEnabled": False})["ContinuousBackupsDescription"] == describe(dynamodb, table) == off
    assert enable(raw, table)["PointInTimeRecoveryDescription"]["RecoveryPeriodInDays"] == 35


def test_what_is_refused_of_the_switch(raw, dynamodb, make_table):
    table, on = make_table(), {"PointInTimeRecoveryEnabled": True}
    for call, more in ((dynamodb.describe_continuous_backups, {}),
                       (dynamodb.update_continuous_backups, {"PointInTimeRecoverySpecification": on})):
        assert refused(call, TableName="bk-none", **more) == ("TableNotFoundException", "Table not found: bk-none")
    update = {"TableName": table, "PointInTimeRecoverySpecification": {**on, "RecoveryPeriodInDays": 36}}
    assert raw.refused("UpdateContinuousBackups", update) == (
        "ValidationException", "1 validation error detected: Value '36' at 'pointInTimeRecoverySpecification.recoveryPeriodInDays' failed "
        "to satisfy constraint: Member must have value less than or equal to 35")
    update["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"] = 0
    assert "greater than or equal to 1" in raw.refused("UpdateContinuousBackups", update)[1]
    update["PointInTimeRecoverySpecification"] = {"PointInTimeRecoveryEnabled": False, "RecoveryPeriodInDays": 7}
    assert raw.refused("UpdateContinuousBackups", update) == (
        "ValidationException", "Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.")
    assert raw.refused("UpdateContinuousBackups", {"TableName": table})[0] == "ValidationException"
    assert raw.refused("UpdateContinuousBackups", {"TableName": table, "PointInTimeRecoverySpecification": {}})[0] == "ValidationException"


# ---------------------------------------------------------------- restoring points in time

def test_what_is_refused_of_a_point_in_time(raw, dynamodb, make_table):
    table, other, none = make_table(), make_table(), "bk-none"
    call, latest = dynamodb.restore_table_to_point_in_time, {"UseLatestRestorableTime": True}

    def invalid(words, **request):
        assert refused(call, TargetTableName="bk-never", **request) == ("ValidationException", words)
        assert refused(dynamodb.describe_table, TableName="bk-never")[0] == "ResourceNotFoundException"

    either = "Invalid Request: Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both"
    invalid(either, SourceTableName=table)
    invalid(either, SourceTableName=table, UseLatestRestorableTime=False)
    code, words = refused(call, SourceTableName=table, TargetTableName="bk-never", RestoreDateTime=time.time(), **latest)
    assert code == "ValidationException" and words.startswith(
        "Invalid Request: Both RestoreDateTime and UseLatestRestorableTime cannot be set for point-in-time restore request. Pleas")
    invalid("Must provide exactly one of: sourceTableArn, sourceTableName", SourceTableName=table, SourceTableArn=ACCOUNT + table, **latest)
    invalid("The parameter 'TableName' is required but was not present in the request", **latest)
    invalid("sourceTableArn is not a valid ARN", SourceTableArn="table/" + table, **latest)
    invalid("This action is only supported by accounts that match the resource owner's account",
            SourceTableArn=(ACCOUNT + table).replace("000000000000", "123456789012"), **latest)
    assert refused(call, SourceTableName=none, TargetTableName=table, **latest) == (
        "TableNotFoundException", f"Table not found: {none}")
    unavailable = ("PointInTimeRecoveryUnavailableException", f"Point in time recovery is not enabled for table '{table}'")
    for more in (latest, {"RestoreDateTime": 5}):
        assert refused(call, SourceTableName=table, TargetTableName=other, **more) == unavailable
    enable(raw, table)
    for wanted in (0, time.time() - 3600, time.time() + 3600):
        code, words = refused(call, SourceTableName=table, TargetTableName=other, RestoreDateTime=wanted)
        assert code == "InvalidRestoreTimeException" and re.fullmatch(
            r"RestoreDateTime '\S{19}Z' must be within EarliestRestorableDateTime '\S{19}Z' and LatestRestorableDateTime '\S{19}Z'", words)
    for target in (other, table):
        assert refused(call, SourceTableName=table, TargetTableName=target, **latest) == (
            "TableAlreadyExistsException", f"Table already exists: {target}")
    code, words = refused(call, SourceTableName=table, TargetTableName="bad name!", **latest)
    assert code == "ValidationException" and "Value 'bad name!' at 'targetTableName'" in words
    assert refused(call, SourceTableName=table, TargetTableName="bk-never", BillingModeOverride="PROVISIONED", **latest)[1] == (
        "Invalid Request: Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED")


class Model:
    """Random writes to a table, with the time of each; what the table held at a moment."""

    def __init__(self, raw, table, seed):
        self.raw, self.table, self.chance = raw, table, random.Random(seed)
        self.now, self.states = {}, []  # (before ms, after ms, the items then)

    def note(self, before):
        self.states.append((before, time.time_ns() // 1000000, dict(self.now)))

    def write(self):
        number = self.chance.randrange(60)
        key = {name: item(number)[name] for name in ("pk", "sk")}
        before = time.time_ns() // 1000000
        if self.chance.random() < 0.25:
            ask(self.raw, "DeleteItem", {"TableName": self.table, "Key": key})
            self.now.pop(number, None)
        elif self.chance.random() < 0.3:
            mark = str(self.chance.randrange(1000))
            ask(self.raw, "UpdateItem", {"TableName": self.table, "Key": key, "UpdateExpression": "SET mark = :m, team = :t",
                                         "ExpressionAttributeValues": {":m": {"N": mark}, ":t": {"S": "abc"[int(mark) % 3]}}})
            self.now[number] = {**key, **self.now.get(number, {}), "mark": {"N": mark}, "team": {"S": "abc"[int(mark) % 3]}}
        else:
            self.now[number] = item(number, mark={"N": str(self.chance.randrange(1000))})
            ask(self.raw, "PutItem", {"TableName": self.table, "Item": self.now[number]})
        self.note(before)

    def moments(self, count):
        """(ms, items): between two writes, so that the clocks of both sides agree on what came before."""
        gaps = [(left[1], right[0], left[2]) for left, right in zip(self.states, self.states[1:]) if right[0] - left[1] >= 3]
        for after, before, items in self.chance.sample(gaps, min(count, len(gaps))):
            yield (after + before) // 2, items


def sorted_items(items):
    return sorted(items, key=lambda one: json.dumps(one, sort_keys=True))


def restore_at(raw, client, table, moment_ms, **more):
    target = name_of("at")
    ask(raw, "RestoreTableToPointInTime", {"SourceTableArn": ACCOUNT + table, "TargetTableName": target,
                                           "RestoreDateTime": moment_ms / 1000, **more})
    wait_active(client, target, 60)
    return target


def test_random_moments_against_a_model(raw, dynamodb):
    table = name_of("moments")
    dynamodb.create_table(TableName=table, BillingMode="PAY_PER_REQUEST", **INDEXED)
    wait_active(dynamodb, table)
    model = Model(raw, table, SEED)
    for _ in range(80):
        model.write()  # before recovery is on
    enable(raw, table)
    model.states = []
    model.note(time.time_ns() // 1000000)
    for number in range(400):
        model.write()
        if number % 12 == 0:
            time.sleep(0.008)
    moments = list(model.moments(8))
    assert len(moments) >= 6
    for moment, items in moments:
        target = restore_at(raw, dynamodb, table, moment)
        assert scan(dynamodb, target) == sorted_items(items.values()), f"seed {SEED}, {moment}"
        indexed = [one for one in items.values() if "team" in one and "score" in one]
        assert len(scan(dynamodb, target, IndexName="teams")) == len(indexed)
        described = dynamodb.describe_table(TableName=target)["Table"]
        assert described["ItemCount"] == len(items)
        dynamodb.delete_table(TableName=target)
    # whole seconds, as SDKs send them; the second in which it was turned on means: from the beginning
    first = int(describe(dynamodb, table)["PointInTimeRecoveryDescription"]["EarliestRestorableDateTime"].timestamp())
    assert scan(dynamodb, restore_at(raw, dynamodb, table, first * 1000)) == sorted_items(model.states[0][2].values())
    dynamodb.restore_table_to_point_in_time(SourceTableName=table, TargetTableName=name_of("latest"), UseLatestRestorableTime=True)


def test_the_latest_time_is_now(raw, dynamodb, make_table):
    table, target = make_table("N"), name_of("now")
    enable(raw, table)
    load(dynamodb, table, map(item, range(100)))
    made = dynamodb.restore_table_to_point_in_time(SourceTableName=table, TargetTableName=target, UseLatestRestorableTime=True)
    assert made["TableDescription"]["TableStatus"] == "CREATING"
    wait_active(dynamodb, target)
    assert scan(dynamodb, target) == scan(dynamodb, table)


def test_a_deleted_table_with_recovery_leaves_a_backup(raw, dynamodb, make_table):
    table, plain = make_table("N"), make_table("N")
    enable(raw, table)
    load(dynamodb, table, map(item, range(100)))
    items = scan(dynamodb, table)
    gone = dynamodb.delete_table(TableName=table)["TableDescription"]
    assert gone["TableStatus"] == "DELETING" and gone["TableName"] == table
    dynamodb.delete_table(TableName=plain)
    assert dynamodb.list_backups(TableName=plain, BackupType="ALL")["BackupSummaries"] == []
    assert dynamodb.list_backups(TableName=table)["BackupSummaries"] == []
    backup, = dynamodb.list_backups(TableName=table, BackupType="SYSTEM")["BackupSummaries"]
    arn = backup["BackupArn"]
    assert backup["BackupName"] == table + "$DeletedTableBackup" and backup["BackupType"] == "SYSTEM" and arn.endswith("-00000000")
    assert backup["BackupExpiryDateTime"] - backup["BackupCreationDateTime"] == datetime.timedelta(days=35)
    assert wait_available(dynamodb, arn)["SourceTableDetails"]["ItemCount"] == 100
    code, words = refused(dynamodb.delete_backup, BackupArn=arn)
    assert code == "ValidationException" and words.startswith(
        f"Invalid Request: User is not allowed to delete the system backup with arn {arn}. It will automatically expire on 20")
    dynamodb.restore_table_from_backup(TargetTableName=table, BackupArn=arn)  # even under its old name
    wait_active(dynamodb, table)
    assert scan(dynamodb, table) == items


# ---------------------------------------------------------------- while others write, and over kill -9

LARGE = 12000  # items; some steps of the copy


@pytest.fixture(name="own")
def fixture_own(tmp_path):
    program = Program(tmp_path / "data").start()
    yield program
    if program.process.poll() is None:
        program.stop()


def fill(program, table, count):
    """Many items, with several connections."""

    async def one(numbers):
        connection = Connection(program.port)
        for start in range(0, len(numbers), 25):
            puts = [{"PutRequest": {"Item": item(number, version={"N": "0"})}} for number in numbers[start:start + 25]]
            status, answer = await connection.call("BatchWriteItem", {"RequestItems": {table: puts}})
            assert status == 200 and not answer["UnprocessedItems"], answer
        connection.close()

    async def all_of_them():
        await asyncio.gather(*(one(range(lane, count, 16)) for lane in range(16)))

    asyncio.run(all_of_them())


class Writer(threading.Thread):
    """Rewrites items one after the other, each with the next version: version v of an item is only there after all of v - 1."""

    def __init__(self, program, table, count):
        super().__init__()
        self.raw, self.table, self.count = Raw(program), table, count
        self.stopping, self.written = False, 0

    def run(self):
        while not self.stopping:
            number, version = self.written % self.count, self.written // self.count + 1
            try:
                ask(self.raw, "PutItem", {"TableName": self.table, "Item": item(number, version={"N": str(version)})})
            except OSError:
                return
            self.written += 1

    def stop(self):
        self.stopping = True
        self.join()


def check_prefix(items, count, least, most):
    """The items are those after some number of the writer's writes, between least and most."""
    versions = {int(one["sk"]["N"]): int(one["version"]["N"]) for one in items}
    assert len(versions) == count
    written = sum(versions.values())
    assert least <= written <= most
    for number in range(count):
        assert versions[number] == written // count + (number < written % count), (number, written)


def test_a_backup_is_of_one_moment_while_others_write(own):
    client, raw = boto_client(own, "dynamodb"), Raw(own)
    client.create_table(TableName="busy", BillingMode="PAY_PER_REQUEST", **INDEXED)
    wait_active(client, "busy")
    fill(own, "busy", LARGE)
    writer = Writer(own, "busy", 300)  # rewrites the first 300, again and again
    writer.start()
    arns, seen = [], []
    try:
        for _ in range(3):
            least = writer.written
            arns.append(client.create_backup(TableName="busy", BackupName="busy")["BackupDetails"]["BackupArn"])
            seen.append((least, writer.written + 1))
            time.sleep(0.1)
        for arn in arns:
            wait_available(client, arn)
    finally:
        writer.stop()
    for arn, (least, most) in zip(arns, seen):
        target = name_of("busy")
        client.restore_table_from_backup(TargetTableName=target, BackupArn=arn)
        assert refused(client.delete_backup, BackupArn=arn) == ("BackupInUseException", f"Backup is being used to restore table: {arn}")
        assert refused(client.restore_table_from_backup, TargetTableName="another", BackupArn=arn) == (
            "BackupInUseException", f"Backup is being used to restore another table: {arn}")
        assert refused(client.restore_table_from_backup, TargetTableName=target, BackupArn=arn) == (
            "TableInUseException", f"Table: {target} is already being restored from backup: {arn}")
        assert refused(client.describe_continuous_backups, TableName=target) == ("TableNotFoundException", f"Table not found: {target}")
        assert refused(client.create_backup, TableName=target, BackupName="abc")[0] == "TableNotFoundException"
        assert refused(client.delete_table, TableName=target)[0] == "ResourceInUseException"
        table = ask(raw, "DescribeTable", {"TableName": target})["Table"]
        assert table["TableStatus"] == "CREATING" and table["RestoreSummary"]["RestoreInProgress"] is True
        assert table["RestoreSummary"]["SourceBackupArn"] == arn and table["LeatProgress"]["Total"] == LARGE * 3
        wait_active(client, target, 60)
        items = scan(client, target)
        assert len(items) == LARGE
        check_prefix([one for one in items if int(one["sk"]["N"]) < 300], 300, least, most)
        assert len(scan(client, target, IndexName="teams")) == LARGE
    client.delete_backup(BackupArn=arns[0])


def test_kill_in_the_middle_of_a_backup_and_of_a_restore(own):
    client, raw = boto_client(own, "dynamodb"), Raw(own)
    client.create_table(TableName="busy", BillingMode="PAY_PER_REQUEST", **INDEXED)
    wait_active(client, "busy")
    fill(own, "busy", LARGE)
    expected = scan(client, "busy")
    enable(raw, "busy")
    arn = client.create_backup(TableName="busy", BackupName="crash")["BackupDetails"]["BackupArn"]
    ask(raw, "PutItem", {"TableName": "busy", "Item": item(1, version={"N": "77"})})
    status = ask(raw, "DescribeBackup", {"BackupArn": arn})["BackupDescription"]
    assert status["BackupDetails"]["BackupStatus"] == "CREATING" and 0 < status["LeatProgress"]["Total"] <= LARGE
    assert refused(client.delete_backup, BackupArn=arn)[0] == "BackupInUseException"
    assert refused(client.restore_table_from_backup, TargetTableName="early", BackupArn=arn)[0] == "BackupInUseException"
    own.kill()
    own.start()
    wait_available(client, arn, 60)
    client.restore_table_from_backup(TargetTableName="from-backup", BackupArn=arn)
    client.restore_table_to_point_in_time(SourceTableName="busy", TargetTableName="from-now", UseLatestRestorableTime=True)
    ask(raw, "PutItem", {"TableName": "busy", "Item": item(2, version={"N": "88"})})
    client.delete_table(TableName="busy")  # which the restore goes on without, and leaves a backup
    assert client.describe_table(TableName="from-now")["Table"]["TableStatus"] == "CREATING"
    for kill in range(3):
        time.sleep(0.05 * kill)
        own.kill()
        own.start()
    for name in ("from-backup", "from-now"):
        wait_active(client, name, 90)
    assert scan(client, "from-backup") == expected
    changed = [one for one in expected if one["sk"]["N"] != "1"] + [item(1, version={"N": "77"})]
    assert scan(client, "from-now") == sorted_items(changed)
    for name in ("from-backup", "from-now"):
        assert len(scan(client, name, IndexName="teams")) == len(scan(client, name, IndexName="scores")) == LARGE
    system, = client.list_backups(BackupType="SYSTEM")["BackupSummaries"]
    assert wait_available(client, system["BackupArn"], 60)["SourceTableDetails"]["ItemCount"] == LARGE
    client.restore_table_from_backup(TargetTableName="busy", BackupArn=system["BackupArn"])
    wait_active(client, "busy", 60)
    last = [one for one in changed if one["sk"]["N"] != "2"] + [item(2, version={"N": "88"})]
    assert scan(client, "busy") == sorted_items(last)


# ---------------------------------------------------------------- commands

def leat(program, *words, **more):
    return subprocess.run([PROGRAM, *words, "--endpoint", program.endpoint], capture_output=True, text=True, timeout=60, check=False,
                          env=environment(), **more)


def test_commands(leat_program, dynamodb, raw, make_table):
    table = make_table("N")
    load(dynamodb, table, map(item, range(30)))
    done = leat(leat_program, "backup", table, "--name", "by-hand")
    assert done.returncode == 0, done.stderr
    arn = done.stdout.strip()
    details = dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]
    assert details["BackupName"] == "by-hand" and details["BackupStatus"] == "AVAILABLE"
    assert re.fullmatch(r"backup-\d{8}-\d{6}", dynamodb.describe_backup(BackupArn=leat(leat_program, "backup", table).stdout.strip())[
        "BackupDescription"]["BackupDetails"]["BackupName"])
    first = name_of("cmd")
    done = leat(leat_program, "restore", "--backup", arn, first)
    assert done.returncode == 0 and scan(dynamodb, first) == scan(dynamodb, table), done.stderr
    done = leat(leat_program, "restore", table, name_of("cmd"))
    assert done.returncode == 1 and "Point in time recovery is not enabled" in done.stderr
    enable(raw, table)
    time.sleep(0.02)
    moment = time.time()
    time.sleep(0.02)
    dynamodb.delete_item(TableName=table, Key={"pk": item(3)["pk"], "sk": item(3)["sk"]})
    stamp = datetime.datetime.fromtimestamp(moment, datetime.timezone.utc)
    for words, count in (([], 29), (["--time", f"{moment:.3f}"], 30), (["-t", stamp.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"], 30),
                         (["--time", "0s"], 29)):
        target = name_of("cmd")
        done = leat(leat_program, "restore", table, target, *words)
        assert done.returncode == 0, done.stderr
        assert len(scan(dynamodb, target)) == count, words
    for words, said in ((["restore", table, "abc", "--time", "soon"], "soon is not a time"),
                        (["restore", table, "abc", "--time", "9h"], "must be within EarliestRestorableDateTime"),
                        (["restore", table], "either TABLE and NEW"), (["restore", table, "abc", "--backup", arn], "either TABLE and NEW"),
                        (["restore", "abc", "--backup", arn, "--time", "1s"], "either TABLE and NEW"),
                        (["restore", table, table], "Table already exists"), (["backup", "bk-none"], "Table not found: bk-none")):
        done = leat(leat_program, *words)
        assert done.returncode == 1 and said in done.stderr, (words, done.stderr)


@pytest.fixture(name="leat_program")
def fixture_leat_program(request):
    return request.getfixturevalue("leat")


def test_a_terminal_sees_a_bar(own):
    client = boto_client(own, "dynamodb")
    client.create_table(TableName="busy", BillingMode="PAY_PER_REQUEST", **INDEXED)
    wait_active(client, "busy")
    fill(own, "busy", 3 * LARGE)
    arn = back_up(client, "busy")
    terminal, side = pty.openpty()
    process = subprocess.Popen([PROGRAM, "restore", "--backup", arn, "new", "--endpoint", own.endpoint], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=side, env=environment())
    os.close(side)
    text = b""
    try:
        while piece := os.read(terminal, 4096):
            text += piece
    except OSError:
        pass  # the other side is gone
    assert process.wait(30) == 0
    os.close(terminal)
    text = text.decode()
    assert re.search(r"\rrestoring new \[[#.]{30}\] +\d+%  \d+ of \d+", text), text
    assert f"[{'#' * 30}] 100%" in text and text.endswith("\r\n")
