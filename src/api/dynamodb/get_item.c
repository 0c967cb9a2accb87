/* GetItem. Source: Amazon DynamoDB API Reference, GetItem. */
#include "api/dynamodb/dynamodb.h"
#include "base/slice.h"
#include "item/item_json.h"

struct input {
    struct leat_slice table, key, projection, names;
    struct api_list attributes_to_get;
    struct api_boolean consistent;
    struct api_enum capacity;
};

static const struct api_field fields[] = {
    DYNAMODB_TABLE_NAME(struct input),
    API_FIELD(struct input, key, "Key", API_ITEM, .required = true),
    DYNAMODB_ATTRIBUTES_TO_GET(struct input),
    API_FIELD(struct input, consistent, "ConsistentRead", API_BOOLEAN),
    API_FIELD(struct input, projection, "ProjectionExpression", API_STRING),
    API_FIELD(struct input, names, "ExpressionAttributeNames", API_NAMES),
    DYNAMODB_CAPACITY(struct input),
    API_FIELDS_END,
};

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    struct input *in = input;
    struct dynamodb_parameter expressions[] = {{"ProjectionExpression", in->projection.data != NULL}, {NULL, false}};
    struct dynamodb_parameter legacy[] = {{"AttributesToGet", in->attributes_to_get.given}, {NULL, false}};
    struct dynamodb_parameters parameters = {.expressions = expressions, .legacy = legacy, .names = in->names};
    TRY(dynamodb_check_kinds(&parameters, fault));
    TRY(api_item_fault(call, fault)); /* of the key */
    TRY(dynamodb_check_parameters(&parameters, fault));
    return dynamodb_translate_projection(call->arena, &in->attributes_to_get, &in->projection, &in->names, fault);
}

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    struct json_writer *json = &call->json;
    struct leat_get get = {.table = in->table, .key = in->key, .projection = in->projection, .names = in->names,
                           .consistent = in->consistent.value, .generated = in->attributes_to_get.given};
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
    dynamodb_write_consumed(call, in->table, &in->capacity);
    json_object_end(json);
    api_done(call);
}

const struct api_operation dynamodb_get_item = {
    .name = "GetItem", .fields = fields, .input_size = sizeof(struct input), .check = check, .run = run};
