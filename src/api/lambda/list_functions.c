/* ListFunctions. Source: AWS Lambda API Reference, ListFunctions. */
#include "api/lambda/function.h"

enum { PAGE_MAX = 50 }; /* "ListFunctions returns a maximum of 50 items in each response, even if you set the number higher." */

struct input { struct leat_slice marker; struct api_integer limit; };

static const struct api_field fields[] = {
    API_FIELD(struct input, marker, "Marker", API_STRING, .location = API_IN_QUERY),
    API_FIELD(struct input, limit, "MaxItems", API_INTEGER, .location = API_IN_QUERY, .min = 1, .max = 10000),
    API_FIELDS_END,
};

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    struct function_page page;
    struct json_writer *json = &call->json;
    size_t limit = in->limit.given && in->limit.value < PAGE_MAX ? (size_t)in->limit.value : PAGE_MAX;
    enum leat_code code = function_list(call->server->functions, in->marker, limit, call->arena, &page, &call->fault);
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    json_object(json);
    json_key(json, "Functions");
    json_array(json);
    for (size_t i = 0; i < page.count; i++) lambda_write_function(call, &page.functions[i]);
    json_array_end(json);
    if (page.next.data != NULL) {
        json_key(json, "NextMarker");
        json_string(json, page.next);
    }
    json_object_end(json);
    api_done(call);
}

const struct api_operation lambda_list_functions = {
    .name = "ListFunctions", .method = "GET", .path = "/2015-03-31/functions", .fields = fields,
    .input_size = sizeof(struct input), .run = run};
