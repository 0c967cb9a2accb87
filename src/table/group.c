#include "table/group.h"

#include "base/slice.h"
#include "stream/record.h"
#include "table/apply.h"
#include "table/counters.h"
#include "table/engine.h"
#include "table/index.h"
#include "table/overlay.h"
#include "table/write.h"

enum { GROUP_RERUNS_MAX = 100, GROUP_PARTS_MAX = 4096 };

static struct write_job *job_of(struct executor_job *job) { return job->write; }

static bool parts_add(store_part *parts, size_t *count, store_part part) {
    for (size_t i = 0; i < *count; i++)
        if (parts[i] == part) return true;
    if (*count == GROUP_PARTS_MAX) return false;
    parts[(*count)++] = part;
    return true;
}

/* A table may have changed since the operation was prepared (a stream turned on, the table deleted): the newest counts. */
static enum leat_code renew_tables(struct engine *engine, struct write_job *job, struct leat_fault *fault) {
    for (size_t i = 0; i < job->count; i++) {
        struct write_operation *operation = &job->operations[i];
        if (operation->table->current) continue;
        struct table *newest = catalogue_find(&engine->catalogue, operation->table->spec.name);
        if (newest == NULL || newest->id != operation->table->id || newest->spec.status == LEAT_DELETING) {
            table_release(newest);
            return fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "Requested resource not found");
        }
        table_release(operation->table);
        operation->table = newest;
    }
    return LEAT_OK;
}

static enum leat_code too_many(struct leat_fault *fault) {
    return fault_set(fault, LEAT_BUSY, "too many partitions in one group");
}

static enum leat_code mention_job(struct group *group, struct write_job *job, store_part *parts, size_t *part_count,
                                  struct leat_fault *fault) {
    struct overlay *overlay = &group->overlay;
    for (size_t i = 0; i < job->count; i++) {
        struct write_operation *operation = &job->operations[i];
        operation->entry = overlay_at(overlay, operation->part, operation->store_key, true);
        operation->counters = overlay_at(overlay, operation->part, counters_key(), true);
        operation->collection = operation->collection_key.data == NULL
                                    ? NULL : overlay_at(overlay, operation->part, operation->collection_key, true);
        if (operation->entry == NULL || operation->counters == NULL) return fault_memory(fault);
        if (operation->collection == NULL && operation->collection_key.data != NULL) return fault_memory(fault);
        if (!parts_add(parts, part_count, operation->part)) return too_many(fault);
        if (operation->table->history_id != 0 &&
            !parts_add(parts, part_count, history_part(operation->table, (uint16_t)(operation->part & 0xFFFF))))
            return too_many(fault);
        for (size_t k = 0; k < operation->table->index_count; k++) {
            const struct store_key where = index_counters(&operation->table->indexes[k], operation->part);
            if (overlay_at(overlay, where.part, where.key, true) == NULL) return fault_memory(fault);
            if (!parts_add(parts, part_count, where.part)) return too_many(fault);
        }
    }
    if (job->token.data == NULL) return LEAT_OK;
    job->token_entry = overlay_at(overlay, CATALOGUE_PART, job->token, true);
    if (job->token_entry == NULL) return fault_memory(fault);
    return parts_add(parts, part_count, CATALOGUE_PART) ? LEAT_OK : too_many(fault);
}

static enum leat_code append_changes(struct group *group, struct store_transaction *transaction, struct leat_fault *fault) {
    for (struct group_change *change = group->changes; change != NULL; change = change->next)
        TRY(store_append(transaction, change->part, change->record, NULL, fault));
    return LEAT_OK;
}

/* Evaluates all jobs against the opened transaction and leaves it ready to commit. A fault here is the store's, not a request's. */
static enum leat_code group_evaluate(struct group *group, struct executor_job *first, struct store_transaction *transaction,
                                     struct leat_fault *fault) {
    TRY(overlay_read(&group->overlay, transaction, fault));
    for (struct executor_job *job = first; job != NULL; job = job->next)
        if (job_of(job)->code == LEAT_OK && group->broken == LEAT_OK) apply_job(group, job_of(job));
    if (group->broken != LEAT_OK) return fault_set(fault, group->broken, "out of memory; nothing was written");
    TRY(overlay_write(&group->overlay, transaction, fault));
    return append_changes(group, transaction, fault);
}

static enum leat_code group_try(struct group *group, struct executor_job *first, size_t count, struct leat_fault *fault) {
    store_part *parts = arena_alloc(group->arena, GROUP_PARTS_MAX * sizeof *parts);
    size_t part_count = 0;
    if (parts == NULL) return fault_memory(fault);
    TRY(overlay_init(&group->overlay, group->arena, count * 4, fault));
    for (struct executor_job *job = first; job != NULL; job = job->next) {
        struct write_job *write = job_of(job);
        fault_clear(&write->fault);
        write->code = renew_tables(group->engine, write, &write->fault);
        if (write->code == LEAT_OK) write->code = mention_job(group, write, parts, &part_count, &write->fault);
    }
    struct store_transaction *transaction;
    TRY(store_begin(group->engine->store, parts, part_count, &transaction, fault));
    enum leat_code code = group_evaluate(group, first, transaction, fault);
    if (code != LEAT_OK) {
        store_abort(transaction);
        return code;
    }
    if (group->changes == NULL && !overlay_dirty(&group->overlay)) {
        store_abort(transaction); /* only failed conditions and writes that change nothing: there is nothing to sync */
        return LEAT_OK;
    }
    return store_commit(transaction, fault);
}

static void answer(struct executor_job *first, enum leat_code code, const struct leat_fault *fault) {
    while (first != NULL) {
        struct executor_job *next = first->next;
        struct write_job *job = job_of(first);
        if (code != LEAT_OK) {
            job->code = code;
            fault_copy(&job->fault, fault);
        }
        write_job_answer(job);
        first = next;
    }
}

/* Tells the hooks which tables' streams have grown, each once. */
static void tell_hooks(struct group *group) {
    for (struct group_change *change = group->changes; change != NULL; change = change->next) {
        if (change->table == NULL) continue;
        struct group_change *earlier = group->changes;
        while (earlier != change && (earlier->table == NULL || earlier->table->id != change->table->id)) earlier = earlier->next;
        if (earlier == change) engine_hooks_run(group->engine, change->table->spec.name);
    }
}

static void run_one_by_one(struct engine *engine, struct executor_job *first) {
    while (first != NULL) {
        struct executor_job *next = first->next;
        first->next = NULL;
        group_run(engine, first, 1);
        first = next;
    }
}

void group_run(struct engine *engine, struct executor_job *first, size_t count) {
    struct arena *arena = &engine->executor.group_arena;
    struct group group = {.engine = engine, .arena = arena, .now_ms = engine_now_ms(engine)};
    struct leat_fault fault;
    fault_clear(&fault);
    enum leat_code code;
    for (int run = 0;; run++) {
        arena_reset(arena);
        group.changes = NULL;
        group.last_change = &group.changes;
        code = group_try(&group, first, count, &fault);
        if (code != LEAT_STORE_CONFLICT || run == GROUP_RERUNS_MAX) break;
    }
    if (code == LEAT_STORE_FULL && count > 1) {
        run_one_by_one(engine, first); /* what is too large must not take along what would fit, or makes room */
        return;
    }
    if (code == LEAT_OK) {
        atomic_fetch_add_explicit(&engine->executor.writes, count, memory_order_relaxed);
        atomic_fetch_add_explicit(&engine->executor.groups, 1, memory_order_relaxed);
        tell_hooks(&group);
    }
    answer(first, code, &fault);
}
