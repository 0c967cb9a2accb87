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
    TABLES_A_STEP = 100,
    DROP_BUDGET = 1000,      /* entries a step */
    TOKEN_BUDGET = 1000,     /* tokens forgotten a step, */
    TOKENS_A_STEP = 10000,   /* of as many looked at */
    ROUND_MS_MAX = 10000,    /* at least this often */
    ROUND_MS_MIN = 20,
    AGAIN_MS = 0,            /* there is more to do: behind the writers that wait */
    RETRY_MS = 1000          /* after a fault: a full disk may have room again */
};

void housekeeping_init(struct housekeeping *keeping) {
    *keeping = (struct housekeeping){.round_ms = 0};
    buf_init(&keeping->table, STORE_KEY_MAX);
    buf_init(&keeping->token, STORE_KEY_MAX + 1);
}

void housekeeping_fini(struct housekeeping *keeping) {
    buf_fini(&keeping->table);
    buf_fini(&keeping->token);
}

static bool complain(const char *what, enum leat_code code, const struct leat_fault *fault) {
    if (code != LEAT_OK) log_warning("housekeeping: %s: %s", what, fault->message);
    return code != LEAT_OK;
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
    struct stream_ages ages = {engine->shard_rotation_ms, engine->stream_retention_ms / STREAM_IDLE_SHARDS};
    if (ages.idle_ms < ages.interval_ms) ages.idle_ms = ages.interval_ms;
    TRY(stream_set_rotate(&set, arena, now_ms, ages, heads, &changed, fault));
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

struct kept { struct table *tables[TABLES_A_STEP]; size_t count, seen; bool expiring; struct leat_slice last; struct arena *arena; };

/* Tables that need something done now and then. */
static bool collect_kept(void *context, struct table *table) {
    struct kept *kept = context;
    bool expires = table->spec.ttl_attribute.data != NULL;
    if (kept->seen++ == TABLES_A_STEP) return false;
    kept->expiring |= expires;
    if (table->streams.count > 0 || expires || table->history_id != 0 || table->spec.expires_ms != 0)
        kept->tables[kept->count++] = table_hold(table);
    if (kept->seen == TABLES_A_STEP) kept->last = arena_copy(kept->arena, table->spec.name);
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

static bool keep_table(struct engine *engine, struct table *table, struct arena *arena, uint64_t now_ms, bool *more) {
    struct leat_fault fault = {.code = LEAT_OK};
    bool failed = false;
    if (table->spec.ttl_attribute.data != NULL && table_ready(table))
        failed |= complain("time to live", expiry_sweep(engine, table, now_ms, more, &fault), &fault);
    if (table->streams.count > 0) failed |= complain("streams", keep_streams(engine, table, arena, now_ms, more, &fault), &fault);
    if (ends(engine, table, now_ms)) failed |= complain("a table past its time", end_table(engine, table, &fault), &fault);
    failed |= complain("history", history_trim(engine, table, now_ms, more, &fault), &fault);
    return failed;
}

/* The next of the round. */
static void keep_tables(struct engine *engine, struct arena *arena, uint64_t now_ms) {
    struct housekeeping *keeping = &engine->housekeeping;
    struct kept kept = {.arena = arena};
    const struct leat_slice none = {NULL, 0};
    catalogue_each(&engine->catalogue, keeping->table.size == 0 ? none : buf_view(&keeping->table), collect_kept, &kept);
    for (size_t i = 0; i < kept.count; i++) {
        keeping->failed |= keep_table(engine, kept.tables[i], arena, now_ms, &keeping->more);
        table_release(kept.tables[i]);
    }
    keeping->expiring |= kept.expiring;
    keeping->tables_done = kept.seen <= TABLES_A_STEP || kept.last.data == NULL;
    buf_clear(&keeping->table);
    if (!keeping->tables_done) buf_slice(&keeping->table, kept.last);
}

/* ---- the system partition ---- */

struct sweep {
    const struct engine *engine;
    struct arena *arena;
    struct leat_slice keys[TOKEN_BUDGET];
    size_t count, seen;
    uint64_t before_ms; /* tokens older than this go */
    struct leat_slice last; /* the key at which the step ended */
};

static struct sweep *sweep_new(const struct engine *engine, struct arena *arena) {
    struct sweep *sweep = ARENA_NEW(arena, struct sweep);
    if (sweep != NULL) *sweep = (struct sweep){.engine = engine, .arena = arena};
    return sweep;
}

static bool token_row(void *context, struct leat_slice key, struct leat_slice value) {
    struct sweep *sweep = context;
    bool old = token_time_ms(value) < sweep->before_ms, last = ++sweep->seen == TOKENS_A_STEP || sweep->count == TOKEN_BUDGET - 1;
    struct leat_slice own = old || last ? arena_copy(sweep->arena, key) : key;
    if (own.data == NULL) return false;
    if (old) sweep->keys[sweep->count++] = own;
    if (last) sweep->last = own;
    return !last;
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

/* The next of the round. */
static enum leat_code forget_tokens(struct engine *engine, struct arena *arena, uint64_t now_ms, struct leat_fault *fault) {
    struct buf *from = &engine->housekeeping.token;
    struct sweep *sweep = sweep_new(engine, arena);
    if (sweep == NULL) return fault_memory(fault);
    sweep->before_ms = now_ms > TOKEN_LIFE_MS ? now_ms - TOKEN_LIFE_MS : 1;
    TRY(store_scan(engine->store, CATALOGUE_PART, from->size == 0 ? SLICE("k") : buf_view(from), SLICE("l"), false, token_row, sweep,
                   fault));
    buf_clear(from);
    TRY(forget_keys(engine, sweep, fault));
    if (sweep->last.data == NULL) return LEAT_OK;
    buf_slice(from, sweep->last);
    buf_byte(from, 0);
    return LEAT_OK;
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
static enum leat_code drop_one(struct engine *engine, struct arena *arena, bool *more, struct leat_fault *fault) {
    struct sweep *sweep = sweep_new(engine, arena);
    if (sweep == NULL) return fault_memory(fault);
    TRY(store_scan(engine->store, CATALOGUE_PART, SLICE("d"), SLICE("e"), false, dropped_row, sweep, fault));
    if (sweep->count == 0) return LEAT_OK;
    bool rest = false;
    TRY(store_drop(engine->store, dropped_part(sweep->keys[0]), DROP_BUDGET, &rest, fault));
    *more = true;
    return rest ? LEAT_OK : forget_keys(engine, sweep, fault);
}

/* ---- steps ---- */

static uint64_t round_ms(const struct engine *engine) {
    const struct housekeeping *keeping = &engine->housekeeping;
    uint64_t shorter = engine->stream_retention_ms < engine->shard_rotation_ms ? engine->stream_retention_ms : engine->shard_rotation_ms;
    uint64_t ms = shorter / 10;
    if (ms > ROUND_MS_MAX) ms = ROUND_MS_MAX;
    if (keeping->expiring && ms > EXPIRY_INTERVAL_MS) ms = EXPIRY_INTERVAL_MS;
    if (ms < ROUND_MS_MIN) ms = ROUND_MS_MIN;
    if (keeping->failed) return ms < RETRY_MS ? RETRY_MS : ms;
    return keeping->more ? AGAIN_MS : ms;
}

/* Some tables, and behind the last of them some tokens. */
static void go_round(struct engine *engine, struct arena *arena, uint64_t now_ms) {
    struct housekeeping *keeping = &engine->housekeeping;
    struct leat_fault fault = {.code = LEAT_OK};
    if (!keeping->tables_done) keep_tables(engine, arena, now_ms);
    if (!keeping->tables_done) return;
    keeping->failed |= complain("client tokens", forget_tokens(engine, arena, now_ms, &fault), &fault);
    if (keeping->token.size > 0) return;
    keeping->round_ms = now_ms + round_ms(engine);
    keeping->tables_done = keeping->more = keeping->expiring = keeping->failed = false;
}

static void drop(struct engine *engine, struct arena *arena, uint64_t now_ms) {
    struct housekeeping *keeping = &engine->housekeeping;
    struct leat_fault fault = {.code = LEAT_OK};
    bool more = false;
    bool failed = complain("deleted tables", drop_one(engine, arena, &more, &fault), &fault);
    keeping->drop_ms = now_ms + (failed ? RETRY_MS : more ? AGAIN_MS : ROUND_MS_MAX);
}

void housekeeping_soon(struct engine *engine, bool round) {
    struct housekeeping *keeping = &engine->housekeeping;
    uint64_t soon_ms = engine_now_ms(engine) + HOUSEKEEPING_SOON_MS;
    if (keeping->drop_ms > soon_ms) keeping->drop_ms = soon_ms;
    if (round && keeping->round_ms > soon_ms) keeping->round_ms = soon_ms;
}

void housekeeping_now(struct engine *engine) { engine->housekeeping.round_ms = engine->housekeeping.drop_ms = 0; }

uint64_t housekeeping_due_ms(const struct housekeeping *keeping) {
    return keeping->round_ms < keeping->drop_ms ? keeping->round_ms : keeping->drop_ms;
}

void housekeeping_step(struct engine *engine, uint64_t now_ms) {
    struct arena arena;
    arena_init(&arena, 64 * 1024 * 1024);
    if (engine->housekeeping.round_ms <= now_ms) go_round(engine, &arena, now_ms);
    if (engine->housekeeping.drop_ms <= now_ms) drop(engine, &arena, now_ms);
    arena_fini(&arena);
}
