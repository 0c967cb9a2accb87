/* AWS's JSON protocol, version 1.0: faults as {"__type": "...", "message": "..."}. DynamoDB and DynamoDB Streams speak it. */
#ifndef API_AWS_JSON_H
#define API_AWS_JSON_H

#include "api/api.h"

/* For struct api_service's fail. */
unsigned api_aws_json_fail(struct api_call *call);

#endif
