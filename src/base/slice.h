/* Borrowed bytes: small helpers on struct leat_slice. Plain values, no ownership. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <string.h>

#include "leat_types.h"

/* A string literal or array of known length, without its final zero. */
#define SLICE(literal) ((struct leat_slice){(const uint8_t *)("" literal), sizeof(literal) - 1})

/* For printf's "%.*s". */
#define SLICE_FORMAT(slice) (int)(slice).size, (const char *)(slice).data

static inline struct leat_slice slice_of(const void *data, size_t size) {
    return (struct leat_slice){(const uint8_t *)data, size};
}

/* A zero-terminated string; NULL gives an absent slice. */
static inline struct leat_slice slice_text(const char *text) {
    if (text == NULL) return (struct leat_slice){NULL, 0};
    return slice_of(text, strlen(text));
}

static inline bool slice_equal(struct leat_slice a, struct leat_slice b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool slice_is(struct leat_slice a, const char *text) {
    return slice_equal(a, slice_text(text));
}

/* Byte order: negative, zero or positive. A prefix comes before what it begins. */
static inline int slice_compare(struct leat_slice a, struct leat_slice b) {
    size_t shorter = a.size < b.size ? a.size : b.size;
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
    if (order != 0) return order;
    return (a.size > b.size) - (a.size < b.size);
}

static inline bool slice_starts(struct leat_slice whole, struct leat_slice prefix) {
    return whole.size >= prefix.size && (prefix.size == 0 || memcmp(whole.data, prefix.data, prefix.size) == 0);
}

/* Is every byte in [low, high]? 0 < low <= high < 0x80. Eight bytes at a time: no sum carries into the next byte. */
static inline bool slice_within(struct leat_slice text, uint8_t low, uint8_t high) {
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    size_t i = 0;
    for (; i + 8 <= text.size; i += 8) {
        uint64_t eight;
        memcpy(&eight, text.data + i, sizeof eight);
        uint64_t over = (eight | (eight + ones * (0x7fu - high))) & tops, reached = (eight + ones * (0x80u - low)) & tops;
        if (over != 0 || reached != tops) return false;
    }
    for (; i < text.size; i++)
        if (text.data[i] < low || text.data[i] > high) return false;
    return true;
}

#endif
