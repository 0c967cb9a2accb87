#include "table/apply.h"

#include "base/slice.h"
#include "stream/record.h"
#include "table/charge.h"
#include "table/collections.h"
#include "table/counters.h"
#include "table/engine.h"
#include "table/expiry.h"
#include "table/reasons.h"
#include "table/token.h"
#include "table/write.h"

enum { NEW_ITEM_MAX = 64 * 1024 * 1024 }; /* far over any item, so that its size is what is judged */

static const struct leat_slice ABSENT = {NULL, 0};

/* ---- deciding: what the item would be; changes nothing ---- */

static enum leat_code updated_item(struct group *group, struct write_operation *operation, struct leat_fault *fault) {
    bool missing = operation->before.data == NULL;
    struct leat_slice base = missing ? operation->key_item : operation->before;
    /* API Reference, UpdateItem, AttributeUpdates, DELETE: "Nothing happens; there is no attribute to delete" */
    if (missing && operation->generated && operation->update != NULL && expr_update_only_removes(operation->update)) return LEAT_OK;
    operation->after = base;
    if (operation->update == NULL) {
        operation->after_size = item_size(base);
        return LEAT_OK;
    }
    struct buf item;
    buf_init_in(&item, group->arena, NEW_ITEM_MAX);
    TRY(expr_update_apply(operation->update, base, &item, fault));
    operation->after = buf_keep(&item);
    if (operation->after.data == NULL) return fault_memory(fault);
    operation->after_size = item_size(operation->after);
    if (!index_fits(operation->table, operation->after, operation->after_size))
        return fault_set(fault, LEAT_VALIDATION, "Item size to update has exceeded the maximum allowed size");
    return index_check_update(operation->table, operation->after, operation->update, operation->generated, fault);
}

static enum leat_code condition_failed(struct write_operation *operation, enum leat_code code, const char *words,
                                       struct leat_fault *fault) {
    operation->after_size = operation->item_size; /* what a put would have written counts for its costs */
    return fault_set(fault, code, "%s", words);
}

static enum leat_code decide_item(struct group *group, struct write_operation *operation, struct leat_fault *fault) {
    operation->before = operation->after = operation->entry->value;
    operation->before_size = operation->after_size = item_size(operation->before);
    if (operation->insert && operation->before.data != NULL)
        return condition_failed(operation, LEAT_DUPLICATE_ITEM, "Duplicate primary key exists in table", fault);
    if (operation->condition != NULL && !expr_condition_test(operation->condition, operation->before))
        return condition_failed(operation, LEAT_CONDITIONAL_CHECK_FAILED, "The conditional request failed", fault);
    switch (operation->kind) {
    case LEAT_PUT:
        operation->after = operation->item;
        operation->after_size = operation->item_size;
        return LEAT_OK;
    case LEAT_DELETE:
        if (operation->expire && !expiry_due(operation->table, operation->before, group->now_ms)) return LEAT_OK;
        operation->after = ABSENT;
        operation->after_size = 0;
        return LEAT_OK;
    case LEAT_UPDATE: return updated_item(group, operation, fault);
    case LEAT_CHECK: return LEAT_OK;
    }
    return fault_set(fault, LEAT_INTERNAL, "a write of no known kind");
}

static bool changes_item(const struct write_operation *operation) {
    if ((operation->before.data == NULL) != (operation->after.data == NULL)) return true;
    return operation->after.data != NULL && !slice_equal(operation->before, operation->after);
}

/* What that means for indexes and for the collection. A collection that is too large may still shrink. DynamoDB Developer Guide, "Item
 * collection size limit". pending: growth that operations of the same transaction have been allowed. */
static enum leat_code decide(struct group *group, struct write_operation *operation, int64_t pending, struct leat_fault *fault) {
    operation->changes.count = 0;
    operation->growth = 0;
    TRY(decide_item(group, operation, fault));
    const struct table *table = operation->table;
    if (table->index_count == 0 || operation->kind == LEAT_CHECK || !changes_item(operation)) return LEAT_OK;
    const struct index_images images = {operation->before, operation->after, operation->before_size, operation->after_size};
    TRY(index_plan(table, &images, group->arena, &operation->changes, fault));
    if (operation->collection == NULL || !collections_passed(group->engine, table, operation->part, operation->store_key)) return LEAT_OK;
    operation->growth = collections_growth(&images, &operation->changes);
    int64_t bytes = (int64_t)collections_decode(operation->collection->value) + pending + operation->growth;
    if (operation->growth <= 0 || bytes <= (int64_t)group->engine->collection_bytes_max) return LEAT_OK;
    return fault_set(fault, LEAT_ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED, "Collection size exceeded.");
}

