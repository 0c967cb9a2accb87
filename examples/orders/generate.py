#!/usr/bin/python3
"""Writes orders.jsonl: 1,000 orders of 60 customers and what happens to them afterwards. Same seed, same bytes.

A line is one change: `create` an order, move its `status`, `amend` its value, `cancel` it, `transfer` it to another
customer, or `erase` it. All creations come first; the later changes are shuffled, but in order for each order."""
import json
import pathlib
import random
import sys

ORDERS, CUSTOMERS = 1000, 60
chance = random.Random(20250101)


def life(order):
    """The later changes of one order."""
    path = ["pending", "paid", "shipped", "delivered"]
    stop = chance.choices([0, 1, 2, 3], weights=[10, 20, 20, 50])[0]
    changes = [{"do": "status", "from": old, "to": new} for old, new in zip(path[:stop], path[1:stop + 1])]
    if chance.random() < 0.12:
        changes.insert(0, {"do": "amend", "cents": chance.randint(500, 30000)})
    if chance.random() < 0.03:
        changes.insert(chance.randint(0, len(changes)), {"do": "transfer", "customer": customer()})
    if stop < 3 and chance.random() < 0.4:
        changes.append({"do": "cancel"})
        if chance.random() < 0.5:
            changes.append({"do": "erase"})
    return [{"order": order, **change} for change in changes]


def customer():
    return f"c-{int(chance.triangular(1, CUSTOMERS, 5)):03d}"


def main():
    names = [f"o-{number:04d}" for number in range(1, ORDERS + 1)]
    lines = [{"order": name, "do": "create", "customer": customer(), "cents": chance.randint(500, 30000)} for name in names]
    lives = [changes for changes in map(life, names) if changes]
    while lives:
        place = chance.randrange(len(lives))
        lines.append(lives[place].pop(0))
        if not lives[place]:
            lives[place] = lives[-1]
            lives.pop()
    target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "orders.jsonl"
    target.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))


if __name__ == "__main__":
    main()
