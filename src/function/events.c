#include "function/events.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "function/parts.h"

/* Events of one function that are ready, and how many run. */
struct function_lane {
    struct function_lane *next;
    struct function_event *first, **last;
    unsigned running;
    bool pumping; /* what is called from there may come back */
    char name[FUNCTION_NAME_MAX + 1];
};

struct function_events {
    struct function_service *service;
    struct function_lane *lanes;
    size_t count, bytes;           /* of all that have not ended */
    bool closing, scheduling;
    struct schedule schedule;      /* of those that wait until they are due; made with the first */
    struct function_event *loaded; /* before the start */
    struct net_task task;
};

static void pump(struct function_lane *lane, struct function_events *events);

struct function_service *function_events_service(struct function_events *events) { return events->service; }
bool function_events_closing(const struct function_events *events) { return events->closing; }

/* ---- lanes ---- */

static struct function_lane *lane_of(struct function_events *events, const char *name) {
    size_t size = strcspn(name, ":");
    for (struct function_lane *lane = events->lanes; lane != NULL; lane = lane->next)
        if (strlen(lane->name) == size && memcmp(lane->name, name, size) == 0) return lane;
    struct function_lane *lane = calloc(1, sizeof *lane);
    if (lane == NULL) return NULL;
    memcpy(lane->name, name, size < FUNCTION_NAME_MAX ? size : FUNCTION_NAME_MAX);
    lane->last = &lane->first;
    lane->next = events->lanes;
    events->lanes = lane;
    return lane;
}

static void drop_lane(struct function_events *events, struct function_lane *lane) {
    if (lane->running > 0 || lane->first != NULL) return;
    struct function_lane **at = &events->lanes;
    while (*at != lane) at = &(*at)->next;
    *at = lane->next;
    free(lane);
}

static void make_ready(struct function_event *event);

/* ---- those that wait ---- */

static void hold(struct function_event *event, bool held) {
    struct leat *db = event->events->service->db;
    if (held && !event->held) leat_clock_hold(db);
    if (!held && event->held) leat_clock_release(db);
    event->held = held;
}

static void due(struct schedule_entry *entry) {
    make_ready((struct function_event *)(void *)((char *)entry - offsetof(struct function_event, later)));
}

static void make_wait(struct function_event *event, uint64_t ms) {
    struct function_events *events = event->events;
    if (!events->scheduling) {
        schedule_init(&events->schedule, events->service->db, events->service->work_loop);
        events->schedule.timer.data = events;
        events->scheduling = true;
        events->service->handles++;
    }
    event->later.run = due;
    schedule_in(&events->schedule, &event->later, ms);
    hold(event, false);
}

static void make_ready(struct function_event *event) {
    struct function_events *events = event->events;
    struct function_lane *lane = lane_of(events, event->name);
    hold(event, true);
    if (lane == NULL) {
        make_wait(event, FUNCTION_EVENT_ROOM_MS);
        return;
    }
    event->lane = lane;
    event->next = NULL;
    *lane->last = event;
    lane->last = &event->next;
    pump(lane, events);
}

/* ---- running ---- */

static uint64_t age_ms(const struct function_event *event) {
    uint64_t now = leat_now_ms(event->events->service->db);
    return now > event->accepted_ms ? now - event->accepted_ms : 0;
}

static uint64_t doubled(uint64_t first, unsigned times, uint64_t most) {
    while (times-- > 0 && first < most) first *= 2;
    return first < most ? first : most;
}

/* Not later than it becomes too old: its end is told then. */
static void try_again(struct function_event *event, uint64_t pause_ms, const struct function_event_settings *settings) {
    uint64_t age = age_ms(event), oldest = (uint64_t)settings->age_seconds * 1000;
    make_wait(event, age + pause_ms > oldest ? oldest - age + 1 : pause_ms);
}

static bool has_no_share(const struct function_event *event) {
    struct function_family *family = function_family_find(event->events->service, event->lane->name, false);
    return family != NULL && family->known && family->reserved == 0;
}

static void failed(struct function_event *event, const struct function_event_settings *settings,
                   const struct function_answer *answer) {
    const struct function_service *service = event->events->service;
    event->attempts++;
    event->refusals = 0;
    if (event->attempts > settings->retries) {
        function_event_end(event, settings, "RetriesExhausted", answer);
    } else if (age_ms(event) > (uint64_t)settings->age_seconds * 1000) {
        function_event_end(event, settings, "EventAgeExceeded", answer);
    } else {
        function_event_store_attempts(event);
        try_again(event, doubled(service->event_retry_ms, event->attempts - 1, UINT64_MAX / 2), settings);
    }
}

