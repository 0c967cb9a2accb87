/* What the reader accepts, what it refuses, and what it says about it. RFC 8259 is the judge; test_json_oracle.c asks jansson. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/slice.h"

static struct arena arena;
static void start(void) { arena_init(&arena, 1 << 20); }
static void stop(void) { arena_fini(&arena); }
TestSuite(json_read, .init = start, .fini = stop);

static enum json_token read_all(struct leat_slice text) {
    struct json_reader reader;
    json_reader_init(&reader, text, &arena);
    enum json_token token;
    do token = json_next(&reader);
    while (token != JSON_END && token != JSON_ERROR);
    cr_assert(token == JSON_END || reader.error != NULL);
    cr_assert_eq(json_next(&reader), token, "the last token stays");
    return token;
}

static struct json_reader first_of(const char *text) {
    struct json_reader reader;
    json_reader_init(&reader, slice_text(text), &arena);
    (void)json_next(&reader);
    return reader;
}

Test(json_read, accepts_well_formed_documents) {
    static const char *const right[] = {
        "{}", "[]", "0", "-0", "1.5", "-0.0e-0", "1E+2", "12e5", "0e1", "true", "false", "null", "\"\"", "\"a\"", " \t\r\n[ ] \n",
        "[1,2]", "[[],{}]", "{\"a\":1}", "{\"\":\"\"}", "{ \"a\" : [ true , null ] }", "{\"a\":1,\"a\":2}", "\"\\u0000\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\"", "\"\\ud83d\\ude00\"", "\"\\uDBFF\\uDFFF\"", "\"\x7f\"", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"",
        "123456789012345678901234567890123456789", "1e999", "[\"a long string of more than eight bytes\",\"\\\\\"]",
    };
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        cr_expect_eq(read_all(slice_text(right[i])), JSON_END, "%s was refused", right[i]);
    }
}

Test(json_read, refuses_malformed_documents) {
    static const char *const wrong[] = {
        "", " ", "[", "]", "{", "}", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1,,2]", "[1}", "{1}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}",
        "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{\"a\":1]", "{a:1}", "{'a':1}", "{\"a\":1}}", "[]]", "[] 1", "1 2", "nul", "True", "tru", "truex",
        "nulll", "NaN", "Infinity", "-", "+1", "01", "-01", "00", ".5", "1.", "1.e1", "1e", "1e+", "0x10", "1_000", "- 1", "--1", "1a",
        "\"", "\"a", "\"\\\"", "\"\\\\\\\"", "\"\\x\"", "\"\\U0041\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\u123", "\"\\", "\"\\a\"", "\"\n\"", "\"\t\"",
        "\"\x01\"", "\"\\\n\"", "\"\x1f\"", "\"12345678\x1f\"", "\"\\ud800\"", "\"\\ud800x\"", "\"\\udc00\"", "\"\\ud800\\ud800\"", "\"\\ud800\\u0041\"",
        "\"\\ude00\\ud83d\"", "\"\\ud83d\\\\\"", "\"\x80\"", "\"\xc3\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xff\"",
        "\"\\\xc3\xa4\"", "\xef\xbb\xbf{}", "\xc2\xa0[]", "// c\n1", "[1]/*c*/", "\f1", "\v1", "{\"a\":1,\"\\ud800\":2}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_expect_eq(read_all(slice_text(wrong[i])), JSON_ERROR, "%s was accepted", wrong[i]);
    }
    cr_expect_eq(read_all(SLICE("\"\0\"")), JSON_ERROR);
    cr_expect_eq(read_all(SLICE("[]\0")), JSON_ERROR);
    cr_expect_eq(read_all(SLICE("[\0]")), JSON_ERROR);
    cr_expect_eq(read_all((struct leat_slice){NULL, 0}), JSON_ERROR);
}

Test(json_read, refuses_every_beginning_of_a_document) {
    static const char whole[] = "{\"a\":[1.5e3,\"x\\u00e4\\n\xc3\xa4\",true,{\"b\":null}],\"c\":\"\\ud83d\\ude00\"}";
    cr_assert_eq(read_all(slice_text(whole)), JSON_END);
    for (size_t size = 0; size < sizeof whole - 1; size++) {
        char *cut = memcpy(malloc(size + 1), whole, size); /* a piece of its own: an overrun would be seen */
        cr_expect_eq(read_all(slice_of(cut, size)), JSON_ERROR, "%.*s was accepted", (int)size, cut);
        free(cut);
    }
}

Test(json_read, depth_is_limited) {
    char text[2 * JSON_DEPTH_MAX + 2];
    for (size_t depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        cr_expect_eq(read_all(slice_of(text, 2 * depth)), depth == JSON_DEPTH_MAX ? JSON_END : JSON_ERROR);
    }
}

Test(json_read, objects_and_arrays_are_told_apart_at_every_level) {
    char text[JSON_DEPTH_MAX * 8];
    for (int wrong = -1; wrong < JSON_DEPTH_MAX; wrong++) {
        size_t size = 0;
        for (int i = 0; i < JSON_DEPTH_MAX; i++) {
            const char *open = i % 3 == 0 ? "{\"a\":" : "[";
            memcpy(text + size, open, strlen(open));
            size += strlen(open);
        }
        text[size++] = '1';
        for (int i = JSON_DEPTH_MAX - 1; i >= 0; i--) text[size++] = (i % 3 == 0) != (i == wrong) ? '}' : ']';
        cr_expect_eq(read_all(slice_of(text, size)), wrong < 0 ? JSON_END : JSON_ERROR, "level %d", wrong);
    }
}

