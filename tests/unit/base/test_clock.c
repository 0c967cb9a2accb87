#include <criterion/criterion.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum { TIMES_MAX = 64, HOUR = 3600 * 1000, START = 1000000 };

/* A thread that does something every `every_ms` of the clock, and writes down when. */
struct worker {
    struct clock *clock;
    struct clock_waiter waiter;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool moved, ending;
    uint64_t every_ms, next_ms, times[TIMES_MAX];
    size_t count;
};

static void moved(struct clock_waiter *waiter) {
    struct worker *worker = (struct worker *)(void *)((char *)waiter - offsetof(struct worker, waiter));
    pthread_mutex_lock(&worker->lock);
    worker->moved = true;
    pthread_cond_signal(&worker->woken);
    pthread_mutex_unlock(&worker->lock);
}

static void work(struct worker *worker) {
    uint64_t now_ms = clock_now_ms(worker->clock);
    if (now_ms < worker->next_ms) return;
    usleep(2000); /* a clock that did not wait for us would be elsewhere by now */
    cr_expect_eq(clock_now_ms(worker->clock), now_ms);
    cr_assert_lt(worker->count, (size_t)TIMES_MAX);
    worker->times[worker->count++] = now_ms;
    worker->next_ms = now_ms + worker->every_ms;
}

static void *run(void *argument) {
    struct worker *worker = argument;
    for (;;) {
        pthread_mutex_lock(&worker->lock);
        while (!worker->moved && !worker->ending) pthread_cond_wait(&worker->woken, &worker->lock);
        worker->moved = false;
        bool ending = worker->ending;
        pthread_mutex_unlock(&worker->lock);
        if (ending) return NULL;
        work(worker);
        clock_waiter_until(&worker->waiter, worker->next_ms);
        clock_waiter_looked(&worker->waiter);
    }
}

static void worker_start(struct worker *worker, struct clock *clock, uint64_t every_ms) {
    *worker = (struct worker){.clock = clock, .waiter.moved = moved, .every_ms = every_ms, .next_ms = clock_now_ms(clock) + every_ms};
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->woken, NULL);
    clock_waiter_add(clock, &worker->waiter);
    cr_assert_eq(pthread_create(&worker->thread, NULL, run, worker), 0);
}

static void worker_end(struct worker *worker) {
    clock_waiter_remove(&worker->waiter);
    pthread_mutex_lock(&worker->lock);
    worker->ending = true;
    pthread_cond_signal(&worker->woken);
    pthread_mutex_unlock(&worker->lock);
    pthread_join(worker->thread, NULL);
}

Test(clock, what_falls_into_a_step_happens_at_its_time_and_in_order) {
    struct clock clock;
    struct worker a, b;
    struct leat_fault fault;
    clock_init_virtual(&clock, START);
    worker_start(&a, &clock, 300);
    worker_start(&b, &clock, 1000);
    cr_assert_eq(clock_set(&clock, START + 2500, &fault), LEAT_OK, "%s", fault.message);
    cr_expect_eq(clock_now_ms(&clock), (uint64_t)START + 2500);
    cr_assert_eq(a.count, 8u);
    for (size_t i = 0; i < a.count; i++) cr_expect_eq(a.times[i], START + 300 * (i + 1));
    cr_assert_eq(b.count, 2u);
    cr_expect_eq(b.times[1], (uint64_t)START + 2000);
    cr_assert_eq(clock_set(&clock, START + 2700, &fault), LEAT_OK);
    cr_expect_eq(a.count, 9u, "what is due at the end itself is done too");
    worker_end(&a);
    worker_end(&b);
    clock_fini(&clock);
}

static struct worker *watched;
static void told(struct clock_waiter *waiter) {
    (void)waiter;
    watched->count++;
}

static void *set_on(void *clock) {
    struct leat_fault fault;
    return clock_set(clock, START + 10, &fault) == LEAT_OK ? clock : NULL;
}

Test(clock, stands_while_somebody_holds_it) {
    struct clock clock;
    pthread_t thread;
    void *answer;
    struct leat_fault fault;
    clock_init_virtual(&clock, START);
    clock_hold(&clock);
    clock_hold(&clock);
    cr_assert_eq(pthread_create(&thread, NULL, set_on, &clock), 0);
    usleep(20000);
    cr_expect_eq(clock_now_ms(&clock), (uint64_t)START);
    cr_expect_eq(clock_set(&clock, START + 20, &fault), LEAT_BUSY);
    clock_release(&clock);
    usleep(20000);
    cr_expect_eq(clock_now_ms(&clock), (uint64_t)START);
    clock_release(&clock);
    pthread_join(thread, &answer);
    cr_expect_eq(answer, (void *)&clock);
    cr_expect_eq(clock_now_ms(&clock), (uint64_t)START + 10);
    clock_fini(&clock);
}

Test(clock, a_set_that_waits_is_ended_by_stop) {
    struct clock clock;
    pthread_t thread;
    void *answer = &clock;
    struct leat_fault fault;
    clock_init_virtual(&clock, START);
    clock_hold(&clock);
    cr_assert_eq(pthread_create(&thread, NULL, set_on, &clock), 0);
    usleep(10000);
    clock_stop(&clock);
    pthread_join(thread, &answer);
    cr_expect_null(answer);
    cr_expect_eq(clock_set(&clock, START + 20, &fault), LEAT_CLOSED);
    clock_fini(&clock);
}

Test(clock, goes_forward_only_and_only_a_virtual_one_is_set) {
    struct clock clock;
    struct leat_fault fault;
    clock_init_virtual(&clock, START);
    cr_expect_eq(clock_set(&clock, START - 1, &fault), LEAT_VALIDATION);
    cr_expect_eq(clock_set(&clock, START, &fault), LEAT_OK);
    clock_fini(&clock);
    clock_init(&clock, NULL, NULL);
    uint64_t before_ms = clock_real_ms(), now_ms = clock_now_ms(&clock);
    cr_expect(before_ms <= now_ms && now_ms <= clock_real_ms());
    cr_expect_eq(clock_set(&clock, now_ms + HOUR, &fault), LEAT_VALIDATION);
    clock_fini(&clock);
}

static uint64_t own_now_ms(void *context) { return *(uint64_t *)context; }

Test(clock, waiters_of_another_clock_are_told_once_until_they_have_looked) {
    struct clock clock;
    struct worker counts = {.count = 0};
    struct clock_waiter waiter = {.moved = told};
    uint64_t now_ms = START;
    watched = &counts;
    clock_init(&clock, own_now_ms, &now_ms);
    clock_waiter_add(&clock, &waiter);
    clock_moved(&clock);
    cr_expect_eq(counts.count, 1u);
    clock_moved(&clock);
    clock_moved(&clock);
    cr_expect_eq(counts.count, 1u, "it has not looked yet");
    clock_waiter_looked(&waiter);
    cr_expect_eq(counts.count, 2u, "it may have looked before the clock moved again");
    clock_waiter_looked(&waiter);
    cr_expect_eq(counts.count, 2u);
    clock_waiter_remove(&waiter);
    clock_moved(&clock);
    cr_expect_eq(counts.count, 2u);
    clock_fini(&clock);
}
