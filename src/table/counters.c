#include "table/counters.h"

#include <assert.h>

#include "base/little.h"
#include "base/slice.h"
#include "table/schema.h"

enum { COUNTERS_SIZE = 16 };

struct leat_slice counters_key(void) {
    static const uint8_t key[1] = {SCHEMA_SPACE_COUNTERS};
    return slice_of(key, sizeof key);
}

struct leat_slice counters_local_key(uint8_t space) {
    static const uint8_t keys[SCHEMA_LOCALS_MAX][2] = {{SCHEMA_SPACE_COUNTERS, SCHEMA_SPACE_LOCAL},
                                                       {SCHEMA_SPACE_COUNTERS, SCHEMA_SPACE_LOCAL + 1},
                                                       {SCHEMA_SPACE_COUNTERS, SCHEMA_SPACE_LOCAL + 2},
                                                       {SCHEMA_SPACE_COUNTERS, SCHEMA_SPACE_LOCAL + 3},
                                                       {SCHEMA_SPACE_COUNTERS, SCHEMA_SPACE_LOCAL + 4}};
    assert(space >= SCHEMA_SPACE_LOCAL && space < SCHEMA_SPACE_LOCAL + SCHEMA_LOCALS_MAX);
    return slice_of(keys[space - SCHEMA_SPACE_LOCAL], 2);
}

struct counters counters_decode(struct leat_slice value) {
    if (value.size != COUNTERS_SIZE) return (struct counters){0, 0};
    return (struct counters){little_get(value.data, 8), little_get(value.data + 8, 8)};
}

struct leat_slice counters_encode(struct counters counters, struct arena *arena) {
    uint8_t *bytes = arena_alloc(arena, COUNTERS_SIZE);
    if (bytes == NULL) return (struct leat_slice){NULL, 0};
    little_set(bytes, counters.items, 8);
    little_set(bytes + 8, counters.bytes, 8);
    return slice_of(bytes, COUNTERS_SIZE);
}
