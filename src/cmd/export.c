/* leat export: asks the server to export a table to a bucket, and shows how far it is. */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/slice.h"
#include "cmd/answer.h"
#include "cmd/cmd.h"
#include "cmd/progress.h"
#include "cmd/remote.h"

enum { ANSWER_BYTES_MAX = 1 << 20 };
#define TARGET "DynamoDB_20120810."

static const struct cmd_option options[] = {
    {"bucket", 'b', "NAME", "where to; a folder of DIR/buckets of the server's data"},
    {"prefix", 'p', "PREFIX", "what the keys begin with"},
    {"format", 'f', "FORMAT", "json or ion (json)"},
    {"time", 't', "SECONDS", "the table as it was then: seconds since 1970 (now)"},
    {"from", 0, "SECONDS", "only what was changed from then on, up to --time"},
    CMD_REMOTE_OPTION,
    {NULL, 0, NULL, NULL},
};

struct run {
    struct net_client *client;
    struct arena arena;
    struct buf answer;
    struct leat_fault fault;
};

static enum leat_code call(struct run *run, const char *operation, const struct buf *request) {
    char target[64];
    if (!buf_ok(request)) return fault_memory(&run->fault);
    (void)snprintf(target, sizeof target, TARGET "%s", operation);
    return cmd_remote_call(run->client, target, buf_view(request), &run->answer, &run->fault);
}

static enum leat_code call_with(struct run *run, const char *operation, const char *name, struct leat_slice text) {
    struct buf request;
    struct json_writer json;
    buf_init(&request, ANSWER_BYTES_MAX);
    json_writer_init(&json, &request);
    json_object(&json);
    json_key(&json, name);
    json_string(&json, text);
    json_object_end(&json);
    enum leat_code code = call(run, operation, &request);
    buf_fini(&request);
    return code;
}

static void optional(struct json_writer *json, const char *name, const char *text) {
    if (text == NULL) return;
    json_key(json, name);
    json_text(json, text);
}

static void write_request(const struct cmd_call *cmd, struct leat_slice arn, uint64_t time, uint64_t from, struct json_writer *json) {
    const char *format = cmd_value(cmd, "format");
    json_object(json);
    json_key(json, "TableArn");
    json_string(json, arn);
    optional(json, "S3Bucket", cmd_value(cmd, "bucket"));
    optional(json, "S3Prefix", cmd_value(cmd, "prefix"));
    optional(json, "ExportFormat", format == NULL || format[0] == 'j' ? "DYNAMODB_JSON" : "ION");
    if (from != 0) {
        json_key(json, "ExportType");
        json_text(json, "INCREMENTAL_EXPORT");
        json_key(json, "IncrementalExportSpecification");
        json_object(json);
        json_key(json, "ExportFromTime");
        json_int(json, (int64_t)from);
    }
    if (time != 0) {
        json_key(json, from != 0 ? "ExportToTime" : "ExportTime");
        json_int(json, (int64_t)time);
    }
    if (from != 0) json_object_end(json);
    json_object_end(json);
}

static enum leat_code start(struct run *run, const struct cmd_call *cmd, uint64_t time, uint64_t from, uint64_t *total,
                            struct leat_slice *arn) {
    TRY(call_with(run, "DescribeTable", "TableName", slice_text(cmd->arguments[0])));
    struct leat_slice text = buf_view(&run->answer);
    struct leat_slice table = arena_copy(&run->arena, CMD_ANSWER(text, &run->arena, "Table", "TableArn"));
    *total = from == 0 ? cmd_answer_number(CMD_ANSWER(text, &run->arena, "Table", "ItemCount")) : 0;
    struct buf request;
    struct json_writer json;
    buf_init(&request, ANSWER_BYTES_MAX);
    json_writer_init(&json, &request);
    write_request(cmd, table, time, from, &json);
    enum leat_code code = call(run, "ExportTableToPointInTime", &request);
    buf_fini(&request);
    TRY(code);
    *arn = arena_copy(&run->arena, CMD_ANSWER(buf_view(&run->answer), &run->arena, "ExportDescription", "ExportArn"));
    return arn->data != NULL ? LEAT_OK : fault_set(&run->fault, LEAT_IO, "the server's answer has no ExportArn");
}

