"""SQS through boto3, in the Query protocol and in JSON: queues, messages, visibility, dead letters, FIFO."""
import hashlib
import itertools
import json
import struct
import threading
import time

import pytest
from botocore.exceptions import ClientError

from conftest import Raw
from program import REGION
from sqs import ACCOUNT, bodies, counts, sqs_client

NUMBERS = itertools.count(1)
SQS = "AmazonSQS"


@pytest.fixture(name="sqs", scope="module", params=["query", "json"])
def fixture_sqs(leat, request):
    return sqs_client(leat, request.param)


@pytest.fixture(name="make", scope="module")
def fixture_make(sqs):
    """make(fifo=False, **attributes) -> the URL of a new queue."""
    def make(fifo=False, **attributes):
        if fifo:
            attributes["FifoQueue"] = "true"
        return sqs.create_queue(QueueName=f"queue-{next(NUMBERS)}{'.fifo' if fifo else ''}", Attributes=attributes)["QueueUrl"]
    return make


def refused(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response
    assert error["ResponseMetadata"]["HTTPStatusCode"] in (400, 403, 404)
    return error["Error"]["Code"].split(".")[-1].removesuffix("Exception"), error["Error"]["Message"]


def arn_of(url):
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{url.split('/')[-1]}"


def md5_of_attributes(attributes):
    digest = hashlib.md5()
    for name in sorted(attributes):
        kind = attributes[name]["DataType"]
        binary = "BinaryValue" in attributes[name]
        value = attributes[name]["BinaryValue"] if binary else attributes[name]["StringValue"].encode()
        for part in (name.encode(), kind.encode()):
            digest.update(struct.pack(">I", len(part)) + part)
        digest.update((b"\2" if binary else b"\1") + struct.pack(">I", len(value)) + value)
    return digest.hexdigest()


# ---- queues


def test_a_queue_has_a_url_an_arn_and_the_initial_attributes(leat, sqs):
    name = f"initial-{next(NUMBERS)}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    assert url == f"{leat.endpoint}/{ACCOUNT}/{name}" == sqs.get_queue_url(QueueName=name)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    created = int(attributes.pop("CreatedTimestamp"))
    assert abs(created - time.time()) < 60 and int(attributes.pop("LastModifiedTimestamp")) == created
    assert attributes == {
        "QueueArn": arn_of(url), "VisibilityTimeout": "30", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600",
        "DelaySeconds": "0", "ReceiveMessageWaitTimeSeconds": "0", "SqsManagedSseEnabled": "true", "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0", "ApproximateNumberOfMessagesDelayed": "0"}
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=url)


def test_creating_a_queue_again_compares_the_attributes_that_are_given(sqs):
    name = f"again-{next(NUMBERS)}"
    url = sqs.create_queue(QueueName=name, Attributes={"DelaySeconds": "3"})["QueueUrl"]
    assert sqs.create_queue(QueueName=name)["QueueUrl"] == url
    assert sqs.create_queue(QueueName=name, Attributes={"DelaySeconds": "3", "VisibilityTimeout": "30"})["QueueUrl"] == url
    code, message = refused(sqs.create_queue, QueueName=name, Attributes={"DelaySeconds": "4"})
    assert code in ("QueueAlreadyExists", "QueueNameExists")
    assert message == "A queue already exists with the same name and a different value for attribute DelaySeconds"


@pytest.mark.parametrize("name", ["", "a" * 81, "with space", "point.", "ends.fifo", "umläut"])
def test_names_of_queues(sqs, name):
    assert refused(sqs.create_queue, QueueName=name)[0] in ("InvalidParameterValue", "MissingParameter")


