/* GetLogEvents, FilterLogEvents. Source: CloudWatch Logs API Reference.
 *
 * A place in a group is an event's millisecond and its number among those of the same: tokens say behind or before which event to go on. */
#include <stdio.h>
#include <stdlib.h>

#include "api/logs/logs.h"
#include "base/slice.h"

struct input {
    struct leat_slice group, identifier, stream, prefix, token, pattern;
    struct api_integer from, to, limit;
    struct api_boolean from_head, unmask, interleaved;
    struct api_list streams;
};

static const struct api_field string_element = {.name = "", .kind = API_STRING};
#define GROUP_FIELDS                                                                                                   \
    API_FIELD(struct input, group, "logGroupName", API_STRING, .min = 1, .max = 512),                                  \
        API_FIELD(struct input, identifier, "logGroupIdentifier", API_STRING, .min = 1, .max = 2048),                  \
        API_FIELD(struct input, from, "startTime", API_INTEGER, .wide = true, .min = 0, .max = INT64_MAX),             \
        API_FIELD(struct input, to, "endTime", API_INTEGER, .wide = true, .min = 0, .max = INT64_MAX),                 \
        API_FIELD(struct input, token, "nextToken", API_STRING, .min = 1),                                             \
        API_FIELD(struct input, limit, "limit", API_INTEGER, .min = 1, .max = LOGS_EVENTS_MAX),                        \
        API_FIELD(struct input, unmask, "unmask", API_BOOLEAN)
static const struct api_field get_fields[] = {
    GROUP_FIELDS,
    API_FIELD(struct input, stream, "logStreamName", API_STRING, .required = true, .min = 1, .max = 512),
    API_FIELD(struct input, from_head, "startFromHead", API_BOOLEAN),
    API_FIELDS_END,
};
static const struct api_field filter_fields[] = {
    GROUP_FIELDS,
    API_FIELD(struct input, streams, "logStreamNames", API_LIST, .min = 1, .max = 100, .element = &string_element,
              .size = sizeof(struct leat_slice)),
    API_FIELD(struct input, prefix, "logStreamNamePrefix", API_STRING, .min = 1, .max = 512),
    API_FIELD(struct input, pattern, "filterPattern", API_STRING, .min = 0, .max = FUNCTION_LOG_PATTERN_MAX),
    API_FIELD(struct input, interleaved, "interleaved", API_BOOLEAN),
    API_FIELDS_END,
};

/* ---- places ---- */

static void print_token(char out[LOGS_TOKEN_SIZE], char direction, uint64_t time_ms, unsigned ordinal) {
    (void)snprintf(out, LOGS_TOKEN_SIZE, "%c/%020llu%010u", direction, (unsigned long long)time_ms, ordinal);
}

/* false: there was none. */
static bool read_token(struct api_call *call, const struct input *in, char *direction, uint64_t *time_ms, unsigned *ordinal,
                       enum leat_code *code) {
    unsigned long long time;
    if (in->token.data == NULL) return false;
    const char *token = in->token.size == 32 ? (const char *)arena_copy(call->arena, in->token).data : "";
    if (token == NULL || sscanf(token, "%c/%20llu%10u", direction, &time, ordinal) != 3) {
        *code = fault_set(&call->fault, LEAT_VALIDATION, "The specified nextToken is invalid.");
        return false;
    }
    *time_ms = time;
    return true;
}

static int place_compare(const struct function_log_event *event, uint64_t time_ms, unsigned ordinal) {
    if (event->time_ms != time_ms) return event->time_ms < time_ms ? -1 : 1;
    return (event->ordinal > ordinal) - (event->ordinal < ordinal);
}

static size_t bytes_of(const struct function_log_event *event) { return event->message.size + 26; } /* as PutLogEvents counts them */

