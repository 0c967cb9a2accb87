/* Engines against each other: the same random calls have to give the same answers. A failure names its seed;
 * LEAT_TEST_SEED=<seed> runs that one alone, LEAT_TEST_RUNS=<n> more of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "subject.h"

enum { PARTS = 3, KEYS = 300, RUNS = 3, STEPS = 150, WRITES_MAX = 12 };

struct model {
    struct subject subject, oracle; /* any engine; the memory engine */
    uint64_t seed, random;
    struct leat_slice keys[KEYS];
    uint8_t bytes[KEYS][STORE_KEY_MAX];
};

static uint64_t below(struct model *model, uint64_t limit) {
    model->random = model->random * 6364136223846793005u + 1442695040888963407u;
    return (model->random >> 33) % limit;
}

/* Lengths crowd around the places where physical keys end, and beginnings are shared, so that marks and plain keys get mixed up if they can
 * be. 501 and 493 are the pieces that lmdb.c draws. */
static void make_keys(struct model *model) {
    static const size_t edges[] = {0, 3, 501, 501 + 493, 501 + 2 * 493, 501 + 15 * 493, STORE_KEY_MAX};
    for (size_t i = 0; i < KEYS; i++) {
        uint8_t *bytes = model->bytes[i];
        size_t edge = edges[below(model, sizeof edges / sizeof *edges)], size = edge + below(model, 5);
        size = size >= 2 && below(model, 2) ? size - 2 : size;
        if (size > STORE_KEY_MAX) size = STORE_KEY_MAX;
        memset(bytes, (int)below(model, 2) * 0xff, STORE_KEY_MAX);
        if (i > 0 && below(model, 4) != 0) memcpy(bytes, model->bytes[below(model, i)], STORE_KEY_MAX);
        for (size_t flips = below(model, 3); flips > 0; flips--) {
            size_t place = edges[below(model, 5)] + below(model, 4);
            bytes[place >= 2 ? place - 2 : place] = (uint8_t)(below(model, 3) * 0x7f + (below(model, 3) == 0));
        }
        model->keys[i] = slice_of(bytes, size);
    }
}

struct rows { size_t count, limit; uint64_t hash; };

static bool hash_row(void *context, struct leat_slice key, struct leat_slice value) {
    struct rows *rows = context;
    for (size_t i = 0; i < key.size; i++) rows->hash = (rows->hash ^ key.data[i]) * 0x100000001b3u;
    rows->hash = (rows->hash ^ key.size ^ value.size << 16) * 0x100000001b3u; /* of a value size and first byte differ */
    if (value.size > 0) rows->hash = (rows->hash ^ value.data[0]) * 0x100000001b3u;
    return ++rows->count < rows->limit;
}

static bool hash_record(void *context, store_sequence sequence, struct leat_slice record) {
    return hash_row(context, slice_of(&sequence, sizeof sequence), record);
}

static void same_scan(struct model *model, store_part part, struct leat_slice low, struct leat_slice high, bool reverse,
                      size_t limit) {
    struct rows got = {0, limit, 0}, want = {0, limit, 0};
    OK(&model->subject, store_scan(model->subject.store, part, low, high, reverse, hash_row, &got, NULL));
    OK(&model->oracle, store_scan(model->oracle.store, part, low, high, reverse, hash_row, &want, NULL));
    cr_assert(got.count == want.count && got.hash == want.hash,
              "seed %llu: %s scans %zu rows, the oracle %zu (low %zu bytes, high %zu, reverse %d)",
              (unsigned long long)model->seed, model->subject.name, got.count, want.count, low.size, high.size, reverse);
}

static void same_log(struct model *model, store_part part, store_sequence after) {
    struct rows got = {0, SIZE_MAX, 0}, want = got;
    OK(&model->subject, store_log(model->subject.store, part, after, hash_record, &got, NULL));
    OK(&model->oracle, store_log(model->oracle.store, part, after, hash_record, &want, NULL));
    struct store_head head = subject_head(&model->subject, part), other = subject_head(&model->oracle, part);
    cr_assert(got.count == want.count && got.hash == want.hash && head.first == other.first && head.next == other.next,
              "seed %llu: the logs differ", (unsigned long long)model->seed);
}

static void same_get(struct model *model, store_part part, struct leat_slice key) {
    struct store_key wanted = {part, key};
    struct leat_slice got, want;
    OK(&model->subject, store_get(model->subject.store, &wanted, 1, &model->subject.arena, &got, NULL));
    OK(&model->oracle, store_get(model->oracle.store, &wanted, 1, &model->oracle.arena, &want, NULL));
    cr_assert((got.data == NULL) == (want.data == NULL) && slice_equal(got, want), "seed %llu: the values of a key differ",
              (unsigned long long)model->seed);
}

struct planned { store_part part; struct leat_slice key, value; bool append; };

static void apply(struct subject *subject, const struct planned *writes, size_t count, bool commit) {
    const store_part parts[PARTS] = {0, 1, 2};
    struct store_transaction *t;
    OK(subject, store_begin(subject->store, parts, PARTS, &t, NULL));
    for (size_t i = 0; i < count; i++) {
        if (writes[i].append) OK(subject, store_append(t, writes[i].part, writes[i].value, NULL, NULL));
        else if (writes[i].value.data == NULL) OK(subject, store_del(t, writes[i].part, writes[i].key, NULL));
        else OK(subject, store_put(t, writes[i].part, writes[i].key, writes[i].value, NULL));
    }
    if (commit) OK(subject, store_commit(t, NULL));
    else store_abort(t);
}

