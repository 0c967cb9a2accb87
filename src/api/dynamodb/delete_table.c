/* DeleteTable. Source: Amazon DynamoDB API Reference, DeleteTable. */
#include "api/dynamodb/dynamodb.h"

static void run(struct api_call *call, void *input) {
    const struct dynamodb_table_request *in = input;
    struct leat_description description = {0};
    enum leat_code code = leat_table_delete(call->server->db, in->table, &description, &call->fault);
    dynamodb_answer_table(call, code, &description, "TableDescription", (struct dynamodb_changing){0});
}

const struct api_operation dynamodb_delete_table = {
    .name = "DeleteTable",
    .fields = dynamodb_table_request_fields,
    .input_size = sizeof(struct dynamodb_table_request),
    .place = API_POOL,
    .check = dynamodb_check_table_request,
    .run = run,
};
