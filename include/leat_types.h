/* leat_types.h: the plain values that every floor and every user of leat shares.
 *
 * Included by leat.h; there is no need to include it directly. Everything here is a plain value: copy it freely. */
#ifndef LEAT_TYPES_H
#define LEAT_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed bytes. Whoever hands one out says how long it lives. data == NULL means "absent";
 * present but empty is data != NULL with size 0. */
struct leat_slice {
    const uint8_t *data;
    size_t size; /* bytes */
};

/* Every way in which a call can fail: X(name, AWS's error type where AWS has one).
 * The name becomes LEAT_<name>; leat_code_name() gives the second column. */
#define LEAT_CODES(X)                                                                                                  \
    X(OK, "OK")                                                                                                        \
    X(VALIDATION, "ValidationException")                                                                               \
    X(SERIALIZATION, "SerializationException")                                                                         \
    X(RESOURCE_NOT_FOUND, "ResourceNotFoundException")                                                                 \
    X(RESOURCE_IN_USE, "ResourceInUseException")                                                                       \
    X(CONDITIONAL_CHECK_FAILED, "ConditionalCheckFailedException")                                                     \
    X(DUPLICATE_ITEM, "DuplicateItemException")                                                                        \
    X(TRANSACTION_CANCELED, "TransactionCanceledException")                                                            \
    X(TRANSACTION_CONFLICT, "TransactionConflictException")                                                            \
    X(IDEMPOTENT_PARAMETER_MISMATCH, "IdempotentParameterMismatchException")                                           \
    X(ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED, "ItemCollectionSizeLimitExceededException")                                 \
    X(PROVISIONED_THROUGHPUT_EXCEEDED, "ProvisionedThroughputExceededException")                                       \
    X(LIMIT_EXCEEDED, "LimitExceededException")                                                                        \
    X(TRIMMED_DATA_ACCESS, "TrimmedDataAccessException")                                                               \
    X(EXPIRED_ITERATOR, "ExpiredIteratorException")                                                                    \
    X(INVALID_PARAMETER_VALUE, "InvalidParameterValueException")                                                       \
    X(RESOURCE_CONFLICT, "ResourceConflictException")                                                                  \
    X(INVALID_REQUEST_CONTENT, "InvalidRequestContentException")                                                       \
    X(REQUEST_TOO_LARGE, "RequestTooLargeException")                                                                   \
    X(TOO_MANY_REQUESTS, "TooManyRequestsException")                                                                   \
    X(PRECONDITION_FAILED, "PreconditionFailedException")                                                              \
    X(UNKNOWN_OPERATION, "UnknownOperationException")                                                                  \
    X(POLICY_NOT_FOUND, "PolicyNotFoundException")                                                                     \
    X(ACCESS_DENIED, "AccessDeniedException")                                                                          \
    X(POINT_IN_TIME_RECOVERY_UNAVAILABLE, "PointInTimeRecoveryUnavailableException")                                   \
    X(INVALID_RESTORE_TIME, "InvalidRestoreTimeException")                                                             \
    X(CONTINUOUS_BACKUPS_UNAVAILABLE, "ContinuousBackupsUnavailableException")                                         \
    X(BACKUP_NOT_FOUND, "BackupNotFoundException")                                                                     \
    X(BACKUP_IN_USE, "BackupInUseException")                                                                           \
    X(TABLE_NOT_FOUND, "TableNotFoundException")                                                                       \
    X(TABLE_IN_USE, "TableInUseException")                                                                             \
    X(TABLE_ALREADY_EXISTS, "TableAlreadyExistsException")                                                             \
    X(INVALID_EXPORT_TIME, "InvalidExportTimeException")                                                               \
    X(EXPORT_CONFLICT, "ExportConflictException")                                                                      \
    X(EXPORT_NOT_FOUND, "ExportNotFoundException")                                                                     \
    X(IMPORT_CONFLICT, "ImportConflictException")                                                                      \
    X(IMPORT_NOT_FOUND, "ImportNotFoundException")                                                                     \
    X(STORE_CONFLICT, "InternalServerError") /* nothing happened, rerun */                                             \
    X(STORE_UNKNOWN, "InternalServerError")  /* commit outcome not known */                                            \
    X(STORE_FULL, "InternalServerError")     /* disk or quota full; nothing was changed */                             \
    X(STORE_CORRUPT, "InternalServerError")                                                                            \
    X(STORE_LOCKED, "InternalServerError") /* another process holds the directory */                                   \
    X(STORE_FORMAT, "InternalServerError") /* written by a newer leat, or not by leat */                               \
    X(IO, "InternalServerError")                                                                                       \
    X(NO_MEMORY, "InternalServerError")                                                                                \
    X(BUSY, "ThrottlingException") /* a queue is full; try again */                                                    \
    X(CLOSED, "InternalServerError")                                                                                   \
    X(INTERNAL, "InternalServerError")