/* ---- doing ---- */

static enum leat_code append_record(struct group *group, const struct write_operation *operation, enum leat_view view,
                                    const struct table *table, store_part part, struct leat_fault *fault) {
    struct stream_change change = {.event = operation->before.data == NULL  ? LEAT_INSERT
                                            : operation->after.data == NULL ? LEAT_REMOVE
                                                                            : LEAT_MODIFY,
                                   .expired = operation->expire,
                                   .view = view,
                                   .created_ms = group->now_ms,
                                   .keys = operation->key_item,
                                   .new_image = operation->after,
                                   .old_image = operation->before};
    struct group_change *entry = arena_alloc(group->arena, sizeof *entry);
    if (entry == NULL) return fault_memory(fault);
    struct buf record;
    buf_init_in(&record, group->arena, STORE_VALUE_MAX);
    stream_record_encode(&record, &change);
    *entry = (struct group_change){.table = table, .part = part, .record = buf_keep(&record)};
    if (entry->record.data == NULL) return fault_memory(fault);
    *group->last_change = entry;
    group->last_change = &entry->next;
    return LEAT_OK;
}

/* In the table's stream, and in its history. */
static enum leat_code record_change(struct group *group, const struct write_operation *operation, struct leat_fault *fault) {
    const struct table *table = operation->table;
    const struct stream *stream = stream_set_current(&table->streams);
    if (stream != NULL) TRY(append_record(group, operation, stream->view, table, operation->part, fault));
    if (table->history_id == 0) return LEAT_OK;
    return append_record(group, operation, LEAT_OLD_IMAGE, NULL, history_part(table, (uint16_t)(operation->part & 0xFFFF)), fault);
}

static enum leat_code count_item(struct group *group, struct write_operation *operation, struct leat_fault *fault) {
    struct counters counters = counters_decode(operation->counters->value);
    counters.items += (uint64_t)(operation->after.data != NULL) - (uint64_t)(operation->before.data != NULL);
    counters.bytes += (uint64_t)operation->after_size - (uint64_t)operation->before_size;
    overlay_set(operation->counters, counters_encode(counters, group->arena));
    return operation->counters->value.data == NULL ? fault_memory(fault) : LEAT_OK;
}

static enum leat_code count_collection(struct group *group, struct write_operation *operation, struct leat_fault *fault) {
    if (operation->collection == NULL || operation->growth == 0) return LEAT_OK;
    int64_t bytes = (int64_t)collections_decode(operation->collection->value) + operation->growth;
    return collections_set(operation->collection, bytes > 0 ? (uint64_t)bytes : 0, group->arena, fault);
}

static enum leat_code perform_steps(struct group *group, struct write_operation *operation, struct leat_fault *fault) {
    overlay_set(operation->entry, operation->after);
    TRY(count_item(group, operation, fault));
    TRY(count_collection(group, operation, fault));
    TRY(index_perform(group->engine, operation->table, &operation->changes, operation->part, operation->store_key, &group->overlay, fault));
    TRY(expiry_change(operation->table, operation->part, operation->store_key, operation->before, operation->after,
                      &group->overlay, fault));
    return record_change(group, operation, fault);
}

static enum leat_code perform(struct group *group, struct write_operation *operation, struct leat_fault *fault) {
    if (operation->kind == LEAT_CHECK || !changes_item(operation)) return LEAT_OK;
    group->broken = perform_steps(group, operation, fault);
    return group->broken;
}

/* ---- answering ---- */

static enum leat_code return_part(struct write_job *job, const struct write_operation *operation, struct leat_slice item,
                                  struct leat_fault *fault) {
    struct buf part;
    if (item.data == NULL || operation->update == NULL) return LEAT_OK;
    buf_init_in(&part, &job->memory->arena, NEW_ITEM_MAX);
    TRY(expr_update_part(operation->update, item, &part, fault));
    if (buf_ok(&part) && part.size == 0) return LEAT_OK;
    job->result.attributes = buf_keep(&part);
    return job->result.attributes.data == NULL ? fault_memory(fault) : LEAT_OK;
}

