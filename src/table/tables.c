#include "table/tables.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "base/slice.h"
#include "table/backfill.h"
#include "table/counters.h"
#include "table/expiry.h"

enum { RECORD_MAX = 4 * 1024 * 1024, UNITS_WRITE_A_PART = 1000, UNITS_READ_A_PART = 3000, PARTS_ON_DEMAND = 4 };

uint16_t tables_parts(const struct leat_table *spec) {
    if (slice_starts(spec->name, SLICE("leat:"))) return 1;
    if (spec->billing == LEAT_PAY_PER_REQUEST) return PARTS_ON_DEMAND;
    int64_t parts = (spec->write_units + UNITS_WRITE_A_PART - 1) / UNITS_WRITE_A_PART;
    int64_t reads = (spec->read_units + UNITS_READ_A_PART - 1) / UNITS_READ_A_PART;
    if (reads > parts) parts = reads;
    if (parts < 1) parts = 1;
    return (uint16_t)(parts > CATALOGUE_PARTS_MAX ? CATALOGUE_PARTS_MAX : parts);
}

static enum leat_code no_table(struct leat_slice name, struct leat_fault *fault) {
    return fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "Requested resource not found: Table: %.*s not found",
                     SLICE_FORMAT(catalogue_name(name)));
}

/* ---- describing ---- */

enum leat_code tables_heads(struct engine *engine, const struct table *table, struct arena *arena, struct store_head **out,
                            struct leat_fault *fault) {
    store_part *parts = ARENA_ARRAY(arena, store_part, table->part_count);
    *out = ARENA_ARRAY(arena, struct store_head, table->part_count);
    if (parts == NULL || *out == NULL) return fault_memory(fault);
    for (uint16_t i = 0; i < table->part_count; i++) parts[i] = table_part(table, i);
    return store_heads(engine->store, parts, table->part_count, *out, fault);
}

static enum leat_code add_counters(struct engine *engine, const struct table *table, struct leat_memory *memory,
                                   struct leat_table *spec, struct leat_index *indexes, struct leat_fault *fault) {
    size_t count = table->part_count + table->index_count;
    struct store_key *keys = ARENA_ARRAY(&memory->arena, struct store_key, count);
    struct leat_slice *values = ARENA_ARRAY(&memory->arena, struct leat_slice, count);
    if (keys == NULL || values == NULL) return fault_memory(fault);
    for (uint16_t i = 0; i < table->part_count; i++) keys[i] = (struct store_key){table_part(table, i), counters_key()};
    for (size_t i = 0; i < table->index_count; i++)
        keys[table->part_count + i] = (struct store_key){index_part(&table->indexes[i]), counters_key()};
    TRY(store_get(engine->store, keys, count, &memory->arena, values, fault));
    for (uint16_t i = 0; i < table->part_count; i++) {
        struct counters counters = counters_decode(values[i]);
        spec->item_count += counters.items;
        spec->size_bytes += counters.bytes;
    }
    for (size_t i = 0; i < table->index_count; i++) {
        struct counters counters = counters_decode(values[table->part_count + i]);
        indexes[i].item_count = counters.items;
        indexes[i].size_bytes = counters.bytes;
    }
    return LEAT_OK;
}

/* Takes over the reference. */
static enum leat_code describe(struct engine *engine, struct table *table, enum leat_status status,
                               struct leat_description *out, struct leat_fault *fault) {
    struct leat_memory *memory = table_memory_new(0);
    if (memory == NULL) {
        table_release(table);
        return fault_memory(fault);
    }
    memory->table = table;
    struct leat_index *indexes = ARENA_ARRAY(&memory->arena, struct leat_index, table->index_count);
    enum leat_code code = indexes == NULL ? fault_memory(fault) : LEAT_OK;
    if (code == LEAT_OK) {
        *out = (struct leat_description){.table = table->spec, .memory = memory};
        for (size_t i = 0; i < table->index_count; i++) indexes[i] = *table->indexes[i].spec;
        out->table.indexes = indexes;
        out->table.status = status;
        code = add_counters(engine, table, memory, &out->table, indexes, fault);
    }
    if (code != LEAT_OK) {
        table_memory_free(memory);
        *out = (struct leat_description){.memory = NULL};
    }
    return code;
}

enum leat_code tables_describe(struct engine *engine, struct leat_slice name, struct leat_description *out,
                               struct leat_fault *fault) {
    struct table *table = catalogue_find(&engine->catalogue, name);
    *out = (struct leat_description){.memory = NULL};
    if (table == NULL) return no_table(name, fault);
    return describe(engine, table, LEAT_ACTIVE, out, fault);
}

