/* ListEventSourceMappings. Source: AWS Lambda API Reference, ListEventSourceMappings. A page has at most 100 mappings even if
 * more are asked for. */
#include "api/lambda/event_source_mapping.h"

struct input { struct leat_slice source, function, marker; struct api_integer limit; };

static const struct api_field fields[] = {
    API_FIELD(struct input, source, "EventSourceArn", API_STRING, .location = API_IN_QUERY),
    API_FIELD(struct input, function, "FunctionName", API_STRING, .location = API_IN_QUERY),
    API_FIELD(struct input, marker, "Marker", API_STRING, .location = API_IN_QUERY),
    API_FIELD(struct input, limit, "MaxItems", API_INTEGER, .location = API_IN_QUERY, .min = 1, .max = 10000),
    API_FIELDS_END,
};

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    struct trigger_page page;
    size_t limit = in->limit.given ? (size_t)in->limit.value : 0;
    enum leat_code code = trigger_list(call->server->triggers, in->function, in->source, in->marker, limit, call->arena,
                                       &page, &call->fault);
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    json_object(&call->json);
    json_key(&call->json, "EventSourceMappings");
    json_array(&call->json);
    for (size_t i = 0; i < page.count; i++) event_source_mapping_write(&call->json, &page.mappings[i]);
    json_array_end(&call->json);
    if (page.next.data != NULL) {
        json_key(&call->json, "NextMarker");
        json_string(&call->json, page.next);
    }
    json_object_end(&call->json);
    api_done(call);
}

const struct api_operation lambda_list_event_source_mappings = {
    .name = "ListEventSourceMappings",
    .method = "GET",
    .path = "/2015-03-31/event-source-mappings",
    .fields = fields,
    .input_size = sizeof(struct input),
    .place = API_POOL, /* the resolver may read */
    .run = run,
};
