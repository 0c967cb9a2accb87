#include "store/lmdb/commit.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PROBE_SIZE = 4096, PROBE_COUNT = 64, WRITE_ERRORS_MAX = 2 };

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
    if (error == 0) {
        atomic_fetch_add(&environment->commits, 1);
        return mdb_txn_commit(txn);
    }
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

/* LMDB calls a short write EIO, and a short write is what a disk gives that has just become full. So see whether the file can still grow;
 * 0: it can. What is written here lies behind all pages and is cut off again. */
static int write_probe(struct lmdb_environment *environment) {
    static const uint8_t zeros[PROBE_SIZE];
    struct stat before;
    int fd, error = mdb_env_get_fd(environment->env, &fd);
    if (error != 0) return error;
    if (fstat(fd, &before) != 0) return errno;
    off_t at = before.st_size;
    for (int i = 0; error == 0 && i < PROBE_COUNT; i++) {
        ssize_t written = pwrite(fd, zeros, sizeof zeros, at);
        if (written < 0) error = errno;
        else at += written;
    }
    if (error == 0 && fdatasync(fd) != 0) error = errno; /* where blocks are found as late as that */
    if (ftruncate(fd, before.st_size) != 0 && error == 0) error = errno;
    return error;
}

/* Whether the step shall be run once more after this error; else *code is the answer. */
static bool write_again(struct lmdb_environment *environment, size_t number, bool sent, int error, bool removing,
                        enum leat_code *code, struct leat_fault *fault) {
    *code = LEAT_OK;
    if (error == MDB_MAP_FULL) *code = lmdb_environment_grow(environment, removing, fault);
    else if (!sent) *code = lmdb_fault(environment, error, "cannot write to", fault);
    if (error == MDB_MAP_FULL || !sent) return *code == LEAT_OK;
    *code = write_outcome(environment, number, error, fault);
    if (*code != LEAT_IO || error != EIO) return false;
    error = write_probe(environment);
    if (error != 0) *code = lmdb_fault(environment, error, "cannot write to", fault);
    return error == 0;
}

enum leat_code lmdb_write(struct lmdb_environment *environment, MDB_txn *txn, bool removing, lmdb_step step, void *context,
                          struct leat_fault *fault) {
    for (int errors = 0;;) {
        size_t number = mdb_txn_id(txn);
        bool sent = false;
        enum leat_code code;
        int error = write_once(environment, txn, step, context, &sent);
        if (error == 0) return LEAT_OK;
        if (!write_again(environment, number, sent, error, removing, &code, fault)) return code;
        if (error != MDB_MAP_FULL && ++errors == WRITE_ERRORS_MAX) {
            return lmdb_fault(environment, error, "cannot write to", fault);
        }
        TRY(lmdb_write_begin(environment, &txn, fault));
    }
}
