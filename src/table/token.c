#include "table/token.h"

#include "base/little.h"
#include "base/slice.h"

enum { TOKEN_SIZE = 16 };

uint64_t token_time_ms(struct leat_slice value) { return value.size == TOKEN_SIZE ? little_get(value.data + 8, 8) : 0; }

enum leat_code token_check(struct leat_slice value, uint64_t hash, uint64_t now_ms, bool *done, struct leat_fault *fault) {
    *done = false;
    if (value.size != TOKEN_SIZE || now_ms > token_time_ms(value) + TOKEN_LIFE_MS) return LEAT_OK;
    *done = little_get(value.data, 8) == hash;
    return *done ? LEAT_OK
                 : fault_set(fault, LEAT_IDEMPOTENT_PARAMETER_MISMATCH,
                             "The request uses the same client token as a previous, but non-identical request. Do not reuse a "
                             "client token with different requests, unless the requests are identical");
}

struct leat_slice token_value(uint64_t hash, uint64_t now_ms, struct arena *arena) {
    uint8_t *bytes = arena_alloc(arena, TOKEN_SIZE);
    if (bytes == NULL) return (struct leat_slice){NULL, 0};
    little_set(bytes, hash, 8);
    little_set(bytes + 8, now_ms, 8);
    return slice_of(bytes, TOKEN_SIZE);
}
