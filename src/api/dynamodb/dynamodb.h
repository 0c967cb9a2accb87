/* DynamoDB, API version 2012-08-10: its operations and what they share. */
#ifndef API_DYNAMODB_DYNAMODB_H
#define API_DYNAMODB_DYNAMODB_H

#include "api/api.h"

extern const struct api_service api_dynamodb_service;

#endif
