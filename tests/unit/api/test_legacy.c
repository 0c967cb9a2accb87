/* Legacy parameters as expressions: the texts that come out, and what their placeholders stand for. */
#include <criterion/criterion.h>
#include <string.h>

#include "api/dynamodb/dynamodb.h"
#include "base/slice.h"

enum { ARENA_BYTES_MAX = 1 << 26 };

struct input {
    struct api_list conditions, updates;
    struct leat_slice names, values;
};
static const struct api_field fields[] = {
    API_FIELD(struct input, conditions, "Expected", API_MAP, .element = &dynamodb_expected_element, .size = sizeof(struct dynamodb_condition)),
    API_FIELD(struct input, updates, "AttributeUpdates", API_MAP, .element = &dynamodb_attribute_update_element,
              .size = sizeof(struct dynamodb_attribute_update)),
    API_FIELD(struct input, names, "Names", API_NAMES),
    API_FIELD(struct input, values, "Values", API_VALUES),
    API_FIELDS_END,
};

static struct arena arena;
static struct api_decoder decoder;
static struct input input;
static struct leat_fault fault;
static struct dynamodb_translation translation;

static void setup(void) {
    arena_init(&arena, ARENA_BYTES_MAX);
}
static void teardown(void) {
    api_decoder_fini(&decoder);
    arena_fini(&arena);
}
TestSuite(api_legacy, .init = setup, .fini = teardown);

static void begin(const char *json) {
    cr_assert_eq(api_decoder_init(&decoder, &arena, strlen(json), &fault), LEAT_OK);
    enum leat_code code = api_decode(&decoder, fields, slice_text(json), &input, &fault);
    cr_assert_eq(code, LEAT_OK, "%s", fault.message);
    dynamodb_translate_begin(&translation, &arena, input.names, input.values, &fault);
}

static void end(void) {
    enum leat_code code = dynamodb_translate_end(&translation, &input.names, &input.values);
    cr_assert_eq(code, LEAT_OK, "%s", fault.message);
    cr_expect(item_check(input.names) && item_check(input.values));
}

static void expect_text(struct leat_slice text, const char *wanted) {
    cr_expect(slice_is(text, wanted), "'%.*s' is not '%s'", SLICE_FORMAT(text), wanted);
}

static void expect_name(const char *placeholder, const char *wanted) {
    struct item_value value;
    cr_assert(item_find(input.names, slice_text(placeholder), &value), "%s", placeholder);
    expect_text(value.payload, wanted);
}

Test(api_legacy, conditions_are_joined_in_order_of_names) {
    begin("{\"Expected\":{\"b\":{\"Exists\":false},\"a\":{\"Value\":{\"S\":\"x\"}},"
          "\"c\":{\"ComparisonOperator\":\"BETWEEN\",\"AttributeValueList\":[{\"N\":\"1\"},{\"N\":\"2\"}]}}}");
    struct leat_slice text = dynamodb_translate_conditions(&translation, &input.conditions, DYNAMODB_OR);
    end();
    expect_text(text, "#_0 = :_0 OR (attribute_not_exists(#_1) OR #_2 BETWEEN :_1 AND :_2)");
    expect_name("#_0", "a");
    expect_name("#_2", "c");
}

Test(api_legacy, updates_are_gathered_into_clauses) {
    begin("{\"AttributeUpdates\":{\"a\":{\"Action\":\"ADD\",\"Value\":{\"N\":\"1\"}},\"b\":{\"Value\":{\"S\":\"x\"}},"
          "\"c\":{\"Action\":\"DELETE\"},\"d\":{\"Action\":\"DELETE\",\"Value\":{\"SS\":[\"x\"]}},"
          "\"e\":{\"Action\":\"ADD\",\"Value\":{\"L\":[]}}}}");
    struct leat_slice text = dynamodb_translate_updates(&translation, &input.updates);
    end();
    expect_text(text, " SET #_0 = :_0,#_1 = list_append(if_not_exists(#_1, :_1), :_2) REMOVE #_2 ADD #_3 :_3 DELETE #_4 :_4");
    expect_name("#_1", "e");
    expect_name("#_4", "d");
}

