/* leat.h: tables with a durable change log, in one process. The public library of leat.
 *
 * A database is a directory. In it are tables in DynamoDB's sense: items with a partition key and perhaps a sort key, conditions,
 * updates, queries and transactions in DynamoDB's expression language, and a stream of changes per table.
 *
 * Threads: every call may be made from any thread at the same time, except leat_close, which must be the last.
 * Durability: a write that answered LEAT_OK survives the process and a power cut (backend "lmdb").
 * Memory: requests borrow what they point to until the call returns (leat_write_start: until `done` was called). Results own what they
 * point to until leat_result_free. Strings given as leat_slice are UTF-8 without a final zero.
 * Errors: LEAT_OK or a code; the words go into *fault, which may be NULL. Codes carry the names of AWS's exceptions.
 *
 * Items are passed as bytes in leat's compact encoding: make them with leat_item_from_json (DynamoDB JSON), print them with
 * leat_item_to_json, take single attributes out with leat_item_text / leat_item_number. docs/FORMAT.md describes the encoding. */
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
    const char *directory;          /* made when missing; may be NULL for backend "memory" */
    const char *backend;            /* NULL: "lmdb"; "memory": gone when closed */
    const char *region, *account;   /* for ARNs; NULL: "us-east-1", "000000000000" */
    uint64_t stream_retention_ms;   /* 0: 24 hours */
    uint64_t shard_rotation_ms;     /* 0: 4 hours */
    uint64_t map_bytes_first;       /* 0: default; see store options */
    uint64_t bytes_max;             /* 0: none; size limit of the database file, past it writes answer LEAT_STORE_FULL */
    uint64_t (*now_ms)(void *);     /* NULL: the system's clock, milliseconds since 1970 */
    void *now_context;
};

LEAT_PUBLIC enum leat_code leat_open(const struct leat_options *options, struct leat **out, struct leat_fault *fault) LEAT_MUST_USE;
LEAT_PUBLIC void leat_close(struct leat *db); /* waits for running writes; NULL is allowed */
LEAT_PUBLIC const char *leat_version(void);   /* "0.1.0" */
LEAT_PUBLIC const char *leat_code_name(enum leat_code code); /* AWS's error type, "ValidationException" */

/* ------------------------------------------------------------------ results */

/* What a call answers. Zero it before the first use ({0}); leat_result_free after the last. */
struct leat_result {
    struct leat_slice *items;     /* get: 0 or 1; get_many: one per key, absent where there is none; query: the page */
    size_t count;
    size_t scanned_count;         /* query and scan: items looked at before the filter */
    struct leat_slice last_key;   /* query and scan: where to go on; absent at the end */
    struct leat_slice attributes; /* write: what ReturnValues asked for; absent if nothing. Failed condition: the old item, if asked for */
    double *capacity;             /* units consumed, one per table in the order of first mention in the request (NULL: none) */
    size_t capacity_count;
    struct leat_reason *reasons;  /* LEAT_TRANSACTION_CANCELED: one per operation */
    size_t reason_count;
    struct leat_record *records;  /* streams */
    size_t record_count;
    struct leat_memory *memory;   /* owns all of the above */
};
struct leat_reason {
    enum leat_code code;          /* LEAT_OK: this one was fine */
    char message[256];
    struct leat_slice item;       /* the old item, when return_old_on_failure was set */
};
LEAT_PUBLIC void leat_result_free(struct leat_result *result); /* leaves it zeroed */

/* ------------------------------------------------------------------ items */

/* `json`: {"id":{"S":"1"}, ...}. The item is in result->items[0]. */
LEAT_PUBLIC enum leat_code leat_item_from_json(struct leat_slice json, struct leat_result *result, struct leat_fault *fault) LEAT_MUST_USE;
/* DynamoDB JSON, zero-terminated, to be freed with free(); NULL when there is no memory. */
LEAT_PUBLIC char *leat_item_to_json(struct leat_slice item);
LEAT_PUBLIC bool leat_item_text(struct leat_slice item, const char *name, struct leat_slice *out);   /* an S attribute; borrowed */
LEAT_PUBLIC bool leat_item_number(struct leat_slice item, const char *name, double *out);            /* an N attribute */

