#include "transfer/inflow.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { INPUT_BYTES = 64 * 1024, GZIP_WINDOW = 15 + 16 /* zlib: the largest window, in gzip's wrapping */ };

struct inflow {
    int fd;
    enum inflow_kind kind;
    bool ended;    /* the file is read to its end */
    bool inside;   /* a member or frame has begun and not ended */
    size_t at, size; /* what of input has not been used yet */
    z_stream gzip;
    ZSTD_DStream *zstd;
    unsigned char input[INPUT_BYTES];
};

enum leat_code inflow_new(int fd, enum inflow_kind kind, struct inflow **out, struct leat_fault *fault) {
    struct inflow *inflow = calloc(1, sizeof *inflow);
    if (inflow == NULL) {
        (void)close(fd);
        return fault_memory(fault);
    }
    inflow->fd = fd;
    inflow->kind = kind;
    bool ready = true;
    if (kind == INFLOW_GZIP) ready = inflateInit2(&inflow->gzip, GZIP_WINDOW) == Z_OK;
    if (kind == INFLOW_ZSTD) ready = (inflow->zstd = ZSTD_createDStream()) != NULL;
    if (ready) {
        *out = inflow;
        return LEAT_OK;
    }
    inflow->kind = INFLOW_NONE;
    inflow_free(inflow);
    return fault_memory(fault);
}

void inflow_free(struct inflow *inflow) {
    if (inflow == NULL) return;
    if (inflow->kind == INFLOW_GZIP) (void)inflateEnd(&inflow->gzip);
    if (inflow->kind == INFLOW_ZSTD) (void)ZSTD_freeDStream(inflow->zstd);
    (void)close(inflow->fd);
    free(inflow);
}

static enum leat_code read_some(int fd, void *out, size_t room, size_t *got, struct leat_fault *fault) {
    ssize_t size;
    do size = read(fd, out, room);
    while (size < 0 && errno == EINTR);
    if (size < 0) return fault_errno(fault, errno, "reading an object");
    *got = (size_t)size;
    return LEAT_OK;
}

static enum leat_code refill(struct inflow *inflow, struct leat_fault *fault) {
    inflow->at = 0;
    TRY(read_some(inflow->fd, inflow->input, sizeof inflow->input, &inflow->size, fault));
    inflow->ended = inflow->size == 0;
    return LEAT_OK;
}

static enum leat_code corrupted(const char *what, struct leat_fault *fault) {
    return fault_set(fault, LEAT_SERIALIZATION, "The object is not %s data, or it is corrupted", what);
}

static enum leat_code inflate_some(struct inflow *inflow, void *out, size_t room, size_t *got, struct leat_fault *fault) {
    z_stream *gzip = &inflow->gzip;
    gzip->next_in = inflow->input + inflow->at;
    gzip->avail_in = (uInt)(inflow->size - inflow->at);
    gzip->next_out = out;
    gzip->avail_out = (uInt)room;
    if (!inflow->inside && gzip->avail_in > 0) inflow->inside = inflateReset(gzip) == Z_OK;
    int result = inflate(gzip, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return corrupted("GZIP", fault);
    if (result == Z_STREAM_END) inflow->inside = false;
    inflow->at = inflow->size - gzip->avail_in;
    *got = room - gzip->avail_out;
    return LEAT_OK;
}

static enum leat_code unzstd_some(struct inflow *inflow, void *out, size_t room, size_t *got, struct leat_fault *fault) {
    ZSTD_inBuffer in = {inflow->input, inflow->size, inflow->at};
    ZSTD_outBuffer to = {out, room, 0};
    size_t left = ZSTD_decompressStream(inflow->zstd, &to, &in);
    if (ZSTD_isError(left)) return corrupted("ZSTD", fault);
    inflow->inside = left != 0;
    inflow->at = in.pos;
    *got = to.pos;
    return LEAT_OK;
}

/* What the decompressor still holds comes out before more is read; at the end of the file it must hold nothing. */
static enum leat_code decompress(struct inflow *inflow, void *out, size_t room, size_t *got, struct leat_fault *fault) {
    bool gzip = inflow->kind == INFLOW_GZIP;
    for (;;) {
        if (inflow->at < inflow->size || inflow->inside)
            TRY(gzip ? inflate_some(inflow, out, room, got, fault) : unzstd_some(inflow, out, room, got, fault));
        if (*got > 0) return LEAT_OK;
        if (inflow->at < inflow->size) continue;
        if (inflow->ended) return inflow->inside ? corrupted(gzip ? "GZIP" : "ZSTD", fault) : LEAT_OK;
        TRY(refill(inflow, fault));
    }
}

enum leat_code inflow_read(struct inflow *inflow, void *out, size_t room, size_t *got, struct leat_fault *fault) {
    *got = 0;
    if (inflow->kind == INFLOW_NONE) return read_some(inflow->fd, out, room, got, fault);
    return decompress(inflow, out, room, got, fault);
}
