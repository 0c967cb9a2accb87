/* Exports of tables to files in buckets, and imports of tables from them: the service behind ExportTableToPointInTime, ImportTable and
 * what describes and lists them.
 *
 * Each runs in the background on a thread of its own, a few at once. How far it is stands in the reserved tables "leat:exports" and
 * "leat:imports", written through leat.h; after a restart it goes on from there. The calls may be made from any thread; those that start
 * something block for a commit. Answers live in the arena. Source: DynamoDB API Reference. */
#ifndef TRANSFER_TRANSFER_H
#define TRANSFER_TRANSFER_H

#include "base/arena.h"
#include "leat.h"

struct transfer_service;

struct transfer_service_options {
    struct leat *db;
    const char *directory; /* of the data; buckets are the folders in its "buckets" */
    const char *region, *account;
    uint64_t file_bytes_max; /* of text in one file of an export; 0: 256 MB */
};

/* Goes on with what was under way. */
enum leat_code transfer_service_new(const struct transfer_service_options *options, struct transfer_service **out,
                                    struct leat_fault *fault) LEAT_MUST_USE;
/* What is under way stops where it is, and goes on after the next start. */
void transfer_service_free(struct transfer_service *service);

/* ------------------------------------------------------------------ exports */

/* As it is stored: texts are AWS's. Absent and 0: not given, or not known yet. Times are milliseconds since 1970. */
struct transfer_export {
    struct leat_slice kind, id; /* the key */
    struct leat_slice arn, status, table_arn, table_id, table, client_token;
    struct leat_slice bucket, bucket_owner, prefix, sse_algorithm, sse_kms_key_id, format, view;
    struct leat_slice manifest, failure_code, failure_message;
    int64_t start_ms, end_ms, time_ms, from_ms, to_ms;
    int64_t incremental;
    int64_t item_count, billed_bytes, item_total; /* so far; of about how many */
    /* how far it is: export.h */
    int64_t phase, segments, segment, file, items_done, part, after;
    struct leat_slice place; /* the key that the next file begins behind */
    struct leat_slice partition_key, sort_key; /* names */
};

struct transfer_export_request {
    struct leat_slice table_arn, client_token; /* token absent: one is made */
    struct leat_slice bucket, bucket_owner, prefix, sse_algorithm, sse_kms_key_id;
    struct leat_slice format;   /* absent: DYNAMODB_JSON */
    struct leat_slice type;     /* absent: FULL_EXPORT */
    uint64_t time_ms;           /* 0: now */
    bool incremental_given;     /* an IncrementalExportSpecification */
    uint64_t from_ms, to_ms;    /* to 0: now */
    struct leat_slice view;     /* absent: NEW_AND_OLD_IMAGES */
};

enum leat_code transfer_export_start(struct transfer_service *service, const struct transfer_export_request *request, struct arena *arena,
                                     struct transfer_export *out, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code transfer_export_get(struct transfer_service *service, struct leat_slice arn, struct arena *arena,
                                   struct transfer_export *out, struct leat_fault *fault) LEAT_MUST_USE;

/* ------------------------------------------------------------------ imports */

struct transfer_import {
    struct leat_slice kind, id; /* the key */
    struct leat_slice arn, status, table_arn, table_id, table, client_token;
    struct leat_slice bucket, bucket_owner, key_prefix, format, compression;
    struct leat_slice delimiter, headers; /* CSV; headers: one a line */
    struct leat_slice parameters_json;    /* TableCreationParameters */
    struct leat_slice options_json;       /* InputFormatOptions; absent: none */
    struct leat_slice log_group_arn, failure_code, failure_message;
    int64_t start_ms, end_ms;
    int64_t error_count, processed_bytes, processed_items, imported_items;
    /* how far it is: import.h */
    int64_t phase, offset, index, log_bytes;
    struct leat_slice object; /* the key of the object being read */
};

struct transfer_import_request {
    struct leat_slice client_token, bucket, bucket_owner, key_prefix;
    struct leat_slice format, compression; /* compression absent: NONE */
    struct leat_slice delimiter;           /* absent: a comma */
    const struct leat_slice *headers;
    size_t header_count;
    struct leat_slice parameters_json, options_json;
    const struct leat_table *table; /* to be made */
};

enum leat_code transfer_import_start(struct transfer_service *service, const struct transfer_import_request *request, struct arena *arena,
                                     struct transfer_import *out, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code transfer_import_get(struct transfer_service *service, struct leat_slice arn, struct arena *arena,
                                   struct transfer_import *out, struct leat_fault *fault) LEAT_MUST_USE;

/* ------------------------------------------------------------------ lists */

enum { TRANSFER_PAGE_MAX = 25, TRANSFER_PAGE_DEFAULT = 10, TRANSFER_TOKEN_SIZE = 129 };

/* Newest first. table_arn absent: of all tables. */
struct transfer_list_request {
    struct leat_slice table_arn, next_token;
    size_t limit; /* 0: the default */
};
struct transfer_page {
    struct transfer_export *exports; /* of a list of exports */
    struct transfer_import *imports; /* of a list of imports */
    size_t count;
    char next_token[TRANSFER_TOKEN_SIZE]; /* "": the end */
};
enum leat_code transfer_export_list(struct transfer_service *service, const struct transfer_list_request *request, struct arena *arena,
                                    struct transfer_page *out, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code transfer_import_list(struct transfer_service *service, const struct transfer_list_request *request, struct arena *arena,
                                    struct transfer_page *out, struct leat_fault *fault) LEAT_MUST_USE;

#endif
