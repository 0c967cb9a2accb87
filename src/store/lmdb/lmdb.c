/* DIR/data is one LMDB file (DIR/data-lock LMDB's table of readers, worth nothing after a restart) with one unnamed table.
 * Numbers are big-endian, so that byte order is number order.
 *
 *   key                                              value
 *   part 8 | 1 | item key, up to 501 bytes           the item's value
 *   part 8 | 1 | first 501 bytes of key | 0          number of a tail 8      a mark
 *   part 8 | 2 | tail 8 | rest, up to 493 bytes      the item's value
 *   part 8 | 2 | tail 8 | next 493 bytes | 0         number of a tail 8      a mark
 *   part 8 | 3 | sequence 8                          a record of the log
 *   part 8 | 4                                       epoch 8 | first 8 | next 8    the head
 *   part 8 | 5                                       number of the last tail given out 8
 *
 * LMDB's keys end at 511 bytes, item keys do not. A longer key is cut: its first piece names a mark, the mark a tail, and the rest of the
 * key stands in that tail, cut again where needed. All keys with the same first piece share its mark. A plain key is never as long as a
 * mark, and a mark stands directly behind the plain key that equals its piece: going through the marks in place therefore meets all keys in
 * byte order, and one item of a thousand with a long common beginning costs what any other item does.
 *
 * What stands first goes first when a partition is dropped, so the head goes last. */
#include "store/lmdb/lmdb.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store/journal.h"
#include "store/lmdb/commit.h"
#include "store/lmdb/environment.h"
#include "store/lmdb/physical.h"
#include "store/lmdb/walk.h"

struct lmdb_transaction {
    struct store_transaction base;
    MDB_txn *txn; /* begun with the transaction, written to at commit only: getv sees what was there before */
    struct store_journal journal;
};

struct lmdb_store {
    struct store base;
    struct lmdb_environment environment;
    pthread_mutex_t writer; /* held from begin to commit or abort; guards transaction */
    struct lmdb_transaction transaction;
};

static struct lmdb_store *lmdb_of(struct store *store) { return (struct lmdb_store *)store; }

static struct lmdb_transaction *lmdb_transaction_of(struct store_transaction *t) { return (struct lmdb_transaction *)t; }

static struct lmdb_environment *lmdb_environment_of(struct store_transaction *t) { return &lmdb_of(t->store)->environment; }

static enum leat_code lmdb_open(const struct store_options *options, struct store **out, struct leat_fault *fault) {
    struct lmdb_store *store = aligned_alloc(_Alignof(struct lmdb_store), sizeof *store);
    if (store == NULL) return fault_memory(fault);
    enum leat_code code = lmdb_environment_init(&store->environment, options, fault);
    if (code != LEAT_OK) {
        free(store);
        return code;
    }
    store->base.engine = &store_lmdb;
    store->transaction.base.store = &store->base;
    store->transaction.txn = NULL;
    store_journal_init(&store->transaction.journal);
    pthread_mutex_init(&store->writer, NULL);
    *out = &store->base;
    return LEAT_OK;
}

static void lmdb_close(struct store *base) {
    struct lmdb_store *store = lmdb_of(base);
    store_journal_fini(&store->transaction.journal);
    lmdb_environment_fini(&store->environment);
    pthread_mutex_destroy(&store->writer);
    free(store);
}

/* ---- write path ---- */

/* With the writer's turn: an LMDB transaction to write in. Else the turn is given back. */
static enum leat_code lmdb_take_turn(struct lmdb_store *store, bool removing, MDB_txn **txn, struct leat_fault *fault) {
    struct lmdb_environment *environment = &store->environment;
    if (lmdb_read_is_under_way(environment)) {
        return fault_set(fault, LEAT_INTERNAL, "a storage transaction begun inside a callback of a read");
    }
    pthread_mutex_lock(&store->writer);
    enum leat_code code = removing ? LEAT_OK : lmdb_environment_settle(environment, fault);
    if (code == LEAT_OK) code = lmdb_write_begin(environment, txn, fault);
    if (code != LEAT_OK) pthread_mutex_unlock(&store->writer);
    return code;
}

