"""Queues over the end of the process: what was acknowledged is there, what was deleted does not come back, FIFO groups keep their order."""
import asyncio
import json
import os
import random
import time

import pytest

from program import Connection, Program
from sqs import bodies, counts, sqs_client

ROUNDS = int(os.environ.get("LEAT_DURABILITY_ROUNDS", "6"))
PRODUCERS, CONSUMERS = 8, 4
GONE = (ConnectionError, asyncio.IncompleteReadError)


@pytest.fixture(name="program")
def fixture_program(tmp_path):
    program = Program(tmp_path / "data").start()
    try:
        yield program
        program.stop()
    finally:
        if program.process.poll() is None:
            program.kill()


class Load:
    """Producers and consumers of one queue, and what they know of it. A message's body is "producer/number"."""

    def __init__(self, program, url, fifo):
        self.program, self.url, self.fifo = program, url, fifo
        self.next = [0] * PRODUCERS
        self.sent, self.maybe_sent = set(), set()
        self.deleted, self.maybe_deleted = set(), set()
        self.done = [-1] * PRODUCERS  # FIFO: the last that was deleted
        self.answers, self.stopping, self.faults = 0, False, []

    async def call(self, connection, operation, **request):
        status, answer = await connection.call(operation, {"QueueUrl": self.url, **request}, service="AmazonSQS")
        assert status == 200, answer
        self.answers += 1
        return answer

    async def produce(self, number):
        connection = Connection(self.program.port)
        try:
            while not self.stopping:
                body = f"{number}/{self.next[number]}"
                self.next[number] += 1
                self.maybe_sent.add(body)
                more = {"MessageGroupId": str(number), "MessageDeduplicationId": body.replace("/", "-")} if self.fifo else {}
                await self.call(connection, "SendMessage", MessageBody=body, **more)
                self.sent.add(body)
        except GONE:
            pass
        finally:
            connection.close()

    async def consume(self):
        connection = Connection(self.program.port)
        try:
            while not self.stopping:
                answer = await self.call(connection, "ReceiveMessage", MaxNumberOfMessages=10, WaitTimeSeconds=1)
                for message in answer.get("Messages", []):
                    self.look_at(message["Body"])
                    self.maybe_deleted.add(message["Body"])
                    await self.call(connection, "DeleteMessage", ReceiptHandle=message["ReceiptHandle"])
                    self.deleted.add(message["Body"])
                    producer, number = map(int, message["Body"].split("/"))
                    self.done[producer] = number
        except GONE:
            pass
        finally:
            connection.close()

    def look_at(self, body):
        producer, number = map(int, body.split("/"))
        if body in self.deleted:
            self.faults.append(f"{body} was deleted and has come back")
        if self.fifo and number <= self.done[producer]:
            self.faults.append(f"{body} comes after {self.done[producer]}")

    async def run(self, answers):
        tasks = [asyncio.create_task(self.produce(number)) for number in range(PRODUCERS)]
        tasks += [asyncio.create_task(self.consume()) for _ in range(CONSUMERS)]
        until, wanted = time.monotonic() + 60, self.answers + answers
        while self.answers < wanted:
            assert time.monotonic() < until and not any(task.done() and task.exception() for task in tasks)
            await asyncio.sleep(0.001)
        self.program.kill()
        self.stopping = True
        await asyncio.gather(*tasks)
        self.stopping = False


