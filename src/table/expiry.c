#include "table/expiry.h"

#include <stdlib.h>

#include "base/slice.h"
#include "table/group.h"
#include "table/rewrite.h"
#include "table/states.h"
#include "table/write.h"

enum { ENTRY_HEAD = 9, FIVE_YEARS_S = 5 * 365 * 24 * 3600 };
static const uint64_t seconds_max = (uint64_t)1 << 48; /* far beyond any date that is meant */

/* Whole seconds of the item's attribute; false: it has none that counts. */
static bool expiry_seconds(const struct table *table, struct leat_slice item, uint64_t *out) {
    struct item_value value;
    struct item_number number;
    char text[ITEM_NUMBER_TEXT_MAX];
    if (table->spec.ttl_attribute.data == NULL || item.data == NULL) return false;
    if (!item_find(item, table->spec.ttl_attribute, &value) || value.type != ITEM_N) return false;
    if (!item_number_decode(value.payload, &number) || number.negative) return false;
    (void)item_number_print(&number, text);
    char *end;
    *out = strtoull(text, &end, 10); /* a fraction is cut off; what does not fit saturates */
    return *out <= seconds_max;
}

bool expiry_due(const struct table *table, struct leat_slice item, uint64_t now_ms) {
    uint64_t seconds, now = now_ms / 1000;
    return expiry_seconds(table, item, &seconds) && seconds < now && seconds + FIVE_YEARS_S > now;
}

/* ---- entries ---- */

static struct leat_slice entry_key(uint64_t seconds, struct leat_slice store_key, struct arena *arena) {
    uint8_t *key = arena_alloc(arena, ENTRY_HEAD + store_key.size);
    if (key == NULL) return (struct leat_slice){NULL, 0};
    key[0] = SCHEMA_SPACE_EXPIRY;
    for (int i = 0; i < 8; i++) key[1 + i] = (uint8_t)(seconds >> (56 - 8 * i));
    if (store_key.size > 0) memcpy(key + ENTRY_HEAD, store_key.data, store_key.size);
    return slice_of(key, ENTRY_HEAD + store_key.size);
}

static enum leat_code set_entry(struct overlay *overlay, store_part part, uint64_t seconds, struct leat_slice store_key,
                                struct leat_slice value, struct leat_fault *fault) {
    struct leat_slice key = entry_key(seconds, store_key, overlay->arena);
    struct overlay_entry *entry = key.data == NULL ? NULL : overlay_at(overlay, part, key, false);
    if (entry == NULL) return fault_memory(fault);
    overlay_set(entry, value);
    return LEAT_OK;
}

enum leat_code expiry_change(const struct table *table, store_part part, struct leat_slice store_key, struct leat_slice before,
                             struct leat_slice after, struct overlay *overlay, struct leat_fault *fault) {
    uint64_t was = 0, is = 0;
    bool had = expiry_seconds(table, before, &was), has = expiry_seconds(table, after, &is);
    if (had == has && was == is) return LEAT_OK;
    if (had) TRY(set_entry(overlay, part, was, store_key, (struct leat_slice){NULL, 0}, fault));
    return has ? set_entry(overlay, part, is, store_key, SLICE("1"), fault) : LEAT_OK;
}

/* ---- on and off ---- */

static enum leat_code fill_row(struct rewrite *rewrite, store_part part, struct leat_slice key, struct leat_slice value,
                               struct leat_fault *fault) {
    return expiry_change(rewrite->table, part, key, (struct leat_slice){NULL, 0}, value, &rewrite->overlay, fault);
}

enum leat_code expiry_set(struct engine *engine, struct table *table, struct leat_slice attribute, struct change *change,
                          struct leat_fault *fault) {
    struct work *work;
    table->spec.ttl_attribute = arena_copy(&table->arena, attribute);
    if (attribute.data != NULL && table->spec.ttl_attribute.data == NULL) return fault_memory(fault);
    change->ended = works_find(engine, WORK_EXPIRY, table->id, 0); /* of an earlier change */
    TRY(work_new(engine, WORK_EXPIRY, table, &work, fault));
    change_add(change, work);
    return LEAT_OK;
}

enum { EXPIRY_CLEAR, EXPIRY_ENTER };

static enum leat_code finish_rows(struct rewrite *rewrite, struct store_transaction *transaction, struct leat_fault *fault) {
    return work_put(rewrite->context, transaction, fault);
}

