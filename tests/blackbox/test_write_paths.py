"""What the stream tells of each way to write: the same records for the same changes, and none for what changes nothing."""
import itertools
import time

import pytest
from botocore.exceptions import ClientError

from replay import IMAGES, Client, check_form, read_stream, replay

NUMBERS = itertools.count(1)
KEY, ONE, TWO = {"pk": {"S": "a"}}, {"pk": {"S": "a"}, "v": {"N": "1"}}, {"pk": {"S": "a"}, "v": {"N": "2"}}
FIVE = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}  # a provisioned table has one shard


@pytest.fixture(name="wire", scope="module")
def fixture_wire(leat):
    client = Client(leat.port)
    yield client
    client.close()


@pytest.fixture(name="make", scope="module")
def fixture_make(make_table):
    def make(view="NEW_AND_OLD_IMAGES", sort=None):
        return make_table(sort, BillingMode="PROVISIONED", ProvisionedThroughput=FIVE,
                          StreamSpecification={"StreamEnabled": True, "StreamViewType": view})

    return make


class Path:
    """put, update (SET v) and delete of the item, the way that a subclass says."""

    def __init__(self, dynamodb, table):
        self.dynamodb, self.table = dynamodb, table

    def updating(self, value):
        return {"TableName": self.table, "Key": KEY, "UpdateExpression": "SET v = :v", "ExpressionAttributeValues": {":v": value}}


class Single(Path):
    def put(self, item):
        self.dynamodb.put_item(TableName=self.table, Item=item)

    def update(self, value):
        self.dynamodb.update_item(**self.updating(value))

    def delete(self):
        self.dynamodb.delete_item(TableName=self.table, Key=KEY)


class Batch(Path):
    def write(self, kind, **request):
        self.dynamodb.batch_write_item(RequestItems={self.table: [{kind: request}]})

    def put(self, item):
        self.write("PutRequest", Item=item)

    def update(self, value):
        self.put({**KEY, "v": value})

    def delete(self):
        self.write("DeleteRequest", Key=KEY)


class Transaction(Path):
    def write(self, kind, **request):
        self.dynamodb.transact_write_items(TransactItems=[{kind: {"TableName": self.table, **request}}])

    def put(self, item):
        self.write("Put", Item=item)

    def update(self, value):
        self.write("Update", **self.updating(value))

    def delete(self):
        self.write("Delete", Key=KEY)


class Statement(Path):
    def run(self, statement, *parameters):
        self.dynamodb.execute_statement(**self.one(statement, parameters))

    def one(self, statement, parameters):
        return {"Statement": statement.replace("TABLE", f'"{self.table}"'), **({"Parameters": list(parameters)} if parameters else {})}

    def put(self, item):
        try:
            self.run("INSERT INTO TABLE VALUE {'pk': 'a', 'v': ?}", item["v"])
        except ClientError as refused:  # INSERT replaces nothing, which is no change either
            code = refused.response["Error"]["Code"]
            assert code == "DuplicateItemException" or refused.response["CancellationReasons"][0]["Code"] == "DuplicateItem"

    def update(self, value):
        self.run("UPDATE TABLE SET v = ? WHERE pk = 'a'", value)

    def delete(self):
        self.run("DELETE FROM TABLE WHERE pk = 'a'")


class StatementBatch(Statement):
    def run(self, statement, *parameters):
        self.dynamodb.batch_execute_statement(Statements=[self.one(statement, parameters)])


class StatementTransaction(Statement):
    def run(self, statement, *parameters):
        self.dynamodb.execute_transaction(TransactStatements=[self.one(statement, parameters)])


PATHS = [Single, Batch, Transaction, Statement, StatementBatch, StatementTransaction]


@pytest.mark.parametrize("path", PATHS)
def test_each_path_and_view(dynamodb, wire, make, path):
    wanted = [("INSERT", None, ONE), ("MODIFY", ONE, TWO), ("REMOVE", TWO, None)]
    for view, images in IMAGES.items():
        table = make(view)
        write = path(dynamodb, table)
        begun = int(time.time())
        for _ in range(2):
            write.put(ONE)
        for _ in range(2):
            write.update(TWO["v"])
        for _ in range(2):
            write.delete()
        records = read_stream(wire, table)
        assert [record["eventName"] for record in records] == [event for event, _, _ in wanted]
        for record, (_, old, new) in zip(records, wanted):
            check_form(record, view)
            change = record["dynamodb"]
            assert change["Keys"] == KEY and "userIdentity" not in record
            assert change.get("OldImage") == (old if "OldImage" in images else None)
            assert change.get("NewImage") == (new if "NewImage" in images else None)
            assert begun <= change["ApproximateCreationDateTime"] <= int(time.time())


STORED = {"pk": {"S": "a"}, "n": {"N": "1.5"}, "s": {"S": ""}, "ns": {"NS": ["1", "2", "30"]}, "ss": {"SS": ["a", "b"]},
          "l": {"L": [{"N": "1"}, {"M": {}}]}, "m": {"M": {"x": {"N": "1"}, "y": {"BOOL": False}}}, "nil": {"NULL": True}}
SPELT = {"m": {"M": {"y": {"BOOL": False}, "x": {"N": "1.0"}}}, "nil": {"NULL": True}, "l": {"L": [{"N": "01"}, {"M": {}}]},
         "ss": {"SS": ["b", "a"]}, "ns": {"NS": ["3e1", "2.0", "1"]}, "s": {"S": ""}, "n": {"N": "0.15E1"}, "pk": {"S": "a"}}


