// Clients of the AWS SDK for JavaScript for the server that LEAT_ENDPOINT names, and tables for one test each.
import { DynamoDBClient, CreateTableCommand, DeleteTableCommand, waitUntilTableExists } from "@aws-sdk/client-dynamodb";
import { DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { SQSClient } from "@aws-sdk/client-sqs";

export const settings = {
  endpoint: process.env.LEAT_ENDPOINT, region: "us-east-1", maxAttempts: 1,
  credentials: { accessKeyId: "local", secretAccessKey: "local" },
};
export const dynamodb = new DynamoDBClient(settings);
export const sqs = new SQSClient(settings);
export const streams = new DynamoDBStreamsClient(settings);
export const documents = DynamoDBDocumentClient.from(dynamodb, { marshallOptions: { removeUndefinedValues: true } });

export const schema = (sort) => ({
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }, ...(sort ? [{ AttributeName: "sk", AttributeType: sort }] : [])],
  KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }, ...(sort ? [{ AttributeName: "sk", KeyType: "RANGE" }] : [])],
});
export const waiting = { client: dynamodb, maxWaitTime: 20, minDelay: 1, maxDelay: 1 };

let count = 0;
export async function makeTable(test, sort, more = {}) {
  const TableName = `javascript-${process.pid}-${++count}`;
  await dynamodb.send(new CreateTableCommand({ TableName, ...schema(sort), ...more }));
  await waitUntilTableExists(waiting, { TableName });
  test.after(() => dynamodb.send(new DeleteTableCommand({ TableName })));
  return TableName;
}

export async function collect(pages, member) {
  const found = [];
  let number = 0;
  for await (const page of pages) {
    found.push(...(page[member] ?? []));
    number++;
  }
  return { found, number };
}
