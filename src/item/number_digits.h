/* What the files of numbers share: powers of ten, digits of a coefficient, the check of limits.
 * Private to src/item. Plain functions, any thread. */
#ifndef ITEM_NUMBER_DIGITS_H
#define ITEM_NUMBER_DIGITS_H

#include "item/number.h"

/* "Data types: Number", DynamoDB Developer Guide. The exponents are those of the leading digit. */
enum { NUMBER_DIGITS_MAX = 38, NUMBER_LEAD_MAX = 125, NUMBER_LEAD_MIN = -130 };

unsigned __int128 item_number_power(unsigned exponent); /* 10^exponent, exponent <= 38 */

unsigned item_number_digit_count(unsigned __int128 coefficient); /* 1 for zero */

/* Decimal digits of a coefficient below 10^38, most significant first, each 0..9. Returns how many; none for zero. */
unsigned item_number_digits(unsigned __int128 coefficient, uint8_t out[NUMBER_DIGITS_MAX]);

/* Exponent of the leading digit; the number is not zero. */
int item_number_lead(const struct item_number *number);

/* Strips trailing zeros, then checks the limits, in the order in which AWS finds fault: too large, too small, too long. */
enum leat_code item_number_settle(struct item_number *number, struct leat_fault *fault) LEAT_MUST_USE;

enum leat_code item_number_overflow(struct leat_fault *fault);
enum leat_code item_number_underflow(struct leat_fault *fault);
enum leat_code item_number_too_long(struct leat_fault *fault);

#endif
