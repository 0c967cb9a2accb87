#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

static struct fixture f;
static void open_memory(void) { fixture_open(&f, "memory"); }
static void close_it(void) { fixture_close(&f); }

TestSuite(db_items, .init = open_memory, .fini = close_it);

Test(db_items, put_get_update_delete) {
    fixture_table(&f, "t", true, LEAT_VIEW_NONE);
    fixture_put(&f, "t", "{'pk':{'S':'a'},'sk':{'N':'1'},'v':{'S':'x'}}");
    cr_assert_str_eq(fixture_get(&f, "t", "{'pk':{'S':'a'},'sk':{'N':'1.0'}}"), "{'pk':{'S':'a'},'sk':{'N':'1'},'v':{'S':'x'}}");
    cr_assert_eq(fixture_update(&f, "t", "{'pk':{'S':'a'},'sk':{'N':'1'}}", "SET v = :v, n = :n ADD m :n", NULL,
                                "{':v':{'S':'y'},':n':{'N':'2'}}"), LEAT_OK, "%s", f.fault.message);
    cr_assert_str_eq(fixture_get(&f, "t", "{'pk':{'S':'a'},'sk':{'N':'1'}}"),
                     "{'m':{'N':'2'},'n':{'N':'2'},'pk':{'S':'a'},'sk':{'N':'1'},'v':{'S':'y'}}");
    cr_assert_eq(leat_delete(f.db, "t", fixture_item("{'pk':{'S':'a'},'sk':{'N':'1'}}"), &f.fault), LEAT_OK);
    cr_assert_str_eq(fixture_get(&f, "t", "{'pk':{'S':'a'},'sk':{'N':'1'}}"), "");
}

Test(db_items, update_makes_a_missing_item) {
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    cr_assert_eq(fixture_update(&f, "t", "{'pk':{'S':'a'}}", "SET v = :v", NULL, "{':v':{'N':'1'}}"), LEAT_OK);
    cr_assert_str_eq(fixture_get(&f, "t", "{'pk':{'S':'a'}}"), "{'pk':{'S':'a'},'v':{'N':'1'}}");
}

Test(db_items, a_failed_condition_changes_nothing_and_can_return_the_item) {
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    fixture_put(&f, "t", "{'pk':{'S':'a'},'v':{'N':'1'}}");
    const struct leat_write write = {.kind = LEAT_PUT, .table = SLICE("t"), .item = fixture_item("{'pk':{'S':'a'},'v':{'N':'2'}}"),
                                     .condition = SLICE("attribute_not_exists(pk)"), .return_old_on_failure = true};
    struct leat_result result;
    cr_assert_eq(leat_write(f.db, &write, &result, &f.fault), LEAT_CONDITIONAL_CHECK_FAILED);
    cr_assert_str_eq(f.fault.message, "The conditional request failed");
    cr_assert_str_eq(fixture_json(result.attributes), "{'pk':{'S':'a'},'v':{'N':'1'}}");
    leat_result_free(&result);
    cr_assert_str_eq(fixture_get(&f, "t", "{'pk':{'S':'a'}}"), "{'pk':{'S':'a'},'v':{'N':'1'}}");
}

