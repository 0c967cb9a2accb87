#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/slice.h"
#include "net/head.h"
#include "net/signer.h"

struct vector { const char *name, *service, *method, *target, *headers, *body; };
#include "sigv4_vectors.h"

enum { VECTORS = sizeof vectors / sizeof vectors[0] };
static const uint64_t signed_ms = UINT64_C(1740193405000); /* 2025-02-22T03:03:25Z */
static const struct net_credential miller = {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};

static struct net_signer signer;
static struct buf head;
static struct leat_fault fault;

static void start(void) {
    signer = (struct net_signer){.credential = miller, .region = "eu-central-1", .service = "dynamodb"};
    buf_init(&head, NET_HEADER_BYTES_MAX);
}
static void stop(void) { buf_fini(&head); }
TestSuite(signer, .init = start, .fini = stop);

/* The line that begins so, with its end; absent when there is none. */
static struct leat_slice line_of(struct leat_slice text, const char *beginning) {
    const uint8_t *at = memmem(text.data, text.size, beginning, strlen(beginning));
    if (at == NULL) return (struct leat_slice){NULL, 0};
    const uint8_t *end = memchr(at, '\n', text.size - (size_t)(at - text.data));
    return slice_of(at, (size_t)(end + 1 - at));
}

/* As its maker had it before it was signed. */
static void put_unsigned(const struct vector *vector) {
    buf_clear(&head);
    buf_print(&head, "%s %s HTTP/1.1\r\n", vector->method, vector->target);
    for (const char *at = vector->headers, *end; *at != 0; at = end) {
        end = strchr(at, '\n') + 1;
        if (strncmp(at, "Authorization:", 14) != 0 && strncmp(at, "X-Amz-Date:", 11) != 0)
            buf_append(&head, at, (size_t)(end - at));
    }
    buf_append(&head, "\r\n", 2);
}

Test(signer, writes_what_botocore_writes) {
    unsigned compared = 0;
    for (size_t i = 0; i < VECTORS; i++) {
        const struct vector *vector = &vectors[i];
        struct leat_slice expected = line_of(slice_text(vector->headers), "Authorization:");
        if (expected.data == NULL || strcmp(vector->service, "s3") == 0) continue;
        signer.service = vector->service;
        put_unsigned(vector);
        cr_assert_eq(net_sign(&signer, &head, slice_text(vector->body), signed_ms, &fault), LEAT_OK, "%s: %s",
                     vector->name, fault.message);
        struct leat_slice line = line_of(buf_view(&head), "Authorization:");
        cr_expect(slice_equal(line, expected), "%s:\n%.*s%.*s", vector->name, SLICE_FORMAT(line), SLICE_FORMAT(expected));
        cr_expect(slice_is(line_of(buf_view(&head), "X-Amz-Date:"), "X-Amz-Date: 20250222T030325Z\r\n"));
        compared++;
    }
    cr_expect_geq(compared, 9);
}

Test(signer, what_it_signs_is_accepted_and_only_with_the_same_secret) {
    struct arena arena;
    struct net_head parsed;
    const char *type;
    arena_init(&arena, 1 << 20);
    buf_print(&head, "POST /a%%2fb?x=%%7e&flag HTTP/1.1\r\nhost: h\r\nX-B: 1\r\nx-b:  2  3\r\nContent-Length: 2\r\n\r\n");
    cr_assert_eq(net_sign(&signer, &head, SLICE("{}"), signed_ms, &fault), LEAT_OK, "%s", fault.message);
    cr_assert_null(net_head_parse(buf_view(&head), &parsed));
    struct net_request request = {.method = parsed.method, .path = parsed.path, .query = parsed.query,
                                  .headers = parsed.headers, .header_count = parsed.header_count, .body = SLICE("{}"),
                                  .arena = &arena};
    const struct net_credential wrong = {miller.access_key, "another"};
    cr_expect_eq(net_sigv4_verify(&request, &miller, 1, signed_ms + 1000, &type, &fault), LEAT_OK, "%s", fault.message);
    cr_expect_eq(net_sigv4_verify(&request, &wrong, 1, signed_ms + 1000, &type, &fault), LEAT_ACCESS_DENIED);
    request.body = SLICE("[]");
    cr_expect_eq(net_sigv4_verify(&request, &miller, 1, signed_ms + 1000, &type, &fault), LEAT_ACCESS_DENIED);
    arena_fini(&arena);
}

Test(signer, a_malformed_head_is_not_signed) {
    static const char *const heads[] = {"", "\r\n", "GET / HTTP/1.1\r\nHost: h\r\n", "GET / HTTP/1.1\r\nHost: h\r\n\r\n\r\n",
                                        "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n",
                                        "GET / HTTP/1.1\r\n\r\n"};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        buf_clear(&head);
        buf_append(&head, heads[i], strlen(heads[i]));
        cr_expect_eq(net_sign(&signer, &head, SLICE(""), signed_ms, &fault), LEAT_VALIDATION, "%s", heads[i]);
    }
}

Test(signer, keys_that_would_end_the_header_are_refused) {
    static const char *const bad[] = {"", "a b", "a\r\nX: y", "a/b", "a,b", "a=b", "\xc3\xa4"};
    cr_expect_eq(net_signer_check(&signer, &fault), LEAT_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        signer.credential.access_key = bad[i];
        cr_expect_eq(net_signer_check(&signer, &fault), LEAT_VALIDATION, "%s", bad[i]);
        signer.credential.access_key = miller.access_key;
        signer.region = bad[i];
        cr_expect_eq(net_signer_check(&signer, &fault), LEAT_VALIDATION, "%s", bad[i]);
        signer.region = "eu-central-1";
    }
}
