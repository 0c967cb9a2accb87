/* UpdateFunctionConfiguration. Source: AWS Lambda API Reference, UpdateFunctionConfiguration. */
#include "api/lambda/function.h"

static const struct api_field fields[] = {
    API_FIELD(struct lambda_function, name, "FunctionName", API_STRING, .location = API_IN_PATH, .required = true),
    API_FIELD(struct lambda_function, role, "Role", API_STRING),
    LAMBDA_FUNCTION_FIELDS,
    API_FIELD(struct lambda_function, revision_id, "RevisionId", API_STRING),
    API_FIELDS_END,
};

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    return lambda_function_check(call, input, fault);
}

static enum leat_code update(struct api_call *call, const struct lambda_function *in, struct function_configuration *out) {
    struct function_update asked = {.revision_id = in->revision_id};
    TRY(lambda_function_apply(call, in, &asked.changes, &call->fault));
    return function_update(call->server->functions, in->name, &asked, call->arena, out, &call->fault);
}

static void run(struct api_call *call, void *input) {
    struct function_configuration configuration;
    enum leat_code code = update(call, input, &configuration);
    lambda_answer_updated(call, code, false, &configuration);
}

const struct api_operation lambda_update_function_configuration = {
    .name = "UpdateFunctionConfiguration", .method = "PUT", .path = "/2015-03-31/functions/{FunctionName}/configuration",
    .fields = fields, .input_size = sizeof(struct lambda_function), .place = API_POOL, .check = check, .run = run};
