/* Items and values: the compact encoding, read without allocation, and its builder.
 *
 *   value   := type:1 length payload
 *   length  := LEB128 varint for leaves (NULL BOOL N S B); 4 bytes little-endian for containers (SS NS BS L M)
 *   payload := NULL: empty   BOOL: 1 byte 0|1   N: item_number_encode   S: UTF-8   B: bytes
 *              SS NS BS: (varint length, bytes)*  in ascending byte order, no duplicates
 *              L: value*
 *              M: (varint length, name, value)*   in ascending byte order of names, no duplicates
 *   item    := the payload of an M, without type and length (so an empty map is zero bytes)
 *
 * The order makes the encoding canonical: two items are equal exactly when their bytes are.
 * Readers borrow; they check bounds, and end early on damaged bytes, but do not check order: item_check does. */
#ifndef ITEM_VALUE_H
#define ITEM_VALUE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "item/number.h"
#include "leat_types.h"

enum item_type {
    ITEM_ABSENT = 0,
    ITEM_NULL = 1, ITEM_BOOL, ITEM_N, ITEM_S, ITEM_B, /* leaves */
    ITEM_SS, ITEM_NS, ITEM_BS, ITEM_L, ITEM_M         /* containers */
};

/* An attribute's value is at depth 1, what a list or map holds one deeper; leaves count. Developer Guide, "Constraints". */
enum { ITEM_DEPTH_MAX = 32, ITEM_NAME_MAX = 65535 /* bytes of an attribute's name. Developer Guide, "Naming rules" */ };
#define ITEM_NAME_WORDS "1 validation error detected: Attribute name is too large, must be less than 65536 bytes"

/* A borrowed value, already taken apart. */
struct item_value {
    enum item_type type;       /* ITEM_ABSENT: there is none */
    struct leat_slice payload;
    struct leat_slice whole;   /* type, length and payload */
};

struct item_iterator { const uint8_t *at, *end; };

static inline struct item_iterator item_iterate(struct leat_slice payload) {
    return (struct item_iterator){payload.data, payload.data == NULL ? NULL : payload.data + payload.size};
}
bool item_map_next(struct item_iterator *iterator, struct leat_slice *name, struct item_value *value);
bool item_list_next(struct item_iterator *iterator, struct item_value *value);
bool item_set_next(struct item_iterator *iterator, struct leat_slice *element); /* NS elements are encoded numbers */

/* The value that begins at bytes.data; type ITEM_ABSENT when it is damaged. */
struct item_value item_value_at(struct leat_slice bytes);

/* Looks a name up in a map's payload (or an item). */
bool item_find(struct leat_slice map, struct leat_slice name, struct item_value *out);
bool item_list_at(struct leat_slice list, size_t index, struct item_value *out);
size_t item_count(const struct item_value *container); /* entries, elements */
bool item_set_has(struct leat_slice set, struct leat_slice element);

/* The type's letters, "S", "NS", "BOOL" ...; and the way back (ITEM_ABSENT for unknown letters). */
const char *item_type_name(enum item_type type);
enum item_type item_type_of(struct leat_slice letters);

/* Size by AWS's rules, bytes: names count their UTF-8 length; S and B their length; N item_number_size; BOOL and NULL 1;
 * lists and maps 3 + 1 per entry + what they hold. "Item sizes and formats", DynamoDB Developer Guide. */
size_t item_size(struct leat_slice item);
size_t item_value_size(const struct item_value *value);

/* Bytes from outside: well-formed, canonical, depth within ITEM_DEPTH_MAX? */
bool item_check(struct leat_slice item);

/* ---- building: append values to a buf ---- */

void item_put_null(struct buf *out);
void item_put_bool(struct buf *out, bool value);
void item_put_number(struct buf *out, const struct item_number *number);
void item_put_int(struct buf *out, int64_t value);
void item_put_string(struct buf *out, struct leat_slice text);
void item_put_binary(struct buf *out, struct leat_slice bytes);
void item_put_value(struct buf *out, const struct item_value *value); /* a copy */

void item_put_name(struct buf *out, struct leat_slice name); /* inside a map or item, before each value */
void item_put_element(struct buf *out, struct leat_slice element); /* inside a set; NS: an encoded number */

/* Containers: mark = item_begin(out, ITEM_M); ...; item_end(out, mark). item_end sorts maps and sets, for
 * which the buf needs as much room again. For a whole item write
 * names and values from `mark = out->size` on and close with item_close. Both answer LEAT_VALIDATION for duplicates
 * ("duplicate" only: callers word it) and LEAT_NO_MEMORY. */
size_t item_begin(struct buf *out, enum item_type type);
enum leat_code item_end(struct buf *out, size_t mark) LEAT_MUST_USE;
enum leat_code item_close(struct buf *out, size_t mark) LEAT_MUST_USE;

/* Likewise for maps and items that may name something twice (JSON may): the last one stays. */
enum leat_code item_end_last_wins(struct buf *out, size_t mark) LEAT_MUST_USE;
enum leat_code item_close_last_wins(struct buf *out, size_t mark) LEAT_MUST_USE;

#endif
