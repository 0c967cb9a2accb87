#include "base/slice.h"
#include "expr/expr.h"
#include "table/capacity.h"
#include "table/read.h"
#include "table/write.h"

enum { PROJECTED_MAX = 4 * 1024 * 1024 };

struct get_one {
    struct table *table; /* a reference */
    const struct expr_projection *projection;
    size_t slot;         /* of capacity */
};

static enum leat_code get_parse(const struct leat_get *get, struct get_one *one, struct arena *arena, struct leat_fault *fault) {
    const struct leat_slice no_values = {NULL, 0};
    struct expr_environment environment;
    if (get->projection.data == NULL) return expr_environment_unneeded(get->names, no_values, "ProjectionExpression is null", fault);
    TRY(expr_environment_init(&environment, arena, get->names, no_values, fault));
    environment.generated = get->generated;
    TRY(expr_projection_parse(&environment, get->projection, &one->projection, fault));
    return expr_environment_finish(&environment, true, fault);
}

static enum leat_code get_locate(const struct leat_get *get, const struct get_one *one, struct store_key *where,
                                 struct arena *arena, struct leat_fault *fault) {
    struct schema_key key;
    TRY(schema_check_key(&one->table->keys, get->key, &key, fault));
    return write_locate(one->table, &key, arena, &where->part, &where->key, fault);
}

static enum leat_code project(const struct expr_projection *projection, struct arena *arena, struct leat_slice *item,
                              struct leat_fault *fault) {
    if (projection == NULL || item->data == NULL) return LEAT_OK;
    struct buf out;
    buf_init_in(&out, arena, PROJECTED_MAX);
    TRY(expr_projection_apply(projection, *item, &out, fault));
    *item = buf_keep(&out);
    return item->data == NULL ? fault_memory(fault) : LEAT_OK;
}

static enum leat_code get_all(struct engine *engine, const struct leat_get *gets, struct get_one *ones, size_t count,
                              bool transactional, struct leat_result *result, struct leat_fault *fault) {
    struct arena *arena = &result->memory->arena;
    struct store_key *keys = ARENA_ARRAY(arena, struct store_key, count);
    result->items = ARENA_ARRAY(arena, struct leat_slice, count);
    result->capacity = ARENA_ARRAY(arena, double, count);
    if (keys == NULL || result->items == NULL || result->capacity == NULL) return fault_memory(fault);
    /* what is wrong with the request by itself comes before what tables say of it, and that before what they say of keys */
    for (size_t i = 0; i < count; i++) TRY(get_parse(&gets[i], &ones[i], arena, fault));
    for (size_t i = 0; i < count; i++) TRY(catalogue_need(&engine->catalogue, gets[i].table, &ones[i].table, fault));
    for (size_t i = 0; i < count; i++) {
        TRY(get_locate(&gets[i], &ones[i], &keys[i], arena, fault));
        size_t earlier = 0;
        while (earlier < i && ones[earlier].table->id != ones[i].table->id) earlier++;
        ones[i].slot = earlier < i ? ones[earlier].slot : result->capacity_count++;
    }
    TRY(store_get(engine->store, keys, count, arena, result->items, fault));
    result->count = count;
    for (size_t i = 0; i < count; i++) {
        struct leat_slice *item = &result->items[i];
        result->capacity[ones[i].slot] +=
            capacity_read(item->data == NULL ? 0 : item_size(*item), gets[i].consistent, transactional);
        TRY(project(ones[i].projection, arena, item, fault));
    }
    return LEAT_OK;
}

enum leat_code read_get_many(struct engine *engine, const struct leat_get *gets, size_t count, bool transactional,
                             struct leat_result *result, struct leat_fault *fault) {
    *result = (struct leat_result){.memory = NULL};
    if (count == 0 || count > READ_GETS_MAX)
        return fault_set(fault, LEAT_VALIDATION, "a request has 1 to %d keys, not %zu", READ_GETS_MAX, count);
    result->memory = table_memory_new(0);
    if (result->memory == NULL) return fault_memory(fault);
    struct get_one *ones = ARENA_ARRAY(&result->memory->arena, struct get_one, count);
    if (ones == NULL) return fault_memory(fault);
    enum leat_code code = get_all(engine, gets, ones, count, transactional, result, fault);
    for (size_t i = 0; i < count; i++) table_release(ones[i].table);
    return code;
}
