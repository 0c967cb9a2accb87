#include <stdio.h>

#include "cmd/cmd.h"
#include "leat.h"

static int run(const struct cmd_call *call) {
    (void)call;
    printf("leat %s\n", leat_version());
    return 0;
}

const struct cmd cmd_version = {.name = "version", .arguments = "", .summary = "Prints the version.", .run = run};
