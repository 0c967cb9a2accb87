#include "table/indexes.h"

#include "base/slice.h"
#include "table/fill.h"
#include "table/states.h"
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

/* ---- the change ---- */

/* A copy of the index's description that can be changed. */
static struct leat_index *own_spec(struct table *table, struct table_index *index) {
    struct leat_index *spec = ARENA_NEW(&table->arena, struct leat_index);
    if (spec == NULL) return NULL;
    *spec = *index->spec;
    index->spec = spec;
    return spec;
}

enum leat_code indexes_set_status(struct table *table, struct table_index *index, enum leat_status status, struct leat_fault *fault) {
    struct leat_index *spec = own_spec(table, index);
    if (spec == NULL) return fault_memory(fault);
    spec->status = status;
    return LEAT_OK;
}

enum leat_code indexes_drop(struct table *table, struct table_index *index, struct change *change, struct leat_fault *fault) {
    struct leat_index *specs = ARENA_ARRAY(&table->arena, struct leat_index, table->index_count);
    if (specs == NULL) return fault_memory(fault);
    if (!index->spec->local) change_drop(change, index->id, 1);
    size_t count = 0;
    for (size_t i = 0; i < table->index_count; i++) {
        if (&table->indexes[i] == index) continue;
        specs[count] = *table->indexes[i].spec;
        table->indexes[count] = table->indexes[i];
        table->indexes[count].spec = &specs[count];
        count++;
    }
    table->spec.indexes = specs;
    table->index_count = table->spec.index_count = count;
    return LEAT_OK;
}

static enum leat_code in_progress(struct leat_fault *fault) {
    return fault_set(fault, LEAT_LIMIT_EXCEEDED,
                     "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table");
}

/* An index that is being filled may be deleted; otherwise one change at a time. Developer Guide, "Managing Global Secondary Indexes". */
static bool others_change(const struct table *table, const struct table_index *except) {
    for (size_t i = 0; i < table->index_count; i++) {
        enum leat_status status = table->indexes[i].spec->status;
        if (&table->indexes[i] != except && (status == LEAT_CREATING || status == LEAT_DELETING)) return true;
    }
    return false;
}

static enum leat_code add_index(struct engine *engine, struct table *table, const struct leat_index *created, struct change *change,
                                struct leat_fault *fault) {
    if (table_find_index(table, created->name) != NULL)
        return fault_set(fault, LEAT_VALIDATION, "Attempting to create an index which already exists");
    if (others_change(table, NULL)) return in_progress(fault);
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
    specs[count - 1].status = LEAT_CREATING;
    indexes[count - 1] = (struct table_index){.spec = &specs[count - 1], .id = engine->catalogue.next_id++};
    table->indexes = indexes;
    table->spec.indexes = specs;
    table->index_count = table->spec.index_count = count;
    TRY(tables_check(&table->spec, fault));
    TRY(table_derive(table, &engine->catalogue, fault));
    return fill_new(engine, table, &indexes[count - 1], engine_now_ms(engine) + engine->settle_ms, change, fault);
}

static enum leat_code delete_index(struct engine *engine, struct table *table, struct leat_slice name, struct change *change,
                                   struct leat_fault *fault) {
    struct table_index *index = table_find_index(table, name);
    if (index == NULL || index->spec->local || index->spec->status == LEAT_DELETING)
        return fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "Requested resource not found");
    if (others_change(table, index)) return in_progress(fault);
    TRY(indexes_set_status(table, index, LEAT_DELETING, fault));
    return states_settle(engine, table, index, change, fault);
}

static enum leat_code update_index(struct engine *engine, struct table *table, const struct leat_index *update, struct change *change,
                                   struct leat_fault *fault) {
    struct table_index *index = table_find_index(table, update->name);
    if (index == NULL) return fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "Requested resource not found");
    struct leat_index *spec = own_spec(table, index);
    if (spec == NULL) return fault_memory(fault);
    spec->read_units = update->read_units;
    spec->write_units = update->write_units;
    if (engine->settle_ms == 0 || spec->status != LEAT_ACTIVE) return LEAT_OK;
    spec->status = LEAT_UPDATING;
    return states_settle(engine, table, index, change, fault);
}

enum leat_code indexes_change(struct engine *engine, struct table *table, const struct leat_table_change *asked, struct change *change,
                              struct leat_fault *fault) {
    TRY(own_attributes(table, asked, fault));
    if (asked->index_delete.data != NULL) TRY(delete_index(engine, table, asked->index_delete, change, fault));
    for (size_t i = 0; i < asked->index_update_count; i++) TRY(update_index(engine, table, &asked->index_updates[i], change, fault));
    if (asked->index_create != NULL) TRY(add_index(engine, table, asked->index_create, change, fault));
    return LEAT_OK;
}