enum leat_code {
#define LEAT_CODE_ENUM(name, aws) LEAT_##name,
    LEAT_CODES(LEAT_CODE_ENUM)
#undef LEAT_CODE_ENUM
};

/* What went wrong, in words for the user. The function that detects an error sets it, once; callers pass it on.
 * A NULL fault pointer is allowed everywhere: the code alone is returned then. */
struct leat_fault {
    enum leat_code code;
    char message[1024]; /* UTF-8, cut to fit */
};

#if defined(__GNUC__)
#define LEAT_MUST_USE __attribute__((warn_unused_result))
#else
#define LEAT_MUST_USE
#endif

/* The units that a request has consumed of one table. DynamoDB Developer Guide, "Provisioned throughput considerations". */
struct leat_index_capacity {
    struct leat_slice name;
    bool local;
    double units;
};
struct leat_capacity {
    double units;                        /* of the table itself, without its indexes */
    struct leat_index_capacity *indexes; /* each that was read or changed, once */
    size_t index_count;
    bool write; /* write units; else read units */
};

/* An item collection: all items of a table with local indexes that have one partition key. */
struct leat_collection {
    size_t table;          /* which entry of result.capacity is its table's */
    struct leat_slice key; /* the partition key as an item */
    uint64_t bytes;        /* after the write: items and their entries in local indexes, 100 bytes for each of them included */
};

/* What a call answers. The call sets all of it, also when it fails; then leat_result_free, before the next use. */
struct leat_result {
    struct leat_slice *items; /* get: 0 or 1; get_many: one per key, absent where there is none; query: the page */
    size_t count;
    size_t scanned_count;         /* query and scan: items looked at before the filter */
    struct leat_slice last_key;   /* query and scan: where to go on; absent at the end */
    struct leat_slice attributes; /* write: what ReturnValues asked for; absent if nothing. Failed condition: the old
                                     item, if asked for */
    struct leat_capacity *capacity; /* one per table in the order of first mention in the request (NULL: none) */
    size_t capacity_count;
    struct leat_collection *collections; /* written to, each once */
    size_t collection_count;
    bool *unprocessed; /* NULL: everything was done; else one per get or write: left out, to be asked for again (no throughput
                          left for it, or the answer would have become too large) */
    struct leat_reason *reasons; /* LEAT_TRANSACTION_CANCELED: one per operation */
    size_t reason_count;
    struct leat_slice next_token;    /* statements: where to go on; absent at the end */
    const struct leat_slice *tables; /* statements: the table that each is about */
    size_t table_count;
    struct leat_record *records; /* streams */
    size_t record_count;
    bool more; /* a shard had further records when it was read, perhaps none of them its own */
    struct leat_memory *memory; /* owns all of the above */
};

struct leat_reason {
    enum leat_code code; /* LEAT_OK: this one was fine */
    char message[256];
    struct leat_slice item; /* the old item, when return_old_on_failure was set */
};

enum leat_status { LEAT_CREATING, LEAT_ACTIVE, LEAT_UPDATING, LEAT_DELETING };
enum leat_billing { LEAT_PROVISIONED, LEAT_PAY_PER_REQUEST };
enum leat_view { LEAT_VIEW_NONE, LEAT_KEYS_ONLY, LEAT_NEW_IMAGE, LEAT_OLD_IMAGE, LEAT_NEW_AND_OLD_IMAGES };
enum leat_project { LEAT_PROJECT_ALL, LEAT_PROJECT_KEYS_ONLY, LEAT_PROJECT_INCLUDE };

struct leat_attribute {
    struct leat_slice name;
    char type; /* 'S', 'N' or 'B' */
};

struct leat_index {
    struct leat_slice name;
    bool local;
    struct leat_slice partition_key, sort_key; /* attribute names; sort_key absent: none */
    enum leat_project projection;
    const struct leat_slice *include; /* LEAT_PROJECT_INCLUDE: attribute names */
    size_t include_count;
    int64_t read_units, write_units; /* PROVISIONED */
    /* in descriptions only: */
    enum leat_status status;
    bool filling;                        /* LEAT_CREATING: it is being filled; cannot be read yet */
    uint64_t progress_done, progress_total; /* filling: items looked at, of about how many */
    uint64_t item_count, size_bytes;
};

