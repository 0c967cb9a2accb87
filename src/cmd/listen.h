/* Where a server listens: "127.0.0.1:8000", "[::1]:8000", "localhost:0", ":8000", "8000". */
#ifndef CMD_LISTEN_H
#define CMD_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"

enum { CMD_LISTEN_HOST_SIZE = 256, CMD_LISTEN_TEXT_SIZE = 272 };

struct cmd_listen {
    char host[CMD_LISTEN_HOST_SIZE]; /* without brackets */
    uint16_t port;                   /* 0: any free one; known when the server listens */
    char text[CMD_LISTEN_TEXT_SIZE]; /* "127.0.0.1:8000" */
    bool loopback;
};

enum leat_code cmd_listen_parse(const char *text, struct cmd_listen *out, struct leat_fault *fault) LEAT_MUST_USE;

/* The server listens on this port. */
void cmd_listen_bound(struct cmd_listen *listen, uint16_t port);

/* The URL under which this machine's own programs reach it. */
void cmd_listen_endpoint(const struct cmd_listen *listen, char *out, size_t size);

#endif
