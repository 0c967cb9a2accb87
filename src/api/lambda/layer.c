/* PublishLayerVersion, GetLayerVersion, DeleteLayerVersion, ListLayers, ListLayerVersions. Source: AWS Lambda API Reference. */
#include <stdio.h>
#include <stdlib.h>

#include "api/lambda/function.h"
#include "base/clock.h"
#include "base/slice.h"
#include "function/layer.h"

struct input {
    struct leat_slice layer, description, license, runtimes, architectures, marker, runtime, architecture;
    struct api_integer version, limit;
    struct lambda_code *content;
};

#define LAYER_FIELD                                                                                                    \
    API_FIELD(struct input, layer, "LayerName", API_STRING, .location = API_IN_PATH, .required = true, .min = 1,       \
              .max = FUNCTION_LAYER_NAME_MAX)
#define VERSION_FIELD \
    API_FIELD(struct input, version, "VersionNumber", API_INTEGER, .location = API_IN_PATH, .required = true, .wide = true)
static const struct api_field publish_fields[] = {
    LAYER_FIELD,
    API_FIELD(struct input, content, "Content", API_STRUCT, .required = true, .fields = lambda_code_fields,
              .size = sizeof(struct lambda_code), .type = "LayerVersionContentInput"),
    API_FIELD(struct input, description, "Description", API_STRING, .max = 256),
    API_FIELD(struct input, runtimes, "CompatibleRuntimes", API_RAW),
    API_FIELD(struct input, architectures, "CompatibleArchitectures", API_RAW),
    API_FIELD(struct input, license, "LicenseInfo", API_STRING, .max = 512),
    API_FIELDS_END,
};
static const struct api_field version_fields[] = {LAYER_FIELD, VERSION_FIELD, API_FIELDS_END};
static const struct api_field list_fields[] = {LAMBDA_PAGE_FIELDS(struct input), API_FIELDS_END};
static const struct api_field versions_fields[] = {LAYER_FIELD, LAMBDA_PAGE_FIELDS(struct input), API_FIELDS_END};

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    const struct input *in = input;
    (void)call;
    if (in->layer.data == NULL || api_pattern_matches("[a-zA-Z0-9_-]+", in->layer)) return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION,
                     "1 validation error detected: Value '%.*s' at 'layerName' failed to satisfy constraint: Member must satisfy regular "
                     "expression pattern: (arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+",
                     SLICE_FORMAT(in->layer));
}

/* ---- answers ---- */

static void text(struct json_writer *json, const char *name, struct leat_slice value) {
    if (value.data == NULL) return;
    json_key(json, name);
    json_string(json, value);
}

static void raw(struct json_writer *json, const char *name, struct leat_slice value) {
    if (value.data == NULL) return;
    json_key(json, name);
    json_verbatim(json, value);
}

/* LayerVersionsListItem's members; those of one version have its content beside them. */
static void write_members(struct api_call *call, const struct function_layer *layer) {
    struct json_writer *json = &call->json;
    char created[CLOCK_ISO_SIZE];
    clock_iso(layer->created_ms, created);
    text(json, "LayerVersionArn", arena_print(call->arena, "%.*s:%lld", SLICE_FORMAT(layer->arn), (long long)layer->version));
    json_key(json, "Version");
    json_int(json, layer->version);
    text(json, "Description", layer->description.data != NULL ? layer->description : SLICE(""));
    text(json, "CreatedDate", arena_print(call->arena, "%s+0000", created));
    raw(json, "CompatibleRuntimes", layer->runtimes);
    raw(json, "CompatibleArchitectures", layer->architectures);
    text(json, "LicenseInfo", layer->license);
}

static void answer(struct api_call *call, enum leat_code code, const struct function_layer *layer) {
    struct json_writer *json = &call->json;
    if (code == LEAT_OK) {
        struct leat_slice path = arena_print(call->arena, "/_leat/layers/%.*s/%lld/content", SLICE_FORMAT(layer->name),
                                             (long long)layer->version);
        json_object(json);
        json_key(json, "Content");
        json_object(json);
        text(json, "Location", lambda_download(call, path));
        text(json, "CodeSha256", layer->sha256);
        json_key(json, "CodeSize");
        json_int(json, (int64_t)layer->size);
        json_object_end(json);
        text(json, "LayerArn", layer->arn);
        write_members(call, layer);
        json_object_end(json);
    }
    api_end(call, code);
}

static enum leat_code publish(struct api_call *call, const struct input *in, struct function_layer *layer) {
    struct function_code code;
    TRY(lambda_code_take(in->content, &code, &call->fault));
    if (code.zip.data == NULL)
        return fault_set(&call->fault, LEAT_INVALID_PARAMETER_VALUE, "A layer's content must be a zip archive.");
    return function_layer_publish(call->server->functions, layer, code.zip, call->arena, &call->fault);
}

static void run_publish(struct api_call *call, void *input) {
    const struct input *in = input;
    struct function_layer layer = {
        .name = in->layer,
        .description = in->description,
        .license = in->license,
        .runtimes = in->runtimes,
        .architectures = in->architectures,
    };
    enum leat_code code = publish(call, in, &layer);
    answer(call, code, &layer);
}

