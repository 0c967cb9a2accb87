/* Numbers as bytes. This is a disk format: it must never change.
 *
 * The magnitude is written with base 100, digits aligned to the decimal point: m = d0.d1 d2 ... dn * 100^E with d0 from 1 to 99, d1 ... dn
 * from 0 to 99, dn not 0. DynamoDB's range makes E go from -65 (1E-130) to 62 (9.9E+125): 128 values.
 *
 *   zero       0x80 0x00
 *   positive   0x80 + (E + 65), then each digit as 2 * d + 1, but the last one as 2 * d
 *   negative   the bytes of the positive number of the same magnitude, each inverted (so it begins with 0x00 ... 0x7F)
 *
 *   1 = 0xC1 0x02    -1 = 0x3E 0xFD    42 = 0xC1 0x54    4200 = 0xC2 0x54    1.5 = 0xC1 0x03 0x64    0.01 = 0xC0 0x02
 *
 * Order: by sign, then by E, then digit by digit; where one number ends and the other goes on, 2 * d < 2 * d + 1 puts the shorter
 * one first (last among negatives). The lowest bit tells where a number ends, so no encoding is the beginning of another one and
 * whatever follows in a key does not disturb the order. 38 digits that begin in the middle of a pair make 20 pairs: 21 bytes.
 * Zero needs no first byte of its own: no digit d0 is 0, so 0x80 0x00 comes before every other number that begins with 0x80. */
#include <string.h>

#include "item/number_digits.h"

enum { EXPONENT_BIAS = 65, POSITIVE = 0x80, PAIRS_MAX = 20 };

/* Rounds down, for negative numbers too. */
static int number_half(int exponent) { return (exponent - (exponent & 1)) / 2; }

/* The magnitude's base 100 digits; returns how many. */
static unsigned number_pairs(const struct item_number *number, int lead, uint8_t pairs[PAIRS_MAX]) {
    uint8_t digits[NUMBER_DIGITS_MAX];
    unsigned count = item_number_digits(number->coefficient, digits), used = 0, pair = 0;
    if ((lead & 1) == 0) pairs[pair++] = digits[used++];
    for (; used + 1 < count; used += 2) pairs[pair++] = (uint8_t)(digits[used] * 10 + digits[used + 1]);
    if (used < count) pairs[pair++] = (uint8_t)(digits[used] * 10);
    return pair;
}

size_t item_number_encode(const struct item_number *number, uint8_t out[ITEM_NUMBER_ENCODED_MAX]) {
    if (number->coefficient == 0) {
        out[0] = POSITIVE;
        out[1] = 0;
        return 2;
    }
    uint8_t pairs[PAIRS_MAX], invert = number->negative ? 0xff : 0;
    int lead = item_number_lead(number);
    unsigned count = number_pairs(number, lead, pairs);
    out[0] = (uint8_t)((POSITIVE + EXPONENT_BIAS + number_half(lead)) ^ invert);
    for (unsigned i = 0; i < count; i++) out[i + 1] = (uint8_t)((pairs[i] * 2 + (i + 1 < count)) ^ invert);
    return count + 1;
}

/* Undoes sign and end marks; 0 when the bytes are not one whole encoded number. */
static unsigned number_unpack(struct leat_slice encoded, uint8_t invert, uint8_t pairs[PAIRS_MAX]) {
    if (encoded.size < 2 || encoded.size > PAIRS_MAX + 1) return 0;
    unsigned count = (unsigned)encoded.size - 1;
    for (unsigned i = 0; i < count; i++) {
        uint8_t byte = encoded.data[i + 1] ^ invert;
        if (byte > 199 || (byte & 1) != (i + 1 < count)) return 0;
        pairs[i] = byte / 2;
    }
    return count;
}

bool item_number_decode(struct leat_slice encoded, struct item_number *out) {
    *out = (struct item_number){0};
    uint8_t pairs[PAIRS_MAX];
    bool negative = encoded.size > 0 && encoded.data[0] < POSITIVE;
    unsigned count = number_unpack(encoded, negative ? 0xff : 0, pairs);
    if (count == 0) return false;
    if (encoded.data[0] == POSITIVE && count == 1 && pairs[0] == 0) return true; /* zero */
    uint8_t last = pairs[count - 1];
    bool half = last % 10 == 0; /* the last pair's second digit is a trailing zero */
    if (pairs[0] == 0 || last == 0 || count * 2 - (pairs[0] < 10) - half > NUMBER_DIGITS_MAX) return false;
    unsigned __int128 coefficient = 0;
    for (unsigned i = 0; i + 1 < count; i++) coefficient = coefficient * 100 + pairs[i];
    out->coefficient = half ? coefficient * 10 + last / 10 : coefficient * 100 + last;
    int top = (encoded.data[0] ^ (negative ? 0xff : 0)) - POSITIVE - EXPONENT_BIAS;
    out->exponent = (top - (int)count + 1) * 2 + half;
    out->negative = negative;
    return true;
}

size_t item_number_size(const struct item_number *number) {
    if (number->coefficient == 0) return 1;
    unsigned digits = item_number_digit_count(number->coefficient);
    unsigned first = (item_number_lead(number) & 1) == 0; /* digits in a first pair of one digit */
    return 1 + first + (digits - first + 1) / 2 + number->negative;
}
