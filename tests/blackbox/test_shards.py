"""Shards that rotate and split while they are written and read: a reader that follows them as the Kinesis Client Library does (a lease a
shard, parents before children), mappings, and what UpdateTable does to the number of shards."""
import itertools
import json
import random
import threading
import time

import pytest

from conftest import STREAMS, Raw, boto_client, wait_active
from program import Program
from test_triggers import Bench, values_of, without_repeats


def call(raw, operation, request, **more):
    """For what boto3 is too old to know: WarmThroughput, ShardFilter."""
    status, _, answer = raw.call(operation, request, **more)
    assert status == 200, answer
    return json.loads(answer)


class Reader:
    """Leases by shard: WAITING for its parent, an iterator, or DONE."""

    DONE = object()

    def __init__(self, streams, arn, raw=None):
        self.streams, self.arn, self.raw = streams, arn, raw
        self.shards, self.leases, self.records = {}, {}, {}

    def listed(self, **more):
        found, request = [], {"StreamArn": self.arn, "Limit": 3, **more}
        while True:
            page = self.streams.describe_stream(**request)["StreamDescription"]
            found += page["Shards"]
            if "LastEvaluatedShardId" not in page:
                return found
            request["ExclusiveStartShardId"] = page["LastEvaluatedShardId"]

    def discover(self, shards):
        for shard in shards:
            known = self.shards.setdefault(shard["ShardId"], shard)
            assert known.get("ParentShardId") == shard.get("ParentShardId"), "a parent does not change"
            self.shards[shard["ShardId"]] = shard

    def may_begin(self, shard):
        parent = shard.get("ParentShardId")
        return parent not in self.shards or self.leases.get(parent) is Reader.DONE

    def step(self):
        """Reads once from every shard that may be read; the number of records."""
        count = 0
        for name, shard in list(self.shards.items()):
            if name not in self.leases:
                if not self.may_begin(shard):
                    continue
                self.leases[name] = self.streams.get_shard_iterator(
                    StreamArn=self.arn, ShardId=name, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
            if self.leases[name] is not Reader.DONE:
                count += self.read(name)
        return count

    def read(self, name):
        page = self.streams.get_records(ShardIterator=self.leases[name], Limit=random.choice((7, 100, 1000)))
        self.records.setdefault(name, []).extend(page["Records"])
        self.leases[name] = page.get("NextShardIterator") or Reader.DONE
        if self.leases[name] is Reader.DONE and self.raw:
            wanted = {"StreamArn": self.arn, "ShardFilter": {"Type": "CHILD_SHARDS", "ShardId": name}}
            children = call(self.raw, "DescribeStream", wanted, target=STREAMS)["StreamDescription"]["Shards"]
            assert children, "it was closed because it has some"
            assert all(child["ParentShardId"] == name for child in children)
            self.discover(children)
        return len(page["Records"])

    def all_records(self):
        return list(itertools.chain(*self.records.values()))


def value_of(record):
    image = record["dynamodb"]["NewImage"]
    return image["pk"]["S"], int(image["v"]["N"])


def check(reader, written):
    """Every record once; in every line of descent the values of a key in order; numbers within what the shard says of itself."""
    records = reader.all_records()
    assert len({record["eventID"] for record in records}) == len(records)
    seen = {}
    for record in records:
        key, value = value_of(record)
        seen.setdefault(key, []).append(value)
    assert {key: sorted(values) for key, values in seen.items()} == {key: list(range(1, last + 1)) for key, last in written.items()}
    final = {shard["ShardId"]: shard for shard in reader.listed()}
    for name, records in reader.records.items():
        bounds = final[name]["SequenceNumberRange"]
        numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in records]
        assert numbers == sorted(set(numbers))
        assert all(int(bounds["StartingSequenceNumber"]) <= number <= int(bounds.get("EndingSequenceNumber", number)) for number in numbers)
        below, above = {value_of(record)[0]: value_of(record)[1] for record in reversed(records)}, {}
        for key, value in map(value_of, records):
            assert value > above.get(key, 0)
            above[key] = value
        parent = final[name].get("ParentShardId")
        while parent is not None and parent in final:  # what the ancestors had of a key is older
            for key, value in map(value_of, reader.records.get(parent, ())):
                assert key not in below or value < below[key], (key, value, below[key])
            parent = final[parent].get("ParentShardId")
        for key in above:
            values = sorted(value for shard in lineage(final, name) for k, value in map(value_of, reader.records.get(shard, ())) if k == key)
            assert values == list(range(1, above[key] + 1)), "a key stays in one line of descent"


