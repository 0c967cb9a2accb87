/* UpdateFunctionCode. Source: AWS Lambda API Reference, UpdateFunctionCode. */
#include "api/lambda/function.h"

struct input {
    struct leat_slice name;
    struct lambda_code code;
};

static const struct api_field fields[] = {
    API_FIELD(struct input, name, "FunctionName", API_STRING, .location = API_IN_PATH, .required = true),
    API_FIELD(struct input, code.zip, "ZipFile", API_BLOB),
    API_FIELD(struct input, code.bucket, "S3Bucket", API_STRING),
    API_FIELD(struct input, code.key, "S3Key", API_STRING),
    API_FIELD(struct input, code.directory, "Directory", API_STRING),
    API_FIELD(struct input, code.image, "ImageUri", API_STRING),
    API_FIELDS_END,
};

static enum leat_code update(struct api_call *call, const struct input *in, struct function_configuration *out) {
    struct function_code code;
    TRY(lambda_code_take(&in->code, &code, &call->fault));
    return function_update_code(call->server->functions, in->name, code, call->arena, out, &call->fault);
}

static void run(struct api_call *call, void *input) {
    struct function_configuration configuration;
    enum leat_code code = update(call, input, &configuration);
    lambda_answer_updated(call, code, &configuration);
}

const struct api_operation lambda_update_function_code = {
    .name = "UpdateFunctionCode", .method = "PUT", .path = "/2015-03-31/functions/{FunctionName}/code", .fields = fields,
    .input_size = sizeof(struct input), .place = API_POOL, .run = run};
