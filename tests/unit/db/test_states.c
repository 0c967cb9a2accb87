/* CREATING, UPDATING and DELETING for as long as the database is asked to show them. */
#include "fixture.h"

#include <unistd.h>

static struct fixture f;
static void close_it(void) { fixture_close(&f); }

TestSuite(db_states, .fini = close_it);

enum { SETTLE_MS = 5000 };

static enum leat_code look(struct leat_description *out) { return leat_table_describe(f.db, SLICE("t"), out, &f.fault); }

static enum leat_status status(void) {
    struct leat_description now;
    cr_assert_eq(look(&now), LEAT_OK, "%s", f.fault.message);
    enum leat_status status = now.table.status;
    leat_description_free(&now);
    return status;
}

static enum leat_status index_status(void) {
    struct leat_description now;
    cr_assert_eq(look(&now), LEAT_OK, "%s", f.fault.message);
    cr_assert_eq(now.table.index_count, 1u);
    enum leat_status status = now.table.indexes[0].status;
    leat_description_free(&now);
    return status;
}

/* The next write or look wakes the writing thread; it needs a moment to see what the clock says. */
static void wait_status(enum leat_status wanted) {
    for (int i = 0; i < 1000 && status() != wanted; i++) {
        usleep(5000);
        fixture_put(&f, "other", "{'pk':{'S':'tick'}}");
        fixture_items_free();
    }
    cr_assert_eq(status(), wanted);
}

static void open_slow(void) {
    fixture_open(&f, "lmdb");
    fixture_table(&f, "other", false, LEAT_VIEW_NONE);
    f.options.settle_ms = SETTLE_MS;
    fixture_reopen(&f);
}

static void let_settle(void) { f.now_ms += SETTLE_MS + 1; }

static enum leat_code update(const struct leat_table_change *change) {
    struct leat_description changed;
    enum leat_code code = leat_table_update(f.db, change, &changed, &f.fault);
    if (code == LEAT_OK) leat_description_free(&changed);
    return code;
}

Test(db_states, a_table_is_created_changed_and_deleted_in_its_time) {
    struct leat_description gone;
    open_slow();
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    cr_assert_eq(status(), LEAT_CREATING);
    cr_assert_eq(leat_put(f.db, "t", fixture_item("{'pk':{'S':'a'}}"), &f.fault), LEAT_RESOURCE_NOT_FOUND);
    cr_assert_eq(leat_table_delete(f.db, SLICE("t"), &gone, &f.fault), LEAT_RESOURCE_IN_USE);
    fixture_reopen(&f); /* a restart does not shorten it */
    cr_assert_eq(status(), LEAT_CREATING);
    let_settle();
    fixture_reopen(&f);
    wait_status(LEAT_ACTIVE);
    fixture_put(&f, "t", "{'pk':{'S':'a'}}");

    const struct leat_table_change stream = {.name = SLICE("t"), .change_stream = true, .stream = LEAT_NEW_IMAGE};
    cr_assert_eq(update(&stream), LEAT_OK, "%s", f.fault.message);
    cr_assert_eq(status(), LEAT_UPDATING);
    const struct leat_table_change protect = {.name = SLICE("t"), .change_protection = true};
    cr_assert_eq(update(&protect), LEAT_RESOURCE_IN_USE);
    cr_assert_not_null(strstr(f.fault.message, "Table is being updated: t"), "%s", f.fault.message);
    fixture_put(&f, "t", "{'pk':{'S':'b'}}"); /* items are not in the way of it */
    let_settle();
    wait_status(LEAT_ACTIVE);

    cr_assert_eq(leat_table_delete(f.db, SLICE("t"), &gone, &f.fault), LEAT_OK);
    leat_description_free(&gone);
    cr_assert_eq(status(), LEAT_DELETING);
    cr_assert_eq(leat_put(f.db, "t", fixture_item("{'pk':{'S':'a'}}"), &f.fault), LEAT_RESOURCE_NOT_FOUND);
    cr_assert_eq(leat_table_delete(f.db, SLICE("t"), &gone, &f.fault), LEAT_OK); /* again: no fault */
    leat_description_free(&gone);
    let_settle();
    struct leat_description now;
    enum leat_code code = LEAT_OK;
    for (int i = 0; i < 1000 && code == LEAT_OK; i++) {
        fixture_put(&f, "other", "{'pk':{'S':'tick'}}");
        fixture_items_free();
        usleep(5000);
        code = look(&now);
        leat_description_free(&now);
    }
    cr_assert_eq(code, LEAT_RESOURCE_NOT_FOUND);
}

