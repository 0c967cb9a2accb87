/* The end of an asynchronous invocation: who is told, and in which words.
 * Source: AWS Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations", "Adding a dead-letter queue". */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/slice.h"
#include "function/events.h"
#include "function/parts.h"

enum { OUTCOME_RECORD_MAX = 16 << 20, OUTCOME_ARN_SIZE = 400, OUTCOME_WORDS_SIZE = 1024 };

/* ---- settings: those of the qualifier that was called, or of $LATEST ---- */

enum leat_code function_event_settings(struct function_event *event, struct arena *arena, struct function_event_settings *out,
                                       struct leat_fault *fault) {
    struct function_service *service = function_events_service(event->events);
    struct function_name name;
    struct function_configuration configuration;
    struct leat_slice item;
    char part[FUNCTION_QUALIFIER_MAX + 16];
    *out = (struct function_event_settings){.retries = FUNCTION_EVENT_RETRIES, .age_seconds = FUNCTION_EVENT_AGE_SECONDS};
    TRY(function_name_parse(slice_text(event->name), &name, fault));
    if (name.qualifier.data == NULL) name.qualifier = SLICE("$LATEST");
    (void)snprintf(part, sizeof part, "invoke/%.*s", SLICE_FORMAT(name.qualifier));
    enum leat_code code = function_registry_get(service, &name, arena, &configuration, fault);
    if (code == LEAT_OK)
        out->dead_letter = function_json_text(function_setting(&configuration, "DeadLetterConfig"), "TargetArn", arena);
    if (out->dead_letter.size == 0) out->dead_letter = (struct leat_slice){NULL, 0}; /* an empty one takes it away */
    code = function_part_get(service, name.name, slice_text(part), arena, &item, fault);
    if (code == LEAT_RESOURCE_NOT_FOUND) return LEAT_OK;
    TRY(code);
    double number;
    if (leat_item_number(item, "retries", &number)) out->retries = (int64_t)number;
    if (leat_item_number(item, "age", &number)) out->age_seconds = (int64_t)number;
    out->on_success = function_item_text(item, "success", arena);
    out->on_failure = function_item_text(item, "failure", arena);
    return LEAT_OK;
}

/* ---- destinations ---- */

static bool is_of(struct leat_slice arn, const char *name) {
    char begin[64];
    (void)snprintf(begin, sizeof begin, "arn:aws:%s:", name);
    return slice_starts(arn, slice_text(begin));
}

/* service NULL: there is none. */
static struct trigger_destination_resolver resolver_of(struct function_service *service, struct leat_slice arn) {
    struct trigger_destination_resolver none = {.service = NULL}, own = function_destination_resolver;
    own.context = service;
    if (is_of(arn, own.service)) return own;
    const struct trigger_destination_resolver *resolver = service->destinations;
    for (; resolver != NULL && resolver->service != NULL; resolver++)
        if (is_of(arn, resolver->service)) return *resolver;
    return none;
}

enum leat_code function_check_target(struct function_service *service, struct leat_slice arn, struct leat_fault *fault) {
    struct trigger_destination_resolver resolver = resolver_of(service, arn);
    enum leat_code code = resolver.service == NULL ? LEAT_RESOURCE_NOT_FOUND : resolver.check(resolver.context, arn, fault);
    if (code != LEAT_RESOURCE_NOT_FOUND) return code;
    return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE, "The destination ARN %.*s is invalid.", SLICE_FORMAT(arn));
}

/* ---- telling ---- */

struct telling_target {
    char arn[OUTCOME_ARN_SIZE];
    bool dead_letter; /* gets the event itself, and says what went wrong in attributes */
};

struct function_telling {
    struct function_event *event;
    struct telling_target targets[2];
    size_t target_count, at; /* the one that is told now */
    unsigned sends;          /* to it */
    uv_timer_t timer;
    bool timer_made;
    struct buf record;
    char status[8], words[OUTCOME_WORDS_SIZE];
    uint64_t at_ms;
};

static void tell(struct function_telling *telling);

