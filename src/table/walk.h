/* A walk over a table or an index, for a page of Query or Scan: through "ranges", one per partition that can hold matching rows, in hash
 * order; a query has one. */
#ifndef TABLE_WALK_H
#define TABLE_WALK_H

#include "expr/expr.h"
#include "table/capacity.h"
#include "table/engine.h"
#include "table/memory.h"

enum { WALK_KEY_MAX = 32 * 1024 };

struct range { store_part part; struct leat_slice low, high; /* low <= key < high; high absent: to the end */ };

struct walk {
    const struct leat_query *query;
    struct table *table;            /* a reference */
    const struct table_index *index; /* or NULL */
    const struct schema *schema;    /* the index's or the table's */
    const struct expr_condition *filter;
    const struct expr_projection *projection;
    const struct expr_key_condition *key_condition;
    const struct expr_key_range *keys; /* what it comes to; a statement may look for several partition keys, in this order */
    size_t key_count;                  /* 0: scan */
    struct range *ranges;
    size_t range_count;
    struct leat_result *result;
    size_t capacity;                /* of result->items */
    struct capacity_page page;      /* what was looked at */
    bool fetch;                     /* a local index is asked for attributes it does not have: read the items */
    bool full;
    struct engine *engine;
    struct leat_fault *fault;
    enum leat_code code;
};

/* The ranges in which matching rows can be, from where the query says that it goes on. */
enum leat_code walk_locate(struct walk *walk) LEAT_MUST_USE;
/* The bytes in the result's arena; absent, and walk->code is set: no memory. */
struct leat_slice walk_keep(struct walk *walk, struct buf *bytes);

#endif
