#include "table/copy.h"

#include <stdlib.h>

#include "base/slice.h"
#include "stream/record.h"
#include "table/collections.h"
#include "table/counters.h"
#include "table/fill.h"
#include "table/history.h"
#include "table/states.h"
#include "table/tables.h"

enum { COPY_ROWS, COPY_UNDO };
enum { UNDO_RECORDS_MAX = 200, UNDO_ARENA_MAX = 512 * 1024 * 1024 };
enum { RESTORES_MAX = 50 }; /* at once; Developer Guide, "Quotas": concurrent restores. Copies for leat itself do not count */

/* A row of the source in the copy: the hash stands behind the key's first byte. */
static store_part part_of(const struct table *table, struct leat_slice key) {
    uint16_t hash = (uint16_t)(key.data[1] << 8 | key.data[2]);
    return table_part(table, schema_part(hash, table->part_count));
}

/* ---- counters: nobody else writes to the copy ---- */

struct counts { store_part *parts; struct counters *counters; };

static enum leat_code counts_read(struct engine *engine, const struct table *table, struct arena *arena, struct counts *out,
                                  struct leat_fault *fault) {
    struct store_key *keys = ARENA_ARRAY(arena, struct store_key, table->part_count);
    struct leat_slice *values = ARENA_ARRAY(arena, struct leat_slice, table->part_count);
    out->parts = ARENA_ARRAY(arena, store_part, table->part_count);
    out->counters = ARENA_ARRAY(arena, struct counters, table->part_count);
    if (keys == NULL || values == NULL || out->parts == NULL || out->counters == NULL) return fault_memory(fault);
    for (uint16_t i = 0; i < table->part_count; i++) {
        out->parts[i] = table_part(table, i);
        keys[i] = (struct store_key){out->parts[i], counters_key()};
    }
    TRY(store_get(engine->store, keys, table->part_count, arena, values, fault));
    for (uint16_t i = 0; i < table->part_count; i++) out->counters[i] = counters_decode(values[i]);
    return LEAT_OK;
}

static void counts_change(struct counts *counts, store_part part, struct leat_slice before, struct leat_slice after) {
    struct counters *counters = &counts->counters[part & 0xFFFF];
    counters->items += (uint64_t)(after.data != NULL) - (uint64_t)(before.data != NULL);
    counters->bytes += (uint64_t)(after.data == NULL ? 0 : item_size(after)) - (uint64_t)(before.data == NULL ? 0 : item_size(before));
}

static enum leat_code counts_write(const struct counts *counts, const struct table *table, struct arena *arena,
                                   struct store_transaction *transaction, struct leat_fault *fault) {
    for (uint16_t i = 0; i < table->part_count; i++) {
        struct leat_slice value = counters_encode(counts->counters[i], arena);
        if (value.data == NULL) return fault_memory(fault);
        TRY(store_put(transaction, counts->parts[i], counters_key(), value, fault));
    }
    return LEAT_OK;
}

/* ---- rows ---- */

struct rows {
    struct engine *engine;
    struct work *work;
    const struct table *table; /* the copy */
    struct counts counts;
};

static enum leat_code copy_row(struct rewrite *rewrite, store_part part, struct leat_slice key, struct leat_slice item,
                               struct leat_fault *fault) {
    struct rows *rows = rewrite->context;
    store_part to = part_of(rows->table, key);
    struct overlay_entry *entry = overlay_at(&rewrite->overlay, to, key, false);
    (void)part;
    if (entry == NULL) return fault_memory(fault);
    overlay_set(entry, item);
    counts_change(&rows->counts, to, (struct leat_slice){NULL, 0}, item);
    return LEAT_OK;
}

static enum leat_code finish_rows(struct rewrite *rewrite, struct store_transaction *transaction, struct leat_fault *fault) {
    struct rows *rows = rewrite->context;
    work_advance(rows->engine, rows->work, rewrite->rows);
    TRY(work_put(rows->work, transaction, fault));
    return counts_write(&rows->counts, rows->table, &rewrite->arena, transaction, fault);
}