def test_attributes_can_be_changed_and_are_checked(sqs, make):
    url = make()
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "7", "Policy": '{"Version":"2012-10-17"}'})
    wanted = ["VisibilityTimeout", "Policy", "DelaySeconds"]
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"] == {
        "VisibilityTimeout": "7", "Policy": '{"Version":"2012-10-17"}', "DelaySeconds": "0"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"] == {"VisibilityTimeout": "7", "DelaySeconds": "0"}
    assert refused(sqs.set_queue_attributes, QueueUrl=url, Attributes={"Color": "red"}) == (
        "InvalidAttributeName", "Unknown Attribute Color.")
    assert refused(sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["Color"]) == (
        "InvalidAttributeName", "Unknown Attribute Color.")
    for name, value in {"VisibilityTimeout": "43201", "DelaySeconds": "-1", "MessageRetentionPeriod": "59", "MaximumMessageSize": "x",
                        "ReceiveMessageWaitTimeSeconds": "21"}.items():
        assert refused(sqs.set_queue_attributes, QueueUrl=url, Attributes={name: value}) == (
            "InvalidAttributeValue", f"Invalid value for the parameter {name}.")
    assert refused(sqs.set_queue_attributes, QueueUrl=url, Attributes={"ContentBasedDeduplication": "true"})[0] == "InvalidAttributeName"


def test_words_that_are_cut_stay_characters(sqs, make):
    url = make()
    for name in ("ä" * 600, "x" + "ä" * 600, "漢" * 300):
        code, message = refused(sqs.get_queue_attributes, QueueUrl=url, AttributeNames=[name])
        assert code == "InvalidAttributeName" and message.startswith("Unknown Attribute " + name[:100])
        code, message = refused(sqs.delete_message, QueueUrl=url, ReceiptHandle=name)
        assert code == "ReceiptHandleIsInvalid" and name[:50] in message
        assert refused(sqs.send_message, QueueUrl=name, MessageBody="x")[0] == "InvalidAddress"


def test_a_queue_that_is_not_there(sqs, make):
    url = make()
    sqs.delete_queue(QueueUrl=url)
    for call in (lambda: sqs.send_message(QueueUrl=url, MessageBody="x"), lambda: sqs.receive_message(QueueUrl=url),
                 lambda: sqs.get_queue_attributes(QueueUrl=url), lambda: sqs.delete_queue(QueueUrl=url),
                 lambda: sqs.get_queue_url(QueueName=url.split("/")[-1]), lambda: sqs.purge_queue(QueueUrl=url)):
        code, message = refused(call)
        assert code in ("NonExistentQueue", "QueueDoesNotExist") and message == "The specified queue does not exist."
    assert url not in sqs.list_queues().get("QueueUrls", [])


def test_lists_have_prefixes_and_pages(sqs):
    prefix = f"list-{next(NUMBERS)}-"
    urls = [sqs.create_queue(QueueName=f"{prefix}{i}")["QueueUrl"] for i in range(5)]
    assert sqs.list_queues(QueueNamePrefix=prefix)["QueueUrls"] == urls
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix=prefix + "none")
    found, token = [], {}
    while True:
        page = sqs.list_queues(QueueNamePrefix=prefix, MaxResults=2, **token)
        found.append(page["QueueUrls"])
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert found == [urls[:2], urls[2:4], urls[4:]]


