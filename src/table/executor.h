/* The executor: one thread that does everything that changes the store.
 *
 * Writes wait in a queue; the thread takes what waits (to a limit) and runs it as one group: one transaction, one commit,
 * one fsync for all. Control work (tables, streams, housekeeping) runs alone, between groups. Order is the queue's order. */
#ifndef TABLE_EXECUTOR_H
#define TABLE_EXECUTOR_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "leat_types.h"

enum {
    EXECUTOR_GROUP_JOBS_MAX = 512,
    EXECUTOR_GROUP_BYTES_MAX = 8 * 1024 * 1024,
    EXECUTOR_GROUP_ARENA_MAX = 512 * 1024 * 1024,
    EXECUTOR_GROUP_ARENA_KEEP = 1024 * 1024,
    EXECUTOR_QUEUE_JOBS_MAX = 65536,
    EXECUTOR_QUEUE_BYTES_MAX = 256 * 1024 * 1024
};

struct engine;
struct write_job;

struct executor_job {
    struct executor_job *next;
    struct write_job *write; /* or NULL: control */
    enum leat_code (*control)(struct engine *engine, void *context, struct leat_fault *fault);
    void *context;
    size_t bytes; /* about, for the limits */
    void (*finished)(struct executor_job *job, enum leat_code code, const struct leat_fault *fault); /* control only */
};

struct executor {
    struct engine *engine;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct executor_job *first, **last;
    size_t jobs, bytes;
    bool stopping, started;
    struct arena group_arena;     /* of the group that is being run; the writing thread's */
    struct clock_waiter waiter;
    bool moved;                   /* by the clock, under the lock */
    bool looking;                 /* the clock has moved; what is due is being done */
    _Atomic uint64_t writes, groups; /* for figures */
};

enum leat_code executor_init(struct executor *executor, struct engine *engine, struct leat_fault *fault) LEAT_MUST_USE;
void executor_fini(struct executor *executor); /* does what waits, then ends the thread */

/* LEAT_BUSY when the queue is full, LEAT_CLOSED when stopping; the job is not taken then. */
enum leat_code executor_submit(struct executor *executor, struct executor_job *job, struct leat_fault *fault) LEAT_MUST_USE;

/* Runs `control` on the executor's thread and waits for it. Not from that thread. */
enum leat_code executor_call(struct executor *executor,
                             enum leat_code (*control)(struct engine *engine, void *context, struct leat_fault *fault),
                             void *context, struct leat_fault *fault) LEAT_MUST_USE;

#endif
