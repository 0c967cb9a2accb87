#include "transfer/ledger.h"

#include "base/slice.h"
#include "item/value.h"
#include "transfer/transfer.h"

enum { ITEM_BYTES_MAX = 400 * 1024, RECORDS_MAX = 4 };

/* Names that are not among the reserved words of expressions. */
#define KIND "RecordKind"
#define ID "RecordId"

#define TEXT(member, name) RECORD_FIELD(struct RECORD, member, name, RECORD_TEXT)
#define INT(member, name) RECORD_FIELD(struct RECORD, member, name, RECORD_INT)

#define RECORD transfer_export
const struct record_field ledger_export_fields[] = {
    TEXT(kind, KIND), TEXT(id, ID), TEXT(arn, "ExportArn"), TEXT(status, "ExportStatus"), TEXT(table_arn, "TableArn"),
    TEXT(table_id, "TableId"), TEXT(client_token, "ClientToken"), TEXT(bucket, "S3Bucket"), TEXT(bucket_owner, "S3BucketOwner"),
    TEXT(prefix, "S3Prefix"), TEXT(sse_algorithm, "S3SseAlgorithm"), TEXT(sse_kms_key_id, "S3SseKmsKeyId"), TEXT(format, "ExportFormat"),
    TEXT(view, "ExportViewType"), TEXT(manifest, "ExportManifest"), TEXT(failure_code, "FailureCode"),
    TEXT(failure_message, "FailureMessage"), INT(start_ms, "StartTime"), INT(end_ms, "EndTime"), INT(time_ms, "ExportTime"),
    INT(from_ms, "ExportFromTime"), INT(to_ms, "ExportToTime"), INT(incremental, "Incremental"), INT(item_count, "ItemCount"),
    INT(billed_bytes, "BilledSizeBytes"), INT(item_total, "ItemTotal"), INT(phase, "Phase"), INT(segments, "Segments"),
    INT(segment, "Segment"), INT(file, "File"), INT(items_done, "ItemsDone"), INT(part, "Part"), INT(after, "After"),
    TEXT(partition_key, "PartitionKey"), TEXT(sort_key, "SortKey"), TEXT(table, "TableName"),
    RECORD_FIELD(struct transfer_export, place, "Place", RECORD_BYTES), RECORD_END,
};
#undef RECORD

#define RECORD transfer_import
const struct record_field ledger_import_fields[] = {
    TEXT(kind, KIND), TEXT(id, ID), TEXT(arn, "ImportArn"), TEXT(status, "ImportStatus"), TEXT(table_arn, "TableArn"),
    TEXT(table_id, "TableId"), TEXT(table, "TableName"), TEXT(client_token, "ClientToken"), TEXT(bucket, "S3Bucket"),
    TEXT(bucket_owner, "S3BucketOwner"), TEXT(key_prefix, "S3KeyPrefix"), TEXT(format, "InputFormat"),
    TEXT(compression, "InputCompressionType"), TEXT(delimiter, "Delimiter"), TEXT(headers, "HeaderList"),
    TEXT(parameters_json, "TableCreationParameters"), TEXT(options_json, "InputFormatOptions"),
    TEXT(log_group_arn, "CloudWatchLogGroupArn"), TEXT(failure_code, "FailureCode"), TEXT(failure_message, "FailureMessage"),
    INT(start_ms, "StartTime"), INT(end_ms, "EndTime"), INT(error_count, "ErrorCount"), INT(processed_bytes, "ProcessedSizeBytes"),
    INT(processed_items, "ProcessedItemCount"), INT(imported_items, "ImportedItemCount"), INT(phase, "Phase"), INT(offset, "Offset"),
    INT(index, "ItemIndex"), INT(log_bytes, "LogSizeBytes"), TEXT(object, "Object"), RECORD_END,
};
#undef RECORD

#define RECORD ledger_token
const struct record_field ledger_token_fields[] = {TEXT(kind, KIND), TEXT(id, ID), TEXT(job, "Job"), TEXT(request, "Request"), RECORD_END};

/* ---- tables ---- */

static enum leat_code make_table(struct leat *db, struct leat_slice name, struct leat_fault *fault) {
    struct leat_description description = {0};
    enum leat_code code = leat_table_describe(db, name, &description, fault);
    leat_description_free(&description);
    if (code != LEAT_RESOURCE_NOT_FOUND) return code;
    const struct leat_attribute attributes[] = {{SLICE(KIND), 'S'}, {SLICE(ID), 'S'}};
    const struct leat_table table = {
        .name = name,
        .attributes = attributes,
        .attribute_count = 2,
        .partition_key = SLICE(KIND),
        .sort_key = SLICE(ID),
        .billing = LEAT_PROVISIONED, /* one partition is enough */
        .read_units = 1,
        .write_units = 1,
    };
    code = leat_table_create(db, &table, &description, fault);
    leat_description_free(&description);
    return code;
}

enum leat_code ledger_open(struct leat *db, struct leat_fault *fault) {
    TRY(make_table(db, SLICE(LEDGER_EXPORTS), fault));
    return make_table(db, SLICE(LEDGER_IMPORTS), fault);
}

