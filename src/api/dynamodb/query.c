/* Query. Source: Amazon DynamoDB API Reference, Query. */
#include "api/dynamodb/dynamodb.h"

static const struct api_field fields[] = {
    DYNAMODB_TABLE_NAME(struct dynamodb_read_input),
    DYNAMODB_READ_FIELDS,
    API_FIELD(struct dynamodb_read_input, limit, "Limit", API_INTEGER),
    API_FIELD(struct dynamodb_read_input, conditions, "KeyConditions", API_RAW),
    API_FIELD(struct dynamodb_read_input, filter_conditions, "QueryFilter", API_RAW),
    API_FIELD(struct dynamodb_read_input, key_condition, "KeyConditionExpression", API_STRING),
    API_FIELD(struct dynamodb_read_input, forward, "ScanIndexForward", API_BOOLEAN),
    API_FIELDS_END,
};

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    const struct dynamodb_read_input *in = input;
    (void)call;
    /* AWS words this one differently from Scan's */
    if (in->limit.given && in->limit.value < 1)
        return fault_set(fault, LEAT_VALIDATION,
                         "1 validation error detected: Value at 'Limit' failed to satisfy constraint: Member must have value greater "
                         "than or equal to 1");
    struct dynamodb_parameter expressions[] = {{"ProjectionExpression", in->projection},
                                               {"FilterExpression", in->filter},
                                               {"KeyConditionExpression", in->key_condition},
                                               {NULL, {NULL, 0}}};
    struct dynamodb_parameter legacy[] = {{"AttributesToGet", in->attributes_to_get},
                                          {"QueryFilter", in->filter_conditions},
                                          {"ConditionalOperator", in->conditional_operator},
                                          {"KeyConditions", in->conditions},
                                          {NULL, {NULL, 0}}};
    struct dynamodb_parameters parameters = {.expressions = expressions, .legacy = legacy, .names = in->names, .values = in->values,
                                             .values_need = "FilterExpression and KeyConditionExpression are null"};
    TRY(dynamodb_check_parameters(&parameters, fault));
    if (in->key_condition.data == NULL)
        return fault_set(fault, LEAT_VALIDATION,
                         "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.");
    return dynamodb_select_check(in, fault);
}

static void run(struct api_call *call, void *input) {
    dynamodb_read_run(call, input);
}

const struct api_operation dynamodb_query = {
    .name = "Query", .fields = fields, .input_size = sizeof(struct dynamodb_read_input), .check = check, .run = run};
