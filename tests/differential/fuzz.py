#!/usr/bin/python3
"""Sends random requests, good and bad, to a leat and to the model, and compares what they answer.

  tests/differential/fuzz.py --requests 100000            a fresh seed, which is printed
  tests/differential/fuzz.py --seed 7 --lane 12 --trace   one lane of that seed again, with everything that it does

A lane has two tables of its own and a connection of its own; all that happens in it comes from the seed and its number. Lanes
run side by side, so that their writes share commits. Compared are success or the error's type, attributes, why a transaction was
cancelled, and for queries and scans all pages together: counts, order, LastEvaluatedKey; at a lane's end all indexes and
every record of the stream. Exit status 1: there were differences."""
import argparse
import json
import pathlib
import random
import socket
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "blackbox")]
sys.dont_write_bytecode = True

import several  # noqa: E402
import stream  # noqa: E402
from generate import Generator, create_request, make_table  # noqa: E402
from model import Page  # noqa: E402
from program import Program  # noqa: E402
from values import Refused, canonical_item, decode_item, encode, order_key  # noqa: E402

LANES, LANE_REQUESTS, PAGES_MAX, DIFFERENCES_MAX = 24, 300, 1000, 10
METHODS = {"PutItem": "put_item", "UpdateItem": "update_item", "DeleteItem": "delete_item", "GetItem": "get_item",
           "Query": "query", "Scan": "scan"}


