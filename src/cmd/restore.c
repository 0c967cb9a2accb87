/* leat restore: makes a new table out of a backup, or out of another table as it was at a moment, and waits until it is whole. */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/slice.h"
#include "cmd/cmd.h"
#include "cmd/follow.h"
#include "cmd/time.h"

enum { ANSWER_BYTES_MAX = 1 << 20, REQUEST_BYTES_MAX = 64 * 1024 };

static const struct cmd_option options[] = {
    {"time", 't', "TIME", "2025-02-22T03:03:25Z, seconds since 1970, or how long ago: 90s, 5m, 2h (now)"},
    {"backup", 'b', "ARN", "from this backup"},
    {"no-wait", 0, NULL, "do not wait until it is whole"},
    CMD_REMOTE_OPTION,
    {NULL, 0, NULL, NULL},
};

/* How long ago is by the server's clock. */
static enum leat_code read_time(const char *text, struct net_client *client, uint64_t *milliseconds, struct leat_fault *fault) {
    struct cmd_clock clock;
    uint64_t ago_ms;
    if (!cmd_duration_ms(text, &ago_ms))
        return cmd_time_ms(text, milliseconds) ? LEAT_OK : fault_set(fault, LEAT_VALIDATION, "%s is not a time", text);
    TRY(cmd_clock_call(client, slice_of(NULL, 0), &clock, fault));
    *milliseconds = clock.now_ms > ago_ms ? clock.now_ms - ago_ms : 0;
    return LEAT_OK;
}

static void member(struct json_writer *json, const char *name, const char *text) {
    json_key(json, name);
    json_text(json, text);
}

static enum leat_code write_source(const struct cmd_call *call, struct net_client *client, struct json_writer *json,
                                   struct leat_fault *fault) {
    const char *backup = cmd_value(call, "backup"), *time = cmd_value(call, "time");
    uint64_t milliseconds = 0;
    if ((backup != NULL) != (call->argument_count == 1) || (backup != NULL && time != NULL))
        return fault_set(fault, LEAT_VALIDATION, "either TABLE and NEW, perhaps with --time, or --backup and NEW alone");
    if (backup != NULL) {
        member(json, "BackupArn", backup);
        return LEAT_OK;
    }
    member(json, "SourceTableName", call->arguments[0]);
    if (time != NULL) TRY(read_time(time, client, &milliseconds, fault));
    json_key(json, time == NULL ? "UseLatestRestorableTime" : "RestoreDateTime");
    if (time == NULL) json_bool(json, true);
    else json_seconds(json, milliseconds);
    return LEAT_OK;
}

static const char *target_of(const struct cmd_call *call) { return call->arguments[call->argument_count - 1]; }

static enum leat_code begin(const struct cmd_call *call, struct net_client *client, struct leat_fault *fault) {
    struct buf request, answer;
    struct json_writer json;
    buf_init(&request, REQUEST_BYTES_MAX);
    buf_init(&answer, ANSWER_BYTES_MAX);
    json_writer_init(&json, &request);
    json_object(&json);
    member(&json, "TargetTableName", target_of(call));
    enum leat_code code = write_source(call, client, &json, fault);
    json_object_end(&json);
    if (code == LEAT_OK && !buf_ok(&request)) code = fault_memory(fault);
    const char *target = cmd_value(call, "backup") != NULL ? "DynamoDB_20120810.RestoreTableFromBackup"
                                                           : "DynamoDB_20120810.RestoreTableToPointInTime";
    if (code == LEAT_OK) code = cmd_remote_call(client, target, buf_view(&request), &answer, fault);
    buf_fini(&request);
    buf_fini(&answer);
    return code;
}

static enum leat_code wait_whole(const char *table, struct net_client *client, struct leat_fault *fault) {
    return cmd_follow_table(client, "restoring", table, &(struct cmd_follow){.under_way = "CREATING"}, fault);
}

static int run(const struct cmd_call *call) {
    struct leat_fault fault = {0};
    struct net_client *client = NULL;
    enum leat_code code = cmd_remote_new(cmd_value(call, "endpoint"), "dynamodb", &client, &fault);
    if (code == LEAT_OK) code = begin(call, client, &fault);
    if (code == LEAT_OK && cmd_value(call, "no-wait") == NULL) code = wait_whole(target_of(call), client, &fault);
    net_client_free(client);
    return code == LEAT_OK ? EXIT_SUCCESS : cmd_fail("%s", fault.message);
}

const struct cmd cmd_restore = {
    .name = "restore",
    .arguments = "[TABLE] NEW",
    .summary = "Makes a new table out of a backup, or of a table as it was at a moment.",
    .details = "TABLE must have point-in-time recovery on (aws dynamodb update-continuous-backups); with --backup it is left out.\n"
               CMD_REMOTE_DETAILS,
    .options = options,
    .arguments_min = 1,
    .arguments_max = 2,
    .run = run,
};