static enum leat_code lmdb_begin(struct store *base, const store_part *parts, size_t count, struct store_transaction **out,
                                 struct leat_fault *fault) {
    (void)parts; /* the one writer has them all */
    (void)count;
    struct lmdb_store *store = lmdb_of(base);
    TRY(lmdb_take_turn(store, false, &store->transaction.txn, fault));
    *out = &store->transaction.base;
    return LEAT_OK;
}

static void lmdb_end(struct store_transaction *base) {
    struct lmdb_transaction *t = lmdb_transaction_of(base);
    store_journal_clear(&t->journal);
    t->txn = NULL;
    pthread_mutex_unlock(&lmdb_of(base->store)->writer);
}

static void lmdb_abort(struct store_transaction *base) {
    mdb_txn_abort(lmdb_transaction_of(base)->txn);
    lmdb_end(base);
}

static enum leat_code lmdb_getv(struct store_transaction *base, const struct store_key *keys, size_t count,
                                struct leat_slice *values, struct leat_fault *fault) {
    struct lmdb_environment *environment = lmdb_environment_of(base);
    for (size_t i = 0; i < count; i++) {
        values[i] = (struct leat_slice){NULL, 0};
        int error = lmdb_item_get(lmdb_transaction_of(base)->txn, environment->dbi, keys[i].part, keys[i].key, &values[i]);
        if (error != 0 && error != MDB_NOTFOUND) return lmdb_fault(environment, error, "cannot read", fault);
    }
    return LEAT_OK;
}

static enum leat_code lmdb_put(struct store_transaction *base, store_part part, struct leat_slice key,
                               struct leat_slice value, struct leat_fault *fault) {
    return store_journal_put(&lmdb_transaction_of(base)->journal, part, key, value, fault);
}

static enum leat_code lmdb_del(struct store_transaction *base, store_part part, struct leat_slice key,
                               struct leat_fault *fault) {
    return store_journal_del(&lmdb_transaction_of(base)->journal, part, key, fault);
}

static enum leat_code lmdb_append(struct store_transaction *base, store_part part, struct leat_slice record,
                                  store_sequence *sequence, struct leat_fault *fault) {
    struct lmdb_transaction *t = lmdb_transaction_of(base);
    if (store_journal_head(&t->journal, part) == NULL) {
        struct lmdb_environment *environment = lmdb_environment_of(base);
        struct store_head head;
        TRY(lmdb_fault(environment, lmdb_head_get(t->txn, environment->dbi, part, &head), "cannot read", fault));
        TRY(store_journal_head_add(&t->journal, part, head, fault));
    }
    return store_journal_append(&t->journal, part, record, sequence, fault);
}

static int apply_entry(const struct store_journal_entry *entry, MDB_txn *txn, MDB_cursor *cursor) {
    if (entry->sequence != 0) {
        uint8_t bytes[LMDB_LOG_KEY_SIZE];
        MDB_val key = lmdb_log_key(entry->part, entry->sequence, bytes);
        MDB_val value = {entry->value.size, (void *)(uintptr_t)entry->value.data};
        return mdb_cursor_put(cursor, &key, &value, 0);
    }
    if (entry->value.data == NULL) return lmdb_item_del(txn, cursor, entry->part, entry->key);
    return lmdb_item_put(txn, cursor, entry->part, entry->key, entry->value);
}

static int apply_journal(void *context, MDB_txn *txn, MDB_cursor *cursor) {
    const struct store_journal *journal = context;
    int error = 0;
    for (size_t i = 0; error == 0 && i < journal->count; i++) error = apply_entry(&journal->entries[i], txn, cursor);
    for (size_t i = 0; error == 0 && i < journal->head_count; i++) {
        error = lmdb_head_put(cursor, journal->heads[i].part, journal->heads[i].head);
    }
    return error;
}