class Connection:
    """HTTP by hand: an SDK would take most of the time."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb", 65536)

    def send(self, operation, request):
        body = json.dumps(request, separators=(",", ":")).encode()
        service = "DynamoDBStreams_20120810" if operation in stream.OPERATIONS else "DynamoDB_20120810"
        self.socket.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: %s.%s\r\n"
                            b"Content-Type: application/x-amz-json-1.0\r\nAuthorization: AWS4-HMAC-SHA256 Credential=local/"
                            b"20250101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0\r\n"
                            b"X-Amz-Date: 20250101T000000Z\r\n"
                            b"Content-Length: %d\r\n\r\n%s" % (service.encode(), operation.encode(), len(body), body))

    def receive(self):
        status, size = int(self.stream.readline()[9:12]), 0
        while (line := self.stream.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                size = int(line[15:])
        return status, json.loads(self.stream.read(size))

    def close(self):
        self.stream.close()
        self.socket.close()


class Difference(Exception):
    """What was asked, what the model says, what leat says."""


def text_of(value):
    return json.dumps(value, sort_keys=True)


def expect(same, operation, request, wanted, got):
    if not same:
        raise Difference(f"{operation} {json.dumps(request, ensure_ascii=False)}\n   model: {text_of(wanted)}\n   leat:  {text_of(got)}")


def refusal(status, answer):
    return {"refused": answer["__type"].split("#")[1] if status == 400 else status, "Item": answer.get("Item"),
            "reasons": several.reasons_of(answer), "message": answer.get("message", answer.get("Message"))}


def compare_one(operation, request, wanted, status, answer):
    """An operation that is done with one answer; wanted may be a Refused."""
    if isinstance(wanted, Refused):
        got = refusal(status, answer) if status != 200 else answer
        item = canonical_item(got["Item"]) if got.get("Item") else None
        wanted_item = canonical_item(wanted.item) if wanted.item else None
        same = got.get("refused") in {wanted.kind, *wanted.others} and item == wanted_item
        same = same and wanted.reasons in (None, got.get("reasons"))
        expect(same, operation, request, [str(wanted), wanted_item, wanted.reasons], got)
        return
    expect(status == 200, operation, request, wanted, answer)
    if operation in several.METHODS:
        expect(several.canonical_answer(operation, answer) == wanted, operation, request, wanted, answer)
        return
    got = {member: canonical_item(value) for member, value in answer.items()}
    expect(got == {member: canonical_item(value) for member, value in wanted.items()}, operation, request, wanted, answer)


class Pages:
    """All pages of a Query or Scan, and of all segments."""

    def __init__(self, operation, request, page, keys):
        self.operation, self.request, self.page, self.sort = operation, request, page, keys.sort
        self.scanned = self.count = 0
        self.items = []

    def take(self, request, status, answer):
        """The key to go on with, or None."""
        expect(status == 200, self.operation, request, "a page", answer)
        self.scanned += answer["ScannedCount"]
        self.count += answer["Count"]
        counts_only = request.get("Select") == "COUNT"
        expect(counts_only != ("Items" in answer), self.operation, request, "items or not", answer)
        self.items += answer.get("Items", [])
        expect(counts_only or len(answer["Items"]) == answer["Count"], self.operation, request, "Count", answer)
        last, limit = answer.get("LastEvaluatedKey"), request.get("Limit")
        expect((last is not None) == (answer["ScannedCount"] == limit), self.operation, request, "LastEvaluatedKey at the limit", answer)
        if last is None:
            return None
        expect(set(last) == self.page.keys, self.operation, request, sorted(self.page.keys), answer)
        if self.page.ordered and self.scanned <= len(self.page.rows):
            wanted = encode(self.page.rows[self.scanned - 1][self.sort])
            expect(last[self.sort] == wanted, self.operation, request, {"last": wanted}, answer)
        return last

    def finish(self):
        kept = [canonical_item(item) for item in self.page.kept if item is not None]
        wanted = {"Count": len(kept), "ScannedCount": len(self.page.rows)}
        expect(wanted == {"Count": self.count, "ScannedCount": self.scanned}, self.operation, self.request,
               wanted, {"Count": self.count, "ScannedCount": self.scanned})
        if self.request.get("Select") == "COUNT":
            return
        items = [canonical_item(item) for item in self.items]
        expect(sorted(map(text_of, kept)) == sorted(map(text_of, items)), self.operation, self.request, kept, items)
        if self.page.ordered:  # items that are the same for an index may come in any order
            def orders(rows):
                return [row.get(self.sort) for row in rows]

            expect(orders(kept) == orders(items), self.operation, self.request, kept, items)


def page_requests(request):
    """A scan of one segment becomes scans of all."""
    for segment in range(request.get("TotalSegments", 1)):
        yield {**request, "Segment": segment} if "TotalSegments" in request else dict(request)


class Lane:
    """Gives requests and takes their answers (run is a coroutine: yields requests, is sent the answers)."""

    def __init__(self, seed, number, requests, trace=False):
        self.number, self.requests, self.trace = number, requests, trace
        self.random = random.Random(f"{seed}/{number}")
        self.tables = [make_table(self.random, f"fuzz-{seed}-{number}{end}") for end in ("", "-b")]
        self.tables[0].join(self.tables[1])
        self.generator = Generator(self.random, self.tables[0])
        self.accepted = self.refused = 0

    def ask(self, operation, request):
        answer = yield operation, request
        if self.trace:
            print(operation, json.dumps(request, ensure_ascii=False), "->", *answer)
        return answer

    def run(self):
        streams = []
        for table in self.tables:
            created = create_request(table)
            status, answer = yield from self.ask("CreateTable", created)
            expect(status == 200, "CreateTable", created, "a table", answer)
            streams.append(answer["TableDescription"]["LatestStreamArn"])
        for _ in range(self.requests):
            operation, request, table = self.next()
            try:
                wanted = self.model(operation, request, table)
                self.accepted += 1
            except Refused as refused:
                wanted = refused
                self.refused += 1
            if isinstance(wanted, Page) and not wanted.complete:
                status, answer = yield from self.ask(operation, request)
                expect(status == 200, operation, request, "a page", answer)
            elif isinstance(wanted, Page):
                yield from self.read(operation, request, wanted)
            else:
                compare_one(operation, request, wanted, *(yield from self.ask(operation, request)))
        for table, arn in zip(self.tables, streams):
            for index in (None, *table.indexes):
                request = {"TableName": table.name, **({"IndexName": index} if index else {})}
                yield from self.read("Scan", request, table.scan(request))
            yield from self.read_stream(table, arn)
            yield from self.ask("DeleteTable", {"TableName": table.name})

    def next(self):
        """(operation, request, the model's table)"""
        if not self.generator.waiting:
            self.generator.table = self.random.choices(self.tables, [3, 1])[0]
        return *self.generator.request(), self.generator.table

    def model(self, operation, request, table):
        if operation in several.METHODS:
            return several.METHODS[operation](table, request)
        return getattr(table, METHODS[operation])(request)

    def read_stream(self, table, arn):
        """Every change has exactly one record, in the order of its item's changes."""
        got, wanted = stream.told((yield from stream.read(self.ask, arn))), stream.wanted(table)
        for key in {*got, *wanted}:
            expect(got.get(key) == wanted.get(key), "the stream", {"key": key}, wanted.get(key), got.get(key))

    def read(self, operation, request, page):
        table = self.tables[0].family[request["TableName"]]
        keys = table.indexes[request["IndexName"]].keys if "IndexName" in request else table.keys
        pages = Pages(operation, request, page, keys)
        for part in page_requests(request):
            for _ in range(PAGES_MAX):
                last = pages.take(part, *(yield from self.ask(operation, part)))
                if last is None:
                    break
                part["ExclusiveStartKey"] = last
        pages.finish()


class Fuzzer:
    def __init__(self, port, seed, requests, lane=None, trace=False):
        self.port, self.seed, self.wanted, self.only, self.trace = port, seed, requests, lane, trace
        self.lane_requests = min(LANE_REQUESTS, requests // LANES + 1)
        self.sent = self.accepted = self.refused = self.lanes = 0
        self.differences = []

    def begin(self):
        """A further lane as (lane, coroutine, connection, request that waits), or None."""
        enough = self.sent >= self.wanted if self.only is None else self.lanes > 0
        if enough or len(self.differences) >= DIFFERENCES_MAX:
            return None
        lane = Lane(self.seed, self.lanes if self.only is None else self.only, self.lane_requests, self.trace)
        self.lanes += 1
        coroutine = lane.run()
        return [lane, coroutine, Connection(self.port), next(coroutine)]

    def step(self, running):
        """Takes an answer and has the next request ready; False: the lane has ended."""
        lane, coroutine, connection, _ = running
        answer = connection.receive()
        self.sent += 1
        try:
            running[3] = coroutine.send(answer)
            return True
        except StopIteration:
            pass
        except Difference as difference:
            self.differences.append(f"seed {self.seed}, lane {lane.number}: {difference}")
        self.accepted += lane.accepted
        self.refused += lane.refused
        connection.close()
        return False

    def run(self):
        lanes = []
        while True:
            while len(lanes) < LANES and (lane := self.begin()) is not None:
                lanes.append(lane)
            if not lanes:
                return
            for _, _, connection, request in lanes:
                connection.send(*request)
            lanes = [lane for lane in lanes if self.step(lane)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=3000, metavar="N", help="how many, about (3000)")
    parser.add_argument("--seed", type=int, help="a fresh one, when it is not given")
    parser.add_argument("--lane", type=int, help="only this one")
    parser.add_argument("--trace", action="store_true", help="print every request and its answer")
    parser.add_argument("--port", type=int, help="of a leat that runs; without it one is started")
    parser.add_argument("--store", default="lmdb", help="of the leat that is started (lmdb)")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        program = None if arguments.port else Program(pathlib.Path(directory) / "data", "--store", arguments.store).start()
        try:
            fuzzer = Fuzzer(arguments.port or program.port, seed, arguments.requests, arguments.lane, arguments.trace)
            fuzzer.run()
        finally:
            if program:
                program.stop()
    seconds = time.monotonic() - started
    for difference in fuzzer.differences:
        print(difference)
    print(f"{fuzzer.sent} requests in {seconds:.1f} s ({fuzzer.sent / seconds:.0f}/s), {2 * fuzzer.lanes} tables; of the operations "
          f"{fuzzer.accepted} succeed, {fuzzer.refused} are refused; {len(fuzzer.differences)} differences")
    return 1 if fuzzer.differences else 0


if __name__ == "__main__":
    sys.exit(main())
