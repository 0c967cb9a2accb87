/* HTTP/1.1 server on libuv and llhttp, one or more loops.
 *
 * A handler gets a complete request (headers and body, within the limits) on the connection's loop thread and answers exactly once,
 * at once or later, from that same thread. A connection reads its next request when the answer has been written, so requests of one connection
 * are answered in order. Malformed and ambiguous requests (two lengths, length with chunked, bare CR or LF, obsolete folding, white space before
 * colons, bad chunk sizes ...) get 400 and the connection is closed; nothing reaches the handler. */
#ifndef NET_SERVER_H
#define NET_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "net/loop.h"

struct net_server;

struct net_header { struct leat_slice name, value; }; /* name as sent; compare with net_request_header */

struct net_request {
    struct leat_slice method, target; /* target as sent: path and query */
    struct leat_slice path, query;    /* path not percent-decoded; query without '?', may be empty */
    const struct net_header *headers;
    size_t header_count;
    struct leat_slice body;
    struct arena *arena;        /* lives until the answer has been written; everything above is in it */
    struct net_loop *loop;      /* whose thread owns this request */
    void *context;              /* the server's */
    bool closed;                /* the client has gone: an answer is still due but goes nowhere */
};

/* Case-insensitive; absent slice when there is none. */
struct leat_slice net_request_header(const struct net_request *request, const char *name);

/* Decodes %XX (and + as space with `plus`) into the arena; absent when malformed. */
struct leat_slice net_percent_decode(struct arena *arena, struct leat_slice text, bool plus);
/* The decoded value of a query parameter; absent when there is none. */
struct leat_slice net_request_query(struct net_request *request, const char *name);

struct net_server_options {
    const char *host;           /* numeric or name; "127.0.0.1" */
    uint16_t port;              /* 0: any free one, see net_server_port */
    struct net_loop **loops;    /* connections are spread over them */
    size_t loop_count;
    size_t header_bytes_max;    /* 0: 64 KiB; past it 431 */
    size_t body_bytes_max;      /* 0: 16 MiB + 64 KiB; past it 413 */
    unsigned idle_timeout_ms;   /* 0: 60000; between requests; closes silently */
    unsigned read_timeout_ms;   /* 0: 30000; from the first byte of a request to its last; 408 */
    unsigned connections_max;   /* 0: 10000; past it new ones are closed */
    void (*handle)(struct net_request *request);
    void *context;
};

/* Binds and listens (LEAT_IO "cannot listen on 127.0.0.1:8000: address already in use"). Returns when connections are being accepted. */
enum leat_code net_server_new(const struct net_server_options *options, struct net_server **out,
                              struct leat_fault *fault) LEAT_MUST_USE;
uint16_t net_server_port(const struct net_server *server);
/* Stops listening, closes idle connections, lets running requests finish for up to drain_ms, then closes. From any thread but a loop's. */
void net_server_stop(struct net_server *server, unsigned drain_ms);
/* The same for one whose only loop is the calling thread's: stops at once, frees itself when the handles have closed. */
void net_server_close_here(struct net_server *server);

/* The answer: status and header lines go out with Content-Length and Date; body is copied (or taken over when it is the request's own
 * reply buffer). Headers: name, value pairs ended by NULL name. */
struct net_reply_header { const char *name; struct leat_slice value; };
/* A buffer to write the body into; belongs to the request. */
struct buf *net_reply_body(struct net_request *request);
/* Sends what is in net_reply_body with this status. On the request's loop thread, exactly once. */
void net_reply(struct net_request *request, unsigned status, const struct net_reply_header *headers, size_t header_count);
/* A request that is not answered now (long polls): called once if the client goes away before the answer; the answer stays due. */
void net_request_on_close(struct net_request *request, void (*closed)(struct net_request *request, void *context), void *context);

#endif
