/* The step core by hand: what it asks for, one event at a time. */
#include <criterion/criterion.h>

#include "trigger/step.h"

static const struct step_settings plain = {
    .enabled = true,
    .factor = 1,
    .batch_size = 3,
    .retries_max = -1,
    .record_age_ms_max = STEP_NEVER,
    .payload_bytes_max = 1000,
    .buffer_bytes_max = 100000,
    .backoff_ms_first = 100,
    .backoff_ms_max = 1000,
};
static const uint32_t middle = UINT32_C(1) << 31; /* the jitter that changes nothing */

static const struct step_answer success = {.outcome = STEP_SUCCESS}, failure = {.outcome = STEP_FAILURE},
                                 not_delivered = {.outcome = STEP_NOT_DELIVERED};

static struct step_record records[100];

static struct step_shard begin(struct step_settings settings) {
    struct step_shard shard;
    for (size_t i = 0; i < 100; i++) records[i] = (struct step_record){.created_ms = 1000, .bytes = 10, .key = (uint32_t)i};
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
    cr_assert_leq(shard->appended + count, 100);
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
    step_delivered(&shard, 0, success, 3000, middle);
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
    step_delivered(&shard, 0, success, 1100, middle);
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
        step_delivered(&shard, 0, failure, now_ms, middle);
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
        step_delivered(&shard, 0, failure, attempt * 10000, middle);
    }
    struct step_action action = expect(&shard, 30000, STEP_GIVE_UP);
    cr_assert_eq(action.attempt, 3);
    cr_assert_eq(action.reason, STEP_RETRIES_EXHAUSTED);
    step_given_up(&shard, 0, true, 30000, middle);
    save(&shard, 30000, 3);
}

