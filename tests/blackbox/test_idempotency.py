"""ClientRequestToken: a transaction that is sent again is done once, whoever sends it, however it is spelt, also after a crash."""
import asyncio
import json

import pytest

from program import Connection, Program
from replay import Client, Refused, check_everything

STREAM = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}}
MISMATCH = "IdempotentParameterMismatchException"


def transact_write(table, key, token, amount="1"):
    return "TransactWriteItems", {"ClientRequestToken": token, "TransactItems": [
        {"Update": {"TableName": table, "Key": {"pk": {"S": key}}, "UpdateExpression": "ADD n :a",
                    "ExpressionAttributeValues": {":a": {"N": amount}}}},
        {"Put": {"TableName": table, "Item": {"pk": {"S": key + "-other"}, "amount": {"N": amount}}}}]}


def execute(table, key, token, amount="1"):
    return "ExecuteTransaction", {"ClientRequestToken": token, "TransactStatements": [
        {"Statement": f'UPDATE "{table}" SET n = n + ? WHERE pk = ?', "Parameters": [{"N": amount}, {"S": key}]}]}


@pytest.fixture(name="wire", scope="module")
def fixture_wire(leat):
    client = Client(leat.port)
    yield client
    client.close()


@pytest.fixture(name="table", scope="module")
def fixture_table(make_table):
    return make_table(**STREAM)


def number_of(wire, table, key):
    return wire.call("GetItem", TableName=table, Key={"pk": {"S": key}})["Item"]["n"]["N"]


def start(wire, table, key):
    wire.call("PutItem", TableName=table, Item={"pk": {"S": key}, "n": {"N": "0"}})


@pytest.mark.parametrize("make", [transact_write, execute])
def test_a_token_from_many_at_once(leat, wire, table, make):
    """Five tokens, each sent by 16 clients."""
    name = make.__name__
    start(wire, table, name)

    async def send(token):
        connection = Connection(leat.port)
        status, answer = await connection.call(*make(table, name, f"{name}-{token}"))
        connection.close()
        return status, answer

    async def play():
        return await asyncio.gather(*(send(number % 5) for number in range(80)))

    answers = asyncio.run(play())
    # AWS may also say that it is at it: TransactionInProgressException
    assert all(status == 200 for status, _ in answers), [answer for status, answer in answers if status != 200]
    assert number_of(wire, table, name) == "5"


def test_at_the_same_time_with_different_parameters(leat, wire, table):
    """One wins; all that said something else are refused."""
    start(wire, table, "race")

    async def send(amount):
        connection = Connection(leat.port)
        status, answer = await connection.call(*transact_write(table, "race", "race", str(amount)))
        connection.close()
        return amount, status, answer

    async def play():
        return await asyncio.gather(*(send(1 + number % 4) for number in range(32)))

    answers = asyncio.run(play())
    won = {amount for amount, status, _ in answers if status == 200}
    assert len(won) == 1 and number_of(wire, table, "race") == str(*won)
    assert {answer["__type"].split("#")[1] for amount, status, answer in answers if amount not in won} == {MISMATCH}


def change(request, how):
    """A deep copy, with something else."""
    request = json.loads(json.dumps(request))
    how(request["TransactItems"])
    return request


@pytest.mark.parametrize("how", [
    lambda actions: actions.reverse(), lambda actions: actions.pop(), lambda actions: actions[0]["Update"].update(TableName="OTHER"),
    lambda actions: actions[0]["Update"].update(UpdateExpression="ADD  n :a"),
    lambda actions: actions[0]["Update"].update(ConditionExpression="attribute_exists(pk)"),
    lambda actions: actions[0]["Update"]["Key"].update(pk={"S": "else"}),
    lambda actions: actions[1].update(Put={**actions[1]["Put"], "Item": {**actions[1]["Put"]["Item"], "more": {"BOOL": True}}})])
def test_another_request_with_the_same_token(wire, table, make_table, request, how):
    token = request.node.name[-30:]
    start(wire, table, token)
    other = make_table()
    operation, first = transact_write(table, token, token)
    wire.call(operation, **first)
    second = json.loads(json.dumps(change(first, how)).replace("OTHER", other))
    with pytest.raises(Refused) as refused:
        wire.call(operation, **second)
    assert refused.value.kind == MISMATCH
    assert number_of(wire, table, token) == "1"


