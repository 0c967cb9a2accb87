#include "net/sigv4.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/slice.h"
#include "net/signature.h"

/* ---- what the request says ---- */

struct claim {
    struct leat_slice algorithm, credential, signed_headers, signature, time, expires; /* the first: presigned only */
    struct leat_slice header; /* the Authorization header; absent when presigned */
    struct net_signing signing;
};

static struct leat_slice trim_spaces(struct leat_slice text) {
    while (text.size > 0 && (*text.data == ' ' || *text.data == '\t')) text = slice_of(text.data + 1, text.size - 1);
    while (text.size > 0 && text.data[text.size - 1] == ' ') text.size--;
    return text;
}

static void read_field(struct claim *claim, struct leat_slice field) {
    const uint8_t *equals = memchr(field.data, '=', field.size);
    if (equals == NULL) return;
    struct leat_slice name = slice_of(field.data, (size_t)(equals - field.data));
    struct leat_slice value = slice_of(equals + 1, field.size - name.size - 1);
    if (slice_is(name, "Credential")) claim->credential = value;
    else if (slice_is(name, "SignedHeaders")) claim->signed_headers = value;
    else if (slice_is(name, "Signature")) claim->signature = value;
}

/* AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=... */
static void read_header(struct claim *claim, struct leat_slice header) {
    claim->header = header;
    const uint8_t *at = header.data + strlen(NET_SIGV4_ALGORITHM), *end = header.data + header.size;
    while (at < end) {
        const uint8_t *stop = memchr(at, ',', (size_t)(end - at));
        if (stop == NULL) stop = end;
        read_field(claim, trim_spaces(slice_of(at, (size_t)(stop - at))));
        at = stop + 1;
    }
}

static void read_query(struct claim *claim, const struct net_request *request) {
    struct net_request asked = *request; /* reading a parameter uses the arena, nothing else of the request */
    claim->algorithm = net_request_query(&asked, "X-Amz-Algorithm");
    if (!slice_is(claim->algorithm, NET_SIGV4_ALGORITHM)) claim->algorithm = SLICE("");
    claim->credential = net_request_query(&asked, "X-Amz-Credential");
    claim->signed_headers = net_request_query(&asked, "X-Amz-SignedHeaders");
    claim->signature = net_request_query(&asked, "X-Amz-Signature");
    claim->time = net_request_query(&asked, "X-Amz-Date");
    claim->expires = net_request_query(&asked, "X-Amz-Expires");
}

enum claimed { CLAIMED_NOTHING, CLAIMED, CLAIMED_TWICE };

static enum claimed read_claim(const struct net_request *request, struct claim *claim) {
    *claim = (struct claim){0};
    struct leat_slice header = trim_spaces(net_request_header(request, "authorization"));
    struct net_request asked = *request;
    bool query = request->query.size > 0 && net_request_query(&asked, "X-Amz-Algorithm").data != NULL;
    if (header.data != NULL && query) return CLAIMED_TWICE;
    if (query) read_query(claim, request);
    if (query || !slice_starts(header, SLICE("AWS4-"))) return query ? CLAIMED : CLAIMED_NOTHING;
    claim->time = net_request_header(request, "x-amz-date");
    if (claim->time.data == NULL) claim->time = net_request_header(request, "date");
    if (slice_starts(header, SLICE(NET_SIGV4_ALGORITHM))) read_header(claim, header);
    claim->header = header;
    return CLAIMED;
}

/* keyid/date/region/service/aws4_request */
static bool read_scope(struct claim *claim) {
    struct leat_slice parts[5], rest = claim->credential;
    for (int i = 0; i < 5; i++) {
        if (rest.data == NULL) return false;
        const uint8_t *slash = memchr(rest.data, '/', rest.size);
        if ((slash == NULL) != (i == 4)) return false;
        parts[i] = slash != NULL ? slice_of(rest.data, (size_t)(slash - rest.data)) : rest;
        if (slash != NULL) rest = slice_of(slash + 1, rest.size - parts[i].size - 1);
    }
    if (!slice_within(claim->credential, '!', '~')) return false; /* a decoded query may hold anything */
    claim->signing = (struct net_signing){parts[0], parts[1], parts[2], parts[3]};
    return parts[0].size > 0 && parts[1].size == 8 && slice_is(parts[4], "aws4_request");
}

bool net_signing_parse(const struct net_request *request, struct net_signing *out) {
    struct claim claim;
    if (read_claim(request, &claim) != CLAIMED || !read_scope(&claim)) return false;
    *out = claim.signing;
    return true;
}

/* ---- time ---- */

static int digits(struct leat_slice text, size_t at, size_t count) {
    int value = 0;
    for (size_t i = at; i < at + count; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return -1;
        value = value * 10 + (text.data[i] - '0');
    }
    return value;
}

