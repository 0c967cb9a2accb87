#include "fixture.h"

#include <stdio.h>
#include <unistd.h>

static struct fixture f;
static void open_memory(void) { fixture_open(&f, "memory"); }
static void close_it(void) { fixture_close(&f); }

TestSuite(db_expiry, .init = open_memory, .fini = close_it);

static void set_ttl(const char *attribute) {
    struct leat_description changed;
    const struct leat_table_change change = {.name = SLICE("t"), .change_ttl = true, .ttl_attribute = slice_text(attribute)};
    cr_assert_eq(leat_table_update(f.db, &change, &changed, &f.fault), LEAT_OK, "%s", f.fault.message);
    cr_assert_eq(changed.table.ttl_attribute.data != NULL, attribute != NULL);
    leat_description_free(&changed);
}

static void put_expiring(const char *key, const char *value) {
    char json[200];
    (void)snprintf(json, sizeof json, "{'pk':{'S':'%s'},'ttl':%s}", key, value);
    fixture_put(&f, "t", json);
}

static bool there(const char *key) {
    char json[64];
    (void)snprintf(json, sizeof json, "{'pk':{'S':'%s'}}", key);
    return fixture_get(&f, "t", json)[0] != 0;
}

/* The sweep goes by the database's clock, so time has to pass. */
static void pass_time(void) {
    usleep(5000);
    f.now_ms += 100;
    fixture_items_free();
}

static void wait_gone(const char *key) {
    for (int i = 0; i < 400 && there(key); i++) pass_time();
    cr_assert_not(there(key), "%s has not expired within forty seconds", key);
}

enum { NOW_S = 1700000000 };

Test(db_expiry, what_is_due_goes_and_the_rest_stays) {
    fixture_table(&f, "t", false, LEAT_NEW_AND_OLD_IMAGES);
    put_expiring("early", "{'N':'1699999000'}"); /* there before time to live is turned on */
    put_expiring("text", "{'S':'1699999000'}");
    put_expiring("old", "{'N':'1500000000'}"); /* five years past: taken for a mistake */
    put_expiring("later", "{'N':'1700000100'}");
    put_expiring("moved", "{'N':'1700000050'}");
    set_ttl("ttl");
    wait_gone("early");
    put_expiring("fraction", "{'N':'1700000050.9'}");
    put_expiring("moved", "{'N':'1800000000'}");
    cr_assert(there("fraction") && there("later") && there("text") && there("old"));
    f.now_ms = (uint64_t)(NOW_S + 60) * 1000;
    wait_gone("fraction");
    cr_assert(there("later") && there("moved") && there("text") && there("old"));
    f.now_ms = (uint64_t)(NOW_S + 200) * 1000;
    wait_gone("later");
    cr_assert(there("moved"));
}

Test(db_expiry, a_deletion_by_time_to_live_says_so_in_the_stream) {
    fixture_table(&f, "leat:t", false, LEAT_OLD_IMAGE);
    struct leat_description changed;
    const struct leat_table_change change = {.name = SLICE("leat:t"), .change_ttl = true, .ttl_attribute = SLICE("ttl")};
    cr_assert_eq(leat_table_update(f.db, &change, &changed, &f.fault), LEAT_OK);
    leat_description_free(&changed);
    fixture_put(&f, "leat:t", "{'pk':{'S':'a'},'ttl':{'N':'1699999000'}}");
    fixture_put(&f, "leat:t", "{'pk':{'S':'b'}}");
    for (int i = 0; i < 400 && fixture_get(&f, "leat:t", "{'pk':{'S':'a'}}")[0] != 0; i++) pass_time();
    cr_assert_eq(leat_delete(f.db, "leat:t", fixture_item("{'pk':{'S':'b'}}"), &f.fault), LEAT_OK);
    struct leat_stream_list list;
    cr_assert_eq(leat_streams(f.db, SLICE("leat:t"), &list, &f.fault), LEAT_OK);
    struct leat_result result;
    char next[LEAT_SEQUENCE_SIZE];
    bool end;
    const struct leat_shard_read read = {.stream = list.streams[0].arn, .shard = slice_text(list.streams[0].shards[0].id)};
    cr_assert_eq(leat_shard_read(f.db, &read, &result, next, &end, &f.fault), LEAT_OK);
    cr_assert_eq(result.record_count, 4u);
    for (size_t i = 0; i < 4; i++) {
        struct leat_slice key;
        cr_assert(leat_item_text(result.records[i].keys, "pk", &key));
        bool by_time = result.records[i].event == LEAT_REMOVE && slice_is(key, "a");
        cr_assert_eq(result.records[i].expired, by_time);
        if (by_time) cr_assert_not_null(result.records[i].old_image.data);
    }
    leat_result_free(&result);
    leat_stream_list_free(&list);
}

Test(db_expiry, many_items_expire_and_counters_follow) {
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    set_ttl("ttl");
    char key[16];
    for (int i = 0; i < 700; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        put_expiring(key, i % 7 == 0 ? "{'N':'1800000000'}" : "{'N':'1699999999'}");
        fixture_items_free();
    }
    struct leat_description table = {.memory = NULL};
    for (int i = 0; i < 400; i++) {
        leat_description_free(&table);
        cr_assert_eq(leat_table_describe(f.db, SLICE("t"), &table, &f.fault), LEAT_OK);
        if (table.table.item_count == 100) break;
        pass_time();
    }
    cr_assert_eq(table.table.item_count, 100u);
    leat_description_free(&table);
}

Test(db_expiry, turned_off_nothing_expires) {
    fixture_table(&f, "t", false, LEAT_VIEW_NONE);
    set_ttl("ttl");
    put_expiring("a", "{'N':'1700000010'}");
    set_ttl(NULL);
    set_ttl("other");
    f.now_ms += 100000;
    fixture_put(&f, "t", "{'pk':{'S':'b'},'other':{'N':'1700000010'}}");
    wait_gone("b");
    cr_assert(there("a"));
}
