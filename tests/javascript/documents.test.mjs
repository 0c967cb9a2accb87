// DynamoDBDocumentClient: JavaScript's values there and back, in every operation that it wraps.
import assert from "node:assert/strict";
import test from "node:test";
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import {
  BatchExecuteStatementCommand, BatchGetCommand, BatchWriteCommand, DeleteCommand, DynamoDBDocumentClient, ExecuteStatementCommand,
  ExecuteTransactionCommand, GetCommand, NumberValue, PutCommand, QueryCommand, ScanCommand, TransactGetCommand, TransactWriteCommand,
  UpdateCommand, paginateQuery, paginateScan,
} from "@aws-sdk/lib-dynamodb";
import { collect, documents, dynamodb, makeTable, settings } from "./clients.mjs";

const exact = DynamoDBDocumentClient.from(new DynamoDBClient(settings), { unmarshallOptions: { wrapNumbers: true } });

test("all types come back", async (t) => {
  const TableName = await makeTable(t);
  const item = {
    pk: "types", text: "grüße 🌊", empty: "", number: -12.5, yes: true, no: false, nothing: null, bytes: new Uint8Array([0, 255, 1]),
    noBytes: new Uint8Array(0), texts: new Set(["a", "b", ""]), numbers: new Set([1, 2.5, -3]), binaries: new Set([new Uint8Array([7])]),
    list: [1, "two", [null, { three: 3 }]], map: { deep: { deeper: [] } }, big: 9007199254740993n,
  };
  await documents.send(new PutCommand({ TableName, Item: item }));
  const { Item } = await documents.send(new GetCommand({ TableName, Key: { pk: "types" }, ConsistentRead: true }));
  assert.deepEqual(Item, item);
});

test("undefined is left out, instances become maps", async (t) => {
  const TableName = await makeTable(t);
  const Given = { pk: "u", gone: undefined, map: { gone: undefined, kept: 1 }, list: [undefined, 2] };
  await documents.send(new PutCommand({ TableName, Item: Given }));
  const { Item } = await documents.send(new GetCommand({ TableName, Key: { pk: "u" } }));
  assert.deepEqual(Item, { pk: "u", map: { kept: 1 }, list: [2] });
});

test("numbers of 38 digits are exact", async (t) => {
  const TableName = await makeTable(t);
  const numbers = ["12345678901234567890123456789012345678", "0.00000000000000000000000000000000000012345", "-9.9E+125", "1E-130", "1E+37"];
  await documents.send(new PutCommand({ TableName, Item: { pk: "n", list: numbers.map((text) => NumberValue.from(text)),
    set: new Set([NumberValue.from("100000000000000000000000000000000000001"), NumberValue.from("2")].slice(1)) } }));
  const { Item } = await exact.send(new GetCommand({ TableName, Key: { pk: "n" } }));
  const value = (text) => { // digits and exponent, however written
    const [, sign, whole, fraction = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:E([+-]?\d+))?$/i.exec(text);
    const digits = (whole + fraction).replace(/^0+/, "");
    const kept = digits.replace(/0+$/, "");
    return [sign, kept, Number(exponent) - fraction.length + digits.length - kept.length];
  };
  assert.deepEqual(Item.list.map((number) => value(number.value)), numbers.map(value));
  assert.deepEqual([...Item.set].map((number) => number.value), ["2"]);
  const { Attributes } = await exact.send(new UpdateCommand({ TableName, Key: { pk: "n" }, UpdateExpression: "SET #s = #l[0] - :one",
    ExpressionAttributeNames: { "#s": "sum", "#l": "list" }, ExpressionAttributeValues: { ":one": 1 }, ReturnValues: "UPDATED_NEW" }));
  assert.equal(Attributes.sum.value, "12345678901234567890123456789012345677");
});

