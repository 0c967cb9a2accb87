#include "fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct fixture f;
static void close_it(void) { fixture_close(&f); }

TestSuite(db_copy, .fini = close_it);

/* ---- a model: what a table holds, key to number; 0: no such item ---- */

enum { KEYS = 3000 };
static int model[KEYS];

static void write_one(const char *table, int key, int value) {
    char json[128];
    (void)snprintf(json, sizeof json, value == 0 ? "{'pk':{'S':'k%d'}}" : "{'pk':{'S':'k%d'},'v':{'N':'%d'},'g':{'S':'g%d'}}", key, value,
                   value % 5);
    enum leat_code code = value == 0 ? leat_delete(f.db, table, fixture_item(json), &f.fault)
                                     : leat_put(f.db, table, fixture_item(json), &f.fault);
    cr_assert_eq(code, LEAT_OK, "%s", f.fault.message);
    fixture_items_free();
}

static void set(int key, int value) {
    write_one("t", key, value);
    model[key] = value;
}

/* Items of a table or index; each is held against the expected values. */
static size_t compare(const char *table, const char *index, const int *expected) {
    struct leat_query scan = {.table = slice_text(table), .index = slice_text(index)};
    struct leat_result page;
    size_t count = 0;
    struct leat_result kept = {0};
    do {
        cr_assert_eq(leat_query(f.db, &scan, &page, &f.fault), LEAT_OK, "%s", f.fault.message);
        for (size_t i = 0; i < page.count; i++) {
            struct leat_slice key;
            double value;
            cr_assert(leat_item_text(page.items[i], "pk", &key) && leat_item_number(page.items[i], "v", &value));
            int number = atoi((const char *)key.data + 1);
            cr_assert_eq((int)value, expected[number], "%s: key %d is %d, not %d", table, number, (int)value, expected[number]);
        }
        count += page.count;
        leat_result_free(&kept);
        kept = page;
        scan.start = page.last_key;
    } while (page.last_key.data != NULL);
    leat_result_free(&kept);
    return count;
}

static size_t filled(const int *values) {
    size_t count = 0;
    for (int i = 0; i < KEYS; i++) count += values[i] != 0;
    return count;
}

static const struct leat_attribute attributes[] = {{SLICE("pk"), 'S'}, {SLICE("g"), 'S'}};
static const struct leat_index by_g = {.name = SLICE("by_g"), .partition_key = SLICE("g"), .projection = LEAT_PROJECT_ALL};

static void begin_copy(const char *target, uint64_t at_ms, bool indexed) {
    const struct leat_table table = {.name = slice_text(target), .attributes = attributes, .attribute_count = indexed ? 2 : 1,
                                     .partition_key = SLICE("pk"), .billing = LEAT_PAY_PER_REQUEST, .indexes = &by_g,
                                     .index_count = indexed};
    const struct leat_copy copy = {.source = SLICE("t"), .at_ms = at_ms, .target = &table};
    struct leat_description made;
    cr_assert_eq(leat_table_copy(f.db, &copy, &made, &f.fault), LEAT_OK, "%s", f.fault.message);
    cr_assert_eq(made.table.status, LEAT_CREATING);
    leat_description_free(&made);
}

static void wait_active(const char *table) {
    enum leat_status status = LEAT_CREATING;
    for (int i = 0; i < 3000 && status != LEAT_ACTIVE; i++) {
        struct leat_description now;
        cr_assert_eq(leat_table_describe(f.db, slice_text(table), &now, &f.fault), LEAT_OK, "%s", f.fault.message);
        status = now.table.status;
        cr_assert_leq(now.table.progress_done, now.table.progress_total);
        leat_description_free(&now);
        if (status != LEAT_ACTIVE) usleep(10000);
    }
    cr_assert_eq(status, LEAT_ACTIVE, "%s is not ready after thirty seconds", table);
}

static void check_counts(const char *table, size_t items, size_t entries) {
    struct leat_description now;
    cr_assert_eq(leat_table_describe(f.db, slice_text(table), &now, &f.fault), LEAT_OK);
    cr_assert_eq(now.table.item_count, items, "%s: %llu items, not %zu", table, (unsigned long long)now.table.item_count, items);
    if (now.table.index_count > 0) cr_assert_eq(now.table.indexes[0].item_count, entries);
    leat_description_free(&now);
}

static void set_recovery(uint32_t days) {
    struct leat_description changed;
    const struct leat_table_change change = {.name = SLICE("t"), .change_recovery = true, .recovery_days = days};
    cr_assert_eq(leat_table_update(f.db, &change, &changed, &f.fault), LEAT_OK, "%s", f.fault.message);
    leat_description_free(&changed);
}

/* ---- copies of now ---- */

static void copy_while_writing(void) {
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    for (int i = 0; i < KEYS; i++) set(i, i + 1);
    int before[KEYS];
    memcpy(before, model, sizeof model);
    begin_copy("c", 0, true);
    for (int i = 0; i < KEYS; i += 3) set(i, i % 2 == 0 ? 0 : 7777);
    wait_active("c");
    cr_assert_eq(compare("c", NULL, before), (size_t)KEYS);
    cr_assert_eq(compare("c", "by_g", before), (size_t)KEYS);
    cr_assert_eq(compare("t", NULL, model), filled(model));
    check_counts("c", KEYS, KEYS);
    check_counts("t", filled(model), 0);
}

