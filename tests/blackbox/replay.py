"""A table's stream, read from its beginning and played into a dict; and what indexes must hold when the table holds that."""
import http.client
import json
import pathlib
import sys

from program import REGION

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "differential"))

from values import canonical_item, decode_item, item_size  # noqa: E402

DYNAMODB, STREAMS = "DynamoDB_20120810", "DynamoDBStreams_20120810"
IMAGES = {"KEYS_ONLY": (), "NEW_IMAGE": ("NewImage",), "OLD_IMAGE": ("OldImage",), "NEW_AND_OLD_IMAGES": ("OldImage", "NewImage")}


class Refused(Exception):
    """An answer that is an error: its type without name space, and all of it."""

    def __init__(self, status, answer):
        super().__init__(f"{status}: {answer}")
        self.kind, self.answer = answer.get("__type", "").split("#")[-1], answer


class Client:
    """One keep-alive connection; answers are JSON as on the wire, so that items can be compared as they are."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def call(self, operation, target=DYNAMODB, **request):
        self.connection.request("POST", "/", json.dumps(request), {
            "X-Amz-Target": f"{target}.{operation}", "Content-Type": "application/x-amz-json-1.0",
            "Authorization": f"AWS4-HMAC-SHA256 Credential=local/20250101/{REGION}/dynamodb/aws4_request, SignedHeaders=host, "
                             "Signature=0", "X-Amz-Date": "20250101T000000Z"})
        answer = self.connection.getresponse()
        body = json.loads(answer.read())
        if answer.status != 200:
            raise Refused(answer.status, body)
        return body

    def all(self, operation, **request):
        """The items of all pages."""
        items = []
        while True:
            page = self.call(operation, **request)
            items += page["Items"]
            if "LastEvaluatedKey" not in page:
                return items
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def close(self):
        self.connection.close()


def text_of(item):
    return json.dumps(canonical_item(item), sort_keys=True)


def texts(items):
    return sorted(map(text_of, items))


def shards_of(client, arn):
    shards, start = [], {}
    while True:
        described = client.call("DescribeStream", STREAMS, StreamArn=arn, **start)["StreamDescription"]
        shards += described["Shards"]
        if "LastEvaluatedShardId" not in described:
            return shards
        start = {"ExclusiveStartShardId": described["LastEvaluatedShardId"]}


def read_shard(client, arn, shard):
    iterator = client.call("GetShardIterator", STREAMS, StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    records = []
    while iterator:
        answer = client.call("GetRecords", STREAMS, ShardIterator=iterator)
        records += answer["Records"]
        iterator = answer.get("NextShardIterator") if answer["Records"] else None
    return records


def read_stream(client, table):
    """All records, shard by shard, parents before children: per item that is the order of its changes."""
    arn = client.call("DescribeTable", TableName=table)["Table"]["LatestStreamArn"]
    shards, done, records = shards_of(client, arn), set(), []
    known = {shard["ShardId"] for shard in shards}
    while len(done) < len(shards):
        ready = [shard["ShardId"] for shard in shards
                 if shard["ShardId"] not in done and (shard.get("ParentShardId") not in known or shard["ParentShardId"] in done)]
        assert ready, "shards that are their own ancestors"
        for shard in ready:
            found = read_shard(client, arn, shard)
            numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in found]
            assert numbers == sorted(set(numbers)), f"{shard}: sequence numbers do not rise"
            records += found
            done.add(shard)
    assert len({record["eventID"] for record in records}) == len(records)
    return records


def check_form(record, view):
    """What every record must be, whatever wrote it."""
    change = record["dynamodb"]
    assert (record["eventVersion"], record["eventSource"], record["awsRegion"]) == ("1.1", "aws:dynamodb", REGION)
    assert change["StreamViewType"] == view
    exist = {"INSERT": {"NewImage"}, "MODIFY": {"OldImage", "NewImage"}, "REMOVE": {"OldImage"}}[record["eventName"]]
    assert {"OldImage", "NewImage"} & set(change) == exist & set(IMAGES[view]), record
    parts = [change[part] for part in ("Keys", "OldImage", "NewImage") if part in change]
    assert change["SizeBytes"] == sum(item_size(decode_item(part)) for part in parts), record
    assert isinstance(change["ApproximateCreationDateTime"], int)  # whole seconds
    for image in parts[1:]:
        assert all(image[name] == value for name, value in change["Keys"].items()), record


def replay(records, view="NEW_AND_OLD_IMAGES"):
    """{key's text: item} after all records. Each must begin with what the one before it left, and change something."""
    items = {}
    for record in records:
        check_form(record, view)
        change = record["dynamodb"]
        key = text_of(change["Keys"])
        old, new = (text_of(change[image]) if image in change else None for image in ("OldImage", "NewImage"))
        there = text_of(items[key]) if key in items else None
        assert old == there, f"{key}: the stream goes on with {old} after {there}"
        assert old != new, f"{key}: a record of a write that changed nothing: {record}"
        if new is None:
            del items[key]
        else:
            items[key] = change["NewImage"]
    return items


def keys_of(schema):
    return [element["AttributeName"] for element in schema]


def check_indexes(client, table):
    """Every index holds what the table says, and the table's counters count it."""
    described = client.call("DescribeTable", TableName=table)["Table"]
    items = client.all("Scan", TableName=table, ConsistentRead=True)
    types = {each["AttributeName"]: each["AttributeType"] for each in described["AttributeDefinitions"]}
    for index in described.get("GlobalSecondaryIndexes", []) + described.get("LocalSecondaryIndexes", []):
        keys, projection = keys_of(index["KeySchema"]), index["Projection"]
        shown = {*keys, *keys_of(described["KeySchema"]), *projection.get("NonKeyAttributes", [])}
        whole = projection["ProjectionType"] == "ALL"
        wanted = [{name: item[name] for name in item if whole or name in shown}
                  for item in items if all(name in item and types[name] in item[name] for name in keys)]
        found = client.all("Scan", TableName=table, IndexName=index["IndexName"])
        assert texts(found) == texts(wanted), f"index {index['IndexName']} and its table differ"
        assert index["ItemCount"] == len(wanted), index["IndexName"]
        assert index["IndexSizeBytes"] == sum(item_size(decode_item(item)) for item in wanted), index["IndexName"]
    assert described["ItemCount"] == len(items)
    assert described["TableSizeBytes"] == sum(item_size(decode_item(item)) for item in items)
    return items


def check_everything(client, table, view="NEW_AND_OLD_IMAGES"):
    """The stream tells how the table came to be, and the indexes agree. The records."""
    records = read_stream(client, table)
    played = replay(records, view)
    assert texts(played.values()) == texts(check_indexes(client, table)), "the stream and the table differ"
    return records