test("update, conditions, return values, delete", async (t) => {
  const TableName = await makeTable(t);
  const Key = { pk: "one" };
  const add = { TableName, Key, UpdateExpression: "ADD n :n, tags :t", 
    ExpressionAttributeValues: { ":n": 2, ":t": new Set(["x"]) }, ReturnValues: "ALL_NEW" };
  assert.deepEqual((await documents.send(new UpdateCommand(add))).Attributes, { pk: "one", n: 2, tags: new Set(["x"]) });
  await assert.rejects(documents.send(new PutCommand({ TableName, Item: Key, ConditionExpression: "attribute_not_exists(pk)",
    ReturnValuesOnConditionCheckFailure: "ALL_OLD" })), (error) => {
    assert.equal(error.name, "ConditionalCheckFailedException");
    assert.equal(error.$metadata.httpStatusCode, 400);
    assert.deepEqual(error.Item, { pk: { S: "one" }, n: { N: "2" }, tags: { SS: ["x"] } });
    return true;
  });
  const removed = await documents.send(new DeleteCommand({ TableName, Key, ConditionExpression: "n = :n",
    ExpressionAttributeValues: { ":n": 2 }, ReturnValues: "ALL_OLD" }));
  assert.equal(removed.Attributes.n, 2);
  assert.equal((await documents.send(new GetCommand({ TableName, Key }))).Item, undefined);
});

test("batches, pages of queries and scans", async (t) => {
  const TableName = await makeTable(t, "N");
  const items = Array.from({ length: 60 }, (_, sk) => ({ pk: `p${sk % 2}`, sk, even: sk % 4 === 0 }));
  for (let at = 0; at < items.length; at += 25) {
    const puts = items.slice(at, at + 25).map((Item) => ({ PutRequest: { Item } }));
    const answer = await documents.send(new BatchWriteCommand({ RequestItems: { [TableName]: puts } }));
    assert.deepEqual(answer.UnprocessedItems, {});
  }
  const Keys = items.slice(10, 13).map(({ pk, sk }) => ({ pk, sk }));
  const got = await documents.send(new BatchGetCommand({ RequestItems: { [TableName]: { Keys, ProjectionExpression: "sk" } } }));
  assert.deepEqual(got.Responses[TableName].map(({ sk }) => sk).sort(), [10, 11, 12]);
  const query = { TableName, KeyConditionExpression: "pk = :p", ExpressionAttributeValues: { ":p": "p0" }, ScanIndexForward: false };
  const paged = await collect(paginateQuery({ client: documents, pageSize: 7 }, { ...query }), "Items");
  assert.deepEqual(paged.found.map(({ sk }) => sk), items.filter(({ pk }) => pk === "p0").map(({ sk }) => sk).reverse());
  assert.equal(paged.number, 5);
  const filter = { FilterExpression: "even = :e", ExpressionAttributeValues: { ":e": true } };
  const scanned = await collect(paginateScan({ client: documents, pageSize: 8 }, { TableName, ...filter }), "Items");
  assert.deepEqual(scanned.found.map(({ sk }) => sk).sort((a, b) => a - b), items.filter(({ even }) => even).map(({ sk }) => sk));
  const started = await collect(paginateScan({ client: documents, startingToken: { pk: "p0", sk: 58 } }, { TableName }), "Items");
  assert.ok([0, 30].includes(started.found.length), "all behind the last of p0");
  const counted = await documents.send(new QueryCommand({ ...query, Select: "COUNT", Limit: 9 }));
  assert.deepEqual([counted.Count, counted.ScannedCount, counted.Items, counted.LastEvaluatedKey], [9, 9, undefined, { pk: "p0", sk: 42 }]);
  const none = await documents.send(new ScanCommand({ TableName, Limit: 5, FilterExpression: "attribute_exists(nothing)" }));
  assert.deepEqual([none.Count, none.ScannedCount, none.Items], [0, 5, []]);
  assert.ok(none.LastEvaluatedKey);
});