static void write_some(struct model *model) {
    static uint8_t bytes[20000];
    struct planned writes[WRITES_MAX];
    size_t count = 1 + below(model, WRITES_MAX - 1);
    bytes[0] = (uint8_t)model->random;
    for (size_t i = 0; i < count; i++) {
        size_t size = below(model, 8) == 0 ? below(model, sizeof bytes) : below(model, 40);
        writes[i] = (struct planned){below(model, PARTS), model->keys[below(model, KEYS)], slice_of(bytes, size),
                                     below(model, 4) == 0};
        if (below(model, 3) == 0 && !writes[i].append) writes[i].value.data = NULL, writes[i].value.size = 0;
    }
    bool commit = below(model, 8) != 0;
    apply(&model->subject, writes, count, commit);
    apply(&model->oracle, writes, count, commit);
}

static struct leat_slice bound(struct model *model) {
    return below(model, 8) == 0 ? slice_text(NULL) : model->keys[below(model, KEYS)];
}

static void trim_some(struct model *model) {
    store_part part = below(model, PARTS);
    store_sequence upto = subject_head(&model->oracle, part).first + below(model, 10);
    bool more, other;
    OK(&model->subject, store_trim(model->subject.store, part, upto, 4, &more, NULL));
    OK(&model->oracle, store_trim(model->oracle.store, part, upto, 4, &other, NULL));
    cr_assert_eq(more, other, "seed %llu", (unsigned long long)model->seed);
}

static void drop_one(struct model *model) {
    store_part part = below(model, PARTS);
    for (bool more = true; more;) OK(&model->subject, store_drop(model->subject.store, part, 7, &more, NULL));
    for (bool more = true; more;) OK(&model->oracle, store_drop(model->oracle.store, part, 7, &more, NULL));
}

static void step(struct model *model) {
    store_part part = below(model, PARTS);
    write_some(model);
    same_get(model, part, model->keys[below(model, KEYS)]);
    same_scan(model, part, bound(model), bound(model), below(model, 2), below(model, 3) == 0 ? 1 + below(model, 5) : SIZE_MAX);
    same_log(model, part, below(model, 20));
    if (below(model, 10) == 0) trim_some(model);
    if (below(model, 100) == 0) drop_one(model);
    if (below(model, 60) == 0 && (model->subject.engine->capabilities & STORE_DURABLE) != 0) subject_reopen(&model->subject);
}

/* Every pair of keys as a range, both ways; only for one partition, at the end. */
static void same_everywhere(struct model *model) {
    for (store_part part = 0; part < PARTS; part++) {
        same_scan(model, part, slice_text(NULL), slice_text(NULL), false, SIZE_MAX);
        same_scan(model, part, slice_text(NULL), slice_text(NULL), true, SIZE_MAX);
        for (size_t i = 0; i < KEYS; i++) same_get(model, part, model->keys[i]);
    }
    for (size_t low = 0; low < KEYS; low += 5) {
        for (size_t high = 0; high < KEYS; high += 11) {
            same_scan(model, 1, model->keys[low], model->keys[high], false, 5);
            same_scan(model, 1, model->keys[low], model->keys[high], true, 5);
        }
    }
}

/* An emptied partition keeps at most its head and one counter: no mark, no tail. */
static void remove_all(struct model *model) {
    for (store_part part = 0; part < PARTS; part++) {
        struct planned writes[KEYS];
        for (size_t i = 0; i < KEYS; i++) writes[i] = (struct planned){.part = part, .key = model->keys[i]};
        apply(&model->subject, writes, KEYS, true);
        same_scan(model, PARTS, slice_text(NULL), slice_text(NULL), false, SIZE_MAX);
        bool more = true;
        OK(&model->subject, store_trim(model->subject.store, part, UINT64_MAX, SIZE_MAX, &more, NULL));
        OK(&model->subject, store_drop(model->subject.store, part, 2, &more, NULL));
        cr_assert_not(more, "seed %llu: removed keys leave something behind", (unsigned long long)model->seed);
    }
}

static void run(const struct store_engine *engine, uint64_t seed) {
    struct model *model = calloc(1, sizeof *model);
    model->seed = seed;
    model->random = seed;
    subject_init(&model->subject, engine);
    subject_init(&model->oracle, store_engine_find("memory"));
    model->subject.options.map_bytes_first = 1; /* as small as can be: it has to grow on the way */
    subject_open(&model->subject);
    subject_open(&model->oracle);
    make_keys(model);
    for (int i = 0; i < STEPS; i++) step(model);
    same_everywhere(model);
    remove_all(model);
    subject_fini(&model->subject);
    subject_fini(&model->oracle);
    free(model);
}

Test(store_model, random_calls_answer_as_the_memory_engine_does) {
    const char *given = getenv("LEAT_TEST_SEED"), *runs_given = getenv("LEAT_TEST_RUNS");
    uint64_t runs = given != NULL ? 1 : runs_given != NULL ? strtoull(runs_given, NULL, 10) : RUNS;
    uint64_t first = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    for (const struct store_engine *const *engine = store_engines(); *engine != NULL; engine++) {
        if (*engine == store_engine_find("memory")) continue;
        for (uint64_t i = 0; i < runs; i++) {
            cr_log_info("engine %s, seed %llu", (*engine)->name, (unsigned long long)(first + i));
            run(*engine, first + i);
        }
    }
}