Test(db_copy, is_the_table_as_it_was_when_it_began) {
    fixture_open(&f, "memory");
    copy_while_writing();
}

Test(db_copy, is_the_same_on_disk) {
    fixture_open(&f, "lmdb");
    copy_while_writing();
}

Test(db_copy, goes_on_after_a_restart_and_without_its_source) {
    struct leat_description gone;
    fixture_open(&f, "lmdb");
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    for (int round = 0; round < 4; round++)
        for (int i = 0; i < KEYS; i++) set(i, i + 1 + round);
    int before[KEYS];
    memcpy(before, model, sizeof model);
    f.options.settle_ms = 1000; /* the copy cannot be complete before this has passed */
    fixture_reopen(&f);
    begin_copy("c", 0, true);
    for (int i = 0; i < KEYS; i += 2) set(i, 0);
    fixture_reopen(&f);
    cr_assert_eq(leat_put(f.db, "c", fixture_item("{'pk':{'S':'x'}}"), &f.fault), LEAT_RESOURCE_NOT_FOUND);
    cr_assert_eq(leat_table_delete(f.db, SLICE("c"), &gone, &f.fault), LEAT_RESOURCE_IN_USE);
    cr_assert_eq(leat_table_delete(f.db, SLICE("t"), &gone, &f.fault), LEAT_OK, "%s", f.fault.message);
    leat_description_free(&gone);
    fixture_reopen(&f);
    f.now_ms += 2000;
    fixture_reopen(&f);
    wait_active("c");
    cr_assert_eq(compare("c", NULL, before), (size_t)KEYS);
    cr_assert_eq(compare("c", "by_g", before), (size_t)KEYS);
    enum leat_code code = LEAT_OK;
    for (int i = 0; i < 1000 && code == LEAT_OK; i++) { /* it is DELETING until its own time has come */
        code = leat_table_describe(f.db, SLICE("t"), &gone, &f.fault);
        leat_description_free(&gone);
        usleep(5000);
    }
    cr_assert_eq(code, LEAT_RESOURCE_NOT_FOUND);
}

/* ---- copies of earlier moments ---- */

Test(db_copy, is_the_table_at_any_moment_since_recovery_is_on) {
    enum { MOMENTS = 40, CHANGES = 60, FEW = 50 };
    static int states[MOMENTS][KEYS];
    fixture_open(&f, "memory");
    fixture_table(&f, "t", false, LEAT_NEW_IMAGE);
    uint64_t began = f.now_ms;
    set_recovery(35);
    srand(7);
    for (int moment = 0; moment < MOMENTS; moment++) {
        for (int i = 0; i < CHANGES; i++) set(rand() % FEW, rand() % 3 == 0 ? 0 : 1 + rand() % 1000);
        memcpy(states[moment], model, sizeof model);
        f.now_ms += 1000;
    }
    for (int i = 0; i < 12; i++) {
        char name[16];
        int moment = rand() % MOMENTS;
        (void)snprintf(name, sizeof name, "c%d", i);
        begin_copy(name, began + 1000 * (uint64_t)moment + (uint64_t)(rand() % 1000), i % 2 == 0);
        wait_active(name);
        cr_assert_eq(compare(name, NULL, states[moment]), filled(states[moment]), "moment %d", moment);
        check_counts(name, filled(states[moment]), filled(states[moment]));
    }
}

Test(db_copy, earlier_moments_want_recovery_and_must_not_be_too_early) {
    const struct leat_table table = {.name = SLICE("c"), .attributes = attributes, .attribute_count = 1, .partition_key = SLICE("pk"),
                                     .billing = LEAT_PAY_PER_REQUEST};
    struct leat_copy copy = {.source = SLICE("t"), .at_ms = 1, .target = &table};
    struct leat_description made;
    fixture_open(&f, "memory");
    cr_assert_eq(leat_table_copy(f.db, &copy, &made, &f.fault), LEAT_RESOURCE_NOT_FOUND);
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    cr_assert_eq(leat_table_copy(f.db, &copy, &made, &f.fault), LEAT_POINT_IN_TIME_RECOVERY_UNAVAILABLE);
    set_recovery(1);
    copy.at_ms = f.now_ms - 1;
    cr_assert_eq(leat_table_copy(f.db, &copy, &made, &f.fault), LEAT_INVALID_RESTORE_TIME);
    copy.at_ms = f.now_ms + 1;
    cr_assert_eq(leat_table_copy(f.db, &copy, &made, &f.fault), LEAT_INVALID_RESTORE_TIME);
    f.now_ms += 3 * 24 * 3600 * 1000;
    copy.at_ms = f.now_ms - 25 * 3600 * 1000; /* it was on, but goes back for one day only */
    cr_assert_eq(leat_table_copy(f.db, &copy, &made, &f.fault), LEAT_INVALID_RESTORE_TIME);
    cr_assert_eq(leat_table_describe(f.db, SLICE("t"), &made, &f.fault), LEAT_OK);
    cr_assert_eq(made.table.recovery_from_ms, f.now_ms - 24 * 3600 * 1000);
    cr_assert_eq(made.table.recovery_to_ms, f.now_ms);
    leat_description_free(&made);
    set_recovery(0);
    copy.at_ms = f.now_ms;
    cr_assert_eq(leat_table_copy(f.db, &copy, &made, &f.fault), LEAT_POINT_IN_TIME_RECOVERY_UNAVAILABLE);
}

