/* Sizes of item collections and their limit. An item of n bytes counts as n + 100, and so does each of its entries in local indexes. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct fixture fixture;

static const struct leat_attribute attributes[3] = {{SLICE("pk"), 'S'}, {SLICE("sk"), 'S'}, {SLICE("l"), 'S'}};
static const struct leat_slice include[1] = {SLICE("p")};
static const struct leat_index local = {.name = SLICE("local"), .local = true, .partition_key = SLICE("pk"), .sort_key = SLICE("l"),
                                        .projection = LEAT_PROJECT_INCLUDE, .include = include, .include_count = 1};

static struct leat_table table_named(const char *name) {
    return (struct leat_table){.name = slice_text(name), .attributes = attributes, .attribute_count = 3, .partition_key = SLICE("pk"),
                               .sort_key = SLICE("sk"), .billing = LEAT_PAY_PER_REQUEST, .indexes = &local, .index_count = 1};
}

static void start(uint64_t bytes_max, const char *backend) {
    const struct leat_table table = table_named("t");
    struct leat_description made;
    fixture.options.collection_bytes_max = bytes_max;
    fixture_open(&fixture, backend);
    cr_assert_eq(leat_table_create(fixture.db, &table, &made, &fixture.fault), LEAT_OK, "%s", fixture.fault.message);
    leat_description_free(&made);
}

static void stop(void) { fixture_close(&fixture); }

/* The collection's size after the write; 0 when it failed: then its code is in fixture.fault. */
static uint64_t done(const struct leat_write *write) {
    struct leat_result result;
    uint64_t bytes = 0;
    fixture.fault.code = LEAT_OK;
    if (leat_write(fixture.db, write, &result, &fixture.fault) == LEAT_OK) {
        cr_assert_eq(result.collection_count, 1u);
        bytes = result.collections[0].bytes;
    }
    leat_result_free(&result);
    return bytes;
}

static uint64_t put(const char *json) { return done(&(struct leat_write){.kind = LEAT_PUT, .table = SLICE("t"), .item = fixture_item(json)}); }

static uint64_t removed(const char *key) {
    return done(&(struct leat_write){.kind = LEAT_DELETE, .table = SLICE("t"), .key = fixture_item(key)});
}

static uint64_t updated(const char *key, const char *update) {
    return done(&(struct leat_write){.kind = LEAT_UPDATE, .table = SLICE("t"), .key = fixture_item(key), .update = slice_text(update)});
}

/* What the description says of the local index. */
static uint64_t entries(const char *table) {
    struct leat_description now;
    cr_assert_eq(leat_table_describe(fixture.db, slice_text(table), &now, &fixture.fault), LEAT_OK);
    uint64_t count = now.table.indexes[0].item_count;
    cr_assert_eq(now.table.indexes[0].size_bytes > 0, count > 0);
    leat_description_free(&now);
    return count;
}

Test(collections, are_items_and_their_entries_with_what_goes_with_each, .fini = stop) {
    start(0, "memory");
    cr_expect_eq(put("{'pk':{'S':'a'},'sk':{'S':'1'}}"), 106u, "pk a sk 1: 6 bytes");
    cr_expect_eq(put("{'pk':{'S':'a'},'sk':{'S':'2'},'q':{'S':'1234'}}"), 106u + 111u);
    cr_expect_eq(put("{'pk':{'S':'a'},'sk':{'S':'2'},'q':{'S':'1234'}}"), 217u, "the same again");
    cr_expect_eq(put("{'pk':{'S':'b'},'sk':{'S':'2'}}"), 106u, "another collection");
    /* l x: 2 bytes, p yy: 3 bytes; the entry has pk, sk, l, p and not q */
    cr_expect_eq(put("{'pk':{'S':'a'},'sk':{'S':'3'},'l':{'S':'x'},'p':{'S':'yy'},'q':{'S':'1234'}}"), 217u + 116u + 111u);
    cr_expect_eq(updated("{'pk':{'S':'a'},'sk':{'S':'3'}}", "REMOVE p"), 217u + 113u + 108u);
    cr_expect_eq(updated("{'pk':{'S':'a'},'sk':{'S':'3'}}", "SET l = pk"), 217u + 113u + 108u, "the entry has moved");
    cr_expect_eq(updated("{'pk':{'S':'a'},'sk':{'S':'3'}}", "REMOVE l"), 217u + 111u);
    cr_expect_eq(removed("{'pk':{'S':'a'},'sk':{'S':'3'}}"), 217u);
    cr_expect_eq(removed("{'pk':{'S':'a'},'sk':{'S':'3'}}"), 217u, "it is not there");
    cr_expect_eq(removed("{'pk':{'S':'a'},'sk':{'S':'2'}}"), 106u);
    cr_expect_eq(removed("{'pk':{'S':'a'},'sk':{'S':'1'}}"), 0u);
    cr_expect_eq(fixture.fault.code, LEAT_OK);
}

