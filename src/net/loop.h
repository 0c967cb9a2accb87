/* A loop: one thread that waits for many things at once (libuv), and a way to hand it work from other threads.
 *
 * Everything that belongs to a loop (servers, connections, timers, processes) is touched on its thread only. Work crosses threads by
 * handing over a task: the poster gives it up, the loop's thread runs it once. Tasks of one poster run in order. Many posts between two turns
 * of the loop cost one wake-up. */
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

enum leat_code net_loop_new(const char *name, struct net_loop **out, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code net_loop_start(struct net_loop *loop, struct leat_fault *fault) LEAT_MUST_USE; /* its thread begins to run it */
void net_loop_post(struct net_loop *loop, struct net_task *task);                             /* any thread, never blocks, cannot fail */
uv_loop_t *net_loop_uv(struct net_loop *loop);                                                /* for code on the loop's thread */
bool net_loop_here(const struct net_loop *loop);                                              /* is this the loop's thread? */
/* Stops the thread: tasks posted before are run; handles still open are closed. From another thread. Then frees it. */
void net_loop_stop(struct net_loop *loop);

#endif
