"""A virtual clock: hours of retention, windows, retries, expiry and recovery, each in a moment; and the command that moves it."""
import datetime
import json
import subprocess
import time

import pytest
from botocore.exceptions import ClientError

from conftest import SIGNED, Raw, boto_client, wait_active
from program import PROGRAM, Program, environment
from test_triggers import Bench, values_of

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600
START = int(datetime.datetime(2030, 1, 1, tzinfo=datetime.timezone.utc).timestamp())


class Clock:
    """A server whose clock stands until it is moved."""

    def __init__(self, program):
        self.program, self.raw = program, Raw(program)
        self.dynamodb, self.streams = boto_client(program, "dynamodb"), boto_client(program, "dynamodbstreams")

    def move(self, body):
        status, _, answer = self.raw.http("POST", "/_leat/clock", json.dumps(body), {**SIGNED, "Content-Type": "application/json"})
        return status, answer.decode()

    def advance(self, seconds):
        status, answer = self.move({"AdvanceMilliseconds": round(seconds * 1000)})
        assert status == 200, answer
        return json.loads(answer)

    def now(self):
        return json.loads(self.raw.http("GET", "/_leat/clock", headers=SIGNED)[2])["Milliseconds"] / 1000

    def table(self, name="things", **more):
        made = self.dynamodb.create_table(
            TableName=name, KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}, **more)
        wait_active(self.dynamodb, name)
        return made["TableDescription"]["LatestStreamArn"]

    def put(self, key, table="things", **more):
        self.dynamodb.put_item(TableName=table, Item={"id": {"S": key}, **more})

    def shards(self, stream):
        return self.streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]

    def iterator(self, stream, shard, kind="TRIM_HORIZON", **more):
        return self.streams.get_shard_iterator(StreamArn=stream, ShardId=shard["ShardId"], ShardIteratorType=kind, **more)["ShardIterator"]

    def records(self, stream):
        return [record for shard in self.shards(stream)
                for record in self.streams.get_records(ShardIterator=self.iterator(stream, shard))["Records"]]


@pytest.fixture
def clock(tmp_path):
    program = Program(tmp_path / "data", "--clock", "virtual=2030-01-01T00:00:00Z").start()
    yield Clock(program)
    program.stop()


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path, "--clock", "virtual=2030-01-01T00:00:00Z")
    made.clock = Clock(made.program)
    made.function()
    yield made
    made.program.stop()


