/* tests/property/test_numbers.py compares with Python's decimal; here are the limits, the words, and the exhaustive small domain. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "item/number.h"

#define NINES38 "99999999999999999999999999999999999999"
#define OVERFLOW "Number overflow. Attempting to store a number with magnitude larger than supported range"
#define UNDERFLOW "Number underflow. Attempting to store a number with magnitude smaller than supported range"
#define TOO_LONG "Attempting to store more than 38 significant digits in a Number"
#define NOT_NUMERIC "The parameter cannot be converted to a numeric value"

static struct item_number number(const char *text) {
    struct item_number parsed;
    struct leat_fault fault = {0};
    cr_assert_eq(item_number_parse(slice_text(text), &parsed, &fault), LEAT_OK, "%s: %s", text, fault.message);
    return parsed;
}

static void prints(const char *text, const char *expected) {
    struct item_number parsed = number(text);
    char out[ITEM_NUMBER_TEXT_MAX];
    size_t size = item_number_print(&parsed, out);
    cr_expect_str_eq(out, expected, "%s printed %s", text, out);
    cr_expect_eq(size, strlen(expected));
}

static void refuses(const char *text, const char *message) {
    struct item_number parsed;
    struct leat_fault fault = {0};
    cr_expect_eq(item_number_parse(slice_text(text), &parsed, &fault), LEAT_VALIDATION, "%s", text);
    cr_expect_str_eq(fault.message, message, "%s: %s", text, fault.message);
    cr_expect_eq(item_number_parse(slice_text(text), &parsed, NULL), LEAT_VALIDATION);
}

Test(number, prints_plain_digits_without_exponent_and_needless_zeros) {
    static const char *const cases[][2] = {
        {"0", "0"}, {"-0", "0"}, {"0.000", "0"}, {"0e999", "0"}, {"-0E-999", "0"}, {"1", "1"}, {"-1", "-1"}, {"+1", "1"},
        {"00042", "42"}, {"-01.50", "-1.5"}, {"1.0", "1"}, {"3.1400", "3.14"}, {"1.5E2", "150"}, {"1e3", "1000"}, {"1E+3", "1000"},
        {"100", "100"}, {"123e-2", "1.23"}, {"5e-3", "0.005"}, {".5", "0.5"}, {"5.", "5"}, {"1e000000000000000000003", "1000"},
        {NINES38, NINES38}, {"0." NINES38, "0." NINES38}, {"1E-10", "0.0000000001"}, {"12345678901234567890123456789.012345678", "12345678901234567890123456789.012345678"},
        {"100000000000000000000000000000000000000000", "100000000000000000000000000000000000000000"},
        {"0.0000000000000000000000000000000000000000001", "0.0000000000000000000000000000000000000000001"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) prints(cases[i][0], cases[i][1]);
}

Test(number, the_ends_of_the_range_are_inside) {
    char text[ITEM_NUMBER_TEXT_MAX], expected[ITEM_NUMBER_TEXT_MAX];
    struct item_number least = number("-1E-130"), most = number("9.9999999999999999999999999999999999999E+125");
    cr_assert_eq(item_number_print(&least, text), 133u);
    memset(expected, '0', sizeof expected);
    memcpy(expected, "-0.", 3);
    memcpy(expected + 132, "1", 2);
    cr_assert_str_eq(text, expected);
    cr_assert_eq(item_number_print(&most, text), 126u);
    memset(expected, '0', sizeof expected);
    memcpy(expected, NINES38, 38);
    expected[126] = 0;
    cr_assert_str_eq(text, expected);
    struct item_number longest = number("-9.9999999999999999999999999999999999999E-130");
    cr_assert_lt(item_number_print(&longest, text), (size_t)ITEM_NUMBER_TEXT_MAX);
}

Test(number, refuses_with_the_words_of_aws) {
    refuses("", NOT_NUMERIC);
    static const char *const not_numeric[] = {"b", "abc", "-", "+", ".", "e", "e5", ".e5", "1e", "1e+", "1e1.5", "1.2.3", "--1", "+-1", " 1", "1 ",
                                              "1,5", "0x10", "NaN", "Infinity", "-Infinity", "1_000", "1e5 ", "\xc2\xb2", "1f"};
    for (size_t i = 0; i < sizeof not_numeric / sizeof *not_numeric; i++) {
        char message[200];
        (void)snprintf(message, sizeof message, NOT_NUMERIC ": %s", not_numeric[i]);
        refuses(not_numeric[i], message);
    }
    refuses("1e126", OVERFLOW);
    refuses("-1E+126", OVERFLOW);
    refuses("10e125", OVERFLOW);
    refuses("1e99999999999999999999", OVERFLOW);
    refuses(NINES38 "1e125", OVERFLOW); /* too long as well: the range comes first */
    refuses("1e-131", UNDERFLOW);
    refuses("-0.1e-130", UNDERFLOW);
    refuses("1e-99999999999999999999", UNDERFLOW);
    refuses("123456789012345678901234567890123456789", TOO_LONG);
    refuses("-1.23456789012345678901234567890123456789", TOO_LONG);
    refuses(NINES38 "9", TOO_LONG);
    refuses("10000000000000000000000000000000000000000001", TOO_LONG);
}