Test(api_legacy, placeholders_differ_from_those_of_the_request) {
    begin("{\"Names\":{\"#_0\":\"x\",\"#a__\":\"y\"},\"Values\":{\":__0\":{\"S\":\"z\"}},\"Expected\":{\"a\":{\"Value\":{\"S\":\"v\"}}}}");
    struct leat_slice text = dynamodb_translate_conditions(&translation, &input.conditions, 0);
    end();
    expect_text(text, "#___0 = :___0");
    expect_name("#_0", "x");
    expect_name("#___0", "a");
}

Test(api_legacy, of_two_entries_with_one_name_the_last_counts) {
    struct item_value value;
    begin("{\"AttributeUpdates\":{\"a\":{\"Value\":{\"S\":\"one\"}},\"b\":{\"Action\":\"DELETE\"},\"a\":{\"Value\":{\"S\":\"two\"}}}}");
    struct leat_slice text = dynamodb_translate_updates(&translation, &input.updates);
    end();
    expect_text(text, " SET #_0 = :_0 REMOVE #_1");
    cr_assert(item_find(input.values, SLICE(":_0"), &value));
    expect_text(value.payload, "two");
}

Test(api_legacy, a_nameless_attribute_is_refused) {
    begin("{\"AttributeUpdates\":{\"\":{\"Value\":{\"S\":\"x\"}}}}");
    cr_expect_null(dynamodb_translate_updates(&translation, &input.updates).data);
    cr_expect_eq(dynamodb_translate_end(&translation, &input.names, &input.values), LEAT_VALIDATION);
}

/* Evenly: the parser and the test of conditions go down once per level. */
Test(api_legacy, many_conditions_nest_evenly) {
    enum { CONDITIONS = 1000, DEPTH_MAX = 10 };
    struct buf json;
    buf_init(&json, 1 << 20);
    for (int i = 0; i < CONDITIONS; i++) buf_print(&json, "%s\"a%d\":{\"Exists\":false}", i == 0 ? "{\"Expected\":{" : ",", i);
    buf_append(&json, "}}", 3);
    begin((const char *)json.data);
    struct leat_slice text = dynamodb_translate_conditions(&translation, &input.conditions, DYNAMODB_AND);
    end();
    int depth = 0, deepest = 0;
    for (size_t i = 0; i < text.size; i++) {
        depth += (text.data[i] == '(') - (text.data[i] == ')');
        if (depth > deepest) deepest = depth;
    }
    cr_expect_eq(depth, 0);
    cr_expect_leq(deepest, DEPTH_MAX + 1); /* and the function's own */
    buf_fini(&json);
}

/* The arena is too small at every place in turn: a fault each time, and nothing is lost. */
Test(api_legacy, no_memory_is_a_fault) {
    begin("{\"Expected\":{\"a\":{\"Value\":{\"S\":\"x\"}}},\"AttributeUpdates\":{\"b\":{\"Action\":\"DELETE\"}}}");
    struct leat_slice names, values;
    cr_assert_eq(dynamodb_translate_end(&translation, &names, &values), LEAT_OK);
    enum leat_code code = LEAT_NO_MEMORY;
    size_t bytes = 0;
    for (; code == LEAT_NO_MEMORY && bytes < 4096; bytes += 8) {
        struct arena small;
        arena_init(&small, bytes);
        dynamodb_translate_begin(&translation, &small, input.names, input.values, &fault);
        (void)dynamodb_translate_updates(&translation, &input.updates);
        (void)dynamodb_translate_conditions(&translation, &input.conditions, 0);
        code = dynamodb_translate_end(&translation, &names, &values);
        arena_fini(&small);
    }
    cr_expect_eq(code, LEAT_OK);
    cr_expect_gt(bytes, 8);
}

Test(api_legacy, only_the_beginning_of_a_fault_is_reworded) {
    struct leat_fault words;
    fault_set(&words, LEAT_VALIDATION, "Filter Expression can only: a");
    dynamodb_reword(&words, "Filter Expression", "QueryFilter");
    cr_expect_str_eq(words.message, "QueryFilter can only: a");
    dynamodb_reword(&words, "can only", "must");
    cr_expect_str_eq(words.message, "QueryFilter can only: a");
}
