#include "peer.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/slice.h"

struct later {
    struct net_task task;
    struct net_request *request;
};

static void reply_text(struct net_request *request, const char *text) {
    buf_append(net_reply_body(request), text, strlen(text));
    net_reply(request, 200, NULL, 0);
}

static void answer_later(struct net_task *task) {
    struct later *later = (struct later *)(void *)task;
    reply_text(later->request, "later");
    free(later);
}

static void held_closed(struct net_request *request, void *context) {
    struct peer_server *peer = context;
    cr_assert(request->closed);
    if (atomic_load(&peer->reply_on_close)) {
        atomic_store(&peer->held, NULL);
        reply_text(request, "bye");
    }
    atomic_fetch_add(&peer->closed, 1);
}

static void echo(struct net_request *request) {
    struct buf *body = net_reply_body(request);
    buf_print(body, "%.*s %.*s %.*s %zu\n", SLICE_FORMAT(request->method), SLICE_FORMAT(request->path),
              SLICE_FORMAT(request->query), request->body.size);
    buf_slice(body, request->body);
    struct net_reply_header headers[] = {{"X-Echo", net_request_header(request, "x-say")}};
    net_reply(request, 200, headers, headers[0].value.data != NULL ? 1 : 0);
}

static void handle(struct net_request *request) {
    struct peer_server *peer = request->context;
    cr_assert(net_loop_here(request->loop));
    atomic_fetch_add(&peer->handled, 1);
    if (slice_is(request->path, "/empty")) {
        net_reply(request, 200, NULL, 0);
    } else if (slice_is(request->path, "/none")) {
        net_reply(request, 204, NULL, 0);
    } else if (slice_is(request->path, "/broken")) {
        (void)buf_reserve(net_reply_body(request), NET_REPLY_BYTES_MAX + 1);
        net_reply(request, 200, NULL, 0);
    } else if (slice_is(request->path, "/large")) {
        size_t size = strtoul((const char *)net_request_query(request, "size").data, NULL, 10);
        struct buf *body = net_reply_body(request);
        if (buf_reserve(body, size)) memset(body->data, 'x', size), body->size = size;
        net_reply(request, 200, NULL, 0);
    } else if (slice_is(request->path, "/later")) {
        struct later *later = malloc(sizeof *later);
        *later = (struct later){.task.run = answer_later, .request = request};
        net_loop_post(request->loop, &later->task);
    } else if (slice_is(request->path, "/hold")) {
        net_request_on_close(request, held_closed, peer);
        atomic_store(&peer->held, request);
    } else {
        echo(request);
    }
}

void peer_server_start(struct peer_server *peer, struct net_server_options options, size_t loop_count) {
    struct leat_fault fault = {0};
    memset(peer, 0, sizeof *peer);
    peer->loop_count = loop_count;
    for (size_t i = 0; i < loop_count; i++) {
        cr_assert_eq(net_loop_new("test", &peer->loops[i], &fault), LEAT_OK);
        cr_assert_eq(net_loop_start(peer->loops[i], &fault), LEAT_OK);
    }
    options.loops = peer->loops;
    options.loop_count = loop_count;
    options.handle = handle;
    options.context = peer;
    cr_assert_eq(net_server_new(&options, &peer->server, &fault), LEAT_OK, "%s", fault.message);
    net_server_start(peer->server);
}

void peer_loops_stop(struct peer_server *peer) {
    for (size_t i = 0; i < peer->loop_count; i++) net_loop_stop(peer->loops[i]);
}

void peer_server_stop(struct peer_server *peer) {
    net_server_stop(peer->server, 0);
    peer_loops_stop(peer);
}

struct release {
    struct net_task task;
    struct peer_server *peer;
    _Atomic unsigned done;
};

static void release_run(struct net_task *task) {
    struct release *release = (struct release *)(void *)task;
    reply_text(atomic_exchange(&release->peer->held, NULL), "held");
    atomic_store(&release->done, 1);
}

