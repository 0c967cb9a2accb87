/* What a durable engine promises: committed is committed, also when the process is killed; a full store is an error and no more. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "subject.h"

enum { PART = 7, KILLS = 8, GROUP = 5, GROUPS_MAX = 100000 };

CONTRACT_DURABLE(what_was_committed_is_there_after_reopening) {
    subject_open(subject);
    subject_put(subject, PART, "a", "1");
    subject_append(subject, PART, "r");
    subject_reopen(subject);
    SAYS(subject, subject_get(subject, PART, "a"), "1");
    SAYS(subject, subject_log(subject, PART, 0), "1=r ");
    cr_assert_eq(subject_append(subject, PART, "s"), 2);
    const store_part part = PART;
    struct store_transaction *t;
    OK(subject, store_begin(subject->store, &part, 1, &t, NULL));
    OK(subject, store_put(t, part, SLICE("a"), SLICE("2"), NULL));
    store_abort(t);
    subject_reopen(subject);
    SAYS(subject, subject_scan(subject, PART, NULL, NULL, false), "a=1 ");
    SAYS(subject, subject_log(subject, PART, 0), "1=r 2=s ");
}

CONTRACT_DURABLE(bytes_used_grows_with_the_data_and_is_small_at_first) {
    subject_open(subject);
    uint64_t empty = subject->engine->bytes_used(subject->store);
    cr_assert(empty <= 256 * 1024, "%s: %llu bytes empty", subject->name, (unsigned long long)empty);
    char *value = calloc(1, 2000001);
    memset(value, 'v', 2000000);
    subject_put(subject, PART, "k", value);
    free(value);
    uint64_t full = subject->engine->bytes_used(subject->store);
    cr_assert(full >= 2000000 && full < 4000000, "%s: %llu bytes with 2,000,000", subject->name, (unsigned long long)full);
}

/* ---- killed ---- */

/* Each transaction: GROUP records, GROUP rows and the count of both; tells the pipe after each commit. */
static void write_for_ever(struct subject *subject, int pipe_fd) {
    const store_part part = PART;
    subject_open(subject);
    unsigned long number = subject_head(subject, PART).next - 1;
    for (int group = 0; group < GROUPS_MAX; group++) {
        struct store_transaction *t;
        char text[32];
        bool good = store_begin(subject->store, &part, 1, &t, NULL) == LEAT_OK;
        for (int i = 0; good && i < GROUP; i++) {
            snprintf(text, sizeof text, "%lu", ++number);
            good = store_append(t, part, slice_text(text), NULL, NULL) == LEAT_OK &&
                   store_put(t, part, slice_text(text), slice_text(text), NULL) == LEAT_OK;
        }
        good = good && store_put(t, part, SLICE("count"), slice_of(text, strlen(text)), NULL) == LEAT_OK;
        if (!good || store_commit(t, NULL) != LEAT_OK) _exit(1);
        if (write(pipe_fd, &number, sizeof number) != sizeof number) _exit(1);
    }
    _exit(1);
}

struct counted { unsigned long count; bool dense; };

static bool count_row(void *context, struct leat_slice key, struct leat_slice value) {
    (void)value;
    ((struct counted *)context)->count += !slice_is(key, "count");
    return true;
}

static bool count_record(void *context, store_sequence sequence, struct leat_slice record) {
    struct counted *counted = context;
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)sequence);
    counted->dense = counted->dense && sequence == ++counted->count && slice_is(record, text);
    return true;
}

static void check_after_death(struct subject *subject, unsigned long told) {
    subject_open(subject);
    struct counted rows = {0}, records = {.dense = true};
    OK(subject, store_scan(subject->store, PART, SLICE(""), slice_text(NULL), false, count_row, &rows, NULL));
    OK(subject, store_log(subject->store, PART, 0, count_record, &records, NULL));
    cr_assert(records.dense, "%s: the log has a gap", subject->name);
    cr_assert(rows.count == records.count && rows.count % GROUP == 0, "%s: %lu rows, %lu records", subject->name, rows.count,
              records.count);
    cr_assert(rows.count >= told, "%s: %lu were answered, %lu are there", subject->name, told, rows.count);
    if (rows.count > 0) cr_assert_eq(strtoul(subject_get(subject, PART, "count"), NULL, 10), rows.count);
    store_close(subject->store);
    subject->store = NULL;
}

