/* Starting an export: everything that AWS refuses at once. What is wrong with the bucket comes out later, as at AWS.
 * Source: DynamoDB API Reference, ExportTableToPointInTime; the words are those that AWS answers. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/slice.h"
#include "transfer/export.h"

enum { MINUTE_MS = 60 * 1000, WINDOW_MS_MIN = 15 * MINUTE_MS, WINDOW_MS_MAX = 24 * 60 * MINUTE_MS };
enum { SEGMENTS_ON_DEMAND = 4, UNITS_READ = 3000, UNITS_WRITE = 1000, SEGMENTS_MAX = 64 };

/* ---- the table ---- */

static enum leat_code no_table(struct leat_slice arn, struct leat_fault *fault) {
    return fault_set(fault, LEAT_TABLE_NOT_FOUND, "Table not found: %.*s", SLICE_FORMAT(arn));
}

static enum leat_code find_table(struct transfer_service *service, struct leat_slice arn, struct leat_description *out,
                                 struct leat_fault *fault) {
    struct service_arn parts;
    if (!service_arn_parse(arn, &parts) || parts.what.data != NULL)
        return fault_set(fault, LEAT_VALIDATION, "One or more parameter values were invalid: tableArn is not a valid ARN");
    if (!slice_is(parts.account, service->account)) return fault_set(fault, LEAT_ACCESS_DENIED, "Access is denied");
    enum leat_code code = LEAT_RESOURCE_NOT_FOUND;
    if (slice_is(parts.region, service->region) && !slice_starts(parts.table, SLICE("leat:")))
        code = leat_table_describe(service->db, arn, out, fault);
    return code == LEAT_RESOURCE_NOT_FOUND ? no_table(arn, fault) : code;
}

/* ---- what is asked for ---- */

static bool is_incremental(const struct transfer_export_request *request) { return slice_is(request->type, "INCREMENTAL_EXPORT"); }

static enum leat_code check_type(const struct transfer_export_request *request, struct leat_fault *fault) {
    const char *words = NULL;
    if (request->incremental_given && request->type.data == NULL)
        words = "Export Type expected to be Incremental Export when incremental export specification is provided";
    else if (request->incremental_given && !is_incremental(request))
        words = "When Export Type is Full Export , Incremental Export Specification should not be provided";
    else if (!request->incremental_given && is_incremental(request))
        words = "Incremental Export Specification expected when export type is set as Incremental Export";
    else if (is_incremental(request) && request->from_ms == 0)
        words = "ExportFromTime must be provided in IncrementalExportSpecification";
    else if (request->sse_kms_key_id.data != NULL && !slice_is(request->sse_algorithm, "KMS"))
        words = "KMS Key Id is not supported for this encryption type";
    return words == NULL ? LEAT_OK : fault_set(fault, LEAT_VALIDATION, "Invalid Request: %s", words);
}

static enum leat_code wrong_time(struct leat_fault *fault, const char *words, uint64_t time_ms) {
    char iso[CLOCK_ISO_SIZE];
    clock_iso(time_ms, iso);
    iso[strcspn(iso, ".")] = 0; /* to the second */
    return fault_set(fault, LEAT_INVALID_EXPORT_TIME, "%s : %sZ", words, iso);
}

static enum leat_code check_window(const struct leat_table *table, uint64_t from_ms, uint64_t to_ms, uint64_t now_ms,
                                   struct leat_fault *fault) {
    if (from_ms < table->created_ms)
        return wrong_time(fault, "Incremental export period from time cannot be less than the table creation time", from_ms);
    if (to_ms > now_ms)
        return wrong_time(fault, "Incremental export period to time cannot be greater than the current time", to_ms);
    if (to_ms < from_ms + WINDOW_MS_MIN)
        return fault_set(fault, LEAT_INVALID_EXPORT_TIME,
                         "Difference between export period from time and export period to time is less than 15 minutes");
    if (to_ms > from_ms + WINDOW_MS_MAX)
        return fault_set(fault, LEAT_INVALID_EXPORT_TIME,
                         "Difference between export period from time and export period to time is greater than 24 hours");
    return LEAT_OK;
}

static enum leat_code check_recovery(const struct leat_table *table, struct leat_fault *fault) {
    if (table->recovery_days > 0) return LEAT_OK;
    return fault_set(fault, LEAT_POINT_IN_TIME_RECOVERY_UNAVAILABLE, "Point in time recovery is not enabled for table '%.*s'",
                     SLICE_FORMAT(table->name));
}

