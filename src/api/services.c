/* The services that one port offers. A new one: its folder, and one line here. */
#include "api/api.h"
#include "api/dynamodb/dynamodb.h"
#include "api/lambda/lambda.h"
#include "api/leat/leat.h"
#include "api/logs/logs.h"
#include "api/sqs/sqs.h"
#include "api/streams/streams.h"

const struct api_service *const api_services[] = {
    &api_dynamodb_service,
    &api_streams_service,
    &api_sqs_service,
    &api_lambda_service,
    &api_logs_service,
    &api_leat_service,
    NULL,
};
