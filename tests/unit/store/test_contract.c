/* What every engine promises (store/store.h), one transaction at a time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "subject.h"

CONTRACT(a_partition_never_written_is_empty_and_begins_at_1) {
    struct store_head head = subject_head(subject, 7);
    cr_assert(head.epoch == 0 && head.first == 1 && head.next == 1);
    cr_assert_null(subject_get(subject, 7, "k"));
    SAYS(subject, subject_scan(subject, 7, NULL, NULL, false), "");
    SAYS(subject, subject_scan(subject, 7, NULL, NULL, true), "");
    SAYS(subject, subject_log(subject, 7, 0), "");
}

CONTRACT(what_is_put_is_read_back_and_overwritten_and_removed) {
    subject_put(subject, 7, "k", "one");
    SAYS(subject, subject_get(subject, 7, "k"), "one");
    subject_put(subject, 7, "k", "a longer value");
    SAYS(subject, subject_get(subject, 7, "k"), "a longer value");
    subject_put(subject, 7, "k", "");
    SAYS(subject, subject_get(subject, 7, "k"), "");
    subject_del(subject, 7, "k");
    cr_assert_null(subject_get(subject, 7, "k"));
    subject_del(subject, 7, "k");
}

CONTRACT(the_empty_key_is_a_key) {
    subject_put(subject, 7, "", "empty");
    subject_put(subject, 7, "a", "1");
    SAYS(subject, subject_get(subject, 7, ""), "empty");
    SAYS(subject, subject_scan(subject, 7, NULL, NULL, false), "=empty a=1 ");
    SAYS(subject, subject_scan(subject, 7, NULL, "a", true), "=empty ");
}

CONTRACT(getv_does_not_see_the_puts_of_its_own_transaction) {
    const store_part part = 7;
    subject_put(subject, part, "a", "before");
    struct store_transaction *t;
    struct store_key keys[] = {{part, SLICE("a")}, {part, SLICE("b")}, {8, SLICE("a")}};
    struct leat_slice values[3];
    OK(subject, store_begin(subject->store, &part, 1, &t, &subject->fault));
    OK(subject, store_put(t, part, SLICE("a"), SLICE("after"), &subject->fault));
    OK(subject, store_put(t, part, SLICE("b"), SLICE("new"), &subject->fault));
    OK(subject, store_getv(t, keys, 3, values, &subject->fault));
    cr_assert(slice_is(values[0], "before"));
    cr_assert(values[1].data == NULL && values[2].data == NULL);
    SAYS(subject, subject_get(subject, part, "a"), "before");
    OK(subject, store_commit(t, &subject->fault));
    SAYS(subject, subject_get(subject, part, "a"), "after");
    SAYS(subject, subject_get(subject, part, "b"), "new");
}

CONTRACT(of_several_writes_to_one_key_in_a_transaction_the_last_holds) {
    const store_part part = 7;
    struct store_transaction *t;
    OK(subject, store_begin(subject->store, &part, 1, &t, &subject->fault));
    OK(subject, store_put(t, part, SLICE("a"), SLICE("1"), &subject->fault));
    OK(subject, store_put(t, part, SLICE("b"), SLICE("1"), &subject->fault));
    OK(subject, store_del(t, part, SLICE("a"), &subject->fault));
    OK(subject, store_put(t, part, SLICE("b"), SLICE("2"), &subject->fault));
    OK(subject, store_put(t, part, SLICE("c"), SLICE("1"), &subject->fault));
    OK(subject, store_put(t, part, SLICE("a"), SLICE("3"), &subject->fault));
    OK(subject, store_del(t, part, SLICE("c"), &subject->fault));
    OK(subject, store_commit(t, &subject->fault));
    SAYS(subject, subject_scan(subject, part, NULL, NULL, false), "a=3 b=2 ");
}

CONTRACT(what_is_given_in_may_be_changed_after_the_call) {
    const store_part part = 7;
    char key[] = "key", value[] = "value", record[] = "record";
    struct store_transaction *t;
    OK(subject, store_begin(subject->store, &part, 1, &t, &subject->fault));
    OK(subject, store_put(t, part, slice_text(key), slice_text(value), &subject->fault));
    OK(subject, store_append(t, part, slice_text(record), NULL, &subject->fault));
    memset(key, 'x', 3);
    memset(value, 'x', 5);
    memset(record, 'x', 6);
    OK(subject, store_commit(t, &subject->fault));
    SAYS(subject, subject_get(subject, part, "key"), "value");
    SAYS(subject, subject_log(subject, part, 0), "1=record ");
}

CONTRACT(abort_leaves_nothing) {
    const store_part part = 7;
    subject_put(subject, part, "a", "1");
    struct store_transaction *t;
    OK(subject, store_begin(subject->store, &part, 1, &t, &subject->fault));
    OK(subject, store_put(t, part, SLICE("b"), SLICE("2"), &subject->fault));
    OK(subject, store_del(t, part, SLICE("a"), &subject->fault));
    OK(subject, store_append(t, part, SLICE("r"), NULL, &subject->fault));
    store_abort(t);
    SAYS(subject, subject_scan(subject, part, NULL, NULL, false), "a=1 ");
    SAYS(subject, subject_log(subject, part, 0), "");
    cr_assert_eq(subject_head(subject, part).next, 1);
    cr_assert_eq(subject_append(subject, part, "r"), 1);
}

CONTRACT(an_empty_transaction_commits) {
    const store_part part = 7;
    struct store_transaction *t;
    OK(subject, store_begin(subject->store, &part, 1, &t, &subject->fault));
    OK(subject, store_commit(t, &subject->fault));
    subject_put(subject, part, "a", "1");
    SAYS(subject, subject_get(subject, part, "a"), "1");
}

CONTRACT(a_scan_takes_low_and_leaves_high_out_in_both_directions) {
    static const char *const keys[] = {"b", "d", "f", "h"};
    for (size_t i = 0; i < 4; i++) subject_put(subject, 7, keys[i], "1");
    SAYS(subject, subject_scan(subject, 7, NULL, NULL, false), "b=1 d=1 f=1 h=1 ");
    SAYS(subject, subject_scan(subject, 7, NULL, NULL, true), "h=1 f=1 d=1 b=1 ");
    SAYS(subject, subject_scan(subject, 7, "d", "h", false), "d=1 f=1 ");
    SAYS(subject, subject_scan(subject, 7, "d", "h", true), "f=1 d=1 ");
    SAYS(subject, subject_scan(subject, 7, "c", "g", false), "d=1 f=1 ");
    SAYS(subject, subject_scan(subject, 7, "c", "g", true), "f=1 d=1 ");
    SAYS(subject, subject_scan(subject, 7, "d", "d", false), "");
    SAYS(subject, subject_scan(subject, 7, "d", "d", true), "");
    SAYS(subject, subject_scan(subject, 7, "h", "b", false), "");
    SAYS(subject, subject_scan(subject, 7, "h", "b", true), "");
    SAYS(subject, subject_scan(subject, 7, "i", NULL, false), "");
    SAYS(subject, subject_scan(subject, 7, "i", NULL, true), "");
    SAYS(subject, subject_scan(subject, 7, NULL, "b", true), "");
    SAYS(subject, subject_scan(subject, 7, "d", "da", true), "d=1 ");
}

struct limited { size_t seen, limit; };

static bool row_limited(void *context, struct leat_slice key, struct leat_slice value) {
    (void)key, (void)value;
    struct limited *limited = context;
    return ++limited->seen < limited->limit;
}

static bool record_limited(void *context, store_sequence sequence, struct leat_slice record) {
    (void)sequence, (void)record;
    struct limited *limited = context;
    return ++limited->seen < limited->limit;
}

CONTRACT(a_callback_that_says_false_stops_scan_and_log) {
    for (char key[] = "a"; key[0] <= 'j'; key[0]++) {
        subject_put(subject, 7, key, "1");
        subject_append(subject, 7, key);
    }
    for (int reverse = 0; reverse < 2; reverse++) {
        struct limited limited = {0, 3};
        OK(subject, store_scan(subject->store, 7, SLICE(""), slice_text(NULL), reverse, row_limited, &limited,
                               &subject->fault));
        cr_assert_eq(limited.seen, 3, "%s", subject->name);
    }
    struct limited limited = {0, 4};
    OK(subject, store_log(subject->store, 7, 2, record_limited, &limited, &subject->fault));
    cr_assert_eq(limited.seen, 4, "%s", subject->name);
}

CONTRACT(partitions_do_not_leak_into_each_other) {
    static const store_part parts[] = {0, 1, 0xff, 0x100, 0xffff, 0x10000, 0x10001, UINT64_MAX - 1, UINT64_MAX};
    enum { PARTS = sizeof parts / sizeof *parts };
    for (size_t i = 0; i < PARTS; i++) {
        char text[] = {(char)('a' + i), 0};
        subject_put(subject, parts[i], "k", text);
        subject_put(subject, parts[i], "\xff\xff", text);
        for (size_t n = 0; n <= i; n++) subject_append(subject, parts[i], text);
    }
    for (size_t i = 0; i < PARTS; i++) {
        char text[] = {(char)('a' + i), 0}, want[32];
        snprintf(want, sizeof want, "k=%s \xff\xff=%s ", text, text);
        SAYS(subject, subject_scan(subject, parts[i], NULL, NULL, false), want);
        snprintf(want, sizeof want, "\xff\xff=%s k=%s ", text, text);
        SAYS(subject, subject_scan(subject, parts[i], NULL, NULL, true), want);
        cr_assert_eq(subject_head(subject, parts[i]).next, i + 2);
        snprintf(want, sizeof want, "%zu=%s ", i + 1, text);
        SAYS(subject, subject_log(subject, parts[i], i), want);
    }
}

CONTRACT(sequences_are_dense_from_1_in_each_partition_of_a_transaction) {
    const store_part parts[] = {3, 4};
    for (store_sequence round = 0; round < 3; round++) {
        struct store_transaction *t;
        OK(subject, store_begin(subject->store, parts, 2, &t, &subject->fault));
        for (store_sequence n = 1; n <= 5; n++) {
            store_sequence three = 0, four = 0;
            OK(subject, store_append(t, 3, SLICE("r"), &three, &subject->fault));
            cr_assert_eq(three, round * 5 + n);
            if (n > 2) continue;
            OK(subject, store_append(t, 4, SLICE("s"), &four, &subject->fault));
            cr_assert_eq(four, round * 2 + n);
        }
        OK(subject, store_commit(t, &subject->fault));
    }
    struct store_head heads[3];
    OK(subject, store_heads(subject->store, (store_part[]){4, 3, 5}, 3, heads, &subject->fault));
    cr_assert(heads[0].next == 7 && heads[1].next == 16 && heads[2].next == 1);
    SAYS(subject, subject_log(subject, 4, 0), "1=s 2=s 3=s 4=s 5=s 6=s ");
}

CONTRACT(log_gives_the_records_after_a_number) {
    subject_append(subject, 7, "a");
    subject_append(subject, 7, "");
    subject_append(subject, 7, "c");
    SAYS(subject, subject_log(subject, 7, 0), "1=a 2= 3=c ");
    SAYS(subject, subject_log(subject, 7, 2), "3=c ");
    SAYS(subject, subject_log(subject, 7, 3), "");
    SAYS(subject, subject_log(subject, 7, UINT64_MAX), "");
}

CONTRACT(trim_removes_the_oldest_records_within_its_budget) {
    bool more = true;
    OK(subject, store_trim(subject->store, 7, 10, 4, &more, &subject->fault));
    cr_assert_not(more);
    for (int i = 0; i < 8; i++) subject_append(subject, 7, "r");
    OK(subject, store_trim(subject->store, 7, 5, 3, &more, &subject->fault));
    cr_assert(more, "%s", subject->name);
    cr_assert_eq(subject_head(subject, 7).first, 4);
    OK(subject, store_trim(subject->store, 7, 5, 3, &more, &subject->fault));
    cr_assert_not(more);
    SAYS(subject, subject_log(subject, 7, 0), "6=r 7=r 8=r ");
    OK(subject, store_trim(subject->store, 7, 2, 3, &more, &subject->fault));
    cr_assert_not(more);
    OK(subject, store_trim(subject->store, 7, UINT64_MAX, 3, &more, &subject->fault));
    cr_assert_not(more);
    struct store_head head = subject_head(subject, 7);
    cr_assert(head.first == 9 && head.next == 9, "%s: an empty log goes on where it was", subject->name);
    cr_assert_eq(subject_append(subject, 7, "s"), 9);
    SAYS(subject, subject_log(subject, 7, 0), "9=s ");
}

CONTRACT(drop_removes_a_partition_in_steps_and_nothing_else) {
    for (store_part part = 6; part <= 8; part++) {
        for (char key[] = "a"; key[0] <= 'e'; key[0]++) subject_put(subject, part, key, "1");
        for (int i = 0; i < 4; i++) subject_append(subject, part, "r");
    }
    size_t calls = 0;
    for (bool more = true; more; calls++) OK(subject, store_drop(subject->store, 7, 2, &more, &subject->fault));
    cr_assert(calls >= 5 && calls <= 7, "%s: %zu steps", subject->name, calls);
    SAYS(subject, subject_scan(subject, 7, NULL, NULL, false), "");
    SAYS(subject, subject_log(subject, 7, 0), "");
    struct store_head head = subject_head(subject, 7);
    cr_assert(head.first == 1 && head.next == 1);
    for (store_part part = 6; part <= 8; part += 2) {
        SAYS(subject, subject_scan(subject, part, NULL, NULL, false), "a=1 b=1 c=1 d=1 e=1 ");
        cr_assert_eq(subject_head(subject, part).next, 5);
    }
    cr_assert_eq(subject_append(subject, 7, "again"), 1);
}

CONTRACT(get_answers_keys_of_several_partitions_at_once_and_absent_ones) {
    subject_put(subject, 1, "a", "one");
    subject_put(subject, 2, "a", "two");
    struct store_key keys[] = {{2, SLICE("a")}, {3, SLICE("a")}, {1, SLICE("a")}, {1, SLICE("aa")}};
    struct leat_slice values[4];
    OK(subject, store_get(subject->store, keys, 4, &subject->arena, values, &subject->fault));
    cr_assert(slice_is(values[0], "two") && slice_is(values[2], "one"));
    cr_assert(values[1].data == NULL && values[3].data == NULL);
}

CONTRACT(large_values_and_records_come_back_whole) {
    const store_part part = 7;
    static const size_t sizes[] = {4000, 4096, 400 * 1024, STORE_VALUE_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t *bytes = malloc(sizes[i]);
        for (size_t at = 0; at < sizes[i]; at++) bytes[at] = (uint8_t)(at * 31 + i);
        struct store_transaction *t;
        OK(subject, store_begin(subject->store, &part, 1, &t, &subject->fault));
        OK(subject, store_put(t, part, SLICE("k"), slice_of(bytes, sizes[i]), &subject->fault));
        OK(subject, store_commit(t, &subject->fault));
        struct store_key key = {part, SLICE("k")};
        struct leat_slice value;
        OK(subject, store_get(subject->store, &key, 1, &subject->arena, &value, &subject->fault));
        cr_assert(slice_equal(value, slice_of(bytes, sizes[i])), "%s: %zu bytes", subject->name, sizes[i]);
        free(bytes);
    }
}

CONTRACT(too_long_keys_and_values_are_refused_and_the_longest_allowed_are_not) {
    const store_part part = 7;
    uint8_t *bytes = calloc(1, STORE_VALUE_MAX + 1);
    struct store_transaction *t;
    OK(subject, store_begin(subject->store, &part, 1, &t, &subject->fault));
    EXPECT(subject, store_put(t, part, slice_of(bytes, STORE_KEY_MAX + 1), SLICE("v"), &subject->fault), LEAT_VALIDATION);
    EXPECT(subject, store_put(t, part, SLICE("k"), slice_of(bytes, STORE_VALUE_MAX + 1), &subject->fault),
           LEAT_VALIDATION);
    OK(subject, store_put(t, part, slice_of(bytes, STORE_KEY_MAX), SLICE("long"), &subject->fault));
    OK(subject, store_commit(t, &subject->fault));
    struct store_key keys[] = {{part, slice_of(bytes, STORE_KEY_MAX)}, {part, slice_of(bytes, STORE_KEY_MAX + 1)}};
    struct leat_slice values[2];
    OK(subject, store_get(subject->store, keys, 2, &subject->arena, values, &subject->fault));
    cr_assert(slice_is(values[0], "long") && values[1].data == NULL);
    free(bytes);
}

CONTRACT(a_get_past_its_arena_is_an_error) {
    subject_put(subject, 7, "k", "0123456789");
    struct arena small;
    arena_init(&small, 8);
    struct store_key key = {7, SLICE("k")};
    struct leat_slice value;
    EXPECT(subject, store_get(subject->store, &key, 1, &small, &value, &subject->fault), LEAT_NO_MEMORY);
    arena_fini(&small);
    SAYS(subject, subject_get(subject, 7, "k"), "0123456789");
}

static bool row_reads_and_begins(void *context, struct leat_slice key, struct leat_slice value) {
    struct subject *subject = context;
    (void)key;
    SAYS(subject, subject_get(subject, 7, "a"), "1");
    SAYS(subject, subject_scan(subject, 7, "b", NULL, false), "b=2 ");
    struct store_transaction *t;
    const store_part part = 7;
    EXPECT(subject, store_begin(subject->store, &part, 1, &t, &subject->fault), LEAT_INTERNAL);
    return value.size > 0;
}

CONTRACT(a_callback_may_read_but_not_begin_a_transaction) {
    subject_put(subject, 7, "a", "1");
    subject_put(subject, 7, "b", "2");
    OK(subject, store_scan(subject->store, 7, SLICE(""), slice_text(NULL), false, row_reads_and_begins, subject,
                           &subject->fault));
    subject_put(subject, 7, "c", "3");
}

Test(store, an_engine_is_found_by_its_name) {
    cr_assert_str_eq(store_engine_find("lmdb")->name, "lmdb");
    cr_assert_str_eq(store_engine_find("memory")->name, "memory");
    cr_assert_null(store_engine_find("nothing"));
}
