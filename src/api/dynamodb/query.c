/* Query. Source: Amazon DynamoDB API Reference, Query. */
#include "api/dynamodb/dynamodb.h"

static const struct api_field fields[] = {
    DYNAMODB_TABLE_NAME(struct dynamodb_read_input),
    DYNAMODB_READ_FIELDS,
    API_FIELD(struct dynamodb_read_input, limit, "Limit", API_INTEGER),
    DYNAMODB_CONDITIONS(struct dynamodb_read_input, conditions, "KeyConditions"),
    DYNAMODB_CONDITIONS(struct dynamodb_read_input, filter_conditions, "QueryFilter"),
    API_FIELD(struct dynamodb_read_input, key_condition, "KeyConditionExpression", API_STRING),
    API_FIELD(struct dynamodb_read_input, forward, "ScanIndexForward", API_BOOLEAN),
    API_FIELDS_END,
};

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    struct dynamodb_read_input *in = input;
    /* AWS words this one differently from Scan's */
    if (in->limit.given && in->limit.value < 1)
        return fault_set(fault, LEAT_VALIDATION,
                         "1 validation error detected: Value at 'Limit' failed to satisfy constraint: Member must have value greater "
                         "than or equal to 1");
    struct dynamodb_parameter expressions[] = {{"ProjectionExpression", in->projection.data != NULL},
                                               {"FilterExpression", in->filter.data != NULL},
                                               {"KeyConditionExpression", in->key_condition.data != NULL},
                                               {NULL, false}};
    struct dynamodb_parameter legacy[] = {{"AttributesToGet", in->attributes_to_get.given},
                                          {"QueryFilter", in->filter_conditions.given},
                                          {"ConditionalOperator", in->conditional_operator.text.data != NULL},
                                          {"KeyConditions", in->conditions.given && in->key_condition.data != NULL},
                                          {NULL, false}};
    struct dynamodb_parameters parameters = {.expressions = expressions, .legacy = legacy, .names = in->names, .values = in->values,
                                             .values_need = "FilterExpression and KeyConditionExpression are null"};
    TRY(dynamodb_check_parameters(&parameters, fault));
    TRY(dynamodb_read_check_legacy(call, in, fault));
    if (in->key_condition.data == NULL && !in->conditions.given)
        return fault_set(fault, LEAT_VALIDATION,
                         "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.");
    TRY(dynamodb_select_check(in, fault));
    return dynamodb_read_translate(call, in, fault);
}

static void run(struct api_call *call, void *input) {
    dynamodb_read_run(call, input);
}

const struct api_operation dynamodb_query = {
    .name = "Query", .fields = fields, .input_size = sizeof(struct dynamodb_read_input), .check = check, .run = run};
