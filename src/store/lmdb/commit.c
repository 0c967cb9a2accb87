#include "store/lmdb/commit.h"

#include <errno.h>

enum leat_code lmdb_write_begin(struct lmdb_environment *environment, MDB_txn **txn, struct leat_fault *fault) {
    if (environment->env == NULL) TRY(lmdb_environment_reopen(environment, fault));
    int error = mdb_txn_begin(environment->env, NULL, 0, txn);
    if (error == MDB_PANIC) {
        TRY(lmdb_environment_reopen(environment, fault));
        error = mdb_txn_begin(environment->env, NULL, 0, txn);
    }
    return lmdb_fault(environment, error, "cannot write to", fault);
}

/* Ends txn. *sent: the commit itself was begun. */
static int write_once(struct lmdb_environment *environment, MDB_txn *txn, lmdb_step step, void *context, bool *sent) {
    MDB_cursor *cursor;
    int error = mdb_cursor_open(txn, environment->dbi, &cursor);
    if (error == 0) {
        error = step(context, txn, cursor);
        mdb_cursor_close(cursor);
    }
    *sent = error == 0;
    if (error == 0) return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return error;
}

/* A commit failed with an error of the disk. When that was at its very end, where the new root is written, LMDB refuses to go on and the
 * outcome has to be read from the file. */
static enum leat_code write_outcome(struct lmdb_environment *environment, size_t number, int error, struct leat_fault *fault) {
    MDB_txn *probe;
    MDB_envinfo info;
    int state = mdb_txn_begin(environment->env, NULL, 0, &probe);
    if (state == 0) mdb_txn_abort(probe);
    if (state != MDB_PANIC) return lmdb_fault(environment, error, "cannot write to", fault);
    if (lmdb_environment_reopen(environment, fault) != LEAT_OK || mdb_env_info(environment->env, &info) != 0) {
        return fault_set(fault, LEAT_STORE_UNKNOWN, "cannot write to %s: it cannot be opened again after an error",
                         environment->path);
    }
    if (info.me_last_txnid < number) return lmdb_fault(environment, error, "cannot write to", fault);
    if (mdb_env_sync(environment->env, 1) == 0) return LEAT_OK;
    return fault_set(fault, LEAT_STORE_UNKNOWN, "cannot write to %s: the last change may not last", environment->path);
}

enum leat_code lmdb_write(struct lmdb_environment *environment, MDB_txn *txn, bool removing, lmdb_step step, void *context,
                          struct leat_fault *fault) {
    for (bool again = false;;) {
        size_t number = mdb_txn_id(txn);
        bool sent = false;
        int error = write_once(environment, txn, step, context, &sent);
        if (error == 0) return LEAT_OK;
        if (error == MDB_MAP_FULL) {
            TRY(lmdb_environment_grow(environment, removing, fault));
        } else if (!sent) {
            return lmdb_fault(environment, error, "cannot write to", fault);
        } else {
            enum leat_code code = write_outcome(environment, number, error, fault);
            /* LMDB calls a short write, as a disk gives that has just become full, EIO: only a second try says which it was */
            if (code != LEAT_IO || error != EIO || again) return code;
            again = true;
        }
        TRY(lmdb_write_begin(environment, &txn, fault));
    }
}
