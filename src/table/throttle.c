#include "table/throttle.h"

#include <pthread.h>
#include <stdlib.h>

enum { CHAINS = 256, FORGET_EVERY = 1024 /* buckets made */ };

struct bucket {
    struct bucket *next;
    uint64_t key; /* id and kind */
    double level; /* units; below 0: owed */
    int64_t rate;
    uint64_t filled_ms;
};

struct throttle {
    pthread_mutex_t lock;
    struct bucket *chains[CHAINS];
    size_t count, made;
};

struct throttle *throttle_new(void) {
    struct throttle *throttle = calloc(1, sizeof *throttle);
    if (throttle != NULL) pthread_mutex_init(&throttle->lock, NULL);
    return throttle;
}

void throttle_free(struct throttle *throttle) {
    if (throttle == NULL) return;
    for (size_t i = 0; i < CHAINS; i++)
        while (throttle->chains[i] != NULL) {
            struct bucket *next = throttle->chains[i]->next;
            free(throttle->chains[i]);
            throttle->chains[i] = next;
        }
    pthread_mutex_destroy(&throttle->lock);
    free(throttle);
}

static double burst(int64_t rate) { return (double)rate * THROTTLE_BURST_S; }

static void fill(struct bucket *bucket, uint64_t now_ms) {
    if (now_ms > bucket->filled_ms) bucket->level += (double)bucket->rate * (double)(now_ms - bucket->filled_ms) / 1000;
    bucket->filled_ms = now_ms;
    if (bucket->level > burst(bucket->rate)) bucket->level = burst(bucket->rate);
}

static void forget_full(struct throttle *throttle, uint64_t now_ms) {
    for (size_t i = 0; i < CHAINS; i++)
        for (struct bucket **at = &throttle->chains[i]; *at != NULL;) {
            struct bucket *bucket = *at;
            fill(bucket, now_ms);
            if (bucket->level < burst(bucket->rate)) {
                at = &bucket->next;
                continue;
            }
            *at = bucket->next;
            free(bucket);
            throttle->count--;
        }
}

/* NULL: no memory */
static struct bucket *bucket_at(struct throttle *throttle, enum throttle_kind kind, const struct throttle_demand *demand,
                                uint64_t now_ms) {
    uint64_t key = (uint64_t)demand->id << 1 | (uint64_t)kind;
    struct bucket **chain = &throttle->chains[key % CHAINS];
    for (struct bucket *bucket = *chain; bucket != NULL; bucket = bucket->next) {
        if (bucket->key != key) continue;
        fill(bucket, now_ms); /* at the rate that held so far */
        bucket->rate = demand->rate;
        fill(bucket, now_ms);
        return bucket;
    }
    struct bucket *bucket = malloc(sizeof *bucket);
    if (bucket == NULL) return NULL;
    *bucket = (struct bucket){*chain, key, burst(demand->rate), demand->rate, now_ms};
    *chain = bucket;
    throttle->count++;
    throttle->made++;
    return bucket;
}

static size_t first_empty(struct throttle *throttle, enum throttle_kind kind, const struct throttle_demand *demands, size_t count,
                          uint64_t now_ms) {
    for (size_t i = 0; i < count; i++) {
        const struct bucket *bucket = demands[i].rate > 0 ? bucket_at(throttle, kind, &demands[i], now_ms) : NULL;
        if (bucket != NULL && bucket->level <= 0) return i;
    }
    return count;
}

size_t throttle_look(struct throttle *throttle, enum throttle_kind kind, const struct throttle_demand *demands, size_t count,
                     uint64_t now_ms) {
    pthread_mutex_lock(&throttle->lock);
    size_t empty = first_empty(throttle, kind, demands, count, now_ms);
    pthread_mutex_unlock(&throttle->lock);
    return empty;
}

static void take(struct throttle *throttle, enum throttle_kind kind, const struct throttle_demand *demands, size_t count,
                 uint64_t now_ms) {
    for (size_t i = 0; i < count; i++) {
        struct bucket *bucket = demands[i].rate > 0 ? bucket_at(throttle, kind, &demands[i], now_ms) : NULL;
        if (bucket == NULL) continue;
        bucket->level -= demands[i].units;
        if (bucket->level < -burst(bucket->rate)) bucket->level = -burst(bucket->rate);
    }
    if (throttle->made < FORGET_EVERY) return;
    forget_full(throttle, now_ms);
    throttle->made = 0;
}

size_t throttle_take(struct throttle *throttle, enum throttle_kind kind, const struct throttle_demand *demands, size_t count,
                     uint64_t now_ms) {
    pthread_mutex_lock(&throttle->lock);
    size_t empty = first_empty(throttle, kind, demands, count, now_ms);
    if (empty == count) take(throttle, kind, demands, count, now_ms);
    pthread_mutex_unlock(&throttle->lock);
    return empty;
}

void throttle_owe(struct throttle *throttle, enum throttle_kind kind, const struct throttle_demand *demands, size_t count,
                  uint64_t now_ms) {
    pthread_mutex_lock(&throttle->lock);
    take(throttle, kind, demands, count, now_ms);
    pthread_mutex_unlock(&throttle->lock);
}

size_t throttle_buckets(struct throttle *throttle) {
    pthread_mutex_lock(&throttle->lock);
    size_t count = throttle->count;
    pthread_mutex_unlock(&throttle->lock);
    return count;
}
