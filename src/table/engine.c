#include "table/engine.h"

#include <stdlib.h>
#include <string.h>

#include "table/collections.h"
#include "table/throttle.h"
#include "table/work.h"

enum { DAY_MS = 24 * 60 * 60 * 1000, ROTATION_MS = 4 * 60 * 60 * 1000 };

static enum leat_code engine_open_store(struct engine *engine, const struct engine_options *options, struct leat_fault *fault) {
    if (options->store != NULL) {
        engine->store = options->store;
        return LEAT_OK;
    }
    const char *backend = options->backend == NULL ? "lmdb" : options->backend;
    const struct store_engine *kind = store_engine_find(backend);
    if (kind == NULL) return fault_set(fault, LEAT_VALIDATION, "there is no storage backend \"%s\"", backend);
    if (kind->capabilities & STORE_DURABLE) {
        if (options->directory == NULL) return fault_set(fault, LEAT_VALIDATION, "backend \"%s\" needs a directory", backend);
        TRY(store_directory_open(options->directory, &engine->directory, fault));
        engine->has_directory = true;
    }
    struct store_options store = {.directory = options->directory,
                                  .map_bytes_first = options->map_bytes_first,
                                  .bytes_max = options->bytes_max};
    return kind->open(&store, &engine->store, fault);
}

static enum leat_code engine_start(struct engine *engine, const struct engine_options *options, struct leat_fault *fault) {
    engine->region = strdup(options->region == NULL ? "us-east-1" : options->region);
    engine->account = strdup(options->account == NULL ? "000000000000" : options->account);
    if (engine->region == NULL || engine->account == NULL) return fault_memory(fault);
    TRY(catalogue_init(&engine->catalogue, engine->region, engine->account));
    TRY(engine_open_store(engine, options, fault));
    TRY(catalogue_load(&engine->catalogue, engine->store, fault));
    TRY(works_load(engine, fault));
    TRY(collections_catch_up(engine, fault));
    if (options->throttle && (engine->throttle = throttle_new()) == NULL) return fault_memory(fault);
    return executor_init(&engine->executor, engine, fault);
}

enum leat_code engine_new(const struct engine_options *options, struct engine **out, struct leat_fault *fault) {
    struct engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL) return fault_memory(fault);
    engine->stream_retention_ms = options->stream_retention_ms == 0 ? DAY_MS : options->stream_retention_ms;
    engine->shard_rotation_ms = options->shard_rotation_ms == 0 ? ROTATION_MS : options->shard_rotation_ms;
    engine->settle_ms = options->settle_ms;
    engine->collection_bytes_max = options->collection_bytes_max == 0 ? COLLECTIONS_BYTES_MAX : options->collection_bytes_max;
    if (options->virtual_ms != 0) clock_init_virtual(&engine->clock, options->virtual_ms);
    else clock_init(&engine->clock, options->now_ms, options->now_context);
    pthread_mutex_init(&engine->hook_lock, NULL);
    pthread_mutex_init(&engine->works_lock, NULL);
    housekeeping_init(&engine->housekeeping);
    enum leat_code code = engine_start(engine, options, fault);
    if (code == LEAT_OK) *out = engine;
    else engine_free(engine);
    return code;
}

void engine_free(struct engine *engine) {
    if (engine == NULL) return;
    executor_fini(&engine->executor);
    works_fini(engine);
    housekeeping_fini(&engine->housekeeping);
    catalogue_fini(&engine->catalogue);
    store_close(engine->store);
    if (engine->has_directory) store_directory_close(&engine->directory);
    while (engine->hooks != NULL) {
        struct engine_hook *next = engine->hooks->next;
        free(engine->hooks);
        engine->hooks = next;
    }
    pthread_mutex_destroy(&engine->hook_lock);
    pthread_mutex_destroy(&engine->works_lock);
    throttle_free(engine->throttle);
    clock_fini(&engine->clock);
    free(engine->region);
    free(engine->account);
    free(engine);
}

struct engine_hook *engine_hook_add(struct engine *engine, void (*committed)(void *context, struct leat_slice table),
                                    void *context) {
    struct engine_hook *hook = malloc(sizeof *hook);
    if (hook == NULL) return NULL;
    pthread_mutex_lock(&engine->hook_lock);
    *hook = (struct engine_hook){engine->hooks, committed, context};
    engine->hooks = hook;
    pthread_mutex_unlock(&engine->hook_lock);
    return hook;
}

void engine_hook_remove(struct engine *engine, struct engine_hook *hook) {
    pthread_mutex_lock(&engine->hook_lock);
    struct engine_hook **at = &engine->hooks;
    while (*at != NULL && *at != hook) at = &(*at)->next;
    if (*at != NULL) *at = hook->next;
    pthread_mutex_unlock(&engine->hook_lock);
    free(hook);
}

void engine_hooks_run(struct engine *engine, struct leat_slice table) {
    pthread_mutex_lock(&engine->hook_lock);
    for (struct engine_hook *hook = engine->hooks; hook != NULL; hook = hook->next) hook->committed(hook->context, table);
    pthread_mutex_unlock(&engine->hook_lock);
}