static enum leat_code step_rows(struct engine *engine, struct work *work, struct table *table, struct leat_fault *fault) {
    struct rows rows = {.engine = engine, .work = work, .table = table};
    struct arena arena;
    uint64_t done = work->done;
    arena_init(&arena, 1024 * 1024);
    enum leat_code code = counts_read(engine, table, &arena, &rows.counts, fault);
    struct rewrite rewrite = {.table = work->source, .space = SCHEMA_SPACE_ITEMS, .row = copy_row, .finish = finish_rows,
                              .context = &rows, .targets = rows.counts.parts, .target_count = table->part_count};
    if (code == LEAT_OK) code = rewrite_chunk(engine, &rewrite, &work->place, fault);
    if (code != LEAT_OK) work->done = done;
    arena_fini(&arena);
    return code;
}

/* ---- undoing ---- */

struct undo {
    struct engine *engine;
    struct work *work;
    const struct table *table; /* the copy */
    struct arena arena;
    struct overlay overlay;
    struct counts counts;
    store_sequence upto; /* records up to this one */
    struct leat_record records[UNDO_RECORDS_MAX];
    struct overlay_entry *entries[UNDO_RECORDS_MAX]; /* the rows that they are about */
    size_t count;
    enum leat_code code;
};

static bool undo_record(void *context, store_sequence sequence, struct leat_slice record) {
    struct undo *undo = context;
    if (sequence > undo->upto) return false;
    struct leat_slice own = arena_copy(&undo->arena, record);
    if (own.data == NULL) undo->code = LEAT_NO_MEMORY;
    else if (!stream_record_decode(own, &undo->records[undo->count++])) undo->code = LEAT_STORE_CORRUPT;
    return undo->code == LEAT_OK;
}

static enum leat_code undo_mention(struct undo *undo, struct leat_fault *fault) {
    TRY(overlay_init(&undo->overlay, &undo->arena, undo->count, fault));
    for (size_t i = 0; i < undo->count; i++) {
        struct schema_key key = schema_key_of(&undo->table->keys, undo->records[i].keys);
        struct buf bytes;
        buf_init_in(&bytes, &undo->arena, STORE_KEY_MAX);
        schema_put_item_key(&bytes, &key);
        struct leat_slice row = buf_keep(&bytes);
        undo->entries[i] = row.data == NULL ? NULL : overlay_at(&undo->overlay, part_of(undo->table, row), row, true);
        if (undo->entries[i] == NULL) return fault_memory(fault);
    }
    return LEAT_OK;
}

/* Newest first, so that the oldest change after the moment has the last word. */
static enum leat_code undo_in(struct undo *undo, struct store_transaction *transaction, struct leat_fault *fault) {
    TRY(overlay_read(&undo->overlay, transaction, fault));
    for (size_t i = undo->count; i > 0; i--) {
        struct overlay_entry *entry = undo->entries[i - 1];
        counts_change(&undo->counts, entry->part, entry->value, undo->records[i - 1].old_image);
        overlay_set(entry, undo->records[i - 1].old_image);
    }
    TRY(overlay_write(&undo->overlay, transaction, fault));
    TRY(counts_write(&undo->counts, undo->table, &undo->arena, transaction, fault));
    return work_put(undo->work, transaction, fault);
}

static enum leat_code undo_commit(struct undo *undo, struct leat_fault *fault) {
    store_part *parts = ARENA_ARRAY(&undo->arena, store_part, (size_t)undo->table->part_count + 1);
    struct store_transaction *transaction;
    if (parts == NULL) return fault_memory(fault);
    for (uint16_t i = 0; i < undo->table->part_count; i++) parts[i] = table_part(undo->table, i);
    parts[undo->table->part_count] = CATALOGUE_PART;
    TRY(store_begin(undo->engine->store, parts, (size_t)undo->table->part_count + 1, &transaction, fault));
    enum leat_code code = undo_in(undo, transaction, fault);
    if (code == LEAT_OK) return store_commit(transaction, fault);
    store_abort(transaction);
    return code;
}

/* The records after `after`, up to undo->upto: read, their rows put back, committed with the place. */
static enum leat_code undo_chunk(struct undo *undo, store_part history, store_sequence after, struct leat_fault *fault) {
    TRY(store_log(undo->engine->store, history, after, undo_record, undo, fault));
    if (undo->code != LEAT_OK) return fault_set(fault, undo->code, "the history of a table cannot be read");
    TRY(undo_mention(undo, fault));
    TRY(counts_read(undo->engine, undo->table, &undo->arena, &undo->counts, fault));
    return undo_commit(undo, fault);
}

