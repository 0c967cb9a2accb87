/* What is known of a queue's messages in memory: which can be received now, which later, which are too old. No bodies, no I/O, no clock.
 *
 *   standard queue   visible messages are taken in the order of their sequence numbers
 *   FIFO queue       a group's first message alone can be taken, and only while no other of the group is in flight; those behind it
 *                    in the same receive follow it
 *
 * Every step costs the logarithm of the queue's length at most. One thread. */
#ifndef QUEUE_INDEX_H
#define QUEUE_INDEX_H

#include <stdbool.h>

#include "leat_types.h"

enum index_state { INDEX_VISIBLE, INDEX_DELAYED, INDEX_IN_FLIGHT, INDEX_STATES };
enum { INDEX_ID_SIZE = 16 };

struct index_group;
struct recent;

struct index_message {
    uint64_t sequence;          /* its name; grows in the order of arrival */
    uint64_t sent_ms;
    uint64_t due_ms;            /* DELAYED, IN_FLIGHT: becomes visible then */
    uint64_t first_received_ms; /* 0: never */
    uint64_t received_ms;       /* the last time */
    uint32_t received;          /* how often, from this queue */
    uint32_t received_before;   /* from the queue that it was moved out of */
    uint8_t parts;              /* items that it is stored as */
    uint8_t state;
    uint8_t id[INDEX_ID_SIZE];  /* MessageId */
    struct recent *recent;      /* FIFO: its owner's, while the message keeps others from being sent; NULL: it does not */
    /* the index's own */
    uint32_t place, age_place;
    struct index_message *next_in_bucket;
    struct index_group *group;  /* FIFO */
    struct index_message *before, *behind; /* in the group */
};

struct index_heap {
    struct index_message **all;
    uint32_t count, capacity;
};

struct index {
    bool fifo;
    size_t count, counts[INDEX_STATES];
    struct index_heap ready;   /* those that can be taken, lowest sequence number first */
    struct index_heap waiting; /* by due_ms */
    struct index_heap ages;    /* all, by sent_ms */
    struct index_message **buckets;
    struct index_group **group_buckets;
    size_t bucket_count, group_count, group_bucket_count;
};

void index_init(struct index *index, bool fifo);
void index_fini(struct index *index);

/* A copy of `message` (its first part) goes in, in state VISIBLE, or DELAYED or IN_FLIGHT until due_ms. group: FIFO; the name is copied.
 * Within a group messages come in ascending order. NULL: no memory. */
struct index_message *index_add(struct index *index, const struct index_message *message, struct leat_slice group);
void index_remove(struct index *index, struct index_message *message); /* and frees it */
struct index_message *index_find(const struct index *index, uint64_t sequence);

void index_settle(struct index *index, uint64_t now_ms); /* what is due becomes visible */

/* The next to be received, NULL: none. previous: what the same receive has hidden just before. */
struct index_message *index_next(const struct index *index, const struct index_message *previous);
void index_hide(struct index *index, struct index_message *message, uint64_t due_ms); /* it is in flight until then */
void index_show(struct index *index, struct index_message *message);                  /* it is visible at once */

struct leat_slice index_group_name(const struct index_message *message); /* FIFO */

const struct index_message *index_oldest(const struct index *index); /* by sent_ms; NULL: the queue is empty */
uint64_t index_next_due(const struct index *index);                  /* UINT64_MAX: nothing waits */

#endif