static void refused(struct function_event *event, const struct function_event_settings *settings,
                    const struct function_answer *answer) {
    if (answer->code == LEAT_TOO_MANY_REQUESTS && has_no_share(event)) {
        function_event_end(event, settings, "ZeroReservedConcurrency", NULL); /* "without any retries" */
    } else if (age_ms(event) > (uint64_t)settings->age_seconds * 1000) {
        function_event_end(event, settings, "EventAgeExceeded", NULL);
    } else {
        try_again(event, doubled(FUNCTION_EVENT_ROOM_MS, event->refusals++, FUNCTION_EVENT_ROOM_MS_MAX), settings);
    }
}

static void invoked(void *context, const struct function_answer *answer) {
    struct function_event *event = context;
    struct function_events *events = event->events;
    struct function_lane *lane = event->lane;
    struct function_event_settings settings;
    struct arena arena;
    lane->running--;
    arena_init(&arena, 4 * FUNCTION_ITEM_BYTES_MAX);
    if (events->closing || answer->code == LEAT_CLOSED) {
        function_event_done(event); /* it stays stored */
    } else if (answer->code == LEAT_RESOURCE_NOT_FOUND) {
        function_event_forget(event); /* the function is deleted, and its settings with it */
        function_event_done(event);
    } else if (function_event_settings(event, &arena, &settings, NULL) != LEAT_OK) {
        make_wait(event, FUNCTION_EVENT_ROOM_MS);
    } else if (answer->code != LEAT_OK) {
        refused(event, &settings, answer);
    } else if (answer->function_error) {
        failed(event, &settings, answer);
    } else {
        event->attempts++;
        function_event_end(event, &settings, "Success", answer);
    }
    arena_fini(&arena);
    pump(lane, events);
}

static bool is_too_old(struct function_event *event) {
    struct function_event_settings settings;
    struct arena arena;
    arena_init(&arena, 4 * FUNCTION_ITEM_BYTES_MAX);
    bool old = age_ms(event) > 60000 && /* the least that can be set: nobody younger needs a look */
               function_event_settings(event, &arena, &settings, NULL) == LEAT_OK &&
               age_ms(event) > (uint64_t)settings.age_seconds * 1000;
    if (old) function_event_end(event, &settings, "EventAgeExceeded", NULL);
    arena_fini(&arena);
    return old;
}

static void pump(struct function_lane *lane, struct function_events *events) {
    if (lane->pumping) return;
    lane->pumping = true;
    while (lane->first != NULL && lane->running < FUNCTION_EVENTS_RUNNING_MAX && !events->closing) {
        struct function_event *event = lane->first;
        lane->first = event->next;
        if (lane->first == NULL) lane->last = &lane->first;
        if (is_too_old(event)) continue;
        struct function_invocation invocation = {
            .name = slice_text(event->name),
            .payload = event->payload,
            .client_context = event->client_context,
            .request_id = slice_text(event->id),
            .done = invoked,
            .context = event,
        };
        lane->running++;
        function_invoke(events->service, &invocation);
    }
    lane->pumping = false;
    drop_lane(events, lane);
}

void function_event_done(struct function_event *event) {
    hold(event, false);
    event->events->count--;
    event->events->bytes -= event->payload.size;
    free(event);
}

/* ---- accepting ---- */

static void committed_here(struct net_task *task) {
    struct function_event *event = (struct function_event *)(void *)task;
    struct function_service *service = event->events->service;
    struct leat_fault fault = {0};
    if (event->stored != LEAT_OK) (void)fault_set(&fault, event->stored, "The event could not be stored.");
    event->accepted(event->context, event->stored, slice_text(event->id), &fault);
    if (event->stored != LEAT_OK || event->events->closing) function_event_done(event);
    else make_ready(event);
    function_service_handle_closed(service);
}

static void committed(void *context, enum leat_code code, struct leat_result *result, const struct leat_fault *fault) {
    struct function_event *event = context;
    (void)fault;
    if (result != NULL) leat_result_free(result);
    event->stored = code;
    event->task.run = committed_here;
    net_loop_post(event->events->service->work_loop, &event->task);
}

