/* Forgetting the old end of a partition's log. */
#ifndef TABLE_TRIM_H
#define TABLE_TRIM_H

#include "table/engine.h"

/* Removes records made before before_ms, a limited number of them. *more is set when there are others: call again. */
enum leat_code trim_log(struct engine *engine, store_part part, uint64_t before_ms, bool *more, struct leat_fault *fault) LEAT_MUST_USE;

#endif
