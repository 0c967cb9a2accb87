/* A running leat, as seen by commands: DynamoDB's JSON protocol over HTTP. One thread. */
#ifndef CMD_REMOTE_H
#define CMD_REMOTE_H

#include "base/buf.h"
#include "base/fault.h"
#include "net/client.h"

#define CMD_REMOTE_OPTION {"endpoint", 'e', "URL", "the server (AWS_ENDPOINT_URL, or http://127.0.0.1:8000)"}

/* option: the value of --endpoint, or NULL. */
enum leat_code cmd_remote_new(const char *option, struct net_client **out, struct leat_fault *fault) LEAT_MUST_USE;

/* Calls an operation: target "DynamoDB_20120810.DescribeTable", request a JSON object. The answer replaces what is in `answer`.
 * An error answer becomes a fault in the server's words; its code is LEAT_RESOURCE_NOT_FOUND, LEAT_EXPIRED_ITERATOR or
 * LEAT_TRIMMED_DATA_ACCESS where the type says so, else LEAT_VALIDATION. */
enum leat_code cmd_remote_call(struct net_client *client, const char *target, struct leat_slice request, struct buf *answer,
                               struct leat_fault *fault) LEAT_MUST_USE;

#endif
