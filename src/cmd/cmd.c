#include "cmd/cmd.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "leat.h"

enum { EXIT_USAGE = 2, HELP_COLUMN = 24 };

int cmd_fail(const char *format, ...) {
    va_list arguments;
    (void)fputs("leat: ", stderr);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
    return EXIT_FAILURE;
}

/* ---- help ---- */

static void print_options(const struct cmd *cmd) {
    for (const struct cmd_option *option = cmd->options; option != NULL && option->name != NULL; option++) {
        char left[80];
        (void)snprintf(left, sizeof left, "%c%c%s--%s%s%s", option->letter ? '-' : ' ', option->letter ? option->letter : ' ',
                       option->letter ? ", " : "  ", option->name, option->value != NULL ? " " : "",
                       option->value != NULL ? option->value : "");
        printf("  %-*s  %s\n", HELP_COLUMN + 4, left, option->help);
    }
}

static int help_for(const struct cmd *cmd) {
    printf("usage: leat %s%s%s%s\n\n%s\n", cmd->name, cmd->options != NULL ? " [options]" : "", cmd->arguments[0] ? " " : "",
           cmd->arguments, cmd->summary);
    if (cmd->details != NULL) printf("\n%s\n", cmd->details);
    if (cmd->options != NULL) printf("\noptions:\n");
    print_options(cmd);
    return EXIT_SUCCESS;
}

static int help(FILE *out) {
    (void)fprintf(out, "leat %s: tables whose change streams drive functions\n\n", leat_version());
    (void)fprintf(out, "usage: leat COMMAND [options]\n\ncommands:\n");
    for (size_t i = 0; cmd_list[i] != NULL; i++) {
        char left[80];
        (void)snprintf(left, sizeof left, "%s %s", cmd_list[i]->name, cmd_list[i]->arguments);
        (void)fprintf(out, "  %-*s  %s\n", HELP_COLUMN, left, cmd_list[i]->summary);
    }
    (void)fprintf(out, "\n`leat COMMAND --help` tells more.\n");
    return out == stderr ? EXIT_USAGE : EXIT_SUCCESS;
}

/* ---- words ---- */

static const struct cmd *find(const char *name) {
    for (size_t i = 0; cmd_list[i] != NULL; i++)
        if (strcmp(cmd_list[i]->name, name) == 0) return cmd_list[i];
    return NULL;
}

/* The option that a word names; *value is what stands behind '=', if anything. -1: none. */
static int option_of(const struct cmd *cmd, const char *word, const char **value) {
    *value = NULL;
    for (int i = 0; cmd->options != NULL && cmd->options[i].name != NULL; i++) {
        const struct cmd_option *option = &cmd->options[i];
        if (word[1] != '-') {
            if (option->letter != 0 && word[1] == option->letter && word[2] == 0) return i;
            continue;
        }
        size_t size = strlen(option->name);
        if (strncmp(word + 2, option->name, size) != 0 || (word[2 + size] != 0 && word[2 + size] != '=')) continue;
        if (word[2 + size] == '=') *value = word + 3 + size;
        return i;
    }
    return -1;
}

static int usage(const struct cmd *cmd, const char *words, const char *what) {
    (void)fprintf(stderr, "leat %s: %s%s (see leat %s --help)\n", cmd->name, words, what, cmd->name);
    return EXIT_USAGE;
}

/* 0, or the exit status. Reads words[*at] and perhaps the one behind it. */
static int take_option(struct cmd_call *call, int count, char *const *words, int *at) {
    const char *value;
    int index = option_of(call->cmd, words[*at], &value);
    if (index < 0) return usage(call->cmd, "unknown option ", words[*at]);
    const struct cmd_option *option = &call->cmd->options[index];
    if (option->value == NULL && value != NULL) return usage(call->cmd, "no value is wanted by --", option->name);
    if (option->value == NULL) value = "";
    else if (value == NULL && *at + 1 < count) value = words[++*at];
    if (value == NULL) return usage(call->cmd, "a value is wanted by --", option->name);
    call->values[index] = value;
    return 0;
}

static int run(const struct cmd *cmd, int count, char *const *words) {
    struct cmd_call call = {.cmd = cmd};
    bool only_arguments = false;
    for (int i = 0; i < count; i++) {
        if (!only_arguments && (strcmp(words[i], "--help") == 0 || strcmp(words[i], "-h") == 0)) return help_for(cmd);
        if (!only_arguments && strcmp(words[i], "--") == 0) {
            only_arguments = true;
        } else if (!only_arguments && words[i][0] == '-' && words[i][1] != 0) {
            int status = take_option(&call, count, words, &i);
            if (status != 0) return status;
        } else if (call.argument_count == cmd->arguments_max || call.argument_count == CMD_ARGUMENTS_MAX) {
            return usage(cmd, "unexpected argument ", words[i]);
        } else {
            call.arguments[call.argument_count++] = words[i];
        }
    }
    if (call.argument_count < cmd->arguments_min) return usage(cmd, "missing ", cmd->arguments);
    return cmd->run(&call);
}

int cmd_main(int count, char *const *words) {
    if (count < 2) return help(stderr);
    const char *name = words[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) return help(stdout);
    if (strcmp(name, "--version") == 0) name = "version";
    if (strcmp(name, "help") == 0) {
        const struct cmd *cmd = count > 2 ? find(words[2]) : NULL;
        return cmd != NULL ? help_for(cmd) : help(count > 2 ? stderr : stdout);
    }
    const struct cmd *cmd = find(name);
    if (cmd != NULL) return run(cmd, count - 2, words + 2);
    (void)fprintf(stderr, "leat: unknown command %s\n\n", name);
    return help(stderr);
}

const char *cmd_value(const struct cmd_call *call, const char *name) {
    for (size_t i = 0; call->cmd->options[i].name != NULL; i++)
        if (strcmp(call->cmd->options[i].name, name) == 0) return call->values[i];
    abort(); /* an option that the command does not have */
}
