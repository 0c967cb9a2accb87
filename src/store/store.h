/* The storage interface: partitions of ordered keys, each with a change log and a head.
 *
 * A partition is one ordered byte-key item space, one append-only log and one head (epoch, next sequence number). It is
 * DynamoDB's partition and a stream's shard at once. Sequence numbers are given by the engine at commit, dense from 1 on,
 * per partition, and are not part of the record.
 *
 * Threads: begin ... commit/abort belong to one thread, which holds the transaction alone; an engine without
 * STORE_SHARED has one writer: a second begin waits. Reads (get, scan, log, heads) may be called by any thread at any time,
 * see everything committed before they began, and hold nothing when they return.
 * Memory: slices given in are borrowed until the call returns. Slices given to callbacks are borrowed until the callback
 * returns. Slices from getv are borrowed until commit or abort. get copies into the arena.
 * Callbacks may read from the store they are called by, but may not begin a transaction on it (LEAT_INTERNAL, or a wait for ever).
 * Errors leave the transaction usable only for abort. Limits are named below. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/fault.h"
#include "leat_types.h"

struct store;
struct store_transaction;

typedef uint64_t store_part;     /* table or index id << 16 | number of the partition */
typedef uint64_t store_sequence; /* 0: none */

enum {
    STORE_KEY_MAX = 8192,                    /* bytes */
    STORE_VALUE_MAX = 16 * 1024 * 1024,      /* bytes, values and records */
    STORE_TRANSACTION_MAX = 256 * 1024 * 1024 /* bytes, all keys, values and records of one transaction */
};

enum store_capability {
    STORE_MULTI = 1,    /* atomic over several partitions */
    STORE_SHARED = 2,   /* several processes may write */
    STORE_SNAPSHOT = 4, /* one get sees one moment over all its keys */
    STORE_DURABLE = 8   /* what is committed survives the process and a power cut */
};

struct store_key { store_part part; struct leat_slice key; };

struct store_head {
    uint64_t epoch;
    store_sequence first; /* the oldest record still there; equals next when the log is empty */
    store_sequence next;  /* the number that the next record gets; 1 for a partition never written */
};

struct store_options {
    const char *directory;   /* for engines that keep files; must exist */
    uint64_t map_bytes_first; /* 0: the engine's default; a test sets it low to see the map grow */
    uint64_t bytes_max;       /* 0: none; a limit on the engine's file: past it LEAT_STORE_FULL */
};

/* Return false to stop early. */
typedef bool (*store_row_fn)(void *context, struct leat_slice key, struct leat_slice value);
typedef bool (*store_record_fn)(void *context, store_sequence sequence, struct leat_slice record);

/* What an engine is. The first member of every engine's own struct store is `const struct store_engine *`. */
struct store_engine {
    const char *name;
    unsigned capabilities;

    enum leat_code (*open)(const struct store_options *options, struct store **out, struct leat_fault *fault);
    void (*close)(struct store *store); /* no call may be under way */

    /* Write path. begin declares every partition that will be read or written. May block for the writer's turn. */
    enum leat_code (*begin)(struct store *store, const store_part *parts, size_t count, struct store_transaction **out,
                            struct leat_fault *fault);
    /* values[i].data == NULL: no such key. Does not see this transaction's own puts: the caller keeps an overlay. */
    enum leat_code (*getv)(struct store_transaction *transaction, const struct store_key *keys, size_t count,
                           struct leat_slice *values, struct leat_fault *fault);
    enum leat_code (*put)(struct store_transaction *transaction, store_part part, struct leat_slice key,
                          struct leat_slice value, struct leat_fault *fault);
    enum leat_code (*del)(struct store_transaction *transaction, store_part part, struct leat_slice key,
                          struct leat_fault *fault); /* a key that is not there: nothing happens */
    enum leat_code (*append)(struct store_transaction *transaction, store_part part, struct leat_slice record,
                             store_sequence *sequence, struct leat_fault *fault); /* sequence may be NULL */
    /* Durable when it returns LEAT_OK (with STORE_DURABLE). Ends the transaction whatever it returns.
     * LEAT_STORE_CONFLICT: nothing happened, rerun. LEAT_STORE_UNKNOWN: it may or may not have happened. LEAT_STORE_FULL,
     * LEAT_IO, ...: nothing happened. */
    enum leat_code (*commit)(struct store_transaction *transaction, struct leat_fault *fault);
    void (*abort)(struct store_transaction *transaction);

