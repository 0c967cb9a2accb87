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

static void arm(struct schedule *schedule, uint64_t due_ms) {
    uint64_t now_ms = uv_now(schedule->timer.loop);
    schedule->armed_ms = due_ms;
    (void)uv_timer_start(&schedule->timer, fired, due_ms > now_ms ? due_ms - now_ms : 0, 0); /* fails only while closing */
}

/* What is due goes to a ring of its own first: what runs may schedule and cancel anything. */
static void fired(uv_timer_t *timer) {
    struct schedule *schedule = (struct schedule *)(void *)((char *)timer - offsetof(struct schedule, timer));
    uint64_t now_ms = uv_now(timer->loop), next_ms = UINT64_MAX;
    struct schedule_entry due, *entry = schedule->entries.next;
    ring_init(&due);
    while (entry != &schedule->entries) {
        struct schedule_entry *next = entry->next;
        if (entry->due_ms <= now_ms) {
            schedule_cancel(entry);
            ring_add(&due, entry);
        } else if (entry->due_ms < next_ms) {
            next_ms = entry->due_ms;
        }
        entry = next;
    }
    schedule->armed_ms = UINT64_MAX;
    if (next_ms != UINT64_MAX) arm(schedule, next_ms);
    while (due.next != &due) {
        entry = due.next;
        schedule_cancel(entry);
        entry->run(entry);
    }
}

int schedule_init(struct schedule *schedule, uv_loop_t *loop) {
    ring_init(&schedule->entries);
    schedule->armed_ms = UINT64_MAX;
    return uv_timer_init(loop, &schedule->timer);
}

void schedule_fini(struct schedule *schedule, uv_close_cb closed) {
    uv_close((uv_handle_t *)&schedule->timer, closed);
}

void schedule_in(struct schedule *schedule, struct schedule_entry *entry, uint64_t delay_ms) {
    if (delay_ms > SCHEDULE_DELAY_MS_MAX) delay_ms = SCHEDULE_DELAY_MS_MAX;
    schedule_cancel(entry);
    entry->due_ms = uv_now(schedule->timer.loop) + delay_ms;
    ring_add(&schedule->entries, entry);
    if (entry->due_ms < schedule->armed_ms) arm(schedule, entry->due_ms);
}
