/* The operations of Lambda, the most used first. A new one: its file, and one line here. */
#include "api/lambda/lambda.h"
#include "base/slice.h"

#define OPERATIONS(X)                                                                                                  \
    X(invoke)                                                                                                          \
    X(get_function)                                                                                                    \
    X(get_function_configuration)                                                                                      \
    X(list_functions)                                                                                                  \
    X(list_versions_by_function)                                                                                       \
    X(publish_version)                                                                                                 \
    X(get_alias)                                                                                                       \
    X(list_aliases)                                                                                                    \
    X(create_alias)                                                                                                    \
    X(update_alias)                                                                                                    \
    X(delete_alias)                                                                                                    \
    X(get_policy)                                                                                                      \
    X(add_permission)                                                                                                  \
    X(remove_permission)                                                                                               \
    X(get_function_concurrency)                                                                                        \
    X(put_function_concurrency)                                                                                        \
    X(delete_function_concurrency)                                                                                     \
    X(get_account_settings)                                                                                            \
    X(get_function_event_invoke_config)                                                                                \
    X(list_function_event_invoke_configs)                                                                              \
    X(put_function_event_invoke_config)                                                                                \
    X(update_function_event_invoke_config)                                                                             \
    X(delete_function_event_invoke_config)                                                                             \
    X(get_layer_version)                                                                                               \
    X(list_layers)                                                                                                     \
    X(list_layer_versions)                                                                                             \
    X(publish_layer_version)                                                                                           \
    X(delete_layer_version)                                                                                            \
    X(list_tags)                                                                                                       \
    X(tag_resource)                                                                                                    \
    X(untag_resource)                                                                                                  \
    X(get_event_source_mapping)                                                                                        \
    X(list_event_source_mappings)                                                                                      \
    X(create_function)                                                                                                 \
    X(update_function_code)                                                                                            \
    X(update_function_configuration)                                                                                   \
    X(delete_function)                                                                                                 \
    X(create_event_source_mapping)                                                                                     \
    X(update_event_source_mapping)                                                                                     \
    X(delete_event_source_mapping)

#define DECLARE(name) extern const struct api_operation lambda_##name;
OPERATIONS(DECLARE)

#define ENTRY(name) &lambda_##name,
static const struct api_operation *const operations[] = {OPERATIONS(ENTRY) NULL};

static unsigned status_of(enum leat_code code) {
    switch (code) {
    case LEAT_ACCESS_DENIED: return 403;
    case LEAT_RESOURCE_NOT_FOUND:
    case LEAT_UNKNOWN_OPERATION: return 404;
    case LEAT_RESOURCE_CONFLICT:
    case LEAT_RESOURCE_IN_USE: return 409;
    case LEAT_PRECONDITION_FAILED: return 412;
    case LEAT_REQUEST_TOO_LARGE: return 413;
    case LEAT_TOO_MANY_REQUESTS:
    case LEAT_BUSY: return 429;
    case LEAT_VALIDATION:
    case LEAT_SERIALIZATION:
    case LEAT_INVALID_PARAMETER_VALUE:
    case LEAT_INVALID_REQUEST_CONTENT: return 400;
    default: return 500;
    }
}

static const char *type_of(const struct api_call *call) {
    if (call->error_type != NULL) return call->error_type;
    switch (call->code) {
    case LEAT_SERIALIZATION: return "InvalidRequestContentException";
    case LEAT_BUSY: return "TooManyRequestsException";
    default: return status_of(call->code) == 500 ? "ServiceException" : leat_code_name(call->code);
    }
}

/* Lambda API Reference, TooManyRequestsException: who has no room left. */
static const char *reason_of(enum leat_code code) {
    if (code == LEAT_TOO_MANY_REQUESTS) return "ReservedFunctionConcurrentInvocationLimitExceeded";
    return code == LEAT_BUSY ? "ConcurrentInvocationLimitExceeded" : NULL;
}

/* As recorded: faults of the model carry Type, ResourceNotFoundException says Message, ValidationException only message. */
static unsigned fail(struct api_call *call) {
    struct json_writer *json = &call->json;
    unsigned status = status_of(call->code);
    bool bare = call->code == LEAT_VALIDATION || call->code == LEAT_ACCESS_DENIED;
    if (call->message.data == NULL) call->message = SLICE("An error occurred and the request cannot be processed.");
    api_header(call, "x-amzn-ErrorType", slice_text(type_of(call)));
    json_object(json);
    if (!bare) {
        json_key(json, "Type");
        json_text(json, status >= 500 ? "Service" : "User");
    }
    if (reason_of(call->code) != NULL) {
        json_key(json, "Reason");
        json_text(json, reason_of(call->code));
    }
    json_key(json, call->code == LEAT_RESOURCE_NOT_FOUND ? "Message" : "message");
    json_string(json, call->message);
    json_object_end(json);
    return status;
}

const struct api_service api_lambda_service = {
    .name = "Lambda",
    .content_type = "application/json",
    .operations = operations,
    .fail = fail,
};
