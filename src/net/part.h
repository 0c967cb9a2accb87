/* Inside of the server: what it keeps on each of its loops. Touched on that loop's thread only, but for what says
 * otherwise.
 *
 * Connections stand in lists by what they wait for. All members of a list have the same time to wait and join at its
 * tail, so the first to expire stands at the head: one timer watches the heads, and a request costs no timer call.
 *
 * Life: a server is kept by its owner, its parts and its connections, and freed by the last. A part ends when the
 * server stops and the part's connections and own handles have closed; a connection whose request is still to be
 * answered may outlive it. */
#ifndef NET_PART_H
#define NET_PART_H

#include <stdatomic.h>

#include "net/head.h"

enum net_wait {
    NET_WAIT_IDLE,   /* for the first byte of a request */
    NET_WAIT_READ,   /* for the last byte of a request */
    NET_WAIT_ANSWER, /* for the handler: as long as it takes */
    NET_WAIT_WRITE,  /* for the client to take the answer */
    NET_WAIT_LINGER, /* for the client to see the end */
    NET_WAIT_CLOSE,  /* for the socket to close */
    NET_WAIT_COUNT
};

enum { NET_LINGER_MS = 1000, NET_DATE_SIZE = 64 };

struct net_connection;

struct net_wait_list {
    struct net_connection *first, *last;
    uint64_t span_ms; /* 0: for ever */
};

struct net_part {
    struct net_server *server;
    struct net_loop *loop;
    struct net_wait_list waits[NET_WAIT_COUNT];
    uv_timer_t timer;
    uint64_t timer_due_ms;  /* 0: not set */
    uint64_t drain_due_ms;  /* draining: when what is left is closed */
    size_t open;            /* connections not yet closed */
    unsigned handles;       /* the part's own open ones */
    bool draining, ending;
    _Atomic(size_t) load;   /* connections given to this part; read by the acceptor */
    struct net_head head;   /* scratch of the request being parsed */
    struct buf answer_head; /* scratch of the answer being written */
    char date[NET_DATE_SIZE];
    int64_t date_second;
    struct net_task begin, stop;
};

struct net_acceptor {
    int listener; /* -1: closed */
    uv_poll_t poll;
    uv_timer_t retry; /* runs while the process has no file descriptors left */
    size_t next;      /* where the search for the least loaded part begins */
    bool begun;
    bool complained;  /* about descriptors that are missing: once, until nobody waits for one */
};

struct net_server {
    struct net_server_options options; /* defaults filled in; loops is not kept */
    uint16_t port;
    struct net_acceptor acceptor;  /* on the first part's loop */
    _Atomic(size_t) connections;   /* open sockets, any thread */
    _Atomic(size_t) references;    /* owner, parts, connections; any thread */
    unsigned drain_ms;
    bool started;                  /* the owner's */
    uv_mutex_t mutex;              /* over parts_left */
    uv_cond_t parts_ended;
    size_t parts_left;
    size_t part_count;
    struct net_part parts[];
};

void net_server_unref(struct net_server *server);
void net_parts_init(struct net_server *server, struct net_loop **loops);
void net_parts_begin(struct net_server *server);
void net_parts_stop(struct net_server *server, unsigned drain_ms);

enum leat_code net_listen(struct net_server *server, struct leat_fault *fault) LEAT_MUST_USE;
void net_listen_end(struct net_server *server); /* of a server never started */
void net_acceptor_begin(struct net_part *first);
void net_acceptor_stop(struct net_part *first);

/* Puts the connection at the end of that list; its time begins now. */
void net_part_wait(struct net_part *part, struct net_connection *connection, enum net_wait wait);
void net_part_leave(struct net_part *part, struct net_connection *connection);
void net_part_handle_closed(struct net_part *part);     /* one of the part's own handles has closed */
void net_part_connection_closed(struct net_part *part); /* a socket has closed */

#endif