Test(number, a_message_that_is_cut_stays_utf8) {
    struct item_number parsed;
    for (size_t shift = 0; shift < 4; shift++) {
        struct leat_fault fault = {0};
        char text[2000] = "abc";
        for (size_t i = shift; i + 4 < sizeof text; i += 4) memcpy(text + i, "\xf0\x9f\x98\x80", 5);
        cr_assert_eq(item_number_parse(slice_text(text), &parsed, &fault), LEAT_VALIDATION);
        size_t size = strlen(fault.message);
        cr_assert_gt(size, sizeof fault.message - 6);
        cr_assert_eq((unsigned char)fault.message[size - 1], 0x80, "cut in the middle of a character");
    }
}

Test(number, significant_digits_do_not_count_zeros_at_either_end) {
    prints("000" NINES38 "000", NINES38 "000");
    prints("0.000" NINES38 "000", "0.000" NINES38);
    char zeros[1000];
    memset(zeros, '0', sizeof zeros);
    memcpy(zeros + 995, "7e0", 4);
    prints(zeros, "7");
}

static void sums(const char *a, const char *b, const char *sum) {
    struct item_number left = number(a), right = number(b), out;
    char text[ITEM_NUMBER_TEXT_MAX];
    struct leat_fault fault = {0};
    if (item_number_add(&left, &right, &out, &fault) == LEAT_OK) item_number_print(&out, text);
    else (void)snprintf(text, sizeof text, "%.200s", fault.message);
    cr_expect_str_eq(text, sum, "%s + %s = %s", a, b, text);
    right.negative = right.coefficient != 0 && !right.negative;
    fault.message[0] = 0;
    if (item_number_subtract(&left, &right, &out, &fault) == LEAT_OK) item_number_print(&out, text);
    else (void)snprintf(text, sizeof text, "%.200s", fault.message);
    cr_expect_str_eq(text, sum, "%s - -(%s) = %s", a, b, text);
}

Test(number, sums_are_exact_or_refused) {
    sums("1", "2", "3");
    sums("0", "-5", "-5");
    sums("5", "-5", "0");
    sums("0.1", "0.2", "0.3");
    sums("-1.5", "1", "-0.5");
    sums(NINES38, "1", "100000000000000000000000000000000000000");
    sums("100000000000000000000000000000000000000", "-1", NINES38);
    sums(NINES38, "0.1", TOO_LONG);
    sums(NINES38, "2", TOO_LONG);
    sums("1e38", "1", TOO_LONG);
    sums("1e125", "1", TOO_LONG);
    sums("1e125", "-1e-130", TOO_LONG);
    sums("9e125", "1e125", OVERFLOW);
    sums("-9e125", "-1e125", OVERFLOW);
    sums("9.9e125", "9.9999999999999999999999999999999999999e124", OVERFLOW); /* 39 digits, but above the range first */
    sums("9.9999999999999999999999999999999999999E+125", "1e88", OVERFLOW);
    sums("9.9999999999999999999999999999999999999E+125", "1.5e88", OVERFLOW);
    sums("9.9999999999999999999999999999999999999E+125", "1e87", TOO_LONG);
    sums("1.5e-130", "-1.4e-130", UNDERFLOW);
    sums("1.5e-130", "-0.5e-129", "-0." "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000" "35");
}

Test(number, integers_come_and_go) {
    static const int64_t values[] = {0, 1, -1, 10, -100, 1234567890123456789, INT64_MAX, INT64_MIN, INT64_MAX - 1, 1000000000000000000};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct item_number a = item_number_of(values[i]);
        char text[ITEM_NUMBER_TEXT_MAX], expected[32];
        int64_t back = 42;
        item_number_print(&a, text);
        (void)snprintf(expected, sizeof expected, "%lld", (long long)values[i]);
        cr_expect_str_eq(text, expected);
        cr_expect(item_number_int64(&a, &back) && back == values[i], "%s", expected);
    }
    int64_t back;
    struct item_number a = number("9223372036854775808"), b = number("0.5"), c = number("1e19"), d = number(NINES38);
    cr_expect_not(item_number_int64(&a, &back));
    cr_expect_not(item_number_int64(&b, &back));
    cr_expect_not(item_number_int64(&c, &back));
    cr_expect_not(item_number_int64(&d, &back));
}

/* SizeBytes in recorded answers of AWS counts "42" as 2 */
Test(number, size_is_a_byte_per_two_digits_aligned_to_the_point_plus_one_and_one_for_minus) {
    static const struct { const char *text; size_t size; } cases[] = {
        {"0", 1}, {"1", 2}, {"42", 2}, {"4.2", 3}, {"100", 2}, {"123", 3}, {"1234", 3}, {"12345", 4}, {"-1", 3}, {"0.5", 2}, {"0.05", 2},
        {NINES38, 20}, {"0." NINES38, 20},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct item_number a = number(cases[i].text);
        cr_expect_eq(item_number_size(&a), cases[i].size, "%s is %zu", cases[i].text, item_number_size(&a));
    }
}

