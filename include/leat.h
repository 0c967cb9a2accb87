/* leat.h: tables with a durable change log, in one process. The public library of leat.
 *
 * A database is a directory. In it are tables in DynamoDB's sense: items with a partition key and perhaps a sort key,
 * conditions, updates, queries and transactions in DynamoDB's expression language, and a stream of changes per table.
 *
 * Threads: every call may be made from any thread at the same time, except leat_close, which must be the last.
 * Durability: a write that answered LEAT_OK survives the process and a power cut (backend "lmdb").
 * Memory: requests borrow what they point to until the call returns (leat_write_start: until `done` was called).
 * Results, descriptions and stream lists own what they point to until leat_..._free, which is called after failed calls
 * too. Strings given as leat_slice are UTF-8 without a final zero.
 * Errors: LEAT_OK or a code; the words go into *fault, which may be NULL. Codes carry the names of AWS's exceptions.
 *
 * Items are passed as bytes in leat's compact encoding: make them with leat_item_from_json (DynamoDB JSON), print them
 * with leat_item_to_json, take single attributes out with leat_item_text / leat_item_number. docs/FORMAT.md describes
 * the encoding. */
#ifndef LEAT_H
#define LEAT_H

#include <stdbool.h>

#include "leat_types.h"

#if defined(__GNUC__)
#define LEAT_PUBLIC __attribute__((visibility("default")))
#else
#define LEAT_PUBLIC
#endif

