/* Work that takes long on a store whose n-th call fails: it is done all the same, later or after a restart, and what it leaves is the same
 * as without the fault. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/slice.h"
#include "item/member.h"
#include "store/wrap.h"
#include "table/copy.h"
#include "table/read.h"
#include "table/tables.h"
#include "table/work.h"
#include "table/write.h"

enum { COLLECTIONS = 60, LARGE = 520 /* more than a step takes */, ITEMS = COLLECTIONS + LARGE, BATCH = 100, GONE = -1 };

static struct engine *engine;
static struct store *failer;
static struct leat_fault fault;
static char directory[64];
static _Atomic uint64_t clock_ms;

static uint64_t now_ms(void *context) {
    (void)context;
    return atomic_load(&clock_ms);
}

static void open_engine(const char *backend) {
    struct store *store;
    const struct store_options options = {.directory = directory};
    cr_assert_eq(store_engine_find(backend)->open(&options, &store, &fault), LEAT_OK, "%s", fault.message);
    failer = store_failer_new(store);
    cr_assert_eq(engine_new(&(struct engine_options){.store = failer, .now_ms = now_ms}, &engine, &fault), LEAT_OK, "%s", fault.message);
}

/* ---- a table, and what it holds ---- */

static const struct leat_attribute attributes[] = {{SLICE("pk"), 'S'}, {SLICE("sk"), 'N'}, {SLICE("l"), 'S'}, {SLICE("g"), 'S'}};
static const struct leat_index by_l = {.name = SLICE("by_l"), .partition_key = SLICE("pk"), .sort_key = SLICE("l"), .local = true};
static const struct leat_index by_g = {.name = SLICE("by_g"), .partition_key = SLICE("g")};

static struct leat_table table_named(const char *name) {
    return (struct leat_table){.name = slice_text(name), .attributes = attributes, .attribute_count = 3, .partition_key = SLICE("pk"),
                               .sort_key = SLICE("sk"), .billing = LEAT_PAY_PER_REQUEST, .indexes = &by_l, .index_count = 1};
}

/* The item, or its key alone. */
static void put_item(struct buf *out, int number, int value) {
    char pk[16], l[16], g[16];
    bool whole = value != GONE;
    (void)snprintf(pk, sizeof pk, "p%d", number < LARGE ? 0 : number);
    (void)snprintf(l, sizeof l, "l%d", value % 7);
    (void)snprintf(g, sizeof g, "g%d", value % 11);
    if (whole) item_put_member_text(out, "g", slice_text(g));
    if (whole) item_put_member_text(out, "l", slice_text(l));
    item_put_member_text(out, "pk", slice_text(pk));
    item_put_member_int(out, "sk", number);
    if (whole) item_put_member_int(out, "t", 4000000000 + number);
    if (whole) item_put_member_int(out, "value", value);
}

struct answer { pthread_mutex_t lock; pthread_cond_t there; bool done; };

static void answered(void *context, enum leat_code code, struct leat_result *result, const struct leat_fault *words) {
    struct answer *answer = context;
    cr_assert_eq(code, LEAT_OK, "%s", words->message);
    table_memory_free(result->memory);
    pthread_mutex_lock(&answer->lock);
    answer->done = true;
    pthread_cond_signal(&answer->there);
    pthread_mutex_unlock(&answer->lock);
}

/* Items first, first + step, ... of "t" get the value, or go. */
static void write_items(int first, int step, int value) {
    for (int number = first; number < ITEMS;) {
        struct answer answer = {.lock = PTHREAD_MUTEX_INITIALIZER, .there = PTHREAD_COND_INITIALIZER};
        struct leat_write writes[BATCH];
        struct buf items[BATCH];
        struct write_job *job;
        size_t count = 0;
        for (; count < BATCH && number < ITEMS; count++, number += step) {
            buf_init(&items[count], 1000);
            put_item(&items[count], number, value == GONE ? GONE : value + number);
            writes[count] = value == GONE
                                ? (struct leat_write){.kind = LEAT_DELETE, .table = SLICE("t"), .key = buf_view(&items[count])}
                                : (struct leat_write){.kind = LEAT_PUT, .table = SLICE("t"), .item = buf_view(&items[count])};
        }
        cr_assert_eq(write_prepare(engine, writes, count, LEAT_EACH, (struct leat_slice){NULL, 0}, &job, &fault), LEAT_OK, "%s",
                     fault.message);
        job->done = answered;
        job->context = &answer;
        cr_assert_eq(executor_submit(&engine->executor, &job->job, &fault), LEAT_OK);
        pthread_mutex_lock(&answer.lock);
        while (!answer.done) pthread_cond_wait(&answer.there, &answer.lock);
        pthread_mutex_unlock(&answer.lock);
        while (count > 0) buf_fini(&items[--count]);
    }
}

