/* A piece of work that takes long, as it is seen on standard error: a bar on a terminal, otherwise a line now and then. */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct cmd_progress {
    const char *title; /* "restoring music" */
    bool terminal, shown;
    uint64_t next_ns;  /* when to show the next one */
    uint64_t done, total;
    bool counts;           /* what follows is shown instead of done and total */
    uint64_t items, bytes; /* bytes 0: not known */
    uint64_t began_ns;
};

enum { CMD_PROGRESS_POLL_MS = 100 }; /* how often to ask how far it is */

void cmd_progress_begin(struct cmd_progress *progress, const char *title);
void cmd_progress_show(struct cmd_progress *progress, uint64_t done, uint64_t total); /* total 0: not known */
/* Shows items, bytes and items a second from now on, and in the end however soon that is; called before cmd_progress_show. */
void cmd_progress_count(struct cmd_progress *progress, uint64_t items, uint64_t bytes);
/* whole: it is done, all of it. Otherwise what was shown last stays there. */
void cmd_progress_end(struct cmd_progress *progress, bool whole);
/* Waits CMD_PROGRESS_POLL_MS. */
void cmd_progress_pause(void);

#endif
