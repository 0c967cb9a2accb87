#include "store/lmdb/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

enum { SLOT_FREE, SLOT_BUSY, SLOT_HELD /* while the map moves */ };

static const uint64_t map_first = (uint64_t)1 << 30; /* address space, not memory or disk */
static const uint64_t map_least = 128 * 1024;
static const uint64_t reserve_least = 1024 * 1024;
enum { RESERVE_SHARE = 16, LMDB_READERS_MAX = 1024, LMDB_FILE_MODE = 0600, MOVE_PAUSE_ns = 50000 };

/* This thread's reads, innermost first. */
static _Thread_local struct lmdb_read *reads_here;

enum leat_code lmdb_fault(const struct lmdb_environment *environment, int error, const char *doing,
                          struct leat_fault *fault) {
    const char *path = environment->path;
    char what[512];
    switch (error) {
    case 0: return LEAT_OK;
    case MDB_MAP_FULL: return fault_set(fault, LEAT_STORE_FULL, "%s %s: its limit of %llu bytes is reached", doing, path,
                                        (unsigned long long)environment->bytes_max);
    case EFBIG: return fault_set(fault, LEAT_STORE_FULL, "%s %s: %s", doing, path, strerror(error));
    case MDB_TXN_FULL: return fault_set(fault, LEAT_LIMIT_EXCEEDED, "%s %s: too much in one transaction", doing, path);
    case MDB_READERS_FULL: return fault_set(fault, LEAT_BUSY, "%s %s: too many readers", doing, path);
    case MDB_VERSION_MISMATCH: return fault_set(fault, LEAT_STORE_FORMAT, "%s %s: %s", doing, path, mdb_strerror(error));
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID: return fault_set(fault, LEAT_STORE_CORRUPT, "%s %s: %s", doing, path, mdb_strerror(error));
    default: break;
    }
    if (error < 0) return fault_set(fault, LEAT_IO, "%s %s: %s", doing, path, mdb_strerror(error));
    snprintf(what, sizeof what, "%s %.400s", doing, path);
    return fault_errno(fault, error, what);
}

/* ---- the file ---- */

static int environment_open_table(MDB_env *env, MDB_dbi *dbi) {
    MDB_txn *txn;
    int error = mdb_txn_begin(env, NULL, 0, &txn);
    if (error != 0) return error;
    error = mdb_dbi_open(txn, NULL, 0, dbi);
    if (error == 0) return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return error;
}

/* No MDB_WRITEMAP: with it a full disk would be a SIGBUS instead of an answer. MDB_NOTLS: pooled read transactions wander from thread
 * to thread. */
static int environment_try_open(struct lmdb_environment *environment) {
    MDB_env *env;
    int dead;
    int error = mdb_env_create(&env);
    if (error != 0) return error;
    error = mdb_env_set_mapsize(env, environment->map_bytes);
    if (error == 0) error = mdb_env_set_maxreaders(env, LMDB_READERS_MAX);
    if (error == 0) error = mdb_env_open(env, environment->path, MDB_NOSUBDIR | MDB_NOTLS, LMDB_FILE_MODE);
    if (error == 0) error = mdb_reader_check(env, &dead);
    if (error == 0) error = environment_open_table(env, &environment->dbi);
    if (error != 0) {
        mdb_env_close(env);
        return error;
    }
    MDB_envinfo info;
    (void)mdb_env_info(env, &info);
    environment->map_bytes = info.me_mapsize; /* larger than asked for when the file is */
    environment->env = env;
    return 0;
}

static uint64_t environment_map_first(const struct lmdb_environment *environment, const struct store_options *options) {
    uint64_t bytes = options->map_bytes_first != 0 ? options->map_bytes_first : map_first;
    if (environment->bytes_max != 0 && bytes > environment->bytes_max) bytes = environment->bytes_max;
    return bytes < map_least ? map_least : bytes;
}

static uint64_t whole_pages(uint64_t bytes) { return bytes & ~(uint64_t)0xffff; }

enum leat_code lmdb_environment_init(struct lmdb_environment *environment, const struct store_options *options,
                                     struct leat_fault *fault) {
    memset(environment, 0, sizeof *environment);
    if (options->directory == NULL) return fault_set(fault, LEAT_INTERNAL, "the lmdb engine needs a directory");
    size_t size = strlen(options->directory) + sizeof "/data";
    environment->path = malloc(size);
    if (environment->path == NULL) return fault_memory(fault);
    snprintf(environment->path, size, "%s/data", options->directory);
    environment->bytes_max = whole_pages(options->bytes_max);
    if (options->bytes_max != 0 && environment->bytes_max < map_least) environment->bytes_max = map_least;
    environment->map_bytes = whole_pages(environment_map_first(environment, options));
    pthread_mutex_init(&environment->moving, NULL);
    int error = environment_try_open(environment);
    if (error == 0) error = file_sync_directory(options->directory); /* a new file's name has to last as well */
    if (error == 0) return LEAT_OK;
    enum leat_code code = lmdb_fault(environment, error, "cannot open", fault);
    lmdb_environment_fini(environment);
    return code;
}

