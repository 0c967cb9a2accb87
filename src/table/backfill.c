#include "table/backfill.h"

#include "base/slice.h"
#include "table/counters.h"
#include "table/index.h"
#include "table/rewrite.h"
#include "table/tables.h"

/* ---- the copy's own strings ---- */

static enum leat_code own_attributes(struct table *table, const struct leat_table_change *change, struct leat_fault *fault) {
    size_t had = table->spec.attribute_count;
    if (change->attribute_count == 0) return LEAT_OK;
    struct leat_attribute *all = ARENA_ARRAY(&table->arena, struct leat_attribute, had + change->attribute_count);
    if (all == NULL) return fault_memory(fault);
    for (size_t i = 0; i < had; i++) all[i] = table->spec.attributes[i];
    for (size_t i = 0; i < change->attribute_count; i++) {
        size_t known = 0;
        while (known < had && !slice_equal(all[known].name, change->attributes[i].name)) known++;
        if (known < had) continue;
        all[had].name = arena_copy(&table->arena, change->attributes[i].name);
        all[had].type = change->attributes[i].type;
        if (all[had++].name.data == NULL) return fault_memory(fault);
    }
    table->spec.attributes = all;
    table->spec.attribute_count = had;
    return LEAT_OK;
}

static enum leat_code own_index(struct table *table, const struct leat_index *source, struct leat_index *out,
                                struct leat_fault *fault) {
    struct arena *arena = &table->arena;
    struct leat_slice *include = ARENA_ARRAY(arena, struct leat_slice, source->include_count);
    *out = *source;
    out->name = arena_copy(arena, source->name);
    out->partition_key = arena_copy(arena, source->partition_key);
    out->sort_key = arena_copy(arena, source->sort_key);
    out->include = include;
    if (include == NULL || out->name.data == NULL || out->partition_key.data == NULL) return fault_memory(fault);
    for (size_t i = 0; i < source->include_count; i++) include[i] = arena_copy(arena, source->include[i]);
    return LEAT_OK;
}

/* ---- filling ---- */

struct fill { struct table_index *index; struct counters counters; };

static enum leat_code fill_row(struct rewrite *rewrite, store_part part, struct leat_slice key, struct leat_slice item,
                               struct leat_fault *fault) {
    struct fill *fill = rewrite->context;
    struct leat_slice entry_key, entry_value;
    (void)part;
    (void)key;
    TRY(index_entry_key(rewrite->table, fill->index, item, &rewrite->arena, &entry_key, fault));
    if (entry_key.data == NULL) return LEAT_OK;
    TRY(index_entry_value(rewrite->table, fill->index, item, &rewrite->arena, &entry_value, fault));
    struct overlay_entry *entry = overlay_at(&rewrite->overlay, rewrite->target, entry_key, false);
    if (entry == NULL) return fault_memory(fault);
    overlay_set(entry, entry_value);
    fill->counters.items++;
    fill->counters.bytes += item_size(entry_value);
    return LEAT_OK;
}

static enum leat_code fill_counters(struct rewrite *rewrite, struct leat_fault *fault) {
    struct fill *fill = rewrite->context;
    struct overlay_entry *entry = overlay_at(&rewrite->overlay, rewrite->target, counters_key(), false);
    if (entry == NULL) return fault_memory(fault);
    overlay_set(entry, counters_encode(fill->counters, &rewrite->arena));
    return entry->value.data == NULL ? fault_memory(fault) : LEAT_OK;
}

static enum leat_code fill_index(struct engine *engine, struct table *table, struct table_index *index,
                                 struct leat_fault *fault) {
    struct fill fill = {.index = index};
    struct rewrite rewrite = {.table = table, .space = SCHEMA_SPACE_ITEMS, .target = index_part(index), .row = fill_row,
                              .chunk = fill_counters, .context = &fill};
    return rewrite_table(engine, &rewrite, fault);
}

/* ---- the change ---- */

static enum leat_code add_index(struct engine *engine, struct table *table, const struct leat_index *created,
                                struct leat_fault *fault) {
    if (table_find_index(table, created->name) != NULL)
        return fault_set(fault, LEAT_VALIDATION, "Attempting to create an index which already exists");
    size_t count = table->index_count + 1;
    struct leat_index *specs = ARENA_ARRAY(&table->arena, struct leat_index, count);
    struct table_index *indexes = ARENA_ARRAY(&table->arena, struct table_index, count);
    if (specs == NULL || indexes == NULL) return fault_memory(fault);
    for (size_t i = 0; i < table->index_count; i++) {
        indexes[i] = table->indexes[i];
        specs[i] = *indexes[i].spec;
        indexes[i].spec = &specs[i];
    }
    TRY(own_index(table, created, &specs[count - 1], fault));
    indexes[count - 1] = (struct table_index){.spec = &specs[count - 1], .id = engine->catalogue.next_id++};
    table->indexes = indexes;
    table->spec.indexes = specs;
    table->index_count = table->spec.index_count = count;
    TRY(tables_check(&table->spec, fault));
    TRY(table_derive(table, &engine->catalogue, fault));
    return fill_index(engine, table, &indexes[count - 1], fault);
}

static enum leat_code drop_index(struct table *table, struct leat_slice name, const struct table_index **dropped,
                                 struct leat_fault *fault) {
    struct table_index *gone = table_find_index(table, name);
    if (gone == NULL || gone->spec->local)
        return fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "Requested resource not found");
    struct table_index *copy = ARENA_NEW(&table->arena, struct table_index);
    struct leat_index *specs = ARENA_ARRAY(&table->arena, struct leat_index, table->index_count);
    if (copy == NULL || specs == NULL) return fault_memory(fault);
    *copy = *gone;
    size_t count = 0;
    for (size_t i = 0; i < table->index_count; i++) {
        if (&table->indexes[i] == gone) continue;
        specs[count] = *table->indexes[i].spec;
        table->indexes[count] = table->indexes[i];
        table->indexes[count].spec = &specs[count];
        count++;
    }
    table->spec.indexes = specs;
    table->index_count = table->spec.index_count = count;
    *dropped = copy;
    return LEAT_OK;
}

static enum leat_code update_index(struct table *table, const struct leat_index *update, struct leat_fault *fault) {
    struct table_index *index = table_find_index(table, update->name);
    if (index == NULL) return fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "Requested resource not found");
    struct leat_index *spec = ARENA_NEW(&table->arena, struct leat_index);
    if (spec == NULL) return fault_memory(fault);
    *spec = *index->spec;
    spec->read_units = update->read_units;
    spec->write_units = update->write_units;
    index->spec = spec;
    return LEAT_OK;
}

enum leat_code backfill_change_indexes(struct engine *engine, struct table *table, const struct leat_table_change *change,
                                       const struct table_index **dropped, struct leat_fault *fault) {
    TRY(own_attributes(table, change, fault));
    if (change->index_delete.data != NULL) TRY(drop_index(table, change->index_delete, dropped, fault));
    if (change->index_update != NULL) TRY(update_index(table, change->index_update, fault));
    if (change->index_create != NULL) TRY(add_index(engine, table, change->index_create, fault));
    return LEAT_OK;
}
