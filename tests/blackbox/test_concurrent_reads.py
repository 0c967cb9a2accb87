"""Pages of queries and scans while others write: what was there all the time comes exactly once, and nothing comes twice."""
import asyncio
import itertools
import random

import pytest

from program import Connection
from replay import Client, text_of

STAYING, MOVING, WRITERS = 120, 40, 4
PARTITIONS = ["a", "b", "c"]


def item(pk, sk, stays):
    """Items that come and go keep their place in every index, so that they too come once at most."""
    return {"pk": {"S": pk}, "sk": {"N": str(sk)}, "team": {"S": "xyz"[sk % 3]}, "turn": {"N": str(-sk)}, "stays": {"BOOL": stays}}


@pytest.fixture(name="table", scope="module")
def fixture_table(leat, make_table):
    def index(name, partition, sort, projection):
        return {"IndexName": name, "Projection": {"ProjectionType": projection},
                "KeySchema": [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]}

    table = make_table("N", AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in
                                                  (("pk", "S"), ("sk", "N"), ("team", "S"), ("turn", "N"))],
                       GlobalSecondaryIndexes=[index("global", "team", "turn", "ALL")],
                       LocalSecondaryIndexes=[index("local", "pk", "turn", "ALL")])
    client = Client(leat.port)
    for pk in PARTITIONS:
        for number in range(STAYING):
            client.call("PutItem", TableName=table, Item=item(pk, number * 3, True))
    client.close()
    return table


async def come_and_go(port, table, chance, stop, written):
    """Puts and deletes the items between those that stay, alone and in batches and transactions."""
    connection = Connection(port)
    while not stop.is_set():
        pk, sk = chance.choice(PARTITIONS), chance.randrange(MOVING) * 9 + 1
        put, key = item(pk, sk, False), {"pk": {"S": pk}, "sk": {"N": str(sk)}}
        other = item(pk, sk + 1, False)
        operation, request = chance.choice([
            ("PutItem", {"TableName": table, "Item": put}), ("DeleteItem", {"TableName": table, "Key": key}),
            ("BatchWriteItem", {"RequestItems": {table: [{"DeleteRequest": {"Key": key}}, {"PutRequest": {"Item": other}}]}}),
            ("TransactWriteItems", {"TransactItems": [{"Put": {"TableName": table, "Item": put}}, {
                "Delete": {"TableName": table, "Key": {name: other[name] for name in key}}}]})])
        status, answer = await connection.call(operation, request)
        assert status == 200, answer
        written[0] += 1
        await asyncio.sleep(0.001)  # a moment for the readers
    connection.close()


async def read_all(port, operation, request, limit):
    """(items of all pages, how many pages)"""
    connection, items, pages = Connection(port), [], 0
    while True:
        status, answer = await connection.call(operation, {**request, "Limit": limit()})
        assert status == 200, answer
        assert answer["Count"] == len(answer["Items"]) <= answer["ScannedCount"]
        items += answer["Items"]
        pages += 1
        if "LastEvaluatedKey" not in answer:
            connection.close()
            return items, pages
        request = {**request, "ExclusiveStartKey": answer["LastEvaluatedKey"]}


def query(partition, value, **more):
    return "Query", {"KeyConditionExpression": f"{partition} = :p", "ExpressionAttributeValues": {":p": {"S": value}}, **more}


ONLY_STAYING = {"FilterExpression": "stays = :s"}
STAYS = {":s": {"BOOL": True}}


def reads():
    """(what, requests that together read it, sort attribute or None)"""
    for backward in (False, True):
        way = {"ScanIndexForward": not backward}
        yield [query("pk", "a", **way)], "sk", backward
        yield [query("pk", "b", IndexName="local", **way)], "turn", backward
        yield [query("team", "x", IndexName="global", **way)], "turn", backward
    operation, filtered = query("pk", "c", **ONLY_STAYING)
    filtered["ExpressionAttributeValues"].update(STAYS)
    yield [(operation, filtered)], "sk", False
    for index in ({}, {"IndexName": "local"}, {"IndexName": "global"}):
        yield [("Scan", index)], None, False
        yield [("Scan", {**index, "Segment": segment, "TotalSegments": 3}) for segment in range(3)], None, False
    yield [("Scan", {**ONLY_STAYING, "ExpressionAttributeValues": STAYS})], None, False