/* The times that the export is about, into the record. */
static enum leat_code take_times(const struct transfer_service *service, const struct transfer_export_request *request,
                                 const struct leat_table *table, struct transfer_export *record, struct leat_fault *fault) {
    uint64_t now_ms = service_now(service);
    record->start_ms = (int64_t)now_ms;
    if (is_incremental(request)) {
        uint64_t to_ms = request->to_ms != 0 ? request->to_ms : now_ms;
        TRY(check_window(table, request->from_ms, to_ms, now_ms, fault));
        TRY(check_recovery(table, fault));
        if (request->from_ms <= table->recovery_from_ms)
            return wrong_time(fault, "Incremental export period from time is outside of the point in time recovery window",
                              request->from_ms);
        record->from_ms = (int64_t)request->from_ms;
        record->to_ms = (int64_t)to_ms;
        record->incremental = true;
        return LEAT_OK;
    }
    TRY(check_recovery(table, fault));
    uint64_t time_ms = request->time_ms != 0 ? request->time_ms : now_ms;
    if (time_ms > now_ms || time_ms < table->recovery_from_ms) return fault_set(fault, LEAT_INVALID_EXPORT_TIME, "Export Time is invalid");
    record->time_ms = (int64_t)time_ms;
    return LEAT_OK;
}

/* At AWS there is at least a file for each partition; here the hash space is cut as the table's partitions cut it. */
static int64_t segments_of(const struct leat_table *table) {
    int64_t read = (table->read_units + UNITS_READ - 1) / UNITS_READ, write = (table->write_units + UNITS_WRITE - 1) / UNITS_WRITE;
    if (table->billing == LEAT_PAY_PER_REQUEST) return SEGMENTS_ON_DEMAND;
    int64_t segments = read > write ? read : write;
    if (segments < 1) return 1;
    return segments < SEGMENTS_MAX ? segments : SEGMENTS_MAX;
}

static struct leat_slice text_or(struct leat_slice text, const char *otherwise) {
    return text.data != NULL ? text : slice_text(otherwise);
}

static enum leat_code check_prefix(struct arena *arena, const struct transfer_export *record, struct leat_fault *fault) {
    struct leat_slice key = export_key(arena, record, "manifest-summary.json");
    if (key.data == NULL) return fault_memory(fault);
    if (bucket_key_good(key)) return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION, "One or more parameter values were invalid: S3Prefix is not a plain relative path: %.*s",
                     SLICE_FORMAT(record->prefix));
}

static enum leat_code make_record(struct transfer_service *service, const struct transfer_export_request *request,
                                  const struct leat_table *table, struct arena *arena, struct transfer_export *out,
                                  struct leat_fault *fault) {
    char id[SERVICE_ID_SIZE], uuid[RANDOM_UUID_SIZE];
    *out = (struct transfer_export){.phase = EXPORT_NEW};
    TRY(take_times(service, request, table, out, fault));
    service_new_id(service, id);
    random_uuid(uuid);
    out->kind = SLICE("export");
    out->id = arena_copy(arena, slice_text(id));
    out->arn = arena_print(arena, "%.*s/export/%s", SLICE_FORMAT(table->arn), id);
    out->status = SLICE("IN_PROGRESS");
    out->table_arn = arena_copy(arena, table->arn);
    out->table_id = arena_copy(arena, table->id);
    out->table = arena_copy(arena, table->name);
    out->partition_key = arena_copy(arena, table->partition_key);
    out->sort_key = arena_copy(arena, table->sort_key);
    out->client_token = request->client_token.data != NULL ? request->client_token : arena_copy(arena, slice_text(uuid));
    out->bucket = request->bucket;
    out->bucket_owner = request->bucket_owner;
    out->prefix = request->prefix;
    out->sse_algorithm = text_or(request->sse_algorithm, "AES256");
    out->sse_kms_key_id = request->sse_kms_key_id;
    out->format = text_or(request->format, "DYNAMODB_JSON");
    if (is_incremental(request)) out->view = text_or(request->view, "NEW_AND_OLD_IMAGES");
    out->segments = segments_of(table);
    out->item_total = (int64_t)table->item_count;
    if (out->id.data == NULL || out->arn.data == NULL || out->table_arn.data == NULL || out->table_id.data == NULL)
        return fault_memory(fault);
    return check_prefix(arena, out, fault);
}

/* ---- the token ---- */

static struct leat_slice number_text(struct arena *arena, uint64_t number) {
    return arena_print(arena, "%llu", (unsigned long long)number);
}

static void hash_request(const struct transfer_export_request *request, struct arena *arena, char out[SERVICE_HASH_SIZE]) {
    const struct leat_slice parts[] = {
        request->table_arn, request->bucket, request->bucket_owner, request->prefix, request->sse_algorithm, request->sse_kms_key_id,
        request->format, request->type, request->view, number_text(arena, request->time_ms), number_text(arena, request->from_ms),
        number_text(arena, request->to_ms),
    };
    service_hash(parts, sizeof parts / sizeof parts[0], out);
}

/* What an earlier request with this token has started. LEAT_RESOURCE_NOT_FOUND: none that still counts. */
static enum leat_code replay(struct transfer_service *service, struct leat_slice token, const char *hash, struct arena *arena,
                             struct transfer_export *out, struct leat_fault *fault) {
    struct ledger_token known;
    if (token.data == NULL) return LEAT_RESOURCE_NOT_FOUND;
    TRY(ledger_get(service->db, LEDGER_EXPORTS, SLICE("token"), token, arena, ledger_token_fields, &known, fault));
    TRY(ledger_get(service->db, LEDGER_EXPORTS, SLICE("export"), known.job, arena, ledger_export_fields, out, fault));
    if (out->phase == EXPORT_NEW) return LEAT_RESOURCE_NOT_FOUND; /* it failed before it was answered */
    if (out->end_ms != 0 && service_now(service) > (uint64_t)out->end_ms + SERVICE_TOKEN_MS) return LEAT_RESOURCE_NOT_FOUND;
    if (slice_is(known.request, hash)) return LEAT_OK;
    return fault_set(fault, LEAT_EXPORT_CONFLICT, "Export conflict: Duplicate request detected with conflicting parameters");
}

