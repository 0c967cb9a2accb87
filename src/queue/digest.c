/* Digests that SDKs check. */
#include <openssl/evp.h>

#include "base/encode.h"
#include "base/slice.h"
#include "queue/service.h"

enum { MD5_BYTES = 16 };

static void finish(EVP_MD_CTX *context, char out[QUEUE_MD5_SIZE]) {
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[EVP_MAX_MD_SIZE] = {0};
    unsigned size = 0;
    out[0] = 0;
    if (context != NULL && EVP_DigestFinal_ex(context, bytes, &size) == 1 && size == MD5_BYTES) {
        for (unsigned i = 0; i < MD5_BYTES; i++) {
            out[2 * i] = digits[bytes[i] >> 4];
            out[2 * i + 1] = digits[bytes[i] & 15];
        }
        out[2 * MD5_BYTES] = 0;
    }
    EVP_MD_CTX_free(context);
}

static EVP_MD_CTX *begin(void) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestInit_ex(context, EVP_md5(), NULL) == 1) return context;
    EVP_MD_CTX_free(context);
    return NULL;
}

static void add(EVP_MD_CTX *context, const void *bytes, size_t size) {
    if (context != NULL) (void)EVP_DigestUpdate(context, bytes, size);
}

static void add_sized(EVP_MD_CTX *context, struct leat_slice bytes) {
    uint8_t size[4] = {(uint8_t)(bytes.size >> 24), (uint8_t)(bytes.size >> 16), (uint8_t)(bytes.size >> 8), (uint8_t)bytes.size};
    add(context, size, sizeof size);
    add(context, bytes.data, bytes.size);
}

void queue_md5(struct leat_slice bytes, char out[QUEUE_MD5_SIZE]) {
    EVP_MD_CTX *context = begin();
    add(context, bytes.data, bytes.size);
    finish(context, out);
}

void queue_md5_attributes(const struct queue_attribute *attributes, size_t count, char out[QUEUE_MD5_SIZE]) {
    out[0] = 0;
    if (count == 0) return;
    EVP_MD_CTX *context = begin();
    for (size_t i = 0; i < count; i++) {
        uint8_t transport = attributes[i].binary ? 2 : 1;
        add_sized(context, attributes[i].name);
        add_sized(context, attributes[i].type);
        add(context, &transport, 1);
        add_sized(context, attributes[i].value);
    }
    finish(context, out);
}

bool queue_sha256(struct leat_slice bytes, struct buf *out) {
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_Digest(bytes.data, bytes.size, digest, &size, EVP_sha256(), NULL) != 1) return false;
    hex_encode(out, slice_of(digest, size));
    return buf_ok(out);
}
