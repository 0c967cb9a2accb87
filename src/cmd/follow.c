#include "cmd/follow.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/slice.h"
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

/* The reader stands before an object; moves to the value of the member whose name is up to the path's next '/'. */
static bool enter(struct json_reader *reader, const char **path) {
    size_t size = strcspn(*path, "/");
    struct leat_slice name = slice_of(*path, size);
    *path += size + ((*path)[size] == '/');
    if (reader->token != JSON_OBJECT) return false;
    while (json_next(reader) == JSON_KEY) {
        bool found = slice_equal(reader->text, name);
        (void)json_next(reader);
        if (found) return true;
        if (!json_skip(reader)) return false;
    }
    return false;
}

struct leat_slice cmd_member(struct arena *arena, struct leat_slice json, const char *path) {
    struct json_reader reader;
    json_reader_init(&reader, json, arena);
    (void)json_next(&reader);
    while (*path != 0)
        if (!enter(&reader, &path)) return (struct leat_slice){NULL, 0};
    if (reader.token != JSON_STRING && reader.token != JSON_NUMBER) return (struct leat_slice){NULL, 0};
    return arena_copy(arena, reader.text);
}

static uint64_t figure(struct arena *arena, struct leat_slice json, const char *path) {
    struct leat_slice text = cmd_member(arena, json, path);
    struct leat_slice ended = text.data == NULL ? text : arena_print(arena, "%.*s", SLICE_FORMAT(text));
    return ended.data == NULL ? 0 : strtoull((const char *)ended.data, NULL, 10);
}

/* One look: *under_way, and what the figures are. */
static enum leat_code look(struct net_client *client, const struct cmd_follow *follow, struct buf *answer, struct cmd_progress *progress,
                           bool *under_way, struct leat_fault *fault) {
    struct arena arena;
    TRY(cmd_remote_call(client, follow->target, follow->request, answer, fault));
    struct leat_slice json = buf_view(answer);
    arena_init(&arena, ANSWER_BYTES_MAX);
    *under_way = slice_is(cmd_member(&arena, json, follow->status), follow->under_way);
    if (*under_way) cmd_progress_show(progress, figure(&arena, json, follow->done), figure(&arena, json, follow->total));
    arena_fini(&arena);
    return LEAT_OK;
}

enum leat_code cmd_follow(struct net_client *client, const struct cmd_follow *follow, struct arena *arena, struct leat_slice *status,
                          struct leat_fault *fault) {
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
    *status = code == LEAT_OK ? cmd_member(arena, buf_view(&answer), follow->status) : (struct leat_slice){NULL, 0};
    buf_fini(&answer);
    return code;
}
