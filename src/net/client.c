#include "net/client.h"

#include <errno.h>
#include <llhttp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/slice.h"

enum { CLIENT_READ_BYTES = 64 << 10 };

struct net_client {
    char host[256], port[8];
    int fd; /* -1: not connected */
    unsigned timeout_ms;
    uint64_t deadline_ns; /* of the request under way; 0: none */
    struct buf request;   /* its head */
    struct net_signer signer;
    bool signs;

    /* the answer */
    struct buf headers; /* "name:value\n" each */
    struct buf *body;
    bool head_only, any, complete, keep_alive;
    unsigned status;
};

/* http://HOST[:PORT][/]; HOST may be [v6] */
static bool parse_url(struct net_client *client, const char *url) {
    if (strncasecmp(url, "http://", 7) != 0) return false;
    const char *host = url + 7, *end = host + strcspn(host, "/?#"), *stop = end, *port = NULL;
    if (*end == '/') {
        if (end[1] != 0) return false;
    } else if (*end != 0) {
        return false;
    }
    if (*host == '[') {
        stop = memchr(host, ']', (size_t)(end - host));
        if (stop == NULL) return false;
        host++;
        if (stop[1] == ':') port = stop + 2;
        else if (stop + 1 != end) return false;
    } else {
        const char *colon = memchr(host, ':', (size_t)(end - host));
        if (colon != NULL) stop = colon, port = colon + 1;
    }
    size_t host_size = (size_t)(stop - host), port_size = port != NULL ? (size_t)(end - port) : 0;
    if (host_size == 0 || host_size >= sizeof client->host || port_size > 5) return false;
    if (port != NULL && (port_size == 0 || strspn(port, "0123456789") < port_size)) return false;
    memcpy(client->host, host, host_size);
    (void)snprintf(client->port, sizeof client->port, "%.*s", port != NULL ? (int)port_size : 2,
                   port != NULL ? port : "80");
    return true;
}

enum leat_code net_client_new(const char *url, struct net_client **out, struct leat_fault *fault) {
    struct net_client *client = calloc(1, sizeof *client);
    if (client == NULL) return fault_memory(fault);
    if (!parse_url(client, url)) {
        free(client);
        return fault_set(fault, LEAT_VALIDATION, "not a URL of the form http://host:port: %s", url);
    }
    client->fd = -1;
    client->timeout_ms = NET_CLIENT_TIMEOUT_MS;
    buf_init(&client->request, NET_CLIENT_HEADER_BYTES_MAX);
    buf_init(&client->headers, NET_CLIENT_HEADER_BYTES_MAX);
    *out = client;
    return LEAT_OK;
}

static void disconnect(struct net_client *client) {
    if (client->fd >= 0) (void)close(client->fd);
    client->fd = -1;
}

void net_client_free(struct net_client *client) {
    if (client == NULL) return;
    disconnect(client);
    buf_fini(&client->request);
    buf_fini(&client->headers);
    free(client);
}

void net_client_timeout(struct net_client *client, unsigned milliseconds) { client->timeout_ms = milliseconds; }

enum leat_code net_client_sign(struct net_client *client, const struct net_signer *signer, struct leat_fault *fault) {
    TRY(net_signer_check(signer, fault));
    client->signer = *signer;
    client->signs = true;
    return LEAT_OK;
}

static enum leat_code no_answer(const struct net_client *client, int error, struct leat_fault *fault) {
    char what[320];
    (void)snprintf(what, sizeof what, "no answer from %s:%s", client->host, client->port);
    if (error == 0) return fault_set(fault, LEAT_IO, "%s: the connection was closed", what);
    if (error == ETIMEDOUT) return fault_set(fault, LEAT_IO, "%s in time", what);
    return fault_errno(fault, error, what);
}

/* 0, or an error number. *ready: what of the events is there. */
static int wait_for(const struct net_client *client, short events, short *ready) {
    for (;;) {
        int wait_ms = -1;
        if (client->deadline_ns != 0) {
            uint64_t now = clock_monotonic_ns();
            if (now >= client->deadline_ns) return ETIMEDOUT;
            wait_ms = (int)((client->deadline_ns - now) / 1000000) + 1;
        }
        struct pollfd wait = {.fd = client->fd, .events = events};
        int count = poll(&wait, 1, wait_ms);
        *ready = wait.revents;
        if (count > 0) return 0;
        if (count < 0 && errno != EINTR) return errno;
    }
}

