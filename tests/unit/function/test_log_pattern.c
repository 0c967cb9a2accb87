#include <criterion/criterion.h>

#include "base/slice.h"
#include "function/log_events.h"

static bool matches(const char *pattern, const char *message) {
    struct arena scratch;
    arena_init(&scratch, 1 << 20);
    cr_assert_eq(function_log_pattern_check(slice_text(pattern), NULL), LEAT_OK, "%s", pattern);
    bool good = function_log_matches(slice_text(pattern), slice_text(message), &scratch);
    arena_fini(&scratch);
    return good;
}

struct example { const char *pattern, *message; bool matches; };

static void check(const struct example *examples, size_t count) {
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(matches(examples[i].pattern, examples[i].message), examples[i].matches, "%s on %s", examples[i].pattern,
                     examples[i].message);
}

Test(log_pattern, terms) {
    static const struct example examples[] = {
        {"", "anything", true}, {"  ", "anything", true}, {"ERROR", "[ERROR] no", true}, {"ERROR", "error", false},
        {"ERROR code", "code of an ERROR", true}, {"ERROR code", "ERROR", false}, {"\"ERROR code\"", "code of an ERROR", false},
        {"\"ERROR code\"", "the ERROR code 3", true}, {"?ERROR ?WARN", "WARN: x", true}, {"?ERROR ?WARN", "INFO: x", false},
        {"ERROR -code", "ERROR code", false}, {"ERROR -code", "ERROR only", true}, {"-x", "y", true}, {"ERROR ?WARN", "ERROR", true},
        {"ERROR ?WARN", "WARN", false}, {"a", "", false}};
    check(examples, sizeof examples / sizeof *examples);
}

Test(log_pattern, json) {
    static const char message[] = "{\"level\":\"error\",\"n\":3,\"ok\":true,\"no\":null,\"list\":[1,{\"a\":\"deep value\"}],\"s\":\"17\"}";
    static const struct example examples[] = {
        {"{ $.level = \"error\" }", message, true}, {"{ $.level = error }", message, true}, {"{$.level=\"err*\"}", message, true},
        {"{ $.level = \"warn\" }", message, false}, {"{ $.level != \"warn\" }", message, true}, {"{ $.n = 3 }", message, true},
        {"{ $.n = 3.0 }", message, true}, {"{ $.n > 3 }", message, false}, {"{ $.n >= 3 && $.n < 4 }", message, true},
        {"{ $.n > 5 || $.ok IS TRUE }", message, true}, {"{ ($.n > 5 || $.n < 1) && $.ok IS TRUE }", message, false},
        {"{ $.no IS NULL }", message, true}, {"{ $.gone IS NULL }", message, false}, {"{ $.gone NOT EXISTS }", message, true},
        {"{ $.list[0] = 1 }", message, true}, {"{ $.list[1].a = \"*val*\" }", message, true}, {"{ $.list[2] = 1 }", message, false},
        {"{ $.ok = true }", message, true}, {"{ $.n = 3 }", "plain text 3", false}, {"{ $.n = 3 }", "", false},
        {"{ $.n = 3 }", "{\"n\":", false}, {"{ $.s > 5 }", message, false}, {"{ $.level = \"*\" }", message, true}};
    check(examples, sizeof examples / sizeof *examples);
}

Test(log_pattern, what_is_none_is_refused) {
    static const char *const bad[] = {"{", "{ }", "{ $.a }", "{ $.a = }", "{ $.a = 1", "{ a = 1 }", "{ $.a = \"x }", "{ ($.a = 1 }",
                                      "{ $.a = 1 && }", "{ $.a[x] = 1 }", "[a, b]", "%x%", "\"open", "{ $.a = 1 } x", "{ $.a ~ 1 }"};
    char deep[256] = "{ ";
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_eq(function_log_pattern_check(slice_text(bad[i]), NULL), LEAT_VALIDATION, "%s", bad[i]);
    memset(deep + 2, '(', 200);
    cr_assert_eq(function_log_pattern_check(slice_text(deep), NULL), LEAT_VALIDATION);
}
