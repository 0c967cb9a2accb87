/* Capacity units. DynamoDB Developer Guide, "Read/write capacity mode": 4 KB a read unit, half when eventually consistent; 1 KB a
 * write unit; twice as much in transactions. "Provisioned throughput considerations" for local and for global secondary indexes: each
 * index that a write changes costs units of its own, by the size of its entries; in transactions no more than elsewhere. */
#ifndef TABLE_CAPACITY_H
#define TABLE_CAPACITY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/fault.h"
#include "leat_types.h"

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

/* Adds to what a request has consumed of an index, whose name is copied when it is new; count_max: indexes that the table has. */
enum leat_code capacity_add_index(struct leat_capacity *capacity, const struct leat_index *index, double units, size_t count_max,
                                  struct arena *arena, struct leat_fault *fault) LEAT_MUST_USE;

/* A page of Query or Scan: the sum of what was looked at is rounded, not each entry. Items behind entries of a local index are rounded
 * one by one. "Provisioned throughput considerations for local secondary indexes" */
enum { CAPACITY_PAGE_BYTES_MAX = 1024 * 1024 };
struct capacity_page { size_t bytes, fetched_bytes; /* the latter rounded already */ };
void capacity_page_fetched(struct capacity_page *page, size_t item_bytes);
bool capacity_page_full(const struct capacity_page *page);
/* index: the one that was read; NULL: the table */
enum leat_code capacity_page_charge(const struct capacity_page *page, bool consistent, const struct leat_index *index,
                                    struct leat_capacity *capacity, struct arena *arena, struct leat_fault *fault) LEAT_MUST_USE;

#endif
