#include "table/history.h"

#include "base/slice.h"
#include "stream/record.h"
#include "table/change.h"
#include "table/memory.h"
#include "table/trim.h"
#include "table/work.h"

enum { DAY_MS = 24 * 60 * 60 * 1000 };

uint64_t history_from_ms(const struct table *table, uint64_t now_ms) {
    uint64_t kept_ms = (uint64_t)table->spec.recovery_days * DAY_MS;
    if (table->spec.recovery_days == 0) return 0;
    uint64_t from_ms = now_ms > kept_ms ? now_ms - kept_ms : 0;
    return from_ms > table->recovery_since_ms ? from_ms : table->recovery_since_ms;
}

enum leat_code history_set(struct engine *engine, struct table *table, uint32_t days, struct change *change, struct leat_fault *fault) {
    if (days > HISTORY_DAYS_MAX)
        return fault_set(fault, LEAT_VALIDATION, "RecoveryPeriodInDays must be from 1 to %d", HISTORY_DAYS_MAX);
    if (days > 0 && table->spec.recovery_days == 0) table->recovery_since_ms = engine_now_ms(engine);
    table->spec.recovery_days = days;
    if (days > 0 && table->history_id == 0) table->history_id = engine->catalogue.next_id++;
    if (days > 0) return LEAT_OK;
    table->recovery_since_ms = 0;
    history_release(engine, table, NULL, change);
    return LEAT_OK;
}

static bool copied(const struct engine *engine, uint32_t table_id, const struct work *except) {
    for (const struct work *work = engine->works; work != NULL; work = work->next)
        if (work != except && work->source != NULL && work->source->id == table_id) return true;
    return false;
}

void history_release(struct engine *engine, struct table *table, const struct work *except, struct change *change) {
    if (table->history_id == 0 || table->spec.recovery_days > 0 || copied(engine, table->id, except)) return;
    change_drop(change, table->history_id, table->part_count);
    table->history_id = 0;
}

/* ---- times ---- */

struct first_time { uint64_t created_ms; bool any; };

static bool first_record(void *context, store_sequence sequence, struct leat_slice record) {
    struct first_time *first = context;
    (void)sequence;
    *first = (struct first_time){stream_record_created_ms(record), true};
    return false;
}

/* Records are in the order of their times, as far as the clock is: a search by halves. */
static enum leat_code cut_at(struct engine *engine, store_part part, const struct store_head *head, uint64_t at_ms,
                             store_sequence *cut, struct leat_fault *fault) {
    store_sequence low = head->first - 1, high = head->next - 1; /* the cut is in low..high */
    while (low < high) {
        store_sequence middle = low + (high - low) / 2;
        struct first_time first = {0, false};
        TRY(store_log(engine->store, part, middle, first_record, &first, fault));
        if (first.any && first.created_ms <= at_ms) low = middle + 1;
        else high = middle;
    }
    *cut = low;
    return LEAT_OK;
}

enum leat_code history_cuts(struct engine *engine, const struct table *table, uint64_t at_ms, struct arena *arena, store_sequence **cuts,
                            struct leat_fault *fault) {
    *cuts = ARENA_ARRAY(arena, store_sequence, table->part_count);
    if (*cuts == NULL) return fault_memory(fault);
    for (uint16_t i = 0; i < table->part_count; i++) {
        store_part part = history_part(table, i);
        struct store_head head;
        TRY(store_heads(engine->store, &part, 1, &head, fault));
        (*cuts)[i] = head.next - 1;
        if (at_ms != 0) TRY(cut_at(engine, part, &head, at_ms, &(*cuts)[i], fault));
    }
    return LEAT_OK;
}

