/* Changing the set of indexes of a table that has items. On the writing thread; a new index is filled before it is installed, in
 * transactions of limited size. (Other writers wait meanwhile; doing it in the background is a later step.) */
#ifndef TABLE_BACKFILL_H
#define TABLE_BACKFILL_H

#include "table/engine.h"

/* Applies the attribute and index members of `change` to the copy `table`. *dropped: the index that has to go from the store, if any. */
enum leat_code backfill_change_indexes(struct engine *engine, struct table *table, const struct leat_table_change *change,
                                       const struct table_index **dropped, struct leat_fault *fault) LEAT_MUST_USE;

#endif
