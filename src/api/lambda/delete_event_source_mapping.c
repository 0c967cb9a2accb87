/* DeleteEventSourceMapping. Source: AWS Lambda API Reference, DeleteEventSourceMapping. Answers the whole configuration. */
#include "api/lambda/event_source_mapping.h"

struct input { struct leat_slice uuid; };

static const struct api_field fields[] = {
    API_FIELD(struct input, uuid, "UUID", API_STRING, .location = API_IN_PATH, .required = true),
    API_FIELDS_END,
};

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    struct trigger_description mapping;
    enum leat_code code = trigger_delete(call->server->triggers, in->uuid, call->arena, &mapping, &call->fault);
    event_source_mapping_answer(call, code, &mapping);
}

const struct api_operation lambda_delete_event_source_mapping = {
    .name = "DeleteEventSourceMapping",
    .method = "DELETE",
    .path = "/2015-03-31/event-source-mappings/{UUID}",
    .fields = fields,
    .input_size = sizeof(struct input),
    .status = 202,
    .place = API_POOL,
    .run = run,
};
