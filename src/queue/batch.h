/* Writes that go out together, with the memory that they point to. One is filled, started and then its own master: it frees itself after
 * `then` has run, or at once when nobody waits for it. */
#ifndef QUEUE_BATCH_H
#define QUEUE_BATCH_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "leat.h"
#include "net/loop.h"

enum { BATCH_WRITES_MAX = 100, BATCH_BYTES_MAX = 16 << 20 };

struct batch {
    struct net_task task;
    struct arena arena;
    struct leat_write *writes; /* BATCH_WRITES_MAX */
    size_t count;
    bool failed; /* a write could not be added */
    /* after the commit */
    enum leat_code code;
    struct leat_fault fault;
    struct net_loop *loop;
    void (*then)(struct batch *batch); /* on the loop; NULL: nobody waits */
    void *context;
};

struct batch *batch_new(void); /* NULL: no memory */
void batch_free(struct batch *batch); /* one that was not started */

/* An item is built in `item` (batch_item), then added. */
void batch_item(struct batch *batch, struct buf *item, size_t bytes_max);
void batch_add(struct batch *batch, enum leat_write_kind kind, const char *table, struct buf *item);

/* Together in one commit when `together`, which all of a batch's writes must be when one depends on another. Otherwise than LEAT_OK: it
 * has been freed, and `then` is not called. */
enum leat_code batch_start(struct batch *batch, struct leat *db, bool together, struct net_loop *loop, void (*then)(struct batch *batch),
                           void *context, struct leat_fault *fault) LEAT_MUST_USE;

#endif
