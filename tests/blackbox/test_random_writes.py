"""Random writes by every path over several connections at once; then the stream must tell exactly how the table came to be, and
every index must hold what the table says."""
import asyncio
import json
import os
import random
import time

import pytest

from program import Connection, Program
from replay import Client, check_everything

CONNECTIONS, REQUESTS, PARTITIONS, SORTS = 8, 150, 4, 8
EXPIRED = 5  # of a hundred puts, how many are due at once
REFUSALS = ("ConditionalCheckFailedException", "TransactionCanceledException", "DuplicateItemException")


def definition(name):
    def schema(partition, sort):
        return [{"AttributeName": partition, "KeyType": "HASH"}] + ([{"AttributeName": sort, "KeyType": "RANGE"}] if sort else [])

    def index(name, partition, sort, kind, *more):
        return {"IndexName": name, "KeySchema": schema(partition, sort),
                "Projection": {"ProjectionType": kind, **({"NonKeyAttributes": list(more)} if more else {})}}

    types = {"pk": "S", "sk": "N", "own": "S", "lvl": "N"}
    return {"TableName": name, "BillingMode": "PAY_PER_REQUEST", "KeySchema": schema("pk", "sk"),
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()],
            "GlobalSecondaryIndexes": [index("all", "own", "lvl", "ALL"), index("keys", "own", None, "KEYS_ONLY"),
                                       index("some", "lvl", "pk", "INCLUDE", "made", "ttl")],
            "LocalSecondaryIndexes": [index("near", "pk", "lvl", "INCLUDE", "made")],
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}}


def literal(item):
    """An item as PartiQL writes it; it has strings and numbers only."""
    return "{" + ", ".join(f"'{name}': " + (f"'{value['S']}'" if "S" in value else value["N"]) for name, value in item.items()) + "}"


class Writer:
    """Makes requests. Every write that changes an item leaves its own mark in it, so that records tell which write made them."""

    def __init__(self, chance, table, number):
        self.chance, self.table, self.number, self.marks = chance, table, number, 0
        self.whole = {}  # mark of an acknowledged transaction: how many records it must have

    def mark(self):
        self.marks += 1
        return f"{self.number}-{self.marks}"

    def key(self):
        return {"pk": {"S": f"p{self.chance.randrange(PARTITIONS)}"}, "sk": {"N": str(self.chance.randrange(SORTS))}}

    def keys(self, most):
        found = {json.dumps(key): key for key in (self.key() for _ in range(self.chance.randrange(1, most + 1)))}
        return list(found.values())

    def item(self, key, mark):
        item = {**key, "made": {"S": mark}}
        if self.chance.random() < 0.7:
            item["own"] = {"S": self.chance.choice("ABC")}
        if self.chance.random() < 0.7:
            item["lvl"] = {"N": str(self.chance.randrange(5))}
        if self.chance.randrange(100) < EXPIRED:
            item["ttl"] = {"N": str(int(time.time()) - 100)}
        return item

    def condition(self):
        """Holds about every second time."""
        return self.chance.choice(["attribute_exists(pk)", "attribute_not_exists(pk)", "attribute_exists(lvl)", "size(made) > size(pk)"])

    def maybe(self, request):
        return {**request, "ConditionExpression": self.condition()} if self.chance.random() < 0.3 else request

    def put(self, key, mark):
        return {"TableName": self.table, "Item": self.item(key, mark)}

    def update(self, key, mark):
        expression, values = self.chance.choice([
            ("SET #made = :made, #lvl = :n", {":n": {"N": str(self.chance.randrange(5))}}),
            ("SET #made = :made REMOVE #own", {}), ("SET #made = :made, #own = :o REMOVE #lvl", {":o": {"S": "D"}}),
            ("SET #made = :made ADD #lvl :n", {":n": {"N": "1"}}), ("SET #made = :made REMOVE #ttl", {})])
        names = {f"#{name}": name for name in ("made", "lvl", "own", "ttl") if f"#{name}" in expression}
        return {"TableName": self.table, "Key": key, "UpdateExpression": expression, "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": {":made": {"S": mark}, **values}}

    def put_item(self):
        request = self.put(self.key(), self.mark())
        # some are sent twice: the second changes nothing, unless another came between
        return ["PutItem", "PutItem"] if self.chance.random() < 0.2 else ["PutItem"], self.maybe(request)

    def update_item(self):
        if self.chance.random() < 0.2:
            return ["UpdateItem"], {"TableName": self.table, "Key": self.key(), "UpdateExpression": "REMOVE nothing"}
        return ["UpdateItem"], self.maybe(self.update(self.key(), self.mark()))

    def delete_item(self):
        return ["DeleteItem"], self.maybe({"TableName": self.table, "Key": self.key()})

    def batch_write_item(self):
        return ["BatchWriteItem"], {"RequestItems": {self.table: [
            {"DeleteRequest": {"Key": key}} if self.chance.random() < 0.3 else {"PutRequest": {"Item": self.item(key, self.mark())}}
            for key in self.keys(12)]}}

    def transact_write_items(self):
        mark, actions, changes = self.mark(), [], 0
        for key in self.keys(6):
            kind = self.chance.choice(["Put", "Put", "Update", "Update", "Delete", "ConditionCheck"])
            changes += kind in ("Put", "Update")
            if kind == "Put":
                action = self.put(key, mark)
            elif kind == "Update":
                action = self.update(key, mark)
            else:
                action = {"TableName": self.table, "Key": key}
            if kind == "ConditionCheck":
                action["ConditionExpression"] = self.condition()
            elif self.chance.random() < 0.1:
                action["ConditionExpression"] = self.condition()
            actions.append({kind: action})
        self.whole[mark] = changes
        return ["TransactWriteItems"], {"TransactItems": actions}

    def statement(self, key, mark):
        where = f"WHERE pk = '{key['pk']['S']}' AND sk = {key['sk']['N']}"
        return self.chance.choice([f'INSERT INTO "{self.table}" VALUE {literal(self.item(key, mark))}',
                                   f"UPDATE \"{self.table}\" SET made = '{mark}' REMOVE lvl {where}",
                                   f"UPDATE \"{self.table}\" SET made = '{mark}' SET lvl = 3 {where}",
                                   f'DELETE FROM "{self.table}" {where}'])

    def execute_statement(self):
        return ["ExecuteStatement"], {"Statement": self.statement(self.key(), self.mark())}

    def batch_execute_statement(self):
        return ["BatchExecuteStatement"], {"Statements": [{"Statement": self.statement(key, self.mark())} for key in self.keys(5)]}

    def execute_transaction(self):
        mark = self.mark()
        statements = [self.statement(key, mark) for key in self.keys(4)]
        self.whole[mark] = sum(not statement.startswith("DELETE") for statement in statements)
        return ["ExecuteTransaction"], {"TransactStatements": [{"Statement": statement} for statement in statements]}

    def request(self):
        return self.chance.choice([self.put_item, self.put_item, self.update_item, self.delete_item, self.batch_write_item,
                                   self.transact_write_items, self.transact_write_items, self.execute_statement,
                                   self.batch_execute_statement, self.execute_transaction])()

    async def run(self, port, requests):
        connection = Connection(port)
        for _ in range(requests):
            operations, request = self.request()
            for operation in operations:
                status, answer = await connection.call(operation, request)
                kind = answer.get("__type", "").split("#")[-1]
                assert status == 200 or kind in REFUSALS, (operation, request, answer)
                assert not answer.get("UnprocessedItems")
                if kind == "TransactionCanceledException":
                    self.whole[f"{self.number}-{self.marks}"] = 0
        connection.close()


