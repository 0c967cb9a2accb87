#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"

#define HOST "Host: a\r\n"

static struct peer_server peer;

static void start(void) { peer_server_start(&peer, (struct net_server_options){0}, 1); }
static void stop(void) { peer_server_stop(&peer); }
TestSuite(http_server, .init = start, .fini = stop, .timeout = 60);

Test(http_server, one_connection_serves_request_after_request) {
    int fd = peer_dial(&peer);
    for (int i = 0; i < 100; i++) {
        char text[128], expected[64];
        (void)snprintf(text, sizeof text, "GET /n%d HTTP/1.1\r\n" HOST "\r\n", i);
        (void)snprintf(expected, sizeof expected, "GET /n%d  0\n", i);
        peer_say_text(fd, text);
        struct peer_heard heard = peer_hear_answer(fd);
        cr_assert_str_eq(peer_body(&heard), expected);
        cr_assert_null(strstr(heard.text, "Connection:"));
        peer_forget(&heard);
    }
    cr_expect_eq(net_server_connections(peer.server), 1);
    (void)close(fd);
}

Test(http_server, answers_have_length_and_date_and_the_handlers_headers_but_no_injected_ones) {
    int fd = peer_dial(&peer);
    peer_say_text(fd, "GET / HTTP/1.1\r\n" HOST "x-SAY: a\tb\r\n\r\n");
    struct peer_heard heard = peer_hear_answer(fd);
    cr_expect_not_null(strstr(heard.text, "HTTP/1.1 200 OK\r\n"));
    cr_expect_not_null(strstr(heard.text, "\r\nContent-Length: 9\r\n"));
    cr_expect_not_null(strstr(heard.text, "\r\nX-Echo: a b\r\n"), "%s", heard.text);
    const char *date = strstr(heard.text, "\r\nDate: ");
    cr_assert_not_null(date);
    cr_expect_eq(strspn(date + 8, "SunMoTueWdhFriat"), 3);
    cr_expect_eq(strncmp(date + 8 + 25, " GMT\r\n", 6), 0, "%.40s", date);
    peer_forget(&heard);
    (void)close(fd);
}

Test(http_server, pipelined_requests_are_answered_in_order_also_behind_a_slow_one) {
    static const char text[] = "GET /1 HTTP/1.1\r\n" HOST "\r\n"
                               "GET /later HTTP/1.1\r\n" HOST "\r\n"
                               "POST /3 HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi"
                               "POST /4 HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n2\r\nyo\r\n0\r\n\r\n"
                               "GET /later HTTP/1.1\r\n" HOST "\r\n"
                               "GET /6 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"
                               "GET /7 HTTP/1.1\r\n" HOST "\r\n";
    int fd = peer_dial(&peer);
    peer_say_text(fd, text);
    struct peer_heard heard = peer_hear_all(fd);
    const char *at = heard.text;
    static const char *const bodies[] = {"GET /1  0\n", "later", "POST /3  2\nhi", "POST /4  2\nyo", "later", "GET /6  0\n"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        at = strstr(at, "\r\n\r\n");
        cr_assert_not_null(at);
        at += 4;
        cr_assert_eq(strncmp(at, bodies[i], strlen(bodies[i])), 0, "%zu: %s", i, at);
    }
    cr_expect_eq(peer_answers(&heard), 6, "nothing is answered behind Connection: close");
    peer_forget(&heard);
    (void)close(fd);
}

Test(http_server, thousands_of_pipelined_requests_are_all_answered) {
    enum { COUNT = 3000 };
    static char text[COUNT * 64];
    size_t size = 0;
    for (int i = 0; i < COUNT; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "GET /%s HTTP/1.1\r\n" HOST "%s\r\n",
                                 i % 7 == 0 ? "later" : "empty", i == COUNT - 1 ? "Connection: close\r\n" : "");
    int fd = peer_dial(&peer);
    peer_say(fd, text, size);
    struct peer_heard heard = peer_hear_all(fd);
    cr_expect_eq(peer_answers(&heard), COUNT, "%u", peer_answers(&heard));
    peer_forget(&heard);
    (void)close(fd);
}

