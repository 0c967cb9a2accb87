#include "api/lambda/event_source_mapping.h"

#include "base/slice.h"

enum { FILTERS_BYTES_MAX = 256 * 1024, FILTERS_MAX = 5, REPORT_BATCH_ITEM_FAILURES = 1 };

/* ------------------------------------------------------------------ requests */

static const struct api_field destination_fields[] = {
    API_FIELD(struct event_source_mapping_destination, arn, "Destination", API_STRING, .min = 0, .max = 350),
    API_FIELDS_END,
};
#define DESTINATION(member, name)                                                        \
    API_FIELD(struct event_source_mapping_destinations, member, name, API_STRUCT, .fields = destination_fields, \
              .size = sizeof(struct event_source_mapping_destination), .type = name)
const struct api_field event_source_mapping_destination_fields[] = {
    DESTINATION(on_success, "OnSuccess"),
    DESTINATION(on_failure, "OnFailure"),
    API_FIELDS_END,
};

struct filter { struct leat_slice pattern; };
static const struct api_field filter_fields[] = {
    API_FIELD(struct filter, pattern, "Pattern", API_STRING, .min = 0, .max = 4096),
    API_FIELDS_END,
};
static const struct api_field filter_element = {
    .name = "", .kind = API_STRUCT, .fields = filter_fields, .size = sizeof(struct filter), .type = "Filter"};
const struct api_field event_source_mapping_filter_fields[] = {
    API_FIELD(struct event_source_mapping_filters, filters, "Filters", API_LIST, .min = 0, .max = FILTERS_MAX,
              .element = &filter_element, .size = sizeof(struct filter)),
    API_FIELDS_END,
};

static const struct api_choice response_types[] = {{"ReportBatchItemFailures", REPORT_BATCH_ITEM_FAILURES}, {NULL, 0}};
const struct api_field event_source_mapping_response_type = {.name = "", .kind = API_ENUM, .choices = response_types};

/* The criteria as they will be given back; none are the same as no criteria (recorded). */
static enum leat_code filters_to_json(struct api_call *call, const struct event_source_mapping_filters *criteria,
                                      struct leat_slice *out) {
    const struct filter *filters = criteria->filters.elements;
    struct buf text;
    struct json_writer json;
    if (criteria->filters.count == 0) return LEAT_OK;
    buf_init(&text, FILTERS_BYTES_MAX);
    json_writer_init(&json, &text);
    json_object(&json);
    json_key(&json, "Filters");
    json_array(&json);
    for (size_t i = 0; i < criteria->filters.count; i++) {
        json_object(&json);
        if (filters[i].pattern.data != NULL) {
            json_key(&json, "Pattern");
            json_string(&json, filters[i].pattern);
        }
        json_object_end(&json);
    }
    json_array_end(&json);
    json_object_end(&json);
    if (buf_ok(&text)) *out = arena_copy(call->arena, buf_view(&text));
    buf_fini(&text);
    return out->data == NULL ? fault_memory(&call->fault) : LEAT_OK;
}

static enum leat_code take_destinations(struct api_call *call, const struct event_source_mapping_destinations *in,
                                        struct trigger_settings *out) {
    if (in->on_success != NULL && in->on_success->arn.size > 0) {
        return fault_set(&call->fault, LEAT_INVALID_PARAMETER_VALUE,
                         "Unsupported DestinationConfig parameter for given event source mapping type.");
    }
    if (in->on_failure != NULL && in->on_failure->arn.size > 0) out->on_failure_arn = in->on_failure->arn;
    return LEAT_OK;
}

static void take_integer(struct api_integer from, unsigned given, int64_t *to, unsigned *all_given) {
    if (!from.given) return;
    *to = from.value;
    *all_given |= given;
}

static void take_boolean(struct api_boolean from, unsigned given, bool *to, unsigned *all_given) {
    if (!from.given) return;
    *to = from.value;
    *all_given |= given;
}

static void take_text(struct leat_slice from, unsigned given, struct leat_slice *to, unsigned *all_given) {
    if (from.data == NULL) return;
    *to = from;
    *all_given |= given;
}

