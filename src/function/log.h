/* The log of one function: DIR/logs/<name>.log, lines of all its processes, one per line:
 *
 *   2026-11-21T03:09:57.123Z 1a2b3c4d 0f0e...-... START RequestId: ...
 *   time                     process  invocation, or -
 *
 * When the file has grown to FUNCTION_LOG_BYTES_MAX it becomes <name>.log.1 (the one before is lost) and a new one begins.
 * Work loop only; function_log_read from any thread. */
#ifndef FUNCTION_LOG_H
#define FUNCTION_LOG_H

#include "base/buf.h"
#include "base/fault.h"

enum {
    FUNCTION_LOG_BYTES_MAX = 10 << 20,
    FUNCTION_LOG_LINE_MAX = 256 << 10, /* CloudWatch Logs quotas: an event has at most 256 KB; longer lines are cut in two */
    FUNCTION_LOG_STREAM_SIZE = 9
};

struct function_log;

struct function_log *function_log_new(const char *directory, struct leat_slice name); /* NULL: no memory */
void function_log_free(struct function_log *log);
/* Appends a line; it reaches the file with the next flush. request_id "": none. A file that cannot be written loses lines. */
void function_log_line(struct function_log *log, const char *stream, const char *request_id, struct leat_slice line);
void function_log_flush(struct function_log *log);

/* Appends what the file holds from `from` on to `out`, whole lines, at most bytes_max. *next: where to go on. A file that is shorter than
 * `from` has been begun anew: it is read from its beginning. No file: nothing. */
enum leat_code function_log_read(const char *directory, struct leat_slice name, uint64_t from, size_t bytes_max,
                                 struct buf *out, uint64_t *next, struct leat_fault *fault) LEAT_MUST_USE;

#endif
