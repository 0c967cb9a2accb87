/* The operations of DynamoDB, the most used first. A new one: its file, and one line here. */
#include "api/aws_json.h"
#include "api/dynamodb/dynamodb.h"

static const struct api_operation *const operations[] = {
    NULL,
};

const struct api_service api_dynamodb_service = {
    .name = "DynamoDB",
    .target = "DynamoDB_20120810",
    .content_type = "application/x-amz-json-1.0",
    .crc = true,
    .operations = operations,
    .fail = api_aws_json_fail,
};