static void write_event(struct api_call *call, const struct function_log_event *event, bool filtered) {
    struct json_writer *json = &call->json;
    json_object(json);
    if (filtered) {
        json_key(json, "logStreamName");
        json_string(json, event->stream);
    }
    json_key(json, "timestamp");
    json_int(json, (int64_t)event->time_ms);
    logs_write_message(call, event);
    json_key(json, "ingestionTime");
    json_int(json, (int64_t)event->time_ms);
    if (filtered) { /* 56 digits */
        json_key(json, "eventId");
        json_string(json, arena_print(call->arena, "%020llu%012u%024d", (unsigned long long)event->time_ms, event->ordinal, 0));
    }
    json_object_end(json);
}

/* ---- one stream ---- */

struct page { size_t first, end; }; /* of the events that are asked for */

/* startTime is the first that is shown, endTime the first that is not. */
static bool in_time(const struct input *in, const struct function_log_event *event, bool end_counts) {
    if (in->from.given && event->time_ms < (uint64_t)in->from.value) return false;
    return !in->to.given || event->time_ms < (uint64_t)in->to.value + end_counts;
}

static size_t choose(const struct input *in, struct function_log_group *group) {
    size_t count = 0;
    for (size_t i = 0; i < group->count; i++)
        if (slice_equal(group->events[i].stream, in->stream) && in_time(in, &group->events[i], false))
            group->events[count++] = group->events[i];
    return count;
}

static struct page page_forward(const struct function_log_event *events, size_t count, size_t first, size_t limit) {
    size_t end = first, bytes = 0;
    while (end < count && end - first < limit && (end == first || bytes + bytes_of(&events[end]) <= LOGS_ANSWER_BYTES_MAX))
        bytes += bytes_of(&events[end++]);
    return (struct page){first, end};
}

static struct page page_backward(const struct function_log_event *events, size_t end, size_t limit) {
    size_t first = end, bytes = 0;
    while (first > 0 && end - first < limit && (end == first || bytes + bytes_of(&events[first - 1]) <= LOGS_ANSWER_BYTES_MAX))
        bytes += bytes_of(&events[--first]);
    return (struct page){first, end};
}

static void write_page(struct api_call *call, const struct function_log_event *events, struct page page, uint64_t time_ms,
                       unsigned ordinal) {
    struct json_writer *json = &call->json;
    char forward[LOGS_TOKEN_SIZE], backward[LOGS_TOKEN_SIZE];
    bool empty = page.first == page.end;
    const struct function_log_event *last = empty ? NULL : &events[page.end - 1], *first = empty ? NULL : &events[page.first];
    /* at an end the token stays the one that was passed */
    print_token(forward, 'f', empty ? time_ms : last->time_ms, empty ? ordinal : last->ordinal);
    print_token(backward, 'b', empty ? time_ms : first->time_ms, empty ? ordinal : first->ordinal);
    json_object(json);
    json_key(json, "events");
    json_array(json);
    for (size_t i = page.first; i < page.end; i++) write_event(call, &events[i], false);
    json_array_end(json);
    json_key(json, "nextForwardToken");
    json_text(json, forward);
    json_key(json, "nextBackwardToken");
    json_text(json, backward);
    json_object_end(json);
}

static enum leat_code get(struct api_call *call, struct input *in, struct arena *arena) {
    struct function_log_group group;
    struct leat_slice name;
    char direction = in->from_head.value ? 'f' : 'b';
    uint64_t time_ms = 0;
    unsigned ordinal = 0;
    enum leat_code code = LEAT_OK;
    TRY(logs_group_name(call, in->group, in->identifier, &name));
    TRY(logs_load(call, name, arena, &group));
    in->stream = function_log_stream_name(call->arena, in->stream);
    if (logs_stream(&group, in->stream) == NULL) return logs_no_stream(call);
    bool placed = read_token(call, in, &direction, &time_ms, &ordinal, &code);
    TRY(code);
    size_t count = choose(in, &group), first = 0, end = count, limit = in->limit.given ? (size_t)in->limit.value : LOGS_EVENTS_MAX;
    while (placed && first < count && place_compare(&group.events[first], time_ms, ordinal) <= 0) first++;
    while (placed && end > 0 && place_compare(&group.events[end - 1], time_ms, ordinal) >= 0) end--;
    struct page page = direction == 'f' ? page_forward(group.events, count, first, limit) : page_backward(group.events, end, limit);
    write_page(call, group.events, page, time_ms, ordinal);
    return LEAT_OK;
}

