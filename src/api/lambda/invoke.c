/* Invoke. Source: AWS Lambda API Reference, Invoke.
 *
 * The call goes to the work loop, where processes live, and comes back with the answer. Nobody waits for a function on a thread. */
#include <string.h>

#include "api/lambda/function.h"
#include "base/encode.h"
#include "base/slice.h"

enum { EVENT_PAYLOAD_MAX = 1 << 20, PAYLOAD_MAX = 6 << 20 }; /* "Lambda quotas": 1 MB asynchronous, 6 MB synchronous */

enum type { REQUEST_RESPONSE = 1, EVENT, DRY_RUN };
static const struct api_choice types[] = {
    {"Event", EVENT}, {"RequestResponse", REQUEST_RESPONSE}, {"DryRun", DRY_RUN}, {NULL, 0}};
static const struct api_choice log_types[] = {{"None", 1}, {"Tail", 2}, {NULL, 0}};

struct input {
    struct leat_slice name, qualifier, client_context, payload;
    struct api_enum type, log_type;
};

static const struct api_field fields[] = {
    API_FIELD(struct input, name, "FunctionName", API_STRING, .location = API_IN_PATH, .required = true),
    API_FIELD(struct input, qualifier, "Qualifier", API_STRING, .location = API_IN_QUERY),
    API_FIELD(struct input, type, "X-Amz-Invocation-Type", API_ENUM, .location = API_IN_HEADER, .choices = types),
    API_FIELD(struct input, log_type, "X-Amz-Log-Type", API_ENUM, .location = API_IN_HEADER, .choices = log_types),
    API_FIELD(struct input, client_context, "X-Amz-Client-Context", API_STRING, .location = API_IN_HEADER),
    API_FIELD(struct input, payload, "Payload", API_PAYLOAD),
    API_FIELDS_END,
};

static enum type type_of(const struct input *in) { return in->type.value == 0 ? REQUEST_RESPONSE : (enum type)in->type.value; }

static enum leat_code check_payload(struct api_call *call, const struct input *in, struct leat_fault *fault) {
    size_t limit = type_of(in) == EVENT ? EVENT_PAYLOAD_MAX : PAYLOAD_MAX;
    if (in->payload.size > limit)
        return fault_set(fault, LEAT_REQUEST_TOO_LARGE, "Request must be smaller than %zu bytes for the InvokeFunction operation",
                         limit);
    if (in->payload.size == 0) return LEAT_OK;
    struct json_reader reader;
    json_reader_init(&reader, in->payload, call->arena);
    while (json_next(&reader) != JSON_END)
        if (reader.token == JSON_ERROR)
            return fault_set(fault, LEAT_INVALID_REQUEST_CONTENT, "Could not parse request body into json: %s, at byte %zu",
                             reader.error, json_offset(&reader));
    return LEAT_OK;
}

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    struct input *in = input;
    TRY(check_payload(call, in, fault));
    if (in->payload.size == 0) in->payload = SLICE("{}");
    if (in->client_context.data == NULL) return LEAT_OK;
    in->client_context = base64_decode(call->arena, in->client_context);
    if (in->client_context.data != NULL) return LEAT_OK;
    return fault_set(fault, LEAT_INVALID_REQUEST_CONTENT, "Client context must be a valid Base64-encoded JSON object.");
}

/* ---- RequestResponse ---- */

static void came_back(struct net_task *task) {
    struct api_call *call = api_call_of(task);
    if (call->code != LEAT_OK) api_fail(call, call->code, &call->fault);
    else api_done(call);
}

static struct leat_slice tail_of(struct api_call *call, struct leat_slice log) {
    struct buf text;
    buf_init(&text, 3 * log.size + 16);
    base64_encode(&text, log);
    struct leat_slice copy = buf_ok(&text) ? arena_copy(call->arena, buf_view(&text)) : (struct leat_slice){NULL, 0};
    buf_fini(&text);
    return copy;
}

static void take_request_id(struct api_call *call, struct leat_slice id) {
    if (id.size == 0 || id.size >= sizeof call->request_id) return;
    memcpy(call->request_id, id.data, id.size);
    call->request_id[id.size] = 0;
}

/* Work loop: what the answer lends is copied into the call, which goes back to its connection. */
static void answered(void *context, const struct function_answer *answer) {
    struct api_call *call = context;
    call->code = answer->code;
    call->fault = answer->fault;
    take_request_id(call, answer->request_id);
    if (answer->code == LEAT_OK) {
        buf_slice(net_reply_body(call->request), answer->payload);
        api_header(call, "X-Amz-Executed-Version", arena_copy(call->arena, answer->executed_version));
        if (answer->function_error) api_header(call, "X-Amz-Function-Error", SLICE("Unhandled"));
        if (answer->log_tail.data != NULL) api_header(call, "X-Amz-Log-Result", tail_of(call, answer->log_tail));
    }
    api_post(call, call->request->loop, came_back);
}

static void invoke(struct net_task *task) {
    struct api_call *call = api_call_of(task);
    const struct input *in = call->input;
    struct function_invocation invocation = {
        .name = lambda_qualified(call, in->name, in->qualifier),
        .payload = in->payload,
        .client_context = in->client_context,
        .want_log_tail = in->log_type.value == 2,
        .done = answered,
        .context = call,
    };
    function_invoke(call->server->functions, &invocation);
}

/* ---- Event: accepted once it is durable ---- */

static void accepted(void *context, enum leat_code code, struct leat_slice request_id, const struct leat_fault *fault) {
    struct api_call *call = context;
    call->code = code;
    if (code != LEAT_OK) fault_copy(&call->fault, fault);
    take_request_id(call, request_id);
    call->status = 202;
    api_post(call, call->request->loop, came_back);
}

static void invoke_event(struct net_task *task) {
    struct api_call *call = api_call_of(task);
    const struct input *in = call->input;
    struct function_invocation invocation = {
        .name = lambda_qualified(call, in->name, in->qualifier),
        .payload = in->payload,
        .client_context = in->client_context,
    };
    function_invoke_event(call->server->functions, &invocation, accepted, call);
}

static void run_dry(struct api_call *call, const struct input *in) {
    struct function_configuration configuration;
    enum leat_code code = function_get(call->server->functions, lambda_qualified(call, in->name, in->qualifier), call->arena,
                                       &configuration, &call->fault);
    call->status = 204;
    api_end(call, code);
}

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    switch (type_of(in)) {
    case REQUEST_RESPONSE: api_post(call, call->server->work_loop, invoke); break;
    case EVENT: api_post(call, call->server->work_loop, invoke_event); break;
    case DRY_RUN: run_dry(call, in); break;
    }
}

const struct api_operation lambda_invoke = {
    .name = "Invoke", .method = "POST", .path = "/2015-03-31/functions/{FunctionName}/invocations", .fields = fields,
    .input_size = sizeof(struct input), .check = check, .run = run};