struct listing { struct leat_result *result; size_t limit; bool more; bool failed; };

static bool list_one(void *context, struct table *table) {
    struct listing *listing = context;
    struct leat_result *result = listing->result;
    if (slice_starts(table->spec.name, SLICE("leat:"))) return true;
    if (result->count == listing->limit) {
        listing->more = true;
        return false;
    }
    result->items[result->count] = arena_copy(&result->memory->arena, table->spec.name);
    listing->failed |= result->items[result->count].data == NULL;
    result->count++;
    return true;
}

enum leat_code tables_list(struct engine *engine, struct leat_slice start, size_t limit, struct leat_result *result,
                           struct leat_fault *fault) {
    if (limit > CATALOGUE_TABLES_MAX) limit = CATALOGUE_TABLES_MAX;
    *result = (struct leat_result){.memory = table_memory_new(0)};
    if (result->memory == NULL) return fault_memory(fault);
    result->items = ARENA_ARRAY(&result->memory->arena, struct leat_slice, limit + 1);
    if (result->items == NULL) return fault_memory(fault);
    struct listing listing = {result, limit, false, false};
    catalogue_each(&engine->catalogue, start, list_one, &listing);
    if (listing.failed) return fault_memory(fault);
    if (listing.more && result->count > 0) result->last_key = result->items[result->count - 1];
    return LEAT_OK;
}

/* ---- storing; writing thread ---- */

static enum leat_code put_entry(struct store_transaction *transaction, const char *prefix, struct leat_slice name,
                                struct leat_slice value, struct leat_fault *fault) {
    struct buf key;
    buf_init(&key, STORE_KEY_MAX);
    buf_slice(&key, slice_text(prefix));
    buf_slice(&key, name);
    enum leat_code code = !buf_ok(&key)       ? fault_memory(fault)
                          : value.data == NULL ? store_del(transaction, CATALOGUE_PART, buf_view(&key), fault)
                                               : store_put(transaction, CATALOGUE_PART, buf_view(&key), value, fault);
    buf_fini(&key);
    return code;
}

static enum leat_code put_table(struct engine *engine, struct store_transaction *transaction, const struct table *table,
                                struct leat_fault *fault) {
    struct buf record, next_id;
    buf_init(&record, RECORD_MAX);
    buf_init(&next_id, 64);
    item_put_int(&next_id, engine->catalogue.next_id);
    enum leat_code code = table_to_record(table, &record, fault);
    if (code == LEAT_OK) code = put_entry(transaction, "t", table->spec.name, buf_view(&record), fault);
    if (code == LEAT_OK) code = put_entry(transaction, "i", SLICE(""), buf_view(&next_id), fault);
    buf_fini(&record);
    buf_fini(&next_id);
    return code;
}

/* Marks partitions for dropping: housekeeping does it, also after a restart. */
static enum leat_code put_dropped(struct store_transaction *transaction, uint32_t id, uint16_t parts, struct leat_fault *fault) {
    for (uint32_t i = 0; i < parts; i++) {
        uint64_t part = (uint64_t)id << 16 | i;
        uint8_t name[8];
        for (int k = 0; k < 8; k++) name[k] = (uint8_t)(part >> (56 - 8 * k));
        TRY(put_entry(transaction, "d", slice_of(name, sizeof name), SLICE("1"), fault));
    }
    return LEAT_OK;
}

typedef enum leat_code (*entries_fn)(struct engine *engine, struct store_transaction *transaction, const struct table *table,
                                     const void *context, struct leat_fault *fault);

static enum leat_code in_transaction(struct engine *engine, entries_fn entries, const struct table *table,
                                     const void *context, struct leat_fault *fault) {
    struct store_transaction *transaction;
    const store_part part = CATALOGUE_PART;
    TRY(store_begin(engine->store, &part, 1, &transaction, fault));
    enum leat_code code = entries(engine, transaction, table, context, fault);
    if (code == LEAT_OK) return store_commit(transaction, fault);
    store_abort(transaction);
    return code;
}

static enum leat_code entries_store(struct engine *engine, struct store_transaction *transaction, const struct table *table,
                                    const void *context, struct leat_fault *fault) {
    const struct table_index *dropped = context;
    TRY(put_table(engine, transaction, table, fault));
    if (dropped == NULL || dropped->spec->local) return LEAT_OK;
    return put_dropped(transaction, dropped->id, 1, fault);
}

static enum leat_code entries_delete(struct engine *engine, struct store_transaction *transaction, const struct table *table,
                                     const void *context, struct leat_fault *fault) {
    (void)engine;
    (void)context;
    TRY(put_entry(transaction, "t", table->spec.name, (struct leat_slice){NULL, 0}, fault));
    TRY(put_dropped(transaction, table->id, table->part_count, fault));
    for (size_t i = 0; i < table->index_count; i++)
        if (!table->indexes[i].spec->local) TRY(put_dropped(transaction, table->indexes[i].id, 1, fault));
    return LEAT_OK;
}

