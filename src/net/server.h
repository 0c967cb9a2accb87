/* HTTP/1.1 server on libuv and llhttp, one or more loops.
 *
 * A handler gets a complete request (headers and body, within the limits) on the connection's loop thread and answers
 * exactly once, at once or later, from that same thread. A connection reads its next request when the answer has been
 * written, so requests of one connection are answered in order. Malformed and ambiguous requests (two lengths, length
 * with chunked, bare CR or LF, obsolete folding, white space before colons, bad chunk sizes ...) get 400 and the
 * connection is closed; nothing reaches the handler. Such answers have the body {"message":"..."}. */
#ifndef NET_SERVER_H
#define NET_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "net/loop.h"

enum {
    NET_HEADERS_MAX = 128,              /* fields in a request; past it 431 */
    NET_HEADER_BYTES_MAX = 64 << 10,    /* defaults of struct net_server_options */
    NET_BODY_BYTES_MAX = (16 << 20) + (64 << 10),
    NET_IDLE_TIMEOUT_MS = 60000,
    NET_READ_TIMEOUT_MS = 30000,
    NET_CONNECTIONS_MAX = 10000,
    NET_REPLY_BYTES_MAX = 256 << 20,    /* an answer's body; past it the client gets 500 */
};

struct net_server;

struct net_header { struct leat_slice name, value; }; /* name as sent; compare with net_request_header */

/* Everything in it, the arena and the reply buffer, are gone when net_reply returns. */
struct net_request {
    struct leat_slice method, target; /* target as sent: path and query, or a whole URL */
    struct leat_slice path, query;    /* path not percent-decoded; query without '?', may be empty, never absent */
    const struct net_header *headers;
    size_t header_count;
    struct leat_slice body;     /* never absent; chunked bodies are joined */
    struct arena *arena;        /* at most twice the largest body and 4 MiB */
    struct net_loop *loop;      /* whose thread owns this request */
    void *context;              /* the server's */
    void *user;                 /* the handler's own; NULL at first */
    bool closed;                /* the client has gone, or sends no more: an answer is still due, it may go nowhere */
};

/* Case-insensitive, the first of that name; absent slice when there is none. */
struct leat_slice net_request_header(const struct net_request *request, const char *name);

/* Decodes %XX (and + as space with `plus`) into the arena, or gives the text back when there is nothing to decode;
 * absent when malformed (or no memory). */
struct leat_slice net_percent_decode(struct arena *arena, struct leat_slice text, bool plus);
/* The decoded value of the first query parameter of that name; empty for "name" without "="; absent when there is
 * none. */
struct leat_slice net_request_query(struct net_request *request, const char *name);
/* One after the other of those that come several times; *place is 0 at first. */
struct leat_slice net_request_query_next(struct net_request *request, const char *name, size_t *place);

struct net_server_options {
    const char *host;           /* numeric or name; NULL: "127.0.0.1" */
    uint16_t port;              /* 0: any free one, see net_server_port */
    struct net_loop **loops;    /* connections go to the one that has fewest; the array is not kept */
    size_t loop_count;
    size_t header_bytes_max;    /* 0: 64 KiB; request line and headers; past it 431 */
    size_t body_bytes_max;      /* 0: 16 MiB + 64 KiB; past it 413 */
    unsigned idle_timeout_ms;   /* 0: 60000; between requests; closes silently */
    unsigned read_timeout_ms; /* 0: 30000; from the first byte of a request to its last; 408. Also the longest a client
                               * may take no byte of its answer */
    unsigned connections_max;   /* 0: 10000; past it new ones are closed */
    void (*handle)(struct net_request *request);
    void *context;
};

/* Binds and listens (LEAT_IO "cannot listen on 127.0.0.1:8000: Address already in use"). Clients may connect as soon as
 * it has returned, and wait until net_server_start: what needs to know the port can be made between the two. From any
 * thread, also before the loops are started. */
enum leat_code net_server_new(const struct net_server_options *options, struct net_server **out,
                              struct leat_fault *fault) LEAT_MUST_USE;
/* Begins to accept. Once; any thread. */
void net_server_start(struct net_server *server);
uint16_t net_server_port(const struct net_server *server);
size_t net_server_connections(const struct net_server *server); /* open now; any thread */
/* Stops listening, closes idle connections, lets running requests finish for up to drain_ms, then closes. From any
 * thread but a loop's, while the loops run; a server never started is freed by any. Requests still unanswered then stay
 * valid until they are answered. */
void net_server_stop(struct net_server *server, unsigned drain_ms);
/* The same for one whose only loop is the calling thread's: stops at once, frees itself when its handles have
 * closed. */
void net_server_close_here(struct net_server *server);

/* Headers beside Date, Content-Length and Connection, which the server writes itself. Control characters in values
 * become spaces. Names and values are copied. */
struct net_reply_header { const char *name; struct leat_slice value; };
/* A buffer to write the body into; belongs to the request. */
struct buf *net_reply_body(struct net_request *request);
/* Sends what is in net_reply_body with this status; 500 when that buffer has failed. On the request's loop thread,
 * exactly once, at once or later. The request is gone afterwards. */
void net_reply(struct net_request *request, unsigned status, const struct net_reply_header *headers,
               size_t header_count);
/* A request that is not answered now (long polls): called once, on the loop's thread, if the client goes away before
 * the answer; the answer stays due, and may be given from inside `closed`. */
void net_request_on_close(struct net_request *request, void (*closed)(struct net_request *request, void *context),
                          void *context);

#endif
