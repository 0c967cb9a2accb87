/* DeleteItem. Source: Amazon DynamoDB API Reference, DeleteItem. */
#include "api/dynamodb/dynamodb.h"

static const struct api_field fields[] = {
    DYNAMODB_TABLE_NAME(struct dynamodb_write_input),
    API_FIELD(struct dynamodb_write_input, key, "Key", API_ITEM, .required = true),
    DYNAMODB_WRITE_FIELDS,
    API_FIELDS_END,
};

static void run(struct api_call *call, void *input) {
    dynamodb_write_run(call, input, LEAT_DELETE);
}

const struct api_operation dynamodb_delete_item = {
    .name = "DeleteItem",
    .fields = fields,
    .input_size = sizeof(struct dynamodb_write_input),
    .check = dynamodb_write_check,
    .run = run,
};
