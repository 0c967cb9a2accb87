#include "store/memory/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "store/journal.h"
#include "store/memory/list.h"

/* What a partition's log holds: records[start .. start + count), numbered from head.first on. */
struct memory_log {
    struct leat_slice *records; /* each owns its bytes */
    size_t start, count, capacity;
};

struct memory_part {
    store_part part;
    struct store_head head;
    struct memory_list items;
    struct memory_log log;
};

struct memory_transaction {
    struct store_transaction base;
    struct store_journal journal;
};

struct memory_store {
    struct store base;
    pthread_mutex_t writer;  /* held from begin to commit or abort; guards transaction and random */
    pthread_rwlock_t reading; /* what follows changes with both held, and is read with either */
    struct memory_part **parts; /* by number */
    size_t part_count, part_capacity;
    uint64_t bytes_used, bytes_max;
    uint64_t random;
    struct memory_transaction transaction;
};

/* A read under way in this thread: a transaction begun inside would wait for its own thread. */
struct memory_read {
    struct memory_store *store;
    struct memory_read *outer;
};
static _Thread_local struct memory_read *reads_here;

static struct memory_store *memory_of(struct store *store) { return (struct memory_store *)store; }

static struct store_journal *memory_journal(struct store_transaction *t) { return &((struct memory_transaction *)t)->journal; }

static enum leat_code memory_open(const struct store_options *options, struct store **out, struct leat_fault *fault) {
    struct memory_store *store = calloc(1, sizeof *store);
    if (store == NULL) return fault_memory(fault);
    store->base.engine = &store_memory;
    store->bytes_max = options->bytes_max;
    store->random = 0x9e3779b97f4a7c15u;
    store->transaction.base.store = &store->base;
    store_journal_init(&store->transaction.journal);
    pthread_mutex_init(&store->writer, NULL);
    pthread_rwlock_init(&store->reading, NULL); /* prefers readers: a read inside a callback of a read does not wait */
    *out = &store->base;
    return LEAT_OK;
}

static void part_free(struct memory_part *part) {
    for (struct memory_node *node = part->items.first[0], *next; node != NULL; node = next) {
        next = node->next[0];
        memory_node_free(node);
    }
    for (size_t i = 0; i < part->log.count; i++) free((void *)(uintptr_t)part->log.records[part->log.start + i].data);
    free(part->log.records);
    free(part);
}

static void memory_close(struct store *base) {
    struct memory_store *store = memory_of(base);
    for (size_t i = 0; i < store->part_count; i++) part_free(store->parts[i]);
    free(store->parts);
    store_journal_fini(&store->transaction.journal);
    pthread_rwlock_destroy(&store->reading);
    pthread_mutex_destroy(&store->writer);
    free(store);
}

/* ---- partitions ---- */

static size_t part_place(const struct memory_store *store, store_part part) {
    size_t low = 0, high = store->part_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (store->parts[middle]->part < part) low = middle + 1;
        else high = middle;
    }
    return low;
}

static struct memory_part *part_find(const struct memory_store *store, store_part part) {
    size_t place = part_place(store, part);
    return place < store->part_count && store->parts[place]->part == part ? store->parts[place] : NULL;
}

static struct memory_part *part_make(struct memory_store *store, store_part number) {
    struct memory_part *part = part_find(store, number);
    if (part != NULL) return part;
    if (store->part_count == store->part_capacity) {
        size_t capacity = store->part_capacity == 0 ? 16 : store->part_capacity * 2;
        struct memory_part **parts = realloc(store->parts, capacity * sizeof(struct memory_part *));
        if (parts == NULL) return NULL;
        store->parts = parts;
        store->part_capacity = capacity;
    }
    part = calloc(1, sizeof *part);
    if (part == NULL) return NULL;
    part->part = number;
    part->head = (struct store_head){.epoch = 0, .first = 1, .next = 1};
    struct memory_part **at = store->parts + part_place(store, number);
    memmove(at + 1, at, (store->part_count - (size_t)(at - store->parts)) * sizeof(struct memory_part *));
    *at = part;
    store->part_count++;
    return part;
}

static struct store_head part_head(const struct memory_store *store, store_part number) {
    const struct memory_part *part = part_find(store, number);
    return part != NULL ? part->head : (struct store_head){.epoch = 0, .first = 1, .next = 1};
}

static struct leat_slice part_get(const struct memory_store *store, struct store_key key) {
    struct memory_part *part = part_find(store, key.part);
    const struct memory_node *node = part != NULL ? memory_list_find(&part->items, key.key) : NULL;
    return node != NULL ? node->value : (struct leat_slice){NULL, 0};
}

