/* Reading values: taking them apart, looking things up, checking bytes from outside. build.c makes them, size.c weighs them. */
#include "item/value.h"

#include <string.h>

#include "base/encode.h"
#include "base/slice.h"
#include "item/wire.h"

/* A varint length and that many bytes. false at the end and on damage. */
static inline bool wire_bytes(const uint8_t **at, const uint8_t *end, struct leat_slice *out) {
    size_t size;
    const uint8_t *from = wire_length(*at, end, &size);
    if (from == NULL || size > (size_t)(end - from)) return false;
    *out = slice_of(from, size);
    *at = from + size;
    return true;
}

/* One value from *at on; *at moves behind it. */
static inline bool wire_value(const uint8_t **at, const uint8_t *end, struct item_value *out) {
    const uint8_t *begin = *at, *from = begin + 1;
    if (begin == end || *begin < ITEM_NULL || *begin > ITEM_M) return false;
    if (*begin < ITEM_SS) {
        if (!wire_bytes(&from, end, &out->payload)) return false;
    } else {
        if (end - from < WIRE_CONTAINER_LENGTH) return false;
        size_t size = wire_container_length(from);
        from += WIRE_CONTAINER_LENGTH;
        if (size > (size_t)(end - from)) return false;
        out->payload = slice_of(from, size);
        from += size;
    }
    out->type = (enum item_type)*begin;
    out->whole = slice_of(begin, (size_t)(from - begin));
    *at = from;
    return true;
}

bool item_map_next(struct item_iterator *iterator, struct leat_slice *name, struct item_value *value) {
    const uint8_t *at = iterator->at;
    if (at == iterator->end || !wire_bytes(&at, iterator->end, name) || !wire_value(&at, iterator->end, value)) return false;
    iterator->at = at;
    return true;
}

bool item_list_next(struct item_iterator *iterator, struct item_value *value) {
    return iterator->at != iterator->end && wire_value(&iterator->at, iterator->end, value);
}

bool item_set_next(struct item_iterator *iterator, struct leat_slice *element) {
    return iterator->at != iterator->end && wire_bytes(&iterator->at, iterator->end, element);
}

struct item_value item_value_at(struct leat_slice bytes) {
    struct item_value value = {.type = ITEM_ABSENT};
    struct item_iterator iterator = item_iterate(bytes);
    if (!item_list_next(&iterator, &value)) value = (struct item_value){.type = ITEM_ABSENT};
    return value;
}

bool item_find(struct leat_slice map, struct leat_slice name, struct item_value *out) {
    struct item_iterator iterator = item_iterate(map);
    struct leat_slice here;
    while (item_map_next(&iterator, &here, out)) {
        if (slice_equal(here, name)) return true;
    }
    *out = (struct item_value){.type = ITEM_ABSENT};
    return false;
}

bool item_list_at(struct leat_slice list, size_t index, struct item_value *out) {
    struct item_iterator iterator = item_iterate(list);
    for (size_t i = 0; item_list_next(&iterator, out); i++) {
        if (i == index) return true;
    }
    *out = (struct item_value){.type = ITEM_ABSENT};
    return false;
}

size_t item_count(const struct item_value *container) {
    struct item_iterator iterator = item_iterate(container->payload);
    struct leat_slice bytes;
    struct item_value value;
    size_t count = 0;
    switch (container->type) {
    case ITEM_M:
        while (item_map_next(&iterator, &bytes, &value)) count++;
        break;
    case ITEM_L:
        while (item_list_next(&iterator, &value)) count++;
        break;
    case ITEM_SS: case ITEM_NS: case ITEM_BS:
        while (item_set_next(&iterator, &bytes)) count++;
        break;
    default: break;
    }
    return count;
}

bool item_set_has(struct leat_slice set, struct leat_slice element) {
    struct item_iterator iterator = item_iterate(set);
    struct leat_slice here;
    while (item_set_next(&iterator, &here)) {
        if (slice_equal(here, element)) return true;
    }
    return false;
}

