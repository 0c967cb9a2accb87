#include "cmd/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum { BAR_WIDTH = 30, LINE_EVERY_S = 5 };

void cmd_progress_begin(struct cmd_progress *progress, const char *title) {
    *progress = (struct cmd_progress){.title = title, .terminal = isatty(STDERR_FILENO) == 1};
    progress->next_ns = progress->terminal ? 0 : clock_monotonic_ns() + LINE_EVERY_S * 1000000000ull;
}

static unsigned percent(const struct cmd_progress *progress) {
    if (progress->total == 0) return 0;
    return (unsigned)(100.0 * (double)progress->done / (double)progress->total);
}

static void draw_bar(const struct cmd_progress *progress) {
    char bar[BAR_WIDTH + 1];
    unsigned full = percent(progress) * BAR_WIDTH / 100;
    for (unsigned i = 0; i < BAR_WIDTH; i++) bar[i] = i < full ? '#' : '.';
    bar[BAR_WIDTH] = 0;
    /* back to the line's begin, and the rest of what stood there goes */
    (void)fprintf(stderr, "\r%s [%s] %3u%%  %" PRIu64 " of %" PRIu64 "\x1b[K", progress->title, bar, percent(progress), progress->done,
                  progress->total);
    (void)fflush(stderr);
}

static void print_line(const struct cmd_progress *progress) {
    (void)fprintf(stderr, "%s: %u%%, %" PRIu64 " of %" PRIu64 "\n", progress->title, percent(progress), progress->done, progress->total);
}

void cmd_progress_show(struct cmd_progress *progress, uint64_t done, uint64_t total) {
    progress->total = total;
    progress->done = done < total ? done : total;
    uint64_t now_ns = clock_monotonic_ns();
    if (now_ns < progress->next_ns || total == 0) return;
    progress->shown = true;
    if (progress->terminal) {
        draw_bar(progress);
        return;
    }
    print_line(progress);
    progress->next_ns = now_ns + LINE_EVERY_S * 1000000000ull;
}

void cmd_progress_end(struct cmd_progress *progress, bool whole) {
    if (!progress->shown) return; /* it was over before anybody could have looked */
    if (whole) progress->done = progress->total;
    if (whole && !progress->terminal) print_line(progress);
    if (!progress->terminal) return;
    draw_bar(progress);
    (void)fputc('\n', stderr);
}

void cmd_progress_pause(void) {
    (void)nanosleep(&(struct timespec){.tv_nsec = CMD_PROGRESS_POLL_MS * 1000000L}, NULL);
}