    /* Read path. get: one snapshot over all keys where STORE_SNAPSHOT. */
    enum leat_code (*get)(struct store *store, const struct store_key *keys, size_t count, struct arena *arena,
                          struct leat_slice *values, struct leat_fault *fault);
    /* Rows with low <= key < high, ascending, or descending with reverse. high.data == NULL: to the end. */
    enum leat_code (*scan)(struct store *store, store_part part, struct leat_slice low, struct leat_slice high,
                           bool reverse, store_row_fn row, void *context, struct leat_fault *fault);
    /* Records with number > after, ascending. */
    enum leat_code (*log)(struct store *store, store_part part, store_sequence after, store_record_fn record,
                          void *context, struct leat_fault *fault);
    enum leat_code (*heads)(struct store *store, const store_part *parts, size_t count, struct store_head *out,
                            struct leat_fault *fault);

    /* Housekeeping, each in small committed steps; both may be called from the writer's thread only, between transactions.
     * trim removes records with number <= upto, at most `budget` of them; drop removes items, log and head of a partition, at most
     * `budget` entries. *more: call again. */
    enum leat_code (*trim)(struct store *store, store_part part, store_sequence upto, size_t budget, bool *more,
                           struct leat_fault *fault);
    enum leat_code (*drop)(struct store *store, store_part part, size_t budget, bool *more, struct leat_fault *fault);

    uint64_t (*bytes_used)(struct store *store); /* real size of the data, bytes; 0 if unknown */
};

struct store { const struct store_engine *engine; };

/* The engines there are (backends.c, the only place that names them); NULL for an unknown name. */
const struct store_engine *store_engine_find(const char *name);
const struct store_engine *const *store_engines(void); /* NULL-terminated */

/* ---- calls, by the engine behind ---- */

static inline enum leat_code store_begin(struct store *store, const store_part *parts, size_t count,
                                         struct store_transaction **out, struct leat_fault *fault) {
    return store->engine->begin(store, parts, count, out, fault);
}
static inline enum leat_code store_get(struct store *store, const struct store_key *keys, size_t count,
                                       struct arena *arena, struct leat_slice *values, struct leat_fault *fault) {
    return store->engine->get(store, keys, count, arena, values, fault);
}
static inline enum leat_code store_scan(struct store *store, store_part part, struct leat_slice low,
                                        struct leat_slice high, bool reverse, store_row_fn row, void *context,
                                        struct leat_fault *fault) {
    return store->engine->scan(store, part, low, high, reverse, row, context, fault);
}
static inline enum leat_code store_log(struct store *store, store_part part, store_sequence after,
                                       store_record_fn record, void *context, struct leat_fault *fault) {
    return store->engine->log(store, part, after, record, context, fault);
}
static inline enum leat_code store_heads(struct store *store, const store_part *parts, size_t count,
                                         struct store_head *out, struct leat_fault *fault) {
    return store->engine->heads(store, parts, count, out, fault);
}
static inline enum leat_code store_trim(struct store *store, store_part part, store_sequence upto, size_t budget,
                                        bool *more, struct leat_fault *fault) {
    return store->engine->trim(store, part, upto, budget, more, fault);
}
static inline enum leat_code store_drop(struct store *store, store_part part, size_t budget, bool *more,
                                        struct leat_fault *fault) {
    return store->engine->drop(store, part, budget, more, fault);
}
static inline void store_close(struct store *store) {
    if (store != NULL) store->engine->close(store);
}

/* Every transaction begins with its store, so these need no store argument. */
struct store_transaction { struct store *store; };

static inline enum leat_code store_getv(struct store_transaction *t, const struct store_key *keys, size_t count,
                                        struct leat_slice *values, struct leat_fault *fault) {
    return t->store->engine->getv(t, keys, count, values, fault);
}
static inline enum leat_code store_put(struct store_transaction *t, store_part part, struct leat_slice key,
                                       struct leat_slice value, struct leat_fault *fault) {
    return t->store->engine->put(t, part, key, value, fault);
}
static inline enum leat_code store_del(struct store_transaction *t, store_part part, struct leat_slice key,
                                       struct leat_fault *fault) {
    return t->store->engine->del(t, part, key, fault);
}
static inline enum leat_code store_append(struct store_transaction *t, store_part part, struct leat_slice record,
                                          store_sequence *sequence, struct leat_fault *fault) {
    return t->store->engine->append(t, part, record, sequence, fault);
}
static inline enum leat_code store_commit(struct store_transaction *t, struct leat_fault *fault) {
    return t->store->engine->commit(t, fault);
}
static inline void store_abort(struct store_transaction *t) { t->store->engine->abort(t); }

#endif
