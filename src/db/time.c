#include <stddef.h>
#include <stdlib.h>

#include "db/db.h"

struct leat_waiter {
    struct clock_waiter waiter;
    void (*moved)(void *context);
    void *context;
};

LEAT_PUBLIC uint64_t leat_now_ms(struct leat *db) { return engine_now_ms(db->engine); }
LEAT_PUBLIC bool leat_clock_virtual(struct leat *db) { return clock_is_virtual(&db->engine->clock); }

LEAT_PUBLIC enum leat_code leat_clock_set(struct leat *db, uint64_t to_ms, struct leat_fault *fault) {
    return clock_set(&db->engine->clock, to_ms, fault);
}

LEAT_PUBLIC void leat_clock_stop(struct leat *db) { clock_stop(&db->engine->clock); }
LEAT_PUBLIC void leat_clock_moved(struct leat *db) { clock_moved(&db->engine->clock); }

static void moved(struct clock_waiter *base) {
    struct leat_waiter *waiter = (struct leat_waiter *)(void *)((char *)base - offsetof(struct leat_waiter, waiter));
    waiter->moved(waiter->context);
}

LEAT_PUBLIC struct leat_waiter *leat_waiter_add(struct leat *db, void (*told)(void *context), void *context) {
    struct leat_waiter *waiter = calloc(1, sizeof *waiter);
    if (waiter == NULL) return NULL;
    *waiter = (struct leat_waiter){.waiter.moved = moved, .moved = told, .context = context};
    clock_waiter_add(&db->engine->clock, &waiter->waiter);
    return waiter;
}

LEAT_PUBLIC void leat_waiter_until(struct leat_waiter *waiter, uint64_t due_ms) { clock_waiter_until(&waiter->waiter, due_ms); }
LEAT_PUBLIC void leat_waiter_looked(struct leat_waiter *waiter) { clock_waiter_looked(&waiter->waiter); }

LEAT_PUBLIC void leat_waiter_remove(struct leat_waiter *waiter) {
    if (waiter == NULL) return;
    clock_waiter_remove(&waiter->waiter);
    free(waiter);
}

LEAT_PUBLIC void leat_clock_hold(struct leat *db) { clock_hold(&db->engine->clock); }
LEAT_PUBLIC void leat_clock_release(struct leat *db) { clock_release(&db->engine->clock); }
