"""Exports to buckets and imports from them: with AWS's clients, read back with other programs, and over kill -9."""
import base64
import csv
import gzip
import hashlib
import json
import pathlib
import random
import re
import subprocess
import time

import pytest

from conftest import Raw, boto_client, wait_active
from program import PROGRAM, Program, environment

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/"


class Place:
    """A server of its own, with a bucket."""

    def __init__(self, directory, *arguments):
        self.program = Program(directory / "data", *arguments).start()
        self.bucket = self.program.directory / "buckets/files"
        self.bucket.mkdir(parents=True)
        self.dynamodb = boto_client(self.program, "dynamodb")
        self.raw = Raw(self.program)

    def start_import(self, table, **more):
        request = {"S3BucketSource": {"S3Bucket": "files"}, "InputFormat": "DYNAMODB_JSON", "TableCreationParameters": {
            "TableName": table, "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}, **more}
        return self.dynamodb.import_table(**request)["ImportTableDescription"]["ImportArn"]

    def wait_import(self, arn, seconds=60):
        until = time.monotonic() + seconds
        while True:
            found = self.dynamodb.describe_import(ImportArn=arn)["ImportTableDescription"]
            if found["ImportStatus"] != "IN_PROGRESS":
                return found
            assert time.monotonic() < until, found
            time.sleep(0.02)

    def load(self, table, **more):
        return self.wait_import(self.start_import(table, **more))

    def items(self, table):
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=table)
        return {json.dumps(encode(item), sort_keys=True) for page in pages for item in page["Items"]}

    def make_table(self, table, items, **more):
        self.dynamodb.create_table(TableName=table, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                                   AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}], **more)
        wait_active(self.dynamodb, table)
        for at in range(0, len(items), 25):
            left = self.dynamodb.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": item}} for item in items[at:at + 25]]})
            assert not left["UnprocessedItems"]

    def recover(self, table):
        self.dynamodb.update_continuous_backups(
            TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})

    def wait_export(self, arn, seconds=60):
        until = time.monotonic() + seconds
        while True:
            found = self.dynamodb.describe_export(ExportArn=arn)["ExportDescription"]
            if found["ExportStatus"] != "IN_PROGRESS":
                return found
            assert time.monotonic() < until, found
            time.sleep(0.02)

    def export(self, table, **more):
        answer = self.dynamodb.export_table_to_point_in_time(TableArn=ARN + table, S3Bucket="files", **more)
        return self.wait_export(answer["ExportDescription"]["ExportArn"])

    def manifest(self, export):
        """(summary, files) of an export; every checksum in it is looked at."""
        summary_file = self.bucket / export["ExportManifest"]
        summary = json.loads(summary_file.read_text())
        files_file = self.bucket / summary["manifestFilesS3Key"]
        for path in (summary_file, files_file):
            assert path.with_suffix(".md5").read_text() == md5(path.read_bytes())
        files = [json.loads(line) for line in files_file.read_text().splitlines()]
        for file in files:
            data = (self.bucket / file["dataFileS3Key"]).read_bytes()
            assert file["md5Checksum"] == md5(data)
            assert file["etag"] == hashlib.md5(hashlib.md5(data).digest()).hexdigest() + "-1"
        return summary, files


def md5(data):
    return base64.b64encode(hashlib.md5(data).digest()).decode()