enum leat_code event_source_mapping_settings(struct api_call *call, const struct event_source_mapping_input *in,
                                             struct trigger_settings *out) {
    unsigned *given = &out->given;
    *out = (struct trigger_settings){
        .uuid = in->uuid,
        .event_source_arn = in->event_source_arn,
        .starting_position = in->starting_position,
        .starting_timestamp_ms = in->starting_timestamp.given ? in->starting_timestamp.value : 0,
        .report_batch_item_failures = in->response_types.count > 0,
        .given = (in->response_types.given ? TRIGGER_GIVEN_RESPONSE_TYPES : 0u) |
                 (in->destinations != NULL ? TRIGGER_GIVEN_DESTINATION : 0u) |
                 (in->filters != NULL ? TRIGGER_GIVEN_FILTER : 0u),
    };
    take_text(in->function_name, TRIGGER_GIVEN_FUNCTION, &out->function_name, given);
    take_text(in->kms_key_arn, TRIGGER_GIVEN_KMS_KEY, &out->kms_key_arn, given);
    take_text(in->metrics, TRIGGER_GIVEN_METRICS, &out->metrics_json, given);
    take_integer(in->batch_size, TRIGGER_GIVEN_BATCH_SIZE, &out->batch_size, given);
    take_integer(in->window_seconds, TRIGGER_GIVEN_WINDOW, &out->window_seconds, given);
    take_integer(in->factor, TRIGGER_GIVEN_FACTOR, &out->parallelization_factor, given);
    take_integer(in->age_seconds, TRIGGER_GIVEN_AGE, &out->record_age_seconds_max, given);
    take_integer(in->retries, TRIGGER_GIVEN_RETRIES, &out->retry_attempts_max, given);
    take_integer(in->tumbling_seconds, TRIGGER_GIVEN_TUMBLING, &out->tumbling_window_seconds, given);
    take_boolean(in->bisect, TRIGGER_GIVEN_BISECT, &out->bisect, given);
    take_boolean(in->enabled, TRIGGER_GIVEN_ENABLED, &out->enabled, given);
    if (in->destinations != NULL) TRY(take_destinations(call, in->destinations, out));
    return in->filters == NULL ? LEAT_OK : filters_to_json(call, in->filters, &out->filter_json);
}

/* ------------------------------------------------------------------ answers */

static void integer_member(struct json_writer *json, const char *name, int64_t value) {
    json_key(json, name);
    json_int(json, value);
}

static void text_member(struct json_writer *json, const char *name, struct leat_slice text) {
    if (text.data == NULL) return;
    json_key(json, name);
    json_string(json, text);
}

static void json_member(struct json_writer *json, const char *name, struct leat_slice value) {
    if (value.data == NULL) return;
    json_key(json, name);
    json_verbatim(json, value);
}

static void destinations_member(struct json_writer *json, struct leat_slice on_failure) {
    json_key(json, "DestinationConfig");
    json_object(json);
    json_key(json, "OnFailure");
    json_object(json);
    text_member(json, "Destination", on_failure);
    json_object_end(json);
    json_object_end(json);
}

static void response_types_member(struct json_writer *json, bool report_batch_item_failures) {
    json_key(json, "FunctionResponseTypes");
    json_array(json);
    if (report_batch_item_failures) json_text(json, "ReportBatchItemFailures");
    json_array_end(json);
}

/* Members and their order as recorded. */
void event_source_mapping_write(struct json_writer *json, const struct trigger_description *mapping) {
    const struct trigger_settings *settings = &mapping->settings;
    json_object(json);
    integer_member(json, "BatchSize", settings->batch_size);
    json_key(json, "BisectBatchOnFunctionError");
    json_bool(json, settings->bisect);
    destinations_member(json, settings->on_failure_arn);
    text_member(json, "EventSourceArn", settings->event_source_arn);
    text_member(json, "EventSourceMappingArn", mapping->arn);
    json_member(json, "FilterCriteria", settings->filter_json);
    text_member(json, "FunctionArn", settings->function_name);
    response_types_member(json, settings->report_batch_item_failures);
    text_member(json, "KMSKeyArn", settings->kms_key_arn);
    json_key(json, "LastModified");
    json_seconds(json, mapping->last_modified_ms);
    text_member(json, "LastProcessingResult", mapping->last_processing_result);
    integer_member(json, "MaximumBatchingWindowInSeconds", settings->window_seconds);
    integer_member(json, "MaximumRecordAgeInSeconds", settings->record_age_seconds_max);
    integer_member(json, "MaximumRetryAttempts", settings->retry_attempts_max);
    json_member(json, "MetricsConfig", settings->metrics_json);
    integer_member(json, "ParallelizationFactor", settings->parallelization_factor);
    text_member(json, "StartingPosition", settings->starting_position);
    if (settings->starting_timestamp_ms > 0) {
        json_key(json, "StartingPositionTimestamp");
        json_seconds(json, (uint64_t)settings->starting_timestamp_ms);
    }
    text_member(json, "State", mapping->state);
    text_member(json, "StateTransitionReason", mapping->state_transition_reason);
    integer_member(json, "TumblingWindowInSeconds", settings->tumbling_window_seconds);
    text_member(json, "UUID", settings->uuid);
    json_object_end(json);
}

void event_source_mapping_answer(struct api_call *call, enum leat_code code, const struct trigger_description *mapping) {
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    event_source_mapping_write(&call->json, mapping);
    api_done(call);
}
