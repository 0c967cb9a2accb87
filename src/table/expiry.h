/* Time to live: an index of the items of a table by when they expire, and deleting those whose time has come.
 *
 *   entry := 0x02 seconds:8 item-key (the item's whole store key), in the item's partition; the value is one byte
 *
 * An item is eligible when the attribute is top-level, of type N, epoch seconds lower than now, and not five years or more
 * past. DynamoDB Developer Guide, "Time to Live". Entries are kept with the item in the same transaction; an entry alone never deletes
 * anything: the item itself is looked at again when its time has come. */
#ifndef TABLE_EXPIRY_H
#define TABLE_EXPIRY_H

#include "table/engine.h"
#include "table/overlay.h"

struct change;
struct work;

enum { EXPIRY_SWEEP_MAX = 100, EXPIRY_INTERVAL_MS = 1000 };

/* May the item be deleted now? */
bool expiry_due(const struct table *table, struct leat_slice item, uint64_t now_ms);

/* Keeps the entry of one item in step; before and after absent: no item. */
enum leat_code expiry_change(const struct table *table, store_part part, struct leat_slice store_key, struct leat_slice before,
                             struct leat_slice after, struct overlay *overlay, struct leat_fault *fault) LEAT_MUST_USE;

/* Turns time to live of the table (a copy that is part of the change) on for an attribute, or off (absent). The entries are made
 * anew in the background: first the old ones go, then every item is entered, beside what writers enter meanwhile. */
enum leat_code expiry_set(struct engine *engine, struct table *table, struct leat_slice attribute, struct change *change,
                          struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code expiry_step(struct engine *engine, struct work *work, struct table *table, struct leat_fault *fault) LEAT_MUST_USE;

/* Deletes what is due, at most EXPIRY_SWEEP_MAX items a partition. *more: call again. Writing thread, between groups. */
enum leat_code expiry_sweep(struct engine *engine, struct table *table, uint64_t now_ms, bool *more,
                            struct leat_fault *fault) LEAT_MUST_USE;

#endif
