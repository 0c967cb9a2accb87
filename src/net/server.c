#include "net/server.h"

#include <stdlib.h>

#include "net/part.h"

static void fill_defaults(struct net_server_options *options) {
    if (options->host == NULL) options->host = "127.0.0.1";
    if (options->header_bytes_max == 0) options->header_bytes_max = NET_HEADER_BYTES_MAX;
    if (options->body_bytes_max == 0) options->body_bytes_max = NET_BODY_BYTES_MAX;
    if (options->idle_timeout_ms == 0) options->idle_timeout_ms = NET_IDLE_TIMEOUT_MS;
    if (options->read_timeout_ms == 0) options->read_timeout_ms = NET_READ_TIMEOUT_MS;
    if (options->connections_max == 0) options->connections_max = NET_CONNECTIONS_MAX;
}

static void server_free(struct net_server *server) {
    uv_cond_destroy(&server->parts_ended);
    uv_mutex_destroy(&server->mutex);
    free(server);
}

void net_server_unref(struct net_server *server) {
    if (atomic_fetch_sub_explicit(&server->references, 1, memory_order_acq_rel) == 1) server_free(server);
}

static struct net_server *server_alloc(size_t part_count) {
    struct net_server *server = calloc(1, sizeof *server + part_count * sizeof server->parts[0]);
    if (server == NULL) return NULL;
    if (uv_mutex_init(&server->mutex) != 0) {
        free(server);
        return NULL;
    }
    if (uv_cond_init(&server->parts_ended) != 0) {
        uv_mutex_destroy(&server->mutex);
        free(server);
        return NULL;
    }
    server->part_count = server->parts_left = part_count;
    atomic_init(&server->references, 1 + part_count);
    return server;
}

enum leat_code net_server_new(const struct net_server_options *options, struct net_server **out,
                              struct leat_fault *fault) {
    if (options->loop_count == 0 || options->handle == NULL)
        return fault_set(fault, LEAT_INTERNAL, "a server needs a loop and a handler");
    struct net_server *server = server_alloc(options->loop_count);
    if (server == NULL) return fault_memory(fault);
    server->options = *options;
    fill_defaults(&server->options);
    enum leat_code code = net_listen(server, fault);
    if (code != LEAT_OK) {
        server_free(server);
        return code;
    }
    server->options.loops = NULL;
    server->options.host = NULL;
    net_parts_init(server, options->loops);
    *out = server;
    return LEAT_OK;
}

void net_server_start(struct net_server *server) {
    server->started = true;
    net_parts_begin(server);
}

/* Nobody but its owner knows it. */
static void drop_unstarted(struct net_server *server) {
    net_listen_end(server);
    server_free(server);
}

uint16_t net_server_port(const struct net_server *server) { return server->port; }

size_t net_server_connections(const struct net_server *server) {
    return atomic_load_explicit(&server->connections, memory_order_relaxed);
}

void net_server_stop(struct net_server *server, unsigned drain_ms) {
    if (server == NULL) return;
    if (!server->started) {
        drop_unstarted(server);
        return;
    }
    net_parts_stop(server, drain_ms);
    uv_mutex_lock(&server->mutex);
    while (server->parts_left > 0) uv_cond_wait(&server->parts_ended, &server->mutex);
    uv_mutex_unlock(&server->mutex);
    net_server_unref(server);
}

void net_server_close_here(struct net_server *server) {
    if (server == NULL) return;
    if (!server->started) {
        drop_unstarted(server);
        return;
    }
    net_parts_stop(server, 0);
    net_server_unref(server);
}
