/* leat clock: shows a server's clock, and moves a virtual one. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/slice.h"
#include "cmd/cmd.h"
#include "cmd/time.h"

static const struct cmd_option options[] = {
    CMD_REMOTE_OPTION,
    {NULL, 0, NULL, NULL},
};

/* The request that the arguments ask for; absent: only to look. */
static enum leat_code read_request(const struct cmd_call *call, char *text, size_t size, struct leat_slice *out,
                                   struct leat_fault *fault) {
    uint64_t milliseconds;
    *out = slice_of(NULL, 0);
    if (call->argument_count == 0) return LEAT_OK;
    const char *verb = call->arguments[0], *value = call->arguments[1];
    bool advance = strcmp(verb, "advance") == 0;
    if (call->argument_count != 2 || (!advance && strcmp(verb, "set") != 0))
        return fault_set(fault, LEAT_VALIDATION, "nothing, or advance and how far, or set and a time");
    if (advance && !cmd_duration_ms(value, &milliseconds))
        return fault_set(fault, LEAT_VALIDATION, "advance wants a time like 90s, 24h or 7d, not %s", value);
    if (!advance && !cmd_time_ms(value, &milliseconds))
        return fault_set(fault, LEAT_VALIDATION, "set wants a time like 2025-02-22T03:03:25Z, not %s", value);
    (void)snprintf(text, size, "{\"%s\":%" PRIu64 "}", advance ? "AdvanceMilliseconds" : "SetMilliseconds", milliseconds);
    *out = slice_text(text);
    return LEAT_OK;
}

static int run(const struct cmd_call *call) {
    struct leat_fault fault = {0};
    struct net_client *client = NULL;
    struct leat_slice request;
    struct cmd_clock now;
    char text[CLOCK_ISO_SIZE + 64];
    enum leat_code code = read_request(call, text, sizeof text, &request, &fault);
    if (code == LEAT_OK) code = cmd_remote_new(cmd_value(call, "endpoint"), "leat", &client, &fault);
    if (code == LEAT_OK) code = cmd_clock_call(client, request, &now, &fault);
    net_client_free(client);
    if (code != LEAT_OK) return cmd_fail("%s", fault.message);
    clock_iso(now.now_ms, text);
    printf("%sZ%s\n", text, now.is_virtual ? " (virtual)" : "");
    return EXIT_SUCCESS;
}

const struct cmd cmd_clock = {
    .name = "clock",
    .arguments = "[advance HOW-FAR | set TIME]",
    .summary = "Shows the server's clock, or moves a virtual one (leat serve --clock virtual).",
    .details = "It moves forward only. What falls into the time happens in its order, each thing at its moment: expiry of items and\n"
               "stream records, windows and retries of event source mappings, and so on; all of it has happened when the command ends.\n"
               "Functions run in real time; the clock waits for them. A function must not move it.\n" CMD_REMOTE_DETAILS,
    .options = options,
    .arguments_min = 0,
    .arguments_max = 2,
    .run = run,
};