void peer_release(struct peer_server *peer) {
    struct release release = {.task.run = release_run, .peer = peer};
    net_loop_post(atomic_load(&peer->held)->loop, &release.task);
    peer_await(&release.done, 1);
}

static int64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void peer_await(_Atomic unsigned *counter, unsigned value) {
    int64_t end = now_ms() + PEER_WAIT_MS;
    while (atomic_load(counter) < value && now_ms() < end) (void)usleep(500);
    cr_assert_geq(atomic_load(counter), value, "waited in vain");
}

int peer_dial(const struct peer_server *peer) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(net_server_port(peer->server))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(fd, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0, "%s", strerror(errno));
    return fd;
}

void peer_say(int fd, const void *bytes, size_t size) {
    const char *at = bytes;
    while (size > 0) {
        ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);
        if (sent <= 0) return;
        at += sent;
        size -= (size_t)sent;
    }
}

void peer_say_text(int fd, const char *text) { peer_say(fd, text, strlen(text)); }

/* Reads until `enough` says so, the server closes, or the time is up. */
static struct peer_heard hear(int fd, bool (*enough)(const struct peer_heard *), int wait_ms, bool must) {
    size_t capacity = 4096;
    struct peer_heard heard = {.text = calloc(1, capacity)};
    int64_t end = now_ms() + wait_ms;
    while (enough == NULL || !enough(&heard)) {
        int64_t left = end - now_ms();
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (left <= 0 || poll(&wait, 1, (int)left) <= 0) {
            cr_assert(!must, "waited in vain; heard: %s", heard.text);
            break;
        }
        if (heard.size + 2 > capacity / 2) {
            capacity *= 4;
            heard.text = realloc(heard.text, capacity);
        }
        ssize_t size = recv(fd, heard.text + heard.size, capacity - heard.size - 1, 0);
        heard.closed = size <= 0;
        if (heard.closed) break;
        heard.size += (size_t)size;
        heard.text[heard.size] = 0;
    }
    return heard;
}

static bool head_heard(const struct peer_heard *heard) { return strstr(heard->text, "\r\n\r\n") != NULL; }

static bool answer_heard(const struct peer_heard *heard) {
    const char *body = strstr(heard->text, "\r\n\r\n");
    if (body == NULL) return false;
    const char *length = strstr(heard->text, "Content-Length: ");
    size_t expected = length != NULL && length < body ? strtoul(length + 16, NULL, 10) : 0;
    return heard->size - (size_t)(body + 4 - heard->text) >= expected;
}

struct peer_heard peer_hear_all(int fd) { return hear(fd, NULL, PEER_WAIT_MS, true); }
struct peer_heard peer_hear_head(int fd) { return hear(fd, head_heard, PEER_WAIT_MS, true); }
struct peer_heard peer_hear_answer(int fd) { return hear(fd, answer_heard, PEER_WAIT_MS, true); }
struct peer_heard peer_hear_quiet(int fd, int wait_ms) { return hear(fd, NULL, wait_ms, false); }

unsigned peer_status(const struct peer_heard *heard) {
    return strncmp(heard->text, "HTTP/1.1 ", 9) == 0 ? (unsigned)strtoul(heard->text + 9, NULL, 10) : 0;
}

const char *peer_body(const struct peer_heard *heard) {
    const char *body = strstr(heard->text, "\r\n\r\n");
    return body != NULL ? body + 4 : "";
}

unsigned peer_answers(const struct peer_heard *heard) {
    unsigned count = 0;
    for (const char *at = heard->text; (at = strstr(at, "\r\nDate: ")) != NULL; at++) count++;
    return count;
}

void peer_forget(struct peer_heard *heard) { free(heard->text); }

unsigned peer_ask(const struct peer_server *peer, const char *text) {
    int fd = peer_dial(peer);
    peer_say_text(fd, text);
    struct peer_heard heard = peer_hear_answer(fd);
    unsigned status = peer_status(&heard);
    peer_forget(&heard);
    (void)close(fd);
    return status;
}
