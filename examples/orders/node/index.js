// Keeps totals of orders per customer and status, from the stream of the orders table.
//
// Streams deliver at least once: after a failure a batch comes again. So each total remembers, per order, the sequence
// number of the last change that it has counted. The total and this memory are one item, and one conditional update
// changes both: a change that has been counted is refused. Records of one order always come in order.
"use strict";
const { DynamoDBClient, UpdateItemCommand } = require("@aws-sdk/client-dynamodb");

const dynamodb = new DynamoDBClient({});
const keeper = process.env.KEEPER ?? "node";

exports.handler = async (event) => {
  const entered = (performance.timeOrigin + performance.now()) / 1000;
  for (const { dynamodb: change } of event.Records) {
    for (const [customer, deltas] of Object.entries(changes(change))) await count(customer, deltas, change);
  }
  // ./run takes the time from a write's answer to this entry from here
  console.log(`entered ${entered.toFixed(6)}`, ...event.Records.map((record) => revision(record.dynamodb)));
};

// What a change adds to the totals of each customer it concerns: the new image counts, the old one no longer does.
function changes(change) {
  const deltas = {};
  for (const [image, sign] of [[change.OldImage, -1], [change.NewImage, 1]]) {
    if (!image) continue;
    const total = (deltas[image.customer.S] ??= {});
    const add = (name, delta) => (total[name] = (total[name] ?? 0) + delta);
    add("orders", sign);
    add(image.status.S, sign);
    if (image.status.S !== "cancelled") add("cents", sign * Number(image.cents.N));
  }
  return deltas;
}

async function count(customer, deltas, change) {
  const entries = [["changes", 1], ...Object.entries(deltas).filter(([, delta]) => delta !== 0)];
  const names = { "#seen": `seen ${change.Keys.order_id.S}` };
  const values = { ":seen": { N: change.SequenceNumber } };
  entries.forEach(([name, delta], place) => {
    names[`#${place}`] = name;
    values[`:${place}`] = { N: String(delta) };
  });
  try {
    await dynamodb.send(new UpdateItemCommand({
      TableName: process.env.TOTALS_TABLE,
      Key: { keeper: { S: keeper }, customer: { S: customer } },
      UpdateExpression: `SET #seen = :seen ADD ${entries.map((_, place) => `#${place} :${place}`).join(", ")}`,
      ConditionExpression: "attribute_not_exists(#seen) OR #seen < :seen",
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: values,
    }));
  } catch (error) {
    if (error.name !== "ConditionalCheckFailedException") throw error; // otherwise: counted before
  }
}

// The change's name in the writer's notes: the order and its how-manieth change.
function revision(change) {
  const number = change.NewImage ? Number(change.NewImage.revision.N) : Number(change.OldImage.revision.N) + 1;
  return `${change.Keys.order_id.S}/${number}`;
}
