#include "table/index.h"

#include "base/slice.h"
#include "table/capacity.h"
#include "table/collections.h"
#include "table/counters.h"
#include "table/fill.h"

enum { ENTRY_KEY_MAX = 32 * 1024, ENTRY_VALUE_MAX = 1024 * 1024 };

/* An attribute that is a key of an index, and what is checked of it. */
struct index_key { const struct table_index *index; struct leat_slice name; enum item_type type; size_t max; };
enum { KEYS_OF_INDEX = 2 };

/* The keys of all indexes, from 0; false: there are no more. A name is absent where an index has no sort key. */
static bool key_at(const struct table *table, size_t at, struct index_key *out) {
    if (at / KEYS_OF_INDEX >= table->index_count) return false;
    const struct table_index *index = &table->indexes[at / KEYS_OF_INDEX];
    const struct schema *keys = &index->keys;
    if (at % KEYS_OF_INDEX == 0) *out = (struct index_key){index, keys->partition, keys->partition_type, SCHEMA_PARTITION_KEY_MAX};
    else *out = (struct index_key){index, keys->sort, keys->sort_type, SCHEMA_SORT_KEY_MAX};
    return true;
}

static bool is_empty(const struct index_key *key, const struct item_value *value) {
    return key->type != ITEM_N && value->type == key->type && value->payload.size == 0;
}

static const char *type_words(const struct index_key *key) { return key->type == ITEM_S ? "string" : "binary"; }

static enum leat_code check_type(const struct index_key *key, const struct item_value *value, struct leat_fault *fault) {
    if (value->type == key->type) return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION,
                     "One or more parameter values were invalid: Type mismatch for Index Key %.*s Expected: %s Actual: %s "
                     "IndexName: %.*s", SLICE_FORMAT(key->name), item_type_name(key->type), item_type_name(value->type),
                     SLICE_FORMAT(key->index->spec->name));
}

static enum leat_code check_value(const struct index_key *key, const struct item_value *value, struct leat_fault *fault) {
    if (is_empty(key, value))
        return fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values are not valid. A value specified for a secondary index key is not "
                         "supported. The AttributeValue for a key attribute cannot contain an empty %s value. IndexName: %.*s, "
                         "IndexKey: %.*s", type_words(key), SLICE_FORMAT(key->index->spec->name), SLICE_FORMAT(key->name));
    if (key->type == ITEM_N || value->payload.size <= key->max) return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION,
                     "One or more parameter values were invalid: Size of %s has exceeded the maximum size limit of%zu bytes",
                     key->max == SCHEMA_PARTITION_KEY_MAX ? "hashkey" : "rangekey", key->max);
}

static enum leat_code check_each(const struct table *table, struct leat_slice item,
                                 enum leat_code (*check)(const struct index_key *key, const struct item_value *value,
                                                         struct leat_fault *fault),
                                 struct leat_fault *fault) {
    struct index_key key;
    struct item_value value;
    for (size_t i = 0; key_at(table, i, &key); i++)
        if (key.name.data != NULL && item_find(item, key.name, &value)) TRY(check(&key, &value, fault));
    return LEAT_OK;
}

enum leat_code index_check_types(const struct table *table, struct leat_slice item, struct leat_fault *fault) {
    return check_each(table, item, check_type, fault);
}

enum leat_code index_check_values(const struct table *table, struct leat_slice item, struct leat_fault *fault) {
    return check_each(table, item, check_value, fault);
}

static enum leat_code empty_update(const struct index_key *key, struct leat_fault *fault) {
    return fault_set(fault, LEAT_VALIDATION,
                     "One or more parameter values are not valid. The update expression attempted to update a secondary index key to a "
                     "value that is not supported. The AttributeValue for a key attribute cannot contain an empty %s value.",
                     type_words(key));
}

enum leat_code index_check_update_values(const struct table *table, const struct expr_update *update, struct leat_fault *fault) {
    struct index_key key;
    struct item_value value;
    for (size_t i = 0; key_at(table, i, &key); i++)
        if (key.name.data != NULL && expr_update_sets(update, key.name, &value) && is_empty(&key, &value)) return empty_update(&key, fault);
    return LEAT_OK;
}

enum leat_code index_check_update(const struct table *table, struct leat_slice item, const struct expr_update *update, bool generated,
                                  struct leat_fault *fault) {
    struct index_key key;
    struct item_value value;
    for (size_t i = 0; key_at(table, i, &key); i++) {
        if (key.name.data == NULL || !expr_update_changes(update, key.name) || !item_find(item, key.name, &value)) continue;
        if (value.type != key.type)
            return fault_set(fault, LEAT_VALIDATION, "%s",
                             generated ? "Type mismatch for attribute to update"
                                       : "The update expression attempted to update the secondary index key to unsupported type");
        if (is_empty(&key, &value)) return empty_update(&key, fault);
        if (key.type != ITEM_N && value.payload.size > key.max)
            return fault_set(fault, LEAT_VALIDATION,
                             "The update expression attempted to update the secondary index key beyond allowed size limits");
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

struct store_key index_counters(const struct table_index *index, store_part part) {
    if (index->spec->local) return (struct store_key){part, counters_local_key(index->space)};
    return (struct store_key){index_part(index), counters_key()};
}

/* An index counts its entries, as its table counts items. */
enum leat_code index_count(const struct index_change *change, store_part part, struct overlay *overlay, struct leat_fault *fault) {
    const struct store_key where = index_counters(change->index, part);
    struct overlay_entry *entry = overlay_at(overlay, where.part, where.key, false);
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
    const bool counted = table->local_count == 0 || collections_passed(engine, table, part, store_key);
    for (size_t i = 0; i < all->count; i++) {
        const struct index_change *change = &all->at[i];
        if (!fill_passed(engine, table, change->index, part, store_key)) continue;
        store_part where = change->index->spec->local ? part : index_part(change->index);
        if (change->old_key.data != NULL && moved(change))
            TRY(set_entry(overlay, where, change->old_key, (struct leat_slice){NULL, 0}, fault));
        if (change->new_key.data != NULL) TRY(set_entry(overlay, where, change->new_key, change->new_value, fault));
        if (change->index->spec->local && !counted) continue;
        TRY(index_count(change, part, overlay, fault));
    }
    return LEAT_OK;
}
