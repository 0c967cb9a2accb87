/* GET /_leat/functions/NAME/code: the zip that a function's code came in, where GetFunction's Code.Location points. */
#include "api/leat/leat.h"

struct input { struct leat_slice name; };

static const struct api_field fields[] = {
    API_FIELD(struct input, name, "FunctionName", API_STRING, .location = API_IN_PATH, .required = true),
    API_FIELDS_END,
};

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    enum leat_code code =
        function_get_archive(call->server->functions, in->name, call->arena, call->json.buf, &call->fault);
    api_end(call, code);
}

const struct api_operation leat_function_code = {
    .name = "FunctionCode", .method = "GET", .path = "/_leat/functions/{FunctionName}/code", .fields = fields,
    .input_size = sizeof(struct input), .content_type = "application/zip", .place = API_POOL, .run = run};
