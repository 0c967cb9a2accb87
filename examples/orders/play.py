#!/usr/bin/python3
"""Plays orders.jsonl into the orders table over several connections, and notes when each change was answered.

Creations go in as fast as they can; the later changes, once the handlers have got through with these, at a steady pace:
the time from answer to handler is to measure the way and not a queue. Changes of one order go over one connection."""
import argparse
import json
import pathlib
import threading
import time

import boto3
import botocore.config
import report  # beside this file

HERE = pathlib.Path(__file__).parent


def number(value):
    return {"N": str(value)}


class Writer:
    """One connection. `notes` takes the time of each answer under order/revision."""

    def __init__(self, endpoint, table):
        config = botocore.config.Config(retries={"max_attempts": 2}, max_pool_connections=1)
        self.client = boto3.client("dynamodb", endpoint_url=endpoint, config=config)
        self.table, self.revisions, self.notes, self.fault = table, {}, {}, None

    def play(self, timed_lines):
        try:
            for due, line in timed_lines:
                time.sleep(max(0.0, due - time.time()))
                self.write(line)
        except Exception as fault:  # told by the main thread
            self.fault = fault

    def write(self, line):
        order = line["order"]
        revision = self.revisions[order] = self.revisions.get(order, 0) + 1
        getattr(self, line["do"])(line, {"order_id": {"S": order}})
        self.notes[f"{order}/{revision}"] = time.time()

    def create(self, line, key):
        item = {**key, "customer": {"S": line["customer"]}, "status": {"S": "pending"},
                "cents": number(line["cents"]), "revision": number(1)}
        self.client.put_item(TableName=self.table, Item=item, ConditionExpression="attribute_not_exists(order_id)")

    def status(self, line, key):
        self.update(key, "#status = :value", "#status = :from", {":value": {"S": line["to"]}, ":from": {"S": line["from"]}})

    def amend(self, line, key):
        self.update(key, "cents = :value", "#status <> :gone", {":value": number(line["cents"]), ":gone": {"S": "cancelled"}})

    def cancel(self, line, key):
        self.update(key, "#status = :value", "#status <> :value", {":value": {"S": "cancelled"}})

    def transfer(self, line, key):
        self.update(key, "customer = :value", "#status <> :gone", {":value": {"S": line["customer"]}, ":gone": {"S": "cancelled"}})

    def erase(self, line, key):
        self.client.delete_item(TableName=self.table, Key=key, ConditionExpression="attribute_exists(order_id)")

    def update(self, key, change, condition, values):
        self.client.update_item(
            TableName=self.table, Key=key, UpdateExpression=f"SET {change} ADD revision :one",
            ConditionExpression=condition, ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":one": number(1), **values})


def play(writers, lines, pace):
    """pace: changes a second over all writers; 0: as fast as they can. Answers the seconds it took."""
    started = time.time()
    shares = [[] for _ in writers]
    for place, line in enumerate(lines):
        due = started + place / pace if pace else started
        shares[int(line["order"][2:]) % len(writers)].append((due, line))
    threads = [threading.Thread(target=writer.play, args=[share]) for writer, share in zip(writers, shares)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for writer in writers:
        if writer.fault:
            raise writer.fault
    return time.time() - started


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--endpoint", required=True)
    options.add_argument("--table", default="orders")
    options.add_argument("--totals", default="order_totals")
    options.add_argument("--input", default=str(HERE / "orders.jsonl"))
    options.add_argument("--orders", type=int, default=0, help="only the first ORDERS of them (default: all)")
    options.add_argument("--connections", type=int, default=8)
    options.add_argument("--pace", type=float, default=200, help="later changes a second")
    options.add_argument("--notes", required=True, help="file for the times of the answers")
    options.add_argument("--seconds", type=float, default=60, help="patience with handlers that stand still")
    options.add_argument("keepers", nargs="*", help="handlers to wait for between creations and later changes")
    chosen = options.parse_args()

    lines = [json.loads(line) for line in pathlib.Path(chosen.input).read_text().splitlines()]
    if chosen.orders:
        lines = [line for line in lines if int(line["order"][2:]) <= chosen.orders]
    creations = [line for line in lines if line["do"] == "create"]
    later = [line for line in lines if line["do"] != "create"]

    writers = [Writer(chosen.endpoint, chosen.table) for _ in range(chosen.connections)]
    took = play(writers, creations, 0)
    print(f"  {len(creations)} orders created over {len(writers)} connections in {took:.1f} s", flush=True)
    if chosen.keepers:
        started = time.time()
        if report.wait(writers[0].client, chosen.totals, chosen.keepers, len(creations), chosen.seconds):
            print(f"  counted by {' and '.join(chosen.keepers)} {time.time() - started:.1f} s later", flush=True)
    took = play(writers, later, chosen.pace)
    print(f"  {len(later)} later changes in {took:.1f} s", flush=True)

    notes = {}
    for writer in writers:
        notes.update(writer.notes)
    # a transfer concerns two customers, so it is counted in two totals
    counted = len(lines) + sum(line["do"] == "transfer" for line in lines)
    steady = [name for name in notes if not name.endswith("/1")]
    pathlib.Path(chosen.notes).write_text(json.dumps({"answered": notes, "steady": steady, "changes": counted}))


if __name__ == "__main__":
    main()
