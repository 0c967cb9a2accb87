/* The operations of DynamoDB Streams, the most used first. A new one: its file, and one line here. */
#include "api/aws_json.h"
#include "api/streams/streams.h"

#define OPERATIONS(X)     \
    X(get_records)        \
    X(get_shard_iterator) \
    X(describe_stream)    \
    X(list_streams)

#define DECLARE(name) extern const struct api_operation streams_##name;
OPERATIONS(DECLARE)

#define ENTRY(name) &streams_##name,
static const struct api_operation *const operations[] = {OPERATIONS(ENTRY) NULL};

const struct api_service api_streams_service = {
    .name = "DynamoDB Streams",
    .target = "DynamoDBStreams_20120810",
    .content_type = "application/x-amz-json-1.0",
    .crc = true,
    .operations = operations,
    .fail = api_aws_json_fail,
};
