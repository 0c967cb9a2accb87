/* GetItem. Source: Amazon DynamoDB API Reference, GetItem. */
#include "api/dynamodb/dynamodb.h"
#include "base/slice.h"
#include "item/item_json.h"

struct input {
    struct leat_slice table, key, projection, names, attributes_to_get;
    struct api_boolean consistent;
    struct api_enum capacity;
};

static const struct api_field fields[] = {
    DYNAMODB_TABLE_NAME(struct input),
    API_FIELD(struct input, key, "Key", API_ITEM, .required = true),
    API_FIELD(struct input, attributes_to_get, "AttributesToGet", API_RAW),
    API_FIELD(struct input, consistent, "ConsistentRead", API_BOOLEAN),
    API_FIELD(struct input, projection, "ProjectionExpression", API_STRING),
    API_FIELD(struct input, names, "ExpressionAttributeNames", API_NAMES),
    DYNAMODB_CAPACITY(struct input),
    API_FIELDS_END,
};

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    const struct input *in = input;
    (void)call;
    struct dynamodb_parameter expressions[] = {{"ProjectionExpression", in->projection}, {NULL, {NULL, 0}}};
    struct dynamodb_parameter legacy[] = {{"AttributesToGet", in->attributes_to_get}, {NULL, {NULL, 0}}};
    struct dynamodb_parameters parameters = {.expressions = expressions, .legacy = legacy, .names = in->names};
    return dynamodb_check_parameters(&parameters, fault);
}

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    struct json_writer *json = &call->json;
    struct leat_get get = {.table = in->table, .key = in->key, .projection = in->projection, .names = in->names,
                           .consistent = in->consistent.value};
    enum leat_code code = leat_get(call->server->db, &get, &call->result, &call->fault);
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    json_object(json);
    if (call->result.count > 0 && call->result.items[0].data != NULL) {
        json_key(json, "Item");
        item_to_json(json, call->result.items[0]);
    }
    if (in->capacity.value != DYNAMODB_CAPACITY_NONE && call->result.capacity_count > 0) {
        struct dynamodb_consumed consumed = {.table = in->table, .units = call->result.capacity[0],
                                             .detail = (enum dynamodb_capacity)in->capacity.value};
        json_key(json, "ConsumedCapacity");
        dynamodb_write_consumed(call, &consumed);
    }
    json_object_end(json);
    api_done(call);
}

const struct api_operation dynamodb_get_item = {
    .name = "GetItem", .fields = fields, .input_size = sizeof(struct input), .check = check, .run = run};