/* ------------------------------------------------------------------ tables */

enum leat_status { LEAT_CREATING, LEAT_ACTIVE, LEAT_UPDATING, LEAT_DELETING };
enum leat_billing { LEAT_PROVISIONED, LEAT_PAY_PER_REQUEST };
enum leat_view { LEAT_VIEW_NONE, LEAT_KEYS_ONLY, LEAT_NEW_IMAGE, LEAT_OLD_IMAGE, LEAT_NEW_AND_OLD_IMAGES };
enum leat_project { LEAT_PROJECT_ALL, LEAT_PROJECT_KEYS_ONLY, LEAT_PROJECT_INCLUDE };

struct leat_attribute { struct leat_slice name; char type; /* 'S', 'N' or 'B' */ };

struct leat_index {
    struct leat_slice name;
    bool local;
    struct leat_slice partition_key, sort_key; /* attribute names; sort_key absent: none */
    enum leat_project projection;
    const struct leat_slice *include;          /* LEAT_PROJECT_INCLUDE: attribute names */
    size_t include_count;
    int64_t read_units, write_units;           /* PROVISIONED */
    uint64_t item_count, size_bytes;           /* in descriptions only */
};

struct leat_table {
    struct leat_slice name;        /* names that begin with "leat:" are reserved for leat itself and not listed */
    const struct leat_attribute *attributes;
    size_t attribute_count;
    struct leat_slice partition_key, sort_key;
    enum leat_billing billing;
    int64_t read_units, write_units;
    enum leat_view stream;         /* LEAT_VIEW_NONE: no stream */
    const struct leat_index *indexes;
    size_t index_count;
    bool deletion_protection;
    struct leat_slice settings;    /* an item of the caller's own (tags, class, encryption ...): stored and given back */
    /* in descriptions only: */
    enum leat_status status;
    struct leat_slice id, arn;     /* id: a UUID */
    uint64_t created_ms;
    uint64_t item_count, size_bytes;
    struct leat_slice stream_arn, stream_label; /* of the newest stream, enabled or not; absent: never had one */
    uint64_t throughput_decreases_today, throughput_increased_ms, throughput_decreased_ms, billing_changed_ms;
};

/* A description that owns its memory. */
struct leat_description { struct leat_table table; struct leat_memory *memory; };
LEAT_PUBLIC void leat_description_free(struct leat_description *description);

LEAT_PUBLIC enum leat_code leat_table_create(struct leat *db, const struct leat_table *table, struct leat_description *out,
                                             struct leat_fault *fault) LEAT_MUST_USE;
/* name: a table's name or its ARN, here and everywhere. */
LEAT_PUBLIC enum leat_code leat_table_describe(struct leat *db, struct leat_slice name, struct leat_description *out,
                                               struct leat_fault *fault) LEAT_MUST_USE;
/* Answers the description as it was last, status LEAT_DELETING. */
LEAT_PUBLIC enum leat_code leat_table_delete(struct leat *db, struct leat_slice name, struct leat_description *out,
                                             struct leat_fault *fault) LEAT_MUST_USE;

struct leat_table_change {
    struct leat_slice name;
    bool change_stream;  enum leat_view stream; /* LEAT_VIEW_NONE: off */
    bool change_billing; enum leat_billing billing;
    bool change_units;   int64_t read_units, write_units;
    bool change_protection; bool deletion_protection;
    bool change_settings; struct leat_slice settings;
    const struct leat_attribute *attributes; size_t attribute_count; /* further ones, for new indexes */
    const struct leat_index *index_create;      /* at most one */
    struct leat_slice index_delete;             /* a name; absent: none */
    const struct leat_index *index_update;      /* new units */
};
LEAT_PUBLIC enum leat_code leat_table_update(struct leat *db, const struct leat_table_change *change,
                                             struct leat_description *out, struct leat_fault *fault) LEAT_MUST_USE;
