/* Files of imports: formats, compression, and everything that can be wrong with them. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/slice.h"
#include "item/item_json.h"
#include "transfer/reader.h"

enum { OUT_BYTES_MAX = 1 << 20 };

static const struct leat_attribute keys[] = {{{(const uint8_t *)"id", 2}, 'N'}, {{(const uint8_t *)"raw", 3}, 'B'}};

static int file_of(struct leat_slice bytes) {
    int fd = memfd_create("object", MFD_CLOEXEC);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, bytes.data, bytes.size), (ssize_t)bytes.size);
    cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* What a file says: items as JSON with ' for ", a line each; "wrong", "broken", "failed". From `offset` on. */
static char *read_all(const struct reader_options *options, struct leat_slice bytes, uint64_t offset) {
    struct reader *reader;
    struct leat_fault fault = {0};
    struct leat_slice item;
    struct buf out;
    buf_init(&out, OUT_BYTES_MAX);
    cr_assert_eq(reader_new(file_of(bytes), options, &reader, &fault), LEAT_OK);
    enum reader_result result = offset > 0 ? reader_skip(reader, offset, &fault) : READER_ITEM;
    if (result != READER_ITEM) buf_print(&out, "not skipped\n");
    while (result != READER_END && (result = reader_next(reader, &item, &fault)) != READER_END) {
        struct json_writer json;
        json_writer_init(&json, &out);
        if (result == READER_ITEM) item_to_json(&json, item);
        else buf_print(&out, "%s", result == READER_WRONG ? "wrong" : result == READER_BROKEN ? "broken" : "failed");
        if (result != READER_ITEM) cr_assert_neq(fault.message[0], 0);
        fault.message[0] = 0;
        buf_byte(&out, '\n');
        if (result == READER_FAILED) break;
    }
    cr_assert_eq(reader_next(reader, &item, &fault), READER_END, "after the end is the end");
    reader_free(reader);
    cr_assert(buf_ok(&out));
    buf_byte(&out, 0);
    for (size_t i = 0; i < out.size; i++)
        if (out.data[i] == '"') out.data[i] = '\'';
    return (char *)out.data;
}

static void expect(const struct reader_options *options, struct leat_slice bytes, const char *wanted) {
    char *out = read_all(options, bytes, 0);
    cr_assert_str_eq(out, wanted);
    free(out);
}

static const struct reader_options json = {.format = TRANSFER_DYNAMODB_JSON};
static const struct reader_options ion = {.format = TRANSFER_ION};
static const struct reader_options csv = {.format = TRANSFER_CSV, .attributes = keys, .attribute_count = 2};

static void expect_json(const char *text, const char *wanted) { expect(&json, slice_text(text), wanted); }
static void expect_ion(const char *text, const char *wanted) { expect(&ion, slice_text(text), wanted); }
static void expect_csv(const char *text, const char *wanted) { expect(&csv, slice_text(text), wanted); }

/* ---- JSON ---- */

Test(reader, json_items_need_no_line_ends) {
    expect_json("{\"Item\":{\"a\":{\"S\":\"}{\\\"\"}}}{\"Item\":{}}\r\n\n  {\n\"Item\":\n{\"b\":{\"L\":[{\"N\":\"1\"}]}}\n}",
                "{'a':{'S':'}{\\\''}}\n{}\n{'b':{'L':[{'N':'1'}]}}\n");
}

Test(reader, json_of_the_wrong_shape_is_one_items_fault) {
    expect_json("{\"Item\":{\"a\":{\"N\":\"x\"}}}\n{\"a\":{\"S\":\"1\"}}\n{\"Item\":[]}\n{\"Item\":{\"a\":{\"S\":1}}}\n{\"Item\":{\"a\":\"b\"}}\n"
                "{\"Item\":{\"a\":{\"S\":\"1\"}},\"More\":[{}]}\n",
                "wrong\nwrong\nwrong\nwrong\nwrong\n{'a':{'S':'1'}}\n");
}

Test(reader, what_is_not_json_ends_the_file) {
    expect_json("{\"Item\":{}}\nnot json\n{\"Item\":{}}\n", "{}\nbroken\n");
    expect_json("{\"Item\":{}}\n{\"Item\":{oops}}\n{\"Item\":{}}\n", "{}\nbroken\n");
    expect_json("{\"Item\":{}}\n{\"Item\":{\"a\":{\"S\":\"cut", "{}\nbroken\n");
    expect_json("[{\"Item\":{}}]", "broken\n");
}

Test(reader, a_file_may_be_empty) {
    expect_json("", "");
    expect_json("\n \n", "");
    expect_ion("", "");
    expect_ion("$ion_1_0 // nothing\n", "");
    expect_csv("", "");
    expect_csv("a,b\n", "");
}

