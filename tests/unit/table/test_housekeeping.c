/* Housekeeping of many tables and tokens, in steps; and after a fault. */
#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/slice.h"
#include "item/member.h"
#include "store/wrap.h"
#include "table/group.h"
#include "table/tables.h"
#include "table/token.h"
#include "table/write.h"

static struct engine *engine;
static struct store *failer;
static struct leat_fault fault;
static _Atomic uint64_t clock_ms = 1700000000000;

static uint64_t now_ms(void *context) {
    (void)context;
    return atomic_load(&clock_ms);
}

static void open_engine(void) {
    struct store *memory;
    cr_assert_eq(store_engine_find("memory")->open(&(struct store_options){0}, &memory, &fault), LEAT_OK);
    failer = store_failer_new(memory);
    cr_assert_eq(engine_new(&(struct engine_options){.store = failer, .now_ms = now_ms}, &engine, &fault), LEAT_OK, "%s", fault.message);
}

static void call(enum leat_code (*control)(struct engine *engine, void *context, struct leat_fault *fault), void *context) {
    cr_assert_eq(executor_call(&engine->executor, control, context, &fault), LEAT_OK, "%s", fault.message);
}

static enum leat_code nothing(struct engine *called, void *context, struct leat_fault *out) {
    (void)called, (void)context, (void)out;
    return LEAT_OK;
}

static void answered(void *context, enum leat_code code, struct leat_result *result, const struct leat_fault *words) {
    (void)context;
    cr_assert_eq(code, LEAT_OK, "%s", words->message);
    table_memory_free(result->memory);
}

/* A table with `count` items of which each expires in ten seconds, all in one partition. */
static void make_table(const char *name, int count) {
    static const struct leat_attribute attributes[] = {{SLICE("pk"), 'S'}, {SLICE("sk"), 'N'}};
    const struct leat_table table = {.name = slice_text(name), .attributes = attributes, .attribute_count = 2, .partition_key = SLICE("pk"),
                                     .sort_key = SLICE("sk"), .billing = LEAT_PAY_PER_REQUEST};
    const struct leat_table_change change = {.name = table.name, .change_ttl = true, .ttl_attribute = SLICE("t")};
    struct leat_description made;
    cr_assert_eq(tables_create(engine, &table, &made, &fault), LEAT_OK, "%s", fault.message);
    table_memory_free(made.memory);
    cr_assert_eq(tables_update(engine, &change, &made, &fault), LEAT_OK, "%s", fault.message);
    table_memory_free(made.memory);
    for (int i = 0; i < count; i++) {
        struct write_job *job;
        struct buf item;
        buf_init(&item, 1000);
        item_put_member_text(&item, "pk", SLICE("a"));
        item_put_member_int(&item, "sk", i);
        item_put_member_int(&item, "t", (int64_t)(atomic_load(&clock_ms) / 1000 + 10));
        const struct leat_write write = {.kind = LEAT_PUT, .table = table.name, .item = buf_view(&item)};
        cr_assert_eq(write_prepare(engine, &write, 1, LEAT_EACH, (struct leat_slice){NULL, 0}, &job, &fault), LEAT_OK);
        buf_fini(&item);
        job->done = answered;
        cr_assert_eq(executor_submit(&engine->executor, &job->job, &fault), LEAT_OK);
    }
    call(nothing, NULL);
}

static uint64_t count_items(const char *name) {
    struct leat_description seen;
    cr_assert_eq(tables_describe(engine, slice_text(name), &seen, &fault), LEAT_OK);
    uint64_t items = seen.table.item_count;
    table_memory_free(seen.memory);
    return items;
}

Test(table_housekeeping, comes_to_every_one_of_many_tables) {
    enum { TABLES = 330 };
    char name[16];
    open_engine();
    for (int i = 0; i < TABLES; i++) {
        (void)snprintf(name, sizeof name, "t%d", i);
        make_table(name, 1);
    }
    atomic_fetch_add(&clock_ms, 15000);
    uint64_t left = TABLES;
    for (int i = 0; i < 100 && left > 0; i++) {
        call(nothing, NULL);
        left = 0;
        for (int t = 0; t < TABLES; t++) {
            (void)snprintf(name, sizeof name, "t%d", t);
            left += count_items(name);
        }
    }
    cr_assert_eq(left, 0);
    engine_free(engine);
}

enum { TOKENS = 25000 };

static enum leat_code put_tokens(struct engine *called, void *context, struct leat_fault *out) {
    const store_part part = CATALOGUE_PART;
    struct store_transaction *transaction;
    struct arena arena;
    (void)context;
    arena_init(&arena, 64 << 20);
    TRY(store_begin(called->store, &part, 1, &transaction, out));
    for (int i = 0; i < TOKENS; i++) {
        uint64_t made_ms = atomic_load(&clock_ms) - (i % 5 == 0 ? 0 : TOKEN_LIFE_MS + 1000);
        struct leat_slice value = token_value((uint64_t)i, made_ms, NULL, 0, &arena);
        TRY(store_put(transaction, part, arena_print(&arena, "k%06d", i), value, out));
    }
    enum leat_code code = store_commit(transaction, out);
    arena_fini(&arena);
    return code;
}

static bool count_token(void *context, struct leat_slice key, struct leat_slice value) {
    (void)key;
    cr_assert_geq(token_time_ms(value) + TOKEN_LIFE_MS, 1700000000000);
    ++*(int *)context;
    return true;
}

static enum leat_code count_tokens(struct engine *called, void *context, struct leat_fault *out) {
    *(int *)context = 0;
    return store_scan(called->store, CATALOGUE_PART, SLICE("k"), SLICE("l"), false, count_token, context, out);
}

Test(table_housekeeping, forgets_the_old_ones_of_many_tokens) {
    int left = 0;
    open_engine();
    call(put_tokens, NULL);
    atomic_fetch_add(&clock_ms, 11000);
    for (int i = 0; i < 60; i++) call(nothing, NULL); /* each wakes the writing thread */
    call(count_tokens, &left);
    cr_assert_eq(left, TOKENS / 5);
    engine_free(engine);
}

struct step { uint64_t due_ms; };

/* A round that ends with a fault, and when the next is due. */
static enum leat_code step_with_fault(struct engine *called, void *context, struct leat_fault *out) {
    struct step *step = context;
    (void)out;
    atomic_fetch_add(&clock_ms, 15000);
    store_failer_set(failer, 105, LEAT_STORE_FULL); /* the scan for what is due, the items, and then where they are deleted */
    housekeeping_step(called, atomic_load(&clock_ms));
    store_failer_set(failer, 0, LEAT_OK);
    step->due_ms = called->housekeeping.round_ms;
    return LEAT_OK;
}

Test(table_housekeeping, lets_some_time_pass_after_a_fault) {
    struct step step;
    open_engine();
    make_table("t", 150);
    call(step_with_fault, &step);
    cr_assert_eq(count_items("t"), 150);
    cr_assert_geq(step.due_ms, atomic_load(&clock_ms) + 1000);
    for (int i = 0; i < 10 && count_items("t") > 0; i++) {
        atomic_fetch_add(&clock_ms, 1000);
        call(nothing, NULL);
        call(nothing, NULL);
    }
    cr_assert_eq(count_items("t"), 0);
    engine_free(engine);
}
