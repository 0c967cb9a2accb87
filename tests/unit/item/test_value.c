#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "item/value.h"

static struct buf buf;
static void start(void) { buf_init(&buf, 1 << 20); }
static void stop(void) { buf_fini(&buf); }
TestSuite(value, .init = start, .fini = stop);

static void put_string(const char *name, const char *text) {
    item_put_name(&buf, slice_text(name));
    item_put_string(&buf, slice_text(text));
}

/* One of each type, names out of order. */
static void put_everything(void) {
    put_string("s", "text");
    item_put_name(&buf, SLICE("n"));
    item_put_int(&buf, -42);
    item_put_name(&buf, SLICE("m"));
    size_t map = item_begin(&buf, ITEM_M);
    put_string("y", "2");
    item_put_name(&buf, SLICE("x"));
    size_t list = item_begin(&buf, ITEM_L);
    item_put_null(&buf);
    item_put_bool(&buf, true);
    cr_assert_eq(item_end(&buf, list), LEAT_OK);
    cr_assert_eq(item_end(&buf, map), LEAT_OK);
    item_put_name(&buf, SLICE("set"));
    size_t set = item_begin(&buf, ITEM_SS);
    item_put_element(&buf, SLICE("b"));
    item_put_element(&buf, SLICE("a"));
    cr_assert_eq(item_end(&buf, set), LEAT_OK);
    item_put_name(&buf, SLICE("b"));
    item_put_binary(&buf, SLICE("\0\xff"));
}

Test(value, a_built_item_is_canonical_and_is_read_back) {
    struct item_value value, inner;
    put_everything();
    cr_assert_not(item_check(buf_view(&buf)), "not sorted yet");
    cr_assert_eq(item_close(&buf, 0), LEAT_OK);
    struct leat_slice item = buf_view(&buf);
    cr_assert(item_check(item));
    cr_assert(item_find(item, SLICE("s"), &value) && value.type == ITEM_S && slice_is(value.payload, "text"));
    cr_assert(item_find(item, SLICE("b"), &value) && value.type == ITEM_B && value.payload.size == 2);
    cr_assert(item_find(item, SLICE("n"), &value) && value.type == ITEM_N);
    cr_assert(item_find(item, SLICE("set"), &value) && value.type == ITEM_SS && item_count(&value) == 2);
    cr_assert(item_set_has(value.payload, SLICE("a")) && item_set_has(value.payload, SLICE("b")) && !item_set_has(value.payload, SLICE("c")));
    cr_assert(item_find(item, SLICE("m"), &value) && value.type == ITEM_M && item_count(&value) == 2);
    cr_assert(item_find(value.payload, SLICE("x"), &inner) && inner.type == ITEM_L && item_count(&inner) == 2);
    cr_assert(item_list_at(inner.payload, 1, &value) && value.type == ITEM_BOOL && value.payload.data[0] == 1);
    cr_assert(item_value_at(inner.whole).type == ITEM_L && slice_equal(item_value_at(inner.whole).whole, inner.whole));
    cr_assert(!item_list_at(inner.payload, 2, &value) && value.type == ITEM_ABSENT);
    cr_assert(!item_find(item, SLICE("none"), &value) && value.type == ITEM_ABSENT);
    cr_assert_not(item_find(slice_of(NULL, 0), SLICE("none"), &value));
}

Test(value, the_bytes_are_those_of_the_format) {
    put_string("b", "x");
    item_put_name(&buf, SLICE("a"));
    size_t set = item_begin(&buf, ITEM_NS);
    struct item_number one = item_number_of(1);
    uint8_t number[ITEM_NUMBER_ENCODED_MAX];
    item_put_element(&buf, slice_of(number, item_number_encode(&one, number)));
    cr_assert_eq(item_end(&buf, set), LEAT_OK);
    item_put_name(&buf, SLICE("c"));
    cr_assert_eq(item_end(&buf, item_begin(&buf, ITEM_M)), LEAT_OK);
    item_put_name(&buf, SLICE("d"));
    item_put_null(&buf);
    cr_assert_eq(item_close(&buf, 0), LEAT_OK);
    cr_assert(slice_equal(buf_view(&buf), SLICE("\1a\7\3\0\0\0\2\xc1\2" "\1b\4\1x" "\1c\12\0\0\0\0" "\1d\1\0")));
}

Test(value, equal_items_have_equal_bytes_whatever_the_order) {
    static const char *const names[] = {"a", "ab", "b", "", "z"};
    struct buf other;
    buf_init(&other, 1 << 10);
    for (size_t i = 0; i < 5; i++) put_string(names[i], "v");
    cr_assert_eq(item_close(&buf, 0), LEAT_OK);
    for (size_t i = 5; i-- > 0;) {
        item_put_name(&other, slice_text(names[i]));
        item_put_string(&other, SLICE("v"));
    }
    cr_assert_eq(item_close(&other, 0), LEAT_OK);
    cr_assert(slice_equal(buf_view(&buf), buf_view(&other)));
    buf_fini(&other);
}

