#include <criterion/criterion.h>

#include "base/slice.h"
#include "stream/sequence.h"

Test(stream_sequence, prints_25_digits_and_reads_them_back) {
    const store_sequence numbers[] = {0, 1, 42, 999999999, 1234567890123456789u};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char text[LEAT_SEQUENCE_SIZE];
        store_sequence back;
        stream_sequence_print(numbers[i], (uint16_t)(i * 1000), text);
        cr_assert_eq(strlen(text), 25u);
        cr_assert(stream_sequence_parse(slice_text(text), &back));
        cr_assert_eq(back, numbers[i]);
    }
}

Test(stream_sequence, grows_with_the_number_and_differs_between_partitions) {
    char a[LEAT_SEQUENCE_SIZE], b[LEAT_SEQUENCE_SIZE], c[LEAT_SEQUENCE_SIZE];
    stream_sequence_print(9, 3, a);
    stream_sequence_print(10, 0, b);
    stream_sequence_print(9, 4, c);
    cr_assert_lt(stream_sequence_compare(slice_text(a), slice_text(b)), 0);
    cr_assert_neq(stream_sequence_compare(slice_text(a), slice_text(c)), 0);
}

Test(stream_sequence, compares_any_decimal_numbers_as_integers) {
    cr_assert_eq(stream_sequence_compare(SLICE("0007"), SLICE("7")), 0);
    cr_assert_lt(stream_sequence_compare(SLICE("99"), SLICE("100")), 0);
    cr_assert_gt(stream_sequence_compare(SLICE("200"), SLICE("0199")), 0);
}

Test(stream_sequence, refuses_what_is_not_a_number_and_bounds_what_is_not_ours) {
    store_sequence out;
    cr_assert_not(stream_sequence_parse(SLICE(""), &out));
    cr_assert_not(stream_sequence_parse(SLICE("12a"), &out));
    cr_assert_not(stream_sequence_parse(SLICE("-1"), &out));
    cr_assert(stream_sequence_parse(SLICE("123"), &out));
    cr_assert_eq(out, 0u);
    cr_assert(stream_sequence_parse(SLICE("9000000000000000000000000"), &out));
    cr_assert_eq(out, UINT64_MAX);
}