Test(reader, a_byte_order_mark_is_passed_over) {
    expect_json("\xef\xbb\xbf{\"Item\":{}}", "{}\n");
    expect_csv("\xef\xbb\xbf" "a\nx\n", "{'a':{'S':'x'}}\n");
}

/* ---- Ion ---- */

Test(reader, ion_items_are_told_apart_by_their_braces) {
    expect_ion("$ion_1_0 {Item:{a:\"}\",b:'''{''',c:{{aGk=}},'d}':[{}]}} /* } */ $ion_1_0\n{Item:{e:1.}} // {\n{Item:{}}",
               "{'a':{'S':'}'},'b':{'S':'{'},'c':{'B':'aGk='},'d}':{'L':[{'M':{}}]}}\n{'e':{'N':'1'}}\n{}\n");
}

Test(reader, ion_blobs_hold_slashes_and_clobs_hold_braces) {
    expect_ion("{Item:{b:{{//8/}}}}\n{Item:{b:{{ /w== }},c:[{{AA==}}]}} {Item:{c:{{\"}}\"}}}} {Item:{}}",
               "{'b':{'B':'//8/'}}\n{'b':{'B':'/w=='},'c':{'L':[{'B':'AA=='}]}}\nwrong\n{}\n");
}

Test(reader, ion_faults) {
    expect_ion("{Item:{a:1e1}} {Item:{a:2.}}", "wrong\n{'a':{'N':'2'}}\n");
    expect_ion("{Item:{a:1.}} \"text\" {Item:{}}", "{'a':{'N':'1'}}\nbroken\n");
    expect_ion("{Item:{a:1.}} {Item:{", "{'a':{'N':'1'}}\nbroken\n");
    expect_ion("\xe0\x01\x00\xea", "broken\n");
}

/* ---- CSV ---- */

Test(reader, csv_columns_are_strings_but_for_keys) {
    expect_csv("id,name,raw\n1,one,aGk=\n2.50,\"two, or \"\"2\"\"\",\n", "{'id':{'N':'1'},'name':{'S':'one'},'raw':{'B':'aGk='}}\n"
                                                                         "{'id':{'N':'2.5'},'name':{'S':'two, or \\\'2\\\''},'raw':{'B':''}}\n");
}

Test(reader, csv_quotes_hold_line_ends_and_blank_lines_count_for_nothing) {
    expect_csv("a,b\r\n\"x\ny\",\"\"\r\n\r\nlast,\xc3\xa9", "{'a':{'S':'x\\ny'},'b':{'S':''}}\n{'a':{'S':'last'},'b':{'S':'\xc3\xa9'}}\n");
}

Test(reader, csv_faults_are_of_one_line) {
    expect_csv("id,a\nx,1\n1\n1,2,3\n1,\"b\"c\n1,\xff\n7,ok\n", "wrong\nwrong\nwrong\nwrong\nwrong\n{'a':{'S':'ok'},'id':{'N':'7'}}\n");
    expect_csv("a,a\n1,2\n", "wrong\n");
    expect_csv("a\n\"open\nb\n", "wrong\n");
}

Test(reader, csv_with_headers_and_delimiter_of_the_request) {
    const struct leat_slice headers[] = {SLICE("id"), SLICE("b;c")};
    struct reader_options options = csv;
    options.headers = headers;
    options.header_count = 2;
    options.delimiter = ';';
    expect(&options, SLICE("1;x\n2;\"y;\"\n"), "{'b;c':{'S':'x'},'id':{'N':'1'}}\n{'b;c':{'S':'y;'},'id':{'N':'2'}}\n");
}

/* ---- going on ---- */

Test(reader, goes_on_behind_any_item) {
    static const char *const texts[] = {"{\"Item\":{\"a\":{\"S\":\"1\"}}}\n{\"Item\":{\"a\":{\"S\":\"2\"}}}\n{\"Item\":{\"a\":{\"S\":\"3\"}}}",
                                        "$ion_1_0 {Item:{a:\"1\"}}\n$ion_1_0 {Item:{a:\"2\"}}\n{Item:{a:\"3\"}}", "a\n1\n2\n3\n"};
    const struct reader_options *const options[] = {&json, &ion, &csv};
    for (size_t i = 0; i < 3; i++) {
        struct reader *reader;
        struct leat_slice item;
        struct leat_fault fault;
        const char *wanted[] = {"{'a':{'S':'2'}}\n{'a':{'S':'3'}}\n", "{'a':{'S':'3'}}\n", ""};
        cr_assert_eq(reader_new(file_of(slice_text(texts[i])), options[i], &reader, &fault), LEAT_OK);
        for (size_t k = 0; k < 3; k++) {
            cr_assert_eq(reader_next(reader, &item, &fault), READER_ITEM);
            char *rest = read_all(options[i], slice_text(texts[i]), reader_offset(reader));
            cr_assert_str_eq(rest, wanted[k]);
            free(rest);
        }
        reader_free(reader);
    }
}

