/* GET /_leat/functions/NAME/log?from=BYTE: lines of a function's log as they lie in the file (function/log.h), at most 1 MiB; the header
 * X-Leat-Log-Next says where to go on. Also for functions that are deleted: their logs stay. */
#include "api/leat/leat.h"

enum { PIECE_BYTES_MAX = 1 << 20 };

struct input { struct leat_slice name; struct api_integer from; };

static const struct api_field fields[] = {
    API_FIELD(struct input, name, "FunctionName", API_STRING, .location = API_IN_PATH, .required = true),
    API_FIELD(struct input, from, "from", API_INTEGER, .location = API_IN_QUERY, .min = 0, .max = INT64_MAX),
    API_FIELDS_END,
};

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    uint64_t next, from = in->from.given ? (uint64_t)in->from.value : 0;
    enum leat_code code = function_log_tail(call->server->functions, in->name, from, PIECE_BYTES_MAX, call->json.buf, &next,
                                            &call->fault);
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    api_header(call, "X-Leat-Log-Next", arena_print(call->arena, "%llu", (unsigned long long)next));
    api_done(call);
}

const struct api_operation leat_function_log = {
    .name = "FunctionLog", .method = "GET", .path = "/_leat/functions/{FunctionName}/log", .fields = fields,
    .input_size = sizeof(struct input), .place = API_POOL, .run = run};
