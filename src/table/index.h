/* Secondary indexes: which entries an item has, and keeping them in step with it. */
#ifndef TABLE_INDEX_H
#define TABLE_INDEX_H

#include "expr/expr.h"
#include "table/catalogue.h"
#include "table/overlay.h"

struct engine;

/* Attributes that are keys of an index must have the right type, and then be filled and not too long; absent ones leave the item out of
 * the index. */
enum leat_code index_check_types(const struct table *table, struct leat_slice item, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code index_check_values(const struct table *table, struct leat_slice item, struct leat_fault *fault) LEAT_MUST_USE;

/* The same for an item as an update has left it, in AWS's words for updates, of what it has changed; generated: for those of
 * AttributeUpdates. ..._values: what can be said of the update by itself, of empty values. */
enum leat_code index_check_update(const struct table *table, struct leat_slice item, const struct expr_update *update, bool generated,
                                  struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code index_check_update_values(const struct table *table, const struct expr_update *update,
                                         struct leat_fault *fault) LEAT_MUST_USE;

/* The store key of an item's entry in an index; absent when it has none. In the arena. */
enum leat_code index_entry_key(const struct table *table, const struct table_index *index, struct leat_slice item,
                               struct arena *arena, struct leat_slice *out, struct leat_fault *fault) LEAT_MUST_USE;

/* What the index stores of an item: its projection. In the arena. */
enum leat_code index_entry_value(const struct table *table, const struct table_index *index, struct leat_slice item,
                                 struct arena *arena, struct leat_slice *out, struct leat_fault *fault) LEAT_MUST_USE;

/* Has the item room, together with its entries in local indexes? DynamoDB Developer Guide, "Quotas": 400 KB for both. */
bool index_fits(const struct table *table, struct leat_slice item, size_t item_bytes);

/* An item before and after a write (absent: none), with sizes by AWS's rules. */
struct index_images { struct leat_slice before, after; size_t before_bytes, after_bytes; };

/* What a write changes in one index; absent keys: no entry. */
struct index_change {
    const struct table_index *index;
    struct leat_slice old_key, new_key, old_value, new_value;
    size_t old_bytes, new_bytes; /* of the entries, by AWS's rules */
};
struct index_changes { struct index_change *at; size_t count; };

/* The indexes that the write changes, each once; in the arena. Nothing is changed yet. */
enum leat_code index_plan(const struct table *table, const struct index_images *images, struct arena *arena,
                          struct index_changes *out, struct leat_fault *fault) LEAT_MUST_USE;
/* Write units. Developer Guide, "Provisioned throughput considerations": one write for an entry that is new, gone, or changed in its
 * projected attributes; two when its key has changed. */
double index_units(const struct index_change *change);
/* Puts and deletes the entries. The item lies in `part` under `store_key`. */
enum leat_code index_perform(struct engine *engine, const struct table *table, const struct index_changes *changes, store_part part,
                             struct leat_slice store_key, struct overlay *overlay, struct leat_fault *fault) LEAT_MUST_USE;

/* Takes the change into the counters, which are in the overlay as they were before. */
enum leat_code index_count(const struct index_change *change, store_part part, struct overlay *overlay,
                           struct leat_fault *fault) LEAT_MUST_USE;
/* Where the counters of an index are; of a local one, those of its entries in `part`. */
struct store_key index_counters(const struct table_index *index, store_part part);

bool index_projects(const struct table *table, const struct table_index *index, struct leat_slice name);

#endif