static int connect_to(struct net_client *client, const struct addrinfo *address) {
    client->fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client->fd < 0) return errno;
    int error = connect(client->fd, address->ai_addr, address->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
        short ready;
        error = wait_for(client, POLLOUT, &ready);
        socklen_t size = sizeof error;
        if (error == 0 && getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    }
    int on = 1;
    if (error == 0) (void)setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    else disconnect(client);
    return error;
}

static enum leat_code reach(struct net_client *client, struct leat_fault *fault) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *found = NULL;
    int error = getaddrinfo(client->host, client->port, &hints, &found);
    if (error != 0)
        return fault_set(fault, LEAT_IO, "cannot reach %s:%s: %s", client->host, client->port, gai_strerror(error));
    error = EADDRNOTAVAIL;
    for (const struct addrinfo *address = found; address != NULL && error != 0; address = address->ai_next)
        error = connect_to(client, address);
    freeaddrinfo(found);
    if (error == 0) return LEAT_OK;
    char what[320];
    (void)snprintf(what, sizeof what, "cannot reach %s:%s", client->host, client->port);
    return fault_errno(fault, error, what);
}

/* ---- the answer ---- */

static int on_field(llhttp_t *parser, const char *at, size_t size) {
    struct net_client *client = parser->data;
    buf_append(&client->headers, at, size);
    return buf_ok(&client->headers) ? 0 : HPE_USER;
}

static int on_field_complete(llhttp_t *parser) { return on_field(parser, ":", 1); }
static int on_value_complete(llhttp_t *parser) { return on_field(parser, "\n", 1); }

static int on_head_complete(llhttp_t *parser) {
    struct net_client *client = parser->data;
    client->status = parser->status_code;
    return client->head_only ? 1 : 0; /* 1: no body follows */
}

static int on_body(llhttp_t *parser, const char *at, size_t size) {
    struct net_client *client = parser->data;
    buf_append(client->body, at, size);
    return buf_ok(client->body) ? 0 : HPE_USER;
}

static int on_complete(llhttp_t *parser) {
    struct net_client *client = parser->data;
    if (client->status / 100 == 1) { /* an interim answer; the true one follows */
        buf_clear(&client->headers);
        return 0;
    }
    client->complete = true;
    client->keep_alive = llhttp_should_keep_alive(parser) != 0;
    return HPE_PAUSED;
}

static const llhttp_settings_t answer_settings = {
    .on_header_field = on_field, .on_header_value = on_field, .on_body = on_body,
    .on_header_field_complete = on_field_complete, .on_header_value_complete = on_value_complete,
    .on_headers_complete = on_head_complete, .on_message_complete = on_complete,
};

static enum leat_code hear(struct net_client *client, struct leat_fault *fault) {
    llhttp_t parser;
    llhttp_init(&parser, HTTP_RESPONSE, &answer_settings);
    parser.data = client;
    char *bytes = malloc(CLIENT_READ_BYTES);
    if (bytes == NULL) return fault_memory(fault);
    int error = 0;
    llhttp_errno_t verdict = HPE_OK;
    while (error == 0 && verdict == HPE_OK && !client->complete) {
        short ready;
        error = wait_for(client, POLLIN, &ready);
        ssize_t size = error == 0 ? recv(client->fd, bytes, CLIENT_READ_BYTES, 0) : -1;
        if (error == 0 && size < 0 && errno != EAGAIN && errno != EINTR) error = errno;
        if (size == 0) { /* may be the end of a body without length */
            verdict = llhttp_finish(&parser);
            break;
        }
        if (size < 0) continue;
        client->any = true;
        verdict = llhttp_execute(&parser, bytes, (size_t)size);
    }
    free(bytes);
    if (client->complete) return LEAT_OK;
    if (!buf_ok(client->body) || !buf_ok(&client->headers))
        return fault_set(fault, LEAT_NO_MEMORY, "the answer from %s:%s is too large", client->host, client->port);
    if (client->any && error == 0 && verdict != HPE_OK && verdict != HPE_INVALID_EOF_STATE)
        return fault_set(fault, LEAT_IO, "the answer from %s:%s is not HTTP", client->host, client->port);
    return no_answer(client, error, fault);
}

