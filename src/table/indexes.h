/* Changing the set of indexes of a table. On the writing thread; the table is a copy that is part of a change of the catalogue. */
#ifndef TABLE_INDEXES_H
#define TABLE_INDEXES_H

#include "table/change.h"

/* Applies the attribute and index members of `asked` to the copy, and begins the work that follows. */
enum leat_code indexes_change(struct engine *engine, struct table *table, const struct leat_table_change *asked, struct change *change,
                              struct leat_fault *fault) LEAT_MUST_USE;

enum leat_code indexes_set_status(struct table *table, struct table_index *index, enum leat_status status,
                                  struct leat_fault *fault) LEAT_MUST_USE;
/* Takes the index out of the copy; its entries are dropped with the change. */
enum leat_code indexes_drop(struct table *table, struct table_index *index, struct change *change, struct leat_fault *fault) LEAT_MUST_USE;

#endif