/* Room for one more record behind the last. */
static bool log_room(struct memory_log *log, size_t more) {
    if (log->capacity - log->start - log->count >= more) return true;
    size_t capacity = 2 * log->count + more + 16;
    struct leat_slice *records = malloc(capacity * sizeof *records);
    if (records == NULL) return false;
    if (log->count > 0) memcpy(records, log->records + log->start, log->count * sizeof *records);
    free(log->records);
    *log = (struct memory_log){.records = records, .count = log->count, .capacity = capacity};
    return true;
}

/* ---- write path ---- */

static enum leat_code memory_take_turn(struct memory_store *store, struct leat_fault *fault) {
    for (const struct memory_read *read = reads_here; read != NULL; read = read->outer) {
        if (read->store == store) {
            return fault_set(fault, LEAT_INTERNAL, "a storage transaction begun inside a callback of a read");
        }
    }
    pthread_mutex_lock(&store->writer);
    return LEAT_OK;
}

static enum leat_code memory_begin(struct store *base, const store_part *parts, size_t count,
                                   struct store_transaction **out, struct leat_fault *fault) {
    (void)parts; /* the one writer has them all */
    (void)count;
    TRY(memory_take_turn(memory_of(base), fault));
    *out = &memory_of(base)->transaction.base;
    return LEAT_OK;
}

static void memory_abort(struct store_transaction *t) {
    store_journal_clear(memory_journal(t));
    pthread_mutex_unlock(&memory_of(t->store)->writer);
}

static enum leat_code memory_getv(struct store_transaction *t, const struct store_key *keys, size_t count,
                                  struct leat_slice *values, struct leat_fault *fault) {
    (void)fault;
    for (size_t i = 0; i < count; i++) values[i] = part_get(memory_of(t->store), keys[i]);
    return LEAT_OK;
}

static enum leat_code memory_put(struct store_transaction *t, store_part part, struct leat_slice key,
                                 struct leat_slice value, struct leat_fault *fault) {
    return store_journal_put(memory_journal(t), part, key, value, fault);
}

static enum leat_code memory_del(struct store_transaction *t, store_part part, struct leat_slice key,
                                 struct leat_fault *fault) {
    return store_journal_del(memory_journal(t), part, key, fault);
}

static enum leat_code memory_append(struct store_transaction *t, store_part part, struct leat_slice record,
                                    store_sequence *sequence, struct leat_fault *fault) {
    struct store_journal *journal = memory_journal(t);
    if (store_journal_head(journal, part) == NULL) {
        TRY(store_journal_head_add(journal, part, part_head(memory_of(t->store), part), fault));
    }
    return store_journal_append(journal, part, record, sequence, fault);
}

/* What a journal's entry becomes, made before anything is changed, so that the change itself cannot fail. */
struct memory_made {
    struct memory_part *part;
    struct memory_node *old;  /* of an item that is there already */
    struct memory_node *node; /* of one that is not */
    uint8_t *bytes;           /* its value, or a record; NULL: it is removed */
};

static uint64_t memory_random(struct memory_store *store) {
    store->random ^= store->random << 13;
    store->random ^= store->random >> 7;
    store->random ^= store->random << 17;
    return store->random >> 16;
}

static enum leat_code make_one(struct memory_store *store, const struct store_journal_entry *entry,
                               struct memory_made *made, struct leat_fault *fault) {
    made->part = part_make(store, entry->part);
    if (made->part == NULL) return fault_memory(fault);
    if (entry->sequence == 0) made->old = memory_list_find(&made->part->items, entry->key);
    if (entry->value.data == NULL) return LEAT_OK;
    made->bytes = malloc(entry->value.size + 1);
    if (made->bytes == NULL) return fault_memory(fault);
    if (entry->value.size > 0) memcpy(made->bytes, entry->value.data, entry->value.size);
    if (entry->sequence != 0 || made->old != NULL) return LEAT_OK;
    made->node = memory_node_new(entry->key, memory_random(store));
    return made->node != NULL ? LEAT_OK : fault_memory(fault);
}

static enum leat_code make_room(struct memory_store *store, const struct store_journal *journal, struct leat_fault *fault) {
    for (size_t i = 0; i < journal->head_count; i++) {
        struct memory_part *part = part_make(store, journal->heads[i].part);
        if (part == NULL) return fault_memory(fault);
        if (!log_room(&part->log, (size_t)(journal->heads[i].head.next - part->head.next))) return fault_memory(fault);
    }
    return LEAT_OK;
}

static void made_free(struct memory_made *made, size_t count) {
    for (size_t i = 0; i < count; i++) {
        memory_node_free(made[i].node);
        free(made[i].bytes);
    }
    free(made);
}

