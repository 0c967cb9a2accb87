#include "table/housekeeping.h"

#include "base/log.h"
#include "base/slice.h"
#include "table/change.h"
#include "table/engine.h"
#include "table/expiry.h"
#include "table/history.h"
#include "table/tables.h"
#include "table/token.h"
#include "table/trim.h"
#include "table/work.h"

enum {
    DROP_BUDGET = 1000,  /* entries a step */
    TOKEN_BUDGET = 1000,
    STEP_MS_MAX = 10000, /* at least this often */
    STEP_MS_MIN = 20,
    STEP_AGAIN_MS = 1    /* there is more to do: let waiting writers go first */
};

static void complain(const char *what, enum leat_code code, const struct leat_fault *fault) {
    if (code != LEAT_OK) log_warning("housekeeping: %s: %s", what, fault->message);
}

/* ---- streams ---- */

static enum leat_code keep_streams(struct engine *engine, struct table *table, struct arena *arena, uint64_t now_ms, bool *more,
                                   struct leat_fault *fault) {
    struct store_head *heads;
    for (uint16_t i = 0; i < table->part_count && now_ms > engine->stream_retention_ms; i++)
        TRY(trim_log(engine, table_part(table, i), now_ms - engine->stream_retention_ms, more, fault));
    TRY(tables_heads(engine, table, arena, &heads, fault));
    struct stream_set set;
    bool changed = false;
    TRY(stream_set_copy(&table->streams, arena, &set, fault));
    TRY(stream_set_rotate(&set, arena, now_ms, engine->shard_rotation_ms, heads, &changed, fault));
    stream_set_forget(&set, now_ms, engine->stream_retention_ms, heads, &changed);
    if (!changed) return LEAT_OK;
    struct change change = {.put_count = 1};
    struct table draft = *table;
    draft.streams = set;
    TRY(table_copy(&draft, &engine->catalogue, &change.puts[0], fault));
    TRY(change_commit(engine, &change, fault));
    engine_hooks_run(engine, table->spec.name);
    return LEAT_OK;
}

struct kept { struct table **tables; size_t count, capacity; bool expiring; };

/* Tables that need something done now and then. */
static bool collect_kept(void *context, struct table *table) {
    struct kept *kept = context;
    bool expires = table->spec.ttl_attribute.data != NULL;
    kept->expiring |= expires;
    bool wanted = table->streams.count > 0 || expires || table->history_id != 0 || table->spec.expires_ms != 0;
    if (wanted && kept->count < kept->capacity) kept->tables[kept->count++] = table_hold(table);
    return true;
}

static enum leat_code end_table(struct engine *engine, const struct table *table, struct leat_fault *fault) {
    struct change change = {.put_count = 0};
    enum leat_code code = tables_remove(engine, table, &change, fault);
    if (code == LEAT_OK) return change_commit(engine, &change, fault);
    change_discard(&change);
    return code;
}

static bool ends(struct engine *engine, const struct table *table, uint64_t now_ms) {
    return table->spec.expires_ms != 0 && table->spec.expires_ms <= now_ms && table_ready(table) && !works_read(engine, table->id);
}

static void keep_tables(struct engine *engine, struct arena *arena, uint64_t now_ms, bool *more, bool *expiring) {
    struct kept kept = {.capacity = engine->catalogue.count};
    kept.tables = ARENA_ARRAY(arena, struct table *, kept.capacity);
    if (kept.tables == NULL) return;
    catalogue_each(&engine->catalogue, (struct leat_slice){NULL, 0}, collect_kept, &kept);
    for (size_t i = 0; i < kept.count; i++) {
        struct table *table = kept.tables[i];
        struct leat_fault fault = {.code = LEAT_OK};
        if (table->spec.ttl_attribute.data != NULL)
            complain("time to live", expiry_sweep(engine, table, now_ms, more, &fault), &fault);
        if (table->streams.count > 0) complain("streams", keep_streams(engine, table, arena, now_ms, more, &fault), &fault);
        if (ends(engine, table, now_ms)) complain("a table past its time", end_table(engine, table, &fault), &fault);
        complain("history", history_trim(engine, table, now_ms, more, &fault), &fault);
        table_release(table);
    }
    *expiring = kept.expiring;
}

/* ---- the system partition ---- */

