#include <criterion/criterion.h>
#include <string.h>

#include "base/slice.h"
#include "item/item_json.h"

#define EMPTY "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
#define SEVERAL "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
#define NESTED "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
#define WRONG "One or more parameter values were invalid: "
#define STRUCTURE "Start of structure or map found where not expected"

static struct arena arena;
static struct buf item, text;
static void start(void) {
    arena_init(&arena, 1 << 20);
    buf_init(&item, 1 << 20);
    buf_init(&text, 1 << 20);
}
static void stop(void) {
    arena_fini(&arena);
    buf_fini(&item);
    buf_fini(&text);
}
TestSuite(item_json, .init = start, .fini = stop);

/* Reads {"x": <json>}, {"after": 1} and says what became of it. */
static enum leat_code read_json(const char *json, struct leat_fault *fault) {
    struct json_reader reader;
    struct leat_slice whole = arena_print(&arena, "[%s,\"after\"]", json);
    json_reader_init(&reader, whole, &arena);
    cr_assert_eq(json_next(&reader), JSON_ARRAY);
    cr_assert_eq(json_next(&reader), JSON_OBJECT);
    buf_clear(&item);
    buf_append(&item, "before", 6);
    *fault = (struct leat_fault){0};
    enum leat_code code = item_from_json(&reader, &item, fault);
    if (code != LEAT_OK) cr_assert(slice_is(buf_view(&item), "before"), "out is as it was");
    if (code == LEAT_OK || code == LEAT_VALIDATION) {
        cr_assert_eq(json_next(&reader), JSON_STRING, "%s: the reader stands behind the object", json);
        cr_assert(slice_is(reader.text, "after"));
    }
    return code;
}

static struct leat_slice item_bytes(void) { return slice_of(item.data + 6, item.size - 6); }

static void becomes(const char *json, const char *expected) {
    struct leat_fault fault;
    struct json_writer writer;
    cr_assert_eq(read_json(json, &fault), LEAT_OK, "%s: %s", json, fault.message);
    cr_assert(item_check(item_bytes()), "%s", json);
    buf_clear(&text);
    json_writer_init(&writer, &text);
    item_to_json(&writer, item_bytes());
    cr_expect(slice_is(buf_view(&text), expected), "%s became %.*s", json, SLICE_FORMAT(buf_view(&text)));
}

static void refused(const char *value, enum leat_code code, const char *message) {
    struct leat_fault fault;
    struct leat_slice json = arena_print(&arena, "{\"x\":%s}", value);
    cr_expect_eq(read_json((const char *)json.data, &fault), code, "%s", value);
    cr_expect_str_eq(fault.message, message, "%s: %s", value, fault.message);
    cr_expect_eq(read_json((const char *)json.data, &fault), code);
}

Test(item_json, every_type_comes_back) {
    becomes("{}", "{}");
    becomes("{\"a\":{\"S\":\"\"},\"b\":{\"N\":\"1.50\"},\"c\":{\"B\":\"Zm9v\"},\"d\":{\"BOOL\":false},\"e\":{\"NULL\":true}}",
            "{\"a\":{\"S\":\"\"},\"b\":{\"N\":\"1.5\"},\"c\":{\"B\":\"Zm9v\"},\"d\":{\"BOOL\":false},\"e\":{\"NULL\":true}}");
    becomes("{\"a\":{\"L\":[]},\"b\":{\"M\":{}},\"c\":{\"L\":[{\"L\":[{\"S\":\"x\"}]},{\"M\":{\"k\":{\"BOOL\":true}}}]}}",
            "{\"a\":{\"L\":[]},\"b\":{\"M\":{}},\"c\":{\"L\":[{\"L\":[{\"S\":\"x\"}]},{\"M\":{\"k\":{\"BOOL\":true}}}]}}");
    becomes("{\"\\u00e4\\n\":{\"S\":\"\\ud83d\\ude00\\u0000\"}}", "{\"\xc3\xa4\\n\":{\"S\":\"\xf0\x9f\x98\x80\\u0000\"}}");
    becomes("{\"a\":{\"BOOL\":\"Yes\"},\"b\":{\"BOOL\":\"FALSE\"},\"c\":{\"NULL\":\"1\"}}", "{\"a\":{\"BOOL\":true},\"b\":{\"BOOL\":false},\"c\":{\"NULL\":true}}");
    becomes("{\"a\":{\"B\":\"\"},\"b\":{\"SS\":[\"\"]}}", "{\"a\":{\"B\":\"\"},\"b\":{\"SS\":[\"\"]}}");
}

