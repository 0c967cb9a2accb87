/* Query and Scan: a page is a walk over ranges of store keys until a limit is met.
 *
 * A table or index is walked through "ranges", one per partition that can hold matching rows, in hash order; a query has one. */
#include "base/slice.h"
#include "expr/expr.h"
#include "table/capacity.h"
#include "table/charge.h"
#include "table/read.h"
#include "table/scalars.h"

enum { KEY_MAX = 32 * 1024, PROJECTED_MAX = 4 * 1024 * 1024, HASHES = 65536 };

struct range { store_part part; struct leat_slice low, high; /* low <= key < high; high absent: to the end */ };

struct walk {
    const struct leat_query *query;
    struct table *table;            /* a reference */
    const struct table_index *index; /* or NULL */
    const struct schema *schema;    /* the index's or the table's */
    const struct expr_condition *filter;
    const struct expr_projection *projection;
    const struct expr_key_condition *key_condition;
    const struct expr_key_range *keys; /* what it comes to; a statement may look for several partition keys, in this order */
    size_t key_count;                  /* 0: scan */
    struct range *ranges;
    size_t range_count;
    struct leat_result *result;
    size_t capacity;                /* of result->items */
    struct capacity_page page;      /* what was looked at */
    bool fetch;                     /* a local index is asked for attributes it does not have: read the items */
    bool full;
    struct engine *engine;
    struct leat_fault *fault;
    enum leat_code code;
};

static const struct leat_slice ABSENT = {NULL, 0};

/* ---- where to look ---- */

static uint8_t walk_space(const struct walk *walk) {
    return walk->index != NULL && walk->index->spec->local ? walk->index->space : SCHEMA_SPACE_ITEMS;
}

static bool walk_global(const struct walk *walk) { return walk->index != NULL && !walk->index->spec->local; }

static struct leat_slice keep(struct walk *walk, struct buf *key) {
    struct leat_slice kept = buf_ok(key) ? arena_copy(&walk->result->memory->arena, buf_view(key)) : ABSENT;
    if (kept.data == NULL) walk->code = fault_memory(walk->fault);
    return kept;
}

/* The smallest key greater than all that begin with what is in `key`. */
static struct leat_slice keep_successor(struct walk *walk, struct buf *key) {
    return item_key_successor(key) ? keep(walk, key) : ABSENT;
}

static void bound(struct walk *walk, struct range *range, const struct expr_key_range *keys) {
    struct buf low, high;
    buf_init(&low, KEY_MAX);
    buf_init(&high, KEY_MAX);
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
    range->low = from ? keep_successor(walk, &low) : keep(walk, &low);
    range->high = beyond ? keep_successor(walk, &high) : keep(walk, &high);
    buf_fini(&low);
    buf_fini(&high);
}

static enum leat_code bind_keys(struct walk *walk) {
    const struct schema *schema = walk->schema;
    struct expr_key_range *keys = ARENA_NEW(&walk->result->memory->arena, struct expr_key_range);
    if (keys == NULL) return fault_memory(walk->fault);
    TRY(expr_key_condition_bind(walk->key_condition, (struct expr_key_attribute){schema->partition, schema->partition_type},
                                (struct expr_key_attribute){schema->sort, schema->sort_type}, keys, walk->fault));
    walk->keys = keys;
    walk->key_count = 1;
    return LEAT_OK;
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
    buf_init(&bytes, KEY_MAX);
    schema_put_item_key(&bytes, &base);
    *key = keep(walk, &bytes);
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
    buf_init(&next, KEY_MAX);
    buf_slice(&next, key);
    buf_byte(&next, 0);
    range->low = keep(walk, &next);
    buf_fini(&next);
    return walk->code;
}

/* ---- walking ---- */

static bool take(struct walk *walk, struct leat_slice item) {
    struct leat_result *result = walk->result;
    struct arena *arena = &result->memory->arena;
    if (walk->query->select == LEAT_SELECT_COUNT) {
        result->count++;
        return true;
    }
    if (result->count == walk->capacity) {
        size_t capacity = walk->capacity == 0 ? 32 : walk->capacity * 2;
        struct leat_slice *items = ARENA_ARRAY(arena, struct leat_slice, capacity);
        if (items == NULL) return false;
        for (size_t i = 0; i < result->count; i++) items[i] = result->items[i];
        result->items = items;
        walk->capacity = capacity;
    }
    struct leat_slice kept;
    if (walk->projection == NULL) {
        kept = arena_copy(arena, item);
    } else {
        struct buf out;
        buf_init_in(&out, arena, PROJECTED_MAX);
        walk->code = expr_projection_apply(walk->projection, item, &out, walk->fault);
        kept = buf_keep(&out);
    }
    result->items[result->count++] = kept;
    return kept.data != NULL;
}

