/* UpdateFunctionCode. Source: AWS Lambda API Reference, UpdateFunctionCode. */
#include "api/lambda/function.h"

struct input {
    struct lambda_function function; /* name, revision_id, publish, architectures */
    struct lambda_code code;
    struct api_boolean dry_run;
};

static const struct api_field fields[] = {
    API_FIELD(struct input, function.name, "FunctionName", API_STRING, .location = API_IN_PATH, .required = true),
    API_FIELD(struct input, code.zip, "ZipFile", API_BLOB),
    API_FIELD(struct input, code.bucket, "S3Bucket", API_STRING),
    API_FIELD(struct input, code.key, "S3Key", API_STRING),
    API_FIELD(struct input, code.directory, "Directory", API_STRING),
    API_FIELD(struct input, code.image, "ImageUri", API_STRING),
    API_FIELD(struct input, function.architectures, "Architectures", API_RAW),
    API_FIELD(struct input, function.publish, "Publish", API_BOOLEAN),
    API_FIELD(struct input, function.revision_id, "RevisionId", API_STRING),
    API_FIELD(struct input, dry_run, "DryRun", API_BOOLEAN),
    API_FIELDS_END,
};

static enum leat_code update(struct api_call *call, const struct input *in, struct function_configuration *out) {
    struct function_update asked = {.revision_id = in->function.revision_id, .dry_run = in->dry_run.value};
    TRY(lambda_code_take(&in->code, &asked.code, &call->fault));
    TRY(lambda_function_apply(call, &in->function, &asked.changes, &call->fault));
    return function_update(call->server->functions, in->function.name, &asked, call->arena, out, &call->fault);
}

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    struct function_configuration configuration;
    enum leat_code code = update(call, in, &configuration);
    lambda_answer_updated(call, code, in->function.publish.value && !in->dry_run.value, &configuration);
}

const struct api_operation lambda_update_function_code = {
    .name = "UpdateFunctionCode", .method = "PUT", .path = "/2015-03-31/functions/{FunctionName}/code", .fields = fields,
    .input_size = sizeof(struct input), .place = API_POOL, .run = run};