/* Names in ascending order after `start` (absent: from the first), at most `limit`, into result->items as plain text; last_key is the last
 * name when there are more. */
LEAT_PUBLIC enum leat_code leat_table_list(struct leat *db, struct leat_slice start, size_t limit, struct leat_result *result,
                                           struct leat_fault *fault) LEAT_MUST_USE;

/* ------------------------------------------------------------------ writing */

enum leat_write_kind { LEAT_PUT, LEAT_UPDATE, LEAT_DELETE, LEAT_CHECK /* in transactions: only the condition */ };
enum leat_return { LEAT_RETURN_NONE, LEAT_RETURN_ALL_OLD, LEAT_RETURN_ALL_NEW, LEAT_RETURN_UPDATED_OLD, LEAT_RETURN_UPDATED_NEW };

struct leat_write {
    enum leat_write_kind kind;
    struct leat_slice table;
    struct leat_slice item;      /* LEAT_PUT: the whole item */
    struct leat_slice key;       /* the others: the key attributes as an item */
    struct leat_slice update;    /* LEAT_UPDATE: the expression's text; may be absent */
    struct leat_slice condition; /* the expression's text; absent: none */
    struct leat_slice names;     /* "#n" -> S, as an item; absent: none */
    struct leat_slice values;    /* ":v" -> any, as an item; absent: none */
    enum leat_return returns;
    bool return_old_on_failure;  /* ReturnValuesOnConditionCheckFailure=ALL_OLD */
};

/* One write, durable when it returns. LEAT_CONDITIONAL_CHECK_FAILED when its condition does not hold. */
LEAT_PUBLIC enum leat_code leat_write(struct leat *db, const struct leat_write *write, struct leat_result *result,
                                      struct leat_fault *fault) LEAT_MUST_USE;
/* All or none, at most 100, over any tables, each item once. token (absent: none): the same token within ten minutes does it once.
 * LEAT_TRANSACTION_CANCELED with result->reasons. */
LEAT_PUBLIC enum leat_code leat_transact(struct leat *db, const struct leat_write *writes, size_t count, struct leat_slice token,
                                         struct leat_result *result, struct leat_fault *fault) LEAT_MUST_USE;

/* The same without waiting. Faults that need no look at the data (bad expressions, wrong keys) are answered at once and `done` is not called.
 * After LEAT_OK `done` is called exactly once, on leat's writing thread: it must not block, call leat or throw work away; hand over and return. result
 * is then the callee's to free. */
enum leat_mode { LEAT_EACH /* independent writes, no conditions: BatchWriteItem; or one write */, LEAT_ATOMIC /* TransactWriteItems */ };
typedef void (*leat_done_fn)(void *context, enum leat_code code, struct leat_result *result, const struct leat_fault *fault);
LEAT_PUBLIC enum leat_code leat_write_start(struct leat *db, const struct leat_write *writes, size_t count, enum leat_mode mode,
                                            struct leat_slice token, leat_done_fn done, void *context,
                                            struct leat_fault *fault) LEAT_MUST_USE;

/* Shorthands: whole item in, no conditions. */
LEAT_PUBLIC enum leat_code leat_put(struct leat *db, const char *table, struct leat_slice item, struct leat_fault *fault) LEAT_MUST_USE;
LEAT_PUBLIC enum leat_code leat_delete(struct leat *db, const char *table, struct leat_slice key, struct leat_fault *fault) LEAT_MUST_USE;

/* ------------------------------------------------------------------ reading */

struct leat_get {
    struct leat_slice table, key;
    struct leat_slice projection, names; /* absent: all attributes */
    bool consistent;                     /* for capacity only: every read of leat is consistent */
};
LEAT_PUBLIC enum leat_code leat_get(struct leat *db, const struct leat_get *get, struct leat_result *result,
                                    struct leat_fault *fault) LEAT_MUST_USE;
