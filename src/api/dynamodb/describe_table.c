/* DescribeTable. Source: Amazon DynamoDB API Reference, DescribeTable. */
#include "api/dynamodb/dynamodb.h"

struct input { struct leat_slice table; };

static const struct api_field fields[] = {
    API_FIELD(struct input, table, "TableName", API_STRING, .alone = true, .or_arn = true, .min = 1, .max = 255,
              .pattern = DYNAMODB_NAME_PATTERN),
    API_FIELDS_END,
};

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    (void)call;
    if (((struct input *)input)->table.data != NULL) return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION, "The parameter 'TableName' is required but was not present in the request");
}

static void run(struct api_call *call, void *input) {
    struct leat_description description = {0};
    enum leat_code code = leat_table_describe(call->server->db, ((struct input *)input)->table, &description, &call->fault);
    dynamodb_answer_table(call, code, &description, "Table");
}

const struct api_operation dynamodb_describe_table = {
    .name = "DescribeTable", .fields = fields, .input_size = sizeof(struct input), .place = API_LOOP, .check = check, .run = run};