def test_tags(sqs, make):
    url = make()
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=url)
    sqs.tag_queue(QueueUrl=url, Tags={"team": "water", "stage": "test"})
    sqs.tag_queue(QueueUrl=url, Tags={"stage": "live", "empty": ""})
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "water", "stage": "live", "empty": ""}
    sqs.untag_queue(QueueUrl=url, TagKeys=["team", "empty", "never"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"stage": "live"}
    named = sqs.create_queue(QueueName=f"tagged-{next(NUMBERS)}", tags={"a": "b"})["QueueUrl"]
    assert sqs.list_queue_tags(QueueUrl=named)["Tags"] == {"a": "b"}


# ---- messages


def test_a_message_arrives_as_it_was_sent(sqs, make):
    url = make()
    body = "first line\r\nsecond \t <b>&amp;</b> \"quoted\" äöü 漢字 🚰"
    attributes = {"text": {"DataType": "String", "StringValue": "a&b"}, "Bytes": {"DataType": "Binary", "BinaryValue": bytes(range(256))},
                  "count": {"DataType": "Number.int", "StringValue": "42"}}
    sent = sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes, MessageSystemAttributes={
        "AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}})
    assert sent["MD5OfMessageBody"] == hashlib.md5(body.encode()).hexdigest()
    assert sent["MD5OfMessageAttributes"] == md5_of_attributes(attributes)
    assert len(sent["MD5OfMessageSystemAttributes"]) == 32 and "SequenceNumber" not in sent
    message, = sqs.receive_message(QueueUrl=url, AttributeNames=["All"], MessageAttributeNames=["All"])["Messages"]
    assert message["Body"] == body and message["MessageId"] == sent["MessageId"]
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"] and message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["MessageAttributes"] == attributes
    system = message["Attributes"]
    assert system["ApproximateReceiveCount"] == "1" and system["AWSTraceHeader"].startswith("Root=")
    assert abs(int(system["SentTimestamp"]) - time.time() * 1000) < 60000
    assert int(system["SentTimestamp"]) <= int(system["ApproximateFirstReceiveTimestamp"])
    assert set(system) == {"ApproximateReceiveCount", "AWSTraceHeader", "SentTimestamp", "ApproximateFirstReceiveTimestamp", "SenderId"}


def test_attributes_are_selected_by_name_and_prefix(sqs, make):
    url = make(VisibilityTimeout="0")
    attributes = {name: {"DataType": "String", "StringValue": "v"} for name in ("a.one", "a.two", "b")}
    sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes=attributes)

    def receive(names):
        message, = sqs.receive_message(QueueUrl=url, MessageAttributeNames=names, AttributeNames=["SentTimestamp"])["Messages"]
        assert set(message["Attributes"]) == {"SentTimestamp"}
        found = message.get("MessageAttributes", {})
        assert message.get("MD5OfMessageAttributes") == (md5_of_attributes(found) if found else None)
        return set(found)

    assert receive(["a.*"]) == {"a.one", "a.two"}
    assert receive(["b"]) == {"b"} and receive([".*"]) == set(attributes) and receive(["none"]) == set()
    assert refused(sqs.receive_message, QueueUrl=url, AttributeNames=["Colour"]) == ("InvalidAttributeName", "Unknown Attribute Colour.")


def test_messages_that_are_refused(sqs, make):
    url = make(MaximumMessageSize="1024")
    assert refused(sqs.send_message, QueueUrl=url, MessageBody="")[0] in ("MissingParameter", "MissingRequiredParameter")
    assert refused(sqs.send_message, QueueUrl=url, MessageBody="x" * 1025) == (
        "InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.")
    assert refused(sqs.send_message, QueueUrl=url, MessageBody="a\x1ab")[0] == "InvalidMessageContents"
    assert refused(sqs.send_message, QueueUrl=url, MessageBody="x", DelaySeconds=901)[0] == "InvalidParameterValue"
    many = {f"a{i}": {"DataType": "String", "StringValue": "x"} for i in range(11)}
    for attributes in ({"a": {"DataType": "Word", "StringValue": "x"}}, {"a": {"DataType": "String", "StringValue": ""}}, many,
                       {"a": {"DataType": "Number", "StringValue": "x"}}, {"a": {"StringValue": "x"}}, {"a b": many["a1"]}):
        assert refused(sqs.send_message, QueueUrl=url, MessageBody="x", MessageAttributes=attributes)[0] == "InvalidParameterValue"
    for wrong in ({"MaxNumberOfMessages": 0}, {"MaxNumberOfMessages": 11}, {"WaitTimeSeconds": 21}, {"VisibilityTimeout": 43201}):
        code, message = refused(sqs.receive_message, QueueUrl=url, **wrong)
        name, value = wrong.popitem()
        assert code == "InvalidParameterValue" and message.startswith(f"Value {value} for parameter {name} is invalid. Reason: ")
    assert counts(sqs, url) == (0, 0, 0)


def test_a_mebibyte_fits_and_no_more(sqs, make):
    url = make()
    body = "0123456789abcdef" * 65536
    sqs.send_message(QueueUrl=url, MessageBody=body)
    assert bodies(sqs.receive_message(QueueUrl=url)) == [body]
    assert refused(sqs.send_message, QueueUrl=url, MessageBody=body + "x")[0] == "InvalidParameterValue"
    entries = [{"Id": "a", "MessageBody": body[:600000]}, {"Id": "b", "MessageBody": body[:600000]}]
    assert refused(sqs.send_message_batch, QueueUrl=url, Entries=entries)[0] == "BatchRequestTooLong"


def test_batches(sqs, make):
    url = make()
    entries = [{"Id": f"n{i}", "MessageBody": f"body {i}", "MessageAttributes": {"i": {"DataType": "Number", "StringValue": str(i)}}}
               for i in range(9)]
    answer = sqs.send_message_batch(QueueUrl=url, Entries=entries + [{"Id": "bad", "MessageBody": "x", "DelaySeconds": 1000}])
    assert [sent["Id"] for sent in answer["Successful"]] == [entry["Id"] for entry in entries]
    failed, = answer["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("bad", "InvalidParameterValue", True)
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])["Messages"]
    assert [message["Body"] for message in messages] == [entry["MessageBody"] for entry in entries]
    assert [message["MessageAttributes"]["i"]["StringValue"] for message in messages] == [str(i) for i in range(9)]
    handles = [{"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]} for i, message in enumerate(messages)]
    changed = sqs.change_message_visibility_batch(QueueUrl=url, Entries=[{**handle, "VisibilityTimeout": 0} for handle in handles[:4]])
    assert [entry["Id"] for entry in changed["Successful"]] == ["0", "1", "2", "3"] and "Failed" not in changed
    assert counts(sqs, url) == (4, 5, 0)
    deleted = sqs.delete_message_batch(QueueUrl=url, Entries=handles + [{"Id": "no", "ReceiptHandle": "nonsense"}])
    assert len(deleted["Successful"]) == 9 and deleted["Failed"][0]["Code"] == "ReceiptHandleIsInvalid"
    assert counts(sqs, url) == (0, 0, 0)


def test_batches_that_are_refused(sqs, make):
    url = make()
    entry = {"Id": "a", "MessageBody": "x"}
    assert refused(sqs.send_message_batch, QueueUrl=url, Entries=[{"Id": str(i), "MessageBody": "x"} for i in range(11)]) == (
        "TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent 11.")
    assert refused(sqs.send_message_batch, QueueUrl=url, Entries=[entry, entry]) == ("BatchEntryIdsNotDistinct", "Id a repeated.")
    assert refused(sqs.send_message_batch, QueueUrl=url, Entries=[{**entry, "Id": "a b"}])[0] == "InvalidBatchEntryId"


def test_a_received_message_is_hidden_until_its_timeout(sqs, make):
    url = make(VisibilityTimeout="1")
    sqs.send_message(QueueUrl=url, MessageBody="x")
    first, = sqs.receive_message(QueueUrl=url)["Messages"]
    assert counts(sqs, url) == (0, 1, 0) and bodies(sqs.receive_message(QueueUrl=url)) == []
    second, = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5, AttributeNames=["ApproximateReceiveCount"])["Messages"]
    assert second["Attributes"]["ApproximateReceiveCount"] == "2"
    assert second["ReceiptHandle"] != first["ReceiptHandle"] and second["MessageId"] == first["MessageId"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    assert counts(sqs, url) == (0, 0, 0)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=second["ReceiptHandle"])


def test_visibility_can_be_changed(sqs, make):
    url = make()
    sqs.send_message(QueueUrl=url, MessageBody="x")
    handle = sqs.receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=1)
    assert bodies(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)) == ["x"]
    assert refused(sqs.change_message_visibility, QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=1)[0] == "MessageNotInflight"
    assert refused(sqs.change_message_visibility, QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=43201)[0] == "InvalidParameterValue"
    assert refused(sqs.change_message_visibility, QueueUrl=url, ReceiptHandle="x", VisibilityTimeout=1)[0] == "ReceiptHandleIsInvalid"
    sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
    code, message = refused(sqs.change_message_visibility, QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=1)
    assert code == "InvalidParameterValue" and "Message does not exist or is not available for visibility timeout change." in message