static enum leat_code accept_event(struct function_events *events, const struct function_invocation *invocation,
                                   function_event_accepted_fn accepted, void *context, struct leat_fault *fault) {
    struct function_name name;
    char version[FUNCTION_VERSION_SIZE], text[FUNCTION_NAME_MAX + FUNCTION_QUALIFIER_MAX + 2];
    struct function_configuration configuration;
    struct arena arena;
    TRY(function_name_parse(invocation->name, &name, fault));
    if (events->closing) return fault_set(fault, LEAT_CLOSED, "the server is stopping");
    if (invocation->payload.size > FUNCTION_EVENT_PAYLOAD_MAX)
        return fault_set(fault, LEAT_REQUEST_TOO_LARGE, "Request must be smaller than %d bytes for the InvokeFunction operation",
                         FUNCTION_EVENT_PAYLOAD_MAX);
    struct function_name asked = {name.name, name.qualifier.data != NULL ? name.qualifier : SLICE("$LATEST")};
    arena_init(&arena, 4 * FUNCTION_ITEM_BYTES_MAX);
    enum leat_code code = function_resolve(events->service, &asked, 1.0, version, fault);
    if (code == LEAT_OK) code = function_registry_get(events->service, &asked, &arena, &configuration, fault);
    arena_fini(&arena);
    TRY(code);
    if (events->count >= FUNCTION_EVENTS_MAX || events->bytes + invocation->payload.size > FUNCTION_EVENTS_BYTES_MAX)
        return fault_set(fault, LEAT_BUSY, "Rate Exceeded.");
    (void)snprintf(text, sizeof text, "%.*s%s%.*s", SLICE_FORMAT(name.name), name.qualifier.data == NULL ? "" : ":",
                   (int)name.qualifier.size, name.qualifier.data == NULL ? "" : (const char *)name.qualifier.data);
    struct function_event *event =
        function_event_new(events, slice_text(text), invocation->payload, invocation->client_context, invocation->payload.size);
    if (event == NULL) return fault_memory(fault);
    event->accepted = accepted;
    event->context = context;
    events->count++;
    events->bytes += event->payload.size;
    hold(event, true);
    code = function_event_store(event, committed, fault);
    if (code == LEAT_OK) events->service->handles++; /* the service waits for its way back */
    else function_event_done(event);
    return code;
}

void function_invoke_event(struct function_service *service, const struct function_invocation *invocation,
                           function_event_accepted_fn accepted, void *context) {
    assert(net_loop_here(service->work_loop));
    struct leat_fault fault = {0};
    enum leat_code code = accept_event(service->events, invocation, accepted, context, &fault);
    if (code != LEAT_OK) accepted(context, code, (struct leat_slice){NULL, 0}, &fault);
}

/* ---- life ---- */

enum leat_code function_events_new(struct function_service *service, struct function_events **out, struct leat_fault *fault) {
    struct function_events *events = calloc(1, sizeof *events);
    if (events == NULL) return fault_memory(fault);
    events->service = service;
    enum leat_code code = function_event_load(events, &events->loaded, fault);
    for (struct function_event *event = events->loaded; event != NULL; event = event->next) {
        events->count++;
        events->bytes += event->payload.size;
    }
    if (code == LEAT_OK) *out = events;
    else function_events_free(events);
    return code;
}

static void start_here(struct net_task *task) {
    struct function_events *events = (struct function_events *)(void *)((char *)task - offsetof(struct function_events, task));
    struct function_event *next, *event = events->loaded;
    events->loaded = NULL;
    for (; event != NULL; event = next) {
        next = event->next;
        if (events->closing) function_event_done(event);
        else make_ready(event);
    }
}

void function_events_start(struct function_events *events) {
    if (events->loaded == NULL) return;
    events->task.run = start_here;
    net_loop_post(events->service->work_loop, &events->task);
}

static void timer_closed(uv_handle_t *handle) {
    struct function_events *events = handle->data;
    function_service_handle_closed(events->service);
}

void function_events_close(struct function_events *events) {
    events->closing = true;
    if (events->scheduling) schedule_fini(&events->schedule, timer_closed);
}

static void free_list(struct function_event *event) {
    for (struct function_event *next; event != NULL; event = next) {
        next = event->next;
        function_event_done(event);
    }
}

void function_events_free(struct function_events *events) {
    if (events == NULL) return;
    free_list(events->loaded);
    while (events->scheduling && events->schedule.entries.next != &events->schedule.entries) {
        struct schedule_entry *entry = events->schedule.entries.next;
        schedule_cancel(entry);
        function_event_done((struct function_event *)(void *)((char *)entry - offsetof(struct function_event, later)));
    }
    while (events->lanes != NULL) {
        struct function_lane *lane = events->lanes;
        free_list(lane->first);
        events->lanes = lane->next;
        free(lane);
    }
    free(events);
}