def encode(value):
    if isinstance(value, dict):
        return {name: encode(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [encode(inner) for inner in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


@pytest.fixture(name="place")
def fixture_place(tmp_path):
    place = Place(tmp_path)
    try:
        yield place
        place.program.stop()
    finally:
        if place.program.process.poll() is None:
            place.program.kill()


def every_type(key):
    return {"pk": {"S": key}, "empty": {"S": ""}, "text": {"S": "é中😀 \"quoted\" 'n\nnew line \\ tab\t"}, "n": {"N": "-0.0000123"},
            "large": {"N": "12345678901234567890123456789012345678"}, "b": {"B": b"\x00\xff\x10"}, "eb": {"B": b""},
            "t": {"BOOL": True}, "f": {"BOOL": False}, "nil": {"NULL": True}, "ss": {"SS": ["a", "b c"]}, "ns": {"NS": ["1", "-2.5"]},
            "bs": {"BS": [b"\x01", b"\x02"]}, "l": {"L": [{"S": "x"}, {"L": []}, {"M": {}}]},
            "m": {"M": {"odd name": {"N": "1E+30"}, "null": {"NULL": True}, "": {"S": "v"}}}}


def lines(items):
    return "".join(json.dumps({"Item": encode(item)}) + "\n" for item in items)


# ---- imports ----

def test_imports_json_in_several_files(place):
    items = [every_type(f"k{i}") for i in range(50)]
    (place.bucket / "in/deep").mkdir(parents=True)
    (place.bucket / "in/1.json").write_text(lines(items[:20]))
    (place.bucket / "in/deep/2").write_text(lines(items[20:]))
    (place.bucket / "other.json").write_text("not for us")
    found = place.load("new", S3BucketSource={"S3Bucket": "files", "S3KeyPrefix": "in/"})
    assert found["ImportStatus"] == "COMPLETED", found
    assert (found["ProcessedItemCount"], found["ImportedItemCount"], found["ErrorCount"]) == (50, 50, 0)
    assert found["ProcessedSizeBytes"] == len(lines(items).encode())
    assert found["S3BucketSource"] == {"S3Bucket": "files", "S3KeyPrefix": "in/", "S3BucketOwner": "000000000000"}
    assert found["TableCreationParameters"]["TableName"] == "new" and found["InputCompressionType"] == "NONE"
    place.make_table("same", items)
    assert place.items("new") == place.items("same")
    assert place.dynamodb.describe_table(TableName="new")["Table"]["TableId"] == found["TableId"]


def test_imports_csv_with_indexes(place):
    rows = [["pk", "score", "note"], ["a", "1.50", "x, \"y\""], ["b", "-7", "line\nend"], ["c", "0", ""]]
    with (place.bucket / "rows.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    found = place.load("rows", InputFormat="CSV", TableCreationParameters={
        "TableName": "rows", "BillingMode": "PAY_PER_REQUEST", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "score", "AttributeType": "N"}],
        "GlobalSecondaryIndexes": [{"IndexName": "by-score", "KeySchema": [{"AttributeName": "score", "KeyType": "HASH"}],
                                    "Projection": {"ProjectionType": "ALL"}}]})
    assert found["ImportStatus"] == "COMPLETED" and "InputFormatOptions" not in found, found
    answer = place.dynamodb.query(TableName="rows", IndexName="by-score", KeyConditionExpression="score = :s",
                                  ExpressionAttributeValues={":s": {"N": "-7"}})
    assert answer["Items"] == [{"pk": {"S": "b"}, "score": {"N": "-7"}, "note": {"S": "line\nend"}}]
    (place.bucket / "rows.csv").write_text("d;5\n")
    options = {"Csv": {"Delimiter": ";", "HeaderList": ["pk", "value"]}}
    found = place.load("more", InputFormat="CSV", InputFormatOptions=options)
    assert found["InputFormatOptions"] == options
    assert place.dynamodb.scan(TableName="more")["Items"] == [{"pk": {"S": "d"}, "value": {"S": "5"}}]


@pytest.mark.parametrize("kind", ["GZIP", "ZSTD"])
def test_imports_compressed_files(place, kind, tmp_path):
    items = [{"pk": {"S": f"k{i}"}, "text": {"S": "x" * 100}} for i in range(2000)]
    plain = tmp_path / "plain.json"
    plain.write_text(lines(items))
    packed = place.bucket / "packed"
    if kind == "GZIP":
        packed.write_bytes(gzip.compress(plain.read_bytes()))
    else:
        zstd = subprocess.run(["zstd", "-q", plain, "-o", packed], check=False) if pathlib.Path("/usr/bin/zstd").exists() else None
        if zstd is None:
            # a frame of one raw block each, by hand (RFC 8878): the program need not be there
            packed.write_bytes(b"".join(zstd_frame(plain.read_bytes()[at:at + 100000]) for at in range(0, plain.stat().st_size, 100000)))
    found = place.load("new", InputCompressionType=kind)
    assert found["ImportStatus"] == "COMPLETED", found
    assert found["ImportedItemCount"] == 2000 and found["ProcessedSizeBytes"] == plain.stat().st_size
    packed.write_bytes(packed.read_bytes()[:-10])
    found = place.load("cut", InputCompressionType=kind)
    assert (found["ImportStatus"], found["FailureCode"], found["ErrorCount"]) == ("FAILED", "ItemValidationError", 1), found