/* LastEvaluatedKey: the keys of the table and of the index of the last item looked at. */
static bool note_last(struct walk *walk, struct leat_slice item) {
    struct buf key;
    struct item_iterator at = item_iterate(item);
    struct leat_slice name;
    struct item_value value;
    buf_init(&key, KEY_MAX);
    while (item_map_next(&at, &name, &value)) {
        const struct schema *schemas[2] = {&walk->table->keys, walk->schema};
        bool wanted = false;
        for (int i = 0; i < 2; i++)
            wanted |= slice_equal(name, schemas[i]->partition) || (schemas[i]->sort.data != NULL && slice_equal(name, schemas[i]->sort));
        if (!wanted) continue;
        item_put_name(&key, name);
        item_put_value(&key, &value);
    }
    walk->result->last_key = keep(walk, &key);
    buf_fini(&key);
    return walk->result->last_key.data != NULL;
}

/* The whole item behind an entry of a local index that does not hold all its attributes. */
static struct leat_slice fetch_item(struct walk *walk, struct leat_slice entry) {
    struct schema_key key = schema_key_of(&walk->table->keys, entry);
    struct store_key where = {table_part(walk->table, schema_part(item_key_hash(&key.partition), walk->table->part_count)), ABSENT};
    struct leat_slice item = ABSENT;
    struct buf bytes;
    buf_init(&bytes, KEY_MAX);
    schema_put_item_key(&bytes, &key);
    where.key = keep(walk, &bytes);
    buf_fini(&bytes);
    if (walk->code == LEAT_OK)
        walk->code = store_get(walk->engine->store, &where, 1, &walk->result->memory->arena, &item, walk->fault);
    return item.data != NULL ? item : entry;
}

static bool walk_row(void *context, struct leat_slice key, struct leat_slice item) {
    struct walk *walk = context;
    (void)key;
    walk->result->scanned_count++;
    walk->page.bytes += item_size(item);
    struct leat_slice whole = walk->fetch ? fetch_item(walk, item) : item;
    if (walk->code != LEAT_OK) return false;
    if (walk->fetch) capacity_page_fetched(&walk->page, item_size(whole));
    if (walk->filter == NULL || expr_condition_test(walk->filter, whole)) {
        if (!take(walk, whole) && walk->code == LEAT_OK) walk->code = fault_memory(walk->fault);
        if (walk->code != LEAT_OK) return false;
    }
    bool limit = walk->query->limit != 0 && walk->result->scanned_count == walk->query->limit;
    if (!limit && !capacity_page_full(&walk->page)) return true;
    walk->full = true;
    if (!note_last(walk, item)) walk->code = fault_memory(walk->fault);
    return false;
}

/* ---- the request ---- */

static enum leat_code check_filter_keys(const struct walk *walk) {
    const struct leat_slice names[2] = {walk->schema->partition, walk->schema->sort};
    if (walk->filter == NULL || walk->key_condition == NULL) return LEAT_OK;
    for (int i = 0; i < 2; i++)
        if (names[i].data != NULL && expr_condition_uses(walk->filter, names[i]))
            return fault_set(walk->fault, LEAT_VALIDATION,
                             "Filter Expression can only contain non-primary key attributes: Primary key attribute: %.*s",
                             SLICE_FORMAT(names[i]));
    return LEAT_OK;
}

static enum leat_code parse(struct walk *walk) {
    const struct leat_query *query = walk->query;
    struct expr_environment environment;
    if (query->key_condition.data == NULL && query->filter.data == NULL && query->projection.data == NULL)
        return expr_environment_unneeded(query->names, query->values, "FilterExpression is null", walk->fault);
    TRY(expr_environment_init(&environment, &walk->result->memory->arena, query->names, query->values, walk->fault));
    environment.generated = query->generated;
    if (query->filter.data != NULL)
        TRY(expr_condition_parse(&environment, EXPR_FILTER, query->filter, &walk->filter, walk->fault));
    if (query->projection.data != NULL)
        TRY(expr_projection_parse(&environment, query->projection, &walk->projection, walk->fault));
    if (query->key_condition.data != NULL)
        TRY(expr_key_condition_parse(&environment, query->key_condition, &walk->key_condition, walk->fault));
    if (walk->key_condition != NULL) TRY(expr_key_condition_check(walk->key_condition, walk->fault));
    return expr_environment_finish(&environment, true, walk->fault);
}

struct unprojected { const struct walk *walk; bool any; struct buf *names; };

static void look_projected(void *context, struct leat_slice name) {
    struct unprojected *unprojected = context;
    if (index_projects(unprojected->walk->table, unprojected->walk->index, name)) return;
    buf_print(unprojected->names, "%s%.*s", unprojected->any ? ", " : "", SLICE_FORMAT(name));
    unprojected->any = true;
}

