#include "table/walk.h"

#include "base/slice.h"
#include "table/index.h"

enum { HASHES = 65536 };

static const struct leat_slice ABSENT = {NULL, 0};

/* ---- where to look ---- */

static uint8_t walk_space(const struct walk *walk) {
    return walk->index != NULL && walk->index->spec->local ? walk->index->space : SCHEMA_SPACE_ITEMS;
}

static bool walk_global(const struct walk *walk) { return walk->index != NULL && !walk->index->spec->local; }

struct leat_slice walk_keep(struct walk *walk, struct buf *bytes) {
    struct leat_slice kept = buf_ok(bytes) ? arena_copy(&walk->result->memory->arena, buf_view(bytes)) : ABSENT;
    if (kept.data == NULL) walk->code = fault_memory(walk->fault);
    return kept;
}

/* The smallest key greater than all that begin with what is in `key`. */
static struct leat_slice keep_successor(struct walk *walk, struct buf *key) {
    return item_key_successor(key) ? walk_keep(walk, key) : ABSENT;
}

static void bound(struct walk *walk, struct range *range, const struct expr_key_range *keys) {
    struct buf low, high;
    buf_init(&low, WALK_KEY_MAX);
    buf_init(&high, WALK_KEY_MAX);
    schema_put_partition(&low, walk_space(walk), &keys->partition);
    buf_slice(&high, buf_view(&low));
    bool from = false, beyond = true; /* does low have an operand; is the end behind all that begin with high */
    switch (keys->range) {
    case EXPR_KEY_ALL: break;
    case EXPR_KEY_EQUAL: case EXPR_KEY_BETWEEN: case EXPR_KEY_GREATER_EQUAL:
        item_key_append(&low, &keys->low);
        if (keys->range == EXPR_KEY_EQUAL) item_key_append(&high, &keys->low);
        if (keys->range == EXPR_KEY_BETWEEN) item_key_append(&high, &keys->high);
        break;
    case EXPR_KEY_GREATER: item_key_append(&low, &keys->low); from = true; break;
    case EXPR_KEY_LESS: item_key_append(&high, &keys->low); beyond = false; break;
    case EXPR_KEY_LESS_EQUAL: item_key_append(&high, &keys->low); break;
    case EXPR_KEY_BEGINS_WITH:
        item_key_append_prefix(&low, &keys->low);
        item_key_append_prefix(&high, &keys->low);
        break;
    }
    range->low = from ? keep_successor(walk, &low) : walk_keep(walk, &low);
    range->high = beyond ? keep_successor(walk, &high) : walk_keep(walk, &high);
    buf_fini(&low);
    buf_fini(&high);
}

static enum leat_code query_ranges(struct walk *walk) {
    walk->ranges = ARENA_ARRAY(&walk->result->memory->arena, struct range, walk->key_count);
    if (walk->ranges == NULL) return fault_memory(walk->fault);
    walk->range_count = walk->key_count;
    for (size_t i = 0; i < walk->key_count; i++) {
        uint16_t part = schema_part(item_key_hash(&walk->keys[i].partition), walk->table->part_count);
        walk->ranges[i].part = walk_global(walk) ? index_part(walk->index) : table_part(walk->table, part);
        bound(walk, &walk->ranges[i], &walk->keys[i]);
    }
    return walk->code;
}

static struct leat_slice hash_key(struct walk *walk, uint32_t hash) {
    const uint8_t space = walk_space(walk);
    const uint8_t key[3] = {(uint8_t)(hash >= HASHES ? space + 1 : space), (uint8_t)(hash >> 8), (uint8_t)hash};
    return arena_copy(&walk->result->memory->arena, slice_of(key, hash >= HASHES ? 1 : 3));
}

/* A scan's segment is a range of the hash space, and each partition is one too. */
static enum leat_code scan_ranges(struct walk *walk) {
    const struct leat_query *query = walk->query;
    uint32_t segments = query->segments == 0 ? 1 : query->segments;
    uint32_t first = (uint32_t)((uint64_t)HASHES * query->segment / segments);
    uint32_t end = (uint32_t)((uint64_t)HASHES * (query->segment + 1) / segments);
    uint16_t parts = walk_global(walk) ? 1 : walk->table->part_count;
    walk->ranges = ARENA_ARRAY(&walk->result->memory->arena, struct range, parts);
    if (walk->ranges == NULL) return fault_memory(walk->fault);
    for (uint16_t i = 0; i < parts && first < end; i++) {
        if (schema_part((uint16_t)first, parts) > i || schema_part((uint16_t)(end - 1), parts) < i) continue;
        struct range *range = &walk->ranges[walk->range_count++];
        range->part = walk_global(walk) ? index_part(walk->index) : table_part(walk->table, i);
        range->low = hash_key(walk, first);
        range->high = hash_key(walk, end);
        if (range->low.data == NULL || range->high.data == NULL) return fault_memory(walk->fault);
    }
    return LEAT_OK;
}

