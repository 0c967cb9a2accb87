#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

static struct fixture f;
static void open_memory(void) { fixture_open(&f, "memory"); }
static void close_it(void) { fixture_close(&f); }

TestSuite(db_query, .init = open_memory, .fini = close_it);

static void fill(int partitions, int items) {
    char json[128];
    for (int p = 0; p < partitions; p++)
        for (int i = 0; i < items; i++) {
            (void)snprintf(json, sizeof json, "{'pk':{'S':'p%d'},'sk':{'N':'%d'},'g':{'S':'g%d'}}", p, i - items / 2, i % 3);
            fixture_put(&f, "t", json);
            fixture_items_free();
        }
}

/* The sort keys of a query's pages, as "1 2 3 | 4 5 6". */
static const char *sort_keys(struct leat_query query) {
    static char out[4096];
    out[0] = 0;
    for (;;) {
        struct leat_result result;
        cr_assert_eq(leat_query(f.db, &query, &result, &f.fault), LEAT_OK, "%s", f.fault.message);
        for (size_t i = 0; i < result.count; i++) {
            double number;
            cr_assert(leat_item_number(result.items[i], "sk", &number));
            sprintf(out + strlen(out), "%g ", number);
        }
        bool more = result.last_key.data != NULL;
        if (more) query.start = fixture_item(fixture_json(result.last_key));
        leat_result_free(&result);
        if (!more) return out;
        strcat(out, "| ");
    }
}