/* The newest records that are not undone yet. */
static enum leat_code undo_newest(struct undo *undo, store_part history, store_sequence cut, struct leat_fault *fault) {
    const store_sequence was = undo->work->undone;
    store_sequence after = undo->upto - cut > UNDO_RECORDS_MAX ? undo->upto - UNDO_RECORDS_MAX : cut;
    undo->work->undone = after + 1;
    enum leat_code code = undo_chunk(undo, history, after, fault);
    if (code != LEAT_OK) undo->work->undone = was;
    return code;
}

/* One partition after the other; what is changed while that goes on was copied before and is of no concern. */
static enum leat_code step_undo(struct engine *engine, struct work *work, const struct table *table, struct leat_fault *fault) {
    const store_part history = history_part(work->source, (uint16_t)work->place.part);
    const store_sequence cut = work->cuts[work->place.part];
    struct undo *undo = calloc(1, sizeof *undo);
    struct store_head head;
    if (undo == NULL) return fault_memory(fault);
    *undo = (struct undo){.engine = engine, .work = work, .table = table};
    arena_init(&undo->arena, UNDO_ARENA_MAX);
    enum leat_code code = store_heads(engine->store, &history, 1, &head, fault);
    undo->upto = work->undone != 0 ? work->undone - 1 : head.next - 1;
    if (code == LEAT_OK && undo->upto > cut) {
        code = undo_newest(undo, history, cut, fault);
    } else if (code == LEAT_OK) {
        work->place.part++; /* of no cost to find again: not stored */
        work->undone = 0;
    }
    arena_fini(&undo->arena);
    free(undo);
    return code;
}

/* ---- the work ---- */

enum leat_code copy_step(struct engine *engine, struct work *work, struct table *table, struct leat_fault *fault) {
    bool end = work->place.part >= work->source->part_count || (work->phase == COPY_UNDO && work->source->history_id == 0);
    if (work->phase == COPY_UNDO) return end ? states_end(engine, work, table, fault) : step_undo(engine, work, table, fault);
    if (!end) return step_rows(engine, work, table, fault);
    work->phase = COPY_UNDO;
    work->place.part = 0;
    work->undone = 0;
    buf_clear(&work->place.from);
    return LEAT_OK;
}

/* The source's history goes when nothing else needs it. */
enum leat_code copy_release(struct engine *engine, struct work *work, struct change *change, struct leat_fault *fault) {
    struct table *source = catalogue_find(&engine->catalogue, work->source->spec.name);
    enum leat_code code = LEAT_OK;
    if (source != NULL && source->id == work->source->id) {
        struct table *copy;
        code = table_copy(source, &engine->catalogue, &copy, fault);
        if (code == LEAT_OK) {
            change->puts[change->put_count++] = copy;
            history_release(engine, copy, work, change);
        }
    }
    table_release(source);
    return code;
}

enum leat_code copy_end(struct engine *engine, struct work *work, struct table *table, struct change *change, struct leat_fault *fault) {
    for (size_t i = 0; i < table->index_count; i++) TRY(fill_new(engine, table, &table->indexes[i], work->due_ms, change, fault));
    if (table->local_count > 0) TRY(collections_count(engine, table, change, fault));
    return copy_release(engine, work, change, fault);
}

/* ---- beginning ---- */

struct copying { const struct leat_copy *copy; struct table *made; };

/* The source with a history, in the change when it had none. */
static enum leat_code take_source(struct engine *engine, struct copying *copying, struct change *change, struct table **out,
                                  struct leat_fault *fault) {
    struct table *source;
    TRY(catalogue_need(&engine->catalogue, copying->copy->source, &source, fault));
    *out = source;
    if (copying->copy->source_id.data != NULL && !slice_equal(source->spec.id, copying->copy->source_id))
        return fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "Requested resource not found");
    if (copying->copy->at_ms != 0) TRY(history_check(engine, source, copying->copy->at_ms, fault));
    if (source->history_id != 0 || copying->copy->delete_source) return LEAT_OK; /* deleted: it will not change any more */
    struct table *copy;
    TRY(table_copy(source, &engine->catalogue, &copy, fault));
    copy->history_id = engine->catalogue.next_id++;
    change->puts[change->put_count++] = table_hold(copy);
    table_release(source);
    *out = copy;
    return LEAT_OK;
}

