/* Sums and differences, exact or refused. */
#include "item/number_digits.h"

/* The digits of the number from 10^88 upwards, as an integer: below 10^38. */
static unsigned __int128 number_top(const struct item_number *number) {
    const int floor_exponent = NUMBER_LEAD_MAX - NUMBER_DIGITS_MAX + 1;
    int shift = number->exponent - floor_exponent;
    if (shift >= 0) return number->coefficient * item_number_power((unsigned)shift);
    return -shift > NUMBER_DIGITS_MAX ? 0 : number->coefficient / item_number_power((unsigned)-shift);
}

/* Does the sum of two numbers of one sign reach 1E+126? Only if one of them has its lead at 125; that one has no digit below 10^88,
 * so no carry can come from below and looking at the top digits is exact. */
static bool number_sum_overflows(const struct item_number *a, const struct item_number *b) {
    if (item_number_lead(a) < NUMBER_LEAD_MAX && item_number_lead(b) < NUMBER_LEAD_MAX) return false;
    return number_top(a) + number_top(b) >= item_number_power(NUMBER_DIGITS_MAX);
}

/* high->exponent >= low->exponent. A sum of at most 38 digits from a low of at most 38 digits means that high, written with low's
 * exponent, is below 2 * 10^38, which 128 bits hold: whatever does not fit has too many digits. Those digits are all significant,
 * because the last digit of low is not zero. */
static enum leat_code number_sum(const struct item_number *high, const struct item_number *low, struct item_number *out,
                                 struct leat_fault *fault) {
    unsigned shift = (unsigned)(high->exponent - low->exponent);
    unsigned __int128 aligned, sum;
    if (shift > NUMBER_DIGITS_MAX || __builtin_mul_overflow(high->coefficient, item_number_power(shift), &aligned)) {
        return item_number_too_long(fault);
    }
    bool negative = high->negative;
    if (high->negative == low->negative) {
        if (__builtin_add_overflow(aligned, low->coefficient, &sum)) return item_number_too_long(fault);
    } else if (aligned >= low->coefficient) {
        sum = aligned - low->coefficient;
    } else {
        sum = low->coefficient - aligned;
        negative = low->negative;
    }
    *out = (struct item_number){.coefficient = sum, .exponent = low->exponent, .negative = negative};
    return item_number_settle(out, fault);
}

enum leat_code item_number_add(const struct item_number *a, const struct item_number *b, struct item_number *out,
                               struct leat_fault *fault) {
    if (a->coefficient == 0 || b->coefficient == 0) {
        *out = a->coefficient == 0 ? *b : *a;
        return LEAT_OK;
    }
    if (a->negative == b->negative && number_sum_overflows(a, b)) return item_number_overflow(fault);
    return a->exponent >= b->exponent ? number_sum(a, b, out, fault) : number_sum(b, a, out, fault);
}

enum leat_code item_number_subtract(const struct item_number *a, const struct item_number *b, struct item_number *out,
                                    struct leat_fault *fault) {
    struct item_number minus = *b;
    minus.negative = minus.coefficient != 0 && !b->negative;
    return item_number_add(a, &minus, out, fault);
}