Test(db_copy, changes_between_two_moments_can_be_read) {
    fixture_open(&f, "memory");
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    set(1, 10);
    set_recovery(35);
    uint64_t began = f.now_ms;
    for (int i = 1; i <= 2500; i++) { /* one each millisecond, more than one call answers */
        f.now_ms++;
        set(1 + i % 40, i);
    }
    struct leat_history_read read = {.table = SLICE("t"), .from_ms = began + 100, .to_ms = began + 2400};
    int before[KEYS] = {0}, seen = 0;
    before[1] = 10;
    for (int i = 1; i <= 100; i++) before[1 + i % 40] = i;
    while (!read.end) {
        struct leat_result changes;
        cr_assert_eq(leat_history_read(f.db, &read, &changes, &f.fault), LEAT_OK, "%s", f.fault.message);
        for (size_t i = 0; i < changes.record_count; i++) {
            struct leat_slice key;
            double value = 0;
            cr_assert(leat_item_text(changes.records[i].keys, "pk", &key));
            if (changes.records[i].old_image.data != NULL) cr_assert(leat_item_number(changes.records[i].old_image, "v", &value));
            int number = atoi((const char *)key.data + 1), made = (int)(changes.records[i].created_ms - began);
            cr_assert_eq(number, 1 + made % 40);
            cr_assert_eq((int)value, before[number], "change %d of key %d", made, number);
            before[number] = made;
            seen++;
        }
        leat_result_free(&changes);
    }
    cr_assert_eq(seen, 2300);
}

/* ---- an index filled under load ---- */

static void *change_all(void *context) {
    int *values = context;
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < KEYS; i++) {
            char json[128];
            int value = (i * 7 + round * 13) % 11;
            struct leat_result item;
            struct leat_fault fault;
            (void)snprintf(json, sizeof json, value == 0 ? "{\"pk\":{\"S\":\"k%d\"}}"
                                                         : "{\"pk\":{\"S\":\"k%d\"},\"v\":{\"N\":\"%d\"},\"g\":{\"S\":\"g%d\"}}",
                           i, value, value % 5);
            cr_assert_eq(leat_item_from_json(slice_text(json), &item, &fault), LEAT_OK);
            enum leat_code code = value == 0 ? leat_delete(f.db, "t", item.items[0], &fault) : leat_put(f.db, "t", item.items[0], &fault);
            cr_assert_eq(code, LEAT_OK, "%s", fault.message);
            leat_result_free(&item);
            values[i] = value;
        }
    return NULL;
}

Test(db_copy, an_index_is_right_when_it_is_filled_while_everything_changes) {
    fixture_open(&f, "memory");
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    for (int round = 0; round < 5; round++) { /* each time at another moment of the writing */
        for (int i = 0; i < KEYS; i++) set(i, i % 9);
        pthread_t thread;
        cr_assert_eq(pthread_create(&thread, NULL, change_all, model), 0);
        usleep((useconds_t)(round * 2000));
        struct leat_description changed;
        const struct leat_table_change create = {.name = SLICE("t"), .attributes = attributes, .attribute_count = 2,
                                                 .index_create = &by_g};
        cr_assert_eq(leat_table_update(f.db, &create, &changed, &f.fault), LEAT_OK, "%s", f.fault.message);
        cr_assert_eq(changed.table.indexes[0].status, LEAT_CREATING);
        leat_description_free(&changed);
        cr_assert_eq(pthread_join(thread, NULL), 0);
        enum leat_status status = LEAT_CREATING;
        for (int i = 0; i < 3000 && status != LEAT_ACTIVE; i++) {
            cr_assert_eq(leat_table_describe(f.db, SLICE("t"), &changed, &f.fault), LEAT_OK);
            status = changed.table.indexes[0].status;
            leat_description_free(&changed);
            if (status != LEAT_ACTIVE) usleep(10000);
        }
        cr_assert_eq(status, LEAT_ACTIVE);
        cr_assert_eq(compare("t", "by_g", model), filled(model));
        check_counts("t", filled(model), filled(model));
        const struct leat_table_change drop = {.name = SLICE("t"), .index_delete = SLICE("by_g")};
        cr_assert_eq(leat_table_update(f.db, &drop, &changed, &f.fault), LEAT_OK, "%s", f.fault.message);
        cr_assert_eq(changed.table.indexes[0].status, LEAT_DELETING);
        leat_description_free(&changed);
    }
}
