/* The Lambda Runtime API, server side: each function process has a listener of its own, so its address says who is asking.
 * Source: AWS Lambda Developer Guide, "Lambda runtime API"; states and error words as in AWS's runtime interface emulator. */
#include <string.h>

#include "base/json.h"
#include "base/slice.h"
#include "function/service.h"

#define RUNTIME_PREFIX "/2018-06-01/runtime/"

static void reply_fault(struct net_request *request, unsigned status, const char *type, const char *message) {
    struct net_reply_header header = {"Content-Type", SLICE("application/json")};
    struct json_writer json;
    json_writer_init(&json, net_reply_body(request));
    json_object(&json);
    json_key(&json, "errorMessage");
    json_text(&json, message);
    json_key(&json, "errorType");
    json_text(&json, type);
    json_object_end(&json);
    net_reply(request, status, &header, 1);
}

static void reply_accepted(struct net_request *request) {
    struct net_reply_header header = {"Content-Type", SLICE("application/json")};
    buf_slice(net_reply_body(request), SLICE("{\"status\":\"OK\"}\n"));
    net_reply(request, 202, &header, 1);
}

static void reply_wrong_state(struct net_request *request) {
    reply_fault(request, 403, "InvalidStateTransition", "State transition is not allowed");
}

static void reply_too_large(struct net_request *request) {
    reply_fault(request, 413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size (6291556 bytes).");
}

static void runtime_next(struct function_process *process, struct net_request *request) {
    if (process->state == FUNCTION_STARTING || process->state == FUNCTION_RETURNING) function_process_ready(process, request);
    else reply_wrong_state(request);
}

static void runtime_answer(struct function_process *process, struct net_request *request, struct leat_slice id, bool error) {
    if (process->state != FUNCTION_BUSY || !slice_is(id, process->call->request_id)) {
        reply_fault(request, 400, "InvalidRequestID", "Invalid request ID");
        return;
    }
    if (request->body.size > FUNCTION_RESPONSE_MAX) {
        function_process_answered(process,
                                  SLICE("{\"errorMessage\":\"Response payload size exceeded maximum allowed payload size (6291556 "
                                        "bytes).\",\"errorType\":\"Function.ResponseSizeTooLarge\"}"),
                                  true);
        reply_too_large(request);
        return;
    }
    /* the payload lies in the request, which is gone with its answer */
    function_process_answered(process, request->body, error);
    reply_accepted(request);
}

static void runtime_init_error(struct function_process *process, struct net_request *request) {
    if (process->state != FUNCTION_STARTING) {
        reply_wrong_state(request);
        return;
    }
    if (request->body.size > FUNCTION_RESPONSE_MAX) {
        reply_too_large(request);
        return;
    }
    buf_slice(&process->init_error, request->body);
    reply_accepted(request);
    function_process_init_failed(process, buf_view(&process->init_error));
}

/* "<id>/response" or "<id>/error" */
static void runtime_invocation(struct function_process *process, struct net_request *request, struct leat_slice rest) {
    const uint8_t *slash = rest.size == 0 ? NULL : memchr(rest.data, '/', rest.size);
    struct leat_slice id = slice_of(rest.data, slash == NULL ? 0 : (size_t)(slash - rest.data));
    struct leat_slice verb = slash == NULL ? SLICE("") : slice_of(slash + 1, rest.size - id.size - 1);
    if (slice_is(verb, "response")) runtime_answer(process, request, id, false);
    else if (slice_is(verb, "error")) runtime_answer(process, request, id, true);
    else reply_fault(request, 404, "NotFound", "404 page not found");
}

void function_runtime_handle(struct net_request *request) {
    struct function_process *process = request->context;
    struct leat_slice path = request->path, prefix = SLICE(RUNTIME_PREFIX);
    struct leat_slice rest = {NULL, 0};
    if (slice_starts(path, prefix)) rest = slice_of(path.data + prefix.size, path.size - prefix.size);
    bool get = slice_is(request->method, "GET"), post = slice_is(request->method, "POST");
    if (get && slice_is(rest, "invocation/next")) {
        runtime_next(process, request);
    } else if (post && slice_is(rest, "init/error")) {
        runtime_init_error(process, request);
    } else if (post && slice_starts(rest, SLICE("invocation/"))) {
        runtime_invocation(process, request, slice_of(rest.data + 11, rest.size - 11));
    } else if (slice_starts(rest, SLICE("restore/"))) {
        reply_wrong_state(request); /* SnapStart only */
    } else {
        reply_fault(request, 404, "NotFound", "404 page not found");
    }
}
