/* Whichever call to the disk fails in a commit: all or nothing has happened, the answer says which, and the store goes on. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"
#include "subject.h"

enum { PART = 7, CALLS_MAX = 60, ROWS = 30 };

/* Large and small rows, so that LMDB writes in several calls. */
static enum leat_code change(struct subject *subject, char letter) {
    static uint8_t value[9000];
    const store_part part = PART;
    struct store_transaction *t;
    memset(value, letter, sizeof value);
    TRY(store_begin(subject->store, &part, 1, &t, &subject->fault));
    for (int i = 0; i < ROWS; i++) {
        char key[16];
        snprintf(key, sizeof key, "%02d", i);
        OK(subject, store_put(t, part, slice_text(key), slice_of(value, i % 3 == 0 ? sizeof value : 1), NULL));
    }
    OK(subject, store_append(t, part, slice_of(value, 1), NULL, NULL));
    return store_commit(t, &subject->fault);
}

struct state { size_t rows; char letter; bool mixed; };

static bool see_row(void *context, struct leat_slice key, struct leat_slice value) {
    (void)key;
    struct state *state = context;
    if (state->rows++ == 0) state->letter = (char)value.data[0];
    state->mixed = state->mixed || value.data[0] != state->letter || value.data[value.size - 1] != state->letter;
    return true;
}

/* The letter that all rows and the newest record have. */
static char letter_of(struct subject *subject, store_sequence *next) {
    struct state state = {0};
    OK(subject, store_scan(subject->store, PART, SLICE(""), slice_text(NULL), false, see_row, &state, &subject->fault));
    cr_assert(state.rows == ROWS && !state.mixed, "%s: half a transaction is there", subject->name);
    *next = subject_head(subject, PART).next;
    char record[16];
    snprintf(record, sizeof record, "%llu=%c ", (unsigned long long)*next - 1, state.letter);
    SAYS(subject, subject_log(subject, PART, *next - 2), record);
    return state.letter;
}

/* Answers false when the commit needs fewer calls than nth. */
static bool fail_once(struct subject *subject, unsigned long nth, enum disk_failure failure, bool lasting) {
    store_sequence before, after, later;
    char letter = letter_of(subject, &before), other = letter == 'a' ? 'b' : 'a';
    disk_fail(nth, failure, lasting);
    enum leat_code code = change(subject, other);
    bool failed = disk_failures() > 0;
    disk_fail(0, failure, false);
    if (code == LEAT_STORE_UNKNOWN) subject_put(subject, 8, "wakes", "it"); /* opens it again */
    char now = letter_of(subject, &after);
    if (code == LEAT_OK) {
        cr_assert(now == other && after == before + 1, "%s: call %lu: answered, but not there", subject->name, nth);
    } else if (code != LEAT_STORE_UNKNOWN) {
        cr_assert(code == LEAT_IO || code == LEAT_STORE_FULL, "%s: %d (%s)", subject->name, (int)code, subject->fault.message);
        cr_assert(now == letter && after == before, "%s: call %lu: refused, but there", subject->name, nth);
        cr_assert(failure != DISK_ENOSPC || code == LEAT_STORE_FULL, "%s: %s", subject->name, subject->fault.message);
    }
    subject_reopen(subject);
    cr_assert(letter_of(subject, &later) == now && later == after, "%s: call %lu: another state later", subject->name, nth);
    OK(subject, change(subject, 'c'));
    cr_assert_eq(letter_of(subject, &later), 'c');
    OK(subject, change(subject, 'a'));
    return failed;
}

static void fail_each(struct subject *subject, enum disk_failure failure, bool lasting) {
    unsigned long nth = 1;
    while (fail_once(subject, nth, failure, lasting)) {
        cr_assert_lt(++nth, CALLS_MAX);
    }
    cr_assert_gt(nth, 3, "%s: the disk is not reached through these calls", subject->name);
}

static void check(enum disk_failure failure, bool lasting) {
    for (const struct store_engine *const *engine = store_engines(); *engine != NULL; engine++) {
        if (((*engine)->capabilities & STORE_DURABLE) == 0) continue;
        struct subject subject;
        subject_init(&subject, *engine);
        subject_open(&subject);
        OK(&subject, change(&subject, 'a'));
        fail_each(&subject, failure, lasting);
        subject_fini(&subject);
    }
}

Test(store_disk, an_error_of_the_disk_happens_once) { check(DISK_EIO, false); }
Test(store_disk, an_error_of_the_disk_lasts) { check(DISK_EIO, true); }
Test(store_disk, the_disk_is_full_once) { check(DISK_ENOSPC, false); }
Test(store_disk, the_disk_is_full_for_a_while) { check(DISK_ENOSPC, true); }
Test(store_disk, a_write_is_short_once) { check(DISK_SHORT, false); }
Test(store_disk, writes_are_short_for_a_while) { check(DISK_SHORT, true); }

/* The file cannot be opened again after the error either: the outcome is not known until it can. */
static unsigned long fail_without_file(struct subject *subject, unsigned long nth, bool *failed) {
    store_sequence before, after;
    char path[128], aside[128], letter = letter_of(subject, &before), other = letter == 'a' ? 'b' : 'a';
    snprintf(path, sizeof path, "%s/data", subject->directory);
    snprintf(aside, sizeof aside, "%s/aside", subject->directory);
    cr_assert(rename(path, aside) == 0 && mkdir(path, 0700) == 0);
    disk_fail(nth, DISK_EIO, true);
    enum leat_code code = change(subject, other);
    *failed = disk_failures() > 0;
    disk_fail(0, DISK_EIO, false);
    if (code == LEAT_STORE_UNKNOWN) {
        struct store_head head;
        struct store_transaction *t;
        EXPECT(subject, store_heads(subject->store, &(store_part){PART}, 1, &head, &subject->fault), LEAT_IO);
        EXPECT(subject, store_begin(subject->store, NULL, 0, &t, &subject->fault), LEAT_IO);
    }
    cr_assert(rmdir(path) == 0 && rename(aside, path) == 0);
    subject_put(subject, 8, "wakes", "it");
    char now = letter_of(subject, &after);
    cr_assert(now == (after == before ? letter : other));
    cr_assert(code == LEAT_STORE_UNKNOWN || (code == LEAT_OK) == (now == other));
    return code == LEAT_STORE_UNKNOWN;
}

Test(store_disk, an_outcome_that_cannot_be_found_out_is_unknown_and_the_store_goes_on_later) {
    struct subject subject;
    subject_init(&subject, store_engine_find("lmdb"));
    subject_open(&subject);
    OK(&subject, change(&subject, 'a'));
    unsigned long unknown = 0;
    bool failed = true;
    for (unsigned long nth = 1; failed; nth++) unknown += fail_without_file(&subject, nth, &failed);
    cr_assert_gt(unknown, 0);
    subject_fini(&subject);
}