static void telling_free(struct function_telling *telling) {
    buf_fini(&telling->record);
    free(telling);
}

static void timer_closed(uv_handle_t *handle) {
    struct function_telling *telling = handle->data;
    struct function_service *service = function_events_service(telling->event->events);
    function_event_done(telling->event);
    telling_free(telling);
    function_service_handle_closed(service);
}

static void told_all(struct function_telling *telling) {
    struct function_service *service = function_events_service(telling->event->events);
    if (!function_events_closing(telling->event->events)) function_event_forget(telling->event);
    if (telling->timer_made) {
        uv_close((uv_handle_t *)&telling->timer, timer_closed);
        return;
    }
    function_event_done(telling->event);
    telling_free(telling);
    function_service_handle_closed(service);
}

static void timer_fired(uv_timer_t *timer) { tell(timer->data); }

static void pause_and_tell(struct function_telling *telling) {
    uv_loop_t *loop = net_loop_uv(function_events_service(telling->event->events)->work_loop);
    if (!telling->timer_made) {
        (void)uv_timer_init(loop, &telling->timer);
        telling->timer.data = telling;
        telling->timer_made = true;
    }
    (void)uv_timer_start(&telling->timer, timer_fired, (uint64_t)FUNCTION_EVENT_ROOM_MS << telling->sends, 0);
}

static void sent(void *context, bool durable, const char *why) {
    struct function_telling *telling = context;
    const char *arn = telling->targets[telling->at].arn;
    bool closing = function_events_closing(telling->event->events);
    telling->sends++;
    if (!durable && !closing && telling->sends < FUNCTION_EVENT_SENDS_MAX) {
        pause_and_tell(telling);
        return;
    }
    if (!durable)
        log_warning("the outcome of invocation %s of %s could not be sent to %s: %s", telling->event->id, telling->event->name, arn,
                    why != NULL ? why : "it was not taken");
    telling->at++;
    telling->sends = 0;
    tell(telling);
}

static void send_one(struct function_telling *telling, const struct telling_target *target) {
    struct leat_slice arn = slice_text(target->arn);
    struct trigger_destination_resolver resolver = resolver_of(function_events_service(telling->event->events), arn);
    struct trigger_destination *destination = NULL;
    struct leat_fault fault = {0};
    if (resolver.service == NULL) {
        telling->sends = FUNCTION_EVENT_SENDS_MAX;
        sent(telling, false, "there is no such service here");
        return;
    }
    if (resolver.open(resolver.context, arn, &destination, &fault) != LEAT_OK) {
        sent(telling, false, fault.message);
        return;
    }
    const struct trigger_attribute attributes[] = {
        {SLICE("RequestID"), SLICE("String"), slice_text(telling->event->id)},
        {SLICE("ErrorCode"), SLICE("Number"), slice_text(telling->status)},
        {SLICE("ErrorMessage"), SLICE("String"), slice_text(telling->words)},
    };
    struct trigger_failure failure = {
        .record = target->dead_letter ? telling->event->payload : buf_view(&telling->record),
        .attributes = target->dead_letter ? attributes : NULL,
        .attribute_count = target->dead_letter ? sizeof attributes / sizeof *attributes : 0,
        .event = telling->event->payload,
        .at_ms = telling->at_ms,
    };
    destination->kind->send(destination, &failure, sent, telling);
    destination->kind->release(destination);
}

static void tell(struct function_telling *telling) {
    if (telling->at >= telling->target_count || function_events_closing(telling->event->events)) told_all(telling);
    else send_one(telling, &telling->targets[telling->at]);
}

/* ---- the record ---- */

static void member(struct json_writer *json, const char *name, struct leat_slice text) {
    json_key(json, name);
    json_string(json, text);
}

static bool is_json(struct leat_slice text) {
    struct json_reader reader;
    struct arena arena;
    arena_init(&arena, text.size + 4096);
    json_reader_init(&reader, text, &arena);
    bool good = json_next(&reader) != JSON_ERROR && json_skip(&reader) && json_next(&reader) == JSON_END;
    arena_fini(&arena);
    return good;
}