static enum leat_code store_and_install(struct engine *engine, struct table *table, const struct table_index *dropped,
                                        struct leat_fault *fault) {
    enum leat_code code = in_transaction(engine, entries_store, table, dropped, fault);
    if (code == LEAT_OK) return catalogue_install(&engine->catalogue, table, fault);
    table_release(table);
    return code;
}

enum leat_code tables_store(struct engine *engine, struct table *table, struct leat_fault *fault) {
    return store_and_install(engine, table, NULL, fault);
}

/* ---- creating ---- */

struct create { const struct leat_table *spec; struct table *made; };

static enum leat_code number_indexes(struct engine *engine, struct table *table, struct leat_fault *fault) {
    table->indexes = ARENA_ARRAY(&table->arena, struct table_index, table->spec.index_count);
    if (table->indexes == NULL) return fault_memory(fault);
    table->index_count = table->spec.index_count;
    uint8_t locals = 0;
    for (size_t i = 0; i < table->index_count; i++) {
        table->indexes[i].spec = &table->spec.indexes[i];
        if (table->spec.indexes[i].local) table->indexes[i].space = (uint8_t)(SCHEMA_SPACE_LOCAL + locals++);
        else table->indexes[i].id = engine->catalogue.next_id++;
    }
    return LEAT_OK;
}

/* A snapshot whose strings still belong to the request; table_copy makes it whole. */
static enum leat_code create_draft(struct engine *engine, const struct leat_table *spec, struct table *draft,
                                   struct leat_fault *fault) {
    draft->spec = *spec;
    draft->id = engine->catalogue.next_id++;
    draft->part_count = tables_parts(spec);
    uint64_t now_ms = engine_now_ms(engine);
    draft->spec.created_ms = now_ms;
    char uuid[RANDOM_UUID_SIZE];
    random_uuid(uuid);
    draft->spec.id = arena_copy(&draft->arena, slice_text(uuid));
    if (draft->spec.id.data == NULL) return fault_memory(fault);
    TRY(number_indexes(engine, draft, fault));
    if (spec->stream == LEAT_VIEW_NONE) return LEAT_OK;
    struct store_head *heads;
    TRY(tables_heads(engine, draft, &draft->arena, &heads, fault));
    return stream_set_enable(&draft->streams, &draft->arena, spec->stream, now_ms, heads, draft->part_count, fault);
}

static enum leat_code create_control(struct engine *engine, void *context, struct leat_fault *fault) {
    struct create *create = context;
    struct leat_slice name = create->spec->name;
    struct table *existing = catalogue_find(&engine->catalogue, name);
    table_release(existing);
    if (existing != NULL)
        return fault_set(fault, LEAT_RESOURCE_IN_USE, "Table already exists: %.*s", SLICE_FORMAT(name));
    if (engine->catalogue.count >= CATALOGUE_TABLES_MAX)
        return fault_set(fault, LEAT_LIMIT_EXCEEDED, "Too many tables: the limit is %d", CATALOGUE_TABLES_MAX);
    struct table draft = {.id = 0};
    arena_init(&draft.arena, RECORD_MAX);
    enum leat_code code = create_draft(engine, create->spec, &draft, fault);
    if (code == LEAT_OK) code = table_copy(&draft, &engine->catalogue, &create->made, fault);
    arena_fini(&draft.arena);
    TRY(code);
    table_hold(create->made); /* one for the catalogue, one for the answer */
    code = tables_store(engine, create->made, fault);
    if (code != LEAT_OK) table_release(create->made);
    return code;
}

enum leat_code tables_create(struct engine *engine, const struct leat_table *spec, struct leat_description *out,
                             struct leat_fault *fault) {
    struct create create = {.spec = spec};
    *out = (struct leat_description){.memory = NULL};
    TRY(tables_check(spec, fault));
    TRY(executor_call(&engine->executor, create_control, &create, fault));
    return describe(engine, create.made, LEAT_CREATING, out, fault);
}

/* ---- deleting ---- */

struct delete { struct leat_slice name; struct table *gone; };

