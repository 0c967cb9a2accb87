/* Lambda, API version 2015-03-31 (REST with JSON bodies): its operations and what they share. */
#ifndef API_LAMBDA_LAMBDA_H
#define API_LAMBDA_LAMBDA_H

#include "api/api.h"

extern const struct api_service api_lambda_service;

#endif
