// DynamoDBClient and DynamoDBStreamsClient: tables, waiters, paginators, tags, time to live, streams, and what the SDK's middleware needs.
import assert from "node:assert/strict";
import http from "node:http";
import test from "node:test";
import {
  CreateTableCommand, DeleteTableCommand, DescribeEndpointsCommand, DescribeLimitsCommand, DescribeTableCommand, DescribeTimeToLiveCommand,
  DynamoDBClient, GetItemCommand, ListTablesCommand, ListTagsOfResourceCommand, PutItemCommand, ResourceInUseException,
  ResourceNotFoundException, TagResourceCommand, TransactWriteItemsCommand, UntagResourceCommand, UpdateTableCommand,
  UpdateTimeToLiveCommand, paginateListTables, paginateQuery, paginateScan, waitUntilTableExists, waitUntilTableNotExists,
} from "@aws-sdk/client-dynamodb";
import {
  DescribeStreamCommand, GetRecordsCommand, GetShardIteratorCommand, ListStreamsCommand, ResourceNotFoundException as NoStream,
} from "@aws-sdk/client-dynamodb-streams";
import { collect, dynamodb, makeTable, schema, settings, streams, waiting } from "./clients.mjs";

// of node:zlib only since Node 22
function crc32(bytes) {
  let rest = 0xffffffff;
  for (const byte of Buffer.from(bytes)) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
  }
  return (rest ^ 0xffffffff) >>> 0;
}

test("waiters see tables come and go", async () => {
  const TableName = `javascript-waiters-${process.pid}`;
  const exists = waitUntilTableExists(waiting, { TableName }); // before it is made
  const made = await dynamodb.send(new CreateTableCommand({ TableName, ...schema() }));
  assert.equal(made.TableDescription.TableName, TableName);
  assert.ok(made.TableDescription.CreationDateTime instanceof Date);
  assert.equal((await exists).state, "SUCCESS");
  const again = dynamodb.send(new CreateTableCommand({ TableName, ...schema() }));
  await assert.rejects(again, (error) => error instanceof ResourceInUseException);
  await dynamodb.send(new DeleteTableCommand({ TableName }));
  assert.equal((await waitUntilTableNotExists(waiting, { TableName })).state, "SUCCESS");
  await assert.rejects(dynamodb.send(new DescribeTableCommand({ TableName })), (error) => {
    assert.ok(error instanceof ResourceNotFoundException);
    assert.match(error.message, /^Requested resource not found: Table: javascript-waiters-\d+ not found$/);
    assert.ok(error.$metadata.requestId);
    return true;
  });
});

test("paginators", async (t) => {
  const names = [];
  for (let i = 0; i < 3; i++) names.push(await makeTable(t, "N"));
  const listed = await collect(paginateListTables({ client: dynamodb, pageSize: 2 }, {}), "TableNames");
  assert.ok(names.every((name) => listed.found.includes(name)));
  assert.equal(new Set(listed.found).size, listed.found.length);
  const first = await dynamodb.send(new ListTablesCommand({ Limit: 1 }));
  assert.deepEqual([first.TableNames.length, first.LastEvaluatedTableName], [1, first.TableNames[0]]);
  const [TableName] = names;
  for (let i = 0; i < 9; i++) await dynamodb.send(new PutItemCommand({ TableName, Item: { pk: { S: "p" }, sk: { N: `${i}` } } }));
  const scanned = await collect(paginateScan({ client: dynamodb, pageSize: 2 }, { TableName }), "Items");
  assert.deepEqual(scanned.found.map(({ sk }) => sk.N), [..."012345678"]);
  const query = { TableName, KeyConditionExpression: "pk = :p", ExpressionAttributeValues: { ":p": { S: "p" } } };
  const queried = await collect(paginateQuery({ client: dynamodb, pageSize: 3 }, { ...query }), "Items");
  assert.deepEqual([queried.found.length, queried.number], [9, 4]); // the limit met at the end: one page more, empty
});

test("tags", async (t) => {
  const TableName = await makeTable(t, undefined, { Tags: [{ Key: "a", Value: "1" }] });
  const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName }));
  const ResourceArn = Table.TableArn;
  await dynamodb.send(new TagResourceCommand({ ResourceArn, Tags: [{ Key: "b", Value: "" }, { Key: "a", Value: "2" }] }));
  const tags = async () => {
    const { Tags } = await dynamodb.send(new ListTagsOfResourceCommand({ ResourceArn }));
    return Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
  };
  assert.deepEqual(await tags(), { a: "2", b: "" });
  await dynamodb.send(new UntagResourceCommand({ ResourceArn, TagKeys: ["a", "none"] }));
  assert.deepEqual(await tags(), { b: "" });
});

test("time to live", async (t) => {
  const TableName = await makeTable(t);
  const describe = async () => (await dynamodb.send(new DescribeTimeToLiveCommand({ TableName }))).TimeToLiveDescription;
  assert.deepEqual(await describe(), { TimeToLiveStatus: "DISABLED" });
  const TimeToLiveSpecification = { Enabled: true, AttributeName: "end" };
  const answer = await dynamodb.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
  assert.deepEqual(answer.TimeToLiveSpecification, TimeToLiveSpecification);
  const { TimeToLiveStatus, AttributeName } = await describe();
  assert.ok(["ENABLING", "ENABLED"].includes(TimeToLiveStatus) && AttributeName === "end");
});

