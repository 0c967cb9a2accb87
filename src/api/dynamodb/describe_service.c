/* What SDKs and tools ask of the service itself: DescribeLimits, DescribeEndpoints, DescribeTimeToLive. */
#include "api/dynamodb/dynamodb.h"
#include "base/slice.h"

static void run_limits(struct api_call *call, void *input) {
    (void)input;
    json_verbatim(&call->json, SLICE("{\"AccountMaxReadCapacityUnits\":80000,\"AccountMaxWriteCapacityUnits\":80000,"
                                     "\"TableMaxReadCapacityUnits\":40000,\"TableMaxWriteCapacityUnits\":40000}"));
    api_done(call);
}

static void run_endpoints(struct api_call *call, void *input) {
    struct json_writer *json = &call->json;
    (void)input;
    json_object(json);
    json_key(json, "Endpoints");
    json_array(json);
    json_object(json);
    json_key(json, "Address");
    json_string(json, net_request_header(call->request, "Host"));
    json_key(json, "CachePeriodInMinutes");
    json_int(json, 1440);
    json_object_end(json);
    json_array_end(json);
    json_object_end(json);
    api_done(call);
}

struct input { struct leat_slice table; };
static const struct api_field fields[] = {DYNAMODB_TABLE_NAME(struct input), API_FIELDS_END};

static void run_time_to_live(struct api_call *call, void *input) {
    struct leat_description description = {0};
    enum leat_code code = leat_table_describe(call->server->db, ((struct input *)input)->table, &description, &call->fault);
    leat_description_free(&description);
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    json_verbatim(&call->json, SLICE("{\"TimeToLiveDescription\":{\"TimeToLiveStatus\":\"DISABLED\"}}"));
    api_done(call);
}

const struct api_operation dynamodb_describe_limits = {.name = "DescribeLimits", .run = run_limits};
const struct api_operation dynamodb_describe_endpoints = {.name = "DescribeEndpoints", .run = run_endpoints};
const struct api_operation dynamodb_describe_time_to_live = {
    .name = "DescribeTimeToLive", .fields = fields, .input_size = sizeof(struct input), .run = run_time_to_live};
