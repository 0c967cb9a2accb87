/* What backups are made of: reserved tables that are listed by prefix, that take the place of a deleted one, that end by themselves. */
#include "fixture.h"

#include <stdio.h>
#include <unistd.h>

static struct fixture f;
static void open_it(void) { fixture_open(&f, "lmdb"); }
static void close_it(void) { fixture_close(&f); }

TestSuite(db_keeping, .init = open_it, .fini = close_it);

static const struct leat_attribute key[] = {{SLICE("pk"), 'S'}};

static enum leat_code keep(const char *source, const char *target, uint64_t expires_ms, bool delete_source) {
    const struct leat_table table = {.name = slice_text(target), .attributes = key, .attribute_count = 1, .partition_key = SLICE("pk"),
                                     .billing = LEAT_PAY_PER_REQUEST, .expires_ms = expires_ms};
    const struct leat_copy copy = {.source = slice_text(source), .target = &table, .delete_source = delete_source};
    struct leat_description made;
    enum leat_code code = leat_table_copy(f.db, &copy, &made, &f.fault);
    leat_description_free(&made);
    return code;
}

static enum leat_status status(const char *table) {
    struct leat_description now;
    cr_assert_eq(leat_table_describe(f.db, slice_text(table), &now, &f.fault), LEAT_OK, "%s", f.fault.message);
    enum leat_status status = now.table.status;
    leat_description_free(&now);
    return status;
}

static void wait_active(const char *table) {
    for (int i = 0; i < 2000 && status(table) != LEAT_ACTIVE; i++) usleep(5000);
    cr_assert_eq(status(table), LEAT_ACTIVE);
}

static bool is_there(const char *table) {
    struct leat_description now;
    enum leat_code code = leat_table_describe(f.db, slice_text(table), &now, NULL);
    leat_description_free(&now);
    return code == LEAT_OK;
}

static void fill(const char *table, int count) {
    struct leat_write writes[100];
    for (int i = 0; i < count; i += 100) {
        struct leat_result result;
        for (int k = 0; k < 100; k++) {
            char json[64];
            (void)snprintf(json, sizeof json, "{'pk':{'S':'%d'}}", i + k);
            writes[k] = (struct leat_write){.kind = LEAT_PUT, .table = slice_text(table), .item = fixture_item(json)};
        }
        cr_assert_eq(leat_transact(f.db, writes, 100, slice_text(NULL), &result, &f.fault), LEAT_OK, "%s", f.fault.message);
        leat_result_free(&result);
        fixture_items_free();
    }
}

static void expect_list(const char *prefix, const char *start, size_t limit, const char *names, bool more) {
    struct leat_result result;
    char found[200] = "";
    cr_assert_eq(leat_table_list(f.db, slice_text(prefix), slice_text(start), limit, &result, &f.fault), LEAT_OK);
    for (size_t i = 0; i < result.count; i++) {
        size_t size = strlen(found);
        (void)snprintf(found + size, sizeof found - size, "%.*s ", SLICE_FORMAT(result.items[i]));
    }
    cr_assert_str_eq(found, names);
    cr_assert_eq(result.last_key.data != NULL, more);
    leat_result_free(&result);
}

Test(db_keeping, lists_names_with_a_prefix) {
    const char *const names[] = {"leat:k/b", "leat:k/a", "leat:other", "a", "leat:k/c", "z"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) fixture_table(&f, names[i], false, LEAT_VIEW_NONE);
    expect_list(NULL, NULL, 10, "a z ", false);
    expect_list("leat:k/", NULL, 10, "leat:k/a leat:k/b leat:k/c ", false);
    expect_list("leat:k/", NULL, 2, "leat:k/a leat:k/b ", true);
    expect_list("leat:k/", "leat:k/b", 3, "leat:k/c ", false);
    expect_list("leat:k/", "leat:k/bb", 3, "leat:k/c ", false);
    expect_list("leat:n", NULL, 3, "", false);
}

Test(db_keeping, a_table_ends_by_itself_and_not_before_its_time) {
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    fixture_put(&f, "t", "{'pk':{'S':'a'}}");
    cr_assert_eq(keep("t", "leat:k/t", f.now_ms + 100000, false), LEAT_OK, "%s", f.fault.message);
    wait_active("leat:k/t");
    fixture_reopen(&f);
    f.now_ms += 99000;
    leat_clock_moved(f.db);
    usleep(50000);
    cr_assert(is_there("leat:k/t"));
    f.now_ms += 1000;
    leat_clock_moved(f.db);
    for (int i = 0; i < 400 && is_there("leat:k/t"); i++) usleep(5000);
    cr_assert_not(is_there("leat:k/t"));
    cr_assert(is_there("t"));
}

