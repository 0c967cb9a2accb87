/* Waits for something that a server does in the background, and shows how far it is. */
#ifndef CMD_FOLLOW_H
#define CMD_FOLLOW_H

#include "cmd/remote.h"

/* Paths as in cmd/answer.h. */
struct cmd_follow {
    const char *title;         /* "restoring music" */
    const char *target;        /* "DynamoDB_20120810.DescribeTable" */
    struct leat_slice request; /* asked again and again */
    const char *const *status;
    const char *under_way;     /* it goes on while what stands at `status` is `under_way` ... */
    const char *over;          /* ... or, when this is given, until it is `over` and there are no figures any more */
    const char *const *done, *const *total;
};

/* Returns when the status is another. */
enum leat_code cmd_follow(struct net_client *client, const struct cmd_follow *follow, struct leat_fault *fault) LEAT_MUST_USE;
/* The same of a table's status; of `state` only under_way and over are looked at. */
enum leat_code cmd_follow_table(struct net_client *client, const char *doing, const char *table, const struct cmd_follow *state,
                                struct leat_fault *fault) LEAT_MUST_USE;
#define CMD_PATH(...) (const char *const[]){__VA_ARGS__, NULL}

/* {"name": "value", ...}, in the arena; pairs are ended by a NULL name. Absent when there is no memory. */
struct leat_slice cmd_request(struct arena *arena, const char *const pairs[][2]);

#endif
