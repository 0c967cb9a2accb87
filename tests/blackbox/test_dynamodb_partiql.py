"""PartiQL through boto3: statements, batches, transactions, and the stream records that they make."""
import base64
import json
import time

import pytest
from botocore.exceptions import ClientError

NOT_WELL_FORMED = "Statement wasn't well formed, can't be processed: "
S, N = (lambda text: {"S": text}), (lambda number: {"N": str(number)})


class Statements:
    """Runs statements on one table; T in a statement stands for its quoted name."""

    def __init__(self, dynamodb, table):
        self.dynamodb, self.table = dynamodb, table

    def text(self, statement):
        return statement.replace(" T", f' "{self.table}"')

    def run(self, statement, *parameters, **more):
        if parameters:
            more["Parameters"] = list(parameters)
        return self.dynamodb.execute_statement(Statement=self.text(statement), **more)

    def items(self, statement, *parameters, **more):
        return self.run(statement, *parameters, **more)["Items"]

    def refused(self, statement, *parameters, **more):
        with pytest.raises(ClientError) as caught:
            self.run(statement, *parameters, **more)
        error = caught.value.response["Error"]
        return error["Code"], error["Message"]

    def invalid(self, statement, *parameters, **more):
        code, message = self.refused(statement, *parameters, **more)
        assert code == "ValidationException", message
        return message

    def get(self, pk, sk="1"):
        return self.dynamodb.get_item(TableName=self.table, Key={"pk": S(pk), "sk": S(sk)}, ConsistentRead=True).get("Item")

    def put(self, pk, sk="1", **attributes):
        self.dynamodb.put_item(TableName=self.table, Item={"pk": S(pk), "sk": S(sk), **attributes})


