#include "net/loop.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { LOOP_NAME_SIZE = 16 }; /* the kernel's limit of a thread's name, with its zero */

struct net_loop {
    uv_loop_t uv;
    uv_async_t wake;
    _Atomic(struct net_task *) posted; /* newest first */
    /* Every batch taken from the queue has one poster who found it empty and wakes the loop. That poster may still be
     * about to do so when its task has long run: the loop is freed only when as many have come back as batches were
     * taken. */
    size_t batches_taken;       /* the loop's thread */
    _Atomic(size_t) wakes_sent; /* posters */
    pthread_t thread;
    bool started;
    struct net_task stop;
    char name[LOOP_NAME_SIZE];
};

static _Thread_local const struct net_loop *loop_of_thread;

/* Runs what was posted until now; what these tasks post waits for the next turn, so that sockets get theirs. */
static bool loop_drain(struct net_loop *loop) {
    struct net_task *newest = atomic_exchange_explicit(&loop->posted, NULL, memory_order_acquire);
    if (newest == NULL) return false;
    loop->batches_taken++;
    struct net_task *oldest = NULL;
    while (newest != NULL) {
        struct net_task *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest != NULL) {
        struct net_task *next = oldest->next; /* run may free the task */
        oldest->run(oldest);
        oldest = next;
    }
    return true;
}

static void loop_woken(uv_async_t *wake) { loop_drain(wake->data); }

enum leat_code net_loop_new(const char *name, struct net_loop **out, struct leat_fault *fault) {
    struct net_loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL) return fault_memory(fault);
    int error = uv_loop_init(&loop->uv);
    if (error != 0) {
        free(loop);
        return fault_errno(fault, -error, "cannot make an event loop");
    }
    error = uv_async_init(&loop->uv, &loop->wake, loop_woken);
    if (error != 0) {
        (void)uv_loop_close(&loop->uv);
        free(loop);
        return fault_errno(fault, -error, "cannot make an event loop's wake-up");
    }
    loop->wake.data = loop;
    strncpy(loop->name, name, sizeof loop->name - 1);
    *out = loop;
    return LEAT_OK;
}

static void loop_close_handle(uv_handle_t *handle, void *unused) {
    (void)unused;
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

/* After the stop task: closing handles may post once more, and what is posted then is run too. */
static void loop_end(struct net_loop *loop) {
    do {
        uv_walk(&loop->uv, loop_close_handle, NULL);
        (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    } while (loop_drain(loop));
}

static void loop_stop_task(struct net_task *task) {
    struct net_loop *loop = (struct net_loop *)(void *)((char *)task - offsetof(struct net_loop, stop));
    uv_stop(&loop->uv);
}

static void *loop_thread(void *argument) {
    struct net_loop *loop = argument;
    loop_of_thread = loop;
    (void)pthread_setname_np(pthread_self(), loop->name);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    loop_end(loop);
    loop_of_thread = NULL;
    return NULL;
}

enum leat_code net_loop_start(struct net_loop *loop, struct leat_fault *fault) {
    /* writing to a closed socket must be an error, not a signal; signals that end the program belong to its main thread
     */
    sigset_t blocked, before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGPIPE);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &blocked, &before);
    int error = pthread_create(&loop->thread, NULL, loop_thread, loop);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) return fault_errno(fault, error, "cannot start an event loop's thread");
    loop->started = true;
    return LEAT_OK;
}

void net_loop_post(struct net_loop *loop, struct net_task *task) {
    struct net_task *newest = atomic_load_explicit(&loop->posted, memory_order_relaxed);
    do {
        task->next = newest;
    } while (!atomic_compare_exchange_weak_explicit(&loop->posted, &newest, task, memory_order_release,
                                                    memory_order_relaxed));
    /* whoever finds the queue empty wakes the loop; later posters ride along */
    if (newest != NULL) return;
    (void)uv_async_send(&loop->wake);
    atomic_fetch_add_explicit(&loop->wakes_sent, 1, memory_order_release);
}

uv_loop_t *net_loop_uv(struct net_loop *loop) { return &loop->uv; }
bool net_loop_here(const struct net_loop *loop) { return loop_of_thread == loop; }

void net_loop_stop(struct net_loop *loop) {
    if (loop == NULL) return;
    loop->stop.run = loop_stop_task;
    if (loop->started) {
        net_loop_post(loop, &loop->stop);
        (void)pthread_join(loop->thread, NULL);
    } else {
        const struct net_loop *outer = loop_of_thread;
        loop_of_thread = loop;
        while (loop_drain(loop)) {}
        loop_end(loop);
        loop_of_thread = outer;
    }
    while (atomic_load_explicit(&loop->wakes_sent, memory_order_acquire) != loop->batches_taken) (void)sched_yield();
    (void)uv_loop_close(&loop->uv);
    free(loop);
}
