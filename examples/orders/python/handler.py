"""Keeps totals of orders per customer and status, from the stream of the orders table.

Streams deliver at least once: after a failure a batch comes again. So each total remembers, per order, the sequence
number of the last change that it has counted. The total and this memory are one item, and one conditional update
changes both: a change that has been counted is refused. Records of one order always come in order."""
import collections
import os
import time

import boto3

TOTALS, KEEPER = os.environ["TOTALS_TABLE"], os.environ.get("KEEPER", "python")
dynamodb = boto3.client("dynamodb", endpoint_url=os.environ.get("AWS_ENDPOINT_URL"))


def handler(event, context):
    entered = time.time()
    for record in event["Records"]:
        for customer, deltas in changes(record["dynamodb"]).items():
            count(customer, deltas, record["dynamodb"])
    # ./run takes the time from a write's answer to this entry from here
    print(f"entered {entered:.6f}", *[revision(record["dynamodb"]) for record in event["Records"]])


def changes(change):
    """What a change adds to the totals of each customer it concerns: the new image counts, the old one no longer does."""
    deltas = collections.defaultdict(collections.Counter)
    for name, sign in (("OldImage", -1), ("NewImage", 1)):
        if name in change:
            order = change[name]
            total = deltas[order["customer"]["S"]]
            total["orders"] += sign
            total[order["status"]["S"]] += sign
            if order["status"]["S"] != "cancelled":
                total["cents"] += sign * int(order["cents"]["N"])
    return deltas


def count(customer, deltas, change):
    deltas = {"changes": 1, **{name: delta for name, delta in deltas.items() if delta}}
    names = {f"#{place}": name for place, name in enumerate(deltas)}
    values = {f":{place}": {"N": str(delta)} for place, delta in enumerate(deltas.values())}
    adds = ", ".join(f"#{place} :{place}" for place in range(len(deltas)))
    try:
        dynamodb.update_item(
            TableName=TOTALS,
            Key={"keeper": {"S": KEEPER}, "customer": {"S": customer}},
            UpdateExpression=f"SET #seen = :seen ADD {adds}",
            ConditionExpression="attribute_not_exists(#seen) OR #seen < :seen",
            ExpressionAttributeNames={"#seen": f"seen {change['Keys']['order_id']['S']}", **names},
            ExpressionAttributeValues={":seen": {"N": change["SequenceNumber"]}, **values},
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        pass  # counted before


def revision(change):
    """The change's name in the writer's notes: the order and its how-manieth change."""
    if "NewImage" in change:
        number = int(change["NewImage"]["revision"]["N"])
    else:
        number = int(change["OldImage"]["revision"]["N"]) + 1
    return f"{change['Keys']['order_id']['S']}/{number}"
