/* Reading: single items, several from one snapshot, queries and scans. Any thread; nothing here waits for a writer. */
#ifndef TABLE_READ_H
#define TABLE_READ_H

#include "table/engine.h"
#include "table/memory.h"

enum { READ_PAGE_BYTES_MAX = 1024 * 1024, READ_GETS_MAX = 100 };

/* result->items has one entry per get, absent where there is no item. transactional doubles the capacity. */
enum leat_code read_get_many(struct engine *engine, const struct leat_get *gets, size_t count, bool transactional,
                             struct leat_result *result, struct leat_fault *fault) LEAT_MUST_USE;

enum leat_code read_query(struct engine *engine, const struct leat_query *query, struct leat_result *result,
                          struct leat_fault *fault) LEAT_MUST_USE;

#endif
