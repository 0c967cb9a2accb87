/* The sizes of item collections: the items of a table with local indexes that have one partition key, with their entries in those
 * indexes. Kept exact in the same transaction as the items, one row a collection in the items' partition:
 *
 *   collection := 0x03 hash:2 partition-key-component; value: 8 bytes, little-endian. No row: nothing in it.
 *
 * DynamoDB Developer Guide, "Item collections" and "Storage considerations": each item and each entry has 100 bytes besides its own. */
#ifndef TABLE_COLLECTIONS_H
#define TABLE_COLLECTIONS_H

#include "table/change.h"
#include "table/index.h"

enum { COLLECTIONS_OVERHEAD_BYTES = 100 };
#define COLLECTIONS_BYTES_MAX (UINT64_C(10) << 30) /* Developer Guide, "Item collection size limit" */

/* The row's key, in the arena; absent: no memory. */
struct leat_slice collections_key(const struct item_value *partition_key, struct arena *arena);
uint64_t collections_decode(struct leat_slice value);
enum leat_code collections_set(struct overlay_entry *entry, uint64_t bytes, struct arena *arena, struct leat_fault *fault) LEAT_MUST_USE;

/* By how much a write makes the collection larger. */
int64_t collections_growth(const struct index_images *images, const struct index_changes *changes);

/* ---- tables that were made before collections were counted, and copies ----
 * They are counted in the background. Writers keep the sizes with those items that the counting has passed, and leave the others to it. */

/* Work that counts the collections of `table`. */
enum leat_code collections_count(struct engine *engine, const struct table *table, struct change *change,
                                 struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code collections_step(struct engine *engine, struct work *work, struct table *table, struct leat_fault *fault) LEAT_MUST_USE;
/* Is the size to be kept by who writes this item? */
bool collections_passed(struct engine *engine, const struct table *table, store_part part, struct leat_slice store_key);
/* Begins it for every table whose collections are not counted. Before the executor starts. */
enum leat_code collections_catch_up(struct engine *engine, struct leat_fault *fault) LEAT_MUST_USE;

#endif
