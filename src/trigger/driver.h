/* The driver: all mappings at work. It lives on the work loop; other threads hand it mappings with the calls below, which
 * take effect in the order in which they were made.
 *
 * Per mapping it knows the shards of the stream and runs those whose parents are finished (AWS: a reader must finish the
 * parent before the child); per running shard there is a runner. */
#ifndef TRIGGER_DRIVER_H
#define TRIGGER_DRIVER_H

#include "trigger/runner.h"
#include "trigger/watch.h"

struct driver;

struct driver_options {
    struct leat *db;
    struct net_loop *loop;
    struct trigger_resolver resolver;
    const struct trigger_destination_resolver *destinations;
    struct leat_slice region; /* must live as long as the driver */
    uint64_t retry_ms_first, retry_ms_max;
    /* On the loop, when the way the last delivery of a mapping ended differs from the one before. */
    void (*result)(void *context, struct leat_slice uuid, enum mapping_result result);
    void *result_context;
};

enum leat_code driver_new(const struct driver_options *options, struct driver **out, struct leat_fault *fault) LEAT_MUST_USE;
void driver_free(struct driver *driver); /* waits for the checkpoints on their way; not on the loop */

/* The mapping becomes the driver's. LEAT_NO_MEMORY: it was freed, nothing happened. */
enum leat_code driver_add(struct driver *driver, struct mapping *mapping, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code driver_change(struct driver *driver, struct mapping *mapping, struct leat_fault *fault) LEAT_MUST_USE;
/* Returns when no checkpoint of the mapping will be written any more. Not on the loop. */
void driver_remove(struct driver *driver, struct leat_slice uuid);

#endif