static enum leat_code return_values(struct write_job *job, const struct write_operation *operation, struct leat_fault *fault) {
    struct leat_slice whole = ABSENT;
    switch (operation->returns) {
    case LEAT_RETURN_NONE: return LEAT_OK;
    case LEAT_RETURN_UPDATED_OLD: return return_part(job, operation, operation->before, fault);
    case LEAT_RETURN_UPDATED_NEW: return return_part(job, operation, operation->after, fault);
    case LEAT_RETURN_ALL_OLD: whole = operation->before; break;
    case LEAT_RETURN_ALL_NEW: whole = operation->after; break;
    }
    if (whole.data == NULL) return LEAT_OK;
    job->result.attributes = arena_copy(&job->memory->arena, whole);
    return job->result.attributes.data == NULL ? fault_memory(fault) : LEAT_OK;
}

static bool reported_before(const struct write_job *job, size_t i) {
    for (size_t k = 0; k < i; k++)
        if (job->operations[k].kind != LEAT_CHECK && job->operations[k].collection == job->operations[i].collection) return true;
    return false;
}

/* The collections that were written to, each once. */
static enum leat_code report_collections(struct write_job *job) {
    struct leat_result *result = &job->result;
    struct arena *arena = &job->memory->arena;
    for (size_t i = 0; i < job->count; i++) {
        const struct write_operation *operation = &job->operations[i];
        bool skipped = result->unprocessed != NULL && result->unprocessed[i];
        if (operation->collection == NULL || operation->kind == LEAT_CHECK || skipped || reported_before(job, i)) continue;
        if (result->collections == NULL) result->collections = ARENA_ARRAY(arena, struct leat_collection, job->count);
        const struct schema partition = {.partition = operation->table->keys.partition};
        struct schema_key key = schema_key_of(&partition, operation->key_item);
        struct buf item;
        buf_init_in(&item, arena, NEW_ITEM_MAX);
        schema_put_key_item(&partition, &key, &item);
        struct leat_slice kept = buf_keep(&item);
        if (result->collections == NULL || kept.data == NULL) return fault_memory(&job->fault);
        result->collections[result->collection_count++] =
            (struct leat_collection){operation->table_slot, kept, collections_decode(operation->collection->value)};
    }
    return LEAT_OK;
}

/* ---- independent writes ---- */

static enum leat_code apply_one(struct group *group, struct write_job *job, struct write_operation *operation) {
    enum leat_code code = decide(group, operation, 0, &job->fault);
    bool unfit = code == LEAT_CONDITIONAL_CHECK_FAILED || code == LEAT_DUPLICATE_ITEM;
    if (code == LEAT_OK || unfit) {
        TRY(charge_take(group, operation, &job->fault));
        TRY(charge_report(job, operation, &job->fault));
    }
    if (unfit && operation->return_old_on_failure && operation->before.data != NULL)
        job->result.attributes = arena_copy(&job->memory->arena, operation->before);
    TRY(code);
    TRY(perform(group, operation, &job->fault));
    return return_values(job, operation, &job->fault);
}

/* There is one, or they have no conditions: a fault is one of the single write, or of resources, or comes after those of a batch that
 * are done. API Reference, BatchWriteItem: those for which there is no throughput are left out, unless none is left. */
static enum leat_code apply_each(struct group *group, struct write_job *job) {
    size_t left_out = 0;
    for (size_t i = 0; i < job->count; i++) {
        enum leat_code code = apply_one(group, job, &job->operations[i]);
        if (code == LEAT_PROVISIONED_THROUGHPUT_EXCEEDED && ++left_out < job->count) {
            if (job->result.unprocessed == NULL) job->result.unprocessed = ARENA_ARRAY(&job->memory->arena, bool, job->count);
            if (job->result.unprocessed == NULL) return fault_memory(&job->fault);
            job->result.unprocessed[i] = true;
            continue;
        }
        TRY(code);
    }
    if (left_out > 0) fault_clear(&job->fault);
    return report_collections(job);
}

/* ---- transactions ---- */

