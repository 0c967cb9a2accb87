#include "net/connection.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/slice.h"

static void connection_advance(struct net_connection *connection);
static void connection_arrived(uv_stream_t *stream, ssize_t size, const uv_buf_t *bytes);
static void connection_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out);

static const struct net_refusal
    LONG_HEAD = {431, "the request's header fields are too large"},
    LONG_BODY = {413, "the body of the request is too large"},
    TOO_SLOW = {408, "the request took too long to arrive"},
    NO_MEMORY = {500, "out of memory"};

/* ---- the input buffer ---- */

static void move_slice(struct leat_slice *slice, const uint8_t *old, size_t size, const uint8_t *new) {
    uintptr_t offset = (uintptr_t)slice->data - (uintptr_t)old;
    if (offset <= size) slice->data = new + offset; /* static text stays where it is */
}

static void move_request(struct net_connection *connection, const uint8_t *old, size_t size, const uint8_t *new) {
    struct net_request *request = &connection->request;
    move_slice(&request->method, old, size, new);
    move_slice(&request->target, old, size, new);
    move_slice(&request->path, old, size, new);
    move_slice(&request->query, old, size, new);
    for (size_t i = 0; i < request->header_count; i++) {
        move_slice(&connection->headers[i].name, old, size, new);
        move_slice(&connection->headers[i].value, old, size, new);
    }
}

/* Makes the buffer `capacity` bytes large, with what is in it at its beginning. */
static bool input_resize(struct net_connection *connection, size_t capacity) {
    uint8_t *input = malloc(capacity);
    if (input == NULL) return false;
    size_t size = connection->end - connection->begin;
    if (size > 0) {
        const uint8_t *old = connection->input + connection->begin;
        memcpy(input, old, size);
        move_request(connection, old, size, input);
    }
    free(connection->input);
    connection->input = input;
    connection->capacity = capacity;
    connection->begin = 0;
    connection->end = size;
    return true;
}

/* Room to read into while a request is arriving. Its limits are kept by those who parse: nothing here can grow past
 * them. */
static void input_make_room(struct net_connection *connection) {
    if (connection->begin == connection->end) connection->begin = connection->end = 0;
    if (connection->capacity - connection->end >= NET_INPUT_ROOM) return;
    if (connection->begin > 0 && connection->state == NET_STATE_HEAD) {
        memmove(connection->input, connection->input + connection->begin, connection->end - connection->begin);
        connection->end -= connection->begin;
        connection->begin = 0;
        if (connection->capacity - connection->end >= NET_INPUT_ROOM) return;
    }
    (void)input_resize(connection, connection->capacity == 0 ? NET_INPUT_BYTES : connection->capacity * 2);
}

static void connection_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out) {
    (void)suggested;
    struct net_connection *connection = handle->data;
    if (connection->state == NET_STATE_LINGER) connection->begin = connection->end = 0;
    if (connection->state == NET_STATE_HEAD || connection->state == NET_STATE_CHUNKED) input_make_room(connection);
    *out = uv_buf_init(NULL, 0); /* libuv answers UV_ENOBUFS */
    if (connection->end < connection->capacity)
        *out = uv_buf_init((char *)connection->input + connection->end,
                           (unsigned)(connection->capacity - connection->end));
}

/* ---- life ---- */

void net_connection_free(struct net_connection *connection) {
    struct net_server *server = connection->part->server;
    arena_fini(&connection->arena);
    buf_fini(&connection->reply);
    free(connection->input);
    free(connection);
    net_server_unref(server);
}

static void socket_closed(uv_handle_t *handle) {
    struct net_connection *connection = handle->data;
    struct net_part *part = connection->part;
    net_part_leave(part, connection);
    connection->socket_closed = true;
    if (!connection->owed) net_connection_free(connection);
    net_part_connection_closed(part);
}

/* The client has closed, or sends no more: whoever works for it may like to know. */
static void tell_closed(struct net_connection *connection) {
    if (!connection->owed || connection->request.closed) return;
    connection->request.closed = true;
    void (*closed)(struct net_request *, void *) = connection->closed;
    connection->closed = NULL;
    if (closed != NULL) closed(&connection->request, connection->closed_context);
}