/* ---- single records ---- */

static enum leat_code put_all(struct leat *db, struct leat_write *writes, size_t count, struct leat_fault *fault) {
    struct leat_result result = {0};
    enum leat_code code = count == 1 ? leat_write(db, writes, &result, fault)
                                     : leat_transact(db, writes, count, slice_of(NULL, 0), &result, fault);
    leat_result_free(&result);
    return code;
}

enum leat_code ledger_put(struct leat *db, const char *table, const struct ledger_record *records, size_t count, struct leat_fault *fault) {
    struct leat_write writes[RECORDS_MAX];
    size_t ends[RECORDS_MAX + 1] = {0};
    struct buf bytes;
    enum leat_code code = LEAT_OK;
    buf_init(&bytes, (size_t)RECORDS_MAX * ITEM_BYTES_MAX);
    for (size_t i = 0; i < count && code == LEAT_OK; i++) {
        code = record_write(records[i].fields, records[i].record, &bytes, fault);
        ends[i + 1] = bytes.size;
    }
    for (size_t i = 0; i < count; i++) {
        struct leat_slice item = slice_of(bytes.data + ends[i], ends[i + 1] - ends[i]);
        writes[i] = (struct leat_write){.kind = LEAT_PUT, .table = slice_text(table), .item = item};
    }
    if (code == LEAT_OK) code = put_all(db, writes, count, fault);
    buf_fini(&bytes);
    return code;
}

static void put_text(struct buf *out, const char *name, struct leat_slice text) {
    item_put_name(out, slice_text(name));
    item_put_string(out, text);
}

static enum leat_code make_key(struct buf *out, struct leat_slice kind, struct leat_slice id, struct leat_fault *fault) {
    buf_init(out, ITEM_BYTES_MAX);
    put_text(out, KIND, kind);
    put_text(out, ID, id);
    return item_close(out, 0) == LEAT_OK && buf_ok(out) ? LEAT_OK : fault_memory(fault);
}

enum leat_code ledger_delete(struct leat *db, const char *table, struct leat_slice kind, struct leat_slice id, struct leat_fault *fault) {
    struct buf key;
    enum leat_code code = make_key(&key, kind, id, fault);
    if (code == LEAT_OK) code = leat_delete(db, table, buf_view(&key), fault);
    buf_fini(&key);
    return code;
}

enum leat_code ledger_get(struct leat *db, const char *table, struct leat_slice kind, struct leat_slice id, struct arena *arena,
                         const struct record_field *fields, void *record, struct leat_fault *fault) {
    struct leat_result result = {0};
    struct buf key;
    enum leat_code code = make_key(&key, kind, id, fault);
    const struct leat_get get = {.table = slice_text(table), .key = buf_view(&key), .consistent = true};
    if (code == LEAT_OK) code = leat_get(db, &get, &result, fault);
    if (code == LEAT_OK && (result.count == 0 || result.items[0].data == NULL)) code = LEAT_RESOURCE_NOT_FOUND;
    if (code == LEAT_OK) code = record_read(fields, result.items[0], arena, record, fault);
    leat_result_free(&result);
    buf_fini(&key);
    return code;
}

/* ---- many ---- */

static enum leat_code hand_over(const struct ledger_walk *walk, const struct leat_result *page, bool *go_on, struct leat_fault *fault) {
    for (size_t i = 0; i < page->count && *go_on; i++) TRY(walk->each(walk->context, page->items[i], go_on, fault));
    return LEAT_OK;
}

static enum leat_code walk_pages(struct leat *db, const struct ledger_walk *walk, struct leat_query *query, struct leat_fault *fault) {
    struct leat_result page = {0}, next = {0};
    enum leat_code code = LEAT_OK;
    for (bool go_on = true; go_on && code == LEAT_OK;) {
        code = leat_query(db, query, &next, fault);
        leat_result_free(&page); /* the query's start was borrowed from it */
        page = next;
        next = (struct leat_result){0};
        if (code == LEAT_OK) code = hand_over(walk, &page, &go_on, fault);
        query->start = page.last_key;
        if (query->start.data == NULL) break;
    }
    leat_result_free(&page);
    return code;
}

enum leat_code ledger_walk(struct leat *db, const struct ledger_walk *walk, struct leat_fault *fault) {
    struct buf values, start = {0};
    buf_init(&values, ITEM_BYTES_MAX);
    put_text(&values, ":kind", walk->kind);
    enum leat_code code = item_close(&values, 0) == LEAT_OK && buf_ok(&values) ? LEAT_OK : fault_memory(fault);
    if (code == LEAT_OK && walk->after.data != NULL) code = make_key(&start, walk->kind, walk->after, fault);
    struct leat_query query = {
        .table = slice_text(walk->table),
        .key_condition = SLICE(KIND " = :kind"),
        .values = buf_view(&values),
        .backward = walk->backward,
        .consistent = true,
    };
    if (walk->after.data != NULL) query.start = buf_view(&start);
    if (code == LEAT_OK) code = walk_pages(db, walk, &query, fault);
    buf_fini(&values);
    buf_fini(&start);
    return code;
}
