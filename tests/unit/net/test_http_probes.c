/* What malformed, ambiguous and unusual requests get. Most of the malformed ones are known ways to smuggle a second request past a
 * proxy: nothing of them may reach the handler, and the connection must end. */
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "peer.h"

struct probe {
    const char *name, *bytes;
    size_t size;
    unsigned status;
};
#define PROBE(name, bytes, status) {name, bytes, sizeof(bytes) - 1, status}

#define HOST "Host: a\r\n"
#define POST "POST / HTTP/1.1\r\n" HOST
#define GET "GET / HTTP/1.1\r\n" HOST
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
#define SMUGGLED "GET /smuggled HTTP/1.1\r\n" HOST "\r\n"

/* The answer is an error, it is the only one, and the connection is closed. */
static const struct probe refused[] = {
    /* lines */
    PROBE("bare LF ends the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
    PROBE("bare LF ends a header", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400),
    PROBE("bare LF LF ends the head", GET "X: y\n\n", 400),
    PROBE("CR LF LF ends the head", GET "\n", 400),
    PROBE("bare CR in a header value", GET "X: a\rb\r\n\r\n", 400),
    PROBE("bare CR ends a header", GET "X: a\rContent-Length: 5\r\n\r\n", 400),
    PROBE("bare CR in the request line", "GET /\r HTTP/1.1\r\n" HOST "\r\n", 400),
    PROBE("head ended by CR LF CR X", GET "\rX", 400),
    PROBE("head ended by CR LF CR CR LF", GET "\r\r\n", 400),
    PROBE("two empty lines before the request line", "\r\n\r\n" GET "\r\n", 400),
    PROBE("bare LF before the request line", "\n" GET "\r\n", 400),
    /* request line */
    PROBE("no version", "GET /\r\n" HOST "\r\n", 400),
    PROBE("HTTP/0.9", "GET / HTTP/0.9\r\n" HOST "\r\n", 505),
    PROBE("HTTP/1.2", "GET / HTTP/1.2\r\n" HOST "\r\n", 505),
    PROBE("HTTP/2.0", "GET / HTTP/2.0\r\n" HOST "\r\n", 505),
    PROBE("preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    PROBE("version in lower case", "GET / http/1.1\r\n" HOST "\r\n", 400),
    PROBE("version with two digits", "GET / HTTP/1.10\r\n" HOST "\r\n", 400),
    PROBE("another protocol", "OPTIONS / RTSP/1.0\r\n" HOST "\r\n", 400),
    PROBE("two spaces before the target", "GET  / HTTP/1.1\r\n" HOST "\r\n", 400),
    PROBE("two spaces before the version", "GET /  HTTP/1.1\r\n" HOST "\r\n", 400),
    PROBE("space after the version", "GET / HTTP/1.1 \r\n" HOST "\r\n", 400),
    PROBE("tab for a space", "GET\t/\tHTTP/1.1\r\n" HOST "\r\n", 400),
    PROBE("space before the method", " GET / HTTP/1.1\r\n" HOST "\r\n", 400),
    PROBE("method in lower case", "get / HTTP/1.1\r\n" HOST "\r\n", 501),
    PROBE("unknown method", "BREW / HTTP/1.1\r\n" HOST "\r\n", 501),
    PROBE("CONNECT", "CONNECT a:80 HTTP/1.1\r\n" HOST "\r\n", 501),
    PROBE("control character in the target", "GET /\x01 HTTP/1.1\r\n" HOST "\r\n", 400),
    PROBE("zero byte in the target", "GET /a\0b HTTP/1.1\r\n" HOST "\r\n", 400),
    PROBE("byte over 127 in the target", "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", 400),
    PROBE("fragment in the target", "GET /#x HTTP/1.1\r\n" HOST "\r\n", 400),
    PROBE("target without a slash", "GET a HTTP/1.1\r\n" HOST "\r\n", 400),
    PROBE("asterisk with GET", "GET * HTTP/1.1\r\n" HOST "\r\n", 400),
    PROBE("absolute form without authority", "GET http:///a HTTP/1.1\r\n" HOST "\r\n", 400),
    PROBE("absolute form of another scheme", "GET ftp://a/ HTTP/1.1\r\n" HOST "\r\n", 400),
    /* header fields */
    PROBE("no Host", "GET / HTTP/1.1\r\n\r\n", 400),
    PROBE("two Hosts", GET "Host: b\r\n\r\n", 400),
    PROBE("two words in Host", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    PROBE("path in Host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    PROBE("space before colon", GET "X : y\r\n\r\n", 400),
    PROBE("tab before colon", GET "X\t: y\r\n\r\n", 400),
    PROBE("space before the colon of a length", POST "Content-Length : 5\r\n\r\nhello", 400),
    PROBE("space before the colon of a coding", POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
    PROBE("folded header", GET "X: a\r\n b\r\n\r\n", 400),
    PROBE("folded coding", POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400),
    PROBE("space before the first header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    PROBE("header without colon", GET "X\r\n\r\n", 400),
    PROBE("header without name", GET ": y\r\n\r\n", 400),
    PROBE("space inside a name", GET "X Y: z\r\n\r\n", 400),
    PROBE("zero byte in a name", GET "X\0: y\r\n\r\n", 400),
    PROBE("zero byte in a value", GET "X: a\0b\r\n\r\n", 400),
    PROBE("control character in a value", GET "X: a\x07\r\n\r\n", 400),
    PROBE("DEL in a value", GET "X: a\x7f\r\n\r\n", 400),
    PROBE("byte over 127 in a name", GET "X\xe9: y\r\n\r\n", 400),
    PROBE("parenthesis in a name", GET "X(: y\r\n\r\n", 400),
    PROBE("unknown expectation", POST "Expect: 200-ok\r\nContent-Length: 1\r\n\r\n", 417),
    /* lengths */
    PROBE("two different lengths", POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
    PROBE("the same length twice", POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
    PROBE("a list of lengths", POST "Content-Length: 5, 5\r\n\r\nhello", 400),
    PROBE("length with a plus", POST "Content-Length: +5\r\n\r\nhello", 400),
    PROBE("negative length", POST "Content-Length: -5\r\n\r\nhello", 400),
    PROBE("hexadecimal length", POST "Content-Length: 0x5\r\n\r\nhello", 400),
    PROBE("empty length", POST "Content-Length: \r\n\r\nhello", 400),
    PROBE("length with a space inside", POST "Content-Length: 1 0\r\n\r\nhello", 400),
    PROBE("length with a vertical tab", POST "Content-Length: \x0b" "5\r\n\r\nhello", 400),
    PROBE("length over 64 bits", POST "Content-Length: 18446744073709551621\r\n\r\nhello", 400),
    PROBE("length over the limit", POST "Content-Length: 99999999999\r\n\r\nhello", 413),
    /* codings */
    PROBE("length and chunked", POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED, 400),
    PROBE("chunked and length", POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" SMUGGLED, 400),
    PROBE("chunked twice in a list", POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    PROBE("chunked in two fields", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    PROBE("chunked is not last", POST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400),
    PROBE("chunked, then identity", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400),
    PROBE("unknown coding", POST "Transfer-Encoding: cow\r\n\r\n0\r\n\r\n", 501),
    PROBE("identity", POST "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n", 501),
    PROBE("coding before chunked", POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    PROBE("word like chunked", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    PROBE("chunked with a vertical tab", POST "Transfer-Encoding: \x0b" "chunked\r\n\r\n0\r\n\r\n", 501),
    PROBE("chunked with a parameter", POST "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", 400),
    PROBE("empty coding", POST "Transfer-Encoding:\r\n\r\n0\r\n\r\n", 400),
    PROBE("chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    /* chunks */
    PROBE("chunk size is no number", CHUNKED "x\r\nhello\r\n0\r\n\r\n", 400),
    PROBE("chunk size is empty", CHUNKED "\r\nhello\r\n0\r\n\r\n", 400),
    PROBE("chunk size has a sign", CHUNKED "+5\r\nhello\r\n0\r\n\r\n", 400),
    PROBE("chunk size has a prefix", CHUNKED "0x5\r\nhello\r\n0\r\n\r\n", 400),
    PROBE("chunk size has a space before", CHUNKED " 5\r\nhello\r\n0\r\n\r\n", 400),
    PROBE("chunk size has a space behind", CHUNKED "5 \r\nhello\r\n0\r\n\r\n", 400),
    PROBE("chunk size overflows", CHUNKED "10000000000000005\r\nhello\r\n0\r\n\r\n", 400),
    PROBE("chunk size over the limit", CHUNKED "fffffff\r\nhello\r\n0\r\n\r\n", 413),
    PROBE("bare LF after chunk size", CHUNKED "5\nhello\r\n0\r\n\r\n", 400),
    PROBE("bare CR after chunk size", CHUNKED "5\rhello\r\n0\r\n\r\n", 400),
    PROBE("bare LF after chunk data", CHUNKED "5\r\nhello\n0\r\n\r\n", 400),
    PROBE("chunk data longer than its size", CHUNKED "3\r\nhello\r\n0\r\n\r\n", 400),
    PROBE("control character in a chunk extension", CHUNKED "5;a=\x01\r\nhello\r\n0\r\n\r\n", 400),
    PROBE("bare LF in a chunk extension", CHUNKED "5;a\nhello\r\n0\r\n\r\n", 400),
    PROBE("last chunk ended by bare LF", CHUNKED "0\n\n" SMUGGLED, 400),
    PROBE("trailer ended by CR X", CHUNKED "0\r\n\rX", 400),
    PROBE("trailer without colon", CHUNKED "0\r\nabc\r\n\r\n", 400),
    PROBE("trailer with bare LF", CHUNKED "0\r\na: b\n\r\n", 400),
    PROBE("folded trailer", CHUNKED "0\r\na: b\r\n c\r\n\r\n", 400),
};

Test(http_probes, malformed_requests_are_refused_and_the_connection_ends) {
    struct peer_server peer;
    peer_server_start(&peer, (struct net_server_options){0}, 1);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const struct probe *probe = &refused[i];
        int fd = peer_dial(&peer);
        peer_say(fd, probe->bytes, probe->size);
        peer_say_text(fd, SMUGGLED);
        struct peer_heard heard = peer_hear_all(fd);
        cr_expect_eq(peer_status(&heard), probe->status, "%s: %u", probe->name, peer_status(&heard));
        cr_expect_eq(peer_answers(&heard), 1, "%s: %u answers", probe->name, peer_answers(&heard));
        cr_expect_not_null(strstr(heard.text, "\r\nConnection: close\r\n"), "%s", probe->name);
        cr_expect_eq(strncmp(peer_body(&heard), "{\"message\":\"", 12), 0, "%s: %s", probe->name, peer_body(&heard));
        cr_expect_eq(atomic_exchange(&peer.handled, 0), 0, "%s reached the handler", probe->name);
        peer_forget(&heard);
        (void)close(fd);
    }
    peer_server_stop(&peer);
}

Test(http_probes, malformed_requests_are_refused_when_they_come_byte_by_byte) {
    struct peer_server peer;
    peer_server_start(&peer, (struct net_server_options){0}, 1);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const struct probe *probe = &refused[i];
        int fd = peer_dial(&peer);
        for (size_t at = 0; at < probe->size; at++) {
            peer_say(fd, probe->bytes + at, 1);
            (void)usleep(at % 16 == 0 ? 100 : 0);
        }
        peer_say_text(fd, SMUGGLED);
        struct peer_heard heard = peer_hear_all(fd);
        cr_expect_eq(peer_status(&heard), probe->status, "%s: %u", probe->name, peer_status(&heard));
        cr_expect_eq(atomic_exchange(&peer.handled, 0), 0, "%s reached the handler", probe->name);
        peer_forget(&heard);
        (void)close(fd);
    }
    peer_server_stop(&peer);
}

/* Unusual but right: answered with 200, and the connection takes another request. `status` is the number of requests in it. */
static const struct { const char *name, *bytes, *body; } accepted[] = {
    {"one empty line before the request", "\r\n" GET "\r\n", "GET /  0\n"},
    {"absolute form", "GET http://a:80/p/q?r=s HTTP/1.1\r\n" HOST "\r\n", "GET /p/q r=s 0\n"},
    {"absolute form without path", "GET http://a HTTP/1.1\r\n" HOST "\r\n", "GET /  0\n"},
    {"absolute form with query only", "GET http://a?x HTTP/1.1\r\n" HOST "\r\n", "GET / x 0\n"},
    {"asterisk with OPTIONS", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "OPTIONS *  0\n"},
    {"query with a question mark", "GET /a?b?c HTTP/1.1\r\n" HOST "\r\n", "GET /a b?c 0\n"},
    {"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET /  0\n"},
    {"Host with a port", "GET / HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n", "GET /  0\n"},
    {"no space behind colons", "GET / HTTP/1.1\r\nHost:a\r\nX:y\r\n\r\n", "GET /  0\n"},
    {"tabs and spaces around a value", GET "X: \t y \t\r\n\r\n", "GET /  0\n"},
    {"bytes over 127 in a value", GET "X: \xc3\xa9\r\n\r\n", "GET /  0\n"},
    {"zero length", POST "Content-Length: 0\r\n\r\n", "POST /  0\n"},
    {"length with leading zeros", POST "Content-Length: 005\r\n\r\nhello", "POST /  5\nhello"},
    {"body with GET", GET "Content-Length: 5\r\n\r\nhello", "GET /  5\nhello"},
    {"length in capitals", POST "CONTENT-LENGTH: 5\r\n\r\nhello", "POST /  5\nhello"},
    {"one chunk", CHUNKED "5\r\nhello\r\n0\r\n\r\n", "POST /  5\nhello"},
    {"several chunks", CHUNKED "1\r\nh\r\n3\r\nell\r\n1\r\no\r\n0\r\n\r\n", "POST /  5\nhello"},
    {"no chunk", CHUNKED "0\r\n\r\n", "POST /  0\n"},
    {"chunk size in capitals and with zeros", CHUNKED "00A\r\n0123456789\r\n000\r\n\r\n", "POST /  10\n0123456789"},
    {"chunk extension", CHUNKED "5;a=b;c=\"d\"\r\nhello\r\n0;x\r\n\r\n", "POST /  5\nhello"},
    {"CR and LF in chunk data", CHUNKED "5\r\na\r\n\nb\r\n0\r\n\r\n", "POST /  5\na\r\n\nb"},
    {"trailer fields", CHUNKED "5\r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\n", "POST /  5\nhello"},
    {"Chunked in capitals", POST "transfer-encoding: CHUNKED\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "POST /  5\nhello"},
    {"upgrade is ignored", GET "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", "GET /  0\n"},
    {"upgrade with a body is ignored", POST "Connection: Upgrade\r\nUpgrade: x\r\nContent-Length: 5\r\n\r\nhello",
     "POST /  5\nhello"},
    {"PATCH", "PATCH /a HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi", "PATCH /a  2\nhi"},
};

Test(http_probes, unusual_requests_are_answered_and_the_connection_goes_on) {
    struct peer_server peer;
    peer_server_start(&peer, (struct net_server_options){0}, 1);
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        for (int bytewise = 0; bytewise < 2; bytewise++) {
            int fd = peer_dial(&peer);
            for (const char *at = accepted[i].bytes; *at != 0; at += bytewise ? 1 : strlen(at))
                peer_say(fd, at, bytewise ? 1 : strlen(at));
            struct peer_heard heard = peer_hear_answer(fd);
            cr_expect_eq(peer_status(&heard), 200, "%s: %u", accepted[i].name, peer_status(&heard));
            cr_expect_str_eq(peer_body(&heard), accepted[i].body, "%s: %s", accepted[i].name, peer_body(&heard));
            peer_forget(&heard);
            peer_say_text(fd, "GET /again HTTP/1.1\r\n" HOST "\r\n");
            heard = peer_hear_answer(fd);
            cr_expect_str_eq(peer_body(&heard), "GET /again  0\n", "%s: the next request", accepted[i].name);
            peer_forget(&heard);
            (void)close(fd);
        }
    }
    peer_server_stop(&peer);
}

/* Nothing is answered as long as more may come. */
static const char *const unfinished[] = {
    "", "GET", "GET / HTTP/1.1", "GET / HTTP/1.1\r", GET, GET "\r", POST "Content-Length: 5\r\n\r\nhell", CHUNKED "5",
    CHUNKED "5\r\nhello", CHUNKED "5\r\nhello\r\n0\r\n", CHUNKED "0\r\nA: b\r\n",
};

Test(http_probes, an_unfinished_request_is_not_answered) {
    struct peer_server peer;
    enum { COUNT = sizeof unfinished / sizeof unfinished[0] };
    int fds[COUNT];
    peer_server_start(&peer, (struct net_server_options){0}, 1);
    for (size_t i = 0; i < COUNT; i++) {
        fds[i] = peer_dial(&peer);
        peer_say_text(fds[i], unfinished[i]);
    }
    (void)usleep(100000);
    for (size_t i = 0; i < COUNT; i++) {
        struct peer_heard heard = peer_hear_quiet(fds[i], 1);
        cr_expect_eq(heard.size, 0, "%zu: %s", i, heard.text);
        cr_expect(!heard.closed, "%zu", i);
        peer_forget(&heard);
        (void)close(fds[i]);
    }
    cr_expect_eq(atomic_load(&peer.handled), 0);
    peer_server_stop(&peer);
}
