#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t clock_system_now_ms(struct clock *clock) {
    (void)clock;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct clock clock_system = {.now_ms = clock_system_now_ms};

uint64_t clock_monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void clock_iso(uint64_t milliseconds, char out[CLOCK_ISO_SIZE]) {
    time_t seconds = (time_t)(milliseconds / 1000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    size_t size = strftime(out, CLOCK_ISO_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    (void)snprintf(out + size, CLOCK_ISO_SIZE - size, ".%03u", (unsigned)(milliseconds % 1000));
}