/* All from one snapshot: BatchGetItem, TransactGetItems. */
LEAT_PUBLIC enum leat_code leat_get_many(struct leat *db, const struct leat_get *gets, size_t count, struct leat_result *result,
                                         struct leat_fault *fault) LEAT_MUST_USE;

enum leat_select { LEAT_SELECT_DEFAULT, LEAT_SELECT_ALL, LEAT_SELECT_PROJECTED, LEAT_SELECT_SPECIFIC, LEAT_SELECT_COUNT };

/* Query when key_condition is present, else Scan. */
struct leat_query {
    struct leat_slice table, index;      /* index absent: the table itself */
    struct leat_slice key_condition, filter, projection, names, values;
    bool backward;                       /* ScanIndexForward=false */
    bool consistent;
    uint32_t limit;                      /* items looked at; 0: as many as 1 MB holds */
    enum leat_select select;
    struct leat_slice start;             /* ExclusiveStartKey as an item */
    uint32_t segment, segments;          /* parallel scan; segments 0: not parallel */
};
LEAT_PUBLIC enum leat_code leat_query(struct leat *db, const struct leat_query *query, struct leat_result *result,
                                      struct leat_fault *fault) LEAT_MUST_USE;

/* ------------------------------------------------------------------ streams */

enum { LEAT_SEQUENCE_SIZE = 41, LEAT_SHARD_ID_SIZE = 66, LEAT_EVENT_ID_SIZE = 33, LEAT_ITERATOR_SIZE = 2049 }; /* with the final zero */

enum leat_event { LEAT_INSERT, LEAT_MODIFY, LEAT_REMOVE };

struct leat_record {
    enum leat_event event;
    char event_id[LEAT_EVENT_ID_SIZE]; /* the same each time the record is read */
    char sequence[LEAT_SEQUENCE_SIZE]; /* decimal; grows within a shard and its descendants */
    uint64_t created_ms;
    enum leat_view view;
    struct leat_slice keys;
    struct leat_slice new_image, old_image; /* absent when the view or the event has none */
    size_t size_bytes;                 /* SizeBytes by AWS's rule */
    bool expired;                      /* removed by time to live: userIdentity */
};

struct leat_shard {
    char id[LEAT_SHARD_ID_SIZE];
    char parent[LEAT_SHARD_ID_SIZE];   /* "": none */
    char first[LEAT_SEQUENCE_SIZE];
    char last[LEAT_SEQUENCE_SIZE];     /* "": still open */
};
enum leat_stream_status { LEAT_STREAM_ENABLING, LEAT_STREAM_ENABLED, LEAT_STREAM_DISABLING, LEAT_STREAM_DISABLED };
struct leat_stream {
    struct leat_slice arn, label, table;
    enum leat_stream_status status;
    enum leat_view view;
    uint64_t created_ms;
    struct leat_attribute partition_key, sort_key;
    const struct leat_shard *shards;   /* oldest first; trimmed ones are gone */
    size_t shard_count;
};
struct leat_stream_list { struct leat_stream *streams; size_t count; struct leat_memory *memory; };
LEAT_PUBLIC void leat_stream_list_free(struct leat_stream_list *list);

/* All streams (of one table, or of all when absent), ordered by ARN, with their shards. */
LEAT_PUBLIC enum leat_code leat_streams(struct leat *db, struct leat_slice table, struct leat_stream_list *out,
                                        struct leat_fault *fault) LEAT_MUST_USE;
/* One, by ARN: LEAT_RESOURCE_NOT_FOUND. */
LEAT_PUBLIC enum leat_code leat_stream_describe(struct leat *db, struct leat_slice arn, struct leat_stream_list *out,
                                                struct leat_fault *fault) LEAT_MUST_USE;

enum leat_position { LEAT_TRIM_HORIZON, LEAT_LATEST, LEAT_AT_SEQUENCE, LEAT_AFTER_SEQUENCE, LEAT_AT_TIMESTAMP };

