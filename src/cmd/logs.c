/* leat logs: prints what a function has printed. Asks the running server, or reads a data directory.
 * A line of the log is "time process invocation words" (function/log.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/slice.h"
#include "cmd/cmd.h"
#include "cmd/remote.h"
#include "function/log.h"
#include "function/name.h"

enum { PIECE_BYTES_MAX = 1 << 20, FOLLOW_EVERY_MS = 100 };

static const struct cmd_option options[] = {
    {"follow", 'f', NULL, "go on with what comes"},
    {"data", 'd', "DIR", "read this data directory instead of asking a server"},
    CMD_REMOTE_OPTION,
    {"long", 'l', NULL, "each line with its process and its invocation"},
    {NULL, 0, NULL, NULL},
};

struct source {
    const char *directory; /* NULL: the client */
    struct net_client *client;
    struct leat_slice group, path;
    uint64_t from;
    bool full; /* every column */
};

static int ask_directory(struct source *source, struct buf *out) {
    struct leat_fault fault = {0};
    if (function_log_read(source->directory, source->group, source->from, PIECE_BYTES_MAX, out, &source->from, &fault) == LEAT_OK)
        return 0;
    return cmd_fail("%s", fault.message);
}

static int ask_server(struct source *source, struct buf *out) {
    struct leat_fault fault = {0};
    char path[512];
    unsigned status;
    (void)snprintf(path, sizeof path, "/_leat/functions/%.*s/log?from=%llu", SLICE_FORMAT(source->path),
                   (unsigned long long)source->from);
    if (net_client_request(source->client, "GET", path, "", SLICE(""), &status, out, &fault) != LEAT_OK)
        return cmd_fail("%s", fault.message);
    if (status != 200) return cmd_remote_refused(status, buf_view(out));
    char text[24] = "";
    struct leat_slice next = net_client_header(source->client, "X-Leat-Log-Next");
    if (next.size > 0 && next.size < sizeof text) memcpy(text, next.data, next.size);
    source->from = strtoull(text, NULL, 10);
    return 0;
}

static void print_line(const struct source *source, struct leat_slice line) {
    const uint8_t *end = line.data + line.size, *at = line.data;
    const uint8_t *time_end = memchr(at, ' ', line.size);
    for (int column = 0; !source->full && time_end != NULL && column < 3; column++) {
        const uint8_t *space = memchr(at, ' ', (size_t)(end - at));
        if (space == NULL) break;
        at = space + 1;
    }
    if (!source->full && time_end != NULL) printf("%.*s ", (int)(time_end - line.data), (const char *)line.data);
    (void)fwrite(at, 1, (size_t)(end - at), stdout);
    (void)putchar('\n');
}

static void print_lines(const struct source *source, struct leat_slice text) {
    while (text.size > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.size);
        size_t size = end == NULL ? text.size : (size_t)(end - text.data);
        print_line(source, slice_of(text.data, size));
        size_t used = end == NULL ? size : size + 1;
        text = slice_of(text.data + used, text.size - used);
    }
    (void)fflush(stdout);
}

static int print_all(struct source *source, bool follow) {
    struct buf piece;
    int status = 0;
    buf_init(&piece, PIECE_BYTES_MAX + FUNCTION_LOG_LINE_MAX);
    for (;;) {
        buf_clear(&piece);
        status = source->directory != NULL ? ask_directory(source, &piece) : ask_server(source, &piece);
        if (status != 0) break;
        print_lines(source, buf_view(&piece));
        if (ferror(stdout)) break;
        if (piece.size > 0) continue;
        if (!follow) break;
        (void)nanosleep(&(struct timespec){.tv_nsec = FOLLOW_EVERY_MS * 1000000L}, NULL);
    }
    buf_fini(&piece);
    return status;
}

static int run(const struct cmd_call *call) {
    struct leat_fault fault = {0};
    struct function_name name;
    struct arena arena;
    int status;
    arena_init(&arena, 1 << 16);
    struct source source = {.directory = cmd_value(call, "data"), .full = cmd_value(call, "long") != NULL};
    enum leat_code code = function_name_parse(slice_text(call->arguments[0]), &name, &fault);
    if (code == LEAT_OK && source.directory == NULL) code = cmd_remote_new(cmd_value(call, "endpoint"), "lambda", &source.client, &fault);
    if (code != LEAT_OK) {
        status = cmd_fail("%s", fault.message);
    } else {
        source.group = arena_print(&arena, FUNCTION_LOG_PREFIX "%.*s", SLICE_FORMAT(name.name));
        source.path = cmd_remote_segment(&arena, call->arguments[0]);
        status = print_all(&source, cmd_value(call, "follow") != NULL);
    }
    net_client_free(source.client);
    arena_fini(&arena);
    return status;
}

const struct cmd cmd_logs = {
    .name = "logs",
    .arguments = "FUNCTION",
    .summary = "Prints the log of a Lambda function.",
    .details = CMD_REMOTE_DETAILS,
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run,
};
