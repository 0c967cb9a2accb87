/* CreateEventSourceMapping. Source: AWS Lambda API Reference, CreateEventSourceMapping; errors as recorded. */
#include "api/lambda/event_source_mapping.h"
#include "api/lambda/tags.h"

/* EventSourceArn and StartingPosition are held to their rules by the trigger service, whose words differ by source. */
static const struct api_field fields[] = {
    EVENT_SOURCE_MAPPING_FIELD(event_source_arn, "EventSourceArn", API_STRING),
    EVENT_SOURCE_MAPPING_FIELD(function_name, "FunctionName", API_STRING, .required = true, .min = 1, .max = 256),
    EVENT_SOURCE_MAPPING_FIELD(starting_position, "StartingPosition", API_STRING),
    EVENT_SOURCE_MAPPING_FIELD(starting_timestamp, "StartingPositionTimestamp", API_TIMESTAMP),
    EVENT_SOURCE_MAPPING_FIELD(tags, "Tags", API_MAP, .element = &lambda_variable_element, .size = sizeof(struct lambda_variable)),
    EVENT_SOURCE_MAPPING_FIELDS,
    API_FIELDS_END,
};

static void run(struct api_call *call, void *input) {
    struct trigger_settings settings;
    struct trigger_description mapping;
    enum leat_code code = event_source_mapping_settings(call, input, &settings);
    if (code == LEAT_OK) code = lambda_mapping_tags(call, &((const struct event_source_mapping_input *)input)->tags, &settings.tags_json);
    if (code == LEAT_OK) code = trigger_create(call->server->triggers, &settings, call->arena, &mapping, &call->fault);
    event_source_mapping_answer(call, code, &mapping);
}

const struct api_operation lambda_create_event_source_mapping = {
    .name = "CreateEventSourceMapping",
    .method = "POST",
    .path = "/2015-03-31/event-source-mappings",
    .fields = fields,
    .input_size = sizeof(struct event_source_mapping_input),
    .status = 202,
    .place = API_POOL,
    .run = run,
};
