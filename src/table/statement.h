/* PartiQL statements: from parsed trees (expr/partiql.h) to pages, gets and writes. A SELECT is a query when its condition fixes the
 * partition key, else a scan; the condition itself is tested on every item, so that keys only narrow what is looked at. */
#ifndef TABLE_STATEMENT_H
#define TABLE_STATEMENT_H

#include "expr/partiql.h"
#include "table/write.h"

enum { STATEMENTS_MAX = WRITE_OPERATIONS_MAX, STATEMENTS_BYTES_MAX = 4 * 1024 * 1024 };

/* LEAT_EACH: one statement; LEAT_ATOMIC: a transaction. Faults that can be said at once are the return value, and `done` is not called;
 * else it is called once: for reads before this returns, for writes on the writing thread. */
enum leat_code statement_start(struct engine *engine, const struct leat_statement *statements, size_t count, enum leat_mode mode,
                               struct leat_slice token, write_done_fn done, void *context, struct leat_fault *fault) LEAT_MUST_USE;

/* ---- between its files ---- */

struct statement_request {
    struct engine *engine;
    const struct leat_statement *statements;
    struct partiql_statement *parsed;
    size_t count;
    enum leat_mode mode;
    struct write_job *job; /* for writes. For reads: its operations hold the tables, its memory what was parsed */
    struct arena *arena;   /* the job's */
    struct leat_fault *fault;
};

uint64_t statement_hash(const struct leat_statement *statement);
/* The key attributes that a condition fixes, as an item; absent when it does not fix all. */
enum leat_code statement_key(const struct schema *keys, const struct expr_node *where, struct arena *arena, struct leat_slice *out,
                             struct leat_fault *fault) LEAT_MUST_USE;

/* One SELECT: the job's memory becomes the result's. */
enum leat_code statement_select(struct statement_request *request, struct leat_result *result) LEAT_MUST_USE;
/* SELECTs of single items, from one snapshot; the result has a memory of its own. */
enum leat_code statement_get(struct statement_request *request, struct leat_result *result) LEAT_MUST_USE;
/* Sets result->tables, in this arena. */
enum leat_code statement_tables(const struct statement_request *request, struct arena *arena, struct leat_result *result) LEAT_MUST_USE;

#endif
