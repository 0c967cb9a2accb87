/* The operations of DynamoDB Streams, the most used first. A new one: its file, and one line here. */
#include "api/aws_json.h"
#include "api/streams/streams.h"

static const struct api_operation *const operations[] = {
    NULL,
};

const struct api_service api_streams_service = {
    .name = "DynamoDB Streams",
    .target = "DynamoDBStreams_20120810",
    .content_type = "application/x-amz-json-1.0",
    .crc = true,
    .operations = operations,
    .fail = api_aws_json_fail,
};