static void run_get(struct api_call *call, void *input) {
    const struct input *in = input;
    struct function_layer layer;
    enum leat_code code = function_layer_get(call->server->functions, in->layer, in->version.value, call->arena, &layer, &call->fault);
    answer(call, code, &layer);
}

static void run_delete(struct api_call *call, void *input) {
    const struct input *in = input;
    api_end(call, function_layer_delete(call->server->functions, in->layer, in->version.value, &call->fault));
}

static void end_list(struct api_call *call, struct leat_slice next) {
    json_array_end(&call->json);
    text(&call->json, "NextMarker", next);
    json_object_end(&call->json);
    api_done(call);
}

static void run_list(struct api_call *call, void *input) {
    const struct input *in = input;
    struct json_writer *json = &call->json;
    struct function_layer_page page;
    enum leat_code code =
        function_layer_list(call->server->functions, in->marker, lambda_page(in->limit), call->arena, &page, &call->fault);
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    json_object(json);
    json_key(json, "Layers");
    json_array(json);
    for (size_t i = 0; i < page.count; i++) {
        json_object(json);
        text(json, "LayerName", page.layers[i].name);
        text(json, "LayerArn", page.layers[i].arn);
        json_key(json, "LatestMatchingVersion");
        json_object(json);
        write_members(call, &page.layers[i]);
        json_object_end(json);
        json_object_end(json);
    }
    end_list(call, page.next);
}

static void run_versions(struct api_call *call, void *input) {
    const struct input *in = input;
    struct json_writer *json = &call->json;
    struct function_layer_page page;
    int64_t before = in->marker.data == NULL ? 0 : strtoll((const char *)arena_copy(call->arena, in->marker).data, NULL, 10);
    enum leat_code code = function_layer_versions(call->server->functions, in->layer, before, lambda_page(in->limit), call->arena, &page,
                                                  &call->fault);
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    json_object(json);
    json_key(json, "LayerVersions");
    json_array(json);
    for (size_t i = 0; i < page.count; i++) {
        json_object(json);
        write_members(call, &page.layers[i]);
        json_object_end(json);
    }
    end_list(call, page.next);
}

/* ---- functions' layers ---- */

enum leat_code lambda_layers_take(struct api_call *call, const struct api_list *layers, struct leat_slice *out) {
    const struct leat_slice *arns = layers->elements;
    struct json_writer json;
    struct buf array;
    if (layers->count > FUNCTION_LAYERS_MAX)
        return fault_set(&call->fault, LEAT_INVALID_PARAMETER_VALUE, "Cannot reference more than %d layers.", FUNCTION_LAYERS_MAX);
    buf_init_in(&array, call->arena, 8192);
    json_writer_init(&json, &array);
    json_array(&json);
    for (size_t i = 0; i < layers->count; i++) {
        struct function_layer layer;
        struct leat_slice name;
        int64_t version;
        if (!function_layer_parse(arns[i], &name, &version) ||
            function_layer_get(call->server->functions, name, version, call->arena, &layer, NULL) != LEAT_OK)
            return fault_set(&call->fault, LEAT_INVALID_PARAMETER_VALUE, "Layer version %.*s does not exist.", SLICE_FORMAT(arns[i]));
        json_object(&json); /* as answers show it */
        text(&json, "Arn", arns[i]);
        json_key(&json, "CodeSize");
        json_int(&json, (int64_t)layer.size);
        json_object_end(&json);
    }
    json_array_end(&json);
    *out = buf_keep(&array);
    return out->data == NULL ? fault_memory(&call->fault) : LEAT_OK;
}

#define LAYERS "/2018-10-31/layers"
const struct api_operation lambda_publish_layer_version = {
    .name = "PublishLayerVersion", .method = "POST", .path = LAYERS "/{LayerName}/versions", .fields = publish_fields,
    .input_size = sizeof(struct input), .status = 201, .place = API_POOL, .check = check, .run = run_publish};
const struct api_operation lambda_get_layer_version = {
    .name = "GetLayerVersion", .method = "GET", .path = LAYERS "/{LayerName}/versions/{VersionNumber}", .fields = version_fields,
    .input_size = sizeof(struct input), .check = check, .run = run_get};
const struct api_operation lambda_delete_layer_version = {
    .name = "DeleteLayerVersion", .method = "DELETE", .path = LAYERS "/{LayerName}/versions/{VersionNumber}", .fields = version_fields,
    .input_size = sizeof(struct input), .status = 204, .place = API_POOL, .check = check, .run = run_delete};
const struct api_operation lambda_list_layers = {
    .name = "ListLayers", .method = "GET", .path = LAYERS, .fields = list_fields, .input_size = sizeof(struct input), .run = run_list};
const struct api_operation lambda_list_layer_versions = {
    .name = "ListLayerVersions", .method = "GET", .path = LAYERS "/{LayerName}/versions", .fields = versions_fields,
    .input_size = sizeof(struct input), .check = check, .run = run_versions};
