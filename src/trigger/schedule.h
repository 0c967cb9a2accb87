/* Things to do later, on the work loop: one uv_timer for all of them. The list is looked through when the timer fires;
 * only shards that wait for a window or a retry are in it. Loop's thread only. */
#ifndef TRIGGER_SCHEDULE_H
#define TRIGGER_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct schedule_entry { /* embedded */
    struct schedule_entry *next, *previous; /* NULL: not scheduled */
    uint64_t due_ms;                        /* in the loop's time */
    void (*run)(struct schedule_entry *entry);
};

struct schedule {
    struct schedule_entry entries; /* head of a ring */
    uv_timer_t timer;
    uint64_t armed_ms; /* when the timer fires; UINT64_MAX: not armed */
};

enum { SCHEDULE_DELAY_MS_MAX = 24 * 3600 * 1000 }; /* longer waits wake up once a day and look again */

int schedule_init(struct schedule *schedule, uv_loop_t *loop);          /* a libuv error */
void schedule_fini(struct schedule *schedule, uv_close_cb closed);      /* timer.data is the caller's */
void schedule_in(struct schedule *schedule, struct schedule_entry *entry, uint64_t delay_ms); /* in place of an earlier wish */
void schedule_cancel(struct schedule_entry *entry);

#endif
