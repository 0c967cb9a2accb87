/* What there is of tables: their descriptions, and the list of them. */
#include "base/slice.h"
#include "table/counters.h"
#include "table/history.h"
#include "table/index.h"
#include "table/tables.h"
#include "table/work.h"

enum leat_code tables_missing(struct leat_slice name, struct leat_fault *fault) {
    return fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "Requested resource not found: Table: %.*s not found",
                     SLICE_FORMAT(catalogue_name(name)));
}

enum leat_code tables_heads(struct engine *engine, const struct table *table, struct arena *arena, struct store_head **out,
                            struct leat_fault *fault) {
    store_part *parts = ARENA_ARRAY(arena, store_part, table->part_count);
    *out = ARENA_ARRAY(arena, struct store_head, table->part_count);
    if (parts == NULL || *out == NULL) return fault_memory(fault);
    for (uint16_t i = 0; i < table->part_count; i++) parts[i] = table_part(table, i);
    return store_heads(engine->store, parts, table->part_count, *out, fault);
}

/* The counters of all partitions, then for each index its one (global) or those of all partitions (local). */
static enum leat_code add_counters(struct engine *engine, const struct table *table, struct leat_memory *memory,
                                   struct leat_table *spec, struct leat_index *indexes, struct leat_fault *fault) {
    size_t parts = table->part_count, count = 0;
    struct store_key *keys = ARENA_ARRAY(&memory->arena, struct store_key, parts * (1 + table->local_count) + table->index_count);
    if (keys == NULL) return fault_memory(fault);
    for (uint16_t i = 0; i < parts; i++) keys[count++] = (struct store_key){table_part(table, i), counters_key()};
    for (size_t k = 0; k < table->index_count; k++)
        for (uint16_t i = 0; i < (table->indexes[k].spec->local ? parts : 1); i++)
            keys[count++] = index_counters(&table->indexes[k], table_part(table, i));
    struct leat_slice *values = ARENA_ARRAY(&memory->arena, struct leat_slice, count);
    if (values == NULL) return fault_memory(fault);
    TRY(store_get(engine->store, keys, count, &memory->arena, values, fault));
    for (size_t i = 0; i < parts; i++, values++) {
        struct counters counters = counters_decode(*values);
        spec->item_count += counters.items;
        spec->size_bytes += counters.bytes;
    }
    for (size_t k = 0; k < table->index_count; k++)
        for (size_t i = 0; i < (table->indexes[k].spec->local ? parts : 1); i++, values++) {
            struct counters counters = counters_decode(*values);
            indexes[k].item_count += counters.items;
            indexes[k].size_bytes += counters.bytes;
        }
    return LEAT_OK;
}

enum leat_code tables_count(struct engine *engine, const struct table *table, uint64_t *items, struct leat_fault *fault) {
    *items = 0;
    for (uint16_t i = 0; i < table->part_count; i++) {
        const struct store_key where = {table_part(table, i), counters_key()};
        struct arena arena;
        struct leat_slice value;
        arena_init(&arena, 4096);
        enum leat_code code = store_get(engine->store, &where, 1, &arena, &value, fault);
        if (code == LEAT_OK) *items += counters_decode(value).items;
        arena_fini(&arena);
        TRY(code);
    }
    return LEAT_OK;
}

static void add_progress(struct engine *engine, const struct table *table, struct leat_table *spec, struct leat_index *indexes) {
    if (spec->status != LEAT_ACTIVE)
        (void)works_progress(engine, WORK_COPY, table->id, 0, &spec->progress_done, &spec->progress_total);
    spec->copied = works_copied(engine, table->id);
    for (size_t i = 0; i < table->index_count; i++) {
        if (indexes[i].status != LEAT_CREATING) continue;
        indexes[i].filling = spec->status != LEAT_UPDATING;
        (void)works_progress(engine, WORK_FILL, table->id, work_index_id(&table->indexes[i]), &indexes[i].progress_done,
                             &indexes[i].progress_total);
    }
}

