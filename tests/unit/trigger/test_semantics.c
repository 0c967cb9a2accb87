/* Bisecting, partial answers, destinations, lanes and windows through the driver, with functions that are not. */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct rig rig;

static void open_memory(void) { rig_open(&rig, "memory"); }
static void open_durable(void) { rig_open(&rig, "lmdb"); }
static void close_rig(void) { rig_close(&rig); }

TestSuite(semantics, .init = open_memory, .fini = close_rig, .timeout = 60);
TestSuite(semantics_restart, .init = open_durable, .fini = close_rig, .timeout = 60);

static void put_values(const char *key, long first, long last) {
    for (long value = first; value <= last; value++) rig_put(&rig, key, value);
}

/* ------------------------------------------------------------------ what goes wrong */

/* The sequence number of the record whose new image has the value. */
static bool sequence_of(const char *event, long value, char out[64]) {
    char text[32];
    snprintf(text, sizeof text, "\"v\":{\"N\":\"%ld\"}},\"", value);
    const char *at = strstr(event, "\"NewImage\"");
    while (at != NULL) {
        const char *image = strstr(at, "\"v\":"), *number = strstr(at, "\"SequenceNumber\":\"");
        if (image != NULL && strncmp(image, text, strlen(text)) == 0) {
            snprintf(out, 64, "%.*s", (int)strcspn(number + 18, "\""), number + 18);
            return true;
        }
        at = strstr(at + 1, "\"NewImage\"");
    }
    return false;
}

static enum trigger_outcome_kind three_fails(struct rig *of, const char *event, char **payload) {
    char sequence[64];
    (void)of;
    (void)payload;
    return sequence_of(event, 3, sequence) ? TRIGGER_FUNCTION_ERROR : TRIGGER_SUCCESS;
}

static enum trigger_outcome_kind three_is_reported(struct rig *of, const char *event, char **payload) {
    char sequence[64];
    (void)of;
    if (!sequence_of(event, 3, sequence)) return TRIGGER_SUCCESS;
    *payload = malloc(200);
    snprintf(*payload, 200, "{\"batchItemFailures\":[{\"itemIdentifier\":\"%s\"}]}", sequence);
    return TRIGGER_SUCCESS;
}

static const struct trigger_settings to_queue = {
    .batch_size = 10,
    .retry_attempts_max = 2,
    .on_failure_arn = SLICE(RIG_QUEUE),
    .given = TRIGGER_GIVEN_BATCH_SIZE | TRIGGER_GIVEN_RETRIES | TRIGGER_GIVEN_DESTINATION,
};

Test(semantics, bisecting_isolates_the_record_and_the_destination_gets_exactly_that) {
    struct trigger_settings settings = to_queue;
    settings.bisect = true;
    settings.given |= TRIGGER_GIVEN_BISECT;
    rig.respond = three_fails;
    put_values("a", 1, 5);
    rig_map(&rig, "f", "TRIM_HORIZON", settings);
    rig_wait_records(&rig, 4);
    rig_wait_sent(&rig, 1);
    cr_assert_not_null(strstr(rig.sent[0], "\"batchSize\":1,"));
    cr_assert_not_null(strstr(rig.sent[0], "\"condition\":\"RetryAttemptsExhausted\",\"approximateInvokeCount\":3}"));
    cr_assert_not_null(strstr(rig.sent[0], "{\"statusCode\":200,\"executedVersion\":\"$LATEST\",\"functionError\":\"Unhandled\"}"));
    const long expected[] = {1, 2, 4, 5};
    for (size_t i = 0; i < 4; i++) cr_assert_eq(rig.records[i].value, expected[i]);
    rig_put(&rig, "a", 6);
    rig_wait_records(&rig, 5);
}

Test(semantics, a_reported_record_is_tried_alone_with_those_behind_it) {
    struct trigger_settings settings = to_queue;
    settings.batch_size = 3;
    settings.report_batch_item_failures = true;
    settings.given |= TRIGGER_GIVEN_RESPONSE_TYPES;
    rig.respond = three_is_reported;
    put_values("a", 1, 6);
    rig_map(&rig, "f", "TRIM_HORIZON", settings);
    rig_wait_sent(&rig, 1);
    cr_assert_not_null(strstr(rig.sent[0], "\"approximateInvokeCount\":3}"));
    cr_assert_not_null(strstr(rig.sent[0], "\"functionError\":null}"));
    cr_assert_not_null(strstr(rig.sent[0], "\"batchSize\":1,"));
    rig_wait_deliveries(&rig, 5);
    rig_expect_no_more(&rig);
    cr_assert_eq(rig.deliveries, 5); /* [1 2 3], [3] three times, [4 5 6] */
}

