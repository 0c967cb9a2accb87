#include "net/signer.h"

#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "net/head.h"
#include "net/signature.h"

enum { SIGN_MEMORY_MAX = 4 << 20, DATE_SIZE = 8 };

/* What separates the parts of the header's value. */
static bool plain(const char *text) {
    if (*text == 0) return false;
    for (; *text != 0; text++)
        if (*text <= ' ' || *text >= 0x7f || strchr(",/=", *text) != NULL) return false;
    return true;
}

enum leat_code net_signer_check(const struct net_signer *signer, struct leat_fault *fault) {
    if (!plain(signer->credential.access_key)) return fault_set(fault, LEAT_VALIDATION, "this is not an access key");
    if (!plain(signer->region)) return fault_set(fault, LEAT_VALIDATION, "this is not a region: %s", signer->region);
    return LEAT_OK;
}

static int slice_order(const void *a, const void *b) {
    const struct leat_slice *left = a, *right = b;
    return slice_compare(*left, *right);
}

static struct leat_slice lower(struct arena *arena, struct leat_slice name) {
    struct buf out;
    buf_init(&out, name.size);
    for (size_t i = 0; i < name.size; i++) {
        uint8_t byte = name.data[i];
        buf_byte(&out, byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte);
    }
    struct leat_slice copy = buf_ok(&out) ? arena_copy(arena, buf_view(&out)) : (struct leat_slice){NULL, 0};
    buf_fini(&out);
    return copy;
}

/* "host;x-amz-date;x-amz-target"; absent: no memory. */
static struct leat_slice signed_headers(struct arena *arena, const struct net_request *request) {
    struct leat_slice names[NET_HEADERS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++) {
        names[count] = lower(arena, request->headers[i].name);
        if (names[count].data == NULL) return names[count];
        if (!slice_is(names[count], "content-length")) count++;
    }
    qsort(names, count, sizeof names[0], slice_order);
    struct buf out;
    buf_init(&out, NET_HEADER_BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && slice_equal(names[i], names[i - 1])) continue;
        if (i > 0) buf_byte(&out, ';');
        buf_slice(&out, names[i]);
    }
    struct leat_slice copy = buf_ok(&out) ? arena_copy(arena, buf_view(&out)) : (struct leat_slice){NULL, 0};
    buf_fini(&out);
    return copy;
}

/* false: no memory. */
static bool scope_init(struct net_signed *what, const struct net_signer *signer, struct arena *arena) {
    what->signing = (struct net_signing){.access_key = slice_text(signer->credential.access_key),
                                         .date = slice_of(what->time.data, DATE_SIZE),
                                         .region = slice_text(signer->region),
                                         .service = slice_text(signer->service)};
    what->scope = arena_print(arena, "%.*s/%s/%s/aws4_request", SLICE_FORMAT(what->signing.date), signer->region,
                              signer->service);
    return what->scope.data != NULL;
}

/* Appends the line. */
static enum leat_code authorize(const struct net_signer *signer, struct buf *out, const struct net_request *request,
                                struct leat_fault *fault) {
    struct net_signed what = {.time = net_request_header(request, "x-amz-date")};
    what.canonical.signed_headers = signed_headers(request->arena, request);
    if (what.canonical.signed_headers.data == NULL || !scope_init(&what, signer, request->arena)) return fault_memory(fault);
    char signature[NET_SIGNATURE_SIZE];
    TRY(net_signature(request, &what, signer->credential.secret_key, signature, fault));
    buf_print(out, "Authorization: " NET_SIGV4_ALGORITHM " Credential=%s/%.*s, SignedHeaders=%.*s, Signature=%.*s\r\n",
              signer->credential.access_key, SLICE_FORMAT(what.scope), SLICE_FORMAT(what.canonical.signed_headers),
              NET_SIGNATURE_SIZE, signature);
    return LEAT_OK;
}

static enum leat_code sign_parsed(const struct net_signer *signer, struct buf *head, struct leat_slice body,
                                  struct arena *arena, struct leat_fault *fault) {
    struct net_head parsed;
    const struct net_refusal *refusal = NULL;
    size_t scanned = 0;
    if (net_head_end(buf_view(head), &scanned, &refusal) == head->size) refusal = net_head_parse(buf_view(head), &parsed);
    else if (refusal == NULL) return fault_set(fault, LEAT_VALIDATION, "the request's head is malformed");
    if (refusal != NULL) return fault_set(fault, LEAT_VALIDATION, "the request's head: %s", refusal->message);
    struct net_request request = {.method = parsed.method, .path = parsed.path, .query = parsed.query,
                                  .headers = parsed.headers, .header_count = parsed.header_count, .body = body,
                                  .arena = arena};
    struct buf line;
    buf_init(&line, NET_HEADER_BYTES_MAX);
    enum leat_code code = authorize(signer, &line, &request, fault);
    if (code == LEAT_OK) {
        head->size -= 2; /* the empty line */
        buf_slice(head, buf_view(&line));
        buf_slice(head, SLICE("\r\n"));
        if (!buf_ok(head) || !buf_ok(&line)) code = fault_memory(fault);
    }
    buf_fini(&line);
    return code;
}

enum leat_code net_sign(const struct net_signer *signer, struct buf *head, struct leat_slice body, uint64_t now_ms,
                        struct leat_fault *fault) {
    char time[NET_SIGNATURE_TIME_SIZE];
    if (head->size < 2) return fault_set(fault, LEAT_VALIDATION, "the request's head is malformed");
    head->size -= 2; /* the empty line */
    buf_print(head, "X-Amz-Date: %s\r\n\r\n", net_signature_time(now_ms, time));
    if (!buf_ok(head)) return fault_memory(fault);
    struct arena arena;
    arena_init(&arena, SIGN_MEMORY_MAX);
    enum leat_code code = sign_parsed(signer, head, body, &arena, fault);
    arena_fini(&arena);
    return code;
}

struct leat_slice net_presign(const struct net_signer *signer, struct leat_slice host, struct leat_slice path,
                              unsigned expires_seconds, uint64_t now_ms, struct arena *arena) {
    const struct leat_slice none = {NULL, 0};
    char time[NET_SIGNATURE_TIME_SIZE], signature[NET_SIGNATURE_SIZE];
    struct net_signed what = {.time = slice_text(net_signature_time(now_ms, time)),
                              .canonical.signed_headers = SLICE("host")};
    if (what.time.size == 0 || !scope_init(&what, signer, arena)) return none;
    const struct net_header header = {SLICE("Host"), host};
    struct net_request request = {.method = SLICE("GET"), .path = path, .headers = &header, .header_count = 1,
                                  .body = SLICE(""), .arena = arena};
    request.query = arena_print(arena,
                                "X-Amz-Algorithm=" NET_SIGV4_ALGORITHM "&X-Amz-Credential=%s%%2F%.*s%%2F%s%%2F%s%%2Faws4_request"
                                "&X-Amz-Date=%s&X-Amz-Expires=%u&X-Amz-SignedHeaders=host",
                                signer->credential.access_key, SLICE_FORMAT(what.signing.date), signer->region,
                                signer->service, time, expires_seconds);
    if (request.query.data == NULL ||
        net_signature(&request, &what, signer->credential.secret_key, signature, NULL) != LEAT_OK)
        return none;
    return arena_print(arena, "%.*s&X-Amz-Signature=%.*s", SLICE_FORMAT(request.query), NET_SIGNATURE_SIZE, signature);
}
