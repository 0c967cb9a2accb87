/* What the embedded library does on one thread: durable puts in groups of 64 into a table with a stream, and gets.
 *   library DIRECTORY [seconds]    prints "puts N" and "gets N", per second
 * Built with nothing but leat.h and libleat.a, as any program would be. */
#include <leat.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { GROUP = 64, KEYS = 20000, FILLED = 20032 /* at least KEYS, in groups */, ITEM_MAX = 512 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t all_done = PTHREAD_COND_INITIALIZER;
static size_t open_writes;

static struct leat_slice text(const char *words) {
    return (struct leat_slice){(const uint8_t *)words, strlen(words)};
}

static double now_seconds(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void must(enum leat_code code, const struct leat_fault *fault) {
    if (code == LEAT_OK) return;
    (void)fprintf(stderr, "%s: %s\n", leat_code_name(code), fault->message);
    exit(1);
}

static void written(void *context, enum leat_code code, struct leat_result *result, const struct leat_fault *fault) {
    (void)context;
    must(code, fault);
    leat_result_free(result);
    (void)pthread_mutex_lock(&lock);
    if (--open_writes == 0) (void)pthread_cond_signal(&all_done);
    (void)pthread_mutex_unlock(&lock);
}

/* Two of each item: a put that changes nothing makes no record and would cost nothing. */
static struct leat_slice items[2][KEYS], keys[KEYS];
static struct leat_result item_results[2][KEYS], key_results[KEYS];

static void make_items(void) {
    char json[ITEM_MAX], filler[261];
    struct leat_fault fault;
    memset(filler, 'x', sizeof(filler) - 1);
    filler[sizeof(filler) - 1] = 0;
    for (int i = 0; i < KEYS; i++) {
        for (int kind = 0; kind < 2; kind++) {
            (void)snprintf(json, sizeof(json),
                           "{\"id\":{\"S\":\"k%07d\"},\"version\":{\"N\":\"%d\"},\"filler\":{\"S\":\"%s\"}}", i, kind,
                           filler);
            must(leat_item_from_json(text(json), &item_results[kind][i], &fault), &fault);
            items[kind][i] = item_results[kind][i].items[0];
        }
        (void)snprintf(json, sizeof(json), "{\"id\":{\"S\":\"k%07d\"}}", i);
        must(leat_item_from_json(text(json), &key_results[i], &fault), &fault);
        keys[i] = key_results[i].items[0];
    }
}

/* The puts number `first` and on. A pass takes each key once, all over the place (7919 is prime), and the next one
 * the other kind. */
static void put_group(struct leat *db, size_t first) {
    struct leat_fault fault;
    struct leat_write writes[GROUP];
    struct leat_slice no_token = {NULL, 0};
    open_writes = GROUP; /* nobody else is looking: the last group is done */
    for (size_t i = 0; i < GROUP; i++) {
        size_t number = first + i;
        writes[i] = (struct leat_write){
            .kind = LEAT_PUT, .table = text("bench"), .item = items[number / KEYS % 2][number * 7919 % KEYS]};
        must(leat_write_start(db, &writes[i], 1, LEAT_EACH, no_token, written, NULL, &fault), &fault);
    }
    (void)pthread_mutex_lock(&lock);
    while (open_writes > 0) (void)pthread_cond_wait(&all_done, &lock);
    (void)pthread_mutex_unlock(&lock);
}

static double puts_per_second(struct leat *db, double seconds) {
    double started = now_seconds(), took;
    size_t count = FILLED;
    do {
        put_group(db, count);
        count += GROUP;
    } while ((took = now_seconds() - started) < seconds);
    return (double)(count - FILLED) / took;
}

static double gets_per_second(struct leat *db, double seconds) {
    double started = now_seconds(), took = 0;
    size_t count = 0, found = 0;
    while (took < seconds) {
        struct leat_fault fault;
        struct leat_result result = {0};
        struct leat_get get = {.table = text("bench"), .key = keys[count * 7919 % KEYS]};
        must(leat_get(db, &get, &result, &fault), &fault);
        found += result.count;
        leat_result_free(&result);
        if (++count % 256 == 0) took = now_seconds() - started;
    }
    if (found != count) (void)fprintf(stderr, "only %zu of %zu items found\n", found, count), exit(1);
    return (double)count / took;
}

int main(int argument_count, char **arguments) {
    double seconds = argument_count > 2 ? strtod(arguments[2], NULL) : 2;
    struct leat_options options = {.directory = argument_count > 1 ? arguments[1] : "library-data"};
    struct leat_attribute id = {.name = text("id"), .type = 'S'};
    struct leat_table table = {.name = text("bench"),
                               .attributes = &id,
                               .attribute_count = 1,
                               .partition_key = text("id"),
                               .billing = LEAT_PAY_PER_REQUEST,
                               .stream = LEAT_NEW_AND_OLD_IMAGES};
    struct leat_description made = {0};
    struct leat_fault fault;
    struct leat *db = NULL;
    must(leat_open(&options, &db, &fault), &fault);
    must(leat_table_create(db, &table, &made, &fault), &fault);
    leat_description_free(&made);
    make_items();
    for (size_t i = 0; i < FILLED; i += GROUP) put_group(db, i);
    (void)printf("puts %.0f\n", puts_per_second(db, seconds));
    (void)printf("gets %.0f\n", gets_per_second(db, seconds));
    leat_close(db);
    for (int i = 0; i < KEYS; i++) {
        leat_result_free(&item_results[0][i]);
        leat_result_free(&item_results[1][i]);
        leat_result_free(&key_results[i]);
    }
    return 0;
}