Test(item_json, names_and_sets_are_put_in_order) {
    becomes("{\"b\":{\"S\":\"2\"},\"a\":{\"S\":\"1\"},\"ab\":{\"M\":{\"z\":{\"S\":\"\"},\"y\":{\"S\":\"\"}}}}",
            "{\"a\":{\"S\":\"1\"},\"ab\":{\"M\":{\"y\":{\"S\":\"\"},\"z\":{\"S\":\"\"}}},\"b\":{\"S\":\"2\"}}");
    becomes("{\"x\":{\"SS\":[\"b\",\"\",\"ab\",\"a\"]}}", "{\"x\":{\"SS\":[\"\",\"a\",\"ab\",\"b\"]}}");
    becomes("{\"x\":{\"NS\":[\"10\",\"9\",\"-10\",\"-9\",\"0\",\"0.5\"]}}", "{\"x\":{\"NS\":[\"-10\",\"-9\",\"0\",\"0.5\",\"9\",\"10\"]}}");
    becomes("{\"x\":{\"BS\":[\"/w==\",\"AA==\"]}}", "{\"x\":{\"BS\":[\"AA==\",\"/w==\"]}}");
}

Test(item_json, of_what_comes_twice_the_last_stays) {
    becomes("{\"a\":{\"S\":\"1\"},\"b\":{\"S\":\"x\"},\"a\":{\"S\":\"2\"},\"a\":{\"S\":\"3\"}}", "{\"a\":{\"S\":\"3\"},\"b\":{\"S\":\"x\"}}");
    becomes("{\"m\":{\"M\":{\"a\":{\"S\":\"1\"},\"a\":{\"S\":\"2\"}}}}", "{\"m\":{\"M\":{\"a\":{\"S\":\"2\"}}}}");
    becomes("{\"a\":{\"S\":\"1\",\"S\":\"2\"}}", "{\"a\":{\"S\":\"2\"}}");
}

Test(item_json, unknown_members_and_nulls_beside_a_known_one_are_passed_over) {
    becomes("{\"a\":{\"X\":[1,{\"S\":2}],\"S\":\"1\",\"N\":null,\"$unknown\":null}}", "{\"a\":{\"S\":\"1\"}}");
}

Test(item_json, thousands_of_attributes_are_sorted) {
    struct leat_fault fault;
    struct buf json;
    enum { COUNT = 3000 };
    buf_init(&json, 1 << 20);
    for (int i = 0; i < COUNT; i++) buf_print(&json, "%c\"k%04d\":{\"N\":\"%d\"}", i == 0 ? '{' : ',', (i * 1237) % COUNT, i);
    buf_append(&json, "}", 2);
    cr_assert_eq(read_json((const char *)json.data, &fault), LEAT_OK);
    cr_assert(item_check(item_bytes()));
    struct item_value map = {.type = ITEM_M, .payload = item_bytes()};
    cr_assert_eq(item_count(&map), (size_t)COUNT);
    buf_fini(&json);
}