/* 20250222T030325Z */
static bool read_time(struct leat_slice text, uint64_t *out_ms) {
    if (text.data == NULL || text.size != 16 || text.data[8] != 'T' || text.data[15] != 'Z') return false;
    struct tm tm = {.tm_year = digits(text, 0, 4) - 1900,
                    .tm_mon = digits(text, 4, 2) - 1,
                    .tm_mday = digits(text, 6, 2),
                    .tm_hour = digits(text, 9, 2),
                    .tm_min = digits(text, 11, 2),
                    .tm_sec = digits(text, 13, 2)};
    if (tm.tm_year < 70 || tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour < 0 ||
        tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 || tm.tm_sec > 60)
        return false;
    *out_ms = (uint64_t)timegm(&tm) * 1000;
    return true;
}

/* ---- verdicts ---- */

enum { MISSING_TEXT_MAX = 512 };

#define INVALID "InvalidSignatureException"
#define INCOMPLETE "IncompleteSignatureException"

static enum leat_code check_time(const struct claim *claim, uint64_t now_ms, struct leat_fault *fault) {
    uint64_t signed_ms, valid_ms = NET_SIGV4_SKEW_MS;
    char now[NET_SIGNATURE_TIME_SIZE], bound[NET_SIGNATURE_TIME_SIZE];
    if (!read_time(claim->time, &signed_ms))
        return fault_set(fault, LEAT_ACCESS_DENIED, "Date must be in ISO-8601 'basic format'. Got '%.*s'.",
                         SLICE_FORMAT(claim->time));
    if (!slice_equal(claim->signing.date, slice_of(claim->time.data, 8)))
        return fault_set(
            fault, LEAT_ACCESS_DENIED,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%.*s' != "
            "'%.8s', from '%.*s'.",
            SLICE_FORMAT(claim->signing.date), (const char *)claim->time.data, SLICE_FORMAT(claim->time));
    if (signed_ms > now_ms + NET_SIGV4_SKEW_MS)
        return fault_set(
            fault, LEAT_ACCESS_DENIED, "Signature not yet current: %.*s is still later than %s (%s + 15 min.)",
            SLICE_FORMAT(claim->time), net_signature_time(now_ms + NET_SIGV4_SKEW_MS, bound), net_signature_time(now_ms, now));
    if (claim->header.data == NULL) {
        int seconds =
            claim->expires.size >= 1 && claim->expires.size <= 6 ? digits(claim->expires, 0, claim->expires.size) : -1;
        if (seconds < 0 || seconds > NET_SIGV4_EXPIRES_S_MAX)
            return fault_set(fault, LEAT_ACCESS_DENIED, "X-Amz-Expires must be between 0 and %d seconds",
                             NET_SIGV4_EXPIRES_S_MAX);
        valid_ms = (uint64_t)seconds * 1000;
    }
    if (signed_ms + valid_ms >= now_ms) return LEAT_OK;
    return fault_set(fault, LEAT_ACCESS_DENIED, "Signature expired: %.*s is now earlier than %s (%s - %llu min.)",
                     SLICE_FORMAT(claim->time), net_signature_time(now_ms - valid_ms, bound), net_signature_time(now_ms, now),
                     (unsigned long long)(valid_ms / 60000));
}

/* The parts that a claim lacks, each with `before` and `after` around its name. */
static struct leat_slice list_missing(const struct claim *claim, const char *before, const char *after, char out[MISSING_TEXT_MAX]) {
    bool header = claim->header.data != NULL;
    const struct { const char *name; struct leat_slice part; bool asked; } parts[] = {
        {"X-Amz-Algorithm", claim->algorithm, !header},
        {header ? "Credential" : "X-Amz-Credential", claim->credential, true},
        {header ? "Signature" : "X-Amz-Signature", claim->signature, true},
        {header ? "SignedHeaders" : "X-Amz-SignedHeaders", claim->signed_headers, true},
        {"X-Amz-Date", claim->time, !header},
    };
    int at = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (parts[i].asked && parts[i].part.size == 0)
            at += snprintf(out + at, MISSING_TEXT_MAX - (size_t)at, "%s'%s'%s", before, parts[i].name, after);
    return slice_of(out, (size_t)at);
}

static enum leat_code check_complete(const struct claim *claim, struct leat_fault *fault) {
    char text[MISSING_TEXT_MAX];
    if (claim->header.data == NULL) {
        struct leat_slice missing = list_missing(claim, "AWS query-string parameters must include ", ". ", text);
        if (missing.size == 0) return LEAT_OK;
        return fault_set(fault, LEAT_ACCESS_DENIED, "%.*sRe-examine the query-string parameters.", SLICE_FORMAT(missing));
    }
    struct leat_slice missing = list_missing(claim, "Authorization header requires ", " parameter. ", text);
    bool dated = claim->time.data != NULL;
    if (missing.size == 0 && dated) return LEAT_OK;
    struct leat_slice said = claim->header.size > 400 ? slice_of(claim->header.data, 400) : claim->header;
    return fault_set(fault, LEAT_ACCESS_DENIED, "%.*s%sAuthorization=%.*s", SLICE_FORMAT(missing),
                     dated ? "" : "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ",
                     SLICE_FORMAT(said));
}

