/* Reading, printing and comparing numbers. number_sum.c adds, number_encode.c holds the disk format. */
#include "item/number.h"

#include <string.h>

#include "base/slice.h"
#include "item/number_digits.h"

enum { EXPONENT_CLAMP = 1000000000 }; /* far outside of the range, far inside of an int64_t */

/* A number as text, taken apart. */
struct number_text {
    const uint8_t *at, *end;
    uint8_t digits[NUMBER_DIGITS_MAX]; /* significant ones, as many as there is room for */
    int64_t count;                     /* significant digits, those without room counted too */
    int64_t zeros;                     /* zeros behind them, not yet known to be significant */
    int64_t exponent;                  /* of the digit behind the last one read */
    bool negative, any;                /* any: at least one digit was seen */
};

static void number_take_digit(struct number_text *text, uint8_t digit) {
    text->any = true;
    if (digit == 0) {
        if (text->count > 0) text->zeros++;
        return;
    }
    for (; text->zeros > 0; text->zeros--, text->count++) {
        if (text->count < NUMBER_DIGITS_MAX) text->digits[text->count] = 0;
    }
    if (text->count < NUMBER_DIGITS_MAX) text->digits[text->count] = digit;
    text->count++;
}

/* [eE] sign? digit+ up to the end; false when malformed. */
static bool number_take_exponent(struct number_text *text) {
    bool negative = false;
    int64_t exponent = 0;
    text->at++;
    if (text->at < text->end && (*text->at == '+' || *text->at == '-')) negative = *text->at++ == '-';
    if (text->at == text->end) return false;
    for (; text->at < text->end; text->at++) {
        if (*text->at < '0' || *text->at > '9') return false;
        if (exponent < EXPONENT_CLAMP) exponent = exponent * 10 + (*text->at - '0');
    }
    text->exponent += negative ? -exponent : exponent;
    return true;
}

/* sign? digit* ("." digit*)? exponent?, with at least one digit */
static bool number_take(struct number_text *text) {
    bool fraction = false;
    if (text->at < text->end && (*text->at == '+' || *text->at == '-')) text->negative = *text->at++ == '-';
    for (; text->at < text->end; text->at++) {
        uint8_t letter = *text->at;
        if (letter >= '0' && letter <= '9') {
            number_take_digit(text, (uint8_t)(letter - '0'));
            if (fraction) text->exponent--;
        } else if (letter == '.' && !fraction) {
            fraction = true;
        } else if ((letter == 'e' || letter == 'E') && text->any) {
            return number_take_exponent(text);
        } else {
            return false;
        }
    }
    return text->any;
}

static unsigned __int128 number_coefficient(const uint8_t *digits, int64_t count) {
    uint64_t halves[2] = {0, 0};
    int64_t split = count > 19 ? count - 19 : 0;
    for (int64_t i = 0; i < split; i++) halves[0] = halves[0] * 10 + digits[i];
    for (int64_t i = split; i < count; i++) halves[1] = halves[1] * 10 + digits[i];
    return halves[0] * item_number_power(19) + halves[1];
}

enum leat_code item_number_parse(struct leat_slice input, struct item_number *out, struct leat_fault *fault) {
    *out = (struct item_number){0};
    if (input.size == 0) return fault_set(fault, LEAT_VALIDATION, "The parameter cannot be converted to a numeric value");
    struct number_text text = {.at = input.data, .end = input.data + input.size};
    if (!number_take(&text)) {
        return fault_set(fault, LEAT_VALIDATION, "The parameter cannot be converted to a numeric value: %.*s", SLICE_FORMAT(input));
    }
    if (text.count == 0) return LEAT_OK;
    int64_t lead = text.exponent + text.zeros + text.count - 1;
    if (lead > NUMBER_LEAD_MAX) return item_number_overflow(fault);
    if (lead < NUMBER_LEAD_MIN) return item_number_underflow(fault);
    if (text.count > NUMBER_DIGITS_MAX) return item_number_too_long(fault);
    out->coefficient = number_coefficient(text.digits, text.count);
    out->exponent = (int)(text.exponent + text.zeros);
    out->negative = text.negative;
    return LEAT_OK;
}

size_t item_number_print(const struct item_number *number, char out[ITEM_NUMBER_TEXT_MAX]) {
    uint8_t digits[NUMBER_DIGITS_MAX];
    int count = (int)item_number_digits(number->coefficient, digits);
    int whole = count + number->exponent; /* digits before the point; not above zero: that many zeros follow it */
    char *to = out;
    if (number->negative) *to++ = '-';
    if (whole <= 0) *to++ = '0';
    for (int i = 0; i < count && i < whole; i++) *to++ = (char)('0' + digits[i]);
    for (int i = count; i < whole; i++) *to++ = '0';
    if (whole < count) {
        *to++ = '.';
        for (int i = whole; i < 0; i++) *to++ = '0';
        for (int i = whole > 0 ? whole : 0; i < count; i++) *to++ = (char)('0' + digits[i]);
    }
    *to = 0;
    return (size_t)(to - out);
}

static int number_sign(const struct item_number *number) { return number->coefficient == 0 ? 0 : number->negative ? -1 : 1; }

/* The coefficient with zeros behind it up to 38 digits, so that numbers with one lead compare by it. */
static unsigned __int128 number_widened(const struct item_number *number) {
    return number->coefficient * item_number_power(NUMBER_DIGITS_MAX - item_number_digit_count(number->coefficient));
}

int item_number_compare(const struct item_number *a, const struct item_number *b) {
    int sign = number_sign(a);
    if (sign != number_sign(b)) return sign - number_sign(b);
    if (sign == 0) return 0;
    int lead_a = item_number_lead(a), lead_b = item_number_lead(b);
    if (lead_a != lead_b) return lead_a > lead_b ? sign : -sign;
    unsigned __int128 wide_a = number_widened(a), wide_b = number_widened(b);
    if (wide_a == wide_b) return 0;
    return wide_a > wide_b ? sign : -sign;
}

struct item_number item_number_of(int64_t value) {
    struct item_number number = {0};
    if (value == 0) return number;
    number.negative = value < 0;
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    for (; magnitude % 10 == 0; magnitude /= 10) number.exponent++;
    number.coefficient = magnitude;
    return number;
}

bool item_number_int64(const struct item_number *number, int64_t *out) {
    if (number->exponent < 0 || number->exponent > 18 || number->coefficient > UINT64_MAX) return false;
    unsigned __int128 magnitude = number->coefficient * item_number_power((unsigned)number->exponent);
    unsigned __int128 most = (unsigned __int128)INT64_MAX + number->negative;
    if (magnitude > most) return false;
    *out = number->negative ? (int64_t)(0 - (uint64_t)magnitude) : (int64_t)magnitude;
    return true;
}