/* The bytes on disk: these must never change. */
Test(number, encoding_has_these_bytes) {
    static const struct { const char *text; struct leat_slice bytes; } cases[] = {
        {"0", {(const uint8_t *)"\x80\x00", 2}}, {"1", {(const uint8_t *)"\xc1\x02", 2}}, {"-1", {(const uint8_t *)"\x3e\xfd", 2}},
        {"42", {(const uint8_t *)"\xc1\x54", 2}}, {"4200", {(const uint8_t *)"\xc2\x54", 2}}, {"1.5", {(const uint8_t *)"\xc1\x03\x64", 3}},
        {"0.01", {(const uint8_t *)"\xc0\x02", 2}}, {"-12.345", {(const uint8_t *)"\x3e\xe6\xba\x9b", 4}},
        {"1e-130", {(const uint8_t *)"\x80\x02", 2}}, {"99e124", {(const uint8_t *)"\xff\xc6", 2}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t out[ITEM_NUMBER_ENCODED_MAX];
        struct item_number a = number(cases[i].text);
        size_t size = item_number_encode(&a, out);
        cr_expect(slice_equal(slice_of(out, size), cases[i].bytes), "%s: %02x %02x %02x", cases[i].text, out[0], out[1], out[2]);
    }
}

struct sample {
    struct item_number number;
    uint8_t bytes[ITEM_NUMBER_ENCODED_MAX];
    size_t size;
};

static int by_value(const void *a, const void *b) {
    return item_number_compare(&((const struct sample *)a)->number, &((const struct sample *)b)->number);
}

/* All numbers with up to three digits, exponents -4 to 4, both signs, and the same at both ends of the range. */
Test(number, encoded_order_is_numeric_order_for_all_small_numbers) {
    static const int bases[] = {0, 120, -126};
    enum { SAMPLES = 3 * 9 * 1999 };
    struct sample *samples = calloc(SAMPLES, sizeof *samples);
    size_t count = 0;
    for (size_t base = 0; base < 3; base++) {
        for (int exponent = -4; exponent <= 4; exponent++) {
            for (int digits = -999; digits <= 999; digits++) {
                char text[32];
                struct sample *sample = &samples[count];
                (void)snprintf(text, sizeof text, "%de%d", digits, bases[base] + exponent);
                if (item_number_parse(slice_text(text), &sample->number, NULL) != LEAT_OK) continue;
                sample->size = item_number_encode(&sample->number, sample->bytes);
                struct item_number back;
                cr_assert(item_number_decode(slice_of(sample->bytes, sample->size), &back), "%s", text);
                cr_assert_eq(memcmp(&back, &sample->number, sizeof back.coefficient), 0, "%s", text);
                cr_assert(back.exponent == sample->number.exponent && back.negative == sample->number.negative, "%s", text);
                count++;
            }
        }
    }
    cr_assert_gt(count, 40000u);
    qsort(samples, count, sizeof *samples, by_value);
    for (size_t i = 1; i < count; i++) {
        struct sample *a = &samples[i - 1], *b = &samples[i];
        struct leat_slice x = slice_of(a->bytes, a->size), y = slice_of(b->bytes, b->size);
        int order = item_number_compare(&a->number, &b->number);
        cr_assert_eq(order == 0, slice_equal(x, y));
        if (order == 0) continue;
        cr_assert_lt(slice_compare(x, y), 0);
        cr_assert_not(slice_starts(y, x), "no encoding begins another one");
    }
    free(samples);
}

Test(number, decoding_accepts_exactly_what_encoding_makes) {
    /* every sequence of two and three bytes: either it is refused or it comes back the same */
    size_t accepted = 0;
    for (unsigned bytes = 0; bytes < 1u << 24; bytes += 1 + (bytes & 0xff) % 3) {
        uint8_t in[3] = {(uint8_t)(bytes >> 16), (uint8_t)(bytes >> 8), (uint8_t)bytes}, out[ITEM_NUMBER_ENCODED_MAX];
        for (size_t size = 2; size <= 3; size++) {
            struct item_number decoded;
            if (!item_number_decode(slice_of(in, size), &decoded)) continue;
            accepted++;
            cr_assert_eq(item_number_encode(&decoded, out), size);
            cr_assert_eq(memcmp(in, out, size), 0);
        }
    }
    cr_assert_gt(accepted, 1000000u);
    struct item_number decoded;
    cr_assert_not(item_number_decode(SLICE(""), &decoded));
    cr_assert_not(item_number_decode(SLICE("\x80"), &decoded));
    /* 39 digits: twenty pairs that begin and end in the middle are 38 */
    uint8_t pairs[21] = {0xc1, 3};
    memset(pairs + 2, 3, 18);
    pairs[20] = 20;
    cr_assert(item_number_decode(slice_of(pairs, 21), &decoded));
    pairs[20] = 22;
    cr_assert_not(item_number_decode(slice_of(pairs, 21), &decoded));
    pairs[1] = 21;
    pairs[20] = 20;
    cr_assert_not(item_number_decode(slice_of(pairs, 21), &decoded));
}
