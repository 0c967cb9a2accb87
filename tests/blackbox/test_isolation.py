"""What concurrent requests see of each other: transactions whole or not at all, counters exact, acknowledged writes at once."""
import asyncio
import random

import pytest

from program import Connection
from replay import Client, check_everything

ACCOUNTS, BALANCE, WRITERS, TRANSFERS, READERS = 12, 1000, 16, 30, 4
STREAM = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}}


def kind_of(answer):
    return answer.get("__type", "").split("#")[-1]


class Bank:
    """Accounts in two tables. Money moves by transactions, so that its sum stays."""

    def __init__(self, port, tables):
        self.port, self.tables = port, tables
        self.accounts = [(tables[number % 2], {"pk": {"S": f"account-{number}"}}) for number in range(ACCOUNTS)]
        self.done, self.moved, self.looks = asyncio.Event(), 0, 0

    def actions(self, giver, taker, amount, transfer):
        for (table, key), change, floor in ((giver, -amount, amount), (taker, amount, 0)):
            yield {"Update": {"TableName": table, "Key": key, "UpdateExpression": "SET latest = :t ADD balance :c, version :o",
                              "ConditionExpression": "balance >= :f",
                              "ExpressionAttributeValues": {":t": {"S": transfer}, ":c": {"N": str(change)}, ":o": {"N": "1"},
                                                            ":f": {"N": str(floor)}}}}

    def statements(self, giver, taker, amount, transfer):
        for (table, key), change, floor in ((giver, -amount, amount), (taker, amount, 0)):
            yield {"Statement": f'UPDATE "{table}" SET balance = balance + ? SET version = version + 1 SET latest = ? '
                                "WHERE pk = ? AND balance >= ?",
                   "Parameters": [{"N": str(change)}, {"S": transfer}, key["pk"], {"N": str(floor)}]}

    async def move(self, number):
        chance, connection = random.Random(number), Connection(self.port)
        for count in range(TRANSFERS):
            (giver, taker), amount = chance.sample(self.accounts, 2), chance.randrange(1, 300)
            what = (giver, taker, amount, f"{number}-{count}")
            if chance.random() < 0.5:
                status, answer = await connection.call("TransactWriteItems", {"TransactItems": list(self.actions(*what))})
            else:
                status, answer = await connection.call("ExecuteTransaction", {"TransactStatements": list(self.statements(*what))})
            if status != 200:  # the giver has not got as much
                assert [reason["Code"] for reason in answer["CancellationReasons"]] == ["ConditionalCheckFailed", "None"], answer
                continue
            self.moved += 1
            for table, key in (giver, taker):  # acknowledged, so that it is there, or a later one
                status, answer = await connection.call("GetItem", {"TableName": table, "Key": key, "ConsistentRead": True})
                assert int(answer["Item"]["version"]["N"]) > 0 and "latest" in answer["Item"]
        connection.close()

    def look(self, items):
        """A moment's view of all accounts."""
        assert sum(int(item["balance"]["N"]) for item in items) == ACCOUNTS * BALANCE
        assert all(int(item["balance"]["N"]) >= 0 for item in items)
        self.looks += 1
        return sum(int(item["version"]["N"]) for item in items)

    async def watch(self, number):
        connection, before = Connection(self.port), 0
        while not self.done.is_set():
            if number % 2 == 0:
                status, answer = await connection.call("TransactGetItems", {"TransactItems": [
                    {"Get": {"TableName": table, "Key": key}} for table, key in self.accounts]})
            else:
                status, answer = await connection.call("ExecuteTransaction", {"TransactStatements": [
                    {"Statement": f'SELECT * FROM "{table}" WHERE pk = ?', "Parameters": [key["pk"]]} for table, key in self.accounts]})
            assert status == 200, answer
            changes = self.look([response["Item"] for response in answer["Responses"]])
            assert changes % 2 == 0 and changes >= before, "half of a transaction, or time going back"
            before = changes
            await asyncio.sleep(0.001)
        connection.close()

    async def play(self):
        watchers = [asyncio.create_task(self.watch(number)) for number in range(READERS)]
        await asyncio.gather(*(self.move(number) for number in range(WRITERS)))
        self.done.set()
        await asyncio.gather(*watchers)


def test_readers_never_see_half_of_a_transaction(leat, make_table):
    tables = [make_table(**STREAM), make_table(**STREAM)]
    client, bank = Client(leat.port), Bank(leat.port, tables)
    for table, key in bank.accounts:
        client.call("PutItem", TableName=table, Item={**key, "balance": {"N": str(BALANCE)}, "version": {"N": "0"}})
    asyncio.run(bank.play())
    items = [item for table in tables for item in client.all("Scan", TableName=table)]
    assert bank.look(items) == 2 * bank.moved and bank.moved > WRITERS * TRANSFERS // 4 and bank.looks > 20
    transfers = [record["dynamodb"]["NewImage"]["latest"]["S"] for table in tables for record in check_everything(client, table)
                 if "latest" in record["dynamodb"]["NewImage"]]
    assert len(transfers) == 2 * bank.moved and all(transfers.count(each) == 2 for each in set(transfers))