@pytest.mark.parametrize("update, values", [
    ("SET n = n, m.x = m.x", None), ("SET n = n + :v", {":v": {"N": "0"}}), ("ADD n :v", {":v": {"N": "-0"}}),
    ("ADD ss :v", {":v": {"SS": ["b"]}}), ("DELETE ss :v", {":v": {"SS": ["z"]}}), ("DELETE nowhere :v", {":v": {"NS": ["1"]}}),
    ("REMOVE nowhere, l[7]", None), ("SET l = list_append(l, :v)", {":v": {"L": []}}),
    ("SET l[1] = l[1], nil = :v", {":v": {"NULL": True}}),
    ("SET n = if_not_exists(n, :v)", {":v": {"N": "9"}}), ("SET m = :v", {":v": SPELT["m"]}), ("SET ns = :v", {":v": SPELT["ns"]})])
def test_updates_that_change_nothing(dynamodb, wire, make, update, values):
    table = make()
    dynamodb.put_item(TableName=table, Item=STORED)
    request = {"TableName": table, "Key": KEY, "UpdateExpression": update,
               **({"ExpressionAttributeValues": values} if values else {})}
    answer = dynamodb.update_item(**request, ReturnValues="ALL_NEW")
    dynamodb.transact_write_items(TransactItems=[{"Update": request}])
    records = read_stream(wire, table)
    assert [record["eventName"] for record in records] == ["INSERT"]
    assert wire.call("GetItem", TableName=table, Key=KEY)["Item"] == records[0]["dynamodb"]["NewImage"]
    assert answer["Attributes"]["n"] == {"N": "1.5"}


def test_the_same_item_in_other_words_is_no_change(dynamodb, wire, make):
    table = make()
    for item in (STORED, SPELT):
        dynamodb.put_item(TableName=table, Item=item)
        dynamodb.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": item}}]})
        dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": table, "Item": item}}])
    assert len(read_stream(wire, table)) == 1
    dynamodb.put_item(TableName=table, Item={**STORED, "l": {"L": [{"M": {}}, {"N": "1"}]}})  # but a list has an order
    assert [record["eventName"] for record in read_stream(wire, table)] == ["INSERT", "MODIFY"]


def test_a_transactions_records_stand_together_in_its_order(dynamodb, wire, make):
    table, other = make(sort="N"), make(sort="N")
    key = lambda number: {"pk": {"S": "a"}, "sk": {"N": str(number)}}
    for number in range(3):
        dynamodb.put_item(TableName=table, Item={**key(number), "v": {"N": "0"}})
    setting = {"UpdateExpression": "SET v = :v", "ExpressionAttributeValues": {":v": {"N": "1"}}}
    actions = [{"Put": {"TableName": table, "Item": key(9)}}, {"Delete": {"TableName": table, "Key": key(2)}},
               {"ConditionCheck": {"TableName": table, "Key": key(1), "ConditionExpression": "v = :v",
                                   "ExpressionAttributeValues": {":v": {"N": "0"}}}},
               {"Put": {"TableName": other, "Item": key(1)}}, {"Update": {"TableName": table, "Key": key(0), **setting}},
               {"Delete": {"TableName": table, "Key": key(77)}}, {"Update": {"TableName": table, "Key": key(5), **setting}}]
    dynamodb.transact_write_items(TransactItems=actions)
    records = read_stream(wire, table)[3:]
    assert [(record["eventName"], record["dynamodb"]["Keys"]["sk"]["N"]) for record in records] == [
        ("INSERT", "9"), ("REMOVE", "2"), ("MODIFY", "0"), ("INSERT", "5")]
    assert [record["dynamodb"]["Keys"]["sk"]["N"] for record in read_stream(wire, other)] == ["1"]
    with pytest.raises(ClientError):  # the condition does not hold: nothing of it happens
        dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": other, "Item": key(2)}}, {
            "Put": {"TableName": table, "Item": key(1), "ConditionExpression": "attribute_not_exists(pk)"}}])
    assert len(read_stream(wire, table)) == 7 and len(read_stream(wire, other)) == 1
    assert len(replay(read_stream(wire, table))) == 4


def test_a_failed_condition_leaves_no_record(dynamodb, wire, make):
    table = make()
    dynamodb.put_item(TableName=table, Item=ONE)
    for call, request in ((dynamodb.put_item, {"Item": TWO}), (dynamodb.delete_item, {"Key": KEY}),
                          (dynamodb.update_item, {"Key": KEY, "UpdateExpression": "REMOVE v"})):
        with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
            call(TableName=table, ConditionExpression="attribute_not_exists(pk)", **request)
    assert len(read_stream(wire, table)) == 1


@pytest.mark.parametrize("view", IMAGES)
def test_expiry_in_each_view(dynamodb, wire, make, view):
    table = make(view)
    dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "end"})
    item = {**KEY, "end": {"N": str(int(time.time()) - 5)}}
    dynamodb.put_item(TableName=table, Item=item)
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "no number"}, "end": {"S": "1"}})
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "too old"}, "end": {"N": str(int(time.time()) - 6 * 366 * 86400)}})
    until = time.monotonic() + 15
    while "Item" in dynamodb.get_item(TableName=table, Key=KEY):
        assert time.monotonic() < until
        time.sleep(0.05)
    inserts, removals = [], []
    for record in read_stream(wire, table):
        check_form(record, view)
        (removals if record["eventName"] == "REMOVE" else inserts).append(record)
    assert len(inserts) == 3 and not any("userIdentity" in record for record in inserts)
    assert [record["userIdentity"] for record in removals] == [{"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}]
    assert removals[0]["dynamodb"]["Keys"] == KEY
    assert removals[0]["dynamodb"].get("OldImage") == (item if "OldImage" in IMAGES[view] else None)
