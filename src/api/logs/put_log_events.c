/* CreateLogGroup, DeleteLogGroup, CreateLogStream, PutLogEvents. Source: CloudWatch Logs API Reference.
 *
 * Groups are written on the work loop, where functions write theirs. */
#include "api/logs/logs.h"
#include "base/slice.h"

enum { PUT_EVENTS_MAX = 10000, PUT_EVENT_BYTES_MAX = 256 << 10 };

struct event { struct leat_slice message; struct api_integer time; };
struct input {
    struct leat_slice group, stream, token;
    struct api_list events;
};

#define GROUP \
    API_FIELD(struct input, group, "logGroupName", API_STRING, .required = true, .min = 1, .max = FUNCTION_LOG_GROUP_MAX)
#define STREAM API_FIELD(struct input, stream, "logStreamName", API_STRING, .required = true, .min = 1, .max = 512)
static const struct api_field event_fields[] = {
    API_FIELD(struct event, time, "timestamp", API_INTEGER, .required = true, .wide = true, .min = 0, .max = INT64_MAX),
    API_FIELD(struct event, message, "message", API_STRING, .required = true, .min = 1),
    API_FIELDS_END,
};
static const struct api_field event_element = {
    .name = "", .kind = API_STRUCT, .fields = event_fields, .size = sizeof(struct event), .type = "InputLogEvent"};
static const struct api_field group_fields[] = {GROUP, API_FIELDS_END};
static const struct api_field stream_fields[] = {GROUP, STREAM, API_FIELDS_END};
static const struct api_field put_fields[] = {
    GROUP,
    STREAM,
    API_FIELD(struct input, events, "logEvents", API_LIST, .required = true, .min = 1, .max = PUT_EVENTS_MAX,
              .element = &event_element, .size = sizeof(struct event)),
    API_FIELD(struct input, token, "sequenceToken", API_STRING),
    API_FIELDS_END,
};

static void came_back(struct net_task *task) {
    struct api_call *call = api_call_of(task);
    api_end(call, call->code);
}

static void back(struct api_call *call, enum leat_code code) {
    call->code = code;
    api_post(call, call->request->loop, came_back);
}

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    const struct input *in = input;
    const struct event *events = in->events.elements;
    (void)call;
    for (size_t i = 0; i < in->stream.size; i++)
        if (in->stream.data[i] == ':' || in->stream.data[i] == '*')
            return fault_set(fault, LEAT_VALIDATION, "1 validation error detected: Value '%.*s' at 'logStreamName' failed to satisfy "
                                                     "constraint: Member must satisfy regular expression pattern: [^:*]*",
                             SLICE_FORMAT(in->stream));
    for (size_t i = 0; i < in->events.count; i++) {
        if (events[i].message.size > PUT_EVENT_BYTES_MAX)
            return fault_set(fault, LEAT_VALIDATION, "Log event too large: %zu bytes exceeds limit of %d", events[i].message.size,
                             PUT_EVENT_BYTES_MAX);
        if (i > 0 && events[i].time.value < events[i - 1].time.value)
            return fault_set(fault, LEAT_VALIDATION, "Log events in a single PutLogEvents request must be in chronological order.");
    }
    return LEAT_OK;
}

static void create_group(struct net_task *task) {
    struct api_call *call = api_call_of(task);
    const struct input *in = call->input;
    back(call, function_log_make(call->server->functions, in->group, &call->fault));
}

static void delete_group(struct net_task *task) {
    struct api_call *call = api_call_of(task);
    const struct input *in = call->input;
    back(call, function_log_remove(call->server->functions, in->group, &call->fault));
}

static void write_lines(struct net_task *task) {
    struct api_call *call = api_call_of(task);
    const struct input *in = call->input;
    const struct event *events = in->events.elements;
    struct function_log_entry *entries = ARENA_ARRAY(call->arena, struct function_log_entry, in->events.count + 1);
    if (entries == NULL) {
        back(call, fault_memory(&call->fault));
        return;
    }
    for (size_t i = 0; i < in->events.count; i++)
        entries[i] = (struct function_log_entry){(uint64_t)events[i].time.value, events[i].message};
    back(call, function_log_write(call->server->functions, in->group, in->stream, entries, in->events.count, &call->fault));
}

/* Is there the stream? */
static enum leat_code look(struct api_call *call, bool *there) {
    const struct input *in = call->input;
    struct function_log_group group;
    struct arena arena = {0};
    enum leat_code code = logs_load(call, in->group, &arena, &group);
    struct leat_slice stored = function_log_stream_name(call->arena, in->stream);
    *there = code == LEAT_OK && logs_stream(&group, stored) != NULL;
    arena_fini(&arena);
    return code;
}

static void run_create_group(struct api_call *call, void *input) {
    (void)input;
    api_post(call, call->server->work_loop, create_group);
}

static void run_delete_group(struct api_call *call, void *input) {
    (void)input;
    api_post(call, call->server->work_loop, delete_group);
}

static void run_create_stream(struct api_call *call, void *input) {
    bool there;
    (void)input;
    enum leat_code code = look(call, &there);
    if (code == LEAT_OK && there)
        code = fault_set(&call->fault, LEAT_RESOURCE_CONFLICT, "The specified log stream already exists");
    if (code == LEAT_OK) api_post(call, call->server->work_loop, write_lines);
    else api_end(call, code);
}

static void run_put(struct api_call *call, void *input) {
    bool there;
    (void)input;
    enum leat_code code = look(call, &there);
    if (code == LEAT_OK && !there) code = logs_no_stream(call);
    if (code == LEAT_OK) {
        json_object(&call->json);
        json_key(&call->json, "nextSequenceToken"); /* which no client needs any more */
        json_text(&call->json, "0");
        json_object_end(&call->json);
        api_post(call, call->server->work_loop, write_lines);
    } else {
        api_end(call, code);
    }
}

const struct api_operation logs_create_log_group = {.name = "CreateLogGroup", .fields = group_fields, .input_size = sizeof(struct input),
                                                    .run = run_create_group};
const struct api_operation logs_delete_log_group = {.name = "DeleteLogGroup", .fields = group_fields, .input_size = sizeof(struct input),
                                                    .run = run_delete_group};
const struct api_operation logs_create_log_stream = {.name = "CreateLogStream", .fields = stream_fields,
                                                     .input_size = sizeof(struct input), .check = check, .run = run_create_stream};
const struct api_operation logs_put_log_events = {.name = "PutLogEvents", .fields = put_fields, .input_size = sizeof(struct input),
                                                  .check = check, .run = run_put};
