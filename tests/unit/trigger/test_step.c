/* The step core by hand: what it asks for, one event at a time. */
#include <criterion/criterion.h>

#include "trigger/step.h"

static const struct step_settings plain = {
    .enabled = true,
    .batch_size = 3,
    .retries_max = -1,
    .record_age_ms_max = STEP_NEVER,
    .payload_bytes_max = 1000,
    .backoff_ms_first = 100,
    .backoff_ms_max = 1000,
};
static const uint32_t middle = UINT32_C(1) << 31; /* the jitter that changes nothing */

static struct step_record records[100];

static struct step_shard begin(struct step_settings settings) {
    struct step_shard shard;
    for (size_t i = 0; i < 100; i++) records[i] = (struct step_record){.created_ms = 1000, .bytes = 10};
    step_init(&shard, &settings, 1000);
    return shard;
}

static struct step_action expect(struct step_shard *shard, uint64_t now_ms, enum step_action_kind kind) {
    struct step_action action = step_next(shard, now_ms);
    cr_assert_eq(action.kind, kind, "action %d instead of %d", action.kind, kind);
    return action;
}

static void read_some(struct step_shard *shard, uint64_t now_ms, uint32_t count) {
    struct step_action action = expect(shard, now_ms, STEP_READ);
    cr_assert_geq(action.count, count);
    step_read(shard, records, 0, count, false, false, now_ms);
}

static void expect_delivery(struct step_shard *shard, uint64_t now_ms, uint64_t first, uint32_t count, uint32_t attempt) {
    struct step_action action = expect(shard, now_ms, STEP_DELIVER);
    cr_assert_eq(action.first, first);
    cr_assert_eq(action.count, count);
    cr_assert_eq(action.attempt, attempt);
}

static void save(struct step_shard *shard, uint64_t now_ms, uint64_t first) {
    cr_assert_eq(expect(shard, now_ms, STEP_SAVE).first, first);
    step_saved(shard, true, now_ms);
}

Test(step, without_a_window_delivers_whatever_was_read) {
    struct step_shard shard = begin(plain);
    read_some(&shard, 1000, 1);
    expect_delivery(&shard, 1000, 0, 1, 1);
    cr_assert_eq(expect(&shard, 1000, STEP_WAIT).until_ms, STEP_NEVER);
}

Test(step, fills_the_batch_while_the_shard_has_more) {
    struct step_shard shard = begin(plain);
    cr_assert_eq(expect(&shard, 1000, STEP_READ).count, 3);
    step_read(&shard, records, 0, 1, true, false, 1000);
    cr_assert_eq(expect(&shard, 1000, STEP_READ).count, 2);
    step_read(&shard, records, 0, 2, true, false, 1000);
    expect_delivery(&shard, 1000, 0, 3, 1);
}

Test(step, an_announcement_during_a_read_leads_to_another_read) {
    struct step_shard shard = begin(plain);
    expect(&shard, 1000, STEP_READ);
    step_available(&shard);
    step_read(&shard, records, 0, 0, false, false, 1000);
    expect(&shard, 1000, STEP_READ);
}

Test(step, waits_for_the_window_and_delivers_what_came_within_it) {
    struct step_settings settings = plain;
    settings.window_ms = 500;
    struct step_shard shard = begin(settings);
    read_some(&shard, 1100, 1);
    cr_assert_eq(expect(&shard, 1100, STEP_WAIT).until_ms, 1500);
    step_available(&shard);
    read_some(&shard, 1300, 1);
    cr_assert_eq(expect(&shard, 1300, STEP_WAIT).until_ms, 1500);
    expect_delivery(&shard, 1500, 0, 2, 1);
}

Test(step, a_full_batch_does_not_wait_for_the_window) {
    struct step_settings settings = plain;
    settings.window_ms = 500;
    struct step_shard shard = begin(settings);
    read_some(&shard, 1000, 3);
    expect_delivery(&shard, 1000, 0, 3, 1);
}

Test(step, the_next_window_begins_when_the_invocation_ends) {
    struct step_settings settings = plain;
    settings.window_ms = 500;
    struct step_shard shard = begin(settings);
    read_some(&shard, 1000, 3);
    expect_delivery(&shard, 1000, 0, 3, 1);
    step_available(&shard);
    step_delivered(&shard, STEP_SUCCESS, 3000, middle);
    save(&shard, 3000, 3);
    read_some(&shard, 3000, 1);
    cr_assert_eq(expect(&shard, 3000, STEP_WAIT).until_ms, 3500);
}