Test(json_read, tokens_come_in_order_with_their_text) {
    struct json_reader reader;
    json_reader_init(&reader, SLICE(" {\"a\\n\" : [ -1.5e3 , \"\\u00e4\\ud83d\\ude00\" , true ] , \"b\":false,\"c\":null}"), &arena);
    cr_assert_eq(json_next(&reader), JSON_OBJECT);
    cr_assert_eq(json_next(&reader), JSON_KEY);
    cr_assert(slice_is(reader.text, "a\n"));
    cr_assert_eq(json_next(&reader), JSON_ARRAY);
    cr_assert_eq(json_next(&reader), JSON_NUMBER);
    cr_assert(slice_is(reader.text, "-1.5e3"));
    cr_assert_eq(json_next(&reader), JSON_STRING);
    cr_assert(slice_is(reader.text, "\xc3\xa4\xf0\x9f\x98\x80"));
    cr_assert_eq(json_next(&reader), JSON_TRUE);
    cr_assert_eq(json_next(&reader), JSON_ARRAY_END);
    cr_assert_eq(json_next(&reader), JSON_KEY);
    cr_assert_eq(json_next(&reader), JSON_FALSE);
    cr_assert_eq(json_next(&reader), JSON_KEY);
    cr_assert_eq(json_next(&reader), JSON_NULL);
    cr_assert_eq(json_next(&reader), JSON_OBJECT_END);
    cr_assert_eq(json_next(&reader), JSON_END);
}

Test(json_read, strings_without_escapes_are_slices_of_the_text) {
    static const char text[] = "[\"plain \xc3\xa4 text\"]";
    struct json_reader reader;
    json_reader_init(&reader, slice_text(text), NULL); /* no arena: it would crash if it were needed */
    (void)json_next(&reader);
    cr_assert_eq(json_next(&reader), JSON_STRING);
    cr_assert(reader.text.data == (const uint8_t *)text + 2);
}

Test(json_read, a_full_arena_is_told_from_a_malformed_document) {
    struct arena small;
    arena_init(&small, 4);
    struct json_reader reader;
    json_reader_init(&reader, SLICE("\"12345\\n\""), &small);
    cr_assert_eq(json_next(&reader), JSON_ERROR);
    cr_assert(reader.error == json_error_memory);
    arena_fini(&small);
}

Test(json_read, skip_and_raw_move_behind_the_value) {
    struct json_reader reader;
    json_reader_init(&reader, SLICE("{\"a\": [1,{\"b\":[]}] ,\"c\": 12 ,\"d\":{} , \"e\":\"\\n\" }"), &arena);
    (void)json_next(&reader);
    (void)json_next(&reader);
    (void)json_next(&reader);
    cr_assert(slice_is(json_raw(&reader), "[1,{\"b\":[]}]"));
    (void)json_next(&reader);
    (void)json_next(&reader);
    cr_assert(slice_is(json_raw(&reader), "12"));
    (void)json_next(&reader);
    (void)json_next(&reader);
    cr_assert(json_skip(&reader));
    cr_assert_eq(json_next(&reader), JSON_KEY);
    (void)json_next(&reader);
    cr_assert(slice_is(json_raw(&reader), "\"\\n\""));
    cr_assert_eq(json_next(&reader), JSON_OBJECT_END);
    cr_assert_eq(json_next(&reader), JSON_END);
    reader = first_of("[1,{\"b\":]}]");
    cr_assert_not(json_skip(&reader));
    cr_assert_eq(json_offset(&reader), 8u);
    reader = first_of("{\"a\":[}");
    cr_assert(json_raw(&reader).data == NULL);
}

Test(json_read, integers_are_exact_or_refused) {
    static const struct { const char *text; int64_t value; bool fits; } cases[] = {
        {"0", 0, true}, {"-0", 0, true}, {"-17", -17, true}, {"9223372036854775807", INT64_MAX, true},
        {"-9223372036854775808", INT64_MIN, true}, {"9223372036854775808", 0, false}, {"-9223372036854775809", 0, false},
        {"92233720368547758070", 0, false}, {"1.0", 0, false}, {"1e3", 0, false}, {"\"1\"", 0, false}, {"true", 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_reader reader = first_of(cases[i].text);
        int64_t value = 0;
        cr_expect_eq(json_integer(&reader, &value), cases[i].fits, "%s", cases[i].text);
        cr_expect_eq(value, cases[i].value, "%s", cases[i].text);
    }
}

Test(json_read, doubles_are_finite_or_refused) {
    double value = 0;
    struct json_reader reader = first_of("-1.5e3");
    cr_assert(json_double(&reader, &value) && value == -1500.0);
    reader = first_of("0.1");
    cr_assert(json_double(&reader, &value) && value == 0.1);
    reader = first_of("1e999");
    cr_assert_not(json_double(&reader, &value));
    reader = first_of("null");
    cr_assert_not(json_double(&reader, &value));
}
