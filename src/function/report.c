/* What leat itself says of an invocation: the lines START, END and REPORT, and the payloads of failures. The forms are AWS's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/slice.h"
#include "function/service.h"

enum { REPORT_MEMORY_EVERY_MS = 100, REPORT_LINE_SIZE = 512 };

/* ---- lines ---- */

static void keep_tail(struct function_process *process, struct leat_slice line) {
    struct buf *tail = &process->tail;
    buf_slice(tail, line);
    buf_byte(tail, '\n');
    if (tail->size < FUNCTION_LOG_LINE_MAX && !tail->failed) return;
    size_t keep = tail->size < FUNCTION_TAIL_MAX ? tail->size : FUNCTION_TAIL_MAX;
    memmove(tail->data, tail->data + tail->size - keep, keep);
    tail->size = keep;
    tail->failed = false;
}

/* What is kept grows past what is given out, so that it need not be moved with each line. */
static void cut_tail(struct function_process *process) {
    struct buf *tail = &process->tail;
    if (tail->size <= FUNCTION_TAIL_MAX) return;
    memmove(tail->data, tail->data + tail->size - FUNCTION_TAIL_MAX, FUNCTION_TAIL_MAX);
    tail->size = FUNCTION_TAIL_MAX;
}

void function_report_line(struct function_process *process, struct leat_slice line) {
    function_log_line(process->version->log, process->stream, process->request_id, line);
    if (process->keep_tail) keep_tail(process, line);
}

void function_report_flush_line(struct function_process *process) {
    if (process->line.size == 0) return;
    function_report_line(process, buf_view(&process->line));
    buf_clear(&process->line);
}

void function_report_output(struct function_process *process, struct leat_slice bytes) {
    struct buf *line = &process->line;
    while (bytes.size > 0) {
        const uint8_t *end = memchr(bytes.data, '\n', bytes.size);
        size_t size = end == NULL ? bytes.size : (size_t)(end - bytes.data);
        size_t room = FUNCTION_LOG_LINE_MAX - line->size;
        size_t part = size < room ? size : room;
        buf_append(line, bytes.data, part);
        bool whole = part == size && end != NULL;
        if (whole && line->size == 0) function_report_line(process, SLICE("")); /* an empty line is a line */
        if (whole || line->size == FUNCTION_LOG_LINE_MAX || line->failed) function_report_flush_line(process);
        if (line->failed) buf_clear(line); /* no memory for it: the line is lost, not the function */
        size_t used = part + (whole ? 1 : 0);
        bytes = slice_of(bytes.data + used, bytes.size - used);
    }
}

void function_report_start(struct function_process *process) {
    char line[REPORT_LINE_SIZE];
    (void)snprintf(line, sizeof line, "START RequestId: %s Version: %s", process->request_id, process->pool->number);
    function_report_line(process, slice_text(line));
}

/* The most that the process has ever held, from /proc; read at most ten times a second, it costs more than a short call. */
static uint64_t memory_megabytes(struct function_process *process) {
    uint64_t now = uv_now(net_loop_uv(process->pool->service->work_loop));
    if (process->pid == 0 || (process->memory_kilobytes != 0 && now - process->memory_read_ms < REPORT_MEMORY_EVERY_MS))
        return (process->memory_kilobytes + 1023) / 1024;
    process->memory_read_ms = now;
    char path[64], text[256];
    (void)snprintf(path, sizeof path, "/proc/%d/status", process->pid);
    FILE *status = fopen(path, "re");
    unsigned long long kilobytes;
    while (status != NULL && fgets(text, sizeof text, status) != NULL)
        if (sscanf(text, "VmHWM: %llu kB", &kilobytes) == 1) process->memory_kilobytes = kilobytes;
    if (status != NULL) (void)fclose(status);
    return (process->memory_kilobytes + 1023) / 1024;
}

void function_report_end(struct function_process *process, const char *status) {
    char line[REPORT_LINE_SIZE];
    double duration = (double)(clock_monotonic_ns() - process->call->started_ns) / 1e6;
    (void)snprintf(line, sizeof line, "END RequestId: %s", process->request_id);
    function_report_line(process, slice_text(line));
    int size = snprintf(line, sizeof line,
                        "REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %.0f ms\tMemory Size: %lld MB\t"
                        "Max Memory Used: %llu MB\t",
                        process->request_id, duration, __builtin_ceil(duration),
                        (long long)process->version->configuration.memory_megabytes,
                        (unsigned long long)memory_megabytes(process));
    if (process->init_ns != 0 && !process->init_reported)
        size += snprintf(line + size, sizeof line - (size_t)size, "Init Duration: %.2f ms\t", (double)process->init_ns / 1e6);
    process->init_reported = true;
    if (status != NULL && strcmp(status, "Sandbox.Timedout") == 0)
        (void)snprintf(line + size, sizeof line - (size_t)size, "Status: timeout");
    else if (status != NULL && strcmp(status, "error") != 0)
        (void)snprintf(line + size, sizeof line - (size_t)size, "Status: error\tError Type: %s", status);
    function_report_line(process, slice_text(line));
    function_log_flush(process->version->log);
    cut_tail(process);
    process->keep_tail = false;
    process->request_id[0] = 0; /* what is printed from now on belongs to no call */
}

/* ---- payloads ---- */

void function_report_fault(struct function_call *call, const char *type, const char *message, struct leat_slice log_tail) {
    char words[REPORT_LINE_SIZE];
    struct buf payload;
    struct json_writer json;
    buf_init(&payload, 4 * REPORT_LINE_SIZE);
    json_writer_init(&json, &payload);
    (void)snprintf(words, sizeof words, "RequestId: %s Error: %s", call->request_id, message);
    json_object(&json);
    json_key(&json, "errorType");
    json_text(&json, type);
    json_key(&json, "errorMessage");
    json_text(&json, words);
    json_object_end(&json);
    struct function_answer answer = {
        .payload = buf_view(&payload),
        .function_error = true,
        .request_id = slice_text(call->request_id),
        .executed_version = slice_text(call->pool->number),
    };
    if (call->want_log_tail) answer.log_tail = log_tail;
    function_call_answer(call, &answer);
    buf_fini(&payload);
}

void function_report_unstarted(struct function_pool *pool, struct function_call *call, const char *message) {
    char line[REPORT_LINE_SIZE * 2];
    (void)snprintf(line, sizeof line, "Runtime.InvalidEntrypoint: %s", message);
    function_log_line(pool->version->log, "-", call->request_id, slice_text(line));
    function_log_flush(pool->version->log);
    function_report_fault(call, "Runtime.InvalidEntrypoint", message, slice_text(line));
}