@pytest.mark.parametrize("read", ["GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems", "ExecuteStatement"])
def test_an_acknowledged_write_is_seen_at_once(leat, make_table, read):
    """Every reader sees the version that was acknowledged before it asked, or a later one: on any connection, so on any thread."""
    table = make_table()
    key, acknowledged, done = {"pk": {"S": "one"}}, [0], asyncio.Event()
    request = {"GetItem": {"TableName": table, "Key": key}, "BatchGetItem": {"RequestItems": {table: {"Keys": [key]}}},
               "Query": {"TableName": table, "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": key["pk"]}},
               "Scan": {"TableName": table}, "TransactGetItems": {"TransactItems": [{"Get": {"TableName": table, "Key": key}}]},
               "ExecuteStatement": {"Statement": f"SELECT * FROM \"{table}\" WHERE pk = 'one'"}}[read]
    item_of = {"GetItem": lambda answer: answer["Item"], "BatchGetItem": lambda answer: answer["Responses"][table][0],
               "TransactGetItems": lambda answer: answer["Responses"][0]["Item"]}.get(read, lambda answer: answer["Items"][0])

    async def write():
        connection = Connection(leat.port)
        for version in range(1, 80):
            status, answer = await connection.call("PutItem", {"TableName": table, "Item": {**key, "version": {"N": str(version)}}})
            assert status == 200, answer
            acknowledged[0] = version
        done.set()

    async def watch():
        connection, looks = Connection(leat.port), 0
        while not done.is_set():
            before = acknowledged[0]
            if before == 0:
                await asyncio.sleep(0.001)
                continue
            status, answer = await connection.call(read, request)
            assert status == 200 and int(item_of(answer)["version"]["N"]) >= before
            looks += 1
        return looks

    async def play():
        return await asyncio.gather(write(), *(watch() for _ in range(4)))

    assert sum(asyncio.run(play())[1:]) > 20


def test_optimistic_locking_counts_exactly(leat, make_table):
    table, key = make_table(**STREAM), {"pk": {"S": "counter"}}
    client = Client(leat.port)
    client.call("PutItem", TableName=table, Item={**key, "n": {"N": "0"}})

    async def count():
        connection, won, lost = Connection(leat.port), 0, 0
        while won < 10:
            _, answer = await connection.call("GetItem", {"TableName": table, "Key": key})
            seen = answer["Item"]["n"]
            status, answer = await connection.call("PutItem", {
                "TableName": table, "Item": {**key, "n": {"N": str(int(seen["N"]) + 1)}}, "ConditionExpression": "n = :seen",
                "ExpressionAttributeValues": {":seen": seen}})
            assert status == 200 or kind_of(answer) == "ConditionalCheckFailedException", answer
            won += status == 200
            lost += status != 200
        return won, lost

    async def play():
        return await asyncio.gather(*(count() for _ in range(8)))

    counts = asyncio.run(play())
    assert client.call("GetItem", TableName=table, Key=key)["Item"]["n"] == {"N": "80"}
    assert sum(lost for _, lost in counts) > 0  # they did meet
    assert len(check_everything(client, table)) == 81


def test_only_one_of_many_creates_an_item(leat, make_table):
    table = make_table(**STREAM)
    put = lambda key: {"TableName": table, "Item": key, "ConditionExpression": "attribute_not_exists(pk)"}
    ways = [lambda key: ("PutItem", put(key)), lambda key: ("TransactWriteItems", {"TransactItems": [{"Put": put(key)}]}),
            lambda key: ("ExecuteStatement", {"Statement": f'INSERT INTO "{table}" VALUE {{\'pk\': ?}}', "Parameters": [key["pk"]]})]

    async def create(number):
        connection, won = Connection(leat.port), []
        for round_number in range(20):
            status, answer = await connection.call(*ways[number % 3]({"pk": {"S": str(round_number)}}))
            assert status == 200 or kind_of(answer) in ("ConditionalCheckFailedException", "TransactionCanceledException",
                                                        "DuplicateItemException"), answer
            won += [round_number] * (status == 200)
        return won

    async def play():
        return await asyncio.gather(*(create(number) for number in range(12)))

    assert sorted(sum(asyncio.run(play()), [])) == list(range(20))
    assert len(check_everything(Client(leat.port), table)) == 20