CONTRACT_DURABLE(a_killed_process_loses_nothing_it_was_answered) {
    unsigned long told = 0, number;
    subject->options.map_bytes_first = 1;
    for (int kills = 0; kills < KILLS; kills++) {
        int fds[2];
        cr_assert_eq(pipe(fds), 0);
        pid_t child = fork();
        if (child == 0) write_for_ever(subject, fds[1]);
        close(fds[1]);
        for (int i = 0; i <= kills * 3; i++) {
            cr_assert_eq(read(fds[0], &number, sizeof number), sizeof number, "%s: the child failed", subject->name);
            told = number;
        }
        usleep((useconds_t)(kills * 233 % 1000)); /* somewhere in the middle of the next commit */
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(fds[0], &number, sizeof number) == sizeof number) told = number;
        close(fds[0]);
        check_after_death(subject, told);
    }
}

/* ---- full ---- */

static enum leat_code fill_step(struct subject *subject, unsigned long number) {
    static uint8_t value[20000];
    const store_part part = PART;
    struct store_transaction *t;
    char key[24];
    snprintf(key, sizeof key, "%08lu", number);
    TRY(store_begin(subject->store, &part, 1, &t, &subject->fault));
    OK(subject, store_put(t, part, slice_text(key), slice_of(value, sizeof value), &subject->fault));
    OK(subject, store_append(t, part, slice_text(key), NULL, &subject->fault));
    return store_commit(t, &subject->fault);
}

static unsigned long fill(struct subject *subject) {
    unsigned long number = 0;
    enum leat_code code = LEAT_OK;
    while (code == LEAT_OK && number < 10000) code = fill_step(subject, ++number);
    EXPECT(subject, code, LEAT_STORE_FULL);
    cr_assert(strstr(subject->fault.message, subject->directory) != NULL, "names the file: %s", subject->fault.message);
    return number - 1;
}

static void check_full(struct subject *subject, unsigned long written) {
    struct counted rows = {0};
    OK(subject, store_scan(subject->store, PART, SLICE(""), slice_text(NULL), false, count_row, &rows, NULL));
    cr_assert_eq(rows.count, written, "%s: %lu rows of %lu", subject->name, rows.count, written);
    cr_assert_eq(subject_head(subject, PART).next, written + 1);
}

CONTRACT_DURABLE(past_bytes_max_the_store_is_full_until_something_is_removed) {
    subject->options.bytes_max = 2 << 20;
    subject_open(subject);
    unsigned long written = fill(subject);
    cr_assert(written > 20, "%s: only %lu fit", subject->name, written);
    check_full(subject, written);
    EXPECT(subject, fill_step(subject, 9999), LEAT_STORE_FULL);
    uint64_t used = subject->engine->bytes_used(subject->store);
    cr_assert(used <= subject->options.bytes_max, "%s: %llu bytes", subject->name, (unsigned long long)used);
    bool more = true;
    for (int i = 0; i < 5; i++) OK(subject, store_trim(subject->store, PART, 5, 1, &more, &subject->fault));
    for (int i = 1; i <= 20; i++) {
        char key[24];
        snprintf(key, sizeof key, "%08d", i);
        subject_del(subject, PART, key);
    }
    for (int i = 0; i < 10; i++) OK(subject, fill_step(subject, 10000 + (unsigned long)i));
    subject_reopen(subject);
    cr_assert_eq(subject_head(subject, PART).next, written + 11);
    fill(subject);
    for (more = true; more;) OK(subject, store_drop(subject->store, PART, 10, &more, &subject->fault));
    unsigned long again = fill(subject); /* not all: LMDB's free pages lie in pieces by now */
    cr_assert(again * 2 > written, "%s: a dropped partition gives its room back: %lu of %lu", subject->name, again, written);
}

static enum leat_code put_rows(struct subject *subject, int from, int to, int step, size_t size) {
    static uint8_t value[1500];
    const store_part part = PART;
    struct store_transaction *t;
    TRY(store_begin(subject->store, &part, 1, &t, &subject->fault));
    for (int i = from; i < to; i += step) {
        char key[24];
        snprintf(key, sizeof key, "%08d", i);
        if (size > 0) OK(subject, store_put(t, part, slice_text(key), slice_of(value, size), NULL));
        else OK(subject, store_del(t, part, slice_text(key), NULL));
    }
    return store_commit(t, &subject->fault);
}

