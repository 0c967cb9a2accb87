/* Carrying out a writing transaction: a step that writes into an LMDB transaction is run, and run again in a larger map when the
 * first was too small. */
#ifndef STORE_LMDB_COMMIT_H
#define STORE_LMDB_COMMIT_H

#include "store/lmdb/environment.h"

/* Answers LMDB's codes. May run several times, each time in a fresh transaction. */
typedef int (*lmdb_step)(void *context, MDB_txn *txn, MDB_cursor *cursor);

/* A writing LMDB transaction; opens the file again when an earlier failure closed it. */
enum leat_code lmdb_write_begin(struct lmdb_environment *environment, MDB_txn **txn, struct leat_fault *fault) LEAT_MUST_USE;

/* Runs the step in txn, which it ends, and commits: durable when LEAT_OK. `removing`: see lmdb_environment_grow. */
enum leat_code lmdb_write(struct lmdb_environment *environment, MDB_txn *txn, bool removing, lmdb_step step, void *context,
                          struct leat_fault *fault) LEAT_MUST_USE;

#endif