Test(http_server, a_client_that_expects_100_continue_gets_it_before_it_sends_the_body) {
    static const char *const framings[] = {"Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"};
    static const char *const bodies[] = {"hello", "5\r\nhello\r\n0\r\n\r\n"};
    for (int i = 0; i < 2; i++) {
        int fd = peer_dial(&peer);
        peer_say_text(fd, "PUT /p HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\n");
        peer_say_text(fd, framings[i]);
        peer_say_text(fd, "\r\n");
        struct peer_heard heard = peer_hear_head(fd);
        cr_expect_str_eq(heard.text, "HTTP/1.1 100 Continue\r\n\r\n");
        cr_expect_eq(atomic_load(&peer.handled), (unsigned)i);
        peer_forget(&heard);
        peer_say_text(fd, bodies[i]);
        heard = peer_hear_answer(fd);
        cr_expect_str_eq(peer_body(&heard), "PUT /p  5\nhello");
        peer_forget(&heard);
        (void)close(fd);
    }
}

Test(http_server, no_100_continue_when_the_body_is_there_or_empty_or_the_client_is_old) {
    static const char *const texts[] = {
        "PUT / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
        "PUT / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 0\r\n\r\n",
        "PUT / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n\r\n",
        "PUT / HTTP/1.0\r\n" HOST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) cr_expect_eq(peer_ask(&peer, texts[i]), 200, "%zu", i);
}

