#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "peer.h"

#define HOST "Host: a\r\n"

TestSuite(http_limits, .timeout = 60);

static uint64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static unsigned ask_with_filler(const struct peer_server *peer, size_t size) {
    char *text = malloc(size + 100);
    int at = snprintf(text, size + 100, "GET / HTTP/1.1\r\n" HOST "X: ");
    memset(text + at, 'x', size - (size_t)at - 4);
    memcpy(text + size - 4, "\r\n\r\n", 5);
    unsigned status = peer_ask(peer, text);
    free(text);
    return status;
}

Test(http_limits, a_head_at_the_limit_is_taken_and_one_byte_more_gets_431) {
    struct peer_server peer;
    peer_server_start(&peer, (struct net_server_options){.header_bytes_max = 3000}, 1);
    cr_expect_eq(ask_with_filler(&peer, 3000), 200);
    cr_expect_eq(ask_with_filler(&peer, 3001), 431);
    cr_expect_eq(ask_with_filler(&peer, 200000), 431);
    peer_server_stop(&peer);
    peer_server_start(&peer, (struct net_server_options){0}, 1);
    cr_expect_eq(ask_with_filler(&peer, NET_HEADER_BYTES_MAX), 200);
    cr_expect_eq(ask_with_filler(&peer, NET_HEADER_BYTES_MAX + 1), 431);
    peer_server_stop(&peer);
}

Test(http_limits, as_many_header_fields_as_allowed_and_one_more_gets_431) {
    struct peer_server peer;
    peer_server_start(&peer, (struct net_server_options){0}, 1);
    for (int extra = 0; extra < 2; extra++) {
        char text[NET_HEADERS_MAX * 8 + 100];
        int at = snprintf(text, sizeof text, "GET / HTTP/1.1\r\n" HOST);
        for (int i = 1; i < NET_HEADERS_MAX + extra; i++) at += snprintf(text + at, sizeof text - (size_t)at, "a: b\r\n");
        (void)snprintf(text + at, sizeof text - (size_t)at, "\r\n");
        cr_expect_eq(peer_ask(&peer, text), extra ? 431 : 200);
    }
    peer_server_stop(&peer);
}

Test(http_limits, a_body_at_the_limit_is_taken_and_one_byte_more_gets_413) {
    struct peer_server peer;
    peer_server_start(&peer, (struct net_server_options){.body_bytes_max = 10}, 1);
    cr_expect_eq(peer_ask(&peer, "PUT / HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\n0123456789"), 200);
    cr_expect_eq(peer_ask(&peer, "PUT / HTTP/1.1\r\n" HOST "Content-Length: 11\r\n\r\n0123456789"), 413);
    cr_expect_eq(peer_ask(&peer, "PUT / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 11\r\n\r\n"), 413);
#define CHUNKED "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
    cr_expect_eq(peer_ask(&peer, CHUNKED "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n"), 200);
    cr_expect_eq(peer_ask(&peer, CHUNKED "5\r\n01234\r\n6\r\n"), 413);
    peer_server_stop(&peer);
}

Test(http_limits, a_client_that_sends_on_sees_the_413) {
    struct peer_server peer;
    peer_server_start(&peer, (struct net_server_options){.body_bytes_max = 1000}, 1);
    int fd = peer_dial(&peer);
    static char body[3 << 20];
    peer_say_text(fd, "PUT / HTTP/1.1\r\n" HOST "Content-Length: 3145728\r\n\r\n");
    peer_say(fd, body, sizeof body);
    struct peer_heard heard = peer_hear_all(fd);
    cr_expect_eq(peer_status(&heard), 413);
    peer_forget(&heard);
    (void)close(fd);
    peer_server_stop(&peer);
}

