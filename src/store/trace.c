#include <pthread.h>
#include <stdlib.h>

#include "store/wrap.h"

struct tracer {
    struct store base;
    struct store_engine engine; /* the inner one's name and capabilities, our calls */
    struct store *inner;
    pthread_mutex_t lock; /* guards trace */
    struct buf *trace;
};

struct tracer_transaction {
    struct store_transaction base;
    struct store_transaction *inner;
};

static struct tracer *tracer_of(struct store *store) { return (struct tracer *)store; }
static struct store *inner_of(struct store *store) { return tracer_of(store)->inner; }
static struct store_transaction *inner_transaction(struct store_transaction *t) {
    return ((struct tracer_transaction *)t)->inner;
}

/* LEAT_VALIDATION reads better in a trace than AWS's word, which several codes share. */
static const char *code_name(enum leat_code code) {
    static const char *const names[] = {
#define CODE_NAME(name, aws) [LEAT_##name] = #name,
        LEAT_CODES(CODE_NAME)
#undef CODE_NAME
    };
    return (size_t)code < sizeof names / sizeof *names ? names[code] : "?";
}

static void write_key(struct buf *trace, struct leat_slice key) {
    if (key.data == NULL) buf_append(trace, "-", 1);
    for (size_t i = 0; i < key.size; i++) buf_print(trace, "%02x", key.data[i]);
    buf_byte(trace, ' ');
}

static void write_part(struct buf *trace, store_part part) { buf_print(trace, "%llx ", (unsigned long long)part); }

static struct buf *line_begin(struct store *store, const char *operation) {
    struct tracer *tracer = tracer_of(store);
    pthread_mutex_lock(&tracer->lock);
    buf_print(tracer->trace, "%s ", operation);
    return tracer->trace;
}

static enum leat_code line_end(struct store *store, enum leat_code code) {
    struct tracer *tracer = tracer_of(store);
    buf_print(tracer->trace, "-> %s\n", code_name(code));
    pthread_mutex_unlock(&tracer->lock);
    return code;
}

static void write_keys(struct buf *trace, const struct store_key *keys, size_t count) {
    for (size_t i = 0; i < count; i++) {
        write_part(trace, keys[i].part);
        write_key(trace, keys[i].key);
    }
}

static enum leat_code trace_begin(struct store *store, const store_part *parts, size_t count,
                                  struct store_transaction **out, struct leat_fault *fault) {
    struct tracer_transaction *t = malloc(sizeof *t);
    enum leat_code code = t == NULL ? fault_memory(fault) : store_begin(inner_of(store), parts, count, &t->inner, fault);
    struct buf *trace = line_begin(store, "begin");
    for (size_t i = 0; i < count; i++) write_part(trace, parts[i]);
    if (code == LEAT_OK) {
        t->base.store = store;
        *out = &t->base;
    } else {
        free(t);
    }
    return line_end(store, code);
}

static enum leat_code trace_getv(struct store_transaction *t, const struct store_key *keys, size_t count,
                                 struct leat_slice *values, struct leat_fault *fault) {
    enum leat_code code = store_getv(inner_transaction(t), keys, count, values, fault);
    write_keys(line_begin(t->store, "getv"), keys, count);
    return line_end(t->store, code);
}

static enum leat_code trace_put(struct store_transaction *t, store_part part, struct leat_slice key,
                                struct leat_slice value, struct leat_fault *fault) {
    enum leat_code code = store_put(inner_transaction(t), part, key, value, fault);
    struct buf *trace = line_begin(t->store, "put");
    write_part(trace, part);
    write_key(trace, key);
    buf_print(trace, "%zu bytes ", value.size);
    return line_end(t->store, code);
}

static enum leat_code trace_del(struct store_transaction *t, store_part part, struct leat_slice key,
                                struct leat_fault *fault) {
    enum leat_code code = store_del(inner_transaction(t), part, key, fault);
    struct buf *trace = line_begin(t->store, "del");
    write_part(trace, part);
    write_key(trace, key);
    return line_end(t->store, code);
}

static enum leat_code trace_append(struct store_transaction *t, store_part part, struct leat_slice record,
                                   store_sequence *sequence, struct leat_fault *fault) {
    enum leat_code code = store_append(inner_transaction(t), part, record, sequence, fault);
    struct buf *trace = line_begin(t->store, "append");
    write_part(trace, part);
    buf_print(trace, "%zu bytes ", record.size);
    return line_end(t->store, code);
}

