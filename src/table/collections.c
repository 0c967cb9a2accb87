#include "table/collections.h"

#include "base/little.h"
#include "base/slice.h"
#include "table/engine.h"
#include "table/states.h"

enum { VALUE_SIZE = 8, KEY_MAX = 16 * 1024 };

struct leat_slice collections_key(const struct item_value *partition_key, struct arena *arena) {
    struct buf key;
    buf_init_in(&key, arena, KEY_MAX);
    schema_put_partition(&key, SCHEMA_SPACE_COLLECTIONS, partition_key);
    return buf_keep(&key);
}

uint64_t collections_decode(struct leat_slice value) { return value.size == VALUE_SIZE ? little_get(value.data, VALUE_SIZE) : 0; }

enum leat_code collections_set(struct overlay_entry *entry, uint64_t bytes, struct arena *arena, struct leat_fault *fault) {
    if (bytes == 0) {
        overlay_set(entry, (struct leat_slice){NULL, 0});
        return LEAT_OK;
    }
    uint8_t *value = arena_alloc(arena, VALUE_SIZE);
    if (value == NULL) return fault_memory(fault);
    little_set(value, bytes, VALUE_SIZE);
    overlay_set(entry, slice_of(value, VALUE_SIZE));
    return LEAT_OK;
}

static int64_t stored(bool there, size_t bytes) { return there ? (int64_t)bytes + COLLECTIONS_OVERHEAD_BYTES : 0; }

int64_t collections_growth(const struct index_images *images, const struct index_changes *changes) {
    int64_t growth = stored(images->after.data != NULL, images->after_bytes) - stored(images->before.data != NULL, images->before_bytes);
    for (size_t i = 0; i < changes->count; i++) {
        const struct index_change *change = &changes->at[i];
        if (change->index->spec->local)
            growth += stored(change->new_key.data != NULL, change->new_bytes) - stored(change->old_key.data != NULL, change->old_bytes);
    }
    return growth;
}

/* ---- counting ---- */

enum { COUNT_CLEAR, COUNT_ITEMS };

struct count { struct engine *engine; struct work *work; };

enum leat_code collections_count(struct engine *engine, const struct table *table, struct change *change, struct leat_fault *fault) {
    struct work *work;
    TRY(work_new(engine, WORK_COUNT, table, &work, fault));
    change_add(change, work);
    return LEAT_OK;
}

bool collections_passed(struct engine *engine, const struct table *table, store_part part, struct leat_slice store_key) {
    const struct work *work = works_find(engine, WORK_COUNT, table->id, 0);
    return work == NULL || (work->phase == COUNT_ITEMS && rewrite_passed(&work->place, (uint32_t)(part & 0xFFFF), store_key));
}

/* A row as writers and earlier items have left it. */
static enum leat_code current(struct rewrite *rewrite, const struct store_key *where, struct overlay_entry **out,
                              struct leat_fault *fault) {
    const struct count *count = rewrite->context;
    *out = where->key.data == NULL ? NULL : overlay_at(&rewrite->overlay, where->part, where->key, false);
    if (*out == NULL) return fault_memory(fault);
    return (*out)->dirty ? LEAT_OK : store_get(count->engine->store, where, 1, &rewrite->arena, &(*out)->value, fault);
}

/* The row of the item's collection. */
static enum leat_code row_of(struct rewrite *rewrite, store_part part, struct leat_slice item, struct overlay_entry **out,
                             struct leat_fault *fault) {
    struct item_value partition = schema_key_of(&rewrite->table->keys, item).partition;
    const struct store_key where = {part, collections_key(&partition, &rewrite->arena)};
    return current(rewrite, &where, out, fault);
}

static enum leat_code count_row(struct rewrite *rewrite, store_part part, struct leat_slice key, struct leat_slice item,
                                struct leat_fault *fault) {
    const struct index_images images = {.after = item, .after_bytes = item_size(item)};
    struct index_changes changes;
    struct overlay_entry *row;
    (void)key;
    TRY(index_plan(rewrite->table, &images, &rewrite->arena, &changes, fault));
    TRY(row_of(rewrite, part, item, &row, fault));
    for (size_t i = 0; i < changes.count; i++) {
        if (!changes.at[i].index->spec->local) continue;
        const struct store_key where = index_counters(changes.at[i].index, part);
        struct overlay_entry *counters;
        TRY(current(rewrite, &where, &counters, fault));
        TRY(index_count(&changes.at[i], part, &rewrite->overlay, fault));
    }
    return collections_set(row, collections_decode(row->value) + (uint64_t)collections_growth(&images, &changes), &rewrite->arena, fault);
}

static enum leat_code finish_rows(struct rewrite *rewrite, struct store_transaction *transaction, struct leat_fault *fault) {
    const struct count *count = rewrite->context;
    return work_put(count->work, transaction, fault);
}

enum leat_code collections_step(struct engine *engine, struct work *work, struct table *table, struct leat_fault *fault) {
    struct count count = {engine, work};
    bool clear = work->phase == COUNT_CLEAR;
    struct rewrite rewrite = {.table = table, .space = clear ? SCHEMA_SPACE_COLLECTIONS : SCHEMA_SPACE_ITEMS,
                              .row = clear ? rewrite_remove_row : count_row, .finish = finish_rows, .context = &count};
    if (work->place.part < table->part_count) return rewrite_chunk(engine, &rewrite, &work->place, fault);
    if (!clear) return states_forget(engine, work, fault);
    work->phase = COUNT_ITEMS;
    work->place.part = 0;
    buf_clear(&work->place.from);
    return LEAT_OK;
}

/* ---- tables from before ---- */

struct uncounted { struct table *table; };

static bool find_uncounted(void *context, struct table *table) {
    struct uncounted *uncounted = context;
    if (table->local_count == 0 || table->collections) return true;
    uncounted->table = table_hold(table);
    return false;
}

static enum leat_code count_table(struct engine *engine, const struct table *table, struct leat_fault *fault) {
    struct change change = {.put_count = 0};
    struct table *counted;
    TRY(table_copy(table, &engine->catalogue, &counted, fault));
    counted->collections = true;
    change.puts[change.put_count++] = counted;
    enum leat_code code = collections_count(engine, counted, &change, fault);
    if (code == LEAT_OK) return change_commit(engine, &change, fault);
    change_discard(&change);
    return code;
}

enum leat_code collections_catch_up(struct engine *engine, struct leat_fault *fault) {
    for (;;) {
        struct uncounted uncounted = {NULL};
        catalogue_each(&engine->catalogue, (struct leat_slice){NULL, 0}, find_uncounted, &uncounted);
        if (uncounted.table == NULL) return LEAT_OK;
        enum leat_code code = count_table(engine, uncounted.table, fault);
        table_release(uncounted.table);
        TRY(code);
    }
}