static bool signs_header(const struct claim *claim, const char *name) {
    const uint8_t *at = claim->signed_headers.data, *end = at + claim->signed_headers.size;
    while (at < end) {
        const uint8_t *stop = memchr(at, ';', (size_t)(end - at));
        if (stop == NULL) stop = end;
        if (slice_is(slice_of(at, (size_t)(stop - at)), name)) return true;
        at = stop + 1;
    }
    return false;
}

/* What stands for the body in the canonical request; absent: its hash. */
static struct leat_slice payload_word(const struct net_request *request, const struct claim *claim) {
    struct leat_slice said = net_request_header(request, "x-amz-content-sha256");
    bool s3 = slice_is(claim->signing.service, "s3");
    if (said.data != NULL && signs_header(claim, "x-amz-content-sha256") &&
        (slice_is(said, "UNSIGNED-PAYLOAD") || (s3 && slice_starts(said, SLICE("STREAMING-")))))
        return said;
    /* S3, "Authenticating requests: using query parameters": a presigned request's payload is not known beforehand */
    if (s3 && claim->header.data == NULL) return SLICE("UNSIGNED-PAYLOAD");
    return (struct leat_slice){NULL, 0};
}

static enum leat_code check_signature(const struct net_request *request, const struct claim *claim, const char *secret,
                                      struct leat_fault *fault) {
    size_t key_size = claim->signing.access_key.size + 1;
    struct net_signed what = {
        .signing = claim->signing,
        .time = claim->time,
        .scope = slice_of(claim->credential.data + key_size, claim->credential.size - key_size),
        .canonical = {.signed_headers = claim->signed_headers,
                      .payload_hash = payload_word(request, claim),
                      .path_as_sent = slice_is(claim->signing.service, "s3"),
                      .presigned = claim->header.data == NULL},
    };
    char expected[NET_SIGNATURE_SIZE];
    enum leat_code code = net_signature(request, &what, secret, expected, fault);
    if (code == LEAT_NO_MEMORY) return code;
    if (code == LEAT_OK && claim->signature.size == NET_SIGNATURE_SIZE &&
        CRYPTO_memcmp(claim->signature.data, expected, NET_SIGNATURE_SIZE) == 0)
        return LEAT_OK;
    return fault_set(
        fault, LEAT_ACCESS_DENIED,
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
        "Access Key and signing method. Consult the service documentation for details.");
}

static enum leat_code check_claim(const struct net_request *request, struct claim *claim, const char **type, struct leat_fault *fault) {
    enum claimed claimed = read_claim(request, claim);
    *type = "MissingAuthenticationTokenException";
    if (claimed == CLAIMED_NOTHING) return fault_set(fault, LEAT_ACCESS_DENIED, "Request is missing Authentication Token");
    *type = INVALID;
    if (claimed == CLAIMED_TWICE)
        return fault_set(fault, LEAT_ACCESS_DENIED,
                         "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.");
    *type = INCOMPLETE;
    TRY(check_complete(claim, fault));
    if (read_scope(claim)) return LEAT_OK;
    return fault_set(fault, LEAT_ACCESS_DENIED,
                     "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '%.*s'",
                     SLICE_FORMAT(claim->credential));
}

enum leat_code net_sigv4_claimed(const struct net_request *request, const char **type, struct leat_fault *fault) {
    struct claim claim;
    return check_claim(request, &claim, type, fault);
}

enum leat_code net_sigv4_verify(const struct net_request *request, const struct net_credential *credentials,
                                size_t count, uint64_t now_ms, const char **type, struct leat_fault *fault) {
    struct claim claim;
    TRY(check_claim(request, &claim, type, fault));
    const struct net_credential *credential = NULL;
    for (size_t i = 0; i < count && credential == NULL; i++)
        if (slice_is(claim.signing.access_key, credentials[i].access_key)) credential = &credentials[i];
    *type = "UnrecognizedClientException";
    if (credential == NULL)
        return fault_set(fault, LEAT_ACCESS_DENIED, "The security token included in the request is invalid.");
    *type = INVALID;
    TRY(check_time(&claim, now_ms, fault));
    if (!signs_header(&claim, "host"))
        return fault_set(fault, LEAT_ACCESS_DENIED,
                         "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
    return check_signature(request, &claim, credential->secret_key, fault);
}