Test(step, after_an_empty_window_the_first_record_begins_a_new_one) {
    struct step_settings settings = plain;
    settings.window_ms = 500;
    struct step_shard shard = begin(settings);
    read_some(&shard, 9000, 1);
    cr_assert_eq(expect(&shard, 9000, STEP_WAIT).until_ms, 9500);
}

Test(step, cuts_the_batch_where_the_payload_is_full) {
    struct step_settings settings = plain;
    settings.payload_bytes_max = 25;
    settings.window_ms = 500;
    struct step_shard shard = begin(settings);
    read_some(&shard, 1000, 3);
    expect_delivery(&shard, 1000, 0, 2, 1);
    step_delivered(&shard, STEP_SUCCESS, 1100, middle);
    save(&shard, 1100, 2);
    cr_assert_eq(expect(&shard, 1100, STEP_WAIT).until_ms, 1600);
    expect_delivery(&shard, 1600, 2, 1, 1);
}

Test(step, a_record_over_the_payload_limit_goes_alone) {
    struct step_settings settings = plain;
    settings.payload_bytes_max = 9;
    struct step_shard shard = begin(settings);
    read_some(&shard, 1000, 3);
    expect_delivery(&shard, 1000, 0, 1, 1);
}

Test(step, retries_with_growing_pauses_up_to_the_cap) {
    static const uint64_t pauses_ms[] = {100, 200, 400, 800, 1000, 1000};
    struct step_shard shard = begin(plain);
    uint64_t now_ms = 1000;
    read_some(&shard, now_ms, 2);
    for (uint32_t attempt = 1; attempt <= 6; attempt++) {
        expect_delivery(&shard, now_ms, 0, 2, attempt);
        step_delivered(&shard, STEP_FAILURE, now_ms, middle);
        cr_assert_eq(expect(&shard, now_ms, STEP_WAIT).until_ms, now_ms + pauses_ms[attempt - 1]);
        now_ms += pauses_ms[attempt - 1];
    }
}

Test(step, n_retries_are_n_plus_1_invocations_then_the_batch_is_given_up) {
    struct step_settings settings = plain;
    settings.retries_max = 2;
    struct step_shard shard = begin(settings);
    read_some(&shard, 1000, 3);
    for (uint32_t attempt = 1; attempt <= 3; attempt++) {
        expect_delivery(&shard, attempt * 10000, 0, 3, attempt);
        step_delivered(&shard, STEP_FAILURE, attempt * 10000, middle);
    }
    struct step_action action = expect(&shard, 30000, STEP_GIVE_UP);
    cr_assert_eq(action.attempt, 3);
    cr_assert_eq(action.reason, STEP_RETRIES_EXHAUSTED);
    step_given_up(&shard, 30000);
    save(&shard, 30000, 3);
}

Test(step, deliveries_that_never_reached_the_function_do_not_count) {
    struct step_settings settings = plain;
    settings.retries_max = 0;
    struct step_shard shard = begin(settings);
    read_some(&shard, 1000, 1);
    for (uint32_t i = 1; i <= 20; i++) {
        expect_delivery(&shard, i * 10000, 0, 1, 1);
        step_delivered(&shard, STEP_NOT_DELIVERED, i * 10000, middle);
        expect(&shard, i * 10000, STEP_WAIT);
    }
}

Test(step, cuts_off_and_discards_only_the_head_that_is_too_old) {
    struct step_settings settings = plain;
    settings.record_age_ms_max = 60000;
    struct step_shard shard = begin(settings);
    records[1].created_ms = 5000;
    records[2].created_ms = 1000; /* older than its predecessor: a clock went back */
    read_some(&shard, 62000, 3);
    struct step_action action = expect(&shard, 62000, STEP_GIVE_UP);
    cr_assert_eq(action.count, 1);
    cr_assert_eq(action.reason, STEP_RECORD_AGE_EXCEEDED);
    step_given_up(&shard, 62000);
    save(&shard, 62000, 1);
    expect_delivery(&shard, 62000, 1, 2, 1);
}

