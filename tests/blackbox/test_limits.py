"""Limits of the Developer Guide's "Quotas", each at the limit and one over it."""
import pytest
from botocore.exceptions import ClientError

KB = 1024


def refused(call, **request):
    with pytest.raises(ClientError) as fault:
        call(**request)
    return fault.value.response["Error"]["Code"], fault.value.response["Error"]["Message"]


@pytest.fixture(name="table", scope="module")
def fixture_table(make_table):
    return make_table("S")


def item(pk="p", sk="s", **attributes):
    return {"pk": {"S": pk}, "sk": {"S": sk}, **attributes}


# 6 bytes of keys (pk, p, sk, s), 1 of the name "a", and what is in front of the filling
SHAPES = {
    "text": (0, lambda filling: {"S": filling}),
    "characters of two bytes": (4, lambda filling: {"S": "\u00e4\u00f6" + filling}),
    "bytes": (0, lambda filling: {"B": filling.encode()}),
    "a set": (3, lambda filling: {"SS": ["abc", filling]}),
    "a set of bytes": (3, lambda filling: {"BS": [b"abc", filling.encode()]}),
    "a list": (3 + (1 + 1) + (1 + 1) + 1, lambda filling: {"L": [{"BOOL": True}, {"NULL": True}, {"S": filling}]}),
    "a map": (3 + (1 + 2 + 3) + (1 + 1), lambda filling: {"M": {"no": {"L": []}, "b": {"S": filling}}}),
    "numbers": (3 + (1 + 2) + (1 + 3) + (1 + 1) + (1 + 20) + 1, lambda filling: {  # a byte for two digits, one more; one for the sign
        "L": [{"N": "42"}, {"N": "-42"}, {"N": "0"}, {"N": "12345678901234567890123456789012345678"}, {"S": filling}]}),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_an_item_has_400_kb(dynamodb, table, shape):
    before, value = SHAPES[shape]
    room = 400 * KB - 6 - 1 - before
    full, over = item(a=value("x" * room)), item(a=value("x" * (room + 1)))
    dynamodb.put_item(TableName=table, Item=full)
    too_large = ("ValidationException", "Item size has exceeded the maximum allowed size")
    assert refused(dynamodb.put_item, TableName=table, Item=over) == too_large
    assert refused(dynamodb.batch_write_item, RequestItems={table: [{"PutRequest": {"Item": over}}]}) == too_large
    update = {"TableName": table, "Key": item(sk="update"), "UpdateExpression": "SET a = :a"}
    shorter, longer = value("x" * (room - len("update") + 1)), value("x" * (room - len("update") + 2))
    dynamodb.update_item(**update, ExpressionAttributeValues={":a": shorter})
    assert refused(dynamodb.update_item, **update, ExpressionAttributeValues={":a": longer}) == (
        "ValidationException", "Item size to update has exceeded the maximum allowed size")


def test_names_of_attributes_count(dynamodb, table):
    room = 400 * KB - 6 - 60000
    dynamodb.put_item(TableName=table, Item=item(**{"n" * 60000: {"S": "x" * room}}))
    assert refused(dynamodb.put_item, TableName=table, Item=item(**{"n" * 60001: {"S": "x" * room}}))[0] == "ValidationException"


NAME_WORDS = "1 validation error detected: Attribute name is too large, must be less than 65536 bytes"


def test_names_of_attributes_have_64_kb(dynamodb, table):
    dynamodb.put_item(TableName=table, Item=item(**{"n" * 65535: {"S": "x"}, "m": {"M": {"n" * 65535: {"S": "x"}}}}))
    for over in ({"n" * 65536: {"S": "x"}}, {"m": {"M": {"n" * 65536: {"S": "x"}}}}):
        assert refused(dynamodb.put_item, TableName=table, Item=item(**over)) == ("ValidationException", NAME_WORDS)
    update = {"TableName": table, "Key": item(sk="names"), "UpdateExpression": "SET #n = :v", "ExpressionAttributeValues": {":v": {"S": "x"}}}
    dynamodb.update_item(**update, ExpressionAttributeNames={"#n": "n" * 65535})
    assert refused(dynamodb.update_item, **update, ExpressionAttributeNames={"#n": "n" * 65536}) == ("ValidationException", NAME_WORDS)


def test_keys(dynamodb, table):
    dynamodb.put_item(TableName=table, Item=item("p" * 2048, "s" * 1024))
    assert refused(dynamodb.put_item, TableName=table, Item=item("p" * 2049)) == (
        "ValidationException", "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes")
    assert refused(dynamodb.put_item, TableName=table, Item=item(sk="s" * 1025)) == (
        "ValidationException", "One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of "
                               "1024 bytes")


def nested(levels):
    value = {"S": "x"}
    for _ in range(levels):
        value = {"L": [value]}
    return value


def test_nesting(dynamodb, table):
    dynamodb.put_item(TableName=table, Item=item(a=nested(31)))
    assert refused(dynamodb.put_item, TableName=table, Item=item(a=nested(32)))[1].startswith("Nesting Levels have exceeded")


def test_expressions(dynamodb, table):
    put = {"TableName": table, "Item": item("expressions")}
    condition = "attribute_not_exists(nothing)"
    dynamodb.put_item(**put, ConditionExpression=condition + " " * (4096 - len(condition)))
    assert refused(dynamodb.put_item, **put, ConditionExpression=condition + " " * (4097 - len(condition))) == (
        "ValidationException", "Invalid ConditionExpression: Expression size has exceeded the maximum allowed size; expression size: 4097")
    ask = lambda operators: {"ConditionExpression": " OR ".join(["a<>:v"] * ((operators + 1) // 2)) if operators % 2 else
                             "NOT " + " OR ".join(["a<>:v"] * (operators // 2)), "ExpressionAttributeValues": {":v": {"S": "x"}}}
    dynamodb.put_item(**put, **ask(299))
    dynamodb.put_item(**put, **ask(300))
    assert "too many operators" in refused(dynamodb.put_item, **put, **ask(301))[1]


@pytest.mark.parametrize("member, sign, value", [("ExpressionAttributeNames", "#", "a"), ("ExpressionAttributeValues", ":", {"S": "x"})])
def test_placeholders(dynamodb, table, member, sign, value):
    others = {"ExpressionAttributeNames": {"#a": "a"}, "ExpressionAttributeValues": {":v": {"S": "x"}}}
    for size in (255, 256):
        name = sign + "n" * (size - 1)
        request = {"TableName": table, "Item": item("placeholders"), **others, member: {name: value},
                   "ConditionExpression": f"{name} <> :v" if sign == "#" else f"#a <> {name}"}
        if size == 255:
            dynamodb.put_item(**request)
        else:
            assert refused(dynamodb.put_item, **request) == (
                "ValidationException",
                f"{member} contains invalid key: The expression attribute map contains a key that is too long; size of key: 256")


def test_names_and_values_have_2_mb(dynamodb, table):
    room = 2 * KB * KB - len("#a") - len("a") - len(":v")
    ask = {"TableName": table, "Item": item("variables"), "ConditionExpression": "#a <> :v", "ExpressionAttributeNames": {"#a": "a"}}
    dynamodb.put_item(**ask, ExpressionAttributeValues={":v": {"S": "x" * room}})
    code, words = refused(dynamodb.put_item, **ask, ExpressionAttributeValues={":v": {"S": "x" * (room + 1)}})
    assert code == "ValidationException" and "2097152" in words


def test_transactions_have_4_mb(dynamodb, table):
    each = 4 * KB * KB // 16
    puts = lambda last: [{"Put": {"TableName": table, "Item": item(f"{n:x}", a={"S": "x" * (each - 7 + (n == 15) * last)})}} for n in range(16)]
    dynamodb.transact_write_items(TransactItems=puts(0))
    assert "4 MB" in refused(dynamodb.transact_write_items, TransactItems=puts(1))[1]
    gets = [{"Get": {"TableName": table, "Key": item(f"{n:x}")}} for n in range(16)]
    assert len(dynamodb.transact_get_items(TransactItems=gets)["Responses"]) == 16
    dynamodb.put_item(TableName=table, Item=item("0", a={"S": "x" * (each - 6)}))
    assert "4 MB" in refused(dynamodb.transact_get_items, TransactItems=gets)[1]
    text = f"INSERT INTO \"{table}\" VALUE {{'pk': ?, 'sk': 's', 'a': ?}}"
    inserts = lambda last: [{"Statement": text, "Parameters": [{"S": f"q{n:x}"}, {"S": "x" * (each - 8 + (n == 15) * last)}]} for n in range(16)]
    dynamodb.execute_transaction(TransactStatements=inserts(0))
    assert "4 MB" in refused(dynamodb.execute_transaction, TransactStatements=inserts(1))[1]


def test_pages_have_1_mb(dynamodb, make_table):
    table = make_table("S")
    for number in range(12):  # 100 KB each: the eleventh makes the page a megabyte
        dynamodb.put_item(TableName=table, Item=item(sk=f"{number:02}", a={"S": "x" * (100 * KB - 8)}))
    ask = {"TableName": table, "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "p"}}}
    for page in (dynamodb.query(**ask), dynamodb.query(**ask, Select="COUNT"), dynamodb.scan(TableName=table),
                 dynamodb.scan(TableName=table, FilterExpression="pk <> :p", ExpressionAttributeValues={":p": {"S": "p"}})):
        assert page["ScannedCount"] == 11 and page["LastEvaluatedKey"] == item(sk="10")


def test_pages_of_a_local_index_that_fetches(dynamodb, make_table):
    """Entries are small; each item counts with 4 KB, however small: 1 MB is 255 of them and one for the entries."""
    table = make_table("S", AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "l")],
                       LocalSecondaryIndexes=[{"IndexName": "local", "Projection": {"ProjectionType": "KEYS_ONLY"}, "KeySchema": [
                           {"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "l", "KeyType": "RANGE"}]}])
    for start in range(0, 300, 25):
        dynamodb.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": item(sk=f"{n:03}", l={"S": f"{n:03}"}, a={"S": "x"})}}
                                                        for n in range(start, start + 25)]})
    ask = {"TableName": table, "IndexName": "local", "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "p"}}}
    assert dynamodb.query(**ask)["ScannedCount"] == 300
    page = dynamodb.query(**ask, Select="ALL_ATTRIBUTES", ReturnConsumedCapacity="TOTAL")
    assert 254 <= page["ScannedCount"] <= 255 and "LastEvaluatedKey" in page
    assert 127.5 <= page["ConsumedCapacity"]["CapacityUnits"] <= 128.5


# ---- tables ----

def definition(local=0, everywhere=0, include=(), **more):
    """Indexes l0, l1, ... and g0, g1, ...; include: how many attributes of its own each projects besides, from the first on."""
    indexes = [f"l{n}" for n in range(local)] + [f"g{n}" for n in range(everywhere)]
    made = {}
    for name, count in zip(indexes, list(include) + [0] * len(indexes)):
        keys = [("pk", "HASH"), (name, "RANGE")] if name[0] == "l" else [(name, "HASH")]
        made[name] = {"IndexName": f"index-{name}", "KeySchema": [{"AttributeName": key, "KeyType": role} for key, role in keys],
                      "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": [f"{name}-{n}" for n in range(count)]} if count
                      else {"ProjectionType": "KEYS_ONLY"}}
    split = {"LocalSecondaryIndexes": [made[name] for name in indexes if name[0] == "l"],
             "GlobalSecondaryIndexes": [made[name] for name in indexes if name[0] == "g"]}
    return {"sort": "S", "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ["pk", "sk"] + indexes],
            **{name: value for name, value in split.items() if value}, **more}


INVALID = "One or more parameter values were invalid: "


@pytest.mark.parametrize("good, over, words", [
    ({"local": 5}, {"local": 6}, "Number of LocalSecondaryIndexes exceeds per-table limit of 5"),
    ({"everywhere": 20}, {"everywhere": 21}, "GlobalSecondaryIndex count exceeds the per-table limit of 20"),
    ({"local": 2, "everywhere": 4, "include": [20, 20, 20, 20, 20]}, {"local": 2, "everywhere": 4, "include": [20, 20, 20, 20, 20, 1]},
     "NonKeyAttributes count exceeds the per-table limit of 100")], ids=["local", "global", "projected"])
def test_indexes(make_table, good, over, words):
    make_table(**definition(**good))
    with pytest.raises(ClientError) as fault:
        make_table(**definition(**over))
    assert fault.value.response["Error"]["Message"] == INVALID + words


def test_projected_attributes_of_one_index(dynamodb):
    request = definition(everywhere=1, include=[21])
    request.pop("sort")
    code, words = refused(dynamodb.create_table, TableName="limits", BillingMode="PAY_PER_REQUEST", **request,
                          KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}])
    assert code == "ValidationException" and "length less than or equal to 20" in words


def test_names_have_255_characters(dynamodb, make_table):
    make_table(name="t" * 255)
    code, words = refused(dynamodb.create_table, TableName="t" * 256, BillingMode="PAY_PER_REQUEST",
                          AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                          KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}])
    assert code == "ValidationException" and "255" in words
    for size, good in ((255, True), (256, False)):
        request = {"TableName": f"key-{size}", "BillingMode": "PAY_PER_REQUEST",
                   "AttributeDefinitions": [{"AttributeName": "k" * size, "AttributeType": "S"}],
                   "KeySchema": [{"AttributeName": "k" * size, "KeyType": "HASH"}]}
        if good:
            dynamodb.create_table(**request)
        else:
            assert "less than or equal to 255" in refused(dynamodb.create_table, **request)[1]
    index = {"Projection": {"ProjectionType": "ALL"}, "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}]}
    keys = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "g")]
    make_table(AttributeDefinitions=keys, GlobalSecondaryIndexes=[{**index, "IndexName": "i" * 255}])
    with pytest.raises(ClientError) as fault:
        make_table(AttributeDefinitions=keys, GlobalSecondaryIndexes=[{**index, "IndexName": "i" * 256}])
    assert "255" in fault.value.response["Error"]["Message"]