enum leat_code expiry_step(struct engine *engine, struct work *work, struct table *table, struct leat_fault *fault) {
    struct rewrite clear = {.table = table, .space = SCHEMA_SPACE_EXPIRY, .row = rewrite_remove_row, .finish = finish_rows,
                            .context = work};
    struct rewrite enter = {.table = table, .space = SCHEMA_SPACE_ITEMS, .row = fill_row, .finish = finish_rows, .context = work};
    if (work->place.part < table->part_count)
        return rewrite_chunk(engine, work->phase == EXPIRY_CLEAR ? &clear : &enter, &work->place, fault);
    if (work->phase == EXPIRY_ENTER || table->spec.ttl_attribute.data == NULL) return states_forget(engine, work, fault);
    work->phase = EXPIRY_ENTER;
    work->place.part = 0;
    buf_clear(&work->place.from);
    return LEAT_OK;
}

/* ---- deleting ---- */

struct due { struct arena *arena; struct leat_slice keys[EXPIRY_SWEEP_MAX]; size_t count; bool failed; };

static bool due_row(void *context, struct leat_slice key, struct leat_slice value) {
    struct due *due = context;
    (void)value;
    due->keys[due->count] = arena_copy(due->arena, key);
    due->failed |= due->keys[due->count].data == NULL;
    return !due->failed && ++due->count < EXPIRY_SWEEP_MAX;
}

static void swept(void *context, enum leat_code code, struct leat_result *result, const struct leat_fault *fault) {
    struct leat_fault *out = context;
    table_memory_free(result->memory);
    if (code != LEAT_OK) *out = *fault;
}

/* One operation of the job: the deletion of the item behind an entry, if the item is there and due. */
static enum leat_code add_deletion(struct engine *engine, struct write_job *job, struct table *table, store_part part,
                                   struct leat_slice entry, uint64_t now_ms, struct leat_fault *fault) {
    struct arena *arena = &job->memory->arena;
    const struct leat_slice store_key = slice_of(entry.data + ENTRY_HEAD, entry.size - ENTRY_HEAD);
    const struct store_key where = {part, store_key};
    struct leat_slice item;
    TRY(store_get(engine->store, &where, 1, arena, &item, fault));
    if (item.data == NULL || !expiry_due(table, item, now_ms)) return LEAT_OK;
    struct schema_key key = schema_key_of(&table->keys, item);
    struct write_operation *operation = &job->operations[job->count];
    *operation = (struct write_operation){.kind = LEAT_DELETE, .expire = true, .table = table_hold(table)};
    job->count++;
    return write_place(operation, &key, arena, fault);
}

static enum leat_code delete_due(struct engine *engine, struct table *table, store_part part, const struct due *due,
                                 uint64_t now_ms, struct leat_fault *fault) {
    struct write_job *job;
    TRY(write_job_new(due->count, 0, LEAT_EACH, &job, fault));
    job->count = 0;
    enum leat_code code = LEAT_OK;
    for (size_t i = 0; i < due->count && code == LEAT_OK; i++)
        code = add_deletion(engine, job, table, part, due->keys[i], now_ms, fault);
    if (code != LEAT_OK || job->count == 0) {
        write_job_free(job);
        return code;
    }
    struct leat_fault own = {.code = LEAT_OK};
    job->done = swept;
    job->context = &own;
    group_run(engine, &job->job, 1);
    return own.code == LEAT_OK ? LEAT_OK : fault_set(fault, own.code, "%s", own.message);
}

enum leat_code expiry_sweep(struct engine *engine, struct table *table, uint64_t now_ms, bool *more, struct leat_fault *fault) {
    struct arena arena;
    uint64_t now = now_ms / 1000;
    enum leat_code code = LEAT_OK;
    arena_init(&arena, 16 * 1024 * 1024);
    struct due *due = ARENA_NEW(&arena, struct due);
    struct leat_slice low = entry_key(now > FIVE_YEARS_S ? now - FIVE_YEARS_S + 1 : 0, SLICE(""), &arena);
    struct leat_slice high = entry_key(now, SLICE(""), &arena);
    if (due == NULL || low.data == NULL || high.data == NULL) code = fault_memory(fault);
    for (uint16_t i = 0; i < table->part_count && code == LEAT_OK; i++) {
        *due = (struct due){.arena = &arena};
        code = store_scan(engine->store, table_part(table, i), low, high, false, due_row, due, fault);
        if (code == LEAT_OK && due->failed) code = fault_memory(fault);
        if (code == LEAT_OK && due->count > 0) code = delete_due(engine, table, table_part(table, i), due, now_ms, fault);
        *more |= due->count == EXPIRY_SWEEP_MAX;
    }
    arena_fini(&arena);
    return code;
}
