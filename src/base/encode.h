/* Base64 (RFC 4648 section 4), hexadecimal and UTF-8. */
#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "leat_types.h"

void base64_encode(struct buf *out, struct leat_slice bytes);

/* Strict: length a multiple of four, padding right, no other characters. data == NULL when it is not base64 (or no memory). */
struct leat_slice base64_decode(struct arena *arena, struct leat_slice text);

void hex_encode(struct buf *out, struct leat_slice bytes); /* lower case */

/* Well-formed UTF-8 (no surrogates, no overlong forms). */
bool utf8_valid(struct leat_slice text);

/* Bytes (1 to 4) of the well-formed sequence that begins at `at`, where left > 0 bytes are; 0: malformed. */
size_t utf8_sequence(const uint8_t *at, size_t left);

/* Number of code points in well-formed UTF-8 (AWS counts lengths of names in characters). */
size_t utf8_points(struct leat_slice text);

#endif
