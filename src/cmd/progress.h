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
};

enum { CMD_PROGRESS_POLL_MS = 100 }; /* how often to ask how far it is */

void cmd_progress_begin(struct cmd_progress *progress, const char *title);
void cmd_progress_show(struct cmd_progress *progress, uint64_t done, uint64_t total); /* total 0: not known */
/* whole: it is done, all of it. Otherwise what was shown last stays there. */
void cmd_progress_end(struct cmd_progress *progress, bool whole);
/* Waits CMD_PROGRESS_POLL_MS. */
void cmd_progress_pause(void);

#endif
