/* TableDescription. Source: Amazon DynamoDB API Reference; recorded answers. */
#include "api/dynamodb/backup.h"
#include "api/dynamodb/dynamodb.h"
#include "api/dynamodb/encryption.h"
#include "api/dynamodb/restore.h"
#include "base/clock.h"
#include "base/slice.h"

static const char *const status_names[] = {"CREATING", "ACTIVE", "UPDATING", "DELETING"};
static const char *const view_names[] = {"", "KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"};
static const char *const projection_names[] = {"ALL", "KEYS_ONLY", "INCLUDE"};

static void key_element(struct json_writer *json, struct leat_slice name, const char *type) {
    if (name.data == NULL) return;
    json_object(json);
    json_key(json, "AttributeName");
    json_string(json, name);
    json_key(json, "KeyType");
    json_text(json, type);
    json_object_end(json);
}

void dynamodb_write_keys(struct json_writer *json, struct leat_slice partition, struct leat_slice sort) {
    json_key(json, "KeySchema");
    json_array(json);
    key_element(json, partition, "HASH");
    key_element(json, sort, "RANGE");
    json_array_end(json);
}

static void member_int(struct json_writer *json, const char *name, int64_t value) {
    json_key(json, name);
    json_int(json, value);
}

static void member_text(struct json_writer *json, const char *name, const char *text) {
    json_key(json, name);
    json_text(json, text);
}

static void definitions(struct json_writer *json, const struct leat_table *table) {
    json_key(json, "AttributeDefinitions");
    json_array(json);
    for (size_t i = 0; i < table->attribute_count; i++) {
        json_object(json);
        json_key(json, "AttributeName");
        json_string(json, table->attributes[i].name);
        json_key(json, "AttributeType");
        json_string(json, slice_of(&table->attributes[i].type, 1));
        json_object_end(json);
    }
    json_array_end(json);
}

static void provisioned(struct json_writer *json, const struct leat_table *table) {
    json_key(json, "ProvisionedThroughput");
    json_object(json);
    if (table->throughput_increased_ms != 0) {
        json_key(json, "LastIncreaseDateTime");
        json_seconds(json, table->throughput_increased_ms);
    }
    if (table->throughput_decreased_ms != 0) {
        json_key(json, "LastDecreaseDateTime");
        json_seconds(json, table->throughput_decreased_ms);
    }
    member_int(json, "NumberOfDecreasesToday", (int64_t)table->throughput_decreases_today);
    member_int(json, "ReadCapacityUnits", table->read_units);
    member_int(json, "WriteCapacityUnits", table->write_units);
    json_object_end(json);
}

void dynamodb_write_projection(struct json_writer *json, const struct leat_index *index) {
    json_key(json, "Projection");
    json_object(json);
    member_text(json, "ProjectionType", projection_names[index->projection]);
    if (index->projection == LEAT_PROJECT_INCLUDE) {
        json_key(json, "NonKeyAttributes");
        json_array(json);
        for (size_t i = 0; i < index->include_count; i++) json_string(json, index->include[i]);
        json_array_end(json);
    }
    json_object_end(json);
}

static void index_description(struct api_call *call, const struct leat_table *table, const struct leat_index *index,
                              bool changing) {
    struct json_writer *json = &call->json;
    json_object(json);
    json_key(json, "IndexName");
    json_string(json, index->name);
    dynamodb_write_keys(json, index->partition_key, index->sort_key);
    dynamodb_write_projection(json, index);
    if (!index->local) {
        member_text(json, "IndexStatus", status_names[index->status]);
        if (index->status == LEAT_CREATING && table->status != LEAT_CREATING) { /* not of one that came with its table */
            json_key(json, "Backfilling");
            json_bool(json, index->filling);
        }
        json_key(json, "ProvisionedThroughput");
        json_object(json);
        member_int(json, "NumberOfDecreasesToday", 0);
        member_int(json, "ReadCapacityUnits", index->read_units);
        member_int(json, "WriteCapacityUnits", index->write_units);
        json_object_end(json);
        on_demand_describe(call, table, index);
        warm_describe(call, table, index, changing || table->status == LEAT_CREATING);
    }
    member_int(json, "IndexSizeBytes", (int64_t)index->size_bytes);
    member_int(json, "ItemCount", (int64_t)index->item_count);
    json_key(json, "IndexArn");
    struct leat_slice arn = arena_print(call->arena, "%.*s/index/%.*s", SLICE_FORMAT(table->arn), SLICE_FORMAT(index->name));
    json_string(json, arn);
    json_object_end(json);
}

static void indexes(struct api_call *call, const struct leat_table *table, const char *name, bool local, bool changing) {
    struct json_writer *json = &call->json;
    bool any = false;
    for (size_t i = 0; i < table->index_count; i++) {
        if (table->indexes[i].local != local) continue;
        if (!any) {
            json_key(json, name);
            json_array(json);
            any = true;
        }
        index_description(call, table, &table->indexes[i], changing);
    }
    if (any) json_array_end(json);
}

