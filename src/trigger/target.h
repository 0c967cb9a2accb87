/* What a trigger delivers to, and where it sends what could not be delivered. `trigger` declares it; functions, sinks and
 * queues implement it; only `cmd` joins them.
 * Everything here happens on the work loop's thread, except trigger_resolver.arn and trigger_destination_resolver.check. */
#ifndef TRIGGER_TARGET_H
#define TRIGGER_TARGET_H

#include <stdbool.h>

#include "base/fault.h"
#include "leat_types.h"

enum trigger_outcome_kind {
    TRIGGER_SUCCESS,        /* the target took it; payload is its answer */
    TRIGGER_FUNCTION_ERROR, /* exception, timeout, crash: counts against the retry budget */
    TRIGGER_NOT_DELIVERED   /* throttled, missing, could not start: does not count; tried again until the records are too old */
};

struct trigger_outcome {
    enum trigger_outcome_kind kind;
    struct leat_slice payload;          /* borrowed until the callback returns */
    unsigned status;                    /* 200; 429 ... for the failure record */
    struct leat_slice request_id;       /* a UUID */
    struct leat_slice function_error;   /* "Unhandled"; absent on success */
    struct leat_slice executed_version; /* "$LATEST" */
};

typedef void (*trigger_delivered_fn)(void *context, const struct trigger_outcome *outcome);

struct trigger_target;

struct trigger_target_kind {
    const char *name; /* "function" */
    /* Begins a delivery of the event (JSON, borrowed until this returns). `delivered` is called exactly once, later or at
     * once. Several deliveries may be under way at a time; the target runs them side by side as far as it can. */
    void (*deliver)(struct trigger_target *target, struct leat_slice event, trigger_delivered_fn delivered, void *context);
    /* The trigger lets go of the target. Deliveries under way still call `delivered`. */
    void (*release)(struct trigger_target *target);
};

/* The first member of every target. */
struct trigger_target { const struct trigger_target_kind *kind; };

/* Finds targets by the FunctionName of a mapping (name, partial or full ARN, with or without qualifier). */
struct trigger_resolver {
    /* Any thread. The ARN as mappings show it (qualifier kept as given); LEAT_RESOURCE_NOT_FOUND when there is none. */
    enum leat_code (*arn)(void *context, struct leat_slice name, char *arn_out, size_t arn_size, struct leat_fault *fault);
    /* Work loop. A target for an ARN from above; the function may be gone: then deliveries answer TRIGGER_NOT_DELIVERED. */
    enum leat_code (*open)(void *context, struct leat_slice arn, struct trigger_target **out, struct leat_fault *fault);
    void *context;
};

/* ------------------------------------------------------------------ destinations (DestinationConfig.OnFailure) */

/* A message attribute, as SQS has them. */
struct trigger_attribute { struct leat_slice name, type, value; }; /* "RequestID", "String", ... */

/* What is sent when records are given up. All of it is borrowed until `send` returns. */
struct trigger_failure {
    struct leat_slice record; /* the failure record, JSON: the body of a message */
    const struct trigger_attribute *attributes; /* of the message: dead letters of asynchronous invocations have some */
    size_t attribute_count;
    struct leat_slice event;  /* JSON, what the function was given: for destinations that keep the payload too */
    struct leat_slice mapping_uuid, shard_id;
    uint64_t at_ms; /* the record's `timestamp` */
};

/* why: words for the log when it is not durable; may be NULL. */
typedef void (*trigger_sent_fn)(void *context, bool durable, const char *why);

struct trigger_destination;

struct trigger_destination_kind {
    const char *name; /* "sqs" */
    /* `sent` is called exactly once, later or at once, on the work loop: when the failure would survive a crash of this process,
     * or when it will not get there. The trigger then tries again with growing pauses; the records stay undone so long.
     * Several may be under way at a time. */
    void (*send)(struct trigger_destination *destination, const struct trigger_failure *failure, trigger_sent_fn sent,
                 void *context);
    /* The trigger lets go of it. What is under way still calls `sent`. */
    void (*release)(struct trigger_destination *destination);
};

/* The first member of every destination. */
struct trigger_destination { const struct trigger_destination_kind *kind; };

/* Finds the destinations of one service, by the third part of their ARNs. */
struct trigger_destination_resolver {
    const char *service; /* "sqs"; NULL ends a list of these */
    /* Any thread, when a mapping is made or changed. LEAT_RESOURCE_NOT_FOUND: there is none; other faults are answered as they are. */
    enum leat_code (*check)(void *context, struct leat_slice arn, struct leat_fault *fault);
    /* Work loop. The queue may be gone by then: this fails, or `send` does; both are tried again. */
    enum leat_code (*open)(void *context, struct leat_slice arn, struct trigger_destination **out, struct leat_fault *fault);
    void *context;
};

#endif
