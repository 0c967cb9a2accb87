/* DescribeLogGroups, DescribeLogStreams. Source: CloudWatch Logs API Reference. */
#include <stdlib.h>

#include "api/logs/logs.h"
#include "base/slice.h"

enum order { BY_NAME = 1, BY_TIME };
static const struct api_choice orders[] = {{"LogStreamName", BY_NAME}, {"LastEventTime", BY_TIME}, {NULL, 0}};

struct input {
    struct leat_slice group, identifier, prefix, pattern, token;
    struct api_integer limit;
    struct api_boolean descending;
    struct api_enum order;
};

static const struct api_field group_fields[] = {
    API_FIELD(struct input, prefix, "logGroupNamePrefix", API_STRING, .min = 1, .max = 512),
    API_FIELD(struct input, pattern, "logGroupNamePattern", API_STRING, .max = 512),
    API_FIELD(struct input, token, "nextToken", API_STRING),
    API_FIELD(struct input, limit, "limit", API_INTEGER, .min = 1, .max = LOGS_PAGE_MAX),
    API_FIELDS_END,
};
static const struct api_field stream_fields[] = {
    API_FIELD(struct input, group, "logGroupName", API_STRING, .min = 1, .max = 512),
    API_FIELD(struct input, identifier, "logGroupIdentifier", API_STRING, .min = 1, .max = 2048),
    API_FIELD(struct input, prefix, "logStreamNamePrefix", API_STRING, .min = 1, .max = 512),
    API_FIELD(struct input, order, "orderBy", API_ENUM, .choices = orders),
    API_FIELD(struct input, descending, "descending", API_BOOLEAN),
    API_FIELD(struct input, token, "nextToken", API_STRING),
    API_FIELD(struct input, limit, "limit", API_INTEGER, .min = 1, .max = LOGS_PAGE_MAX),
    API_FIELDS_END,
};

static void text(struct json_writer *json, const char *name, struct leat_slice value) {
    json_key(json, name);
    json_string(json, value);
}

static void number(struct json_writer *json, const char *name, uint64_t value) {
    json_key(json, name);
    json_int(json, (int64_t)value);
}

static size_t limit_of(const struct input *in) { return in->limit.given ? (size_t)in->limit.value : LOGS_PAGE_MAX; }

/* ---- groups: the token is the last one's name ---- */

static bool is_asked(const struct input *in, const char *name) {
    struct leat_slice whole = slice_text(name);
    if (in->token.data != NULL && slice_compare(whole, in->token) <= 0) return false;
    if (in->pattern.size > 0) return memmem(whole.data, whole.size, in->pattern.data, in->pattern.size) != NULL;
    return in->prefix.data == NULL || slice_starts(whole, in->prefix);
}

static void write_group(struct api_call *call, const struct function_log_summary *group) {
    struct json_writer *json = &call->json;
    struct leat_slice arn = arena_print(call->arena, "arn:aws:logs:%s:%s:log-group:%s", call->server->region, call->server->account,
                                        group->name);
    json_object(json);
    text(json, "logGroupName", slice_text(group->name));
    number(json, "creationTime", group->created_ms);
    number(json, "metricFilterCount", 0);
    text(json, "arn", arena_print(call->arena, "%.*s:*", SLICE_FORMAT(arn)));
    number(json, "storedBytes", group->bytes);
    text(json, "logGroupClass", SLICE("STANDARD"));
    text(json, "logGroupArn", arn);
    json_object_end(json);
}