/* ---- where to go on ---- */

static enum leat_code bad_start(struct walk *walk) {
    return fault_set(walk->fault, LEAT_VALIDATION, "The provided starting key is invalid");
}

/* ExclusiveStartKey has the keys of the table and, on an index, of the index, and nothing else. */
static enum leat_code check_start(struct walk *walk, struct leat_slice start) {
    const struct schema *schemas[2] = {&walk->table->keys, walk->schema};
    struct item_iterator at = item_iterate(start);
    struct leat_slice name;
    struct item_value value;
    size_t wanted = 0, found = 0;
    while (item_map_next(&at, &name, &value)) {
        bool known = false;
        for (int i = 0; i < 2; i++)
            known |= slice_equal(name, schemas[i]->partition) || (schemas[i]->sort.data != NULL && slice_equal(name, schemas[i]->sort));
        if (!known) return bad_start(walk);
        found++;
    }
    const struct leat_slice names[4] = {schemas[0]->partition, schemas[0]->sort, schemas[1]->partition, schemas[1]->sort};
    const enum item_type types[4] = {schemas[0]->partition_type, schemas[0]->sort_type, schemas[1]->partition_type,
                                     schemas[1]->sort_type};
    for (int i = 0; i < 4; i++) {
        if (names[i].data == NULL) continue;
        bool again = false;
        for (int k = 0; k < i; k++) again |= names[k].data != NULL && slice_equal(names[i], names[k]);
        if (again) continue;
        wanted++;
        if (!item_find(start, names[i], &value) || value.type != types[i]) return bad_start(walk);
    }
    return wanted == found ? LEAT_OK : bad_start(walk);
}

static enum leat_code start_key(struct walk *walk, struct leat_slice start, store_part *part, struct leat_slice *key) {
    struct arena *arena = &walk->result->memory->arena;
    struct schema_key base = schema_key_of(&walk->table->keys, start);
    *part = table_part(walk->table, schema_part(item_key_hash(&base.partition), walk->table->part_count));
    if (walk->index != NULL) {
        if (walk_global(walk)) *part = index_part(walk->index);
        return index_entry_key(walk->table, walk->index, start, arena, key, walk->fault);
    }
    struct buf bytes;
    buf_init(&bytes, WALK_KEY_MAX);
    schema_put_item_key(&bytes, &base);
    *key = walk_keep(walk, &bytes);
    buf_fini(&bytes);
    return walk->code;
}

/* Cuts off everything up to the start key, in walking order. */
static enum leat_code skip_to_start(struct walk *walk) {
    struct leat_slice start = walk->query->start, key;
    store_part part;
    if (start.data == NULL) return LEAT_OK;
    TRY(check_start(walk, start));
    TRY(start_key(walk, start, &part, &key));
    size_t at = 0;
    bool partition = false;
    for (; at < walk->range_count; at++) {
        const struct range *range = &walk->ranges[at];
        if (range->part != part) continue;
        partition = true;
        if (slice_compare(key, range->low) >= 0 && (range->high.data == NULL || slice_compare(key, range->high) < 0)) break;
    }
    if (!partition) return bad_start(walk);
    if (at == walk->range_count)
        return fault_set(walk->fault, LEAT_VALIDATION,
                         walk->key_count > 0 ? "The provided starting key is outside query boundaries based on provided conditions"
                                             : "The provided starting key is invalid");
    struct range *range = &walk->ranges[at];
    walk->ranges += at;
    walk->range_count -= at;
    if (walk->query->backward) {
        range->high = key;
        return LEAT_OK;
    }
    struct buf next;
    buf_init(&next, WALK_KEY_MAX);
    buf_slice(&next, key);
    buf_byte(&next, 0);
    range->low = walk_keep(walk, &next);
    buf_fini(&next);
    return walk->code;
}

enum leat_code walk_locate(struct walk *walk) {
    TRY(walk->key_count > 0 ? query_ranges(walk) : scan_ranges(walk));
    return skip_to_start(walk);
}
