/* Waits for something that a server does in the background, and shows how far it is. */
#ifndef CMD_FOLLOW_H
#define CMD_FOLLOW_H

#include "cmd/remote.h"

/* Members of answers by path: "Table/TableStatus". */
struct cmd_follow {
    const char *title;         /* "restoring music" */
    const char *target;        /* "DynamoDB_20120810.DescribeTable" */
    struct leat_slice request; /* asked again and again */
    const char *status, *under_way; /* it goes on while `status` is `under_way` */
    const char *done, *total;
};

/* Until the status is another: that, in the arena. */
enum leat_code cmd_follow(struct net_client *client, const struct cmd_follow *follow, struct arena *arena, struct leat_slice *status,
                          struct leat_fault *fault) LEAT_MUST_USE;

/* {"name": "value", ...}, in the arena; pairs are ended by a NULL name. Absent when there is no memory. */
struct leat_slice cmd_request(struct arena *arena, const char *const pairs[][2]);
/* The text of a string or number in a JSON object; absent when there is none. In the arena. */
struct leat_slice cmd_member(struct arena *arena, struct leat_slice json, const char *path);

#endif
