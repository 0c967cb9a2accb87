/* Pieces of answers: consumed capacity and item collection metrics. */
#include "api/dynamodb/dynamodb.h"
#include "base/slice.h"
#include "item/item_json.h"

const struct api_choice dynamodb_capacity_choices[] = {
    {"INDEXES", DYNAMODB_CAPACITY_INDEXES}, {"TOTAL", DYNAMODB_CAPACITY_TOTAL}, {"NONE", DYNAMODB_CAPACITY_NONE}, {NULL, 0}};
const struct api_choice dynamodb_metrics_choices[] = {{"SIZE", DYNAMODB_METRICS_SIZE}, {"NONE", 0}, {NULL, 0}};
const struct api_choice dynamodb_on_failure_choices[] = {{"ALL_OLD", DYNAMODB_ON_FAILURE_ALL_OLD}, {"NONE", 0}, {NULL, 0}};

void dynamodb_write_double(struct api_call *call, double value) {
    struct leat_slice text = arena_print(call->arena, "%.1f", value);
    json_verbatim(&call->json, text.data != NULL ? text : SLICE("0"));
}

static void write_units(struct api_call *call, const struct dynamodb_consumed *consumed, double units) {
    json_key(&call->json, "CapacityUnits");
    dynamodb_write_double(call, units);
    if (!consumed->transaction) return;
    json_key(&call->json, consumed->write ? "WriteCapacityUnits" : "ReadCapacityUnits");
    dynamodb_write_double(call, units);
}

static bool is_local(struct api_call *call, const struct dynamodb_consumed *consumed) {
    struct leat_description description = {0};
    if (leat_table_describe(call->server->db, consumed->table, &description, NULL) != LEAT_OK) return false;
    bool local = false;
    for (size_t i = 0; i < description.table.index_count; i++)
        if (slice_equal(description.table.indexes[i].name, consumed->index)) local = description.table.indexes[i].local;
    leat_description_free(&description);
    return local;
}

void dynamodb_write_consumed(struct api_call *call, const struct dynamodb_consumed *consumed) {
    struct json_writer *json = &call->json;
    bool indexed = consumed->index.data != NULL;
    json_object(json);
    json_key(json, "TableName");
    json_string(json, consumed->table);
    write_units(call, consumed, consumed->units);
    if (consumed->detail == DYNAMODB_CAPACITY_INDEXES) {
        json_key(json, "Table");
        json_object(json);
        write_units(call, consumed, indexed ? 0 : consumed->units);
        json_object_end(json);
        if (indexed) {
            json_key(json, is_local(call, consumed) ? "LocalSecondaryIndexes" : "GlobalSecondaryIndexes");
            json_object(json);
            json_key_slice(json, consumed->index);
            json_object(json);
            write_units(call, consumed, consumed->units);
            json_object_end(json);
            json_object_end(json);
        }
    }
    json_object_end(json);
}

void dynamodb_write_metrics(struct api_call *call, struct leat_slice table, struct leat_slice item) {
    struct json_writer *json = &call->json;
    struct leat_description description = {0};
    if (leat_table_describe(call->server->db, table, &description, NULL) != LEAT_OK) return;
    bool local = false;
    for (size_t i = 0; i < description.table.index_count; i++) local |= description.table.indexes[i].local;
    struct item_value key;
    if (local && item_find(item, description.table.partition_key, &key)) {
        json_key(json, "ItemCollectionMetrics");
        json_object(json);
        json_key(json, "ItemCollectionKey");
        json_object(json);
        json_key_slice(json, description.table.partition_key);
        item_value_to_json(json, &key);
        json_object_end(json);
        /* AWS's estimate is a range of 1 GB width; collections here are not counted */
        json_key(json, "SizeEstimateRangeGB");
        json_verbatim(json, SLICE("[0.0,1.0]"));
        json_object_end(json);
    }
    leat_description_free(&description);
}