/* Removing a row of each page needs about as many new pages as there are, for a moment. */
CONTRACT_DURABLE(a_full_store_can_be_emptied_by_one_large_transaction) {
    subject->options.bytes_max = 1 << 20;
    subject_open(subject);
    int rows = 0;
    while (put_rows(subject, rows, rows + 1, 1, 1500) == LEAT_OK && rows < 10000) rows++;
    cr_assert(rows > 100 && rows < 10000);
    EXPECT(subject, put_rows(subject, 0, rows, 2, 1400), LEAT_STORE_FULL);
    OK(subject, put_rows(subject, 0, rows, 2, 0));
    OK(subject, put_rows(subject, 1, rows, 2, 0));
    for (int i = 0; i < 10; i++) OK(subject, put_rows(subject, i, i + 1, 1, 1500));
    cr_assert_eq(subject_head(subject, PART).next, 1);
    subject_reopen(subject);
    struct counted all = {0};
    OK(subject, store_scan(subject->store, PART, SLICE(""), slice_text(NULL), false, count_row, &all, NULL));
    cr_assert_eq(all.count, 10);
}

CONTRACT_DURABLE(a_file_that_is_not_the_engines_is_refused_and_left_alone) {
    char path[128], bytes[16384], again[sizeof bytes];
    snprintf(path, sizeof path, "%s/data", subject->directory);
    memset(bytes, 'x', sizeof bytes);
    int fd = open(path, O_CREAT | O_RDWR, 0600);
    cr_assert_eq(write(fd, bytes, sizeof bytes), (ssize_t)sizeof bytes);
    EXPECT(subject, subject->engine->open(&subject->options, &subject->store, &subject->fault), LEAT_STORE_CORRUPT);
    cr_assert(strstr(subject->fault.message, path) != NULL, "%s", subject->fault.message);
    cr_assert(pread(fd, again, sizeof again, 0) == (ssize_t)sizeof again && memcmp(bytes, again, sizeof again) == 0);
    close(fd);
    subject->store = NULL;
}

CONTRACT_DURABLE(a_directory_that_is_missing_is_an_error) {
    subject->options.directory = "/tmp/leat-no-such-directory";
    EXPECT(subject, subject->engine->open(&subject->options, &subject->store, &subject->fault), LEAT_IO);
    cr_assert(strstr(subject->fault.message, "/tmp/leat-no-such-directory") != NULL, "%s", subject->fault.message);
    subject->store = NULL;
}

/* The kernel refuses to make files larger than this, with EFBIG, in the middle of a write. */
CONTRACT_DURABLE(a_limit_of_the_file_size_is_answered_and_the_store_goes_on) {
    struct rlimit old, small = {1 << 20, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    subject_open(subject);
    getrlimit(RLIMIT_FSIZE, &old);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    unsigned long written = fill(subject);
    check_full(subject, written);
    setrlimit(RLIMIT_FSIZE, &old);
    OK(subject, fill_step(subject, written + 1));
    subject_reopen(subject);
    check_full(subject, written + 1);
}

static void full_disk(struct subject *subject) {
    char ballast[128];
    static char bytes[300 * 1024];
    snprintf(ballast, sizeof ballast, "%s/ballast", subject->directory);
    int fd = open(ballast, O_CREAT | O_WRONLY, 0600);
    cr_assert_eq(write(fd, bytes, sizeof bytes), (ssize_t)sizeof bytes);
    close(fd);
    subject_open(subject);
    unsigned long written = fill(subject);
    check_full(subject, written);
    EXPECT(subject, fill_step(subject, 9999), LEAT_STORE_FULL);
    unlink(ballast);
    OK(subject, fill_step(subject, written + 1));
    subject_reopen(subject);
    check_full(subject, written + 1);
    store_close(subject->store);
    subject->store = NULL;
}

CONTRACT_DURABLE(a_full_disk_is_answered_and_the_store_goes_on_when_there_is_space) {
    /* the mount is seen by this test's process only and goes away with it */
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", subject->directory, "tmpfs", 0, "size=2m") != 0) {
        cr_skip_test("a small file system cannot be mounted here");
    }
    full_disk(subject);
    cr_assert_eq(umount(subject->directory), 0);
}
