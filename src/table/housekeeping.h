/* What a database does by itself between writes: deletes what has expired, trims streams and histories, rotates shards, forgets old
 * streams and tokens, and drops the partitions of deleted tables. In small steps, on the writing thread, so that no writer
 * waits long: a round through all tables and tokens takes as many as it needs. */
#ifndef TABLE_HOUSEKEEPING_H
#define TABLE_HOUSEKEEPING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct engine;

enum { HOUSEKEEPING_SOON_MS = 100 };

/* The writing thread's. Times are of the engine's clock. */
struct housekeeping {
    uint64_t round_ms;  /* when the next round begins; past: one is under way */
    struct buf table;   /* the name behind which the round goes on; empty: at the first table */
    bool tables_done;   /* the round is at the tokens: */
    struct buf token;   /* the key from which it goes on; empty: at the first */
    bool more, expiring, failed; /* what the round has met: more to do at once, tables with time to live, faults */
    uint64_t drop_ms;   /* when partitions are looked for that are to be dropped */
};

void housekeeping_init(struct housekeeping *keeping);
void housekeeping_fini(struct housekeeping *keeping);

uint64_t housekeeping_due_ms(const struct housekeeping *keeping);
void housekeeping_step(struct engine *engine, uint64_t now_ms);

/* There are partitions to drop or, with round, something to be seen to for a table: not at once, so that many changes cost one step. */
void housekeeping_soon(struct engine *engine, bool round);
void housekeeping_now(struct engine *engine); /* the clock has been moved */

#endif
