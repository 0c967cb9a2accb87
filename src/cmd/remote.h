/* A running leat, as seen by commands: DynamoDB's JSON protocol and other requests over HTTP. One thread. */
#ifndef CMD_REMOTE_H
#define CMD_REMOTE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "net/client.h"

#define CMD_REMOTE_OPTION {"endpoint", 'e', "URL", "the server (AWS_ENDPOINT_URL, or http://127.0.0.1:8000)"}

/* For a command's details. */
#define CMD_REMOTE_DETAILS                                                                                             \
    "Requests are signed with LEAT_ACCESS_KEY and LEAT_SECRET_KEY, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, from\n" \
    "the environment. A server without credentials wants none."

/* option: the value of --endpoint, or NULL. service: the name requests are signed for, "dynamodb". They are signed with the access
 * key in the environment; without one as "local", whom a server without credentials takes like everybody. */
enum leat_code cmd_remote_new(const char *option, const char *service, struct net_client **out,
                              struct leat_fault *fault) LEAT_MUST_USE;

/* Calls an operation: target "DynamoDB_20120810.DescribeTable", request a JSON object. The answer replaces what is in `answer`.
 * An error answer becomes a fault in the server's words; its code is LEAT_RESOURCE_NOT_FOUND, LEAT_EXPIRED_ITERATOR or
 * LEAT_TRIMMED_DATA_ACCESS where the type says so, else LEAT_VALIDATION. */
enum leat_code cmd_remote_call(struct net_client *client, const char *target, struct leat_slice request, struct buf *answer,
                               struct leat_fault *fault) LEAT_MUST_USE;

/* A name as one segment of a path. */
struct leat_slice cmd_remote_segment(struct arena *arena, const char *name);

/* Says why the server refused: the answer's "message" or "Message", or its text. Answers 1, the exit status. */
int cmd_remote_refused(unsigned status, struct leat_slice body);

#endif