static enum leat_code lmdb_commit(struct store_transaction *base, struct leat_fault *fault) {
    struct lmdb_transaction *t = lmdb_transaction_of(base);
    enum leat_code code = LEAT_OK;
    if (t->journal.count == 0) {
        mdb_txn_abort(t->txn);
    } else {
        store_journal_sort(&t->journal);
        code = lmdb_write(lmdb_environment_of(base), t->txn, t->journal.only_removes, apply_journal, &t->journal, fault);
    }
    lmdb_end(base);
    return code;
}

/* ---- read path ---- */

static enum leat_code get_one(const struct lmdb_read *read, struct store_key key, struct arena *arena,
                              struct leat_slice *value, struct leat_fault *fault) {
    struct leat_slice found = {NULL, 0};
    *value = found;
    int error = lmdb_item_get(read->txn, read->environment->dbi, key.part, key.key, &found);
    if (error == MDB_NOTFOUND) return LEAT_OK;
    if (error != 0) return lmdb_fault(read->environment, error, "cannot read", fault);
    *value = arena_copy(arena, found);
    return value->data != NULL ? LEAT_OK : fault_memory(fault);
}

static enum leat_code lmdb_get(struct store *store, const struct store_key *keys, size_t count, struct arena *arena,
                               struct leat_slice *values, struct leat_fault *fault) {
    struct lmdb_read read;
    TRY(lmdb_read_begin(&lmdb_of(store)->environment, &read, fault));
    enum leat_code code = LEAT_OK;
    for (size_t i = 0; code == LEAT_OK && i < count; i++) code = get_one(&read, keys[i], arena, &values[i], fault);
    lmdb_read_end(&read);
    return code;
}

static enum leat_code lmdb_scan(struct store *store, store_part part, struct leat_slice low, struct leat_slice high,
                                bool reverse, store_row_fn row, void *context, struct leat_fault *fault) {
    struct lmdb_range range = {part, low, high, reverse, row, context};
    struct lmdb_read read;
    TRY(lmdb_read_begin(&lmdb_of(store)->environment, &read, fault));
    int error = lmdb_walk_items(read.cursor, &range);
    lmdb_read_end(&read);
    return lmdb_fault(read.environment, error, "cannot read", fault);
}

static enum leat_code lmdb_log(struct store *store, store_part part, store_sequence after, store_record_fn record,
                               void *context, struct leat_fault *fault) {
    struct lmdb_read read;
    TRY(lmdb_read_begin(&lmdb_of(store)->environment, &read, fault));
    int error = lmdb_walk_log(read.cursor, part, after, record, context);
    lmdb_read_end(&read);
    return lmdb_fault(read.environment, error, "cannot read", fault);
}

static enum leat_code lmdb_heads(struct store *store, const store_part *parts, size_t count, struct store_head *out,
                                 struct leat_fault *fault) {
    struct lmdb_read read;
    TRY(lmdb_read_begin(&lmdb_of(store)->environment, &read, fault));
    int error = 0;
    for (size_t i = 0; error == 0 && i < count; i++) {
        error = lmdb_head_get(read.txn, read.environment->dbi, parts[i], &out[i]);
    }
    lmdb_read_end(&read);
    return lmdb_fault(read.environment, error, "cannot read", fault);
}

/* ---- housekeeping ---- */

struct lmdb_removal {
    store_part part;
    store_sequence upto;
    size_t budget;
    bool more;
};