Test(value, duplicates_are_found_among_few_and_many) {
    for (int count = 2; count <= 200; count += 66) {
        buf_clear(&buf);
        size_t set = item_begin(&buf, ITEM_SS);
        for (int i = 0; i < count; i++) {
            char text[16];
            item_put_element(&buf, slice_of(text, (size_t)snprintf(text, sizeof text, "%d", (i * 7) % (count - 1))));
        }
        cr_assert_eq(item_end(&buf, set), LEAT_VALIDATION, "%d", count);
    }
    buf_clear(&buf);
    put_string("a", "1");
    put_string("a", "2");
    cr_assert_eq(item_close(&buf, 0), LEAT_VALIDATION);
    cr_assert_eq(item_close_last_wins(&buf, 0), LEAT_OK);
    struct item_value value;
    cr_assert(item_find(buf_view(&buf), SLICE("a"), &value) && slice_is(value.payload, "2"));
}

/* Entries are remembered by address while they are sorted: the buffer may move just then. */
Test(value, sorting_survives_a_buffer_that_moves) {
    char text[700];
    memset(text, 'x', sizeof text);
    for (size_t size = 0; size < sizeof text; size++) {
        struct buf growing;
        struct item_value value;
        buf_init(&growing, 1 << 16);
        item_put_name(&growing, SLICE("b"));
        item_put_string(&growing, slice_of(text, size));
        item_put_name(&growing, SLICE("a"));
        item_put_null(&growing);
        cr_assert_eq(item_close(&growing, 0), LEAT_OK);
        cr_assert(item_check(buf_view(&growing)));
        cr_assert(item_find(buf_view(&growing), SLICE("b"), &value) && slice_equal(value.payload, slice_of(text, size)));
        buf_fini(&growing);
    }
}

Test(value, of_many_names_that_come_twice_the_last_stays) {
    for (int i = 0; i < 200; i++) {
        char name[16], text[16];
        (void)snprintf(name, sizeof name, "%d", (i * 7) % 100);
        (void)snprintf(text, sizeof text, "%d", i / 100);
        put_string(name, text);
    }
    cr_assert_eq(item_close_last_wins(&buf, 0), LEAT_OK);
    struct item_iterator iterator = item_iterate(buf_view(&buf));
    struct leat_slice name;
    struct item_value value;
    size_t count = 0;
    for (; item_map_next(&iterator, &name, &value); count++) cr_assert(slice_is(value.payload, "1"));
    cr_assert_eq(count, 100u);
}

Test(value, check_refuses_what_is_nested_too_deeply) {
    for (int wraps = ITEM_DEPTH_MAX - 1; wraps <= ITEM_DEPTH_MAX; wraps++) {
        size_t marks[ITEM_DEPTH_MAX];
        buf_clear(&buf);
        item_put_name(&buf, SLICE("x"));
        for (int i = 0; i < wraps; i++) {
            marks[i] = item_begin(&buf, i % 2 == 0 ? ITEM_L : ITEM_M);
            if (i % 2 == 1) item_put_name(&buf, SLICE("k"));
        }
        item_put_null(&buf);
        for (int i = wraps; i-- > 0;) cr_assert_eq(item_end(&buf, marks[i]), LEAT_OK);
        cr_assert_eq(item_check(buf_view(&buf)), wraps < ITEM_DEPTH_MAX, "%d", wraps);
    }
}

Test(value, an_item_behind_other_bytes_is_closed_alone) {
    buf_append(&buf, "zz", 2);
    size_t mark = buf.size;
    put_string("b", "");
    put_string("a", "");
    cr_assert_eq(item_close(&buf, mark), LEAT_OK);
    cr_assert(slice_equal(buf_view(&buf), SLICE("zz\1a\4\0\1b\4\0")));
}

Test(value, long_leaves_have_longer_lengths) {
    char *text = malloc(20000);
    memset(text, 'x', 20000);
    static const size_t sizes[] = {0, 127, 128, 16383, 16384, 20000};
    for (size_t i = 0; i < 6; i++) {
        buf_clear(&buf);
        item_put_name(&buf, slice_of(text, sizes[i]));
        item_put_string(&buf, slice_of(text, sizes[i]));
        cr_assert(item_check(buf_view(&buf)));
        struct item_value value;
        cr_assert(item_find(buf_view(&buf), slice_of(text, sizes[i]), &value) && value.payload.size == sizes[i]);
    }
    free(text);
}