static void payload(struct json_writer *json, const char *name, struct leat_slice text) {
    json_key(json, name);
    if (is_json(text)) json_verbatim(json, text);
    else json_string(json, text);
}

static void write_record(struct function_telling *telling, const char *condition, const struct function_answer *answer) {
    const struct function_event *event = telling->event;
    struct function_service *service = function_events_service(event->events);
    struct function_name name;
    struct json_writer json;
    char arn[FUNCTION_ARN_SIZE], iso[CLOCK_ISO_SIZE], now[CLOCK_ISO_SIZE + 1];
    if (function_name_parse(slice_text(event->name), &name, NULL) != LEAT_OK) return;
    if (name.qualifier.data == NULL) name.qualifier = SLICE("$LATEST");
    function_name_arn(&name, service->region, service->account, arn);
    clock_iso(telling->at_ms, iso);
    (void)snprintf(now, sizeof now, "%sZ", iso);
    json_writer_init(&json, &telling->record);
    json_object(&json);
    member(&json, "version", SLICE("1.0"));
    member(&json, "timestamp", slice_text(now));
    json_key(&json, "requestContext");
    json_object(&json);
    member(&json, "requestId", slice_text(event->id));
    member(&json, "functionArn", slice_text(arn));
    member(&json, "condition", slice_text(condition));
    json_key(&json, "approximateInvokeCount");
    json_int(&json, event->attempts);
    json_object_end(&json);
    payload(&json, "requestPayload", event->payload);
    if (answer != NULL) {
        json_key(&json, "responseContext");
        json_object(&json);
        json_key(&json, "statusCode");
        json_int(&json, 200);
        member(&json, "executedVersion", answer->executed_version);
        if (answer->function_error) member(&json, "functionError", SLICE("Unhandled"));
        json_object_end(&json);
        payload(&json, "responsePayload", answer->payload);
    }
    json_object_end(&json);
}

static void add_target(struct function_telling *telling, struct leat_slice arn, bool dead_letter) {
    if (arn.data == NULL || arn.size >= OUTCOME_ARN_SIZE) return;
    struct telling_target *target = &telling->targets[telling->target_count++];
    memcpy(target->arn, arn.data, arn.size);
    target->arn[arn.size] = 0;
    target->dead_letter = dead_letter;
}

/* The dead letter's attributes: what a function error says of itself, else the condition. */
static void word_failure(struct function_telling *telling, const char *condition, const struct function_answer *answer) {
    struct arena arena;
    arena_init(&arena, 8 << 20);
    struct leat_slice words = answer == NULL ? slice_text(condition) : function_json_text(answer->payload, "errorMessage", &arena);
    if (words.data == NULL) words = slice_text(condition);
    (void)snprintf(telling->words, sizeof telling->words, "%.*s", (int)(words.size < 1000 ? words.size : 1000), (const char *)words.data);
    (void)snprintf(telling->status, sizeof telling->status, "%d", answer == NULL ? 429 : 200);
    arena_fini(&arena);
}

void function_event_end(struct function_event *event, const struct function_event_settings *settings, const char *condition,
                        const struct function_answer *answer) {
    bool good = strcmp(condition, "Success") == 0;
    bool silent = good ? settings->on_success.data == NULL
                       : settings->on_failure.data == NULL && settings->dead_letter.data == NULL;
    struct function_telling *telling = silent ? NULL : calloc(1, sizeof *telling);
    if (telling == NULL) {
        if (!silent) log_warning("no memory to tell of the end of invocation %s of %s", event->id, event->name);
        function_event_forget(event);
        function_event_done(event);
        return;
    }
    telling->event = event;
    telling->at_ms = leat_now_ms(function_events_service(event->events)->db);
    buf_init(&telling->record, OUTCOME_RECORD_MAX);
    write_record(telling, condition, answer);
    word_failure(telling, condition, answer);
    add_target(telling, good ? settings->on_success : settings->on_failure, false);
    if (!good) add_target(telling, settings->dead_letter, true);
    function_events_service(event->events)->handles++;
    tell(telling);
}
