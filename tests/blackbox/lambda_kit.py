"""What the tests of Lambda functions share: a server of a module's own, functions out of a few lines, and how they fail."""
import base64
import hashlib
import io
import json
import re
import uuid
import zipfile

import boto3
import botocore.config
import botocore.exceptions

from program import CREDENTIALS, REGION, Program

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/test"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
PYTHON, NODE, OWN = "python3.11", "nodejs20.x", "provided.al2023"


def server_for(tmp_path_factory, *arguments):
    program = Program(tmp_path_factory.mktemp("lambda") / "data", *arguments).start()
    try:
        yield program
        program.stop()
    finally:
        if program.process.poll() is None:
            program.kill()


def client(server, service="lambda"):
    return boto3.client(service, endpoint_url=server.endpoint, region_name=REGION, aws_access_key_id="local",
                        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
                        config=botocore.config.Config(retries={"max_attempts": 0}, read_timeout=60, max_pool_connections=64))


def packed(files):
    """A zip archive of {name: text or (text, mode)}; the same bytes for the same files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            text, mode = text if isinstance(text, tuple) else (text, 0o100644)
            info = zipfile.ZipInfo(name)
            info.external_attr, info.create_system = mode << 16, 3
            archive.writestr(info, text)
    return out.getvalue()


def sha256(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def unique(prefix="f"):
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def arn_of(name):
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def create(functions, runtime, files, handler="index.handler", **more):
    name = unique()
    functions.create_function(FunctionName=name, Role=ROLE, Runtime=runtime, Handler=handler, Code={"ZipFile": packed(files)}, **more)
    return name


def python(functions, text, **more):
    return create(functions, PYTHON, {"index.py": text}, **more)


def node(functions, text, file="index.js", **more):
    return create(functions, NODE, {file: text}, **more)


def invoke(functions, name, event=None, **more):
    """(what it answered, the whole answer); fails when the function did."""
    answer = functions.invoke(FunctionName=name, Payload=json.dumps({} if event is None else event), **more)
    text = answer["Payload"].read()
    assert "FunctionError" not in answer, text
    return json.loads(text), answer


def error_of(call, **arguments):
    """(status, type, message)"""
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        answer = error.response
        return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]
    raise AssertionError("not refused")
