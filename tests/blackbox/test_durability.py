"""kill -9 in the middle of 10,000 writes over 32 connections, again and again: what was acknowledged is in the table and
exactly once in the stream, in order per key, and the trigger goes on from its checkpoint."""
import asyncio
import collections
import io
import json
import os
import random
import time
import zipfile

import boto3
import botocore.config
import pytest

from program import CREDENTIALS, REGION, Connection, Program, environment

ROUNDS = int(os.environ.get("LEAT_DURABILITY_ROUNDS", "20"))
WRITES, CONNECTIONS, KEYS_PER_CONNECTION, BATCH = 10_000, 32, 25, 200
TABLE = "ledger"

# writes a line per invocation: its process, then key and version of each record
HANDLER = """
import os
seen = os.open(os.environ["SEEN"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
def handler(event, context):
    words = [str(os.getpid())]
    for record in event["Records"]:
        image = record["dynamodb"]["NewImage"]
        words.append(image["id"]["S"] + ":" + image["version"]["N"])
    os.write(seen, (" ".join(words) + "\\n").encode())
"""


class Writers:
    """What 32 clients know: per key the last acknowledged version, and the one that was under way when the server died."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.acknowledged = collections.Counter()
        self.underway = {}
        self.answers = 0

    def play(self, program, stop_after):
        """Writes until `stop_after` answers have come, then kills the server under the other writes' feet."""
        self.answers, self.underway = 0, {}
        asyncio.run(self.all(program, stop_after))

    async def all(self, program, stop_after):
        enough = asyncio.Event()
        connections = [Connection(program.port) for _ in range(CONNECTIONS)]
        tasks = [asyncio.create_task(self.one(number, connection, stop_after, enough))
                 for number, connection in enumerate(connections)]
        await asyncio.wait_for(enough.wait(), 60)
        program.kill()
        await asyncio.gather(*tasks)
        for connection in connections:
            connection.close()

    async def one(self, number, connection, stop_after, enough):
        for _ in range(WRITES // CONNECTIONS):
            key = f"c{number:02d}-k{self.chance.randrange(KEYS_PER_CONNECTION):02d}"
            version = self.acknowledged[key] + 1
            self.underway[key] = version
            item = {"id": {"S": key}, "version": {"N": str(version)}, "filler": {"S": "x" * self.chance.randrange(200)}}
            try:
                status, answer = await connection.call("PutItem", {"TableName": TABLE, "Item": item})
            except (ConnectionError, asyncio.IncompleteReadError):
                return
            assert status == 200, answer
            self.acknowledged[key] = version
            del self.underway[key]
            self.answers += 1
            if self.answers == stop_after:
                enough.set()

    def agree(self, found):
        """The table holds each key's acknowledged version, or the one that was under way; from now on that one counts."""
        for key in {*self.acknowledged, *found, *self.underway}:
            allowed = {self.acknowledged[key], self.underway.get(key, self.acknowledged[key])}
            assert found.get(key, 0) in allowed, f"{key}: table has {found.get(key)}, allowed {allowed}"
            self.acknowledged[key] = found.get(key, 0)


class StreamReader:
    """Reads the stream on from where it stood, also over restarts, and holds every record against its predecessor."""

    def __init__(self):
        self.places, self.versions, self.shard_of = {}, collections.Counter(), {}

    def read_on(self, client, arn):
        shards = client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        for shard in shards:
            self.read_shard(client, arn, shard["ShardId"])

    def read_shard(self, client, arn, shard):
        where = {"ShardIteratorType": "TRIM_HORIZON"}
        if shard in self.places:
            where = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": self.places[shard]}
        iterator = client.get_shard_iterator(StreamArn=arn, ShardId=shard, **where)["ShardIterator"]
        while iterator:
            answer = client.get_records(ShardIterator=iterator, Limit=1000)
            for record in answer["Records"]:
                self.take(shard, record)
            iterator = answer.get("NextShardIterator") if answer["Records"] else None

    def take(self, shard, record):
        change = record["dynamodb"]
        key, version = change["Keys"]["id"]["S"], int(change["NewImage"]["version"]["N"])
        place = change["SequenceNumber"]
        assert int(place) > int(self.places.get(shard, "0")), f"{shard}: {place} after {self.places[shard]}"
        assert version == self.versions[key] + 1, f"{key}: version {version} follows {self.versions[key]} in the stream"
        assert record["eventName"] == ("INSERT" if version == 1 else "MODIFY")
        if version > 1:
            assert change["OldImage"]["version"]["N"] == str(version - 1)
        self.places[shard], self.versions[key], self.shard_of[key] = place, version, shard


class Deliveries:
    """What the function has seen, as its file tells. Holds that nothing is skipped, and that a restart goes on from the
    checkpoint: what comes twice is no more than one batch per shard."""

    def __init__(self, path):
        self.path, self.offset, self.versions, self.repeats, self.processes = path, 0, collections.Counter(), 0, set()

    def read_on(self):
        if not self.path.exists():
            return
        with self.path.open() as file:
            file.seek(self.offset)
            for line in file:
                process, *words = line.split()
                self.processes.add(int(process))
                for word in words:
                    self.take(*word.split(":"))
            self.offset = file.tell()

    def take(self, key, version):
        version = int(version)
        assert version <= self.versions[key] + 1, f"{key}: the function missed {self.versions[key] + 1}"
        if version == self.versions[key] + 1:
            self.versions[key] = version
        else:
            self.repeats += 1


def gone(process):
    try:
        with open(f"/proc/{process}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_until(condition, seconds, words):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, words
        time.sleep(0.02)


def client_of(program, service):
    config = botocore.config.Config(retries={"max_attempts": 0})
    return boto3.client(service, endpoint_url=program.endpoint, region_name=REGION, config=config,
                        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
                        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"])


def scan(client):
    found = {}
    for page in client.get_paginator("scan").paginate(TableName=TABLE, ConsistentRead=True):
        found.update({item["id"]["S"]: int(item["version"]["N"]) for item in page["Items"]})
    return found


def set_up(program, seen):
    stream = client_of(program, "dynamodb").create_table(
        TableName=TABLE, BillingMode="PAY_PER_REQUEST", AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )["TableDescription"]["LatestStreamArn"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("handler.py", HANDLER)
    functions = client_of(program, "lambda")
    functions.create_function(FunctionName="seer", Runtime="python3.11", Handler="handler.handler", Timeout=30,
                              Role="arn:aws:iam::000000000000:role/test", Code={"ZipFile": packed.getvalue()},
                              Environment={"Variables": {"SEEN": str(seen)}})
    functions.create_event_source_mapping(FunctionName="seer", EventSourceArn=stream, BatchSize=BATCH,
                                          StartingPosition="TRIM_HORIZON")
    return stream


@pytest.mark.release_only
def test_acknowledged_writes_survive_kill_in_table_stream_and_trigger(tmp_path):
    program = Program(tmp_path / "data").start()
    stream = set_up(program, tmp_path / "seen")
    writers, reader, deliveries = Writers(seed=7), StreamReader(), Deliveries(tmp_path / "seen")
    chance = random.Random(11)
    try:
        for number in range(ROUNDS):
            writers.play(program, stop_after=chance.randrange(WRITES // 10, WRITES * 9 // 10))
            if deliveries.processes:
                wait_until(lambda: all(gone(process) for process in deliveries.processes), 5,
                           "a function's process outlives the killed server")
            deliveries.read_on()
            before = deliveries.repeats
            program.start()
            found = scan(client_of(program, "dynamodb"))
            writers.agree(found)
            reader.read_on(client_of(program, "dynamodbstreams"), stream)
            assert reader.versions == collections.Counter(found), f"round {number}: the stream and the table differ"
            if number % 5 == 4 or number == ROUNDS - 1:
                wait_until(lambda: deliveries.read_on() or deliveries.versions == reader.versions, 60,
                           "the function has not seen everything")
            shards = len(set(reader.shard_of.values()))
            assert deliveries.repeats - before <= shards * BATCH, "delivered again from before the checkpoint"
        assert sum(deliveries.versions.values()) == sum(writers.acknowledged.values()) > ROUNDS * WRITES // 10
        program.stop()
    finally:
        if program.process.poll() is None:
            program.kill()
