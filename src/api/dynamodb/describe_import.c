/* DescribeImport. Source: Amazon DynamoDB API Reference. */
#include "api/dynamodb/transfer.h"

struct input { struct leat_slice arn; };

static const struct api_field fields[] = {
    API_FIELD(struct input, arn, "ImportArn", API_STRING, .required = true, .min = DYNAMODB_JOB_ARN_MIN, .max = DYNAMODB_JOB_ARN_MAX),
    API_FIELDS_END,
};

static void run(struct api_call *call, void *input) {
    struct transfer_import record;
    enum leat_code code =
        transfer_import_get(call->server->transfers, ((struct input *)input)->arn, call->arena, &record, &call->fault);
    dynamodb_answer_import(call, code, &record);
}

const struct api_operation dynamodb_describe_import = {
    .name = "DescribeImport", .fields = fields, .input_size = sizeof(struct input), .run = run};
