"""Queues by a virtual clock: delays, visibility and retention pass when it is moved, and who waits is served at their moment."""
import threading

import pytest

from program import Program
from sqs import bodies, counts, sqs_client
from test_clock import DAY, MINUTE, START, Clock


@pytest.fixture(name="clock")
def fixture_clock(tmp_path):
    program = Program(tmp_path / "data", "--clock", "virtual=2030-01-01T00:00:00Z").start()
    try:
        yield Clock(program)
        program.stop()
    finally:
        if program.process.poll() is None:
            program.kill()


def test_delays_visibility_and_retention(clock):
    client = sqs_client(clock.program)
    url = client.create_queue(QueueName="q", Attributes={"MessageRetentionPeriod": str(4 * DAY), "VisibilityTimeout": "43200"})["QueueUrl"]
    client.send_message(QueueUrl=url, MessageBody="x", DelaySeconds=900)
    assert bodies(client.receive_message(QueueUrl=url)) == []
    clock.advance(15 * MINUTE)
    message, = client.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    assert message["Attributes"]["SentTimestamp"] == str(START * 1000)
    assert message["Attributes"]["ApproximateFirstReceiveTimestamp"] == str((START + 900) * 1000)
    clock.advance(DAY / 2 - 1)
    assert counts(client, url) == (0, 1, 0)
    clock.advance(1)
    assert counts(client, url) == (1, 0, 0)
    clock.advance(4 * DAY)
    assert counts(client, url) == (0, 0, 0)


def test_who_waits_is_served_when_the_clock_is_moved(clock):
    client = sqs_client(clock.program)
    url = client.create_queue(QueueName="q")["QueueUrl"]
    client.send_message(QueueUrl=url, MessageBody="x", DelaySeconds=900)
    got = []
    thread = threading.Thread(target=lambda: got.append(sqs_client(clock.program).receive_message(
        QueueUrl=url, WaitTimeSeconds=20, AttributeNames=["ApproximateFirstReceiveTimestamp"])["Messages"][0]))
    thread.start()
    thread.join(0.5)
    assert got == []
    clock.advance(DAY / 2)
    thread.join(10)
    assert got[0]["Body"] == "x"
    assert got[0]["Attributes"]["ApproximateFirstReceiveTimestamp"] == str((START + 900) * 1000), "at its moment, not at the end"
