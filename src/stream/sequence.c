#include "stream/sequence.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/slice.h"

enum { DIGITS_NUMBER = 19, DIGITS_PART = 5, DIGITS = 1 + DIGITS_NUMBER + DIGITS_PART };

void stream_sequence_print(store_sequence sequence, uint16_t part, char out[LEAT_SEQUENCE_SIZE]) {
    (void)snprintf(out, LEAT_SEQUENCE_SIZE, "1%0*" PRIu64 "%0*u", DIGITS_NUMBER, sequence, DIGITS_PART, part);
}

static struct leat_slice without_leading_zeros(struct leat_slice text) {
    while (text.size > 1 && text.data[0] == '0') text = slice_of(text.data + 1, text.size - 1);
    return text;
}

bool stream_sequence_parse(struct leat_slice text, store_sequence *out) {
    if (text.size == 0 || text.size >= LEAT_SEQUENCE_SIZE) return false;
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < '0' || text.data[i] > '9') return false;
    text = without_leading_zeros(text);
    *out = 0;
    if (text.size < DIGITS) return true;
    *out = UINT64_MAX;
    if (text.size > DIGITS || text.data[0] != '1') return true;
    uint64_t number = 0;
    for (size_t i = 1; i <= DIGITS_NUMBER; i++) number = number * 10 + (uint64_t)(text.data[i] - '0');
    *out = number;
    return true;
}

int stream_sequence_compare(struct leat_slice a, struct leat_slice b) {
    a = without_leading_zeros(a);
    b = without_leading_zeros(b);
    if (a.size != b.size) return a.size < b.size ? -1 : 1;
    return slice_compare(a, b);
}