#ifdef __cplusplus
extern "C" {
#endif

struct leat; /* an open database */

/* ------------------------------------------------------------------ open and close */

struct leat_options {
    const char *directory;        /* made when missing; may be NULL for backend "memory" */
    const char *backend;          /* NULL: "lmdb"; "memory": gone when closed */
    const char *region, *account; /* for ARNs; NULL: "us-east-1", "000000000000" */
    uint64_t stream_retention_ms; /* 0: 24 hours */
    uint64_t shard_rotation_ms;   /* 0: 4 hours */
    uint64_t settle_ms;           /* how long tables and indexes are CREATING, UPDATING and DELETING at least; 0: not at all */
    uint64_t map_bytes_first;     /* 0: default; see store options */
    uint64_t bytes_max;           /* 0: none; size limit of the database file, past it writes answer LEAT_STORE_FULL */
    uint64_t collection_bytes_max; /* 0: 10 GB; size limit of an item collection of a table with local indexes */
    bool throttle; /* hold tables and indexes with LEAT_PROVISIONED to their units; off: they may do what the machine can */
    /* The clock, in milliseconds since 1970. What happens to data goes by it: streams, time to live, recovery, tokens, iterators. */
    uint64_t virtual_ms;          /* not 0: it stands at this time until leat_clock_set moves it */
    uint64_t (*now_ms)(void *);   /* else: your own; NULL: the system's */
    void *now_context;
};

LEAT_PUBLIC enum leat_code leat_open(const struct leat_options *options, struct leat **out,
                                     struct leat_fault *fault) LEAT_MUST_USE;
LEAT_PUBLIC void leat_close(struct leat *db);                /* waits for running writes; NULL is allowed */
LEAT_PUBLIC const char *leat_version(void);                  /* "0.1.0" */
LEAT_PUBLIC const char *leat_code_name(enum leat_code code); /* AWS's error type, "ValidationException" */

/* ------------------------------------------------------------------ results */

LEAT_PUBLIC void leat_result_free(struct leat_result *result); /* leaves it zeroed */

/* ------------------------------------------------------------------ items */

/* `json`: {"id":{"S":"1"}, ...}. The item is in result->items[0]. */
LEAT_PUBLIC enum leat_code leat_item_from_json(struct leat_slice json, struct leat_result *result,
                                               struct leat_fault *fault) LEAT_MUST_USE;
/* DynamoDB JSON, zero-terminated, to be freed with free(); NULL when there is no memory. */
LEAT_PUBLIC char *leat_item_to_json(struct leat_slice item);
LEAT_PUBLIC bool leat_item_text(struct leat_slice item, const char *name,
                                struct leat_slice *out);                                  /* an S attribute; borrowed */
LEAT_PUBLIC bool leat_item_number(struct leat_slice item, const char *name, double *out); /* an N attribute */

/* ------------------------------------------------------------------ tables */

LEAT_PUBLIC void leat_description_free(struct leat_description *description);

LEAT_PUBLIC enum leat_code leat_table_create(struct leat *db, const struct leat_table *table,
                                             struct leat_description *out, struct leat_fault *fault) LEAT_MUST_USE;
/* name: a table's name or its ARN, here and everywhere. */
LEAT_PUBLIC enum leat_code leat_table_describe(struct leat *db, struct leat_slice name, struct leat_description *out,
                                               struct leat_fault *fault) LEAT_MUST_USE;
/* Answers the description as it was last, status LEAT_DELETING. */
LEAT_PUBLIC enum leat_code leat_table_delete(struct leat *db, struct leat_slice name, struct leat_description *out,
                                             struct leat_fault *fault) LEAT_MUST_USE;

LEAT_PUBLIC enum leat_code leat_table_update(struct leat *db, const struct leat_table_change *change,
                                             struct leat_description *out, struct leat_fault *fault) LEAT_MUST_USE;
/* Begins to make a new table that is another one as it was at a moment. Answers its description, LEAT_CREATING; it goes on in the
 * background, also after a restart, while the source is read, written, even deleted; leat_table_describe shows how far it is,
 * LEAT_ACTIVE at the end.
 * LEAT_POINT_IN_TIME_RECOVERY_UNAVAILABLE, LEAT_INVALID_RESTORE_TIME. */
LEAT_PUBLIC enum leat_code leat_table_copy(struct leat *db, const struct leat_copy *copy, struct leat_description *out,
                                           struct leat_fault *fault) LEAT_MUST_USE;
/* The next changes, about a megabyte of them, into result->records: event, keys, old_image, created_ms. New images are not kept:
 * what an item became is the old image of its next change. LEAT_POINT_IN_TIME_RECOVERY_UNAVAILABLE, LEAT_INVALID_RESTORE_TIME. */
LEAT_PUBLIC enum leat_code leat_history_read(struct leat *db, struct leat_history_read *read, struct leat_result *result,
                                             struct leat_fault *fault) LEAT_MUST_USE;
/* Names in ascending order after `start` (absent: from the first), at most `limit`, into result->items as plain text;
 * last_key is the last name when there are more. prefix: only names that begin with it; absent: all but reserved ones. */
LEAT_PUBLIC enum leat_code leat_table_list(struct leat *db, struct leat_slice prefix, struct leat_slice start, size_t limit,
                                           struct leat_result *result, struct leat_fault *fault) LEAT_MUST_USE;

/* ------------------------------------------------------------------ writing */

/* One write, durable when it returns. LEAT_CONDITIONAL_CHECK_FAILED when its condition does not hold. */
LEAT_PUBLIC enum leat_code leat_write(struct leat *db, const struct leat_write *write, struct leat_result *result,
                                      struct leat_fault *fault) LEAT_MUST_USE;
/* All or none, at most 100, over any tables, each item once. token (absent: none): the same token within ten minutes
 * does it once. LEAT_TRANSACTION_CANCELED with result->reasons. */
LEAT_PUBLIC enum leat_code leat_transact(struct leat *db, const struct leat_write *writes, size_t count,
                                         struct leat_slice token, struct leat_result *result,
                                         struct leat_fault *fault) LEAT_MUST_USE;

/* The same without waiting. Faults that need no look at the data (bad expressions, wrong keys) are answered at once and
 * `done` is not called. After LEAT_OK `done` is called exactly once, on leat's writing thread: it must not block, call
 * leat or throw work away; hand over and return. result is then the callee's to free. */
typedef void (*leat_done_fn)(void *context, enum leat_code code, struct leat_result *result,
                             const struct leat_fault *fault);
LEAT_PUBLIC enum leat_code leat_write_start(struct leat *db, const struct leat_write *writes, size_t count,
                                            enum leat_mode mode, struct leat_slice token, leat_done_fn done,
                                            void *context, struct leat_fault *fault) LEAT_MUST_USE;

/* Shorthands: whole item in, no conditions. */
LEAT_PUBLIC enum leat_code leat_put(struct leat *db, const char *table, struct leat_slice item,
                                    struct leat_fault *fault) LEAT_MUST_USE;
LEAT_PUBLIC enum leat_code leat_delete(struct leat *db, const char *table, struct leat_slice key,
                                       struct leat_fault *fault) LEAT_MUST_USE;

/* ------------------------------------------------------------------ reading */

LEAT_PUBLIC enum leat_code leat_get(struct leat *db, const struct leat_get *get, struct leat_result *result,
                                    struct leat_fault *fault) LEAT_MUST_USE;
/* All from one snapshot. LEAT_EACH: as BatchGetItem does, at most 16 MB; what is left out is in result->unprocessed. LEAT_ATOMIC:
 * as TransactGetItems, all or LEAT_TRANSACTION_CANCELED with result->reasons. */
LEAT_PUBLIC enum leat_code leat_get_many(struct leat *db, const struct leat_get *gets, size_t count, enum leat_mode mode,
                                         struct leat_result *result, struct leat_fault *fault) LEAT_MUST_USE;

LEAT_PUBLIC enum leat_code leat_query(struct leat *db, const struct leat_query *query, struct leat_result *result,
                                      struct leat_fault *fault) LEAT_MUST_USE;

/* ------------------------------------------------------------------ PartiQL */

/* One statement. SELECT: like leat_query, with result->next_token; a write with RETURNING: result->attributes has what it
 * asked for. LEAT_DUPLICATE_ITEM for INSERT of what is there. */
LEAT_PUBLIC enum leat_code leat_statement(struct leat *db, const struct leat_statement *statement,
                                          struct leat_result *result, struct leat_fault *fault) LEAT_MUST_USE;
/* A transaction: all read (result->items has one entry per statement, absent where there is none), or all write. */
LEAT_PUBLIC enum leat_code leat_statements(struct leat *db, const struct leat_statement *statements, size_t count,
                                           struct leat_slice token, struct leat_result *result,
                                           struct leat_fault *fault) LEAT_MUST_USE;
/* The same without waiting, LEAT_EACH with one statement or LEAT_ATOMIC: as leat_write_start. Reads are done when it
 * returns: `done` has been called then, on the caller's thread. */
LEAT_PUBLIC enum leat_code leat_statement_start(struct leat *db, const struct leat_statement *statements, size_t count,
                                                enum leat_mode mode, struct leat_slice token, leat_done_fn done,
                                                void *context, struct leat_fault *fault) LEAT_MUST_USE;

/* ------------------------------------------------------------------ streams */

LEAT_PUBLIC void leat_stream_list_free(struct leat_stream_list *list);

/* All streams (of one table, or of all when absent), ordered by ARN, with their shards. */
LEAT_PUBLIC enum leat_code leat_streams(struct leat *db, struct leat_slice table, struct leat_stream_list *out,
                                        struct leat_fault *fault) LEAT_MUST_USE;
/* One, by ARN: LEAT_RESOURCE_NOT_FOUND. */
LEAT_PUBLIC enum leat_code leat_stream_describe(struct leat *db, struct leat_slice arn, struct leat_stream_list *out,
                                                struct leat_fault *fault) LEAT_MUST_USE;

/* Reads records of one shard by place, without an iterator. `sequence` for LEAT_AT_SEQUENCE and LEAT_AFTER_SEQUENCE
 * (decimal), timestamp_ms for LEAT_AT_TIMESTAMP. At most `limit` records and about bytes_max bytes, at least one if
 * there is one. `next`: pass it as LEAT_AFTER_SEQUENCE to go on, also when there were no records. *end: the shard is
 * closed and read to its end. LEAT_TRIMMED_DATA_ACCESS when the place has been trimmed, LEAT_RESOURCE_NOT_FOUND for an
 * unknown stream or shard. */
LEAT_PUBLIC enum leat_code leat_shard_read(struct leat *db, const struct leat_shard_read *read,
                                           struct leat_result *result, char next[LEAT_SEQUENCE_SIZE], bool *end,
                                           struct leat_fault *fault) LEAT_MUST_USE;

/* Shard iterators as DynamoDB Streams has them: text, good for 15 minutes. */
LEAT_PUBLIC enum leat_code leat_iterator_new(struct leat *db, const struct leat_shard_read *from,
                                             char out[LEAT_ITERATOR_SIZE], struct leat_fault *fault) LEAT_MUST_USE;
/* next[0] == 0: the shard is closed and read to its end. */
LEAT_PUBLIC enum leat_code leat_iterator_read(struct leat *db, struct leat_slice iterator, size_t limit,
                                              struct leat_result *result, char next[LEAT_ITERATOR_SIZE],
                                              struct leat_fault *fault) LEAT_MUST_USE;

LEAT_PUBLIC int leat_sequence_compare(struct leat_slice a,
                                      struct leat_slice b); /* decimal, any length: negative, zero, positive */

/* Calls `committed` after every group of writes that put records into streams, on leat's writing thread, once per table
 * whose stream grew or whose shards changed. It must not block or call leat. */
struct leat_hook;
typedef void (*leat_commit_fn)(void *context, struct leat_slice table);
LEAT_PUBLIC struct leat_hook *leat_hook_add(struct leat *db, leat_commit_fn committed,
                                            void *context); /* NULL: no memory */
LEAT_PUBLIC void
leat_hook_remove(struct leat *db,
                 struct leat_hook *hook); /* when it returns, `committed` is not running and will not */

/* ------------------------------------------------------------------ subscriptions: a stream with a named, durable
 * cursor */

struct leat_subscription; /* one thread at a time */

/* Reads the table's stream from where the cursor of this name stands; a new cursor begins at the oldest record
 * (LEAT_TRIM_HORIZON) or behind the newest (LEAT_LATEST). LEAT_VALIDATION when the table has no stream. */
LEAT_PUBLIC enum leat_code leat_subscribe(struct leat *db, const char *table, const char *cursor,
                                          enum leat_position from, struct leat_subscription **out,
                                          struct leat_fault *fault) LEAT_MUST_USE;
/* The next records, in order per item; waits up to timeout_ms (-1: for ever) for the first. record_count 0: time is
 * over. */
LEAT_PUBLIC enum leat_code leat_next(struct leat_subscription *subscription, int timeout_ms, struct leat_result *result,
                                     struct leat_fault *fault) LEAT_MUST_USE;
/* Everything handed out by leat_next so far is done: the cursor moves there, durably. Without it the records come again
 * after the next subscribe. */
LEAT_PUBLIC enum leat_code leat_done(struct leat_subscription *subscription, struct leat_fault *fault) LEAT_MUST_USE;
LEAT_PUBLIC void leat_unsubscribe(struct leat_subscription *subscription);

/* ------------------------------------------------------------------ time */

LEAT_PUBLIC uint64_t leat_now_ms(struct leat *db); /* by the database's clock */
LEAT_PUBLIC bool leat_clock_virtual(struct leat *db);

/* Moves a clock of leat_options.virtual_ms on. On its way it stops wherever something is due (leat_waiter) and once in a while besides,
 * and goes on when that has been done: what falls into the time happens in its order, each thing at its moment, and all of it has happened
 * when the call returns. LEAT_VALIDATION: the clock is not a virtual one, or would go back. LEAT_BUSY: it is being moved.
 * LEAT_CLOSED: leat_clock_stop was called. */
LEAT_PUBLIC enum leat_code leat_clock_set(struct leat *db, uint64_t to_ms, struct leat_fault *fault) LEAT_MUST_USE;
LEAT_PUBLIC void leat_clock_stop(struct leat *db); /* for who ends: a call that is under way returns, further ones are refused */

/* A clock of your own (leat_options.now_ms) has been moved, other than by going: whoever waits for a time looks at it again. Without this
 * call leat sees the new time only when it would have looked anyway. Returns at once. */
LEAT_PUBLIC void leat_clock_moved(struct leat *db);

/* For who does something at times of this clock, beside a timer of their own that goes by real time. `moved` is called when the clock has
 * been moved by one of the calls above; it must hand over and return, without calling leat. What is due is done after it, then
 * leat_waiter_looked called; `moved` does not come again before. leat_waiter_until says when the next thing is due (UINT64_MAX: never). */
struct leat_waiter;
LEAT_PUBLIC struct leat_waiter *leat_waiter_add(struct leat *db, void (*moved)(void *context), void *context); /* NULL: no memory */
LEAT_PUBLIC void leat_waiter_until(struct leat_waiter *waiter, uint64_t due_ms);
LEAT_PUBLIC void leat_waiter_looked(struct leat_waiter *waiter);
LEAT_PUBLIC void leat_waiter_remove(struct leat_waiter *waiter); /* when it returns, `moved` is not running and will not */

/* From hold to release a virtual clock does not go on: something is on its way that belongs to this moment. From any thread, also from
 * hooks and from `done`. */
LEAT_PUBLIC void leat_clock_hold(struct leat *db);
LEAT_PUBLIC void leat_clock_release(struct leat *db);

/* ------------------------------------------------------------------ figures */

LEAT_PUBLIC void leat_stats(struct leat *db, struct leat_stats *out);

#ifdef __cplusplus
}
#endif

#endif