/* Growth of the same collection by operations before this one. */
static int64_t pending_growth(const struct write_job *job, size_t i) {
    int64_t growth = 0;
    for (size_t k = 0; k < i && job->operations[i].collection != NULL; k++)
        if (job->operations[k].collection == job->operations[i].collection) growth += job->operations[k].growth;
    return growth;
}

static enum leat_code decide_one(struct group *group, struct write_job *job, size_t i, bool *throttled) {
    struct write_operation *operation = &job->operations[i];
    struct leat_reason *reason = &job->result.reasons[i];
    struct leat_fault fault;
    fault_clear(&fault);
    enum leat_code code = decide(group, operation, pending_growth(job, i), &fault);
    if (code == LEAT_NO_MEMORY) return fault_memory(&job->fault);
    if (code == LEAT_CONDITIONAL_CHECK_FAILED && operation->return_old_on_failure)
        reason->item = arena_copy(&job->memory->arena, operation->before);
    if (code == LEAT_OK) code = charge_look(group, operation, &fault);
    *throttled |= code == LEAT_PROVISIONED_THROUGHPUT_EXCEEDED;
    if (code != LEAT_OK) reasons_set(reason, code, &fault);
    return LEAT_OK;
}

static enum leat_code decide_all(struct group *group, struct write_job *job, bool *failed) {
    bool throttled = false;
    job->result.reasons = ARENA_ARRAY(&job->memory->arena, struct leat_reason, job->count);
    if (job->result.reasons == NULL) return fault_memory(&job->fault);
    job->result.reason_count = job->count;
    for (size_t i = 0; i < job->count; i++) {
        TRY(decide_one(group, job, i, &throttled));
        *failed |= job->result.reasons[i].code != LEAT_OK;
    }
    for (size_t i = 0; i < job->count && !throttled; i++) {
        charge_owe(group, &job->operations[i]);
        TRY(charge_report(job, &job->operations[i], &job->fault));
    }
    return LEAT_OK;
}

/* The same request again: it has been done, it answers success and costs a read of what was written. */
static void charge_again(struct write_job *job) {
    bool known = job->result.capacity_count > 0 && token_units(job->token_entry->value, 0) > 0;
    for (size_t i = 0; i < job->result.capacity_count && known; i++)
        job->result.capacity[i].units = token_units(job->token_entry->value, i);
    for (size_t i = 0; i < job->count && !known; i++) {
        struct write_operation *operation = &job->operations[i];
        operation->before_size = operation->after_size = item_size(operation->entry->value);
        job->result.capacity[operation->table_slot].units += charge_replay(operation);
    }
}

static enum leat_code remember_token(struct group *group, struct write_job *job) {
    uint32_t units[WRITE_OPERATIONS_MAX] = {0}; /* there are no more tables than operations */
    for (size_t i = 0; i < job->count; i++) units[job->operations[i].table_slot] += (uint32_t)charge_replay(&job->operations[i]);
    overlay_set(job->token_entry, token_value(job->token_hash, group->now_ms, units, job->result.capacity_count, group->arena));
    return job->token_entry->value.data == NULL ? fault_memory(&job->fault) : LEAT_OK;
}

static enum leat_code apply_atomic(struct group *group, struct write_job *job) {
    bool failed = false, done_before = false;
    if (job->token_entry != NULL) {
        TRY(token_check(job->token_entry->value, job->token_hash, group->now_ms, &done_before, &job->fault));
        if (done_before) {
            charge_again(job);
            return report_collections(job);
        }
    }
    TRY(decide_all(group, job, &failed));
    if (failed) return reasons_cancel(job->result.reasons, job->count, &job->fault);
    job->result.reason_count = 0;
    for (size_t i = 0; i < job->count; i++) TRY(perform(group, &job->operations[i], &job->fault));
    TRY(report_collections(job));
    return job->token_entry == NULL ? LEAT_OK : remember_token(group, job);
}

void apply_job(struct group *group, struct write_job *job) {
    struct leat_result *result = &job->result;
    result->attributes = ABSENT;
    result->collections = NULL;
    result->collection_count = 0;
    result->unprocessed = NULL;
    for (size_t i = 0; i < result->capacity_count; i++) result->capacity[i] = (struct leat_capacity){0};
    job->code = job->mode == LEAT_ATOMIC ? apply_atomic(group, job) : apply_each(group, job);
}
