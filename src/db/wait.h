/* Waiting for what the writing thread answers. One thread waits, once. */
#ifndef DB_WAIT_H
#define DB_WAIT_H

#include <pthread.h>
#include <stdbool.h>

#include "leat_types.h"

struct db_waiting {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    bool done;
    enum leat_code code;
    struct leat_result *result; /* the caller's: filled before db_wait returns */
    struct leat_fault *fault;   /* may be NULL */
};

#define DB_WAITING(to_result, to_fault) \
    {.lock = PTHREAD_MUTEX_INITIALIZER, .answered = PTHREAD_COND_INITIALIZER, .result = (to_result), .fault = (to_fault)}

/* A leat_done_fn; context is the struct db_waiting. */
void db_wake(void *context, enum leat_code code, struct leat_result *result, const struct leat_fault *fault);
enum leat_code db_wait(struct db_waiting *waiting) LEAT_MUST_USE;

#endif