/* Facts: architect/dynalite's tests, which ran against AWS. */
Test(item_json, wrong_shapes_have_the_words_of_aws) {
    static const struct { const char *value, *message; } cases[] = {
        {"{\"S\":true}", "TRUE_VALUE cannot be converted to String"},
        {"{\"S\":false}", "FALSE_VALUE cannot be converted to String"},
        {"{\"S\":23}", "NUMBER_VALUE cannot be converted to String"},
        {"{\"N\":34.56}", "DECIMAL_VALUE cannot be converted to String"},
        {"{\"N\":1}", "NUMBER_VALUE cannot be converted to String"},
        {"{\"N\":[]}", "Unrecognized collection type class java.lang.String"},
        {"{\"S\":{}}", STRUCTURE},
        {"{\"BOOL\":\"23\"}", "Unexpected token received from parser"},
        {"{\"NULL\":-2147483648}", "NUMBER_VALUE cannot be converted to Boolean"},
        {"{\"BOOL\":34.56}", "DECIMAL_VALUE cannot be converted to Boolean"},
        {"{\"BOOL\":[]}", "Unrecognized collection type class java.lang.Boolean"},
        {"{\"NULL\":{}}", STRUCTURE},
        {"{\"B\":true}", "only base-64-encoded strings are convertible to bytes"},
        {"{\"B\":23}", "only base-64-encoded strings are convertible to bytes"},
        {"{\"B\":[]}", "Unrecognized collection type class java.nio.ByteBuffer"},
        {"{\"B\":{}}", STRUCTURE},
        {"{\"B\":\"23456\"}", "Base64 encoded length is expected a multiple of 4 bytes but found: 5"},
        {"{\"B\":\"=+/=\"}", "Invalid last non-pad Base64 character dectected"},
        {"{\"BS\":[\"+/+=\"]}", "Invalid last non-pad Base64 character dectected"},
        {"{\"SS\":\"23\"}", "Unexpected field type"},
        {"{\"NS\":true}", "Unexpected field type"},
        {"{\"BS\":{}}", STRUCTURE},
        {"{\"L\":34.56}", "Unexpected field type"},
        {"{\"L\":{}}", STRUCTURE},
        {"{\"SS\":[true]}", "TRUE_VALUE cannot be converted to String"},
        {"{\"NS\":[1]}", "NUMBER_VALUE cannot be converted to String"},
        {"{\"BS\":[{}]}", STRUCTURE},
        {"{\"M\":23}", "Unexpected field type"},
        {"{\"M\":[]}", "Unrecognized collection type java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValue>"},
        {"{\"L\":[\"23\"]}", "Unexpected value type in payload"},
        {"{\"L\":[[]]}", "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue"},
        {"{\"M\":{\"a\":true}}", "Unexpected value type in payload"},
        {"23", "Unexpected value type in payload"},
        {"[]", "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) refused(cases[i].value, LEAT_SERIALIZATION, cases[i].message);
}

Test(item_json, wrong_values_have_the_words_of_aws) {
    static const struct { const char *value, *message; } cases[] = {
        {"{}", EMPTY},
        {"null", EMPTY},
        {"{\"a\":\"\"}", EMPTY},
        {"{\"S\":null}", EMPTY},
        {"{\"M\":{\"a\":{}}}", EMPTY},
        {"{\"L\":[{}]}", EMPTY},
        {"{\"L\":[{\"a\":{}}]}", EMPTY},
        {"{\"S\":\"a\",\"N\":\"1\"}", SEVERAL},
        {"{\"S\":\"\",\"N\":\"\"}", "The parameter cannot be converted to a numeric value"},
        {"{\"S\":\"a\",\"N\":\"b\"}", "The parameter cannot be converted to a numeric value: b"},
        {"{\"NULL\":\"no\"}", WRONG "Null attribute value types must have the value of true"},
        {"{\"NULL\":false}", WRONG "Null attribute value types must have the value of true"},
        {"{\"SS\":[]}", WRONG "An string set  may not be empty"},
        {"{\"NS\":[]}", WRONG "An number set  may not be empty"},
        {"{\"BS\":[]}", WRONG "Binary sets should not be empty"},
        {"{\"L\":[{\"M\":{\"a\":{\"SS\":[]}}}]}", WRONG "An string set  may not be empty"},
        {"{\"SS\":[\"a\",\"a\"]}", WRONG "Input collection [a, a] contains duplicates."},
        {"{\"SS\":[\"b\",\"a\",\"b\"]}", WRONG "Input collection [b, a, b] contains duplicates."},
        {"{\"BS\":[\"Yg==\",\"Yg==\"]}", WRONG "Input collection [Yg==, Yg==]of type BS contains duplicates."},
        {"{\"NS\":[\"1\",\"1\"]}", "Input collection contains duplicates"},
        {"{\"NS\":[\"1\",\"1.0\"]}", "Input collection contains duplicates"},
        {"{\"NS\":[\"1\",\"\"]}", "The parameter cannot be converted to a numeric value"},
        {"{\"NS\":[\"1\",\"b\"]}", "The parameter cannot be converted to a numeric value: b"},
        {"{\"N\":\"1e126\"}", "Number overflow. Attempting to store a number with magnitude larger than supported range"},
        {"{\"N\":\"-1e-131\"}", "Number underflow. Attempting to store a number with magnitude smaller than supported range"},
        {"{\"N\":\"123456789012345678901234567890123456789\"}", "Attempting to store more than 38 significant digits in a Number"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) refused(cases[i].value, LEAT_VALIDATION, cases[i].message);
}

Test(item_json, a_wrong_shape_wins_over_a_wrong_value_before_it) {
    refused("{\"L\":[{\"N\":\"b\"},{\"SS\":[]},{\"S\":1}]}", LEAT_SERIALIZATION, "NUMBER_VALUE cannot be converted to String");
    refused("{\"L\":[{\"N\":\"b\"},{\"SS\":[]},{}]}", LEAT_VALIDATION, "The parameter cannot be converted to a numeric value: b");
}

Test(item_json, nesting_is_limited_to_32_levels_leaves_included) {
    static const char *const opens[] = {"{\"L\":[", "{\"M\":{\"k\":"}, *const ends[] = {"]}", "}}"};
    for (int kind = 0; kind < 2; kind++) {
        for (int wraps = ITEM_DEPTH_MAX - 1; wraps <= ITEM_DEPTH_MAX + 10; wraps++) {
            struct buf json;
            struct leat_fault fault;
            buf_init(&json, 1 << 20);
            buf_append(&json, "{\"x\":", 5);
            for (int i = 0; i < wraps; i++) buf_print(&json, "%s", opens[kind]);
            buf_print(&json, "{\"S\":\"\"}");
            for (int i = 0; i < wraps; i++) buf_print(&json, "%s", ends[kind]);
            buf_append(&json, "}", 2);
            enum leat_code code = read_json((const char *)json.data, &fault);
            cr_expect_eq(code, wraps < ITEM_DEPTH_MAX ? LEAT_OK : LEAT_VALIDATION, "%d", wraps);
            cr_expect_str_eq(fault.message, wraps < ITEM_DEPTH_MAX ? "" : NESTED);
            if (code == LEAT_OK) cr_expect(item_check(item_bytes()));
            buf_fini(&json);
        }
    }
}

Test(item_json, broken_json_is_a_serialization_fault) {
    static const char *const wrong[] = {"{\"a\":{\"S\":\"x\"}", "{\"a\":{\"S\":", "{\"a\":{\"SS\":[\"x\",", "{\"a\":{\"L\":[{}}", "{\"a\":{\"Q\":[1,]}}", "{\"a\"",
                                        "{\"a\":{\"L\":[", "{\"a\":{\"M\":{\"b\"", "{\"a\":{\"S\":\"\\ud800\"}}"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct json_reader reader;
        struct leat_fault fault = {0};
        json_reader_init(&reader, slice_text(wrong[i]), &arena);
        (void)json_next(&reader);
        buf_clear(&item);
        cr_expect_eq(item_from_json(&reader, &item, &fault), LEAT_SERIALIZATION, "%s", wrong[i]);
        cr_expect(slice_starts(slice_text(fault.message), SLICE("not JSON: ")), "%s", fault.message);
    }
}

Test(item_json, lack_of_room_is_answered_wherever_it_strikes) {
    static const char json[] = "{\"b\\n\":{\"S\":\"text\"},\"a\":{\"M\":{\"y\":{\"SS\":[\"b\",\"a\"]},\"x\":{\"L\":[{\"B\":\"Zm9v\"},{\"N\":\"1\"}]}}}}";
    for (size_t max = 0; max < 200; max++) {
        struct json_reader reader;
        struct arena small;
        struct buf out;
        arena_init(&small, max % 2 == 0 ? max / 4 : 1 << 16);
        buf_init(&out, max % 2 == 1 ? max / 2 : 1 << 16);
        json_reader_init(&reader, SLICE("{}"), &small);
        json_reader_init(&reader, slice_text(json), &small);
        (void)json_next(&reader);
        enum leat_code code = item_from_json(&reader, &out, NULL);
        cr_assert(code == LEAT_NO_MEMORY || (code == LEAT_OK && item_check(buf_view(&out))), "%zu: %d", max, code);
        if (max < 10) cr_assert_eq(code, LEAT_NO_MEMORY);
        arena_fini(&small);
        buf_fini(&out);
    }
}

Test(item_json, one_value_alone) {
    struct json_reader reader;
    struct leat_fault fault = {0};
    json_reader_init(&reader, SLICE("{\"L\":[{\"N\":\"007\"}]} "), &arena);
    (void)json_next(&reader);
    cr_assert_eq(item_value_from_json(&reader, &item, &fault), LEAT_OK);
    cr_assert_eq(json_next(&reader), JSON_END);
    struct item_value value = item_value_at(buf_view(&item));
    struct json_writer writer;
    json_writer_init(&writer, &text);
    item_value_to_json(&writer, &value);
    cr_assert(slice_is(buf_view(&text), "{\"L\":[{\"N\":\"7\"}]}"));
}