def wanted_of(requests):
    _, request = requests[0]
    partition = request.get("ExpressionAttributeValues", {}).get(":p", {}).get("S")
    by_team = request.get("KeyConditionExpression", "").startswith("team")
    for pk, number in itertools.product(PARTITIONS, range(STAYING)):
        one = item(pk, number * 3, True)
        if partition is None or partition == (one["team"] if by_team else one["pk"])["S"]:
            yield one


async def read_and_judge(port, table, requests, sort, backward, chance):
    limit = lambda: chance.choice([1, 2, 7, 30, 100])
    found = await asyncio.gather(*(read_all(port, operation, {"TableName": table, **request}, limit) for operation, request in requests))
    items = [one for part, _ in found for one in part]
    assert len({text_of(one) for one in items}) == len(items), f"{requests}: an item came twice"
    staying = sorted(text_of(one) for one in items if one["stays"]["BOOL"])
    assert staying == sorted(map(text_of, wanted_of(requests))), f"{requests}: what stayed did not come once each"
    if sort:
        numbers = [int(one[sort]["N"]) for one in items]
        assert numbers == sorted(numbers, reverse=backward), f"{requests}: out of order"
    if any("FilterExpression" in request for _, request in requests):
        assert len(items) == len(staying)
    return len(items) - len(staying)


def test_every_page_while_others_write(leat, table):
    chance = random.Random(3)

    async def play():
        stop, moving, written = asyncio.Event(), 0, [0]
        writers = [asyncio.create_task(come_and_go(leat.port, table, random.Random(number), stop, written)) for number in range(WRITERS)]
        while written[0] < 200:
            for each in reads():
                moving += await read_and_judge(leat.port, table, *each, chance)
        stop.set()
        await asyncio.gather(*writers)
        return moving

    assert asyncio.run(asyncio.wait_for(play(), 120)) > 100  # there was something to stumble over


@pytest.mark.parametrize("operation, request_of", [("Query", lambda: query("pk", "only")[1]), ("Scan", dict)])
def test_last_evaluated_key(leat, make_table, operation, request_of):
    client, table = Client(leat.port), make_table("N")
    request = {"TableName": table, **request_of()}
    assert client.call(operation, **request) == {"Items": [], "Count": 0, "ScannedCount": 0}
    for number in range(5):
        client.call("PutItem", TableName=table, Item=item("only", number, True))
    key = lambda number: {"pk": {"S": "only"}, "sk": {"N": str(number)}}
    exact = client.call(operation, **request, Limit=5)  # the limit is met: whether more comes is not looked at
    assert exact["Count"] == 5 and exact["LastEvaluatedKey"] == key(4)
    after = client.call(operation, **request, Limit=5, ExclusiveStartKey=key(4))
    assert after == {"Items": [], "Count": 0, "ScannedCount": 0}
    assert "LastEvaluatedKey" not in client.call(operation, **request, Limit=6)
    values = {**request.get("ExpressionAttributeValues", {}), ":s": {"BOOL": False}}
    none = {**request, "FilterExpression": "stays = :s", "ExpressionAttributeValues": values}
    assert client.call(operation, **none, Limit=3) == {"Items": [], "Count": 0, "ScannedCount": 3, "LastEvaluatedKey": key(2)}
    assert client.call(operation, **none) == {"Items": [], "Count": 0, "ScannedCount": 5}
    client.call("DeleteItem", TableName=table, Key=key(2))  # one goes on behind a key that is not there any more
    rest = client.call(operation, **request, ExclusiveStartKey=key(2))
    assert [one["sk"]["N"] for one in rest["Items"]] == ["3", "4"]


def test_a_page_ends_at_a_megabyte_whatever_the_filter_drops(leat, make_table):
    client, table = Client(leat.port), make_table("N")
    for number in range(25):
        client.call("PutItem", TableName=table, Item={**item("large", number, True), "filler": {"S": "x" * 100_000}})
    operation, request = query("pk", "large", TableName=table, FilterExpression="attribute_not_exists(stays)")
    pages, start = [], {}
    while True:
        page = client.call(operation, **request, **start)
        assert page["Items"] == []
        pages.append(page["ScannedCount"])
        if "LastEvaluatedKey" not in page:
            break
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    assert pages == [11, 11, 3]  # the item that passes the megabyte is the page's last