enum leat_code history_check(struct engine *engine, const struct table *table, uint64_t at_ms, struct leat_fault *fault) {
    uint64_t now_ms = engine_now_ms(engine);
    if (table->spec.recovery_days == 0)
        return fault_set(fault, LEAT_POINT_IN_TIME_RECOVERY_UNAVAILABLE, "Point in time recovery is not enabled for table '%.*s'",
                         SLICE_FORMAT(table->spec.name));
    if (at_ms >= history_from_ms(table, now_ms) && at_ms <= now_ms) return LEAT_OK;
    return fault_set(fault, LEAT_INVALID_RESTORE_TIME,
                     "The specified restore time is not within the point in time recovery window of the table");
}

/* ---- reading ---- */

enum { READ_RECORDS_MAX = 1000, READ_BYTES_MAX = 1024 * 1024 };

struct reading { struct leat_result *result; store_sequence upto, last; size_t bytes; enum leat_code code; };

static bool read_record(void *context, store_sequence sequence, struct leat_slice record) {
    struct reading *reading = context;
    struct leat_result *result = reading->result;
    if (sequence > reading->upto || result->record_count == READ_RECORDS_MAX || reading->bytes >= READ_BYTES_MAX) return false;
    struct leat_slice own = arena_copy(&result->memory->arena, record);
    if (own.data == NULL) reading->code = LEAT_NO_MEMORY;
    else if (!stream_record_decode(own, &result->records[result->record_count])) reading->code = LEAT_STORE_CORRUPT;
    if (reading->code != LEAT_OK) return false;
    result->record_count++;
    reading->bytes += record.size;
    reading->last = sequence;
    return true;
}

/* What there is of one partition. */
static enum leat_code read_part(struct engine *engine, const struct table *table, struct leat_history_read *read,
                                struct leat_result *result, struct leat_fault *fault) {
    const store_part part = history_part(table, (uint16_t)read->part);
    struct store_head head;
    store_sequence first, upto;
    TRY(store_heads(engine->store, &part, 1, &head, fault));
    TRY(cut_at(engine, part, &head, read->from_ms, &first, fault));
    TRY(cut_at(engine, part, &head, read->to_ms, &upto, fault));
    struct reading reading = {.result = result, .upto = upto, .last = read->after > first ? read->after : first};
    if (reading.last < upto) TRY(store_log(engine->store, part, reading.last, read_record, &reading, fault));
    if (reading.code != LEAT_OK) return fault_set(fault, reading.code, "the history of a table cannot be read");
    read->after = reading.last;
    if (reading.last < upto) return LEAT_OK;
    read->part++;
    read->after = 0;
    return LEAT_OK;
}

static enum leat_code read_some(struct engine *engine, struct leat_history_read *read, struct leat_result *result,
                                struct leat_fault *fault) {
    struct table *table;
    TRY(catalogue_need(&engine->catalogue, read->table, &table, fault));
    enum leat_code code = history_check(engine, table, read->from_ms, fault);
    while (code == LEAT_OK && read->part < table->part_count && result->record_count == 0)
        code = read_part(engine, table, read, result, fault);
    read->end = read->part >= table->part_count;
    table_release(table);
    return code;
}

enum leat_code history_read(struct engine *engine, struct leat_history_read *read, struct leat_result *result, struct leat_fault *fault) {
    *result = (struct leat_result){.memory = table_memory_new(0)};
    if (result->memory == NULL) return fault_memory(fault);
    result->records = ARENA_ARRAY(&result->memory->arena, struct leat_record, READ_RECORDS_MAX);
    return result->records == NULL ? fault_memory(fault) : read_some(engine, read, result, fault);
}

/* ---- trimming ---- */

enum leat_code history_trim(struct engine *engine, const struct table *table, uint64_t now_ms, bool *more, struct leat_fault *fault) {
    if (table->spec.recovery_days == 0 || works_read(engine, table->history_id)) return LEAT_OK;
    for (uint16_t i = 0; i < table->part_count; i++)
        TRY(trim_log(engine, history_part(table, i), history_from_ms(table, now_ms), more, fault));
    return LEAT_OK;
}
