#include "table/index.h"

#include "base/slice.h"
#include "table/capacity.h"
#include "table/counters.h"
#include "table/fill.h"

enum { ENTRY_KEY_MAX = 32 * 1024, ENTRY_VALUE_MAX = 1024 * 1024 };

static enum leat_code check_attribute(const struct table_index *index, struct leat_slice name, enum item_type type,
                                      struct leat_slice item, struct leat_fault *fault) {
    struct item_value value;
    if (name.data == NULL || !item_find(item, name, &value)) return LEAT_OK;
    if (value.type != type)
        return fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: Type mismatch for Index Key %.*s Expected: %s Actual: %s "
                         "IndexName: %.*s", SLICE_FORMAT(name), item_type_name(type), item_type_name(value.type),
                         SLICE_FORMAT(index->spec->name));
    if (value.payload.size == 0)
        return fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values are not valid. A value specified for a secondary index key is not "
                         "supported. The AttributeValue for a key attribute cannot contain an empty %s value. IndexName: %.*s, "
                         "IndexKey: %.*s", type == ITEM_S ? "string" : "binary", SLICE_FORMAT(index->spec->name),
                         SLICE_FORMAT(name));
    size_t max = slice_equal(name, index->keys.partition) ? SCHEMA_PARTITION_KEY_MAX : SCHEMA_SORT_KEY_MAX;
    if (type == ITEM_N || value.payload.size <= max) return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION,
                     "One or more parameter values were invalid: Size of %s has exceeded the maximum size limit of%zu bytes",
                     max == SCHEMA_PARTITION_KEY_MAX ? "hashkey" : "rangekey", max);
}

enum leat_code index_check_item(const struct table *table, struct leat_slice item, struct leat_fault *fault) {
    for (size_t i = 0; i < table->index_count; i++) {
        const struct table_index *index = &table->indexes[i];
        TRY(check_attribute(index, index->keys.partition, index->keys.partition_type, item, fault));
        TRY(check_attribute(index, index->keys.sort, index->keys.sort_type, item, fault));
    }
    return LEAT_OK;
}

enum leat_code index_entry_key(const struct table *table, const struct table_index *index, struct leat_slice item,
                               struct arena *arena, struct leat_slice *out, struct leat_fault *fault) {
    *out = (struct leat_slice){NULL, 0};
    struct schema_key own = schema_key_of(&index->keys, item), base = schema_key_of(&table->keys, item);
    bool sorted = index->keys.sort.data != NULL;
    if (own.partition.type != index->keys.partition_type || (sorted && own.sort.type != index->keys.sort_type)) return LEAT_OK;
    struct buf key;
    buf_init_in(&key, arena, ENTRY_KEY_MAX);
    schema_put_partition(&key, index->spec->local ? index->space : SCHEMA_SPACE_ITEMS, &own.partition);
    if (sorted) item_key_append(&key, &own.sort);
    if (!index->spec->local) schema_put_component(&key, &base.partition);
    if (base.sort.type != ITEM_ABSENT) item_key_append(&key, &base.sort);
    *out = buf_keep(&key);
    return out->data == NULL ? fault_memory(fault) : LEAT_OK;
}

bool index_projects(const struct table *table, const struct table_index *index, struct leat_slice name) {
    if (index->spec->projection == LEAT_PROJECT_ALL) return true;
    const struct leat_slice keys[] = {table->keys.partition, table->keys.sort, index->keys.partition, index->keys.sort};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].data != NULL && slice_equal(keys[i], name)) return true;
    if (index->spec->projection == LEAT_PROJECT_KEYS_ONLY) return false;
    for (size_t i = 0; i < index->spec->include_count; i++)
        if (slice_equal(index->spec->include[i], name)) return true;
    return false;
}

enum leat_code index_entry_value(const struct table *table, const struct table_index *index, struct leat_slice item,
                                 struct arena *arena, struct leat_slice *out, struct leat_fault *fault) {
    *out = item;
    if (index->spec->projection == LEAT_PROJECT_ALL) return LEAT_OK;
    struct buf value;
    struct leat_slice name;
    struct item_value attribute;
    buf_init_in(&value, arena, ENTRY_VALUE_MAX);
    struct item_iterator at = item_iterate(item);
    while (item_map_next(&at, &name, &attribute)) {
        if (!index_projects(table, index, name)) continue;
        item_put_name(&value, name);
        item_put_value(&value, &attribute);
    }
    *out = buf_keep(&value);
    return out->data == NULL ? fault_memory(fault) : LEAT_OK;
}

/* The bytes of an item's entry by AWS's rules, without making it; 0: it has none. */
static size_t entry_bytes(const struct table *table, const struct table_index *index, struct leat_slice item, size_t item_bytes) {
    struct schema_key own = schema_key_of(&index->keys, item);
    if (own.partition.type != index->keys.partition_type) return 0;
    if (index->keys.sort.data != NULL && own.sort.type != index->keys.sort_type) return 0;
    if (index->spec->projection == LEAT_PROJECT_ALL) return item_bytes;
    struct item_iterator at = item_iterate(item);
    struct leat_slice name;
    struct item_value attribute;
    size_t bytes = 0;
    while (item_map_next(&at, &name, &attribute))
        if (index_projects(table, index, name)) bytes += name.size + item_value_size(&attribute);
    return bytes;
}

