/* Writes, from request to prepared operation. Everything that can be said without looking at the data is said here, on the
 * caller's thread: expressions are parsed, keys checked, store keys made. The group (group.h) does the rest. */
#ifndef TABLE_WRITE_H
#define TABLE_WRITE_H

#include "expr/expr.h"
#include "leat_types.h"
#include "table/catalogue.h"
#include "table/executor.h"
#include "table/index.h"
#include "table/memory.h"

struct engine;
struct overlay_entry;

struct write_operation {
    enum leat_write_kind kind;
    struct table *table;            /* a reference */
    store_part part;
    struct leat_slice store_key;    /* where the item lies */
    struct leat_slice key_item;     /* the key attributes as an item */
    struct leat_slice item;         /* LEAT_PUT */
    size_t item_size;               /* by AWS's rules */
    const struct expr_update *update;
    const struct expr_condition *condition;
    enum leat_return returns;
    bool return_old_on_failure;
    bool generated;                 /* update is the translation of an older form: other words for some faults */
    bool batch;                     /* of BatchWriteItem: likewise */
    bool misfit;                    /* the fault that was found is that keys do not fit the table or its indexes */
    bool insert;                    /* of PartiQL: there must be no item yet */
    bool expire;                    /* a deletion by time to live: only if the item is still due */
    size_t table_slot;              /* which entry of result.capacity */
    struct leat_slice collection_key; /* the row of the item's collection; absent: the table has no local indexes */
    /* the group's: */
    struct overlay_entry *entry, *counters, *collection;
    struct leat_slice before, after; /* absent: no item */
    size_t before_size, after_size;
    struct index_changes changes;
    int64_t growth; /* of the collection */
};

typedef void (*write_done_fn)(void *context, enum leat_code code, struct leat_result *result, const struct leat_fault *fault);

struct write_job {
    struct executor_job job;
    struct leat_memory *memory; /* owns the job itself and the result */
    enum leat_mode mode;
    struct write_operation *operations;
    size_t count;
    struct leat_slice token;    /* store key of the client token; absent: none */
    uint64_t token_hash;        /* of the request's content */
    struct overlay_entry *token_entry;
    struct leat_result result;
    enum leat_code code;
    write_done_fn done;
    void *context;
    struct leat_fault fault; /* the last: not cleared but for its beginning */
};

enum { WRITE_OPERATIONS_MAX = 100 };

/* An empty job with room for `count` operations, all cleared. bytes: about what their items and keys take. */
enum leat_code write_job_new(size_t count, size_t bytes, enum leat_mode mode, struct write_job **out,
                             struct leat_fault *fault) LEAT_MUST_USE;
/* Makes a job with a memory of its own, or answers the fault. After LEAT_TRANSACTION_CANCELED there is a job, too: it has the reasons
 * and wants to be answered. */
enum leat_code write_prepare(struct engine *engine, const struct leat_write *writes, size_t count, enum leat_mode mode,
                             struct leat_slice token, struct write_job **out, struct leat_fault *fault) LEAT_MUST_USE;
/* Parts of it, for jobs whose requests have another form. write_take_item: of puts, first. write_bind: the operation has its table,
 * update and condition; `write` says the rest, item and key live as long as the job. write_job_finish: when all are bound. */
enum leat_code write_take_item(struct write_operation *operation, struct leat_slice item, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code write_bind(struct write_operation *operation, const struct leat_write *write, struct arena *arena,
                          struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code write_job_finish(struct write_job *job, struct leat_slice token, uint64_t hash, struct leat_fault *fault) LEAT_MUST_USE;

/* Releases the tables, hands result and memory over to job->done: the job is gone. */
void write_job_answer(struct write_job *job);
void write_job_free(struct write_job *job); /* one that was not submitted, or has been answered (its memory goes with the result) */

/* Where the item with this key lies: part, store key, key item, collection. The operation has its table. */
enum leat_code write_place(struct write_operation *operation, const struct schema_key *key, struct arena *arena,
                           struct leat_fault *fault) LEAT_MUST_USE;
/* The key attributes as an item of its own. */
enum leat_code write_key_item(const struct table *table, const struct schema_key *key, struct arena *arena,
                              struct leat_slice *out, struct leat_fault *fault) LEAT_MUST_USE;
/* The shape shared by all requests that name keys: checks `key`, makes store key and partition. */
enum leat_code write_locate(const struct table *table, const struct schema_key *key, struct arena *arena, store_part *part,
                            struct leat_slice *store_key, struct leat_fault *fault) LEAT_MUST_USE;

#endif