test("transactions say which action was refused, and why", async (t) => {
  const TableName = await makeTable(t);
  await documents.send(new PutCommand({ TableName, Item: { pk: "a", n: 1 } }));
  const put = (pk) => ({ Put: { TableName, Item: { pk } } });
  await assert.rejects(documents.send(new TransactWriteCommand({ TransactItems: [put("b"), { Update: { TableName, Key: { pk: "a" },
    UpdateExpression: "SET n = :z", ConditionExpression: "n = :z", ExpressionAttributeValues: { ":z": 0 },
    ReturnValuesOnConditionCheckFailure: "ALL_OLD" } }, put("c")] })), (error) => {
    assert.equal(error.name, "TransactionCanceledException");
    assert.deepEqual(error.CancellationReasons, [{ Code: "None" }, { Code: "ConditionalCheckFailed",
      Message: "The conditional request failed", Item: { pk: { S: "a" }, n: { N: "1" } } }, { Code: "None" }]);
    return true;
  });
  const add = { TableName, Key: { pk: "a" }, UpdateExpression: "ADD n :o", ExpressionAttributeValues: { ":o": 1 } };
  const twice = { TransactItems: [{ Update: add }, put("d")], ClientRequestToken: "javascript" };
  await documents.send(new TransactWriteCommand(twice));
  await documents.send(new TransactWriteCommand(twice));
  const other = documents.send(new TransactWriteCommand({ ...twice, TransactItems: [put("e")] }));
  await assert.rejects(other, { name: "IdempotentParameterMismatchException" });
  const gets = ["a", "b", "d"].map((pk) => ({ Get: { TableName, Key: { pk } } }));
  const read = await documents.send(new TransactGetCommand({ TransactItems: gets }));
  assert.deepEqual(read.Responses.map(({ Item }) => Item), [{ pk: "a", n: 2 }, undefined, { pk: "d" }]);
});

test("PartiQL, alone, in batches and transactions", async (t) => {
  const TableName = await makeTable(t);
  const statement = (text, ...values) => ({
    Statement: text.replace(/\bT\b/, `"${TableName}"`), ...(values.length ? { Parameters: values } : {}) });
  const run = (...words) => documents.send(new ExecuteStatementCommand(statement(...words)));
  const transact = (...statements) => documents.send(new ExecuteTransactionCommand({ TransactStatements: statements }));
  await run("INSERT INTO T VALUE {'pk': ?, 'tags': ?, 'deep': ?}", "a", new Set(["x"]), { list: [1, null] });
  assert.deepEqual((await run("SELECT * FROM T WHERE pk = ?", "a")).Items, [{ pk: "a", tags: new Set(["x"]), deep: { list: [1, null] } }]);
  await assert.rejects(run("INSERT INTO T VALUE {'pk': 'a'}"), { name: "DuplicateItemException" });
  const batch = await documents.send(new BatchExecuteStatementCommand({ Statements: [
    statement("SELECT pk FROM T WHERE pk = ?", "a"), statement("SELECT pk FROM T WHERE pk = 'none'"),
    { Statement: `SELECT pk FROM "none-such" WHERE pk = 'a'` }] }));
  assert.deepEqual(batch.Responses.map(({ Item, Error }) => Item ?? Error?.Code), [{ pk: "a" }, undefined, "ResourceNotFound"]);
  const [update, insert] = ["UPDATE T SET n = ? WHERE pk = ?", "INSERT INTO T VALUE {'pk': ?}"];
  await transact(statement(update, 5, "a"), statement(insert, "b"));
  await assert.rejects(transact(statement(update, 6, "a"), statement(insert, "b")), (error) => {
    assert.equal(error.name, "TransactionCanceledException");
    assert.deepEqual(error.CancellationReasons.map(({ Code }) => Code), ["None", "DuplicateItem"]);
    return true;
  });
  const { Item } = await dynamodb.send(new GetItemCommand({ TableName, Key: { pk: { S: "a" } } }));
  assert.deepEqual(Item.n, { N: "5" });
});
