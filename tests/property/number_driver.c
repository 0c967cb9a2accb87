/* Does arithmetic for tests/property/test_numbers.py: reads "a b" a line, answers
 *   a b a+b a-b compare encoded-a encoded-b
 * with numbers as we print them, the encodings in hexadecimal, and faults as one word. */
#include <stdio.h>
#include <string.h>

#include "base/slice.h"
#include "item/number.h"

static const char *word(const struct leat_fault *fault) {
    if (strncmp(fault->message, "Number overflow", 15) == 0) return "overflow";
    if (strncmp(fault->message, "Number underflow", 16) == 0) return "underflow";
    if (strncmp(fault->message, "Attempting", 10) == 0) return "digits";
    return "text";
}

static void show(enum leat_code code, const struct item_number *number, const struct leat_fault *fault) {
    char text[ITEM_NUMBER_TEXT_MAX];
    if (code == LEAT_OK) item_number_print(number, text);
    printf("%s ", code == LEAT_OK ? text : word(fault));
}

static void show_encoded(const struct item_number *number, const char *end) {
    uint8_t bytes[ITEM_NUMBER_ENCODED_MAX];
    struct item_number back;
    size_t size = item_number_encode(number, bytes);
    bool same = item_number_decode(slice_of(bytes, size), &back) && back.coefficient == number->coefficient &&
                back.exponent == number->exponent && back.negative == number->negative;
    for (size_t i = 0; i < size; i++) printf("%02x", bytes[i]);
    printf("%s%s", same ? "" : "?", end);
}

int main(void) {
    char a_text[400], b_text[400];
    while (scanf("%399s %399s", a_text, b_text) == 2) {
        struct item_number a, b, result;
        struct leat_fault fault = {0};
        enum leat_code a_code = item_number_parse(slice_text(a_text), &a, &fault);
        show(a_code, &a, &fault);
        enum leat_code b_code = item_number_parse(slice_text(b_text), &b, &fault);
        show(b_code, &b, &fault);
        if (a_code == LEAT_OK && b_code == LEAT_OK) {
            enum leat_code code = item_number_add(&a, &b, &result, &fault);
            show(code, &result, &fault);
            code = item_number_subtract(&a, &b, &result, &fault);
            show(code, &result, &fault);
            int order = item_number_compare(&a, &b);
            printf("%d ", (order > 0) - (order < 0));
            show_encoded(&a, " ");
            show_encoded(&b, "");
        }
        printf("\n");
    }
    return 0;
}
