/* leat backup: makes a backup of a table and waits until it is whole. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/slice.h"
#include "cmd/answer.h"
#include "cmd/cmd.h"
#include "cmd/follow.h"

enum { ANSWER_BYTES_MAX = 1 << 20 };

static const struct cmd_option options[] = {
    {"name", 'n', "NAME", "the backup's name (backup- and the time)"},
    {"no-wait", 0, NULL, "do not wait until it is whole"},
    CMD_REMOTE_OPTION,
    {NULL, 0, NULL, NULL},
};

static struct leat_slice default_name(struct arena *arena) {
    char text[32] = "";
    struct tm parts;
    time_t now = clock_real_s();
    if (gmtime_r(&now, &parts) != NULL) (void)strftime(text, sizeof text, "%Y%m%d-%H%M%S", &parts);
    return arena_print(arena, "backup-%s", text);
}

static enum leat_code create(const struct cmd_call *call, struct net_client *client, struct arena *arena, struct leat_slice *arn,
                             struct leat_fault *fault) {
    struct buf answer;
    const char *name = cmd_value(call, "name");
    if (name == NULL) name = (const char *)default_name(arena).data;
    if (name == NULL) return fault_memory(fault);
    struct leat_slice request =
        cmd_request(arena, (const char *const[][2]){{"TableName", call->arguments[0]}, {"BackupName", name}, {NULL, NULL}});
    if (request.data == NULL) return fault_memory(fault);
    buf_init(&answer, ANSWER_BYTES_MAX);
    enum leat_code code = cmd_remote_call(client, "DynamoDB_20120810.CreateBackup", request, &answer, fault);
    if (code == LEAT_OK) *arn = arena_copy(arena, CMD_ANSWER(buf_view(&answer), arena, "BackupDetails", "BackupArn"));
    buf_fini(&answer);
    return code == LEAT_OK && arn->data == NULL ? fault_set(fault, LEAT_INTERNAL, "the server's answer has no ARN") : code;
}

static enum leat_code wait_whole(const struct cmd_call *call, struct net_client *client, struct arena *arena, struct leat_slice arn,
                                 struct leat_fault *fault) {
    struct leat_slice title = arena_print(arena, "backing up %s", call->arguments[0]), text = arena_print(arena, "%.*s", SLICE_FORMAT(arn));
    if (title.data == NULL || text.data == NULL) return fault_memory(fault);
    const struct cmd_follow follow = {
        .title = (const char *)title.data, .target = "DynamoDB_20120810.DescribeBackup",
        .request = cmd_request(arena, (const char *const[][2]){{"BackupArn", (const char *)text.data}, {NULL, NULL}}),
        .status = CMD_PATH("BackupDescription", "BackupDetails", "BackupStatus"), .under_way = "CREATING",
        .done = CMD_PATH("BackupDescription", "LeatProgress", "Done"), .total = CMD_PATH("BackupDescription", "LeatProgress", "Total")};
    return follow.request.data == NULL ? fault_memory(fault) : cmd_follow(client, &follow, fault);
}

static int run(const struct cmd_call *call) {
    struct leat_fault fault = {0};
    struct net_client *client = NULL;
    struct leat_slice arn = {NULL, 0};
    struct arena arena;
    arena_init(&arena, 1 << 20);
    enum leat_code code = cmd_remote_new(cmd_value(call, "endpoint"), "dynamodb", &client, &fault);
    if (code == LEAT_OK) code = create(call, client, &arena, &arn, &fault);
    if (code == LEAT_OK && cmd_value(call, "no-wait") == NULL) code = wait_whole(call, client, &arena, arn, &fault);
    if (code == LEAT_OK) (void)printf("%.*s\n", SLICE_FORMAT(arn));
    net_client_free(client);
    arena_fini(&arena);
    return code == LEAT_OK ? EXIT_SUCCESS : cmd_fail("%s", fault.message);
}

const struct cmd cmd_backup = {
    .name = "backup",
    .arguments = "TABLE",
    .summary = "Makes a backup of a table and prints its ARN.",
    .details = "The table may be written meanwhile: the backup is of the moment in which it was begun.\n" CMD_REMOTE_DETAILS,
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run,
};
