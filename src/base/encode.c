#include "base/encode.h"

#include <string.h>

static const char base64_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *out, struct leat_slice bytes) {
    if (bytes.size > SIZE_MAX / 2) {
        out->failed = true;
        return;
    }
    size_t size = (bytes.size + 2) / 3 * 4;
    if (!buf_reserve(out, size)) return;
    uint8_t *to = out->data == NULL ? NULL : out->data + out->size;
    const uint8_t *from = bytes.data;
    size_t left = bytes.size;
    for (; left >= 3; left -= 3, from += 3) {
        uint32_t group = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
        *to++ = (uint8_t)base64_letters[group >> 18];
        *to++ = (uint8_t)base64_letters[group >> 12 & 63];
        *to++ = (uint8_t)base64_letters[group >> 6 & 63];
        *to++ = (uint8_t)base64_letters[group & 63];
    }
    if (left > 0) {
        uint32_t group = (uint32_t)from[0] << 16 | (left == 2 ? (uint32_t)from[1] << 8 : 0);
        *to++ = (uint8_t)base64_letters[group >> 18];
        *to++ = (uint8_t)base64_letters[group >> 12 & 63];
        *to++ = left == 2 ? (uint8_t)base64_letters[group >> 6 & 63] : '=';
        *to++ = '=';
    }
    out->size += size;
}

/* 0..63, or 64 for what is no letter of base64 */
static uint32_t base64_value(uint8_t letter) {
    if (letter >= 'A' && letter <= 'Z') return letter - (uint32_t)'A';
    if (letter >= 'a' && letter <= 'z') return letter - (uint32_t)'a' + 26;
    if (letter >= '0' && letter <= '9') return letter - (uint32_t)'0' + 52;
    if (letter == '+') return 62;
    return letter == '/' ? 63 : 64;
}

/* One group of four letters, the last `padding` of which were '='. false: not base64, or bits set that no byte takes. */
static bool base64_group(const uint8_t *letters, size_t padding, uint8_t out[3]) {
    uint32_t group = 0;
    for (size_t i = 0; i < 4; i++) {
        uint32_t value = i >= 4 - padding ? 0 : base64_value(letters[i]);
        if (value > 63) return false;
        group = group << 6 | value;
    }
    out[0] = (uint8_t)(group >> 16);
    out[1] = (uint8_t)(group >> 8);
    out[2] = (uint8_t)group;
    return (padding < 1 || out[2] == 0) && (padding < 2 || out[1] == 0);
}

struct leat_slice base64_decode(struct arena *arena, struct leat_slice text) {
    struct leat_slice none = {NULL, 0};
    if (text.data == NULL || text.size % 4 != 0) return none;
    uint8_t *bytes = arena_alloc(arena, text.size / 4 * 3);
    if (bytes == NULL || text.size == 0) return (struct leat_slice){bytes, 0};
    const uint8_t *last = text.data + text.size - 4;
    size_t padding = last[3] != '=' ? 0 : last[2] != '=' ? 1 : 2;
    uint8_t *to = bytes;
    for (const uint8_t *from = text.data; from < last; from += 4, to += 3) {
        if (!base64_group(from, 0, to)) return none;
    }
    if (!base64_group(last, padding, to)) return none;
    return (struct leat_slice){bytes, text.size / 4 * 3 - padding};
}

void hex_encode(struct buf *out, struct leat_slice bytes) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.size; i++) {
        buf_byte(out, (uint8_t)digits[bytes.data[i] >> 4]);
        buf_byte(out, (uint8_t)digits[bytes.data[i] & 15]);
    }
}

/* RFC 3629 section 4 */
size_t utf8_sequence(const uint8_t *at, size_t left) {
    uint8_t first = at[0];
    if (first < 0x80) return 1;
    if (first < 0xc2 || first > 0xf4) return 0;
    size_t size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (left < size) return 0;
    uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < low || at[1] > high) return 0;
    for (size_t i = 2; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80) return 0;
    }
    return size;
}

bool utf8_valid(struct leat_slice text) {
    size_t i = 0;
    while (i < text.size) {
        uint64_t eight;
        if (text.size - i >= sizeof eight) {
            memcpy(&eight, text.data + i, sizeof eight);
            if ((eight & 0x8080808080808080u) == 0) {
                i += sizeof eight;
                continue;
            }
        }
        size_t size = utf8_sequence(text.data + i, text.size - i);
        if (size == 0) return false;
        i += size;
    }
    return true;
}

size_t utf8_points(struct leat_slice text) {
    size_t points = 0;
    for (size_t i = 0; i < text.size; i++) points += (text.data[i] & 0xc0) != 0x80;
    return points;
}
