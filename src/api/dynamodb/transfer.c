/* ExportDescription and ImportTableDescription. Source: Amazon DynamoDB API Reference; which members are there when, as observed at AWS.
 * Unlike there, ItemCount grows while an export goes on: it is what progress is shown by. */
#include "api/dynamodb/transfer.h"

#include "base/slice.h"

void dynamodb_text_member(struct json_writer *json, const char *name, struct leat_slice text) {
    if (text.data == NULL) return;
    json_key(json, name);
    json_string(json, text);
}

void dynamodb_time_member(struct json_writer *json, const char *name, int64_t time_ms) {
    if (time_ms == 0) return;
    json_key(json, name);
    json_seconds(json, (uint64_t)time_ms);
}

static void int_member(struct json_writer *json, const char *name, int64_t value) {
    json_key(json, name);
    json_int(json, value);
}

static void incremental(struct json_writer *json, const struct transfer_export *record) {
    json_key(json, "IncrementalExportSpecification");
    json_object(json);
    dynamodb_time_member(json, "ExportFromTime", record->from_ms);
    dynamodb_time_member(json, "ExportToTime", record->to_ms);
    dynamodb_text_member(json, "ExportViewType", record->view);
    json_object_end(json);
}

void dynamodb_answer_export(struct api_call *call, enum leat_code code, const struct transfer_export *record) {
    struct json_writer *json = &call->json;
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    json_object(json);
    json_key(json, "ExportDescription");
    json_object(json);
    dynamodb_text_member(json, "ExportArn", record->arn);
    dynamodb_text_member(json, "ExportStatus", record->status);
    dynamodb_time_member(json, "StartTime", record->start_ms);
    dynamodb_time_member(json, "EndTime", record->end_ms);
    dynamodb_text_member(json, "ExportManifest", record->manifest);
    dynamodb_text_member(json, "TableArn", record->table_arn);
    dynamodb_text_member(json, "TableId", record->table_id);
    dynamodb_time_member(json, "ExportTime", record->time_ms);
    dynamodb_text_member(json, "ClientToken", record->client_token);
    dynamodb_text_member(json, "S3Bucket", record->bucket);
    dynamodb_text_member(json, "S3BucketOwner", record->bucket_owner);
    dynamodb_text_member(json, "S3Prefix", record->prefix);
    dynamodb_text_member(json, "S3SseAlgorithm", record->sse_algorithm);
    dynamodb_text_member(json, "S3SseKmsKeyId", record->sse_kms_key_id);
    dynamodb_text_member(json, "FailureCode", record->failure_code);
    dynamodb_text_member(json, "FailureMessage", record->failure_message);
    dynamodb_text_member(json, "ExportFormat", record->format);
    if (record->manifest.data != NULL) int_member(json, "BilledSizeBytes", record->billed_bytes);
    if (record->failure_code.data == NULL) int_member(json, "ItemCount", record->item_count);
    if (record->incremental) incremental(json, record);
    json_object_end(json);
    json_object_end(json);
    api_done(call);
}

void dynamodb_bucket_source(struct json_writer *json, const struct transfer_import *record) {
    json_key(json, "S3BucketSource");
    json_object(json);
    dynamodb_text_member(json, "S3BucketOwner", record->bucket_owner);
    dynamodb_text_member(json, "S3Bucket", record->bucket);
    dynamodb_text_member(json, "S3KeyPrefix", record->key_prefix);
    json_object_end(json);
}

static void verbatim_member(struct json_writer *json, const char *name, struct leat_slice value) {
    if (value.data == NULL) return;
    json_key(json, name);
    json_verbatim(json, value);
}

void dynamodb_answer_import(struct api_call *call, enum leat_code code, const struct transfer_import *record) {
    struct json_writer *json = &call->json;
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    json_object(json);
    json_key(json, "ImportTableDescription");
    json_object(json);
    dynamodb_text_member(json, "ImportArn", record->arn);
    dynamodb_text_member(json, "ImportStatus", record->status);
    dynamodb_text_member(json, "TableArn", record->table_arn);
    dynamodb_text_member(json, "TableId", record->table_id);
    dynamodb_text_member(json, "ClientToken", record->client_token);
    dynamodb_bucket_source(json, record);
    int_member(json, "ErrorCount", record->error_count);
    dynamodb_text_member(json, "CloudWatchLogGroupArn", record->log_group_arn);
    dynamodb_text_member(json, "InputFormat", record->format);
    verbatim_member(json, "InputFormatOptions", record->options_json);
    dynamodb_text_member(json, "InputCompressionType", record->compression);
    verbatim_member(json, "TableCreationParameters", record->parameters_json);
    dynamodb_time_member(json, "StartTime", record->start_ms);
    dynamodb_time_member(json, "EndTime", record->end_ms);
    int_member(json, "ProcessedSizeBytes", record->processed_bytes);
    int_member(json, "ProcessedItemCount", record->processed_items);
    int_member(json, "ImportedItemCount", record->imported_items);
    dynamodb_text_member(json, "FailureCode", record->failure_code);
    dynamodb_text_member(json, "FailureMessage", record->failure_message);
    json_object_end(json);
    json_object_end(json);
    api_done(call);
}

void dynamodb_answer_page(struct api_call *call, enum leat_code code, const struct transfer_page *page, const char *name,
                          void (*write_one)(struct json_writer *json, const struct transfer_page *page, size_t i)) {
    struct json_writer *json = &call->json;
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    json_object(json);
    json_key(json, name);
    json_array(json);
    for (size_t i = 0; i < page->count; i++) write_one(json, page, i);
    json_array_end(json);
    if (page->next_token[0] != 0) dynamodb_text_member(json, "NextToken", slice_text(page->next_token));
    json_object_end(json);
    api_done(call);
}