static void take_place(uint32_t recovery_days) {
    struct leat_description changed;
    fixture_table(&f, "t", false, LEAT_NEW_IMAGE);
    if (recovery_days > 0) {
        const struct leat_table_change change = {.name = SLICE("t"), .change_recovery = true, .recovery_days = recovery_days};
        cr_assert_eq(leat_table_update(f.db, &change, &changed, &f.fault), LEAT_OK, "%s", f.fault.message);
        leat_description_free(&changed);
    }
    fill("t", 2000);
    cr_assert_eq(keep("t", "leat:k/t", 0, true), LEAT_OK, "%s", f.fault.message);
    cr_assert_not(is_there("t"));
    fixture_table(&f, "t", false, LEAT_VIEW_NONE); /* another of the name is no matter */
    fixture_put(&f, "t", "{'pk':{'S':'new'}}");
    fixture_reopen(&f);
    wait_active("leat:k/t");
    struct leat_description now;
    cr_assert_eq(leat_table_describe(f.db, SLICE("leat:k/t"), &now, &f.fault), LEAT_OK);
    cr_assert_eq(now.table.item_count, 2000u);
    leat_description_free(&now);
    cr_assert_str_eq(fixture_get(&f, "leat:k/t", "{'pk':{'S':'1999'}}"), "{'pk':{'S':'1999'}}");
    cr_assert_str_eq(fixture_get(&f, "leat:k/t", "{'pk':{'S':'new'}}"), "");
}

Test(db_keeping, a_copy_takes_the_place_of_its_source) { take_place(0); }
Test(db_keeping, a_copy_takes_the_place_of_its_source_with_a_history) { take_place(35); }

Test(db_keeping, another_table_of_the_name_is_not_copied) {
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    const struct leat_table table = {.name = SLICE("leat:k/t"), .attributes = key, .attribute_count = 1, .partition_key = SLICE("pk"),
                                     .billing = LEAT_PAY_PER_REQUEST};
    struct leat_description before, made;
    cr_assert_eq(leat_table_describe(f.db, SLICE("t"), &before, &f.fault), LEAT_OK);
    const struct leat_copy copy = {.source = SLICE("t"), .source_id = before.table.id, .target = &table, .delete_source = true};
    cr_assert_eq(leat_table_delete(f.db, SLICE("t"), &made, &f.fault), LEAT_OK);
    leat_description_free(&made);
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    cr_assert_eq(leat_table_copy(f.db, &copy, &made, &f.fault), LEAT_RESOURCE_NOT_FOUND);
    cr_assert(is_there("t") && !is_there("leat:k/t"));
    leat_description_free(&made);
    leat_description_free(&before);
}

Test(db_keeping, a_protected_source_stays_and_there_is_no_copy) {
    struct leat_description changed;
    const struct leat_table_change change = {.name = SLICE("t"), .change_protection = true, .deletion_protection = true};
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    cr_assert_eq(leat_table_update(f.db, &change, &changed, &f.fault), LEAT_OK);
    leat_description_free(&changed);
    cr_assert_eq(keep("t", "leat:k/t", 0, true), LEAT_VALIDATION);
    cr_assert(is_there("t") && !is_there("leat:k/t"));
}

Test(db_keeping, who_is_being_copied_says_so) {
    struct leat_description now;
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    fill("t", 12000); /* far more than is copied before the call returns */
    cr_assert_eq(keep("t", "leat:k/t", 0, false), LEAT_OK);
    cr_assert_eq(leat_table_describe(f.db, SLICE("t"), &now, &f.fault), LEAT_OK);
    cr_assert(now.table.copied);
    leat_description_free(&now);
    wait_active("leat:k/t");
    cr_assert_eq(leat_table_describe(f.db, SLICE("t"), &now, &f.fault), LEAT_OK);
    cr_assert_not(now.table.copied);
    leat_description_free(&now);
}

Test(db_keeping, restores_at_once_are_limited) {
    f.options.backend = "memory";
    fixture_reopen(&f);
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    fill("t", 20000);
    enum leat_code code = LEAT_OK;
    int made = 0;
    while (code == LEAT_OK && made < 60) {
        char name[32];
        (void)snprintf(name, sizeof name, "r%d", made);
        code = keep("t", name, 0, false);
        made += code == LEAT_OK;
    }
    cr_assert_eq(code, LEAT_LIMIT_EXCEEDED);
    cr_assert_geq(made, 50);
    cr_assert_eq(keep("t", "leat:k/t", 0, false), LEAT_OK, "%s", f.fault.message);
}
