/* All commands, in the order of the help. A new one: its file, and one line here. */
#include "cmd/cmd.h"

#define COMMANDS(X) \
    X(serve)        \
    X(tail)         \
    X(invoke)       \
    X(logs)         \
    X(backup)       \
    X(restore)      \
    X(wait)         \
    X(export)       \
    X(import)       \
    X(clock)        \
    X(version)

#define DECLARE(name) extern const struct cmd cmd_##name;
COMMANDS(DECLARE)

#define ENTRY(name) &cmd_##name,
const struct cmd *const cmd_list[] = {COMMANDS(ENTRY) NULL};