def test_one_message_twice_in_a_batch(sqs, make):
    url = make()
    sqs.send_message(QueueUrl=url, MessageBody="x")
    handle = sqs.receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"]
    twice = [{"Id": letter, "ReceiptHandle": handle} for letter in "ab"]
    changed = sqs.change_message_visibility_batch(QueueUrl=url, Entries=[
        {**entry, "VisibilityTimeout": seconds} for entry, seconds in zip(twice, (50, 0))])
    assert [entry["Id"] for entry in changed["Successful"]] == ["a", "b"] and "Failed" not in changed
    assert counts(sqs, url) == (1, 0, 0)
    deleted = sqs.delete_message_batch(QueueUrl=url, Entries=twice)
    assert [entry["Id"] for entry in deleted["Successful"]] == ["a", "b"] and counts(sqs, url) == (0, 0, 0)


def test_handles_belong_to_their_queue(sqs, make):
    one, other = make(), make()
    sqs.send_message(QueueUrl=one, MessageBody="x")
    handle = sqs.receive_message(QueueUrl=one)["Messages"][0]["ReceiptHandle"]
    assert refused(sqs.delete_message, QueueUrl=other, ReceiptHandle=handle)[0] == "ReceiptHandleIsInvalid"


def test_delays_of_the_queue_and_of_a_message(sqs, make):
    url = make(DelaySeconds="1")
    begun = time.monotonic()
    sqs.send_message(QueueUrl=url, MessageBody="queue's")
    sqs.send_message(QueueUrl=url, MessageBody="none", DelaySeconds=0)
    assert counts(sqs, url) == (1, 0, 1)
    assert bodies(sqs.receive_message(QueueUrl=url)) == ["none"]
    assert bodies(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)) == ["queue's"]
    assert 0.9 < time.monotonic() - begun < 8


