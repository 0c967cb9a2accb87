/* Going through the rows of one key space of a table and changing something for each, in transactions of limited size. On the
 * writing thread. */
#ifndef TABLE_REWRITE_H
#define TABLE_REWRITE_H

#include "base/buf.h"
#include "table/catalogue.h"
#include "table/overlay.h"

struct engine;

enum { REWRITE_ROWS_MAX = 500, REWRITE_BYTES_MAX = 4 * 1024 * 1024 };

/* Where the walk stands: rows of partitions before `part`, and of `part` those with keys below `from`, are done. */
struct rewrite_place {
    uint32_t part; /* the table's part_count: at the end */
    struct buf from; /* empty: the partition is not begun */
};

struct rewrite {
    const struct table *table;
    uint8_t space; /* SCHEMA_SPACE_... of the rows */
    const store_part *targets; /* partitions that are written, beside the row's own and the catalogue's */
    size_t target_count;
    /* Makes its changes in the overlay; key and value live in its arena. */
    enum leat_code (*row)(struct rewrite *rewrite, store_part part, struct leat_slice key, struct leat_slice value,
                          struct leat_fault *fault);
    /* Before the commit, when `place` is behind the chunk: what is written once a transaction. May be NULL. */
    enum leat_code (*finish)(struct rewrite *rewrite, struct store_transaction *transaction, struct leat_fault *fault);
    void *context;
    /* set by rewrite_chunk: */
    size_t rows;
    struct overlay overlay; /* of the transaction, and its arena */
    struct arena arena;
};

/* One transaction's worth, from the place on. After a fault nothing has changed, the place neither. */
enum leat_code rewrite_chunk(struct engine *engine, struct rewrite *rewrite, struct rewrite_place *place,
                             struct leat_fault *fault) LEAT_MUST_USE;
/* A `row` that removes it. */
enum leat_code rewrite_remove_row(struct rewrite *rewrite, store_part part, struct leat_slice key, struct leat_slice value,
                                  struct leat_fault *fault) LEAT_MUST_USE;
bool rewrite_passed(const struct rewrite_place *place, uint32_t part, struct leat_slice key); /* has the row been done? */

#endif
