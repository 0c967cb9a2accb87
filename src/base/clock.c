#include "base/clock.h"

#include <stdio.h>

enum { STRIDE_MS = 3600 * 1000, STRIDES_MAX = 1000 }; /* between stops at which nobody has anything due that is known */

/* ---- real time ---- */

uint64_t clock_real_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

time_t clock_real_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return now.tv_sec;
}

uint64_t clock_monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void clock_cond_init(pthread_cond_t *condition) {
    pthread_condattr_t attributes; /* cannot fail with glibc */
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

struct timespec clock_deadline(uint64_t milliseconds) {
    uint64_t at_ns = clock_monotonic_ns() + milliseconds * 1000000u;
    return (struct timespec){.tv_sec = (time_t)(at_ns / 1000000000u), .tv_nsec = (long)(at_ns % 1000000000u)};
}

static uint64_t system_now_ms(void *context) {
    (void)context;
    return clock_real_ms();
}

/* ---- waiting ---- */

void clock_init(struct clock *clock, uint64_t (*now_ms)(void *context), void *context) {
    *clock = (struct clock){.now_ms = now_ms != NULL ? now_ms : system_now_ms, .context = context};
    pthread_mutex_init(&clock->lock, NULL);
    pthread_cond_init(&clock->changed, NULL);
}

void clock_init_virtual(struct clock *clock, uint64_t at_ms) {
    clock_init(clock, NULL, NULL);
    clock->now_ms = NULL;
    clock->virtual_ms = at_ms;
}

void clock_fini(struct clock *clock) {
    pthread_cond_destroy(&clock->changed);
    pthread_mutex_destroy(&clock->lock);
}

void clock_waiter_add(struct clock *clock, struct clock_waiter *waiter) {
    pthread_mutex_lock(&clock->lock);
    waiter->clock = clock;
    waiter->due_ms = UINT64_MAX;
    waiter->told = waiter->again = false;
    waiter->next = clock->waiters;
    clock->waiters = waiter;
    pthread_mutex_unlock(&clock->lock);
}

void clock_waiter_remove(struct clock_waiter *waiter) {
    struct clock *clock = waiter->clock;
    pthread_mutex_lock(&clock->lock);
    struct clock_waiter **at = &clock->waiters;
    while (*at != waiter) at = &(*at)->next;
    *at = waiter->next;
    pthread_cond_broadcast(&clock->changed); /* it may have been what a moving clock waits for */
    pthread_mutex_unlock(&clock->lock);
}

void clock_waiter_until(struct clock_waiter *waiter, uint64_t due_ms) {
    pthread_mutex_lock(&waiter->clock->lock);
    waiter->due_ms = due_ms;
    pthread_mutex_unlock(&waiter->clock->lock);
}

static void tell(struct clock_waiter *waiter) {
    waiter->again = waiter->told;
    if (waiter->told) return;
    waiter->told = true;
    waiter->moved(waiter);
}

static void tell_all(struct clock *clock) {
    for (struct clock_waiter *waiter = clock->waiters; waiter != NULL; waiter = waiter->next) tell(waiter);
}

void clock_waiter_looked(struct clock_waiter *waiter) {
    struct clock *clock = waiter->clock;
    pthread_mutex_lock(&clock->lock);
    waiter->told = false;
    if (waiter->again) tell(waiter);
    else pthread_cond_broadcast(&clock->changed);
    pthread_mutex_unlock(&clock->lock);
}

void clock_hold(struct clock *clock) {
    pthread_mutex_lock(&clock->lock);
    clock->holds++;
    pthread_mutex_unlock(&clock->lock);
}

void clock_release(struct clock *clock) {
    pthread_mutex_lock(&clock->lock);
    if (--clock->holds == 0) pthread_cond_broadcast(&clock->changed);
    pthread_mutex_unlock(&clock->lock);
}

void clock_moved(struct clock *clock) {
    pthread_mutex_lock(&clock->lock);
    tell_all(clock);
    pthread_mutex_unlock(&clock->lock);
}

/* ---- moving a virtual one ---- */

static bool quiet(const struct clock *clock) {
    for (const struct clock_waiter *waiter = clock->waiters; waiter != NULL; waiter = waiter->next)
        if (waiter->told) return false;
    return clock->holds == 0;
}

static uint64_t next_due_ms(const struct clock *clock) {
    uint64_t due_ms = UINT64_MAX;
    for (const struct clock_waiter *waiter = clock->waiters; waiter != NULL; waiter = waiter->next)
        if (waiter->due_ms < due_ms) due_ms = waiter->due_ms;
    return due_ms;
}

static uint64_t lesser(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* The first stop is where it stands: what was asked for before has then been done, or waits for a time that is known. */
static void go(struct clock *clock, uint64_t at_ms, uint64_t to_ms) {
    uint64_t stride_ms = (to_ms - at_ms) / STRIDES_MAX;
    if (stride_ms < STRIDE_MS) stride_ms = STRIDE_MS;
    for (;;) {
        atomic_store_explicit(&clock->virtual_ms, at_ms, memory_order_release);
        tell_all(clock);
        while (!quiet(clock) && !clock->stopping) pthread_cond_wait(&clock->changed, &clock->lock);
        uint64_t due_ms = next_due_ms(clock);
        if (clock->stopping || (at_ms == to_ms && due_ms > to_ms)) return;
        uint64_t stop_ms = lesser(due_ms, lesser(to_ms - at_ms, stride_ms) + at_ms);
        if (stop_ms > at_ms) at_ms = stop_ms;
    }
}

static enum leat_code check(const struct clock *clock, uint64_t at_ms, uint64_t to_ms, struct leat_fault *fault) {
    if (clock->stopping) return fault_set(fault, LEAT_CLOSED, "the database is being closed");
    if (clock->moving) return fault_set(fault, LEAT_BUSY, "the clock is being moved already");
    if (to_ms >= at_ms) return LEAT_OK;
    char text[CLOCK_ISO_SIZE];
    clock_iso(at_ms, text);
    return fault_set(fault, LEAT_VALIDATION, "the clock does not go back; it is %sZ", text);
}

enum leat_code clock_set(struct clock *clock, uint64_t to_ms, struct leat_fault *fault) {
    if (!clock_is_virtual(clock)) return fault_set(fault, LEAT_VALIDATION, "the clock goes by itself: it is not a virtual one");
    pthread_mutex_lock(&clock->lock);
    uint64_t at_ms = clock_now_ms(clock);
    enum leat_code code = check(clock, at_ms, to_ms, fault);
    if (code == LEAT_OK) {
        clock->moving = true;
        go(clock, at_ms, to_ms);
        clock->moving = false;
        if (clock->stopping) code = fault_set(fault, LEAT_CLOSED, "the database is being closed");
    }
    pthread_mutex_unlock(&clock->lock);
    return code;
}

void clock_stop(struct clock *clock) {
    pthread_mutex_lock(&clock->lock);
    clock->stopping = true;
    pthread_cond_broadcast(&clock->changed);
    pthread_mutex_unlock(&clock->lock);
}

/* ---- text ---- */

void clock_iso(uint64_t milliseconds, char out[CLOCK_ISO_SIZE]) {
    time_t seconds = (time_t)(milliseconds / 1000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    size_t size = strftime(out, CLOCK_ISO_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    (void)snprintf(out + size, CLOCK_ISO_SIZE - size, ".%03u", (unsigned)(milliseconds % 1000));
}
