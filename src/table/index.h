/* Secondary indexes: which entries an item has, and keeping them in step with it. */
#ifndef TABLE_INDEX_H
#define TABLE_INDEX_H

#include "table/catalogue.h"
#include "table/overlay.h"

struct engine;

/* Attributes that are keys of an index must have the right type and be filled; absent ones leave the item out of the index. */
enum leat_code index_check_item(const struct table *table, struct leat_slice item, struct leat_fault *fault) LEAT_MUST_USE;

/* The store key of an item's entry in an index; absent when it has none. In the arena. */
enum leat_code index_entry_key(const struct table *table, const struct table_index *index, struct leat_slice item,
                               struct arena *arena, struct leat_slice *out, struct leat_fault *fault) LEAT_MUST_USE;

/* What the index stores of an item: its projection. In the arena. */
enum leat_code index_entry_value(const struct table *table, const struct table_index *index, struct leat_slice item,
                                 struct arena *arena, struct leat_slice *out, struct leat_fault *fault) LEAT_MUST_USE;

/* Puts and deletes the entries in all indexes for an item that was `before` and is `after` (absent: none). It lies in `part` under
 * `store_key`. */
enum leat_code index_change(struct engine *engine, const struct table *table, store_part part, struct leat_slice store_key,
                            struct leat_slice before, struct leat_slice after, struct overlay *overlay,
                            struct leat_fault *fault) LEAT_MUST_USE;

bool index_projects(const struct table *table, const struct table_index *index, struct leat_slice name);

#endif
