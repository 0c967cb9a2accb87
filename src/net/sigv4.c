#include "net/sigv4.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/encode.h"
#include "base/slice.h"
#include "net/canonical.h"

enum {
    HASH_SIZE = 32,
    HASH_BLOCK = 64,
    HEX_SIZE = 64,
    KEYS_KEPT = 8,
    KEY_NAME_SIZE = 256,
    CANONICAL_BYTES_MAX = 1 << 20
};

#define ALGORITHM "AWS4-HMAC-SHA256"

/* ---- hashes ---- */

/* Fetched once: OpenSSL 3 looks an algorithm up by name for every use otherwise, which costs more than the hash. */
static EVP_MD *sha256;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;
static void fetch_sha256(void) { sha256 = EVP_MD_fetch(NULL, "SHA256", NULL); }

/* One per verification; a failure sticks. */
struct hasher { EVP_MD_CTX *context; bool failed; };

static void hash_parts(struct hasher *hasher, const struct leat_slice *parts, size_t count, uint8_t out[HASH_SIZE]) {
    bool good = !hasher->failed && EVP_DigestInit_ex2(hasher->context, sha256, NULL) == 1;
    for (size_t i = 0; i < count && good; i++)
        good = EVP_DigestUpdate(hasher->context, parts[i].data, parts[i].size) == 1;
    if (!good || EVP_DigestFinal_ex(hasher->context, out, NULL) != 1) hasher->failed = true;
}

static void to_hex(const uint8_t hash[HASH_SIZE], char out[HEX_SIZE]) {
    static const char letters[] = "0123456789abcdef";
    for (int i = 0; i < HASH_SIZE; i++) {
        out[2 * i] = letters[hash[i] >> 4];
        out[2 * i + 1] = letters[hash[i] & 15];
    }
}

static void hash_hex(struct hasher *hasher, struct leat_slice bytes, char out[HEX_SIZE]) {
    uint8_t hash[HASH_SIZE] = {0};
    hash_parts(hasher, &bytes, 1, hash);
    to_hex(hash, out);
}

/* RFC 2104 */
static void hmac(struct hasher *hasher, struct leat_slice key, struct leat_slice text, uint8_t out[HASH_SIZE]) {
    uint8_t block[HASH_BLOCK] = {0}, inner[HASH_SIZE];
    if (key.size > HASH_BLOCK) hash_parts(hasher, &key, 1, block);
    else if (key.size > 0) memcpy(block, key.data, key.size);
    for (int i = 0; i < HASH_BLOCK; i++) block[i] ^= 0x36;
    hash_parts(hasher, (struct leat_slice[]){slice_of(block, HASH_BLOCK), text}, 2, inner);
    for (int i = 0; i < HASH_BLOCK; i++) block[i] ^= 0x36 ^ 0x5c;
    hash_parts(hasher, (struct leat_slice[]){slice_of(block, HASH_BLOCK), slice_of(inner, HASH_SIZE)}, 2, out);
    OPENSSL_cleanse(block, sizeof block);
}

/* ---- signing keys ---- */

/* A key is good for one secret, day, region and service: a client uses the same one all day. */
struct kept_key { char name[KEY_NAME_SIZE]; size_t name_size; uint8_t key[HASH_SIZE]; };
static _Thread_local struct { struct kept_key keys[KEYS_KEPT]; size_t next; } kept;

static void derive_key(struct hasher *hasher, const char *secret, const struct net_signing *signing,
                       uint8_t out[HASH_SIZE]) {
    char first[4 + KEY_NAME_SIZE];
    int size = snprintf(first, sizeof first, "AWS4%s", secret);
    hmac(hasher, slice_of(first, (size_t)size), signing->date, out);
    hmac(hasher, slice_of(out, HASH_SIZE), signing->region, out);
    hmac(hasher, slice_of(out, HASH_SIZE), signing->service, out);
    hmac(hasher, slice_of(out, HASH_SIZE), SLICE("aws4_request"), out);
    OPENSSL_cleanse(first, sizeof first);
}

static size_t join(char *out, size_t size, const struct leat_slice *parts, size_t count) {
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].size + 1 > size - at) return 0;
        if (parts[i].size > 0) memcpy(out + at, parts[i].data, parts[i].size);
        at += parts[i].size;
        out[at++] = '/';
    }
    return at;
}

