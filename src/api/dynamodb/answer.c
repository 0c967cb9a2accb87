/* Pieces of answers: consumed capacity and item collection metrics. */
#include <inttypes.h>

#include "api/dynamodb/dynamodb.h"
#include "base/slice.h"
#include "item/item_json.h"

const struct api_choice dynamodb_capacity_choices[] = {
    {"INDEXES", DYNAMODB_CAPACITY_INDEXES}, {"TOTAL", DYNAMODB_CAPACITY_TOTAL}, {"NONE", DYNAMODB_CAPACITY_NONE}, {NULL, 0}};
const struct api_choice dynamodb_metrics_choices[] = {{"SIZE", DYNAMODB_METRICS_SIZE}, {"NONE", 0}, {NULL, 0}};
const struct api_choice dynamodb_on_failure_choices[] = {{"ALL_OLD", DYNAMODB_ON_FAILURE_ALL_OLD}, {"NONE", 0}, {NULL, 0}};

/* ---- capacity ---- */

static void write_units(struct api_call *call, const struct leat_capacity *capacity, double units, bool transaction) {
    struct leat_slice text = arena_print(call->arena, "%.1f", units);
    const char *names[] = {"CapacityUnits", capacity->write ? "WriteCapacityUnits" : "ReadCapacityUnits"};
    for (int i = 0; i < (transaction ? 2 : 1); i++) {
        json_key(&call->json, names[i]);
        json_verbatim(&call->json, text.data != NULL ? text : SLICE("0"));
    }
}

/* Indexes that cost nothing are not mentioned. */
static void write_indexes(struct api_call *call, const struct leat_capacity *capacity, bool local, bool transaction) {
    struct json_writer *json = &call->json;
    bool any = false;
    for (size_t i = 0; i < capacity->index_count; i++) {
        const struct leat_index_capacity *index = &capacity->indexes[i];
        if (index->local != local) continue;
        if (!any) {
            json_key(json, local ? "LocalSecondaryIndexes" : "GlobalSecondaryIndexes");
            json_object(json);
            any = true;
        }
        json_key_slice(json, index->name);
        json_object(json);
        write_units(call, capacity, index->units, transaction);
        json_object_end(json);
    }
    if (any) json_object_end(json);
}

static void write_object(struct api_call *call, struct leat_slice table, const struct leat_capacity *capacity, int detail,
                         bool transaction) {
    struct json_writer *json = &call->json;
    double total = capacity->units;
    for (size_t i = 0; i < capacity->index_count; i++) total += capacity->indexes[i].units;
    json_object(json);
    json_key(json, "TableName");
    json_string(json, table);
    write_units(call, capacity, total, transaction);
    if (detail == DYNAMODB_CAPACITY_INDEXES) {
        json_key(json, "Table");
        json_object(json);
        write_units(call, capacity, capacity->units, transaction);
        json_object_end(json);
        write_indexes(call, capacity, true, transaction);
        write_indexes(call, capacity, false, transaction);
    }
    json_object_end(json);
}

void dynamodb_write_consumed(struct api_call *call, struct leat_slice table, const struct api_enum *wanted) {
    if (wanted->value == DYNAMODB_CAPACITY_NONE || call->result.capacity_count == 0) return;
    json_key(&call->json, "ConsumedCapacity");
    write_object(call, table, &call->result.capacity[0], wanted->value, false);
}

/* Has this table been mentioned before the i-th operation? */
static bool mentioned(const struct dynamodb_mentions *mentions, size_t i) {
    for (size_t k = 0; k < i; k++)
        if (slice_equal(mentions->tables[k], mentions->tables[i])) return true;
    return false;
}

void dynamodb_write_consumed_list(struct api_call *call, const struct dynamodb_mentions *mentions, const struct leat_capacity *capacity,
                                  const struct api_enum *wanted, bool transaction) {
    if (wanted->value == DYNAMODB_CAPACITY_NONE) return;
    json_key(&call->json, "ConsumedCapacity");
    json_array(&call->json);
    for (size_t i = 0; i < mentions->count; i++) {
        if (mentioned(mentions, i)) continue;
        if (capacity->units > 0) write_object(call, mentions->tables[i], capacity, wanted->value, transaction);
        capacity++;
    }
    json_array_end(&call->json);
}

/* ---- item collections ---- */

/* AWS's estimate is a range of 1 GB width. */
static void write_collection(struct api_call *call, const struct leat_collection *collection) {
    struct json_writer *json = &call->json;
    uint64_t gigabytes = collection->bytes >> 30;
    json_object(json);
    json_key(json, "ItemCollectionKey");
    item_to_json(json, collection->key);
    json_key(json, "SizeEstimateRangeGB");
    struct leat_slice range = arena_print(call->arena, "[%" PRIu64 ".0,%" PRIu64 ".0]", gigabytes, gigabytes + 1);
    json_verbatim(json, range.data != NULL ? range : SLICE("[]"));
    json_object_end(json);
}

void dynamodb_write_metrics(struct api_call *call, const struct api_enum *wanted) {
    if (wanted->value != DYNAMODB_METRICS_SIZE || call->result.collection_count == 0) return;
    json_key(&call->json, "ItemCollectionMetrics");
    write_collection(call, &call->result.collections[0]);
}

static void write_collections(struct api_call *call, struct leat_slice table, size_t number) {
    struct json_writer *json = &call->json;
    bool any = false;
    for (size_t i = 0; i < call->result.collection_count; i++) {
        if (call->result.collections[i].table != number) continue;
        if (!any) {
            json_key_slice(json, table);
            json_array(json);
            any = true;
        }
        write_collection(call, &call->result.collections[i]);
    }
    if (any) json_array_end(json);
}

void dynamodb_write_metrics_map(struct api_call *call, const struct dynamodb_mentions *mentions, const struct api_enum *wanted) {
    if (wanted->value != DYNAMODB_METRICS_SIZE || call->result.collection_count == 0) return;
    json_key(&call->json, "ItemCollectionMetrics");
    json_object(&call->json);
    for (size_t i = 0, number = 0; i < mentions->count; i++)
        if (!mentioned(mentions, i)) write_collections(call, mentions->tables[i], number++);
    json_object_end(&call->json);
}
