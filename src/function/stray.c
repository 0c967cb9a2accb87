/* Children of function processes that have left their process group (setsid), and perhaps their parents too: they are told by the log
 * stream in their environment, which only they can have: its digits begin with those of the service's life and end with the process's
 * own. Whoever has cleared its environment as well gets away. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "function/service.h"

enum { STRAY_ENVIRONMENT_MAX = 128 << 10, STRAY_ROUNDS_MAX = 8 };

static bool has_stream(const char *environment, size_t size, const char *digits) {
    static const char name[] = FUNCTION_STREAM_VARIABLE "=";
    for (const char *at = environment, *end = environment + size; at < end;) {
        const char *stop = memchr(at, 0, (size_t)(end - at));
        if (stop == NULL) return false;
        if (strncmp(at, name, sizeof name - 1) == 0) return strstr(at, digits) != NULL;
        at = stop + 1;
    }
    return false;
}

static bool is_stray(const char *pid, const char *digits, char *room) {
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%.20s/environ", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false; /* another user's, or gone */
    size_t size = 0;
    ssize_t got;
    while (size < STRAY_ENVIRONMENT_MAX && (got = read(fd, room + size, STRAY_ENVIRONMENT_MAX - size)) > 0) size += (size_t)got;
    (void)close(fd);
    return has_stream(room, size, digits);
}

static bool kill_found(const char *digits, char *room) {
    DIR *processes = opendir("/proc");
    bool found = false;
    for (struct dirent *entry; processes != NULL && (entry = readdir(processes)) != NULL;) {
        long pid = strtol(entry->d_name, NULL, 10);
        if (pid <= 1 || pid == getpid() || !is_stray(entry->d_name, digits, room)) continue;
        found |= kill((pid_t)pid, SIGKILL) == 0;
    }
    if (processes != NULL) (void)closedir(processes);
    return found;
}

void function_strays_kill(const char *digits) {
    char *room = malloc(STRAY_ENVIRONMENT_MAX);
    /* again until there are none: one may have had a child between two looks */
    for (int i = 0; room != NULL && i < STRAY_ROUNDS_MAX && kill_found(digits, room); i++) (void)usleep(1000);
    free(room);
}

/* ---- away from the loop: a look at all processes takes milliseconds ---- */

struct search {
    uv_work_t work;
    char stream[FUNCTION_LOG_STREAM_SIZE];
};

static void search_run(uv_work_t *work) { function_strays_kill(((struct search *)work->data)->stream); }

static void search_done(uv_work_t *work, int status) {
    (void)status;
    free(work->data);
}

void function_strays_kill_later(struct function_service *service, const char *stream) {
    struct search *search = calloc(1, sizeof *search);
    if (search == NULL) return; /* the end of the service looks for all */
    search->work.data = search;
    (void)snprintf(search->stream, sizeof search->stream, "%s", stream);
    if (uv_queue_work(net_loop_uv(service->work_loop), &search->work, search_run, search_done) != 0) free(search);
}
