#include "net/signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/slice.h"

enum { HASH_SIZE = 32, HASH_BLOCK = 64, KEYS_KEPT = 8, KEY_NAME_SIZE = 256, CANONICAL_BYTES_MAX = 1 << 20 };

/* ---- hashes ---- */

/* Fetched once: OpenSSL 3 looks an algorithm up by name for every use otherwise, which costs more than the hash. */
static EVP_MD *sha256;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;
static void fetch_sha256(void) { sha256 = EVP_MD_fetch(NULL, "SHA256", NULL); }

/* One per signature; a failure sticks. */
struct hasher { EVP_MD_CTX *context; bool failed; };

static void hash_parts(struct hasher *hasher, const struct leat_slice *parts, size_t count, uint8_t out[HASH_SIZE]) {
    bool good = !hasher->failed && EVP_DigestInit_ex2(hasher->context, sha256, NULL) == 1;
    for (size_t i = 0; i < count && good; i++)
        good = EVP_DigestUpdate(hasher->context, parts[i].data, parts[i].size) == 1;
    if (!good || EVP_DigestFinal_ex(hasher->context, out, NULL) != 1) hasher->failed = true;
}

static void to_hex(const uint8_t hash[HASH_SIZE], char out[NET_SIGNATURE_SIZE]) {
    static const char letters[] = "0123456789abcdef";
    for (int i = 0; i < HASH_SIZE; i++) {
        out[2 * i] = letters[hash[i] >> 4];
        out[2 * i + 1] = letters[hash[i] & 15];
    }
}

static void hash_hex(struct hasher *hasher, struct leat_slice bytes, char out[NET_SIGNATURE_SIZE]) {
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

/* ---- signatures ---- */

/* false: this request cannot be signed, or the hasher has failed. */
static bool sign(struct hasher *hasher, struct buf *text, const struct net_request *request,
                 const struct net_signed *what, const char *secret, char out[NET_SIGNATURE_SIZE]) {
    char hex[NET_SIGNATURE_SIZE];
    uint8_t key[HASH_SIZE], signature[HASH_SIZE];
    struct net_canonical canonical = what->canonical;
    if (canonical.payload_hash.data == NULL) {
        hash_hex(hasher, request->body, hex);
        canonical.payload_hash = slice_of(hex, NET_SIGNATURE_SIZE);
    }
    if (!net_canonical_request(text, request, &canonical)) return false;
    hash_hex(hasher, buf_view(text), hex);
    buf_clear(text);
    buf_slice(text, SLICE(NET_SIGV4_ALGORITHM "\n"));
    buf_slice(text, what->time);
    buf_slice(text, SLICE("\n"));
    buf_slice(text, what->scope);
    buf_slice(text, SLICE("\n"));
    buf_append(text, hex, NET_SIGNATURE_SIZE);
    if (!buf_ok(text) || !signing_key(hasher, secret, &what->signing, key)) return false;
    hmac(hasher, slice_of(key, HASH_SIZE), buf_view(text), signature);
    to_hex(signature, out);
    return !hasher->failed;
}

enum leat_code net_signature(const struct net_request *request, const struct net_signed *what, const char *secret,
                             char out[NET_SIGNATURE_SIZE], struct leat_fault *fault) {
    (void)pthread_once(&sha256_once, fetch_sha256);
    struct hasher hasher = {.context = EVP_MD_CTX_new()};
    if (hasher.context == NULL || sha256 == NULL) {
        EVP_MD_CTX_free(hasher.context);
        return fault_memory(fault);
    }
    struct buf text;
    buf_init(&text, CANONICAL_BYTES_MAX);
    bool made = sign(&hasher, &text, request, what, secret, out);
    bool no_memory = hasher.failed || !buf_ok(&text);
    buf_fini(&text);
    EVP_MD_CTX_free(hasher.context);
    if (no_memory) return fault_memory(fault);
    return made ? LEAT_OK : fault_set(fault, LEAT_VALIDATION, "the request cannot be signed");
}

const char *net_signature_time(uint64_t time_ms, char out[NET_SIGNATURE_TIME_SIZE]) {
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm tm;
    if (gmtime_r(&seconds, &tm) == NULL || strftime(out, NET_SIGNATURE_TIME_SIZE, "%Y%m%dT%H%M%SZ", &tm) == 0) out[0] = 0;
    return out;
}