Test(http_limits, endless_chunk_extensions_and_trailers_are_cut_off) {
    struct peer_server peer;
    peer_server_start(&peer, (struct net_server_options){0}, 1);
    char filler[20000];
    for (size_t i = 0; i + 20 <= sizeof filler; i += 20) memcpy(filler + i, "abcd: 0123456789ab\r\n", 20);
    int fd = peer_dial(&peer);
    peer_say_text(fd, CHUNKED "0\r\n");
    peer_say(fd, filler, sizeof filler);
    struct peer_heard heard = peer_hear_all(fd);
    cr_expect_eq(peer_status(&heard), 431);
    peer_forget(&heard);
    (void)close(fd);
    memset(filler, 'x', sizeof filler);
    fd = peer_dial(&peer);
    peer_say_text(fd, CHUNKED "5;");
    peer_say(fd, filler, sizeof filler);
    heard = peer_hear_all(fd);
    cr_expect_eq(peer_status(&heard), 400);
    peer_forget(&heard);
    (void)close(fd);
    peer_server_stop(&peer);
}

Test(http_limits, a_request_that_takes_too_long_gets_408_however_lively_it_drips) {
    struct peer_server peer;
    peer_server_start(&peer, (struct net_server_options){.read_timeout_ms = 200}, 1);
    static const char *const beginnings[] = {"G", "GET / HTTP/1.1\r\n" HOST "X: ",
                                             "PUT / HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\nx",
                                             CHUNKED "800\r\nx"};
    int fds[4];
    uint64_t began = now_ms();
    for (int i = 0; i < 4; i++) {
        fds[i] = peer_dial(&peer);
        peer_say_text(fds[i], beginnings[i]);
    }
    for (int round = 0; round < 8; round++) { /* 160 ms */
        (void)usleep(20000);
        for (int i = 1; i < 4; i++) peer_say_text(fds[i], "x");
    }
    for (int i = 0; i < 4; i++) {
        struct peer_heard heard = peer_hear_answer(fds[i]);
        cr_expect_eq(peer_status(&heard), 408, "%d: %s", i, heard.text);
        peer_forget(&heard);
    }
    uint64_t took = now_ms() - began;
    cr_expect(took >= 190 && took < 1000, "%lu ms", (unsigned long)took);
    for (int i = 0; i < 4; i++) (void)close(fds[i]);
    cr_expect_eq(atomic_load(&peer.handled), 0);
    peer_server_stop(&peer);
}

Test(http_limits, an_idle_connection_is_closed_silently_before_and_after_a_request) {
    struct peer_server peer;
    peer_server_start(&peer, (struct net_server_options){.idle_timeout_ms = 150}, 1);
    int fresh = peer_dial(&peer), used = peer_dial(&peer);
    (void)usleep(80000);
    peer_say_text(used, "GET /empty HTTP/1.1\r\n" HOST "\r\n");
    struct peer_heard heard = peer_hear_answer(used);
    uint64_t answered = now_ms();
    peer_forget(&heard);
    heard = peer_hear_all(fresh);
    cr_expect_eq(heard.size, 0);
    peer_forget(&heard);
    heard = peer_hear_all(used);
    cr_expect_eq(heard.size, 0);
    cr_expect_geq(now_ms() - answered, 140, "the request has begun a new wait");
    peer_forget(&heard);
    (void)close(fresh);
    (void)close(used);
    peer_server_stop(&peer);
}

