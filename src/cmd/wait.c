/* leat wait: until nothing is being done to a table any more. */
#include <stdlib.h>

#include "cmd/cmd.h"
#include "cmd/follow.h"

static const struct cmd_option options[] = {
    CMD_REMOTE_OPTION,
    {NULL, 0, NULL, NULL},
};

static enum leat_code wait_ready(const char *table, struct net_client *client, struct leat_fault *fault) {
    return cmd_follow_table(client, "waiting for", table, &(struct cmd_follow){.over = "ACTIVE"}, fault);
}

static int run(const struct cmd_call *call) {
    struct leat_fault fault = {0};
    struct net_client *client = NULL;
    enum leat_code code = cmd_remote_new(cmd_value(call, "endpoint"), "dynamodb", &client, &fault);
    if (code == LEAT_OK) code = wait_ready(call->arguments[0], client, &fault);
    net_client_free(client);
    return code == LEAT_OK ? EXIT_SUCCESS : cmd_fail("%s", fault.message);
}

const struct cmd cmd_wait = {
    .name = "wait",
    .arguments = "TABLE",
    .summary = "Waits until a table can be used and its indexes are filled, and shows how far that is.",
    .details = "It fails when the table is not there, or goes while it waits.\n" CMD_REMOTE_DETAILS,
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run,
};