Test(db_query, finds_ranges_of_the_sort_key_in_both_directions) {
    fixture_table(&f, "t", true, LEAT_VIEW_NONE);
    fill(3, 10);
    static const struct { const char *condition, *values; bool backward; uint32_t limit; const char *keys; } cases[] = {
        {"pk = :p", "{':p':{'S':'p1'}}", false, 0, "-5 -4 -3 -2 -1 0 1 2 3 4 "},
        {"pk = :p", "{':p':{'S':'p1'}}", true, 0, "4 3 2 1 0 -1 -2 -3 -4 -5 "},
        {"pk = :p", "{':p':{'S':'p1'}}", false, 4, "-5 -4 -3 -2 | -1 0 1 2 | 3 4 "},
        {"pk = :p", "{':p':{'S':'p1'}}", true, 5, "4 3 2 1 0 | -1 -2 -3 -4 -5 | "},
        {"pk = :p AND sk = :a", "{':p':{'S':'p1'},':a':{'N':'2'}}", false, 0, "2 "},
        {"pk = :p AND sk < :a", "{':p':{'S':'p1'},':a':{'N':'-2'}}", false, 0, "-5 -4 -3 "},
        {"pk = :p AND sk <= :a", "{':p':{'S':'p1'},':a':{'N':'-2'}}", false, 0, "-5 -4 -3 -2 "},
        {"pk = :p AND sk > :a", "{':p':{'S':'p1'},':a':{'N':'2'}}", true, 0, "4 3 "},
        {"pk = :p AND sk >= :a", "{':p':{'S':'p1'},':a':{'N':'2'}}", false, 1, "2 | 3 | 4 | "},
        {"pk = :p AND sk BETWEEN :a AND :b", "{':p':{'S':'p1'},':a':{'N':'-1'},':b':{'N':'1.5'}}", false, 0, "-1 0 1 "},
        {"pk = :p", "{':p':{'S':'p9'}}", false, 0, ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_str_eq(sort_keys((struct leat_query){.table = SLICE("t"), .key_condition = slice_text(cases[i].condition),
                                                       .values = fixture_item(cases[i].values), .backward = cases[i].backward,
                                                       .limit = cases[i].limit}),
                         cases[i].keys, "case %zu", i);
}

Test(db_query, a_filter_takes_from_what_was_looked_at) {
    fixture_table(&f, "t", true, LEAT_VIEW_NONE);
    fill(1, 10);
    struct leat_result result;
    const struct leat_query query = {.table = SLICE("t"), .key_condition = SLICE("pk = :p"), .filter = SLICE("g = :g"), .limit = 6,
                                     .values = fixture_item("{':p':{'S':'p0'},':g':{'S':'g0'}}")};
    cr_assert_eq(leat_query(f.db, &query, &result, &f.fault), LEAT_OK);
    cr_assert_eq(result.scanned_count, 6u);
    cr_assert_eq(result.count, 2u);
    cr_assert_not_null(result.last_key.data);
    leat_result_free(&result);
}

Test(db_query, a_scan_sees_every_item_once_whatever_the_pages_and_segments) {
    fixture_table(&f, "t", true, LEAT_VIEW_NONE);
    fill(40, 5);
    for (uint32_t segments = 0; segments <= 7; segments++)
        for (uint32_t limit = 0; limit <= 50; limit += 7) {
            size_t seen = 0;
            double sum = 0;
            for (uint32_t segment = 0; segment < (segments == 0 ? 1 : segments); segment++) {
                struct leat_query query = {.table = SLICE("t"), .limit = limit, .segment = segment, .segments = segments};
                for (bool more = true; more;) {
                    struct leat_result result;
                    double number;
                    cr_assert_eq(leat_query(f.db, &query, &result, &f.fault), LEAT_OK, "%s", f.fault.message);
                    for (size_t i = 0; i < result.count; i++) {
                        leat_item_number(result.items[i], "sk", &number);
                        sum += number;
                    }
                    seen += result.count;
                    more = result.last_key.data != NULL;
                    fixture_items_free();
                    if (more) query.start = fixture_item(fixture_json(result.last_key));
                    leat_result_free(&result);
                }
            }
            cr_assert_eq(seen, 200u, "segments %u, limit %u: %zu", segments, limit, seen);
            cr_assert_float_eq(sum, 40 * (-2 - 1 + 0 + 1 + 2), 1e-9);
        }
}

Test(db_query, a_page_ends_at_one_megabyte) {
    fixture_table(&f, "t", true, LEAT_VIEW_NONE);
    char *json = malloc(310000);
    for (int i = 0; i < 8; i++) {
        int head = sprintf(json, "{'pk':{'S':'p'},'sk':{'N':'%d'},'v':{'S':'", i);
        memset(json + head, 'x', 300000);
        strcpy(json + head + 300000, "'}}");
        fixture_put(&f, "t", json);
        fixture_items_free();
    }
    free(json);
    cr_assert_str_eq(sort_keys((struct leat_query){.table = SLICE("t"), .key_condition = SLICE("pk = :p"),
                                                   .values = fixture_item("{':p':{'S':'p'}}")}),
                     "0 1 2 3 | 4 5 6 7 | ");
}

static void indexed_table(void) {
    const struct leat_attribute attributes[3] = {{SLICE("pk"), 'S'}, {SLICE("sk"), 'N'}, {SLICE("g"), 'S'}};
    static const struct leat_slice include[1] = {{(const uint8_t *)"kept", 4}};
    const struct leat_index indexes[2] = {
        {.name = SLICE("by_g"), .partition_key = SLICE("g"), .sort_key = SLICE("sk"), .projection = LEAT_PROJECT_ALL},
        {.name = SLICE("local_g"), .local = true, .partition_key = SLICE("pk"), .sort_key = SLICE("g"),
         .projection = LEAT_PROJECT_INCLUDE, .include = include, .include_count = 1}};
    const struct leat_table table = {.name = SLICE("t"), .attributes = attributes, .attribute_count = 3, .partition_key = SLICE("pk"),
                                     .sort_key = SLICE("sk"), .billing = LEAT_PAY_PER_REQUEST, .indexes = indexes, .index_count = 2};
    struct leat_description made;
    cr_assert_eq(leat_table_create(f.db, &table, &made, &f.fault), LEAT_OK, "%s", f.fault.message);
    leat_description_free(&made);
}

Test(db_query, global_indexes_follow_the_items) {
    indexed_table();
    fill(4, 9);
    struct leat_query query = {.table = SLICE("t"), .index = SLICE("by_g"), .key_condition = SLICE("g = :g"),
                               .values = fixture_item("{':g':{'S':'g1'}}")};
    cr_assert_str_eq(sort_keys(query), "-3 -3 -3 -3 0 0 0 0 3 3 3 3 ");
    query.limit = 5;
    cr_assert_str_eq(sort_keys(query), "-3 -3 -3 -3 0 | 0 0 0 3 3 | 3 3 ");
    query.backward = true;
    cr_assert_str_eq(sort_keys(query), "3 3 3 3 0 | 0 0 0 -3 -3 | -3 -3 ");
    query.backward = false;
    query.limit = 0;
    cr_assert_eq(fixture_update(&f, "t", "{'pk':{'S':'p0'},'sk':{'N':'-3'}}", "REMOVE g", NULL, NULL), LEAT_OK, "%s", f.fault.message);
    cr_assert_eq(fixture_update(&f, "t", "{'pk':{'S':'p1'},'sk':{'N':'-3'}}", "SET g = :g", NULL, "{':g':{'S':'g2'}}"), LEAT_OK);
    cr_assert_eq(leat_delete(f.db, "t", fixture_item("{'pk':{'S':'p2'},'sk':{'N':'-3'}}"), &f.fault), LEAT_OK);
    query.values = fixture_item("{':g':{'S':'g1'}}");
    cr_assert_str_eq(sort_keys(query), "-3 0 0 0 0 3 3 3 3 ");
}

Test(db_query, local_indexes_project_and_fetch) {
    indexed_table();
    fixture_put(&f, "t", "{'pk':{'S':'p'},'sk':{'N':'1'},'g':{'S':'b'},'kept':{'N':'1'},'left':{'N':'2'}}");
    fixture_put(&f, "t", "{'pk':{'S':'p'},'sk':{'N':'2'},'g':{'S':'a'}}");
    struct leat_query query = {.table = SLICE("t"), .index = SLICE("local_g"), .key_condition = SLICE("pk = :p"),
                               .values = fixture_item("{':p':{'S':'p'}}")};
    struct leat_result result;
    cr_assert_eq(leat_query(f.db, &query, &result, &f.fault), LEAT_OK, "%s", f.fault.message);
    cr_assert_eq(result.count, 2u);
    cr_assert_str_eq(fixture_json(result.items[1]), "{'g':{'S':'b'},'kept':{'N':'1'},'pk':{'S':'p'},'sk':{'N':'1'}}");
    leat_result_free(&result);
    query.select = LEAT_SELECT_ALL;
    cr_assert_eq(leat_query(f.db, &query, &result, &f.fault), LEAT_OK);
    cr_assert_str_eq(fixture_json(result.items[1]), "{'g':{'S':'b'},'kept':{'N':'1'},'left':{'N':'2'},'pk':{'S':'p'},'sk':{'N':'1'}}");
    leat_result_free(&result);
}

Test(db_query, a_global_index_is_not_asked_for_what_it_does_not_project) {
    fixture_table(&f, "t", true, LEAT_VIEW_NONE);
    const struct leat_attribute attribute = {SLICE("g"), 'S'};
    const struct leat_index index = {.name = SLICE("keys"), .partition_key = SLICE("g"), .projection = LEAT_PROJECT_KEYS_ONLY};
    struct leat_table_change change = {.name = SLICE("t"), .attributes = &attribute, .attribute_count = 1, .index_create = &index};
    struct leat_description changed;
    cr_assert_eq(leat_table_update(f.db, &change, &changed, &f.fault), LEAT_OK, "%s", f.fault.message);
    leat_description_free(&changed);
    struct leat_query query = {.table = SLICE("t"), .index = SLICE("keys"), .projection = SLICE("pk, z.y, a[0], g")};
    struct leat_result result;
    cr_assert_eq(leat_query(f.db, &query, &result, &f.fault), LEAT_VALIDATION);
    cr_assert_str_eq(f.fault.message,
                     "One or more parameter values were invalid: Global secondary index keys does not project [a, z]");
    leat_result_free(&result);
    query.projection = SLICE("pk, sk, g");
    cr_assert_eq(leat_query(f.db, &query, &result, &f.fault), LEAT_OK, "%s", f.fault.message);
    leat_result_free(&result);
}

Test(db_query, an_index_made_later_is_filled_and_one_dropped_is_gone) {
    fixture_table(&f, "t", true, LEAT_VIEW_NONE);
    fill(5, 300);
    const struct leat_attribute attribute = {SLICE("g"), 'S'};
    const struct leat_index index = {.name = SLICE("late"), .partition_key = SLICE("g"), .projection = LEAT_PROJECT_KEYS_ONLY};
    struct leat_table_change change = {.name = SLICE("t"), .attributes = &attribute, .attribute_count = 1, .index_create = &index};
    struct leat_description changed;
    cr_assert_eq(leat_table_update(f.db, &change, &changed, &f.fault), LEAT_OK, "%s", f.fault.message);
    leat_description_free(&changed);
    struct leat_query query = {.table = SLICE("t"), .index = SLICE("late"), .select = LEAT_SELECT_COUNT};
    struct leat_result result;
    cr_assert_eq(leat_query(f.db, &query, &result, &f.fault), LEAT_OK, "%s", f.fault.message);
    cr_assert_eq(result.count, 1500u);
    leat_result_free(&result);
    change = (struct leat_table_change){.name = SLICE("t"), .index_delete = SLICE("late")};
    cr_assert_eq(leat_table_update(f.db, &change, &changed, &f.fault), LEAT_OK, "%s", f.fault.message);
    leat_description_free(&changed);
    cr_assert_eq(leat_query(f.db, &query, &result, &f.fault), LEAT_VALIDATION);
    leat_result_free(&result);
}
