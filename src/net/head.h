/* The head of a request: request line and header fields. Pure functions over bytes.
 *
 * Two readers must agree on every head. The line scanner here sees to what llhttp 8.1 lets pass (bare CR and LF, a
 * header block ended by CR LF CR X, several spaces in the request line) and finds the fields; llhttp, in its strict
 * mode, judges tokens, characters and framing. RFC 9112 sections 2 to 6. */
#ifndef NET_HEAD_H
#define NET_HEAD_H

#include "net/server.h"

/* Why a request is refused: the HTTP status and words for the client. */
struct net_refusal { unsigned status; const char *message; };

struct net_head {
    struct leat_slice method, target, path, query;
    struct net_header headers[NET_HEADERS_MAX];
    size_t header_count;
    uint64_t content_length; /* 0 when there is none */
    unsigned host_count, length_count, coding_count;
    bool version_1_0, chunked, keep_alive, expects_continue;
};

/* Looks for the end of a head. *scanned: how far it has been looked at, 0 at first. Gives the head's size with its
 * empty line, or 0 with *refusal set (malformed) or NULL (more bytes are needed). */
size_t net_head_end(struct leat_slice bytes, size_t *scanned, const struct net_refusal **refusal);

/* A whole head, as measured by net_head_end. NULL when good. All slices point into it, or at static text. */
const struct net_refusal *net_head_parse(struct leat_slice bytes, struct net_head *out);

#endif
