/* What the operations on event source mappings share: the members of their requests, and their answers. */
#ifndef API_LAMBDA_EVENT_SOURCE_MAPPING_H
#define API_LAMBDA_EVENT_SOURCE_MAPPING_H

#include "api/lambda/lambda.h"

struct event_source_mapping_destination { struct leat_slice arn; };
struct event_source_mapping_destinations { struct event_source_mapping_destination *on_success, *on_failure; };
struct event_source_mapping_filters { struct api_list filters; /* of a pattern's text */ };

/* Create and Update. */
struct event_source_mapping_input {
    struct leat_slice uuid, function_name, event_source_arn, starting_position, kms_key_arn, metrics;
    struct api_integer starting_timestamp;
    struct api_integer batch_size, window_seconds, factor, age_seconds, retries, tumbling_seconds;
    struct api_boolean bisect, enabled;
    struct api_list response_types, tags;
    struct event_source_mapping_destinations *destinations;
    struct event_source_mapping_filters *filters;
};

extern const struct api_field event_source_mapping_destination_fields[], event_source_mapping_filter_fields[],
    event_source_mapping_response_type;

/* The members that Create and Update have in common: lines of a table over struct event_source_mapping_input. */
#define EVENT_SOURCE_MAPPING_FIELD(member, name, kind, ...) \
    API_FIELD(struct event_source_mapping_input, member, name, kind, __VA_ARGS__)
#define EVENT_SOURCE_MAPPING_FIELDS                                                                                     \
    EVENT_SOURCE_MAPPING_FIELD(batch_size, "BatchSize", API_INTEGER, .min = 1, .max = 10000),                           \
    EVENT_SOURCE_MAPPING_FIELD(window_seconds, "MaximumBatchingWindowInSeconds", API_INTEGER, .min = 0, .max = 300),    \
    EVENT_SOURCE_MAPPING_FIELD(factor, "ParallelizationFactor", API_INTEGER, .min = 1, .max = 10),                      \
    EVENT_SOURCE_MAPPING_FIELD(age_seconds, "MaximumRecordAgeInSeconds", API_INTEGER, .min = -1, .max = 604800),        \
    EVENT_SOURCE_MAPPING_FIELD(retries, "MaximumRetryAttempts", API_INTEGER, .min = -1, .max = 10000),                  \
    EVENT_SOURCE_MAPPING_FIELD(tumbling_seconds, "TumblingWindowInSeconds", API_INTEGER, .min = 0, .max = 900),         \
    EVENT_SOURCE_MAPPING_FIELD(bisect, "BisectBatchOnFunctionError", API_BOOLEAN),                                      \
    EVENT_SOURCE_MAPPING_FIELD(enabled, "Enabled", API_BOOLEAN),                                                        \
    EVENT_SOURCE_MAPPING_FIELD(response_types, "FunctionResponseTypes", API_LIST, .min = 0, .max = 1,                   \
                               .element = &event_source_mapping_response_type, .size = sizeof(struct api_enum)),        \
    EVENT_SOURCE_MAPPING_FIELD(destinations, "DestinationConfig", API_STRUCT,                                           \
                               .fields = event_source_mapping_destination_fields,                                      \
                               .size = sizeof(struct event_source_mapping_destinations), .type = "DestinationConfig"),  \
    EVENT_SOURCE_MAPPING_FIELD(filters, "FilterCriteria", API_STRUCT, .fields = event_source_mapping_filter_fields,     \
                               .size = sizeof(struct event_source_mapping_filters), .type = "FilterCriteria"),          \
    EVENT_SOURCE_MAPPING_FIELD(kms_key_arn, "KMSKeyArn", API_STRING),                                                   \
    EVENT_SOURCE_MAPPING_FIELD(metrics, "MetricsConfig", API_RAW)

/* The settings that the request gives. */
enum leat_code event_source_mapping_settings(struct api_call *call, const struct event_source_mapping_input *in,
                                             struct trigger_settings *out) LEAT_MUST_USE;

/* An EventSourceMappingConfiguration. */
void event_source_mapping_write(struct json_writer *json, const struct trigger_description *mapping);

/* Ends the call with the description, or with call->fault. */
void event_source_mapping_answer(struct api_call *call, enum leat_code code, const struct trigger_description *mapping);

#endif