def test_purging(sqs, make):
    url = make()
    for i in range(3):
        sqs.send_message(QueueUrl=url, MessageBody=str(i))
    handle = sqs.receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"]
    sqs.purge_queue(QueueUrl=url)
    assert counts(sqs, url) == (0, 0, 0)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
    sqs.send_message(QueueUrl=url, MessageBody="after")
    assert bodies(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)) == ["after"]
    code, message = refused(sqs.purge_queue, QueueUrl=url)
    assert code == "PurgeQueueInProgress"
    assert message == f"Only one PurgeQueue operation on {url.split('/')[-1]} is allowed every 60 seconds."


# ---- waiting


def test_a_send_wakes_who_waits(leat, sqs, make):
    url = make()
    waits = []

    def receive():
        client = sqs_client(leat)
        answer = client.receive_message(QueueUrl=url, WaitTimeSeconds=20)
        waits.append((time.monotonic(), bodies(answer)))

    threads = [threading.Thread(target=receive) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    assert waits == []
    begun = time.monotonic()
    sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(i), "MessageBody": str(i)} for i in range(3)])
    for thread in threads:
        thread.join()
    assert sorted(got for _, got in waits) == [["0"], ["1"], ["2"]]
    assert max(when for when, _ in waits) - begun < 2


def test_waiting_ends_empty(sqs, make):
    url = make(ReceiveMessageWaitTimeSeconds="1")
    begun = time.monotonic()
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    assert 0.9 < time.monotonic() - begun < 8
    begun = time.monotonic()
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0)
    assert time.monotonic() - begun < 0.9


