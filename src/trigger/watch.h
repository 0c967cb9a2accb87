/* From a commit to those who wait for it: which tables have mappings, and one task per table that runs on the work loop
 * after the table's stream has grown.
 *
 * leat calls watch_committed on its writing thread for every table it touches; for a table without mappings that costs a
 * look into a small hash table, for one with mappings a task is posted unless it is still waiting to run. Everything else
 * is for the loop's thread. */
#ifndef TRIGGER_WATCH_H
#define TRIGGER_WATCH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "leat.h"
#include "net/loop.h"

enum { WATCH_BUCKETS = 1024 };

struct watcher { /* embedded in whoever watches */
    struct watcher *next, **at;
    void (*grown)(struct watcher *watcher);
    struct watch *watch;
};

struct watch { /* one table */
    struct net_task task;
    struct watch *next;
    struct watch_list *list;
    uint64_t generation; /* so many times have the watchers been told */
    atomic_bool posted;
    bool runs; /* its task, just now */
    bool dead; /* nobody watches any more; freed when the task has run */
    struct watcher *watchers;
    struct watcher *running; /* the next to be told, while they are being told */
    size_t name_size;
    uint8_t name[];
};

struct watch_list {
    pthread_mutex_t lock; /* buckets and their chains */
    struct watch *buckets[WATCH_BUCKETS];
    struct leat *db;
    struct net_loop *loop;
    size_t pending; /* dead watches whose task has not run */
    void (*ended)(struct watch_list *list); /* there are none any more; on the loop, last */
};

void watch_list_init(struct watch_list *list, struct leat *db, struct net_loop *loop, void (*ended)(struct watch_list *list));
void watch_list_fini(struct watch_list *list); /* nobody watches, no hook is there, no task is pending */

/* false: no memory. */
bool watch_add(struct watch_list *list, struct leat_slice table, struct watcher *watcher);
void watch_remove(struct watcher *watcher); /* also one that was never added; also from `grown` */

/* A leat_commit_fn; context is the list. */
void watch_committed(void *list, struct leat_slice table);

#endif