/* ---- large ---- */

static struct leat_slice many(size_t count, size_t size) {
    struct buf text;
    buf_init(&text, 64 << 20);
    for (size_t i = 0; i < count; i++) {
        buf_print(&text, "{\"Item\":{\"i\":{\"N\":\"%zu\"},\"s\":{\"S\":\"", i);
        for (size_t k = 0; k < size; k++) buf_byte(&text, (uint8_t)('a' + k % 26));
        buf_print(&text, "\"}}}\n");
    }
    cr_assert(buf_ok(&text));
    return slice_of(text.data, text.size);
}

static size_t count_items(const struct reader_options *options, struct leat_slice bytes, enum reader_result *last) {
    struct reader *reader;
    struct leat_fault fault = {0};
    struct leat_slice item;
    size_t count = 0;
    cr_assert_eq(reader_new(file_of(bytes), options, &reader, &fault), LEAT_OK);
    while ((*last = reader_next(reader, &item, &fault)) == READER_ITEM) count++;
    reader_free(reader);
    return count;
}

Test(reader, files_are_larger_than_the_window) {
    enum reader_result last;
    struct leat_slice text = many(20, 500 * 1024);
    cr_assert_eq(count_items(&json, text, &last), 20u);
    cr_assert_eq(last, READER_END);
    free((void *)text.data);
}

Test(reader, an_item_has_a_limit) {
    enum reader_result last;
    struct leat_slice text = many(1, READER_ITEM_BYTES_MAX);
    cr_assert_eq(count_items(&json, text, &last), 0u);
    cr_assert_eq(last, READER_BROKEN);
    free((void *)text.data);
}

/* ---- compression ---- */

static struct leat_slice gzipped(struct leat_slice text) {
    z_stream stream = {0};
    cr_assert_eq(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t room = deflateBound(&stream, text.size) + 64;
    uint8_t *out = malloc(room);
    stream.next_in = (unsigned char *)(uintptr_t)text.data;
    stream.avail_in = (unsigned)text.size;
    stream.next_out = out;
    stream.avail_out = (unsigned)room;
    cr_assert_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t size = room - stream.avail_out;
    deflateEnd(&stream);
    return slice_of(out, size);
}

static struct leat_slice zstandard(struct leat_slice text) {
    size_t room = ZSTD_compressBound(text.size);
    uint8_t *out = malloc(room);
    size_t size = ZSTD_compress(out, room, text.data, text.size, 3);
    cr_assert(!ZSTD_isError(size));
    return slice_of(out, size);
}

static struct leat_slice joined(struct leat_slice a, struct leat_slice b) {
    uint8_t *both = malloc(a.size + b.size);
    memcpy(both, a.data, a.size);
    memcpy(both + a.size, b.data, b.size);
    return slice_of(both, a.size + b.size);
}

static void check_compression(enum inflow_kind kind, struct leat_slice (*compress)(struct leat_slice)) {
    struct reader_options options = {.format = TRANSFER_DYNAMODB_JSON, .compression = kind};
    enum reader_result last;
    struct leat_slice text = many(3000, 1000), packed = compress(text), twice = joined(packed, packed), empty = compress(SLICE(""));
    cr_assert_eq(count_items(&options, packed, &last), 3000u);
    cr_assert_eq(last, READER_END);
    cr_assert_eq(count_items(&options, twice, &last), 6000u, "members one behind the other");
    cr_assert_eq(last, READER_END);
    cr_assert_eq(count_items(&options, empty, &last), 0u);
    cr_assert_eq(last, READER_END);
    cr_assert_eq(count_items(&options, SLICE(""), &last), 0u, "a file of no bytes");
    cr_assert_eq(last, READER_END);
    for (size_t cut = 1; cut < packed.size; cut += packed.size / 7) {
        (void)count_items(&options, slice_of(packed.data, cut), &last);
        cr_assert_eq(last, READER_BROKEN, "cut at %zu", cut);
    }
    (void)count_items(&options, slice_of(packed.data, packed.size - 1), &last);
    cr_assert_eq(last, READER_BROKEN, "cut at the last byte");
    ((uint8_t *)(uintptr_t)packed.data)[packed.size / 2] ^= 0x55;
    (void)count_items(&options, packed, &last);
    cr_assert_neq(last, READER_END, "a byte is wrong");
    cr_assert_eq(count_items(&options, text, &last), 0u, "not compressed at all");
    cr_assert_eq(last, READER_BROKEN);
    const struct leat_slice all[] = {text, packed, twice, empty};
    for (size_t i = 0; i < 4; i++) free((void *)all[i].data);
}

Test(reader, gzip) { check_compression(INFLOW_GZIP, gzipped); }
Test(reader, zstd) { check_compression(INFLOW_ZSTD, zstandard); }