static enum leat_code check_keys(const struct table *source, const struct leat_table *target, struct leat_fault *fault) {
    if (slice_equal(source->spec.partition_key, target->partition_key) &&
        (source->spec.sort_key.data == NULL) == (target->sort_key.data == NULL) &&
        slice_equal(source->spec.sort_key, target->sort_key))
        return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION, "a copy has the keys of its source");
}

static bool reserved(struct leat_slice name) { return slice_starts(name, SLICE("leat:")); }

static enum leat_code check_count(const struct engine *engine, const struct leat_table *target, struct leat_fault *fault) {
    size_t count = 0;
    for (const struct work *work = engine->works; work != NULL; work = work->next)
        count += work->kind == WORK_COPY && !reserved(work->table);
    if (count < RESTORES_MAX || reserved(target->name)) return LEAT_OK;
    return fault_set(fault, LEAT_LIMIT_EXCEEDED,
                     "Subscriber limit exceeded: Only %d restore operations can be done simultaneously", RESTORES_MAX);
}

static enum leat_code begin_work(struct engine *engine, struct copying *copying, struct table *source, struct change *change,
                                 struct leat_fault *fault) {
    struct work *work;
    TRY(work_new(engine, WORK_COPY, copying->made, &work, fault));
    change_add(change, work);
    work->source = table_hold(source);
    TRY(tables_count(engine, source, &work->total, fault));
    work->cuts = ARENA_ARRAY(&work->arena, store_sequence, source->part_count);
    if (source->history_id == 0) return work->cuts == NULL ? fault_memory(fault) : LEAT_OK;
    return history_cuts(engine, source, copying->copy->at_ms, &work->arena, &work->cuts, fault);
}

static enum leat_code begin(struct engine *engine, struct copying *copying, struct change *change, struct leat_fault *fault) {
    struct table *source = NULL;
    enum leat_code code = take_source(engine, copying, change, &source, fault);
    if (code == LEAT_OK) code = check_keys(source, copying->copy->target, fault);
    if (code == LEAT_OK) code = check_count(engine, copying->copy->target, fault);
    if (code == LEAT_OK) code = tables_make(engine, copying->copy->target, LEAT_CREATING, &copying->made, fault);
    if (code == LEAT_OK) {
        change->puts[change->put_count++] = copying->made;
        code = begin_work(engine, copying, source, change, fault);
    }
    if (code == LEAT_OK && engine->settle_ms > 0) code = states_settle(engine, copying->made, NULL, change, fault);
    if (code == LEAT_OK && copying->copy->delete_source) code = tables_remove(engine, source, change, fault);
    table_release(source);
    return code;
}

static enum leat_code copy_control(struct engine *engine, void *context, struct leat_fault *fault) {
    struct copying *copying = context;
    struct change change = {.put_count = 0};
    enum leat_code code = begin(engine, copying, &change, fault);
    if (code != LEAT_OK) {
        change_discard(&change);
        return code;
    }
    table_hold(copying->made); /* one for the catalogue, one for the answer */
    code = change_commit(engine, &change, fault);
    if (code != LEAT_OK) {
        table_release(copying->made);
        return code;
    }
    if (copying->copy->delete_source) engine_hooks_run(engine, catalogue_name(copying->copy->source));
    works_begin(engine, copying->made->id);
    return LEAT_OK;
}

enum leat_code copy_table(struct engine *engine, const struct leat_copy *copy, struct leat_description *out, struct leat_fault *fault) {
    struct copying copying = {.copy = copy};
    *out = (struct leat_description){.memory = NULL};
    TRY(tables_check(copy->target, fault));
    TRY(executor_call(&engine->executor, copy_control, &copying, fault));
    return tables_show(engine, copying.made, LEAT_CREATING, out, fault);
}