def zstd_frame(data):
    header = b"\x28\xb5\x2f\xfd" + b"\xa0" + len(data).to_bytes(4, "little")  # single segment, 4 bytes of size
    return header + (1 | len(data) << 3).to_bytes(3, "little") + data


def test_what_is_wrong_is_counted_and_the_rest_is_there(place):
    (place.bucket / "a.json").write_text(lines([{"pk": {"S": "1"}}, {"other": {"S": "2"}}, {"pk": {"S": "3"}}]))
    found = place.load("new")
    assert (found["ImportStatus"], found["FailureCode"]) == ("FAILED", "ItemValidationError")
    assert found["FailureMessage"] == ("Some of the items failed validation checks and were not imported. Please check CloudWatch error "
                                       "logs for more details.")
    assert (found["ProcessedItemCount"], found["ImportedItemCount"], found["ErrorCount"]) == (3, 2, 1)
    assert len(place.items("new")) == 2
    log = place.program.directory / "logs/imports" / (found["ImportArn"].rsplit("/", 1)[1] + ".log")
    assert [json.loads(line) for line in log.read_text().splitlines()] == [{
        "itemS3Pointer": {"bucket": "files", "key": "a.json", "itemIndex": 1}, "importArn": found["ImportArn"],
        "errorMessages": ["One or more parameter values were invalid: Missing the key pk in the item"]}]


def test_import_answers(place):
    refused = place.raw.refused
    parameters = {"TableName": "new", "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                  "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}
    request = {"S3BucketSource": {"S3Bucket": "files"}, "InputFormat": "DYNAMODB_JSON", "TableCreationParameters": parameters}
    assert refused("ImportTable", request) == ("ValidationException", (
        "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is "
        "PROVISIONED"))
    parameters["BillingMode"] = "PAY_PER_REQUEST"
    assert refused("ImportTable", {**request, "InputFormatOptions": {"Csv": {"Delimiter": ";"}}}) == (
        "ValidationException", "Invalid Request: Unsupported InputFormatOptions for the given input format: DYNAMODB_JSON.")
    assert refused("ImportTable", {**request, "InputCompressionType": "BZIP2"}) == ("ValidationException", (
        "1 validation error detected: Value 'BZIP2' at 'inputCompressionType' failed to satisfy constraint: Member must satisfy enum "
        "value set: [ZSTD, NONE, GZIP]"))
    assert place.load("new")["ImportStatus"] == "COMPLETED"
    assert refused("ImportTable", request) == ("ResourceInUseException", "Table already exists: new")
    nothing = place.load("nothing", S3BucketSource={"S3Bucket": "none"})
    assert (nothing["ImportStatus"], nothing["FailureCode"]) == ("FAILED", "S3NoSuchBucket")
    assert nothing["FailureMessage"].startswith("The specified bucket does not exist (Service: Amazon S3; Status Code: 404; "
                                                "Error Code: NoSuchBucket; Request ID: ")
    assert "nothing" not in place.dynamodb.list_tables()["TableNames"]
    arn = ARN + "new/import/01234567890123-01234567"
    assert refused("DescribeImport", {"ImportArn": arn}) == (
        "ImportNotFoundException", f"Import not found: Import not found: {arn}")
    assert refused("DescribeImport", {"ImportArn": ARN + "new"}) == ("ValidationException", "Invalid Import ARN")
    assert refused("DescribeExport", {"ExportArn": arn}) == ("ValidationException", "Invalid Export ARN")
    assert refused("DescribeImport", {"ImportArn": arn.replace("us-east-1", "us-west-2")})[0] == "ImportNotFoundException"
    assert refused("DescribeImport", {"ImportArn": arn.replace("0" * 12, "1" * 12)}) == ("AccessDeniedException", "Access is denied")


def test_an_import_survives_kill_9(place):
    count = 150000
    with (place.bucket / "big.json").open("w", encoding="utf-8") as file:
        for i in range(count):
            file.write(f'{{"Item":{{"pk":{{"S":"k{i}"}},"n":{{"N":"{i}"}}}}}}\n')
    arn = place.start_import("new")
    kills, dice = 0, random.Random(1)
    while place.dynamodb.describe_import(ImportArn=arn)["ImportTableDescription"]["ImportStatus"] == "IN_PROGRESS":
        time.sleep(dice.uniform(0.3, 1.5))
        place.program.kill()
        place.program.start()
        kills += 1
        assert kills < 100
    found = place.wait_import(arn)
    assert found["ImportStatus"] == "COMPLETED", found
    assert (found["ProcessedItemCount"], found["ImportedItemCount"], found["ErrorCount"]) == (count, count, 0)
    assert kills > 1
    assert place.dynamodb.scan(TableName="new", Select="COUNT", Limit=1)["Count"] == 1
    assert len(place.items("new")) == count