struct leat_table {
    struct leat_slice name; /* names that begin with "leat:" are reserved for leat itself and not listed */
    const struct leat_attribute *attributes;
    size_t attribute_count;
    struct leat_slice partition_key, sort_key;
    enum leat_billing billing;
    int64_t read_units, write_units;
    int64_t warm_read_units, warm_write_units; /* capacity from the start: more partitions, and so more shards; 0: as billing has it */
    enum leat_view stream; /* LEAT_VIEW_NONE: no stream */
    const struct leat_index *indexes;
    size_t index_count;
    bool deletion_protection;
    struct leat_slice ttl_attribute; /* time to live by this attribute; absent: off */
    uint32_t recovery_days; /* point-in-time recovery: how far back, 1 to 35; 0: off */
    bool loading; /* it stays LEAT_CREATING, and only writes with `load` reach it, until a change says otherwise */
    uint64_t expires_ms; /* from this moment on the table removes itself; 0: never */
    struct leat_slice settings; /* an item of the caller's own (tags, class, encryption ...): stored and given back */
    /* in descriptions only: */
    enum leat_status status;
    bool copied; /* another table is being made from it */
    struct leat_slice id, arn; /* id: a UUID */
    uint64_t created_ms;
    uint64_t item_count, size_bytes;
    uint64_t progress_done, progress_total; /* while it is being copied: items done, of about how many; otherwise 0 */
    uint64_t recovery_from_ms, recovery_to_ms; /* the moments that it can be restored to; 0: recovery is off */
    struct leat_slice stream_arn, stream_label; /* of the newest stream, enabled or not; absent: never had one */
    uint64_t throughput_decreases_today, throughput_increased_ms, throughput_decreased_ms, billing_changed_ms;
};

/* A description that owns its memory. */
struct leat_description {
    struct leat_table table;
    struct leat_memory *memory;
};

struct leat_table_change {
    struct leat_slice name;
    bool change_stream;
    enum leat_view stream; /* LEAT_VIEW_NONE: off */
    bool change_billing;
    enum leat_billing billing;
    bool change_units;
    int64_t read_units, write_units;
    bool change_warm;
    int64_t warm_read_units, warm_write_units; /* more capacity, more shards: those of the stream are split. Never fewer */
    bool change_protection;
    bool deletion_protection;
    bool change_ttl;
    struct leat_slice ttl_attribute; /* absent: off */
    bool change_recovery;
    uint32_t recovery_days; /* 0: off */
    bool change_loading;
    bool loading;
    bool change_settings;
    struct leat_slice settings;
    bool check_settings; /* LEAT_STORE_CONFLICT unless they were settings_before until now */
    struct leat_slice settings_before;
    const struct leat_attribute *attributes;
    size_t attribute_count;                /* further ones, for new indexes */
    const struct leat_index *index_create; /* at most one */
    struct leat_slice index_delete;        /* a name; absent: none */
    const struct leat_index *index_updates; /* new units, by name */
    size_t index_update_count;
};

/* A table as it was at a moment, as a new table. */
struct leat_copy {
    struct leat_slice source; /* a table's name or ARN */
    struct leat_slice source_id; /* its id; absent: whatever table has the name */
    uint64_t at_ms; /* 0: now. Other moments need recovery_days on the source; whatever was written up to and in at_ms is in the copy */
    const struct leat_table *target; /* keys as the source's; name, indexes, billing as wanted; no stream, no time to live */
    bool delete_source; /* with at_ms 0: the source is deleted in the same moment, as leat_table_delete does it */
};

enum leat_write_kind { LEAT_PUT, LEAT_UPDATE, LEAT_DELETE, LEAT_CHECK /* in transactions: only the condition */ };
enum leat_return {
    LEAT_RETURN_NONE,
    LEAT_RETURN_ALL_OLD,
    LEAT_RETURN_ALL_NEW,
    LEAT_RETURN_UPDATED_OLD,
    LEAT_RETURN_UPDATED_NEW
};

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
    bool return_old_on_failure; /* ReturnValuesOnConditionCheckFailure=ALL_OLD */
    bool generated; /* a program made the expressions: AWS's limits of their length and number of operators do not hold */
    bool load;      /* the table may be loading */
};

enum leat_mode {
    LEAT_EACH /* independent writes, no conditions; or one write */,
    LEAT_BATCH /* the same, with BatchWriteItem's words for items whose keys do not fit */,
    LEAT_ATOMIC /* TransactWriteItems */
};

