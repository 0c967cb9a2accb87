/* leat invoke: calls a function of a running server and prints what it answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/slice.h"
#include "cmd/cmd.h"
#include "cmd/remote.h"

enum { PAYLOAD_BYTES_MAX = 6 << 20, ANSWER_BYTES_MAX = 16 << 20, FUNCTION_ERROR_STATUS = 2 };

static const struct cmd_option options[] = {
    CMD_REMOTE_OPTION,
    {"payload", 'p', "JSON", "the event; - reads standard input, @FILE a file ({})"},
    {"async", 0, NULL, "do not wait for the answer"},
    {"log", 0, NULL, "the last 4 KB of the call's log, on standard error"},
    {NULL, 0, NULL, NULL},
};

static enum leat_code read_stream(FILE *file, const char *name, struct buf *out, struct leat_fault *fault) {
    char piece[65536];
    size_t size;
    while ((size = fread(piece, 1, sizeof piece, file)) > 0) buf_append(out, piece, size);
    if (ferror(file)) return fault_set(fault, LEAT_IO, "cannot read %s", name);
    return buf_ok(out) ? LEAT_OK : fault_set(fault, LEAT_VALIDATION, "the payload is larger than 6 MB");
}

static enum leat_code read_payload(const char *text, struct buf *out, struct leat_fault *fault) {
    if (text == NULL) text = "{}";
    if (strcmp(text, "-") == 0) return read_stream(stdin, "standard input", out, fault);
    if (text[0] != '@') {
        buf_append(out, text, strlen(text));
        return buf_ok(out) ? LEAT_OK : fault_memory(fault);
    }
    FILE *file = fopen(text + 1, "re");
    if (file == NULL) return fault_set(fault, LEAT_IO, "cannot open %s", text + 1);
    enum leat_code code = read_stream(file, text + 1, out, fault);
    (void)fclose(file);
    return code;
}

static void print_log(const struct net_client *client, struct arena *arena) {
    struct leat_slice text = net_client_header(client, "X-Amz-Log-Result");
    struct leat_slice log = text.data == NULL ? text : base64_decode(arena, text);
    if (log.size > 0) (void)fwrite(log.data, 1, log.size, stderr);
}

static int print_answer(const struct cmd_call *call, const struct net_client *client, struct arena *arena, unsigned status,
                        const struct buf *answer) {
    if (status >= 300) return cmd_remote_refused(status, buf_view(answer));
    if (cmd_value(call, "log") != NULL) print_log(client, arena);
    if (cmd_value(call, "async") != NULL) return EXIT_SUCCESS;
    (void)fwrite(answer->data, 1, answer->size, stdout);
    (void)putchar('\n');
    bool failed = net_client_header(client, "X-Amz-Function-Error").data != NULL;
    return failed ? FUNCTION_ERROR_STATUS : EXIT_SUCCESS;
}

static int ask(const struct cmd_call *call, struct net_client *client, struct arena *arena, struct leat_slice payload) {
    struct leat_fault fault = {0};
    struct buf answer;
    unsigned status = 0;
    buf_init(&answer, ANSWER_BYTES_MAX);
    struct leat_slice name = cmd_remote_segment(arena, call->arguments[0]);
    struct leat_slice path = arena_print(arena, "/2015-03-31/functions/%.*s/invocations", SLICE_FORMAT(name));
    struct leat_slice headers =
        arena_print(arena, "X-Amz-Invocation-Type: %s\r\nX-Amz-Log-Type: %s\r\n",
                    cmd_value(call, "async") != NULL ? "Event" : "RequestResponse", cmd_value(call, "log") != NULL ? "Tail" : "None");
    net_client_timeout(client, 0); /* a function has its own */
    int result;
    if (path.data == NULL || headers.data == NULL) result = cmd_fail("out of memory");
    else if (net_client_request(client, "POST", (const char *)path.data, (const char *)headers.data, payload, &status, &answer,
                                &fault) != LEAT_OK)
        result = cmd_fail("%s", fault.message);
    else result = print_answer(call, client, arena, status, &answer);
    buf_fini(&answer);
    return result;
}

static int run(const struct cmd_call *call) {
    struct leat_fault fault = {0};
    struct net_client *client = NULL;
    struct arena arena;
    struct buf payload;
    int status;
    arena_init(&arena, 1 << 20);
    buf_init(&payload, PAYLOAD_BYTES_MAX);
    enum leat_code code = read_payload(cmd_value(call, "payload"), &payload, &fault);
    if (code == LEAT_OK) code = cmd_remote_new(cmd_value(call, "endpoint"), "lambda", &client, &fault);
    if (code != LEAT_OK) status = cmd_fail("%s", fault.message);
    else status = ask(call, client, &arena, buf_view(&payload));
    net_client_free(client);
    buf_fini(&payload);
    arena_fini(&arena);
    return status;
}

const struct cmd cmd_invoke = {
    .name = "invoke",
    .arguments = "FUNCTION",
    .summary = "Calls a Lambda function and prints its answer.",
    .details = "The exit status is 2 when the function has failed: what is printed is its error then.\n" CMD_REMOTE_DETAILS,
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run,
};
