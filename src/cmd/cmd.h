/* The program's commands: one file, one const struct cmd, one line in commands.c. Parser and help read the same struct. */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CMD_OPTIONS_MAX = 24, CMD_ARGUMENTS_MAX = 16 };

struct cmd_option {
    const char *name;  /* "data" for --data; NULL ends the list */
    char letter;       /* 'f' for -f; 0: none */
    const char *value; /* what stands for the value in the help, "DIR"; NULL: a switch */
    const char *help;
};

struct cmd_call;

struct cmd {
    const char *name;      /* "serve" */
    const char *arguments; /* as the help shows them, "TABLE"; "" when there are none */
    const char *summary;   /* a line */
    const char *details;   /* further lines for `leat NAME --help`; may be NULL */
    const struct cmd_option *options;
    size_t arguments_min, arguments_max;
    int (*run)(const struct cmd_call *call); /* the exit status */
};

struct cmd_call {
    const struct cmd *cmd;
    const char *values[CMD_OPTIONS_MAX]; /* beside cmd->options; NULL: not given; a switch: "" */
    const char *arguments[CMD_ARGUMENTS_MAX];
    size_t argument_count;
};

extern const struct cmd *const cmd_list[]; /* ended by NULL */

/* The value of an option, NULL when it was not given. The name must be one of the command's. */
const char *cmd_value(const struct cmd_call *call, const char *name);
/* "24h", "90m", "30s", "500ms", "7d": milliseconds. false: not that. */
bool cmd_duration_ms(const char *text, uint64_t *out);
bool cmd_number(const char *text, uint64_t max, uint64_t *out);

/* Runs what the arguments ask for: the exit status. */
int cmd_main(int count, char *const *words);

/* "leat: words" on standard error; answers 1, the exit status of a command that failed. */
int cmd_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
