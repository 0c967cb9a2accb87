#!/usr/bin/python3
"""Waits until the handlers have counted every change, and compares their totals with a recount of the orders table.

Exits with 1 when a total differs."""
import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys
import time

import boto3

COLUMNS = ["orders", "pending", "paid", "shipped", "delivered", "cancelled", "cents"]


def pages(call, **request):
    while True:
        answer = call(**request)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def recount(client, table):
    """Totals per customer, from the orders themselves."""
    totals = collections.defaultdict(collections.Counter)
    for order in pages(client.scan, TableName=table, ConsistentRead=True):
        total = totals[order["customer"]["S"]]
        total["orders"] += 1
        total[order["status"]["S"]] += 1
        if order["status"]["S"] != "cancelled":
            total["cents"] += int(order["cents"]["N"])
    return totals


def kept(client, table, keeper):
    """Totals per customer as a handler has kept them, and how many changes it has counted."""
    totals, changes = {}, 0
    for item in pages(client.query, TableName=table, ConsistentRead=True, KeyConditionExpression="keeper = :keeper",
                      ExpressionAttributeValues={":keeper": {"S": keeper}}):
        changes += int(item["changes"]["N"])
        totals[item["customer"]["S"]] = collections.Counter(
            {name: int(item[name]["N"]) for name in COLUMNS if name in item})
    return totals, changes


def wait(client, table, keepers, changes, seconds):
    """Until each keeper has counted `changes`; gives up when none of them has moved for `seconds`."""
    before, moved = None, time.time()
    while True:
        counts = [kept(client, table, keeper)[1] for keeper in keepers]
        if min(counts) >= changes:
            return True
        if counts != before:
            before, moved = counts, time.time()
        if time.time() - moved > seconds:
            print(f"  the handlers have counted {dict(zip(keepers, counts))} of {changes} changes and stand still")
            return False
        time.sleep(0.1)


def differing(one, other):
    return [customer for customer in sorted({*one, *other})
            if any(one.get(customer, {}).get(name, 0) != other.get(customer, {}).get(name, 0) for name in COLUMNS)]


def row(title, totals):
    sums = [sum(total.get(name, 0) for total in totals.values()) for name in COLUMNS]
    return f"  {title:<22}" + "".join(f"{value:>11,}" for value in sums) + f"{sum(t.get('orders', 0) > 0 for t in totals.values()):>11}"


def entries(log):
    """When each change first came to a handler, from the handler's log."""
    times = {}
    for entered, names in re.findall(r"entered (\d+\.\d+)((?: \S+/\d+)+)", log):
        for name in names.split():
            times.setdefault(name, float(entered))
    return times


def latency(answered, entered, names):
    # the client notes an answer after it has read it: a handler that was quicker than that counts as 0
    waits = sorted(max(0.0, entered[name] - answered[name]) * 1000 for name in names if name in entered)
    if not waits:
        return "not measured: nothing in the log"
    at = lambda part: waits[min(len(waits) - 1, int(len(waits) * part))]
    return f"p50 {at(.5):.1f} ms, p99 {at(.99):.1f} ms ({len(waits)} changes)"


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--endpoint", required=True)
    options.add_argument("--orders", default="orders")
    options.add_argument("--totals", default="order_totals")
    options.add_argument("--notes", required=True)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--log-command", required=True, help="prints a handler's log; {} is its name")
    options.add_argument("keepers", nargs="+")
    chosen = options.parse_args()

    client = boto3.client("dynamodb", endpoint_url=chosen.endpoint)
    notes = json.loads(pathlib.Path(chosen.notes).read_text())
    good = wait(client, chosen.totals, chosen.keepers, notes["changes"], chosen.seconds)

    expected = recount(client, chosen.orders)
    print(f"\n  {'':<22}" + "".join(f"{name:>11}" for name in COLUMNS) + f"{'customers':>11}")
    print(row("recount of orders", expected))
    for keeper in chosen.keepers:
        totals, changes = kept(client, chosen.totals, keeper)
        print(row(f"kept by {keeper}", totals))
        wrong = differing(expected, totals)
        if wrong or changes != notes["changes"]:
            good = False
            print(f"  kept by {keeper}: {changes} changes counted, {notes['changes']} made;"
                  f" {len(wrong)} customers differ: {', '.join(wrong[:5])}")
    print("\n  " + ("totals are equal, customer by customer" if good else "TOTALS DIFFER"))

    print("\n  from a write's answer to the handler's first line, at a steady pace:")
    for keeper in chosen.keepers:
        print(f"    {keeper:<8}{latency(notes['answered'], entries(log_of(chosen.log_command, keeper)), notes['steady'])}")
    sys.exit(0 if good else 1)


def log_of(command, keeper):
    done = subprocess.run(command.replace("{}", keeper).split(), capture_output=True, text=True, check=False)
    return done.stdout


if __name__ == "__main__":
    main()
