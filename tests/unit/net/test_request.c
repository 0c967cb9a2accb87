#include <criterion/criterion.h>

#include "base/slice.h"
#include "net/server.h"

static struct arena arena;
static void start(void) { arena_init(&arena, 10000); }
static void stop(void) { arena_fini(&arena); }
TestSuite(request, .init = start, .fini = stop);

static void check_decoded(const char *text, bool plus, const char *expected) {
    struct leat_slice decoded = net_percent_decode(&arena, slice_text(text), plus);
    if (expected == NULL) cr_expect_null(decoded.data, "%s", text);
    else cr_expect(decoded.data != NULL && slice_is(decoded, expected), "%s: %.*s", text, SLICE_FORMAT(decoded));
}

Test(request, percent_decoding_takes_what_is_right_and_refuses_the_rest) {
    check_decoded("", false, "");
    check_decoded("plain-._~", false, "plain-._~");
    check_decoded("a%20b%2Fc%2fd", false, "a b/c/d");
    check_decoded("%C3%A9", false, "\xc3\xa9");
    check_decoded("a+b", false, "a+b");
    check_decoded("a+b%2B", true, "a b+");
    check_decoded("%41", true, "A");
    check_decoded("%", false, NULL);
    check_decoded("%4", false, NULL);
    check_decoded("abc%4", false, NULL);
    check_decoded("%4g", false, NULL);
    check_decoded("%g4", false, NULL);
    check_decoded("%%41", false, NULL);
    struct leat_slice zero = net_percent_decode(&arena, SLICE("a%00b"), false);
    cr_expect(slice_equal(zero, SLICE("a\0b")));
    cr_expect_null(net_percent_decode(&arena, (struct leat_slice){NULL, 0}, false).data);
}

static void check_query(const char *query, const char *name, const char *expected) {
    struct net_request request = {.query = slice_text(query), .arena = &arena};
    struct leat_slice value = net_request_query(&request, name);
    if (expected == NULL) cr_expect_null(value.data, "%s in %s", name, query);
    else cr_expect(value.data != NULL && slice_is(value, expected), "%s in %s: %.*s", name, query, SLICE_FORMAT(value));
}

Test(request, query_parameters_are_found_by_their_decoded_name) {
    check_query("", "a", NULL);
    check_query("a=1&b=2", "a", "1");
    check_query("a=1&b=2", "b", "2");
    check_query("a=1&b=2", "c", NULL);
    check_query("ab=1&a=2", "a", "2");
    check_query("a=1&a=2", "a", "1");
    check_query("a", "a", "");
    check_query("a=", "a", "");
    check_query("x&a&y", "a", "");
    check_query("&&a=1&", "a", "1");
    check_query("a=b=c", "a", "b=c");
    check_query("%61=x%20y+z", "a", "x y z");
    check_query("a=%zz", "a", NULL);
    check_query("%zz=1&a=2", "a", "2");
}

Test(request, headers_are_found_whatever_their_case) {
    struct net_header headers[] = {{SLICE("Content-Type"), SLICE("x")}, {SLICE("X-A"), SLICE("1")}, {SLICE("x-a"), SLICE("2")}};
    struct net_request request = {.headers = headers, .header_count = 3};
    cr_expect(slice_is(net_request_header(&request, "content-type"), "x"));
    cr_expect(slice_is(net_request_header(&request, "x-A"), "1"));
    cr_expect_null(net_request_header(&request, "content-typ").data);
    cr_expect_null(net_request_header(&request, "content-types").data);
}
