#include "fixture.h"

#include <stdio.h>

static struct fixture f;
static struct leat_result result;

static void open_memory(void) {
    fixture_open(&f, "memory");
    fixture_table(&f, "t", true, LEAT_NEW_IMAGE);
}
static void close_it(void) {
    leat_result_free(&result);
    fixture_close(&f);
}

TestSuite(db_statements, .init = open_memory, .fini = close_it);

static enum leat_code run_page(const char *text, uint32_t limit, struct leat_slice token) {
    const struct leat_statement statement = {.text = slice_text(text), .limit = limit, .next_token = token};
    leat_result_free(&result);
    return leat_statement(f.db, &statement, &result, &f.fault);
}

static enum leat_code run(const char *text) { return run_page(text, 0, (struct leat_slice){NULL, 0}); }

Test(db_statements, write_and_read) {
    cr_assert_eq(run("INSERT INTO t VALUE {'pk': 'a', 'sk': 1, 'v': 'x'}"), LEAT_OK, "%s", f.fault.message);
    cr_assert_eq(run("INSERT INTO t VALUE {'pk': 'a', 'sk': 1}"), LEAT_DUPLICATE_ITEM);
    cr_assert_eq(run("UPDATE t SET v = 'y' WHERE pk = 'a' AND sk = 1 RETURNING MODIFIED NEW *"), LEAT_OK);
    cr_expect_str_eq(fixture_json(result.attributes), "{'v':{'S':'y'}}");
    cr_assert_eq(run("SELECT v FROM t WHERE pk = 'a'"), LEAT_OK);
    cr_assert_eq(result.count, 1);
    cr_expect_str_eq(fixture_json(result.items[0]), "{'v':{'S':'y'}}");
    cr_expect(slice_is(result.tables[0], "t"));
    cr_assert_eq(run("DELETE FROM t WHERE pk = 'a' AND sk = 1"), LEAT_OK);
    cr_expect_str_eq(fixture_get(&f, "t", "{'pk':{'S':'a'},'sk':{'N':'1'}}"), "");
}

Test(db_statements, pages_over_several_partitions_both_ways) {
    static const char *const orders[] = {"", " ORDER BY pk DESC, sk", " ORDER BY pk, sk DESC"};
    for (int i = 0; i < 12; i++) {
        char item[80];
        (void)snprintf(item, sizeof item, "{'pk':{'S':'%c'},'sk':{'N':'%d'}}", 'a' + i % 3, i);
        fixture_put(&f, "t", item);
    }
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        char text[160], token[2000] = "";
        (void)snprintf(text, sizeof text, "SELECT sk FROM t WHERE pk IN ['a', 'c', 'b', 'none'] AND sk >= 3%s", orders[i]);
        unsigned seen = 0;
        for (int pages = 0; pages < 20; pages++) {
            cr_assert_eq(run_page(text, 2, token[0] != 0 ? slice_text(token) : (struct leat_slice){NULL, 0}), LEAT_OK, "%s", f.fault.message);
            for (size_t k = 0; k < result.count; k++) {
                double sk = 0;
                cr_assert(leat_item_number(result.items[k], "sk", &sk));
                cr_expect((seen & 1U << (unsigned)sk) == 0, "twice");
                seen |= 1U << (unsigned)sk;
            }
            if (result.next_token.data == NULL) break;
            (void)snprintf(token, sizeof token, "%.*s", SLICE_FORMAT(result.next_token));
        }
        cr_expect_eq(seen, 0xff8, "%s: %x", orders[i], seen);
    }
}

Test(db_statements, a_transaction_says_what_failed) {
    const struct leat_statement statements[] = {
        {.text = SLICE("INSERT INTO t VALUE {'pk': 'a', 'sk': 1}")},
        {.text = SLICE("UPDATE t SET v = 1 WHERE pk = 'b' AND sk = 1")},
    };
    cr_assert_eq(leat_statements(f.db, statements, 2, (struct leat_slice){NULL, 0}, &result, &f.fault), LEAT_TRANSACTION_CANCELED);
    cr_assert_eq(result.reason_count, 2);
    cr_expect_eq(result.reasons[1].code, LEAT_CONDITIONAL_CHECK_FAILED);
    cr_expect_str_eq(fixture_get(&f, "t", "{'pk':{'S':'a'},'sk':{'N':'1'}}"), "");
    leat_result_free(&result);
    cr_assert_eq(leat_statements(f.db, statements, 1, (struct leat_slice){NULL, 0}, &result, &f.fault), LEAT_OK, "%s", f.fault.message);
    cr_expect_str_eq(fixture_get(&f, "t", "{'pk':{'S':'a'},'sk':{'N':'1'}}"), "{'pk':{'S':'a'},'sk':{'N':'1'}}");
}

Test(db_statements, faults_leave_nothing_behind) {
    cr_expect_eq(run("SELECT * FROM none"), LEAT_RESOURCE_NOT_FOUND);
    cr_expect_eq(run("SELECT * FROM t WHERE pk = 1"), LEAT_VALIDATION);
    cr_expect_eq(run("UPDATE t SET v = 1 WHERE pk = 'a'"), LEAT_VALIDATION);
    cr_expect_eq(run("INSERT INTO t VALUE {'pk': 'a'}"), LEAT_VALIDATION);
    cr_expect_str_eq(f.fault.message, "One or more parameter values were invalid: Missing the key sk in the item");
    cr_expect_eq(run(""), LEAT_VALIDATION);
}
