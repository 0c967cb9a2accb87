#include "item/key.h"

#include <string.h>

#include "base/hash.h"
#include "base/slice.h"

/* 0x00 becomes 0x00 0xFF, so that the end mark 0x00 0x01 sorts before whatever else may stand there. */
static void append_escaped(struct buf *out, struct leat_slice bytes) {
    const uint8_t *at = bytes.data, *end = bytes.data == NULL ? NULL : bytes.data + bytes.size;
    while (at < end) {
        const uint8_t *zero = memchr(at, 0, (size_t)(end - at));
        const uint8_t *stop = zero == NULL ? end : zero;
        buf_append(out, at, (size_t)(stop - at));
        if (zero == NULL) break;
        buf_append(out, "\x00\xff", 2);
        at = zero + 1;
    }
}

void item_key_append_prefix(struct buf *out, const struct item_value *prefix) {
    buf_byte(out, (uint8_t)prefix->type);
    append_escaped(out, prefix->payload);
}

void item_key_append(struct buf *out, const struct item_value *value) {
    if (value->type == ITEM_N) {
        buf_byte(out, ITEM_N);
        buf_slice(out, value->payload);
    } else {
        item_key_append_prefix(out, value);
        buf_append(out, "\x00\x01", 2);
    }
}

uint16_t item_key_hash(const struct item_value *partition_key) {
    return (uint16_t)(hash_bytes(partition_key->payload) >> 48);
}

bool item_key_successor(struct buf *key) {
    while (key->size > 0 && key->data[key->size - 1] == 0xff) key->size--;
    if (key->size == 0) return false;
    key->data[key->size - 1]++;
    return true;
}