static void make_source(void) {
    struct leat_description made;
    const struct leat_table table = table_named("t");
    cr_assert_eq(tables_create(engine, &table, &made, &fault), LEAT_OK, "%s", fault.message);
    table_memory_free(made.memory);
    write_items(0, 1, 0);
}

/* ---- what there is ---- */

struct figures { uint64_t items, bytes, entries, collections, collection_bytes, expiring; };

struct counting { uint64_t rows, bytes; };

static bool count_row(void *context, struct leat_slice key, struct leat_slice value) {
    struct counting *counting = context;
    (void)key;
    counting->rows++;
    for (size_t i = 0; i < value.size && i < 8; i++) counting->bytes += (uint64_t)value.data[i] << (8 * i);
    return true;
}

static struct counting count_space(const struct table *table, uint8_t space) {
    struct counting counting = {0, 0};
    const uint8_t next = (uint8_t)(space + 1);
    for (uint16_t i = 0; i < table->part_count; i++)
        cr_assert_eq(store_scan(engine->store, table_part(table, i), slice_of(&space, 1), slice_of(&next, 1), false, count_row, &counting,
                                &fault), LEAT_OK);
    return counting;
}

static uint64_t count_entries(const char *name, struct leat_slice index, int value) {
    struct leat_query query = {.table = slice_text(name), .index = index};
    struct leat_result result = {.memory = NULL}, before;
    uint64_t count = 0;
    do {
        before = result;
        cr_assert_eq(read_query(engine, &query, &result, &fault), LEAT_OK, "%s", fault.message);
        table_memory_free(before.memory);
        for (size_t i = 0; i < result.count; i++)
            cr_assert_eq(item_member_int(result.items[i], "value"), item_member_int(result.items[i], "sk") + value, "%s", name);
        count += result.count;
        query.start = result.last_key;
    } while (result.last_key.data != NULL);
    table_memory_free(result.memory);
    return count;
}

/* The table's and its indexes' counters are held against what there is. */
static struct figures look(const char *name, int value) {
    struct leat_description seen;
    struct table *table;
    cr_assert_eq(catalogue_need(&engine->catalogue, slice_text(name), &table, &fault), LEAT_OK);
    struct figures figures = {.items = count_entries(name, (struct leat_slice){NULL, 0}, value),
                              .collections = count_space(table, SCHEMA_SPACE_COLLECTIONS).rows,
                              .collection_bytes = count_space(table, SCHEMA_SPACE_COLLECTIONS).bytes,
                              .expiring = count_space(table, SCHEMA_SPACE_EXPIRY).rows};
    cr_assert_eq(tables_describe(engine, slice_text(name), &seen, &fault), LEAT_OK);
    cr_assert_eq(seen.table.item_count, figures.items);
    figures.bytes = seen.table.size_bytes;
    for (size_t i = 0; i < seen.table.index_count; i++) {
        uint64_t entries = count_entries(name, seen.table.indexes[i].name, value);
        cr_assert_eq(seen.table.indexes[i].item_count, entries);
        cr_assert_eq(seen.table.indexes[i].size_bytes, entries == figures.items ? figures.bytes : 0);
        figures.entries += entries;
    }
    table_memory_free(seen.memory);
    table_release(table);
    return figures;
}

static bool busy(void) {
    bool found = false;
    pthread_mutex_lock(&engine->works_lock);
    found = engine->works != NULL;
    pthread_mutex_unlock(&engine->works_lock);
    return found;
}

static enum leat_code wake(struct engine *woken, void *context, struct leat_fault *out) {
    (void)woken, (void)context, (void)out;
    return LEAT_OK;
}

/* The executor sleeps by real time; the clock is ours. */
static void wake_executor(void) { cr_assert_eq(executor_call(&engine->executor, wake, NULL, &fault), LEAT_OK); }

static void finish(void) {
    for (int i = 0; i < 20000 && busy(); i++) {
        atomic_fetch_add(&clock_ms, 100);
        wake_executor();
    }
    cr_assert(!busy(), "the work is not done");
}

/* ---- the kinds of work ---- */

static enum leat_code change_table(const struct leat_table_change *change) {
    struct leat_description changed;
    enum leat_code code = tables_update(engine, change, &changed, &fault);
    if (code == LEAT_OK) table_memory_free(changed.memory);
    return code;
}

static enum leat_code begin_fill(void) {
    return change_table(&(struct leat_table_change){.name = SLICE("t"), .attributes = attributes + 3, .attribute_count = 1,
                                                    .index_create = &by_g});
}
static enum leat_code end_fill(void) {
    return change_table(&(struct leat_table_change){.name = SLICE("t"), .index_delete = by_g.name});
}

