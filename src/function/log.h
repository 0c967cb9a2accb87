/* Log groups: DIR/logs/<group>.log, lines of all its streams, one per line. A function's own group is "/aws/lambda/NAME", which lies in
 * NAME.log; others in "%" and their name with "/" as "%2F".
 *
 *   2026-11-21T03:09:57.123Z 2026/11/21/[$LATEST]1a2b... 0f0e...-... START RequestId: ...
 *   time                     stream (a process)          invocation, - or +
 *
 * "-" is a line of no invocation, "=" tells that a client has made the stream, "+" is an event that a client has put (in which a
 * line's end is written as "\r", and spaces of the stream's name as "+"). When the file has grown to
 * FUNCTION_LOG_BYTES_MAX it becomes <group>.log.1 (the one before is lost) and a new one begins. Work loop only; function_log_read and
 * function_log_path from any thread. */
#ifndef FUNCTION_LOG_H
#define FUNCTION_LOG_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/fault.h"

enum {
    FUNCTION_LOG_BYTES_MAX = 10 << 20,
    FUNCTION_LOG_LINE_MAX = 256 << 10, /* CloudWatch Logs quotas: an event has at most 256 KB; longer lines are cut in two */
    FUNCTION_LOG_STREAM_SIZE = 80,
    FUNCTION_LOG_GROUP_MAX = 200,      /* AWS: 512; here it must fit into the name of a file */
    FUNCTION_LOG_PATH_SIZE = 4900
};
#define FUNCTION_LOG_PREFIX "/aws/lambda/"

struct function_logs; /* the groups that are open */
struct function_log;

struct function_logs *function_logs_new(const char *directory); /* NULL: no memory */
void function_logs_free(struct function_logs *logs);
/* One for all who write to the group; each closes it once. NULL: no memory, or no name of a group. */
struct function_log *function_log_open(struct function_logs *logs, struct leat_slice group);
void function_log_close(struct function_log *log);
/* Its file is about to be removed: what is still to be written goes to a new one. */
void function_log_forget(struct function_logs *logs, struct leat_slice group);
const char *function_log_name(const struct function_log *log);
/* Appends a line; it reaches the file with the next flush. request_id "": none. A file that cannot be written loses lines. */
void function_log_line(struct function_log *log, const char *stream, const char *request_id, struct leat_slice line);
/* Likewise with a time of one's own. */
void function_log_line_at(struct function_log *log, uint64_t time_ms, const char *stream, const char *request_id,
                          struct leat_slice line);
void function_log_flush(struct function_log *log);

/* Where the group's lines are; false: it is no name of a group. And the group of a file in DIR/logs, false: it is none's. */
bool function_log_path(const char *directory, struct leat_slice group, char out[FUNCTION_LOG_PATH_SIZE]);
bool function_log_group_of(const char *file, char out[FUNCTION_LOG_GROUP_MAX + 1]);

/* Appends what the file holds from `from` on to `out`, whole lines, at most bytes_max. *next: where to go on. A file that is shorter than
 * `from` has been begun anew: it is read from its beginning. No file: nothing. */
enum leat_code function_log_read(const char *directory, struct leat_slice group, uint64_t from, size_t bytes_max,
                                 struct buf *out, uint64_t *next, struct leat_fault *fault) LEAT_MUST_USE;

#endif
