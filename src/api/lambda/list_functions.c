/* ListFunctions, ListVersionsByFunction. Source: AWS Lambda API Reference. */
#include "api/lambda/function.h"
#include "base/slice.h"

static const struct api_choice versions[] = {{"ALL", 1}, {NULL, 0}};

struct input {
    struct leat_slice name, marker, region;
    struct api_integer limit;
    struct api_enum version;
};

static const struct api_field fields[] = {
    LAMBDA_PAGE_FIELDS(struct input),
    API_FIELD(struct input, version, "FunctionVersion", API_ENUM, .location = API_IN_QUERY, .choices = versions),
    API_FIELD(struct input, region, "MasterRegion", API_STRING, .location = API_IN_QUERY),
    API_FIELDS_END,
};
static const struct api_field version_fields[] = {
    LAMBDA_NAME_FIELD(struct input),
    LAMBDA_PAGE_FIELDS(struct input),
    API_FIELDS_END,
};

static enum leat_code append(struct function_page *out, const struct function_page *some) {
    for (size_t i = 0; i < some->count; i++) out->functions[out->count++] = some->functions[i];
    return LEAT_OK;
}

/* All versions of the function after the marker's: "NAME" (begin behind it) or "NAME:VERSION". */
static enum leat_code list_all(struct api_call *call, struct leat_slice marker, size_t limit, struct function_page *out) {
    struct function_service *service = call->server->functions;
    struct function_page names, some;
    const uint8_t *colon = marker.data == NULL ? NULL : memchr(marker.data, ':', marker.size);
    struct leat_slice name = marker, version = {NULL, 0};
    *out = (struct function_page){.functions = ARENA_ARRAY(call->arena, struct function_configuration, limit)};
    if (out->functions == NULL) return fault_memory(&call->fault);
    if (colon != NULL) {
        name = slice_of(marker.data, (size_t)(colon - marker.data));
        version = slice_of(colon + 1, marker.size - name.size - 1);
    }
    while (out->count < limit) {
        if (version.data == NULL) { /* on to the next function */
            TRY(function_list(service, name, 1, call->arena, &names, &call->fault));
            if (names.count == 0) return LEAT_OK;
            name = names.functions[0].name;
        }
        enum leat_code code = function_list_versions(service, name, version, limit - out->count, call->arena, &some, &call->fault);
        if (code == LEAT_RESOURCE_NOT_FOUND) some = (struct function_page){0}; /* deleted meanwhile */
        else if (code != LEAT_OK) return code;
        TRY(append(out, &some));
        out->next = some.next.data != NULL ? lambda_qualified(call, name, some.next) : name;
        version = (struct leat_slice){NULL, 0};
    }
    return LEAT_OK;
}

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    struct function_page page;
    size_t limit = lambda_page(in->limit);
    enum leat_code code = in->version.value == 1
                              ? list_all(call, in->marker, limit, &page)
                              : function_list(call->server->functions, in->marker, limit, call->arena, &page, &call->fault);
    if (code == LEAT_OK && in->version.value == 1 && page.count < limit) page.next = (struct leat_slice){NULL, 0};
    lambda_answer_page(call, code, "Functions", &page);
}

static void run_versions(struct api_call *call, void *input) {
    const struct input *in = input;
    struct function_page page;
    enum leat_code code = function_list_versions(call->server->functions, in->name, in->marker, lambda_page(in->limit), call->arena,
                                                 &page, &call->fault);
    lambda_answer_page(call, code, "Versions", &page);
}

const struct api_operation lambda_list_functions = {
    .name = "ListFunctions", .method = "GET", .path = "/2015-03-31/functions", .fields = fields,
    .input_size = sizeof(struct input), .run = run};
const struct api_operation lambda_list_versions_by_function = {
    .name = "ListVersionsByFunction", .method = "GET", .path = "/2015-03-31/functions/{FunctionName}/versions",
    .fields = version_fields, .input_size = sizeof(struct input), .run = run_versions};
