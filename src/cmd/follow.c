#include "cmd/follow.h"

#include "base/json.h"
#include "base/slice.h"
#include "cmd/answer.h"
#include "cmd/progress.h"

enum { ANSWER_BYTES_MAX = 4 << 20, REQUEST_BYTES_MAX = 64 * 1024 };

struct leat_slice cmd_request(struct arena *arena, const char *const pairs[][2]) {
    struct buf request;
    struct json_writer json;
    buf_init_in(&request, arena, REQUEST_BYTES_MAX);
    json_writer_init(&json, &request);
    json_object(&json);
    for (size_t i = 0; pairs[i][0] != NULL; i++) {
        json_key(&json, pairs[i][0]);
        json_text(&json, pairs[i][1]);
    }
    json_object_end(&json);
    return buf_keep(&request);
}

static uint64_t figure(struct leat_slice json, struct arena *arena, const char *const path[]) {
    return cmd_answer_number(cmd_answer_find(json, arena, path));
}

/* One look: *under_way, and what the figures are. */
static enum leat_code look(struct net_client *client, const struct cmd_follow *follow, struct buf *answer, struct cmd_progress *progress,
                           bool *under_way, struct leat_fault *fault) {
    struct arena arena;
    TRY(cmd_remote_call(client, follow->target, follow->request, answer, fault));
    struct leat_slice json = buf_view(answer);
    arena_init(&arena, ANSWER_BYTES_MAX);
    struct leat_slice status = cmd_answer_find(json, &arena, follow->status);
    if (follow->over == NULL) *under_way = slice_is(status, follow->under_way);
    else *under_way = !slice_is(status, follow->over) || cmd_answer_find(json, &arena, follow->done).data != NULL;
    if (*under_way) cmd_progress_show(progress, figure(json, &arena, follow->done), figure(json, &arena, follow->total));
    arena_fini(&arena);
    return LEAT_OK;
}

enum leat_code cmd_follow(struct net_client *client, const struct cmd_follow *follow, struct leat_fault *fault) {
    struct cmd_progress progress;
    struct buf answer;
    bool under_way = true;
    enum leat_code code;
    buf_init(&answer, ANSWER_BYTES_MAX);
    cmd_progress_begin(&progress, follow->title);
    for (;;) {
        code = look(client, follow, &answer, &progress, &under_way, fault);
        if (code != LEAT_OK || !under_way) break;
        cmd_progress_pause();
    }
    cmd_progress_end(&progress, code == LEAT_OK);
    buf_fini(&answer);
    return code;
}

enum leat_code cmd_follow_table(struct net_client *client, const char *doing, const char *table, const struct cmd_follow *state,
                                struct leat_fault *fault) {
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct leat_slice title = arena_print(&arena, "%s %s", doing, table);
    const struct cmd_follow follow = {
        .title = (const char *)title.data, .target = "DynamoDB_20120810.DescribeTable",
        .request = cmd_request(&arena, (const char *const[][2]){{"TableName", table}, {NULL, NULL}}),
        .status = CMD_PATH("Table", "TableStatus"), .under_way = state->under_way, .over = state->over,
        .done = CMD_PATH("Table", "LeatProgress", "Done"), .total = CMD_PATH("Table", "LeatProgress", "Total")};
    bool room = title.data != NULL && follow.request.data != NULL;
    enum leat_code code = room ? cmd_follow(client, &follow, fault) : fault_memory(fault);
    arena_fini(&arena);
    return code;
}
