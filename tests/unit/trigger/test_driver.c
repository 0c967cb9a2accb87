/* The driver on a real database with functions that are not: what reaches them, when, and what a restart makes of it. */
#include "rig.h"

#include <stdio.h>
#include <unistd.h>

static struct rig rig;

static void open_memory(void) { rig_open(&rig, "memory"); }
static void open_durable(void) { rig_open(&rig, "lmdb"); }
static void close_rig(void) { rig_close(&rig); }

TestSuite(driver, .init = open_memory, .fini = close_rig, .timeout = 60);
TestSuite(driver_restart, .init = open_durable, .fini = close_rig, .timeout = 60);
TestSuite(driver_shards, .fini = close_rig, .timeout = 60);

static const struct trigger_settings defaults;

static struct trigger_settings batches_of(int64_t size) {
    return (struct trigger_settings){.batch_size = size, .given = TRIGGER_GIVEN_BATCH_SIZE};
}

/* Values from `first` to `last` for each of the keys k0, k1 ... */
static void put_values(unsigned keys, long first, long last) {
    for (long value = first; value <= last; value++) {
        for (unsigned k = 0; k < keys; k++) {
            char key[RIG_KEY_SIZE];
            snprintf(key, sizeof key, "k%u", k);
            rig_put(&rig, key, value);
        }
    }
}

Test(driver, trim_horizon_delivers_what_was_there_and_what_comes_in_order_per_key) {
    put_values(5, 1, 20);
    rig_map(&rig, "f", "TRIM_HORIZON", defaults);
    put_values(5, 21, 40);
    rig_wait_records(&rig, 200);
    rig_expect_in_order(&rig, "f", 5, 40);
    rig_expect_no_more(&rig);
}

Test(driver, latest_delivers_exactly_what_is_written_after_the_answer) {
    put_values(5, 1, 3);
    rig_map(&rig, "f", "LATEST", defaults);
    rig_put(&rig, "new", 1);
    rig_wait_records(&rig, 1);
    rig_expect_no_more(&rig);
    cr_assert_eq(rig.record_count, 1);
    cr_assert_str_eq(rig.records[0].key, "new");
}

Test(driver, targets_that_answer_at_once_are_served_as_well) {
    atomic_store(&rig.at_once, true);
    rig_map(&rig, "f", "TRIM_HORIZON", batches_of(1));
    put_values(3, 1, 200);
    rig_wait_records(&rig, 600);
    rig_expect_in_order(&rig, "f", 3, 200);
}

Test(driver, batches_are_as_big_as_they_may_be_and_no_bigger) {
    put_values(1, 1, 500);
    rig_map(&rig, "f", "TRIM_HORIZON", batches_of(200));
    rig_wait_records(&rig, 500);
    cr_assert_eq(rig.batch_largest, 200);
    cr_assert_eq(rig.deliveries, 3);
}

Test(driver, a_window_gathers_what_comes_within_it) {
    struct trigger_settings settings = {.window_seconds = 1, .given = TRIGGER_GIVEN_WINDOW};
    rig_map(&rig, "f", "TRIM_HORIZON", settings);
    put_values(1, 1, 5);
    rig_wait_records(&rig, 5);
    cr_assert_eq(rig.deliveries, 1);
}

Test(driver, a_failed_batch_comes_again_until_it_is_taken_and_the_result_shows_it) {
    struct leat_slice uuid = rig_map(&rig, "f", "TRIM_HORIZON", defaults);
    cr_assert(slice_is(rig_get(&rig, uuid).last_processing_result, "No records processed"));
    atomic_store(&rig.failures_left, 1000000);
    put_values(1, 1, 1);
    rig_wait_result(&rig, uuid, "PROBLEM: Function call failed");
    put_values(1, 2, 3);
    atomic_store(&rig.failures_left, 2);
    rig_wait_records(&rig, 3);
    rig_expect_in_order(&rig, "f", 1, 3);
    rig_wait_result(&rig, uuid, "OK");
}

Test(driver, a_batch_that_fails_n_plus_1_times_is_given_up_and_the_shard_goes_on) {
    struct trigger_settings settings = {
        .batch_size = 1, .retry_attempts_max = 2, .given = TRIGGER_GIVEN_BATCH_SIZE | TRIGGER_GIVEN_RETRIES};
    atomic_store(&rig.failures_left, 3);
    put_values(1, 1, 2);
    rig_map(&rig, "f", "TRIM_HORIZON", settings);
    rig_wait_records(&rig, 1);
    cr_assert_eq(rig.records[0].value, 2);
    cr_assert_eq(rig.deliveries, 4);
}