def test_what_a_client_that_has_gone_would_have_got_is_for_others(leat, sqs, make):
    url = make()
    gone = sqs_client(leat, read_timeout=1)
    with pytest.raises(Exception, match="[Tt]imeout|timed out"):
        gone.receive_message(QueueUrl=url, WaitTimeSeconds=20)
    time.sleep(0.2)
    sqs.send_message(QueueUrl=url, MessageBody="x")
    message, = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5, AttributeNames=["All"])["Messages"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"


def test_deleting_a_queue_answers_who_waits(leat, sqs, make):
    url = make()
    errors = []
    thread = threading.Thread(target=lambda: errors.append(refused(sqs_client(leat).receive_message, QueueUrl=url, WaitTimeSeconds=20)))
    thread.start()
    time.sleep(0.5)
    sqs.delete_queue(QueueUrl=url)
    thread.join(5)
    assert errors == [("NonExistentQueue", "The specified queue does not exist.")]


# ---- dead letters


def test_what_is_received_too_often_goes_to_the_dead_letter_queue(sqs, make):
    dead = make()
    url = make(VisibilityTimeout="0", RedrivePolicy=json.dumps({"deadLetterTargetArn": arn_of(dead), "maxReceiveCount": "2"}))
    policy = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"]
    assert json.loads(policy) == {"deadLetterTargetArn": arn_of(dead), "maxReceiveCount": 2}
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [url]
    attributes = {"why": {"DataType": "String", "StringValue": "not"}}
    sent = sqs.send_message(QueueUrl=url, MessageBody="poison" * 100000, MessageAttributes=attributes)
    for _ in range(2):
        assert len(bodies(sqs.receive_message(QueueUrl=url))) == 1
    assert bodies(sqs.receive_message(QueueUrl=url)) == []
    message, = sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=5, AttributeNames=["All"], MessageAttributeNames=["All"])["Messages"]
    assert message["Body"] == "poison" * 100000 and message["MessageId"] == sent["MessageId"]
    assert message["MessageAttributes"] == attributes
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == arn_of(url)
    assert counts(sqs, url) == (0, 0, 0) and counts(sqs, dead) == (0, 1, 0)


def test_redrive_policies_that_are_refused(sqs, make):
    url, fifo = make(), make(fifo=True)
    for policy in ("x", "{}", {"deadLetterTargetArn": arn_of(url)}, {"deadLetterTargetArn": arn_of(fifo), "maxReceiveCount": 1},
                   {"deadLetterTargetArn": arn_of(url) + "-none", "maxReceiveCount": 1},
                   {"deadLetterTargetArn": arn_of(url), "maxReceiveCount": 0}, {"deadLetterTargetArn": "x", "maxReceiveCount": 1}):
        policy = policy if isinstance(policy, str) else json.dumps(policy)
        code, message = refused(sqs.set_queue_attributes, QueueUrl=url, Attributes={"RedrivePolicy": policy})
        assert code == "InvalidParameterValue" and message.startswith(f"Value {policy} for parameter RedrivePolicy is invalid. Reason: ")


# ---- FIFO


def send_fifo(sqs, url, body, group, deduplication=None):
    more = {"MessageDeduplicationId": deduplication} if deduplication else {}
    return sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=group, **more)


def test_groups_keep_their_order(sqs, make):
    url = make(fifo=True, ContentBasedDeduplication="true")
    numbers = [int(send_fifo(sqs, url, f"{group}{i}", group)["SequenceNumber"]) for i in range(3) for group in "ab"]
    assert numbers == sorted(set(numbers)) and len(str(numbers[0])) == 20
    first = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=2, AttributeNames=["All"])["Messages"]
    assert [message["Body"] for message in first] == ["a0", "a1"]
    assert first[0]["Attributes"]["MessageGroupId"] == "a" and int(first[0]["Attributes"]["SequenceNumber"]) == numbers[0]
    assert first[0]["Attributes"]["MessageDeduplicationId"] == hashlib.sha256(b"a0").hexdigest()
    assert bodies(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)) == ["b0", "b1", "b2"]
    assert bodies(sqs.receive_message(QueueUrl=url)) == []
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first[0]["ReceiptHandle"])
    assert bodies(sqs.receive_message(QueueUrl=url)) == []
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=first[1]["ReceiptHandle"], VisibilityTimeout=0)
    assert bodies(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)) == ["a1", "a2"]
    code, message = refused(sqs.delete_message, QueueUrl=url, ReceiptHandle=first[1]["ReceiptHandle"])
    assert code == "InvalidParameterValue" and message.endswith("Reason: The receipt handle has expired.")


