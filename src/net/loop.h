/* A loop: one thread that waits for many things at once (libuv), and a way to hand it work from other threads.
 *
 * Everything that belongs to a loop (servers, connections, timers, processes) is touched on its thread only. Work
 * crosses threads by handing over a task: the poster gives it up, the loop's thread runs it once. Tasks of one poster
 * run in order. Many posts between two turns of the loop cost one wake-up. A loop's thread takes no SIGPIPE, SIGINT,
 * SIGTERM or SIGHUP. */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdbool.h>
#include <uv.h>

#include "base/fault.h"

struct net_task {
    struct net_task *next;              /* the loop's own */
    void (*run)(struct net_task *task); /* on the loop's thread; may free the task */
};

struct net_loop;

/* name: of the thread, up to 15 characters count. */
enum leat_code net_loop_new(const char *name, struct net_loop **out, struct leat_fault *fault) LEAT_MUST_USE;
/* Its thread begins to run it. Tasks may be posted before. */
enum leat_code net_loop_start(struct net_loop *loop, struct leat_fault *fault) LEAT_MUST_USE;
/* Any thread, never blocks, cannot fail. Between net_loop_new and the return of net_loop_stop. */
void net_loop_post(struct net_loop *loop, struct net_task *task);
uv_loop_t *net_loop_uv(struct net_loop *loop); /* for code on the loop's thread */
bool net_loop_here(const struct net_loop *loop); /* is this the loop's thread? */
/* Stops the thread and frees the loop; from another thread. Tasks posted before are run. Handles still open are closed,
 * but without their owners hearing of it: stop servers and processes first. A loop never started is drained by the
 * caller. */
void net_loop_stop(struct net_loop *loop);

#endif