Test(step, deliveries_that_never_reached_the_function_do_not_count) {
    struct step_settings settings = plain;
    settings.retries_max = 0;
    struct step_shard shard = begin(settings);
    read_some(&shard, 1000, 1);
    for (uint32_t i = 1; i <= 20; i++) {
        expect_delivery(&shard, i * 10000, 0, 1, 1);
        step_delivered(&shard, 0, not_delivered, i * 10000, middle);
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
    step_given_up(&shard, 0, true, 62000, middle);
    save(&shard, 62000, 1);
    expect_delivery(&shard, 62000, 1, 2, 1);
}

Test(step, a_delivery_goes_on_while_a_checkpoint_is_being_saved_and_saves_join) {
    struct step_shard shard = begin(plain);
    read_some(&shard, 1000, 1);
    expect_delivery(&shard, 1000, 0, 1, 1);
    step_delivered(&shard, 0, success, 1000, middle);
    cr_assert_eq(expect(&shard, 1000, STEP_SAVE).first, 1);
    for (uint64_t i = 1; i < 4; i++) {
        step_available(&shard);
        read_some(&shard, 1000, 1);
        expect_delivery(&shard, 1000, i, 1, 1);
        step_delivered(&shard, 0, success, 1000, middle);
    }
    step_saved(&shard, true, 1000);
    save(&shard, 1000, 4);
}

Test(step, a_checkpoint_that_failed_is_saved_again_after_a_pause) {
    struct step_shard shard = begin(plain);
    read_some(&shard, 1000, 1);
    expect_delivery(&shard, 1000, 0, 1, 1);
    step_delivered(&shard, 0, success, 1000, middle);
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
    step_delivered(&shard, 0, success, 1000, middle);
    save(&shard, 1000, 3);
    step_available(&shard);
    cr_assert_eq(expect(&shard, 1000, STEP_WAIT).until_ms, STEP_NEVER);
    settings.enabled = true;
    step_change(&shard, &settings);
    expect(&shard, 1000, STEP_READ);
}

Test(step, a_change_of_settings_tries_a_paused_batch_at_once_within_its_new_budget) {
    struct step_settings settings = plain;
    struct step_shard shard = begin(settings);
    read_some(&shard, 1000, 1);
    expect_delivery(&shard, 1000, 0, 1, 1);
    step_delivered(&shard, 0, failure, 1000, middle);
    step_change(&shard, &settings);
    expect_delivery(&shard, 1000, 0, 1, 2);
    step_delivered(&shard, 0, failure, 1000, middle);
    settings.retries_max = 1;
    step_change(&shard, &settings);
    expect(&shard, 1000, STEP_GIVE_UP);
}

Test(step, a_clock_set_back_makes_a_pause_begin_anew_instead_of_lasting_for_ever) {
    struct step_shard shard = begin(plain);
    read_some(&shard, 900000, 1);
    expect_delivery(&shard, 900000, 0, 1, 1);
    step_delivered(&shard, 0, failure, 900000, middle);
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
    step_delivered(&shard, 0, success, 1000, middle);
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

/* ------------------------------------------------------------------ partial answers and halves */

static struct step_answer taken(uint32_t count) { return (struct step_answer){.outcome = STEP_PARTIAL, .taken = count}; }

static void expect_given_up(struct step_shard *shard, uint64_t now_ms, uint64_t first, uint32_t count, uint32_t attempts) {
    struct step_action action = expect(shard, now_ms, STEP_GIVE_UP);
    cr_assert_eq(action.first, first);
    cr_assert_eq(action.count, count);
    cr_assert_eq(action.attempt, attempts);
    step_given_up(shard, action.lane, true, now_ms, middle);
}

Test(step, a_partial_answer_moves_the_checkpoint_and_the_rest_has_a_new_budget) {
    struct step_settings settings = plain;
    settings.retries_max = 3;
    struct step_shard shard = begin(settings);
    read_some(&shard, 1000, 3);
    expect_delivery(&shard, 1000, 0, 3, 1);
    step_delivered(&shard, 0, taken(2), 1000, middle);
    save(&shard, 1000, 2);
    for (uint32_t attempt = 1; attempt <= 4; attempt++) { /* recorded: seen five times, the record says four */
        expect_delivery(&shard, attempt * 10000, 2, 1, attempt);
        step_delivered(&shard, 0, taken(0), attempt * 10000, middle);
    }
    expect_given_up(&shard, 40000, 2, 1, 4);
}

Test(step, a_failed_batch_is_halved_until_the_record_at_fault_is_alone) {
    struct step_settings settings = plain;
    settings.batch_size = 5;
    settings.bisect = true;
    settings.retries_max = 1;
    struct step_shard shard = begin(settings);
    read_some(&shard, 1000, 5); /* the fourth is at fault */
    expect_delivery(&shard, 1000, 0, 5, 1);
    step_delivered(&shard, 0, failure, 1000, middle);
    expect(&shard, 1000, STEP_WAIT);
    expect_delivery(&shard, 2000, 0, 2, 1);
    step_delivered(&shard, 0, success, 2000, middle);
    save(&shard, 2000, 2);
    expect_delivery(&shard, 2000, 2, 3, 1);
    step_delivered(&shard, 0, failure, 2000, middle);
    expect_delivery(&shard, 3000, 2, 1, 1);
    step_delivered(&shard, 0, success, 3000, middle);
    save(&shard, 3000, 3);
    expect_delivery(&shard, 3000, 3, 2, 1);
    step_delivered(&shard, 0, failure, 3000, middle);
    expect_delivery(&shard, 4000, 3, 1, 1);
    step_delivered(&shard, 0, failure, 4000, middle);
    expect_delivery(&shard, 5000, 3, 1, 2);
    step_delivered(&shard, 0, failure, 5000, middle);
    expect_given_up(&shard, 5000, 3, 1, 2);
    save(&shard, 5000, 4);
    expect_delivery(&shard, 5000, 4, 1, 1);
    step_delivered(&shard, 0, success, 5000, middle);
    save(&shard, 5000, 5);
}

Test(step, a_partial_answer_splits_at_the_reported_record_and_only_the_rest_is_tried_again) {
    struct step_settings settings = plain;
    settings.batch_size = 6;
    settings.bisect = true;
    struct step_shard shard = begin(settings);
    read_some(&shard, 1000, 6);
    expect_delivery(&shard, 1000, 0, 6, 1);
    step_delivered(&shard, 0, taken(2), 1000, middle);
    save(&shard, 1000, 2);
    expect_delivery(&shard, 2000, 2, 4, 1);
    step_delivered(&shard, 0, taken(0), 2000, middle); /* nothing to split off in front: halves */
    expect_delivery(&shard, 3000, 2, 2, 1);
}

Test(step, a_failure_record_that_does_not_get_through_is_sent_again_and_the_lane_waits) {
    struct step_settings settings = plain;
    settings.retries_max = 0;
    struct step_shard shard = begin(settings);
    read_some(&shard, 1000, 3);
    expect_delivery(&shard, 1000, 0, 3, 1);
    step_delivered(&shard, 0, failure, 1000, middle);
    expect(&shard, 1000, STEP_GIVE_UP);
    expect(&shard, 1000, STEP_WAIT);
    step_given_up(&shard, 0, false, 1000, middle);
    cr_assert_eq(expect(&shard, 1000, STEP_WAIT).until_ms, 1100);
    expect(&shard, 1100, STEP_GIVE_UP);
    step_given_up(&shard, 0, false, 1100, middle);
    cr_assert_eq(expect(&shard, 1100, STEP_WAIT).until_ms, 1300);
    expect_given_up(&shard, 1300, 0, 3, 1);
    save(&shard, 1300, 3);
}

/* ------------------------------------------------------------------ filters */

Test(step, filtered_records_are_done_and_their_progress_is_saved_now_and_then) {
    struct step_shard shard = begin(plain);
    for (unsigned i = 0; i < 3; i++) records[i].state = STEP_RECORD_DONE;
    read_some(&shard, 1000, 3);
    cr_assert_eq(shard.done, 3);
    cr_assert_eq(expect(&shard, 1000, STEP_WAIT).until_ms, 2000);
    step_available(&shard);
    records[3].state = STEP_RECORD_DONE;
    read_some(&shard, 1500, 2);
    expect_delivery(&shard, 1500, 4, 1, 1);
    step_delivered(&shard, 0, success, 1500, middle);
    save(&shard, 1500, 5);
    expect(&shard, 1500, STEP_WAIT);
}

Test(step, filtered_records_do_not_count_in_a_batch) {
    struct step_shard shard = begin(plain);
    for (unsigned i = 0; i < 6; i += 2) records[i].state = STEP_RECORD_DONE;
    read_some(&shard, 1000, 3);
    step_available(&shard);
    read_some(&shard, 1000, 2);
    step_available(&shard);
    read_some(&shard, 1000, 1);
    expect_delivery(&shard, 1000, 1, 3, 1);
    cr_assert_eq(step_held(&shard, 0, 2), 3);
    step_delivered(&shard, 0, success, 1000, middle);
    save(&shard, 1000, 6);
}

/* ------------------------------------------------------------------ lanes */

static struct step_shard begin_lanes(uint32_t batch_size) {
    struct step_settings settings = plain;
    settings.factor = 2;
    settings.batch_size = batch_size;
    return begin(settings); /* even ordinals in lane 0, odd ones in lane 1 */
}

Test(step, lanes_have_a_batch_each_and_do_not_wait_for_each_other) {
    struct step_shard shard = begin_lanes(2);
    read_some(&shard, 1000, 4);
    struct step_action even = expect(&shard, 1000, STEP_DELIVER), odd = expect(&shard, 1000, STEP_DELIVER);
    cr_assert(even.lane == 0 && even.first == 0 && even.count == 2 && step_held(&shard, 0, 1) == 2);
    cr_assert(odd.lane == 1 && odd.first == 1 && odd.count == 2 && step_held(&shard, 1, 2) == 3);
    step_delivered(&shard, 1, success, 1000, middle);
    cr_assert_eq(shard.done, 0);
    step_available(&shard);
    read_some(&shard, 1000, 2);
    odd = expect(&shard, 1000, STEP_DELIVER);
    cr_assert(odd.lane == 1 && odd.first == 5 && odd.count == 1);
    step_delivered(&shard, 0, success, 1000, middle);
    save(&shard, 1000, 4);
}

Test(step, the_checkpoint_is_the_lowest_record_that_is_not_done) {
    struct step_shard shard = begin_lanes(1);
    read_some(&shard, 1000, 2);
    expect(&shard, 1000, STEP_DELIVER);
    expect(&shard, 1000, STEP_DELIVER);
    step_delivered(&shard, 0, failure, 1000, middle);
    step_delivered(&shard, 1, success, 1000, middle);
    cr_assert_eq(shard.done, 0);
    expect(&shard, 1000, STEP_WAIT);
    struct step_action again = expect(&shard, 2000, STEP_DELIVER);
    cr_assert(again.lane == 0 && again.attempt == 2);
    step_delivered(&shard, 0, success, 2000, middle);
    save(&shard, 2000, 2);
}

Test(step, another_factor_takes_effect_when_the_batches_at_hand_are_through) {
    struct step_shard shard = begin_lanes(1);
    struct step_settings settings = shard.settings;
    read_some(&shard, 1000, 2);
    expect(&shard, 1000, STEP_DELIVER);
    settings.factor = 1;
    step_change(&shard, &settings);
    expect(&shard, 1000, STEP_WAIT);
    step_delivered(&shard, 0, success, 1000, middle);
    save(&shard, 1000, 1);
    expect_delivery(&shard, 1000, 1, 1, 1);
    cr_assert_eq(shard.lane_count, 1);
}

/* ------------------------------------------------------------------ tumbling windows */

static struct step_shard begin_windows(void) {
    struct step_settings settings = plain;
    settings.tumbling_ms = 10000;
    return begin(settings);
}

static void expect_window(struct step_action action, uint64_t start_ms, bool final, bool early) {
    cr_assert(action.windowed && action.window_start_ms == start_ms && action.window_end_ms == start_ms + 10000);
    cr_assert(action.final == final && action.early == early);
}

Test(step, a_batch_ends_with_its_window_and_the_window_with_a_delivery_of_its_own) {
    struct step_shard shard = begin_windows();
    records[2].created_ms = 12000;
    read_some(&shard, 12000, 3);
    struct step_action action = expect(&shard, 12000, STEP_DELIVER);
    expect_window(action, 0, false, false);
    cr_assert_eq(action.count, 2);
    step_delivered(&shard, 0, success, 12000, middle);
    save(&shard, 12000, 2);
    action = expect(&shard, 12000, STEP_DELIVER);
    expect_window(action, 0, true, false);
    cr_assert_eq(action.count, 0);
    step_delivered(&shard, 0, success, 12000, middle);
    save(&shard, 12000, 2);
    expect_window(expect(&shard, 12000, STEP_DELIVER), 10000, false, false);
}

Test(step, a_window_without_further_records_closes_when_its_time_is_over) {
    struct step_shard shard = begin_windows();
    read_some(&shard, 1000, 1);
    expect_window(expect(&shard, 1000, STEP_DELIVER), 0, false, false);
    step_delivered(&shard, 0, success, 1000, middle);
    save(&shard, 1000, 1);
    cr_assert_eq(expect(&shard, 1000, STEP_WAIT).until_ms, 10000);
    expect_window(expect(&shard, 10000, STEP_DELIVER), 0, true, false);
    step_delivered(&shard, 0, failure, 10000, middle);
    struct step_action again = expect(&shard, 20000, STEP_DELIVER);
    cr_assert(again.final && again.attempt == 2);
}

Test(step, a_late_record_does_not_open_its_window_again) {
    struct step_shard shard = begin_windows();
    read_some(&shard, 10000, 1);
    expect_window(expect(&shard, 10000, STEP_DELIVER), 0, false, false);
    step_delivered(&shard, 0, success, 10000, middle);
    save(&shard, 10000, 1);
    expect_window(expect(&shard, 10000, STEP_DELIVER), 0, true, false);
    step_delivered(&shard, 0, success, 10000, middle);
    save(&shard, 10000, 1);
    records[1].created_ms = 9999;
    step_available(&shard);
    read_some(&shard, 10000, 1);
    expect_window(expect(&shard, 10000, STEP_DELIVER), 10000, false, false);
}

Test(step, a_state_too_big_closes_the_window_early_before_anything_is_saved_and_the_rest_begins_it_anew) {
    struct step_shard shard = begin_windows();
    shard.settings.bisect = true;
    read_some(&shard, 1000, 3);
    expect(&shard, 1000, STEP_DELIVER);
    step_delivered(&shard, 0, failure, 1000, middle);
    expect_delivery(&shard, 2000, 0, 1, 1);
    step_delivered(&shard, 0, (struct step_answer){.outcome = STEP_SUCCESS, .state_full = true}, 2000, middle);
    expect_window(expect(&shard, 2000, STEP_DELIVER), 0, true, true);
    step_delivered(&shard, 0, success, 2000, middle);
    save(&shard, 2000, 1);
    struct step_action action = expect(&shard, 2000, STEP_DELIVER);
    expect_window(action, 0, false, false);
    cr_assert(action.first == 1 && action.count == 2);
}

Test(step, the_end_of_the_shard_closes_its_window) {
    struct step_shard shard = begin_windows();
    expect(&shard, 1000, STEP_READ);
    step_read(&shard, records, 0, 1, false, true, 1000);
    expect_window(expect(&shard, 1000, STEP_DELIVER), 0, false, false);
    step_delivered(&shard, 0, success, 1000, middle);
    cr_assert_not(expect(&shard, 1000, STEP_SAVE).end);
    step_saved(&shard, true, 1000);
    expect_window(expect(&shard, 1000, STEP_DELIVER), 0, true, false);
    step_delivered(&shard, 0, success, 1000, middle);
    cr_assert(expect(&shard, 1000, STEP_SAVE).end);
}

Test(step, an_open_window_goes_on_after_a_restart) {
    struct step_shard shard = begin_windows();
    step_resume_window(&shard, 0, 10000);
    expect(&shard, 2000, STEP_READ);
    step_read(&shard, records, 0, 0, false, false, 2000);
    cr_assert_eq(expect(&shard, 2000, STEP_WAIT).until_ms, 10000);
    expect_window(expect(&shard, 10000, STEP_DELIVER), 0, true, false);
}
