/* Things to do later, on the work loop, by the database's clock: one uv_timer for all of them, and a word from the clock when it is moved.
 * The list is looked through when either comes; only shards that wait for a window or a retry are in it. Loop's thread only. */
#ifndef TRIGGER_SCHEDULE_H
#define TRIGGER_SCHEDULE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "leat.h"
#include "net/loop.h"

struct schedule_entry { /* embedded */
    struct schedule_entry *next, *previous; /* NULL: not scheduled */
    uint64_t from_ms, due_ms;               /* when it was scheduled, and for when */
    void (*run)(struct schedule_entry *entry);
};

struct schedule {
    struct schedule_entry entries; /* head of a ring */
    struct leat *db;
    struct net_loop *loop;
    uv_timer_t timer;
    uint64_t armed_ms; /* when the timer fires; UINT64_MAX: not armed */
    struct leat_waiter *waiter;
    struct net_task moved;
    atomic_bool posted; /* `moved`: the clock has been moved */
    bool ending;
    uv_close_cb closed;
};

enum { SCHEDULE_DELAY_MS_MAX = 24 * 3600 * 1000 }; /* longer waits wake up once a day and look again */

void schedule_init(struct schedule *schedule, struct leat *db, struct net_loop *loop);
void schedule_fini(struct schedule *schedule, uv_close_cb closed); /* timer.data is the caller's */
void schedule_in(struct schedule *schedule, struct schedule_entry *entry, uint64_t delay_ms); /* in place of an earlier wish */
void schedule_cancel(struct schedule_entry *entry);

#endif