static enum leat_code begin_expiry(void) {
    return change_table(&(struct leat_table_change){.name = SLICE("t"), .change_ttl = true, .ttl_attribute = SLICE("t")});
}
static enum leat_code end_expiry(void) { return change_table(&(struct leat_table_change){.name = SLICE("t"), .change_ttl = true}); }

static enum leat_code begin_copy(void) {
    struct leat_description made;
    const struct leat_table target = table_named("c");
    enum leat_code code = copy_table(engine, &(struct leat_copy){.source = SLICE("t"), .target = &target}, &made, &fault);
    if (code == LEAT_OK) table_memory_free(made.memory);
    return code;
}
static enum leat_code end_copy(void) {
    struct leat_description gone;
    enum leat_code code = tables_delete(engine, SLICE("c"), &gone, &fault);
    if (code == LEAT_OK) table_memory_free(gone.memory);
    return code;
}

/* A copy of a moment after which everything was written anew. */
static enum leat_code begin_undo(void) {
    struct leat_description made;
    const struct leat_table target = table_named("c");
    const struct leat_copy copy = {.source = SLICE("t"), .at_ms = 1000000000, .target = &target};
    enum leat_code code = copy_table(engine, &copy, &made, &fault);
    if (code == LEAT_OK) table_memory_free(made.memory);
    return code;
}

static const struct kind {
    const char *name, *table;
    bool moved; /* the source is written after the moment that is copied */
    enum leat_code (*begin)(void), (*end)(void);
    struct figures expected;
} kinds[] = {
    {"fill", "t", false, begin_fill, end_fill, {.items = ITEMS, .entries = 2 * ITEMS, .expiring = 0}},
    {"expiry", "t", false, begin_expiry, end_expiry, {.items = ITEMS, .entries = ITEMS, .expiring = ITEMS}},
    {"copy", "c", false, begin_copy, end_copy, {.items = ITEMS, .entries = ITEMS, .expiring = 0}},
    {"undo", "c", true, begin_undo, end_copy, {.items = ITEMS, .entries = ITEMS, .expiring = 0}},
};

static struct figures plain; /* of the source */

static void make_ready(const struct kind *kind) {
    atomic_store(&clock_ms, 1000000000);
    make_source();
    plain = look("t", 0);
    cr_assert_eq(plain.collections, 1 + COLLECTIONS);
    if (!kind->moved) return;
    cr_assert_eq(change_table(&(struct leat_table_change){.name = SLICE("t"), .change_recovery = true, .recovery_days = 1}), LEAT_OK);
    atomic_fetch_add(&clock_ms, 1);
    write_items(0, 1, 1000);
}

static void check(const struct kind *kind, unsigned long nth) {
    const struct figures seen = look(kind->table, 0);
    cr_assert_eq(seen.items, kind->expected.items, "%s %lu: %llu items", kind->name, nth, (unsigned long long)seen.items);
    cr_assert_eq(seen.entries, kind->expected.entries, "%s %lu: %llu entries", kind->name, nth, (unsigned long long)seen.entries);
    cr_assert_eq(seen.expiring, kind->expected.expiring, "%s %lu: %llu expire", kind->name, nth, (unsigned long long)seen.expiring);
    cr_assert_eq(seen.bytes, plain.bytes, "%s %lu", kind->name, nth);
    cr_assert_eq(seen.collections, plain.collections, "%s %lu", kind->name, nth);
    cr_assert_eq(seen.collection_bytes, plain.collection_bytes, "%s %lu", kind->name, nth);
}

/* The first calls, where everything is of its own kind, and a sample of the many that are alike. */
static unsigned long next_call(unsigned long nth) { return nth < 40 ? nth + 1 : nth + 97; }

static void is_done_all_the_same(const struct kind *kind) {
    static const enum leat_code codes[] = {LEAT_STORE_FULL, LEAT_IO, LEAT_STORE_CONFLICT, LEAT_NO_MEMORY};
    unsigned long calls = 1;
    size_t refused = 0, retried = 0;
    open_engine("memory");
    make_ready(kind);
    for (unsigned long nth = 1; nth <= calls; nth = next_call(nth)) {
        unsigned long before = store_failer_calls(failer);
        store_failer_set(failer, nth, codes[nth % 4]);
        enum leat_code code = kind->begin();
        if (code == LEAT_OK) finish();
        store_failer_set(failer, 0, LEAT_OK);
        refused += code != LEAT_OK;
        retried += code == LEAT_OK && store_failer_calls(failer) - before >= nth;
        calls = store_failer_calls(failer) - before;
        if (code != LEAT_OK) {
            cr_assert_eq(code, codes[nth % 4], "%s %lu: %s", kind->name, nth, fault.message);
            cr_assert(!busy());
            cr_assert_eq(kind->begin(), LEAT_OK, "%s %lu: %s", kind->name, nth, fault.message);
            finish();
            calls = nth + 1;
        }
        check(kind, nth);
        cr_assert_eq(kind->end(), LEAT_OK, "%s %lu: %s", kind->name, nth, fault.message);
        finish();
    }
    cr_assert_gt(refused, 1u);
    cr_assert_gt(retried, 10u);
    engine_free(engine);
}

