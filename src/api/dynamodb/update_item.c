/* UpdateItem. Source: Amazon DynamoDB API Reference, UpdateItem. */
#include "api/dynamodb/dynamodb.h"

static const struct api_field fields[] = {
    DYNAMODB_TABLE_NAME(struct dynamodb_write_input),
    API_FIELD(struct dynamodb_write_input, key, "Key", API_ITEM, .required = true),
    API_FIELD(struct dynamodb_write_input, attribute_updates, "AttributeUpdates", API_MAP,
              .element = &dynamodb_attribute_update_element, .size = sizeof(struct dynamodb_attribute_update)),
    API_FIELD(struct dynamodb_write_input, update, "UpdateExpression", API_STRING),
    DYNAMODB_WRITE_FIELDS,
    API_FIELDS_END,
};

static void run(struct api_call *call, void *input) {
    dynamodb_write_run(call, input, LEAT_UPDATE);
}

const struct api_operation dynamodb_update_item = {
    .name = "UpdateItem",
    .fields = fields,
    .input_size = sizeof(struct dynamodb_write_input),
    .check = dynamodb_write_check,
    .run = run,
};
