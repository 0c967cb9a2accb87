/* Provisioned tables and indexes with throttling, on a clock that only the test moves. Everything has one unit a second: a burst of 300. */
#include "fixture.h"

#include <pthread.h>
#include <stdio.h>

static struct fixture fixture;

#define TABLE_WORDS                                                                                                                   \
    "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the " \
    "UpdateTable API."
#define INDEX_WORDS                                                                                                                       \
    "The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. Consider "       \
    "increasing your provisioning level for the under-provisioned global secondary indexes with the UpdateTable API"

static void make_table(const char *name, enum leat_billing billing, int64_t table_units, int64_t index_units) {
    const struct leat_attribute attributes[2] = {{SLICE("pk"), 'S'}, {SLICE("g"), 'S'}};
    const struct leat_index index = {.name = SLICE("by_g"), .partition_key = SLICE("g"), .read_units = index_units,
                                     .write_units = index_units};
    const struct leat_table table = {.name = slice_text(name), .attributes = attributes, .attribute_count = 2,
                                     .partition_key = SLICE("pk"), .billing = billing, .read_units = table_units,
                                     .write_units = table_units, .indexes = &index, .index_count = 1};
    struct leat_description made;
    cr_assert_eq(leat_table_create(fixture.db, &table, &made, &fixture.fault), LEAT_OK, "%s", fixture.fault.message);
    leat_description_free(&made);
}

static void start(bool throttle) {
    fixture.options.throttle = throttle;
    fixture_open(&fixture, "memory");
    make_table("t", LEAT_PROVISIONED, 1, 1);
}

static void stop(void) { fixture_close(&fixture); }

static enum leat_code put(const char *table, const char *json) {
    return leat_put(fixture.db, table, fixture_item(json), &fixture.fault);
}

static enum leat_code put_plain(void) {
    enum leat_code code = put("t", "{'pk':{'S':'a'}}");
    fixture_items_free();
    return code;
}

static enum leat_code get(void) {
    const struct leat_get get = {.table = SLICE("t"), .key = fixture_item("{'pk':{'S':'a'}}"), .consistent = true};
    struct leat_result result;
    enum leat_code code = leat_get(fixture.db, &get, &result, &fixture.fault);
    leat_result_free(&result);
    fixture_items_free();
    return code;
}

struct answer { pthread_mutex_t lock; pthread_cond_t there; bool done; enum leat_code code; struct leat_result *result; };

static void answered(void *context, enum leat_code code, struct leat_result *result, const struct leat_fault *fault) {
    struct answer *answer = context;
    (void)fault;
    pthread_mutex_lock(&answer->lock);
    *answer->result = *result;
    answer->code = code;
    answer->done = true;
    pthread_cond_signal(&answer->there);
    pthread_mutex_unlock(&answer->lock);
}

static enum leat_code batch(const struct leat_write *writes, size_t count, struct leat_result *result) {
    struct answer answer = {.lock = PTHREAD_MUTEX_INITIALIZER, .there = PTHREAD_COND_INITIALIZER, .result = result};
    cr_assert_eq(leat_write_start(fixture.db, writes, count, LEAT_EACH, (struct leat_slice){NULL, 0}, answered, &answer, &fixture.fault),
                 LEAT_OK);
    pthread_mutex_lock(&answer.lock);
    while (!answer.done) pthread_cond_wait(&answer.there, &answer.lock);
    pthread_mutex_unlock(&answer.lock);
    return answer.code;
}

static void use_up(enum leat_code (*one)(void)) {
    int done = 0;
    while (one() == LEAT_OK) cr_assert_leq(++done, 300);
    cr_assert_eq(done, 300);
}

Test(throttling, a_table_writes_its_units_and_no_more, .fini = stop) {
    start(true);
    use_up(put_plain);
    cr_expect_eq(put_plain(), LEAT_PROVISIONED_THROUGHPUT_EXCEEDED);
    cr_expect_str_eq(fixture.fault.message, TABLE_WORDS);
    cr_expect_eq(get(), LEAT_OK, "reads have units of their own");
    fixture.now_ms += 2000;
    cr_expect_eq(put_plain(), LEAT_OK);
    cr_expect_eq(put_plain(), LEAT_OK);
    cr_expect_eq(put_plain(), LEAT_PROVISIONED_THROUGHPUT_EXCEEDED);
}

