/* A fast, stable 64-bit hash (FNV-1a with a final mix). It decides where items lie on disk: it must never change. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "leat_types.h"

static inline uint64_t hash_bytes(struct leat_slice bytes) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < bytes.size; i++) hash = (hash ^ bytes.data[i]) * 0x100000001b3u;
    hash ^= hash >> 33;
    hash *= 0xff51afd7ed558ccdu;
    hash ^= hash >> 33;
    hash *= 0xc4ceb9fe1a85ec53u;
    hash ^= hash >> 33;
    return hash;
}

#endif
