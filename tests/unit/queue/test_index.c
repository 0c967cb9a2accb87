/* The index of a queue's messages: order, visibility, groups; and, over random histories, what a slow model says. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/slice.h"
#include "queue/index.h"

static struct index_message *add(struct index *index, uint64_t sequence, const char *group) {
    struct index_message message = {.sequence = sequence, .sent_ms = sequence, .parts = 1};
    struct index_message *added = index_add(index, &message, slice_text(group));
    cr_assert_not_null(added);
    return added;
}

static uint64_t take(struct index *index, struct index_message **previous, uint64_t due_ms) {
    struct index_message *message = index_next(index, previous != NULL ? *previous : NULL);
    if (message == NULL) return 0;
    index_hide(index, message, due_ms);
    if (previous != NULL) *previous = message;
    return message->sequence;
}

Test(queue_index, takes_in_the_order_of_arrival) {
    struct index index;
    index_init(&index, false);
    for (uint64_t i = 1; i <= 100; i++) (void)add(&index, (i * 37) % 101, NULL);
    for (uint64_t i = 1; i <= 100; i++) cr_assert_eq(take(&index, NULL, 1000), i);
    cr_assert_eq(take(&index, NULL, 1000), 0u);
    cr_assert_eq(index.counts[INDEX_IN_FLIGHT], 100u);
    index_fini(&index);
}

Test(queue_index, what_is_due_becomes_visible) {
    struct index index;
    index_init(&index, false);
    struct index_message delayed = {.sequence = 1, .due_ms = 50, .state = INDEX_DELAYED};
    cr_assert_not_null(index_add(&index, &delayed, slice_text(NULL)));
    (void)add(&index, 2, NULL);
    cr_assert_eq(take(&index, NULL, 30), 2u);
    cr_assert_eq(index_next_due(&index), 30u);
    index_settle(&index, 29);
    cr_assert_null(index_next(&index, NULL));
    index_settle(&index, 30);
    cr_assert_eq(index_next(&index, NULL)->sequence, 2u);
    index_settle(&index, 50);
    cr_assert_eq(take(&index, NULL, 100), 1u);
    cr_assert_eq(index.counts[INDEX_DELAYED], 0u);
    cr_assert_eq(index.counts[INDEX_VISIBLE], 1u);
    index_fini(&index);
}

Test(queue_index, a_group_waits_for_what_is_in_flight) {
    struct index index;
    struct index_message *previous = NULL;
    index_init(&index, true);
    (void)add(&index, 1, "a");
    (void)add(&index, 2, "b");
    (void)add(&index, 3, "a");
    (void)add(&index, 4, "a");
    cr_assert_eq(take(&index, &previous, 10), 1u);
    cr_assert_eq(take(&index, &previous, 10), 3u, "the same receive goes on with the group");
    previous = NULL;
    cr_assert_eq(take(&index, &previous, 20), 2u);
    cr_assert_eq(take(&index, &previous, 20), 0u, "4 is behind 1 and 3");
    index_remove(&index, index_find(&index, 1));
    cr_assert_null(index_next(&index, NULL), "3 is still in flight");
    index_show(&index, index_find(&index, 3));
    cr_assert_eq(index_next(&index, NULL)->sequence, 3u, "3 comes again, before 4");
    index_remove(&index, index_find(&index, 3));
    cr_assert_eq(take(&index, NULL, 20), 4u);
    index_fini(&index);
}

Test(queue_index, the_oldest_is_known_whatever_happens_to_it) {
    struct index index;
    index_init(&index, false);
    for (uint64_t i = 1; i <= 10; i++) (void)add(&index, i, NULL);
    (void)take(&index, NULL, 100);
    cr_assert_eq(index_oldest(&index)->sequence, 1u);
    index_remove(&index, index_find(&index, 1));
    cr_assert_eq(index_oldest(&index)->sequence, 2u);
    cr_assert_null(index_find(&index, 1));
    index_fini(&index);
}

/* ---- random histories ---- */

enum { MODEL_MAX = 200, GROUPS = 5, STEPS = 20000 };
struct modelled { bool there; enum index_state state; uint64_t due_ms; unsigned group; };

static uint64_t model_next(const struct modelled *model, size_t count, bool fifo) {
    for (uint64_t i = 1; i < count; i++) {
        if (!model[i].there || model[i].state != INDEX_VISIBLE) continue;
        bool free = true;
        for (uint64_t k = 1; k < count && fifo; k++) {
            if (!model[k].there || model[k].group != model[i].group) continue;
            if (k < i || model[k].state == INDEX_IN_FLIGHT) free = false;
        }
        if (free) return i;
    }
    return 0;
}

static void history(unsigned seed, bool fifo) {
    static const char *const names[GROUPS] = {"a", "b", "c", "d", ""};
    struct modelled model[MODEL_MAX] = {{0}};
    struct index index;
    uint64_t now_ms = 1, count = 1;
    index_init(&index, fifo);
    srand(seed);
    for (unsigned step = 0; step < STEPS; step++) {
        uint64_t at = (uint64_t)rand() % count;
        struct index_message *found = index_find(&index, at);
        cr_assert_eq(found != NULL, model[at].there);
        switch (rand() % 6) {
        case 0:
            if (count == MODEL_MAX) break;
            model[count] = (struct modelled){.there = true, .group = (unsigned)rand() % GROUPS};
            struct index_message message = {.sequence = count, .sent_ms = now_ms};
            if (rand() % 4 == 0) {
                message.state = model[count].state = INDEX_DELAYED;
                message.due_ms = model[count].due_ms = now_ms + 1 + (uint64_t)rand() % 20;
            }
            cr_assert_not_null(index_add(&index, &message, slice_text(names[model[count].group])));
            count++;
            break;
        case 1:
            if (found == NULL) break;
            index_remove(&index, found);
            model[at].there = false;
            break;
        case 2:
            if (found == NULL || found->state != INDEX_IN_FLIGHT) break;
            index_show(&index, found);
            model[at].state = INDEX_VISIBLE;
            break;
        case 3:
            now_ms += (uint64_t)rand() % 10;
            index_settle(&index, now_ms);
            for (uint64_t i = 1; i < count; i++)
                if (model[i].state != INDEX_VISIBLE && model[i].due_ms <= now_ms) model[i].state = INDEX_VISIBLE;
            break;
        default: {
            uint64_t expected = model_next(model, count, fifo);
            uint64_t due_ms = now_ms + 1 + (uint64_t)rand() % 30;
            cr_assert_eq(take(&index, NULL, due_ms), expected, "seed %u, step %u", seed, step);
            model[expected].state = INDEX_IN_FLIGHT;
            model[expected].due_ms = due_ms;
        }
        }
        if (count == MODEL_MAX && index.count == 0) {
            count = 1;
            memset(model, 0, sizeof model);
        }
    }
    size_t counts[INDEX_STATES] = {0};
    for (uint64_t i = 1; i < count; i++) counts[model[i].state] += model[i].there;
    for (unsigned i = 0; i < INDEX_STATES; i++) cr_assert_eq(index.counts[i], counts[i]);
    index_fini(&index);
}

Test(queue_index, random_histories_of_standard_queues) {
    for (unsigned seed = 1; seed <= 20; seed++) history(seed, false);
}

Test(queue_index, random_histories_of_fifo_queues) {
    for (unsigned seed = 1; seed <= 20; seed++) history(seed, true);
}
