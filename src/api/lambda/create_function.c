/* CreateFunction. Source: AWS Lambda API Reference, CreateFunction. */
#include "api/lambda/function.h"
#include "api/lambda/tags.h"
#include "base/random.h"
#include "base/slice.h"

static const struct api_field fields[] = {
    API_FIELD(struct lambda_function, name, "FunctionName", API_STRING, .required = true, .min = 1),
    API_FIELD(struct lambda_function, role, "Role", API_STRING, .required = true, .min = 1),
    API_FIELD(struct lambda_function, code, "Code", API_STRUCT, .required = true, .fields = lambda_code_fields,
              .size = sizeof(struct lambda_code), .type = "FunctionCode"),
    LAMBDA_FUNCTION_FIELDS,
    API_FIELD(struct lambda_function, package_type, "PackageType", API_STRING),
    API_FIELD(struct lambda_function, architectures, "Architectures", API_RAW),
    API_FIELD(struct lambda_function, publish, "Publish", API_BOOLEAN),
    API_FIELD(struct lambda_function, tags, "Tags", API_MAP, .element = &lambda_variable_element,
              .size = sizeof(struct lambda_variable)),
    API_FIELDS_END,
};

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    const struct lambda_function *in = input;
    if (in->runtime.data == NULL || in->handler.data == NULL)
        return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE,
                         "Runtime and Handler are mandatory parameters for functions created with deployment packages.");
    return lambda_function_check(call, in, fault);
}

static enum leat_code create(struct api_call *call, const struct lambda_function *in, struct function_configuration *out) {
    struct function_configuration configuration = {.timeout_seconds = 3, .memory_megabytes = 128};
    struct function_code code;
    TRY(lambda_code_take(in->code, &code, &call->fault));
    TRY(lambda_function_apply(call, in, &configuration, &call->fault));
    configuration.name = in->name;
    if (configuration.description.data == NULL) configuration.description = SLICE("");
    TRY(function_create(call->server->functions, &configuration, code, call->arena, out, &call->fault));
    struct leat_slice name = out->name;
    if (in->tags.count > 0) TRY(lambda_function_tag(call, name, &in->tags, NULL));
    struct function_publish asked = {.description = (struct leat_slice){NULL, 0}};
    if (!in->publish.value) return LEAT_OK;
    return function_publish(call->server->functions, name, &asked, call->arena, out, &call->fault);
}

static void run(struct api_call *call, void *input) {
    struct function_configuration configuration;
    char revision[RANDOM_UUID_SIZE];
    enum leat_code code = create(call, input, &configuration);
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    /* Recorded: the answer shows the function on its way, under a revision of its own; whoever looks next finds it active. */
    random_uuid(revision);
    configuration.revision_id = slice_text(revision);
    configuration.state = SLICE("Pending");
    configuration.state_reason = SLICE("The function is being created.");
    configuration.state_reason_code = SLICE("Creating");
    configuration.last_update_status = (struct leat_slice){NULL, 0};
    lambda_write_function(call, &configuration);
    api_done(call);
}

const struct api_operation lambda_create_function = {
    .name = "CreateFunction", .method = "POST", .path = "/2015-03-31/functions", .fields = fields,
    .input_size = sizeof(struct lambda_function), .status = 201, .place = API_POOL, .check = check, .run = run};