test("limits and endpoints", async () => {
  const limits = await dynamodb.send(new DescribeLimitsCommand({}));
  assert.ok(limits.TableMaxReadCapacityUnits > 0 && limits.AccountMaxWriteCapacityUnits > 0);
  const { Endpoints } = await dynamodb.send(new DescribeEndpointsCommand({}));
  assert.ok(Endpoints[0].Address && Endpoints[0].CachePeriodInMinutes > 0);
});

test("a stream from its beginning to its end", async (t) => {
  const TableName = await makeTable(t, undefined, { StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" } });
  const put = (pk, n) => ({ Put: { TableName, Item: { pk: { S: pk }, n: { N: n }, b: { B: new Uint8Array([1, 2]) } } } });
  await dynamodb.send(new TransactWriteItemsCommand({ TransactItems: [put("a", "1"), put("b", "1"), put("c", "1")] }));
  await dynamodb.send(new PutItemCommand({ TableName, Item: put("a", "2").Put.Item }));
  const { Streams } = await streams.send(new ListStreamsCommand({ TableName }));
  assert.equal(Streams.length, 1);
  const { StreamArn } = Streams[0];
  await dynamodb.send(new UpdateTableCommand({ TableName, StreamSpecification: { StreamEnabled: false } })); // so that shards end
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  assert.ok(StreamDescription.CreationRequestDateTime instanceof Date);
  const records = [];
  for (const { ShardId } of StreamDescription.Shards) {
    let { ShardIterator } = await streams.send(new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: "TRIM_HORIZON" }));
    while (ShardIterator) {
      const page = await streams.send(new GetRecordsCommand({ ShardIterator, Limit: 1 }));
      records.push(...page.Records);
      ShardIterator = page.NextShardIterator;
    }
  }
  const changes = records.map(({ eventName, dynamodb: { Keys, OldImage, NewImage } }) =>
    [eventName, Keys.pk.S, OldImage?.n.N ?? "-", NewImage.n.N].join(" "));
  assert.deepEqual(changes.sort(), ["INSERT a - 1", "INSERT b - 1", "INSERT c - 1", "MODIFY a 1 2"]);
  for (const { dynamodb: { ApproximateCreationDateTime, NewImage } } of records) {
    assert.ok(Math.abs(ApproximateCreationDateTime - Date.now()) < 60_000);
    assert.deepEqual([...NewImage.b.B], [1, 2]);
  }
  const none = streams.send(new DescribeStreamCommand({ StreamArn: StreamArn.replace("javascript", "no") }));
  await assert.rejects(none, (error) => error instanceof NoStream);
});

test("answers carry the checksum and the request's id", async (t) => {
  const TableName = await makeTable(t);
  const client = new DynamoDBClient(settings);
  const seen = [];
  client.middlewareStack.add((next) => async (args) => {
    const result = await next(args);
    const { headers, statusCode } = result.response;
    const chunks = [];
    for await (const chunk of result.response.body) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    result.response.body = (await import("node:stream")).Readable.from([body]);
    seen.push({ headers, statusCode, body });
    return result;
  }, { step: "deserialize", priority: "low", name: "look" });
  await client.send(new PutItemCommand({ TableName, Item: { pk: { S: "grüße" } } }));
  await client.send(new GetItemCommand({ TableName, Key: { pk: { S: "grüße" } } }));
  await assert.rejects(client.send(new GetItemCommand({ TableName, Key: { other: { S: "x" } } })), { name: "ValidationException" });
  assert.deepEqual(seen.map(({ statusCode }) => statusCode), [200, 200, 400]);
  for (const { headers, body } of seen) {
    assert.equal(Number(headers["x-amz-crc32"]), crc32(body));
    assert.equal(headers["content-type"], "application/x-amz-json-1.0");
    assert.match(headers["x-amzn-requestid"], /^[A-Z0-9]{52}$/);
  }
  client.destroy();
});

test("a request that failed on the way is sent again by the SDK and done once", async (t) => {
  const TableName = await makeTable(t);
  const target = new URL(settings.endpoint);
  let requests = 0;
  // passes requests on; the first answer to a write is lost, as by a broken connection
  const proxy = http.createServer((incoming, outgoing) => {
    const { method, url: path, headers } = incoming;
    const onward = http.request({ host: target.hostname, port: target.port, method, path, headers }, (answer) => {
      if (requests++ === 0) {
        answer.resume();
        answer.on("end", () => outgoing.destroy());
        return;
      }
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
  await new Promise((listening) => proxy.listen(0, "127.0.0.1", listening));
  const client = new DynamoDBClient({ ...settings, maxAttempts: 3, endpoint: `http://127.0.0.1:${proxy.address().port}` });
  const add = { TableName, Key: { pk: { S: "n" } }, UpdateExpression: "ADD n :o", ExpressionAttributeValues: { ":o": { N: "1" } } };
  const answer = await client.send(new TransactWriteItemsCommand({ TransactItems: [{ Update: add }] })); // the SDK gives it a token
  assert.deepEqual([answer.$metadata.attempts, requests], [2, 2]);
  const { Item } = await dynamodb.send(new GetItemCommand({ TableName, Key: add.Key }));
  assert.deepEqual(Item.n, { N: "1" });
  client.destroy();
  proxy.close();
});
