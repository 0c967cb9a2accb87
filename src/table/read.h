/* Reading: single items, several from one snapshot, queries and scans. Any thread; nothing here waits for a writer. */
#ifndef TABLE_READ_H
#define TABLE_READ_H

#include "expr/expr.h"
#include "table/engine.h"
#include "table/memory.h"

enum { READ_GETS_MAX = 100, READ_ANSWER_BYTES_MAX = 16 * 1024 * 1024 /* API Reference, BatchGetItem */ };

/* result->items has one entry per get, absent where there is no item. See leat_get_many. */
enum leat_code read_get_many(struct engine *engine, const struct leat_get *gets, size_t count, enum leat_mode mode,
                             struct leat_result *result, struct leat_fault *fault) LEAT_MUST_USE;

/* A page whose conditions are trees already. query: table, index, consistency, direction, limit, start and select count. */
struct read_page {
    const struct leat_query *query;
    struct table *table;                 /* borrowed */
    const struct expr_condition *filter; /* NULL: none. It may speak of keys too */
    const struct expr_key_range *keys;   /* checked against the schema */
    size_t key_count;                    /* 0: scan */
};
/* result->memory is the caller's, and keys and filter live as long as it. */
enum leat_code read_page(struct engine *engine, const struct read_page *page, struct leat_result *result,
                         struct leat_fault *fault) LEAT_MUST_USE;

enum leat_code read_query(struct engine *engine, const struct leat_query *query, struct leat_result *result,
                          struct leat_fault *fault) LEAT_MUST_USE;

#endif
