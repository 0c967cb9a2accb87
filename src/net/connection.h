/* Inside of the server: one connection, from accept to close. On its part's loop only.
 *
 *   HEAD ---> BODY or CHUNKED ---> HANDLING ---> WRITING ---> HEAD ...
 *     \________\______________________________________\_____> LINGER ---> CLOSED
 *
 * One buffer takes what arrives. The request's slices point into it, so while a request lives the buffer stays where it
 * is, or the slices are moved along. Behind the request being handled the buffer goes on filling up (pipelined
 * requests, or the end of the stream) until it is full. */
#ifndef NET_CONNECTION_H
#define NET_CONNECTION_H

#include "net/chunked.h"
#include "net/part.h"

enum { NET_INPUT_BYTES = 16 << 10, NET_INPUT_KEEP_BYTES = 64 << 10, NET_INPUT_ROOM = 2 << 10 };

enum net_connection_state {
    NET_STATE_HEAD, NET_STATE_BODY, NET_STATE_CHUNKED, NET_STATE_HANDLING, NET_STATE_WRITING, NET_STATE_LINGER,
    NET_STATE_CLOSED
};

struct net_connection {
    struct net_request request;
    struct net_part *part;
    struct net_connection *previous, *next; /* in the list of `wait` */
    enum net_wait wait;
    bool waiting;               /* stands in a list */
    uint64_t since_ms;
    uv_tcp_t socket;
    enum net_connection_state state;

    uint8_t *input;             /* capacity bytes; [begin, end) has arrived and is not done with */
    size_t capacity, begin, end;
    size_t scanned;             /* of the head, from begin */
    size_t head_size, body_size, request_size; /* bytes from begin; body_size without head */
    struct net_chunked chunked;

    bool keep_alive, head_only; /* of the request: the connection goes on after it; it is a HEAD */
    bool empty_line;            /* one has been ignored before the request line */
    bool end_of_input;          /* the client sends no more */
    bool advancing;             /* connection_advance is on the stack */
    bool reading;
    bool owed;                  /* the request has been given to the handler and is not answered */
    bool socket_closed;

    struct arena arena;
    struct buf reply;
    struct net_header *headers; /* = request.headers, in the arena */
    void (*closed)(struct net_request *request, void *context);
    void *closed_context;

    uv_write_t write;
    uv_shutdown_t shutdown;
    size_t unwritten;           /* bytes, when the present wait began */
};

void net_connection_open(struct net_part *part, int fd); /* takes fd */
void net_connection_refuse(struct net_connection *connection, const struct net_refusal *refusal);
void net_connection_close(struct net_connection *connection);
void net_connection_expired(struct net_connection *connection);  /* its wait has taken too long */
void net_connection_answered(struct net_connection *connection); /* the whole answer is with the kernel */
void net_connection_free(struct net_connection *connection);

#endif