def test_a_table_is_closed_while_it_is_imported(place):
    with (place.bucket / "big.json").open("w", encoding="utf-8") as file:
        for i in range(60000):
            file.write(f'{{"Item":{{"pk":{{"S":"k{i}"}}}}}}\n')
    arn = place.start_import("new")
    assert place.dynamodb.describe_table(TableName="new")["Table"]["TableStatus"] == "CREATING"
    assert place.raw.refused("PutItem", {"TableName": "new", "Item": {"pk": {"S": "x"}}})[0] == "ResourceNotFoundException"
    assert place.raw.refused("DeleteTable", {"TableName": "new"})[0] == "ResourceInUseException"
    assert place.wait_import(arn)["ImportStatus"] == "COMPLETED"
    place.dynamodb.put_item(TableName="new", Item={"pk": {"S": "x"}})


def test_where_tables_take_their_time(tmp_path):
    place = Place(tmp_path, "--settle", "400ms")
    try:
        assert place.load("nothing", S3BucketSource={"S3Bucket": "none"})["FailureCode"] == "S3NoSuchBucket"
        (place.bucket / "a.json").write_text(lines([{"pk": {"S": "1"}}]))
        assert place.load("new")["ImportStatus"] == "COMPLETED"
        assert place.dynamodb.describe_table(TableName="new")["Table"]["TableStatus"] == "ACTIVE"
        place.recover("new")
        assert place.export("new")["ItemCount"] == 1
        until = time.monotonic() + 20
        while place.dynamodb.list_tables()["TableNames"] != ["new"]:
            assert time.monotonic() < until, place.dynamodb.list_tables()
            time.sleep(0.05)
        place.program.stop()
    finally:
        if place.program.process.poll() is None:
            place.program.kill()


