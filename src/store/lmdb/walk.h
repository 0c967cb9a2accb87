/* Ranges of items and of the log inside one LMDB transaction. Answers LMDB's codes. */
#ifndef STORE_LMDB_WALK_H
#define STORE_LMDB_WALK_H

#include "store/lmdb/physical.h"

struct lmdb_range {
    store_part part;
    struct leat_slice low, high; /* low <= key < high; high absent: to the end */
    bool reverse;
    store_row_fn row;
    void *context;
};

/* cursor is of the transaction and is moved about. */
int lmdb_walk_items(MDB_cursor *cursor, const struct lmdb_range *range);
int lmdb_walk_log(MDB_cursor *cursor, store_part part, store_sequence after, store_record_fn record, void *context);

#endif
