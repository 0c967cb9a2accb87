#include "function/log_events.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/slice.h"

enum { STAMP_SIZE = 24 /* 2026-11-21T03:09:57.123Z */ };

/* ---- files ---- */

/* *text absent: there is no such file. */
static enum leat_code read_file(const char *path, struct arena *arena, struct leat_slice *text, struct leat_fault *fault) {
    *text = (struct leat_slice){NULL, 0};
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? LEAT_OK : fault_errno(fault, errno, "cannot read a log");
    enum leat_code code = fstat(fd, &status) == 0 ? LEAT_OK : fault_errno(fault, errno, "cannot read a log");
    uint8_t *data = code == LEAT_OK ? arena_alloc(arena, (size_t)status.st_size) : NULL;
    if (code == LEAT_OK && data == NULL) code = fault_memory(fault);
    size_t size = 0;
    ssize_t got = 1;
    while (code == LEAT_OK && size < (size_t)status.st_size && (got = read(fd, data + size, (size_t)status.st_size - size)) > 0)
        size += (size_t)got;
    if (got < 0) code = fault_errno(fault, errno, "cannot read a log");
    (void)close(fd);
    if (code == LEAT_OK) *text = slice_of(data, size);
    return code;
}

/* ---- lines ---- */

static bool digits(const uint8_t *at, size_t count, int *out) {
    *out = 0;
    for (size_t i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9') return false;
        *out = *out * 10 + (at[i] - '0');
    }
    return true;
}

static bool read_time(struct leat_slice text, uint64_t *out) {
    struct tm when = {0};
    int ms;
    const uint8_t *at = text.data;
    if (text.size < STAMP_SIZE || !digits(at, 4, &when.tm_year) || !digits(at + 5, 2, &when.tm_mon) || !digits(at + 8, 2, &when.tm_mday) ||
        !digits(at + 11, 2, &when.tm_hour) || !digits(at + 14, 2, &when.tm_min) || !digits(at + 17, 2, &when.tm_sec) ||
        !digits(at + 20, 3, &ms))
        return false;
    when.tm_year -= 1900;
    when.tm_mon--;
    *out = (uint64_t)timegm(&when) * 1000 + (uint64_t)ms;
    return true;
}

/* The next word of a line, and what stands behind it. */
static struct leat_slice word(struct leat_slice *rest) {
    const uint8_t *space = rest->size == 0 ? NULL : memchr(rest->data, ' ', rest->size);
    struct leat_slice found = *rest;
    if (space != NULL) found.size = (size_t)(space - rest->data);
    size_t used = found.size + (space != NULL);
    *rest = slice_of(rest->data + used, rest->size - used);
    return found;
}

struct loading {
    struct function_log_group *group;
    struct arena *arena;
    size_t stream_capacity;
    size_t last; /* the stream of the line before: mostly this one's */
};

/* Streams are few, and a stream's lines come together. NULL: no memory. */
static struct function_log_stream *stream_of(struct loading *loading, struct leat_slice name) {
    struct function_log_group *group = loading->group;
    if (loading->last < group->stream_count && slice_equal(group->streams[loading->last].name, name))
        return &group->streams[loading->last];
    for (size_t i = group->stream_count; i-- > 0;) {
        if (!slice_equal(group->streams[i].name, name)) continue;
        loading->last = i;
        return &group->streams[i];
    }
    if (group->stream_count == loading->stream_capacity) {
        size_t capacity = loading->stream_capacity == 0 ? 64 : 2 * loading->stream_capacity;
        struct function_log_stream *more = ARENA_ARRAY(loading->arena, struct function_log_stream, capacity);
        if (more == NULL) return NULL;
        if (group->stream_count > 0) memcpy(more, group->streams, group->stream_count * sizeof *more);
        group->streams = more;
        loading->stream_capacity = capacity;
    }
    loading->last = group->stream_count++;
    group->streams[loading->last] = (struct function_log_stream){.name = name};
    return &group->streams[loading->last];
}

/* "time stream invocation words"; what is no such line is left out. */
static enum leat_code take_line(struct loading *loading, struct leat_slice line, struct leat_fault *fault) {
    struct function_log_event *event = &loading->group->events[loading->group->count];
    if (!read_time(line, &event->time_ms)) return LEAT_OK;
    (void)word(&line);
    event->stream = word(&line);
    struct leat_slice invocation = word(&line);
    event->message = line;
    event->put = slice_is(invocation, "+");
    event->ordinal = 0;
    struct function_log_stream *stream = stream_of(loading, event->stream);
    if (stream == NULL) return fault_memory(fault);
    if (stream->created_ms == 0) stream->created_ms = event->time_ms;
    if (slice_is(invocation, "=")) return LEAT_OK; /* the stream's making */
    if (stream->first_ms == 0 || event->time_ms < stream->first_ms) stream->first_ms = event->time_ms;
    if (event->time_ms > stream->last_ms) stream->last_ms = event->time_ms;
    loading->group->count++;
    return LEAT_OK;
}

