/* Query and Scan: a page is a walk over ranges of store keys (walk.h) until a limit is met. */
#include "base/slice.h"
#include "table/charge.h"
#include "table/read.h"
#include "table/scalars.h"
#include "table/walk.h"

enum { PROJECTED_MAX = 4 * 1024 * 1024 };

static const struct leat_slice ABSENT = {NULL, 0};

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
    buf_init(&key, WALK_KEY_MAX);
    while (item_map_next(&at, &name, &value)) {
        const struct schema *schemas[2] = {&walk->table->keys, walk->schema};
        bool wanted = false;
        for (int i = 0; i < 2; i++)
            wanted |= slice_equal(name, schemas[i]->partition) || (schemas[i]->sort.data != NULL && slice_equal(name, schemas[i]->sort));
        if (!wanted) continue;
        item_put_name(&key, name);
        item_put_value(&key, &value);
    }
    walk->result->last_key = walk_keep(walk, &key);
    buf_fini(&key);
    return walk->result->last_key.data != NULL;
}

/* The whole item behind an entry of a local index that does not hold all its attributes. */
static struct leat_slice fetch_item(struct walk *walk, struct leat_slice entry) {
    struct schema_key key = schema_key_of(&walk->table->keys, entry);
    struct store_key where = {table_part(walk->table, schema_part(item_key_hash(&key.partition), walk->table->part_count)), ABSENT};
    struct leat_slice item = ABSENT;
    struct buf bytes;
    buf_init(&bytes, WALK_KEY_MAX);
    schema_put_item_key(&bytes, &key);
    where.key = walk_keep(walk, &bytes);
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
    if (walk->index == NULL || walk->index->spec->status == LEAT_DELETING)
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

static enum leat_code charge(struct walk *walk) {
    struct leat_capacity *capacity = walk->result->capacity;
    TRY(capacity_page_charge(&walk->page, walk->query->consistent, walk->index == NULL ? NULL : walk->index->spec, capacity,
                             &walk->result->memory->arena, walk->fault));
    const struct charge_reading reading = {.table = walk->table, .index = walk->index, .table_units = capacity->units,
                                           .index_units = walk->index == NULL ? 0 : capacity->indexes[0].units};
    return charge_read(walk->engine, &reading, walk->fault);
}

static enum leat_code walk_ranges(struct walk *walk) {
    TRY(walk_locate(walk));
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
