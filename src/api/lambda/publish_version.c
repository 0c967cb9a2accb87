/* PublishVersion. Source: AWS Lambda API Reference, PublishVersion. */
#include "api/lambda/function.h"

struct input { struct leat_slice name, description, code_sha256, revision_id; };

static const struct api_field fields[] = {
    LAMBDA_NAME_FIELD(struct input),
    API_FIELD(struct input, code_sha256, "CodeSha256", API_STRING),
    API_FIELD(struct input, description, "Description", API_STRING, .max = 256),
    API_FIELD(struct input, revision_id, "RevisionId", API_STRING),
    API_FIELDS_END,
};

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    struct function_configuration version;
    struct function_publish asked = {in->description, in->code_sha256, in->revision_id};
    enum leat_code code = function_publish(call->server->functions, in->name, &asked, call->arena, &version, &call->fault);
    if (code == LEAT_OK) lambda_write_function(call, &version);
    api_end(call, code);
}

const struct api_operation lambda_publish_version = {
    .name = "PublishVersion", .method = "POST", .path = "/2015-03-31/functions/{FunctionName}/versions", .fields = fields,
    .input_size = sizeof(struct input), .status = 201, .place = API_POOL, .run = run};
