/* What a storage engine does alone: durable groups of 64 writes (a 300-byte item and a 400-byte record each), gets and scans.
 *     store_bench [--engine NAME] [--items N] [--seconds S] [--threads N] [--directory DIR]
 * Items are preloaded in groups of 4,096; then every write overwrites a random one. Prints one line a figure. */
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/slice.h"
#include "store/store.h"

enum { ITEM_SIZE = 300, RECORD_SIZE = 400, GROUP = 64, LOAD_GROUP = 4096, PARTS = 4, KEY_SIZE = 20 };

struct bench {
    struct store *store;
    unsigned long items;
    double seconds;
    int threads;
    _Atomic bool stop;
    _Atomic unsigned long gets;
};

static void check(enum leat_code code, const struct leat_fault *fault) {
    if (code == LEAT_OK) return;
    fprintf(stderr, "store_bench: %s\n", fault->message);
    exit(1);
}

static double now_s(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static uint64_t next_random(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

/* As the table floor makes them: two bytes of hash first, so neighbours in time are not neighbours in the tree. */
static struct store_key key_of(uint64_t number, char text[KEY_SIZE + 1]) {
    uint64_t hash = (number + 1) * 0x9e3779b97f4a7c15u;
    snprintf(text, KEY_SIZE + 1, "%04x%016llu", (unsigned)(hash >> 48), (unsigned long long)number);
    return (struct store_key){(store_part)1 << 16 | (hash >> 20) % PARTS, slice_of(text, KEY_SIZE)};
}

static void write_group(struct bench *bench, uint64_t first, uint64_t *random, size_t count, bool record) {
    static uint8_t bytes[RECORD_SIZE];
    static const store_part parts[PARTS] = {1 << 16, 1 << 16 | 1, 1 << 16 | 2, 1 << 16 | 3};
    struct leat_fault fault;
    struct store_transaction *t;
    check(store_begin(bench->store, parts, PARTS, &t, &fault), &fault);
    for (size_t i = 0; i < count; i++) {
        char text[KEY_SIZE + 1];
        struct leat_slice old;
        struct store_key key = key_of(random != NULL ? next_random(random) % bench->items : first + i, text);
        memcpy(bytes, text, KEY_SIZE);
        if (record) check(store_getv(t, &key, 1, &old, &fault), &fault);
        check(store_put(t, key.part, key.key, slice_of(bytes, ITEM_SIZE), &fault), &fault);
        if (record) check(store_append(t, key.part, slice_of(bytes, RECORD_SIZE), NULL, &fault), &fault);
    }
    check(store_commit(t, &fault), &fault);
}

static void load(struct bench *bench) {
    double start = now_s(CLOCK_MONOTONIC);
    for (uint64_t at = 0; at < bench->items; at += LOAD_GROUP) {
        size_t count = bench->items - at < LOAD_GROUP ? (size_t)(bench->items - at) : LOAD_GROUP;
        write_group(bench, at, NULL, count, false);
    }
    printf("%-44s %12.0f /s\n", "items loaded", (double)bench->items / (now_s(CLOCK_MONOTONIC) - start));
}

static void writes(struct bench *bench, size_t group) {
    uint64_t random = 1;
    unsigned long count = 0;
    double start = now_s(CLOCK_MONOTONIC), cpu = now_s(CLOCK_PROCESS_CPUTIME_ID), took;
    while ((took = now_s(CLOCK_MONOTONIC) - start) < bench->seconds) {
        write_group(bench, 0, &random, group, true);
        count += group;
    }
    char what[64];
    snprintf(what, sizeof what, "put + append, groups of %zu", group);
    printf("%-44s %12.0f /s   %6.1f us CPU each\n", what, (double)count / took,
           (now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 1e6 / (double)count);
}

static void *get_for_a_while(void *context) {
    struct bench *bench = context;
    struct leat_fault fault;
    struct arena arena;
    uint64_t random = (uint64_t)(uintptr_t)&arena;
    unsigned long count = 0;
    arena_init(&arena, 1 << 20);
    while (!atomic_load_explicit(&bench->stop, memory_order_relaxed)) {
        char text[KEY_SIZE + 1];
        struct leat_slice value;
        struct store_key key = key_of(next_random(&random) % bench->items, text);
        check(store_get(bench->store, &key, 1, &arena, &value, &fault), &fault);
        if (value.size != ITEM_SIZE) abort();
        if (++count % 8 == 0) arena_reset(&arena);
    }
    arena_fini(&arena);
    atomic_fetch_add(&bench->gets, count);
    return NULL;
}

static void gets(struct bench *bench, int threads) {
    pthread_t ids[64];
    double start = now_s(CLOCK_MONOTONIC);
    atomic_store(&bench->stop, false);
    atomic_store(&bench->gets, 0);
    for (int i = 0; i < threads; i++) pthread_create(&ids[i], NULL, get_for_a_while, bench);
    usleep((useconds_t)(bench->seconds * 1e6));
    atomic_store(&bench->stop, true);
    for (int i = 0; i < threads; i++) pthread_join(ids[i], NULL);
    char what[64];
    snprintf(what, sizeof what, "get, %d thread%s", threads, threads == 1 ? "" : "s");
    printf("%-44s %12.0f /s\n", what, (double)atomic_load(&bench->gets) / (now_s(CLOCK_MONOTONIC) - start));
}

static bool count_row(void *context, struct leat_slice key, struct leat_slice value) {
    *(unsigned long *)context += key.size == KEY_SIZE && value.size == ITEM_SIZE;
    return true;
}

static void scans(struct bench *bench) {
    struct leat_fault fault;
    unsigned long rows = 0;
    double start = now_s(CLOCK_MONOTONIC);
    for (store_part part = 0; part < PARTS; part++) {
        check(store_scan(bench->store, 1 << 16 | part, SLICE(""), slice_text(NULL), false, count_row, &rows, &fault), &fault);
    }
    printf("%-44s %12.0f /s\n", "rows scanned", (double)rows / (now_s(CLOCK_MONOTONIC) - start));
}

int main(int argc, char **argv) {
    static const struct option options[] = {{"engine", 1, NULL, 'e'},  {"items", 1, NULL, 'i'},     {"seconds", 1, NULL, 's'},
                                            {"threads", 1, NULL, 't'}, {"directory", 1, NULL, 'd'}, {NULL, 0, NULL, 0}};
    struct bench bench = {.items = 1000000, .seconds = 5, .threads = 2};
    char made[] = "/tmp/leat-store-bench-XXXXXX", file[64];
    const char *name = "lmdb", *directory = NULL;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'e') name = optarg;
        else if (option == 'i') bench.items = strtoul(optarg, NULL, 10);
        else if (option == 's') bench.seconds = strtod(optarg, NULL);
        else if (option == 't') bench.threads = (int)strtol(optarg, NULL, 10);
        else if (option == 'd') directory = optarg;
        else return 2;
    }
    const struct store_engine *engine = store_engine_find(name);
    if (engine == NULL || bench.items == 0 || bench.threads < 1 || bench.threads > 64) return 2;
    if (directory == NULL && mkdtemp(made) == NULL) return 1;
    struct leat_fault fault;
    struct store_options store_options = {.directory = directory != NULL ? directory : made};
    check(engine->open(&store_options, &bench.store, &fault), &fault);
    printf("%s, %lu items of %d bytes, records of %d bytes\n", name, bench.items, ITEM_SIZE, RECORD_SIZE);
    load(&bench);
    gets(&bench, 1);
    if (bench.threads > 1) gets(&bench, bench.threads);
    scans(&bench);
    writes(&bench, 1);
    writes(&bench, GROUP);
    printf("%-44s %12.1f MB\n", "file", (double)engine->bytes_used(bench.store) / 1e6);
    store_close(bench.store);
    if (directory != NULL) return 0;
    snprintf(file, sizeof file, "%s/data", made);
    unlink(file);
    snprintf(file, sizeof file, "%s/data-lock", made);
    unlink(file);
    rmdir(made);
    return 0;
}
