#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "net/head.h"
#include "net/sigv4.h"

struct vector { const char *name, *service, *method, *target, *headers, *body; };
#include "sigv4_vectors.h"

enum { VECTORS = sizeof vectors / sizeof vectors[0] };
static const uint64_t signed_ms = UINT64_C(1740193405000); /* 2025-02-22T03:03:25Z */
static const struct net_credential credentials[] = {{"OTHER", "other"},
                                                    {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}};

static struct arena arena;
static struct net_head head;
static char text[8192];
static struct leat_fault fault;
static const char *type;

static void start(void) { arena_init(&arena, 1 << 20); }
static void stop(void) { arena_fini(&arena); }
TestSuite(sigv4, .init = start, .fini = stop);

/* As the server would give it to a handler. */
static struct net_request request_of(const char *method, const char *target, const char *headers, const char *body) {
    int size = snprintf(text, sizeof text, "%s %s HTTP/1.1\r\n%s\r\n", method, target, headers);
    const struct net_refusal *refusal = net_head_parse(slice_of(text, (size_t)size), &head);
    cr_assert_null(refusal, "%s: %s", target, refusal ? refusal->message : "");
    return (struct net_request){.method = head.method, .target = head.target, .path = head.path, .query = head.query,
                                .headers = head.headers, .header_count = head.header_count, .body = slice_text(body),
                                .arena = &arena};
}

static enum leat_code verify_at(const struct net_request *request, uint64_t now_ms) {
    fault.message[0] = 0;
    return net_sigv4_verify(request, credentials, 2, now_ms, &type, &fault);
}

static void check_refused(const struct net_request *request, uint64_t now_ms, const char *expected_type, const char *beginning) {
    cr_expect_eq(verify_at(request, now_ms), LEAT_ACCESS_DENIED, "%s", beginning);
    cr_expect_str_eq(type, expected_type, "%s: %s", beginning, type);
    cr_expect_eq(strncmp(fault.message, beginning, strlen(beginning)), 0, "%s\n%s", fault.message, beginning);
}

#define INVALID "InvalidSignatureException"
#define MISMATCH "The request signature we calculated does not match the signature you provided."

Test(sigv4, what_botocore_has_signed_is_accepted_with_cold_and_warm_keys) {
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < VECTORS; i++) {
            struct net_request request =
                request_of(vectors[i].method, vectors[i].target, vectors[i].headers, vectors[i].body);
            cr_expect_eq(verify_at(&request, signed_ms), LEAT_OK, "%s: %s", vectors[i].name, fault.message);
            struct net_signing signing;
            cr_assert(net_signing_parse(&request, &signing));
            cr_expect(slice_is(signing.access_key, "AKIDEXAMPLE"));
            cr_expect(slice_is(signing.date, "20250222"));
            cr_expect(slice_is(signing.region, "eu-central-1"));
            cr_expect(slice_is(signing.service, vectors[i].service), "%s", vectors[i].name);
        }
}

Test(sigv4, a_change_of_anything_signed_is_refused) {
    const struct vector *put = &vectors[0];
    struct net_request request = request_of("PUT", put->target, put->headers, put->body);
    check_refused(&request, signed_ms, INVALID, MISMATCH);
    request = request_of(put->method, "/x", put->headers, put->body);
    check_refused(&request, signed_ms, INVALID, MISMATCH);
    request = request_of(put->method, "/?a=b", put->headers, put->body);
    check_refused(&request, signed_ms, INVALID, MISMATCH);
    request = request_of(put->method, put->target, put->headers, "{\"TableName\":\"u\"}");
    check_refused(&request, signed_ms, INVALID, MISMATCH);
    char headers[2048];
    unsigned changed = 0;
    for (const char *at = put->headers; *at != 0; at++) { /* every byte of every header that is part of the signature */
        bool in_value = at[0] != '\r' && at[0] != '\n' && at[1] != ':' && at[0] != ':' && at[0] != ' ';
        const char *line = at;
        while (line > put->headers && line[-1] != '\n') line--;
        const char *colon = strchr(line, ':');
        if (!in_value || at <= colon || strncmp(line, "Content-Length", 14) == 0 || strncmp(line, "Auth", 4) == 0) continue;
        (void)snprintf(headers, sizeof headers, "%s", put->headers);
        headers[at - put->headers] ^= 1;
        request = request_of(put->method, put->target, headers, put->body);
        cr_expect_neq(verify_at(&request, signed_ms), LEAT_OK, "%s", headers);
        changed++;
    }
    cr_expect_gt(changed, 70);
}