void net_connection_close(struct net_connection *connection) {
    if (connection->state == NET_STATE_CLOSED) return;
    connection->state = NET_STATE_CLOSED;
    net_part_wait(connection->part, connection, NET_WAIT_CLOSE);
    uv_close((uv_handle_t *)&connection->socket, socket_closed);
    tell_closed(connection);
}

static void connection_read(struct net_connection *connection) {
    if (connection->reading || connection->end_of_input) return;
    connection->reading = true;
    if (uv_read_start((uv_stream_t *)&connection->socket, connection_room, connection_arrived) != 0)
        net_connection_close(connection);
}

static struct net_connection *connection_new(struct net_part *part) {
    struct net_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) return NULL;
    size_t body_max = part->server->options.body_bytes_max;
    connection->part = part;
    arena_init(&connection->arena, 2 * body_max + (4 << 20));
    buf_init(&connection->reply, NET_REPLY_BYTES_MAX);
    connection->request.arena = &connection->arena;
    connection->request.loop = part->loop;
    connection->request.context = part->server->options.context;
    return connection;
}

void net_connection_open(struct net_part *part, int fd) {
    struct net_connection *connection = connection_new(part);
    part->open++;
    if (connection == NULL || uv_tcp_init(net_loop_uv(part->loop), &connection->socket) != 0) {
        free(connection);
        (void)close(fd);
        net_part_connection_closed(part);
        return;
    }
    atomic_fetch_add_explicit(&part->server->references, 1, memory_order_relaxed);
    connection->socket.data = connection;
    net_part_wait(part, connection, NET_WAIT_IDLE);
    if (uv_tcp_open(&connection->socket, fd) != 0) {
        (void)close(fd);
        net_connection_close(connection);
        return;
    }
    (void)uv_tcp_nodelay(&connection->socket, 1);
    if (part->draining) net_connection_close(connection);
    else connection_read(connection);
}

/* ---- the end of a connection ---- */

static void shut_down(uv_shutdown_t *shutdown, int status) {
    struct net_connection *connection = shutdown->handle->data;
    if (status != 0) net_connection_close(connection);
}

/* Closing at once, with bytes of the client unread, would make the kernel reset the connection, and the client might
 * never see the answer (RFC 9112 section 9.6). So: say that no more comes, read and drop for a while, close. */
static void connection_linger(struct net_connection *connection) {
    connection->state = NET_STATE_LINGER;
    if (connection->end_of_input ||
        uv_shutdown(&connection->shutdown, (uv_stream_t *)&connection->socket, shut_down) != 0) {
        net_connection_close(connection);
        return;
    }
    if (connection->capacity == 0 && !input_resize(connection, NET_INPUT_BYTES)) {
        net_connection_close(connection);
        return;
    }
    net_part_wait(connection->part, connection, NET_WAIT_LINGER);
    connection_read(connection);
}

static size_t unwritten_size(const struct net_connection *connection) {
    return uv_stream_get_write_queue_size((const uv_stream_t *)&connection->socket);
}

void net_connection_expired(struct net_connection *connection) {
    if (connection->wait == NET_WAIT_READ) {
        net_connection_refuse(connection, &TOO_SLOW);
    } else if (connection->wait == NET_WAIT_WRITE && unwritten_size(connection) < connection->unwritten) {
        connection->unwritten = unwritten_size(connection); /* slow, but not standing still */
        net_part_wait(connection->part, connection, NET_WAIT_WRITE);
    } else {
        net_connection_close(connection);
    }
}

/* ---- requests ---- */

static void request_clear(struct net_connection *connection) {
    struct net_request *request = &connection->request;
    arena_reset(&connection->arena);
    if (connection->reply.capacity > NET_INPUT_KEEP_BYTES) buf_fini(&connection->reply);
    buf_clear(&connection->reply);
    request->header_count = 0;
    request->method = request->target = request->path = request->query = request->body = SLICE("");
    request->headers = connection->headers = NULL;
    request->user = NULL;
    request->closed = false;
    connection->closed = NULL;
    connection->scanned = connection->head_size = connection->body_size = connection->request_size = 0;
    connection->head_only = connection->empty_line = false;
}