struct sweep {
    const struct engine *engine;
    struct arena *arena;
    struct leat_slice keys[TOKEN_BUDGET];
    size_t count;
    uint64_t before_ms; /* tokens older than this go */
};

static bool token_row(void *context, struct leat_slice key, struct leat_slice value) {
    struct sweep *sweep = context;
    if (token_time_ms(value) >= sweep->before_ms) return true;
    sweep->keys[sweep->count] = arena_copy(sweep->arena, key);
    return sweep->keys[sweep->count].data != NULL && ++sweep->count < TOKEN_BUDGET;
}

static enum leat_code forget_keys(struct engine *engine, const struct sweep *sweep, struct leat_fault *fault) {
    struct store_transaction *transaction;
    const store_part part = CATALOGUE_PART;
    enum leat_code code = LEAT_OK;
    if (sweep->count == 0) return LEAT_OK;
    TRY(store_begin(engine->store, &part, 1, &transaction, fault));
    for (size_t i = 0; i < sweep->count && code == LEAT_OK; i++) code = store_del(transaction, part, sweep->keys[i], fault);
    if (code == LEAT_OK) return store_commit(transaction, fault);
    store_abort(transaction);
    return code;
}

static enum leat_code forget_tokens(struct engine *engine, struct sweep *sweep, uint64_t now_ms, bool *more,
                                    struct leat_fault *fault) {
    sweep->count = 0;
    sweep->before_ms = now_ms > TOKEN_LIFE_MS ? now_ms - TOKEN_LIFE_MS : 1;
    TRY(store_scan(engine->store, CATALOGUE_PART, SLICE("k"), SLICE("l"), false, token_row, sweep, fault));
    *more |= sweep->count == TOKEN_BUDGET;
    return forget_keys(engine, sweep, fault);
}

static store_part dropped_part(struct leat_slice key) {
    store_part part = 0;
    for (size_t i = 1; i < key.size; i++) part = part << 8 | key.data[i];
    return part;
}

/* The first that no copy of the table is being made from. */
static bool dropped_row(void *context, struct leat_slice key, struct leat_slice value) {
    struct sweep *sweep = context;
    (void)value;
    if (works_read(sweep->engine, (uint32_t)(dropped_part(key) >> 16))) return true;
    sweep->keys[0] = arena_copy(sweep->arena, key);
    sweep->count = sweep->keys[0].data != NULL;
    return false;
}

/* Deleted tables' partitions, one a step. */
static enum leat_code drop_one(struct engine *engine, struct sweep *sweep, bool *more, struct leat_fault *fault) {
    sweep->count = 0;
    TRY(store_scan(engine->store, CATALOGUE_PART, SLICE("d"), SLICE("e"), false, dropped_row, sweep, fault));
    if (sweep->count == 0) return LEAT_OK;
    bool rest = false;
    TRY(store_drop(engine->store, dropped_part(sweep->keys[0]), DROP_BUDGET, &rest, fault));
    *more = true;
    return rest ? LEAT_OK : forget_keys(engine, sweep, fault);
}

uint64_t housekeeping_step(struct engine *engine, uint64_t now_ms) {
    struct arena arena;
    struct leat_fault fault = {LEAT_OK, ""};
    bool more = false, expiring = false;
    arena_init(&arena, 64 * 1024 * 1024);
    keep_tables(engine, &arena, now_ms, &more, &expiring);
    struct sweep *sweep = ARENA_NEW(&arena, struct sweep);
    if (sweep != NULL) {
        *sweep = (struct sweep){.engine = engine, .arena = &arena};
        complain("client tokens", forget_tokens(engine, sweep, now_ms, &more, &fault), &fault);
        complain("deleted tables", drop_one(engine, sweep, &more, &fault), &fault);
    }
    arena_fini(&arena);
    if (more) return STEP_AGAIN_MS;
    uint64_t shorter = engine->stream_retention_ms < engine->shard_rotation_ms ? engine->stream_retention_ms
                                                                               : engine->shard_rotation_ms;
    uint64_t step_ms = shorter / 10;
    if (step_ms > STEP_MS_MAX) step_ms = STEP_MS_MAX;
    if (expiring && step_ms > EXPIRY_INTERVAL_MS) step_ms = EXPIRY_INTERVAL_MS;
    return step_ms < STEP_MS_MIN ? STEP_MS_MIN : step_ms;
}
