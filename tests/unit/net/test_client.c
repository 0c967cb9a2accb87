#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/slice.h"
#include "net/client.h"
#include "peer.h"

static struct peer_server peer;
static struct net_client *client;
static struct buf body;
static unsigned status;
static struct leat_fault fault;

static void start_with(struct net_server_options options) {
    peer_server_start(&peer, options, 1);
    char url[64];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u", net_server_port(peer.server));
    cr_assert_eq(net_client_new(url, &client, &fault), LEAT_OK);
    buf_init(&body, 64 << 20);
}

static void start(void) { start_with((struct net_server_options){0}); }

static void stop(void) {
    net_client_free(client);
    buf_fini(&body);
    peer_server_stop(&peer);
}

TestSuite(client, .init = start, .fini = stop, .timeout = 60);
TestSuite(client_alone, .timeout = 60);

static enum leat_code ask(const char *method, const char *path, const char *headers, struct leat_slice request_body) {
    buf_clear(&body);
    return net_client_request(client, method, path, headers, request_body, &status, &body, &fault);
}

Test(client, asks_again_and_again_over_one_connection) {
    for (int i = 0; i < 50; i++) {
        cr_assert_eq(ask("POST", "/p?q", "X-Say: hey\r\n", SLICE("hello")), LEAT_OK, "%s", fault.message);
        cr_assert_eq(status, 200);
        cr_assert(slice_is(buf_view(&body), "POST /p q 5\nhello"));
        cr_assert(slice_is(net_client_header(client, "x-echo"), "hey"));
        cr_assert_null(net_client_header(client, "x-ech").data);
    }
    cr_expect_eq(net_server_connections(peer.server), 1);
}

Test(client, reads_answers_without_body) {
    cr_assert_eq(ask("HEAD", "/large?size=1000", "", SLICE("")), LEAT_OK);
    cr_expect_eq(body.size, 0);
    cr_expect(slice_is(net_client_header(client, "Content-Length"), "1000"));
    cr_assert_eq(ask("GET", "/none", "", SLICE("")), LEAT_OK);
    cr_expect_eq(status, 204);
    cr_assert_eq(ask("GET", "/later", "", SLICE("")), LEAT_OK);
    cr_expect(slice_is(buf_view(&body), "later"));
}

Test(client, carries_large_bodies_both_ways) {
    static uint8_t large[5 << 20];
    memset(large, 'l', sizeof large);
    cr_assert_eq(ask("PUT", "/", "", slice_of(large, sizeof large)), LEAT_OK, "%s", fault.message);
    cr_expect_eq(body.size, sizeof large + strlen("PUT /  5242880\n"));
}

Test(client, an_answer_over_the_maximum_is_an_error_and_the_next_request_works) {
    struct buf small;
    buf_init(&small, 1000);
    cr_expect_eq(net_client_request(client, "GET", "/large?size=100000", "", SLICE(""), &status, &small, &fault), LEAT_NO_MEMORY);
    buf_fini(&small);
    cr_expect_eq(ask("GET", "/", "", SLICE("")), LEAT_OK);
}

Test(client, gives_up_after_its_timeout_and_says_so) {
    net_client_timeout(client, 100);
    cr_expect_eq(ask("GET", "/hold", "", SLICE("")), LEAT_IO);
    cr_expect_not_null(strstr(fault.message, "in time"), "%s", fault.message);
    peer_await(&peer.closed, 1);
    peer_release(&peer);
    cr_expect_eq(ask("GET", "/", "", SLICE("")), LEAT_OK);
}

Test(client_alone, connects_anew_when_the_kept_connection_was_closed) {
    start_with((struct net_server_options){.idle_timeout_ms = 30});
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(ask("POST", "/", "", SLICE("x")), LEAT_OK, "%s", fault.message);
        (void)usleep(80000);
    }
    stop();
}

