#include "trigger/schedule.h"

#include <stddef.h>

static void ring_init(struct schedule_entry *head) { head->next = head->previous = head; }

static void ring_add(struct schedule_entry *head, struct schedule_entry *entry) {
    entry->next = head;
    entry->previous = head->previous;
    head->previous->next = entry;
    head->previous = entry;
}

void schedule_cancel(struct schedule_entry *entry) {
    if (entry->next == NULL) return;
    entry->next->previous = entry->previous;
    entry->previous->next = entry->next;
    entry->next = entry->previous = NULL;
}

static void fired(uv_timer_t *timer);

static void arm(struct schedule *schedule, uint64_t now_ms, uint64_t due_ms) {
    schedule->armed_ms = due_ms;
    if (schedule->waiter != NULL) leat_waiter_until(schedule->waiter, due_ms);
    if (due_ms != UINT64_MAX) /* fails only while closing */
        (void)uv_timer_start(&schedule->timer, fired, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

/* A clock that was set back does not make a wait longer than twice what was meant. */
static bool is_due(struct schedule_entry *entry, uint64_t now_ms) {
    if (now_ms < entry->from_ms) {
        entry->due_ms = now_ms + (entry->due_ms - entry->from_ms);
        entry->from_ms = now_ms;
    }
    return entry->due_ms <= now_ms;
}

/* What is due goes to a ring of its own first: what runs may schedule and cancel anything. */
static void look(struct schedule *schedule) {
    uint64_t now_ms = leat_now_ms(schedule->db), next_ms = UINT64_MAX;
    struct schedule_entry due, *entry = schedule->entries.next;
    ring_init(&due);
    while (entry != &schedule->entries) {
        struct schedule_entry *next = entry->next;
        if (is_due(entry, now_ms)) {
            schedule_cancel(entry);
            ring_add(&due, entry);
        } else if (entry->due_ms < next_ms) {
            next_ms = entry->due_ms;
        }
        entry = next;
    }
    arm(schedule, now_ms, next_ms);
    while (due.next != &due) {
        entry = due.next;
        schedule_cancel(entry);
        entry->run(entry);
    }
}

static void fired(uv_timer_t *timer) {
    look((struct schedule *)(void *)((char *)timer - offsetof(struct schedule, timer)));
}

/* ---- the clock ---- */

static void clock_moved(void *context) {
    struct schedule *schedule = context;
    atomic_store(&schedule->posted, true);
    net_loop_post(schedule->loop, &schedule->moved);
}

static void moved(struct net_task *task) {
    struct schedule *schedule = (struct schedule *)(void *)((char *)task - offsetof(struct schedule, moved));
    atomic_store(&schedule->posted, false);
    if (schedule->ending) {
        uv_close((uv_handle_t *)&schedule->timer, schedule->closed);
        return;
    }
    look(schedule);
    leat_waiter_looked(schedule->waiter);
}

void schedule_init(struct schedule *schedule, struct leat *db, struct net_loop *loop) {
    ring_init(&schedule->entries);
    schedule->db = db;
    schedule->loop = loop;
    schedule->armed_ms = UINT64_MAX;
    schedule->moved.run = moved;
    (void)uv_timer_init(net_loop_uv(loop), &schedule->timer); /* never fails */
    schedule->waiter = leat_waiter_add(db, clock_moved, schedule);
}

void schedule_fini(struct schedule *schedule, uv_close_cb closed) {
    leat_waiter_remove(schedule->waiter);
    schedule->waiter = NULL;
    schedule->ending = true;
    schedule->closed = closed;
    if (!atomic_load(&schedule->posted)) uv_close((uv_handle_t *)&schedule->timer, closed);
}

void schedule_in(struct schedule *schedule, struct schedule_entry *entry, uint64_t delay_ms) {
    if (delay_ms > SCHEDULE_DELAY_MS_MAX) delay_ms = SCHEDULE_DELAY_MS_MAX;
    schedule_cancel(entry);
    entry->from_ms = leat_now_ms(schedule->db);
    entry->due_ms = entry->from_ms + delay_ms;
    ring_add(&schedule->entries, entry);
    if (entry->due_ms < schedule->armed_ms) arm(schedule, entry->from_ms, entry->due_ms);
}
