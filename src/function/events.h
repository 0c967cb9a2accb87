/* Asynchronous invocations (InvocationType Event): accepted when they are durable, run in the order of arrival per function, tried
 * again after failures, and told to destinations at their end.
 *
 *   accept ──commit──▶ READY (in its function's lane) ──invoke──▶ RUNNING ──success──▶ TELLING (destinations) ──▶ deleted
 *                        ▲                                        │ failure, no room
 *                        └──────────── WAITING (until due) ◀──────┘            or the end: TELLING
 *
 * An event is stored in pieces, items of "leat:function-events" with the key (id, part). What had not ended when the server did is begun
 * again at the next start: at least once, as in AWS. Work loop, except where it says otherwise.
 * Source: AWS Lambda Developer Guide, "Invoking a Lambda function asynchronously". */
#ifndef FUNCTION_EVENTS_H
#define FUNCTION_EVENTS_H

#include "function/service.h"
#include "trigger/schedule.h"

enum {
    FUNCTION_EVENT_PAYLOAD_MAX = 1 << 20,   /* "Lambda quotas": 1 MB asynchronous */
    FUNCTION_EVENT_PIECE_BYTES = 380 << 10, /* an item is at most 400 KB */
    FUNCTION_EVENT_PIECES_MAX = FUNCTION_EVENT_PAYLOAD_MAX / FUNCTION_EVENT_PIECE_BYTES + 1,
    FUNCTION_EVENTS_MAX = 20000,            /* that have not ended; what comes then is throttled */
    FUNCTION_EVENTS_BYTES_MAX = 256 << 20,  /* of their payloads */
    FUNCTION_EVENTS_RUNNING_MAX = 64,       /* of one function at a time */
    FUNCTION_EVENT_RETRIES = 2,             /* MaximumRetryAttempts, unless it is set */
    FUNCTION_EVENT_AGE_SECONDS = 6 * 3600,  /* MaximumEventAgeInSeconds */
    FUNCTION_EVENT_RETRY_MS = 60000,        /* "one minute ... between the first two attempts, and two minutes" behind the second */
    FUNCTION_EVENT_ROOM_MS = 1000,          /* no room: "exponentially from 1 second after the first attempt to a maximum of 5 minutes" */
    FUNCTION_EVENT_ROOM_MS_MAX = 300000,
    FUNCTION_EVENT_SENDS_MAX = 6            /* attempts to reach a destination */
};

struct function_event {
    struct net_task task; /* its way back from the writing thread */
    struct function_event *next; /* in a lane or among those that wait */
    struct function_events *events;
    struct function_lane *lane;
    char id[RANDOM_UUID_SIZE], name[FUNCTION_NAME_MAX + FUNCTION_QUALIFIER_MAX + 2]; /* name and perhaps ":qualifier" */
    struct leat_slice payload, client_context; /* in the same allocation */
    uint64_t accepted_ms;
    unsigned attempts, refusals; /* that the function was run; in a row, that it could not be */
    struct schedule_entry later; /* WAITING */
    bool held;                   /* READY, RUNNING, TELLING: the clock does not go on */
    enum leat_code stored;       /* how the commit went */
    function_event_accepted_fn accepted;
    void *context;
    struct function_telling *telling;
};

struct function_events;
/* Reads what is stored; nothing runs before function_events_start. Not on the loop. */
enum leat_code function_events_new(struct function_service *service, struct function_events **out, struct leat_fault *fault) LEAT_MUST_USE;
void function_events_start(struct function_events *events); /* any thread */
void function_events_close(struct function_events *events); /* nothing more is begun; what is stored stays */
void function_events_free(struct function_events *events);  /* when the loop has nothing of it any more */

/* ---- event_store.c */
enum leat_code function_event_make_table(struct function_service *service, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code function_event_store(struct function_event *event, leat_done_fn done, struct leat_fault *fault) LEAT_MUST_USE;
void function_event_store_attempts(struct function_event *event); /* not waited for */
void function_event_forget(struct function_event *event);         /* likewise: at worst it runs once more */
/* All of them, oldest first, as a list. Not on the loop. */
enum leat_code function_event_load(struct function_events *events, struct function_event **out, struct leat_fault *fault) LEAT_MUST_USE;
/* payload and client_context are copied; room for `payload_max` bytes. */
struct function_event *function_event_new(struct function_events *events, struct leat_slice name, struct leat_slice payload,
                                          struct leat_slice client_context, size_t payload_max);

/* ---- event_outcome.c */
struct function_event_settings {
    int64_t retries, age_seconds;
    struct leat_slice on_success, on_failure, dead_letter; /* ARNs; absent: none */
};
enum leat_code function_event_settings(struct function_event *event, struct arena *arena, struct function_event_settings *out,
                                       struct leat_fault *fault) LEAT_MUST_USE;
/* Tells the destinations, then forgets and frees the event. condition: "Success", "RetriesExhausted" ...; answer NULL: it never ran. */
void function_event_end(struct function_event *event, const struct function_event_settings *settings, const char *condition,
                        const struct function_answer *answer);
void function_event_done(struct function_event *event); /* events.c: it is freed, and counts no longer */
struct function_service *function_events_service(struct function_events *events);
bool function_events_closing(const struct function_events *events);

#endif