Test(collections, sizes_survive, .fini = stop) {
    start(0, "lmdb");
    cr_expect_eq(put("{'pk':{'S':'a'},'sk':{'S':'1'},'l':{'S':'x'}}"), 216u);
    fixture_reopen(&fixture);
    cr_expect_eq(put("{'pk':{'S':'a'},'sk':{'S':'2'}}"), 322u);
}

Test(collections, end_at_the_limit_but_may_shrink, .fini = stop) {
    start(322, "memory");
    cr_assert_eq(put("{'pk':{'S':'a'},'sk':{'S':'1'},'l':{'S':'x'}}"), 216u);
    cr_assert_eq(put("{'pk':{'S':'a'},'sk':{'S':'2'}}"), 322u);
    cr_expect_eq(put("{'pk':{'S':'a'},'sk':{'S':'3'}}"), 0u);
    cr_expect_eq(fixture.fault.code, LEAT_ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED);
    cr_expect_str_eq(fixture.fault.message, "Collection size exceeded.");
    cr_expect_str_eq(fixture_get(&fixture, "t", "{'pk':{'S':'a'},'sk':{'S':'3'}}"), "");
    cr_expect_eq(updated("{'pk':{'S':'a'},'sk':{'S':'2'}}", "SET q = pk"), 0u);
    cr_expect_eq(fixture.fault.code, LEAT_ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED);
    cr_expect_eq(put("{'pk':{'S':'b'},'sk':{'S':'3'}}"), 106u, "others are not full");
    cr_expect_eq(updated("{'pk':{'S':'a'},'sk':{'S':'1'}}", "SET l = pk"), 322u, "nothing has grown");
    cr_expect_eq(updated("{'pk':{'S':'a'},'sk':{'S':'1'}}", "REMOVE l"), 212u);
    cr_expect_eq(put("{'pk':{'S':'a'},'sk':{'S':'3'}}"), 318u);
    cr_expect_eq(removed("{'pk':{'S':'a'},'sk':{'S':'2'}}"), 212u);
}

Test(collections, that_are_too_large_already_may_shrink, .fini = stop) {
    start(0, "lmdb");
    for (int i = 1; i <= 3; i++) {
        char json[64];
        (void)snprintf(json, sizeof json, "{'pk':{'S':'a'},'sk':{'S':'%d'},'q':{'S':'1'}}", i);
        cr_assert_eq(put(json), 108u * (unsigned)i);
    }
    fixture.options.collection_bytes_max = 100;
    fixture_reopen(&fixture);
    cr_expect_eq(updated("{'pk':{'S':'a'},'sk':{'S':'1'}}", "REMOVE q"), 322u);
    cr_expect_eq(updated("{'pk':{'S':'a'},'sk':{'S':'1'}}", "SET q = sk"), 0u);
    cr_expect_eq(removed("{'pk':{'S':'a'},'sk':{'S':'1'}}"), 216u);
}