Test(driver, a_function_that_is_missing_uses_up_no_attempts) {
    struct trigger_settings settings = {.retry_attempts_max = 0, .given = TRIGGER_GIVEN_RETRIES};
    atomic_store(&rig.missing, true);
    struct leat_slice uuid = rig_map(&rig, "f", "TRIM_HORIZON", settings);
    put_values(1, 1, 1);
    rig_wait_result(&rig, uuid, "PROBLEM: Function call failed");
    usleep(100000);
    atomic_store(&rig.missing, false);
    rig_wait_records(&rig, 1);
}

Test(driver, a_disabled_mapping_keeps_its_place) {
    struct leat_slice uuid = rig_map(&rig, "f", "LATEST", defaults);
    put_values(2, 1, 5);
    rig_wait_records(&rig, 10);
    rig_update(&rig, uuid, (struct trigger_settings){.enabled = false, .given = TRIGGER_GIVEN_ENABLED});
    cr_assert(slice_is(rig_get(&rig, uuid).state, "Disabled"));
    usleep(20000);
    put_values(2, 6, 9);
    rig_expect_no_more(&rig);
    rig_update(&rig, uuid, (struct trigger_settings){.enabled = true, .given = TRIGGER_GIVEN_ENABLED});
    rig_wait_records(&rig, 18);
    rig_expect_in_order(&rig, "f", 2, 9);
}

Test(driver, a_mapping_made_disabled_begins_where_it_was_made) {
    put_values(1, 1, 2);
    struct leat_slice uuid = rig_map(&rig, "f", "LATEST", (struct trigger_settings){.given = TRIGGER_GIVEN_ENABLED});
    rig_put(&rig, "new", 1);
    rig_expect_no_more(&rig);
    rig_update(&rig, uuid, (struct trigger_settings){.enabled = true, .given = TRIGGER_GIVEN_ENABLED});
    rig_wait_records(&rig, 1);
    cr_assert_str_eq(rig.records[0].key, "new");
}

Test(driver, two_mappings_on_one_stream_get_everything_each) {
    rig_map(&rig, "f", "TRIM_HORIZON", defaults);
    rig_map(&rig, "g", "TRIM_HORIZON", batches_of(3));
    put_values(4, 1, 25);
    rig_wait_records(&rig, 200);
    rig_expect_in_order(&rig, "f", 4, 25);
    rig_expect_in_order(&rig, "g", 4, 25);
}

Test(driver, a_hundred_mappings_on_one_stream_get_everything_each) {
    enum { MAPPINGS = 100 };
    char names[MAPPINGS][RIG_KEY_SIZE];
    put_values(1, 1, 1);
    for (unsigned i = 0; i < MAPPINGS; i++) {
        snprintf(names[i], sizeof names[i], "f%u", i);
        rig_map(&rig, names[i], "TRIM_HORIZON", batches_of(i % 2 == 0 ? 100 : 3));
    }
    put_values(4, 2, 25);
    put_values(4, 26, 40);
    rig_wait_records(&rig, MAPPINGS * (1 + 4 * 39));
    for (unsigned i = 0; i < MAPPINGS; i++) {
        long last[4] = {0, 1, 1, 1};
        for (size_t r = 0; r < rig.record_count; r++) {
            const struct rig_record *record = &rig.records[r];
            if (strcmp(record->function, names[i]) != 0) continue;
            long *before = &last[record->key[1] - '0'];
            cr_assert_eq(record->value, *before + 1);
            *before = record->value;
        }
        for (unsigned k = 0; k < 4; k++) cr_assert_eq(last[k], 40);
    }
}

Test(driver, settings_can_change_while_it_runs) {
    struct leat_slice uuid = rig_map(&rig, "f", "TRIM_HORIZON", batches_of(1));
    put_values(1, 1, 10);
    rig_wait_records(&rig, 10);
    rig_update(&rig, uuid,
               (struct trigger_settings){.function_name = SLICE("g"), .given = TRIGGER_GIVEN_FUNCTION});
    put_values(1, 11, 12);
    rig_wait_records(&rig, 12);
    cr_assert_str_eq(rig.records[9].function, "f");
    cr_assert_str_eq(rig.records[10].function, "g");
}