Test(step, a_delivery_goes_on_while_a_checkpoint_is_being_saved_and_saves_join) {
    struct step_shard shard = begin(plain);
    read_some(&shard, 1000, 1);
    expect_delivery(&shard, 1000, 0, 1, 1);
    step_delivered(&shard, STEP_SUCCESS, 1000, middle);
    cr_assert_eq(expect(&shard, 1000, STEP_SAVE).first, 1);
    for (uint64_t i = 1; i < 4; i++) {
        step_available(&shard);
        read_some(&shard, 1000, 1);
        expect_delivery(&shard, 1000, i, 1, 1);
        step_delivered(&shard, STEP_SUCCESS, 1000, middle);
    }
    step_saved(&shard, true, 1000);
    save(&shard, 1000, 4);
}

Test(step, a_checkpoint_that_failed_is_saved_again_after_a_pause) {
    struct step_shard shard = begin(plain);
    read_some(&shard, 1000, 1);
    expect_delivery(&shard, 1000, 0, 1, 1);
    step_delivered(&shard, STEP_SUCCESS, 1000, middle);
    expect(&shard, 1000, STEP_SAVE);
    step_saved(&shard, false, 2000);
    cr_assert_eq(expect(&shard, 2000, STEP_WAIT).until_ms, 2100);
    save(&shard, 2100, 1);
}

Test(step, a_disabled_mapping_finishes_what_is_under_way_and_keeps_its_place) {
    struct step_settings settings = plain;
    struct step_shard shard = begin(settings);
    read_some(&shard, 1000, 3);
    expect_delivery(&shard, 1000, 0, 3, 1);
    settings.enabled = false;
    step_change(&shard, &settings);
    step_delivered(&shard, STEP_SUCCESS, 1000, middle);
    save(&shard, 1000, 3);
    step_available(&shard);
    cr_assert_eq(expect(&shard, 1000, STEP_WAIT).until_ms, STEP_NEVER);
    cr_assert(step_quiet(&shard));
    settings.enabled = true;
    step_change(&shard, &settings);
    expect(&shard, 1000, STEP_READ);
}

Test(step, a_change_of_settings_tries_a_paused_batch_at_once_within_its_new_budget) {
    struct step_settings settings = plain;
    struct step_shard shard = begin(settings);
    read_some(&shard, 1000, 1);
    expect_delivery(&shard, 1000, 0, 1, 1);
    step_delivered(&shard, STEP_FAILURE, 1000, middle);
    step_change(&shard, &settings);
    expect_delivery(&shard, 1000, 0, 1, 2);
    step_delivered(&shard, STEP_FAILURE, 1000, middle);
    settings.retries_max = 1;
    step_change(&shard, &settings);
    expect(&shard, 1000, STEP_GIVE_UP);
}

Test(step, a_clock_set_back_makes_a_pause_begin_anew_instead_of_lasting_for_ever) {
    struct step_shard shard = begin(plain);
    read_some(&shard, 900000, 1);
    expect_delivery(&shard, 900000, 0, 1, 1);
    step_delivered(&shard, STEP_FAILURE, 900000, middle);
    cr_assert_eq(expect(&shard, 5000, STEP_WAIT).until_ms, 5100);
    expect_delivery(&shard, 5100, 0, 1, 2);
}

Test(step, finishes_a_closed_shard_when_its_end_is_durable) {
    struct step_settings settings = plain;
    settings.window_ms = 100000;
    struct step_shard shard = begin(settings);
    expect(&shard, 1000, STEP_READ);
    step_read(&shard, records, 0, 2, false, true, 1000);
    expect_delivery(&shard, 1000, 0, 2, 1); /* nothing will come that were worth waiting for */
    step_delivered(&shard, STEP_SUCCESS, 1000, middle);
    cr_assert(expect(&shard, 1000, STEP_SAVE).end);
    expect(&shard, 1000, STEP_WAIT);
    step_saved(&shard, true, 1000);
    expect(&shard, 1000, STEP_FINISH);
    expect(&shard, 1000, STEP_WAIT);
}

Test(step, finishes_an_empty_closed_shard) {
    struct step_shard shard = begin(plain);
    expect(&shard, 1000, STEP_READ);
    step_read(&shard, records, 0, 0, false, true, 1000);
    cr_assert(expect(&shard, 1000, STEP_SAVE).end);
    step_saved(&shard, true, 1000);
    expect(&shard, 1000, STEP_FINISH);
}