/* The whole answer is with the kernel: the next request, or the end. */
void net_connection_answered(struct net_connection *connection) {
    size_t request_size = connection->request_size;
    request_clear(connection);
    connection->begin += request_size;
    if (connection->begin == connection->end) {
        connection->begin = connection->end = 0;
        if (connection->capacity > NET_INPUT_KEEP_BYTES) {
            free(connection->input);
            connection->input = NULL;
            connection->capacity = 0;
        }
    }
    if (!connection->keep_alive || connection->part->draining) {
        connection_linger(connection);
        return;
    }
    connection->state = NET_STATE_HEAD;
    net_part_wait(connection->part, connection, NET_WAIT_IDLE);
    connection_read(connection);
    if (!connection->advancing) connection_advance(connection);
}

void net_connection_refuse(struct net_connection *connection, const struct net_refusal *refusal) {
    bool head_only = connection->head_only;
    connection->end = connection->begin;
    request_clear(connection);
    connection->head_only = head_only;
    connection->keep_alive = false;
    connection->owed = true;
    connection->state = NET_STATE_HANDLING;
    net_part_wait(connection->part, connection, NET_WAIT_ANSWER);
    struct net_reply_header type = {"Content-Type", SLICE("application/json")};
    buf_print(&connection->reply, "{\"message\":\"%s\"}", refusal->message);
    net_reply(&connection->request, refusal->status, &type, 1);
}

/* RFC 9110 section 10.1.1. Nothing else is being written now, so the 25 bytes fit or the connection is lost. */
static bool say_continue(struct net_connection *connection) {
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    uv_buf_t bytes = uv_buf_init((char *)(uintptr_t)text, sizeof text - 1);
    if (uv_try_write((uv_stream_t *)&connection->socket, &bytes, 1) == (int)bytes.len) return true;
    net_connection_close(connection);
    return false;
}

/* Takes the parsed head over from the part's scratch. */
static const struct net_refusal *request_begin(struct net_connection *connection, const struct net_head *head) {
    struct net_request *request = &connection->request;
    size_t bytes = head->header_count * sizeof head->headers[0];
    connection->headers = arena_alloc(&connection->arena, bytes);
    if (connection->headers == NULL) return &NO_MEMORY;
    if (bytes > 0) memcpy(connection->headers, head->headers, bytes);
    request->headers = connection->headers;
    request->header_count = head->header_count;
    request->method = head->method;
    request->target = head->target;
    request->path = head->path;
    request->query = head->query;
    connection->keep_alive = head->keep_alive;
    connection->head_only = slice_is(head->method, "HEAD");
    connection->chunked = (struct net_chunked){0};
    return NULL;
}

/* Decides how the body is read. */
static const struct net_refusal *body_begin(struct net_connection *connection, const struct net_head *head) {
    const struct net_server_options *options = &connection->part->server->options;
    if (head->content_length > options->body_bytes_max) return &LONG_BODY;
    connection->state = head->chunked ? NET_STATE_CHUNKED : NET_STATE_BODY;
    connection->body_size = head->chunked ? 0 : (size_t)head->content_length;
    connection->request_size = connection->head_size + connection->body_size;
    size_t arrived = connection->end - connection->begin;
    bool whole = head->chunked ? arrived > connection->head_size : arrived >= connection->request_size;
    if (whole) return NULL;
    /* a little more than the request, so that the client's going away is seen while it is handled */
    size_t room = connection->request_size + NET_INPUT_ROOM;
    if (room > connection->capacity - connection->begin && !input_resize(connection, room)) return &NO_MEMORY;
    return NULL;
}

