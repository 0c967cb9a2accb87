/* Time. Code that decides anything by time takes a struct clock, so that tests and a virtual clock can stand in. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

struct clock {
    uint64_t (*now_ms)(struct clock *clock); /* milliseconds since 1970, UTC; any thread */
};

extern struct clock clock_system;

static inline uint64_t clock_now_ms(struct clock *clock) { return clock->now_ms(clock); }

/* Monotonic nanoseconds, for measuring how long something took. */
uint64_t clock_monotonic_ns(void);

enum { CLOCK_ISO_SIZE = 32 };
/* 2025-02-22T03:03:25.490 (no zone suffix: callers add "Z" or "+0000" as the field wants). */
void clock_iso(uint64_t milliseconds, char out[CLOCK_ISO_SIZE]);

#endif
