/* Lengths as they stand in the compact encoding of value.h. Private to src/item. Plain functions, any thread. */
#ifndef ITEM_WIRE_H
#define ITEM_WIRE_H

#include <stddef.h>
#include <stdint.h>

enum {
    WIRE_CONTAINER_LENGTH = 4, /* bytes, little-endian */
    WIRE_LENGTH_MAX = 5        /* bytes of a varint; lengths stay below 2^32 */
};

/* Reads a varint; where it ends, or NULL when it is cut off or too long. */
static inline const uint8_t *wire_length(const uint8_t *at, const uint8_t *end, size_t *out) {
    if (at < end && *at < 0x80) {
        *out = *at;
        return at + 1;
    }
    size_t value = 0;
    for (unsigned shift = 0; shift < 7 * WIRE_LENGTH_MAX && at < end; shift += 7) {
        value |= (size_t)(*at & 0x7f) << shift;
        if (*at++ < 0x80) {
            *out = value;
            return at;
        }
    }
    return NULL;
}

/* Bytes of the shortest varint for a length. */
static inline size_t wire_length_size(size_t length) {
    size_t size = 1;
    for (; length >= 0x80; length >>= 7) size++;
    return size;
}

static inline size_t wire_container_length(const uint8_t *at) {
    return (size_t)at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
}

#endif
