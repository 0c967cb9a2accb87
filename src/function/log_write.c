/* Log groups that clients make, write to and delete. Work loop, as all writing of logs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/slice.h"
#include "function/service.h"

enum { WRITE_MEMORY_MAX = 32 << 20 };

enum leat_code function_log_make(struct function_service *service, struct leat_slice group, struct leat_fault *fault) {
    char path[FUNCTION_LOG_PATH_SIZE];
    if (!function_log_path(service->directory, group, path))
        return fault_set(fault, LEAT_VALIDATION,
                         "1 validation error detected: Value '%.*s' at 'logGroupName' failed to satisfy constraint: Member must satisfy "
                         "regular expression pattern: [\\.\\-_/#A-Za-z0-9]+",
                         SLICE_FORMAT(group));
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 && errno == EEXIST) return fault_set(fault, LEAT_RESOURCE_CONFLICT, "The specified log group already exists");
    if (fd < 0) return fault_errno(fault, errno, "cannot make a log group");
    (void)close(fd);
    return LEAT_OK;
}

enum leat_code function_log_remove(struct function_service *service, struct leat_slice group, struct leat_fault *fault) {
    char path[FUNCTION_LOG_PATH_SIZE], old[FUNCTION_LOG_PATH_SIZE + 4];
    if (!function_log_path(service->directory, group, path)) path[0] = 0;
    (void)snprintf(old, sizeof old, "%s.1", path);
    bool there = access(path, F_OK) == 0 || access(old, F_OK) == 0;
    if (!there) return fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "The specified log group does not exist.");
    function_log_forget(service->logs, group); /* whoever writes to it begins it anew */
    (void)unlink(old);
    return unlink(path) == 0 || errno == ENOENT ? LEAT_OK : fault_errno(fault, errno, "cannot delete a log group");
}

struct leat_slice function_log_stream_name(struct arena *arena, struct leat_slice stream) {
    struct leat_slice copy = arena_copy(arena, stream);
    for (size_t i = 0; copy.data != NULL && i < copy.size; i++)
        if (copy.data[i] <= ' ') ((uint8_t *)(uintptr_t)copy.data)[i] = '+';
    return copy;
}

/* One line each: an end of line within is written as \r. */
static struct leat_slice one_line(struct arena *arena, struct leat_slice message) {
    struct leat_slice copy = arena_copy(arena, message);
    for (size_t i = 0; copy.data != NULL && i < copy.size; i++)
        if (copy.data[i] == '\n') ((uint8_t *)(uintptr_t)copy.data)[i] = '\r';
    return copy;
}

enum leat_code function_log_write(struct function_service *service, struct leat_slice group, struct leat_slice stream,
                                  const struct function_log_entry *entries, size_t count, struct leat_fault *fault) {
    struct arena arena;
    arena_init(&arena, WRITE_MEMORY_MAX);
    struct function_log *log = function_log_open(service->logs, group);
    struct leat_slice name = function_log_stream_name(&arena, stream);
    if (log == NULL || name.data == NULL) {
        if (log != NULL) function_log_close(log);
        arena_fini(&arena);
        return fault_memory(fault);
    }
    const char *shown = (const char *)name.data;
    if (count == 0) function_log_line(log, shown, "=", SLICE(""));
    for (size_t i = 0; i < count; i++)
        function_log_line_at(log, entries[i].time_ms, shown, "+", one_line(&arena, entries[i].message));
    function_log_close(log);
    arena_fini(&arena);
    return LEAT_OK;
}