def test_the_aws_cli_imports(place):
    (place.bucket / "a.json").write_text(lines([{"pk": {"S": "1"}}]))
    base = ["/usr/bin/aws", "--endpoint-url", place.program.endpoint, "dynamodb"]
    parameters = {"TableName": "cli", "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                  "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
    started = subprocess.run([*base, "import-table", "--s3-bucket-source", "S3Bucket=files", "--input-format", "DYNAMODB_JSON",
                              "--table-creation-parameters", json.dumps(parameters)], check=True, capture_output=True, env=environment())
    arn = json.loads(started.stdout)["ImportTableDescription"]["ImportArn"]
    assert place.wait_import(arn)["ImportedItemCount"] == 1
    listed = subprocess.run([*base, "list-imports"], check=True, capture_output=True, env=environment())
    assert [entry["ImportArn"] for entry in json.loads(listed.stdout)["ImportSummaryList"]] == [arn]


# ---- exports ----

def test_an_export_reads_back_with_other_programs(place):
    items = [every_type(f"k{i}") for i in range(300)]
    place.make_table("music", items)
    place.recover("music")
    export = place.export("music", S3Prefix="some/prefix")
    assert export["ExportStatus"] == "COMPLETED", export
    assert export["ItemCount"] == 300 and export["ExportFormat"] == "DYNAMODB_JSON" and export["S3SseAlgorithm"] == "AES256"
    number = export["ExportArn"].rsplit("/", 1)[1]
    assert export["ExportManifest"] == f"some/prefix/AWSDynamoDB/{number}/manifest-summary.json"
    summary, files = place.manifest(export)
    assert list(summary) == ["version", "exportArn", "startTime", "endTime", "tableArn", "tableId", "exportTime", "s3Bucket", "s3Prefix",
                             "s3SseAlgorithm", "s3SseKmsKeyId", "manifestFilesS3Key", "billedSizeBytes", "itemCount", "outputFormat",
                             "exportType"]
    assert summary["version"] == "2020-06-30" and summary["itemCount"] == 300 and summary["s3SseKmsKeyId"] is None
    assert summary["exportArn"] == export["ExportArn"] and summary["s3Prefix"] == "some/prefix"
    assert len(files) == 4 and sum(file["itemCount"] for file in files) == 300
    read = [line for file in files for line in gzip.open(place.bucket / file["dataFileS3Key"], "rt", encoding="utf-8")]
    assert {json.dumps(json.loads(line)["Item"], sort_keys=True) for line in read} == place.items("music") and len(read) == 300
    root = place.bucket / "some/prefix/AWSDynamoDB" / number
    assert sorted(path.name for path in root.iterdir()) == ["_started", "data", "manifest-files.json", "manifest-files.md5",
                                                            "manifest-summary.json", "manifest-summary.md5"]
    assert (root / "_started").stat().st_size == 0
    assert not list(place.bucket.glob(".leat-parts/*"))


@pytest.mark.parametrize("kind", ["DYNAMODB_JSON", "ION"])
def test_an_export_imports_into_an_equal_table(place, kind):
    place.make_table("music", [every_type(f"k{i}") for i in range(100)])
    place.recover("music")
    export = place.export("music", ExportFormat=kind)
    data = export["ExportManifest"].rsplit("/", 1)[0] + "/data/"
    found = place.load("new", InputFormat=kind, InputCompressionType="GZIP",
                       S3BucketSource={"S3Bucket": "files", "S3KeyPrefix": data})
    assert found["ImportStatus"] == "COMPLETED" and found["ImportedItemCount"] == 100, found
    assert place.items("new") == place.items("music")
    # everything under the export, the manifests too: the items come, the rest is counted
    root = place.load("root", InputFormat=kind, InputCompressionType="GZIP",
                      S3BucketSource={"S3Bucket": "files", "S3KeyPrefix": data[:-len("data/")]})
    assert (root["ImportStatus"], root["ProcessedItemCount"], root["ImportedItemCount"], root["ErrorCount"]) == ("FAILED", 104, 100, 4)


def test_an_export_survives_kill_9(place):
    with (place.bucket / "big.json").open("w", encoding="utf-8") as file:
        for i in range(60000):
            file.write(f'{{"Item":{{"pk":{{"S":"k{i}"}},"text":{{"S":"{"x" * 200}"}}}}}}\n')
    assert place.load("music")["ImportStatus"] == "COMPLETED"
    place.recover("music")
    arn = place.dynamodb.export_table_to_point_in_time(TableArn=ARN + "music", S3Bucket="files", S3Prefix="out")["ExportDescription"]["ExportArn"]
    kills, dice = 0, random.Random(2)
    while place.dynamodb.describe_export(ExportArn=arn)["ExportDescription"]["ExportStatus"] == "IN_PROGRESS":
        time.sleep(dice.uniform(0.01, 0.15))
        place.program.kill()
        place.program.start()
        kills += 1
        assert kills < 100
    export = place.wait_export(arn)
    assert export["ExportStatus"] == "COMPLETED" and export["ItemCount"] == 60000 and kills > 1, (kills, export)
    _, files = place.manifest(export)
    data = (place.bucket / export["ExportManifest"]).parent / "data"
    assert sorted(path.name for path in data.iterdir()) == sorted(file["dataFileS3Key"].rsplit("/", 1)[1] for file in files)
    keys = [json.loads(line)["Item"]["pk"]["S"] for file in files
            for line in gzip.open(place.bucket / file["dataFileS3Key"], "rt", encoding="utf-8")]
    assert len(keys) == 60000 and len(set(keys)) == 60000


def test_an_export_shows_the_past(place):
    place.make_table("music", [{"pk": {"S": "a"}, "v": {"N": "1"}}])
    place.recover("music")
    time.sleep(1.1)
    then = int(time.time())
    time.sleep(1.1)
    place.dynamodb.put_item(TableName="music", Item={"pk": {"S": "a"}, "v": {"N": "2"}})
    place.dynamodb.put_item(TableName="music", Item={"pk": {"S": "b"}})
    export = place.export("music", ExportTime=then)
    assert export["ItemCount"] == 1 and export["ExportTime"].timestamp() == then
    _, files = place.manifest(export)
    read = [line for file in files for line in gzip.open(place.bucket / file["dataFileS3Key"], "rt")]
    assert [json.loads(line) for line in read] == [{"Item": {"pk": {"S": "a"}, "v": {"N": "1"}}}]


def test_export_answers(place):
    refused = place.raw.refused
    request = {"TableArn": ARN + "music", "S3Bucket": "files"}
    assert refused("ExportTableToPointInTime", request) == ("TableNotFoundException", f"Table not found: {ARN}music")
    place.make_table("music", [])
    assert refused("ExportTableToPointInTime", request) == (
        "PointInTimeRecoveryUnavailableException", "Point in time recovery is not enabled for table 'music'")
    place.recover("music")
    assert refused("ExportTableToPointInTime", {**request, "TableArn": "music"}) == (
        "ValidationException", "One or more parameter values were invalid: tableArn is not a valid ARN")
    assert refused("ExportTableToPointInTime", {**request, "ExportTime": time.time() + 100}) == (
        "InvalidExportTimeException", "Export Time is invalid")
    assert refused("ExportTableToPointInTime", {**request, "ExportType": "INCREMENTAL_EXPORT", "IncrementalExportSpecification": {
        "ExportFromTime": time.time()}}) == ("InvalidExportTimeException", (
            "Difference between export period from time and export period to time is less than 15 minutes"))
    assert refused("ExportTableToPointInTime", {**request, "ExportFormat": "CSV"})[0] == "ValidationException"
    arn = ARN + "music/export/01234567890123-01234567"
    assert refused("DescribeExport", {"ExportArn": arn}) == ("ExportNotFoundException", f"Export not found: Export not found: {arn}")
    assert refused("DescribeExport", {"ExportArn": ARN + "music"}) == ("ValidationException", "Invalid Export ARN")
    assert refused("ListExports", {"NextToken": "x"}) == (
        "ValidationException", "Invalid Request: Provided nextToken is invalid: x")
    first = place.dynamodb.export_table_to_point_in_time(TableArn=ARN + "music", S3Bucket="files", ClientToken="one")["ExportDescription"]
    again = place.dynamodb.export_table_to_point_in_time(TableArn=ARN + "music", S3Bucket="files", ClientToken="one")["ExportDescription"]
    assert first["ExportArn"] == again["ExportArn"] and first["ExportStatus"] == "IN_PROGRESS"
    assert refused("ExportTableToPointInTime", {**request, "ClientToken": "one", "S3Prefix": "p"}) == (
        "ExportConflictException", "Export conflict: Duplicate request detected with conflicting parameters")
    failed = place.wait_export(place.dynamodb.export_table_to_point_in_time(
        TableArn=ARN + "music", S3Bucket="none")["ExportDescription"]["ExportArn"])
    assert (failed["ExportStatus"], failed["FailureCode"]) == ("FAILED", "S3NoSuchBucket")
    place.wait_export(first["ExportArn"])
    listed = place.dynamodb.list_exports(TableArn=ARN + "music")["ExportSummaries"]
    assert [entry["ExportArn"] for entry in listed] == [failed["ExportArn"], first["ExportArn"]]
    assert place.dynamodb.list_tables()["TableNames"] == ["music"]


# ---- leat's own commands ----

def leat(place, *words):
    return subprocess.run([PROGRAM, *words, "--endpoint", place.program.endpoint], capture_output=True, text=True, env=environment(),
                          check=False)


def test_leat_export_and_leat_import(place, tmp_path):
    place.make_table("music", [every_type(f"k{i}") for i in range(100)])
    place.make_table("copy", [])
    refused = leat(place, "export", "music", "--bucket", "files")
    assert refused.returncode == 1 and "Point in time recovery is not enabled" in refused.stderr
    place.recover("music")
    done = leat(place, "export", "music", "--bucket", "files", "--format", "ion")
    assert done.returncode == 0, done.stderr
    assert re.search("exporting music: (100%, )?100 items", done.stderr)
    data = (place.bucket / done.stdout.strip()).parent / "data"
    done = leat(place, "import", "copy", *map(str, data.iterdir()))
    assert done.returncode == 0, done.stderr
    assert "importing into copy: 100%, 100 items" in done.stderr
    assert place.items("copy") == place.items("music")
    bad = tmp_path / "bad.json"
    bad.write_text(lines([{"pk": {"S": "x"}}, {"other": {"S": "y"}}, {"pk": {"S": "x"}, "v": {"N": "2"}}]) + "garbage\n")
    done = leat(place, "import", "copy", str(bad))
    assert done.returncode == 1 and "2 items were not imported" in done.stderr, done.stderr
    assert f"{bad}, item 1: " in done.stderr
    assert place.dynamodb.get_item(TableName="copy", Key={"pk": {"S": "x"}})["Item"]["v"] == {"N": "2"}
    assert leat(place, "import", "none", str(bad)).returncode == 1
    assert leat(place, "import", "copy", str(tmp_path / "none.json")).returncode == 1
