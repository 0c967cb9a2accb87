/* GetEventSourceMapping. Source: AWS Lambda API Reference, GetEventSourceMapping. */
#include "api/lambda/event_source_mapping.h"

struct input { struct leat_slice uuid; };

static const struct api_field fields[] = {
    API_FIELD(struct input, uuid, "UUID", API_STRING, .location = API_IN_PATH, .required = true),
    API_FIELDS_END,
};

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    struct trigger_description mapping;
    enum leat_code code = trigger_get(call->server->triggers, in->uuid, call->arena, &mapping, &call->fault);
    event_source_mapping_answer(call, code, &mapping);
}

const struct api_operation lambda_get_event_source_mapping = {
    .name = "GetEventSourceMapping",
    .method = "GET",
    .path = "/2015-03-31/event-source-mappings/{UUID}",
    .fields = fields,
    .input_size = sizeof(struct input),
    .place = API_LOOP,
    .run = run,
};
