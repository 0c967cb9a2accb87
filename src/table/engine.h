/* The engine of a database: store, catalogue, the executor that is the only writer, and who wants to know of commits. */
#ifndef TABLE_ENGINE_H
#define TABLE_ENGINE_H

#include <pthread.h>
#include <stdbool.h>

#include "base/clock.h"
#include "leat_types.h"
#include "store/directory.h"
#include "store/store.h"
#include "table/catalogue.h"
#include "table/executor.h"
#include "table/housekeeping.h"

struct throttle;

struct engine_hook {
    struct engine_hook *next;
    void (*committed)(void *context, struct leat_slice table);
    void *context;
};

struct engine_options {
    const char *directory, *backend, *region, *account;
    uint64_t stream_retention_ms, shard_rotation_ms, settle_ms, map_bytes_first, bytes_max;
    uint64_t collection_bytes_max; /* 0: COLLECTIONS_BYTES_MAX */
    bool throttle;
    uint64_t virtual_ms; /* not 0: the clock is a virtual one and stands there at first */
    uint64_t (*now_ms)(void *);
    void *now_context;
    struct store *store; /* for tests: an open store, taken over; directory and backend do not matter then */
};

struct engine {
    struct store *store;
    struct store_directory directory;
    bool has_directory;
    struct catalogue catalogue;
    struct executor executor;
    struct housekeeping housekeeping;
    pthread_mutex_t hook_lock;
    struct engine_hook *hooks;
    pthread_mutex_t works_lock; /* for who looks at the list; only the writing thread changes it */
    struct work *works;         /* work.h */
    struct throttle *throttle;  /* NULL: off */
    uint64_t stream_retention_ms, shard_rotation_ms, settle_ms, collection_bytes_max;
    struct clock clock;
    char *region, *account;
};

enum leat_code engine_new(const struct engine_options *options, struct engine **out, struct leat_fault *fault) LEAT_MUST_USE;
void engine_free(struct engine *engine);

static inline uint64_t engine_now_ms(struct engine *engine) { return clock_now_ms(&engine->clock); }

/* The hook for every commit that lets a stream grow or changes its shards; on the writing thread. */
struct engine_hook *engine_hook_add(struct engine *engine, void (*committed)(void *context, struct leat_slice table),
                                    void *context);
void engine_hook_remove(struct engine *engine, struct engine_hook *hook);
void engine_hooks_run(struct engine *engine, struct leat_slice table);

#endif