/* ---- the request ---- */

/* 0, or an error number. Stops when the server answers before it has heard all. */
static int say(struct net_client *client, struct leat_slice body) {
    struct iovec parts[2] = {{client->request.data, client->request.size}, {(void *)(uintptr_t)body.data, body.size}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    while (parts[0].iov_len + parts[1].iov_len > 0) {
        ssize_t sent = sendmsg(client->fd, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) return errno;
        for (int i = 0; i < 2 && sent > 0; i++) {
            size_t part = (size_t)sent < parts[i].iov_len ? (size_t)sent : parts[i].iov_len;
            parts[i].iov_base = (char *)parts[i].iov_base + part;
            parts[i].iov_len -= part;
            sent -= (ssize_t)part;
        }
        short ready = 0;
        int error = parts[0].iov_len + parts[1].iov_len > 0 ? wait_for(client, POLLOUT | POLLIN, &ready) : 0;
        if (error != 0) return error;
        if ((ready & POLLIN) != 0) return EPIPE;
    }
    return 0;
}

static enum leat_code compose(struct net_client *client, const char *method, const char *path, const char *header_lines,
                              struct leat_slice body, struct leat_fault *fault) {
    bool v6 = strchr(client->host, ':') != NULL;
    buf_clear(&client->request);
    buf_print(&client->request, "%s %s HTTP/1.1\r\nHost: %s%s%s:%s\r\nContent-Length: %zu\r\n%s\r\n", method, path,
              v6 ? "[" : "", client->host, v6 ? "]" : "", client->port, body.size, header_lines);
    if (!buf_ok(&client->request)) return fault_set(fault, LEAT_NO_MEMORY, "the request's head is too large");
    return client->signs ? net_sign(&client->signer, &client->request, body, clock_real_ms(), fault) : LEAT_OK;
}

static enum leat_code exchange(struct net_client *client, struct leat_slice request_body, struct leat_fault *fault) {
    client->any = client->complete = false;
    client->status = 0;
    buf_clear(&client->headers);
    int error = say(client, request_body);
    /* also when the server has closed: it may have said why */
    enum leat_code code = error == 0 || error == EPIPE || error == ECONNRESET ? hear(client, fault)
                                                                              : no_answer(client, error, fault);
    if (code != LEAT_OK || error != 0 || !client->keep_alive) disconnect(client);
    return code;
}

/* A kept connection on which something has come unasked, or its end, is of no use any more. */
static bool still_good(const struct net_client *client) {
    struct pollfd now = {.fd = client->fd, .events = POLLIN};
    return client->fd >= 0 && poll(&now, 1, 0) == 0;
}

enum leat_code net_client_request(struct net_client *client, const char *method, const char *path,
                                  const char *header_lines, struct leat_slice request_body, unsigned *status,
                                  struct buf *body, struct leat_fault *fault) {
    TRY(compose(client, method, path, header_lines, request_body, fault));
    client->body = body;
    client->head_only = strcmp(method, "HEAD") == 0;
    client->deadline_ns = client->timeout_ms == 0 ? 0 : clock_monotonic_ns() + client->timeout_ms * UINT64_C(1000000);
    bool repeatable = client->head_only || strcmp(method, "GET") == 0;
    bool kept = still_good(client);
    if (!kept) {
        disconnect(client);
        TRY(reach(client, fault));
    }
    enum leat_code code = exchange(client, request_body, fault);
    if (code == LEAT_IO && kept && !client->any && repeatable) {
        TRY(reach(client, fault));
        code = exchange(client, request_body, fault);
    }
    *status = client->status;
    return code;
}

struct leat_slice net_client_header(const struct net_client *client, const char *name) {
    struct leat_slice all = buf_view(&client->headers);
    const uint8_t *at = all.data, *end = at + all.size;
    size_t name_size = strlen(name);
    while (at < end) {
        const uint8_t *stop = memchr(at, '\n', (size_t)(end - at));
        if (stop == NULL) break;
        if ((size_t)(stop - at) > name_size && at[name_size] == ':' &&
            strncasecmp((const char *)at, name, name_size) == 0)
            return slice_of(at + name_size + 1, (size_t)(stop - at) - name_size - 1);
        at = stop + 1;
    }
    return (struct leat_slice){NULL, 0};
}
