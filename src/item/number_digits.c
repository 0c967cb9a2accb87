#include "item/number_digits.h"

enum { HALF = 19 }; /* digits; a coefficient of 38 digits is two halves, and a half fits into 64 bits */

static const uint64_t powers[HALF + 1] = {1u, 10u, 100u, 1000u, 10000u, 100000u, 1000000u, 10000000u, 100000000u, 1000000000u,
    10000000000u, 100000000000u, 1000000000000u, 10000000000000u, 100000000000000u, 1000000000000000u, 10000000000000000u,
    100000000000000000u, 1000000000000000000u, 10000000000000000000u};

unsigned __int128 item_number_power(unsigned exponent) {
    return exponent <= HALF ? powers[exponent] : (unsigned __int128)powers[HALF] * powers[exponent - HALF];
}

unsigned item_number_digit_count(unsigned __int128 coefficient) {
    unsigned count = 1;
    if (coefficient >= powers[HALF]) {
        coefficient /= powers[HALF];
        count += HALF;
        if (coefficient >= powers[HALF]) return HALF * 2 + 1;
    }
    uint64_t half = (uint64_t)coefficient;
    for (unsigned i = 1; i < HALF && half >= powers[i]; i++) count++;
    return count;
}

static void half_digits(uint64_t half, unsigned count, uint8_t *out) {
    while (count > 0) {
        out[--count] = (uint8_t)(half % 10);
        half /= 10;
    }
}

unsigned item_number_digits(unsigned __int128 coefficient, uint8_t out[NUMBER_DIGITS_MAX]) {
    if (coefficient == 0) return 0;
    unsigned count = item_number_digit_count(coefficient);
    if (count <= HALF) {
        half_digits((uint64_t)coefficient, count, out);
    } else {
        half_digits((uint64_t)(coefficient / powers[HALF]), count - HALF, out);
        half_digits((uint64_t)(coefficient % powers[HALF]), HALF, out + (count - HALF));
    }
    return count;
}

int item_number_lead(const struct item_number *number) {
    return number->exponent + (int)item_number_digit_count(number->coefficient) - 1;
}

enum leat_code item_number_overflow(struct leat_fault *fault) {
    return fault_set(fault, LEAT_VALIDATION,
                     "Number overflow. Attempting to store a number with magnitude larger than supported range");
}

enum leat_code item_number_underflow(struct leat_fault *fault) {
    return fault_set(fault, LEAT_VALIDATION,
                     "Number underflow. Attempting to store a number with magnitude smaller than supported range");
}

enum leat_code item_number_too_long(struct leat_fault *fault) {
    return fault_set(fault, LEAT_VALIDATION, "Attempting to store more than 38 significant digits in a Number");
}

enum leat_code item_number_settle(struct item_number *number, struct leat_fault *fault) {
    if (number->coefficient == 0) {
        *number = (struct item_number){0};
        return LEAT_OK;
    }
    while (number->coefficient > UINT64_MAX && number->coefficient % 10 == 0) {
        number->coefficient /= 10;
        number->exponent++;
    }
    if (number->coefficient <= UINT64_MAX) {
        uint64_t small = (uint64_t)number->coefficient;
        for (; small % 10 == 0; small /= 10) number->exponent++;
        number->coefficient = small;
    }
    int lead = item_number_lead(number);
    if (lead > NUMBER_LEAD_MAX) return item_number_overflow(fault);
    if (lead < NUMBER_LEAD_MIN) return item_number_underflow(fault);
    if (item_number_digit_count(number->coefficient) > NUMBER_DIGITS_MAX) return item_number_too_long(fault);
    return LEAT_OK;
}
