#include "fixture.h"

#include <stdio.h>
#include <unistd.h>

static struct fixture f;
static void open_memory(void) { fixture_open(&f, "memory"); }
static void close_it(void) { fixture_close(&f); }

TestSuite(db_streams, .init = open_memory, .fini = close_it);
TestSuite(db_housekeeping, .fini = close_it);

static struct leat_stream_list the_stream(const char *table) {
    struct leat_stream_list list;
    cr_assert_eq(leat_streams(f.db, slice_text(table), &list, &f.fault), LEAT_OK, "%s", f.fault.message);
    return list;
}

/* Events of all shards of all streams of the table, "I" "M" "R" with key and images' v: "Ia:1 Ma:1>2 Ra:2>". */
static const char *events(const char *table) {
    static char out[8192];
    out[0] = 0;
    struct leat_stream_list list = the_stream(table);
    for (size_t s = 0; s < list.count; s++)
        for (size_t k = 0; k < list.streams[s].shard_count; k++) {
            struct leat_result result;
            char next[LEAT_SEQUENCE_SIZE];
            bool end;
            const struct leat_shard_read read = {.stream = list.streams[s].arn, .shard = slice_text(list.streams[s].shards[k].id)};
            cr_assert_eq(leat_shard_read(f.db, &read, &result, next, &end, &f.fault), LEAT_OK, "%s", f.fault.message);
            for (size_t i = 0; i < result.record_count; i++) {
                const struct leat_record *record = &result.records[i];
                struct leat_slice key;
                double number;
                cr_assert(leat_item_text(record->keys, "pk", &key));
                sprintf(out + strlen(out), "%c%.*s:", "IMR"[record->event], SLICE_FORMAT(key));
                if (record->old_image.data != NULL && leat_item_number(record->old_image, "v", &number)) sprintf(out + strlen(out), "%g>", number);
                if (record->new_image.data != NULL && leat_item_number(record->new_image, "v", &number)) sprintf(out + strlen(out), "%g", number);
                strcat(out, " ");
            }
            leat_result_free(&result);
        }
    leat_stream_list_free(&list);
    return out;
}

Test(db_streams, every_change_makes_one_record_and_no_change_none) {
    fixture_table(&f, "t", false, LEAT_NEW_AND_OLD_IMAGES);
    fixture_put(&f, "t", "{'pk':{'S':'a'},'v':{'N':'1'}}");
    fixture_put(&f, "t", "{'pk':{'S':'a'},'v':{'N':'1'}}"); /* the same again */
    cr_assert_eq(fixture_update(&f, "t", "{'pk':{'S':'a'}}", "SET v = :v", NULL, "{':v':{'N':'2'}}"), LEAT_OK);
    cr_assert_eq(fixture_update(&f, "t", "{'pk':{'S':'a'}}", "SET v = :v", NULL, "{':v':{'N':'2'}}"), LEAT_OK);
    cr_assert_eq(leat_delete(f.db, "t", fixture_item("{'pk':{'S':'a'}}"), &f.fault), LEAT_OK);
    cr_assert_eq(leat_delete(f.db, "t", fixture_item("{'pk':{'S':'a'}}"), &f.fault), LEAT_OK);
    cr_assert_str_eq(events("t"), "Ia:1 Ma:1>2 Ra:2> ");
}

Test(db_streams, transactions_write_records_and_failed_ones_do_not) {
    fixture_table(&f, "t", false, LEAT_NEW_AND_OLD_IMAGES);
    struct leat_write writes[2] = {{.kind = LEAT_PUT, .table = SLICE("t"), .item = fixture_item("{'pk':{'S':'a'},'v':{'N':'1'}}")},
                                   {.kind = LEAT_CHECK, .table = SLICE("t"), .key = fixture_item("{'pk':{'S':'b'}}"),
                                    .condition = SLICE("attribute_exists(pk)")}};
    struct leat_result result;
    cr_assert_eq(leat_transact(f.db, writes, 2, (struct leat_slice){0}, &result, &f.fault), LEAT_TRANSACTION_CANCELED);
    leat_result_free(&result);
    cr_assert_str_eq(events("t"), "");
    cr_assert_eq(leat_transact(f.db, writes, 1, (struct leat_slice){0}, &result, &f.fault), LEAT_OK);
    leat_result_free(&result);
    cr_assert_str_eq(events("t"), "Ia:1 ");
}

