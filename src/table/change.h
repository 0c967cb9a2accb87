/* One change of the catalogue: tables stored, a table removed, partitions marked for dropping, work begun and ended, all in one
 * transaction. On the writing thread. */
#ifndef TABLE_CHANGE_H
#define TABLE_CHANGE_H

#include "table/engine.h"
#include "table/work.h"

enum { CHANGE_PUTS_MAX = 2, CHANGE_DROPS_MAX = 32, CHANGE_WORKS_MAX = 32 };

struct change {
    struct table *puts[CHANGE_PUTS_MAX]; /* stored and installed; the references are taken over, also after a fault */
    size_t put_count;
    struct leat_slice removed; /* a table's name; absent: none */
    struct { uint32_t id; uint32_t parts; } drops[CHANGE_DROPS_MAX]; /* housekeeping drops them, also after a restart */
    size_t drop_count;
    struct work *added[CHANGE_WORKS_MAX]; /* taken over, also after a fault */
    size_t added_count;
    struct work *ended; /* removed and freed when the change is committed */
};

void change_drop(struct change *change, uint32_t id, uint32_t parts);
/* Room for it is the caller's to see to: a table has fewer indexes than CHANGE_WORKS_MAX. */
void change_add(struct change *change, struct work *work);
enum leat_code change_commit(struct engine *engine, struct change *change, struct leat_fault *fault) LEAT_MUST_USE;
void change_discard(struct change *change); /* instead of committing it */

#endif
