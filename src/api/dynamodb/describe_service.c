/* What SDKs and tools ask of the service itself: DescribeLimits, DescribeEndpoints. */
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

const struct api_operation dynamodb_describe_limits = {.name = "DescribeLimits", .run = run_limits};
const struct api_operation dynamodb_describe_endpoints = {.name = "DescribeEndpoints", .run = run_endpoints};