static void set_stream(const char *table, enum leat_view view) {
    struct leat_description changed;
    const struct leat_table_change change = {.name = slice_text(table), .change_stream = true, .stream = view};
    cr_assert_eq(leat_table_update(f.db, &change, &changed, &f.fault), LEAT_OK, "%s", f.fault.message);
    leat_description_free(&changed);
}

Test(db_streams, a_disabled_stream_stays_readable_and_a_new_one_begins_empty) {
    fixture_table(&f, "t", false, LEAT_NEW_IMAGE);
    fixture_put(&f, "t", "{'pk':{'S':'a'},'v':{'N':'1'}}");
    set_stream("t", LEAT_VIEW_NONE);
    fixture_put(&f, "t", "{'pk':{'S':'b'},'v':{'N':'2'}}");
    struct leat_stream_list list = the_stream("t");
    cr_assert_eq(list.count, 1u);
    cr_assert_eq(list.streams[0].status, LEAT_STREAM_DISABLED);
    for (size_t i = 0; i < list.streams[0].shard_count; i++) cr_assert_neq(list.streams[0].shards[i].last[0], 0);
    leat_stream_list_free(&list);
    cr_assert_str_eq(events("t"), "Ia:1 ");
    f.now_ms += 5;
    set_stream("t", LEAT_NEW_IMAGE);
    fixture_put(&f, "t", "{'pk':{'S':'c'},'v':{'N':'3'}}");
    cr_assert_str_eq(events("t"), "Ia:1 Ic:3 ");
    list = the_stream("t");
    cr_assert_eq(list.count, 2u);
    leat_stream_list_free(&list);
}

Test(db_streams, iterators_go_on_where_they_were) {
    fixture_table(&f, "leat:one", false, LEAT_KEYS_ONLY); /* reserved tables have one partition */
    struct leat_stream_list list = the_stream("leat:one");
    struct leat_shard_read from = {.stream = list.streams[0].arn, .shard = slice_text(list.streams[0].shards[0].id),
                                   .position = LEAT_LATEST};
    char iterator[LEAT_ITERATOR_SIZE], latest[LEAT_ITERATOR_SIZE], next[LEAT_ITERATOR_SIZE];
    fixture_put(&f, "leat:one", "{'pk':{'S':'a'}}");
    cr_assert_eq(leat_iterator_new(f.db, &from, latest, &f.fault), LEAT_OK);
    from.position = LEAT_TRIM_HORIZON;
    cr_assert_eq(leat_iterator_new(f.db, &from, iterator, &f.fault), LEAT_OK);
    fixture_put(&f, "leat:one", "{'pk':{'S':'b'}}");
    struct leat_result result;
    cr_assert_eq(leat_iterator_read(f.db, slice_text(iterator), 1, &result, next, &f.fault), LEAT_OK);
    cr_assert_eq(result.record_count, 1u);
    char first_id[LEAT_EVENT_ID_SIZE];
    strcpy(first_id, result.records[0].event_id);
    leat_result_free(&result);
    cr_assert_eq(leat_iterator_read(f.db, slice_text(next), 10, &result, next, &f.fault), LEAT_OK);
    cr_assert_eq(result.record_count, 1u);
    cr_assert_str_neq(result.records[0].event_id, first_id);
    leat_result_free(&result);
    cr_assert_eq(leat_iterator_read(f.db, slice_text(latest), 10, &result, next, &f.fault), LEAT_OK);
    cr_assert_eq(result.record_count, 1u, "LATEST begins behind what was there when it was made");
    leat_result_free(&result);
    f.now_ms += 15 * 60 * 1000 + 1;
    cr_assert_eq(leat_iterator_read(f.db, slice_text(iterator), 10, &result, next, &f.fault), LEAT_EXPIRED_ITERATOR);
    leat_result_free(&result);
    leat_stream_list_free(&list);
}

static void wait_until(bool (*holds)(void)) {
    for (int i = 0; i < 400 && !holds(); i++) usleep(25000);
    cr_assert(holds(), "it did not happen within ten seconds");
}

static bool all_trimmed(void) { return strcmp(events("t"), "") == 0; }

