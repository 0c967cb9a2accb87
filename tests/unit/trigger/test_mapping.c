/* Mappings as values: defaults, changes, items, ARNs. */
#include <criterion/criterion.h>

#include "base/slice.h"
#include "trigger/mapping.h"

#define STREAM "arn:aws:dynamodb:us-east-1:000000000000:table/orders/stream/2025-02-22T03:03:25.490"
#define FUNCTION "arn:aws:lambda:us-east-1:000000000000:function:totals"

static struct trigger_settings settings_any(void) {
    struct trigger_settings settings = {
        .uuid = SLICE("u-1"),
        .event_source_arn = SLICE(STREAM),
        .function_name = SLICE(FUNCTION),
        .starting_position = SLICE("LATEST"),
        .batch_size = 7,
        .given = TRIGGER_GIVEN_FUNCTION | TRIGGER_GIVEN_BATCH_SIZE,
    };
    mapping_fill_defaults(&settings);
    return settings;
}

Test(mapping, members_that_are_not_given_have_the_defaults_of_aws) {
    struct trigger_settings settings = settings_any();
    cr_assert_eq(settings.batch_size, 7);
    cr_assert_eq(settings.window_seconds, 0);
    cr_assert_eq(settings.parallelization_factor, 1);
    cr_assert_eq(settings.record_age_seconds_max, -1);
    cr_assert_eq(settings.retry_attempts_max, -1);
    cr_assert(settings.enabled && !settings.bisect && !settings.report_batch_item_failures);
    cr_assert_null(settings.on_failure_arn.data);
    cr_assert(slice_is(settings.starting_position, "LATEST"));
}

Test(mapping, a_change_takes_only_what_is_given) {
    struct trigger_settings settings = settings_any();
    const struct trigger_settings change = {
        .batch_size = 3, .window_seconds = 5, .given = TRIGGER_GIVEN_WINDOW | TRIGGER_GIVEN_ENABLED};
    mapping_apply(&settings, &change);
    cr_assert_eq(settings.batch_size, 7);
    cr_assert_eq(settings.window_seconds, 5);
    cr_assert_not(settings.enabled);
}

Test(mapping, an_item_gives_back_what_went_in) {
    struct trigger_settings settings = settings_any();
    struct buf item;
    settings.on_failure_arn = SLICE("arn:aws:sqs:us-east-1:000000000000:dead");
    settings.filter_json = SLICE("{\"Filters\":[{\"Pattern\":\"{}\"}]}");
    settings.bisect = true;
    settings.retry_attempts_max = 10;
    struct mapping *mapping = mapping_new(&settings, 1732300000123);
    buf_init(&item, 4096);
    mapping_to_item(mapping, &item);
    cr_assert(buf_ok(&item));
    struct mapping *again = mapping_from_item(buf_view(&item));
    cr_assert_not_null(again);
    cr_assert(slice_equal(again->settings.uuid, settings.uuid));
    cr_assert(slice_equal(again->settings.on_failure_arn, settings.on_failure_arn));
    cr_assert(slice_equal(again->settings.filter_json, settings.filter_json));
    cr_assert(slice_is(again->table, "orders"));
    cr_assert_null(again->settings.kms_key_arn.data);
    cr_assert_eq(again->settings.retry_attempts_max, 10);
    cr_assert_eq(again->settings.record_age_seconds_max, -1);
    cr_assert(again->settings.bisect && again->settings.enabled);
    cr_assert_eq(again->last_modified_ms, 1732300000123);
    buf_fini(&item);
    mapping_free(mapping);
    mapping_free(again);
}

Test(mapping, an_item_of_another_kind_is_no_mapping) {
    cr_assert_null(mapping_from_item(slice_of("", 0)));
    cr_assert_null(mapping_from_item(slice_of("\x04UUID\x03\x01", 7)));
}

Test(mapping, finds_the_table_in_the_arn_of_a_stream_and_only_there) {
    cr_assert(slice_is(mapping_table_of(SLICE(STREAM)), "orders"));
    cr_assert_null(mapping_table_of(SLICE("arn:aws:dynamodb:us-east-1:000000000000:table/orders")).data);
    cr_assert_null(mapping_table_of(SLICE("arn:aws:dynamodb:us-east-1:000000000000:table/orders/stream/")).data);
    cr_assert_null(mapping_table_of(SLICE("arn:aws:sqs:us-east-1:000000000000:queue")).data);
    cr_assert_null(mapping_table_of(slice_of(NULL, 0)).data);
}

Test(mapping, finds_the_name_in_the_arn_of_a_function) {
    cr_assert(slice_is(mapping_function_of(SLICE(FUNCTION)), "totals"));
    cr_assert(slice_is(mapping_function_of(SLICE(FUNCTION ":live")), "totals"));
    cr_assert_null(mapping_function_of(SLICE("totals")).data);
}
