#include "cmd/credentials.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_BYTES_MAX = 64 * 1024 };

static char *trim(char *text) {
    while (*text == ' ' || *text == '\t') text++;
    size_t size = strlen(text);
    while (size > 0 && strchr(" \t\r\n", text[size - 1]) != NULL) text[--size] = 0;
    return text;
}

/* A profile is complete when it has both keys. */
static enum leat_code take_line(struct cmd_credentials *credentials, char *line, struct leat_fault *fault) {
    line = trim(line);
    char *equals = strchr(line, '=');
    if (*line == 0 || *line == '#' || *line == ';' || *line == '[') return LEAT_OK;
    if (equals == NULL) return fault_set(fault, LEAT_VALIDATION, "not \"name = value\": %s", line);
    *equals = 0;
    const char *name = trim(line), *value = trim(equals + 1);
    if (credentials->count == CMD_CREDENTIALS_MAX)
        return fault_set(fault, LEAT_VALIDATION, "more than %d access keys", CMD_CREDENTIALS_MAX);
    struct net_credential *pair = &credentials->pairs[credentials->count];
    if (strcmp(name, "aws_access_key_id") == 0) pair->access_key = value;
    else if (strcmp(name, "aws_secret_access_key") == 0) pair->secret_key = value;
    if (pair->access_key != NULL && pair->secret_key != NULL) credentials->count++;
    return LEAT_OK;
}

enum leat_code cmd_credentials_parse(struct cmd_credentials *credentials, char *text, struct leat_fault *fault) {
    char *rest = text, *line;
    while ((line = strsep(&rest, "\n")) != NULL) TRY(take_line(credentials, line, fault));
    if (credentials->count == 0) return fault_set(fault, LEAT_VALIDATION, "no access key in it");
    return LEAT_OK;
}

enum leat_code cmd_credentials_read(struct cmd_credentials *credentials, const char *path, struct leat_fault *fault) {
    FILE *file = fopen(path, "re");
    if (file == NULL) return fault_errno(fault, errno, path);
    credentials->text = calloc(1, FILE_BYTES_MAX + 1);
    size_t size = credentials->text != NULL ? fread(credentials->text, 1, FILE_BYTES_MAX, file) : 0;
    bool whole = feof(file) != 0 || getc(file) == EOF;
    (void)fclose(file);
    if (credentials->text == NULL) return fault_memory(fault);
    if (!whole) return fault_set(fault, LEAT_VALIDATION, "%s is too large", path);
    if (memchr(credentials->text, 0, size) != NULL && strlen(credentials->text) < size)
        return fault_set(fault, LEAT_VALIDATION, "%s is not a text", path);
    return cmd_credentials_parse(credentials, credentials->text, fault);
}

static const char *word(const char *name) {
    const char *value = getenv(name);
    return value != NULL && value[0] != 0 ? value : NULL;
}

static enum leat_code take_pair(const char *access_name, const char *secret_name, struct net_credential *out,
                                struct leat_fault *fault) {
    *out = (struct net_credential){word(access_name), word(secret_name)};
    if ((out->access_key == NULL) == (out->secret_key == NULL)) return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION, "%s and %s are wanted both", access_name, secret_name);
}

enum leat_code cmd_credential_own(struct net_credential *out, struct leat_fault *fault) {
    return take_pair("LEAT_ACCESS_KEY", "LEAT_SECRET_KEY", out, fault);
}

enum leat_code cmd_credential_find(struct net_credential *out, struct leat_fault *fault) {
    TRY(cmd_credential_own(out, fault));
    return out->access_key != NULL ? LEAT_OK : take_pair("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", out, fault);
}

void cmd_credentials_fini(struct cmd_credentials *credentials) {
    free(credentials->text);
    *credentials = (struct cmd_credentials){0};
}