def drain(client, url):
    found = []
    while True:
        messages = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2).get("Messages", [])
        if not messages:
            return found
        found += [message["Body"] for message in messages]
        client.delete_message_batch(QueueUrl=url, Entries=[{"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]}
                                                           for i, message in enumerate(messages)])


@pytest.mark.parametrize("fifo", [False, True], ids=["standard", "fifo"])
def test_kill_under_load(program, fifo):
    chance = random.Random(7)
    client = sqs_client(program)
    attributes = {"VisibilityTimeout": "1", **({"FifoQueue": "true"} if fifo else {})}
    url = client.create_queue(QueueName="q.fifo" if fifo else "q", Attributes=attributes)["QueueUrl"]
    load = Load(program, url, fifo)
    for _ in range(ROUNDS):
        asyncio.run(load.run(chance.randrange(200, 2000)))
        program.start()
    left = drain(client, url)
    assert not load.faults, load.faults[:10]
    assert len(left) == len(set(left)) and not set(left) & load.deleted
    assert load.sent - set(left) <= load.maybe_deleted, "lost"
    assert set(left) | load.deleted <= load.maybe_sent
    assert counts(client, url) == (0, 0, 0)
    if fifo:
        for producer in range(PRODUCERS):
            numbers = [int(body.split("/")[1]) for body in left if body.startswith(f"{producer}/")]
            assert numbers == sorted(numbers)


def test_a_stop_keeps_visibility_counts_attributes_and_handles(program):
    client = sqs_client(program)
    dead = client.create_queue(QueueName="dead")["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
    url = client.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "60", "RedrivePolicy": policy}, tags={"a": "b"})["QueueUrl"]
    big = "x" * 900000
    client.send_message(QueueUrl=url, MessageBody=big)
    client.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=900)
    handle = client.receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"]
    client.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    message, = client.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    before = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    program.stop()
    program.start()
    assert client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"] == before
    assert client.list_queue_tags(QueueUrl=url)["Tags"] == {"a": "b"}
    assert counts(client, url) == (0, 1, 1) and bodies(client.receive_message(QueueUrl=url)) == []
    client.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    assert bodies(client.receive_message(QueueUrl=url)) == [], "it has been received twice"
    moved, = client.receive_message(QueueUrl=dead, WaitTimeSeconds=5, AttributeNames=["All"])["Messages"]
    assert moved["Body"] == big and moved["MessageId"] == message["MessageId"]
    program.kill()
    program.start()
    client.delete_message(QueueUrl=dead, ReceiptHandle=moved["ReceiptHandle"])
    assert counts(client, dead) == (0, 0, 0) and counts(client, url) == (0, 0, 1)


def test_a_deduplication_id_counts_after_its_message_and_a_crash(program):
    client = sqs_client(program)
    url = client.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    request = {"QueueUrl": url, "MessageGroupId": "g", "MessageDeduplicationId": "once"}
    first = client.send_message(MessageBody="x" * 500000, **request)
    message, = client.receive_message(QueueUrl=url)["Messages"]
    client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    program.kill()
    program.start()
    assert counts(client, url) == (0, 0, 0)
    again = client.send_message(MessageBody="y", **request)
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert counts(client, url) == (0, 0, 0)
    other = client.send_message(MessageBody="y", **{**request, "MessageDeduplicationId": "twice"})
    assert int(other["SequenceNumber"]) > int(first["SequenceNumber"])


def test_what_was_purged_and_deleted_stays_away(program):
    client = sqs_client(program)
    urls = [client.create_queue(QueueName=name)["QueueUrl"] for name in ("purged", "deleted", "again")]
    for url in urls:
        for start in range(0, 300, 10):
            client.send_message_batch(QueueUrl=url, Entries=[{"Id": str(i), "MessageBody": str(start + i)} for i in range(10)])
        client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    client.purge_queue(QueueUrl=urls[0])
    client.delete_queue(QueueUrl=urls[1])
    client.delete_queue(QueueUrl=urls[2])
    client.create_queue(QueueName="again")
    program.kill()
    program.start()
    assert client.list_queues()["QueueUrls"] == [urls[2], urls[0]]
    assert counts(client, urls[0]) == (0, 0, 0) == counts(client, urls[2])
    program.stop()
    program.start()


def test_a_stop_does_not_wait_for_who_waits(program):
    client = sqs_client(program)
    url = client.create_queue(QueueName="q")["QueueUrl"]

    async def wait():
        connection = Connection(program.port)
        answer = asyncio.create_task(connection.call("ReceiveMessage", {"QueueUrl": url, "WaitTimeSeconds": 20}, service="AmazonSQS"))
        await asyncio.sleep(0.5)
        begun = time.monotonic()
        await asyncio.get_running_loop().run_in_executor(None, program.stop)
        assert await answer == (200, {}) and time.monotonic() - begun < 2
        connection.close()

    asyncio.run(wait())
    program.start()
