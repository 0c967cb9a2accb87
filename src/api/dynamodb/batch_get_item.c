/* BatchGetItem. Source: Amazon DynamoDB API Reference, BatchGetItem. */
#include "api/dynamodb/dynamodb.h"
#include "base/slice.h"
#include "item/item_json.h"
#include "item/value.h"

enum { KEYS_MAX = 100 };

struct table_keys {
    struct leat_slice table;
    struct api_list keys;
    struct leat_slice projection, names;
    struct api_list attributes_to_get;
    struct api_boolean consistent;
};
struct input { struct api_list tables; struct api_enum capacity; };

static const struct api_field key_element = {.name = "", .kind = API_ITEM};
static const struct api_field table_fields[] = {
    API_FIELD(struct table_keys, keys, "Keys", API_LIST, .required = true, .min = 1, .element = &key_element,
              .size = sizeof(struct leat_slice)),
    DYNAMODB_ATTRIBUTES_TO_GET(struct table_keys),
    API_FIELD(struct table_keys, consistent, "ConsistentRead", API_BOOLEAN),
    API_FIELD(struct table_keys, projection, "ProjectionExpression", API_STRING),
    API_FIELD(struct table_keys, names, "ExpressionAttributeNames", API_NAMES),
    API_FIELDS_END,
};
static const struct api_field table_element = {.name = "", .kind = API_STRUCT, .fields = table_fields, .type = "KeysAndAttributes"};
static const struct api_field fields[] = {
    API_FIELD(struct input, tables, "RequestItems", API_MAP, .required = true, .element = &table_element,
              .size = sizeof(struct table_keys)),
    DYNAMODB_CAPACITY(struct input),
    API_FIELDS_END,
};

/* Both kinds must not be in one request, not even for different tables. */
static enum leat_code check_kinds(const struct input *in, struct leat_fault *fault) {
    const struct table_keys *tables = in->tables.elements;
    bool projection = false, attributes = false;
    for (size_t i = 0; i < in->tables.count; i++) {
        projection |= tables[i].projection.data != NULL;
        attributes |= tables[i].attributes_to_get.given;
    }
    struct dynamodb_parameter expressions[] = {{"ProjectionExpression", projection}, {NULL, false}};
    struct dynamodb_parameter legacy[] = {{"AttributesToGet", attributes}, {NULL, false}};
    return dynamodb_check_parameters(&(struct dynamodb_parameters){.expressions = expressions, .legacy = legacy}, fault);
}

static enum leat_code check_table(struct api_call *call, struct table_keys *table, struct leat_fault *fault) {
    static const struct dynamodb_parameter no_legacy[] = {{NULL, false}};
    struct dynamodb_parameter expressions[] = {{"ProjectionExpression", table->projection.data != NULL}, {NULL, false}};
    struct dynamodb_parameters parameters = {.expressions = expressions, .legacy = no_legacy, .names = table->names};
    if (table->keys.count > KEYS_MAX)
        return fault_set(fault, LEAT_VALIDATION,
                         "1 validation error detected: Value at 'RequestItems.%.*s.member.Keys' failed to satisfy constraint: Member "
                         "must have length less than or equal to %d",
                         SLICE_FORMAT(table->table), KEYS_MAX);
    TRY(dynamodb_check_parameters(&parameters, fault));
    return dynamodb_translate_projection(call->arena, &table->attributes_to_get, &table->projection, &table->names, fault);
}

static enum leat_code check_duplicates(const struct table_keys *table, struct leat_fault *fault) {
    const struct leat_slice *keys = table->keys.elements;
    for (size_t i = 0; i < table->keys.count; i++)
        for (size_t k = 0; k < i; k++)
            if (slice_equal(keys[i], keys[k]))
                return fault_set(fault, LEAT_VALIDATION, "Provided list of item keys contains duplicates");
    return LEAT_OK;
}

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    const struct input *in = input;
    struct table_keys *tables = in->tables.elements;
    size_t total = 0;
    if (in->tables.count == 0) return fault_set(fault, LEAT_VALIDATION, "The requestItems parameter is required for BatchGetItem");
    TRY(check_kinds(in, fault));
    for (size_t i = 0; i < in->tables.count; i++) {
        TRY(check_table(call, &tables[i], fault));
        total += tables[i].keys.count;
    }
    if (total > KEYS_MAX) return fault_set(fault, LEAT_VALIDATION, "Too many items requested for the BatchGetItem call");
    if (call->decoder.item_code == LEAT_OK)
        for (size_t i = 0; i < in->tables.count; i++) TRY(check_duplicates(&tables[i], fault));
    return LEAT_OK;
}