Test(semantics, the_shard_waits_until_the_failure_record_is_durable) {
    rig.respond = three_fails;
    atomic_store(&rig.unsent_left, 4);
    put_values("a", 1, 5);
    rig_map(&rig, "f", "TRIM_HORIZON", to_queue);
    rig_wait_sent(&rig, 1);
    cr_assert_not_null(strstr(rig.sent[0], "\"batchSize\":5,"));
    rig_put(&rig, "a", 6);
    rig_wait_records(&rig, 1);
    cr_assert_eq(rig.records[0].value, 6);
}

Test(semantics, a_mapping_to_an_unknown_destination_is_refused) {
    struct trigger_settings settings = to_queue;
    struct trigger_description mapping;
    settings.event_source_arn = slice_text(rig.stream);
    settings.function_name = SLICE("f");
    settings.starting_position = SLICE("LATEST");
    static const char *const unknown[] = {"arn:aws:test:us-east-1:000000000000:other", "arn:aws:sqs:us-east-1:000000000000:dead", "dead"};
    for (size_t i = 0; i < 3; i++) {
        char words[128];
        settings.on_failure_arn = slice_text(unknown[i]);
        snprintf(words, sizeof words, "The destination ARN %s is invalid.", unknown[i]);
        cr_assert_eq(trigger_create(rig.service, &settings, &rig.arena, &mapping, &rig.fault), LEAT_INVALID_PARAMETER_VALUE);
        cr_assert_str_eq(rig.fault.message, words);
    }
    settings.on_failure_arn = SLICE(RIG_QUEUE);
    cr_assert_eq(trigger_create(rig.service, &settings, &rig.arena, &mapping, &rig.fault), LEAT_OK);
    struct trigger_settings change = {.uuid = mapping.settings.uuid, .on_failure_arn = SLICE("dead"), .given = TRIGGER_GIVEN_DESTINATION};
    cr_assert_eq(trigger_update(rig.service, &change, &rig.arena, &mapping, &rig.fault), LEAT_INVALID_PARAMETER_VALUE);
}

/* ------------------------------------------------------------------ lanes */

Test(semantics, batches_of_one_shard_run_side_by_side_in_order_per_key) {
    struct trigger_settings settings = {
        .batch_size = 2, .parallelization_factor = 5, .given = TRIGGER_GIVEN_BATCH_SIZE | TRIGGER_GIVEN_FACTOR};
    for (long value = 1; value <= 30; value++) {
        for (unsigned k = 0; k < 20; k++) {
            char key[RIG_KEY_SIZE];
            snprintf(key, sizeof key, "k%u", k);
            rig_put(&rig, key, value);
        }
    }
    atomic_store(&rig.failures_left, 30);
    rig_map(&rig, "f", "TRIM_HORIZON", settings);
    rig_wait_records(&rig, 600);
    rig_expect_in_order(&rig, "f", 20, 30);
    size_t shards = 4;
    cr_assert_gt(rig.under_way_most, shards);
    cr_assert_leq(rig.under_way_most, 5 * shards);
}

static enum trigger_outcome_kind key_a_fails(struct rig *of, const char *event, char **payload) {
    (void)of;
    (void)payload;
    return strstr(event, "\"Keys\":{\"pk\":{\"S\":\"a\"}}") != NULL ? TRIGGER_FUNCTION_ERROR : TRIGGER_SUCCESS;
}

Test(semantics, a_lane_that_fails_holds_no_other_and_is_where_a_restart_begins) {
    struct trigger_settings settings = {
        .batch_size = 1, .parallelization_factor = 10, .given = TRIGGER_GIVEN_BATCH_SIZE | TRIGGER_GIVEN_FACTOR};
    rig.respond = key_a_fails;
    rig_map(&rig, "f", "TRIM_HORIZON", settings);
    put_values("a", 1, 3);
    unsigned others = 0; /* about a tenth of them wait behind a */
    for (unsigned k = 0; k < 40; k++) {
        char key[RIG_KEY_SIZE];
        snprintf(key, sizeof key, "k%u", k);
        rig_put(&rig, key, 1);
        others++;
    }
    rig_wait_records(&rig, others - 20);
    rig.respond = NULL;
    rig_wait_records(&rig, others + 3);
    long last = 0;
    for (size_t i = 0; i < rig.record_count; i++) {
        if (strcmp(rig.records[i].key, "a") == 0) cr_assert_eq(rig.records[i].value, ++last);
    }
    cr_assert_eq(last, 3);
}

