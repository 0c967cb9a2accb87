/* The operations of leat's own routes. A new one: its file, and one line here. */
#include "api/leat/leat.h"
#include "base/slice.h"

static const struct api_operation *const operations[] = {
    &leat_clock_get,
    &leat_clock_move,
    &leat_function_code,
    &leat_layer_content,
    &leat_function_log,
    NULL,
};

static unsigned fail(struct api_call *call) {
    buf_slice(call->json.buf, call->message.data != NULL ? call->message : SLICE("it did not work"));
    switch (call->code) {
    case LEAT_VALIDATION:
    case LEAT_SERIALIZATION: return 400;
    case LEAT_ACCESS_DENIED: return 403;
    case LEAT_RESOURCE_NOT_FOUND:
    case LEAT_UNKNOWN_OPERATION: return 404;
    case LEAT_BUSY: return 409;
    case LEAT_CLOSED: return 503;
    default: return 500;
    }
}

const struct api_service api_leat_service = {
    .name = "leat",
    .content_type = "text/plain; charset=utf-8",
    .operations = operations,
    .fail = fail,
};
