#include "table/index.h"

#include "base/slice.h"
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

/* A global index counts its own entries, as its table counts items. */
static enum leat_code count_entry(const struct table_index *index, struct overlay *overlay, int items, size_t before,
                                  size_t after, struct leat_fault *fault) {
    if (index->spec->local) return LEAT_OK;
    struct overlay_entry *entry = overlay_at(overlay, index_part(index), counters_key(), false);
    if (entry == NULL) return fault_memory(fault);
    struct counters counters = counters_decode(entry->value);
    counters.items += (uint64_t)items;
    counters.bytes += (uint64_t)after - (uint64_t)before;
    overlay_set(entry, counters_encode(counters, overlay->arena));
    return entry->value.data == NULL ? fault_memory(fault) : LEAT_OK;
}

static enum leat_code change_one(const struct table *table, const struct table_index *index, store_part part,
                                 struct leat_slice before, struct leat_slice after, struct overlay *overlay,
                                 struct leat_fault *fault) {
    struct leat_slice old_key = {NULL, 0}, new_key = {NULL, 0}, old_value = {NULL, 0}, new_value = {NULL, 0};
    if (before.data != NULL) TRY(index_entry_key(table, index, before, overlay->arena, &old_key, fault));
    if (after.data != NULL) TRY(index_entry_key(table, index, after, overlay->arena, &new_key, fault));
    if (old_key.data != NULL) TRY(index_entry_value(table, index, before, overlay->arena, &old_value, fault));
    if (new_key.data != NULL) TRY(index_entry_value(table, index, after, overlay->arena, &new_value, fault));
    if (old_key.data == NULL && new_key.data == NULL) return LEAT_OK;
    bool moved = old_key.data == NULL || new_key.data == NULL || !slice_equal(old_key, new_key);
    if (!moved && slice_equal(old_value, new_value)) return LEAT_OK;
    store_part where = index->spec->local ? part : index_part(index);
    if (old_key.data != NULL && moved) {
        struct overlay_entry *entry = overlay_at(overlay, where, old_key, false);
        if (entry == NULL) return fault_memory(fault);
        overlay_set(entry, (struct leat_slice){NULL, 0});
    }
    if (new_key.data != NULL) {
        struct overlay_entry *entry = overlay_at(overlay, where, new_key, false);
        if (entry == NULL) return fault_memory(fault);
        overlay_set(entry, new_value);
    }
    return count_entry(index, overlay, (new_key.data != NULL) - (old_key.data != NULL),
                       old_key.data == NULL ? 0 : item_size(old_value), new_key.data == NULL ? 0 : item_size(new_value), fault);
}

enum leat_code index_change(struct engine *engine, const struct table *table, store_part part, struct leat_slice store_key,
                            struct leat_slice before, struct leat_slice after, struct overlay *overlay, struct leat_fault *fault) {
    for (size_t i = 0; i < table->index_count; i++)
        if (fill_passed(engine, table, &table->indexes[i], part, store_key))
            TRY(change_one(table, &table->indexes[i], part, before, after, overlay, fault));
    return LEAT_OK;
}