/* Reads records of one shard by place, without an iterator. `sequence` for LEAT_AT_SEQUENCE and LEAT_AFTER_SEQUENCE (decimal), timestamp_ms
 * for LEAT_AT_TIMESTAMP. At most `limit` records and about bytes_max bytes, at least one if there is one.
 * `next`: pass it as LEAT_AFTER_SEQUENCE to go on, also when there were no records. *end: the shard is closed and read to its end.
 * LEAT_TRIMMED_DATA_ACCESS when the place has been trimmed, LEAT_RESOURCE_NOT_FOUND for an unknown stream or shard. */
struct leat_shard_read {
    struct leat_slice stream, shard;
    enum leat_position position;
    struct leat_slice sequence;
    uint64_t timestamp_ms;
    size_t limit;     /* records; 0: 1000 */
    size_t bytes_max; /* 0: 1 MiB */
};
LEAT_PUBLIC enum leat_code leat_shard_read(struct leat *db, const struct leat_shard_read *read, struct leat_result *result,
                                           char next[LEAT_SEQUENCE_SIZE], bool *end, struct leat_fault *fault) LEAT_MUST_USE;

/* Shard iterators as DynamoDB Streams has them: text, good for 15 minutes. */
LEAT_PUBLIC enum leat_code leat_iterator_new(struct leat *db, const struct leat_shard_read *from, char out[LEAT_ITERATOR_SIZE],
                                             struct leat_fault *fault) LEAT_MUST_USE;
/* next[0] == 0: the shard is closed and read to its end. */
LEAT_PUBLIC enum leat_code leat_iterator_read(struct leat *db, struct leat_slice iterator, size_t limit, struct leat_result *result,
                                              char next[LEAT_ITERATOR_SIZE], struct leat_fault *fault) LEAT_MUST_USE;

LEAT_PUBLIC int leat_sequence_compare(struct leat_slice a, struct leat_slice b); /* decimal, any length: negative, zero, positive */

/* Calls `committed` after every group of writes that put records into streams, on leat's writing thread, once per table whose stream grew or whose
 * shards changed. It must not block or call leat. */
struct leat_hook;
typedef void (*leat_commit_fn)(void *context, struct leat_slice table);
LEAT_PUBLIC struct leat_hook *leat_hook_add(struct leat *db, leat_commit_fn committed, void *context); /* NULL: no memory */
LEAT_PUBLIC void leat_hook_remove(struct leat *db, struct leat_hook *hook); /* when it returns, `committed` is not running and will not */

/* ------------------------------------------------------------------ subscriptions: a stream with a named, durable cursor */

struct leat_subscription; /* one thread at a time */

/* Reads the table's stream from where the cursor of this name stands; a new cursor begins at the oldest record (LEAT_TRIM_HORIZON) or behind the newest
 * (LEAT_LATEST). LEAT_VALIDATION when the table has no stream. */
LEAT_PUBLIC enum leat_code leat_subscribe(struct leat *db, const char *table, const char *cursor, enum leat_position from,
                                          struct leat_subscription **out, struct leat_fault *fault) LEAT_MUST_USE;
/* The next records, in order per item; waits up to timeout_ms (-1: for ever) for the first. record_count 0: time is over. */
LEAT_PUBLIC enum leat_code leat_next(struct leat_subscription *subscription, int timeout_ms, struct leat_result *result,
                                     struct leat_fault *fault) LEAT_MUST_USE;
/* Everything handed out by leat_next so far is done: the cursor moves there, durably. Without it the records come again after the next subscribe. */
LEAT_PUBLIC enum leat_code leat_done(struct leat_subscription *subscription, struct leat_fault *fault) LEAT_MUST_USE;
LEAT_PUBLIC void leat_unsubscribe(struct leat_subscription *subscription);

/* ------------------------------------------------------------------ figures */

struct leat_stats {
    uint64_t writes, groups;   /* writes committed, and in how many groups (one fsync each) */
    uint64_t bytes_used;       /* size of the data on disk */
    uint64_t queued;           /* writes waiting now */
};
LEAT_PUBLIC void leat_stats(struct leat *db, struct leat_stats *out);

#ifdef __cplusplus
}
#endif

#endif
