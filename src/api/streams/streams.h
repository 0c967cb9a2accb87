/* DynamoDB Streams, API version 2012-08-10. */
#ifndef API_STREAMS_STREAMS_H
#define API_STREAMS_STREAMS_H

#include "api/api.h"

extern const struct api_service api_streams_service;

#endif