/* false: secret or scope are longer than anything AWS gives out. */
static bool signing_key(struct hasher *hasher, const char *secret, const struct net_signing *signing,
                        uint8_t out[HASH_SIZE]) {
    char name[KEY_NAME_SIZE];
    struct leat_slice parts[] = {signing->date, signing->region, signing->service, slice_text(secret)};
    size_t size = join(name, sizeof name, parts, 4);
    if (size == 0) return false;
    for (size_t i = 0; i < KEYS_KEPT; i++) {
        const struct kept_key *key = &kept.keys[i];
        if (key->name_size != size || memcmp(key->name, name, size) != 0) continue;
        memcpy(out, key->key, HASH_SIZE);
        return true;
    }
    derive_key(hasher, secret, signing, out);
    if (hasher->failed) return true;
    struct kept_key *key = &kept.keys[kept.next++ % KEYS_KEPT];
    memcpy(key->name, name, size);
    key->name_size = size;
    memcpy(key->key, out, HASH_SIZE);
    return true;
}

/* ---- what the request says ---- */

struct claim {
    struct leat_slice credential, signed_headers, signature, time, expires;
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
    const uint8_t *at = header.data + strlen(ALGORITHM), *end = header.data + header.size;
    while (at < end) {
        const uint8_t *stop = memchr(at, ',', (size_t)(end - at));
        if (stop == NULL) stop = end;
        read_field(claim, trim_spaces(slice_of(at, (size_t)(stop - at))));
        at = stop + 1;
    }
}

/* false: the request does not claim to be signed. */
static bool read_claim(const struct net_request *request, struct claim *claim) {
    *claim = (struct claim){0};
    struct leat_slice header = net_request_header(request, "authorization");
    if (header.data != NULL) {
        claim->time = net_request_header(request, "x-amz-date");
        if (!slice_starts(header, SLICE("AWS4-"))) return false;
        if (slice_starts(header, SLICE(ALGORITHM))) read_header(claim, header);
        claim->header = header;
        return true;
    }
    if (request->query.size == 0) return false;
    struct net_request asked = *request; /* reading a parameter uses the arena, nothing else of the request */
    if (!slice_is(net_request_query(&asked, "X-Amz-Algorithm"), ALGORITHM)) return false;
    claim->credential = net_request_query(&asked, "X-Amz-Credential");
    claim->signed_headers = net_request_query(&asked, "X-Amz-SignedHeaders");
    claim->signature = net_request_query(&asked, "X-Amz-Signature");
    claim->time = net_request_query(&asked, "X-Amz-Date");
    claim->expires = net_request_query(&asked, "X-Amz-Expires");
    return true;
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
    for (size_t i = 0; i < claim->credential.size; i++) /* a decoded query may hold anything */
        if (claim->credential.data[i] <= ' ' || claim->credential.data[i] >= 0x7f) return false;
    claim->signing = (struct net_signing){parts[0], parts[1], parts[2], parts[3]};
    return parts[0].size > 0 && parts[1].size == 8 && slice_is(parts[4], "aws4_request");
}

bool net_signing_parse(const struct net_request *request, struct net_signing *out) {
    struct claim claim;
    if (!read_claim(request, &claim) || !read_scope(&claim)) return false;
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

static const char *write_time(uint64_t time_ms, char out[32]) {
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm tm;
    if (gmtime_r(&seconds, &tm) == NULL || strftime(out, 32, "%Y%m%dT%H%M%SZ", &tm) == 0) out[0] = 0;
    return out;
}

/* ---- verdicts ---- */

#define INVALID "InvalidSignatureException"
#define INCOMPLETE "IncompleteSignatureException"

static enum leat_code check_time(const struct claim *claim, uint64_t now_ms, struct leat_fault *fault) {
    uint64_t signed_ms, valid_ms = NET_SIGV4_SKEW_MS;
    char now[32], bound[32];
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
            SLICE_FORMAT(claim->time), write_time(now_ms + NET_SIGV4_SKEW_MS, bound), write_time(now_ms, now));
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
                     SLICE_FORMAT(claim->time), write_time(now_ms - valid_ms, bound), write_time(now_ms, now),
                     (unsigned long long)(valid_ms / 60000));
}