static void environment_close_slots(struct lmdb_environment *environment) {
    for (size_t i = 0; i < LMDB_READS_POOLED; i++) {
        struct lmdb_slot *slot = &environment->slots[i];
        if (slot->cursor != NULL) mdb_cursor_close(slot->cursor);
        if (slot->txn != NULL) mdb_txn_abort(slot->txn);
        slot->cursor = NULL;
        slot->txn = NULL;
    }
}

static void environment_close_file(struct lmdb_environment *environment) {
    environment_close_slots(environment);
    if (environment->env != NULL) mdb_env_close(environment->env);
    environment->env = NULL;
}

void lmdb_environment_fini(struct lmdb_environment *environment) {
    if (environment->path == NULL) return;
    environment_close_file(environment);
    pthread_mutex_destroy(&environment->moving);
    free(environment->path);
    environment->path = NULL;
}

/* ---- reads ---- */

static bool slot_take(struct lmdb_slot *slot, int as) {
    int expected = SLOT_FREE;
    return atomic_load_explicit(&slot->state, memory_order_relaxed) == SLOT_FREE &&
           atomic_compare_exchange_strong_explicit(&slot->state, &expected, as, memory_order_acquire, memory_order_relaxed);
}

static void slot_give(struct lmdb_slot *slot) { atomic_store_explicit(&slot->state, SLOT_FREE, memory_order_release); }

/* Each thread begins to look at a place of its own, so that threads do not fight for one cache line. */
static size_t slot_first(void) {
    static _Atomic size_t threads;
    static _Thread_local size_t mine;
    if (mine == 0) mine = atomic_fetch_add(&threads, 1) + 1;
    return mine % LMDB_READS_POOLED;
}

static struct lmdb_slot *slot_find(struct lmdb_environment *environment) {
    size_t first = slot_first();
    for (size_t i = 0; i < LMDB_READS_POOLED; i++) {
        struct lmdb_slot *slot = &environment->slots[(first + i) % LMDB_READS_POOLED];
        if (slot_take(slot, SLOT_BUSY)) return slot;
    }
    return NULL;
}

static struct lmdb_slot *slot_wait(struct lmdb_environment *environment) {
    struct lmdb_slot *slot;
    while ((slot = slot_find(environment)) == NULL) {
        pthread_mutex_lock(&environment->moving); /* sleeps while the map moves */
        pthread_mutex_unlock(&environment->moving);
        sched_yield();
    }
    return slot;
}

/* A new snapshot for a read transaction that is reset.
 *
 * LMDB keeps two roots and writes them in turn. A reader notes the number of the newest commit, then copies that commit's root. When
 * it is held up between the two and two commits go by, it copies what the second of them has put there, perhaps while that is being
 * written and before it is durable; and the next read may see less than this one. So the copy counts only if no commit has begun
 * meanwhile: one that was under way before writes the other root. */
static int renew_snapshot(struct lmdb_environment *environment, MDB_txn *txn) {
    for (;;) {
        uint64_t commits = atomic_load(&environment->commits);
        int error = mdb_txn_renew(txn);
        atomic_thread_fence(memory_order_acquire);
        if (error != 0 || atomic_load(&environment->commits) == commits) return error;
        mdb_txn_reset(txn);
    }
}

static int new_reader(struct lmdb_environment *environment, MDB_txn **txn) {
    int error = mdb_txn_begin(environment->env, NULL, MDB_RDONLY, txn);
    if (error != 0) return error;
    mdb_txn_reset(*txn);
    error = renew_snapshot(environment, *txn);
    if (error != 0) {
        mdb_txn_abort(*txn);
        *txn = NULL;
    }
    return error;
}

static int slot_renew(struct lmdb_environment *environment, struct lmdb_slot *slot) {
    if (environment->env == NULL) return MDB_PANIC;
    if (slot->txn != NULL) {
        int error = renew_snapshot(environment, slot->txn);
        return error != 0 ? error : mdb_cursor_renew(slot->txn, slot->cursor);
    }
    int error = new_reader(environment, &slot->txn);
    if (error != 0) return error;
    error = mdb_cursor_open(slot->txn, environment->dbi, &slot->cursor);
    if (error == 0) return 0;
    mdb_txn_abort(slot->txn);
    slot->txn = NULL;
    return error;
}

