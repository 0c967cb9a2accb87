/* DeleteFunction. Source: AWS Lambda API Reference, DeleteFunction. */
#include "api/lambda/function.h"

struct input { struct leat_slice name, qualifier; };

static const struct api_field fields[] = {
    API_FIELD(struct input, name, "FunctionName", API_STRING, .location = API_IN_PATH, .required = true),
    API_FIELD(struct input, qualifier, "Qualifier", API_STRING, .location = API_IN_QUERY),
    API_FIELDS_END,
};

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    struct leat_slice name = lambda_qualified(call, in->name, in->qualifier);
    enum leat_code code = function_delete(call->server->functions, name, &call->fault);
    api_end(call, code);
}

const struct api_operation lambda_delete_function = {
    .name = "DeleteFunction", .method = "DELETE", .path = "/2015-03-31/functions/{FunctionName}", .fields = fields,
    .input_size = sizeof(struct input), .status = 204, .place = API_POOL, .run = run};
