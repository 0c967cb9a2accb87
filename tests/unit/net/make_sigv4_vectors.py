#!/usr/bin/python3
"""Writes sigv4_vectors.h: requests signed by botocore (Debian's python3-botocore), an implementation independent of ours.

Run it by hand when a case is added:  /usr/bin/python3 tests/unit/net/make_sigv4_vectors.py > tests/unit/net/sigv4_vectors.h
"""
import datetime
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials

NOW = datetime.datetime(2025, 2, 22, 3, 3, 25)


class Clock(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return NOW


botocore.auth.datetime.datetime = Clock
PLAIN = botocore.credentials.Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
SESSION = botocore.credentials.Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "tok/en+==")
HOST = "http://localhost:8000"
JSON = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.PutItem"}
HEADER, S3 = botocore.auth.SigV4Auth, botocore.auth.S3SigV4Auth
QUERY, S3QUERY = botocore.auth.SigV4QueryAuth, botocore.auth.S3SigV4QueryAuth

CASES = [  # name, signer, credentials, service, method, path and query, headers, body
    ("a DynamoDB put", HEADER, PLAIN, "dynamodb", "POST", "/", JSON, '{"TableName":"t"}'),
    ("an empty body", HEADER, PLAIN, "dynamodb", "POST", "/", JSON, ""),
    ("a session token", HEADER, SESSION, "dynamodb", "POST", "/", JSON, "{}"),
    ("a Lambda ARN in the path", HEADER, PLAIN, "lambda", "POST",
     "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af/invocations", {}, "{}"),
    ("query parameters out of order", HEADER, PLAIN, "lambda", "GET", "/2015-03-31/functions/?b=2&a=1&B=3&a=0", {}, ""),
    ("parameters with signs", HEADER, PLAIN, "lambda", "GET", "/x?name=a%20b%2Fc%3D%C3%A9&empty=&tilde=~-_.", {}, ""),
    ("a flag without equals sign", HEADER, PLAIN, "lambda", "GET", "/x?flag=&other=1", {}, ""),
    ("a parameter that begins another", HEADER, PLAIN, "lambda", "GET", "/x?ab=1&a=2&a-b=3&a.b=4", {}, ""),
    ("spaces in a header", HEADER, PLAIN, "lambda", "GET", "/", {"X-Amz-Client-Context": "a   b  c"}, ""),
    ("dots and double slashes in the path", HEADER, PLAIN, "lambda", "GET", "/a/./b//c/../d/", {}, ""),
    ("a space and a percent sign in the path", HEADER, PLAIN, "lambda", "GET", "/a%20b/100%25", {}, ""),
    ("an object of S3", S3, PLAIN, "s3", "PUT", "/bucket/a%20b/c%2Bd/./e", {}, "object"),
    ("a path of UTF-8 in S3", S3, PLAIN, "s3", "GET", "/bucket/%C3%A9~x?prefix=a%2F&delimiter=%2F", {}, ""),
    ("a presigned GET", QUERY, PLAIN, "lambda", "GET", "/2015-03-31/functions/f?Qualifier=%24LATEST", {}, ""),
    ("a presigned GET with a session", QUERY, SESSION, "lambda", "GET", "/x", {}, ""),
    ("a presigned object of S3", S3QUERY, PLAIN, "s3", "GET", "/bucket/a%20b?versionId=1", {}, ""),
    ("a presigned upload to S3", S3QUERY, PLAIN, "s3", "PUT", "/bucket/key", {}, "any body"),
]


def quoted(text):
    """A C string, a line of the request a line, long ones cut."""
    names = {"\r": "\\r", "\n": "\\n", '"': '\\"', "\\": "\\\\"}
    coded = [names.get(chr(b)) or (chr(b) if 32 <= b < 127 else f"\\{b:03o}") for b in text.encode()]
    lines, line = [], ""
    for code in coded:
        line += code
        if code == "\\n" or len(line) > 100:
            lines.append(line)
            line = ""
    return "\n     ".join(f'"{line}"' for line in lines + ([line] if line or not lines else []))


print("/* Written by make_sigv4_vectors.py with botocore. Signed at 20250222T030325Z; presigned ones are good for 3600 seconds. */")
print("static const struct vector vectors[] = {")
for name, signer, credentials, service, method, target, headers, body in CASES:
    data = {} if signer in (QUERY, S3QUERY) else body.encode()  # what is sent with a presigned URL is not known to its signer
    request = botocore.awsrequest.AWSRequest(method, HOST + target, headers=dict(headers), data=data)
    signer(credentials, service, "eu-central-1").add_auth(request)
    prepared = request.prepare()
    parts = urllib.parse.urlsplit(prepared.url)
    sent = {"Host": "localhost:8000", **{k: v if isinstance(v, str) else v.decode() for k, v in prepared.headers.items()}}
    lines = "".join(f"{k}: {v}\r\n" for k, v in sent.items())
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    print(f"    {{{quoted(name)}, {quoted(service)}, {quoted(method)},\n     {quoted(target)},\n     {quoted(lines)},\n     {quoted(body)}}},")
print("};")
