/* Runs one request of a group in memory, over the overlay: conditions, updates, indexes, stream records, what is returned. */
#ifndef TABLE_APPLY_H
#define TABLE_APPLY_H

#include "table/catalogue.h"
#include "table/overlay.h"

struct engine;
struct write_job;

struct group_change {
    struct group_change *next;
    const struct table *table; /* whose stream it is; borrowed from the job. NULL: a record of a history */
    store_part part;
    struct leat_slice record;
};

struct group {
    struct engine *engine;
    struct arena *arena; /* everything of this group */
    struct overlay overlay;
    struct group_change *changes, **last_change; /* stream records in the order of the writes */
    uint64_t now_ms;
    enum leat_code broken; /* out of memory in the middle of a change: the whole group must not be committed */
};

/* Sets job->code, fault and result. With a fault that a request caused, nothing of that operation is in the overlay. */
void apply_job(struct group *group, struct write_job *job);

#endif