Test(db_states, an_index_has_its_own) {
    static const struct leat_attribute attributes[] = {{SLICE("pk"), 'S'}, {SLICE("g"), 'S'}};
    static const struct leat_index index = {.name = SLICE("i"), .partition_key = SLICE("g"), .projection = LEAT_PROJECT_KEYS_ONLY};
    const struct leat_table_change create = {.name = SLICE("t"), .attributes = attributes, .attribute_count = 2, .index_create = &index};
    const struct leat_table_change drop = {.name = SLICE("t"), .index_delete = SLICE("i")};
    struct leat_query query = {.table = SLICE("t"), .index = SLICE("i")};
    struct leat_result page;
    open_slow();
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    let_settle();
    wait_status(LEAT_ACTIVE);
    fixture_put(&f, "t", "{'pk':{'S':'a'},'g':{'S':'x'}}");
    cr_assert_eq(update(&create), LEAT_OK, "%s", f.fault.message);
    cr_assert_eq(status(), LEAT_UPDATING);
    cr_assert_eq(index_status(), LEAT_CREATING);
    cr_assert_eq(leat_query(f.db, &query, &page, &f.fault), LEAT_VALIDATION);
    cr_assert_str_eq(f.fault.message, "Cannot read from backfilling global secondary index: i");
    leat_result_free(&page);
    fixture_put(&f, "t", "{'pk':{'S':'b'},'g':{'S':'x'}}");
    let_settle();
    wait_status(LEAT_ACTIVE);
    for (int i = 0; i < 1000 && index_status() != LEAT_ACTIVE; i++) usleep(5000);
    cr_assert_eq(leat_query(f.db, &query, &page, &f.fault), LEAT_OK, "%s", f.fault.message);
    cr_assert_eq(page.count, 2u);
    leat_result_free(&page);
    cr_assert_eq(update(&drop), LEAT_OK, "%s", f.fault.message);
    cr_assert_eq(index_status(), LEAT_DELETING);
    let_settle();
    wait_status(LEAT_ACTIVE);
    cr_assert_eq(leat_query(f.db, &query, &page, &f.fault), LEAT_VALIDATION);
    leat_result_free(&page);
}

Test(db_states, a_loading_table_waits_for_its_loader) {
    static const struct leat_attribute attributes[] = {{SLICE("pk"), 'S'}};
    const struct leat_table table = {.name = SLICE("t"), .attributes = attributes, .attribute_count = 1, .partition_key = SLICE("pk"),
                                     .billing = LEAT_PAY_PER_REQUEST, .loading = true};
    const struct leat_table_change ready = {.name = SLICE("t"), .change_loading = true};
    struct leat_description made;
    struct leat_result result;
    fixture_open(&f, "lmdb");
    cr_assert_eq(leat_table_create(f.db, &table, &made, &f.fault), LEAT_OK, "%s", f.fault.message);
    leat_description_free(&made);
    struct leat_write write = {.kind = LEAT_PUT, .table = SLICE("t"), .item = fixture_item("{'pk':{'S':'a'}}")};
    cr_assert_eq(leat_write(f.db, &write, &result, &f.fault), LEAT_RESOURCE_NOT_FOUND);
    leat_result_free(&result);
    write.load = true;
    cr_assert_eq(leat_write(f.db, &write, &result, &f.fault), LEAT_OK, "%s", f.fault.message);
    leat_result_free(&result);
    fixture_reopen(&f);
    cr_assert_eq(status(), LEAT_CREATING);
    cr_assert_eq(update(&ready), LEAT_OK, "%s", f.fault.message);
    cr_assert_eq(status(), LEAT_ACTIVE);
    cr_assert_str_eq(fixture_get(&f, "t", "{'pk':{'S':'a'}}"), "{'pk':{'S':'a'}}");
}
