#include "table/token.h"

#include "base/little.h"
#include "base/slice.h"

enum { HEAD_SIZE = 16, UNITS_SIZE = 4 };

uint64_t token_time_ms(struct leat_slice value) { return value.size >= HEAD_SIZE ? little_get(value.data + 8, 8) : 0; }

enum leat_code token_check(struct leat_slice value, uint64_t hash, uint64_t now_ms, bool *done, struct leat_fault *fault) {
    *done = false;
    if (value.size < HEAD_SIZE || now_ms > token_time_ms(value) + TOKEN_LIFE_MS) return LEAT_OK;
    *done = little_get(value.data, 8) == hash;
    return *done ? LEAT_OK
                 : fault_set(fault, LEAT_IDEMPOTENT_PARAMETER_MISMATCH,
                             "The request uses the same client token as a previous, but non-identical request. Do not reuse a "
                             "client token with different requests, unless the requests are identical");
}

uint32_t token_units(struct leat_slice value, size_t i) {
    size_t at = HEAD_SIZE + i * UNITS_SIZE;
    return value.size >= at + UNITS_SIZE ? (uint32_t)little_get(value.data + at, UNITS_SIZE) : 0;
}

struct leat_slice token_value(uint64_t hash, uint64_t now_ms, const uint32_t *units, size_t count, struct arena *arena) {
    uint8_t *bytes = arena_alloc(arena, HEAD_SIZE + count * UNITS_SIZE);
    if (bytes == NULL) return (struct leat_slice){NULL, 0};
    little_set(bytes, hash, 8);
    little_set(bytes + 8, now_ms, 8);
    for (size_t i = 0; i < count; i++) little_set(bytes + HEAD_SIZE + i * UNITS_SIZE, units[i], UNITS_SIZE);
    return slice_of(bytes, HEAD_SIZE + count * UNITS_SIZE);
}
