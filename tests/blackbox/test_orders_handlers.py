"""The example's handlers under what streams do: batches that come again, whole or in part."""
import json
import subprocess

import boto3
import pytest

from program import CREDENTIALS, REGION, ROOT, Program

ROLE = "arn:aws:iam::000000000000:role/test"


@pytest.fixture(name="server", scope="module")
def fixture_server(tmp_path_factory):
    program = Program(tmp_path_factory.mktemp("orders") / "data").start()
    try:
        yield program
        program.stop()
    finally:
        if program.process.poll() is None:
            program.kill()


def client(server, service):
    return boto3.client(service, endpoint_url=server.endpoint, region_name=REGION, aws_access_key_id="local",
                        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"])


def record(sequence, old, new):
    image = lambda customer, status, cents, revision: {
        "order_id": {"S": "o-0001"}, "customer": {"S": customer}, "status": {"S": status}, "cents": {"N": str(cents)},
        "revision": {"N": str(revision)}}
    change = {"Keys": {"order_id": {"S": "o-0001"}}, "SequenceNumber": f"1000000000000000000{sequence:05d}"}
    if old:
        change["OldImage"] = image(*old)
    if new:
        change["NewImage"] = image(*new)
    return {"eventID": str(sequence), "dynamodb": change}


LIFE = [
    record(8, None, ("c-1", "pending", 500, 1)),
    record(9, ("c-1", "pending", 500, 1), ("c-1", "paid", 500, 2)),
    record(10, ("c-1", "paid", 500, 2), ("c-2", "paid", 500, 3)),  # another customer takes it over
    record(11, ("c-2", "paid", 500, 3), ("c-2", "cancelled", 500, 4)),
    record(12, ("c-2", "cancelled", 500, 4), None),
]


@pytest.mark.parametrize("runtime,keeper,handler", [
    ("python3.11", "python", "handler.handler"), ("nodejs20.x", "node", "index.handler")])
def test_a_repeated_batch_counts_once(server, tmp_path, runtime, keeper, handler):
    subprocess.run([ROOT / "tools/install-node-modules", "examples/orders/node"], check=True)
    subprocess.run([ROOT / "examples/orders/pack.py", tmp_path], check=True)
    tables, functions = client(server, "dynamodb"), client(server, "lambda")
    table = f"totals-{keeper}"
    tables.create_table(
        TableName=table, BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("keeper", "customer")],
        KeySchema=[{"AttributeName": "keeper", "KeyType": "HASH"}, {"AttributeName": "customer", "KeyType": "RANGE"}])
    functions.create_function(
        FunctionName=keeper, Runtime=runtime, Handler=handler, Role=ROLE, Timeout=30,
        Code={"ZipFile": (tmp_path / f"{keeper}.zip").read_bytes()}, Environment={"Variables": {"TOTALS_TABLE": table}})

    def deliver(records):
        answer = functions.invoke(FunctionName=keeper, Payload=json.dumps({"Records": records}))
        assert "FunctionError" not in answer, answer["Payload"].read()

    def totals(customer):
        item = tables.get_item(TableName=table, Key={"keeper": {"S": keeper}, "customer": {"S": customer}},
                               ConsistentRead=True).get("Item", {})
        return {name: int(value["N"]) for name, value in item.items() if "N" in value and not name.startswith("seen ")}

    deliver(LIFE[:2])
    deliver(LIFE[:2])  # a retry
    assert totals("c-1") == {"changes": 2, "orders": 1, "pending": 0, "paid": 1, "cents": 500}
    deliver(LIFE[1:4])  # a batch cut differently
    assert totals("c-1") == {"changes": 3, "orders": 0, "pending": 0, "paid": 0, "cents": 0}
    assert totals("c-2") == {"changes": 2, "orders": 1, "paid": 0, "cancelled": 1, "cents": 0}
    deliver(LIFE)
    deliver(LIFE)
    assert totals("c-2") == {"changes": 3, "orders": 0, "paid": 0, "cancelled": 0, "cents": 0}