Test(http_server, HEAD_gets_the_length_but_no_body) {
    int fd = peer_dial(&peer);
    peer_say_text(fd, "HEAD /large?size=1000 HTTP/1.1\r\n" HOST "\r\nHEAD /later HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    struct peer_heard heard = peer_hear_all(fd);
    const char *first = strstr(heard.text, "\r\nContent-Length: 1000\r\n\r\nHTTP/1.1 200 OK\r\n");
    cr_expect_not_null(first, "%s", heard.text);
    cr_expect_str_eq(heard.text + heard.size - 4, "\r\n\r\n");
    peer_forget(&heard);
    (void)close(fd);
}

Test(http_server, an_answer_204_has_neither_body_nor_length) {
    int fd = peer_dial(&peer);
    peer_say_text(fd, "GET /none HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    struct peer_heard heard = peer_hear_all(fd);
    cr_expect_eq(peer_status(&heard), 204);
    cr_expect_null(strstr(heard.text, "Content-Length"));
    cr_expect_str_eq(peer_body(&heard), "");
    peer_forget(&heard);
    (void)close(fd);
}

Test(http_server, HTTP_1_0_needs_no_header_at_all) {
    cr_expect_eq(peer_ask(&peer, "GET / HTTP/1.0\r\n\r\n"), 200);
}

Test(http_server, HTTP_1_0_is_answered_and_closed) {
    int fd = peer_dial(&peer);
    peer_say_text(fd, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    struct peer_heard heard = peer_hear_all(fd);
    cr_expect_eq(peer_status(&heard), 200);
    cr_expect_not_null(strstr(heard.text, "\r\nConnection: close\r\n"));
    peer_forget(&heard);
    (void)close(fd);
}

Test(http_server, an_answer_over_its_maximum_becomes_500_and_the_connection_goes_on) {
    int fd = peer_dial(&peer);
    peer_say_text(fd, "GET /broken HTTP/1.1\r\n" HOST "\r\n");
    struct peer_heard heard = peer_hear_answer(fd);
    cr_expect_eq(peer_status(&heard), 500);
    cr_expect_str_eq(peer_body(&heard), "{\"message\":\"out of memory\"}");
    peer_forget(&heard);
    peer_say_text(fd, "GET /again HTTP/1.1\r\n" HOST "\r\n");
    heard = peer_hear_answer(fd);
    cr_expect_str_eq(peer_body(&heard), "GET /again  0\n");
    peer_forget(&heard);
    (void)close(fd);
}

/* ---- large ---- */

enum { LARGE = 12 << 20 };

struct speech { int fd; char *text; size_t size; };

static void *speak(void *argument) {
    struct speech *speech = argument;
    peer_say(speech->fd, speech->text, speech->size);
    return NULL;
}

static void check_large_echo(const char *head, char *body, size_t size) {
    int fd = peer_dial(&peer);
    struct speech speech = {fd, body, size};
    pthread_t thread;
    peer_say_text(fd, head);
    cr_assert_eq(pthread_create(&thread, NULL, speak, &speech), 0);
    struct peer_heard heard = peer_hear_answer(fd);
    (void)pthread_join(thread, NULL);
    const char *echoed = strchr(peer_body(&heard), '\n');
    cr_assert_not_null(echoed);
    cr_assert_eq(heard.size - (size_t)(echoed + 1 - heard.text), LARGE);
    for (size_t i = 0; i < LARGE; i++) cr_assert_eq(echoed[1 + i], (char)('a' + i % 23), "at %zu", i);
    peer_forget(&heard);
    peer_say_text(fd, "GET /again HTTP/1.1\r\n" HOST "\r\n");
    heard = peer_hear_answer(fd);
    cr_expect_str_eq(peer_body(&heard), "GET /again  0\n");
    peer_forget(&heard);
    (void)close(fd);
}

Test(http_server, a_large_body_arrives_whole_and_comes_back_whole) {
    char *body = malloc(LARGE), head[128];
    for (size_t i = 0; i < LARGE; i++) body[i] = (char)('a' + i % 23);
    (void)snprintf(head, sizeof head, "PUT /big?q HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n", LARGE);
    check_large_echo(head, body, LARGE);
    free(body);
}

Test(http_server, a_large_body_in_chunks_of_odd_sizes_is_joined) {
    size_t capacity = LARGE * 2, size = 0, at = 0;
    char *text = malloc(capacity);
    for (size_t chunk = 1; at < LARGE; chunk = (chunk * 7 + 3) % 9001 + 1) {
        if (chunk > LARGE - at) chunk = LARGE - at;
        size += (size_t)snprintf(text + size, capacity - size, "%zX;x=y\r\n", chunk);
        for (size_t i = 0; i < chunk; i++, at++) text[size++] = (char)('a' + at % 23);
        size += (size_t)snprintf(text + size, capacity - size, "\r\n");
    }
    size += (size_t)snprintf(text + size, capacity - size, "0\r\nEnd: now\r\n\r\n");
    check_large_echo("PUT /big?q HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", text, size);
    free(text);
}

Test(http_server, headers_stay_readable_when_the_body_makes_the_buffer_move) {
    int fd = peer_dial(&peer);
    static char body[100000];
    memset(body, 'z', sizeof body);
    /* behind another request, so that the buffer is not moved from its beginning */
    peer_say_text(fd, "GET /empty HTTP/1.1\r\n" HOST "\r\nPOST /moved?yes HTTP/1.1\r\n" HOST
                      "X-Say: still here\r\nContent-Length: 100000\r\n\r\n");
    struct peer_heard heard = peer_hear_answer(fd);
    peer_forget(&heard);
    for (size_t i = 0; i < sizeof body; i += 10000) peer_say(fd, body + i, 10000);
    heard = peer_hear_answer(fd);
    cr_expect_not_null(strstr(heard.text, "\r\nX-Echo: still here\r\n"));
    cr_expect_eq(strncmp(peer_body(&heard), "POST /moved yes 100000\nzzz", 26), 0);
    peer_forget(&heard);
    (void)close(fd);
}

Test(http_server, a_slow_reader_gets_its_large_answer_while_others_are_served) {
    int slow = peer_dial(&peer);
    peer_say_text(slow, "GET /large?size=30000000 HTTP/1.1\r\n" HOST "\r\nGET /after HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    peer_await(&peer.handled, 1);
    for (int i = 0; i < 20; i++) cr_assert_eq(peer_ask(&peer, "GET / HTTP/1.1\r\n" HOST "\r\n"), 200);
    struct peer_heard heard = peer_hear_all(slow);
    cr_expect_gt(heard.size, 30000000);
    cr_expect_eq(peer_answers(&heard), 2);
    cr_expect_str_eq(heard.text + heard.size - 14, "GET /after  0\n");
    peer_forget(&heard);
    (void)close(slow);
}

/* ---- later, never, gone ---- */

Test(http_server, a_held_request_is_answered_when_its_time_comes) {
    int fd = peer_dial(&peer);
    peer_say_text(fd, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
    peer_await(&peer.handled, 1);
    struct peer_heard heard = peer_hear_quiet(fd, 50);
    cr_expect_eq(heard.size, 0);
    peer_forget(&heard);
    peer_release(&peer);
    heard = peer_hear_answer(fd);
    cr_expect_str_eq(peer_body(&heard), "held");
    cr_expect_eq(atomic_load(&peer.closed), 0);
    peer_forget(&heard);
    (void)close(fd);
}

Test(http_server, the_handler_hears_once_that_the_client_has_gone_and_answers_into_nothing) {
    int fd = peer_dial(&peer);
    peer_say_text(fd, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
    peer_await(&peer.handled, 1);
    (void)close(fd);
    peer_await(&peer.closed, 1);
    peer_release(&peer);
    cr_expect_eq(peer_ask(&peer, "GET / HTTP/1.1\r\n" HOST "\r\n"), 200);
    cr_expect_eq(atomic_load(&peer.closed), 1);
}

Test(http_server, a_reset_connection_is_heard_of_too) {
    int fd = peer_dial(&peer);
    peer_say_text(fd, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
    peer_await(&peer.handled, 1);
    struct linger at_once = {.l_onoff = 1};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    (void)close(fd);
    peer_await(&peer.closed, 1);
    (void)usleep(20000); /* the socket is closed and forgotten before the answer comes */
    cr_expect_eq(net_server_connections(peer.server), 0);
    peer_release(&peer);
}

Test(http_server, the_answer_may_be_given_from_inside_on_close) {
    atomic_store(&peer.reply_on_close, true);
    for (unsigned i = 1; i <= 2; i++) {
        int fd = peer_dial(&peer);
        peer_say_text(fd, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
        peer_await(&peer.handled, i);
        struct linger at_once = {.l_onoff = i == 2};
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        (void)close(fd);
        peer_await(&peer.closed, i);
    }
    cr_expect_eq(peer_ask(&peer, "GET / HTTP/1.1\r\n" HOST "\r\n"), 200);
}

Test(http_server, a_client_that_has_closed_its_sending_side_still_gets_its_answer) {
    int fd = peer_dial(&peer);
    peer_say_text(fd, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
    (void)shutdown(fd, SHUT_WR);
    peer_await(&peer.closed, 1);
    peer_release(&peer);
    struct peer_heard heard = peer_hear_all(fd);
    cr_expect_str_eq(peer_body(&heard), "held");
    peer_forget(&heard);
    (void)close(fd);
}

Test(http_server, clients_that_leave_in_the_middle_do_no_harm) {
    static const char *const texts[] = {"", "GET", "POST / HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nhell",
                                        "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
                                        "GET /large?size=20000000 HTTP/1.1\r\n" HOST "\r\n",
                                        "GET /later HTTP/1.1\r\n" HOST "\r\n"};
    for (int round = 0; round < 10; round++)
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
            int fd = peer_dial(&peer);
            peer_say_text(fd, texts[i]);
            if (round % 2 == 0) (void)usleep(500);
            (void)close(fd);
        }
    cr_expect_eq(peer_ask(&peer, "GET / HTTP/1.1\r\n" HOST "\r\n"), 200);
}

Test(http_server, requests_sent_behind_a_held_one_wait_without_filling_memory) {
    int fd = peer_dial(&peer);
    peer_say_text(fd, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
    peer_await(&peer.handled, 1);
    static const char text[] = "GET /empty HTTP/1.1\r\n" HOST "X: 0123456789012345678901234567890123456789\r\n\r\n";
    unsigned sent = 0;
    (void)usleep(20000);
    for (; sent < 200000; sent++) /* until the kernels' buffers are full, or 16 MB */
        if (send(fd, text, sizeof text - 1, MSG_NOSIGNAL | MSG_DONTWAIT) != sizeof text - 1) break;
    cr_expect_lt(sent, 200000, "the server should have stopped reading");
    cr_expect_eq(atomic_load(&peer.handled), 1);
    peer_release(&peer);
    peer_await(&peer.handled, sent / 2);
    (void)close(fd);
}
