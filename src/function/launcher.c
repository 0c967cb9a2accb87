/* What runs between uv_spawn and the runtime's program. libuv offers no hook there, so leat starts itself under another name and
 * becomes the program. Under function_launcher_name:
 *
 *   argv: name, pid of leat, megabytes, program, its arguments ...
 *
 * Under function_watchdog_name it stays: it learns of every function process through its standard input (32-bit numbers: a process
 * has begun, or minus it, has ended), and when that input ends because leat is gone, however it went, it kills the process groups
 * that are left, and what has left them (argv[1]: the digits that tell them). PR_SET_PDEATHSIG alone would reach the programs
 * themselves but not their children.
 *
 * Both run before main, so every program that has this file in it can start functions: leat, the unit tests, the fuzzers. */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "function/service.h"

const char function_launcher_name[] = "leat: function launcher";
const char function_watchdog_name[] = "leat: function watchdog";

enum {
    LAUNCHER_DATA_SPARE = 1 << 30, /* stacks of threads and the like: function/memory.c is who holds processes to their size */
    LAUNCHER_FILES_MAX = 1024,    /* Developer Guide, "Lambda quotas": file descriptors */
    WATCHDOG_PROCESSES_MAX = 4096
};

static void limit(int resource, rlim_t value) {
    struct rlimit now;
    if (getrlimit((__rlimit_resource_t)resource, &now) != 0) return;
    if (now.rlim_max < value) value = now.rlim_max;
    now = (struct rlimit){.rlim_cur = value, .rlim_max = value};
    (void)setrlimit((__rlimit_resource_t)resource, &now);
}

static void __attribute__((noreturn)) launch(char **argv) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* leat may have ended before that took hold */
    if (getppid() != (pid_t)strtol(argv[1], NULL, 10)) _exit(1);
    (void)close_range(STDERR_FILENO + 1, ~0u, 0);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_DATA, 2 * ((rlim_t)strtol(argv[2], NULL, 10) << 20) + LAUNCHER_DATA_SPARE);
    limit(RLIMIT_NOFILE, LAUNCHER_FILES_MAX);
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)execv(argv[3], argv + 3);
    (void)fprintf(stderr, "cannot execute %s: %s\n", argv[3], strerror(errno));
    _exit(errno == ENOENT ? 127 : 126);
}

static void watchdog_note(int32_t *pids, size_t *count, int32_t said) {
    if (said > 0) {
        if (*count < WATCHDOG_PROCESSES_MAX) pids[(*count)++] = said;
        return;
    }
    for (size_t i = 0; i < *count; i++) {
        if (pids[i] != -said) continue;
        pids[i] = pids[--*count];
        return;
    }
}

static void __attribute__((noreturn)) watch(const char *digits) {
    static int32_t pids[WATCHDOG_PROCESSES_MAX];
    size_t count = 0;
    int32_t said;
    (void)close_range(STDERR_FILENO + 1, ~0u, 0);
    for (;;) { /* writes of four bytes arrive whole */
        ssize_t size = read(STDIN_FILENO, &said, sizeof said);
        if (size == (ssize_t)sizeof said) watchdog_note(pids, &count, said);
        else if (size >= 0 || errno != EINTR) break;
    }
    for (size_t i = 0; i < count; i++) (void)kill(-pids[i], SIGKILL);
    function_strays_kill(digits);
    _exit(0);
}

static void __attribute__((constructor)) launcher_main(int argc, char **argv) {
    if (argc >= 4 && strcmp(argv[0], function_launcher_name) == 0) launch(argv);
    if (argc == 2 && strcmp(argv[0], function_watchdog_name) == 0) watch(argv[1]);
}
