/* SizeBytes of stream records that AWS answered: the sizes of keys and images together. Then the rules of the guide one by one. */
#include <criterion/criterion.h>

#include "base/slice.h"
#include "item/item_json.h"

static size_t size_of(const char *json) {
    struct arena arena;
    struct buf item;
    struct json_reader reader;
    struct leat_fault fault = {0};
    arena_init(&arena, 1 << 16);
    buf_init(&item, 1 << 16);
    json_reader_init(&reader, slice_text(json), &arena);
    (void)json_next(&reader);
    cr_assert_eq(item_from_json(&reader, &item, &fault), LEAT_OK, "%s: %s", json, fault.message);
    size_t size = item_size(buf_view(&item));
    arena_fini(&arena);
    buf_fini(&item);
    return size;
}

Test(size, sums_are_those_of_recorded_stream_records) {
    static const struct { const char *keys, *new_image, *old_image; size_t size; } cases[] = {
        {"{\"Username\":{\"S\":\"Fred\"}}", "{}", "{}", 12},
        {"{\"id\":{\"S\":\"test\"}}", "{\"id\":{\"S\":\"test\"}}", "{}", 12},
        {"{\"id\":{\"S\":\"NewKey\"}}", "{\"attr1\":{\"S\":\"value1\"},\"attr2\":{\"S\":\"value2\"},\"id\":{\"S\":\"NewKey\"}}", "{\"id\":{\"S\":\"NewKey\"}}", 46},
        {"{\"id\":{\"S\":\"NonExistentKey\"}}", "{\"attr1\":{\"S\":\"value1\"},\"id\":{\"S\":\"NonExistentKey\"}}", "{}", 43},
        {"{\"id\":{\"S\":\"NewKey\"}}", "{}", "{\"attr1\":{\"S\":\"value1\"},\"attr2\":{\"S\":\"value2\"},\"id\":{\"S\":\"NewKey\"}}", 38},
        {"{\"my_partition_key\":{\"S\":\"hello world\"}}", "{\"binary_key\":{\"B\":\"Zm9vYmFy\"},\"my_partition_key\":{\"S\":\"hello world\"}}", "{}", 70},
        {"{\"id\":{\"S\":\"id_value_1\"}}", "{\"id\":{\"S\":\"id_value_1\"},\"numericFilter\":{\"N\":\"42\"}}", "{}", 39},
        {"{\"my_partition_key\":{\"S\":\"testId0\"}}", "{\"my_partition_key\":{\"S\":\"testId0\"},\"should_fail\":{\"BOOL\":false}}", "{}", 58},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t size = size_of(cases[i].keys) + size_of(cases[i].new_image) + size_of(cases[i].old_image);
        cr_expect_eq(size, cases[i].size, "case %zu: %zu, AWS %zu", i, size, cases[i].size);
    }
}

Test(size, follows_the_rules_of_the_guide) {
    cr_expect_eq(size_of("{}"), 0u);
    cr_expect_eq(size_of("{\"\\u00e4\":{\"S\":\"\\ud83d\\ude00\"}}"), 2u + 4u);
    cr_expect_eq(size_of("{\"n\":{\"NULL\":true}}"), 2u);
    cr_expect_eq(size_of("{\"l\":{\"L\":[]}}"), 1u + 3u);
    cr_expect_eq(size_of("{\"m\":{\"M\":{}}}"), 1u + 3u);
    cr_expect_eq(size_of("{\"l\":{\"L\":[{\"S\":\"ab\"},{\"BOOL\":true}]}}"), 1u + 3u + (1u + 2u) + (1u + 1u));
    cr_expect_eq(size_of("{\"m\":{\"M\":{\"key\":{\"S\":\"ab\"},\"k\":{\"L\":[]}}}}"), 1u + 3u + (1u + 3u + 2u) + (1u + 1u + 3u));
    cr_expect_eq(size_of("{\"s\":{\"SS\":[\"ab\",\"c\"]}}"), 1u + 3u);
    cr_expect_eq(size_of("{\"s\":{\"NS\":[\"42\",\"0\"]}}"), 1u + 2u + 1u);
    cr_expect_eq(size_of("{\"s\":{\"BS\":[\"Zm9v\"]}}"), 1u + 3u);
}
