/* A store that has reached its limit: what removes works, and what has waited for room goes on when there is some. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct fixture f;
static void close_it(void) { fixture_close(&f); }

TestSuite(db_full, .fini = close_it);

static char value[20000];

static int fill(const char *table) {
    char json[sizeof value + 200];
    int count = 0;
    enum leat_code code = LEAT_OK;
    memset(value, 'x', sizeof value - 1);
    for (; code == LEAT_OK && count < 10000; count++) {
        (void)snprintf(json, sizeof json, "{'pk':{'S':'k%d'},'t':{'N':'1700000005'},'v':{'S':'%s'}}", count, value);
        code = leat_put(f.db, table, fixture_item(json), &f.fault);
        fixture_items_free();
    }
    cr_assert_eq(code, LEAT_STORE_FULL, "%s", f.fault.message);
    return count - 1;
}

static void open_small(void) {
    f.options.bytes_max = 8 << 20;
    fixture_open(&f, "lmdb");
}

static enum leat_code delete_table(const char *name) {
    struct leat_description gone;
    enum leat_code code = leat_table_delete(f.db, slice_text(name), &gone, &f.fault);
    if (code == LEAT_OK) leat_description_free(&gone);
    return code;
}

static uint64_t count(const char *table) {
    struct leat_description seen;
    cr_assert_eq(leat_table_describe(f.db, slice_text(table), &seen, &f.fault), LEAT_OK);
    uint64_t items = seen.table.item_count;
    leat_description_free(&seen);
    return items;
}

Test(db_full, a_table_can_be_deleted_and_there_is_room_again) {
    open_small();
    fixture_table(&f, "t", false, LEAT_NEW_IMAGE);
    fixture_table(&f, "u", false, LEAT_VIEW_NONE);
    int first = fill("t");
    cr_assert_eq(delete_table("t"), LEAT_OK, "%s", f.fault.message);
    int room = 0;
    for (int i = 0; i < 500 && room < first / 2; i++) {
        f.now_ms += 1000;
        room = fill("u");
        usleep(10000);
    }
    cr_assert_geq(room, first / 2);
}

static void remove_items(int first, int end) {
    for (int i = first; i < end; i++) {
        char json[64];
        (void)snprintf(json, sizeof json, "{'pk':{'S':'k%d'}}", i);
        cr_assert_eq(leat_delete(f.db, "t", fixture_item(json), &f.fault), LEAT_OK, "%d of %d: %s", i, end, f.fault.message);
        fixture_items_free();
    }
}

Test(db_full, items_can_be_deleted) {
    open_small();
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    int n = fill("t");
    remove_items(0, n);
    cr_assert_eq(count("t"), 0);
}

Test(db_full, items_expire) {
    open_small();
    fixture_table(&f, "t", false, LEAT_NEW_IMAGE);
    struct leat_description changed;
    const struct leat_table_change change = {.name = SLICE("t"), .change_ttl = true, .ttl_attribute = SLICE("t")};
    cr_assert_eq(leat_table_update(f.db, &change, &changed, &f.fault), LEAT_OK, "%s", f.fault.message);
    leat_description_free(&changed);
    int n = fill("t");
    f.now_ms += 10000;
    for (int i = 0; i < 300 && count("t") == (uint64_t)n; i++) usleep(10000);
    cr_assert_lt(count("t"), (uint64_t)n);
}

static enum leat_status index_status(uint64_t *entries) {
    struct leat_description seen;
    cr_assert_eq(leat_table_describe(f.db, SLICE("t"), &seen, &f.fault), LEAT_OK);
    enum leat_status status = seen.table.indexes[0].status;
    *entries = seen.table.indexes[0].item_count;
    leat_description_free(&seen);
    return status;
}

Test(db_full, an_index_is_filled_when_there_is_room) {
    static const struct leat_attribute attributes[] = {{SLICE("pk"), 'S'}, {SLICE("t"), 'N'}};
    static const struct leat_index index = {.name = SLICE("by_t"), .partition_key = SLICE("t"), .projection = LEAT_PROJECT_ALL};
    const struct leat_table_change change = {.name = SLICE("t"), .attributes = attributes, .attribute_count = 2, .index_create = &index};
    struct leat_description changed;
    uint64_t entries;
    open_small();
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    int n = fill("t");
    remove_items(0, 20); /* so that it can begin */
    cr_assert_eq(leat_table_update(f.db, &change, &changed, &f.fault), LEAT_OK, "%s", f.fault.message);
    leat_description_free(&changed);
    for (int i = 0; i < 20; i++) { /* some tries, and their writers meanwhile */
        f.now_ms += 2000;
        remove_items(20 + i, 21 + i);
    }
    cr_assert_eq(index_status(&entries), LEAT_CREATING);
    remove_items(40, n - 40);
    for (int i = 0; i < 1000 && index_status(&entries) != LEAT_ACTIVE; i++) {
        f.now_ms += 2000;
        fixture_put(&f, "t", "{'pk':{'S':'k30'},'t':{'N':'1'}}"); /* wakes the writing thread */
        fixture_items_free();
        usleep(1000);
    }
    cr_assert_eq(index_status(&entries), LEAT_ACTIVE);
    cr_assert_eq(entries, 41);
    cr_assert_eq(count("t"), 41);
}
