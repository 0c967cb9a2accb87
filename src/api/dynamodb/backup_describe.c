/* BackupDetails and BackupDescription. Source: Amazon DynamoDB API Reference. */
#include "api/dynamodb/backup.h"
#include "api/dynamodb/encryption.h"
#include "base/slice.h"

const char *backup_status(const struct backup *backup) { return backup->creating ? "CREATING" : "AVAILABLE"; }

static void member_text(struct json_writer *json, const char *name, struct leat_slice text) {
    json_key(json, name);
    json_string(json, text);
}

static void member_int(struct json_writer *json, const char *name, uint64_t value) {
    json_key(json, name);
    json_int(json, (int64_t)value);
}

static void member_time(struct json_writer *json, const char *name, uint64_t milliseconds) {
    json_key(json, name);
    json_seconds(json, milliseconds);
}

void backup_write_details(struct api_call *call, const struct backup *backup, const char *status) {
    struct json_writer *json = &call->json;
    member_text(json, "BackupArn", backup_arn(call->arena, backup));
    member_text(json, "BackupName", backup->name);
    member_int(json, "BackupSizeBytes", backup->source.size_bytes);
    member_text(json, "BackupStatus", slice_text(status));
    member_text(json, "BackupType", backup->system ? SLICE("SYSTEM") : SLICE("USER"));
    member_time(json, "BackupCreationDateTime", backup->created_ms);
    if (backup->expires_ms != 0) member_time(json, "BackupExpiryDateTime", backup->expires_ms);
}

static void throughput(struct json_writer *json, int64_t read, int64_t write) {
    json_key(json, "ProvisionedThroughput");
    json_object(json);
    member_int(json, "ReadCapacityUnits", (uint64_t)read);
    member_int(json, "WriteCapacityUnits", (uint64_t)write);
    json_object_end(json);
}

static void source_details(struct api_call *call, const struct leat_table *source) {
    struct json_writer *json = &call->json;
    json_key(json, "SourceTableDetails");
    json_object(json);
    member_text(json, "TableName", source->name);
    member_text(json, "TableId", source->id);
    member_text(json, "TableArn", source->arn);
    member_int(json, "TableSizeBytes", source->size_bytes);
    dynamodb_write_keys(json, source->partition_key, source->sort_key);
    member_time(json, "TableCreationDateTime", source->created_ms);
    throughput(json, source->read_units, source->write_units);
    on_demand_describe(call, source, NULL);
    member_int(json, "ItemCount", source->item_count);
    member_text(json, "BillingMode", source->billing == LEAT_PAY_PER_REQUEST ? SLICE("PAY_PER_REQUEST") : SLICE("PROVISIONED"));
    json_object_end(json);
}

static void index_infos(struct api_call *call, const struct leat_table *source, const char *name, bool local) {
    struct json_writer *json = &call->json;
    bool any = false;
    for (size_t i = 0; i < source->index_count; i++) {
        const struct leat_index *index = &source->indexes[i];
        if (index->local != local) continue;
        if (!any) {
            json_key(json, name);
            json_array(json);
        }
        any = true;
        json_object(json);
        member_text(json, "IndexName", index->name);
        dynamodb_write_keys(json, index->partition_key, index->sort_key);
        dynamodb_write_projection(json, index);
        if (!local) throughput(json, index->read_units, index->write_units);
        if (!local) on_demand_describe(call, source, index);
        json_object_end(json);
    }
    if (any) json_array_end(json);
}

/* Only what the table had: an empty object for a plain one. */
static void feature_details(struct api_call *call, const struct leat_table *source) {
    struct json_writer *json = &call->json;
    json_key(json, "SourceTableFeatureDetails");
    json_object(json);
    index_infos(call, source, "LocalSecondaryIndexes", true);
    index_infos(call, source, "GlobalSecondaryIndexes", false);
    if (source->stream != LEAT_VIEW_NONE) {
        json_key(json, "StreamDescription");
        dynamodb_write_stream(json, source->stream);
    }
    if (source->ttl_attribute.data != NULL) {
        json_key(json, "TimeToLiveDescription");
        json_object(json);
        member_text(json, "TimeToLiveStatus", SLICE("ENABLED"));
        member_text(json, "AttributeName", source->ttl_attribute);
        json_object_end(json);
    }
    encryption_describe(json, source, false);
    json_object_end(json);
}

void backup_write_description(struct api_call *call, const struct backup *backup, const char *status) {
    struct json_writer *json = &call->json;
    json_object(json);
    json_key(json, "BackupDetails");
    json_object(json);
    backup_write_details(call, backup, status);
    json_object_end(json);
    source_details(call, &backup->source);
    feature_details(call, &backup->source);
    if (backup->creating) backup_write_progress(json, backup->progress_done, backup->progress_total);
    json_object_end(json);
}

void backup_write_progress(struct json_writer *json, uint64_t done, uint64_t total) {
    json_key(json, "LeatProgress");
    json_object(json);
    member_int(json, "Done", done);
    member_int(json, "Total", total);
    json_object_end(json);
}
