#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

enum { LOG_LINE_MAX = 2048 }; /* bytes; longer lines are cut */

static _Atomic int log_level_now = LOG_INFO;

void log_set_level(enum log_level level) {
    atomic_store_explicit(&log_level_now, (int)level, memory_order_relaxed);
}

void log_write(enum log_level level, const char *format, ...) {
    static const char *const names[] = {"ERROR", "WARNING", "INFO", "DEBUG"};
    if ((int)level > atomic_load_explicit(&log_level_now, memory_order_relaxed)) return;
    char line[LOG_LINE_MAX], time[CLOCK_ISO_SIZE];
    clock_iso(clock_real_ms(), time);
    int size = snprintf(line, sizeof line, "%sZ %s ", time, names[level]);
    va_list arguments;
    va_start(arguments, format);
    int words = vsnprintf(line + size, sizeof line - (size_t)size, format, arguments);
    va_end(arguments);
    if (words > 0) size += words;
    if (size > LOG_LINE_MAX - 1) size = LOG_LINE_MAX - 1;
    for (int i = 0; i < size; i++) {
        if (line[i] == '\n') line[i] = ' '; /* one entry, one line: what a client sent cannot forge another entry */
    }
    line[size] = '\n';
    /* one write, so that lines of several threads do not mix; a diagnostic that cannot be written has nowhere to go */
    ssize_t written = write(STDERR_FILENO, line, (size_t)size + 1);
    (void)written;
}
