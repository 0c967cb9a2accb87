/* What commands read from their arguments, addresses and credential files. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/credentials.h"
#include "cmd/listen.h"

Test(cmd, durations_have_units) {
    static const struct { const char *text; bool good; uint64_t ms; } cases[] = {
        {"500ms", true, 500},   {"30s", true, 30000},      {"90m", true, 5400000}, {"24h", true, 86400000},
        {"7d", true, 604800000}, {"0s", true, 0},          {"24", false, 0},       {"h", false, 0},
        {"-1h", false, 0},       {"1.5h", false, 0},       {"1h ", false, 0},      {"99999999999999999999h", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t ms = 0;
        cr_expect_eq(cmd_duration_ms(cases[i].text, &ms), cases[i].good, "%s", cases[i].text);
        cr_expect_eq(ms, cases[i].ms, "%s", cases[i].text);
    }
}

Test(cmd, numbers_are_whole_and_bounded) {
    uint64_t number;
    cr_expect(cmd_number("64", 64, &number) && number == 64);
    cr_expect_not(cmd_number("65", 64, &number));
    cr_expect_not(cmd_number("", 64, &number));
    cr_expect_not(cmd_number("-1", UINT64_MAX, &number));
    cr_expect_not(cmd_number("1x", 64, &number));
}

Test(cmd_listen, addresses_are_told_apart_by_who_can_reach_them) {
    static const struct { const char *text, *shown; bool loopback; } cases[] = {
        {"127.0.0.1:8000", "127.0.0.1:8000", true}, {"127.1.2.3:1", "127.1.2.3:1", true}, {"[::1]:8000", "[::1]:8000", true},
        {":9000", "127.0.0.1:9000", true},          {"9000", "127.0.0.1:9000", true},     {"0.0.0.0:8000", "0.0.0.0:8000", false},
        {"[::]:8000", "[::]:8000", false},          {"192.0.2.1:80", "192.0.2.1:80", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cmd_listen listen;
        struct leat_fault fault = {0};
        cr_assert_eq(cmd_listen_parse(cases[i].text, &listen, &fault), LEAT_OK, "%s: %s", cases[i].text, fault.message);
        cr_expect_str_eq(listen.text, cases[i].shown);
        cr_expect_eq(listen.loopback, cases[i].loopback, "%s", cases[i].text);
    }
}

Test(cmd_listen, nonsense_is_refused) {
    static const char *const cases[] = {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "::1:8000", "127.0.0.1:80 "};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cmd_listen listen;
        struct leat_fault fault = {0};
        cr_expect_neq(cmd_listen_parse(cases[i], &listen, &fault), LEAT_OK, "%s", cases[i]);
        cr_expect_neq(fault.message[0], 0);
    }
}

Test(cmd_listen, a_port_that_is_found_is_in_the_endpoint) {
    struct cmd_listen listen;
    struct leat_fault fault;
    char endpoint[CMD_LISTEN_TEXT_SIZE + 8];
    cr_assert_eq(cmd_listen_parse("[::1]:0", &listen, &fault), LEAT_OK);
    cr_expect_eq(listen.port, 0);
    cmd_listen_bound(&listen, 4711);
    cmd_listen_endpoint(&listen, endpoint, sizeof endpoint);
    cr_expect_str_eq(endpoint, "http://[::1]:4711");
    cr_expect_str_eq(listen.text, "[::1]:4711");
}

Test(cmd_listen, own_programs_do_not_call_an_address_that_means_all) {
    struct cmd_listen listen;
    struct leat_fault fault;
    char endpoint[CMD_LISTEN_TEXT_SIZE + 8];
    cr_assert_eq(cmd_listen_parse("0.0.0.0:8000", &listen, &fault), LEAT_OK);
    cmd_listen_endpoint(&listen, endpoint, sizeof endpoint);
    cr_expect_str_eq(endpoint, "http://127.0.0.1:8000");
}

Test(cmd_credentials, profiles_of_a_credentials_file) {
    struct cmd_credentials credentials = {.count = 0};
    struct leat_fault fault = {0};
    char text[] = "# mine\n[default]\naws_access_key_id = ONE\naws_secret_access_key=first\nregion = x\n\n[other]\n"
                  "aws_secret_access_key = second==\r\naws_access_key_id = TWO\n";
    cr_assert_eq(cmd_credentials_parse(&credentials, text, &fault), LEAT_OK, "%s", fault.message);
    cr_assert_eq(credentials.count, 2);
    cr_expect_str_eq(credentials.pairs[0].access_key, "ONE");
    cr_expect_str_eq(credentials.pairs[0].secret_key, "first");
    cr_expect_str_eq(credentials.pairs[1].secret_key, "second==");
}

Test(cmd_credentials, a_file_without_keys_would_let_everyone_in_and_is_refused) {
    struct cmd_credentials credentials = {.count = 0};
    struct leat_fault fault = {0};
    char text[] = "[default]\naws_access_key_id = ONE\n";
    cr_expect_neq(cmd_credentials_parse(&credentials, text, &fault), LEAT_OK);
    cr_expect_neq(cmd_credentials_read(&credentials, "/nonexistent", &fault), LEAT_OK);
    cmd_credentials_fini(&credentials);
}
