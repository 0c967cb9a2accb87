/* The states of tables and indexes, and what ends them: CREATING, UPDATING and DELETING last until the work that causes them has ended. */
#ifndef TABLE_STATES_H
#define TABLE_STATES_H

#include "table/change.h"

/* LEAT_RESOURCE_IN_USE unless the table may be changed now. */
enum leat_code states_check(const struct table *table, struct leat_fault *fault) LEAT_MUST_USE;

/* Puts a SETTLE work for the table (index NULL) or an index into the change, due after the engine's settle_ms. */
enum leat_code states_settle(struct engine *engine, const struct table *table, const struct table_index *index, struct change *change,
                             struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code states_settle_step(struct engine *engine, struct work *work, struct table *table, struct leat_fault *fault) LEAT_MUST_USE;

/* The work is done: the table's or index's state moves on, in the same transaction. */
enum leat_code states_end(struct engine *engine, struct work *work, const struct table *table, struct leat_fault *fault) LEAT_MUST_USE;
/* The work has lost its object. */
enum leat_code states_forget(struct engine *engine, struct work *work, struct leat_fault *fault) LEAT_MUST_USE;
/* The state of `table`, a copy that is part of a change, when `ending` is gone and `beginning` is there. */
enum leat_status states_next(struct engine *engine, const struct table *table, const struct work *ending, const struct change *beginning);

/* Removes the table with all that belongs to it. */
void states_remove(const struct table *table, struct change *change);

#endif
