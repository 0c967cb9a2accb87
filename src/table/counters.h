/* Items and bytes per partition, kept exact in the same transaction as the items: 16 bytes under the key 0x00, item count
 * and size in bytes by AWS's rules, little-endian. */
#ifndef TABLE_COUNTERS_H
#define TABLE_COUNTERS_H

#include "base/arena.h"
#include "leat_types.h"
#include "store/store.h"

struct counters { uint64_t items, bytes; };

struct leat_slice counters_key(void);
struct leat_slice counters_local_key(uint8_t space); /* of a local index's entries in the same partition: 0x00, space */
struct counters counters_decode(struct leat_slice value);
struct leat_slice counters_encode(struct counters counters, struct arena *arena); /* absent: no memory */

#endif
