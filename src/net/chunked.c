#include "net/chunked.h"

#include <string.h>

static const struct net_refusal
    BAD_CHUNK = {400, "a chunk of the body is malformed"},
    BAD_TRAILER = {400, "a trailer field is malformed"},
    LONG_TRAILER = {431, "the trailer fields are too large"},
    LONG_BODY = {413, "the body of the request is too large"};

static int hex_digit(uint8_t byte) {
    if (byte >= '0' && byte <= '9') return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* The size of the line with its CR LF; 0 when it is not complete, or not a line (*bad). */
static size_t line_size(const uint8_t *bytes, size_t size, bool *bad) {
    size_t look = size < NET_CHUNK_LINE_MAX ? size : NET_CHUNK_LINE_MAX, at = 0;
    while (at < look && (bytes[at] >= ' ' || bytes[at] == '\t') && bytes[at] != 0x7f) at++;
    if (at == look) {
        *bad = look == NET_CHUNK_LINE_MAX;
        return 0;
    }
    if (bytes[at] == '\r' && at + 1 == size) return 0;
    *bad = bytes[at] != '\r' || bytes[at + 1] != '\n';
    return *bad ? 0 : at + 2;
}

/* chunk-size [ ";" extensions ]: the extensions are dropped. White space before them is not part of the grammar. */
static const struct net_refusal *read_size(struct net_chunked *chunked, const uint8_t *line, size_t size) {
    uint64_t value = 0;
    size_t digits = 0;
    for (; digits < size && hex_digit(line[digits]) >= 0; digits++) {
        if (digits == 12) return &BAD_CHUNK; /* far over any limit, far from overflow */
        value = value * 16 + (uint64_t)hex_digit(line[digits]);
    }
    if (digits == 0 || (digits < size && line[digits] != ';')) return &BAD_CHUNK;
    chunked->left = value;
    chunked->state = value == 0 ? NET_CHUNK_TRAILER : NET_CHUNK_DATA;
    return NULL;
}

static const struct net_refusal *read_trailer(struct net_chunked *chunked, const uint8_t *line, size_t size) {
    if (size == 0) chunked->state = NET_CHUNK_DONE;
    if (size == 0) return NULL;
    chunked->trailer_size += size + 2;
    if (chunked->trailer_size > NET_TRAILER_BYTES_MAX) return &LONG_TRAILER;
    const uint8_t *colon = memchr(line, ':', size);
    bool bad =
        colon == NULL || colon == line || line[0] == ' ' || line[0] == '\t' || colon[-1] == ' ' || colon[-1] == '\t';
    return bad ? &BAD_TRAILER : NULL;
}

static size_t read_data(struct net_chunked *chunked, const uint8_t *raw, size_t size, uint8_t *body,
                        size_t *body_size) {
    size_t take = size < chunked->left ? size : (size_t)chunked->left;
    memmove(body + *body_size, raw, take);
    *body_size += take;
    chunked->left -= take;
    if (chunked->left == 0) chunked->state = NET_CHUNK_DATA_END;
    return take;
}

static size_t read_line(struct net_chunked *chunked, const uint8_t *raw, size_t size,
                        const struct net_refusal **refusal) {
    bool bad = chunked->state == NET_CHUNK_DATA_END && raw[0] != '\r';
    size_t taken = bad ? 0 : line_size(raw, size, &bad);
    if (bad) *refusal = chunked->state == NET_CHUNK_TRAILER ? &BAD_TRAILER : &BAD_CHUNK;
    if (taken == 0) return 0;
    if (chunked->state == NET_CHUNK_SIZE) *refusal = read_size(chunked, raw, taken - 2);
    else if (chunked->state == NET_CHUNK_TRAILER) *refusal = read_trailer(chunked, raw, taken - 2);
    else if (taken == 2) chunked->state = NET_CHUNK_SIZE; /* the end of a chunk's data */
    else *refusal = &BAD_CHUNK;
    return taken;
}

size_t net_chunked_read(struct net_chunked *chunked, uint8_t *raw, size_t size, uint8_t *body, size_t *body_size,
                        size_t body_max, const struct net_refusal **refusal) {
    size_t at = 0;
    *refusal = NULL;
    while (at < size && chunked->state != NET_CHUNK_DONE) {
        size_t taken = chunked->state == NET_CHUNK_DATA
                           ? read_data(chunked, raw + at, size - at, body, body_size)
                           : read_line(chunked, raw + at, size - at, refusal);
        if (*refusal != NULL || taken == 0) break;
        if (chunked->state == NET_CHUNK_DATA && chunked->left > body_max - *body_size) *refusal = &LONG_BODY;
        if (*refusal != NULL) break;
        at += taken;
    }
    return at;
}
