#include "net/part.h"

#include "net/connection.h"

static void part_expire(uv_timer_t *timer);

void net_part_leave(struct net_part *part, struct net_connection *connection) {
    struct net_wait_list *list = &part->waits[connection->wait];
    if (connection->previous != NULL) connection->previous->next = connection->next;
    else list->first = connection->next;
    if (connection->next != NULL) connection->next->previous = connection->previous;
    else list->last = connection->previous;
    connection->waiting = false;
}

static void watch(struct net_part *part, uint64_t due_ms) {
    if (part->ending || (part->timer_due_ms != 0 && part->timer_due_ms <= due_ms)) return;
    uint64_t now = uv_now(net_loop_uv(part->loop));
    part->timer_due_ms = due_ms;
    (void)uv_timer_start(&part->timer, part_expire, due_ms > now ? due_ms - now : 0, 0);
}

void net_part_wait(struct net_part *part, struct net_connection *connection, enum net_wait wait) {
    if (connection->waiting) net_part_leave(part, connection);
    struct net_wait_list *list = &part->waits[wait];
    connection->waiting = true;
    connection->wait = wait;
    connection->since_ms = uv_now(net_loop_uv(part->loop));
    connection->next = NULL;
    connection->previous = list->last;
    if (list->last != NULL) list->last->next = connection;
    else list->first = connection;
    list->last = connection;
    if (list->span_ms != 0) watch(part, connection->since_ms + list->span_ms);
}

static void part_end_if_done(struct net_part *part);

static void close_all(struct net_part *part, enum net_wait wait) {
    struct net_wait_list *list = &part->waits[wait];
    while (list->first != NULL) net_connection_close(list->first); /* moves it to the list of the closing */
}

static void part_expire(uv_timer_t *timer) {
    struct net_part *part = timer->data;
    uint64_t now = uv_now(net_loop_uv(part->loop));
    part->timer_due_ms = 0;
    if (part->draining && now >= part->drain_due_ms)
        for (int wait = 0; wait < NET_WAIT_CLOSE; wait++) close_all(part, (enum net_wait)wait);
    for (int wait = 0; wait < NET_WAIT_CLOSE; wait++) {
        struct net_wait_list *list = &part->waits[wait];
        if (list->span_ms == 0) continue;
        while (list->first != NULL && list->first->since_ms + list->span_ms <= now) net_connection_expired(list->first);
        if (list->first != NULL) watch(part, list->first->since_ms + list->span_ms);
    }
    if (part->draining && now < part->drain_due_ms) watch(part, part->drain_due_ms);
}

static void part_begin(struct net_task *task) {
    struct net_part *part = (struct net_part *)(void *)((char *)task - offsetof(struct net_part, begin));
    (void)uv_timer_init(net_loop_uv(part->loop), &part->timer);
    part->timer.data = part;
    part->handles++;
    if (part == part->server->parts) net_acceptor_begin(part);
}

/* The last thing that happens to a part. */
static void part_ended(struct net_part *part) {
    struct net_server *server = part->server;
    buf_fini(&part->answer_head);
    uv_mutex_lock(&server->mutex);
    if (--server->parts_left == 0) uv_cond_broadcast(&server->parts_ended);
    uv_mutex_unlock(&server->mutex);
    net_server_unref(server);
}

void net_part_handle_closed(struct net_part *part) {
    part->handles--;
    part_end_if_done(part);
}

static void timer_closed(uv_handle_t *handle) { net_part_handle_closed(handle->data); }

static void part_end_if_done(struct net_part *part) {
    if (!part->draining || part->open > 0) return;
    if (!part->ending) {
        part->ending = true;
        uv_close((uv_handle_t *)&part->timer, timer_closed);
    } else if (part->handles == 0) {
        part_ended(part);
    }
}

void net_part_connection_closed(struct net_part *part) {
    part->open--;
    atomic_fetch_sub_explicit(&part->load, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&part->server->connections, 1, memory_order_relaxed);
    part_end_if_done(part);
}

/* The acceptor's part is the first to stop: connections it has handed to other parts are posted before their own stop
 * is. */
static void part_stop(struct net_task *task) {
    struct net_part *part = (struct net_part *)(void *)((char *)task - offsetof(struct net_part, stop));
    struct net_server *server = part->server;
    if (part == server->parts) {
        net_acceptor_stop(part);
        for (size_t i = 1; i < server->part_count; i++) net_loop_post(server->parts[i].loop, &server->parts[i].stop);
    }
    part->draining = true;
    close_all(part, NET_WAIT_IDLE);
    uv_update_time(net_loop_uv(part->loop));
    part->drain_due_ms = uv_now(net_loop_uv(part->loop)) + server->drain_ms;
    if (part->open > 0) watch(part, part->drain_due_ms);
    part_end_if_done(part);
}

static void part_init(struct net_server *server, struct net_part *part, struct net_loop *loop) {
    part->server = server;
    part->loop = loop;
    part->waits[NET_WAIT_IDLE].span_ms = server->options.idle_timeout_ms;
    part->waits[NET_WAIT_READ].span_ms = server->options.read_timeout_ms;
    part->waits[NET_WAIT_WRITE].span_ms = server->options.read_timeout_ms;
    part->waits[NET_WAIT_LINGER].span_ms = NET_LINGER_MS;
    part->begin.run = part_begin;
    part->stop.run = part_stop;
    part->date_second = -1;
    buf_init(&part->answer_head, NET_HEADER_BYTES_MAX);
}

void net_parts_init(struct net_server *server, struct net_loop **loops) {
    for (size_t i = 0; i < server->part_count; i++) part_init(server, &server->parts[i], loops[i]);
}

void net_parts_begin(struct net_server *server) {
    /* the acceptor's part begins last: the others are ready when it hands out the first connection */
    for (size_t i = server->part_count; i-- > 0;) net_loop_post(server->parts[i].loop, &server->parts[i].begin);
}

void net_parts_stop(struct net_server *server, unsigned drain_ms) {
    server->drain_ms = drain_ms;
    net_loop_post(server->parts[0].loop, &server->parts[0].stop);
}