/* How far the export is; false: it has ended. */
static enum leat_code look(struct run *run, struct leat_slice arn, uint64_t *items, bool *going_on) {
    struct arena arena;
    TRY(call_with(run, "DescribeExport", "ExportArn", arn));
    arena_init(&arena, ANSWER_BYTES_MAX);
    struct leat_slice text = CMD_ANSWER(buf_view(&run->answer), &arena, "ExportDescription");
    *going_on = slice_is(CMD_ANSWER(text, &arena, "ExportStatus"), "IN_PROGRESS");
    *items = cmd_answer_number(CMD_ANSWER(text, &arena, "ItemCount"));
    arena_fini(&arena);
    return LEAT_OK;
}

static enum leat_code wait(struct run *run, const char *title, struct leat_slice arn, uint64_t total) {
    struct cmd_progress progress;
    enum leat_code code;
    uint64_t items = 0;
    bool going_on = true;
    cmd_progress_begin(&progress, title);
    while ((code = look(run, arn, &items, &going_on)) == LEAT_OK && going_on) {
        cmd_progress_count(&progress, items, 0);
        cmd_progress_show(&progress, items, total);
        cmd_progress_pause();
    }
    cmd_progress_count(&progress, items, 0);
    cmd_progress_end(&progress, code == LEAT_OK);
    return code;
}

static int tell(struct run *run) {
    struct leat_slice text = CMD_ANSWER(buf_view(&run->answer), &run->arena, "ExportDescription");
    struct leat_slice manifest = CMD_ANSWER(text, &run->arena, "ExportManifest");
    struct leat_slice why = CMD_ANSWER(text, &run->arena, "FailureMessage");
    if (manifest.data == NULL) return cmd_fail("the export has failed: %.*s", SLICE_FORMAT(why));
    printf("%.*s\n", SLICE_FORMAT(manifest));
    return EXIT_SUCCESS;
}

static int run_with(struct run *run, const struct cmd_call *cmd) {
    const char *time_text = cmd_value(cmd, "time"), *from_text = cmd_value(cmd, "from"), *format = cmd_value(cmd, "format");
    uint64_t time = 0, from = 0, total = 0;
    struct leat_slice arn;
    char what[300];
    if (cmd_value(cmd, "bucket") == NULL) return cmd_fail("--bucket says where to export to");
    if (format != NULL && !slice_is(slice_text(format), "json") && !slice_is(slice_text(format), "ion"))
        return cmd_fail("--format is json or ion, not %s", format);
    if (time_text != NULL && !cmd_number(time_text, UINT32_MAX, &time)) return cmd_fail("--time wants seconds since 1970");
    if (from_text != NULL && !cmd_number(from_text, UINT32_MAX, &from)) return cmd_fail("--from wants seconds since 1970");
    (void)snprintf(what, sizeof what, "exporting %s", cmd->arguments[0]);
    enum leat_code code = cmd_remote_new(cmd_value(cmd, "endpoint"), "dynamodb", &run->client, &run->fault);
    if (code == LEAT_OK) code = start(run, cmd, time, from, &total, &arn);
    if (code == LEAT_OK) code = wait(run, what, arn, total);
    return code == LEAT_OK ? tell(run) : cmd_fail("%s", run->fault.message);
}

static int run(const struct cmd_call *cmd) {
    struct run state = {.client = NULL};
    arena_init(&state.arena, ANSWER_BYTES_MAX);
    buf_init(&state.answer, ANSWER_BYTES_MAX);
    int status = run_with(&state, cmd);
    net_client_free(state.client);
    buf_fini(&state.answer);
    arena_fini(&state.arena);
    return status;
}

const struct cmd cmd_export = {
    .name = "export",
    .arguments = "TABLE",
    .summary = "Exports a table to a bucket, as it is or was.",
    .details = "The table must have point-in-time recovery. Prints the key of the export's manifest.\n" CMD_REMOTE_DETAILS,
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run,
};