static const char *const type_names[] = {"", "NULL", "BOOL", "N", "S", "B", "SS", "NS", "BS", "L", "M"};

const char *item_type_name(enum item_type type) { return type_names[type]; }

/* Asked for every value of every request. */
enum item_type item_type_of(struct leat_slice letters) {
    const uint8_t *at = letters.data;
    if (letters.size == 1) {
        switch (at[0]) {
        case 'S': return ITEM_S;
        case 'N': return ITEM_N;
        case 'B': return ITEM_B;
        case 'M': return ITEM_M;
        case 'L': return ITEM_L;
        default: return ITEM_ABSENT;
        }
    }
    if (letters.size == 2 && at[1] == 'S') return at[0] == 'S' ? ITEM_SS : at[0] == 'N' ? ITEM_NS : at[0] == 'B' ? ITEM_BS : ITEM_ABSENT;
    if (slice_equal(letters, SLICE("BOOL"))) return ITEM_BOOL;
    return slice_equal(letters, SLICE("NULL")) ? ITEM_NULL : ITEM_ABSENT;
}

/* ---- checking bytes from outside ---- */

static bool check_value(const struct item_value *value, unsigned depth);

/* Lengths must be written in the shortest way, or equal items could have different bytes. */
static bool check_length(size_t stored, size_t size) { return stored == wire_length_size(size); }

static bool check_leaf(enum item_type type, struct leat_slice payload) {
    struct item_number number;
    switch (type) {
    case ITEM_NULL: return payload.size == 0;
    case ITEM_BOOL: return payload.size == 1 && payload.data[0] <= 1;
    case ITEM_N: return item_number_decode(payload, &number);
    case ITEM_S: return utf8_valid(payload);
    default: return true;
    }
}

static bool check_set(enum item_type type, struct leat_slice set) {
    static const enum item_type elements[] = {[ITEM_SS] = ITEM_S, [ITEM_NS] = ITEM_N, [ITEM_BS] = ITEM_B};
    struct item_iterator iterator = item_iterate(set);
    struct leat_slice here, before = {NULL, 0};
    for (const uint8_t *begin = iterator.at; item_set_next(&iterator, &here); begin = iterator.at) {
        if (!check_length((size_t)(here.data - begin), here.size) || !check_leaf(elements[type], here)) return false;
        if (before.data != NULL && slice_compare(before, here) >= 0) return false;
        before = here;
    }
    return iterator.at == iterator.end && before.data != NULL; /* AWS: a set is never empty */
}

static bool check_list(struct leat_slice list, unsigned depth) {
    struct item_iterator iterator = item_iterate(list);
    struct item_value value;
    while (item_list_next(&iterator, &value)) {
        if (!check_value(&value, depth)) return false;
    }
    return iterator.at == iterator.end;
}

static bool check_map(struct leat_slice map, unsigned depth) {
    struct item_iterator iterator = item_iterate(map);
    struct leat_slice name, before = {NULL, 0};
    struct item_value value;
    for (const uint8_t *begin = iterator.at; item_map_next(&iterator, &name, &value); begin = iterator.at) {
        if (!check_length((size_t)(name.data - begin), name.size) || !utf8_valid(name)) return false;
        if (before.data != NULL && slice_compare(before, name) >= 0) return false;
        if (!check_value(&value, depth)) return false;
        before = name;
    }
    return iterator.at == iterator.end;
}

static bool check_value(const struct item_value *value, unsigned depth) {
    if (depth > ITEM_DEPTH_MAX) return false;
    switch (value->type) {
    case ITEM_SS: case ITEM_NS: case ITEM_BS: return check_set(value->type, value->payload);
    case ITEM_L: return check_list(value->payload, depth + 1);
    case ITEM_M: return check_map(value->payload, depth + 1);
    default:
        return check_length((size_t)(value->payload.data - value->whole.data) - 1, value->payload.size) &&
               check_leaf(value->type, value->payload);
    }
}

bool item_check(struct leat_slice item) { return check_map(item, 1); }