Test(collections, a_transaction_is_judged_as_a_whole, .fini = stop) {
    start(320, "memory");
    struct leat_write writes[3] = {{.table = SLICE("t"), .item = fixture_item("{'pk':{'S':'a'},'sk':{'S':'1'}}")},
                                   {.table = SLICE("t"), .item = fixture_item("{'pk':{'S':'b'},'sk':{'S':'2'}}")},
                                   {.table = SLICE("t"), .item = fixture_item("{'pk':{'S':'a'},'sk':{'S':'3'},'l':{'S':'x'}}")}};
    struct leat_result result;
    const struct leat_slice no_token = {NULL, 0};
    cr_assert_eq(leat_transact(fixture.db, writes, 3, no_token, &result, &fixture.fault), LEAT_TRANSACTION_CANCELED);
    cr_expect_eq(result.reasons[0].code, LEAT_OK);
    cr_expect_eq(result.reasons[1].code, LEAT_OK);
    cr_expect_eq(result.reasons[2].code, LEAT_ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED);
    cr_expect_str_eq(result.reasons[2].message, "Collection size exceeded.");
    cr_expect_not_null(strstr(fixture.fault.message, "[None, None, ItemCollectionSizeLimitExceeded]"));
    leat_result_free(&result);
    cr_expect_str_eq(fixture_get(&fixture, "t", "{'pk':{'S':'a'},'sk':{'S':'1'}}"), "");
    writes[2].item = fixture_item("{'pk':{'S':'a'},'sk':{'S':'3'}}");
    cr_assert_eq(leat_transact(fixture.db, writes, 3, no_token, &result, &fixture.fault), LEAT_OK, "%s", fixture.fault.message);
    cr_assert_eq(result.collection_count, 2u);
    cr_expect_eq(result.collections[0].bytes, 212u);
    cr_expect_eq(result.collections[1].bytes, 106u);
    leat_result_free(&result);
}

Test(collections, an_item_has_room_for_its_entries_too, .fini = stop) {
    start(0, "memory");
    char *json = malloc(500000);
    /* pk a sk 1 l x: 8 bytes, and with p twice in the entry: 2 (8 + 1 + n) <= 409600 */
    for (int over = 0; over < 2; over++) {
        (void)snprintf(json, 500000, "{'pk':{'S':'a'},'sk':{'S':'1'},'l':{'S':'x'},'p':{'S':'%0*d'}}", 204791 + over, 0);
        cr_expect_eq(put(json) == 0, over == 1);
    }
    cr_expect_eq(fixture.fault.code, LEAT_VALIDATION);
    cr_expect_str_eq(fixture.fault.message, "Item size has exceeded the maximum allowed size");
    cr_expect_eq(updated("{'pk':{'S':'a'},'sk':{'S':'1'}}", "SET l = sk"), 2u * 204800u + 200u);
    cr_expect_eq(updated("{'pk':{'S':'a'},'sk':{'S':'1'}}", "SET q = sk"), 0u);
    cr_expect_str_eq(fixture.fault.message, "Item size to update has exceeded the maximum allowed size");
    free(json);
}

/* The copy is counted in the background; writing what is there already changes nothing and tells the size. */
Test(collections, of_a_copy_are_counted, .fini = stop) {
    start(0, "memory");
    cr_assert_eq(put("{'pk':{'S':'a'},'sk':{'S':'1'},'l':{'S':'x'}}"), 216u);
    cr_assert_eq(put("{'pk':{'S':'a'},'sk':{'S':'2'}}"), 322u);
    const struct leat_table target = table_named("u");
    struct leat_description made;
    cr_assert_eq(leat_table_copy(fixture.db, &(struct leat_copy){.source = SLICE("t"), .target = &target}, &made, &fixture.fault), LEAT_OK,
                 "%s", fixture.fault.message);
    leat_description_free(&made);
    const struct leat_write again = {.table = SLICE("u"), .item = fixture_item("{'pk':{'S':'a'},'sk':{'S':'2'}}")};
    for (int tries = 0; done(&again) != 322; tries++) {
        cr_assert_lt(tries, 1000, "%s", fixture.fault.message);
        usleep(5000);
    }
    const struct leat_write more = {.table = SLICE("u"), .item = fixture_item("{'pk':{'S':'a'},'sk':{'S':'3'}}")};
    cr_expect_eq(done(&more), 428u);
    cr_expect_eq(entries("u"), 1u);
    const struct leat_write entered = {.kind = LEAT_PUT, .table = SLICE("u"),
                                       .item = fixture_item("{'pk':{'S':'a'},'sk':{'S':'3'},'l':{'S':'y'}}")};
    cr_expect_eq(done(&entered), 428u + 2u + 108u);
    cr_expect_eq(entries("u"), 2u);
    cr_expect_eq(entries("t"), 1u);
    cr_expect_eq(removed("{'pk':{'S':'a'},'sk':{'S':'1'}}"), 106u);
    cr_expect_eq(entries("t"), 0u);
}
