/* The engine that keeps partitions in an LMDB file. lmdb.c draws the file's format.
 * environment: the open file, its map and its read transactions; physical: keys as LMDB sees them; walk: ranges. */
#ifndef STORE_LMDB_LMDB_H
#define STORE_LMDB_LMDB_H

#include "store/store.h"

extern const struct store_engine store_lmdb;

#endif
