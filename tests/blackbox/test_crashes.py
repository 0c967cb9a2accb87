"""kill -9 under every kind of write: transactions are whole or absent, batches that were acknowledged are there, and the stream and
all indexes agree with the items. (test_durability.py is about single writes, and about triggers.)"""
import asyncio
import os
import random

import pytest

from program import Connection, Program
from replay import Client, check_everything, text_of

ROUNDS = int(os.environ.get("LEAT_CRASH_ROUNDS", "6"))
CONNECTIONS, ANSWERS_MIN, ANSWERS_MAX = 16, 100, 900
STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


def definition(name, indexes):
    def index(name, partition, sort, projection):
        return {"IndexName": name, "Projection": {"ProjectionType": projection},
                "KeySchema": [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]}

    more = {"GlobalSecondaryIndexes": [index("teams", "team", "version", "ALL"), index("kinds", "kind", "sk", "KEYS_ONLY")],
            "LocalSecondaryIndexes": [index("versions", "pk", "version", "KEYS_ONLY")]} if indexes else {}
    types = {"pk": "S", "sk": "N", **({"team": "S", "version": "N", "kind": "S"} if indexes else {})}
    return {"TableName": name, "BillingMode": "PAY_PER_REQUEST", "StreamSpecification": STREAM, **more,
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()]}


class Clerk:
    """One client: by turns a transaction over items of both tables, and a batch. Every item carries the version of the last write;
    versions rise by one, so that an answer says what must be there."""

    def __init__(self, number):
        self.number, self.chance = number, random.Random(number)
        self.versions = {"tx": 0, "batch": 0, "ql": 0}  # acknowledged
        self.underway = None  # group whose next version may be there or not
        self.torn = set()  # versions in which a crash has left items of the batch
        self.size = 3 + number % 5

    def items(self, group, version):
        """(table, item)"""
        for place in range(self.size):
            item = {"pk": {"S": f"{group}-{self.number}"}, "sk": {"N": str(place)}, "version": {"N": str(version)},
                    "team": {"S": "abcd"[(version + place) % 4]}}
            if (version + place) % 3:
                item["kind"] = {"S": group}
            yield ("left", "right")[place % 2], item

    def transaction(self, version):
        actions = []
        for table, item in self.items("tx", version):
            key = {name: item[name] for name in ("pk", "sk")}
            if version % 7 == 0 and item["sk"]["N"] != "0":  # now and then all but the first are gone
                actions.append({"Delete": {"TableName": table, "Key": key}})
            else:
                actions.append({"Put": {"TableName": table, "Item": item}})
        return "TransactWriteItems", {"TransactItems": actions, "ClientRequestToken": f"{self.number}-{version}"}

    def batch(self, version):
        requests = {}
        for table, item in self.items("batch", version):
            requests.setdefault(table, []).append({"PutRequest": {"Item": item}})
        return "BatchWriteItem", {"RequestItems": requests}

    def statements(self, version):
        made = [{"Statement": f'UPDATE "{table}" SET version = ? SET team = ? WHERE pk = ? AND sk = ?',
                 "Parameters": [item[name] for name in ("version", "team", "pk", "sk")]} for table, item in self.items("ql", version)]
        if version == 1:
            made = [{"Statement": f"INSERT INTO \"{table}\" VALUE {{'pk': ?, 'sk': ?, 'version': ?, 'team': ?}}",
                     "Parameters": [item[name] for name in ("pk", "sk", "version", "team")]} for table, item in self.items("ql", 1)]
        return "ExecuteTransaction", {"TransactStatements": made}

    async def work(self, port, answered):
        connection = Connection(port)
        while True:
            group = self.chance.choice(list(self.versions))
            make = {"tx": self.transaction, "batch": self.batch, "ql": self.statements}[group]
            self.underway = group
            try:
                status, answer = await connection.call(*make(self.versions[group] + 1))
            except (ConnectionError, asyncio.IncompleteReadError):
                break
            assert status == 200 and not answer.get("UnprocessedItems"), answer
            self.versions[group] += 1
            self.underway = None
            self.torn = set() if group == "batch" else self.torn
            answered()
        connection.close()

    def agree(self, found):
        """found: {(table, key's text): item}. From now on, what is there counts."""
        for group in self.versions:
            there = {}
            for table, item in self.items(group, 0):
                key = text_of({name: item[name] for name in ("pk", "sk")})
                there[item["sk"]["N"]] = found.get((table, key))
            allowed = {self.versions[group]} | ({self.versions[group] + 1} if self.underway == group else set())
            versions = {place: int(item["version"]["N"]) if item else None for place, item in there.items()}
            if group == "batch":  # each item by itself
                there = {version or 0 for version in versions.values()}
                assert there <= allowed | self.torn, f"clerk {self.number}, batch: {versions}, not {allowed | self.torn}"
                self.versions[group], self.torn = max(there), there
                continue
            version = versions["0"] or 0
            assert version in allowed, f"clerk {self.number}, {group}: version {version}, not {allowed}"
            rest = None if version == 0 or group == "tx" and version % 7 == 0 else version
            assert set(list(versions.values())[1:]) == {rest}, f"clerk {self.number}, {group}: half of a transaction: {versions}"
            self.versions[group] = version
        self.underway = None


async def work_until(program, clerks, answers):
    count = 0

    def answered():
        nonlocal count
        count += 1
        if count == answers:
            program.kill()

    await asyncio.wait_for(asyncio.gather(*(clerk.work(program.port, answered) for clerk in clerks)), 120)


@pytest.mark.release_only
def test_all_agrees_after_kill(tmp_path):
    program = Program(tmp_path / "data", "--rotation", "300ms").start()
    chance, clerks = random.Random(5), [Clerk(number) for number in range(CONNECTIONS)]
    try:
        client = Client(program.port)
        for name, indexes in (("left", True), ("right", False)):
            client.call("CreateTable", **definition(name, indexes))
        for _ in range(ROUNDS):
            asyncio.run(work_until(program, clerks, chance.randrange(ANSWERS_MIN, ANSWERS_MAX)))
            program.start()
            client, found = Client(program.port), {}
            for table in ("left", "right"):
                check_everything(client, table)
                for item in client.all("Scan", TableName=table):
                    found[table, text_of({name: item[name] for name in ("pk", "sk")})] = item
            for clerk in clerks:
                clerk.agree(found)
            client.close()
        assert sum(sum(clerk.versions.values()) for clerk in clerks) > ROUNDS * ANSWERS_MIN
        program.stop()
    finally:
        if program.process.poll() is None:
            program.kill()
