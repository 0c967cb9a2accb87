/* Little-endian integers in 1 to 8 bytes. */
#ifndef BASE_LITTLE_H
#define BASE_LITTLE_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t little_get(const uint8_t *at, unsigned bytes) {
    uint64_t value = 0;
    memcpy(&value, at, bytes); /* of a known size: one instruction */
    return le64toh(value);
}

static inline void little_set(uint8_t *at, uint64_t value, unsigned bytes) {
    value = htole64(value);
    memcpy(at, &value, bytes);
}

#endif
