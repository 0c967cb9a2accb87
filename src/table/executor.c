#include "table/executor.h"

#include <stddef.h>

#include "table/engine.h"
#include "table/group.h"
#include "table/housekeeping.h"
#include "table/work.h"

enum { WAIT_MS_MAX = 60 * 60 * 1000 };

/* Takes one control job, or as many writes as make a group. */
static struct executor_job *executor_take(struct executor *executor, size_t *count) {
    struct executor_job *first = executor->first, *job = first;
    size_t bytes = job->bytes;
    *count = 1;
    if (job->write != NULL)
        while (job->next != NULL && job->next->write != NULL && *count < EXECUTOR_GROUP_JOBS_MAX &&
               bytes + job->next->bytes <= EXECUTOR_GROUP_BYTES_MAX) {
            job = job->next;
            bytes += job->bytes;
            (*count)++;
        }
    executor->first = job->next;
    if (executor->first == NULL) executor->last = &executor->first;
    executor->jobs -= *count;
    executor->bytes -= bytes;
    job->next = NULL;
    return first;
}

/* When there is something to do that nobody waits for. */
static uint64_t executor_due_ms(const struct executor *executor) {
    uint64_t works_ms = works_due_ms(executor->engine), housekeeping_ms = housekeeping_due_ms(&executor->engine->housekeeping);
    return works_ms < housekeeping_ms ? works_ms : housekeeping_ms;
}

/* How long there is nothing to do, in real milliseconds: the engine's clock may be another, so it is looked at now and then. */
static uint64_t executor_idle_ms(const struct executor *executor) {
    uint64_t now_ms = engine_now_ms(executor->engine), due_ms = executor_due_ms(executor);
    uint64_t wait_ms = due_ms > now_ms ? due_ms - now_ms : 0;
    return wait_ms < WAIT_MS_MAX ? wait_ms : WAIT_MS_MAX;
}

/* Until there is a job, or something due, or the clock has moved. */
static void executor_wait(struct executor *executor) {
    uint64_t idle_ms;
    while (executor->first == NULL && !executor->stopping && !executor->moved && (idle_ms = executor_idle_ms(executor)) > 0) {
        struct timespec until = clock_deadline(idle_ms);
        (void)pthread_cond_timedwait(&executor->work, &executor->lock, &until);
    }
}

static void executor_moved(struct clock_waiter *waiter) {
    struct executor *executor = (struct executor *)(void *)((char *)waiter - offsetof(struct executor, waiter));
    pthread_mutex_lock(&executor->lock);
    executor->moved = true;
    pthread_cond_signal(&executor->work);
    pthread_mutex_unlock(&executor->lock);
}

/* What nobody has asked for just now: a small step of work, so that writers and work take turns, and housekeeping. */
static void executor_keep(struct executor *executor) {
    uint64_t now_ms = engine_now_ms(executor->engine);
    works_step(executor->engine, now_ms);
    if (now_ms >= housekeeping_due_ms(&executor->engine->housekeeping)) housekeeping_step(executor->engine, now_ms);
    if (!executor->looking || executor_due_ms(executor) <= now_ms) return;
    executor->looking = false;
    clock_waiter_looked(&executor->waiter);
}

static void executor_run(struct executor *executor, struct executor_job *first, size_t count) {
    if (first->write != NULL) {
        group_run(executor->engine, first, count);
        return;
    }
    struct leat_fault fault;
    fault_clear(&fault);
    enum leat_code code = first->control(executor->engine, first->context, &fault);
    first->finished(first, code, &fault);
}

static void *executor_main(void *argument) {
    struct executor *executor = argument;
    for (;;) {
        struct executor_job *first = NULL;
        size_t count = 0;
        pthread_mutex_lock(&executor->lock);
        executor_wait(executor);
        if (executor->moved) housekeeping_now(executor->engine);
        executor->looking |= executor->moved;
        executor->moved = false;
        bool end = executor->stopping && executor->first == NULL;
        if (executor->first != NULL) first = executor_take(executor, &count);
        pthread_mutex_unlock(&executor->lock);
        if (end) return NULL;
        if (first != NULL) executor_run(executor, first, count);
        executor_keep(executor);
    }
}

