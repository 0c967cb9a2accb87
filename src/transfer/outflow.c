#include "transfer/outflow.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/encode.h"
#include "base/slice.h"

enum { CHUNK_BYTES = 64 * 1024, GZIP_WINDOW = 15 + 16, GZIP_MEMORY = 8, MD5_BYTES = 16 };

struct outflow {
    struct bucket_put put;
    bool gzip;
    z_stream stream;
    EVP_MD_CTX *md5;
    unsigned char chunk[CHUNK_BYTES];
};

static bool prepare(struct outflow *outflow, bool gzip) {
    outflow->md5 = EVP_MD_CTX_new();
    if (outflow->md5 == NULL || EVP_DigestInit_ex(outflow->md5, EVP_md5(), NULL) != 1) return false;
    if (gzip && deflateInit2(&outflow->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    outflow->gzip = gzip;
    return true;
}

enum leat_code outflow_new(struct bucket *bucket, struct leat_slice key, bool gzip, struct outflow **out, struct leat_fault *fault) {
    struct outflow *outflow = calloc(1, sizeof *outflow);
    if (outflow == NULL) return fault_memory(fault);
    outflow->put.fd = -1;
    enum leat_code code = prepare(outflow, gzip) ? bucket_put_begin(bucket, key, &outflow->put, fault) : fault_memory(fault);
    if (code == LEAT_OK) *out = outflow;
    else outflow_free(outflow);
    return code;
}

void outflow_free(struct outflow *outflow) {
    if (outflow == NULL) return;
    bucket_put_abort(&outflow->put);
    if (outflow->gzip) (void)deflateEnd(&outflow->stream);
    EVP_MD_CTX_free(outflow->md5);
    free(outflow);
}

static enum leat_code emit(struct outflow *outflow, struct leat_slice bytes, struct leat_fault *fault) {
    if (EVP_DigestUpdate(outflow->md5, bytes.data, bytes.size) != 1) return fault_memory(fault);
    return bucket_put_write(&outflow->put, bytes, fault);
}

static enum leat_code deflate_all(struct outflow *outflow, struct leat_slice bytes, int flush, struct leat_fault *fault) {
    z_stream *stream = &outflow->stream;
    stream->next_in = (unsigned char *)(uintptr_t)bytes.data; /* zlib only reads it */
    stream->avail_in = (uInt)bytes.size;
    do {
        stream->next_out = outflow->chunk;
        stream->avail_out = sizeof outflow->chunk;
        if (deflate(stream, flush) == Z_STREAM_ERROR) return fault_set(fault, LEAT_INTERNAL, "cannot compress");
        TRY(emit(outflow, slice_of(outflow->chunk, sizeof outflow->chunk - stream->avail_out), fault));
    } while (stream->avail_out == 0);
    return LEAT_OK;
}

enum leat_code outflow_write(struct outflow *outflow, struct leat_slice bytes, struct leat_fault *fault) {
    if (!outflow->gzip) return emit(outflow, bytes, fault);
    while (bytes.size > 0) {
        size_t size = bytes.size < (1u << 30) ? bytes.size : 1u << 30; /* zlib counts in 32 bits */
        TRY(deflate_all(outflow, slice_of(bytes.data, size), Z_NO_FLUSH, fault));
        bytes = slice_of(bytes.data + size, bytes.size - size);
    }
    return LEAT_OK;
}

static void hex_text(struct leat_slice bytes, char *out) {
    for (size_t i = 0; i < bytes.size; i++) (void)snprintf(out + 2 * i, 3, "%02x", bytes.data[i]);
}

static bool finish_sums(struct outflow *outflow, struct outflow_sums *sums) {
    unsigned char md5[MD5_BYTES], again[MD5_BYTES];
    struct buf text;
    if (EVP_DigestFinal_ex(outflow->md5, md5, NULL) != 1) return false;
    if (EVP_Digest(md5, sizeof md5, again, NULL, EVP_md5(), NULL) != 1) return false;
    buf_init(&text, OUTFLOW_MD5_SIZE);
    base64_encode(&text, slice_of(md5, sizeof md5));
    bool fine = buf_ok(&text);
    if (fine) (void)snprintf(sums->md5, sizeof sums->md5, "%.*s", SLICE_FORMAT(buf_view(&text)));
    buf_fini(&text);
    hex_text(slice_of(again, sizeof again), sums->etag);
    (void)snprintf(sums->etag + (size_t)2 * MD5_BYTES, sizeof sums->etag - (size_t)2 * MD5_BYTES, "-1");
    return fine;
}

enum leat_code outflow_commit(struct outflow *outflow, struct outflow_sums *sums, struct leat_fault *fault) {
    if (outflow->gzip) TRY(deflate_all(outflow, SLICE(""), Z_FINISH, fault));
    if (!finish_sums(outflow, sums)) return fault_memory(fault);
    return bucket_put_commit(&outflow->put, fault);
}

enum leat_code outflow_put(struct bucket *bucket, struct leat_slice key, struct leat_slice bytes, struct outflow_sums *sums,
                           struct leat_fault *fault) {
    struct outflow *outflow = NULL;
    TRY(outflow_new(bucket, key, false, &outflow, fault));
    enum leat_code code = outflow_write(outflow, bytes, fault);
    if (code == LEAT_OK) code = outflow_commit(outflow, sums, fault);
    outflow_free(outflow);
    return code;
}