static enum leat_code fill_description(struct engine *engine, struct table *table, enum leat_status status, struct leat_memory *memory,
                                       struct leat_table *out, struct leat_fault *fault) {
    struct leat_index *indexes = ARENA_ARRAY(&memory->arena, struct leat_index, table->index_count);
    if (indexes == NULL) return fault_memory(fault);
    *out = table->spec;
    out->status = status;
    out->indexes = indexes;
    uint64_t now_ms = engine_now_ms(engine);
    if (now_ms / TABLES_DAY_MS != out->throughput_decreased_ms / TABLES_DAY_MS) out->throughput_decreases_today = 0;
    out->recovery_to_ms = out->recovery_days > 0 ? now_ms : 0;
    out->recovery_from_ms = history_from_ms(table, out->recovery_to_ms);
    for (size_t i = 0; i < table->index_count; i++) {
        indexes[i] = *table->indexes[i].spec;
        if (status == LEAT_CREATING || status == LEAT_DELETING) indexes[i].status = status;
    }
    add_progress(engine, table, out, indexes);
    return add_counters(engine, table, memory, out, indexes, fault);
}

enum leat_code tables_show(struct engine *engine, struct table *table, enum leat_status status, struct leat_description *out,
                           struct leat_fault *fault) {
    struct leat_memory *memory = table_memory_new(0);
    *out = (struct leat_description){.memory = NULL};
    if (memory == NULL) {
        table_release(table);
        return fault_memory(fault);
    }
    memory->table = table;
    enum leat_code code = fill_description(engine, table, status, memory, &out->table, fault);
    if (code == LEAT_OK) {
        out->memory = memory;
    } else {
        table_memory_free(memory);
        *out = (struct leat_description){.memory = NULL};
    }
    return code;
}

enum leat_code tables_describe(struct engine *engine, struct leat_slice name, struct leat_description *out, struct leat_fault *fault) {
    struct table *table = catalogue_find(&engine->catalogue, name);
    *out = (struct leat_description){.memory = NULL};
    if (table == NULL) return tables_missing(name, fault);
    return tables_show(engine, table, table->spec.status, out, fault);
}

/* ---- the list ---- */

struct listing { struct leat_result *result; struct leat_slice prefix; size_t limit; bool more; bool failed; };

static bool list_one(void *context, struct table *table) {
    struct listing *listing = context;
    struct leat_result *result = listing->result;
    if (listing->prefix.data == NULL && slice_starts(table->spec.name, SLICE("leat:"))) return true;
    if (listing->prefix.data != NULL && !slice_starts(table->spec.name, listing->prefix))
        return slice_compare(table->spec.name, listing->prefix) < 0; /* behind those with the prefix: it is the end */
    if (result->count == listing->limit) {
        listing->more = true;
        return false;
    }
    result->items[result->count] = arena_copy(&result->memory->arena, table->spec.name);
    listing->failed |= result->items[result->count].data == NULL;
    result->count++;
    return true;
}

enum leat_code tables_list(struct engine *engine, struct leat_slice prefix, struct leat_slice start, size_t limit,
                           struct leat_result *result, struct leat_fault *fault) {
    if (limit > CATALOGUE_TABLES_MAX) limit = CATALOGUE_TABLES_MAX;
    *result = (struct leat_result){.memory = table_memory_new(0)};
    if (result->memory == NULL) return fault_memory(fault);
    result->items = ARENA_ARRAY(&result->memory->arena, struct leat_slice, limit + 1);
    if (result->items == NULL) return fault_memory(fault);
    struct listing listing = {.result = result, .prefix = prefix, .limit = limit};
    catalogue_each(&engine->catalogue, start, list_one, &listing);
    if (listing.failed) return fault_memory(fault);
    if (listing.more && result->count > 0) result->last_key = result->items[result->count - 1];
    return LEAT_OK;
}