/* bytes_used after the journal. */
static uint64_t made_bytes(const struct memory_store *store, const struct store_journal *journal,
                           const struct memory_made *made) {
    uint64_t bytes = store->bytes_used;
    for (size_t i = 0; i < journal->count; i++) {
        const struct store_journal_entry *entry = &journal->entries[i];
        const struct memory_node *old = made[i].old;
        bytes += entry->value.size;
        if (made[i].node != NULL) bytes += memory_node_size(made[i].node);
        if (old != NULL) bytes -= made[i].bytes != NULL ? old->value.size : memory_node_size(old);
    }
    return bytes;
}

static void part_apply(const struct store_journal_entry *entry, struct memory_made *made) {
    struct memory_part *part = made->part;
    struct leat_slice value = slice_of(made->bytes, entry->value.size);
    if (entry->sequence != 0) {
        part->log.records[part->log.start + part->log.count++] = value;
        part->head.next = entry->sequence + 1;
    } else if (made->bytes == NULL) {
        if (made->old != NULL) memory_list_remove(&part->items, made->old);
        memory_node_free(made->old);
    } else if (made->old != NULL) {
        memory_node_set(made->old, value);
    } else {
        memory_node_set(made->node, value);
        memory_list_insert(&part->items, made->node);
    }
}

static enum leat_code memory_apply(struct memory_store *store, const struct store_journal *journal,
                                   struct leat_fault *fault) {
    struct memory_made *made = calloc(journal->count, sizeof *made);
    if (made == NULL) return fault_memory(fault);
    enum leat_code code = make_room(store, journal, fault);
    for (size_t i = 0; code == LEAT_OK && i < journal->count; i++) {
        code = make_one(store, &journal->entries[i], &made[i], fault);
    }
    uint64_t bytes = code == LEAT_OK ? made_bytes(store, journal, made) : 0;
    if (code == LEAT_OK && store->bytes_max != 0 && bytes > store->bytes_max && !journal->only_removes) {
        code = fault_set(fault, LEAT_STORE_FULL, "the store in memory: its limit of %llu bytes is reached",
                         (unsigned long long)store->bytes_max);
    }
    if (code != LEAT_OK) {
        made_free(made, journal->count);
        return code;
    }
    for (size_t i = 0; i < journal->count; i++) part_apply(&journal->entries[i], &made[i]);
    store->bytes_used = bytes;
    free(made);
    return LEAT_OK;
}

static enum leat_code memory_commit(struct store_transaction *t, struct leat_fault *fault) {
    struct memory_store *store = memory_of(t->store);
    struct store_journal *journal = memory_journal(t);
    enum leat_code code = LEAT_OK;
    if (journal->count > 0) {
        store_journal_sort(journal);
        pthread_rwlock_wrlock(&store->reading);
        code = memory_apply(store, journal, fault);
        pthread_rwlock_unlock(&store->reading);
    }
    memory_abort(t); /* gives the journal and the turn back */
    return code;
}

/* ---- read path ---- */

static void read_begin(struct memory_read *read, struct store *store) {
    *read = (struct memory_read){memory_of(store), reads_here};
    pthread_rwlock_rdlock(&read->store->reading);
    reads_here = read;
}

static void read_end(struct memory_read *read) {
    reads_here = read->outer;
    pthread_rwlock_unlock(&read->store->reading);
}

static enum leat_code memory_get(struct store *store, const struct store_key *keys, size_t count, struct arena *arena,
                                 struct leat_slice *values, struct leat_fault *fault) {
    struct memory_read read;
    enum leat_code code = LEAT_OK;
    read_begin(&read, store);
    for (size_t i = 0; code == LEAT_OK && i < count; i++) {
        struct leat_slice found = part_get(read.store, keys[i]);
        values[i] = arena_copy(arena, found);
        if (found.data != NULL && values[i].data == NULL) code = fault_memory(fault);
    }
    read_end(&read);
    return code;
}

static void walk_forward(struct memory_list *items, struct leat_slice low, struct leat_slice high, store_row_fn row,
                         void *context) {
    struct memory_node *node = memory_list_seek(items, low);
    for (; node != NULL && (high.data == NULL || slice_compare(node->key, high) < 0); node = node->next[0]) {
        if (!row(context, node->key, node->value)) return;
    }
}

static void walk_backward(struct memory_list *items, struct leat_slice low, struct leat_slice high, store_row_fn row,
                          void *context) {
    struct memory_node *behind = high.data != NULL ? memory_list_seek(items, high) : NULL;
    struct memory_node *node = behind != NULL ? behind->before : items->last;
    for (; node != NULL && slice_compare(node->key, low) >= 0; node = node->before) {
        if (!row(context, node->key, node->value)) return;
    }
}

