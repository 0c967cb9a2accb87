/* For the tests of net: a server with a known handler on loops of its own, and a peer that speaks bytes to it. Every wait has an end:
 * a test that would hang fails. */
#ifndef TESTS_UNIT_NET_PEER_H
#define TESTS_UNIT_NET_PEER_H

#include <stdatomic.h>

#include "net/server.h"

enum { PEER_LOOPS_MAX = 4, PEER_WAIT_MS = 5000 };

/* The handler answers, by path:
 *   /empty   200, no body          /none   204             /large?size=N   N bytes "x"
 *   /later   200 "later" from a task posted to the loop    /hold   not answered until peer_release; see `held`
 *   /broken  asks for more than an answer may hold         anything else: 200 "METHOD path query bodysize\n" and the body */
struct peer_server {
    struct net_loop *loops[PEER_LOOPS_MAX];
    size_t loop_count;
    struct net_server *server;
    _Atomic unsigned handled, closed; /* requests; calls of on_close */
    _Atomic(struct net_request *) held;
    _Atomic bool reply_on_close;      /* /hold: answer from inside on_close */
};

void peer_server_start(struct peer_server *peer, struct net_server_options options, size_t loop_count);
void peer_server_stop(struct peer_server *peer);
void peer_loops_stop(struct peer_server *peer);   /* when the server has been stopped by the test */
void peer_release(struct peer_server *peer);      /* answers the held request: 200 "held"; waits until done */
void peer_await(_Atomic unsigned *counter, unsigned value); /* until it is at least that */

int peer_dial(const struct peer_server *peer);
void peer_say(int fd, const void *bytes, size_t size); /* all of it, unless the other side has closed */
void peer_say_text(int fd, const char *text);

/* What has been heard, zero-terminated. */
struct peer_heard { char *text; size_t size; bool closed; };
struct peer_heard peer_hear_all(int fd);               /* until the server closes */
struct peer_heard peer_hear_answer(int fd);            /* one answer with its body, by its Content-Length */
struct peer_heard peer_hear_head(int fd);              /* up to the first empty line */
struct peer_heard peer_hear_quiet(int fd, int wait_ms); /* what comes in that time */
unsigned peer_status(const struct peer_heard *heard);  /* 0: nothing */
const char *peer_body(const struct peer_heard *heard);
unsigned peer_answers(const struct peer_heard *heard); /* how many status lines */
void peer_forget(struct peer_heard *heard);

/* dial, say, hear one answer, close; gives the status */
unsigned peer_ask(const struct peer_server *peer, const char *text);

#endif
