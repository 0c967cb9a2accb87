/* The control plane: words of faults, duplicates, lists, states. */
#include "rig.h"

static struct rig rig;

static void open_rig(void) { rig_open(&rig, "memory"); }
static void close_rig(void) { rig_close(&rig); }

TestSuite(service, .init = open_rig, .fini = close_rig, .timeout = 60);

static const struct leat_slice none = {NULL, 0};

static struct trigger_settings good(void) {
    return (struct trigger_settings){.event_source_arn = slice_text(rig.stream),
                                     .function_name = SLICE("f"),
                                     .starting_position = SLICE("TRIM_HORIZON")};
}

static void expect_fault(struct trigger_settings settings, enum leat_code code, const char *words) {
    struct trigger_description mapping;
    cr_assert_eq(trigger_create(rig.service, &settings, &rig.arena, &mapping, &rig.fault), code);
    cr_assert_str_eq(rig.fault.message, words);
}

Test(service, create_says_what_is_wrong_in_the_recorded_words) {
    struct trigger_settings settings = good();
    settings.event_source_arn = none;
    expect_fault(settings, LEAT_INVALID_PARAMETER_VALUE, "Unrecognized event source.");
    settings = good();
    settings.function_name = SLICE("nobody");
    expect_fault(settings, LEAT_INVALID_PARAMETER_VALUE, "Function does not exist");
    settings = good();
    settings.event_source_arn = SLICE("arn:aws:dynamodb:us-east-1:000000000000:table/x/stream/2025-02-22T03:03:25.490");
    expect_fault(settings, LEAT_INVALID_PARAMETER_VALUE,
                 "Stream not found: arn:aws:dynamodb:us-east-1:000000000000:table/x/stream/2025-02-22T03:03:25.490");
    settings = good();
    settings.starting_position = none;
    expect_fault(settings, LEAT_INVALID_PARAMETER_VALUE,
                 "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must "
                 "not be null.");
    settings.starting_position = SLICE("invalid");
    expect_fault(settings, LEAT_VALIDATION,
                 "1 validation error detected: Value 'invalid' at 'startingPosition' failed to satisfy constraint: Member "
                 "must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]");
    settings.starting_position = SLICE("AT_TIMESTAMP");
    char words[512];
    snprintf(words, sizeof words, "Unsupported starting position for arn type: %s", rig.stream);
    expect_fault(settings, LEAT_INVALID_PARAMETER_VALUE, words);
}

Test(service, the_same_stream_and_function_again_is_a_conflict_and_another_function_is_not) {
    char words[1024];
    struct leat_slice uuid = rig_map(&rig, "f", "TRIM_HORIZON", (struct trigger_settings){0});
    snprintf(words, sizeof words,
             "The event source arn (\" %s \") and function (\" f \") provided mapping already exists. Please update or "
             "delete the existing mapping with UUID %.*s",
             rig.stream, SLICE_FORMAT(uuid));
    expect_fault(good(), LEAT_RESOURCE_CONFLICT, words);
    struct leat_slice other = rig_map(&rig, "g", "TRIM_HORIZON", (struct trigger_settings){0});
    struct trigger_settings change = {.uuid = other, .function_name = SLICE("f"), .given = TRIGGER_GIVEN_FUNCTION};
    struct trigger_description mapping;
    cr_assert_eq(trigger_update(rig.service, &change, &rig.arena, &mapping, &rig.fault), LEAT_RESOURCE_CONFLICT);
}

Test(service, states_are_shown_while_they_change_and_settle) {
    struct trigger_settings settings = good();
    struct trigger_description mapping;
    cr_assert_eq(trigger_create(rig.service, &settings, &rig.arena, &mapping, &rig.fault), LEAT_OK);
    cr_assert(slice_is(mapping.state, "Creating"));
    cr_assert(slice_is(mapping.state_transition_reason, "User action"));
    struct leat_slice uuid = mapping.settings.uuid;
    cr_assert(slice_is(rig_get(&rig, uuid).state, "Enabled"));
    struct trigger_settings change = {.uuid = uuid, .batch_size = 5, .given = TRIGGER_GIVEN_BATCH_SIZE};
    cr_assert_eq(trigger_update(rig.service, &change, &rig.arena, &mapping, &rig.fault), LEAT_OK);
    cr_assert(slice_is(mapping.state, "Updating"));
    cr_assert_eq(mapping.settings.batch_size, 5);
    change.given = TRIGGER_GIVEN_ENABLED;
    cr_assert_eq(trigger_update(rig.service, &change, &rig.arena, &mapping, &rig.fault), LEAT_OK);
    cr_assert(slice_is(mapping.state, "Disabling"));
    cr_assert(slice_is(rig_get(&rig, uuid).state, "Disabled"));
    change.enabled = true;
    cr_assert_eq(trigger_update(rig.service, &change, &rig.arena, &mapping, &rig.fault), LEAT_OK);
    cr_assert(slice_is(mapping.state, "Enabling"));
}

Test(service, an_unknown_uuid_is_not_found_everywhere) {
    struct trigger_description mapping;
    struct trigger_settings change = {.uuid = SLICE("x")};
    cr_assert_eq(trigger_get(rig.service, SLICE("x"), &rig.arena, &mapping, &rig.fault), LEAT_RESOURCE_NOT_FOUND);
    cr_assert_str_eq(rig.fault.message, "The resource you requested does not exist.");
    cr_assert_eq(trigger_update(rig.service, &change, &rig.arena, &mapping, &rig.fault), LEAT_RESOURCE_NOT_FOUND);
    cr_assert_eq(trigger_delete(rig.service, SLICE("x"), &rig.arena, &mapping, &rig.fault), LEAT_RESOURCE_NOT_FOUND);
}

Test(service, lists_page_in_order_of_uuid_and_filter) {
    char name[8];
    for (unsigned i = 0; i < 7; i++) {
        snprintf(name, sizeof name, "f%u", i);
        rig_map(&rig, name, "TRIM_HORIZON", (struct trigger_settings){0});
    }
    struct trigger_page page = {.next = none};
    struct leat_slice last = SLICE("");
    unsigned seen = 0;
    do {
        cr_assert_eq(trigger_list(rig.service, none, none, page.next, 3, &rig.arena, &page, &rig.fault), LEAT_OK);
        for (size_t i = 0; i < page.count; i++, seen++) {
            cr_assert_lt(slice_compare(last, page.mappings[i].settings.uuid), 0);
            last = page.mappings[i].settings.uuid;
        }
    } while (page.next.data != NULL);
    cr_assert_eq(seen, 7);
    cr_assert_eq(trigger_list(rig.service, SLICE("f3"), none, none, 3, &rig.arena, &page, &rig.fault), LEAT_OK);
    cr_assert_eq(page.count, 1);
    cr_assert_eq(trigger_list(rig.service, none, SLICE("arn:x"), none, 3, &rig.arena, &page, &rig.fault), LEAT_OK);
    cr_assert_eq(page.count, 0);
    cr_assert_eq(trigger_list(rig.service, SLICE("nobody"), none, none, 3, &rig.arena, &page, &rig.fault), LEAT_OK);
    cr_assert_eq(page.count, 0);
}

Test(service, an_age_below_a_minute_is_refused) {
    struct trigger_settings settings = good();
    struct trigger_description mapping;
    settings.record_age_seconds_max = 59;
    settings.given = TRIGGER_GIVEN_AGE;
    cr_assert_eq(trigger_create(rig.service, &settings, &rig.arena, &mapping, &rig.fault), LEAT_INVALID_PARAMETER_VALUE);
}