@pytest.fixture(name="ql", scope="module")
def fixture_ql(dynamodb):
    name = f"partiql-{time.monotonic_ns()}"
    keys = lambda *names: [{"AttributeName": each, "KeyType": kind} for each, kind in zip(names, ("HASH", "RANGE"))]
    dynamodb.create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST", KeySchema=keys("pk", "sk"),
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in ("pk", "sk", "gpk", "lsk")],
        GlobalSecondaryIndexes=[{"IndexName": "global", "KeySchema": keys("gpk", "sk"),
                                 "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["shown"]}}],
        LocalSecondaryIndexes=[{"IndexName": "local", "KeySchema": keys("pk", "lsk"), "Projection": {"ProjectionType": "KEYS_ONLY"}}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    yield Statements(dynamodb, name)
    dynamodb.delete_table(TableName=name)


# ---- INSERT ----

def test_insert_takes_literals_of_all_types(ql):
    assert ql.run("INSERT INTO T VALUE {'pk': 'types', 'sk': '1', 'n': 1E3, 'neg': -1.5e-3, 'm': {'a': [1, 'x', null, true]}, "
                  "'ns': <<1, 4.5>>, 'ss': <<'a', 'b'>>, 'q': 'it''s', 'e': ''}")["Items"] == []
    item = ql.get("types")
    assert sorted(item.pop("ns")["NS"]) == ["1", "4.5"] and sorted(item.pop("ss")["SS"]) == ["a", "b"]
    assert item == {"pk": S("types"), "sk": S("1"), "n": N(1000), "neg": N("-0.0015"), "q": S("it's"), "e": S(""),
                    "m": {"M": {"a": {"L": [N(1), S("x"), {"NULL": True}, {"BOOL": True}]}}}}


def test_insert_takes_parameters_anywhere(ql):
    ql.run("INSERT INTO T VALUE {'pk': ?, 'sk': ?, 'l': [?, {'b': ?}]}", S("params"), S("1"), N(1), {"B": b"\0\xff"})
    assert ql.get("params")["l"] == {"L": [N(1), {"M": {"b": {"B": b"\0\xff"}}}]}
    ql.run("INSERT INTO T VALUE ?", {"M": {"pk": S("whole"), "sk": S("1")}})
    assert ql.get("whole") == {"pk": S("whole"), "sk": S("1")}


def test_insert_does_not_replace(ql):
    ql.put("twice", v=S("first"))
    assert ql.refused("INSERT INTO T VALUE {'pk': 'twice', 'sk': '1', 'v': 'second'}") == (
        "DuplicateItemException", "Duplicate primary key exists in table")
    assert ql.get("twice")["v"] == S("first")


@pytest.mark.parametrize("value, words", [
    ("<<>>", "Empty bags are not supported"),
    ("<<1, 'a'>>", "Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags"),
    ("<<'a', 'a'>>", "One or more parameter values were invalid: Input collection [a, a] contains duplicates."),
    ("1e126", "Number overflow. Attempting to store a number with magnitude larger than supported range under root"),
    ("{'x': 1e-131}", "Number underflow. Attempting to store a number with magnitude smaller than supported range under root.x"),
    ("[1, 123456789012345678901234567890123456789]",
     "Attempting to store more than 38 significant digits in a Number under root[1]"),
])
def test_insert_refuses_what_cannot_be_stored(ql, value, words):
    assert ql.invalid(f"INSERT INTO T VALUE {{'pk': 'bad', 'sk': '1', 'v': {value}}}") == words
    assert ql.get("bad") is None


# ---- SELECT ----

def test_select_conditions(ql):
    ql.put("where", "1", a=N(5), s=S("hello"), tags={"SS": ["x", "y"]}, none={"NULL": True}, m={"M": {"l": {"L": [S("deep")]}}})
    ql.put("where", "2", a=N(7), s=S("world"))
    found = lambda condition, *parameters: [item["sk"]["S"] for item in
                                            ql.items(f"SELECT * FROM T WHERE pk = 'where' AND ({condition})", *parameters)]
    assert found("a = 5") == ["1"] and found("a <> 5") == ["2"] and found("a != 5") == ["2"]
    assert found("a < 7") == ["1"] and found("7 > a") == ["1"] and found("a >= 7") == ["2"] and found("a<=5") == ["1"]
    assert found("a BETWEEN 6 AND 8") == ["2"] and found("a NOT BETWEEN 6 AND 8") == ["1"]
    assert found("a IN [5, 6]") == ["1"] and found("a IN (6, 7)") == ["2"] and found("a NOT IN [5]") == ["2"]
    assert found("a IN ?", {"L": [N(7)]}) == ["2"]
    assert found("a = 5 OR a = 7") == ["1", "2"] and found("NOT (a = 5 OR s = 'x')") == ["2"]
    assert found("tags IS MISSING") == ["2"] and found("tags IS NOT MISSING") == ["1"]
    assert found("none IS NULL") == ["1"] and found("none IS NOT NULL") == ["2"] and found("absent IS NULL") == []
    assert found("begins_with(s, 'he')") == ["1"] and found("NOT begins_with(\"s\", 'he')") == ["2"]
    assert found("contains(tags, 'x')") == ["1"] and found("CONTAINS(s, 'orl')") == ["2"]
    assert found("attribute_type(tags, 'SS')") == ["1"] and found("size(s) = 5 AND size(tags) > 1") == ["1"]
    assert found("attribute_exists(tags) = true") == ["1"] and found("s IS STRING") == ["1", "2"]
    assert found("m.l[0] = 'deep'") == ["1"] and found("m['l'][0] = ?", S("deep")) == ["1"]


def test_select_answers_columns_from_their_last_name_on(ql):
    ql.put("columns", a={"M": {"b": {"L": [S("x"), S("y")]}, "c d": N(1)}})
    assert ql.items("SELECT sk, a.b[1], a.\"c d\", nothing FROM T WHERE pk = 'columns'") == [
        {"sk": S("1"), "b[1]": S("y"), "c d": N(1)}]


def test_select_reads_several_partitions_and_orders_them(ql):
    for pk in ("o", "p"):
        for sk in "123":
            ql.put(pk, sk)
    rows = lambda rest, **more: [item["pk"]["S"] + item["sk"]["S"] for item in ql.items(f"SELECT pk, sk FROM T WHERE {rest}", **more)]
    assert rows("pk = 'o' ORDER BY sk DESC") == ["o3", "o2", "o1"]
    assert rows("pk = 'o' AND sk > '1' ORDER BY sk") == ["o2", "o3"]
    assert rows("pk IN ['p', 'o', 'p'] ORDER BY pk DESC, sk ASC") == ["p1", "p2", "p3", "o1", "o2", "o3"]
    assert sorted(rows("pk = 'o' AND sk = '1' OR pk = 'p' AND sk = '2'")) == ["o1", "p2"]
    assert rows("pk = 'o' AND sk BETWEEN '1' AND '2'") == ["o1", "o2"]
    assert ql.invalid("SELECT sk FROM T ORDER BY sk") == "Must have WHERE clause in the statement when using ORDER BY clause."
    assert ql.invalid("SELECT sk FROM T WHERE pk = 'o' ORDER BY v") == "Attribute v in ORDER BY clause must be part of the primary key"
    assert ql.invalid("SELECT sk FROM T WHERE pk > 'a' ORDER BY sk").startswith("Must have at least one non-optional hash key condition")
    assert ql.invalid("SELECT sk FROM T WHERE pk IN ['o','p'] ORDER BY sk").startswith("Must have hash key in ORDER BY clause")


@pytest.mark.parametrize("condition", ["pk IN ['pages-a', 'pages-b', 'pages-c']", "pk IN ['pages-a', 'pages-b', 'pages-c'] ORDER BY pk DESC",
                                       "begins_with(pk, 'pages-')"])
def test_select_pages_give_every_item_once(ql, condition):
    for pk in "abc":
        for sk in range(5):
            ql.put(f"pages-{pk}", str(sk))
    statement, seen, token = f"SELECT pk, sk FROM T WHERE {condition}", [], {}
    while True:
        page = ql.run(statement, Limit=4, **token)
        seen += [(item["pk"]["S"], item["sk"]["S"]) for item in page["Items"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert len(seen) == 15 and len(set(seen)) == 15


def test_a_token_belongs_to_its_statement(ql):
    for sk in "12":
        ql.put("token", sk)
    token = ql.run("SELECT * FROM T WHERE pk = 'token'", Limit=1)["NextToken"]
    assert ql.invalid("SELECT * FROM T WHERE pk = 'token' AND sk > '0'", NextToken=token) == "NextToken does not match request"
    assert ql.invalid("SELECT * FROM T WHERE pk = 'token'", NextToken="nonsense!") == "Invalid NextToken"
    assert ql.invalid("SELECT * FROM T WHERE pk = 'token'", NextToken=base64.b64encode(b"x" * 30).decode()) == "Invalid NextToken"


def test_select_reads_indexes(ql):
    ql.put("index", gpk=S("g"), lsk=S("l"), shown=S("yes"), hidden=S("no"))
    at = lambda index: f"FROM \"{ql.table}\".\"{index}\""
    assert ql.items(f"SELECT shown {at('global')} WHERE gpk = 'g'") == [{"shown": S("yes")}]
    assert ql.items(f"SELECT pk {at('global')} WHERE shown = 'yes'") == [{"pk": S("index")}]
    assert ql.items(f"SELECT hidden {at('local')} WHERE pk = 'index' AND lsk = 'l'", ConsistentRead=True) == [{"hidden": S("no")}]
    assert ql.invalid(f"SELECT * {at('none')} WHERE pk = 'x'") == "The table does not have the specified index"
    assert ql.invalid(f"SELECT * {at('global')} WHERE gpk = 'g'", ConsistentRead=True) == (
        "Strongly consistent read is not supported on Global Secondary Indexes")
    assert ql.invalid(f"SELECT hidden {at('global')} WHERE gpk = 'g'") == (
        "One or more parameter values were invalid: Global secondary index global does not project [hidden]")
    assert ql.invalid(f"SELECT pk {at('global')} WHERE gpk = 'g' AND b = 1 AND hidden = 'no'") == (
        "One or more parameter values were invalid: Secondary index global does not project one or more filter attributes: [b, hidden]")


def test_consumed_capacity(ql):
    ql.put("capacity")
    used = lambda **more: ql.run("SELECT * FROM T WHERE pk = 'capacity'", ReturnConsumedCapacity="TOTAL", **more)["ConsumedCapacity"]
    assert used() == {"TableName": ql.table, "CapacityUnits": 0.5} and used(ConsistentRead=True)["CapacityUnits"] == 1.0
    assert ql.run("UPDATE T SET a = 1 WHERE pk = 'capacity' AND sk = '1'", ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"] == {
        "TableName": ql.table, "CapacityUnits": 1.0}


# ---- UPDATE, DELETE ----

def test_update_changes_an_item(ql):
    ql.put("update", n=N(1), l={"L": [N(1)]}, ss={"SS": ["a"]}, ns={"NS": ["1", "2"]}, m={"M": {"x": S("old"), "y": S("keep")}}, gone=S("x"))
    ql.run("UPDATE T SET n = n + 100 SET l = list_append(l, [2, 'x']), ss = SET_ADD(ss, <<'b'>>) SET ns = set_delete(ns, <<1>>) "
           "SET m.x = ?, fresh = set_add(fresh, <<'m'>>) REMOVE gone WHERE pk = 'update' AND sk = '1'", S("new"))
    item = ql.get("update")
    assert sorted(item.pop("ss")["SS"]) == ["a", "b"]
    assert item == {"pk": S("update"), "sk": S("1"), "n": N(101), "l": {"L": [N(1), N(2), S("x")]}, "ns": {"NS": ["2"]},
                    "m": {"M": {"x": S("new"), "y": S("keep")}}, "fresh": {"SS": ["m"]}}
    ql.run(f"FROM T WHERE pk = 'update' AND sk = '1' SET n=n-1")
    assert ql.get("update")["n"] == N(100)


@pytest.mark.parametrize("returning, expected", [
    ("ALL OLD", [{"pk": S("returning"), "sk": S("1"), "data": S("old"), "keep": S("same")}]),
    ("ALL NEW", [{"pk": S("returning"), "sk": S("1"), "data": S("new"), "keep": S("same")}]),
    ("MODIFIED OLD", [{"data": S("old")}]), ("MODIFIED NEW", [{"data": S("new")}])])
def test_update_returning(ql, returning, expected):
    ql.put("returning", data=S("old"), keep=S("same"))
    assert ql.items(f"UPDATE T SET data = 'new' WHERE pk = 'returning' AND sk = '1' RETURNING {returning} *") == expected


def test_returning_nothing_is_an_empty_list(ql):
    ql.put("empty-returning", data=S("x"), tags={"L": [S("a"), S("b")]})
    where = "WHERE pk = 'empty-returning' AND sk = '1'"
    assert ql.items(f"UPDATE T SET tags[5] = 'c' {where} RETURNING MODIFIED NEW *") == []
    assert ql.items(f"UPDATE T REMOVE tags[1] {where} RETURNING MODIFIED NEW *") == [{"tags": {"L": [S("c")]}}]
    assert ql.items(f"UPDATE T REMOVE data {where} RETURNING MODIFIED NEW *") == []
    assert ql.items("DELETE FROM T WHERE pk = 'missing' AND sk = '1' RETURNING ALL OLD *") == []


def test_update_is_no_upsert_and_delete_of_a_missing_item_is_nothing(ql):
    failed = ("ConditionalCheckFailedException", "The conditional request failed")
    assert ql.refused("UPDATE T SET a = 1 WHERE pk = 'missing' AND sk = '1'") == failed
    assert ql.refused("UPDATE T SET a = 1 WHERE pk = 'missing' AND sk = '1' AND attribute_not_exists(pk)") == failed
    ql.run("DELETE FROM T WHERE pk = 'missing' AND sk = '1' AND a = 1")
    assert ql.get("missing") is None


def test_further_conditions_of_writes_must_hold(ql, raw):
    ql.put("guarded", v=N(1))
    where = "WHERE (pk = 'guarded' AND sk = '1') AND v = 2"
    assert ql.refused(f"UPDATE T SET a = 1 {where}")[0] == ql.refused(f"DELETE FROM T {where}")[0] == "ConditionalCheckFailedException"
    status, _, answer = raw.call("ExecuteStatement", {"Statement": ql.text(f"DELETE FROM T {where}"),  # newer than Debian's boto3
                                                      "ReturnValuesOnConditionCheckFailure": "ALL_OLD"})
    assert status == 400 and json.loads(answer)["Item"] == {"pk": S("guarded"), "sk": S("1"), "v": N(1)}
    assert ql.items("DELETE FROM T WHERE pk = 'guarded' AND sk = '1' AND v = 1 RETURNING ALL OLD *")[0]["v"] == N(1)
    assert ql.get("guarded") is None


# ---- refusals ----

@pytest.mark.parametrize("statement, words", [
    ("SLECT * FROM T", NOT_WELL_FORMED + "Expected data manipulation"),
    ("SELECT * FROM T WHERE", NOT_WELL_FORMED + "Unexpected term"),
    ("SELECT * FROM T WHERE;", NOT_WELL_FORMED + "Unexpected term"),
    ("SELECT * FROM T WHERE pk = 'a' AND", NOT_WELL_FORMED + "Missing right-hand side expression of infix operator"),
    ("SELECT * FROM T WHERE ORDER BY pk", NOT_WELL_FORMED + "Unexpected keyword"),
    ("SELECT * FROM T WHERE IS NULL", NOT_WELL_FORMED + "Unexpected operator"),
    ("SELECT * FROM T WHERE pk = LIKE", NOT_WELL_FORMED + "Unexpected operator"),
    ("SELECT * FROM T WHERE pk = 'a' AND x IS FOO", NOT_WELL_FORMED + "Expected type name"),
    ("SELECT * FROM T WHERE pk = 'a' foo", NOT_WELL_FORMED + "Unexpected token after expression"),
    ("SELECT * FROM T WHERE pk = 1)", NOT_WELL_FORMED + "Unexpected token after expression"),
    ("SELECT * FROM T ORDER BY pk WHERE pk = 'a'", NOT_WELL_FORMED + "Unexpected token after expression"),
    ("SELECT * FROM T WHERE pk = 1e2147483648", NOT_WELL_FORMED),
    ("SELECT * FROM T WHERE pk = 'a' /* open", NOT_WELL_FORMED),
    ("SELECT * FROM T t WHERE pk = 'a'", "Aliasing is not supported"),
    ("UPDATE T AS t SET a = 1 WHERE pk = 'a'", "Aliasing is not supported"),
    ("INSERT INTO T t VALUE {'pk': 'a'}", NOT_WELL_FORMED + "Unexpected token after expression"),
    ("DELETE FROM WHERE pk = 'a'", NOT_WELL_FORMED + "Expected identifier for simple path"),
    ("SELECT * FROM", NOT_WELL_FORMED + "Unexpected term"),
    ("SELECT * FROM \"\" WHERE pk = 'a'", "Path component cannot be an empty string"),
    ("SELECT * FROM T.\"a\".\"b\" WHERE pk = 'a'", "A path may contain at most 2 components in the FROM clause"),
    ("SELECT pk FROM T WHERE m.inner = 1", NOT_WELL_FORMED + "Invalid path dot component"),
    ("DELETE FROM T WHERE name = 'a'", "Where clause does not contain a mandatory equality on all key attributes"),
    ("UPDATE T SET a = 1 WHERE pk = 'a'", "Where clause does not contain a mandatory equality on all key attributes"),
    ("UPDATE T SET a = 1", "Where clause does not contain a mandatory equality on all key attributes"),
    ("DELETE FROM T WHERE pk = 'a' AND sk = '1' RETURNING MODIFIED OLD *",
     "Invalid returning clause: RETURNING MODIFIED OLD *. Only RETURNING ALL OLD * is allowed in DELETE statements."),
    ("SELECT * FROM T WHERE attribute_exists('a')",
     "Operator or function requires a document path; operator or function: attribute_exists"),
    ("SELECT * FROM T WHERE attribute_exists()",
     "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 0"),
    ("SELECT * FROM T WHERE a < true", "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL"),
    ("SELECT * FROM T WHERE pk = ?", "Number of parameters in request and statement don't match."),
    ("SELECT * FROM T WHERE pk = 1",
     "One or more parameter values were invalid: Condition parameter type does not match schema type"),
    ("EXISTS(SELECT * FROM T WHERE pk = 'a' AND sk = '1' AND a = 1)", "EXISTS can only be used in ExecuteTransaction write requests."),
    ("UPDATE T SET pk = 'b' WHERE pk = 'a' AND sk = '1'",
     "One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key"),
])
def test_refused(ql, statement, words):
    assert ql.invalid(statement) == words


@pytest.mark.parametrize("statement, token, words", [
    ("UPDATE T SET t = set_add(ss, <<'x'>>) WHERE pk = 'a'", "set_add", "The first argument to SET_ADD must equal the assignment value"),
    ("UPDATE T SET ss = set_add(ss) WHERE pk = 'a'", "set_add", "SET_ADD must have exactly two arguments"),
    ("UPDATE T\nSET abc = set_delete(\"abc\", ['x'])", "\"abc\"", "The second argument to SET_DELETE must be a value with type SET"),
    ("SELECT * FROM T WHERE EXISTS(ss)", "EXISTS", "Unrecognized function: exists"),
    ("SELECT size(a) FROM T", "size", "Unexpected path component"),
    ("INSERT INTO T VALUE {'a': set_add(1)}", "set_add", "Unsupported data type: set_add under key root"),
])
def test_refusals_that_say_where(ql, statement, token, words):
    text = ql.text(statement)
    at = text.index(token)
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    assert ql.invalid(statement) == f"{words} at {line}:{column}:{len(token)}"


def test_a_table_that_is_not_there(ql):
    for statement in ("SELECT * FROM nowhere", "DELETE FROM nowhere WHERE pk = 'a'", "INSERT INTO nowhere VALUE {'pk': 'a'}"):
        assert ql.refused(statement) == ("ResourceNotFoundException", "Requested resource not found")


# ---- batches ----

def test_batch_answers_each_statement(ql, raw):
    ql.put("batch-1", v=N(1))
    ql.put("batch-2", v=N(2))
    statements = ["SELECT v FROM T WHERE pk = 'batch-1' AND sk = '1'", "SELECT * FROM T WHERE pk = 'batch-0' AND sk = '1'",
                  "SELECT * FROM nowhere WHERE pk = 'a'", "SELECT * FROM T WHERE pk = 'batch-1'", "SLECT",
                  "INSERT INTO T VALUE {'pk': 'batch-1', 'sk': '1'}",
                  "UPDATE T SET v = 3 WHERE pk = 'batch-2' AND sk = '1' RETURNING ALL NEW *",
                  "DELETE FROM T WHERE pk = 'batch-1' AND sk = '1' AND v = 9"]
    members = [{"Statement": ql.text(each)} for each in statements]
    members[7]["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    answer = json.loads(raw.call("BatchExecuteStatement", {"Statements": members, "ReturnConsumedCapacity": "TOTAL"})[2])
    first = {"pk": S("batch-1"), "sk": S("1"), "v": N(1)}
    assert answer["Responses"] == [
        {"TableName": ql.table, "Item": {"v": N(1)}},
        {"TableName": ql.table},
        {"Error": {"Code": "ResourceNotFound", "Message": "Requested resource not found"}},
        {"Error": {"Code": "ValidationError", "Message": "Select statements within BatchExecuteStatement must specify the primary key "
                                                         "in the where clause."}},
        {"Error": {"Code": "ValidationError", "Message": NOT_WELL_FORMED + "Expected data manipulation"}},
        {"TableName": ql.table, "Error": {"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"}},
        {"TableName": ql.table, "Item": {"pk": S("batch-2"), "sk": S("1"), "v": N(3)}},
        {"TableName": ql.table, "Error": {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed", "Item": first}}]
    assert answer["ConsumedCapacity"] == [{"TableName": ql.table, "CapacityUnits": 4.0}]
    assert ql.get("batch-2")["v"] == N(3)


# ---- transactions ----

def transact(ql, *statements, **more):
    return ql.dynamodb.execute_transaction(TransactStatements=[{"Statement": ql.text(each)} for each in statements], **more)


def cancelled(ql, *statements):
    with pytest.raises(ClientError) as caught:
        transact(ql, *statements)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["Error"]["Message"], [each["Code"] for each in answer.get("CancellationReasons", [])]


def test_a_transaction_writes_all_or_nothing(ql):
    ql.put("tx-1", v=N(1))
    transact(ql, "INSERT INTO T VALUE {'pk': 'tx-2', 'sk': '1'}", "UPDATE T SET v = v + 1 WHERE pk = 'tx-1' AND sk = '1'",
             "EXISTS(SELECT * FROM T WHERE pk = 'tx-3' AND sk = '1' AND v IS MISSING)")
    assert ql.get("tx-1")["v"] == N(2) and ql.get("tx-2") is not None
    code, message, reasons = cancelled(ql, "INSERT INTO T VALUE {'pk': 'tx-4', 'sk': '1'}", "INSERT INTO T VALUE {'pk': 'tx-1', 'sk': '1'}",
                                       "EXISTS(SELECT * FROM T WHERE pk = 'tx-2' AND sk = '1' AND v = 1)")
    assert code == "TransactionCanceledException" and reasons == ["None", "DuplicateItem", "ConditionalCheckFailed"]
    assert message.endswith("[None, DuplicateItem, ConditionalCheckFailed]")
    assert ql.get("tx-4") is None


def test_a_transaction_reads_single_items(ql):
    ql.put("tx-read", v=N(1))
    select = "SELECT v FROM T WHERE sk = '1' AND pk = "
    answer = transact(ql, select + "'tx-read'", select + "'tx-none'", ReturnConsumedCapacity="TOTAL")
    assert answer["Responses"] == [{"Item": {"v": N(1)}}, {}]
    assert answer["ConsumedCapacity"] == [{"TableName": ql.table, "CapacityUnits": 4.0, "ReadCapacityUnits": 4.0}]
    assert cancelled(ql, select + "'a'", select + "1")[1:] == (
        "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ValidationError]", ["None", "ValidationError"])


@pytest.mark.parametrize("statements, words", [
    (["SELECT * FROM T WHERE pk = 'a' AND sk = '1'", "DELETE FROM T WHERE pk = 'b' AND sk = '1'"],
     "ExecuteTransaction API does not support both read and write operations in the same request."),
    (["SELECT * FROM T WHERE pk = 'a' AND sk = '1'", "SELECT pk FROM T WHERE sk = '1' AND pk = 'a'"],
     "Transaction request cannot include multiple operations on one item"),
    (["SELECT * FROM T WHERE pk = 'a'"], "Validation failed in TransactStatements[0]: Select statements within ExecuteTransaction must "
                                         "specify the primary key in the where clause."),
    (["SELECT * FROM T.\"global\" WHERE gpk = 'a'"],
     "Validation failed in TransactStatements[0]: Reads on indices are not supported within transactions."),
    (["DELETE FROM T WHERE pk = 'a' AND sk = '1'", "UPDATE T SET v = 1 WHERE pk = 'b' AND sk = '1' RETURNING ALL NEW *"],
     "Validation failed in TransactStatements[1]: RETURNING clause is not supported in ExecuteTransaction."),
    (["EXISTS(SELECT * FROM T WHERE pk = 'a' AND sk = '1')", "DELETE FROM T WHERE pk = 'b' AND sk = '1'"],
     "Validation failed in TransactStatements[0]: EXISTS() must contain a single item read with additional condition"),
    (["SELECT * FROM T WHERE"], "Validation failed in TransactStatements[0]: " + NOT_WELL_FORMED + "Unexpected term"),
])
def test_transactions_that_are_refused(ql, statements, words):
    assert cancelled(ql, *statements) == ("ValidationException", words, [])


def test_a_token_makes_a_transaction_happen_once(ql):
    ql.put("tx-once", v=N(0))
    statement = "UPDATE T SET v = v + 1 WHERE pk = 'tx-once' AND sk = '1'"
    for _ in range(2):
        transact(ql, statement, ClientRequestToken="partiql-once")
    assert ql.get("tx-once")["v"] == N(1)
    with pytest.raises(ClientError) as caught:
        transact(ql, statement + " AND v = 1", ClientRequestToken="partiql-once")
    assert caught.value.response["Error"]["Code"] == "IdempotentParameterMismatchException"


# ---- streams ----

def records(streams, dynamodb, table):
    arn = dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][-1]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    return streams.get_records(ShardIterator=iterator)["Records"]


def test_writes_make_stream_records_and_writes_that_change_nothing_none(ql, streams):
    of = lambda: [(each["eventName"], each["dynamodb"].get("OldImage"), each["dynamodb"].get("NewImage"))
                  for each in records(streams, ql.dynamodb, ql.table) if each["dynamodb"]["Keys"]["pk"] == S("stream")]
    image = lambda value: {"pk": S("stream"), "sk": S("1"), "v": S(value)}
    where = "WHERE pk = 'stream' AND sk = '1'"
    ql.run("INSERT INTO T VALUE {'pk': 'stream', 'sk': '1', 'v': 'one'}")
    ql.run(f"UPDATE T SET v = 'two' {where}")
    ql.run(f"UPDATE T SET v = 'two' {where}")
    ql.run(f"UPDATE T REMOVE nothing {where}")
    ql.refused("INSERT INTO T VALUE {'pk': 'stream', 'sk': '1'}")
    ql.dynamodb.batch_execute_statement(Statements=[{"Statement": ql.text(f"UPDATE T SET v = 'three' {where}")}])
    transact(ql, f"UPDATE T SET v = 'four' {where}")
    ql.run(f"DELETE FROM T {where}")
    ql.run(f"DELETE FROM T {where}")
    assert of() == [("INSERT", None, image("one")), ("MODIFY", image("one"), image("two")), ("MODIFY", image("two"), image("three")),
                    ("MODIFY", image("three"), image("four")), ("REMOVE", image("four"), None)]


# ---- the wire ----

def test_parameters_are_checked_as_attribute_values(raw, ql):
    assert raw.refused("ExecuteStatement", {"Statement": "SELECT * FROM t WHERE pk = ?", "Parameters": []}) == (
        "ValidationException", "1 validation error detected: Value '[]' at 'parameters' failed to satisfy constraint: Member must have "
                               "length greater than or equal to 1")
    assert raw.refused("ExecuteStatement", {"Statement": "UPDATE", "Parameters": [{"SS": ["a", "a"]}]}) == (
        "ValidationException", "One or more parameter values were invalid: Input collection [a, a] contains duplicates.")
    status, _, answer = raw.call("ExecuteStatement", {"Statement": ql.text("SELECT * FROM T WHERE pk = 'none'")})
    assert (status, json.loads(answer)) == (200, {"Items": []})
