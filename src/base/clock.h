/* Time. There are two of them:
 *
 * - What happens to data goes by the database's clock (struct clock): the system's, an embedder's own, or a virtual one that stands
 *   still until it is moved. Below the wall that is engine_now_ms, above it leat_now_ms and leat_waiter.
 * - What happens on this machine goes by real time: how long a process runs, a connection is silent, how old a signature is, when a
 *   line was logged. Those few say clock_real_ms.
 *
 * Nothing else asks the system for the time; tools/tidy has the list of who may use clock_real_ms. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/fault.h"

/* ---- real time ---- */

uint64_t clock_real_ms(void);      /* since 1970, UTC */
time_t clock_real_s(void);         /* the same in seconds, cheaper, some milliseconds late */
uint64_t clock_monotonic_ns(void); /* for measuring how long something took */

/* For pthread_cond_timedwait on a condition of clock_cond_init. */
void clock_cond_init(pthread_cond_t *condition);
struct timespec clock_deadline(uint64_t milliseconds);

/* ---- the clock of a database ---- */

struct clock_waiter { /* embedded in whoever does something at times of the clock */
    struct clock_waiter *next;
    struct clock *clock;
    /* The clock has been moved: look at it soon, then call clock_waiter_looked. From any thread, under the clock's lock: hand over and
     * return. Not called again before clock_waiter_looked. */
    void (*moved)(struct clock_waiter *waiter);
    uint64_t due_ms;  /* the next time that matters; UINT64_MAX: none */
    bool told, again; /* moved was called, and is to be called again */
};

struct clock {
    uint64_t (*now_ms)(void *context); /* NULL: it is virtual */
    void *context;
    _Atomic uint64_t virtual_ms;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* what clock_set waits for */
    struct clock_waiter *waiters;
    unsigned holds;
    bool moving, stopping;
};

void clock_init(struct clock *clock, uint64_t (*now_ms)(void *context), void *context); /* NULL: the system's */
void clock_init_virtual(struct clock *clock, uint64_t at_ms);
void clock_fini(struct clock *clock); /* nobody waits */

static inline bool clock_is_virtual(const struct clock *clock) { return clock->now_ms == NULL; }
/* Milliseconds since 1970, UTC; any thread. */
static inline uint64_t clock_now_ms(struct clock *clock) {
    return clock->now_ms != NULL ? clock->now_ms(clock->context) : atomic_load_explicit(&clock->virtual_ms, memory_order_acquire);
}

/* Fill in `moved` first. After remove it is not running and will not. */
void clock_waiter_add(struct clock *clock, struct clock_waiter *waiter);
void clock_waiter_remove(struct clock_waiter *waiter);
void clock_waiter_until(struct clock_waiter *waiter, uint64_t due_ms);
void clock_waiter_looked(struct clock_waiter *waiter); /* what was due has been done, or holds the clock */

/* While anybody holds it, a virtual clock that is being moved stays where it is: something is on its way that belongs to this moment. Any
 * thread. It says nothing to a clock that goes by itself. */
void clock_hold(struct clock *clock);
void clock_release(struct clock *clock);

/* Moves a virtual clock. It stops wherever a waiter has something due, and once in a while besides; it goes on when all have looked and
 * nobody holds it: so things happen in their order, each at its time, and all of them have happened when this returns.
 * LEAT_VALIDATION: it is not a virtual one, or it would go back. LEAT_BUSY: it is being moved. LEAT_CLOSED: clock_stop. */
enum leat_code clock_set(struct clock *clock, uint64_t to_ms, struct leat_fault *fault) LEAT_MUST_USE;
void clock_stop(struct clock *clock); /* ends a clock_set that is under way, and those to come */

/* A clock that others move has been moved: tells the waiters and returns. */
void clock_moved(struct clock *clock);

/* ---- text ---- */

enum { CLOCK_ISO_SIZE = 32 };
/* 2025-02-22T03:03:25.490 (no zone suffix: callers add "Z" or "+0000" as the field wants). */
void clock_iso(uint64_t milliseconds, char out[CLOCK_ISO_SIZE]);

#endif