static int trim_step(void *context, MDB_txn *txn, MDB_cursor *cursor) {
    struct lmdb_removal *removal = context;
    struct store_head head;
    uint8_t bytes[LMDB_LOG_KEY_SIZE];
    int error = lmdb_head_get(txn, mdb_cursor_dbi(cursor), removal->part, &head);
    if (error != 0) return error;
    store_sequence last = removal->upto < head.next ? removal->upto : head.next - 1;
    uint64_t count = last >= head.first ? last - head.first + 1 : 0;
    if (count > removal->budget) count = removal->budget;
    for (uint64_t i = 0; error == 0 && i < count; i++) {
        MDB_val key = lmdb_log_key(removal->part, head.first + i, bytes), value;
        error = mdb_cursor_get(cursor, &key, &value, MDB_SET);
        if (error == 0) error = mdb_cursor_del(cursor, 0);
        if (error == MDB_NOTFOUND) error = 0;
    }
    head.first += count;
    removal->more = head.first <= last;
    return error != 0 ? error : lmdb_head_put(cursor, removal->part, head);
}

/* Whatever begins with the partition's number, one entry after the other from the front. */
static int drop_step(void *context, MDB_txn *txn, MDB_cursor *cursor) {
    (void)txn;
    struct lmdb_removal *removal = context;
    uint8_t prefix[LMDB_PART_SIZE];
    lmdb_number_put(prefix, removal->part);
    removal->more = false;
    for (size_t removed = 0;; removed++) {
        MDB_val key = {sizeof prefix, prefix}, value;
        int error = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
        if (error != 0) return error == MDB_NOTFOUND ? 0 : error;
        if (key.mv_size < sizeof prefix || memcmp(key.mv_data, prefix, sizeof prefix) != 0) return 0;
        removal->more = removed == removal->budget;
        if (removal->more) return 0;
        error = mdb_cursor_del(cursor, 0);
        if (error != 0) return error;
    }
}

static enum leat_code lmdb_remove(struct store *base, lmdb_step step, struct lmdb_removal *removal, struct leat_fault *fault) {
    struct lmdb_store *store = lmdb_of(base);
    MDB_txn *txn;
    TRY(lmdb_take_turn(store, true, &txn, fault));
    enum leat_code code = lmdb_write(&store->environment, txn, true, step, removal, fault);
    pthread_mutex_unlock(&store->writer);
    return code;
}

static enum leat_code lmdb_trim(struct store *store, store_part part, store_sequence upto, size_t budget, bool *more,
                                struct leat_fault *fault) {
    struct store_head head;
    *more = false;
    TRY(lmdb_heads(store, &part, 1, &head, fault));
    if (upto < head.first || head.first == head.next) return LEAT_OK; /* without a sync */
    struct lmdb_removal removal = {.part = part, .upto = upto, .budget = budget};
    TRY(lmdb_remove(store, trim_step, &removal, fault));
    *more = removal.more;
    return LEAT_OK;
}

static enum leat_code lmdb_drop(struct store *store, store_part part, size_t budget, bool *more, struct leat_fault *fault) {
    struct lmdb_removal removal = {.part = part, .budget = budget};
    *more = false;
    TRY(lmdb_remove(store, drop_step, &removal, fault));
    *more = removal.more;
    return LEAT_OK;
}

static uint64_t lmdb_bytes_used(struct store *store) {
    struct stat status;
    if (stat(lmdb_of(store)->environment.path, &status) != 0) return 0;
    return (uint64_t)status.st_blocks * 512;
}

const struct store_engine store_lmdb = {
    .name = "lmdb",
    .capabilities = STORE_MULTI | STORE_SNAPSHOT | STORE_DURABLE,
    .open = lmdb_open,
    .close = lmdb_close,
    .begin = lmdb_begin,
    .getv = lmdb_getv,
    .put = lmdb_put,
    .del = lmdb_del,
    .append = lmdb_append,
    .commit = lmdb_commit,
    .abort = lmdb_abort,
    .get = lmdb_get,
    .scan = lmdb_scan,
    .log = lmdb_log,
    .heads = lmdb_heads,
    .trim = lmdb_trim,
    .drop = lmdb_drop,
    .bytes_used = lmdb_bytes_used,
};
