/* Resources named by ARN: tables and streams, for tags and resource policies. */
#ifndef API_DYNAMODB_RESOURCE_H
#define API_DYNAMODB_RESOURCE_H

#include "api/api.h"

#define RESOURCE_ARN(structure) API_FIELD(structure, arn, "ResourceArn", API_STRING, .required = true, .min = 1, .max = 1283)

struct resource {
    struct leat_slice region, account, table;
    struct leat_slice label; /* a stream's; absent: the table itself */
};

/* Takes an ARN of a table or stream apart. Region and account are not looked at. */
enum leat_code resource_parse(struct leat_slice arn, struct resource *out, struct leat_fault *fault) LEAT_MUST_USE;
/* Is it of this server's region; of its account? */
bool resource_is_near(const struct api_server *server, const struct resource *resource);
bool resource_is_own(const struct api_server *server, const struct resource *resource);

#endif
