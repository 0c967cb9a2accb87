#include "cmd/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum { BAR_WIDTH = 30, LINE_EVERY_S = 5 };

void cmd_progress_begin(struct cmd_progress *progress, const char *title) {
    *progress = (struct cmd_progress){.title = title, .terminal = isatty(STDERR_FILENO) == 1};
    progress->began_ns = clock_monotonic_ns();
    progress->next_ns = progress->terminal ? 0 : clock_monotonic_ns() + LINE_EVERY_S * 1000000000ull;
}

void cmd_progress_count(struct cmd_progress *progress, uint64_t items, uint64_t bytes) {
    progress->counts = true;
    progress->items = items;
    progress->bytes = bytes;
}

static unsigned percent(const struct cmd_progress *progress) {
    return (unsigned)(100.0 * (double)progress->done / (double)progress->total);
}

/* "45 of 100", or "45 items, 1.2 MB, 300 items/s" */
static void print_figures(const struct cmd_progress *progress) {
    static const char *const units[] = {"kB", "MB", "GB", "TB"};
    double seconds = (double)(clock_monotonic_ns() - progress->began_ns) / 1e9, bytes = (double)progress->bytes / 1000;
    unsigned unit = 0;
    if (!progress->counts) {
        (void)fprintf(stderr, "%" PRIu64 " of %" PRIu64, progress->done, progress->total);
        return;
    }
    for (; bytes >= 1000 && unit + 1 < sizeof units / sizeof units[0]; unit++) bytes /= 1000;
    (void)fprintf(stderr, "%" PRIu64 " items", progress->items);
    if (progress->bytes > 0) (void)fprintf(stderr, ", %.1f %s", bytes, units[unit]);
    if (seconds > 0) (void)fprintf(stderr, ", %.0f items/s", (double)progress->items / seconds);
}

static void draw_bar(const struct cmd_progress *progress) {
    char bar[BAR_WIDTH + 1];
    unsigned full = progress->total > 0 ? percent(progress) * BAR_WIDTH / 100 : 0;
    for (unsigned i = 0; i < BAR_WIDTH; i++) bar[i] = i < full ? '#' : '.';
    bar[BAR_WIDTH] = 0;
    (void)fprintf(stderr, "\r%s ", progress->title);
    if (progress->total > 0) (void)fprintf(stderr, "[%s] %3u%%  ", bar, percent(progress));
    print_figures(progress);
    (void)fputs("\x1b[K", stderr); /* the rest of what stood there goes */
    (void)fflush(stderr);
}

static void print_line(const struct cmd_progress *progress) {
    (void)fprintf(stderr, "%s: ", progress->title);
    if (progress->total > 0) (void)fprintf(stderr, "%u%%, ", percent(progress));
    print_figures(progress);
    (void)fputc('\n', stderr);
}

void cmd_progress_show(struct cmd_progress *progress, uint64_t done, uint64_t total) {
    progress->total = total;
    progress->done = done < total ? done : total;
    uint64_t now_ns = clock_monotonic_ns();
    if (now_ns < progress->next_ns || (total == 0 && !progress->counts)) return;
    progress->shown = true;
    if (progress->terminal) {
        draw_bar(progress);
        return;
    }
    print_line(progress);
    progress->next_ns = now_ns + LINE_EVERY_S * 1000000000ull;
}

void cmd_progress_end(struct cmd_progress *progress, bool whole) {
    if (!progress->shown && !progress->counts) return; /* it was over before anybody could have looked */
    if (whole) progress->done = progress->total;
    if (whole && !progress->terminal) print_line(progress);
    if (!progress->terminal) return;
    draw_bar(progress);
    (void)fputc('\n', stderr);
}

void cmd_progress_pause(void) {
    (void)nanosleep(&(struct timespec){.tv_nsec = CMD_PROGRESS_POLL_MS * 1000000L}, NULL);
}
