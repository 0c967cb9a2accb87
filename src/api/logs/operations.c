/* The operations of CloudWatch Logs, the most used first. A new one: its file, and one line here. */
#include "api/logs/logs.h"
#include "base/slice.h"

#define OPERATIONS(X)       \
    X(filter_log_events)    \
    X(get_log_events)       \
    X(describe_log_streams) \
    X(describe_log_groups)  \
    X(put_log_events)       \
    X(create_log_stream)    \
    X(create_log_group)     \
    X(delete_log_group)

#define DECLARE(name) extern const struct api_operation logs_##name;
OPERATIONS(DECLARE)

#define ENTRY(name) &logs_##name,
static const struct api_operation *const operations[] = {OPERATIONS(ENTRY) NULL};

static const char *type_of(const struct api_call *call) {
    if (call->error_type != NULL) return call->error_type;
    switch (call->code) {
    case LEAT_VALIDATION: return "InvalidParameterException";
    case LEAT_RESOURCE_CONFLICT: return "ResourceAlreadyExistsException";
    case LEAT_RESOURCE_NOT_FOUND:
    case LEAT_SERIALIZATION:
    case LEAT_UNKNOWN_OPERATION: return leat_code_name(call->code);
    default: return "ServiceUnavailableException";
    }
}

static unsigned fail(struct api_call *call) {
    struct json_writer *json = &call->json;
    const char *type = type_of(call);
    json_object(json);
    json_key(json, "__type");
    json_text(json, type);
    if (call->message.data != NULL) {
        json_key(json, "message");
        json_string(json, call->message);
    }
    json_object_end(json);
    return slice_is(slice_text(type), "ServiceUnavailableException") ? 500 : 400;
}

const struct api_service api_logs_service = {
    .name = "CloudWatch Logs",
    .target = "Logs_20140328",
    .content_type = "application/x-amz-json-1.1",
    .operations = operations,
    .fail = fail,
};

/* ---- shared ---- */

enum leat_code logs_group_name(struct api_call *call, struct leat_slice name, struct leat_slice identifier, struct leat_slice *out) {
    static const char mark[] = ":log-group:";
    *out = name.data != NULL ? name : identifier;
    if ((name.data == NULL) == (identifier.data == NULL))
        return fault_set(&call->fault, LEAT_VALIDATION, "Exactly one of logGroupName and logGroupIdentifier must be given.");
    const uint8_t *found = memmem(out->data, out->size, mark, sizeof mark - 1);
    if (name.data != NULL || found == NULL) return LEAT_OK;
    const uint8_t *begin = found + sizeof mark - 1, *end = out->data + out->size;
    if (end - begin > 2 && memcmp(end - 2, ":*", 2) == 0) end -= 2;
    *out = slice_of(begin, (size_t)(end - begin));
    return LEAT_OK;
}

enum leat_code logs_load(struct api_call *call, struct leat_slice group, struct arena *arena, struct function_log_group *out) {
    arena_init(arena, FUNCTION_LOG_MEMORY_MAX);
    return function_log_load(call->server->directory, group, arena, out, &call->fault);
}

const struct function_log_stream *logs_stream(const struct function_log_group *group, struct leat_slice name) {
    for (size_t i = 0; i < group->stream_count; i++)
        if (slice_equal(group->streams[i].name, name)) return &group->streams[i];
    return NULL;
}

enum leat_code logs_no_stream(struct api_call *call) {
    return fault_set(&call->fault, LEAT_RESOURCE_NOT_FOUND, "The specified log stream does not exist.");
}

/* Functions' lines have their end, as they have at AWS; in those of clients an end of line was written as \r (function/log.h). */
void logs_write_message(struct api_call *call, const struct function_log_event *event) {
    struct leat_slice text = event->message;
    char *copy = arena_alloc(call->arena, text.size + 1);
    if (copy == NULL) return;
    if (text.size > 0) memcpy(copy, text.data, text.size);
    for (size_t i = 0; i < text.size && event->put; i++)
        if (copy[i] == '\r') copy[i] = '\n';
    if (!event->put) copy[text.size] = '\n';
    json_key(&call->json, "message");
    json_string(&call->json, slice_of(copy, text.size + !event->put));
}
