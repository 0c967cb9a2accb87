/* Tables: create, describe, update, delete, list. The calls come from any thread and run on the writing thread. */
#ifndef TABLE_TABLES_H
#define TABLE_TABLES_H

#include "table/engine.h"
#include "table/memory.h"

struct change;

enum { TABLES_DAY_MS = 24 * 60 * 60 * 1000 }; /* decreases of throughput are counted by days, in UTC */

enum leat_code tables_create(struct engine *engine, const struct leat_table *spec, struct leat_description *out,
                             struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code tables_describe(struct engine *engine, struct leat_slice name, struct leat_description *out,
                               struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code tables_update(struct engine *engine, const struct leat_table_change *change, struct leat_description *out,
                             struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code tables_delete(struct engine *engine, struct leat_slice name, struct leat_description *out,
                             struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code tables_list(struct engine *engine, struct leat_slice prefix, struct leat_slice start, size_t limit,
                           struct leat_result *result, struct leat_fault *fault) LEAT_MUST_USE;

/* A snapshot for a new table, CREATING, with one reference; its indexes in the given state. Not stored. Writing thread. */
enum leat_code tables_make(struct engine *engine, const struct leat_table *spec, enum leat_status indexes, struct table **out,
                           struct leat_fault *fault) LEAT_MUST_USE;
/* Deletes the table in the change, or faults when that may not be. Writing thread. */
enum leat_code tables_remove(struct engine *engine, const struct table *table, struct change *change,
                             struct leat_fault *fault) LEAT_MUST_USE;
/* The fault of a name that no table has. */
enum leat_code tables_missing(struct leat_slice name, struct leat_fault *fault) LEAT_MUST_USE;
/* A description of the table in that state. Takes over the reference. */
enum leat_code tables_show(struct engine *engine, struct table *table, enum leat_status status, struct leat_description *out,
                           struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code tables_count(struct engine *engine, const struct table *table, uint64_t *items, struct leat_fault *fault) LEAT_MUST_USE;
/* The heads of all partitions of a table, in the arena. */
enum leat_code tables_heads(struct engine *engine, const struct table *table, struct arena *arena, struct store_head **out,
                            struct leat_fault *fault) LEAT_MUST_USE;

/* Checks a new table against itself: keys defined, all definitions used, indexes' shapes. AWS's words. */
enum leat_code tables_check(const struct leat_table *spec, struct leat_fault *fault) LEAT_MUST_USE;

/* Partitions of a new table: 1,000 write or 3,000 read units each; on demand begins with four. DynamoDB Developer
 * Guide, "Partitions and data distribution". */
uint16_t tables_parts(const struct leat_table *spec);

#endif
