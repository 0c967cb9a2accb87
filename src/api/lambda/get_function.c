/* GetFunction, GetFunctionConfiguration. Source: AWS Lambda API Reference. */
#include "api/lambda/function.h"
#include "api/lambda/tags.h"
#include "base/clock.h"
#include "base/slice.h"
#include "net/signer.h"

enum { DOWNLOAD_EXPIRES_S = 600 };

struct input { struct leat_slice name, qualifier; };

static const struct api_field fields[] = {
    API_FIELD(struct input, name, "FunctionName", API_STRING, .location = API_IN_PATH, .required = true),
    API_FIELD(struct input, qualifier, "Qualifier", API_STRING, .location = API_IN_QUERY),
    API_FIELDS_END,
};

static bool find(struct api_call *call, const struct input *in, struct function_configuration *out) {
    struct leat_slice name = lambda_qualified(call, in->name, in->qualifier);
    enum leat_code code = function_get(call->server->functions, name, call->arena, out, &call->fault);
    if (code != LEAT_OK) api_fail(call, code, &call->fault);
    return code == LEAT_OK;
}

/* AWS Lambda API Reference, GetFunction: "a link to download the deployment package that's valid for 10 minutes". */
struct leat_slice lambda_download(struct api_call *call, struct leat_slice path) {
    const struct api_server *server = call->server;
    struct net_signer signer = {{"local", "local"}, server->region, "lambda"};
    if (server->credential_count > 0) signer.credential = server->credentials[0];
    struct leat_slice host = net_request_header(call->request, "Host");
    struct leat_slice query = {NULL, 0};
    if (path.data != NULL)
        query = net_presign(&signer, host, path, DOWNLOAD_EXPIRES_S, clock_real_ms(), call->arena);
    if (query.data == NULL) return query;
    return arena_print(call->arena, "http://%.*s%.*s?%.*s", SLICE_FORMAT(host), SLICE_FORMAT(path), SLICE_FORMAT(query));
}

static struct leat_slice download(struct api_call *call, struct leat_slice name) {
    return lambda_download(call, arena_print(call->arena, "/_leat/functions/%.*s/code", SLICE_FORMAT(name)));
}

/* Code.Location: where a copy of the code may be fetched. A local directory is shown as what it is. */
static void write_code(struct api_call *call, const struct function_configuration *configuration) {
    struct json_writer *json = &call->json;
    bool numbered = !slice_is(configuration->version, "$LATEST");
    struct leat_slice location =
        configuration->directory.data != NULL
            ? arena_print(call->arena, "file://%.*s", SLICE_FORMAT(configuration->directory))
            : download(call, lambda_qualified(call, configuration->name, numbered ? configuration->version : (struct leat_slice){NULL, 0}));
    json_key(json, "Code");
    json_object(json);
    json_key(json, "RepositoryType");
    json_text(json, configuration->directory.data != NULL ? "Local" : "S3");
    json_key(json, "Location");
    json_string(json, location.data != NULL ? location : SLICE(""));
    json_object_end(json);
}

static void run(struct api_call *call, void *input) {
    struct function_configuration configuration;
    if (!find(call, input, &configuration)) return;
    struct leat_slice tags = lambda_function_tags(call, configuration.name);
    json_object(&call->json);
    json_key(&call->json, "Configuration");
    lambda_write_function(call, &configuration);
    write_code(call, &configuration);
    if (tags.size > 0) {
        json_key(&call->json, "Tags");
        lambda_write_tags(&call->json, tags);
    }
    lambda_write_concurrency(call, configuration.name);
    json_object_end(&call->json);
    api_done(call);
}

static void run_configuration(struct api_call *call, void *input) {
    struct function_configuration configuration;
    if (!find(call, input, &configuration)) return;
    lambda_write_function(call, &configuration);
    api_done(call);
}

const struct api_operation lambda_get_function = {
    .name = "GetFunction", .method = "GET", .path = "/2015-03-31/functions/{FunctionName}", .fields = fields,
    .input_size = sizeof(struct input), .run = run};
const struct api_operation lambda_get_function_configuration = {
    .name = "GetFunctionConfiguration", .method = "GET", .path = "/2015-03-31/functions/{FunctionName}/configuration",
    .fields = fields, .input_size = sizeof(struct input), .run = run_configuration};
