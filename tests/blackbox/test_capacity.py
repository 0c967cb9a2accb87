"""Consumed capacity: figures worked out by hand from the Developer Guide's rules ("Provisioned throughput considerations" for local and
for global secondary indexes, "Read/write capacity mode"), and the members in which AWS answers them."""
import pytest

KEYS = ("pk", "sk")


def index(name, partition, sort, projected):
    keys = [(partition, "HASH")] + ([(sort, "RANGE")] if sort else [])
    return {"IndexName": name, "KeySchema": [{"AttributeName": key, "KeyType": role} for key, role in keys],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": projected} if projected else {"ProjectionType": "KEYS_ONLY"}}


@pytest.fixture(name="table", scope="module")
def fixture_table(make_table):
    """Local index "local" by l, global index "global" by g; both have p besides the keys."""
    return make_table("S", AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "l", "g")],
                      LocalSecondaryIndexes=[index("local", "pk", "l", ["p"])], GlobalSecondaryIndexes=[index("global", "g", None, ["p"])])


def item(pk, sk="s", **attributes):
    return {"pk": {"S": pk}, "sk": {"S": sk}, **{name: {"S": value} for name, value in attributes.items()}}


def key_of(whole):
    return {name: whole[name] for name in KEYS}


def consumed(table, own, local=0, everywhere=0, split=None):
    """A whole ConsumedCapacity with INDEXES. split: the member that transactions have besides."""
    units = lambda number: {"CapacityUnits": float(number), **({split: float(number)} if split else {})}
    return {"TableName": table, **units(own + local + everywhere), "Table": units(own),
            **({"LocalSecondaryIndexes": {"local": units(local)}} if local else {}),
            **({"GlobalSecondaryIndexes": {"global": units(everywhere)}} if everywhere else {})}


def total(whole):
    return {name: whole[name] for name in whole if name not in ("Table", "LocalSecondaryIndexes", "GlobalSecondaryIndexes")}


KB = "x" * 960  # leaves room for names and keys
PUT, SET, REMOVE, DELETE = "put", "set", "remove", "delete"
WRITES = {  # what is there, what is done, and units: table, local index, global index
    "new, in no index": (None, PUT, {"a": "1"}, 1, 0, 0),
    "new, in both": (None, PUT, {"l": "1", "g": "1"}, 1, 1, 1),
    "new, more than a KB that no index has": (None, PUT, {"l": "1", "g": "1", "a": 3 * KB}, 3, 1, 1),
    "new, more than a KB in both": (None, PUT, {"l": "1", "g": "1", "p": KB + KB}, 2, 2, 2),
    "the same again": ({"l": "1", "g": "1"}, PUT, {"l": "1", "g": "1"}, 1, 0, 0),
    "an attribute that no index has": ({"l": "1", "g": "1"}, SET, {"a": "1"}, 1, 0, 0),
    "a projected attribute": ({"l": "1", "g": "1", "p": "1"}, SET, {"p": "2"}, 1, 1, 1),
    "a projected attribute shrinks": ({"l": "1", "g": "1", "p": 2 * KB}, SET, {"p": "2"}, 2, 2, 2),
    "the global key": ({"l": "1", "g": "1"}, SET, {"g": "2"}, 1, 0, 2),
    "the local key": ({"l": "1", "g": "1"}, SET, {"l": "2"}, 1, 2, 0),
    "the key of a large entry": ({"g": "1", "p": 2 * KB}, SET, {"g": "2"}, 2, 0, 4),
    "a key comes": ({"l": "1"}, SET, {"g": "1"}, 1, 0, 1),
    "a key goes": ({"l": "1", "g": "1"}, REMOVE, ["g"], 1, 0, 1),
    "both keys go": ({"l": "1", "g": "1"}, REMOVE, ["g", "l"], 1, 1, 1),
    "the larger of before and after": ({"a": 4 * KB}, REMOVE, ["a"], 4, 0, 0),
    "grows": ({"a": "1"}, SET, {"a": 4 * KB}, 4, 0, 0),
    "an update that makes the item": (None, SET, {"g": "1"}, 1, 0, 1),
    "replaced by one in no index": ({"l": "1", "g": "1", "p": 2 * KB}, PUT, {"a": "1"}, 2, 2, 2),
    "deleted": ({"l": "1", "g": "1", "a": 4 * KB}, DELETE, None, 4, 1, 1),
    "deleted, in no index": ({"a": "1"}, DELETE, None, 1, 0, 0),
    "deleted, though it is not there": (None, DELETE, None, 1, 0, 0),
}
CASES = pytest.mark.parametrize("case", WRITES)


