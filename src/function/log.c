#include "function/log.h"

#include <ctype.h>
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

enum { LOG_WAITING_BYTES_MAX = 1 << 20, LOG_FLUSH_BYTES = 64 << 10 };

struct function_log {
    struct function_log *next;
    struct function_logs *logs;
    unsigned references;
    int fd;            /* -1: not open */
    uint64_t size;     /* of the file, bytes */
    bool complained;   /* about a file that cannot be written: once, until it can be again */
    struct buf waiting;
    char group[FUNCTION_LOG_GROUP_MAX + 1];
    char path[];
};

struct function_logs {
    struct function_log *first;
    char directory[];
};

/* ---- names ---- */

static bool group_good(struct leat_slice group) {
    for (size_t i = 0; i < group.size; i++)
        if (!isalnum(group.data[i]) && strchr("_-/.#", group.data[i]) == NULL) return false;
    return group.size > 0 && group.size <= FUNCTION_LOG_GROUP_MAX;
}

bool function_log_path(const char *directory, struct leat_slice group, char out[FUNCTION_LOG_PATH_SIZE]) {
    static const struct leat_slice prefix = SLICE(FUNCTION_LOG_PREFIX);
    if (!group_good(group) || strlen(directory) > FUNCTION_LOG_PATH_SIZE - 4 * FUNCTION_LOG_GROUP_MAX) return false;
    bool own = slice_starts(group, prefix) && group.size > prefix.size &&
               memchr(group.data + prefix.size, '/', group.size - prefix.size) == NULL && group.data[prefix.size] != '.';
    size_t at = (size_t)snprintf(out, FUNCTION_LOG_PATH_SIZE, "%s/logs/%s", directory, own ? "" : "%");
    for (size_t i = own ? prefix.size : 0; i < group.size; i++) {
        if (group.data[i] != '/') out[at++] = (char)group.data[i];
        else at += (size_t)snprintf(out + at, 4, "%%2F");
    }
    (void)snprintf(out + at, 5, ".log");
    return true;
}

bool function_log_group_of(const char *file, char out[FUNCTION_LOG_GROUP_MAX + 1]) {
    size_t size = strlen(file), at = 0;
    if (size <= 4 || size > 3 * FUNCTION_LOG_GROUP_MAX || strcmp(file + size - 4, ".log") != 0) return false;
    const char *end = file + size - 4;
    if (*file == '%') file++;
    else at = (size_t)snprintf(out, FUNCTION_LOG_GROUP_MAX, FUNCTION_LOG_PREFIX);
    while (file < end && at < FUNCTION_LOG_GROUP_MAX) {
        bool slash = end - file >= 3 && memcmp(file, "%2F", 3) == 0;
        out[at++] = slash ? '/' : *file;
        file += slash ? 3 : 1;
    }
    out[at] = 0;
    return file == end;
}

/* ---- the open ones ---- */

struct function_logs *function_logs_new(const char *directory) {
    size_t size = strlen(directory) + 1;
    struct function_logs *logs = calloc(1, sizeof *logs + size);
    if (logs != NULL) memcpy(logs->directory, directory, size);
    return logs;
}

void function_logs_free(struct function_logs *logs) { free(logs); }

struct function_log *function_log_open(struct function_logs *logs, struct leat_slice group) {
    char path[FUNCTION_LOG_PATH_SIZE];
    for (struct function_log *log = logs->first; log != NULL; log = log->next) {
        if (!slice_is(group, log->group)) continue;
        log->references++;
        return log;
    }
    struct function_log *log = function_log_path(logs->directory, group, path) ? calloc(1, sizeof *log + strlen(path) + 1) : NULL;
    if (log == NULL) return NULL;
    log->fd = -1;
    log->references = 1;
    log->logs = logs;
    log->next = logs->first;
    logs->first = log;
    buf_init(&log->waiting, LOG_WAITING_BYTES_MAX);
    memcpy(log->group, group.data, group.size);
    memcpy(log->path, path, strlen(path) + 1);
    return log;
}

void function_log_close(struct function_log *log) {
    function_log_flush(log);
    if (--log->references > 0) return;
    struct function_log **at = &log->logs->first;
    while (*at != log) at = &(*at)->next;
    *at = log->next;
    if (log->fd >= 0) (void)close(log->fd);
    buf_fini(&log->waiting);
    free(log);
}

void function_log_forget(struct function_logs *logs, struct leat_slice group) {
    for (struct function_log *log = logs->first; log != NULL; log = log->next) {
        if (!slice_is(group, log->group)) continue;
        function_log_flush(log);
        if (log->fd >= 0) (void)close(log->fd);
        log->fd = -1;
        log->size = 0;
    }
}

const char *function_log_name(const struct function_log *log) { return log->group; }

/* ---- lines ---- */

void function_log_line(struct function_log *log, const char *stream, const char *request_id, struct leat_slice line) {
    function_log_line_at(log, clock_real_ms(), stream, request_id, line);
}

void function_log_line_at(struct function_log *log, uint64_t time_ms, const char *stream, const char *request_id,
                          struct leat_slice line) {
    char time[CLOCK_ISO_SIZE];
    clock_iso(time_ms, time);
    size_t needed = line.size + strlen(stream) + 256;
    if (log->waiting.size + needed > LOG_FLUSH_BYTES) function_log_flush(log);
    buf_print(&log->waiting, "%sZ %s %s ", time, stream, request_id[0] != 0 ? request_id : "-");
    buf_slice(&log->waiting, line);
    buf_byte(&log->waiting, '\n');
}

static void log_open(struct function_log *log) {
    log->fd = open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    struct stat status;
    if (log->fd >= 0) log->size = fstat(log->fd, &status) == 0 ? (uint64_t)status.st_size : 0;
}

static void log_rotate(struct function_log *log) {
    char old[FUNCTION_LOG_PATH_SIZE + 4];
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

enum leat_code function_log_read(const char *directory, struct leat_slice group, uint64_t from, size_t bytes_max,
                                 struct buf *out, uint64_t *next, struct leat_fault *fault) {
    char path[FUNCTION_LOG_PATH_SIZE];
    *next = from;
    int fd = function_log_path(directory, group, path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0 && errno == ENOENT) return LEAT_OK;
    if (fd < 0) return fault_errno(fault, errno, "cannot read the function's log");
    enum leat_code code = read_part(fd, from, bytes_max, out, next, fault);
    (void)close(fd);
    return code;
}
