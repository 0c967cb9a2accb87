/* GET /_leat/layers/NAME/VERSION/content: the zip that a layer's files came in, where GetLayerVersion's Content.Location points. */
#include "api/leat/leat.h"
#include "function/layer.h"

struct input { struct leat_slice layer; struct api_integer version; };

static const struct api_field fields[] = {
    API_FIELD(struct input, layer, "LayerName", API_STRING, .location = API_IN_PATH, .required = true),
    API_FIELD(struct input, version, "VersionNumber", API_INTEGER, .location = API_IN_PATH, .required = true),
    API_FIELDS_END,
};

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    enum leat_code code = function_layer_archive(call->server->functions, in->layer, in->version.value, call->arena, call->json.buf,
                                                 &call->fault);
    api_end(call, code);
}

const struct api_operation leat_layer_content = {
    .name = "LayerContent", .method = "GET", .path = "/_leat/layers/{LayerName}/{VersionNumber}/content", .fields = fields,
    .input_size = sizeof(struct input), .content_type = "application/zip", .place = API_POOL, .run = run};
