/* Readers and writers at once. The map begins as small as can be, so it grows while it is read. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "subject.h"

enum { READERS = 3, GROUPS = 120, VALUE_SIZE = 3000, PART = 7 };

struct crowd {
    struct subject *subject;
    _Atomic unsigned long committed, reads;
    _Atomic bool done;
    _Atomic int wrong; /* number of the check that failed; criterion's own assertions are for the main thread */
};

/* The writer keeps "a" and "z" equal, adds a row and a record per group: a reader must never see one without the other. */
static void write_group(struct subject *subject, unsigned long number) {
    static char value[VALUE_SIZE];
    char key[16];
    const store_part part = PART;
    struct store_transaction *t;
    snprintf(value, sizeof value, "%lu", number);
    snprintf(key, sizeof key, "k%08lu", number);
    OK(subject, store_begin(subject->store, &part, 1, &t, NULL));
    OK(subject, store_put(t, part, SLICE("a"), slice_of(value, sizeof value), NULL));
    OK(subject, store_put(t, part, SLICE("z"), slice_of(value, sizeof value), NULL));
    OK(subject, store_put(t, part, slice_text(key), slice_of(value, sizeof value), NULL));
    OK(subject, store_append(t, part, slice_of(value, sizeof value), NULL, NULL));
    OK(subject, store_commit(t, NULL));
}

struct seen { unsigned long rows, first, last; bool equal; };

static bool see_row(void *context, struct leat_slice key, struct leat_slice value) {
    struct seen *seen = context;
    unsigned long number = strtoul((const char *)value.data, NULL, 10);
    if (seen->rows++ == 0) seen->first = number;
    char text[16];
    snprintf(text, sizeof text, "k%08lu", number);
    if (key.data[0] == 'k') seen->equal = seen->equal && slice_is(key, text);
    seen->last = number;
    return true;
}

static bool see_record(void *context, store_sequence sequence, struct leat_slice record) {
    struct seen *seen = context;
    seen->rows++;
    seen->equal = seen->equal && sequence == strtoul((const char *)record.data, NULL, 10);
    return true;
}

static int read_once(struct crowd *crowd, struct arena *arena) {
    struct store *store = crowd->subject->store;
    unsigned long before = atomic_load(&crowd->committed);
    struct store_key keys[] = {{PART, SLICE("a")}, {PART, SLICE("z")}};
    struct leat_slice values[2];
    if (store_get(store, keys, 2, arena, values, NULL) != LEAT_OK) return 1;
    if (!slice_equal(values[0], values[1])) return 2;
    if (strtoul((const char *)values[0].data, NULL, 10) < before) return 3; /* committed before it began: seen */
    struct seen seen = {.equal = true};
    if (store_scan(store, PART, SLICE(""), slice_text(NULL), false, see_row, &seen, NULL) != LEAT_OK) return 4;
    if (!seen.equal || seen.first != seen.last || seen.rows != seen.last + 2 || seen.last < before) return 5;
    seen = (struct seen){.equal = true};
    if (store_log(store, PART, before, see_record, &seen, NULL) != LEAT_OK || !seen.equal) return 6;
    struct store_head head;
    if (store_heads(store, &(store_part){PART}, 1, &head, NULL) != LEAT_OK || head.next < before + 1 + seen.rows) return 7;
    return 0;
}

static void *reader(void *context) {
    struct crowd *crowd = context;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    while (!atomic_load(&crowd->done)) {
        int wrong = read_once(crowd, &arena);
        if (wrong != 0) atomic_store(&crowd->wrong, wrong);
        atomic_fetch_add(&crowd->reads, 1);
        arena_reset(&arena);
    }
    arena_fini(&arena);
    return NULL;
}

static void readers_and_a_writer(struct subject *subject) {
    struct crowd crowd = {.subject = subject};
    pthread_t threads[READERS];
    write_group(subject, 1);
    atomic_store(&crowd.committed, 1);
    for (int i = 0; i < READERS; i++) cr_assert_eq(pthread_create(&threads[i], NULL, reader, &crowd), 0);
    for (unsigned long number = 2; number <= GROUPS; number++) {
        write_group(subject, number);
        atomic_store(&crowd.committed, number);
    }
    while (atomic_load(&crowd.reads) < READERS) {}
    atomic_store(&crowd.done, true);
    for (int i = 0; i < READERS; i++) pthread_join(threads[i], NULL);
    cr_assert_eq(atomic_load(&crowd.wrong), 0, "%s: check %d of read_once", subject->name, atomic_load(&crowd.wrong));
}