Test(driver, a_deleted_mapping_gets_nothing_more_and_late_answers_do_no_harm) {
    struct trigger_description mapping;
    struct leat_slice uuid = rig_map(&rig, "f", "TRIM_HORIZON", defaults);
    atomic_store(&rig.silent, true);
    put_values(3, 1, 3);
    rig_wait_deliveries(&rig, 1);
    cr_assert_eq(trigger_delete(rig.service, uuid, &rig.arena, &mapping, &rig.fault), LEAT_OK);
    cr_assert(slice_is(mapping.state, "Deleting"));
    cr_assert_eq(trigger_get(rig.service, uuid, &rig.arena, &mapping, &rig.fault), LEAT_RESOURCE_NOT_FOUND);
    rig_answer(&rig);
    put_values(3, 4, 5);
    rig_expect_no_more(&rig);
}

Test(driver_restart, goes_on_from_the_checkpoint) {
    struct leat_slice uuid = rig_map(&rig, "f", "TRIM_HORIZON", defaults);
    put_values(5, 1, 10);
    rig_wait_records(&rig, 50);
    rig_expect_no_more(&rig); /* the answers have arrived */
    rig_restart(&rig);
    put_values(5, 11, 12);
    rig_wait_records(&rig, 60);
    rig_expect_in_order(&rig, "f", 5, 12);
    rig_expect_no_more(&rig);
    cr_assert(slice_is(rig_get(&rig, uuid).last_processing_result, "OK"));
}

Test(driver_restart, latest_stays_where_the_mapping_was_made) {
    put_values(5, 1, 2);
    rig_map(&rig, "f", "LATEST", (struct trigger_settings){.given = TRIGGER_GIVEN_ENABLED});
    rig_put(&rig, "new", 1);
    rig_restart(&rig);
    struct trigger_page page;
    struct leat_slice none = {NULL, 0};
    cr_assert_eq(trigger_list(rig.service, none, none, none, 0, &rig.arena, &page, &rig.fault), LEAT_OK);
    cr_assert_eq(page.count, 1);
    rig_update(&rig, page.mappings[0].settings.uuid,
               (struct trigger_settings){.enabled = true, .given = TRIGGER_GIVEN_ENABLED});
    rig_wait_records(&rig, 1);
    cr_assert_str_eq(rig.records[0].key, "new");
    rig_expect_no_more(&rig);
}

Test(driver_restart, a_delivery_that_was_not_answered_comes_again) {
    rig_map(&rig, "f", "TRIM_HORIZON", defaults);
    atomic_store(&rig.silent, true);
    put_values(1, 1, 3);
    rig_wait_deliveries(&rig, 1);
    atomic_store(&rig.silent, false);
    rig.record_count = 0;
    rig_restart(&rig);
    rig_answer(&rig);
    rig_wait_records(&rig, 3);
    rig_expect_in_order(&rig, "f", 1, 3);
}

/* ------------------------------------------------------------------ shards */

static size_t shard_count(void) {
    struct leat_stream_list list;
    cr_assert_eq(leat_stream_describe(rig.f.db, slice_text(rig.stream), &list, &rig.fault), LEAT_OK);
    size_t count = list.streams[0].shard_count;
    leat_stream_list_free(&list);
    return count;
}

static void newest_shard(char out[LEAT_SHARD_ID_SIZE]) {
    struct leat_stream_list list;
    cr_assert_eq(leat_stream_describe(rig.f.db, slice_text(rig.stream), &list, &rig.fault), LEAT_OK);
    strcpy(out, list.streams[0].shards[list.streams[0].shard_count - 1].id);
    leat_stream_list_free(&list);
}

static void rotate(void) {
    char before[LEAT_SHARD_ID_SIZE], now[LEAT_SHARD_ID_SIZE];
    newest_shard(before);
    rig.f.now_ms += 2000;
    for (unsigned i = 0; i < 5000; i++) {
        newest_shard(now);
        if (strcmp(before, now) != 0) return;
        usleep(1000);
    }
    cr_assert_fail("no rotation");
}

Test(driver_shards, children_are_read_after_their_parents) {
    rig.f.options.shard_rotation_ms = 1000;
    rig_open(&rig, "memory");
    rig_map(&rig, "f", "TRIM_HORIZON", batches_of(7));
    put_values(8, 1, 10);
    rotate();
    put_values(8, 11, 20);
    rotate();
    put_values(8, 21, 30);
    rig_wait_records(&rig, 240);
    rig_expect_in_order(&rig, "f", 8, 30);
    rig_expect_no_more(&rig);
}