Test(client_alone, sees_an_early_refusal_of_a_large_body) {
    start_with((struct net_server_options){.body_bytes_max = 1000});
    static uint8_t large[5 << 20];
    cr_assert_eq(ask("PUT", "/", "", slice_of(large, sizeof large)), LEAT_OK, "%s", fault.message);
    cr_expect_eq(status, 413);
    cr_assert_eq(ask("PUT", "/", "", SLICE("x")), LEAT_OK, "%s", fault.message);
    cr_expect_eq(status, 200);
    stop();
}

Test(client_alone, says_when_nobody_is_there) {
    start();
    peer_server_stop(&peer);
    cr_expect_eq(ask("GET", "/", "", SLICE("")), LEAT_IO);
    cr_expect_not_null(strstr(fault.message, "Connection refused"), "%s", fault.message);
    net_client_free(client);
    buf_fini(&body);
}

Test(client_alone, takes_urls_with_host_and_port_only) {
    static const char *const good[] = {"http://a", "http://a/", "HTTP://a:80", "http://[::1]:8000", "http://[::1]"};
    static const char *const bad[] = {"", "a", "a:80", "https://a", "http://", "http://:80", "http://a:", "http://a:x",
                                      "http://a:800000", "http://a/b", "http://a?b", "http://[::1", "http://[::1]x"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        cr_expect_eq(net_client_new(good[i], &client, &fault), LEAT_OK, "%s", good[i]);
        net_client_free(client);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_eq(net_client_new(bad[i], &client, &fault), LEAT_VALIDATION, "%s", bad[i]);
}

/* ---- answers our server does not give ---- */

struct script { int listener; const char *answer; };

static void *play(void *argument) {
    struct script *script = argument;
    int fd = accept(script->listener, NULL, NULL);
    char heard[4096];
    (void)!recv(fd, heard, sizeof heard, 0);
    for (const char *at = script->answer; *at != 0; at++) {
        peer_say(fd, at, 1);
        if (*at == '\n') (void)usleep(200);
    }
    (void)close(fd);
    return NULL;
}

static enum leat_code ask_script(const char *answer) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    struct script script = {socket(AF_INET, SOCK_STREAM, 0), answer};
    cr_assert_eq(bind(script.listener, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(listen(script.listener, 5), 0);
    (void)getsockname(script.listener, (struct sockaddr *)&address, &size);
    char url[64];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u", ntohs(address.sin_port));
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, play, &script), 0);
    cr_assert_eq(net_client_new(url, &client, &fault), LEAT_OK);
    enum leat_code code = ask("POST", "/", "", SLICE("x"));
    (void)pthread_join(thread, NULL);
    net_client_free(client);
    (void)close(script.listener);
    return code;
}

Test(client_alone, understands_chunked_interim_and_lengthless_answers) {
    buf_init(&body, 10000);
    cr_expect_eq(ask_script("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), LEAT_OK);
    cr_expect(slice_is(buf_view(&body), "abcde"));
    cr_expect_eq(ask_script("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nhi"), LEAT_OK);
    cr_expect_eq(status, 201);
    cr_expect(slice_is(buf_view(&body), "hi"));
    cr_expect_eq(ask_script("HTTP/1.0 200 OK\r\n\r\nto the end"), LEAT_OK);
    cr_expect(slice_is(buf_view(&body), "to the end"));
    buf_fini(&body);
}

Test(client_alone, cut_off_and_senseless_answers_are_errors) {
    buf_init(&body, 10000);
    cr_expect_eq(ask_script(""), LEAT_IO);
    cr_expect_not_null(strstr(fault.message, "the connection was closed"), "%s", fault.message);
    cr_expect_eq(ask_script("HTTP/1.1 200 OK\r\nContent-Le"), LEAT_IO);
    cr_expect_eq(ask_script("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi"), LEAT_IO);
    cr_expect_eq(ask_script("SSH-2.0-x\r\n"), LEAT_IO);
    cr_expect_not_null(strstr(fault.message, "is not HTTP"), "%s", fault.message);
    buf_fini(&body);
}
