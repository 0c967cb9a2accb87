/* What operations cost: the capacity that results report, and the units that throttling takes, before anything is changed. */
#ifndef TABLE_CHARGE_H
#define TABLE_CHARGE_H

#include "table/apply.h"
#include "table/write.h"

/* Of a write that has been decided, or whose condition has failed. LEAT_PROVISIONED_THROUGHPUT_EXCEEDED when there are no units for it.
 * Deletions by time to live cost nothing. Transactions ask for all of their operations before they take for any. */
enum leat_code charge_take(struct group *group, const struct write_operation *operation, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code charge_look(struct group *group, const struct write_operation *operation, struct leat_fault *fault) LEAT_MUST_USE;
void charge_owe(struct group *group, const struct write_operation *operation);
/* Adds it to the result's capacity. */
enum leat_code charge_report(struct write_job *job, const struct write_operation *operation, struct leat_fault *fault) LEAT_MUST_USE;

/* The units of a transaction's operation that has been done before: reading what was written. Developer Guide, "Idempotency" */
double charge_replay(const struct write_operation *operation);

/* A read: what it consumed of the table itself and of one index (or NULL). */
struct charge_reading { const struct table *table; const struct table_index *index; double table_units, index_units; };
enum leat_code charge_read(struct engine *engine, const struct charge_reading *reading, struct leat_fault *fault) LEAT_MUST_USE;

#endif
