/* What a database does by itself between writes: deletes what has expired, trims streams, rotates shards, forgets old
 * streams and tokens, and drops the partitions of deleted tables. In small steps, on the writing thread, so that no writer
 * waits long. */
#ifndef TABLE_HOUSEKEEPING_H
#define TABLE_HOUSEKEEPING_H

#include <stdint.h>

#include "store/store.h"

struct engine;
struct table;

/* One step; answers in how many milliseconds (of the engine's clock) the next is due. */
uint64_t housekeeping_step(struct engine *engine, uint64_t now_ms);

#endif
