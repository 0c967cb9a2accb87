"""Indexes that are made and dropped while others write, and over a crash: in the end they hold what the table says."""
import asyncio
import random
import time

import pytest

from program import Connection, Program
from replay import Client, check_everything

ITEMS, WRITERS = 4000, 8
TYPES = {"pk": "S", "team": "S", "turn": "N"}


def definition(name):
    return {"TableName": name, "BillingMode": "PAY_PER_REQUEST", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}}


def create(index, *keys, projection="ALL"):
    return {"GlobalSecondaryIndexUpdates": [{"Create": {
        "IndexName": index, "Projection": {"ProjectionType": projection},
        "KeySchema": [{"AttributeName": key, "KeyType": role} for key, role in zip(keys, ("HASH", "RANGE"))]}}],
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": TYPES[key]} for key in {"pk", *keys}]}


def drop(index):
    return {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": index}}]}


def item(chance, number):
    made = {"pk": {"S": f"item-{number}"}, "version": {"N": str(chance.randrange(1 << 30))}}
    if chance.random() < 0.8:
        made["team"] = {"S": chance.choice("abcdefgh")}
    if chance.random() < 0.8:
        made["turn"] = {"N": str(chance.randrange(100))}
    return made


def load(client, table):
    chance = random.Random(1)
    for start in range(0, ITEMS, 25):
        puts = [{"PutRequest": {"Item": item(chance, number)}} for number in range(start, start + 25)]
        client.call("BatchWriteItem", RequestItems={table: puts})


def change(chance, table):
    number = chance.randrange(ITEMS)
    key = {"pk": {"S": f"item-{number}"}}
    others = {number for number in (chance.randrange(ITEMS) for _ in range(10))}
    return chance.choice([
        ("PutItem", {"TableName": table, "Item": item(chance, number)}), ("DeleteItem", {"TableName": table, "Key": key}),
        ("UpdateItem", {"TableName": table, "Key": key, "UpdateExpression": "REMOVE turn SET team = :t",
                        "ExpressionAttributeValues": {":t": {"S": chance.choice("abxyz")}}}),
        ("UpdateItem", {"TableName": table, "Key": key, "UpdateExpression": "ADD turn :o",
                        "ExpressionAttributeValues": {":o": {"N": "1"}}}),
        ("TransactWriteItems", {"TransactItems": [{"Put": {"TableName": table, "Item": item(chance, other)}} for other in others]}),
        ("BatchWriteItem", {"RequestItems": {table: [{"DeleteRequest": {"Key": {"pk": {"S": f"item-{other}"}}}} for other in others]}})])


async def write(port, table, number, stop, counts):
    chance, connection = random.Random(number), Connection(port)
    while not stop.is_set():
        try:
            status, answer = await connection.call(*change(chance, table))
        except (ConnectionError, asyncio.IncompleteReadError):
            break
        assert status == 200, answer
        counts[number] += 1
    connection.close()


async def update(connection, table, request):
    """UpdateTable, when the table takes it."""
    until = time.monotonic() + 30
    while True:
        status, answer = await connection.call("UpdateTable", {"TableName": table, **request})
        if status == 200:
            return
        kind = answer["__type"].split("#")[1]
        assert kind in ("ResourceInUseException", "LimitExceededException") and time.monotonic() < until, answer
        await asyncio.sleep(0.005)


async def settled(connection, table, indexes):
    until = time.monotonic() + 30
    while True:
        _, answer = await connection.call("DescribeTable", {"TableName": table})
        found = {index["IndexName"]: index["IndexStatus"] for index in answer["Table"].get("GlobalSecondaryIndexes", [])}
        if answer["Table"]["TableStatus"] == "ACTIVE" and found == dict.fromkeys(indexes, "ACTIVE"):
            return
        assert time.monotonic() < until, answer["Table"]
        await asyncio.sleep(0.005)


async def some_more(count):
    """Lets the writers write on."""
    wanted = count() + 50
    while count() < wanted:
        await asyncio.sleep(0.005)


FIRST, SECOND, THIRD = create("first", "team", "turn"), create("second", "turn", projection="KEYS_ONLY"), create("third", "team", "pk")


def test_made_and_dropped_under_load(leat, dynamodb):
    table, client = "filled", Client(leat.port)
    client.call("CreateTable", **definition(table))
    dynamodb.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 1})
    load(client, table)

    async def play():
        stop, connection, counts = asyncio.Event(), Connection(leat.port), [0] * WRITERS
        writers = [asyncio.create_task(write(leat.port, table, number, stop, counts)) for number in range(WRITERS)]
        for step, left in ((FIRST, ["first"]), (SECOND, ["first", "second"]), (drop("first"), ["second"])):
            await some_more(lambda: sum(counts))
            await update(connection, table, step)
            await settled(connection, table, left)
        for again in (FIRST, drop("second"), THIRD):  # with no wait between, as soon as the table takes them
            await update(connection, table, again)
        await settled(connection, table, ["first", "third"])
        await some_more(lambda: sum(counts))
        stop.set()
        await asyncio.gather(*writers)

    asyncio.run(asyncio.wait_for(play(), 60))
    check_everything(client, table)
    client.call("DeleteTable", TableName=table)


@pytest.mark.release_only
def test_filled_over_crashes(tmp_path):
    program, table, chance = Program(tmp_path / "data").start(), "crashed", random.Random(9)
    wanted = []
    try:
        client = Client(program.port)
        client.call("CreateTable", **definition(table))
        load(client, table)
        for make in (FIRST, SECOND, THIRD):
            wanted.append(make["GlobalSecondaryIndexUpdates"][0]["Create"]["IndexName"])

            async def play():
                stop, connection = asyncio.Event(), Connection(program.port)
                writers = [asyncio.create_task(write(program.port, table, number, stop, [0] * WRITERS)) for number in range(WRITERS)]
                await update(connection, table, make)
                await asyncio.sleep(chance.random() * 0.05)
                program.kill()
                await asyncio.gather(*writers)
                connection.close()

            asyncio.run(play())
            program.start()
            asyncio.run(settled(Connection(program.port), table, wanted))
            check_everything(Client(program.port), table)
        program.stop()
    finally:
        if program.process.poll() is None:
            program.kill()