Test(sigv4, a_change_of_any_byte_of_the_authorization_is_refused) {
    const struct vector *put = &vectors[0];
    const char *begin = strstr(put->headers, "Authorization: "), *end = strchr(begin, '\r');
    char headers[2048];
    for (const char *at = begin + 15; at < end; at++) {
        if (*at == ' ') continue; /* the spaces behind the commas mean nothing */
        (void)snprintf(headers, sizeof headers, "%s", put->headers);
        headers[at - put->headers] ^= 1;
        struct net_request request = request_of(put->method, put->target, headers, put->body);
        cr_expect_neq(verify_at(&request, signed_ms), LEAT_OK, "%s", headers);
    }
}

static const struct vector *named(const char *name) {
    for (size_t i = 0; i < VECTORS; i++)
        if (strcmp(vectors[i].name, name) == 0) return &vectors[i];
    cr_assert_fail("no such vector: %s", name);
    return NULL;
}

Test(sigv4, a_change_of_any_byte_of_a_presigned_query_is_refused) {
    const struct vector *get = named("a presigned GET");
    char target[2048];
    for (const char *at = strchr(get->target, '?') + 1; *at != 0; at++) {
        if (strchr("%&=+", *at ^ 1) != NULL || *at == '%' || (at[-1] == '%' || at[-2] == '%')) continue;
        (void)snprintf(target, sizeof target, "%s", get->target);
        target[at - get->target] ^= 1;
        struct net_request request = request_of(get->method, target, get->headers, get->body);
        cr_expect_neq(verify_at(&request, signed_ms), LEAT_OK, "%s", target);
    }
}

Test(sigv4, order_of_query_parameters_and_way_of_encoding_do_not_matter) {
    const struct vector *get = named("query parameters out of order");
    struct net_request request = request_of("GET", "/2015-03-31/functions/?a=0&%42=3&a=%31&b=2", get->headers, "");
    cr_expect_eq(verify_at(&request, signed_ms), LEAT_OK, "%s", fault.message);
}

Test(sigv4, a_signature_is_good_for_fifteen_minutes_either_way) {
    const struct vector *put = &vectors[0];
    struct net_request request = request_of(put->method, put->target, put->headers, put->body);
    cr_expect_eq(verify_at(&request, signed_ms + NET_SIGV4_SKEW_MS), LEAT_OK);
    cr_expect_eq(verify_at(&request, signed_ms - NET_SIGV4_SKEW_MS), LEAT_OK);
    check_refused(&request, signed_ms + NET_SIGV4_SKEW_MS + 1000, INVALID,
                  "Signature expired: 20250222T030325Z is now earlier than 20250222T030326Z (20250222T031826Z - 15 min.)");
    check_refused(&request, signed_ms - NET_SIGV4_SKEW_MS - 1000, INVALID,
                  "Signature not yet current: 20250222T030325Z is still later than 20250222T030324Z (20250222T024824Z + 15 min.)");
}

Test(sigv4, a_presigned_request_is_good_until_it_expires) {
    const struct vector *get = named("a presigned GET");
    struct net_request request = request_of(get->method, get->target, get->headers, get->body);
    cr_expect_eq(verify_at(&request, signed_ms + 3600000), LEAT_OK, "%s", fault.message);
    check_refused(&request, signed_ms + 3601000, INVALID, "Signature expired: ");
}

