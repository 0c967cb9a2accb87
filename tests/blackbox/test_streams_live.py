"""Streams that are read, rotated, turned off and on, and tables that are deleted, while others write."""
import asyncio
import random
import time

import pytest

from program import Connection, Program
from replay import STREAMS, Client, Refused, check_everything, check_form, read_shard, replay, shards_of

KEYS, WRITERS, WRITES = 20, 8, 120
VIEW = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


def definition(name, **more):
    return {"TableName": name, "BillingMode": "PAY_PER_REQUEST", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}], "StreamSpecification": VIEW, **more}


@pytest.fixture(name="rotating", scope="module")
def fixture_rotating(tmp_path_factory):
    program = Program(tmp_path_factory.mktemp("live") / "data", "--rotation", "50ms").start()
    try:
        yield program
        program.stop()
    finally:
        if program.process.poll() is None:
            program.kill()


async def answer_of(connection, operation, service="DynamoDB_20120810", **request):
    status, answer = await connection.call(operation, request, service)
    assert status == 200, (operation, request, answer)
    return answer


def change(chance, table, mark):
    key = {"pk": {"S": f"k{chance.randrange(KEYS)}"}}
    put = {"TableName": table, "Item": {**key, "mark": {"S": mark}}}
    return chance.choice([("PutItem", put), ("PutItem", put), ("DeleteItem", {"TableName": table, "Key": key}),
                          ("TransactWriteItems", {"TransactItems": [{"Put": put}]})])


async def write(port, table, number, allowed=(), writes=WRITES, pause=0.002):
    """Refusals that are allowed are what a table that is not there answers."""
    chance, connection, done = random.Random(number), Connection(port), 0
    for count in range(writes):
        status, answer = await connection.call(*change(chance, table, f"{number}-{count}"))
        assert status == 200 or answer["__type"].split("#")[1] in allowed, answer
        done += status == 200
        await asyncio.sleep(pause)
    connection.close()
    return done


class Reader:
    """Follows a stream as the Kinesis Client Library does: every shard once its parent has been read to its end."""

    def __init__(self, port, arn):
        self.connection, self.arn, self.chance = Connection(port), arn, random.Random(arn)
        self.iterators, self.ended, self.records = {}, set(), []

    async def call(self, operation, **request):
        return await answer_of(self.connection, operation, STREAMS, **request)

    async def shards(self):
        found, start = [], {}
        while True:
            described = (await self.call("DescribeStream", StreamArn=self.arn, Limit=3, **start))["StreamDescription"]
            found += described["Shards"]
            if "LastEvaluatedShardId" not in described:
                return found
            start = {"ExclusiveStartShardId": described["LastEvaluatedShardId"]}

    async def round(self):
        """One look at every shard; how many records came."""
        count = 0
        shards = await self.shards()
        known = {shard["ShardId"] for shard in shards}
        for shard in shards:
            name, parent = shard["ShardId"], shard.get("ParentShardId")
            if name in self.ended or parent in known - self.ended:
                continue
            if name not in self.iterators:
                self.iterators[name] = (await self.call("GetShardIterator", StreamArn=self.arn, ShardId=name,
                                                        ShardIteratorType="TRIM_HORIZON"))["ShardIterator"]
            answer = await self.call("GetRecords", ShardIterator=self.iterators[name], Limit=self.chance.choice([1, 3, 50]))
            self.records += answer["Records"]
            count += len(answer["Records"])
            if "NextShardIterator" in answer:
                self.iterators[name] = answer["NextShardIterator"]
            else:
                assert "EndingSequenceNumber" in next(each for each in await self.shards() if each["ShardId"] == name)["SequenceNumberRange"]
                self.ended.add(name)
        return count


def test_a_reader_that_follows_misses_nothing(rotating):
    client = Client(rotating.port)
    arn = client.call("CreateTable", **definition("followed"))["TableDescription"]["LatestStreamArn"]

    async def play():
        readers = [Reader(rotating.port, arn) for _ in range(2)]
        writers = asyncio.gather(*(write(rotating.port, "followed", number) for number in range(WRITERS)))
        while not writers.done():
            await asyncio.gather(*(reader.round() for reader in readers))
        await writers
        for reader in readers:
            while await reader.round() + await reader.round():
                pass
        return readers

    readers = asyncio.run(asyncio.wait_for(play(), 120))
    records = check_everything(client, "followed")
    for reader in readers:
        assert sorted(record["eventID"] for record in reader.records) == sorted(record["eventID"] for record in records)
        assert replay(reader.records) == replay(records)
        assert len(reader.ended) > 4  # shards have been followed by others on the way