bool index_fits(const struct table *table, struct leat_slice item, size_t item_bytes) {
    if (item_bytes * (1 + table->local_count) <= SCHEMA_ITEM_MAX) return true;
    size_t bytes = item_bytes;
    for (size_t i = 0; i < table->index_count; i++)
        if (table->indexes[i].spec->local) bytes += entry_bytes(table, &table->indexes[i], item, item_bytes);
    return bytes <= SCHEMA_ITEM_MAX;
}

/* ---- changing ---- */

/* Most indexes hold whole items, whose sizes are known. */
static size_t value_bytes(const struct table_index *index, struct leat_slice value, size_t item_bytes) {
    if (value.data == NULL) return 0;
    return index->spec->projection == LEAT_PROJECT_ALL ? item_bytes : item_size(value);
}

static enum leat_code plan_one(const struct table *table, const struct table_index *index, const struct index_images *images,
                               struct arena *arena, struct index_change *out, struct leat_fault *fault) {
    struct index_change change = {.index = index};
    struct leat_slice before = images->before, after = images->after;
    if (before.data != NULL) TRY(index_entry_key(table, index, before, arena, &change.old_key, fault));
    if (after.data != NULL) TRY(index_entry_key(table, index, after, arena, &change.new_key, fault));
    if (change.old_key.data != NULL) TRY(index_entry_value(table, index, before, arena, &change.old_value, fault));
    if (change.new_key.data != NULL) TRY(index_entry_value(table, index, after, arena, &change.new_value, fault));
    change.old_bytes = value_bytes(index, change.old_value, images->before_bytes);
    change.new_bytes = value_bytes(index, change.new_value, images->after_bytes);
    *out = change;
    return LEAT_OK;
}

static bool moved(const struct index_change *change) {
    return change->old_key.data == NULL || change->new_key.data == NULL || !slice_equal(change->old_key, change->new_key);
}

static bool changes(const struct index_change *change) {
    if (change->old_key.data == NULL && change->new_key.data == NULL) return false;
    return moved(change) || !slice_equal(change->old_value, change->new_value);
}

enum leat_code index_plan(const struct table *table, const struct index_images *images, struct arena *arena,
                          struct index_changes *out, struct leat_fault *fault) {
    *out = (struct index_changes){NULL, 0};
    if (table->index_count == 0) return LEAT_OK;
    out->at = ARENA_ARRAY(arena, struct index_change, table->index_count);
    if (out->at == NULL) return fault_memory(fault);
    for (size_t i = 0; i < table->index_count; i++) {
        TRY(plan_one(table, &table->indexes[i], images, arena, &out->at[out->count], fault));
        out->count += changes(&out->at[out->count]);
    }
    return LEAT_OK;
}

double index_units(const struct index_change *change) {
    if (!moved(change)) return capacity_write(change->old_bytes, change->new_bytes, false);
    return (change->old_key.data != NULL ? capacity_write(change->old_bytes, 0, false) : 0) +
           (change->new_key.data != NULL ? capacity_write(0, change->new_bytes, false) : 0);
}

/* A global index counts its own entries, as its table counts items. */
static enum leat_code count_entry(const struct index_change *change, struct overlay *overlay, struct leat_fault *fault) {
    if (change->index->spec->local) return LEAT_OK;
    struct overlay_entry *entry = overlay_at(overlay, index_part(change->index), counters_key(), false);
    if (entry == NULL) return fault_memory(fault);
    struct counters counters = counters_decode(entry->value);
    counters.items += (uint64_t)(change->new_key.data != NULL) - (uint64_t)(change->old_key.data != NULL);
    counters.bytes += (uint64_t)change->new_bytes - (uint64_t)change->old_bytes;
    overlay_set(entry, counters_encode(counters, overlay->arena));
    return entry->value.data == NULL ? fault_memory(fault) : LEAT_OK;
}

static enum leat_code set_entry(struct overlay *overlay, store_part part, struct leat_slice key, struct leat_slice value,
                                struct leat_fault *fault) {
    struct overlay_entry *entry = overlay_at(overlay, part, key, false);
    if (entry == NULL) return fault_memory(fault);
    overlay_set(entry, value);
    return LEAT_OK;
}

enum leat_code index_perform(struct engine *engine, const struct table *table, const struct index_changes *all, store_part part,
                             struct leat_slice store_key, struct overlay *overlay, struct leat_fault *fault) {
    for (size_t i = 0; i < all->count; i++) {
        const struct index_change *change = &all->at[i];
        if (!fill_passed(engine, table, change->index, part, store_key)) continue;
        store_part where = change->index->spec->local ? part : index_part(change->index);
        if (change->old_key.data != NULL && moved(change))
            TRY(set_entry(overlay, where, change->old_key, (struct leat_slice){NULL, 0}, fault));
        if (change->new_key.data != NULL) TRY(set_entry(overlay, where, change->new_key, change->new_value, fault));
        TRY(count_entry(change, overlay, fault));
    }
    return LEAT_OK;
}
