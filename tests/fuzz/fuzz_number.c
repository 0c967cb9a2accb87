/* Numbers: text to number, print, encode and back; and arbitrary bytes as an encoded number. */
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "item/number.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(const struct item_number *a, const struct item_number *b) {
    return a->coefficient == b->coefficient && a->exponent == b->exponent && a->negative == b->negative && item_number_compare(a, b) == 0;
}

static void check(const struct item_number *number) {
    char text[ITEM_NUMBER_TEXT_MAX];
    uint8_t bytes[ITEM_NUMBER_ENCODED_MAX];
    struct item_number back;
    size_t printed = item_number_print(number, text), encoded = item_number_encode(number, bytes);
    if (item_number_parse(slice_of(text, printed), &back, NULL) != LEAT_OK || !same(number, &back)) abort();
    if (!item_number_decode(slice_of(bytes, encoded), &back) || !same(number, &back)) abort();
    if (item_number_subtract(number, &back, &back, NULL) != LEAT_OK || back.coefficient != 0) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct item_number number;
    uint8_t bytes[ITEM_NUMBER_ENCODED_MAX];
    if (item_number_parse(slice_of(data, size), &number, NULL) == LEAT_OK) check(&number);
    if (item_number_decode(slice_of(data, size), &number)) {
        check(&number);
        if (item_number_encode(&number, bytes) != size || memcmp(bytes, data, size) != 0) abort();
    }
    return 0;
}