Test(table_work_faults, an_index_is_filled) { is_done_all_the_same(&kinds[0]); }
Test(table_work_faults, time_to_live_gets_its_entries) { is_done_all_the_same(&kinds[1]); }
Test(table_work_faults, a_table_is_copied_and_counted) { is_done_all_the_same(&kinds[2]); }
Test(table_work_faults, changes_are_undone) { is_done_all_the_same(&kinds[3]); }

/* ---- what goes while work for it is not done ---- */

Test(table_work_faults, an_index_that_goes_before_it_is_filled_counts_what_it_has) {
    struct leat_description seen;
    open_engine("memory");
    atomic_store(&clock_ms, 1000000000);
    make_source();
    engine->settle_ms = 500;
    cr_assert_eq(begin_fill(), LEAT_OK);
    atomic_fetch_add(&clock_ms, 500);
    store_failer_set(failer, 1, LEAT_IO); /* the filling, which then waits for a second */
    for (int i = 0; i < 10; i++) wake_executor();
    cr_assert_eq(end_fill(), LEAT_OK, "%s", fault.message);
    write_items(0, 2, GONE);
    cr_assert_eq(tables_describe(engine, SLICE("t"), &seen, &fault), LEAT_OK);
    cr_assert_eq(seen.table.indexes[1].status, LEAT_DELETING);
    cr_assert_eq(seen.table.indexes[1].item_count, 0);
    cr_assert_eq(seen.table.indexes[1].size_bytes, 0);
    table_memory_free(seen.memory);
    finish();
    cr_assert_eq(tables_describe(engine, SLICE("t"), &seen, &fault), LEAT_OK);
    cr_assert_eq(seen.table.index_count, 1);
    table_memory_free(seen.memory);
    engine_free(engine);
}

/* ---- a step fails and the process ends before it is done again: from there the next one goes on ---- */

static void shell(const char *command) { cr_assert_eq(system(command), 0, "%s", command); }

static void goes_on_after_a_restart(const struct kind *kind) {
    char parent[32] = "/tmp/leat-test-XXXXXX", command[256];
    unsigned long calls = 1;
    size_t stopped = 0;
    cr_assert_not_null(mkdtemp(parent));
    (void)snprintf(directory, sizeof directory, "%s/first", parent);
    (void)snprintf(command, sizeof command, "mkdir %s", directory);
    shell(command);
    open_engine("lmdb");
    make_ready(kind);
    engine_free(engine);
    uint64_t began_ms = atomic_load(&clock_ms);
    for (unsigned long nth = 1; nth <= calls; nth = nth < 60 ? nth + 1 : nth + 211) {
        (void)snprintf(command, sizeof command, "cp -r %s/first %s/now", parent, parent);
        shell(command);
        (void)snprintf(directory, sizeof directory, "%s/now", parent);
        atomic_store(&clock_ms, began_ms);
        open_engine("lmdb");
        unsigned long before = store_failer_calls(failer);
        store_failer_set(failer, nth, LEAT_IO);
        enum leat_code code = kind->begin();
        for (int i = 0; i < 200 && busy(); i++) wake_executor(); /* as far as it comes: the clock stands still */
        stopped += busy();
        calls = code == LEAT_OK ? store_failer_calls(failer) - before : nth + 1;
        if (code == LEAT_OK && busy()) calls = nth + 1000;
        engine_free(engine);
        open_engine("lmdb");
        if (code != LEAT_OK) cr_assert_eq(kind->begin(), LEAT_OK, "%s %lu: %s", kind->name, nth, fault.message);
        finish();
        check(kind, nth);
        engine_free(engine);
        (void)snprintf(command, sizeof command, "rm -r %s/now", parent);
        shell(command);
    }
    (void)snprintf(command, sizeof command, "rm -r %s", parent);
    shell(command);
    cr_assert_gt(stopped, 10u);
}

Test(table_work_faults, an_index_is_filled_by_the_next_process) { goes_on_after_a_restart(&kinds[0]); }
Test(table_work_faults, time_to_live_gets_its_entries_in_the_next_process) { goes_on_after_a_restart(&kinds[1]); }
Test(table_work_faults, a_table_is_copied_and_counted_by_the_next_process) { goes_on_after_a_restart(&kinds[2]); }
Test(table_work_faults, changes_are_undone_by_the_next_process) { goes_on_after_a_restart(&kinds[3]); }