Test(sigv4, what_is_missing_is_said_in_the_words_of_AWS) {
    struct net_request request = request_of("POST", "/?a=b", "Host: a\r\n", "");
    check_refused(&request, signed_ms, "MissingAuthenticationTokenException", "Request is missing Authentication Token");
    request = request_of("POST", "/", "Host: a\r\nAuthorization: Basic abc\r\n", "");
    check_refused(&request, signed_ms, "MissingAuthenticationTokenException", "Request is missing Authentication Token");
    request = request_of("POST", "/", "Host: a\r\nAuthorization: AWS4-HMAC-SHA256 Signature=x\r\n", "");
    check_refused(&request, signed_ms, "IncompleteSignatureException",
                  "Authorization header requires 'Credential' parameter. Authorization header requires 'SignedHeaders' "
                  "parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
                  "Authorization=AWS4-HMAC-SHA256 Signature=x");
    request = request_of("POST", "/", "Host: a\r\nDate: x\r\nAuthorization: AWS4-\r\n", "");
    check_refused(&request, signed_ms, "IncompleteSignatureException",
                  "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. "
                  "Authorization header requires 'SignedHeaders' parameter. Authorization=AWS4-");
    request = request_of("POST", "/?X-Amz-Algorithm", "Host: a\r\n", "");
    check_refused(&request, signed_ms, "IncompleteSignatureException",
                  "AWS query-string parameters must include 'X-Amz-Algorithm'. AWS query-string parameters must include "
                  "'X-Amz-Credential'. AWS query-string parameters must include 'X-Amz-Signature'. AWS query-string parameters must "
                  "include 'X-Amz-SignedHeaders'. AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string "
                  "parameters.");
    request = request_of("POST", "/?X-Amz-Algorithm=AWS4-HMAC-SHA256", "Host: a\r\nAuthorization: AWS4-x\r\n", "");
    check_refused(&request, signed_ms, INVALID,
                  "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.");
#define COMPLETE(credential, signed, date) \
    "Host: a\r\nX-Amz-Date: " date "\r\nAuthorization: AWS4-HMAC-SHA256 Credential=" credential ",SignedHeaders=" signed \
    ",Signature=0000000000000000000000000000000000000000000000000000000000000000\r\n"
    request = request_of("POST", "/", COMPLETE("AKIDEXAMPLE/20250222", "host", "20250222T030325Z"), "");
    check_refused(&request, signed_ms, "IncompleteSignatureException",
                  "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got "
                  "'AKIDEXAMPLE/20250222'");
    request = request_of("POST", "/", COMPLETE("NOBODY/20250222/r/s/aws4_request", "host", "20250222T030325Z"), "");
    check_refused(&request, signed_ms, "UnrecognizedClientException",
                  "The security token included in the request is invalid.");
    request = request_of("POST", "/", COMPLETE("AKIDEXAMPLE/20250221/r/s/aws4_request", "host", "20250222T030325Z"), "");
    check_refused(&request, signed_ms, INVALID,
                  "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20250221' != "
                  "'20250222', from '20250222T030325Z'.");
    request = request_of("POST", "/", COMPLETE("AKIDEXAMPLE/20250222/r/s/aws4_request", "x", "20250222T030325Z"), "");
    check_refused(&request, signed_ms, INVALID, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
    request = request_of("POST", "/", COMPLETE("AKIDEXAMPLE/20250222/r/s/aws4_request", "host", "yesterday"), "");
    check_refused(&request, signed_ms, INVALID, "Date must be in ISO-8601 'basic format'. Got 'yesterday'.");
    request = request_of("POST", "/", COMPLETE("AKIDEXAMPLE/20250222/r/s/aws4_request", "host", "20250222T030325Z"), "");
    check_refused(&request, signed_ms, INVALID, MISMATCH " Check your AWS Secret Access Key and signing method. Consult the "
                                                         "service documentation for details.");
}

/* Where no signature can be calculated, none is right: neither zeros nor nothing. */
Test(sigv4, a_request_that_cannot_be_signed_is_not_let_in_by_zeros) {
    static const char *const spoilers[] = {"", "&x=%zz", "&%=1", "&a=%00"};
    static const char *const signatures[] = {"%00", "0", "f", ""};
    char target[2048], signature[256];
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++) {
            signature[0] = 0;
            size_t size = strlen(signatures[j]);
            for (size_t k = 0; k < 64; k++) memcpy(signature + k * size, signatures[j], size + 1);
            (void)snprintf(target, sizeof target,
                           "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE/20250222/r/s/aws4_request"
                           "&X-Amz-Date=20250222T030325Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=%s%s",
                           signature, spoilers[i]);
            struct net_request request = request_of("GET", target, "Host: a\r\n", "");
            cr_expect_neq(verify_at(&request, signed_ms), LEAT_OK, "%s", target);
        }
}

Test(sigv4, unsigned_credentials_are_read_for_what_they_say_whoever_signed) {
    struct net_signing signing;
    struct net_request request = request_of("POST", "/", COMPLETE("fake/20250222/mars-1/sqs/aws4_request", "host", "x"), "");
    cr_assert(net_signing_parse(&request, &signing));
    cr_expect(slice_is(signing.region, "mars-1") && slice_is(signing.service, "sqs") && slice_is(signing.access_key, "fake"));
    request = request_of("POST", "/", COMPLETE("fake/20250222/mars-1/sqs", "host", "x"), "");
    cr_expect(!net_signing_parse(&request, &signing));
    request = request_of("POST", "/", "Host: a\r\n", "");
    cr_expect(!net_signing_parse(&request, &signing));
}