static enum leat_code check_complete(const struct claim *claim, struct leat_fault *fault) {
    char missing[400];
    int at = 0;
    static const char *const names[] = {"Credential", "Signature", "SignedHeaders"};
    const struct leat_slice parts[] = {claim->credential, claim->signature, claim->signed_headers};
    missing[0] = 0;
    for (int i = 0; i < 3; i++)
        if (parts[i].size == 0)
            at += snprintf(missing + at, sizeof missing - (size_t)at, "Authorization header requires '%s' parameter. ",
                           names[i]);
    if (claim->time.data == NULL)
        (void)snprintf(missing + at, sizeof missing - (size_t)at,
                       "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ");
    if (missing[0] == 0) return LEAT_OK;
    struct leat_slice said = claim->header.size > 400 ? slice_of(claim->header.data, 400) : claim->header;
    return fault_set(fault, LEAT_ACCESS_DENIED, "%sAuthorization=%.*s", missing, SLICE_FORMAT(said));
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

/* What stands for the body in the canonical request. */
static struct leat_slice payload_hash(struct hasher *hasher, const struct net_request *request,
                                      const struct claim *claim, char hex[HEX_SIZE]) {
    struct leat_slice said = net_request_header(request, "x-amz-content-sha256");
    bool s3 = slice_is(claim->signing.service, "s3");
    if (said.data != NULL && signs_header(claim, "x-amz-content-sha256") &&
        (slice_is(said, "UNSIGNED-PAYLOAD") || (s3 && slice_starts(said, SLICE("STREAMING-")))))
        return said;
    /* S3, "Authenticating requests: using query parameters": a presigned request's payload is not known beforehand */
    if (s3 && claim->header.data == NULL) return SLICE("UNSIGNED-PAYLOAD");
    hash_hex(hasher, request->body, hex);
    return slice_of(hex, HEX_SIZE);
}

/* The signature that the holder of this secret would have made, in hex. false: there is none for such a request. */
static bool sign(struct hasher *hasher, struct buf *text, const struct net_request *request, const struct claim *claim,
                 const char *secret, char out[HEX_SIZE]) {
    char hex[HEX_SIZE];
    uint8_t key[HASH_SIZE], signature[HASH_SIZE];
    struct net_canonical how = {.signed_headers = claim->signed_headers,
                                .payload_hash = payload_hash(hasher, request, claim, hex),
                                .path_as_sent = slice_is(claim->signing.service, "s3"),
                                .presigned = claim->header.data == NULL};
    if (!net_canonical_request(text, request, &how)) return false;
    hash_hex(hasher, buf_view(text), hex);
    buf_clear(text);
    buf_slice(text, SLICE(ALGORITHM "\n"));
    buf_slice(text, claim->time);
    buf_slice(text, SLICE("\n"));
    buf_slice(text, slice_of(claim->signing.date.data, claim->credential.size - claim->signing.access_key.size - 1));
    buf_slice(text, SLICE("\n"));
    buf_append(text, hex, HEX_SIZE);
    if (!buf_ok(text) || !signing_key(hasher, secret, &claim->signing, key)) return false;
    hmac(hasher, slice_of(key, HASH_SIZE), buf_view(text), signature);
    if (hasher->failed) return false;
    to_hex(signature, out);
    return true;
}

static enum leat_code check_signature(const struct net_request *request, const struct claim *claim, const char *secret,
                                      struct leat_fault *fault) {
    (void)pthread_once(&sha256_once, fetch_sha256);
    struct hasher hasher = {.context = EVP_MD_CTX_new()};
    if (hasher.context == NULL || sha256 == NULL) {
        EVP_MD_CTX_free(hasher.context);
        return fault_memory(fault);
    }
    char expected[HEX_SIZE];
    struct buf text;
    buf_init(&text, CANONICAL_BYTES_MAX);
    bool made = sign(&hasher, &text, request, claim, secret, expected);
    bool no_memory = hasher.failed || !buf_ok(&text);
    buf_fini(&text);
    EVP_MD_CTX_free(hasher.context);
    if (no_memory) return fault_memory(fault);
    if (made && claim->signature.size == HEX_SIZE && CRYPTO_memcmp(claim->signature.data, expected, HEX_SIZE) == 0)
        return LEAT_OK;
    return fault_set(
        fault, LEAT_ACCESS_DENIED,
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
        "Access Key and signing method. Consult the service documentation for details.");
}

enum leat_code net_sigv4_verify(const struct net_request *request, const struct net_credential *credentials,
                                size_t count, uint64_t now_ms, const char **type, struct leat_fault *fault) {
    struct claim claim;
    *type = "MissingAuthenticationTokenException";
    if (!read_claim(request, &claim))
        return fault_set(fault, LEAT_ACCESS_DENIED, "Request is missing Authentication Token");
    *type = INCOMPLETE;
    TRY(check_complete(&claim, fault));
    if (!read_scope(&claim))
        return fault_set(
            fault, LEAT_ACCESS_DENIED,
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got "
            "'%.*s'",
            SLICE_FORMAT(claim.credential));
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