def code_of(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


# ---------------------------------------------------------------- the clock itself

def test_it_stands_until_it_is_moved_and_goes_forward_only(clock):
    assert clock.now() == START
    time.sleep(0.05)
    assert clock.now() == START
    clock.table()
    created = clock.dynamodb.describe_table(TableName="things")["Table"]["CreationDateTime"]
    assert created.timestamp() == START
    assert clock.advance(1.5) == {"Time": "2030-01-01T00:00:01.500Z", "Milliseconds": START * 1000 + 1500, "Virtual": True}
    assert clock.move({"SetMilliseconds": START * 1000}) == (400, "the clock does not go back; it is 2030-01-01T00:00:01.500Z")
    assert clock.move({})[0] == clock.move({"SetMilliseconds": 1, "AdvanceMilliseconds": 1})[0] == 400
    assert clock.move({"AdvanceMilliseconds": -1})[0] == 400
    assert clock.now() == START + 1.5


def test_a_clock_that_goes_by_itself_is_shown_and_not_moved(leat, raw):
    status, _, answer = raw.http("GET", "/_leat/clock", headers=SIGNED)
    shown = json.loads(answer)
    assert status == 200 and shown["Virtual"] is False and abs(shown["Milliseconds"] / 1000 - time.time()) < 10
    assert raw.http("POST", "/_leat/clock", '{"AdvanceMilliseconds":1}', SIGNED)[0] == 400


def test_the_command(clock):
    def run(*arguments):
        done = subprocess.run([PROGRAM, "clock", *arguments, "--endpoint", clock.program.endpoint], capture_output=True, text=True,
                              env=environment(), check=False)
        return done.returncode, done.stdout or done.stderr

    assert run() == (0, "2030-01-01T00:00:00.000Z (virtual)\n")
    assert run("advance", "24h") == (0, "2030-01-02T00:00:00.000Z (virtual)\n")
    assert run("set", "2030-01-02T00:00:00.250Z") == (0, "2030-01-02T00:00:00.250Z (virtual)\n")
    assert run("set", str(START + 2 * DAY)) == (0, "2030-01-03T00:00:00.000Z (virtual)\n")
    assert run("set", "2031-02-03") == (0, "2031-02-03T00:00:00.000Z (virtual)\n")
    for wrong in (("set", "2030-01-01"), ("set", "soon"), ("advance", "fast"), ("advance",), ("back", "1h")):
        code, words = run(*wrong)
        assert code == 1 and words.startswith("leat: "), words


# ---------------------------------------------------------------- tables and streams

def test_records_are_kept_for_24_hours(clock):
    stream = clock.table()
    clock.put("a")
    clock.advance(DAY / 2)
    clock.put("b")
    clock.advance(DAY / 2 - 1)
    assert {record["dynamodb"]["Keys"]["id"]["S"] for record in clock.records(stream)} == {"a", "b"}
    clock.advance(2)
    records = clock.records(stream)
    assert [record["dynamodb"]["Keys"]["id"]["S"] for record in records] == ["b"]
    assert records[0]["dynamodb"]["ApproximateCreationDateTime"].timestamp() == START + DAY // 2
    clock.advance(DAY / 2)
    assert clock.records(stream) == []


def test_shards_are_rotated_every_four_hours(clock):
    stream = clock.table()
    for hour in range(12):
        for key in range(8):
            clock.put(f"k{key}", v={"N": str(hour)})
        clock.advance(HOUR)
    shards = clock.shards(stream)
    closed = [shard for shard in shards if "EndingSequenceNumber" in shard["SequenceNumberRange"]]
    children = {shard.get("ParentShardId") for shard in shards}
    assert len(shards) - len(closed) == 4 and len(closed) >= 8
    assert all(shard["ShardId"] in children for shard in closed)
    values = {}
    for record in clock.records(stream):
        image = record["dynamodb"]["NewImage"]
        values.setdefault(image["id"]["S"], []).append(int(image["v"]["N"]))
    assert values == {f"k{key}": list(range(12)) for key in range(8)}


def test_iterators_are_good_for_15_minutes(clock):
    stream = clock.table()
    iterator = clock.iterator(stream, clock.shards(stream)[0])
    clock.advance(15 * MINUTE)
    following = clock.streams.get_records(ShardIterator=iterator)["NextShardIterator"]
    clock.advance(1)
    assert code_of(clock.streams.get_records, ShardIterator=iterator) == "ExpiredIteratorException"
    clock.streams.get_records(ShardIterator=following)


def test_items_expire(clock):
    stream = clock.table()
    clock.dynamodb.update_time_to_live(TableName="things", TimeToLiveSpecification={"Enabled": True, "AttributeName": "ends"})
    for key, seconds in (("a", HOUR), ("b", 2 * DAY), ("c", None)):
        clock.put(key, **({"ends": {"N": str(START + seconds)}} if seconds else {}))
    there = lambda: sorted(item["id"]["S"] for item in clock.dynamodb.scan(TableName="things")["Items"])
    clock.advance(HOUR - 1)
    assert there() == ["a", "b", "c"]
    clock.advance(2)
    assert there() == ["b", "c"]
    clock.advance(2 * DAY)
    assert there() == ["c"]
    removed = [record for record in clock.records(stream) if record["eventName"] == "REMOVE"]
    assert [record["userIdentity"]["Type"] for record in removed] == ["Service"]
    went = removed[0]["dynamodb"]["ApproximateCreationDateTime"].timestamp()
    assert START + 2 * DAY <= went <= START + 2 * DAY + HOUR, "it went when it was due, not when the clock had arrived"


def test_a_token_is_good_for_ten_minutes(clock):
    clock.table()
    request = {"ClientRequestToken": "once", "TransactItems": [{"Update": {
        "TableName": "things", "Key": {"id": {"S": "a"}}, "UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}}]}
    value = lambda: clock.dynamodb.get_item(TableName="things", Key={"id": {"S": "a"}})["Item"]["n"]["N"]
    clock.dynamodb.transact_write_items(**request)
    clock.advance(10 * MINUTE)
    clock.dynamodb.transact_write_items(**request)
    assert value() == "1"
    clock.advance(1)
    clock.dynamodb.transact_write_items(**request)
    assert value() == "2"


def test_a_table_is_restored_as_it_was_days_ago(clock):
    clock.table()
    clock.dynamodb.update_continuous_backups(TableName="things", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
    for day in range(6):
        for key in range(5):
            clock.put(f"k{key}", day={"N": str(day)})
        clock.advance(DAY)
    clock.dynamodb.delete_item(TableName="things", Key={"id": {"S": "k0"}})
    clock.dynamodb.restore_table_to_point_in_time(
        SourceTableName="things", TargetTableName="then", RestoreDateTime=datetime.datetime.fromtimestamp(START + 2.5 * DAY, datetime.timezone.utc))
    clock.advance(0)
    assert clock.dynamodb.describe_table(TableName="then")["Table"]["TableStatus"] == "ACTIVE"
    items = clock.dynamodb.scan(TableName="then")["Items"]
    assert sorted((item["id"]["S"], item["day"]["N"]) for item in items) == [(f"k{key}", "2") for key in range(5)]
    clock.advance(40 * DAY)
    window = clock.dynamodb.describe_continuous_backups(TableName="things")["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert window["EarliestRestorableDateTime"].timestamp() == START + 11 * DAY
    assert window["LatestRestorableDateTime"].timestamp() == START + 46 * DAY


def test_tables_settle_by_it(tmp_path):
    program = Program(tmp_path / "data", "--clock", "virtual", "--settle", "1h").start()
    clock = Clock(program)
    clock.dynamodb.create_table(TableName="things", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST",
                                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
    status = lambda: clock.dynamodb.describe_table(TableName="things")["Table"]["TableStatus"]
    clock.advance(HOUR - 1)
    assert status() == "CREATING"
    clock.advance(1)
    assert status() == "ACTIVE"
    clock.dynamodb.delete_table(TableName="things")
    assert status() == "DELETING"
    clock.advance(HOUR)
    assert clock.dynamodb.list_tables()["TableNames"] == []
    program.stop()


# ---------------------------------------------------------------- mappings

def test_a_window_of_five_minutes(bench):
    bench.map(BatchSize=100, MaximumBatchingWindowInSeconds=300)
    bench.clock.advance(1)
    bench.put("a", 1)
    bench.clock.advance(100)
    bench.put("a", 2)
    bench.clock.advance(198)
    assert bench.invocations() == []
    bench.clock.advance(2)
    assert values_of(bench.records()) == {"a": [1, 2]} and len(bench.invocations()) == 1


def test_retries_run_one_after_the_other_until_the_record_is_too_old(bench):
    bench.fail()
    bench.map(MaximumRecordAgeInSeconds=3600)
    bench.put("a", 1)
    bench.clock.advance(59 * MINUTE)
    tried = len(bench.invocations())
    assert tried > 20, "the pauses are short at first and then grow to a limit"
    bench.clock.advance(2 * MINUTE)
    last = len(bench.invocations())
    assert last > tried
    bench.clock.advance(DAY)
    bench.recover()
    assert len(bench.invocations()) == last, "it was given up"
    bench.put("a", 2)
    bench.clock.advance(0)
    assert values_of(bench.records()) == {"a": [2]}


def test_attempts_are_made_in_their_time(bench):
    bench.fail()
    bench.map(MaximumRetryAttempts=3)
    bench.put("a", 1)
    bench.clock.advance(0)
    assert len(bench.invocations()) == 1
    bench.clock.advance(0)
    assert len(bench.invocations()) == 1, "the pause has not passed"
    bench.clock.advance(HOUR)
    assert len(bench.invocations()) == 4


def test_a_mapping_reads_through_rotated_shards(bench):
    bench.map(BatchSize=10)
    for value in range(1, 9):
        bench.put_all(6, value, value)
        bench.clock.advance(5 * HOUR)
    assert values_of(bench.records()) == {f"k{key}": list(range(1, 9)) for key in range(6)}


def test_it_ends_while_a_function_holds_the_clock(bench):
    bench.function("slow", code="import time\ndef handler(event, context):\n    time.sleep(3)\n")
    bench.map("slow")
    bench.put("a", 1)
    moving = subprocess.Popen([PROGRAM, "clock", "advance", "1h", "--endpoint", bench.program.endpoint], env=environment(),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    time.sleep(0.3)
    assert moving.poll() is None, "the clock waits for the function"
    assert bench.clock.now() == START
    assert bench.clock.move({"AdvanceMilliseconds": 1}) == (409, "the clock is being moved already")
    bench.program.process.terminate()
    assert "503" in moving.communicate(timeout=10)[0] and moving.returncode == 1
    bench.program.process.wait(10)
