/* Scan. Source: Amazon DynamoDB API Reference, Scan. */
#include <inttypes.h>

#include "api/dynamodb/dynamodb.h"

enum { SEGMENTS_MAX = 1000000 }; /* API Reference, Scan, TotalSegments */

static const struct api_field fields[] = {
    DYNAMODB_TABLE_NAME(struct dynamodb_read_input),
    DYNAMODB_READ_FIELDS,
    API_FIELD(struct dynamodb_read_input, limit, "Limit", API_INTEGER, .min = 1),
    DYNAMODB_CONDITIONS(struct dynamodb_read_input, filter_conditions, "ScanFilter"),
    API_FIELD(struct dynamodb_read_input, segment, "Segment", API_INTEGER, .min = 0, .max = SEGMENTS_MAX - 1),
    API_FIELD(struct dynamodb_read_input, segments, "TotalSegments", API_INTEGER, .min = 1, .max = SEGMENTS_MAX),
    API_FIELDS_END,
};

static enum leat_code check_segments(const struct dynamodb_read_input *in, struct leat_fault *fault) {
    if (in->segments.given && !in->segment.given)
        return fault_set(fault, LEAT_VALIDATION,
                         "The Segment parameter is required but was not present in the request when parameter TotalSegments is present");
    if (!in->segment.given) return LEAT_OK;
    if (!in->segments.given)
        return fault_set(fault, LEAT_VALIDATION,
                         "The TotalSegments parameter is required but was not present in the request when Segment parameter is present");
    if (in->segment.value >= in->segments.value)
        return fault_set(fault, LEAT_VALIDATION,
                         "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: %" PRId64
                         " is not less than TotalSegments: %" PRId64,
                         in->segment.value, in->segments.value);
    return LEAT_OK;
}

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    struct dynamodb_read_input *in = input;
    struct dynamodb_parameter expressions[] = {
        {"ProjectionExpression", in->projection.data != NULL}, {"FilterExpression", in->filter.data != NULL}, {NULL, false}};
    struct dynamodb_parameter legacy[] = {{"AttributesToGet", in->attributes_to_get.given},
                                          {"ScanFilter", in->filter_conditions.given},
                                          {"ConditionalOperator", in->conditional_operator.text.data != NULL},
                                          {NULL, false}};
    struct dynamodb_parameters parameters = {.expressions = expressions, .legacy = legacy, .names = in->names, .values = in->values,
                                             .values_need = "FilterExpression is null"};
    TRY(dynamodb_check_parameters(&parameters, fault));
    TRY(dynamodb_read_check_legacy(call, in, fault));
    TRY(check_segments(in, fault));
    TRY(dynamodb_select_check(in, fault));
    return dynamodb_read_translate(call, in, fault);
}

static void run(struct api_call *call, void *input) {
    dynamodb_read_run(call, input);
}

const struct api_operation dynamodb_scan = {
    .name = "Scan", .fields = fields, .input_size = sizeof(struct dynamodb_read_input), .check = check, .run = run};