static void run_get(struct api_call *call, void *input) {
    struct arena arena = {0};
    enum leat_code code = get(call, input, &arena);
    arena_fini(&arena);
    api_end(call, code);
}

/* ---- a group ---- */

static bool stream_asked(const struct input *in, struct leat_slice stream) {
    const struct leat_slice *names = in->streams.elements;
    for (size_t i = 0; i < in->streams.count; i++)
        if (slice_equal(names[i], stream)) return true;
    return in->streams.count == 0 && (in->prefix.data == NULL || slice_starts(stream, in->prefix));
}

static enum leat_code check_streams(struct api_call *call, const struct input *in, const struct function_log_group *group) {
    const struct leat_slice *names = in->streams.elements;
    if (in->streams.count > 0 && in->prefix.data != NULL)
        return fault_set(&call->fault, LEAT_VALIDATION, "logStreamNamePrefix and logStreamNames cannot both be given.");
    for (size_t i = 0; i < in->streams.count; i++)
        if (logs_stream(group, names[i]) == NULL) return logs_no_stream(call);
    return LEAT_OK;
}

static void write_filtered(struct api_call *call, const struct input *in, const struct function_log_group *group, size_t first,
                           struct arena *scratch) {
    struct json_writer *json = &call->json;
    size_t shown = 0, bytes = 0, limit = in->limit.given ? (size_t)in->limit.value : LOGS_EVENTS_MAX;
    const struct function_log_event *last = NULL;
    char token[LOGS_TOKEN_SIZE];
    bool more = false;
    json_object(json);
    json_key(json, "events");
    json_array(json);
    for (size_t i = first; i < group->count && !more; i++) {
        const struct function_log_event *event = &group->events[i];
        if (!in_time(in, event, true) || !stream_asked(in, event->stream)) continue;
        if (!function_log_matches(in->pattern, event->message, scratch)) continue;
        more = shown == limit || (shown > 0 && bytes + bytes_of(event) > LOGS_ANSWER_BYTES_MAX);
        if (more) continue;
        write_event(call, event, true);
        last = event;
        bytes += bytes_of(event);
        shown++;
    }
    json_array_end(json);
    json_key(json, "searchedLogStreams");
    json_array(json);
    json_array_end(json);
    if (more) {
        print_token(token, 'f', last->time_ms, last->ordinal);
        json_key(json, "nextToken");
        json_text(json, token);
    }
    json_object_end(json);
}

static enum leat_code filter(struct api_call *call, const struct input *in, struct arena *arena) {
    struct function_log_group group;
    struct leat_slice name;
    struct arena scratch;
    char direction;
    uint64_t time_ms = 0;
    unsigned ordinal = 0;
    size_t first = 0;
    enum leat_code code = LEAT_OK;
    TRY(logs_group_name(call, in->group, in->identifier, &name));
    TRY(function_log_pattern_check(in->pattern, &call->fault));
    TRY(logs_load(call, name, arena, &group));
    TRY(check_streams(call, in, &group));
    bool placed = read_token(call, in, &direction, &time_ms, &ordinal, &code);
    TRY(code);
    while (placed && first < group.count && place_compare(&group.events[first], time_ms, ordinal) <= 0) first++;
    arena_init(&scratch, 4 << 20);
    write_filtered(call, in, &group, first, &scratch);
    arena_fini(&scratch);
    return LEAT_OK;
}

static void run_filter(struct api_call *call, void *input) {
    struct arena arena = {0};
    enum leat_code code = filter(call, input, &arena);
    arena_fini(&arena);
    api_end(call, code);
}

const struct api_operation logs_get_log_events = {.name = "GetLogEvents", .fields = get_fields, .input_size = sizeof(struct input),
                                                  .place = API_POOL, .run = run_get};
const struct api_operation logs_filter_log_events = {.name = "FilterLogEvents", .fields = filter_fields,
                                                     .input_size = sizeof(struct input), .place = API_POOL, .run = run_filter};