def lineage(shards, name):
    while name is not None and name in shards:
        yield name
        name = shards[name].get("ParentShardId")


class Writers:
    def __init__(self, dynamodb, table, keys, threads=3):
        self.dynamodb, self.table, self.stopping, self.written = dynamodb, table, threading.Event(), {}
        self.threads = [threading.Thread(target=self.run, args=([f"w{number}-{key}" for key in range(keys)],)) for number in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self, keys):
        for value in itertools.count(1):
            for key in keys:
                if self.stopping.is_set():
                    return
                self.dynamodb.put_item(TableName=self.table, Item={"pk": {"S": key}, "v": {"N": str(value)}})
                self.written[key] = value

    def end(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        return self.written


CHANGES = ({"ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 1500}},
           {"ProvisionedThroughput": {"ReadCapacityUnits": 9000, "WriteCapacityUnits": 10}},
           {"BillingMode": "PAY_PER_REQUEST"},
           {"WarmThroughput": {"ReadUnitsPerSecond": 20000, "WriteUnitsPerSecond": 11000}})
OPEN_AFTER = (2, 3, 4, 11)


def create(dynamodb, name, stream=True, **more):
    request = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}, **more}
    made = dynamodb.create_table(
        TableName=name, AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        **({"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}} if stream else {}),
        **{key: value for key, value in request.items() if value is not None})
    wait_active(dynamodb, name)
    return made["TableDescription"].get("LatestStreamArn")


def open_shards(streams, arn):
    shards = Reader(streams, arn).listed()
    return [shard for shard in shards if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]


def test_capacity_raises_the_number_of_shards_and_never_lowers_it(raw, dynamodb, streams):
    arn = create(dynamodb, "shards-numbers")
    assert len(open_shards(streams, arn)) == 1
    for change, count in zip(CHANGES, OPEN_AFTER):
        call(raw, "UpdateTable", {"TableName": "shards-numbers", **change})
        assert len(open_shards(streams, arn)) == count, change
    down = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}
    dynamodb.update_table(TableName="shards-numbers", **down)
    assert len(open_shards(streams, arn)) == 11
    shards = {shard["ShardId"]: shard for shard in Reader(streams, arn).listed()}
    families = [sum(shard.get("ParentShardId") == name for shard in shards.values()) for name in shards]
    assert max(families) >= 2 and sum(families) == len(shards) - 1, "all descend from the first"
    dynamodb.delete_table(TableName="shards-numbers")


def test_a_stream_that_is_enabled_later_has_as_many(dynamodb, streams):
    create(dynamodb, "shards-later", stream=False)
    dynamodb.update_table(TableName="shards-later", **CHANGES[1])
    on = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    arn = dynamodb.update_table(TableName="shards-later", StreamSpecification=on)["TableDescription"]["LatestStreamArn"]
    shards = open_shards(streams, arn)
    assert len(shards) == 3 and not any("ParentShardId" in shard for shard in shards)
    for number in range(60):
        dynamodb.put_item(TableName="shards-later", Item={"pk": {"S": f"k{number}"}})
    reader = Reader(streams, arn)
    reader.discover(reader.listed())
    while reader.step():
        pass
    keys = [record["dynamodb"]["Keys"]["pk"]["S"] for record in reader.all_records()]
    assert sorted(keys) == sorted(f"k{number}" for number in range(60)) and all(reader.records[shard["ShardId"]] for shard in shards)
    dynamodb.delete_table(TableName="shards-later")


def test_warm_throughput_at_the_beginning(raw, dynamodb, streams):
    arn = call(raw, "CreateTable", {
        "TableName": "shards-warm", "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST",
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        "WarmThroughput": {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 7000}})["TableDescription"]["LatestStreamArn"]
    assert len(open_shards(streams, arn)) == 7
    dynamodb.delete_table(TableName="shards-warm")


def test_a_reader_follows_splits_and_rotations_under_writes(tmp_path):
    program = Program(tmp_path / "data", "--rotation", "700ms").start()
    dynamodb, streams = boto_client(program, "dynamodb"), boto_client(program, "dynamodbstreams")
    raw = Raw(program)
    reader = Reader(streams, create(dynamodb, "shards"), raw)
    writers = Writers(dynamodb, "shards", 20)
    for change in CHANGES:
        until = time.monotonic() + 0.8
        while time.monotonic() < until:
            reader.discover(reader.listed())
            reader.step()
        call(raw, "UpdateTable", {"TableName": "shards", **change})
    written = writers.end()
    program.kill()  # the lineage is as durable as the records
    program.start()
    while True:
        reader.discover(reader.listed())
        if reader.step() == 0 and all(name in reader.leases for name in reader.shards):
            break
    assert len(open_shards(streams, reader.arn)) == 11
    assert sum(len(records) for records in reader.records.values()) > 200
    check(reader, written)
    program.stop()


def test_a_mapping_follows_splits_and_rotations_under_writes(tmp_path):
    bench = Bench(tmp_path, "--rotation", "700ms")
    bench.function()
    bench.map(BatchSize=50)
    for value in range(1, 41):
        bench.put_all(8, value, value)
        if value % 10 == 0:
            warm = {"WriteUnitsPerSecond": 4000 + 1000 * value // 10, "ReadUnitsPerSecond": 12000}
            call(Raw(bench.program), "UpdateTable", {"TableName": "orders", "WarmThroughput": warm})
        time.sleep(0.03)
    expected = {f"k{key}": list(range(1, 41)) for key in range(8)}
    bench.wait(lambda: {key: without_repeats(values) for key, values in values_of(bench.records()).items()} == expected, 30)
    shards = boto_client(bench.program, "dynamodbstreams").describe_stream(StreamArn=bench.stream)["StreamDescription"]["Shards"]
    assert len(shards) > 12
    bench.program.stop()


@pytest.mark.parametrize("position", ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"])
def test_iterators_within_a_part_of_a_log(dynamodb, streams, position):
    """Numbers of a shard need not follow one another: its siblings' lie between them."""
    name = f"shards-{position[:2].lower()}"
    arn = create(dynamodb, name)
    dynamodb.update_table(TableName=name, **CHANGES[1])
    for number in range(40):
        dynamodb.put_item(TableName=name, Item={"pk": {"S": f"k{number}"}, "v": {"N": str(number)}})
    for shard in open_shards(streams, arn):
        everything = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
        numbers = [record["dynamodb"]["SequenceNumber"] for record in streams.get_records(**{
            "ShardIterator": everything["ShardIterator"]})["Records"]]
        assert len(numbers) > 3
        for at, number in enumerate(numbers):
            iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType=position,
                                                  SequenceNumber=number)["ShardIterator"]
            page = streams.get_records(ShardIterator=iterator, Limit=2)
            first = at if position.startswith("AT") else at + 1
            assert [record["dynamodb"]["SequenceNumber"] for record in page["Records"]] == numbers[first:first + 2]
            assert page["NextShardIterator"]
    dynamodb.delete_table(TableName=name)