Test(http_limits, a_held_request_is_not_an_idle_connection) {
    struct peer_server peer;
    peer_server_start(&peer, (struct net_server_options){.idle_timeout_ms = 50, .read_timeout_ms = 50}, 1);
    int fd = peer_dial(&peer);
    peer_say_text(fd, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
    peer_await(&peer.handled, 1);
    (void)usleep(200000);
    cr_expect_eq(atomic_load(&peer.closed), 0);
    peer_release(&peer);
    struct peer_heard heard = peer_hear_answer(fd);
    cr_expect_str_eq(peer_body(&heard), "held");
    peer_forget(&heard);
    (void)close(fd);
    peer_server_stop(&peer);
}

Test(http_limits, a_reader_that_stands_still_is_given_up_and_one_that_moves_is_not) {
    struct peer_server peer;
    peer_server_start(&peer, (struct net_server_options){.read_timeout_ms = 800}, 1);
    int still = peer_dial(&peer), moving = peer_dial(&peer);
    peer_say_text(still, "GET /large?size=20000000 HTTP/1.1\r\n" HOST "\r\n");
    peer_say_text(moving, "GET /large?size=20000000 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    size_t total = 0;
    static char bytes[1 << 20];
    for (ssize_t size; (size = recv(moving, bytes, sizeof bytes, 0)) > 0; total += (size_t)size)
        if (total < 15000000) (void)usleep(100000); /* well over the timeout in all, well under it each time */
    cr_expect_gt(total, 20000000, "%zu", total);
    size_t total_still = 0;
    for (ssize_t size; (size = recv(still, bytes, sizeof bytes, 0)) > 0;) total_still += (size_t)size;
    cr_expect_lt(total_still, 20000000, "%zu: it should have been given up by now", total_still);
    (void)close(still);
    (void)close(moving);
    peer_server_stop(&peer);
}

Test(http_limits, connections_over_the_maximum_are_closed_and_room_is_given_back) {
    struct peer_server peer;
    peer_server_start(&peer, (struct net_server_options){.connections_max = 10}, 2);
    int fds[12];
    for (int i = 0; i < 12; i++) fds[i] = peer_dial(&peer);
    for (int i = 0; i < 12; i++) {
        peer_say_text(fds[i], "GET /empty HTTP/1.1\r\n" HOST "\r\n");
        struct peer_heard heard = i < 10 ? peer_hear_answer(fds[i]) : peer_hear_all(fds[i]);
        cr_expect_eq(peer_status(&heard), i < 10 ? 200 : 0, "%d", i);
        peer_forget(&heard);
        (void)close(fds[i]);
    }
    for (int i = 0; i < 1000 && net_server_connections(peer.server) > 0; i++) (void)usleep(1000);
    cr_expect_eq(peer_ask(&peer, "GET / HTTP/1.1\r\n" HOST "\r\n"), 200);
    peer_server_stop(&peer);
}

Test(http_limits, a_process_out_of_descriptors_accepts_again_when_there_are_some) {
    struct peer_server peer;
    peer_server_start(&peer, (struct net_server_options){0}, 1);
    cr_assert_eq(peer_ask(&peer, "GET / HTTP/1.1\r\n" HOST "\r\n"), 200);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct rlimit limit, before;
    (void)getrlimit(RLIMIT_NOFILE, &before);
    limit = before;
    limit.rlim_cur = (rlim_t)fd; /* none free below it */
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(net_server_port(peer.server))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    (void)usleep(50000);
    (void)setrlimit(RLIMIT_NOFILE, &before);
    peer_say_text(fd, "GET /empty HTTP/1.1\r\n" HOST "\r\n");
    struct peer_heard heard = peer_hear_answer(fd);
    cr_expect_eq(peer_status(&heard), 200);
    peer_forget(&heard);
    (void)close(fd);
    peer_server_stop(&peer);
}

/* ---- several loops, starting and stopping ---- */

enum { CLIENTS = 8, ROUNDS = 150 };

static void *ask_often(void *argument) {
    const struct peer_server *peer = argument;
    int fd = peer_dial(peer);
    for (int i = 0; i < ROUNDS; i++) {
        if (i % 10 == 0) {
            (void)close(fd);
            fd = peer_dial(peer);
        }
        peer_say_text(fd, i % 3 == 0 ? "GET /later HTTP/1.1\r\n" HOST "\r\n"
                                     : "POST /x HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc");
        struct peer_heard heard = peer_hear_answer(fd);
        cr_assert_str_eq(peer_body(&heard), i % 3 == 0 ? "later" : "POST /x  3\nabc");
        peer_forget(&heard);
    }
    (void)close(fd);
    return NULL;
}

Test(http_limits, many_connections_over_several_loops_on_one_port) {
    struct peer_server peer;
    peer_server_start(&peer, (struct net_server_options){0}, 3);
    pthread_t threads[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) cr_assert_eq(pthread_create(&threads[i], NULL, ask_often, &peer), 0);
    for (int i = 0; i < CLIENTS; i++) (void)pthread_join(threads[i], NULL);
    cr_expect_eq(atomic_load(&peer.handled), CLIENTS * ROUNDS);
    enum { IDLE = 500 };
    static int fds[IDLE];
    for (int i = 0; i < IDLE; i++) fds[i] = peer_dial(&peer);
    for (int i = 0; i < IDLE; i++) peer_say_text(fds[i], "GET /empty HTTP/1.1\r\n" HOST "\r\n");
    for (int i = 0; i < IDLE; i++) {
        struct peer_heard heard = peer_hear_answer(fds[i]);
        cr_assert_eq(peer_status(&heard), 200);
        peer_forget(&heard);
    }
    cr_expect_eq(net_server_connections(peer.server), IDLE);
    peer_server_stop(&peer);
    for (int i = 0; i < IDLE; i++) (void)close(fds[i]);
}

static void *stop_draining(void *argument) {
    struct peer_server *peer = argument;
    net_server_stop(peer->server, 3000);
    return NULL;
}

Test(http_limits, stopping_waits_for_a_running_request_and_closes_the_idle) {
    struct peer_server peer;
    peer_server_start(&peer, (struct net_server_options){0}, 2);
    int busy = peer_dial(&peer), idle = peer_dial(&peer);
    peer_say_text(busy, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
    peer_await(&peer.handled, 1);
    uint64_t began = now_ms();
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, stop_draining, &peer), 0);
    struct peer_heard heard = peer_hear_all(idle);
    cr_expect_eq(heard.size, 0);
    peer_forget(&heard);
    peer_release(&peer);
    heard = peer_hear_all(busy);
    cr_expect_str_eq(peer_body(&heard), "held");
    cr_expect_not_null(strstr(heard.text, "\r\nConnection: close\r\n"));
    peer_forget(&heard);
    (void)close(busy);
    (void)pthread_join(thread, NULL);
    cr_expect_lt(now_ms() - began, 2000, "no need to wait to the end");
    peer_loops_stop(&peer);
    (void)close(idle);
}

Test(http_limits, a_request_unanswered_after_the_drain_loses_its_connection_but_may_still_be_answered) {
    struct peer_server peer;
    peer_server_start(&peer, (struct net_server_options){0}, 1);
    int fd = peer_dial(&peer);
    peer_say_text(fd, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
    peer_await(&peer.handled, 1);
    uint64_t began = now_ms();
    net_server_stop(peer.server, 100);
    uint64_t took = now_ms() - began;
    cr_expect(took >= 95 && took < 1500, "%lu ms", (unsigned long)took);
    cr_expect_eq(atomic_load(&peer.closed), 1);
    struct peer_heard heard = peer_hear_all(fd);
    cr_expect_eq(heard.size, 0);
    peer_forget(&heard);
    peer_release(&peer);
    peer_loops_stop(&peer);
    (void)close(fd);
}

Test(http_limits, a_port_in_use_is_said_and_a_stopped_servers_port_is_free) {
    struct peer_server peer, second;
    struct leat_fault fault;
    peer_server_start(&peer, (struct net_server_options){0}, 1);
    uint16_t port = net_server_port(peer.server);
    struct net_server_options options = {.port = port, .loops = peer.loops, .loop_count = 1,
                                         .handle = (void (*)(struct net_request *))(void *)abort};
    struct net_server *none = NULL;
    cr_assert_eq(net_server_new(&options, &none, &fault), LEAT_IO);
    char expected[100];
    (void)snprintf(expected, sizeof expected, "cannot listen on 127.0.0.1:%u: Address already in use", port);
    cr_expect_str_eq(fault.message, expected);
    options.host = "no such host";
    cr_expect_eq(net_server_new(&options, &none, &fault), LEAT_IO);
    cr_assert_eq(peer_ask(&peer, "GET / HTTP/1.1\r\n" HOST "\r\n"), 200);
    peer_server_stop(&peer);
    peer_server_start(&second, (struct net_server_options){.port = port}, 1);
    cr_expect_eq(peer_ask(&second, "GET / HTTP/1.1\r\n" HOST "\r\n"), 200);
    peer_server_stop(&second);
}

struct close_here {
    struct net_task task;
    struct peer_server *peer;
    _Atomic unsigned done;
};

static void close_here(struct net_task *task) {
    struct close_here *close_task = (struct close_here *)(void *)task;
    net_server_close_here(close_task->peer->server);
    atomic_store(&close_task->done, 1);
}

Test(http_limits, a_server_can_be_closed_from_its_own_loop) {
    struct peer_server peer;
    peer_server_start(&peer, (struct net_server_options){0}, 1);
    int fd = peer_dial(&peer);
    peer_say_text(fd, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
    peer_await(&peer.handled, 1);
    struct close_here task = {.task.run = close_here, .peer = &peer};
    net_loop_post(peer.loops[0], &task.task);
    peer_await(&task.done, 1);
    peer_await(&peer.closed, 1);
    struct peer_heard heard = peer_hear_all(fd);
    cr_expect_eq(heard.size, 0);
    peer_forget(&heard);
    peer_release(&peer);
    peer_loops_stop(&peer);
    (void)close(fd);
}

static void answer_empty(struct net_request *request) { net_reply(request, 200, NULL, 0); }

Test(http_limits, clients_that_come_before_the_start_wait_for_it) {
    struct peer_server peer = {.loop_count = 1};
    struct leat_fault fault;
    cr_assert_eq(net_loop_new("test", &peer.loops[0], &fault), LEAT_OK);
    cr_assert_eq(net_loop_start(peer.loops[0], &fault), LEAT_OK);
    struct net_server_options options = {.loops = peer.loops, .loop_count = 1, .handle = answer_empty};
    cr_assert_eq(net_server_new(&options, &peer.server, &fault), LEAT_OK);
    cr_expect_gt(net_server_port(peer.server), 0);
    int fd = peer_dial(&peer);
    peer_say_text(fd, "GET / HTTP/1.1\r\n" HOST "\r\n");
    struct peer_heard nothing = peer_hear_quiet(fd, 50);
    cr_expect_eq(nothing.size, 0);
    cr_expect_not(nothing.closed);
    cr_expect_eq(net_server_connections(peer.server), 0);
    net_server_start(peer.server);
    struct peer_heard heard = peer_hear_answer(fd);
    cr_expect_eq(peer_status(&heard), 200);
    peer_forget(&nothing);
    peer_forget(&heard);
    (void)close(fd);
    peer_server_stop(&peer);
}

Test(http_limits, a_server_never_started_is_freed_and_gives_its_port_back) {
    struct peer_server peer = {.loop_count = 1};
    struct leat_fault fault;
    cr_assert_eq(net_loop_new("test", &peer.loops[0], &fault), LEAT_OK);
    cr_assert_eq(net_loop_start(peer.loops[0], &fault), LEAT_OK);
    struct net_server_options options = {.loops = peer.loops, .loop_count = 1, .handle = answer_empty};
    cr_assert_eq(net_server_new(&options, &peer.server, &fault), LEAT_OK);
    options.port = net_server_port(peer.server);
    int fd = peer_dial(&peer);
    net_server_stop(peer.server, 1000);
    struct peer_heard heard = peer_hear_all(fd);
    cr_expect_eq(heard.size, 0);
    peer_forget(&heard);
    (void)close(fd);
    cr_assert_eq(net_server_new(&options, &peer.server, &fault), LEAT_OK, "%s", fault.message);
    net_server_close_here(peer.server);
    peer_loops_stop(&peer);
}
