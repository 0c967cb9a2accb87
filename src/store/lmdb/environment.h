/* The open LMDB file: its map, which grows by itself, and a pool of read transactions.
 *
 * Reads are for any thread. Moving the map (grow, reopen) waits until no read is under way and keeps new ones waiting; it is for the
 * one writer, outside of its LMDB transaction. A read inside a callback of a read goes through at once, since the outer one already
 * holds the map where it is. */
#ifndef STORE_LMDB_ENVIRONMENT_H
#define STORE_LMDB_ENVIRONMENT_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>

#include "store/store.h"

enum { LMDB_READS_POOLED = 64 /* at one time; more wait for a turn */ };

struct lmdb_slot {
    _Alignas(64) _Atomic int state;
    MDB_txn *txn;       /* reset between uses; NULL: not begun yet */
    MDB_cursor *cursor; /* NULL: not opened yet */
};

struct lmdb_environment {
    MDB_env *env; /* NULL: lost and not yet opened again */
    MDB_dbi dbi;
    char *path;
    uint64_t map_bytes;
    uint64_t bytes_max;  /* 0: none */
    bool reserve_in_use; /* the map is larger than bytes_max, for removing */
    pthread_mutex_t moving; /* held while the map moves */
    _Alignas(64) _Atomic uint64_t commits; /* begun so far; readers look at it, see renew_snapshot */
    struct lmdb_slot slots[LMDB_READS_POOLED];
};

/* A read under way. Lives on the stack of the thread that reads. */
struct lmdb_read {
    struct lmdb_environment *environment;
    struct lmdb_read *outer; /* this thread's read around it, of any environment */
    struct lmdb_slot *slot;  /* NULL: txn and cursor are its own */
    MDB_txn *txn;
    MDB_cursor *cursor;
};

enum leat_code lmdb_environment_init(struct lmdb_environment *environment, const struct store_options *options,
                                     struct leat_fault *fault) LEAT_MUST_USE;
void lmdb_environment_fini(struct lmdb_environment *environment);

enum leat_code lmdb_read_begin(struct lmdb_environment *environment, struct lmdb_read *read,
                               struct leat_fault *fault) LEAT_MUST_USE;
void lmdb_read_end(struct lmdb_read *read);
bool lmdb_read_is_under_way(const struct lmdb_environment *environment); /* in this thread */

/* After MDB_MAP_FULL. LEAT_STORE_FULL when bytes_max is reached; `removing` may go a little past it, or a full store could never be
 * emptied. */
enum leat_code lmdb_environment_grow(struct lmdb_environment *environment, bool removing,
                                     struct leat_fault *fault) LEAT_MUST_USE;
/* Gives back what was gone past bytes_max. */
enum leat_code lmdb_environment_settle(struct lmdb_environment *environment, struct leat_fault *fault) LEAT_MUST_USE;
/* Closes and opens: the only way on after MDB_PANIC. */
enum leat_code lmdb_environment_reopen(struct lmdb_environment *environment, struct leat_fault *fault) LEAT_MUST_USE;

/* LEAT_OK for 0. */
enum leat_code lmdb_fault(const struct lmdb_environment *environment, int error, const char *doing,
                          struct leat_fault *fault);

#endif
