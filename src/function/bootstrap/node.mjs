// Runs a Node.js handler: the client side of the Lambda Runtime API. Started by leat in the code directory.
// Source: AWS Lambda Developer Guide, "Lambda runtime API" and "Lambda function handler in Node.js"; error and log forms as AWS's
// own Node.js runtime shows them.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { Socket } from "node:net";
import { basename, dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { format } from "node:util";

const PREFIX = "/2018-06-01/runtime/";
const CRLF2 = Buffer.from("\r\n\r\n");

// One keep-alive connection, one request at a time. A plain socket: while a handler runs it is unreferenced, so that the event loop
// can become empty (callbackWaitsForEmptyEventLoop), and node:http would cost more than a short handler does.
class Api {
  constructor(address) {
    const colon = address.lastIndexOf(":");
    this.address = address;
    this.pieces = [];
    this.size = 0;
    this.wanted = 0; // bytes of the answer's head and body, once the head is there
    this.socket = new Socket();
    this.socket.setNoDelay(true);
    this.socket.on("data", (piece) => this.arrived(piece));
    this.socket.on("close", () => process.exit(0)); // leat has gone, and nobody waits for us any more
    this.socket.on("error", () => {});
    this.socket.connect(Number(address.slice(colon + 1)), address.slice(0, colon));
  }

  call(method, path, body, headers = "") {
    const length = body === undefined ? "" : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
    const head = `${method} ${PREFIX}${path} HTTP/1.1\r\nHost: ${this.address}\r\n${headers}${length}\r\n`;
    this.socket.ref();
    this.socket.write(body === undefined ? head : head + body);
    return new Promise((done) => { this.done = done; });
  }

  arrived(piece) {
    this.pieces.push(piece);
    this.size += piece.length;
    if (this.size < this.wanted) return;
    const data = this.pieces.length === 1 ? piece : Buffer.concat(this.pieces);
    this.pieces = [data];
    const end = data.indexOf(CRLF2);
    if (end < 0) return;
    const lines = data.latin1Slice(0, end).split("\r\n");
    const headers = {};
    for (let i = 1; i < lines.length; i++) {
      const colon = lines[i].indexOf(":");
      headers[lines[i].slice(0, colon).toLowerCase()] = lines[i].slice(colon + 1).trim();
    }
    this.wanted = end + 4 + Number(headers["content-length"] ?? 0);
    if (data.length < this.wanted) return;
    const body = data.subarray(end + 4, this.wanted);
    this.pieces = [];
    this.size = this.wanted = 0;
    this.socket.unref();
    this.done({ status: Number(lines[0].split(" ")[1]), headers, body });
  }
}

class RuntimeFault extends Error {
  constructor(kind, message) {
    super(message);
    this.name = kind;
  }
}

function reportOf(error) {
  if (error instanceof Error) {
    return {
      errorType: error.name ?? "Error",
      errorMessage: error.message,
      trace: (error.stack ?? "").split("\n"),
    };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

let requestId; // of the running invocation

function log(level, words) {
  process.stdout.write(`${new Date().toISOString()}\t${requestId}\t${level}\t${words}\n`);
}

function patchConsole() {
  const levels = { log: "INFO", info: "INFO", debug: "DEBUG", warn: "WARN", error: "ERROR", trace: "TRACE" };
  for (const [name, level] of Object.entries(levels)) console[name] = (...words) => log(level, format(...words));
}

// "src/app.handler" -> the file src/app.js, .mjs or .cjs (or the extensionless path), and the name of what it exports
async function loadHandler(name) {
  const match = /^([^.]*)\.(.*)$/.exec(basename(name));
  if (match === null || name.includes("..")) throw new RuntimeFault("Runtime.MalformedHandlerName", "Bad handler");
  const path = resolve(process.env.LAMBDA_TASK_ROOT, dirname(name), match[1]);
  const module = await loadModule(path, match[1]);
  let found = undefined;
  for (const root of [module, module?.default]) {
    found = match[2].split(".").reduce((value, part) => value?.[part], root);
    if (found !== undefined) break;
  }
  if (found === undefined) throw new RuntimeFault("Runtime.HandlerNotFound", `${name} is undefined or not exported`);
  if (typeof found !== "function") throw new RuntimeFault("Runtime.HandlerNotFound", `${name} is not a function`);
  return found;
}

async function loadModule(path, name) {
  const require = createRequire(path);
  const file = ["", ".js", ".mjs", ".cjs"].map((ending) => path + ending).find((each, i) => i > 0 && existsSync(each)) ?? path;
  try {
    if (file.endsWith(".mjs")) return await import(pathToFileURL(file));
    try {
      return require(file);
    } catch (error) {
      // a .js file below a package.json with "type": "module", or one that awaits at its top
      if (error?.code !== "ERR_REQUIRE_ESM" && error?.code !== "ERR_REQUIRE_ASYNC_MODULE") throw error;
      return await import(pathToFileURL(file));
    }
  } catch (error) {
    if (error instanceof SyntaxError) {
      const fault = new RuntimeFault("Runtime.UserCodeSyntaxError", String(error));
      fault.stack = `Runtime.UserCodeSyntaxError: ${error.stack}`;
      throw fault;
    }
    if (error?.code === "MODULE_NOT_FOUND" || error?.code === "ERR_MODULE_NOT_FOUND") {
      const own = error.message.startsWith(`Cannot find module '${path}'`);
      const words = own ? `Cannot find module '${name}'\nRequire stack:\n- ${process.argv[1]}` : error.message;
      throw new RuntimeFault("Runtime.ImportModuleError", `Error: ${words}`);
    }
    throw error;
  }
}

function contextOf(headers, deadline) {
  const json = (text) => (text ? JSON.parse(text) : undefined);
  const env = process.env;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: json(headers["lambda-runtime-client-context"]),
    identity: json(headers["lambda-runtime-cognito-identity"]),
    tenantId: headers["lambda-runtime-aws-tenant-id"],
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

// Calls the handler. Resolves with its result: from its promise, its callback, context.succeed/fail/done, or with undefined (null for
// the client) when it returned nothing and the event loop has become empty.
let whenEmpty = null; // what to do when nothing is left to wait for
process.on("beforeExit", () => {
  const todo = whenEmpty;
  whenEmpty = null;
  todo?.();
});

function run(handler, event, context) {
  return new Promise((succeed, fail) => {
    const settle = (error, result) => (error === null || error === undefined ? succeed(result) : fail(error));
    const done = (error, result) => settle(error, result);
    context.done = done;
    context.succeed = (result) => done(null, result);
    context.fail = (error) => done(error ?? "handled");
    whenEmpty = () => succeed(undefined);
    const callback = (error, result) => {
      if (context.callbackWaitsForEmptyEventLoop) whenEmpty = () => settle(error, result);
      else settle(error, result);
    };
    const returned = handler(event, context, callback);
    if (typeof returned?.then === "function") returned.then(succeed, fail);
  }).finally(() => { whenEmpty = null; });
}

function encode(result) {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? "null";
  } catch (error) {
    throw new RuntimeFault("Runtime.MarshalError", `Unable to stringify response body: ${error.message}`);
  }
}

function postError(api, path, error) {
  const report = reportOf(error);
  return api.call("POST", path, JSON.stringify(report),
    `Lambda-Runtime-Function-Error-Type: ${report.errorType.replace(/[^ -~]/g, "?")}\r\n`);
}

// An exception that no one caught ends the process, as in AWS; the running invocation is answered first.
function watchUncaught(api) {
  const end = async (error, words, code) => {
    log("ERROR", `${words}\t${JSON.stringify({ ...reportOf(error), stack: reportOf(error).trace })}`);
    if (requestId !== undefined) await postError(api, `invocation/${requestId}/error`, error);
    process.exit(code);
  };
  process.on("uncaughtException", (error) => end(error, "Uncaught Exception ", 129));
  process.on("unhandledRejection", (reason) => {
    const fault = new RuntimeFault("Runtime.UnhandledPromiseRejection", String(reason));
    fault.stack = [`Runtime.UnhandledPromiseRejection: ${reason}`, ...(reason?.stack ?? "").split("\n").slice(1)].join("\n");
    return end(fault, "Unhandled Promise Rejection ", 128);
  });
}

async function serve(api, handler) {
  for (;;) {
    const { status, headers, body } = await api.call("GET", "invocation/next");
    if (status !== 200) process.exit(1);
    requestId = headers["lambda-runtime-aws-request-id"];
    process.env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"] ?? "";
    const path = `invocation/${requestId}/`;
    let answer;
    try {
      const context = contextOf(headers, Number(headers["lambda-runtime-deadline-ms"]));
      answer = encode(await run(handler, JSON.parse(body.toString("utf8")), context));
    } catch (error) {
      log("ERROR", `Invoke Error \t${JSON.stringify({ ...reportOf(error), trace: undefined, stack: reportOf(error).trace })}`);
      await postError(api, path + "error", error);
      requestId = undefined;
      continue;
    }
    await api.call("POST", path + "response", answer);
    requestId = undefined;
  }
}

patchConsole();
const api = new Api(process.env.AWS_LAMBDA_RUNTIME_API);
let handler;
try {
  handler = await loadHandler(process.env._HANDLER);
} catch (error) {
  log("ERROR", `Uncaught Exception \t${JSON.stringify({ ...reportOf(error), trace: undefined, stack: reportOf(error).trace })}`);
  await postError(api, "init/error", error);
  process.exit(1);
}
watchUncaught(api);
serve(api, handler);