async def run_all(writers, port):
    await asyncio.gather(*(writer.run(port, REQUESTS) for writer in writers))


@pytest.fixture(name="rotating", scope="module")
def fixture_rotating(tmp_path_factory):
    """A server whose shards are soon followed by others."""
    program = Program(tmp_path_factory.mktemp("rotating") / "data", "--rotation", "100ms").start()
    try:
        yield program
        program.stop()
    finally:
        if program.process.poll() is None:
            program.kill()


@pytest.mark.parametrize("server", ["leat", "rotating"])
def test_the_stream_and_the_indexes_tell_what_the_table_tells(request, server):
    leat = request.getfixturevalue(server)
    seed = int(os.environ.get("LEAT_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"LEAT_SEED={seed}")
    client, table = Client(leat.port), f"random-writes-{seed}"
    client.call("CreateTable", **definition(table))
    until = time.monotonic() + 20
    while client.call("DescribeTable", TableName=table)["Table"]["TableStatus"] != "ACTIVE":
        assert time.monotonic() < until
        time.sleep(0.01)
    client.call("UpdateTimeToLive", TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})
    writers = [Writer(random.Random(f"{seed}/{number}"), table, number) for number in range(CONNECTIONS)]
    asyncio.run(run_all(writers, leat.port))
    due = {"pk": {"S": "last"}, "sk": {"N": "0"}, "lvl": {"N": "1"}, "ttl": {"N": str(int(time.time()) - 1)}}
    client.call("PutItem", TableName=table, Item=due)
    until = time.monotonic() + 20
    while any("ttl" in item for item in client.all("Scan", TableName=table)):
        assert time.monotonic() < until, "expired items stay"
        time.sleep(0.1)
    records = check_everything(client, table)
    expired = [record for record in records if "userIdentity" in record]
    assert expired and len(records) > CONNECTIONS * REQUESTS // 2
    for record in expired:
        assert record["eventName"] == "REMOVE" and "ttl" in record["dynamodb"]["OldImage"]
        assert record["userIdentity"] == {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
    marks = [record["dynamodb"].get("NewImage", {}).get("made", {}).get("S") for record in records]
    for writer in writers:
        for mark, count in writer.whole.items():
            assert marks.count(mark) == count, f"transaction {mark} left {marks.count(mark)} records of {count}"
    client.call("DeleteTable", TableName=table)


@pytest.mark.parametrize("operation", ["UpdateItem", "TransactWriteItems", "ExecuteStatement"])
def test_one_items_changes_are_a_chain(leat, make_table, operation):
    """32 writers of one item: its records must each begin where the one before it ended."""
    table = make_table(StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    client, each = Client(leat.port), 15
    client.call("PutItem", TableName=table, Item={"pk": {"S": "one"}, "n": {"N": "0"}})

    async def write(number):
        connection = Connection(leat.port)
        for count in range(each):
            who = {"S": f"{number}-{count}"}
            update = {"TableName": table, "Key": {"pk": {"S": "one"}}, "UpdateExpression": "SET who = :w ADD n :o",
                      "ExpressionAttributeValues": {":w": who, ":o": {"N": "1"}}}
            request = {"UpdateItem": update, "TransactWriteItems": {"TransactItems": [{"Update": update}]}, "ExecuteStatement": {
                "Statement": f'UPDATE "{table}" SET who = ? SET n = n + 1 WHERE pk = \'one\'', "Parameters": [who]}}[operation]
            status, answer = await connection.call(operation, request)
            assert status == 200, answer
        connection.close()

    async def write_all():
        await asyncio.gather(*(write(number) for number in range(32)))

    asyncio.run(write_all())
    images = [record["dynamodb"]["NewImage"] for record in check_everything(client, table)]
    assert [int(image["n"]["N"]) for image in images] == list(range(32 * each + 1))
    assert len({image["who"]["S"] for image in images[1:]}) == 32 * each
