#include "subject.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARENA_MAX = 64 << 20, TRACE_MAX = 16 << 20 };

void subject_init(struct subject *subject, const struct store_engine *engine) {
    memset(subject, 0, sizeof *subject);
    subject->engine = engine;
    snprintf(subject->name, sizeof subject->name, "%s", engine->name);
    snprintf(subject->directory, sizeof subject->directory, "/tmp/leat-store-XXXXXX");
    cr_assert(mkdtemp(subject->directory) != NULL);
    subject->options.directory = subject->directory;
    arena_init(&subject->arena, ARENA_MAX);
    buf_init(&subject->trace, TRACE_MAX);
}

void subject_fini(struct subject *subject) {
    static const char *const files[] = {"data", "data-lock"};
    char path[128];
    store_close(subject->store);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", subject->directory, files[i]);
        unlink(path);
    }
    cr_expect(rmdir(subject->directory) == 0, "%s leaves unknown files", subject->name);
    arena_fini(&subject->arena);
    buf_fini(&subject->trace);
}

void subject_open(struct subject *subject) {
    OK(subject, subject->engine->open(&subject->options, &subject->store, &subject->fault));
}

void subject_reopen(struct subject *subject) {
    store_close(subject->store);
    subject->store = NULL;
    subject_open(subject);
}

static void subject_wrap(struct subject *subject, int wrapper) {
    static const char *const names[] = {"", " traced", " in a failer"};
    if (wrapper == 1) subject->store = store_trace_new(subject->store, &subject->trace);
    if (wrapper == 2) subject->store = store_failer_new(subject->store);
    cr_assert(subject->store != NULL);
    snprintf(subject->name, sizeof subject->name, "%s%s", subject->engine->name, names[wrapper]);
}

void subject_each(void (*check)(struct subject *)) {
    for (const struct store_engine *const *engine = store_engines(); *engine != NULL; engine++) {
        for (int wrapper = 0; wrapper < 3; wrapper++) {
            struct subject subject;
            subject_init(&subject, *engine);
            subject_open(&subject);
            subject_wrap(&subject, wrapper);
            check(&subject);
            subject_fini(&subject);
        }
    }
}

void subject_each_durable(void (*check)(struct subject *)) {
    size_t checked = 0;
    for (const struct store_engine *const *engine = store_engines(); *engine != NULL; engine++) {
        if (((*engine)->capabilities & STORE_DURABLE) == 0) continue;
        struct subject subject;
        subject_init(&subject, *engine);
        check(&subject);
        subject_fini(&subject);
        checked++;
    }
    cr_assert(checked > 0);
}

/* ---- one call each, with texts ---- */

static struct store_transaction *begin_one(struct subject *subject, store_part part) {
    struct store_transaction *t;
    OK(subject, store_begin(subject->store, &part, 1, &t, &subject->fault));
    return t;
}

void subject_put(struct subject *subject, store_part part, const char *key, const char *value) {
    struct store_transaction *t = begin_one(subject, part);
    OK(subject, store_put(t, part, slice_text(key), slice_text(value), &subject->fault));
    OK(subject, store_commit(t, &subject->fault));
}

void subject_del(struct subject *subject, store_part part, const char *key) {
    struct store_transaction *t = begin_one(subject, part);
    OK(subject, store_del(t, part, slice_text(key), &subject->fault));
    OK(subject, store_commit(t, &subject->fault));
}

store_sequence subject_append(struct subject *subject, store_part part, const char *record) {
    struct store_transaction *t = begin_one(subject, part);
    store_sequence sequence = 0;
    OK(subject, store_append(t, part, slice_text(record), &sequence, &subject->fault));
    OK(subject, store_commit(t, &subject->fault));
    return sequence;
}

const char *subject_get(struct subject *subject, store_part part, const char *key) {
    struct store_key wanted = {part, slice_text(key)};
    struct leat_slice value;
    OK(subject, store_get(subject->store, &wanted, 1, &subject->arena, &value, &subject->fault));
    return (const char *)value.data;
}

struct store_head subject_head(struct subject *subject, store_part part) {
    struct store_head head;
    OK(subject, store_heads(subject->store, &part, 1, &head, &subject->fault));
    return head;
}

struct listing {
    struct arena *arena;
    struct leat_slice text;
};

static bool list_row(void *context, struct leat_slice key, struct leat_slice value) {
    struct listing *listing = context;
    listing->text = arena_print(listing->arena, "%.*s%.*s=%.*s ", SLICE_FORMAT(listing->text), SLICE_FORMAT(key),
                                SLICE_FORMAT(value));
    return true;
}

static bool list_record(void *context, store_sequence sequence, struct leat_slice record) {
    struct listing *listing = context;
    listing->text = arena_print(listing->arena, "%.*s%llu=%.*s ", SLICE_FORMAT(listing->text),
                                (unsigned long long)sequence, SLICE_FORMAT(record));
    return true;
}

const char *subject_scan(struct subject *subject, store_part part, const char *low, const char *high, bool reverse) {
    struct listing listing = {&subject->arena, SLICE("")};
    OK(subject, store_scan(subject->store, part, slice_text(low), slice_text(high), reverse, list_row, &listing,
                           &subject->fault));
    return (const char *)listing.text.data;
}

const char *subject_log(struct subject *subject, store_part part, store_sequence after) {
    struct listing listing = {&subject->arena, SLICE("")};
    OK(subject, store_log(subject->store, part, after, list_record, &listing, &subject->fault));
    return (const char *)listing.text.data;
}
