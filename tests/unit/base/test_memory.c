/* Arenas, buffers, faults and the hash. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/hash.h"
#include "base/slice.h"

Test(arena, pieces_are_aligned_apart_and_counted_against_the_maximum) {
    struct arena arena;
    unsigned char *pieces[100];
    arena_init(&arena, 100 * 99 / 2 + 50);
    for (size_t i = 0; i < 100; i++) {
        pieces[i] = arena_alloc(&arena, i);
        cr_assert_not_null(pieces[i]);
        cr_assert_eq((uintptr_t)pieces[i] % 16, 0u);
        memset(pieces[i], (int)i, i);
    }
    for (size_t i = 0; i < 100; i++) {
        for (size_t at = 0; at < i; at++) cr_assert_eq(pieces[i][at], i);
    }
    cr_assert_null(arena_alloc(&arena, 51));
    cr_assert_not_null(arena_alloc(&arena, 50));
    cr_assert_null(arena_alloc(&arena, 1));
    cr_assert_null(arena_alloc(&arena, SIZE_MAX));
    arena_fini(&arena);
    cr_assert_not_null(arena_alloc(&arena, 100), "usable again");
    arena_fini(&arena);
}

Test(arena, a_piece_larger_than_a_block_fits) {
    struct arena arena;
    arena_init(&arena, 10 << 20);
    memset(arena_alloc(&arena, 5 << 20), 1, 5 << 20);
    memset(arena_alloc(&arena, 100), 1, 100);
    arena_fini(&arena);
}

Test(arena, copies_and_prints_end_with_a_zero_that_is_not_counted) {
    struct arena arena;
    arena_init(&arena, 1 << 16);
    struct leat_slice copy = arena_copy(&arena, SLICE("abc")), print = arena_print(&arena, "%s-%d", "x", 17);
    cr_assert(slice_is(copy, "abc") && copy.data[3] == 0);
    cr_assert(slice_is(print, "x-17") && print.data[4] == 0);
    cr_assert_null(arena_copy(&arena, (struct leat_slice){NULL, 0}).data);
    cr_assert_not_null(arena_copy(&arena, SLICE("")).data);
    cr_assert_null(arena_zero(&arena, SIZE_MAX / 2, 3));
    const uint8_t *zero = arena_zero(&arena, 10, 10);
    for (size_t i = 0; i < 100; i++) cr_assert_eq(zero[i], 0);
    arena_fini(&arena);
}

Test(arena, begins_in_memory_of_the_caller_and_goes_on_elsewhere) {
    _Alignas(16) unsigned char first[64];
    struct arena arena;
    arena_init_inside(&arena, first, sizeof first, 1000);
    memset(arena_alloc(&arena, 40), 1, 40);
    memset(arena_alloc(&arena, 40), 2, 40);
    cr_assert_null(arena_alloc(&arena, 921), "the maximum counts what lies in the first piece too");
    arena_fini(&arena);
    memset(arena_alloc(&arena, 1000), 3, 1000);
    arena_fini(&arena);
}

Test(arena, only_the_newest_piece_changes_its_size) {
    struct arena arena;
    arena_init(&arena, 1000);
    unsigned char *first = arena_alloc(&arena, 10), *second = arena_alloc(&arena, 10);
    cr_assert_not(arena_resize(&arena, first, 10, 100));
    cr_assert_not(arena_resize(&arena, second, 10, 991), "the maximum holds");
    if (arena_resize(&arena, second, 10, 990)) { /* not when each piece is a malloc of its own */
        memset(second, 1, 990);
        cr_assert_null(arena_alloc(&arena, 1));
        cr_assert(arena_resize(&arena, second, 990, 100));
        cr_assert_not_null(arena_alloc(&arena, 890));
    }
    arena_fini(&arena);
}

Test(arena, a_reset_keeps_the_largest_block_it_may) {
    struct arena arena;
    arena_init(&arena, 1 << 20);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 100; i++) memset(arena_alloc(&arena, 100), i, 100);
        arena_reset(&arena);
        cr_assert_eq(arena.used, 0u);
    }
    arena.keep = 0;
    arena_reset(&arena);
    cr_assert_null(arena.blocks);
    arena_fini(&arena);
}

Test(arena, clears_the_head_of_a_struct_only) {
    struct large { int head; int tail[8]; };
    struct arena arena;
    arena_init(&arena, 1000);
    memset(arena_alloc(&arena, 64), 0xff, 64);
    arena_reset(&arena);
    const struct large *large = ARENA_NEW_UPTO(&arena, struct large, tail);
    cr_assert_eq(large->head, 0);
    arena_fini(&arena);
}

Test(buf, in_an_arena_what_was_built_stays_there) {
    struct arena arena;
    struct buf one, two;
    arena_init(&arena, 1 << 16);
    buf_init_in(&one, &arena, 10000);
    buf_init_in(&two, &arena, 10000);
    for (int i = 0; i < 2000; i++) { /* both grow: neither is the newest piece all the time */
        buf_byte(&one, (uint8_t)i);
        buf_byte(&two, (uint8_t)(i + 1));
    }
    struct leat_slice first = buf_keep(&one), second = buf_keep(&two), none = buf_keep(&two);
    cr_assert(first.size == 2000 && second.size == 2000);
    memset(arena_alloc(&arena, 3000), 0, 3000);
    for (size_t i = 0; i < 2000; i++) cr_assert(first.data[i] == (i & 0xff) && second.data[i] == ((i + 1) & 0xff));
    cr_assert(none.data != NULL && none.size == 0, "nothing is not absent");
    arena_fini(&arena);
}

