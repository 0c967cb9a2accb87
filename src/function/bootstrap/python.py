"""Runs a Python handler: the client side of the Lambda Runtime API. Started by leat in the code directory.

Source: AWS Lambda Developer Guide, "Lambda runtime API"; error and log forms as AWS's own Python runtime shows them.
"""
import importlib.util
import json
import logging
import os
import socket
import sys
import time
import traceback
from decimal import Decimal

BOOTSTRAP = __file__
PREFIX = "/2018-06-01/runtime/"


class Fault(Exception):
    """An error of the runtime's own finding, with AWS's type name."""

    def __init__(self, kind, message, trace=()):
        super().__init__(message)
        self.kind, self.trace = kind, list(trace)


class Api:
    """One keep-alive connection, one request at a time; plain sockets, because http.client costs more than a short handler does."""

    def __init__(self, address):
        self.address = address
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def call(self, method, path, body=None, headers=""):
        head = f"{method} {PREFIX}{path} HTTP/1.1\r\nHost: {self.address}\r\n{headers}"
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self.socket.sendall(head.encode("latin-1", "replace") + b"\r\n" + (body or b""))
        return self.answer()

    def more(self):
        piece = self.socket.recv(262144)
        if not piece:
            os._exit(0)  # leat has gone, and nobody waits for us any more
        return piece

    def answer(self):
        data = self.buffer
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self.more()
        lines = data[:end].decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        size = int(headers.get("content-length", 0))
        pieces, have = [data[end + 4:]], len(data) - end - 4
        while have < size:
            pieces.append(self.more())
            have += len(pieces[-1])
        data = b"".join(pieces)
        self.buffer = data[size:]
        return int(lines[0].split(" ")[1]), headers, data[:size]


class Identity:
    def __init__(self, text):
        given = json.loads(text) if text else {}
        self.cognito_identity_id = given.get("cognitoIdentityId")
        self.cognito_identity_pool_id = given.get("cognitoIdentityPoolId")


class Client:
    def __init__(self, given):
        given = given or {}
        self.installation_id = given.get("installation_id")
        self.app_title, self.app_version_name = given.get("app_title"), given.get("app_version_name")
        self.app_version_code, self.app_package_name = given.get("app_version_code"), given.get("app_package_name")


class ClientContext:
    def __init__(self, given):
        self.custom, self.env = given.get("custom"), given.get("env")
        self.client = Client(given.get("client"))


class Context:
    def __init__(self, headers):
        environment = os.environ
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.log_group_name = environment.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = environment.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = environment.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = environment.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = environment.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
        given = headers.get("lambda-runtime-client-context")
        self.client_context = ClientContext(json.loads(given)) if given else None
        self.identity = Identity(headers.get("lambda-runtime-cognito-identity"))
        self._deadline_ms = int(headers["lambda-runtime-deadline-ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))


class LogHandler(logging.Handler):
    """The root logger's handler that AWS's runtime installs: basicConfig() in a handler's module has no effect because of it."""

    request_id = ""

    def emit(self, record):
        record.aws_request_id = LogHandler.request_id
        sys.stdout.write(self.format(record) + "\n")


def set_up_logging():
    handler = LogHandler()
    form = logging.Formatter("[%(levelname)s]\t%(asctime)s.%(msecs)dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S")
    form.converter = time.gmtime
    handler.setFormatter(form)
    logging.getLogger().addHandler(handler)


class EndpointHook:
    """Lets botocore from before 1.31, which does not know AWS_ENDPOINT_URL, reach the local server: when botocore.session is
    imported, Session.create_client is wrapped to fill in endpoint_url where the caller gave none. Newer ones are left alone."""

    def find_spec(self, name, path=None, target=None):
        if name != "botocore.session":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None:
            execute = spec.loader.exec_module

            def exec_module(module):
                execute(module)
                self.wrap(module)

            spec.loader.exec_module = exec_module
        return spec

    @staticmethod
    def wrap(module):
        import botocore.configprovider as provider
        if "ignore_configured_endpoint_urls" in getattr(provider, "BOTOCORE_DEFAUT_SESSION_VARIABLES", {}):
            return
        create = module.Session.create_client

        def create_client(self, service_name, region_name=None, api_version=None, use_ssl=True, verify=None,
                          endpoint_url=None, *rest, **named):
            if endpoint_url is None:
                own = "AWS_ENDPOINT_URL_" + service_name.upper().replace("-", "_").replace("DYNAMODBSTREAMS", "DYNAMODB_STREAMS")
                endpoint_url = os.environ.get(own) or os.environ.get("AWS_ENDPOINT_URL") or None
            return create(self, service_name, region_name, api_version, use_ssl, verify, endpoint_url, *rest, **named)

        module.Session.create_client = create_client


def frames(error):
    """The stack as AWS shows it: without column marks, and without this file's own frames."""
    found = [(f.filename, f.lineno, f.name, f.line) for f in traceback.extract_tb(error.__traceback__)]
    found = [f for f in found if f[0] != BOOTSTRAP and not f[0].startswith("<frozen importlib")]
    return traceback.format_list(found)


def report_of(error, request_id):
    trace = error.trace if isinstance(error, Fault) else frames(error)
    kind = error.kind if isinstance(error, Fault) else type(error).__name__
    return {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": trace}


def post_error(api, path, error, request_id):
    report = report_of(error, request_id)
    words = f"[ERROR] {report['errorType']}: {report['errorMessage']}\n"
    if report["stackTrace"]:
        words += "Traceback (most recent call last):\n" + "".join(report["stackTrace"])
    sys.stdout.write(words)
    sys.stdout.flush()
    sys.stderr.flush()
    body = json.dumps(report).encode()
    return api.call("POST", path, body, f"Lambda-Runtime-Function-Error-Type: {report['errorType']}\r\n")


def load_handler(name):
    module_name, dot, function_name = name.rpartition(".")
    if not dot or not module_name:
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        trace = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        raise Fault("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", trace) from error
    if not hasattr(module, function_name):
        raise Fault("Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'")
    return getattr(module, function_name)


def plain(value):
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def encode(result):
    try:
        return json.dumps(result, ensure_ascii=False, default=plain).encode("utf-8", "surrogatepass")
    except Exception as error:
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def serve(api, handler):
    while True:
        status, headers, event = api.call("GET", "invocation/next")
        if status != 200:
            os._exit(1)
        request_id = headers["lambda-runtime-aws-request-id"]
        LogHandler.request_id = request_id
        os.environ["_X_AMZN_TRACE_ID"] = headers.get("lambda-runtime-trace-id", "")
        path = f"invocation/{request_id}/"
        try:
            try:
                given = json.loads(event)
            except ValueError as error:
                raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from error
            body = encode(handler(given, Context(headers)))
        except Exception as error:  # SystemExit and the like end the process, as in AWS
            post_error(api, path + "error", error, request_id)
            continue
        sys.stdout.flush()
        sys.stderr.flush()
        api.call("POST", path + "response", body)


def main():
    sys.stdout.reconfigure(line_buffering=True)
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]  # instead of this file's directory
    set_up_logging()
    sys.meta_path.insert(0, EndpointHook())
    api = Api(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = load_handler(os.environ["_HANDLER"])
    except Exception as error:
        post_error(api, "init/error", error, "")
        sys.exit(1)
    serve(api, handler)


main()