Test(throttling, nothing_has_changed_when_it_throttles, .fini = stop) {
    start(true);
    use_up(put_plain);
    cr_expect_eq(put("t", "{'pk':{'S':'b'}}"), LEAT_PROVISIONED_THROUGHPUT_EXCEEDED);
    cr_expect_str_eq(fixture_get(&fixture, "t", "{'pk':{'S':'b'}}"), "");
}

Test(throttling, failed_conditions_take_units, .fini = stop) {
    start(true);
    int done = 0;
    while (fixture_update(&fixture, "t", "{'pk':{'S':'none'}}", "SET a = pk", "attribute_exists(pk)", NULL) ==
           LEAT_CONDITIONAL_CHECK_FAILED) {
        cr_assert_leq(++done, 300);
        fixture_items_free();
    }
    cr_expect_eq(done, 300);
    cr_expect_eq(fixture.fault.code, LEAT_PROVISIONED_THROUGHPUT_EXCEEDED);
}

Test(throttling, a_table_reads_its_units_and_no_more, .fini = stop) {
    start(true);
    use_up(get);
    cr_expect_eq(get(), LEAT_PROVISIONED_THROUGHPUT_EXCEEDED);
    cr_expect_str_eq(fixture.fault.message, TABLE_WORDS);
    struct leat_result result;
    cr_expect_eq(leat_query(fixture.db, &(struct leat_query){.table = SLICE("t")}, &result, &fixture.fault),
                 LEAT_PROVISIONED_THROUGHPUT_EXCEEDED);
    leat_result_free(&result);
    cr_expect_eq(leat_query(fixture.db, &(struct leat_query){.table = SLICE("t"), .index = SLICE("by_g")}, &result, &fixture.fault), LEAT_OK,
                 "the index has units of its own");
    leat_result_free(&result);
    cr_expect_eq(put_plain(), LEAT_OK);
}

Test(throttling, an_index_without_units_holds_up_its_table, .fini = stop) {
    start(true);
    make_table("u", LEAT_PROVISIONED, 1000, 1);
    int done = 0;
    char json[64];
    do {
        fixture_items_free();
        (void)snprintf(json, sizeof json, "{'pk':{'S':'%d'},'g':{'S':'x'}}", done);
    } while (put("u", json) == LEAT_OK && ++done <= 300);
    cr_expect_eq(done, 300);
    cr_expect_eq(fixture.fault.code, LEAT_PROVISIONED_THROUGHPUT_EXCEEDED);
    cr_expect_str_eq(fixture.fault.message, INDEX_WORDS);
    cr_expect_str_eq(fixture_get(&fixture, "u", "{'pk':{'S':'300'}}"), "");
    cr_expect_eq(put("u", "{'pk':{'S':'no key of the index'}}"), LEAT_OK);
}

Test(throttling, a_batch_leaves_out_what_there_are_no_units_for, .fini = stop) {
    start(true);
    make_table("free", LEAT_PAY_PER_REQUEST, 0, 0);
    use_up(put_plain);
    fixture.now_ms += 1000;
    struct leat_write writes[3] = {{.table = SLICE("free"), .item = fixture_item("{'pk':{'S':'1'}}")},
                                   {.table = SLICE("t"), .item = fixture_item("{'pk':{'S':'2'}}")},
                                   {.table = SLICE("t"), .item = fixture_item("{'pk':{'S':'3'}}")}};
    struct leat_result result;
    cr_assert_eq(batch(writes, 3, &result), LEAT_OK, "%s", fixture.fault.message);
    cr_assert_not_null(result.unprocessed);
    cr_expect(!result.unprocessed[0] && !result.unprocessed[1] && result.unprocessed[2]);
    cr_expect_eq(result.capacity[1].units, 1.0);
    leat_result_free(&result);
    cr_expect_str_eq(fixture_get(&fixture, "free", "{'pk':{'S':'1'}}"), "{'pk':{'S':'1'}}");
    cr_expect_str_eq(fixture_get(&fixture, "t", "{'pk':{'S':'3'}}"), "");
    cr_expect_eq(batch(writes + 1, 2, &result), LEAT_PROVISIONED_THROUGHPUT_EXCEEDED, "none of them");
    leat_result_free(&result);
}

