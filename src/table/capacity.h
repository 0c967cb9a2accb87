/* Capacity units. DynamoDB Developer Guide, "Read/write capacity mode": 4 KB a read unit, half when eventually consistent; 1 KB a
 * write unit; twice as much in transactions. */
#ifndef TABLE_CAPACITY_H
#define TABLE_CAPACITY_H

#include <stdbool.h>
#include <stddef.h>

static inline double capacity_write(size_t before_bytes, size_t after_bytes, bool transactional) {
    size_t bytes = before_bytes > after_bytes ? before_bytes : after_bytes;
    double units = bytes <= 1024 ? 1.0 : (double)((bytes + 1023) / 1024);
    return transactional ? units * 2 : units;
}

static inline double capacity_read(size_t bytes, bool consistent, bool transactional) {
    double units = bytes <= 4096 ? 1.0 : (double)((bytes + 4095) / 4096);
    if (transactional) return units * 2;
    return consistent ? units : units / 2;
}

#endif
