/* jansson as the oracle: the same verdict on many documents, whole and damaged, and the same value after reading with our
 * reader and writing with our writer. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/json.h"
#include "base/slice.h"
#include "jansson_oracle.h"

enum { ORACLE_ROUNDS = 50000, ORACLE_TEXT_MAX = 4096 };

static uint64_t seed = 0x9e3779b97f4a7c15u;
static unsigned dice(unsigned sides) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)((seed >> 11) % sides);
}

static const char *pick(const char *const *list, size_t count) { return list[dice((unsigned)count)]; }
#define PICK(...) pick((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))
#define SPACE PICK("", "", "", "", " ", "\n", "\t ", "\r")

static void put(struct buf *out, const char *text) { buf_append(out, text, strlen(text)); }

static void make_string(struct buf *out, bool name) {
    put(out, "\"");
    for (unsigned left = dice(12); left > 0; left--) {
        put(out, PICK("a", "Z9", "longer piece", "\\n", "\\\"", "\\\\", "\\/", "\\u00e4", "\\uD83D\\uDE00", name ? "" : "\\u0000", "\xc3\xa4", "\xe2\x82\xac",
                      "\xf0\x9f\x98\x80", " ", "{}", "[,]", "\x7f", "\\b\\f\\r\\t"));
    }
    put(out, "\"");
}

static void make_value(struct buf *out, unsigned depth) {
    unsigned kind = dice(depth > 5 ? 4 : 8);
    if (kind == 0) put(out, PICK("true", "false", "null"));
    if (kind == 1) put(out, PICK("0", "-0", "1", "-17", "1.5", "0.001", "1e3", "-2.5E-3", "12345678901234567", "1E+2"));
    if (kind == 2 || kind == 3) make_string(out, false);
    if (kind < 4) return;
    bool object = kind < 6;
    put(out, object ? "{" : "[");
    put(out, SPACE);
    for (unsigned left = dice(5); left > 0; left--) {
        if (object) {
            make_string(out, true);
            put(out, SPACE);
            put(out, ":");
            put(out, SPACE);
        }
        make_value(out, depth + 1);
        put(out, SPACE);
        if (left > 1) put(out, ",");
        put(out, SPACE);
    }
    put(out, object ? "}" : "]");
}

static void damage(struct buf *text) {
    static const char bytes[] = "{}[],:\"\\u0019eE+-.dD8Bbfntr/ \n\t\x01\x80\xc3\xa4\xed\xa0\xf0\xff";
    for (unsigned left = 1 + dice(3); left > 0 && text->size > 0; left--) {
        size_t at = dice((unsigned)text->size);
        unsigned how = dice(3);
        if (how == 0) text->data[at] = (uint8_t)bytes[dice(sizeof bytes - 1)];
        if (how == 1) memmove(text->data + at, text->data + at + 1, --text->size - at);
        if (how == 2) text->size = dice(4) == 0 ? at : text->size;
    }
}

/* Reads with our reader and writes the same with our writer; false when the reader refuses. */
static bool copy(struct leat_slice text, struct arena *arena, struct buf *out) {
    struct json_reader reader;
    struct json_writer writer;
    json_reader_init(&reader, text, arena);
    json_writer_init(&writer, out);
    for (;;) {
        switch (json_next(&reader)) {
        case JSON_ERROR: return false;
        case JSON_END: return true;
        case JSON_OBJECT: json_object(&writer); break;
        case JSON_OBJECT_END: json_object_end(&writer); break;
        case JSON_ARRAY: json_array(&writer); break;
        case JSON_ARRAY_END: json_array_end(&writer); break;
        case JSON_KEY: json_key_slice(&writer, reader.text); break;
        case JSON_STRING: json_string(&writer, reader.text); break;
        case JSON_NUMBER: json_verbatim(&writer, reader.text); break;
        case JSON_TRUE: json_bool(&writer, true); break;
        case JSON_FALSE: json_bool(&writer, false); break;
        case JSON_NULL: json_null(&writer); break;
        }
    }
}

static int unsure;

static void compare(struct leat_slice text, struct buf *out) {
    struct arena arena;
    arena_init(&arena, 1 << 20);
    buf_clear(out);
    enum jansson_verdict theirs = jansson_judge(text);
    bool ours = copy(text, &arena, out);
    if (theirs == JANSSON_UNSURE) unsure++;
    else cr_assert_eq(ours, theirs == JANSSON_ACCEPTS, "ours %d, jansson %d: %.*s", ours, theirs, SLICE_FORMAT(text));
    if (theirs == JANSSON_ACCEPTS) {
        cr_assert(jansson_equal(text, buf_view(out)), "%.*s\nbecame\n%.*s", SLICE_FORMAT(text), SLICE_FORMAT(buf_view(out)));
    }
    arena_fini(&arena);
}

Test(json_oracle, agrees_with_jansson_on_generated_and_damaged_documents) {
    struct buf text, out;
    buf_init(&text, 1 << 20);
    buf_init(&out, 1 << 20);
    for (int round = 0; round < ORACLE_ROUNDS; round++) {
        do {
            buf_clear(&text);
            make_value(&text, 0);
        } while (text.size > ORACLE_TEXT_MAX);
        if (round % 2 == 0) compare(buf_view(&text), &out);
        damage(&text);
        compare(buf_view(&text), &out);
    }
    cr_assert_lt(unsure, ORACLE_ROUNDS / 20);
    buf_fini(&text);
    buf_fini(&out);
}