Test(store_threads, readers_see_whole_transactions_while_the_map_grows) {
    for (const struct store_engine *const *engine = store_engines(); *engine != NULL; engine++) {
        struct subject subject;
        subject_init(&subject, *engine);
        subject.options.map_bytes_first = 1;
        subject_open(&subject);
        readers_and_a_writer(&subject);
        subject_fini(&subject);
    }
}

enum { WRITERS = 4, EACH = 25 };

static void *writer(void *context) {
    struct crowd *crowd = context;
    const store_part part = PART;
    for (int i = 0; i < EACH; i++) {
        struct store_transaction *t;
        struct store_key key = {part, SLICE("count")};
        struct leat_slice value;
        char text[24];
        if (store_begin(crowd->subject->store, &part, 1, &t, NULL) != LEAT_OK) return context;
        bool good = store_getv(t, &key, 1, &value, NULL) == LEAT_OK;
        long count = value.data == NULL ? 0 : strtol((const char *)value.data, NULL, 10);
        snprintf(text, sizeof text, "%ld", count + 1);
        good = good && store_put(t, part, key.key, slice_of(text, sizeof text), NULL) == LEAT_OK;
        good = good && store_append(t, part, slice_text(text), NULL, NULL) == LEAT_OK;
        if (store_commit(t, NULL) != LEAT_OK || !good) return context;
    }
    return NULL;
}

CONTRACT(writers_take_turns) {
    struct crowd crowd = {.subject = subject};
    pthread_t threads[WRITERS];
    void *failed = NULL;
    for (int i = 0; i < WRITERS; i++) cr_assert_eq(pthread_create(&threads[i], NULL, writer, &crowd), 0);
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(threads[i], &failed);
        cr_assert_null(failed, "%s", subject->name);
    }
    cr_assert_eq(atol(subject_get(subject, PART, "count")), WRITERS * EACH, "%s", subject->name);
    cr_assert_eq(subject_head(subject, PART).next, WRITERS * EACH + 1);
}

struct nested { struct crowd *crowd; size_t depth; };

static bool go_deeper(void *context, struct leat_slice key, struct leat_slice value) {
    (void)key, (void)value;
    struct nested *nested = context;
    if (nested->depth++ < 100 && store_scan(nested->crowd->subject->store, PART, SLICE(""), slice_text(NULL), false,
                                            go_deeper, nested, NULL) != LEAT_OK) {
        atomic_store(&nested->crowd->wrong, 1);
    }
    return false;
}

static void *deep_reader(void *context) {
    while (!atomic_load(&((struct crowd *)context)->done)) {
        struct nested nested = {context, 0};
        go_deeper(&nested, SLICE(""), SLICE(""));
        atomic_fetch_add(&nested.crowd->reads, 1);
    }
    return NULL;
}

/* More reads inside of reads than there are places in a pool, while a writer wants to move the map. */
Test(store_threads, reads_inside_of_reads_do_not_wait_for_the_growing_map) {
    for (const struct store_engine *const *engine = store_engines(); *engine != NULL; engine++) {
        struct subject subject;
        struct crowd crowd = {.subject = &subject};
        pthread_t thread;
        subject_init(&subject, *engine);
        subject.options.map_bytes_first = 1;
        subject_open(&subject);
        write_group(&subject, 1);
        cr_assert_eq(pthread_create(&thread, NULL, deep_reader, &crowd), 0);
        for (unsigned long number = 2; number <= GROUPS; number++) write_group(&subject, number);
        while (atomic_load(&crowd.reads) == 0) {}
        atomic_store(&crowd.done, true);
        pthread_join(thread, NULL);
        cr_assert_eq(atomic_load(&crowd.wrong), 0, "%s", subject.name);
        subject_fini(&subject);
    }
}