/* All keys of all tables, in the order of the request. */
static enum leat_code read_all(struct api_call *call, const struct input *in, struct dynamodb_mentions *mentions) {
    const struct table_keys *tables = in->tables.elements;
    struct leat_get *gets = ARENA_ARRAY(call->arena, struct leat_get, KEYS_MAX);
    struct leat_slice *names = ARENA_ARRAY(call->arena, struct leat_slice, in->tables.count);
    if (gets == NULL || names == NULL) return fault_memory(&call->fault);
    *mentions = (struct dynamodb_mentions){names, in->tables.count};
    size_t count = 0;
    for (size_t i = 0; i < in->tables.count; i++) {
        names[i] = tables[i].table;
        for (size_t k = 0; k < tables[i].keys.count; k++)
            gets[count++] = (struct leat_get){.table = tables[i].table,
                                              .key = ((const struct leat_slice *)tables[i].keys.elements)[k],
                                              .projection = tables[i].projection,
                                              .names = tables[i].names,
                                              .consistent = tables[i].consistent.value,
                                              .generated = tables[i].attributes_to_get.given};
    }
    return leat_get_many(call->server->db, gets, count, LEAT_EACH, &call->result, &call->fault);
}

static bool left_out(const struct leat_result *result, size_t i) { return result->unprocessed != NULL && result->unprocessed[i]; }

/* at: the place of the table's first key among all */
static void write_unprocessed_table(struct json_writer *json, const struct table_keys *table, const struct leat_result *result, size_t at) {
    json_key_slice(json, table->table);
    json_object(json);
    json_key(json, "Keys");
    json_array(json);
    for (size_t k = 0; k < table->keys.count; k++)
        if (left_out(result, at + k)) item_to_json(json, ((const struct leat_slice *)table->keys.elements)[k]);
    json_array_end(json);
    json_key(json, "ConsistentRead");
    json_bool(json, table->consistent.value);
    if (table->attributes_to_get.given) { /* as it came, not its translation */
        const struct leat_slice *names = table->attributes_to_get.elements;
        json_key(json, "AttributesToGet");
        json_array(json);
        for (size_t i = 0; i < table->attributes_to_get.count; i++) json_string(json, names[i]);
        json_array_end(json);
        json_object_end(json);
        return;
    }
    if (table->projection.data != NULL) {
        json_key(json, "ProjectionExpression");
        json_string(json, table->projection);
    }
    if (table->names.data != NULL) {
        json_key(json, "ExpressionAttributeNames");
        json_object(json);
        struct item_iterator names = item_iterate(table->names);
        struct leat_slice name;
        struct item_value value;
        while (item_map_next(&names, &name, &value)) {
            json_key_slice(json, name);
            json_string(json, value.payload);
        }
        json_object_end(json);
    }
    json_object_end(json);
}

static void write_responses(struct json_writer *json, const struct input *in, const struct leat_result *result) {
    const struct table_keys *tables = in->tables.elements;
    size_t at = 0;
    json_key(json, "Responses");
    json_object(json);
    for (size_t i = 0; i < in->tables.count; i++) {
        json_key_slice(json, tables[i].table);
        json_array(json);
        for (size_t k = 0; k < tables[i].keys.count; k++, at++)
            if (result->items[at].data != NULL) item_to_json(json, result->items[at]);
        json_array_end(json);
    }
    json_object_end(json);
}

static void write_unprocessed(struct json_writer *json, const struct input *in, const struct leat_result *result) {
    const struct table_keys *tables = in->tables.elements;
    size_t at = 0;
    json_key(json, "UnprocessedKeys");
    json_object(json);
    for (size_t i = 0; i < in->tables.count; i++) {
        bool any = false;
        for (size_t k = 0; k < tables[i].keys.count; k++) any |= left_out(result, at + k);
        if (any) write_unprocessed_table(json, &tables[i], result, at);
        at += tables[i].keys.count;
    }
    json_object_end(json);
}

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    struct json_writer *json = &call->json;
    struct dynamodb_mentions mentions;
    enum leat_code code = read_all(call, in, &mentions);
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    json_object(json);
    write_responses(json, in, &call->result);
    write_unprocessed(json, in, &call->result);
    dynamodb_write_consumed_list(call, &mentions, call->result.capacity, &in->capacity, false);
    json_object_end(json);
    api_done(call);
}

const struct api_operation dynamodb_batch_get_item = {
    .name = "BatchGetItem", .fields = fields, .input_size = sizeof(struct input), .check = check, .run = run};