/* false: no whole head yet, or the connection has come to its end. */
static bool read_head(struct net_connection *connection) {
    size_t head_max = connection->part->server->options.header_bytes_max;
    uint8_t *begin = connection->input + connection->begin;
    size_t size = connection->end - connection->begin;
    /* RFC 9112 section 2.2: an empty line before the request line is ignored; one */
    if (connection->scanned == 0 && !connection->empty_line && size >= 2 && begin[0] == '\r' && begin[1] == '\n') {
        connection->empty_line = true;
        connection->begin += 2;
        begin += 2;
        size -= 2;
    }
    if (size == 0) return false;
    const struct net_refusal *refusal;
    size_t look = size < head_max ? size : head_max;
    connection->head_size = net_head_end(slice_of(begin, look), &connection->scanned, &refusal);
    struct net_head *head = &connection->part->head;
    if (refusal == NULL && connection->head_size == 0) {
        if (size < head_max) return false;
        refusal = &LONG_HEAD;
    }
    if (refusal == NULL) refusal = net_head_parse(slice_of(begin, connection->head_size), head);
    if (refusal == NULL) refusal = request_begin(connection, head);
    bool expects = refusal == NULL && head->expects_continue; /* before the slices of head may move */
    if (refusal == NULL) refusal = body_begin(connection, head);
    if (refusal != NULL) {
        net_connection_refuse(connection, refusal);
        return false;
    }
    bool none_yet = connection->end - connection->begin == connection->head_size;
    bool some_due = connection->state == NET_STATE_CHUNKED || connection->body_size > 0;
    return !(expects && none_yet && some_due) || say_continue(connection);
}

static bool read_chunked(struct net_connection *connection) {
    uint8_t *body = connection->input + connection->begin + connection->head_size;
    uint8_t *raw = body + connection->body_size;
    size_t size = connection->end - connection->begin - connection->head_size - connection->body_size;
    const struct net_refusal *refusal;
    size_t taken = net_chunked_read(&connection->chunked, raw, size, body, &connection->body_size,
                                    connection->part->server->options.body_bytes_max, &refusal);
    if (refusal != NULL) {
        net_connection_refuse(connection, refusal);
        return false;
    }
    memmove(body + connection->body_size, raw + taken, size - taken);
    connection->request_size = connection->head_size + connection->body_size;
    connection->end = connection->begin + connection->request_size + (size - taken);
    return connection->chunked.state == NET_CHUNK_DONE;
}

static void handle_request(struct net_connection *connection) {
    struct net_request *request = &connection->request;
    request->body = slice_of(connection->input + connection->begin + connection->head_size, connection->body_size);
    connection->state = NET_STATE_HANDLING;
    connection->owed = true;
    net_part_wait(connection->part, connection, NET_WAIT_ANSWER);
    connection->part->server->options.handle(request);
}

/* Goes as far as what has arrived allows. */
static bool connection_step(struct net_connection *connection) {
    switch (connection->state) {
    case NET_STATE_HEAD: return connection->begin < connection->end && read_head(connection);
    case NET_STATE_BODY:
        if (connection->end - connection->begin < connection->request_size) return false;
        handle_request(connection);
        return true;
    case NET_STATE_CHUNKED:
        if (!read_chunked(connection)) return false;
        handle_request(connection);
        return true;
    default: return false;
    }
}

static void connection_advance(struct net_connection *connection) {
    connection->advancing = true;
    while (connection_step(connection)) {}
    connection->advancing = false;
    bool receiving = connection->state == NET_STATE_BODY || connection->state == NET_STATE_CHUNKED ||
                     (connection->state == NET_STATE_HEAD && connection->begin < connection->end);
    if (receiving && connection->wait == NET_WAIT_IDLE) net_part_wait(connection->part, connection, NET_WAIT_READ);
}

/* ---- what the socket says ---- */

static void end_of_input(struct net_connection *connection, bool broken) {
    connection->end_of_input = true;
    connection->keep_alive = false;
    bool answering = connection->state == NET_STATE_HANDLING || connection->state == NET_STATE_WRITING;
    /* a client that has only closed its sending side still gets the answer it waits for */
    if (broken || !answering) net_connection_close(connection);
    else tell_closed(connection);
}

static void connection_arrived(uv_stream_t *stream, ssize_t size, const uv_buf_t *bytes) {
    (void)bytes;
    struct net_connection *connection = stream->data;
    bool busy = connection->state == NET_STATE_HANDLING || connection->state == NET_STATE_WRITING;
    if (size == UV_ENOBUFS && busy) size = 0;
    if (size < 0) {
        end_of_input(connection, size != UV_EOF);
        return;
    }
    connection->end += (size_t)size;
    if (busy && connection->end == connection->capacity) {
        (void)uv_read_stop(stream); /* a client that sends on unheard is held back by its own kernel */
        connection->reading = false;
    }
    if (size > 0) connection_advance(connection);
}