static enum leat_code delete_control(struct engine *engine, void *context, struct leat_fault *fault) {
    struct delete *delete = context;
    struct table *table = catalogue_find(&engine->catalogue, delete->name);
    if (table == NULL) return no_table(delete->name, fault);
    enum leat_code code = LEAT_OK;
    if (table->spec.deletion_protection)
        code = fault_set(fault, LEAT_VALIDATION,
                         "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection "
                         "first.");
    if (code == LEAT_OK) code = in_transaction(engine, entries_delete, table, NULL, fault);
    if (code != LEAT_OK) {
        table_release(table);
        return code;
    }
    delete->gone = table;
    catalogue_remove(&engine->catalogue, table->spec.name);
    executor_housekeeping_soon(&engine->executor);
    engine_hooks_run(engine, table->spec.name);
    return LEAT_OK;
}

enum leat_code tables_delete(struct engine *engine, struct leat_slice name, struct leat_description *out,
                             struct leat_fault *fault) {
    struct delete delete = {.name = name};
    *out = (struct leat_description){.memory = NULL};
    TRY(executor_call(&engine->executor, delete_control, &delete, fault));
    return describe(engine, delete.gone, LEAT_DELETING, out, fault);
}

/* ---- changing ---- */

struct update { const struct leat_table_change *change; struct table *made; };

static enum leat_code change_stream(struct engine *engine, struct table *table, enum leat_view view, struct leat_fault *fault) {
    struct stream *current = stream_set_current(&table->streams);
    struct store_head *heads;
    struct leat_slice name = table->spec.name;
    if (view != LEAT_VIEW_NONE && current != NULL)
        return fault_set(fault, LEAT_VALIDATION, "Table already has an enabled stream: TableName: %.*s", SLICE_FORMAT(name));
    if (view == LEAT_VIEW_NONE && current == NULL)
        return fault_set(fault, LEAT_VALIDATION, "Table has no stream to disable: TableName: %.*s", SLICE_FORMAT(name));
    TRY(tables_heads(engine, table, &table->arena, &heads, fault));
    if (view != LEAT_VIEW_NONE)
        return stream_set_enable(&table->streams, &table->arena, view, engine_now_ms(engine), heads, table->part_count, fault);
    stream_set_disable(&table->streams, engine_now_ms(engine), heads);
    return LEAT_OK;
}

static void change_units(struct engine *engine, struct table *table, const struct leat_table_change *change) {
    struct leat_table *spec = &table->spec;
    uint64_t now_ms = engine_now_ms(engine);
    if (change->change_billing && change->billing != spec->billing) {
        spec->billing = change->billing;
        spec->billing_changed_ms = now_ms;
        if (change->billing == LEAT_PAY_PER_REQUEST) spec->read_units = spec->write_units = 0;
    }
    if (!change->change_units) return;
    if (change->read_units < spec->read_units || change->write_units < spec->write_units) {
        spec->throughput_decreases_today++;
        spec->throughput_decreased_ms = now_ms;
    }
    if (change->read_units > spec->read_units || change->write_units > spec->write_units)
        spec->throughput_increased_ms = now_ms;
    spec->read_units = change->read_units;
    spec->write_units = change->write_units;
}

static enum leat_code update_control(struct engine *engine, void *context, struct leat_fault *fault) {
    struct update *update = context;
    const struct leat_table_change *change = update->change;
    struct table *old = catalogue_find(&engine->catalogue, change->name), *table;
    if (old == NULL) return no_table(change->name, fault);
    enum leat_code code = table_copy(old, &engine->catalogue, &table, fault);
    table_release(old);
    TRY(code);
    if (change->change_protection) table->spec.deletion_protection = change->deletion_protection;
    if (change->change_settings) table->spec.settings = arena_copy(&table->arena, change->settings);
    change_units(engine, table, change);
    const struct table_index *dropped = NULL;
    if (change->change_stream) code = change_stream(engine, table, change->stream, fault);
    if (code == LEAT_OK && change->change_ttl) code = expiry_set(engine, table, change->ttl_attribute, fault);
    if (code == LEAT_OK) code = backfill_change_indexes(engine, table, change, &dropped, fault);
    if (code == LEAT_OK) code = table_derive(table, &engine->catalogue, fault);
    if (code != LEAT_OK) {
        table_release(table);
        return code;
    }
    update->made = table_hold(table);
    code = store_and_install(engine, table, dropped, fault);
    if (code != LEAT_OK) {
        table_release(update->made);
        return code;
    }
    executor_housekeeping_soon(&engine->executor);
    engine_hooks_run(engine, update->made->spec.name);
    return LEAT_OK;
}

enum leat_code tables_update(struct engine *engine, const struct leat_table_change *change, struct leat_description *out,
                             struct leat_fault *fault) {
    struct update update = {.change = change};
    *out = (struct leat_description){.memory = NULL};
    TRY(executor_call(&engine->executor, update_control, &update, fault));
    return describe(engine, update.made, LEAT_UPDATING, out, fault);
}
