/* Expressions: the first byte of the input chooses the kind, the second the item, the rest is the text. Whatever is parsed is
 * also run, and what comes out is checked. */
#include <stdlib.h>

#include "base/slice.h"
#include "expr/expr.h"
#include "item/item_json.h"

static const char names_json[] = "{\"#a\":{\"S\":\"a\"},\"#b\":{\"S\":\"b\"},\"#n\":{\"S\":\"name\"},\"#i\":{\"S\":\"[3]\"}}";
static const char values_json[] =
    "{\":n\":{\"N\":\"1\"},\":m\":{\"N\":\"-2.5\"},\":h\":{\"N\":\"9E125\"},\":s\":{\"S\":\"a\"},\":e\":{\"S\":\"\"},\":b\":{\"B\":\"YQ==\"},"
    "\":t\":{\"BOOL\":true},\":z\":{\"NULL\":true},\":l\":{\"L\":[{\"N\":\"1\"},{\"S\":\"a\"}]},\":o\":{\"M\":{\"a\":{\"N\":\"1\"}}},"
    "\":ss\":{\"SS\":[\"a\",\"b\"]},\":ns\":{\"NS\":[\"1\",\"2\"]},\":bs\":{\"BS\":[\"YQ==\"]},\":ty\":{\"S\":\"SS\"}}";
static const char *const item_jsons[] = {
    "{}",
    "{\"a\":{\"S\":\"abc\"},\"b\":{\"N\":\"5\"},\"c\":{\"SS\":[\"a\",\"c\"]},\"d\":{\"B\":\"YWI=\"},\"name\":{\"BOOL\":false}}",
    "{\"a\":{\"M\":{\"a\":{\"N\":\"1\"},\"b\":{\"L\":[{\"N\":\"1\"},{\"M\":{\"a\":{\"S\":\"x\"}}}]},\"c\":{\"NS\":[\"1\"]}}},"
    "\"b\":{\"L\":[{\"S\":\"a\"},{\"M\":{\"a\":{\"M\":{\"a\":{\"N\":\"1\"}}}}},{\"L\":[{\"N\":\"1\"},{\"N\":\"2\"}]},{\"SS\":[\"a\"]}]},"
    "\"c\":{\"N\":\"7\"},\"d\":{\"NULL\":true}}",
};
enum { ITEMS = sizeof item_jsons / sizeof *item_jsons };

static struct leat_slice names, values, items[ITEMS];

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

static void run_condition(struct expr_environment *environment, struct leat_slice text, struct leat_slice item) {
    const struct expr_condition *condition;
    struct leat_fault fault;
    enum leat_code code = expr_condition_parse(environment, EXPR_FILTER, text, &condition, &fault);
    CHECK(code == LEAT_OK || code == LEAT_VALIDATION);
    if (code != LEAT_OK) return;
    size_t used = environment->arena->used;
    bool result = expr_condition_test(condition, item);
    CHECK(result == expr_condition_test(condition, item) && environment->arena->used == used);
    struct leat_slice negated = arena_print(environment->arena, "NOT (%.*s)", SLICE_FORMAT(text));
    if (expr_condition_parse(environment, EXPR_FILTER, negated, &condition, &fault) == LEAT_OK) {
        CHECK(result != expr_condition_test(condition, item));
    }
}

/* What an update does not name stays as it is. */
static void check_untouched(const struct expr_update *update, struct leat_slice old, struct leat_slice new) {
    struct item_iterator iterator = item_iterate(old);
    struct leat_slice name;
    struct item_value before, after;
    while (item_map_next(&iterator, &name, &before)) {
        if (expr_update_changes(update, name)) continue;
        CHECK(item_find(new, name, &after) && slice_equal(before.whole, after.whole));
    }
}

static void run_update(struct expr_environment *environment, struct leat_slice text, struct leat_slice item, struct buf *out) {
    const struct expr_update *update;
    struct leat_fault fault;
    enum leat_code code = expr_update_parse(environment, text, &update, &fault);
    CHECK(code == LEAT_OK || code == LEAT_VALIDATION);
    if (code != LEAT_OK) return;
    code = expr_update_apply(update, item, out, &fault);
    CHECK(code == LEAT_OK || code == LEAT_VALIDATION);
    if (code != LEAT_OK) {
        CHECK(out->size == 0);
        return;
    }
    size_t size = out->size;
    CHECK(item_check(buf_view(out)));
    check_untouched(update, item, buf_view(out));
    struct leat_slice new = arena_copy(environment->arena, buf_view(out));
    CHECK(expr_update_part(update, new, out, &fault) == LEAT_OK);
    CHECK(item_check(slice_of(out->data + size, out->size - size)));
}

static void run_projection(struct expr_environment *environment, struct leat_slice text, struct leat_slice item, struct buf *out) {
    const struct expr_projection *projection;
    struct leat_fault fault;
    enum leat_code code = expr_projection_parse(environment, text, &projection, &fault);
    CHECK(code == LEAT_OK || code == LEAT_VALIDATION);
    if (code != LEAT_OK) return;
    CHECK(expr_projection_apply(projection, item, out, &fault) == LEAT_OK);
    CHECK(item_check(buf_view(out)) && out->size <= item.size);
}

static void run_key_condition(struct expr_environment *environment, struct leat_slice text) {
    const struct expr_key_condition *condition;
    struct expr_key_range range;
    struct leat_fault fault;
    struct expr_key_attribute partition = {SLICE("a"), ITEM_S}, sort = {SLICE("b"), ITEM_N};
    if (expr_key_condition_parse(environment, text, &condition, &fault) != LEAT_OK) return;
    bool good = expr_key_condition_check(condition, &fault) == LEAT_OK;
    bool bound = expr_key_condition_bind(condition, partition, sort, &range, &fault) == LEAT_OK;
    CHECK(good || !bound);
    CHECK(!bound || (range.partition.type == ITEM_S && (range.range == EXPR_KEY_ALL || range.low.type == ITEM_N)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    if (names.data == NULL) {
        names = read_item(names_json);
        values = read_item(values_json);
        for (size_t i = 0; i < ITEMS; i++) items[i] = read_item(item_jsons[i]);
    }
    struct arena arena;
    struct buf out;
    struct expr_environment environment;
    struct leat_slice text = slice_of(data + 2, size - 2), item = items[data[1] % ITEMS];
    arena_init(&arena, 64 << 20);
    buf_init(&out, 1 << 20);
    CHECK(expr_environment_init(&environment, &arena, names, values, NULL) == LEAT_OK);
    switch (data[0] % 4) {
    case 0: run_condition(&environment, text, item); break;
    case 1: run_update(&environment, text, item, &out); break;
    case 2: run_projection(&environment, text, item, &out); break;
    default: run_key_condition(&environment, text); break;
    }
    struct leat_fault fault;
    (void)!expr_environment_finish(&environment, true, &fault);
    buf_fini(&out);
    arena_fini(&arena);
    return 0;
}
