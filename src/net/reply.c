/* Answers. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/slice.h"
#include "net/connection.h"

static struct net_connection *connection_of(struct net_request *request) {
    return (struct net_connection *)(void *)((char *)request - offsetof(struct net_connection, request));
}

static const char *reason(unsigned status) {
    switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 417: return "Expectation Failed";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Other"; /* the words mean nothing to a program */
    }
}

static void append_text(struct buf *out, const char *text) { buf_append(out, text, strlen(text)); }
#define APPEND(out, literal) buf_append((out), literal, sizeof(literal) - 1)

static void append_number(struct buf *out, size_t number) {
    char digits[24];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    buf_append(out, digits + at, sizeof digits - at);
}

/* RFC 9110 section 5.6.7, e.g. "Sun, 06 Nov 1994 08:49:37 GMT". strftime would speak the user's language. */
static void append_date(struct net_part *part, struct buf *out) {
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t now = clock_real_s();
    if (now != part->date_second) {
        struct tm tm;
        (void)gmtime_r(&now, &tm);
        (void)snprintf(part->date, sizeof part->date, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + tm.tm_wday * 3,
                       tm.tm_mday, months + tm.tm_mon * 3, tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
        part->date_second = now;
    }
    append_text(out, part->date);
}

/* A value may carry a user's words; it must not begin a header field of its own. */
static void append_value(struct buf *out, struct leat_slice value) {
    size_t at = out->size;
    buf_slice(out, value);
    if (slice_within(value, ' ', '~')) return;
    for (; at < out->size; at++)
        if (out->data[at] < ' ' || out->data[at] == 0x7f) out->data[at] = ' ';
}

static void append_head(struct net_connection *connection, unsigned status, const struct net_reply_header *headers,
                        size_t header_count) {
    struct buf *out = &connection->part->answer_head;
    buf_clear(out);
    APPEND(out, "HTTP/1.1 ");
    append_number(out, status);
    APPEND(out, " ");
    append_text(out, reason(status));
    APPEND(out, "\r\nDate: ");
    append_date(connection->part, out);
    APPEND(out, "\r\n");
    if (status != 204 && status != 304) { /* RFC 9110 section 8.6 */
        APPEND(out, "Content-Length: ");
        append_number(out, connection->reply.size);
        APPEND(out, "\r\n");
    }
    for (size_t i = 0; i < header_count; i++) {
        append_text(out, headers[i].name);
        APPEND(out, ": ");
        append_value(out, headers[i].value);
        APPEND(out, "\r\n");
    }
    if (!connection->keep_alive) APPEND(out, "Connection: close\r\n");
    APPEND(out, "\r\n");
}

static void written(uv_write_t *write, int status) {
    struct net_connection *connection = write->handle->data;
    if (status != 0) net_connection_close(connection);
    else net_connection_answered(connection);
}

/* The kernel did not take all at once: the rest follows when the client has read. */
static void write_rest(struct net_connection *connection, size_t sent, struct leat_slice body) {
    struct buf *head = &connection->part->answer_head;
    uv_buf_t rest[2];
    unsigned count = 0;
    if (sent < head->size) { /* the next answer of this loop will be written over it */
        struct leat_slice copy = arena_copy(&connection->arena, slice_of(head->data + sent, head->size - sent));
        if (copy.data == NULL) {
            net_connection_close(connection);
            return;
        }
        rest[count++] = uv_buf_init((char *)(uintptr_t)copy.data, (unsigned)copy.size);
        sent = head->size;
    }
    size_t skip = sent - head->size;
    if (skip < body.size)
        rest[count++] = uv_buf_init((char *)(uintptr_t)body.data + skip, (unsigned)(body.size - skip));
    connection->state = NET_STATE_WRITING;
    int error = uv_write(&connection->write, (uv_stream_t *)&connection->socket, rest, count, written);
    if (error != 0) {
        net_connection_close(connection);
        return;
    }
    connection->unwritten = uv_stream_get_write_queue_size((uv_stream_t *)&connection->socket);
    net_part_wait(connection->part, connection, NET_WAIT_WRITE);
}

struct buf *net_reply_body(struct net_request *request) { return &connection_of(request)->reply; }

void net_request_on_close(struct net_request *request, void (*closed)(struct net_request *request, void *context),
                          void *context) {
    struct net_connection *connection = connection_of(request);
    connection->closed = closed;
    connection->closed_context = context;
}

void net_reply(struct net_request *request, unsigned status, const struct net_reply_header *headers,
               size_t header_count) {
    struct net_connection *connection = connection_of(request);
    assert(connection->owed);
    assert(connection->state == NET_STATE_CLOSED || net_loop_here(connection->part->loop));
    connection->owed = false;
    connection->closed = NULL;
    if (connection->state == NET_STATE_CLOSED) {
        if (connection->socket_closed) net_connection_free(connection);
        return;
    }
    if (!buf_ok(&connection->reply)) {
        buf_fini(&connection->reply);
        buf_print(&connection->reply, "{\"message\":\"out of memory\"}");
        status = 500;
    }
    if (connection->part->draining) connection->keep_alive = false;
    append_head(connection, status, headers, header_count);
    struct buf *head = &connection->part->answer_head;
    bool bodyless = connection->head_only || status == 204 || status == 304;
    struct leat_slice body = bodyless ? SLICE("") : buf_view(&connection->reply);
    if (!buf_ok(head)) {
        net_connection_close(connection);
        return;
    }
    uv_buf_t all[2] = {uv_buf_init((char *)head->data, (unsigned)head->size),
                       uv_buf_init((char *)(uintptr_t)body.data, (unsigned)body.size)};
    int sent = uv_try_write((uv_stream_t *)&connection->socket, all, body.size > 0 ? 2 : 1);
    if (sent < 0 && sent != UV_EAGAIN) net_connection_close(connection);
    else if (sent >= 0 && (size_t)sent == head->size + body.size) net_connection_answered(connection);
    else write_rest(connection, sent < 0 ? 0 : (size_t)sent, body);
}
