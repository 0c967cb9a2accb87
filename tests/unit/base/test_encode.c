#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/random.h"
#include "base/slice.h"

static void check_base64(struct leat_slice bytes, const char *text) {
    struct buf buf;
    struct arena arena;
    buf_init(&buf, 1 << 20);
    arena_init(&arena, 1 << 20);
    base64_encode(&buf, bytes);
    cr_assert(buf_ok(&buf));
    if (text != NULL) cr_assert(slice_is(buf_view(&buf), text), "%.*s", SLICE_FORMAT(buf_view(&buf)));
    cr_assert(slice_equal(base64_decode(&arena, buf_view(&buf)), bytes));
    arena_fini(&arena);
    buf_fini(&buf);
}

Test(encode, base64_gives_the_examples_of_rfc_4648_section_10) {
    check_base64(SLICE(""), "");
    check_base64(SLICE("f"), "Zg==");
    check_base64(SLICE("fo"), "Zm8=");
    check_base64(SLICE("foo"), "Zm9v");
    check_base64(SLICE("foob"), "Zm9vYg==");
    check_base64(SLICE("fooba"), "Zm9vYmE=");
    check_base64(SLICE("foobar"), "Zm9vYmFy");
    check_base64(SLICE("\xff\xfe\xfb\xf0"), "//778A==");
}

Test(encode, base64_returns_what_went_in_for_all_lengths) {
    uint8_t bytes[200];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 37);
    for (size_t size = 0; size <= sizeof bytes; size++) check_base64(slice_of(bytes, size), NULL);
}

Test(encode, base64_refuses_what_is_malformed) {
    static const char *const wrong[] = {"Z", "Zg", "Zg=", "Zg===", "=Zg=", "Z===", "====", "Zm9v=", "Zm9vZ",  "Zm 9",
                                        "Zm9\n", "Zm-v", "Zm_v", "Zh==", "Zm9=", "Zg==Zg==", "Zg=v", "\xc3\xa4=="};
    struct arena arena;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_expect(base64_decode(&arena, slice_text(wrong[i])).data == NULL, "%s was accepted", wrong[i]);
    }
    arena_fini(&arena);
}

Test(encode, base64_of_nothing_is_present_and_empty) {
    struct arena arena;
    arena_init(&arena, 100);
    struct leat_slice nothing = base64_decode(&arena, SLICE(""));
    cr_assert(nothing.data != NULL && nothing.size == 0);
    arena_fini(&arena);
}

Test(encode, base64_answers_when_there_is_no_room) {
    struct arena arena;
    arena_init(&arena, 2);
    cr_assert(base64_decode(&arena, SLICE("Zm9v")).data == NULL);
    arena_fini(&arena);
    struct buf buf;
    buf_init(&buf, 7);
    base64_encode(&buf, SLICE("foob"));
    cr_assert_not(buf_ok(&buf));
    buf_fini(&buf);
}

Test(encode, hex_is_lower_case) {
    struct buf buf;
    buf_init(&buf, 100);
    hex_encode(&buf, SLICE("\x00\x9f\xFF"));
    cr_assert(slice_is(buf_view(&buf), "009fff"));
    buf_fini(&buf);
}

Test(encode, utf8_knows_every_code_point_and_refuses_surrogates) {
    for (unsigned point = 0; point <= 0x10ffff; point++) {
        uint8_t b[4];
        size_t size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
        if (size == 1) b[0] = (uint8_t)point;
        if (size == 2) b[0] = (uint8_t)(0xc0 | point >> 6);
        if (size == 3) b[0] = (uint8_t)(0xe0 | point >> 12);
        if (size == 4) b[0] = (uint8_t)(0xf0 | point >> 18);
        for (size_t i = 1; i < size; i++) b[i] = (uint8_t)(0x80 | (point >> (6 * (size - 1 - i)) & 0x3f));
        bool surrogate = point >= 0xd800 && point <= 0xdfff;
        cr_assert_eq(utf8_valid(slice_of(b, size)), !surrogate, "U+%04X", point);
        cr_assert(size == 1 || !utf8_valid(slice_of(b, size - 1)), "U+%04X cut", point);
        cr_assert_eq(utf8_points(slice_of(b, size)), 1u);
    }
}

Test(encode, utf8_refuses_overlong_forms_stray_bytes_and_what_is_too_large) {
    static const char *const wrong[] = {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xf0\x80\x80\x80",
                                        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xff", "12345678\xff",
                                        "\xc3(", "\xe2\x82(", "\xf0\x9f\x98("};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) cr_expect_not(utf8_valid(slice_text(wrong[i])), "case %zu", i);
    cr_assert(utf8_valid(SLICE("plain text, then \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80")));
    cr_assert_eq(utf8_points(SLICE("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80")), 4u);
}

Test(clock, iso_time_has_milliseconds_and_no_zone) {
    char text[CLOCK_ISO_SIZE];
    clock_iso(1740193405490u, text);
    cr_assert_str_eq(text, "2025-02-22T03:03:25.490");
    clock_iso(0, text);
    cr_assert_str_eq(text, "1970-01-01T00:00:00.000");
    clock_iso(UINT64_MAX, text);
    cr_assert_lt(strlen(text), (size_t)CLOCK_ISO_SIZE);
}

Test(clock, system_time_and_monotonic_time_move_forward) {
    uint64_t before = clock_monotonic_ns();
    cr_assert_gt(clock_real_ms(), 1600000000000u);
    cr_assert_geq(clock_monotonic_ns(), before);
}

Test(random, identifiers_have_their_forms_and_differ) {
    char a[RANDOM_UUID_SIZE], b[RANDOM_UUID_SIZE], request[53];
    random_uuid(a);
    random_uuid(b);
    cr_assert_str_neq(a, b);
    cr_assert_eq(strlen(a), 36u);
    cr_assert_eq(strspn(a, "0123456789abcdef-"), 36u);
    cr_assert(a[8] == '-' && a[13] == '-' && a[18] == '-' && a[23] == '-' && a[14] == '4' && strchr("89ab", a[19]) != NULL);
    random_request_id(request);
    cr_assert_eq(strspn(request, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"), 52u);
    cr_assert_eq(request[52], 0);
    char seen[40][53];
    for (size_t i = 0; i < 40; i++) {
        random_request_id(seen[i]);
        for (size_t j = 0; j < i; j++) cr_assert_str_neq(seen[i], seen[j]);
    }
}
