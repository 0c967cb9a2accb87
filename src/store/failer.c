#include <stdatomic.h>
#include <stdlib.h>

#include "store/wrap.h"

struct failer {
    struct store base;
    struct store_engine engine; /* the inner one's name and capabilities, our calls */
    struct store *inner;
    _Atomic unsigned long calls;
    _Atomic unsigned long fail_at; /* number of the call that fails; 0: none */
    _Atomic int code;
};

struct failer_transaction {
    struct store_transaction base;
    struct store_transaction *inner;
};

static struct failer *failer_of(struct store *store) { return (struct failer *)store; }
static struct store *inner_of(struct store *store) { return failer_of(store)->inner; }
static struct store_transaction *inner_transaction(struct store_transaction *t) {
    return ((struct failer_transaction *)t)->inner;
}

/* Counts the call; not LEAT_OK when it is its turn to fail. */
static enum leat_code failer_turn(struct store *store, const char *operation, struct leat_fault *fault) {
    struct failer *failer = failer_of(store);
    unsigned long number = atomic_fetch_add(&failer->calls, 1) + 1;
    if (number != atomic_load(&failer->fail_at)) return LEAT_OK;
    return fault_set(fault, (enum leat_code)atomic_load(&failer->code), "%s: made to fail", operation);
}

static enum leat_code failer_begin(struct store *store, const store_part *parts, size_t count,
                                   struct store_transaction **out, struct leat_fault *fault) {
    TRY(failer_turn(store, "begin", fault));
    struct failer_transaction *t = malloc(sizeof *t);
    if (t == NULL) return fault_memory(fault);
    enum leat_code code = store_begin(inner_of(store), parts, count, &t->inner, fault);
    if (code != LEAT_OK) {
        free(t);
        return code;
    }
    t->base.store = store;
    *out = &t->base;
    return LEAT_OK;
}

static enum leat_code failer_getv(struct store_transaction *t, const struct store_key *keys, size_t count,
                                  struct leat_slice *values, struct leat_fault *fault) {
    TRY(failer_turn(t->store, "getv", fault));
    return store_getv(inner_transaction(t), keys, count, values, fault);
}

static enum leat_code failer_put(struct store_transaction *t, store_part part, struct leat_slice key,
                                 struct leat_slice value, struct leat_fault *fault) {
    TRY(failer_turn(t->store, "put", fault));
    return store_put(inner_transaction(t), part, key, value, fault);
}

static enum leat_code failer_del(struct store_transaction *t, store_part part, struct leat_slice key,
                                 struct leat_fault *fault) {
    TRY(failer_turn(t->store, "del", fault));
    return store_del(inner_transaction(t), part, key, fault);
}

static enum leat_code failer_append(struct store_transaction *t, store_part part, struct leat_slice record,
                                    store_sequence *sequence, struct leat_fault *fault) {
    TRY(failer_turn(t->store, "append", fault));
    return store_append(inner_transaction(t), part, record, sequence, fault);
}

static void failer_abort(struct store_transaction *t) {
    store_abort(inner_transaction(t));
    free(t);
}

/* A commit ends the transaction whatever it answers. */
static enum leat_code failer_commit(struct store_transaction *t, struct leat_fault *fault) {
    enum leat_code code = failer_turn(t->store, "commit", fault);
    if (code != LEAT_OK) {
        failer_abort(t);
        return code;
    }
    code = store_commit(inner_transaction(t), fault);
    free(t);
    return code;
}

static enum leat_code failer_get(struct store *store, const struct store_key *keys, size_t count, struct arena *arena,
                                 struct leat_slice *values, struct leat_fault *fault) {
    TRY(failer_turn(store, "get", fault));
    return store_get(inner_of(store), keys, count, arena, values, fault);
}

static enum leat_code failer_scan(struct store *store, store_part part, struct leat_slice low, struct leat_slice high,
                                  bool reverse, store_row_fn row, void *context, struct leat_fault *fault) {
    TRY(failer_turn(store, "scan", fault));
    return store_scan(inner_of(store), part, low, high, reverse, row, context, fault);
}

static enum leat_code failer_log(struct store *store, store_part part, store_sequence after, store_record_fn record,
                                 void *context, struct leat_fault *fault) {
    TRY(failer_turn(store, "log", fault));
    return store_log(inner_of(store), part, after, record, context, fault);
}

static enum leat_code failer_heads(struct store *store, const store_part *parts, size_t count, struct store_head *out,
                                   struct leat_fault *fault) {
    TRY(failer_turn(store, "heads", fault));
    return store_heads(inner_of(store), parts, count, out, fault);
}

static enum leat_code failer_trim(struct store *store, store_part part, store_sequence upto, size_t budget, bool *more,
                                  struct leat_fault *fault) {
    TRY(failer_turn(store, "trim", fault));
    return store_trim(inner_of(store), part, upto, budget, more, fault);
}

static enum leat_code failer_drop(struct store *store, store_part part, size_t budget, bool *more,
                                  struct leat_fault *fault) {
    TRY(failer_turn(store, "drop", fault));
    return store_drop(inner_of(store), part, budget, more, fault);
}

static uint64_t failer_bytes_used(struct store *store) { return inner_of(store)->engine->bytes_used(inner_of(store)); }

static void failer_close(struct store *store) {
    store_close(inner_of(store));
    free(store);
}

static const struct store_engine failer_engine = {
    .close = failer_close,
    .begin = failer_begin,
    .getv = failer_getv,
    .put = failer_put,
    .del = failer_del,
    .append = failer_append,
    .commit = failer_commit,
    .abort = failer_abort,
    .get = failer_get,
    .scan = failer_scan,
    .log = failer_log,
    .heads = failer_heads,
    .trim = failer_trim,
    .drop = failer_drop,
    .bytes_used = failer_bytes_used,
};

struct store *store_failer_new(struct store *inner) {
    struct failer *failer = calloc(1, sizeof *failer);
    if (failer == NULL) return NULL;
    failer->engine = failer_engine;
    failer->engine.name = inner->engine->name;
    failer->engine.capabilities = inner->engine->capabilities;
    failer->base.engine = &failer->engine;
    failer->inner = inner;
    return &failer->base;
}

void store_failer_set(struct store *store, unsigned long nth, enum leat_code code) {
    struct failer *failer = failer_of(store);
    atomic_store(&failer->code, (int)code);
    atomic_store(&failer->fail_at, nth == 0 ? 0 : atomic_load(&failer->calls) + nth);
}

unsigned long store_failer_calls(const struct store *store) { return atomic_load(&((const struct failer *)store)->calls); }
