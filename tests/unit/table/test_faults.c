/* A store whose n-th call fails: whatever fails, a request is answered, and what is in the table, in its counters, in its index and in its
 * stream tells one story. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>

#include "base/slice.h"
#include "store/wrap.h"
#include "table/read.h"
#include "table/streams.h"
#include "table/tables.h"
#include "table/write.h"

static struct engine *engine;
static struct store *failer;
static struct leat_fault fault;

static void open_engine(void) {
    struct store *memory;
    const struct store_engine *kind = store_engine_find("memory");
    cr_assert_eq(kind->open(&(struct store_options){0}, &memory, &fault), LEAT_OK);
    failer = store_failer_new(memory);
    cr_assert_not_null(failer);
    cr_assert_eq(engine_new(&(struct engine_options){.store = failer}, &engine, &fault), LEAT_OK, "%s", fault.message);
    const struct leat_attribute attributes[2] = {{SLICE("id"), 'S'}, {SLICE("g"), 'S'}};
    const struct leat_index index = {.name = SLICE("by_g"), .partition_key = SLICE("g")};
    const struct leat_table table = {.name = SLICE("t"), .attributes = attributes, .attribute_count = 2, .partition_key = SLICE("id"),
                                     .stream = LEAT_NEW_IMAGE, .indexes = &index, .index_count = 1};
    struct leat_description made;
    cr_assert_eq(tables_create(engine, &table, &made, &fault), LEAT_OK, "%s", fault.message);
    table_memory_free(made.memory);
}

struct answer { pthread_mutex_t lock; pthread_cond_t there; bool done; enum leat_code code; };

static void answered(void *context, enum leat_code code, struct leat_result *result, const struct leat_fault *words) {
    struct answer *answer = context;
    (void)words;
    table_memory_free(result->memory);
    pthread_mutex_lock(&answer->lock);
    answer->code = code;
    answer->done = true;
    pthread_cond_signal(&answer->there);
    pthread_mutex_unlock(&answer->lock);
}

static enum leat_code put(int number) {
    struct answer answer = {.lock = PTHREAD_MUTEX_INITIALIZER, .there = PTHREAD_COND_INITIALIZER};
    struct write_job *job;
    struct buf item;
    char id[32];
    (void)snprintf(id, sizeof id, "i%d", number);
    buf_init(&item, 1000);
    item_put_name(&item, SLICE("g"));
    item_put_string(&item, SLICE("one"));
    item_put_name(&item, SLICE("id"));
    item_put_string(&item, slice_text(id));
    const struct leat_write write = {.kind = LEAT_PUT, .table = SLICE("t"), .item = buf_view(&item)};
    enum leat_code code = write_prepare(engine, &write, 1, LEAT_EACH, (struct leat_slice){NULL, 0}, &job, &fault);
    buf_fini(&item);
    if (code != LEAT_OK) return code;
    job->done = answered;
    job->context = &answer;
    cr_assert_eq(executor_submit(&engine->executor, &job->job, &fault), LEAT_OK);
    pthread_mutex_lock(&answer.lock);
    while (!answer.done) pthread_cond_wait(&answer.there, &answer.lock);
    pthread_mutex_unlock(&answer.lock);
    return answer.code;
}

static size_t count_items(struct leat_slice index) {
    struct leat_result result;
    cr_assert_eq(read_query(engine, &(struct leat_query){.table = SLICE("t"), .index = index}, &result, &fault), LEAT_OK);
    size_t count = result.count;
    table_memory_free(result.memory);
    return count;
}

static size_t count_records(void) {
    struct leat_stream_list list;
    size_t count = 0;
    cr_assert_eq(streams_list(engine, SLICE("t"), (struct leat_slice){NULL, 0}, &list, &fault), LEAT_OK);
    for (size_t i = 0; i < list.streams[0].shard_count; i++) {
        struct leat_result result;
        char next[LEAT_SEQUENCE_SIZE];
        bool end;
        const struct leat_shard_read read = {.stream = list.streams[0].arn, .shard = slice_text(list.streams[0].shards[i].id)};
        cr_assert_eq(streams_read(engine, &read, &result, next, &end, &fault), LEAT_OK);
        count += result.record_count;
        table_memory_free(result.memory);
    }
    table_memory_free(list.memory);
    return count;
}

static void check_one_story(size_t expected) {
    struct leat_description table;
    cr_assert_eq(count_items((struct leat_slice){NULL, 0}), expected);
    cr_assert_eq(count_items(SLICE("by_g")), expected);
    cr_assert_eq(count_records(), expected);
    cr_assert_eq(tables_describe(engine, SLICE("t"), &table, &fault), LEAT_OK);
    cr_assert_eq(table.table.item_count, expected);
    cr_assert_eq(table.table.indexes[0].item_count, expected);
    table_memory_free(table.memory);
}

Test(table_faults, a_put_happens_whole_or_not_at_all_whichever_store_call_fails) {
    static const enum leat_code codes[] = {LEAT_IO, LEAT_STORE_FULL, LEAT_NO_MEMORY};
    size_t done = 0, failed = 0;
    open_engine();
    for (size_t c = 0; c < sizeof codes / sizeof *codes; c++)
        for (unsigned long nth = 1; nth <= 12; nth++) {
            store_failer_set(failer, nth, codes[c]);
            enum leat_code code = put((int)(c * 100 + nth));
            store_failer_set(failer, 0, LEAT_OK);
            cr_assert(code == LEAT_OK || code == codes[c], "%d", (int)code);
            done += code == LEAT_OK;
            failed += code != LEAT_OK;
            check_one_story(done);
        }
    cr_assert_gt(failed, 12u, "the failing call was reached");
    cr_assert_gt(done, 3u, "and so was the end");
    engine_free(engine);
}

Test(table_faults, a_conflict_is_run_again_unseen) {
    open_engine();
    for (unsigned long nth = 1; nth <= 10; nth++) {
        store_failer_set(failer, nth, LEAT_STORE_CONFLICT);
        cr_assert_eq(put((int)nth), LEAT_OK);
        store_failer_set(failer, 0, LEAT_OK);
        check_one_story(nth);
    }
    engine_free(engine);
}

Test(table_faults, a_table_that_cannot_be_stored_is_not_there) {
    open_engine();
    const struct leat_attribute id = {SLICE("id"), 'S'};
    const struct leat_table table = {.name = SLICE("u"), .attributes = &id, .attribute_count = 1, .partition_key = SLICE("id")};
    struct leat_description made;
    bool created = false;
    for (unsigned long nth = 1; nth <= 10 && !created; nth++) {
        store_failer_set(failer, nth, LEAT_STORE_FULL);
        enum leat_code code = tables_create(engine, &table, &made, &fault);
        store_failer_set(failer, 0, LEAT_OK);
        created = code == LEAT_OK;
        if (created) table_memory_free(made.memory);
        struct leat_description seen;
        code = tables_describe(engine, SLICE("u"), &seen, &fault);
        if (code == LEAT_OK) created = true, table_memory_free(seen.memory);
        cr_assert(created || code == LEAT_RESOURCE_NOT_FOUND);
    }
    cr_assert(created);
    engine_free(engine);
}