static size_t count_lines(struct leat_slice text) {
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) count += text.data[i] == '\n';
    return count;
}

static enum leat_code take_lines(struct loading *loading, struct leat_slice text, struct leat_fault *fault) {
    while (text.size > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.size);
        if (end == NULL) break; /* half a line is still being written */
        size_t size = (size_t)(end - text.data);
        TRY(take_line(loading, slice_of(text.data, size), fault));
        text = slice_of(end + 1, text.size - size - 1);
    }
    return LEAT_OK;
}

/* ---- order ---- */

static int by_time(const void *a, const void *b) {
    const struct function_log_event *x = a, *y = b;
    if (x->time_ms != y->time_ms) return x->time_ms < y->time_ms ? -1 : 1;
    return x->message.data < y->message.data ? -1 : 1; /* as they lie in memory: as they were written */
}

static int by_name(const void *a, const void *b) {
    return slice_compare(((const struct function_log_stream *)a)->name, ((const struct function_log_stream *)b)->name);
}

static void put_in_order(struct function_log_group *group) {
    bool sorted = true;
    for (size_t i = 1; i < group->count && sorted; i++) sorted = group->events[i - 1].time_ms <= group->events[i].time_ms;
    if (!sorted) qsort(group->events, group->count, sizeof *group->events, by_time);
    for (size_t i = 1; i < group->count; i++)
        if (group->events[i].time_ms == group->events[i - 1].time_ms) group->events[i].ordinal = group->events[i - 1].ordinal + 1;
    if (group->stream_count > 0) qsort(group->streams, group->stream_count, sizeof *group->streams, by_name);
}

static enum leat_code not_found(struct leat_fault *fault) {
    return fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "The specified log group does not exist.");
}

enum leat_code function_log_load(const char *directory, struct leat_slice name, struct arena *arena, struct function_log_group *out,
                                 struct leat_fault *fault) {
    char path[FUNCTION_LOG_PATH_SIZE], old[FUNCTION_LOG_PATH_SIZE + 4];
    struct leat_slice before, text;
    *out = (struct function_log_group){.count = 0};
    if (!function_log_path(directory, name, path)) return not_found(fault);
    (void)snprintf(old, sizeof old, "%s.1", path);
    TRY(read_file(old, arena, &before, fault));
    TRY(read_file(path, arena, &text, fault));
    if (before.data == NULL && text.data == NULL) return not_found(fault);
    out->events = ARENA_ARRAY(arena, struct function_log_event, count_lines(before) + count_lines(text) + 1);
    if (out->events == NULL) return fault_memory(fault);
    struct loading loading = {.group = out, .arena = arena};
    TRY(take_lines(&loading, before, fault));
    TRY(take_lines(&loading, text, fault));
    put_in_order(out);
    return LEAT_OK;
}

/* ---- all groups ---- */

static int by_group(const void *a, const void *b) {
    return strcmp(((const struct function_log_summary *)a)->name, ((const struct function_log_summary *)b)->name);
}

static void look_at(const char *directory, const char *file, struct function_log_summary *out) {
    char path[FUNCTION_LOG_PATH_SIZE];
    struct statx status;
    (void)snprintf(path, sizeof path, "%s/logs/%.700s", directory, file);
    if (statx(AT_FDCWD, path, 0, STATX_BTIME | STATX_MTIME | STATX_SIZE, &status) != 0) return;
    bool born = (status.stx_mask & STATX_BTIME) != 0;
    const struct statx_timestamp *when = born ? &status.stx_btime : &status.stx_mtime;
    out->created_ms = (uint64_t)when->tv_sec * 1000 + when->tv_nsec / 1000000;
    out->bytes = status.stx_size;
}

enum leat_code function_log_list(const char *directory, struct arena *arena, struct function_log_summary **out, size_t *count,
                                 struct leat_fault *fault) {
    struct leat_slice path = arena_print(arena, "%s/logs", directory);
    size_t capacity = 0;
    *out = NULL;
    *count = 0;
    DIR *files = path.data == NULL ? NULL : opendir((const char *)path.data);
    if (files == NULL) return fault_errno(fault, errno, "cannot list the logs");
    for (struct dirent *entry; (entry = readdir(files)) != NULL;) {
        struct function_log_summary one = {.bytes = 0};
        if (!function_log_group_of(entry->d_name, one.name)) continue;
        if (*count == capacity) {
            capacity = capacity == 0 ? 64 : 2 * capacity;
            struct function_log_summary *more = ARENA_ARRAY(arena, struct function_log_summary, capacity);
            if (more == NULL) {
                (void)closedir(files);
                return fault_memory(fault);
            }
            if (*count > 0) memcpy(more, *out, *count * sizeof *more);
            *out = more;
        }
        look_at(directory, entry->d_name, &one);
        (*out)[(*count)++] = one;
    }
    (void)closedir(files);
    if (*count > 0) qsort(*out, *count, sizeof **out, by_group);
    return LEAT_OK;
}
