/* Listening, accepting, and handing connections to the loops.
 *
 * One listener for all loops: listeners of their own (SO_REUSEPORT) would let a second process listen on the same port
 * unnoticed, and spread a few dozen connections unevenly. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "net/connection.h"

enum { ACCEPT_BATCH = 64, ACCEPT_RETRY_MS = 100 };

static void acceptor_ready(uv_poll_t *poll, int status, int events);

static int listen_on(const struct addrinfo *address) {
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on); /* connections of a former life do not block us */
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0) return fd;
    int error = errno;
    (void)close(fd);
    return -error;
}

static uint16_t port_of(int fd) {
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0) return 0;
    if (address.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

enum leat_code net_listen(struct net_server *server, struct leat_fault *fault) {
    const struct net_server_options *options = &server->options;
    char port[8];
    (void)snprintf(port, sizeof port, "%u", options->port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found = NULL;
    int error = getaddrinfo(options->host, port, &hints, &found);
    if (error != 0)
        return fault_set(fault, LEAT_IO, "cannot listen on %s:%s: %s", options->host, port, gai_strerror(error));
    int fd = -EADDRNOTAVAIL;
    for (const struct addrinfo *address = found; address != NULL && fd < 0; address = address->ai_next)
        fd = listen_on(address);
    freeaddrinfo(found);
    if (fd < 0) {
        char what[320];
        (void)snprintf(what, sizeof what, "cannot listen on %.255s:%s", options->host, port);
        return fault_errno(fault, -fd, what);
    }
    server->acceptor.listener = fd;
    server->port = port_of(fd);
    return LEAT_OK;
}

struct handover {
    struct net_task task;
    struct net_part *part;
    int fd;
};

static void hand_over(struct net_task *task) {
    struct handover *handover = (struct handover *)(void *)task;
    net_connection_open(handover->part, handover->fd);
    free(handover);
}

static struct net_part *least_loaded(struct net_server *server) {
    struct net_acceptor *acceptor = &server->acceptor;
    struct net_part *best = NULL;
    size_t best_load = 0;
    for (size_t i = 0; i < server->part_count; i++) {
        struct net_part *part = &server->parts[(acceptor->next + i) % server->part_count];
        size_t load = atomic_load_explicit(&part->load, memory_order_relaxed);
        if (best == NULL || load < best_load) best = part, best_load = load;
    }
    acceptor->next = (size_t)(best - server->parts) + 1;
    return best;
}

static void give(struct net_server *server, int fd) {
    if (net_server_connections(server) >= server->options.connections_max) {
        (void)close(fd);
        return;
    }
    struct net_part *part = least_loaded(server);
    struct handover *handover = part == server->parts ? NULL : malloc(sizeof *handover);
    if (handover == NULL) part = server->parts; /* out of memory: the acceptor's own loop serves too */
    atomic_fetch_add_explicit(&part->load, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&server->connections, 1, memory_order_relaxed);
    if (handover == NULL) {
        net_connection_open(part, fd);
        return;
    }
    *handover = (struct handover){.task.run = hand_over, .part = part, .fd = fd};
    net_loop_post(part->loop, &handover->task);
}

static void accept_again(uv_timer_t *timer) {
    struct net_part *first = timer->data;
    (void)uv_poll_start(&first->server->acceptor.poll, UV_READABLE, acceptor_ready);
}

static void acceptor_ready(uv_poll_t *poll, int status, int events) {
    (void)status, (void)events;
    struct net_part *first = poll->data;
    struct net_server *server = first->server;
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        int fd = accept4(server->acceptor.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            give(server, fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            if (!server->acceptor.complained) log_warning("cannot accept connections: %s", strerror(errno));
            server->acceptor.complained = true;
            (void)uv_poll_stop(poll); /* the listener stays readable: it would be tried without end */
            (void)uv_timer_start(&server->acceptor.retry, accept_again, ACCEPT_RETRY_MS, 0);
            return;
        } else if (errno == EAGAIN) {
            server->acceptor.complained = false; /* nobody waits any more */
            return;
        } /* anything else is the fault of that one connection: ECONNABORTED, EPROTO, ... */
    }
}

void net_acceptor_begin(struct net_part *first) {
    struct net_acceptor *acceptor = &first->server->acceptor;
    uv_loop_t *loop = net_loop_uv(first->loop);
    (void)uv_timer_init(loop, &acceptor->retry);
    acceptor->retry.data = first;
    first->handles++;
    int error = uv_poll_init(loop, &acceptor->poll, acceptor->listener);
    if (error != 0) {
        log_error("cannot watch the listening socket: %s", uv_strerror(error));
        return;
    }
    acceptor->begun = true;
    acceptor->poll.data = first;
    first->handles++;
    (void)uv_poll_start(&acceptor->poll, UV_READABLE, acceptor_ready);
}

static void handle_closed(uv_handle_t *handle) { net_part_handle_closed(handle->data); }

void net_listen_end(struct net_server *server) {
    (void)close(server->acceptor.listener);
    server->acceptor.listener = -1;
}

void net_acceptor_stop(struct net_part *first) {
    struct net_acceptor *acceptor = &first->server->acceptor;
    uv_close((uv_handle_t *)&acceptor->retry, handle_closed);
    if (acceptor->begun) uv_close((uv_handle_t *)&acceptor->poll, handle_closed);
    net_listen_end(first->server);
}
