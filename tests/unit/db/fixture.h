/* A database for one test, and items written as DynamoDB JSON. Everything fails the test when it does not work. */
#ifndef TESTS_UNIT_DB_FIXTURE_H
#define TESTS_UNIT_DB_FIXTURE_H

#include <criterion/criterion.h>
#include <stdatomic.h>

#include "base/slice.h"
#include "leat.h"

struct fixture {
    struct leat *db;
    struct leat_options options;
    char directory[64];
    uint64_t now_ms;
    atomic_bool ticking; /* the clock goes on by itself, from about now_ms */
    struct leat_fault fault;
};

void fixture_open(struct fixture *fixture, const char *backend); /* options may be set before */
void fixture_reopen(struct fixture *fixture);
void fixture_close(struct fixture *fixture); /* and removes the directory */

/* A table with keys "pk" (S) and, with sorted, "sk" (N). */
void fixture_table(struct fixture *fixture, const char *name, bool sorted, enum leat_view view);

/* JSON with ' for " ; freed by fixture_items_free at the test's end */
struct leat_slice fixture_item(const char *json);
void fixture_items_free(void);

void fixture_put(struct fixture *fixture, const char *table, const char *json);
enum leat_code fixture_update(struct fixture *fixture, const char *table, const char *key, const char *update,
                              const char *condition, const char *values);
/* The item as JSON with ' for ", or "" when there is none; valid until the next call. */
const char *fixture_get(struct fixture *fixture, const char *table, const char *key);
const char *fixture_json(struct leat_slice item);

#endif
