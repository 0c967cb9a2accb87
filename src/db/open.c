#include <stdlib.h>

#include "db/db.h"

LEAT_PUBLIC enum leat_code leat_open(const struct leat_options *options, struct leat **out, struct leat_fault *fault) {
    struct leat *db = calloc(1, sizeof *db);
    if (db == NULL) return fault_memory(fault);
    const struct engine_options engine = {.directory = options->directory,
                                          .backend = options->backend,
                                          .region = options->region,
                                          .account = options->account,
                                          .stream_retention_ms = options->stream_retention_ms,
                                          .shard_rotation_ms = options->shard_rotation_ms,
                                          .settle_ms = options->settle_ms,
                                          .map_bytes_first = options->map_bytes_first,
                                          .bytes_max = options->bytes_max,
                                          .collection_bytes_max = options->collection_bytes_max,
                                          .throttle = options->throttle,
                                          .virtual_ms = options->virtual_ms,
                                          .now_ms = options->now_ms,
                                          .now_context = options->now_context};
    enum leat_code code = engine_new(&engine, &db->engine, fault);
    if (code == LEAT_OK) *out = db;
    else free(db);
    return code;
}

LEAT_PUBLIC void leat_close(struct leat *db) {
    if (db == NULL) return;
    engine_free(db->engine);
    free(db);
}

LEAT_PUBLIC const char *leat_version(void) { return LEAT_VERSION; }

LEAT_PUBLIC const char *leat_code_name(enum leat_code code) { return fault_name(code); }

LEAT_PUBLIC void leat_stats(struct leat *db, struct leat_stats *out) {
    struct executor *executor = &db->engine->executor;
    struct store *store = db->engine->store;
    pthread_mutex_lock(&executor->lock);
    size_t queued = executor->jobs;
    pthread_mutex_unlock(&executor->lock);
    *out = (struct leat_stats){.writes = atomic_load(&executor->writes),
                               .groups = atomic_load(&executor->groups),
                               .bytes_used = store->engine->bytes_used(store),
                               .queued = queued};
}