/* One statement of PartiQL. */
struct leat_statement {
    struct leat_slice text;
    const struct leat_slice *parameters; /* for each "?": a value in the encoding of items, as it stands behind a name */
    size_t parameter_count;
    uint32_t limit;               /* SELECT: items looked at; 0: as many as 1 MB holds */
    struct leat_slice next_token; /* SELECT: from a result of the same statement; absent: from the beginning */
    bool consistent;              /* SELECT: for capacity only, but refused on global indexes */
    bool single;                  /* one of a batch: SELECT must name one item by its whole key */
    bool return_old_on_failure;
};

struct leat_get {
    struct leat_slice table, key;
    struct leat_slice projection, names; /* absent: all attributes */
    bool consistent;                     /* for capacity only: every read of leat is consistent */
    bool generated;                      /* as in leat_write */
};

enum leat_select {
    LEAT_SELECT_DEFAULT,
    LEAT_SELECT_ALL,
    LEAT_SELECT_PROJECTED,
    LEAT_SELECT_SPECIFIC,
    LEAT_SELECT_COUNT
};

/* Query when key_condition is present, else Scan. */
struct leat_query {
    struct leat_slice table, index; /* index absent: the table itself */
    struct leat_slice key_condition, filter, projection, names, values;
    bool backward; /* ScanIndexForward=false */
    bool consistent;
    uint32_t limit; /* items looked at; 0: as many as 1 MB holds */
    enum leat_select select;
    struct leat_slice start;    /* ExclusiveStartKey as an item */
    uint32_t segment, segments; /* parallel scan; segments 0: not parallel */
    bool generated;             /* as in leat_write */
};

enum {
    LEAT_SEQUENCE_SIZE = 41,
    LEAT_SHARD_ID_SIZE = 66,
    LEAT_EVENT_ID_SIZE = 33,
    LEAT_ITERATOR_SIZE = 2049
}; /* with the final zero */

enum leat_event { LEAT_INSERT, LEAT_MODIFY, LEAT_REMOVE };

struct leat_record {
    enum leat_event event;
    char event_id[LEAT_EVENT_ID_SIZE]; /* the same each time the record is read */
    char sequence[LEAT_SEQUENCE_SIZE]; /* decimal; grows within a shard and its descendants */
    uint64_t created_ms;
    enum leat_view view;
    struct leat_slice keys;
    struct leat_slice new_image, old_image; /* absent when the view or the event has none */
    size_t size_bytes;                      /* SizeBytes by AWS's rule */
    bool expired;                           /* removed by time to live: userIdentity */
};

struct leat_shard {
    char id[LEAT_SHARD_ID_SIZE];
    char parent[LEAT_SHARD_ID_SIZE]; /* "": none */
    char first[LEAT_SEQUENCE_SIZE];
    char last[LEAT_SEQUENCE_SIZE]; /* "": still open */
};
enum leat_stream_status { LEAT_STREAM_ENABLING, LEAT_STREAM_ENABLED, LEAT_STREAM_DISABLING, LEAT_STREAM_DISABLED };
struct leat_stream {
    struct leat_slice arn, label, table;
    enum leat_stream_status status;
    enum leat_view view;
    uint64_t created_ms;
    struct leat_attribute partition_key, sort_key;
    const struct leat_shard *shards; /* oldest first; trimmed ones are gone */
    size_t shard_count;
};
struct leat_stream_list {
    struct leat_stream *streams;
    size_t count;
    struct leat_memory *memory;
};

enum leat_position { LEAT_TRIM_HORIZON, LEAT_LATEST, LEAT_AT_SEQUENCE, LEAT_AFTER_SEQUENCE, LEAT_AT_TIMESTAMP };

struct leat_shard_read {
    struct leat_slice stream, shard;
    enum leat_position position;
    struct leat_slice sequence;
    uint64_t timestamp_ms;
    size_t limit;     /* records; 0: 1000 */
    size_t bytes_max; /* 0: 1 MiB */
};

/* Changes of a table with recovery on, in the order of their times within each of its partitions. */
struct leat_history_read {
    struct leat_slice table;
    uint64_t from_ms, to_ms; /* changes made after from_ms, up to and in to_ms */
    /* where to go on; zero at first, moved by each call: */
    uint32_t part;
    uint64_t after;
    bool end; /* there is nothing more */
};

struct leat_stats {
    uint64_t writes, groups; /* writes committed, and in how many groups (one fsync each) */
    uint64_t bytes_used;     /* size of the data on disk */
    uint64_t queued;         /* writes waiting now */
};

#endif
