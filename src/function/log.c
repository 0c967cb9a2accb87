#include "function/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/slice.h"

enum { LOG_PATH_SIZE = 4200, LOG_WAITING_BYTES_MAX = 1 << 20, LOG_FLUSH_BYTES = 64 << 10 };

struct function_log {
    int fd;            /* -1: not open */
    uint64_t size;     /* of the file, bytes */
    bool complained;   /* about a file that cannot be written: once, until it can be again */
    struct buf waiting;
    char path[];
};

static void log_path(char out[LOG_PATH_SIZE], const char *directory, struct leat_slice name) {
    (void)snprintf(out, LOG_PATH_SIZE, "%s/logs/%.*s.log", directory, SLICE_FORMAT(name));
}

struct function_log *function_log_new(const char *directory, struct leat_slice name) {
    char path[LOG_PATH_SIZE];
    log_path(path, directory, name);
    struct function_log *log = malloc(sizeof *log + strlen(path) + 1);
    if (log == NULL) return NULL;
    *log = (struct function_log){.fd = -1};
    buf_init(&log->waiting, LOG_WAITING_BYTES_MAX);
    memcpy(log->path, path, strlen(path) + 1);
    return log;
}

void function_log_free(struct function_log *log) {
    if (log == NULL) return;
    function_log_flush(log);
    if (log->fd >= 0) (void)close(log->fd);
    buf_fini(&log->waiting);
    free(log);
}

void function_log_line(struct function_log *log, const char *stream, const char *request_id, struct leat_slice line) {
    char now[CLOCK_ISO_SIZE];
    clock_iso(clock_now_ms(&clock_system), now);
    size_t needed = line.size + 128;
    if (log->waiting.size + needed > LOG_FLUSH_BYTES) function_log_flush(log);
    buf_print(&log->waiting, "%sZ %s %s ", now, stream, request_id[0] != 0 ? request_id : "-");
    buf_slice(&log->waiting, line);
    buf_byte(&log->waiting, '\n');
}

static void log_open(struct function_log *log) {
    log->fd = open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    struct stat status;
    if (log->fd >= 0) log->size = fstat(log->fd, &status) == 0 ? (uint64_t)status.st_size : 0;
}

static void log_rotate(struct function_log *log) {
    char old[LOG_PATH_SIZE + 4];
    (void)snprintf(old, sizeof old, "%s.1", log->path);
    (void)rename(log->path, old);
    if (log->fd >= 0) (void)close(log->fd);
    log_open(log);
}

void function_log_flush(struct function_log *log) {
    if (log->waiting.size == 0) return;
    if (log->fd < 0) log_open(log);
    if (log->size > FUNCTION_LOG_BYTES_MAX) log_rotate(log);
    ssize_t written = log->fd < 0 ? -1 : write(log->fd, log->waiting.data, log->waiting.size);
    if (written == (ssize_t)log->waiting.size) {
        log->size += (uint64_t)written;
        log->complained = false;
    } else {
        int error = written < 0 ? errno : ENOSPC;
        /* half a line would stay the beginning of the next one */
        if (written > 0 && ftruncate(log->fd, (off_t)log->size) != 0) log->size += (uint64_t)written;
        if (!log->complained) log_warning("cannot write %s: %s", log->path, strerror(error));
        log->complained = true;
    }
    buf_clear(&log->waiting);
}

static enum leat_code read_part(int fd, uint64_t from, size_t bytes_max, struct buf *out, uint64_t *next,
                                struct leat_fault *fault) {
    struct stat status;
    if (fstat(fd, &status) != 0) return fault_errno(fault, errno, "cannot read the function's log");
    if (from > (uint64_t)status.st_size) from = 0;
    *next = from;
    uint64_t there = (uint64_t)status.st_size - from;
    size_t size = there < bytes_max ? (size_t)there : bytes_max;
    if (!buf_reserve(out, size)) return fault_memory(fault);
    ssize_t got = size == 0 ? 0 : pread(fd, out->data + out->size, size, (off_t)from);
    if (got < 0) return fault_errno(fault, errno, "cannot read the function's log");
    const uint8_t *last = got == 0 ? NULL : memrchr(out->data + out->size, '\n', (size_t)got);
    size_t whole = last == NULL ? 0 : (size_t)(last + 1 - (out->data + out->size));
    if (whole == 0 && (size_t)got == bytes_max) whole = (size_t)got; /* a line longer than what may be asked for */
    out->size += whole;
    *next = from + whole;
    return LEAT_OK;
}

enum leat_code function_log_read(const char *directory, struct leat_slice name, uint64_t from, size_t bytes_max,
                                 struct buf *out, uint64_t *next, struct leat_fault *fault) {
    char path[LOG_PATH_SIZE];
    log_path(path, directory, name);
    *next = from;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) return LEAT_OK;
    if (fd < 0) return fault_errno(fault, errno, "cannot read the function's log");
    enum leat_code code = read_part(fd, from, bytes_max, out, next, fault);
    (void)close(fd);
    return code;
}
