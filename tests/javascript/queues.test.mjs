// SQS as the SDK sees it: JSON, and digests that it checks itself.
import assert from "node:assert/strict";
import test from "node:test";
import {
  CreateQueueCommand, DeleteMessageBatchCommand, DeleteMessageCommand, DeleteQueueCommand, GetQueueAttributesCommand, GetQueueUrlCommand,
  ListQueuesCommand, QueueDoesNotExist, QueueNameExists, ReceiveMessageCommand, SendMessageBatchCommand, SendMessageCommand,
  paginateListQueues,
} from "@aws-sdk/client-sqs";
import { collect, sqs } from "./clients.mjs";

let count = 0;
async function makeQueue(test, Attributes = {}, suffix = "") {
  const QueueName = `javascript-${process.pid}-${++count}${suffix}`;
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  test.after(() => sqs.send(new DeleteQueueCommand({ QueueUrl })));
  return { QueueName, QueueUrl };
}

test("a message goes through, with attributes and a digest that is right", async (t) => {
  const { QueueUrl } = await makeQueue(t);
  const MessageAttributes = {
    text: { DataType: "String", StringValue: "ä" }, bytes: { DataType: "Binary", BinaryValue: new Uint8Array([0, 1, 255]) },
  };
  const MessageBody = "line\r\n\u{1F6B0} <&>";
  const sent = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageAttributes }));
  const { Messages } = await sqs.send(new ReceiveMessageCommand({
    QueueUrl, MessageAttributeNames: ["All"], MessageSystemAttributeNames: ["ApproximateReceiveCount"],
  }));
  assert.equal(Messages.length, 1);
  assert.equal(Messages[0].MessageId, sent.MessageId);
  assert.equal(Messages[0].Body, MessageBody);
  assert.deepEqual(Messages[0].Attributes, { ApproximateReceiveCount: "1" });
  assert.deepEqual([...Messages[0].MessageAttributes.bytes.BinaryValue], [0, 1, 255]);
  assert.equal(Messages[0].MD5OfMessageAttributes, sent.MD5OfMessageAttributes);
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: Messages[0].ReceiptHandle }));
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
  assert.equal(Attributes.ApproximateNumberOfMessages, "0");
  assert.equal(Attributes.ApproximateNumberOfMessagesNotVisible, "0");
});

test("batches, and an order that a FIFO queue keeps", async (t) => {
  const { QueueUrl } = await makeQueue(t, { FifoQueue: "true", ContentBasedDeduplication: "true" }, ".fifo");
  const Entries = [..."abc"].map((letter) => ({ Id: letter, MessageBody: letter, MessageGroupId: "g" }));
  const sent = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  assert.deepEqual(sent.Successful.map(({ Id }) => Id), ["a", "b", "c"]);
  assert.equal(sent.Failed, undefined);
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  assert.deepEqual(Messages.map(({ Body }) => Body), ["a", "b", "c"]);
  const handles = Messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }));
  const deleted = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries: handles }));
  assert.equal(deleted.Successful.length, 3);
});

test("faults have the SDK's classes", async (t) => {
  const { QueueName } = await makeQueue(t);
  await assert.rejects(sqs.send(new GetQueueUrlCommand({ QueueName: "none" })), (error) => {
    assert.ok(error instanceof QueueDoesNotExist);
    assert.equal(error.message, "The specified queue does not exist.");
    return true;
  });
  await assert.rejects(sqs.send(new CreateQueueCommand({ QueueName, Attributes: { DelaySeconds: "9" } })),
    (error) => error instanceof QueueNameExists);
});

test("a receive waits and is woken; lists have pages", async (t) => {
  const { QueueName, QueueUrl } = await makeQueue(t);
  const waiting = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
  await new Promise((resolve) => setTimeout(resolve, 300));
  const begun = performance.now();
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "x" }));
  const { Messages } = await waiting;
  assert.equal(Messages[0].Body, "x");
  assert.ok(performance.now() - begun < 2000);
  for (let i = 0; i < 3; i++) await makeQueue(t);
  const pages = await collect(paginateListQueues({ client: sqs, pageSize: 2 }, { QueueNamePrefix: `javascript-${process.pid}-` }), "QueueUrls");
  const all = await sqs.send(new ListQueuesCommand({ QueueNamePrefix: `javascript-${process.pid}-` }));
  assert.deepEqual(pages.found, all.QueueUrls);
  assert.ok(pages.found.some((url) => url.endsWith(`/${QueueName}`)) && pages.number > 1);
});
