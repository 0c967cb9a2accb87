#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/loop.h"

TestSuite(loop, .timeout = 60);

enum { POSTERS = 4, POSTS = 20000 };

static struct net_loop *loop;
static size_t last_of[POSTERS]; /* the loop's thread only: a race is seen as a wrong order */
static size_t run_count;

struct numbered {
    struct net_task task;
    size_t poster, number;
};

static void note(struct net_task *task) {
    struct numbered *numbered = (struct numbered *)(void *)task;
    cr_assert(net_loop_here(loop));
    cr_assert_eq(numbered->number, last_of[numbered->poster] + 1, "tasks of one poster run in order");
    last_of[numbered->poster]++;
    run_count++;
    free(numbered);
}

static void *post_many(void *argument) {
    size_t poster = (size_t)(uintptr_t)argument;
    for (size_t i = 1; i <= POSTS; i++) {
        struct numbered *numbered = malloc(sizeof *numbered);
        *numbered = (struct numbered){.task.run = note, .poster = poster, .number = i};
        net_loop_post(loop, &numbered->task);
        if (i % 1000 == 0) (void)usleep(100);
    }
    return NULL;
}

static void post_from_threads(void) {
    pthread_t threads[POSTERS];
    for (size_t i = 0; i < POSTERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, post_many, (void *)(uintptr_t)i), 0);
    for (size_t i = 0; i < POSTERS; i++) (void)pthread_join(threads[i], NULL);
}

Test(loop, runs_every_task_of_many_posters_once_and_in_each_ones_order) {
    struct leat_fault fault;
    cr_assert_eq(net_loop_new("test", &loop, &fault), LEAT_OK);
    cr_assert_eq(net_loop_start(loop, &fault), LEAT_OK);
    cr_expect(!net_loop_here(loop));
    post_from_threads();
    net_loop_stop(loop);
    cr_expect_eq(run_count, POSTERS * POSTS);
}

Test(loop, a_loop_that_never_ran_still_runs_what_was_posted) {
    struct leat_fault fault;
    cr_assert_eq(net_loop_new("test", &loop, &fault), LEAT_OK);
    post_from_threads();
    net_loop_stop(loop);
    cr_expect_eq(run_count, POSTERS * POSTS);
}

struct chain {
    struct net_task task;
    unsigned left;
    uv_timer_t timer;
};

static void never(uv_timer_t *timer) {
    (void)timer;
    cr_assert_fail("an hour has not passed");
}

static void chain_on(struct net_task *task) {
    struct chain *chain = (struct chain *)(void *)task;
    if (chain->left == 1000) {
        (void)uv_timer_init(net_loop_uv(loop), &chain->timer);
        (void)uv_timer_start(&chain->timer, never, 3600000, 0);
    }
    if (--chain->left > 0) net_loop_post(loop, task);
}

Test(loop, a_task_may_post_itself_again_and_stopping_runs_it_to_its_end_and_closes_open_handles) {
    struct leat_fault fault;
    struct chain chain = {.task.run = chain_on, .left = 1000};
    cr_assert_eq(net_loop_new("a name that is longer than a thread's may be", &loop, &fault), LEAT_OK);
    cr_assert_eq(net_loop_start(loop, &fault), LEAT_OK);
    net_loop_post(loop, &chain.task);
    net_loop_stop(loop);
    cr_expect_eq(chain.left, 0);
}

Test(loop, starting_and_stopping_again_and_again_leaves_nothing_behind) {
    struct leat_fault fault;
    for (int i = 0; i < 100; i++) {
        struct chain chain = {.task.run = chain_on, .left = 3};
        cr_assert_eq(net_loop_new("test", &loop, &fault), LEAT_OK);
        cr_assert_eq(net_loop_start(loop, &fault), LEAT_OK);
        net_loop_post(loop, &chain.task);
        net_loop_stop(loop);
        cr_assert_eq(chain.left, 0);
    }
}