/* A container with its length takes 5 + 14 + 4 bytes, and sorting as much again as its entries. */
Test(value, a_full_buffer_is_answered) {
    for (size_t max = 0; max < 60; max++) {
        struct buf small;
        buf_init(&small, max);
        size_t mark = item_begin(&small, ITEM_M);
        item_put_name(&small, SLICE("b"));
        item_put_string(&small, SLICE("0123456789"));
        item_put_name(&small, SLICE("a"));
        item_put_null(&small);
        enum leat_code code = item_end(&small, mark);
        cr_assert_eq(code, max < 5 + 14 + 4 + 18 ? LEAT_NO_MEMORY : LEAT_OK, "%zu", max);
        buf_fini(&small);
    }
}

/* Does an item come out the same when it is taken apart and built anew? */
static bool rebuilds(struct leat_slice item) {
    struct buf again;
    struct item_iterator iterator = item_iterate(item);
    struct leat_slice name;
    struct item_value value;
    buf_init(&again, 1 << 16);
    while (item_map_next(&iterator, &name, &value)) {
        item_put_name(&again, name);
        item_put_value(&again, &value);
    }
    bool same = item_close(&again, 0) == LEAT_OK && slice_equal(buf_view(&again), item);
    buf_fini(&again);
    return same;
}

/* Every beginning and every single changed byte: readers end early, nothing is read out of bounds (the sanitizers watch), and what
 * item_check accepts is really canonical. */
Test(value, damaged_bytes_are_survived) {
    put_everything();
    cr_assert_eq(item_close(&buf, 0), LEAT_OK);
    for (size_t size = 0; size <= buf.size; size++) {
        uint8_t *copy = malloc(size + 1);
        memcpy(copy, buf.data, size);
        for (size_t at = 0; at < size; at++) {
            for (unsigned change = 0; change < 256; change += size == buf.size ? 1 : 51) {
                copy[at] ^= (uint8_t)change;
                struct leat_slice item = slice_of(copy, size);
                struct item_value value;
                (void)item_find(item, SLICE("none"), &value);
                (void)item_size(item);
                (void)item_value_at(item);
                if (item_check(item)) cr_assert(rebuilds(item), "what is accepted is canonical");
                copy[at] ^= (uint8_t)change;
            }
        }
        free(copy);
    }
}

Test(value, check_refuses_what_is_not_canonical) {
    static const struct leat_slice wrong[] = {
#define BYTES(text) {(const uint8_t *)(text), sizeof(text) - 1}
        BYTES("\1b\1\0\1a\1\0"),          /* names out of order */
        BYTES("\1a\1\0\1a\1\0"),          /* a name twice */
        BYTES("\1a\1\1x"),                /* NULL with a payload */
        BYTES("\1a\2\1\2"),               /* BOOL that is neither */
        BYTES("\1a\2\0"),                 /* BOOL without a byte */
        BYTES("\1a\3\2\xc1\1"),           /* a number without end */
        BYTES("\1a\3\0"),                 /* an empty number */
        BYTES("\1a\4\1\xff"),             /* S that is not UTF-8 */
        BYTES("\1\xff\1\0"),              /* a name that is not UTF-8 */
        BYTES("\1a\4\x80\0"),             /* a length longer than need be */
        BYTES("\x81\0a\1\0"),             /* the same of a name */
        BYTES("\1a\6\0\0\0\0"),           /* an empty set */
        BYTES("\1a\6\4\0\0\0\1b\1a"),     /* a set out of order */
        BYTES("\1a\6\4\0\0\0\1a\1a"),     /* an element twice */
        BYTES("\1a\6\3\0\0\0\1a\1"),      /* a set cut off */
        BYTES("\1a\7\2\0\0\0\1\xc1"),     /* NS with a broken number */
        BYTES("\1a\13\0"),                /* a type that does not exist */
        BYTES("\1a\0\0"),
        BYTES("\1a\11\1\0\0\0\1"),        /* a list with a cut value */
        BYTES("\1a\12\5\0\0\0\1b\1\0"),   /* a container longer than the item */
        BYTES("\1a"), BYTES("\1"), BYTES("\1a\4\xff\xff\xff\xff\xff\xff"),
#undef BYTES
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) cr_expect_not(item_check(wrong[i]), "case %zu", i);
    cr_expect(item_check(SLICE("")));
}

Test(value, type_names_go_both_ways) {
    for (int type = ITEM_NULL; type <= ITEM_M; type++) cr_expect_eq((int)item_type_of(slice_text(item_type_name((enum item_type)type))), type);
    cr_expect_eq(item_type_of(SLICE("s")), ITEM_ABSENT);
    cr_expect_eq(item_type_of(SLICE("")), ITEM_ABSENT);
    cr_expect_eq(item_type_of(SLICE("SSS")), ITEM_ABSENT);
}