Test(db_housekeeping, records_are_trimmed_after_the_retention) {
    f.options.stream_retention_ms = 1000;
    fixture_open(&f, "memory");
    fixture_table(&f, "t", false, LEAT_NEW_IMAGE);
    fixture_put(&f, "t", "{'pk':{'S':'a'},'v':{'N':'1'}}");
    struct leat_stream_list list = the_stream("t");
    char first[LEAT_SEQUENCE_SIZE];
    strcpy(first, list.streams[0].shards[0].first);
    f.now_ms += 2000;
    wait_until(all_trimmed);
    for (size_t i = 0; i < list.streams[0].shard_count; i++) {
        struct leat_result result;
        char next[LEAT_SEQUENCE_SIZE];
        bool end;
        const struct leat_shard_read read = {.stream = list.streams[0].arn, .shard = slice_text(list.streams[0].shards[i].id),
                                             .position = LEAT_TRIM_HORIZON};
        cr_assert_eq(leat_shard_read(f.db, &read, &result, next, &end, &f.fault), LEAT_OK);
        leat_result_free(&result);
    }
    leat_stream_list_free(&list);
}

static bool rotated(void) {
    struct leat_stream_list list = the_stream("t");
    bool yes = list.streams[0].shard_count == 5;
    leat_stream_list_free(&list);
    return yes;
}

Test(db_housekeeping, shards_rotate_and_keep_their_lineage) {
    f.options.shard_rotation_ms = 1000;
    fixture_open(&f, "memory");
    fixture_table(&f, "t", false, LEAT_NEW_IMAGE);
    fixture_put(&f, "t", "{'pk':{'S':'a'},'v':{'N':'1'}}");
    f.now_ms += 1500;
    wait_until(rotated);
    fixture_put(&f, "t", "{'pk':{'S':'a'},'v':{'N':'2'}}");
    struct leat_stream_list list = the_stream("t");
    const struct leat_shard *child = &list.streams[0].shards[4];
    size_t closed = 0;
    for (size_t i = 0; i < 4; i++) closed += list.streams[0].shards[i].last[0] != 0;
    cr_assert_eq(closed, 1u);
    cr_assert_neq(child->parent[0], 0);
    leat_stream_list_free(&list);
    cr_assert_str_eq(events("t"), "Ia:1 Ma:2 ");
}

Test(db_streams, a_subscription_goes_on_from_its_cursor) {
    struct leat_subscription *subscription;
    struct leat_result result;
    fixture_table(&f, "t", false, LEAT_NEW_IMAGE);
    fixture_put(&f, "t", "{'pk':{'S':'a'},'v':{'N':'1'}}");
    cr_assert_eq(leat_subscribe(f.db, "t", "c", LEAT_TRIM_HORIZON, &subscription, &f.fault), LEAT_OK, "%s", f.fault.message);
    cr_assert_eq(leat_next(subscription, 1000, &result, &f.fault), LEAT_OK);
    cr_assert_eq(result.record_count, 1u);
    leat_result_free(&result);
    leat_unsubscribe(subscription); /* without leat_done: it comes again */
    cr_assert_eq(leat_subscribe(f.db, "t", "c", LEAT_LATEST, &subscription, &f.fault), LEAT_OK);
    cr_assert_eq(leat_next(subscription, 1000, &result, &f.fault), LEAT_OK);
    cr_assert_eq(result.record_count, 1u);
    leat_result_free(&result);
    cr_assert_eq(leat_done(subscription, &f.fault), LEAT_OK);
    leat_unsubscribe(subscription);
    fixture_put(&f, "t", "{'pk':{'S':'b'},'v':{'N':'2'}}");
    cr_assert_eq(leat_subscribe(f.db, "t", "c", LEAT_TRIM_HORIZON, &subscription, &f.fault), LEAT_OK);
    cr_assert_eq(leat_next(subscription, 1000, &result, &f.fault), LEAT_OK);
    cr_assert_eq(result.record_count, 1u);
    struct leat_slice key;
    cr_assert(leat_item_text(result.records[0].keys, "pk", &key));
    cr_assert(slice_is(key, "b"));
    leat_result_free(&result);
    cr_assert_eq(leat_next(subscription, 50, &result, &f.fault), LEAT_OK);
    cr_assert_eq(result.record_count, 0u);
    leat_unsubscribe(subscription);
    fixture_table(&f, "u", false, LEAT_VIEW_NONE);
    cr_assert_eq(leat_subscribe(f.db, "u", "c", LEAT_LATEST, &subscription, &f.fault), LEAT_VALIDATION);
}
