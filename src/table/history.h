/* The history of a table: a log of what every change replaced, beside the table's stream and independent of it. With it the table can be
 * rebuilt as it was at a moment (copy.h). It is kept while point-in-time recovery is on, and while a copy of the table is being made.
 *
 * It is the logs of partitions of its own, one for each of the table's; the records are those of a stream that shows old images. */
#ifndef TABLE_HISTORY_H
#define TABLE_HISTORY_H

#include "table/engine.h"

struct change;

enum { HISTORY_DAYS_MAX = 35 };

/* The oldest moment that the table can be restored to; 0: none. */
uint64_t history_from_ms(const struct table *table, uint64_t now_ms);

/* Turns recovery on (days > 0) or off in `table`, a copy that is part of `change`. */
enum leat_code history_set(struct engine *engine, struct table *table, uint32_t days, struct change *change,
                           struct leat_fault *fault) LEAT_MUST_USE;
/* Drops the history from `table`, a copy that is part of `change`, when neither recovery nor a copy other than `except` needs it. */
void history_release(struct engine *engine, struct table *table, const struct work *except, struct change *change);

/* Per partition the last change made up to and in at_ms (0: the last of all), in the arena. */
enum leat_code history_cuts(struct engine *engine, const struct table *table, uint64_t at_ms, struct arena *arena,
                            store_sequence **cuts, struct leat_fault *fault) LEAT_MUST_USE;

/* LEAT_POINT_IN_TIME_RECOVERY_UNAVAILABLE or LEAT_INVALID_RESTORE_TIME unless the table can be looked at as it was then. */
enum leat_code history_check(struct engine *engine, const struct table *table, uint64_t at_ms, struct leat_fault *fault) LEAT_MUST_USE;
/* leat_history_read. Any thread. */
enum leat_code history_read(struct engine *engine, struct leat_history_read *read, struct leat_result *result,
                            struct leat_fault *fault) LEAT_MUST_USE;

/* Forgets what is older than recovery goes back. *more: call again. */
enum leat_code history_trim(struct engine *engine, const struct table *table, uint64_t now_ms, bool *more,
                            struct leat_fault *fault) LEAT_MUST_USE;

#endif