static int read_begin_pooled(struct lmdb_read *read) {
    int error = slot_renew(read->environment, read->slot);
    if (error != 0) {
        slot_give(read->slot);
        return error;
    }
    read->txn = read->slot->txn;
    read->cursor = read->slot->cursor;
    return 0;
}

static int read_begin_own(struct lmdb_read *read) {
    int error = new_reader(read->environment, &read->txn);
    if (error != 0) return error;
    error = mdb_cursor_open(read->txn, read->environment->dbi, &read->cursor);
    if (error != 0) mdb_txn_abort(read->txn);
    return error;
}

bool lmdb_read_is_under_way(const struct lmdb_environment *environment) {
    for (const struct lmdb_read *read = reads_here; read != NULL; read = read->outer) {
        if (read->environment == environment) return true;
    }
    return false;
}

enum leat_code lmdb_read_begin(struct lmdb_environment *environment, struct lmdb_read *read, struct leat_fault *fault) {
    bool inner = lmdb_read_is_under_way(environment);
    *read = (struct lmdb_read){.environment = environment, .outer = reads_here};
    read->slot = inner ? slot_find(environment) : slot_wait(environment);
    int error = read->slot != NULL ? read_begin_pooled(read) : read_begin_own(read);
    if (error != 0) return lmdb_fault(environment, error, "cannot read", fault);
    reads_here = read;
    return LEAT_OK;
}

void lmdb_read_end(struct lmdb_read *read) {
    reads_here = read->outer;
    if (read->slot != NULL) {
        mdb_txn_reset(read->txn);
        slot_give(read->slot);
    } else {
        mdb_cursor_close(read->cursor);
        mdb_txn_abort(read->txn);
    }
}

/* ---- moving the map ---- */

static void environment_hold(struct lmdb_environment *environment) {
    pthread_mutex_lock(&environment->moving);
    for (size_t i = 0; i < LMDB_READS_POOLED; i++) {
        while (!slot_take(&environment->slots[i], SLOT_HELD)) {
            nanosleep(&(struct timespec){.tv_nsec = MOVE_PAUSE_ns}, NULL);
        }
    }
}

static void environment_let_go(struct lmdb_environment *environment) {
    for (size_t i = 0; i < LMDB_READS_POOLED; i++) slot_give(&environment->slots[i]);
    pthread_mutex_unlock(&environment->moving);
}

/* LMDB is left without a map when the new one cannot be had, so then the file is opened anew with the old size. */
static int environment_resize(struct lmdb_environment *environment, uint64_t bytes) {
    environment_hold(environment);
    int error = mdb_env_set_mapsize(environment->env, bytes);
    if (error == 0) {
        MDB_envinfo info;
        (void)mdb_env_info(environment->env, &info);
        environment->map_bytes = info.me_mapsize;
    } else {
        environment_close_file(environment);
        (void)environment_try_open(environment);
    }
    environment_let_go(environment);
    return error;
}

enum leat_code lmdb_environment_grow(struct lmdb_environment *environment, bool removing, struct leat_fault *fault) {
    uint64_t bytes = environment->map_bytes * 2, most = UINT64_MAX / 4;
    if (environment->bytes_max != 0) {
        most = environment->bytes_max;
        if (removing) most += whole_pages(reserve_least + most / RESERVE_SHARE);
    }
    if (bytes > most) bytes = most;
    if (bytes <= environment->map_bytes) return lmdb_fault(environment, MDB_MAP_FULL, "cannot write to", fault);
    int error = environment_resize(environment, bytes);
    if (environment->bytes_max != 0 && environment->map_bytes > environment->bytes_max) environment->reserve_in_use = true;
    return lmdb_fault(environment, error, "cannot enlarge the map of", fault);
}

enum leat_code lmdb_environment_settle(struct lmdb_environment *environment, struct leat_fault *fault) {
    if (!environment->reserve_in_use) return LEAT_OK;
    environment->reserve_in_use = false; /* LMDB does not go below what is in use; then the map stays larger, which is no harm */
    return lmdb_fault(environment, environment_resize(environment, environment->bytes_max), "cannot shrink the map of", fault);
}

enum leat_code lmdb_environment_reopen(struct lmdb_environment *environment, struct leat_fault *fault) {
    environment_hold(environment);
    environment_close_file(environment);
    int error = environment_try_open(environment);
    environment_let_go(environment);
    return lmdb_fault(environment, error, "cannot open again", fault);
}
