/* Thousands of random lives of a mapping: records arrive, shards rotate and split, the function fails, hangs, is throttled and
 * answers partially, its state grows too big, failure records do not get through, checkpoints fail, the process dies and
 * starts again from the last checkpoints, clocks jump, settings change; and after every action the promises of the step
 * core are checked (check.c). A life is a function of its seed:
 *
 *     build/sim/step --seed 1234            replays one life
 *     build/sim/step --histories 1000000    a long run */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "life.h"

enum { HISTORIES = 10000 };

static void add(struct life *sum, const struct life *life) {
    sum->delivered += life->delivered, sum->failed += life->failed, sum->partial += life->partial;
    sum->split += life->split, sum->given_up += life->given_up, sum->expired += life->expired;
    sum->crashed += life->crashed, sum->closed += life->closed, sum->early += life->early;
    sum->parallel += life->parallel, sum->skipped += life->skipped, sum->unsent += life->unsent;
}

/* A simulation in which nothing goes wrong would prove nothing. */
static int report(const struct life *sum, unsigned long histories) {
    const struct {
        const char *name;
        unsigned long count;
    } happened[] = {{"deliveries", sum->delivered}, {"failures", sum->failed}, {"partial answers", sum->partial},
                    {"splits", sum->split}, {"pieces given up", sum->given_up}, {"heads too old", sum->expired},
                    {"failure records not sent", sum->unsent}, {"crashes", sum->crashed}, {"windows closed", sum->closed},
                    {"windows closed early", sum->early}, {"deliveries beside others", sum->parallel},
                    {"records filtered out", sum->skipped}};
    int status = EXIT_SUCCESS;
    printf("%lu histories", histories);
    for (size_t i = 0; i < sizeof happened / sizeof happened[0]; i++) {
        printf(", %lu %s", happened[i].count, happened[i].name);
        if (histories >= HISTORIES && happened[i].count < histories / 20) status = EXIT_FAILURE;
    }
    puts("");
    if (status != EXIT_SUCCESS) puts("too little happened in these histories to prove anything");
    return status;
}

int main(int argc, char **argv) {
    static struct life life, sum;
    uint64_t seed = 1, histories = HISTORIES;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seed") == 0) seed = strtoull(argv[i + 1], NULL, 10), histories = 1;
        else if (strcmp(argv[i], "--histories") == 0) histories = strtoull(argv[i + 1], NULL, 10);
    }
    for (uint64_t i = 0; i < histories; i++) {
        life_run(&life, seed + i);
        add(&sum, &life);
    }
    return report(&sum, histories);
}