/* Held for a few instructions at a time: worth waiting for awake before asleep. */
static void executor_init_lock(pthread_mutex_t *lock) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ADAPTIVE_NP);
    pthread_mutex_init(lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

enum leat_code executor_init(struct executor *executor, struct engine *engine, struct leat_fault *fault) {
    *executor = (struct executor){.engine = engine};
    executor->last = &executor->first;
    arena_init(&executor->group_arena, EXECUTOR_GROUP_ARENA_MAX);
    executor->group_arena.keep = EXECUTOR_GROUP_ARENA_KEEP;
    clock_cond_init(&executor->work);
    executor_init_lock(&executor->lock);
    int error = pthread_create(&executor->thread, NULL, executor_main, executor);
    if (error != 0) return fault_errno(fault, error, "cannot start the writing thread");
    executor->started = true;
    executor->waiter.moved = executor_moved;
    clock_waiter_add(&engine->clock, &executor->waiter);
    (void)pthread_setname_np(executor->thread, "leat-writer");
    return LEAT_OK;
}

void executor_fini(struct executor *executor) {
    if (!executor->started) return;
    clock_waiter_remove(&executor->waiter);
    pthread_mutex_lock(&executor->lock);
    executor->stopping = true;
    pthread_cond_signal(&executor->work);
    pthread_mutex_unlock(&executor->lock);
    pthread_join(executor->thread, NULL);
    arena_fini(&executor->group_arena);
    pthread_cond_destroy(&executor->work);
    pthread_mutex_destroy(&executor->lock);
    executor->started = false;
}

enum leat_code executor_submit(struct executor *executor, struct executor_job *job, struct leat_fault *fault) {
    enum leat_code code = LEAT_OK;
    bool idle = false;
    job->next = NULL;
    pthread_mutex_lock(&executor->lock);
    if (executor->stopping) {
        code = LEAT_CLOSED;
    } else if (executor->jobs >= EXECUTOR_QUEUE_JOBS_MAX || executor->bytes + job->bytes > EXECUTOR_QUEUE_BYTES_MAX) {
        code = LEAT_BUSY;
    } else {
        idle = executor->first == NULL;
        *executor->last = job;
        executor->last = &job->next;
        executor->jobs++;
        executor->bytes += job->bytes;
    }
    pthread_mutex_unlock(&executor->lock);
    if (idle) pthread_cond_signal(&executor->work); /* without the lock, which the woken thread wants at once */
    if (code == LEAT_BUSY) return fault_set(fault, code, "too many writes are waiting; try again later");
    return code == LEAT_OK ? code : fault_set(fault, code, "the database is being closed");
}

struct call {
    struct executor_job job;
    pthread_mutex_t lock;
    pthread_cond_t answered;
    bool done;
    enum leat_code code;
    struct leat_fault *fault;
};

static void call_finished(struct executor_job *job, enum leat_code code, const struct leat_fault *fault) {
    struct call *call = (struct call *)job;
    pthread_mutex_lock(&call->lock);
    call->code = code;
    if (code != LEAT_OK && call->fault != NULL) *call->fault = *fault;
    call->done = true;
    pthread_cond_signal(&call->answered);
    pthread_mutex_unlock(&call->lock);
}

enum leat_code executor_call(struct executor *executor,
                             enum leat_code (*control)(struct engine *engine, void *context, struct leat_fault *fault),
                             void *context, struct leat_fault *fault) {
    struct call call = {.job = {.control = control, .context = context, .finished = call_finished},
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .answered = PTHREAD_COND_INITIALIZER,
                        .fault = fault};
    TRY(executor_submit(executor, &call.job, fault));
    pthread_mutex_lock(&call.lock);
    while (!call.done) pthread_cond_wait(&call.answered, &call.lock);
    pthread_mutex_unlock(&call.lock);
    return call.code;
}