void dynamodb_write_stream(struct json_writer *json, enum leat_view view) {
    json_object(json);
    json_key(json, "StreamEnabled");
    json_bool(json, true);
    member_text(json, "StreamViewType", view_names[view]);
    json_object_end(json);
}

static void stream(struct json_writer *json, const struct leat_table *table) {
    if (table->stream != LEAT_VIEW_NONE) {
        json_key(json, "StreamSpecification");
        dynamodb_write_stream(json, table->stream);
    }
    if (table->stream_arn.data != NULL) {
        json_key(json, "LatestStreamLabel");
        json_string(json, table->stream_label);
        json_key(json, "LatestStreamArn");
        json_string(json, table->stream_arn);
    }
}

/* A table that never left PROVISIONED has no summary. */
static void billing(struct json_writer *json, const struct leat_table *table) {
    if (table->billing != LEAT_PAY_PER_REQUEST && table->billing_changed_ms == 0) return;
    json_key(json, "BillingModeSummary");
    json_object(json);
    member_text(json, "BillingMode", table->billing == LEAT_PAY_PER_REQUEST ? "PAY_PER_REQUEST" : "PROVISIONED");
    if (table->status != LEAT_CREATING) {
        json_key(json, "LastUpdateToPayPerRequestDateTime");
        json_seconds(json, table->billing_changed_ms != 0 ? table->billing_changed_ms : table->created_ms);
    }
    json_object_end(json);
}

/* Missing: a standard table whose class nobody has ever named. */
static void class_summary(struct json_writer *json, const struct leat_table *table) {
    struct leat_slice class = settings_entry(table, SLICE("class"));
    int64_t changed_ms = item_member_int(table->settings, "class_changed");
    if (class.data == NULL) return;
    json_key(json, "TableClassSummary");
    json_object(json);
    json_key(json, "TableClass");
    json_string(json, class);
    if (changed_ms != 0) {
        json_key(json, "LastUpdateDateTime");
        json_seconds(json, (uint64_t)changed_ms);
    }
    json_object_end(json);
}

/* How far indexes are that were added to a table. */
static void filling_progress(struct json_writer *json, const struct leat_table *table) {
    uint64_t done = 0, total = 0;
    bool filling = false;
    for (size_t i = 0; i < table->index_count && table->status != LEAT_CREATING; i++) {
        if (table->indexes[i].status != LEAT_CREATING) continue;
        filling = true;
        done += table->indexes[i].progress_done;
        total += table->indexes[i].progress_total;
    }
    if (filling) backup_write_progress(json, done, total);
}

static void write_table(struct api_call *call, const struct leat_table *table, struct dynamodb_changing changing) {
    struct json_writer *json = &call->json;
    json_object(json);
    /* recorded: a table that goes has neither its keys nor its age any more */
    if (table->status != LEAT_DELETING) {
        definitions(json, table);
        dynamodb_write_keys(json, table->partition_key, table->sort_key);
        json_key(json, "CreationDateTime");
        json_seconds(json, table->created_ms);
    }
    json_key(json, "TableName");
    json_string(json, table->name);
    member_text(json, "TableStatus", status_names[table->status]);
    provisioned(json, table);
    billing(json, table);
    member_int(json, "TableSizeBytes", (int64_t)table->size_bytes);
    member_int(json, "ItemCount", (int64_t)table->item_count);
    json_key(json, "TableArn");
    json_string(json, table->arn);
    json_key(json, "TableId");
    json_string(json, table->id);
    indexes(call, table, "LocalSecondaryIndexes", true, changing.warm);
    indexes(call, table, "GlobalSecondaryIndexes", false, changing.warm);
    stream(json, table);
    encryption_describe(json, table, changing.encryption);
    class_summary(json, table);
    restore_write_summary(json, table);
    filling_progress(json, table);
    json_key(json, "DeletionProtectionEnabled");
    json_bool(json, table->deletion_protection);
    on_demand_describe(call, table, NULL);
    /* recorded: a table that comes or goes shows none, unless it was asked for */
    if (changing.warm || table->status == LEAT_ACTIVE || table->status == LEAT_UPDATING) warm_describe(call, table, NULL, changing.warm);
    json_object_end(json);
}

void dynamodb_answer_table(struct api_call *call, enum leat_code code, struct leat_description *description, const char *member,
                           struct dynamodb_changing changing) {
    if (code == LEAT_OK) {
        json_object(&call->json);
        json_key(&call->json, member);
        write_table(call, &description->table, changing);
        json_object_end(&call->json);
        api_done(call);
    } else {
        api_fail(call, code, &call->fault);
    }
    leat_description_free(description);
}

const struct api_field dynamodb_table_request_fields[] = {
    DYNAMODB_TABLE_PARAMETER(struct dynamodb_table_request, 1),
    API_FIELDS_END,
};

enum leat_code dynamodb_check_table_name(struct leat_slice table, struct leat_fault *fault) {
    if (table.data != NULL) return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION, "The parameter 'TableName' is required but was not present in the request");
}

enum leat_code dynamodb_check_table_request(struct api_call *call, void *input, struct leat_fault *fault) {
    (void)call;
    return dynamodb_check_table_name(((const struct dynamodb_table_request *)input)->table, fault);
}
