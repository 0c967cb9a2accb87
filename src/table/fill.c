#include "table/fill.h"

#include "base/slice.h"
#include "table/counters.h"
#include "table/index.h"
#include "table/states.h"
#include "table/tables.h"

enum { DELETED_MS = 1000 /* how often it is seen whether the index is gone */ };

struct fill {
    struct engine *engine;
    struct work *work;
    const struct table_index *index;
    struct counters counters; /* of a global index: as they are after the chunk */
};

enum leat_code fill_new(struct engine *engine, const struct table *table, const struct table_index *index, uint64_t due_ms,
                        struct change *change, struct leat_fault *fault) {
    struct work *work;
    TRY(work_new(engine, WORK_FILL, table, &work, fault));
    work->index_id = work_index_id(index);
    work->due_ms = due_ms;
    change_add(change, work);
    return tables_count(engine, table, &work->total, fault);
}

bool fill_passed(struct engine *engine, const struct table *table, const struct table_index *index, store_part part,
                 struct leat_slice store_key) {
    const enum leat_status status = index->spec->status;
    if (status != LEAT_CREATING && status != LEAT_DELETING) return true;
    const struct work *work = works_find(engine, WORK_FILL, table->id, work_index_id(index));
    if (work == NULL) return status == LEAT_DELETING; /* it was whole */
    return rewrite_passed(&work->place, (uint32_t)(part & 0xFFFF), store_key);
}

static enum leat_code fill_row(struct rewrite *rewrite, store_part part, struct leat_slice key, struct leat_slice item,
                               struct leat_fault *fault) {
    struct fill *fill = rewrite->context;
    const struct table_index *index = fill->index;
    struct leat_slice entry_key, entry_value;
    (void)key;
    TRY(index_entry_key(rewrite->table, index, item, &rewrite->arena, &entry_key, fault));
    if (entry_key.data == NULL) return LEAT_OK;
    TRY(index_entry_value(rewrite->table, index, item, &rewrite->arena, &entry_value, fault));
    struct overlay_entry *entry =
        overlay_at(&rewrite->overlay, index->spec->local ? part : index_part(index), entry_key, false);
    if (entry == NULL) return fault_memory(fault);
    overlay_set(entry, entry_value);
    fill->counters.items++;
    fill->counters.bytes += item_size(entry_value);
    return LEAT_OK;
}

static enum leat_code fill_finish(struct rewrite *rewrite, struct store_transaction *transaction, struct leat_fault *fault) {
    struct fill *fill = rewrite->context;
    work_advance(fill->engine, fill->work, rewrite->rows);
    TRY(work_put(fill->work, transaction, fault));
    if (fill->index->spec->local) return LEAT_OK;
    struct leat_slice counters = counters_encode(fill->counters, &rewrite->arena);
    if (counters.data == NULL) return fault_memory(fault);
    return store_put(transaction, index_part(fill->index), counters_key(), counters, fault);
}

static const struct table_index *index_of(const struct work *work, const struct table *table) {
    for (size_t i = 0; i < table->index_count; i++)
        if (work_index_id(&table->indexes[i]) == work->index_id) return &table->indexes[i];
    return NULL;
}

static enum leat_code read_counters(struct engine *engine, struct fill *fill, struct leat_fault *fault) {
    const struct store_key where = {index_part(fill->index), counters_key()};
    struct arena arena;
    struct leat_slice value;
    if (fill->index->spec->local) return LEAT_OK;
    arena_init(&arena, 4096);
    enum leat_code code = store_get(engine->store, &where, 1, &arena, &value, fault);
    if (code == LEAT_OK) fill->counters = counters_decode(value);
    arena_fini(&arena);
    return code;
}

enum leat_code fill_step(struct engine *engine, struct work *work, struct table *table, struct leat_fault *fault) {
    struct fill fill = {.engine = engine, .work = work, .index = index_of(work, table)};
    if (fill.index == NULL) return states_forget(engine, work, fault);
    if (fill.index->spec->status == LEAT_DELETING) { /* no further; but writers go on by the place, until the index is gone */
        work->due_ms = engine_now_ms(engine) + DELETED_MS;
        return LEAT_OK;
    }
    if (work->place.part >= table->part_count) return states_end(engine, work, table, fault);
    TRY(read_counters(engine, &fill, fault));
    const store_part target = index_part(fill.index);
    struct rewrite rewrite = {.table = table, .space = SCHEMA_SPACE_ITEMS, .row = fill_row, .finish = fill_finish, .context = &fill,
                              .targets = &target, .target_count = fill.index->spec->local ? 0 : 1};
    uint64_t done = work->done;
    enum leat_code code = rewrite_chunk(engine, &rewrite, &work->place, fault);
    if (code != LEAT_OK) work->done = done;
    return code;
}
