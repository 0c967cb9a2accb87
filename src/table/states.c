#include "table/states.h"

#include "base/slice.h"
#include "table/copy.h"
#include "table/fill.h"
#include "table/indexes.h"

enum leat_code states_check(const struct table *table, struct leat_fault *fault) {
    static const char *const words[] = {[LEAT_CREATING] = "created", [LEAT_UPDATING] = "updated", [LEAT_DELETING] = "deleted"};
    if (table->spec.status == LEAT_ACTIVE) return LEAT_OK;
    return fault_set(fault, LEAT_RESOURCE_IN_USE, "Attempt to change a resource which is still in use: Table is being %s: %.*s",
                     words[table->spec.status], SLICE_FORMAT(table->spec.name));
}

enum leat_code states_settle(struct engine *engine, const struct table *table, const struct table_index *index, struct change *change,
                             struct leat_fault *fault) {
    struct work *work;
    if (slice_starts(table->spec.name, SLICE("leat:"))) return LEAT_OK; /* our own are wanted at once */
    TRY(work_new(engine, WORK_SETTLE, table, &work, fault));
    work->due_ms = engine_now_ms(engine) + engine->settle_ms;
    work->index_id = index == NULL ? 0 : work_index_id(index);
    change_add(change, work);
    return LEAT_OK;
}

/* ---- what keeps a state up ---- */

/* While a table is CREATING, everything that is done to it is part of that; UPDATING lasts as long as its own work. */
static bool holds(const struct work *work, const struct table *table) {
    if (work->table_id != table->id || work->kind == WORK_EXPIRY || work->kind == WORK_COUNT) return false;
    return table->spec.status == LEAT_CREATING || (work->kind == WORK_SETTLE && work->index_id == 0);
}

enum leat_status states_next(struct engine *engine, const struct table *table, const struct work *ending, const struct change *beginning) {
    bool held = table->spec.loading || table->spec.status == LEAT_DELETING;
    for (const struct work *work = engine->works; work != NULL; work = work->next) held |= work != ending && holds(work, table);
    for (size_t i = 0; i < beginning->added_count; i++) held |= holds(beginning->added[i], table);
    return held ? table->spec.status : LEAT_ACTIVE;
}

/* ---- ends ---- */

void states_remove(const struct table *table, struct change *change) {
    change->removed = table->spec.name;
    change_drop(change, table->id, table->part_count);
    if (table->history_id != 0) change_drop(change, table->history_id, table->part_count);
    for (size_t i = 0; i < table->index_count; i++)
        if (!table->indexes[i].spec->local) change_drop(change, table->indexes[i].id, 1);
}

static enum leat_code end_index(struct table *table, const struct work *work, struct change *change, struct leat_fault *fault) {
    struct table_index *index = NULL;
    for (size_t i = 0; i < table->index_count; i++)
        if (work_index_id(&table->indexes[i]) == work->index_id) index = &table->indexes[i];
    if (index == NULL) return LEAT_OK;
    if (index->spec->status == LEAT_DELETING) return indexes_drop(table, index, change, fault);
    return indexes_set_status(table, index, LEAT_ACTIVE, fault);
}

static enum leat_code end_in(struct engine *engine, struct work *work, const struct table *old, struct change *change,
                             struct leat_fault *fault) {
    change->ended = work;
    if (work->kind == WORK_SETTLE && work->index_id == 0 && old->spec.status == LEAT_DELETING) {
        states_remove(old, change);
        return LEAT_OK;
    }
    struct table *table;
    TRY(table_copy(old, &engine->catalogue, &table, fault));
    change->puts[change->put_count++] = table;
    if (work->kind == WORK_COPY) TRY(copy_end(engine, work, table, change, fault));
    if (work->index_id != 0) TRY(end_index(table, work, change, fault));
    table->spec.status = states_next(engine, table, work, change);
    return table_derive(table, &engine->catalogue, fault);
}

enum leat_code states_end(struct engine *engine, struct work *work, const struct table *old, struct leat_fault *fault) {
    struct change change = {.put_count = 0};
    enum leat_code code = end_in(engine, work, old, &change, fault);
    if (code != LEAT_OK) {
        change_discard(&change);
        return code;
    }
    TRY(change_commit(engine, &change, fault));
    engine_hooks_run(engine, old->spec.name);
    return LEAT_OK;
}

enum leat_code states_settle_step(struct engine *engine, struct work *work, struct table *table, struct leat_fault *fault) {
    return states_end(engine, work, table, fault);
}

enum leat_code states_forget(struct engine *engine, struct work *work, struct leat_fault *fault) {
    struct change change = {.ended = work};
    enum leat_code code = work->source == NULL ? LEAT_OK : copy_release(engine, work, &change, fault);
    if (code == LEAT_OK) return change_commit(engine, &change, fault);
    change_discard(&change);
    return code;
}