static void run_groups(struct api_call *call, void *input) {
    const struct input *in = input;
    struct json_writer *json = &call->json;
    struct function_log_summary *groups, *last = NULL;
    size_t count, shown = 0;
    enum leat_code code = in->prefix.data != NULL && in->pattern.data != NULL
                              ? fault_set(&call->fault, LEAT_VALIDATION, "LogGroup name prefix and LogGroup name pattern are mutually "
                                                                         "exclusive parameters.")
                              : function_log_list(call->server->directory, call->arena, &groups, &count, &call->fault);
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    json_object(json);
    json_key(json, "logGroups");
    json_array(json);
    bool more = false;
    for (size_t i = 0; i < count && !more; i++) {
        if (!is_asked(in, groups[i].name)) continue;
        more = shown == limit_of(in);
        if (more) continue;
        write_group(call, &groups[i]);
        last = &groups[i];
        shown++;
    }
    json_array_end(json);
    if (more) text(json, "nextToken", slice_text(last->name));
    json_object_end(json);
    api_done(call);
}

/* ---- streams: the token says how many are shown already ---- */

static int by_time(const void *a, const void *b) {
    const struct function_log_stream *x = a, *y = b;
    if (x->last_ms != y->last_ms) return x->last_ms < y->last_ms ? -1 : 1;
    return slice_compare(x->name, y->name);
}

static void write_stream(struct api_call *call, struct leat_slice group, const struct function_log_stream *stream) {
    struct json_writer *json = &call->json;
    json_object(json);
    text(json, "logStreamName", stream->name);
    number(json, "creationTime", stream->created_ms);
    if (stream->last_ms != 0) {
        number(json, "firstEventTimestamp", stream->first_ms);
        number(json, "lastEventTimestamp", stream->last_ms);
        number(json, "lastIngestionTime", stream->last_ms);
    }
    text(json, "arn", arena_print(call->arena, "arn:aws:logs:%s:%s:log-group:%.*s:log-stream:%.*s", call->server->region,
                                  call->server->account, SLICE_FORMAT(group), SLICE_FORMAT(stream->name)));
    number(json, "storedBytes", 0); /* API Reference, LogStream: "this value is always zero" */
    json_object_end(json);
}

static void write_streams(struct api_call *call, const struct input *in, struct leat_slice name, const struct function_log_group *group) {
    struct json_writer *json = &call->json;
    size_t skip = in->token.data == NULL ? 0 : strtoul((const char *)arena_copy(call->arena, in->token).data, NULL, 10);
    size_t found = 0, end = skip + limit_of(in);
    json_object(json);
    json_key(json, "logStreams");
    json_array(json);
    for (size_t i = 0; i < group->stream_count; i++) {
        const struct function_log_stream *stream = &group->streams[in->descending.value ? group->stream_count - 1 - i : i];
        if (in->prefix.data != NULL && !slice_starts(stream->name, in->prefix)) continue;
        if (found >= skip && found < end) write_stream(call, name, stream);
        found++;
    }
    json_array_end(json);
    if (found > end) text(json, "nextToken", arena_print(call->arena, "%zu", end));
    json_object_end(json);
}

static void run_streams(struct api_call *call, void *input) {
    const struct input *in = input;
    struct function_log_group group;
    struct leat_slice name;
    struct arena arena = {0};
    bool timed = in->order.value == BY_TIME;
    enum leat_code code = logs_group_name(call, in->group, in->identifier, &name);
    if (code == LEAT_OK && timed && in->prefix.data != NULL)
        code = fault_set(&call->fault, LEAT_VALIDATION, "Cannot order by LastEventTime with a logStreamNamePrefix.");
    if (code == LEAT_OK) code = logs_load(call, name, &arena, &group);
    if (code == LEAT_OK) {
        if (timed && group.stream_count > 0) qsort(group.streams, group.stream_count, sizeof *group.streams, by_time);
        write_streams(call, in, name, &group);
    }
    arena_fini(&arena);
    api_end(call, code);
}

const struct api_operation logs_describe_log_groups = {.name = "DescribeLogGroups", .fields = group_fields,
                                                       .input_size = sizeof(struct input), .place = API_POOL, .run = run_groups};
const struct api_operation logs_describe_log_streams = {.name = "DescribeLogStreams", .fields = stream_fields,
                                                        .input_size = sizeof(struct input), .place = API_POOL, .run = run_streams};
