#include <criterion/criterion.h>

#include "table/throttle.h"

static struct throttle *throttle;
static uint64_t now_ms = 1000000;

static bool take(uint32_t id, int64_t rate, double units) {
    const struct throttle_demand demand = {id, rate, units};
    return throttle_take(throttle, THROTTLE_WRITE, &demand, 1, now_ms) == 1;
}

static void open_throttle(void) { cr_assert_not_null(throttle = throttle_new()); }
static void close_throttle(void) { throttle_free(throttle); }

TestSuite(throttle, .init = open_throttle, .fini = close_throttle);

Test(throttle, keeps_five_minutes_of_units_and_no_more) {
    for (int i = 0; i < 2 * 300; i++) cr_assert(take(1, 2, 1), "%d", i);
    cr_expect_not(take(1, 2, 1));
    now_ms += 1000 * 3600;
    for (int i = 0; i < 2 * 300; i++) cr_assert(take(1, 2, 1), "%d", i);
    cr_expect_not(take(1, 2, 1));
}

Test(throttle, gives_the_rate_when_the_burst_is_used_up) {
    cr_assert(take(1, 5, 5 * 300));
    cr_assert_not(take(1, 5, 1));
    size_t done = 0;
    for (int i = 0; i < 100; i++) {
        now_ms += 100;
        while (take(1, 5, 1)) done++;
    }
    cr_expect(done >= 50 && done <= 51, "%zu in ten seconds", done);
}

Test(throttle, lets_something_larger_through_once_and_then_waits_for_it) {
    cr_assert(take(1, 1, 300));
    now_ms += 1000;
    cr_assert(take(1, 1, 10), "there is one unit");
    for (int i = 0; i < 9; i++, now_ms += 1000) cr_assert_not(take(1, 1, 1), "%d", i);
    now_ms += 1000;
    cr_assert(take(1, 1, 1));
}

Test(throttle, debts_end) {
    cr_assert(take(1, 1, 1e9));
    now_ms += 301 * 1000;
    cr_assert(take(1, 1, 1));
}

Test(throttle, takes_all_or_nothing_and_says_whose_bucket_is_empty) {
    const struct throttle_demand demands[] = {{1, 10, 1}, {2, 1, 300}, {3, 10, 1}};
    cr_assert_eq(throttle_take(throttle, THROTTLE_WRITE, demands, 3, now_ms), 3u);
    for (int i = 0; i < 4000; i++) cr_assert_eq(throttle_take(throttle, THROTTLE_WRITE, demands, 3, now_ms), 1u);
    cr_expect_eq(throttle_look(throttle, THROTTLE_WRITE, demands, 3, now_ms), 1u);
    cr_expect_eq(throttle_look(throttle, THROTTLE_READ, demands, 3, now_ms), 3u, "reads have buckets of their own");
    cr_expect(take(1, 10, 1), "nothing was taken by those that failed");
}

Test(throttle, owing_takes_what_is_not_there) {
    const struct throttle_demand demand = {1, 1, 310};
    throttle_owe(throttle, THROTTLE_WRITE, &demand, 1, now_ms);
    now_ms += 10 * 1000;
    cr_assert_not(take(1, 1, 1));
    now_ms += 1000;
    cr_assert(take(1, 1, 1));
}

Test(throttle, no_rate_is_no_limit) {
    for (int i = 0; i < 1000; i++) cr_assert(take(1, 0, 1000));
    cr_expect_eq(throttle_buckets(throttle), 0u);
}

Test(throttle, a_new_rate_holds_from_now_on) {
    cr_assert(take(1, 1, 300));
    now_ms += 10 * 1000;
    for (int i = 0; i < 10; i++) cr_assert(take(1, 100, 1), "what has come so far came at the old rate: %d", i);
    cr_assert_not(take(1, 100, 1));
    now_ms += 1000;
    for (int i = 0; i < 100; i++) cr_assert(take(1, 100, 1), "%d", i);
    cr_assert_not(take(1, 100, 1));
}

Test(throttle, forgets_who_has_not_been_seen_for_long) {
    for (uint32_t id = 1; id <= 1000; id++) cr_assert(take(id, 1, id == 7 ? 600 : 1));
    cr_assert_eq(throttle_buckets(throttle), 1000u);
    now_ms += 400 * 1000;
    for (uint32_t id = 2001; id <= 2100; id++) cr_assert(take(id, 1, 1));
    cr_expect(throttle_buckets(throttle) <= 101, "%zu", throttle_buckets(throttle));
}
