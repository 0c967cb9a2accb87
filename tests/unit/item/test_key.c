/* Order of encoded keys = order of values, over small domains in full. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "item/key.h"

static struct item_value value_of(enum item_type type, struct leat_slice payload) {
    return (struct item_value){.type = type, .payload = payload};
}

struct key {
    uint8_t value[2];
    uint8_t size;
    uint8_t bytes[9], bytes_size;
};

static void encode(struct key *key, struct buf *buf, const struct item_value *value) {
    buf_clear(buf);
    item_key_append(buf, value);
    cr_assert_leq(buf->size, sizeof key->bytes);
    memcpy(key->bytes, buf->data, buf->size);
    key->bytes_size = (uint8_t)buf->size;
}

/* All strings of up to two bytes, in ascending order. */
static size_t all_strings(struct key *keys) {
    struct buf buf;
    buf_init(&buf, 100);
    size_t count = 0;
    keys[count++] = (struct key){.size = 0};
    for (unsigned first = 0; first < 256; first++) {
        keys[count++] = (struct key){.value = {(uint8_t)first}, .size = 1};
        for (unsigned second = 0; second < 256; second++) keys[count++] = (struct key){.value = {(uint8_t)first, (uint8_t)second}, .size = 2};
    }
    for (size_t i = 0; i < count; i++) {
        struct item_value value = value_of(ITEM_B, slice_of(keys[i].value, keys[i].size));
        encode(&keys[i], &buf, &value);
    }
    buf_fini(&buf);
    return count;
}

enum { STRINGS = 1 + 256 + 65536 };

Test(key, all_strings_of_two_bytes_keep_their_order_and_none_begins_another) {
    struct key *keys = calloc(STRINGS, sizeof *keys);
    cr_assert_eq(all_strings(keys), (size_t)STRINGS);
    for (size_t i = 1; i < STRINGS; i++) {
        struct leat_slice a = slice_of(keys[i - 1].bytes, keys[i - 1].bytes_size), b = slice_of(keys[i].bytes, keys[i].bytes_size);
        cr_assert_lt(slice_compare(slice_of(keys[i - 1].value, keys[i - 1].size), slice_of(keys[i].value, keys[i].size)), 0);
        cr_assert_lt(slice_compare(a, b), 0, "%zu", i);
        cr_assert_not(slice_starts(b, a), "what follows the shorter one must not matter: %zu", i);
    }
    free(keys);
}

/* The same as the first of two components: the second, whatever it is, decides only among equal first ones. */
Test(key, a_second_component_decides_only_among_equal_first_ones) {
    static const struct leat_slice seconds[] = {{(const uint8_t *)"", 0}, {(const uint8_t *)"\0", 1}, {(const uint8_t *)"\xff\xff", 2}};
    struct key *keys = calloc(STRINGS, sizeof *keys);
    struct buf before, now;
    buf_init(&before, 100);
    buf_init(&now, 100);
    (void)all_strings(keys);
    for (size_t i = 0; i < STRINGS; i++) {
        for (size_t second = 0; second < 3; second++) {
            struct item_value value = value_of(ITEM_S, seconds[second]);
            buf_clear(&now);
            buf_append(&now, keys[i].bytes, keys[i].bytes_size);
            item_key_append(&now, &value);
            cr_assert_lt(slice_compare(buf_view(&before), buf_view(&now)), 0, "%zu %zu", i, second);
            struct buf swap = before;
            before = now;
            now = swap;
        }
    }
    buf_fini(&before);
    buf_fini(&now);
    free(keys);
}

Test(key, a_number_component_is_followed_safely) {
    struct buf before, now;
    buf_init(&before, 100);
    buf_init(&now, 100);
    for (int i = -2000; i <= 2000; i++) {
        for (int second = -101; second <= 101; second += 101) {
            struct item_number number = item_number_of(i);
            uint8_t bytes[ITEM_NUMBER_ENCODED_MAX];
            struct item_value value = value_of(ITEM_N, slice_of(bytes, item_number_encode(&number, bytes)));
            buf_clear(&now);
            item_key_append(&now, &value);
            number = item_number_of(second);
            value.payload.size = item_number_encode(&number, bytes);
            item_key_append(&now, &value);
            cr_assert_lt(slice_compare(buf_view(&before), buf_view(&now)), 0, "%d %d", i, second);
            struct buf swap = before;
            before = now;
            now = swap;
        }
    }
    buf_fini(&before);
    buf_fini(&now);
}

Test(key, a_prefix_begins_exactly_the_keys_of_what_begins_with_it) {
    struct key *keys = calloc(STRINGS, sizeof *keys);
    struct buf prefix;
    buf_init(&prefix, 100);
    (void)all_strings(keys);
    for (size_t p = 0; p < STRINGS; p += 113) {
        struct leat_slice wanted = slice_of(keys[p].value, keys[p].size);
        struct item_value value = value_of(ITEM_B, wanted);
        buf_clear(&prefix);
        item_key_append_prefix(&prefix, &value);
        for (size_t i = 0; i < STRINGS; i += 7) {
            bool starts = slice_starts(slice_of(keys[i].value, keys[i].size), wanted);
            cr_assert_eq(slice_starts(slice_of(keys[i].bytes, keys[i].bytes_size), buf_view(&prefix)), starts, "%zu %zu", p, i);
        }
    }
    buf_fini(&prefix);
    free(keys);
}

Test(key, the_successor_is_above_all_that_begins_with_the_key_and_nothing_lies_between) {
    struct buf key;
    buf_init(&key, 100);
    buf_append(&key, "a\xfe\xff\xff", 4);
    cr_assert(item_key_successor(&key));
    cr_assert(slice_equal(buf_view(&key), SLICE("a\xff")));
    cr_assert(item_key_successor(&key));
    cr_assert(slice_equal(buf_view(&key), SLICE("b")));
    buf_clear(&key);
    buf_append(&key, "\xff\xff", 2);
    cr_assert_not(item_key_successor(&key));
    buf_clear(&key);
    cr_assert_not(item_key_successor(&key));
    buf_fini(&key);
}

/* On disk: these must never change. */
Test(key, the_bytes_are_those_of_the_format) {
    struct item_value text = value_of(ITEM_S, SLICE("a\0b")), binary = value_of(ITEM_B, SLICE("")), number = value_of(ITEM_N, SLICE("\xc1\2"));
    struct buf buf;
    buf_init(&buf, 100);
    item_key_append(&buf, &text);
    item_key_append(&buf, &binary);
    item_key_append(&buf, &number);
    item_key_append_prefix(&buf, &text);
    cr_assert(slice_equal(buf_view(&buf), SLICE("\4a\0\xff" "b\0\1" "\5\0\1" "\3\xc1\2" "\4a\0\xff" "b")));
    buf_fini(&buf);
}

/* Where items lie on disk: these must never change. */
Test(key, the_hash_is_stable_and_spread) {
    struct item_value value = value_of(ITEM_S, SLICE("id_value"));
    cr_assert_eq(item_key_hash(&value), 0x684a, "%04x", item_key_hash(&value));
    unsigned counts[16] = {0};
    for (int i = 0; i < 16000; i++) {
        char text[16];
        value.payload = slice_of(text, (size_t)snprintf(text, sizeof text, "user#%d", i));
        counts[item_key_hash(&value) >> 12]++;
    }
    for (int i = 0; i < 16; i++) cr_assert(counts[i] > 800 && counts[i] < 1200, "%u", counts[i]);
}