def test_order_of_members_does_not_make_it_another_request(wire, table):
    """Clients write JSON objects in any order, and repeat requests from maps that have none."""
    values = {":a": {"N": "1"}, ":s": {"SS": ["x", "y"]}, ":m": {"M": {"p": {"N": "1"}, "q": {"N": "2"}}}}
    names = {"#n": "n", "#s": "s", "#m": "m"}
    turned = lambda given: dict(reversed(given.items()))
    start(wire, table, "turned")
    for given, named in ((values, names), (turned(values), turned(names)),
                         ({**values, ":a": {"N": "1.0"}, ":s": {"SS": ["y", "x"]}, ":m": {"M": turned(values[":m"]["M"])}}, names)):
        item = turned({"pk": {"S": "turned-2"}, **{name.strip(":"): value for name, value in given.items()}})
        wire.call("TransactWriteItems", ClientRequestToken="turned", TransactItems=[
            {"Update": {"TableName": table, "Key": {"pk": {"S": "turned"}}, "UpdateExpression": "ADD #n :a SET #s = :s, #m = :m",
                        "ExpressionAttributeNames": named, "ExpressionAttributeValues": given}},
            {"Put": turned({"TableName": table, "Item": item})}])
    assert number_of(wire, table, "turned") == "1"


def test_what_is_not_part_of_the_request(wire, table):
    start(wire, table, "capacity")
    for more in ({}, {"ReturnConsumedCapacity": "TOTAL"}, {"ReturnItemCollectionMetrics": "SIZE"}):
        operation, request = transact_write(table, "capacity", "capacity")
        wire.call(operation, **request, **more)
    assert number_of(wire, table, "capacity") == "1"


@pytest.mark.parametrize("make", [transact_write, execute])
def test_a_cancelled_transaction_leaves_its_token_free(wire, table, make):
    token = f"{make.__name__}-cancelled"
    start(wire, table, token)
    operation, request = make(table, token, token)
    part = request.get("TransactItems", request.get("TransactStatements"))
    if operation == "TransactWriteItems":
        part[0]["Update"].update(ConditionExpression="attribute_exists(ready)")
    else:
        part[0]["Statement"] += " AND ready IS NOT MISSING"
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            wire.call(operation, **request)
        assert refused.value.kind == "TransactionCanceledException"
    wire.call("UpdateItem", TableName=table, Key={"pk": {"S": token}}, UpdateExpression="SET ready = pk")
    for _ in range(2):
        wire.call(operation, **request)
    assert number_of(wire, table, token) == "1"


def test_the_stream_tells_of_each_transaction_once(wire, table):
    check_everything(wire, table)


@pytest.mark.parametrize("make", [transact_write, execute])
def test_tokens_survive_a_crash(tmp_path, make):
    """Clients that got no answer send again after the restart: each of their transactions has been done once then."""
    program = Program(tmp_path / "data").start()
    try:
        client = Client(program.port)
        client.call("CreateTable", TableName="kept", BillingMode="PAY_PER_REQUEST", **STREAM,
                    AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                    KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}])
        start(client, "kept", "sum")
        sent = asyncio.run(crash_under_way(program, make))
        program.start()
        client = Client(program.port)
        before = int(number_of(client, "kept", "sum"))
        assert sum(answered for _, answered in sent) <= before <= len(sent)
        for token, _ in sent:
            client.call(make("kept", "sum", token)[0], **make("kept", "sum", token)[1])
        assert number_of(client, "kept", "sum") == str(len(sent))
        with pytest.raises(Refused) as refused:
            client.call(make("kept", "sum", sent[0][0], "2")[0], **make("kept", "sum", sent[0][0], "2")[1])
        assert refused.value.kind == MISMATCH
        check_everything(client, "kept")
        program.stop()
    finally:
        if program.process.poll() is None:
            program.kill()


async def crash_under_way(program, make):
    """[(token, was it answered)]; kills the server when some hundred have been answered."""
    sent, count = {}, 0

    async def send(number):
        nonlocal count
        connection = Connection(program.port)
        for turn in range(200):
            token = f"{number}-{turn}"
            sent[token] = False
            try:
                status, answer = await connection.call(*make("kept", "sum", token))
            except (ConnectionError, asyncio.IncompleteReadError):
                break
            assert status == 200, answer
            sent[token] = True
            count += 1
            if count == 300:
                program.kill()
        connection.close()

    await asyncio.gather(*(send(number) for number in range(16)))
    return list(sent.items())
