/* Log groups as CloudWatch Logs shows them: events in order of time, read from the files of log.h, and filter patterns.
 * Any thread; blocks on the disk. */
#ifndef FUNCTION_LOG_EVENTS_H
#define FUNCTION_LOG_EVENTS_H

#include "base/arena.h"
#include "base/fault.h"
#include "function/log.h"

enum {
    FUNCTION_LOG_MEMORY_MAX = 128 << 20, /* of a group's two files, and where its events are */
    FUNCTION_LOG_PATTERN_MAX = 1024,     /* API Reference, FilterLogEvents: filterPattern */
    FUNCTION_LOG_PATTERN_DEPTH = 16      /* parentheses */
};

struct function_log_event {
    uint64_t time_ms;
    unsigned ordinal; /* among those of the same millisecond in the group */
    struct leat_slice stream, message;
    bool put;         /* by a client: as it is; a function's lines end with a line's end */
};
struct function_log_stream {
    struct leat_slice name;
    uint64_t created_ms, first_ms, last_ms; /* first and last event; 0: none */
};
struct function_log_group {
    struct function_log_event *events;
    size_t count;
    struct function_log_stream *streams; /* in order of name */
    size_t stream_count;
};
/* All of the group, in the arena. LEAT_RESOURCE_NOT_FOUND. */
enum leat_code function_log_load(const char *directory, struct leat_slice group, struct arena *arena,
                                 struct function_log_group *out, struct leat_fault *fault) LEAT_MUST_USE;

struct function_log_summary {
    char name[FUNCTION_LOG_GROUP_MAX + 1];
    uint64_t created_ms, bytes;
};
/* All groups, in order of name. */
enum leat_code function_log_list(const char *directory, struct arena *arena, struct function_log_summary **out, size_t *count,
                                 struct leat_fault *fault) LEAT_MUST_USE;

/* LEAT_VALIDATION: it is no pattern that is understood here. */
enum leat_code function_log_pattern_check(struct leat_slice pattern, struct leat_fault *fault) LEAT_MUST_USE;
/* Of a pattern that was checked. scratch: is reset. */
bool function_log_matches(struct leat_slice pattern, struct leat_slice message, struct arena *scratch);

#endif
