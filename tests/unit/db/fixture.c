#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

static struct leat_result items[256];
static size_t item_count;
static char *text;

static uint64_t fixture_now(void *context) {
    const struct fixture *fixture = context;
    return fixture->now_ms + (fixture->ticking ? clock_monotonic_ns() / 1000000 : 0);
}

void fixture_reopen(struct fixture *fixture) {
    leat_close(fixture->db);
    fixture->db = NULL;
    cr_assert_eq(leat_open(&fixture->options, &fixture->db, &fixture->fault), LEAT_OK, "%s", fixture->fault.message);
}

void fixture_open(struct fixture *fixture, const char *backend) {
    if (fixture->now_ms == 0) fixture->now_ms = 1700000000000;
    (void)snprintf(fixture->directory, sizeof fixture->directory, "/tmp/leat-test-XXXXXX");
    cr_assert_not_null(mkdtemp(fixture->directory));
    fixture->options.backend = backend;
    fixture->options.directory = fixture->directory;
    fixture->options.now_ms = fixture_now;
    fixture->options.now_context = fixture;
    fixture_reopen(fixture);
}

void fixture_items_free(void) {
    while (item_count > 0) leat_result_free(&items[--item_count]);
    free(text);
    text = NULL;
}

void fixture_close(struct fixture *fixture) {
    char command[128];
    leat_close(fixture->db);
    fixture_items_free();
    (void)snprintf(command, sizeof command, "rm -rf '%s'", fixture->directory);
    cr_assert_eq(system(command), 0);
}

struct leat_slice fixture_item(const char *json) {
    struct leat_fault fault;
    char *copy = strdup(json);
    for (char *at = copy; *at != 0; at++)
        if (*at == '\'') *at = '"';
    cr_assert_lt(item_count, 256u);
    cr_assert_eq(leat_item_from_json(slice_text(copy), &items[item_count], &fault), LEAT_OK, "%s: %s", json, fault.message);
    free(copy);
    return items[item_count++].items[0];
}

const char *fixture_json(struct leat_slice item) {
    free(text);
    text = leat_item_to_json(item);
    for (char *at = text; *at != 0; at++)
        if (*at == '"') *at = '\'';
    return text;
}

void fixture_table(struct fixture *fixture, const char *name, bool sorted, enum leat_view view) {
    const struct leat_attribute attributes[2] = {{SLICE("pk"), 'S'}, {SLICE("sk"), 'N'}};
    const struct leat_table table = {.name = slice_text(name), .attributes = attributes, .attribute_count = sorted ? 2 : 1,
                                     .partition_key = SLICE("pk"), .sort_key = sorted ? SLICE("sk") : (struct leat_slice){0},
                                     .billing = LEAT_PAY_PER_REQUEST, .stream = view};
    struct leat_description made;
    cr_assert_eq(leat_table_create(fixture->db, &table, &made, &fixture->fault), LEAT_OK, "%s", fixture->fault.message);
    leat_description_free(&made);
}

void fixture_put(struct fixture *fixture, const char *table, const char *json) {
    cr_assert_eq(leat_put(fixture->db, table, fixture_item(json), &fixture->fault), LEAT_OK, "%s", fixture->fault.message);
}

enum leat_code fixture_update(struct fixture *fixture, const char *table, const char *key, const char *update,
                              const char *condition, const char *values) {
    const struct leat_write write = {.kind = LEAT_UPDATE, .table = slice_text(table), .key = fixture_item(key),
                                     .update = slice_text(update), .condition = slice_text(condition),
                                     .values = values == NULL ? (struct leat_slice){0} : fixture_item(values)};
    struct leat_result result;
    enum leat_code code = leat_write(fixture->db, &write, &result, &fixture->fault);
    leat_result_free(&result);
    return code;
}

const char *fixture_get(struct fixture *fixture, const char *table, const char *key) {
    struct leat_result result;
    const struct leat_get get = {.table = slice_text(table), .key = fixture_item(key)};
    cr_assert_eq(leat_get(fixture->db, &get, &result, &fixture->fault), LEAT_OK, "%s", fixture->fault.message);
    const char *json = result.count == 0 ? "" : fixture_json(result.items[0]);
    leat_result_free(&result);
    return json;
}
