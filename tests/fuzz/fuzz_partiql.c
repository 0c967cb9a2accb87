/* PartiQL: the first byte of the input says how many parameters there are, the second which item, the rest is the statement. What is
 * parsed is also run; and whatever is said of keys must be true of every item that the condition lets through. */
#include <stdlib.h>

#include "base/slice.h"
#include "expr/partiql.h"
#include "item/item_json.h"

static const char values_json[] =
    "{\"1\":{\"S\":\"a\"},\"2\":{\"N\":\"1\"},\"3\":{\"L\":[{\"N\":\"1\"},{\"S\":\"a\"}]},\"4\":{\"SS\":[\"a\",\"b\"]},\"5\":{\"BOOL\":true},"
    "\"6\":{\"B\":\"YQ==\"},\"7\":{\"NS\":[\"1\",\"2\"]},\"8\":{\"M\":{\"a\":{\"NULL\":true}}}}";
static const char *const item_jsons[] = {
    "{}",
    "{\"a\":{\"S\":\"a\"},\"b\":{\"N\":\"1\"},\"c\":{\"SS\":[\"a\",\"c\"]},\"d\":{\"B\":\"YWI=\"}}",
    "{\"a\":{\"S\":\"ab\"},\"b\":{\"N\":\"-2.5\"},\"c\":{\"L\":[{\"N\":\"1\"},{\"M\":{\"a\":{\"S\":\"x\"}}}]},\"d\":{\"NULL\":true}}",
    "{\"a\":{\"M\":{\"a\":{\"N\":\"1\"},\"b\":{\"L\":[{\"N\":\"1\"},{\"S\":\"y\"}]}}},\"b\":{\"S\":\"a\"},\"c\":{\"NS\":[\"1\"]}}",
};
enum { ITEMS = sizeof item_jsons / sizeof *item_jsons, VALUES_MAX = 8 };

static struct leat_slice values[VALUES_MAX], items[ITEMS];
static size_t value_count;

#define CHECK(truth) do { if (!(truth)) abort(); } while (0)

static struct leat_slice read_item(const char *json) {
    static struct arena arena;
    struct json_reader reader;
    struct buf buf;
    if (arena.max == 0) arena_init(&arena, 1 << 20);
    buf_init(&buf, 1 << 16);
    json_reader_init(&reader, slice_text(json), &arena);
    CHECK(json_next(&reader) == JSON_OBJECT && item_from_json(&reader, &buf, NULL) == LEAT_OK);
    struct leat_slice item = arena_copy(&arena, buf_view(&buf));
    buf_fini(&buf);
    return item;
}

static void prepare(void) {
    struct item_iterator each = item_iterate(read_item(values_json));
    struct leat_slice name;
    struct item_value value;
    while (value_count < VALUES_MAX && item_map_next(&each, &name, &value)) values[value_count++] = value.whole;
    for (size_t i = 0; i < ITEMS; i++) items[i] = read_item(item_jsons[i]);
}

static bool in_range(const struct expr_key_range *range, const struct item_value *value) {
    if (range->range == EXPR_KEY_ALL) return true;
    int low = slice_compare(value->payload, range->low.payload);
    if (value->type != range->low.type) return false;
    switch (range->range) {
    case EXPR_KEY_EQUAL: return low == 0;
    case EXPR_KEY_LESS: return low < 0;
    case EXPR_KEY_LESS_EQUAL: return low <= 0;
    case EXPR_KEY_GREATER: return low > 0;
    case EXPR_KEY_GREATER_EQUAL: return low >= 0;
    case EXPR_KEY_BETWEEN: return low >= 0 && slice_compare(value->payload, range->high.payload) <= 0;
    default: return slice_starts(value->payload, range->low.payload);
    }
}

/* The item meets the condition: so what is said of the attribute must hold. */
static void check_keys(const struct expr_node *where, struct leat_slice item, struct leat_slice name) {
    struct item_value value, said, all[PARTIQL_KEYS_MAX];
    struct expr_key_range range;
    bool there = item_find(item, name, &value);
    if (partiql_equal(where, name, &said)) CHECK(there && slice_equal(value.whole, said.whole));
    size_t count = partiql_values(where, name, all), i = 0;
    CHECK(count <= PARTIQL_KEYS_MAX);
    while (i < count && !(there && slice_equal(all[i].whole, value.whole))) i++;
    CHECK(count == 0 || i < count);
    partiql_range(where, name, &range);
    CHECK(range.range == EXPR_KEY_ALL || (there && in_range(&range, &value)));
}

static void run_condition(struct arena *arena, const struct expr_node *where, struct leat_slice item) {
    const struct expr_condition condition = {where};
    const struct leat_slice a = SLICE("a"), b = SLICE("b");
    const struct expr_node *rest;
    CHECK(partiql_rest(arena, where, a, b, &rest));
    if (!expr_condition_test(&condition, item)) return;
    check_keys(where, item, a);
    check_keys(where, item, b);
    const struct expr_condition left = {rest};
    CHECK(rest == NULL || expr_condition_test(&left, item));
}

static void run_update(const struct expr_update *update, struct leat_slice item, struct buf *out) {
    struct leat_fault fault;
    enum leat_code code = expr_update_apply(update, item, out, &fault);
    CHECK(code == LEAT_OK || code == LEAT_VALIDATION);
    CHECK(code != LEAT_OK || item_check(buf_view(out)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    if (value_count == 0) prepare();
    struct partiql_statement statement;
    struct leat_fault fault;
    struct arena arena;
    struct buf out;
    struct leat_slice item = items[data[1] % ITEMS];
    arena_init(&arena, 64 << 20);
    buf_init(&out, 1 << 20);
    enum leat_code code = partiql_parse(&arena, slice_of(data + 2, size - 2), values, data[0] % (value_count + 1), &statement, &fault);
    CHECK(code == LEAT_OK || (code == LEAT_VALIDATION && fault.message[0] != 0));
    if (code == LEAT_OK) {
        if (statement.where != NULL) run_condition(&arena, statement.where, item);
        if (statement.kind == PARTIQL_UPDATE) run_update(statement.update, item, &out);
        if (statement.kind == PARTIQL_INSERT) CHECK(item_check(statement.item));
        buf_clear(&out);
        CHECK(partiql_project(&statement, item, &out, &fault) == LEAT_OK && item_check(buf_view(&out)));
    }
    buf_fini(&out);
    arena_fini(&arena);
    return 0;
}
