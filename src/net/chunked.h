/* The chunked transfer coding (RFC 9112 section 7.1), read strictly and in place. Pure functions over bytes. */
#ifndef NET_CHUNKED_H
#define NET_CHUNKED_H

#include "net/head.h"

enum { NET_CHUNK_LINE_MAX = 1024, NET_TRAILER_BYTES_MAX = 8 << 10 };

enum net_chunked_state { NET_CHUNK_SIZE, NET_CHUNK_DATA, NET_CHUNK_DATA_END, NET_CHUNK_TRAILER, NET_CHUNK_DONE };

struct net_chunked {
    enum net_chunked_state state;
    uint64_t left;       /* bytes of the present chunk still to come */
    size_t trailer_size; /* bytes seen; trailer fields are dropped */
};

/* Reads on. `raw` are bytes not yet read; what belongs to the body is moved down to `body` (which lies before raw in
 * the same buffer) behind *body_size. Gives how many of raw have been read; the rest, if any, is an incomplete line
 * (or, when the state is NET_CHUNK_DONE, what follows the message). Not good: *refusal is set. */
size_t net_chunked_read(struct net_chunked *chunked, uint8_t *raw, size_t size, uint8_t *body, size_t *body_size,
                        size_t body_max, const struct net_refusal **refusal);

#endif
