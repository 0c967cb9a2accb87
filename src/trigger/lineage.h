/* One mapping at work: the shards of its stream in the order of their lineage, and the runners of those that may be read.
 * Loop's thread only. */
#ifndef TRIGGER_LINEAGE_H
#define TRIGGER_LINEAGE_H

#include "trigger/runner.h"
#include "trigger/watch.h"

struct lineage;

struct lineage_world {
    struct runner_world runners;
    struct watch_list watches;
    struct trigger_resolver resolver;
    const struct trigger_destination_resolver *destinations;
    uint64_t retry_ms_first, retry_ms_max;
    void (*result)(void *context, struct leat_slice uuid, enum mapping_result result);
    void *result_context;
};

/* Begins to work when the mapping is enabled. The mapping becomes the lineage's, also when the answer is NULL (no memory). */
struct lineage *lineage_new(struct lineage_world *world, struct mapping *mapping);
void lineage_free(struct lineage *lineage, struct runner_farewell *farewell);
void lineage_change(struct lineage *lineage, struct mapping *mapping); /* takes the mapping */
const struct mapping *lineage_mapping(const struct lineage *lineage);

#endif