/* ---- the copy ---- */

/* One of the export's tables: the copies begin, the table of keys is there at once. */
static enum leat_code make_table(struct transfer_service *service, const struct leat_table *source, const struct transfer_export *record,
                                 enum export_table which, struct leat_fault *fault) {
    char name[EXPORT_TABLE_SIZE];
    struct leat_description description = {0};
    export_table_name(record->id, which, name);
    const struct leat_table target = {
        .name = slice_text(name),
        .attributes = source->attributes,
        .attribute_count = source->attribute_count,
        .partition_key = source->partition_key,
        .sort_key = source->sort_key,
        .billing = LEAT_PROVISIONED, /* one partition is enough */
        .read_units = 1,
        .write_units = 1,
    };
    bool now = !record->incremental && record->time_ms == record->start_ms;
    const struct leat_copy copy = {
        .source = source->name, .source_id = source->id, .at_ms = now ? 0 : export_moment(record, which), .target = &target};
    enum leat_code code = which == EXPORT_KEYS ? leat_table_create(service->db, &target, &description, fault)
                                               : leat_table_copy(service->db, &copy, &description, fault);
    leat_description_free(&description);
    if (code == LEAT_RESOURCE_NOT_FOUND) return no_table(source->arn, fault); /* deleted since it was looked at */
    if (code == LEAT_INVALID_RESTORE_TIME)
        return fault_set(fault, LEAT_INVALID_EXPORT_TIME, "Point in Time Recovery is not available for specified export time");
    return code;
}

/* Attributes of keys only: the source may have more, for its indexes. */
static enum leat_code make_tables(struct transfer_service *service, const struct leat_table *source, const struct transfer_export *record,
                                  struct leat_fault *fault) {
    struct leat_attribute keys[2];
    struct leat_table bare = *source;
    bare.attributes = keys;
    bare.attribute_count = 0;
    for (size_t i = 0; i < source->attribute_count; i++) {
        struct leat_slice name = source->attributes[i].name;
        bool key = slice_equal(name, source->partition_key) || (source->sort_key.data != NULL && slice_equal(name, source->sort_key));
        if (key && bare.attribute_count < 2) keys[bare.attribute_count++] = source->attributes[i];
    }
    for (enum export_table which = EXPORT_TO; which < EXPORT_TABLES; which++)
        if (export_has_table(record, which)) TRY(make_table(service, &bare, record, which, fault));
    return LEAT_OK;
}

/* Record first, tables then: what is left over after a crash between the two is found by the record. */
static enum leat_code begin(struct transfer_service *service, const struct leat_table *table, const struct transfer_export_request *request,
                            const char *hash, struct transfer_export *record, struct leat_fault *fault) {
    const struct ledger_token token = {SLICE("token"), request->client_token, record->id, slice_text(hash)};
    const struct ledger_record records[] = {{ledger_export_fields, record}, {ledger_token_fields, &token}};
    TRY(ledger_put(service->db, LEDGER_EXPORTS, records, request->client_token.data != NULL ? 2 : 1, fault));
    enum leat_code code = make_tables(service, table, record, fault);
    if (code == LEAT_OK) {
        record->phase = EXPORT_COPYING;
        code = ledger_put(service->db, LEDGER_EXPORTS, records, 1, fault);
    }
    /* what could not be started is undone there, too */
    enum leat_code queued = service_enqueue(service, export_run, record->id, code == LEAT_OK ? fault : NULL);
    return code == LEAT_OK ? queued : code;
}

static enum leat_code start(struct transfer_service *service, const struct transfer_export_request *request, const struct leat_table *table,
                            struct arena *arena, struct transfer_export *out, struct leat_fault *fault) {
    char hash[SERVICE_HASH_SIZE];
    TRY(check_type(request, fault));
    hash_request(request, arena, hash);
    TRY(ledger_open(service->db, fault));
    enum leat_code code = replay(service, request->client_token, hash, arena, out, fault);
    if (code != LEAT_RESOURCE_NOT_FOUND) return code;
    TRY(make_record(service, request, table, arena, out, fault));
    return begin(service, table, request, hash, out, fault);
}

enum leat_code transfer_export_start(struct transfer_service *service, const struct transfer_export_request *request, struct arena *arena,
                                     struct transfer_export *out, struct leat_fault *fault) {
    struct leat_description table = {0};
    enum leat_code code = find_table(service, request->table_arn, &table, fault);
    if (code == LEAT_OK) {
        pthread_mutex_lock(&service->control);
        code = start(service, request, &table.table, arena, out, fault);
        pthread_mutex_unlock(&service->control);
    }
    leat_description_free(&table);
    return code;
}