Test(buf, in_an_arena_fails_with_the_arena) {
    struct arena arena;
    struct buf buf;
    arena_init(&arena, 1000);
    buf_init_in(&buf, &arena, 100000);
    for (int i = 0; i < 1001; i++) buf_byte(&buf, 1);
    cr_assert_not(buf_ok(&buf));
    cr_assert_null(buf_keep(&buf).data);
    cr_assert(buf_ok(&buf) && buf.size == 0);
    arena_fini(&arena);
}

Test(buf, grows_up_to_its_maximum_and_then_stays_failed) {
    struct buf buf;
    buf_init(&buf, 1000);
    for (int i = 0; i < 1000; i++) buf_byte(&buf, (uint8_t)i);
    cr_assert(buf_ok(&buf) && buf.size == 1000);
    for (size_t i = 0; i < 1000; i++) cr_assert_eq(buf.data[i], i & 0xff);
    buf_byte(&buf, 1);
    cr_assert_not(buf_ok(&buf));
    buf.size = 0;
    buf_append(&buf, "abc", 3);
    cr_assert_eq(buf.size, 0u, "appends after a failure are ignored");
    buf_clear(&buf);
    buf_append(&buf, "abc", 3);
    cr_assert(buf_ok(&buf) && slice_is(buf_view(&buf), "abc"));
    buf_fini(&buf);
    cr_assert_not_null(buf_view(&buf).data, "a view is never absent");
}

Test(buf, refuses_sizes_that_would_overflow) {
    struct buf buf;
    buf_init(&buf, SIZE_MAX);
    buf_byte(&buf, 1);
    cr_assert_not(buf_reserve(&buf, SIZE_MAX));
    cr_assert_not(buf_ok(&buf));
    buf_fini(&buf);
}

Test(buf, prints_behind_what_is_there) {
    struct buf buf;
    buf_init(&buf, 1000);
    buf_append(&buf, "a", 1);
    buf_print(&buf, "%0300d|", 7);
    cr_assert(buf_ok(&buf) && buf.size == 302 && buf.data[300] == '7' && buf.data[301] == '|');
    buf_fini(&buf);
}

Test(fault, carries_code_and_words_and_may_be_absent) {
    struct leat_fault fault;
    cr_assert_eq(fault_set(&fault, LEAT_VALIDATION, "%s %d", "word", 1), LEAT_VALIDATION);
    cr_assert(fault.code == LEAT_VALIDATION && strcmp(fault.message, "word 1") == 0);
    cr_assert_eq(fault_set(NULL, LEAT_IO, "x"), LEAT_IO);
    cr_assert_eq(fault_errno(&fault, ENOSPC, "write"), LEAT_STORE_FULL);
    cr_assert_eq(fault_errno(&fault, ENOMEM, "write"), LEAT_NO_MEMORY);
    cr_assert_eq(fault_errno(&fault, ENOENT, "open"), LEAT_IO);
    cr_assert_str_eq(fault.message, "open: No such file or directory");
    cr_assert_str_eq(fault_name(LEAT_CONDITIONAL_CHECK_FAILED), "ConditionalCheckFailedException");
    cr_assert_str_eq(fault_name(LEAT_STORE_FULL), "InternalServerError");
}

Test(fault, a_copy_takes_the_words_and_leaves_the_room) {
    struct leat_fault from, to;
    memset(&to, 'x', sizeof to);
    fault_set(&from, LEAT_VALIDATION, "words");
    fault_copy(&to, &from);
    cr_assert(to.code == LEAT_VALIDATION && strcmp(to.message, "words") == 0 && to.message[6] == 'x');
    fault_clear(&to);
    cr_assert(to.code == LEAT_OK && to.message[0] == 0);
    memset(from.message, 'y', sizeof from.message); /* never ended */
    fault_copy(&to, &from);
    cr_assert_eq(strlen(to.message), sizeof to.message - 1);
}

/* On disk: must never change. */
Test(hash, is_the_same_as_ever) {
    cr_expect_eq(hash_bytes(SLICE("")), 0xefd01f60ba992926u);
    cr_expect_eq(hash_bytes(SLICE("id_value")), 0x684a5ad0ec78da87u);
}

Test(slice, order_is_that_of_bytes_with_prefixes_first) {
    static const struct leat_slice ordered[] = {{(const uint8_t *)"", 0}, {(const uint8_t *)"\0", 1}, {(const uint8_t *)"a", 1}, {(const uint8_t *)"a\0", 2},
                                                {(const uint8_t *)"aa", 2}, {(const uint8_t *)"b", 1}, {(const uint8_t *)"\xff", 1}};
    for (int i = 0; i < 7; i++) {
        for (int j = 0; j < 7; j++) {
            int order = slice_compare(ordered[i], ordered[j]);
            cr_assert_eq((order > 0) - (order < 0), (i > j) - (i < j), "%d %d", i, j);
            cr_assert_eq(slice_equal(ordered[i], ordered[j]), i == j);
        }
    }
    cr_assert(slice_starts(SLICE("abc"), SLICE("ab")) && slice_starts(SLICE("a"), SLICE("")) && !slice_starts(SLICE("a"), SLICE("ab")));
}

Test(slice, within_looks_at_every_byte) {
    uint8_t text[40];
    for (size_t size = 0; size < sizeof text; size++) {
        memset(text, 'a', sizeof text);
        cr_assert(slice_within(slice_of(text, size), '!', '~'));
        for (size_t i = 0; i < size; i++) {
            for (int byte = 0; byte < 256; byte++) {
                text[i] = (uint8_t)byte;
                cr_assert_eq(slice_within(slice_of(text, size), '!', '~'), byte >= '!' && byte <= '~', "%zu %d", i, byte);
            }
            text[i] = 'a';
        }
    }
}
