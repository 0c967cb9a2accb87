"""What a table's stream is to tell of the model's changes, and the requests that read it."""
from values import canonical_item, encode_item, item_size

OPERATIONS = ("DescribeStream", "GetShardIterator", "GetRecords")
SHOWN = {"KEYS_ONLY": (), "NEW_IMAGE": ("NewImage",), "OLD_IMAGE": ("OldImage",), "NEW_AND_OLD_IMAGES": ("OldImage", "NewImage")}


def wanted(table):
    """{key: its records in order}, as told() makes them."""
    records = {}
    for key, old, new in table.changes:
        item = old or new
        keys = {name: item[name] for name in table.keys.names()}
        images = {"OldImage": old, "NewImage": new}
        shown = {name: images[name] for name in SHOWN[table.view] if images[name] is not None}
        record = {"Keys": keys, **shown}
        told = {name: canonical_item(encode_item(part)) for name, part in record.items()}
        told["event"] = "INSERT" if old is None else "REMOVE" if new is None else "MODIFY"
        told["size"] = sum(map(item_size, record.values()))
        records.setdefault(repr(dict(sorted(told["Keys"].items()))), []).append(told)
    return records


def told(records):
    found = {}
    for record in records:
        change = record["dynamodb"]
        one = {name: canonical_item(change[name]) for name in ("Keys", "OldImage", "NewImage") if name in change}
        one["event"], one["size"] = record["eventName"], change["SizeBytes"]
        found.setdefault(repr(dict(sorted(one["Keys"].items()))), []).append(one)
    return found


def read(ask, arn):
    """A coroutine like those of fuzz.py: yields requests, is sent answers; gives all records."""
    records = []
    _, described = yield from ask("DescribeStream", {"StreamArn": arn})
    for shard in described["StreamDescription"]["Shards"]:
        _, answer = yield from ask("GetShardIterator", {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"})
        iterator = answer["ShardIterator"]
        while iterator:
            _, answer = yield from ask("GetRecords", {"ShardIterator": iterator})
            records += answer["Records"]
            iterator = answer.get("NextShardIterator") if answer["Records"] else None
    return records
