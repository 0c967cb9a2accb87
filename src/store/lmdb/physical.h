/* Partitions, keys and records as LMDB sees them. The format is drawn at the top of lmdb.c.
 *
 * Functions answer LMDB's codes: 0, MDB_NOTFOUND, MDB_MAP_FULL, an errno ... What they find points into the map and lives as long as
 * the LMDB transaction, for a writing one until its next write. */
#ifndef STORE_LMDB_PHYSICAL_H
#define STORE_LMDB_PHYSICAL_H

#include <lmdb.h>

#include "store/store.h"

enum {
    LMDB_KEY_MAX = 511, /* compiled into Debian's liblmdb */
    LMDB_PART_SIZE = 8,
    LMDB_PREFIX_MAX = 17, /* part, space, number of the tail */
};

enum lmdb_space {
    LMDB_SPACE_ITEM = 1,
    LMDB_SPACE_TAIL = 2,
    LMDB_SPACE_LOG = 3,
    LMDB_SPACE_HEAD = 4,
    LMDB_SPACE_TAIL_LAST = 5
};

/* Where keys of a partition go: its item space, or the tails behind one long beginning. */
struct lmdb_level {
    uint8_t prefix[LMDB_PREFIX_MAX];
    size_t size; /* of prefix */
    size_t room; /* bytes of key that one physical key holds */
};

void lmdb_level_items(struct lmdb_level *level, store_part part);
void lmdb_level_tail(struct lmdb_level *level, store_part part, uint64_t tail);
/* The physical key, in out: of the key itself if it fits, else of the mark that leads to its tail. */
MDB_val lmdb_level_key(const struct lmdb_level *level, struct leat_slice key, uint8_t out[LMDB_KEY_MAX]);
/* The first physical key behind the level, in out. */
MDB_val lmdb_level_end(const struct lmdb_level *level, uint8_t out[LMDB_KEY_MAX]);

uint64_t lmdb_number(MDB_val value, size_t offset); /* big-endian; 0 when the value is too short */
void lmdb_number_put(uint8_t *out, uint64_t number);

int lmdb_item_get(MDB_txn *txn, MDB_dbi dbi, store_part part, struct leat_slice key, struct leat_slice *value);
int lmdb_item_put(MDB_txn *txn, MDB_cursor *cursor, store_part part, struct leat_slice key, struct leat_slice value);
int lmdb_item_del(MDB_txn *txn, MDB_cursor *cursor, store_part part, struct leat_slice key); /* 0 also when missing */

/* A partition never written has the head {0, 1, 1}. */
int lmdb_head_get(MDB_txn *txn, MDB_dbi dbi, store_part part, struct store_head *head);
int lmdb_head_put(MDB_cursor *cursor, store_part part, struct store_head head);

enum { LMDB_LOG_KEY_SIZE = 17 };
MDB_val lmdb_log_key(store_part part, store_sequence sequence, uint8_t out[LMDB_LOG_KEY_SIZE]);

#endif