def test_what_was_sent_already_is_not_sent_again(sqs, make):
    url = make(fifo=True)
    first = send_fifo(sqs, url, "one", "g", "id")
    again = send_fifo(sqs, url, "another", "g", "id")
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert counts(sqs, url) == (1, 0, 0)
    message, = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    send_fifo(sqs, url, "one", "g", "id")
    assert counts(sqs, url) == (0, 0, 0)


def test_what_fifo_queues_refuse(sqs, make):
    url = make(fifo=True)
    assert refused(sqs.send_message, QueueUrl=url, MessageBody="x", MessageDeduplicationId="i") in (
        ("MissingParameter", "The request must contain the parameter MessageGroupId."),
        ("MissingRequiredParameter", "The request must contain the parameter MessageGroupId."))
    assert refused(sqs.send_message, QueueUrl=url, MessageBody="x", MessageGroupId="g") == (
        "InvalidParameterValue",
        "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
    assert refused(sqs.send_message, QueueUrl=url, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="i",
                   DelaySeconds=1)[0] == "InvalidParameterValue"
    assert refused(sqs.send_message, QueueUrl=make(), MessageBody="x", MessageDeduplicationId="i")[0] == "InvalidParameterValue"


# ---- the protocols


def test_json_faults_carry_the_older_code(raw):
    status, headers, body = raw.call("GetQueueUrl", {"QueueName": "none"}, target=SQS)
    assert status == 400 and headers["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender"
    assert json.loads(body) == {"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "The specified queue does not exist."}
    status, headers, body = raw.call("SendMessage", {"QueueUrl": "http://x/000000000000/y"}, target=SQS)
    assert status == 400 and headers["x-amzn-query-error"] == "MissingParameter;Sender"
    assert raw.call("SendMessage", {"QueueUrl": "none", "MessageBody": "x"}, target=SQS)[1]["x-amzn-query-error"] == "InvalidAddress;Sender"


def test_the_query_protocol_on_the_wire(leat):
    raw = Raw(leat)
    signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential=local/20250101/{REGION}/sqs/aws4_request, SignedHeaders=host, Signature=0",
              "X-Amz-Date": "20250101T000000Z"}
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", **signed}

    def post(body, path="/"):
        status, headers, answer = raw.http("POST", path, body, form)
        assert headers["content-type"] == "text/xml" and "Sanitizer" not in answer.decode()
        return status, answer.decode()

    status, answer = post("Action=CreateQueue&QueueName=wire&Attribute.1.Name=DelaySeconds&Attribute.1.Value=0&Version=2012-11-05")
    assert status == 200 and f"<QueueUrl>{leat.endpoint.replace('127.0.0.1', '127.0.0.1')}/{ACCOUNT}/wire</QueueUrl>" in answer
    assert '<CreateQueueResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><CreateQueueResult>' in answer
    status, answer = post(f"Action=SendMessage&MessageBody=a+b%26c&QueueUrl=http%3A%2F%2Fany%2F{ACCOUNT}%2Fwire", f"/{ACCOUNT}/wire")
    assert status == 200 and "<MD5OfMessageBody>" + hashlib.md5(b"a b&c").hexdigest() in answer
    status, answer = post("Action=Nothing&Version=2012-11-05")
    assert status == 400 and "<Code>InvalidAction</Code>" in answer
    assert raw.http("POST", "/", "Action=ListQueues&Version=2012-11-05", {"Content-Type": form["Content-Type"]})[0] == 403
    status, _, answer = raw.http("GET", f"/{ACCOUNT}/wire?Action=ReceiveMessage&Version=2012-11-05&QueueUrl=http://any/{ACCOUNT}/wire",
                                 None, signed)
    assert status == 200 and b"<Body>a b&amp;c</Body>" in answer