/* Developer Guide, "Attribute projections": a global index answers what it projects and nothing else; a local one reads the item. */
static enum leat_code check_projected(struct walk *walk) {
    struct buf names;
    struct unprojected unprojected = {walk, walk->query->select == LEAT_SELECT_ALL, &names};
    if (walk->index->spec->projection == LEAT_PROJECT_ALL) return LEAT_OK;
    buf_init(&names, sizeof walk->fault->message);
    if (walk->projection != NULL) expr_projection_names(walk->projection, look_projected, &unprojected);
    walk->fetch = walk->index->spec->local && unprojected.any;
    enum leat_code code = LEAT_OK;
    if (unprojected.any && !walk->index->spec->local)
        code = fault_set(walk->fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: Global secondary index %.*s does not project [%.*s]",
                         SLICE_FORMAT(walk->index->spec->name), SLICE_FORMAT(buf_view(&names)));
    buf_fini(&names);
    return code;
}

static enum leat_code choose_source(struct walk *walk) {
    const struct leat_query *query = walk->query;
    walk->schema = &walk->table->keys;
    if (query->index.data == NULL) return LEAT_OK;
    walk->index = table_find_index(walk->table, query->index);
    if (walk->index == NULL)
        return fault_set(walk->fault, LEAT_VALIDATION, "The table does not have the specified index: %.*s",
                         SLICE_FORMAT(query->index));
    if (walk->index->spec->status == LEAT_CREATING)
        return fault_set(walk->fault, LEAT_VALIDATION, "Cannot read from backfilling global secondary index: %.*s",
                         SLICE_FORMAT(query->index));
    walk->schema = &walk->index->keys;
    if (!walk->index->spec->local && query->consistent)
        return fault_set(walk->fault, LEAT_VALIDATION, "Consistent reads are not supported on global secondary indexes");
    bool partial = walk->index->spec->projection != LEAT_PROJECT_ALL;
    if (!walk->index->spec->local && partial && query->select == LEAT_SELECT_ALL)
        return fault_set(walk->fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global "
                         "secondary index %.*s because its projection type is not ALL", SLICE_FORMAT(query->index));
    return check_projected(walk);
}

static enum leat_code charge(struct walk *walk) {
    struct leat_capacity *capacity = walk->result->capacity;
    TRY(capacity_page_charge(&walk->page, walk->query->consistent, walk->index == NULL ? NULL : walk->index->spec, capacity,
                             &walk->result->memory->arena, walk->fault));
    const struct charge_reading reading = {.table = walk->table, .index = walk->index, .table_units = capacity->units,
                                           .index_units = walk->index == NULL ? 0 : capacity->indexes[0].units};
    return charge_read(walk->engine, &reading, walk->fault);
}

static enum leat_code walk_ranges(struct walk *walk) {
    TRY(walk->key_count > 0 ? query_ranges(walk) : scan_ranges(walk));
    TRY(skip_to_start(walk));
    for (size_t i = 0; i < walk->range_count && !walk->full; i++) {
        struct range *range = &walk->ranges[i];
        if (range->high.data != NULL && slice_compare(range->low, range->high) >= 0) continue;
        TRY(store_scan(walk->engine->store, range->part, range->low, range->high, walk->query->backward, walk_row, walk,
                       walk->fault));
        TRY(walk->code);
    }
    return charge(walk);
}

static enum leat_code walk_all(struct walk *walk) {
    TRY(choose_source(walk));
    TRY(check_filter_keys(walk));
    TRY(scalars_check(walk->table, &(struct scalars){.condition = walk->filter, .projection = walk->projection}, walk->fault));
    if (walk->key_condition != NULL) TRY(bind_keys(walk));
    return walk_ranges(walk);
}

static enum leat_code result_init(struct leat_result *result, struct leat_fault *fault) {
    result->capacity = ARENA_NEW(&result->memory->arena, struct leat_capacity);
    if (result->capacity == NULL) return fault_memory(fault);
    result->capacity_count = 1;
    return LEAT_OK;
}

enum leat_code read_query(struct engine *engine, const struct leat_query *query, struct leat_result *result,
                          struct leat_fault *fault) {
    struct walk walk = {.query = query, .result = result, .engine = engine, .fault = fault};
    *result = (struct leat_result){.memory = table_memory_new(0)};
    if (result->memory == NULL) return fault_memory(fault);
    TRY(result_init(result, fault));
    TRY(parse(&walk));
    TRY(catalogue_need(&engine->catalogue, query->table, &walk.table, fault));
    enum leat_code code = walk_all(&walk);
    table_release(walk.table);
    return code;
}

enum leat_code read_page(struct engine *engine, const struct read_page *page, struct leat_result *result, struct leat_fault *fault) {
    struct walk walk = {.query = page->query, .table = page->table, .filter = page->filter, .keys = page->keys,
                        .key_count = page->key_count, .result = result, .engine = engine, .fault = fault};
    TRY(result_init(result, fault));
    TRY(choose_source(&walk));
    return walk_ranges(&walk);
}