Test(driver_shards, a_restart_between_generations_neither_skips_nor_repeats) {
    rig.f.options.shard_rotation_ms = 1000;
    rig_open(&rig, "lmdb");
    rig_map(&rig, "f", "LATEST", batches_of(7));
    put_values(8, 1, 10);
    rig_wait_records(&rig, 80);
    rig_expect_no_more(&rig);
    rig_service_stop(&rig);
    put_values(8, 11, 15);
    rotate();
    put_values(8, 16, 20);
    rig_service_start(&rig);
    rig_wait_records(&rig, 160);
    rig_expect_no_more(&rig);
    rig_restart(&rig);
    put_values(8, 21, 22);
    rig_wait_records(&rig, 176);
    rig_expect_in_order(&rig, "f", 8, 22);
    rig_expect_no_more(&rig);
}

Test(driver_shards, at_a_timestamp_begins_with_the_first_record_that_is_not_older) {
    rig.f.options.shard_rotation_ms = 1000;
    rig.at_timestamp = true;
    rig_open(&rig, "memory");
    put_values(4, 1, 3);
    rotate();
    put_values(4, 4, 5);
    rig.f.now_ms += 500;
    struct trigger_settings settings = {.starting_timestamp_ms = (int64_t)leat_now_ms(rig.f.db)};
    put_values(4, 6, 7);
    rig.f.now_ms += 500;
    put_values(4, 8, 9);
    rig_map(&rig, "f", "AT_TIMESTAMP", settings);
    put_values(4, 10, 10);
    rig_wait_records(&rig, 20);
    rig_expect_no_more(&rig);
    long last[4] = {5, 5, 5, 5};
    for (size_t i = 0; i < rig.record_count; i++) cr_assert_eq(rig.records[i].value, ++last[rig.records[i].key[1] - '0'], "%s %ld", rig.records[i].key, rig.records[i].value);
}

Test(driver_shards, a_stream_that_is_turned_off_is_read_to_its_end) {
    struct leat_description description;
    const struct leat_table_change off = {.name = SLICE("t"), .change_stream = true, .stream = LEAT_VIEW_NONE};
    rig_open(&rig, "memory");
    put_values(4, 1, 10);
    cr_assert_eq(leat_table_update(rig.f.db, &off, &description, &rig.fault), LEAT_OK, "%s", rig.fault.message);
    leat_description_free(&description);
    rig_map(&rig, "f", "TRIM_HORIZON", defaults);
    rig_wait_records(&rig, 40);
    rig_expect_in_order(&rig, "f", 4, 10);
}

Test(driver_shards, a_table_that_is_deleted_leaves_the_mapping_in_place) {
    struct leat_description description;
    rig_open(&rig, "memory");
    struct leat_slice uuid = rig_map(&rig, "f", "TRIM_HORIZON", defaults);
    put_values(4, 1, 10);
    rig_wait_records(&rig, 40);
    cr_assert_eq(leat_table_delete(rig.f.db, SLICE("t"), &description, &rig.fault), LEAT_OK, "%s", rig.fault.message);
    leat_description_free(&description);
    rig_expect_no_more(&rig);
    cr_assert(slice_is(rig_get(&rig, uuid).state, "Enabled"));
}

static size_t checkpoint_count(void) {
    const struct leat_query scan = {.table = SLICE("leat:checkpoints")};
    struct leat_result page = {0};
    cr_assert_eq(leat_query(rig.f.db, &scan, &page, &rig.fault), LEAT_OK, "%s", rig.fault.message);
    size_t count = page.count;
    leat_result_free(&page);
    return count;
}

Test(driver_shards, checkpoints_of_trimmed_shards_and_of_deleted_mappings_go) {
    struct trigger_description mapping;
    rig.f.options.shard_rotation_ms = 1000;
    rig.f.options.stream_retention_ms = 10000;
    rig_open(&rig, "memory");
    struct leat_slice uuid = rig_map(&rig, "f", "LATEST", defaults);
    size_t shards = shard_count();
    put_values(8, 1, 5);
    rotate();
    put_values(8, 6, 10);
    rig_wait_records(&rig, 80);
    cr_assert_geq(checkpoint_count(), 2 * shards);
    for (long turn = 11; turn < 19; turn++) { /* a shard rotates when it has records */
        rotate();
        put_values(8, turn, turn);
    }
    for (unsigned i = 0; i < 3000 && checkpoint_count() > 7 * shards; i++) usleep(1000);
    cr_assert_leq(checkpoint_count(), 7 * shards);
    cr_assert_eq(trigger_delete(rig.service, uuid, &rig.arena, &mapping, &rig.fault), LEAT_OK);
    cr_assert_eq(checkpoint_count(), 0);
}