Test(db_items, key_faults_carry_the_words_of_aws) {
    fixture_table(&f, "t", true, LEAT_VIEW_NONE);
    static const struct { const char *item, *words; } cases[] = {
        {"{'pk':{'S':'a'}}", "One or more parameter values were invalid: Missing the key sk in the item"},
        {"{'pk':{'N':'1'},'sk':{'N':'1'}}", "One or more parameter values were invalid: Type mismatch for key pk expected: S actual: N"},
        {"{'pk':{'S':''},'sk':{'N':'1'}}",
         "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_assert_eq(leat_put(f.db, "t", fixture_item(cases[i].item), &f.fault), LEAT_VALIDATION);
        cr_assert_str_eq(f.fault.message, cases[i].words);
    }
    cr_assert_eq(leat_delete(f.db, "t", fixture_item("{'pk':{'S':'a'}}"), &f.fault), LEAT_VALIDATION);
    cr_assert_str_eq(f.fault.message, "The provided key element does not match the schema");
    cr_assert_eq(leat_put(f.db, "nowhere", fixture_item("{'pk':{'S':'a'}}"), &f.fault), LEAT_RESOURCE_NOT_FOUND);
}

Test(db_items, updating_a_key_attribute_is_refused) {
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    cr_assert_eq(fixture_update(&f, "t", "{'pk':{'S':'a'}}", "SET pk = :v", NULL, "{':v':{'S':'b'}}"), LEAT_VALIDATION);
    cr_assert_str_eq(f.fault.message, "One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key");
}

static const char *returned(enum leat_return returns, const char *update) {
    const struct leat_write write = {.kind = LEAT_UPDATE, .table = SLICE("t"), .key = fixture_item("{'pk':{'S':'a'}}"),
                                     .update = slice_text(update), .values = fixture_item("{':v':{'N':'7'}}"), .returns = returns};
    struct leat_result result;
    cr_assert_eq(leat_write(f.db, &write, &result, &f.fault), LEAT_OK, "%s", f.fault.message);
    const char *json = result.attributes.data == NULL ? "" : fixture_json(result.attributes);
    leat_result_free(&result);
    return json;
}

Test(db_items, return_values_of_an_update) {
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    cr_assert_str_eq(returned(LEAT_RETURN_ALL_OLD, "SET v = :v"), "");
    cr_assert_str_eq(returned(LEAT_RETURN_UPDATED_OLD, "SET v = v + :v"), "{'v':{'N':'7'}}");
    cr_assert_str_eq(returned(LEAT_RETURN_UPDATED_NEW, "SET v = v + :v"), "{'v':{'N':'21'}}");
    cr_assert_str_eq(returned(LEAT_RETURN_ALL_NEW, "SET w = :v"), "{'pk':{'S':'a'},'v':{'N':'21'},'w':{'N':'7'}}");
    cr_assert_str_eq(returned(LEAT_RETURN_ALL_OLD, "SET w = :v"), "{'pk':{'S':'a'},'v':{'N':'21'},'w':{'N':'7'}}");
}

Test(db_items, an_item_over_400_kb_is_refused_to_the_byte) {
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    size_t room = 400 * 1024 - 2 - 1 - 1; /* "pk" + "a" + "v" */
    char *json = malloc(room + 100);
    int head = sprintf(json, "{'pk':{'S':'a'},'v':{'S':'");
    memset(json + head, 'x', room);
    strcpy(json + head + room, "'}}");
    fixture_put(&f, "t", json);
    memset(json + head, 'x', room + 1);
    strcpy(json + head + room + 1, "'}}");
    cr_assert_eq(leat_put(f.db, "t", fixture_item(json), &f.fault), LEAT_VALIDATION);
    cr_assert_str_eq(f.fault.message, "Item size has exceeded the maximum allowed size");
    free(json);
}

Test(db_items, a_transaction_is_all_or_nothing_and_says_why) {
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    fixture_put(&f, "t", "{'pk':{'S':'a'},'v':{'N':'1'}}");
    const struct leat_write writes[2] = {
        {.kind = LEAT_PUT, .table = SLICE("t"), .item = fixture_item("{'pk':{'S':'b'}}")},
        {.kind = LEAT_CHECK, .table = SLICE("t"), .key = fixture_item("{'pk':{'S':'a'}}"), .condition = SLICE("v = :v"),
         .values = fixture_item("{':v':{'N':'2'}}"), .return_old_on_failure = true}};
    struct leat_result result;
    cr_assert_eq(leat_transact(f.db, writes, 2, (struct leat_slice){0}, &result, &f.fault), LEAT_TRANSACTION_CANCELED);
    cr_assert_str_eq(f.fault.message, "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]");
    cr_assert_eq(result.reason_count, 2u);
    cr_assert_eq(result.reasons[0].code, LEAT_OK);
    cr_assert_eq(result.reasons[1].code, LEAT_CONDITIONAL_CHECK_FAILED);
    cr_assert_str_eq(fixture_json(result.reasons[1].item), "{'pk':{'S':'a'},'v':{'N':'1'}}");
    leat_result_free(&result);
    cr_assert_str_eq(fixture_get(&f, "t", "{'pk':{'S':'b'}}"), "");
    cr_assert_eq(leat_transact(f.db, writes, 1, (struct leat_slice){0}, &result, &f.fault), LEAT_OK);
    leat_result_free(&result);
    cr_assert_str_eq(fixture_get(&f, "t", "{'pk':{'S':'b'}}"), "{'pk':{'S':'b'}}");
}

Test(db_items, a_client_token_does_its_work_once) {
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    struct leat_write write = {.kind = LEAT_UPDATE, .table = SLICE("t"), .key = fixture_item("{'pk':{'S':'a'}}"),
                               .update = SLICE("ADD n :one"), .values = fixture_item("{':one':{'N':'1'}}")};
    struct leat_result result;
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(leat_transact(f.db, &write, 1, SLICE("token"), &result, &f.fault), LEAT_OK);
        leat_result_free(&result);
    }
    cr_assert_str_eq(fixture_get(&f, "t", "{'pk':{'S':'a'}}"), "{'n':{'N':'1'},'pk':{'S':'a'}}");
    write.values = fixture_item("{':one':{'N':'2'}}");
    cr_assert_eq(leat_transact(f.db, &write, 1, SLICE("token"), &result, &f.fault), LEAT_IDEMPOTENT_PARAMETER_MISMATCH);
    leat_result_free(&result);
    f.now_ms += 10 * 60 * 1000 + 1;
    cr_assert_eq(leat_transact(f.db, &write, 1, SLICE("token"), &result, &f.fault), LEAT_OK);
    leat_result_free(&result);
    cr_assert_str_eq(fixture_get(&f, "t", "{'pk':{'S':'a'}}"), "{'n':{'N':'3'},'pk':{'S':'a'}}");
}

Test(db_items, counters_follow_every_change) {
    struct leat_description table;
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    fixture_put(&f, "t", "{'pk':{'S':'a'},'v':{'S':'123'}}");
    fixture_put(&f, "t", "{'pk':{'S':'b'}}");
    fixture_put(&f, "t", "{'pk':{'S':'a'},'v':{'S':'12345'}}");
    cr_assert_eq(leat_table_describe(f.db, SLICE("t"), &table, &f.fault), LEAT_OK);
    cr_assert_eq(table.table.item_count, 2u);
    cr_assert_eq(table.table.size_bytes, (2u + 1 + 1 + 5) + (2 + 1));
    leat_description_free(&table);
    cr_assert_eq(leat_delete(f.db, "t", fixture_item("{'pk':{'S':'a'}}"), &f.fault), LEAT_OK);
    cr_assert_eq(leat_table_describe(f.db, SLICE("t"), &table, &f.fault), LEAT_OK);
    cr_assert_eq(table.table.item_count, 1u);
    cr_assert_eq(table.table.size_bytes, 3u);
    leat_description_free(&table);
}
