/* Filling a new index from the items of its table, in the background. While it goes on, writers keep the entries of those items that the
 * filling has passed, and leave the others to it: so every item is entered once, and the index's counters are right. */
#ifndef TABLE_FILL_H
#define TABLE_FILL_H

#include "table/change.h"

/* Work that fills the index of `table`, not before due_ms. */
enum leat_code fill_new(struct engine *engine, const struct table *table, const struct table_index *index, uint64_t due_ms,
                        struct change *change, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code fill_step(struct engine *engine, struct work *work, struct table *table, struct leat_fault *fault) LEAT_MUST_USE;

/* Are the entries of this item in the index to be kept by writers? */
bool fill_passed(struct engine *engine, const struct table *table, const struct table_index *index, store_part part,
                 struct leat_slice store_key);

#endif
