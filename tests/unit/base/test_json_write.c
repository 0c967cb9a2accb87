#include <criterion/criterion.h>

#include "base/json.h"
#include "base/slice.h"

static struct buf buf;
static struct json_writer writer;
static void start(void) {
    buf_init(&buf, 1 << 16);
    json_writer_init(&writer, &buf);
}
static void stop(void) { buf_fini(&buf); }
TestSuite(json_write, .init = start, .fini = stop);

Test(json_write, places_commas) {
    json_object(&writer);
    json_key(&writer, "a");
    json_array(&writer);
    json_int(&writer, 1);
    json_array(&writer);
    json_array_end(&writer);
    json_object(&writer);
    json_object_end(&writer);
    json_null(&writer);
    json_array_end(&writer);
    json_key_slice(&writer, SLICE("b\""));
    json_bool(&writer, true);
    json_key(&writer, "c");
    json_base64(&writer, SLICE("foob"));
    json_key(&writer, "d");
    json_verbatim(&writer, SLICE("{\"x\":1}"));
    json_key(&writer, "e");
    json_text(&writer, "t");
    json_object_end(&writer);
    cr_assert(slice_is(buf_view(&buf), "{\"a\":[1,[],{},null],\"b\\\"\":true,\"c\":\"Zm9vYg==\",\"d\":{\"x\":1},\"e\":\"t\"}"), "%.*s",
              SLICE_FORMAT(buf_view(&buf)));
}

Test(json_write, escapes_what_must_be_escaped_and_nothing_else) {
    json_string(&writer, SLICE("a\"\\/\b\f\n\r\t\x00\x1f\x7f<>&'\xc3\xa4"));
    cr_assert(slice_is(buf_view(&buf), "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f<>&'\xc3\xa4\""), "%.*s", SLICE_FORMAT(buf_view(&buf)));
}

Test(json_write, integers_and_seconds) {
    json_array(&writer);
    json_int(&writer, 0);
    json_int(&writer, INT64_MIN);
    json_int(&writer, INT64_MAX);
    json_seconds(&writer, 1732300000123u);
    json_seconds(&writer, 1732300000000u);
    json_seconds(&writer, 1732300000007u);
    json_array_end(&writer);
    cr_assert(slice_is(buf_view(&buf), "[0,-9223372036854775808,9223372036854775807,1732300000.123,1732300000,1732300000.007]"), "%.*s",
              SLICE_FORMAT(buf_view(&buf)));
}

Test(json_write, a_full_buffer_fails_and_stays_failed) {
    struct buf small;
    buf_init(&small, 3);
    json_writer_init(&writer, &small);
    json_string(&writer, SLICE("abc"));
    cr_assert_not(buf_ok(&small));
    buf_fini(&small);
}
