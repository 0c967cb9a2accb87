/* Pages of records that readers share. */
#include <semaphore.h>

#include "../db/fixture.h"
#include "base/slice.h"
#include "trigger/feed.h"

static struct fixture f;
static struct leat_fault fault;
static struct net_loop *loop;
static struct schedule schedule;
static struct feed feed;
static char stream[256], shard[LEAT_SHARD_ID_SIZE];

static void put(long value) {
    struct leat_result item = {0};
    char json[64];
    snprintf(json, sizeof json, "{\"pk\":{\"S\":\"a\"},\"v\":{\"N\":\"%ld\"}}", value);
    cr_assert_eq(leat_item_from_json(slice_text(json), &item, &fault), LEAT_OK);
    cr_assert_eq(leat_put(f.db, "t", item.items[0], &fault), LEAT_OK, "%s", fault.message);
    leat_result_free(&item);
}

/* The shard that has the records. */
static void find_shard(void) {
    struct leat_stream_list list;
    cr_assert_eq(leat_streams(f.db, SLICE("t"), &list, &fault), LEAT_OK);
    snprintf(stream, sizeof stream, "%.*s", SLICE_FORMAT(list.streams[0].arn));
    for (size_t i = 0; i < list.streams[0].shard_count; i++) {
        struct leat_result result = {0};
        char next[LEAT_SEQUENCE_SIZE];
        bool end;
        const struct leat_shard_read read = {
            .stream = slice_text(stream), .shard = slice_text(list.streams[0].shards[i].id), .position = LEAT_TRIM_HORIZON};
        cr_assert_eq(leat_shard_read(f.db, &read, &result, next, &end, &fault), LEAT_OK);
        if (result.record_count > 0) strcpy(shard, list.streams[0].shards[i].id);
        leat_result_free(&result);
    }
    leat_stream_list_free(&list);
}

/* Feeds live on the work loop. */
struct job {
    struct net_task task;
    void (*body)(void);
    sem_t done;
};

static void job_run(struct net_task *task) {
    struct job *job = (struct job *)(void *)task;
    job->body();
    sem_post(&job->done);
}

static void on_loop(void (*body)(void)) {
    struct job job = {.task.run = job_run, .body = body};
    sem_init(&job.done, 0, 0);
    net_loop_post(loop, &job.task);
    while (sem_wait(&job.done) != 0) {}
    sem_destroy(&job.done);
}

static void begin(void) {
    schedule_init(&schedule, f.db, loop);
    feed_init(&feed, f.db, SLICE("us-east-1"), &schedule);
}

static sem_t closed;
static void schedule_closed(uv_handle_t *timer) {
    (void)timer;
    sem_post(&closed);
}

static void end(void) {
    feed_fini(&feed);
    schedule_fini(&schedule, schedule_closed);
}

static void setup(void) {
    fixture_open(&f, "memory");
    fixture_table(&f, "t", false, LEAT_NEW_IMAGE);
    for (long value = 1; value <= 5; value++) put(value);
    find_shard();
    cr_assert_eq(net_loop_new("work", &loop, &fault), LEAT_OK);
    cr_assert_eq(net_loop_start(loop, &fault), LEAT_OK);
    on_loop(begin);
}

static void teardown(void) {
    sem_init(&closed, 0, 0);
    on_loop(end);
    while (sem_wait(&closed) != 0) {}
    net_loop_stop(loop);
    fixture_close(&f);
}

TestSuite(feed, .init = setup, .fini = teardown);

static struct feed_page *read_behind(const char *behind, uint64_t generation, size_t *first) {
    const struct feed_place place = {slice_text(stream), shard, behind, generation};
    struct feed_page *page;
    cr_assert_eq(feed_read(&feed, &place, &page, first, &fault), LEAT_OK, "%s", fault.message);
    return page;
}

static void share(void) {
    size_t first;
    struct feed_page *page = read_behind("", 1, &first);
    cr_assert(page->count == 5 && first == 0 && !page->more && !page->end);
    cr_assert_eq(read_behind("", 1, &first), page);
    cr_assert_eq(first, 0);
    cr_assert_eq(read_behind(page->records[2].sequence, 1, &first), page);
    cr_assert_eq(first, 3);
    cr_assert(slice_starts(feed_json(page, 4), SLICE("{\"eventID\":\"")));
    for (unsigned i = 0; i < 3; i++) feed_leave(page);
}

static void read_again(void) {
    size_t first;
    struct feed_page *page = read_behind("", 1, &first), *behind, *newer;
    put(6);
    behind = read_behind(page->last, 1, &first);
    cr_assert(behind != page && behind->count == 1 && first == 0);
    newer = read_behind("", 2, &first);
    cr_assert(newer != page && newer->count == 6);
    feed_leave(page);
    feed_leave(behind);
    feed_leave(newer);
}

static void use_and_leave(void) {
    size_t first;
    struct feed_page *page = read_behind("", 1, &first);
    feed_leave(page);
    cr_assert_eq(feed.kept_count, 1);
}

static void expect_none(void) {
    feed.drop.run(&feed.drop); /* its time has come */
    cr_assert_eq(feed.kept_count, 0);
    cr_assert_null(feed.kept);
}

Test(feed, readers_of_the_same_place_share_a_page_also_from_within_it) { on_loop(share); }
Test(feed, behind_the_page_and_after_new_commits_it_reads_again) { on_loop(read_again); }
Test(feed, pages_go_when_nobody_uses_them_and_a_moment_has_passed) {
    on_loop(use_and_leave);
    on_loop(expect_none);
}
