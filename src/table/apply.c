#include "table/apply.h"

#include <stdio.h>

#include "base/slice.h"
#include "stream/record.h"
#include "table/capacity.h"
#include "table/counters.h"
#include "table/engine.h"
#include "table/expiry.h"
#include "table/index.h"
#include "table/token.h"
#include "table/write.h"

enum { NEW_ITEM_MAX = 64 * 1024 * 1024 }; /* far over any item, so that its size is what is judged */

static const struct leat_slice ABSENT = {NULL, 0};

/* ---- deciding: what the item would be; changes nothing ---- */

static enum leat_code updated_item(struct group *group, struct write_operation *operation, struct leat_fault *fault) {
    struct leat_slice base = operation->before.data != NULL ? operation->before : operation->key_item;
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
    if (operation->after_size > SCHEMA_ITEM_MAX)
        return fault_set(fault, LEAT_VALIDATION, "Item size to update has exceeded the maximum allowed size");
    return index_check_item(operation->table, operation->after, fault);
}

static enum leat_code decide(struct group *group, struct write_operation *operation, struct leat_fault *fault) {
    operation->before = operation->after = operation->entry->value;
    operation->before_size = operation->after_size = item_size(operation->before);
    if (operation->insert && operation->before.data != NULL)
        return fault_set(fault, LEAT_DUPLICATE_ITEM, "Duplicate primary key exists in table");
    if (operation->condition != NULL && !expr_condition_test(operation->condition, operation->before))
        return fault_set(fault, LEAT_CONDITIONAL_CHECK_FAILED, "The conditional request failed");
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

/* ---- doing ---- */

static bool changes_item(const struct write_operation *operation) {
    if ((operation->before.data == NULL) != (operation->after.data == NULL)) return true;
    return operation->after.data != NULL && !slice_equal(operation->before, operation->after);
}

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

static enum leat_code perform_steps(struct group *group, struct write_operation *operation, struct leat_fault *fault) {
    overlay_set(operation->entry, operation->after);
    TRY(count_item(group, operation, fault));
    TRY(index_change(group->engine, operation->table, operation->part, operation->store_key, operation->before, operation->after,
                     &group->overlay, fault));
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

static void consume(struct write_job *job, const struct write_operation *operation) {
    job->result.capacity[operation->table_slot] +=
        capacity_write(operation->before_size, operation->after_size, job->mode == LEAT_ATOMIC);
}

/* Independent writes. There is one, or they have no conditions: a fault can only be one of the single write, or of resources. */
static enum leat_code apply_each(struct group *group, struct write_job *job) {
    for (size_t i = 0; i < job->count; i++) {
        struct write_operation *operation = &job->operations[i];
        enum leat_code code = decide(group, operation, &job->fault);
        bool unfit = code == LEAT_CONDITIONAL_CHECK_FAILED || code == LEAT_DUPLICATE_ITEM;
        if (code == LEAT_OK || unfit) consume(job, operation);
        if (unfit && operation->return_old_on_failure && operation->before.data != NULL)
            job->result.attributes = arena_copy(&job->memory->arena, operation->before);
        TRY(code);
        TRY(perform(group, operation, &job->fault));
        TRY(return_values(job, operation, &job->fault));
    }
    return LEAT_OK;
}

/* ---- transactions ---- */

static const char *reason_name(enum leat_code code) {
    if (code == LEAT_OK) return "None";
    if (code == LEAT_CONDITIONAL_CHECK_FAILED) return "ConditionalCheckFailed";
    if (code == LEAT_DUPLICATE_ITEM) return "DuplicateItem";
    return code == LEAT_VALIDATION ? "ValidationError" : "InternalServerError";
}

static enum leat_code cancelled(struct write_job *job) {
    struct buf words;
    buf_init(&words, sizeof job->fault.message * 4);
    for (size_t i = 0; i < job->count; i++)
        buf_print(&words, "%s%s", i == 0 ? "" : ", ", reason_name(job->result.reasons[i].code));
    enum leat_code code = fault_set(&job->fault, LEAT_TRANSACTION_CANCELED,
                                    "Transaction cancelled, please refer cancellation reasons for specific reasons [%.*s]",
                                    SLICE_FORMAT(buf_view(&words)));
    buf_fini(&words);
    return code;
}

static enum leat_code decide_all(struct group *group, struct write_job *job, bool *failed) {
    job->result.reasons = ARENA_ARRAY(&job->memory->arena, struct leat_reason, job->count);
    if (job->result.reasons == NULL) return fault_memory(&job->fault);
    job->result.reason_count = job->count;
    for (size_t i = 0; i < job->count; i++) {
        struct write_operation *operation = &job->operations[i];
        struct leat_reason *reason = &job->result.reasons[i];
        struct leat_fault fault;
        fault_clear(&fault);
        reason->code = decide(group, operation, &fault);
        if (reason->code == LEAT_NO_MEMORY) return fault_memory(&job->fault);
        if (reason->code == LEAT_OK) continue;
        *failed = true;
        (void)snprintf(reason->message, sizeof reason->message, "%.*s", (int)sizeof reason->message - 1, fault.message);
        if (reason->code == LEAT_CONDITIONAL_CHECK_FAILED && operation->return_old_on_failure)
            reason->item = arena_copy(&job->memory->arena, operation->before);
    }
    return LEAT_OK;
}

static enum leat_code apply_atomic(struct group *group, struct write_job *job) {
    bool failed = false, done_before = false;
    if (job->token_entry != NULL) {
        TRY(token_check(job->token_entry->value, job->token_hash, group->now_ms, &done_before, &job->fault));
        if (done_before) return LEAT_OK; /* the same request again: it has been done, it answers success */
    }
    TRY(decide_all(group, job, &failed));
    for (size_t i = 0; i < job->count; i++) consume(job, &job->operations[i]);
    if (failed) return cancelled(job);
    job->result.reason_count = 0;
    for (size_t i = 0; i < job->count; i++) TRY(perform(group, &job->operations[i], &job->fault));
    if (job->token_entry == NULL) return LEAT_OK;
    overlay_set(job->token_entry, token_value(job->token_hash, group->now_ms, group->arena));
    return job->token_entry->value.data == NULL ? fault_memory(&job->fault) : LEAT_OK;
}

void apply_job(struct group *group, struct write_job *job) {
    job->result.attributes = ABSENT;
    for (size_t i = 0; i < job->result.capacity_count; i++) job->result.capacity[i] = 0;
    job->code = job->mode == LEAT_ATOMIC ? apply_atomic(group, job) : apply_each(group, job);
}
