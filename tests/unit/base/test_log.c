#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* What a call writes to standard error. */
static size_t written(void (*call)(void), char *out, size_t size) {
    int ends[2], kept = dup(STDERR_FILENO);
    cr_assert_eq(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    call();
    dup2(kept, STDERR_FILENO); /* and with it the pipe's writing end goes */
    close(kept);
    ssize_t got = read(ends[0], out, size - 1);
    close(ends[0]);
    cr_assert_geq(got, 0);
    out[got] = 0;
    return (size_t)got;
}

static void two_lines(void) {
    log_warning("first %d\nsecond", 1);
    log_debug("not shown");
    log_error("%s", "third");
}
static void debug(void) { log_debug("shown"); }
static void too_long(void) { log_info("%5000d", 1); }

Test(log, an_entry_is_one_line_and_levels_are_filtered) {
    char text[4096];
    written(two_lines, text, sizeof text);
    cr_assert_eq(strcspn(text, " "), strlen("2025-02-22T03:03:25.490Z"));
    cr_assert_str_eq(strchr(text, '\n') - strlen(" WARNING first 1 second"), strstr(text, " WARNING first 1 second\n"));
    cr_assert_not_null(strstr(text, " ERROR third\n"));
    cr_assert_null(strstr(text, "not shown"));
    log_set_level(LOG_DEBUG);
    written(debug, text, sizeof text);
    cr_assert_not_null(strstr(text, " DEBUG shown\n"));
    log_set_level(LOG_ERROR);
    cr_assert_eq(written(too_long, text, sizeof text), 0u);
}

Test(log, a_long_entry_is_cut_and_still_one_line) {
    char text[8192];
    size_t size = written(too_long, text, sizeof text);
    cr_assert_eq(size, 2048u);
    cr_assert_eq(text[size - 1], '\n');
}