/* ------------------------------------------------------------------ windows */

/* Its state is {"sum": n}; what it is told at the end of a window is kept in `closed`. */
static long closed[100];
static unsigned closed_count, closed_early;
static size_t padding; /* of the state */

static enum trigger_outcome_kind sums(struct rig *of, const char *event, char **payload) {
    const char *state = strstr(event, ",\"state\":"), *at = event, *sum_at = strstr(event, "{\"sum\":");
    (void)of;
    cr_assert_not_null(state);
    long sum = sum_at == NULL ? 0 : atol(sum_at + 7);
    while ((at = strstr(at, "\"NewImage\"")) != NULL) sum += atol(strstr(at++, "\"v\":{\"N\":\"") + 10);
    cr_assert_not_null(strstr(event, ",\"window\":{\"start\":\"20"));
    cr_assert_not_null(strstr(event, ",\"shardId\":\"shardId-"));
    if (strstr(event, "\"isFinalInvokeForWindow\":true") != NULL) {
        cr_assert_not_null(strstr(event, "{\"Records\":[],"));
        closed[closed_count++] = sum;
        closed_early += strstr(event, "\"isWindowTerminatedEarly\":true}") != NULL;
    }
    *payload = calloc(1, 100 + padding);
    int size = sprintf(*payload, "{\"state\":{\"sum\":%ld,\"x\":\"", sum);
    memset(*payload + size, 'x', padding);
    strcpy(*payload + size + padding, "\"}}");
    return TRIGGER_SUCCESS;
}

static long closed_sum(void) {
    long sum = 0;
    for (unsigned i = 0; i < closed_count; i++) sum += closed[i];
    return sum;
}

static void wait_closed(long sum) {
    for (unsigned i = 0; i < 10000 && closed_sum() < sum; i++) usleep(1000);
    cr_assert_eq(closed_sum(), sum);
}

static const struct trigger_settings windows = {
    .batch_size = 2, .tumbling_window_seconds = 1, .given = TRIGGER_GIVEN_BATCH_SIZE | TRIGGER_GIVEN_TUMBLING};

Test(semantics, a_window_passes_its_state_on_and_closes) {
    rig.respond = sums;
    rig_map(&rig, "f", "TRIM_HORIZON", windows);
    put_values("a", 1, 9);
    wait_closed(45);
    cr_assert_eq(closed_early, 0);
    put_values("a", 10, 11);
    wait_closed(66);
}

Test(semantics, a_state_over_a_megabyte_closes_the_window_early) {
    rig.f.ticking = false;
    rig.respond = sums;
    padding = 1100000;
    put_values("a", 1, 4);
    rig_map(&rig, "f", "TRIM_HORIZON", windows);
    wait_closed(10);
    cr_assert_eq(closed_early, 2);
}

Test(semantics_restart, the_state_survives_a_restart) {
    struct trigger_settings settings = windows;
    rig.f.ticking = false;
    settings.tumbling_window_seconds = 900;
    rig.respond = sums;
    padding = 900000; /* more than one item holds */
    struct leat_slice uuid = rig_map(&rig, "f", "TRIM_HORIZON", settings);
    put_values("a", 1, 4);
    rig_wait_records(&rig, 4);
    rig_expect_no_more(&rig);
    rig_restart(&rig);
    put_values("a", 5, 5);
    rig_wait_records(&rig, 5);
    padding = 10;
    put_values("a", 6, 6);
    rig_wait_records(&rig, 6);
    cr_assert_eq(closed_count, 0);
    /* other windows: the one that is open closes at once */
    rig_update(&rig, uuid, (struct trigger_settings){.tumbling_window_seconds = 800, .given = TRIGGER_GIVEN_TUMBLING});
    wait_closed(21);
    rig_expect_no_more(&rig);
    cr_assert_eq(rig.record_count, 6, "records came again");
}

Test(semantics, windows_and_parallel_batches_are_refused_together) {
    struct trigger_settings settings = windows;
    struct trigger_description mapping;
    settings.event_source_arn = slice_text(rig.stream);
    settings.function_name = SLICE("f");
    settings.starting_position = SLICE("LATEST");
    settings.parallelization_factor = 2;
    settings.given |= TRIGGER_GIVEN_FACTOR;
    cr_assert_eq(trigger_create(rig.service, &settings, &rig.arena, &mapping, &rig.fault), LEAT_INVALID_PARAMETER_VALUE);
}
