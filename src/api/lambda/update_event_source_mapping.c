/* UpdateEventSourceMapping. Source: AWS Lambda API Reference, UpdateEventSourceMapping. Source and starting position
 * cannot be changed. The answer shows the new settings with state Updating (or Enabling, Disabling). */
#include "api/lambda/event_source_mapping.h"

static const struct api_field fields[] = {
    EVENT_SOURCE_MAPPING_FIELD(uuid, "UUID", API_STRING, .location = API_IN_PATH, .required = true),
    EVENT_SOURCE_MAPPING_FIELD(function_name, "FunctionName", API_STRING, .min = 1, .max = 256),
    EVENT_SOURCE_MAPPING_FIELDS,
    API_FIELDS_END,
};

static void run(struct api_call *call, void *input) {
    struct trigger_settings settings;
    struct trigger_description mapping;
    enum leat_code code = event_source_mapping_settings(call, input, &settings);
    if (code == LEAT_OK) code = trigger_update(call->server->triggers, &settings, call->arena, &mapping, &call->fault);
    event_source_mapping_answer(call, code, &mapping);
}

const struct api_operation lambda_update_event_source_mapping = {
    .name = "UpdateEventSourceMapping",
    .method = "PUT",
    .path = "/2015-03-31/event-source-mappings/{UUID}",
    .fields = fields,
    .input_size = sizeof(struct event_source_mapping_input),
    .status = 202,
    .place = API_POOL,
    .run = run,
};
