/* Going through all rows of one key space of a table and changing something for each, in transactions of limited size. On the
 * writing thread. Used to fill a new index, and to make and remove the entries of time to live. */
#ifndef TABLE_REWRITE_H
#define TABLE_REWRITE_H

#include "table/engine.h"
#include "table/overlay.h"

enum { REWRITE_ROWS_MAX = 1000 };

struct rewrite {
    const struct table *table;
    uint8_t space;     /* SCHEMA_SPACE_... of the rows */
    store_part target; /* what the rows change: a partition of its own; 0: the partition the row is in */
    /* Makes its changes in the overlay; key and value live in its arena. */
    enum leat_code (*row)(struct rewrite *rewrite, store_part part, struct leat_slice key, struct leat_slice value,
                          struct leat_fault *fault);
    /* Before each commit, for what is written once a transaction; may be NULL. */
    enum leat_code (*chunk)(struct rewrite *rewrite, struct leat_fault *fault);
    void *context;
    struct overlay overlay; /* of the transaction under way, and its arena */
    struct arena arena;
};

enum leat_code rewrite_table(struct engine *engine, struct rewrite *rewrite, struct leat_fault *fault) LEAT_MUST_USE;

#endif