Test(throttling, a_batch_of_gets_does_so_too, .fini = stop) {
    start(true);
    make_table("free", LEAT_PAY_PER_REQUEST, 0, 0);
    use_up(get);
    fixture.now_ms += 1000;
    struct leat_slice key = fixture_item("{'pk':{'S':'a'}}");
    const struct leat_get gets[] = {{.table = SLICE("t"), .key = key, .consistent = true},
                                    {.table = SLICE("t"), .key = fixture_item("{'pk':{'S':'b'}}"), .consistent = true},
                                    {.table = SLICE("free"), .key = key}};
    struct leat_result result;
    cr_assert_eq(leat_get_many(fixture.db, gets, 3, LEAT_EACH, &result, &fixture.fault), LEAT_OK);
    cr_assert_not_null(result.unprocessed);
    cr_expect(!result.unprocessed[0] && result.unprocessed[1] && !result.unprocessed[2]);
    leat_result_free(&result);
    cr_expect_eq(leat_get_many(fixture.db, gets, 2, LEAT_EACH, &result, &fixture.fault), LEAT_PROVISIONED_THROUGHPUT_EXCEEDED);
    leat_result_free(&result);
    cr_assert_eq(leat_get_many(fixture.db, gets, 3, LEAT_ATOMIC, &result, &fixture.fault), LEAT_TRANSACTION_CANCELED);
    cr_expect_eq(result.reasons[0].code, LEAT_PROVISIONED_THROUGHPUT_EXCEEDED);
    cr_expect_eq(result.reasons[2].code, LEAT_OK);
    leat_result_free(&result);
}

Test(throttling, a_transaction_is_cancelled_whole, .fini = stop) {
    start(true);
    make_table("free", LEAT_PAY_PER_REQUEST, 0, 0);
    use_up(put_plain);
    const struct leat_write writes[2] = {{.table = SLICE("free"), .item = fixture_item("{'pk':{'S':'1'}}")},
                                         {.table = SLICE("t"), .item = fixture_item("{'pk':{'S':'2'}}")}};
    struct leat_result result;
    cr_assert_eq(leat_transact(fixture.db, writes, 2, (struct leat_slice){NULL, 0}, &result, &fixture.fault), LEAT_TRANSACTION_CANCELED);
    cr_assert_eq(result.reason_count, 2u);
    cr_expect_eq(result.reasons[0].code, LEAT_OK);
    cr_expect_eq(result.reasons[1].code, LEAT_PROVISIONED_THROUGHPUT_EXCEEDED);
    cr_expect_str_eq(result.reasons[1].message, TABLE_WORDS);
    cr_expect_not_null(strstr(fixture.fault.message, "[None, ProvisionedThroughputExceeded]"), "%s", fixture.fault.message);
    leat_result_free(&result);
    cr_expect_str_eq(fixture_get(&fixture, "free", "{'pk':{'S':'1'}}"), "");
    fixture.now_ms += 1000;
    cr_assert_eq(leat_transact(fixture.db, writes, 2, (struct leat_slice){NULL, 0}, &result, &fixture.fault), LEAT_OK);
    leat_result_free(&result);
    fixture.now_ms += 1000;
    cr_expect_eq(put_plain(), LEAT_PROVISIONED_THROUGHPUT_EXCEEDED, "it took two units");
}

Test(throttling, on_demand_tables_and_leats_own_do_not_throttle, .fini = stop) {
    start(true);
    make_table("free", LEAT_PAY_PER_REQUEST, 0, 0);
    make_table("leat:own", LEAT_PROVISIONED, 1, 1);
    for (int i = 0; i < 400; i++) {
        cr_assert_eq(put("free", "{'pk':{'S':'a'}}"), LEAT_OK);
        cr_assert_eq(put("leat:own", "{'pk':{'S':'a'}}"), LEAT_OK);
        fixture_items_free();
    }
}

Test(throttling, is_off_unless_asked_for, .fini = stop) {
    start(false);
    for (int i = 0; i < 400; i++) cr_assert_eq(put_plain(), LEAT_OK);
    for (int i = 0; i < 400; i++) cr_assert_eq(get(), LEAT_OK);
}