def request(table, name, kind, change):
    """The members of a Put, Update or Delete."""
    if kind == PUT:
        return "Put", {"TableName": table, "Item": item(name, **change)}
    if kind == DELETE:
        return "Delete", {"TableName": table, "Key": key_of(item(name))}
    members = {"TableName": table, "Key": key_of(item(name))}
    if kind == REMOVE:
        return "Update", {**members, "UpdateExpression": "REMOVE " + ", ".join(change)}
    return "Update", {**members, "UpdateExpression": "SET " + ", ".join(f"{one} = :{one}" for one in change),
                      "ExpressionAttributeValues": {f":{one}": {"S": value} for one, value in change.items()}}


def prepare(dynamodb, table, name, before):
    if before is not None:
        dynamodb.put_item(TableName=table, Item=item(name, **before))


@CASES
def test_single_writes(dynamodb, table, case):
    before, kind, change, *units = WRITES[case]
    for detail in ("INDEXES", "TOTAL", "NONE"):
        name = f"single {detail} {case}"
        prepare(dynamodb, table, name, before)
        action, members = request(table, name, kind, change)
        answer = getattr(dynamodb, action.lower() + "_item")(**members, ReturnConsumedCapacity=detail)
        whole = consumed(table, *units)
        assert answer.get("ConsumedCapacity") == {"INDEXES": whole, "TOTAL": total(whole), "NONE": None}[detail]


@CASES
def test_transactions_double_the_table_and_not_the_indexes(dynamodb, table, case):
    before, kind, change, own, local, everywhere = WRITES[case]
    name = "transaction " + case
    prepare(dynamodb, table, name, before)
    action, members = request(table, name, kind, change)
    answer = dynamodb.transact_write_items(TransactItems=[{action: members}], ReturnConsumedCapacity="INDEXES")
    assert answer["ConsumedCapacity"] == [consumed(table, 2 * own, local, everywhere, "WriteCapacityUnits")]


@pytest.mark.parametrize("case", [case for case in WRITES if WRITES[case][1] in (PUT, DELETE)])
def test_batches_cost_what_their_writes_cost(dynamodb, table, case):
    before, kind, change, *units = WRITES[case]
    names = [f"batch {number} {case}" for number in range(3)]
    for name in names:
        prepare(dynamodb, table, name, before)
    writes = [{"PutRequest": {"Item": item(name, **change)}} if kind == PUT else {"DeleteRequest": {"Key": key_of(item(name))}}
              for name in names]
    answer = dynamodb.batch_write_item(RequestItems={table: writes}, ReturnConsumedCapacity="INDEXES")
    assert answer["ConsumedCapacity"] == [consumed(table, *[3 * one for one in units])] and answer["UnprocessedItems"] == {}


