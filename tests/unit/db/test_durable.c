#include "fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <stdio.h>
#include <unistd.h>

static struct fixture f;
static void close_it(void) { fixture_close(&f); }

TestSuite(db_durable, .fini = close_it);

Test(db_durable, tables_items_and_streams_are_there_after_reopening) {
    fixture_open(&f, "lmdb");
    fixture_table(&f, "t", true, LEAT_NEW_IMAGE);
    fixture_put(&f, "t", "{'pk':{'S':'a'},'sk':{'N':'1'},'v':{'N':'1'}}");
    struct leat_description before, after;
    cr_assert_eq(leat_table_describe(f.db, SLICE("t"), &before, &f.fault), LEAT_OK);
    char arn[512];
    (void)snprintf(arn, sizeof arn, "%.*s", SLICE_FORMAT(before.table.stream_arn));
    leat_description_free(&before);
    fixture_reopen(&f);
    cr_assert_str_eq(fixture_get(&f, "t", "{'pk':{'S':'a'},'sk':{'N':'1'}}"), "{'pk':{'S':'a'},'sk':{'N':'1'},'v':{'N':'1'}}");
    cr_assert_eq(leat_table_describe(f.db, SLICE("t"), &after, &f.fault), LEAT_OK);
    cr_assert(slice_is(after.table.stream_arn, arn));
    cr_assert_eq(after.table.item_count, 1u);
    leat_description_free(&after);
}

Test(db_durable, a_directory_in_use_is_refused) {
    struct leat *second;
    fixture_open(&f, "lmdb");
    cr_assert_eq(leat_open(&f.options, &second, &f.fault), LEAT_STORE_LOCKED);
    cr_assert_not_null(strstr(f.fault.message, f.directory), "%s", f.fault.message);
}

Test(db_durable, a_deleted_table_leaves_nothing_behind) {
    struct leat_description gone;
    fixture_open(&f, "lmdb");
    fixture_table(&f, "t", false, LEAT_NEW_IMAGE);
    fixture_put(&f, "t", "{'pk':{'S':'a'}}");
    cr_assert_eq(leat_table_delete(f.db, SLICE("t"), &gone, &f.fault), LEAT_OK);
    leat_description_free(&gone);
    cr_assert_eq(leat_put(f.db, "t", fixture_item("{'pk':{'S':'a'}}"), &f.fault), LEAT_RESOURCE_NOT_FOUND);
    fixture_reopen(&f);
    fixture_table(&f, "t", false, LEAT_NEW_IMAGE);
    cr_assert_str_eq(fixture_get(&f, "t", "{'pk':{'S':'a'}}"), "");
}

Test(db_durable, a_full_store_answers_and_goes_on_when_there_is_room) {
    f.options.bytes_max = 4 * 1024 * 1024;
    fixture_open(&f, "lmdb");
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    char *json = malloc(110000);
    int head = sprintf(json, "{'pk':{'S':'key000'},'v':{'S':'");
    memset(json + head, 'x', 100000);
    strcpy(json + head + 100000, "'}}");
    enum leat_code code = LEAT_OK;
    int written = 0;
    for (; written < 200 && code == LEAT_OK; written++) {
        json[15] = (char)('0' + written / 100 % 10), json[16] = (char)('0' + written / 10 % 10), json[17] = (char)('0' + written % 10);
        code = leat_put(f.db, "t", fixture_item(json), &f.fault);
        fixture_items_free();
    }
    free(json);
    cr_assert_eq(code, LEAT_STORE_FULL, "%s", f.fault.message);
    cr_assert_gt(written, 10);
    cr_assert_str_neq(fixture_get(&f, "t", "{'pk':{'S':'key000'}}"), "", "reading goes on");
    for (int i = 0; i < 10; i++) {
        char key[64];
        (void)snprintf(key, sizeof key, "{'pk':{'S':'key%03d'}}", i);
        cr_assert_eq(leat_delete(f.db, "t", fixture_item(key), &f.fault), LEAT_OK, "%s", f.fault.message);
    }
    fixture_put(&f, "t", "{'pk':{'S':'again'}}");
}

enum { WRITERS = 8, WRITES = 200 };

static void *write_many(void *argument) {
    char json[64];
    for (int i = 0; i < WRITES; i++) {
        struct leat_result item;
        struct leat_fault fault;
        int length = snprintf(json, sizeof json, "{\"pk\":{\"S\":\"w%d-%d\"}}", *(int *)argument, i);
        if (leat_item_from_json(slice_of(json, (size_t)length), &item, &fault) != LEAT_OK) return argument;
        enum leat_code code = leat_put(f.db, "t", item.items[0], &fault);
        leat_result_free(&item);
        if (code != LEAT_OK) return argument;
    }
    return NULL;
}

Test(db_durable, writes_that_wait_together_share_a_commit) {
    pthread_t threads[WRITERS];
    int numbers[WRITERS];
    struct leat_stats stats;
    fixture_open(&f, "lmdb");
    fixture_table(&f, "t", false, LEAT_NEW_IMAGE);
    for (int i = 0; i < WRITERS; i++) {
        numbers[i] = i;
        cr_assert_eq(pthread_create(&threads[i], NULL, write_many, &numbers[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        cr_assert_null(failed);
    }
    leat_stats(f.db, &stats);
    cr_assert_eq(stats.writes, (uint64_t)WRITERS * WRITES);
    cr_assert_lt(stats.groups, stats.writes, "%lu groups", (unsigned long)stats.groups);
    struct leat_description table;
    cr_assert_eq(leat_table_describe(f.db, SLICE("t"), &table, &f.fault), LEAT_OK);
    cr_assert_eq(table.table.item_count, (uint64_t)WRITERS * WRITES);
    leat_description_free(&table);
}
