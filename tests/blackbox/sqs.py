"""Clients of SQS: boto3 in both protocols. Debian's botocore knows SQS's older one, Query; newer ones speak JSON with the same shapes."""
import copy

import boto3
import botocore.session
from botocore.config import Config

from program import REGION

ACCOUNT = "000000000000"


def sqs_client(program, protocol="query", **more):
    session = botocore.session.Session()
    loader = session.get_component("data_loader")
    load = loader.load_service_model

    def load_as(name, kind, *arguments, **keywords):
        model = load(name, kind, *arguments, **keywords)
        if (name, kind, protocol) != ("sqs", "service-2", "json"):
            return model
        model = copy.deepcopy(model)
        model["metadata"].update(protocol="json", jsonVersion="1.0", targetPrefix="AmazonSQS")
        for shape in model["shapes"].values():
            shape.pop("locationName", None)
            for member in shape.get("members", {}).values():
                member.pop("locationName", None)
        return model

    loader.load_service_model = load_as
    return boto3.Session(botocore_session=session).client(
        "sqs", endpoint_url=program.endpoint, region_name=REGION, aws_access_key_id="local", aws_secret_access_key="local",
        config=Config(parameter_validation=False, retries={"max_attempts": 0}, **{"read_timeout": 60, **more}))


def bodies(answer):
    return [message["Body"] for message in answer.get("Messages", [])]


def counts(client, url):
    """Messages that are visible, in flight, delayed."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
    attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return tuple(int(attributes[name]) for name in names)