def test_statements_cost_what_they_do(dynamodb, table):
    run = lambda text: dynamodb.execute_statement(Statement=text, ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
    where = f"\"{table}\" WHERE pk = 'ql' AND sk = 's'"
    assert run(f"INSERT INTO \"{table}\" VALUE {{'pk': 'ql', 'sk': 's', 'g': '1', 'l': '1'}}") == consumed(table, 1, 1, 1)
    assert run(f"UPDATE {where.replace(' WHERE', ' SET g = ' + repr('ql') + ' WHERE')}") == consumed(table, 1, 0, 2)
    assert run(f"SELECT * FROM {where}") == consumed(table, 0.5)
    assert run(f"SELECT pk FROM \"{table}\".\"global\" WHERE g = 'ql'") == consumed(table, 0, 0, 0.5)
    assert run(f"DELETE FROM {where}") == consumed(table, 1, 1, 1)
    text = f"INSERT INTO \"{table}\" VALUE {{'pk': 'ql %s', 'sk': 's', 'g': '1'}}"
    batch = dynamodb.batch_execute_statement(Statements=[{"Statement": text % name} for name in "ab"], ReturnConsumedCapacity="INDEXES")
    assert batch["ConsumedCapacity"] == [consumed(table, 2, 0, 2)]
    whole = dynamodb.execute_transaction(TransactStatements=[{"Statement": text % name} for name in "cd"], ReturnConsumedCapacity="INDEXES")
    assert whole["ConsumedCapacity"] == [consumed(table, 4, 0, 2, "WriteCapacityUnits")]


def test_checks_are_writes_and_what_fails_tells_nothing(dynamodb, table):
    dynamodb.put_item(TableName=table, Item=item("check", a=3 * KB))
    check = lambda condition: dynamodb.transact_write_items(ReturnConsumedCapacity="INDEXES", TransactItems=[
        {"ConditionCheck": {"TableName": table, "Key": key_of(item("check")), "ConditionExpression": condition}},
        {"Put": {"TableName": table, "Item": item("check", "other")}}])
    assert check("attribute_exists(a)")["ConsumedCapacity"] == [consumed(table, 2 * 3 + 2, split="WriteCapacityUnits")]
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as fault:
        check("attribute_not_exists(a)")
    assert "ConsumedCapacity" not in fault.value.response


def test_a_transaction_done_again_is_a_read_of_what_it_wrote(dynamodb, table):
    dynamodb.put_item(TableName=table, Item=item("again", "gone", a=9 * KB))
    write = lambda: dynamodb.transact_write_items(ClientRequestToken="capacity-once", ReturnConsumedCapacity="INDEXES", TransactItems=[
        {"Put": {"TableName": table, "Item": item("again", g="1", a=KB + KB[:500])}},
        {"Delete": {"TableName": table, "Key": key_of(item("again", "gone"))}}])["ConsumedCapacity"]
    assert write() == [consumed(table, 2 * 2 + 2 * 9, 0, 1, "WriteCapacityUnits")]
    assert write() == [consumed(table, 2 * 1 + 2 * 3, split="ReadCapacityUnits")] == write()


# ---- reads ----

@pytest.fixture(name="read", scope="module")
def fixture_read(dynamodb, table):
    """Four items of 300 bytes of which local and global index have 200: the Developer Guide's example."""
    for number in range(4):
        made = item("read", f"s{number}", l="1", g="read")
        size = sum(len(name) + len(value["S"]) for name, value in made.items())
        dynamodb.put_item(TableName=table, Item={**made, "p": {"S": "x" * (199 - size)}, "a": {"S": "x" * 99}})
    dynamodb.put_item(TableName=table, Item=item("large", a=9 * KB))
    return table


@pytest.mark.parametrize("consistent, factor", [(True, 1), (False, 0.5)], ids=["consistent", "eventual"])
def test_reads(dynamodb, read, consistent, factor):
    how = {"TableName": read, "ConsistentRead": consistent, "ReturnConsumedCapacity": "INDEXES"}
    get = lambda key, **more: dynamodb.get_item(**how, Key=key, **more)["ConsumedCapacity"]
    assert get(key_of(item("read", "s0"))) == get(key_of(item("read", "missing"))) == consumed(read, factor)
    assert get(key_of(item("large"))) == get(key_of(item("large")), ProjectionExpression="pk") == consumed(read, 3 * factor)
    keys = [key_of(item("large")), key_of(item("read", "s0")), key_of(item("missing"))]
    batch = dynamodb.batch_get_item(RequestItems={read: {"Keys": keys, "ConsistentRead": consistent}}, ReturnConsumedCapacity="INDEXES")
    assert batch["ConsumedCapacity"] == [consumed(read, 5 * factor)]
    ask = lambda name, value, **more: dynamodb.query(**how, KeyConditionExpression=f"{name} = :v", **more,
                                                     ExpressionAttributeValues={":v": {"S": value}})["ConsumedCapacity"]
    assert ask("pk", "read") == ask("pk", "nobody") == consumed(read, factor)
    assert ask("pk", "read", Select="COUNT") == ask("pk", "read", FilterExpression="attribute_exists(nothing)") == consumed(read, factor)
    assert ask("pk", "large") == consumed(read, 3 * factor)
    local = {"IndexName": "local"}
    assert ask("pk", "read", **local) == ask("pk", "read", **local, ProjectionExpression="p") == consumed(read, 0, factor)
    # 4 x 200 bytes of the index are one unit, and each item is one: 20 KB
    assert ask("pk", "read", **local, Select="ALL_ATTRIBUTES") == consumed(read, 4 * factor, factor)
    assert ask("pk", "read", **local, ProjectionExpression="a") == consumed(read, 4 * factor, factor)


def test_global_indexes_are_read_with_their_own_units(dynamodb, read):
    ask = lambda **more: dynamodb.query(TableName=read, IndexName="global", KeyConditionExpression="g = :v", ReturnConsumedCapacity="INDEXES",
                                        ExpressionAttributeValues={":v": {"S": "read"}}, **more)
    assert ask()["ConsumedCapacity"] == consumed(read, 0, 0, 0.5)
    assert total(consumed(read, 0, 0, 0.5)) == dynamodb.scan(TableName=read, IndexName="global", FilterExpression="g = :v", Limit=1,
                                                             ExpressionAttributeValues={":v": {"S": "read"}},
                                                             ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]


def test_pages_are_rounded_as_a_whole(dynamodb, make_table):
    table = make_table("S")
    for number in range(8):  # 2,000 bytes each: 16,000 are four units
        made = item("page", f"s{number}")
        size = sum(len(name) + len(value["S"]) for name, value in made.items())
        dynamodb.put_item(TableName=table, Item={**made, "a": {"S": "x" * (1999 - size)}})
    for ask in ({"KeyConditionExpression": "pk = :v", "ExpressionAttributeValues": {":v": {"S": "page"}}}, None):
        read = dynamodb.query if ask else dynamodb.scan
        answer = read(TableName=table, ConsistentRead=True, ReturnConsumedCapacity="TOTAL", **(ask or {}))
        assert answer["ConsumedCapacity"] == {"TableName": table, "CapacityUnits": 4.0}


def test_transactional_reads_double(dynamodb, read):
    gets = [{"Get": {"TableName": read, "Key": key_of(one)}} for one in (item("large"), item("read", "s0"), item("missing"))]
    answer = dynamodb.transact_get_items(TransactItems=gets, ReturnConsumedCapacity="INDEXES")
    assert answer["ConsumedCapacity"] == [consumed(read, 2 * 5, split="ReadCapacityUnits")]


# ---- item collections ----

ESTIMATE = {"SizeEstimateRangeGB": [0.0, 1.0]}


def metrics(name):
    return {"ItemCollectionKey": {"pk": {"S": name}}, **ESTIMATE}


def test_collections_are_told_of_for_tables_with_local_indexes(dynamodb, table, make_table):
    ask = {"ReturnItemCollectionMetrics": "SIZE"}
    assert dynamodb.put_item(TableName=table, Item=item("c", l="1"), **ask)["ItemCollectionMetrics"] == metrics("c")
    update = {"TableName": table, "Key": key_of(item("c")), "UpdateExpression": "SET a = pk"}
    assert dynamodb.update_item(**update, **ask)["ItemCollectionMetrics"] == metrics("c")
    assert "ItemCollectionMetrics" not in dynamodb.update_item(**update)
    assert dynamodb.delete_item(TableName=table, Key=key_of(item("c")), **ask)["ItemCollectionMetrics"] == metrics("c")
    plain = make_table("S")
    assert "ItemCollectionMetrics" not in dynamodb.put_item(TableName=plain, Item=item("c"), **ask)
    writes = [{"PutRequest": {"Item": item(name, sk)}} for name, sk in (("c", "1"), ("c", "2"), ("d", "1"))]
    batch = dynamodb.batch_write_item(RequestItems={table: writes, plain: writes[:1]}, **ask)
    assert batch["ItemCollectionMetrics"] == {table: [metrics("c"), metrics("d")]}
    whole = dynamodb.transact_write_items(**ask, TransactItems=[
        {"Put": {"TableName": plain, "Item": item("e")}}, {"Put": {"TableName": table, "Item": item("e")}},
        {"ConditionCheck": {"TableName": table, "Key": key_of(item("f")), "ConditionExpression": "attribute_not_exists(pk)"}}])
    assert whole["ItemCollectionMetrics"] == {table: [metrics("e")]}
