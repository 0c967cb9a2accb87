/* DynamoDB numbers: exact decimals of up to 38 significant digits, magnitude 1E-130 to 9.99...E+125, or zero.
 * Plain values. Source: DynamoDB Developer Guide, "Data types: Number". */
#ifndef ITEM_NUMBER_H
#define ITEM_NUMBER_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/fault.h"
#include "leat_types.h"

struct item_number {
    unsigned __int128 coefficient; /* at most 38 digits; no trailing zeros; 0 for zero */
    int exponent;                  /* value = coefficient * 10^exponent; 0 for zero */
    bool negative;                 /* never set for zero */
};

enum {
    ITEM_NUMBER_ENCODED_MAX = 24, /* bytes of item_number_encode */
    ITEM_NUMBER_TEXT_MAX = 300    /* characters of item_number_print, zero included */
};

/* Parses what AWS accepts in an N ("1", "-01.50", "1e3", ...). LEAT_VALIDATION with AWS's own words: not a number;
 * "Number overflow. Attempting to store a number with magnitude larger than supported range"; underflow;
 * "Attempting to store more than 38 significant digits in a Number". */
enum leat_code item_number_parse(struct leat_slice text, struct item_number *out, struct leat_fault *fault) LEAT_MUST_USE;

/* Prints as AWS does: plain decimal digits without exponent, no trailing zeros, "0" for zero. Returns the length. */
size_t item_number_print(const struct item_number *number, char out[ITEM_NUMBER_TEXT_MAX]);

/* Negative, zero, positive. */
int item_number_compare(const struct item_number *a, const struct item_number *b);

/* Exact sum and difference; faults as item_number_parse when the result does not fit. */
enum leat_code item_number_add(const struct item_number *a, const struct item_number *b, struct item_number *out,
                               struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code item_number_subtract(const struct item_number *a, const struct item_number *b, struct item_number *out,
                                    struct leat_fault *fault) LEAT_MUST_USE;

/* Order-preserving and self-delimiting: comparing encoded numbers byte by byte compares the numbers, and what follows an
 * encoded number in a key does not disturb that. Returns the length. The same bytes stand in values and in keys. */
size_t item_number_encode(const struct item_number *number, uint8_t out[ITEM_NUMBER_ENCODED_MAX]);
/* false when the bytes are not exactly one encoded number */
bool item_number_decode(struct leat_slice encoded, struct item_number *out);

/* AWS's size rule: about one byte per two significant digits, plus one. Bytes. */
size_t item_number_size(const struct item_number *number);

struct item_number item_number_of(int64_t value);
bool item_number_int64(const struct item_number *number, int64_t *out); /* false: fraction or does not fit */

#endif