static enum leat_code memory_scan(struct store *store, store_part number, struct leat_slice low, struct leat_slice high,
                                  bool reverse, store_row_fn row, void *context, struct leat_fault *fault) {
    (void)fault;
    struct memory_read read;
    read_begin(&read, store);
    struct memory_part *part = part_find(read.store, number);
    if (part != NULL && reverse) walk_backward(&part->items, low, high, row, context);
    if (part != NULL && !reverse) walk_forward(&part->items, low, high, row, context);
    read_end(&read);
    return LEAT_OK;
}

static enum leat_code memory_log(struct store *store, store_part number, store_sequence after, store_record_fn record,
                                 void *context, struct leat_fault *fault) {
    (void)fault;
    struct memory_read read;
    read_begin(&read, store);
    const struct memory_part *part = part_find(read.store, number);
    if (part != NULL && after < part->head.next) {
        size_t skip = after >= part->head.first ? (size_t)(after - part->head.first + 1) : 0;
        for (size_t i = skip; i < part->log.count; i++) {
            if (!record(context, part->head.first + i, part->log.records[part->log.start + i])) break;
        }
    }
    read_end(&read);
    return LEAT_OK;
}

static enum leat_code memory_heads(struct store *store, const store_part *parts, size_t count, struct store_head *out,
                                   struct leat_fault *fault) {
    (void)fault;
    struct memory_read read;
    read_begin(&read, store);
    for (size_t i = 0; i < count; i++) out[i] = part_head(read.store, parts[i]);
    read_end(&read);
    return LEAT_OK;
}

/* ---- housekeeping ---- */

/* Records up to `last`, at most budget; answers how many. */
static size_t log_trim(struct memory_store *store, struct memory_part *part, store_sequence last, size_t budget) {
    size_t removed = 0;
    struct memory_log *log = &part->log;
    for (; removed < budget && log->count > 0 && part->head.first <= last; removed++) {
        struct leat_slice record = log->records[log->start++];
        store->bytes_used -= record.size;
        free((void *)(uintptr_t)record.data);
        log->count--;
        part->head.first++;
    }
    return removed;
}

static enum leat_code memory_trim(struct store *base, store_part number, store_sequence upto, size_t budget, bool *more,
                                  struct leat_fault *fault) {
    struct memory_store *store = memory_of(base);
    TRY(memory_take_turn(store, fault));
    pthread_rwlock_wrlock(&store->reading);
    struct memory_part *part = part_find(store, number);
    if (part != NULL) log_trim(store, part, upto, budget);
    *more = part != NULL && part->log.count > 0 && part->head.first <= upto;
    pthread_rwlock_unlock(&store->reading);
    pthread_mutex_unlock(&store->writer);
    return LEAT_OK;
}

static void part_drop(struct memory_store *store, struct memory_part *part) {
    struct memory_part **at = store->parts + part_place(store, part->part);
    store->part_count--;
    memmove(at, at + 1, (store->part_count - (size_t)(at - store->parts)) * sizeof(struct memory_part *));
    part_free(part);
}

static enum leat_code memory_drop(struct store *base, store_part number, size_t budget, bool *more,
                                  struct leat_fault *fault) {
    struct memory_store *store = memory_of(base);
    TRY(memory_take_turn(store, fault));
    pthread_rwlock_wrlock(&store->reading);
    struct memory_part *part = part_find(store, number);
    for (; part != NULL && budget > 0 && part->items.first[0] != NULL; budget--) {
        struct memory_node *node = part->items.first[0];
        memory_list_remove(&part->items, node);
        store->bytes_used -= memory_node_size(node);
        memory_node_free(node);
    }
    if (part != NULL) budget -= log_trim(store, part, UINT64_MAX, budget);
    *more = part != NULL && budget == 0;
    if (part != NULL && budget > 0) part_drop(store, part);
    pthread_rwlock_unlock(&store->reading);
    pthread_mutex_unlock(&store->writer);
    return LEAT_OK;
}

static uint64_t memory_bytes_used(struct store *base) {
    struct memory_read read;
    read_begin(&read, base);
    uint64_t bytes = read.store->bytes_used;
    read_end(&read);
    return bytes;
}

const struct store_engine store_memory = {
    .name = "memory",
    .capabilities = STORE_MULTI | STORE_SNAPSHOT,
    .open = memory_open,
    .close = memory_close,
    .begin = memory_begin,
    .getv = memory_getv,
    .put = memory_put,
    .del = memory_del,
    .append = memory_append,
    .commit = memory_commit,
    .abort = memory_abort,
    .get = memory_get,
    .scan = memory_scan,
    .log = memory_log,
    .heads = memory_heads,
    .trim = memory_trim,
    .drop = memory_drop,
    .bytes_used = memory_bytes_used,
};
