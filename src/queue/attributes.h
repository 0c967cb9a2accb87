/* A queue's attributes and tags: which there are, what they may be, and what follows from them. */
#ifndef QUEUE_ATTRIBUTES_H
#define QUEUE_ATTRIBUTES_H

#include "base/buf.h"
#include "queue/queue.h"

/* those that can be set, in the order in which AWS's model lists them */
enum attribute {
    ATTRIBUTE_POLICY,
    ATTRIBUTE_VISIBILITY_TIMEOUT,
    ATTRIBUTE_MAXIMUM_MESSAGE_SIZE,
    ATTRIBUTE_MESSAGE_RETENTION_PERIOD,
    ATTRIBUTE_DELAY_SECONDS,
    ATTRIBUTE_RECEIVE_WAIT,
    ATTRIBUTE_REDRIVE_POLICY,
    ATTRIBUTE_FIFO_QUEUE,
    ATTRIBUTE_CONTENT_BASED_DEDUPLICATION,
    ATTRIBUTE_KMS_KEY,
    ATTRIBUTE_KMS_REUSE,
    ATTRIBUTE_DEDUPLICATION_SCOPE,
    ATTRIBUTE_FIFO_THROUGHPUT,
    ATTRIBUTE_REDRIVE_ALLOW_POLICY,
    ATTRIBUTE_MANAGED_SSE,
    ATTRIBUTES
};

/* Never changed: a change makes a new one. */
struct settings {
    struct arena arena;
    bool fifo;
    struct leat_slice given[ATTRIBUTES]; /* absent: as initially */
    int64_t number[ATTRIBUTES];          /* of those that are numbers */
    struct leat_slice dead_letter;       /* name of the queue that takes what was received too often; absent: none */
    int64_t receives_max;
    struct queue_pair *tags;             /* ascending by name */
    size_t tag_count;
};

/* What is changed about `before` (NULL: a queue is created). Attributes with empty values, and tags without data, are taken out. NULL:
 * see the fault. The queue that a redrive policy names is looked at by the caller. */
struct settings *settings_change(const struct settings *before, const struct queue_control *control, struct queue_fault *fault);
void settings_free(struct settings *settings);

/* As it is now, given or not; absent: it has none. */
struct leat_slice settings_value(const struct settings *settings, enum attribute attribute);
bool settings_flag(const struct settings *settings, enum attribute attribute);
/* The first of these attributes that has another value; NULL: none. */
const char *settings_difference(const struct settings *settings, const struct settings *other, const struct queue_pair *given,
                                size_t count);

const char *attribute_name(enum attribute attribute);

/* The name in "arn:aws:sqs:region:account:name"; absent: it is no such ARN. */
struct leat_slice queue_arn_name(struct leat_slice arn);

void settings_to_item(const struct settings *settings, struct buf *out); /* members "attributes" and "tags" */
struct settings *settings_from_item(struct leat_slice item, bool fifo);  /* NULL: no memory, or damaged */

#endif