def test_turned_off_and_on_again(rotating):
    """Each stream is unbroken in itself, and the last one ends where the table is."""
    client, table, arns = Client(rotating.port), "switched", []
    arns.append(client.call("CreateTable", **definition(table))["TableDescription"]["LatestStreamArn"])

    async def switch(connection, specification):
        until = time.monotonic() + 20
        while True:
            status, answer = await connection.call("UpdateTable", {"TableName": table, "StreamSpecification": specification})
            if status == 200:
                return answer["TableDescription"].get("LatestStreamArn")
            assert answer["__type"].endswith("ResourceInUseException") and time.monotonic() < until, answer
            await asyncio.sleep(0.005)

    async def play():
        writers = asyncio.gather(*(write(rotating.port, table, number) for number in range(WRITERS)))
        connection = Connection(rotating.port)
        for _ in range(3):
            await asyncio.sleep(0.03)
            await switch(connection, {"StreamEnabled": False})
            await asyncio.sleep(0.01)
            arns.append(await switch(connection, VIEW))
        await writers

    asyncio.run(asyncio.wait_for(play(), 120))
    assert len(set(arns)) == 4
    listed = [stream["StreamArn"] for stream in client.call("ListStreams", STREAMS, TableName=table)["Streams"]]
    assert sorted(listed) == sorted(arns)
    for arn in arns:
        state = {}
        for record in [record for shard in shards_of(client, arn) for record in read_shard(client, arn, shard["ShardId"])]:
            check_form(record, VIEW["StreamViewType"])
            key = record["dynamodb"]["Keys"]["pk"]["S"]
            old, new = record["dynamodb"].get("OldImage"), record["dynamodb"].get("NewImage")
            assert key not in state or state[key] == old, f"{arn}: {key} goes on with {old} after {state[key]}"
            state[key] = new
        items = {item["pk"]["S"]: item for item in client.all("Scan", TableName=table)}
        if arn == arns[-1]:
            assert all(items.get(key) == item for key, item in state.items())
    assert client.call("DescribeStream", STREAMS, StreamArn=arns[0])["StreamDescription"]["StreamStatus"] in ("DISABLING", "DISABLED")


def test_deleted_and_made_anew(leat):
    """A table of the same name knows nothing of the one before it, whatever is under way."""
    client, table = Client(leat.port), "anew"
    missing = ("ResourceNotFoundException", "ResourceInUseException")

    async def make(connection):
        until = time.monotonic() + 20
        while True:
            status, answer = await connection.call("CreateTable", definition(table))
            if status == 200:
                return answer["TableDescription"]["TableId"]
            assert answer["__type"].split("#")[1] == "ResourceInUseException" and time.monotonic() < until, answer
            await asyncio.sleep(0.002)

    async def play():
        connection = Connection(leat.port)
        ids = [await make(connection)]
        writers = asyncio.gather(*(write(leat.port, table, number, missing) for number in range(WRITERS)))
        for _ in range(5):
            await asyncio.sleep(0.03)
            await answer_of(connection, "DeleteTable", TableName=table)
            ids.append(await make(connection))
        return ids, await writers

    ids, done = asyncio.run(asyncio.wait_for(play(), 120))
    assert len(set(ids)) == len(ids) and sum(done) > 0
    check_everything(client, table)


def test_what_is_trimmed_is_said_to_be(tmp_path):
    program = Program(tmp_path / "data", "--retention", "1s", "--rotation", "300ms").start()
    try:
        client = Client(program.port)
        arn = client.call("CreateTable", **definition("short"))["TableDescription"]["LatestStreamArn"]
        client.call("PutItem", TableName="short", Item={"pk": {"S": "a"}, "mark": {"S": "first"}})
        shard, record = next((shard["ShardId"], record) for shard in shards_of(client, arn)
                             for record in read_shard(client, arn, shard["ShardId"]))
        sequence = record["dynamodb"]["SequenceNumber"]
        held = client.call("GetShardIterator", STREAMS, StreamArn=arn, ShardId=shard, ShardIteratorType="AT_SEQUENCE_NUMBER",
                           SequenceNumber=sequence)["ShardIterator"]
        until, marks = time.monotonic() + 20, ["first"]
        while "first" in marks:  # goes on writing, so that shards rotate
            assert time.monotonic() < until, "the first record stays"
            time.sleep(0.1)
            client.call("PutItem", TableName="short", Item={"pk": {"S": "a"}, "mark": {"S": str(time.monotonic_ns())}})
            marks = [record["dynamodb"]["NewImage"]["mark"]["S"] for each in shards_of(client, arn)
                     for record in read_shard(client, arn, each["ShardId"])]
        assert marks
        for _ in range(2):
            with pytest.raises(Refused) as refused:
                client.call("GetRecords", STREAMS, ShardIterator=held)
            assert refused.value.kind in ("TrimmedDataAccessException", "ResourceNotFoundException")
        program.stop()
    finally:
        if program.process.poll() is None:
            program.kill()