static enum leat_code trace_commit(struct store_transaction *t, struct leat_fault *fault) {
    struct store *store = t->store;
    enum leat_code code = store_commit(inner_transaction(t), fault);
    free(t);
    line_begin(store, "commit");
    return line_end(store, code);
}

static void trace_abort(struct store_transaction *t) {
    struct store *store = t->store;
    store_abort(inner_transaction(t));
    free(t);
    line_begin(store, "abort");
    (void)line_end(store, LEAT_OK);
}

static enum leat_code trace_get(struct store *store, const struct store_key *keys, size_t count, struct arena *arena,
                                struct leat_slice *values, struct leat_fault *fault) {
    enum leat_code code = store_get(inner_of(store), keys, count, arena, values, fault);
    write_keys(line_begin(store, "get"), keys, count);
    return line_end(store, code);
}

static enum leat_code trace_scan(struct store *store, store_part part, struct leat_slice low, struct leat_slice high,
                                 bool reverse, store_row_fn row, void *context, struct leat_fault *fault) {
    enum leat_code code = store_scan(inner_of(store), part, low, high, reverse, row, context, fault);
    struct buf *trace = line_begin(store, reverse ? "scan-reverse" : "scan");
    write_part(trace, part);
    write_key(trace, low);
    write_key(trace, high);
    return line_end(store, code);
}

static enum leat_code trace_log(struct store *store, store_part part, store_sequence after, store_record_fn record,
                                void *context, struct leat_fault *fault) {
    enum leat_code code = store_log(inner_of(store), part, after, record, context, fault);
    struct buf *trace = line_begin(store, "log");
    write_part(trace, part);
    buf_print(trace, "after %llu ", (unsigned long long)after);
    return line_end(store, code);
}

static enum leat_code trace_heads(struct store *store, const store_part *parts, size_t count, struct store_head *out,
                                  struct leat_fault *fault) {
    enum leat_code code = store_heads(inner_of(store), parts, count, out, fault);
    struct buf *trace = line_begin(store, "heads");
    for (size_t i = 0; i < count; i++) write_part(trace, parts[i]);
    return line_end(store, code);
}

static enum leat_code trace_trim(struct store *store, store_part part, store_sequence upto, size_t budget, bool *more,
                                 struct leat_fault *fault) {
    enum leat_code code = store_trim(inner_of(store), part, upto, budget, more, fault);
    struct buf *trace = line_begin(store, "trim");
    write_part(trace, part);
    buf_print(trace, "upto %llu budget %zu ", (unsigned long long)upto, budget);
    return line_end(store, code);
}

static enum leat_code trace_drop(struct store *store, store_part part, size_t budget, bool *more,
                                 struct leat_fault *fault) {
    enum leat_code code = store_drop(inner_of(store), part, budget, more, fault);
    struct buf *trace = line_begin(store, "drop");
    write_part(trace, part);
    buf_print(trace, "budget %zu ", budget);
    return line_end(store, code);
}

static uint64_t trace_bytes_used(struct store *store) { return inner_of(store)->engine->bytes_used(inner_of(store)); }

static void trace_close(struct store *store) {
    store_close(inner_of(store));
    pthread_mutex_destroy(&tracer_of(store)->lock);
    free(store);
}

static const struct store_engine trace_calls = {
    .close = trace_close,
    .begin = trace_begin,
    .getv = trace_getv,
    .put = trace_put,
    .del = trace_del,
    .append = trace_append,
    .commit = trace_commit,
    .abort = trace_abort,
    .get = trace_get,
    .scan = trace_scan,
    .log = trace_log,
    .heads = trace_heads,
    .trim = trace_trim,
    .drop = trace_drop,
    .bytes_used = trace_bytes_used,
};

struct store *store_trace_new(struct store *inner, struct buf *trace) {
    struct tracer *tracer = malloc(sizeof *tracer);
    if (tracer == NULL) return NULL;
    tracer->engine = trace_calls;
    tracer->engine.name = inner->engine->name;
    tracer->engine.capabilities = inner->engine->capabilities;
    tracer->base.engine = &tracer->engine;
    tracer->inner = inner;
    tracer->trace = trace;
    pthread_mutex_init(&tracer->lock, NULL);
    return &tracer->base;
}
