#include "base/slice.h"
#include "expr/expr.h"
#include "table/capacity.h"
#include "table/charge.h"
#include "table/read.h"
#include "table/reasons.h"
#include "table/scalars.h"
#include "table/write.h"

enum { PROJECTED_MAX = 4 * 1024 * 1024 };

struct get_one {
    struct table *table; /* a reference */
    const struct expr_projection *projection;
    size_t slot;         /* of capacity */
};

static enum leat_code get_parse(const struct leat_get *get, struct get_one *one, struct arena *arena, struct leat_fault *fault) {
    const struct leat_slice no_values = {NULL, 0};
    struct expr_environment environment;
    if (get->projection.data == NULL) return expr_environment_unneeded(get->names, no_values, "ProjectionExpression is null", fault);
    TRY(expr_environment_init(&environment, arena, get->names, no_values, fault));
    environment.generated = get->generated;
    TRY(expr_projection_parse(&environment, get->projection, &one->projection, fault));
    return expr_environment_finish(&environment, true, fault);
}

static enum leat_code project(const struct expr_projection *projection, struct arena *arena, struct leat_slice *item,
                              struct leat_fault *fault) {
    if (projection == NULL || item->data == NULL) return LEAT_OK;
    struct buf out;
    buf_init_in(&out, arena, PROJECTED_MAX);
    TRY(expr_projection_apply(projection, *item, &out, fault));
    *item = buf_keep(&out);
    return item->data == NULL ? fault_memory(fault) : LEAT_OK;
}

struct getting {
    struct engine *engine;
    const struct leat_get *gets;
    struct get_one *ones;
    size_t count;
    enum leat_mode mode;
    struct leat_result *result;
    struct leat_fault *fault;
};

/* ---- where they are ---- */

static enum leat_code locate(const struct getting *self, size_t i, struct store_key *where, struct leat_fault *fault) {
    struct schema_key key;
    const struct table *table = self->ones[i].table;
    TRY(schema_check_key(&table->keys, self->gets[i].key, &key, fault));
    return write_locate(table, &key, &self->result->memory->arena, &where->part, &where->key, fault);
}

/* A key that does not fit its table cancels a transaction; whatever else is wrong fails the request. */
static enum leat_code locate_all(const struct getting *self, struct store_key *keys) {
    struct leat_result *result = self->result;
    bool atomic = self->mode == LEAT_ATOMIC, wrong = false;
    if (atomic) {
        result->reasons = ARENA_ARRAY(&result->memory->arena, struct leat_reason, self->count);
        if (result->reasons == NULL) return fault_memory(self->fault);
        result->reason_count = self->count;
    }
    for (size_t i = 0; i < self->count; i++) {
        struct leat_fault own;
        fault_clear(&own);
        enum leat_code code = locate(self, i, &keys[i], &own);
        if (code == LEAT_OK) continue;
        if (!atomic || code != LEAT_VALIDATION) {
            if (self->fault != NULL) fault_copy(self->fault, &own);
            return code;
        }
        reasons_set(&result->reasons[i], code, &own);
        wrong = true;
    }
    return wrong ? reasons_cancel(result->reasons, result->reason_count, self->fault) : LEAT_OK;
}

static void number_tables(struct getting *self) {
    for (size_t i = 0; i < self->count; i++) {
        size_t earlier = 0;
        while (earlier < i && self->ones[earlier].table->id != self->ones[i].table->id) earlier++;
        self->ones[i].slot = earlier < i ? self->ones[earlier].slot : self->result->capacity_count++;
    }
}

/* ---- what may be answered ---- */

static enum leat_code leave_out(const struct getting *self, size_t i) {
    struct leat_result *result = self->result;
    if (result->unprocessed == NULL) result->unprocessed = ARENA_ARRAY(&result->memory->arena, bool, self->count);
    if (result->unprocessed == NULL) return fault_memory(self->fault);
    result->unprocessed[i] = true;
    result->items[i] = (struct leat_slice){NULL, 0};
    return LEAT_OK;
}

static size_t size_of(struct leat_slice item) { return item.data == NULL ? 0 : item_size(item); }

/* item_bytes: of the whole item, whatever of it is answered */
static enum leat_code charge(const struct getting *self, size_t i, size_t item_bytes, struct leat_fault *fault) {
    const struct get_one *one = &self->ones[i];
    double units = capacity_read(item_bytes, self->gets[i].consistent, self->mode == LEAT_ATOMIC);
    TRY(charge_read(self->engine, &(struct charge_reading){.table = one->table, .table_units = units}, fault));
    self->result->capacity[one->slot].units += units;
    return LEAT_OK;
}

/* API Reference, BatchGetItem: what there is no throughput for, or what would make the answer too large, is left out, unless nothing is
 * left. */
static enum leat_code answer_each(const struct getting *self) {
    struct leat_slice *items = self->result->items;
    size_t bytes = 0, throttled = 0;
    for (size_t i = 0; i < self->count; i++) {
        const struct expr_projection *projection = self->ones[i].projection;
        size_t whole = size_of(items[i]);
        TRY(project(projection, &self->result->memory->arena, &items[i], self->fault));
        size_t answered = projection == NULL ? whole : size_of(items[i]);
        bytes += answered;
        enum leat_code code = bytes > READ_ANSWER_BYTES_MAX ? LEAT_LIMIT_EXCEEDED : charge(self, i, whole, self->fault);
        if (code == LEAT_OK) continue;
        if (code == LEAT_PROVISIONED_THROUGHPUT_EXCEEDED && ++throttled == self->count) return code;
        if (code != LEAT_LIMIT_EXCEEDED) bytes -= answered;
        TRY(leave_out(self, i));
    }
    return LEAT_OK;
}

static enum leat_code answer_all(const struct getting *self) {
    struct leat_result *result = self->result;
    bool throttled = false;
    for (size_t i = 0; i < self->count; i++) {
        struct leat_fault own;
        fault_clear(&own);
        enum leat_code code = charge(self, i, size_of(result->items[i]), &own);
        if (code != LEAT_OK) reasons_set(&result->reasons[i], code, &own);
        throttled |= code != LEAT_OK;
        TRY(project(self->ones[i].projection, &result->memory->arena, &result->items[i], self->fault));
    }
    if (throttled) return reasons_cancel(result->reasons, result->reason_count, self->fault);
    result->reason_count = 0;
    return LEAT_OK;
}

static enum leat_code get_all(struct getting *self) {
    struct leat_result *result = self->result;
    struct arena *arena = &result->memory->arena;
    struct store_key *keys = ARENA_ARRAY(arena, struct store_key, self->count);
    result->items = ARENA_ARRAY(arena, struct leat_slice, self->count);
    result->capacity = ARENA_ARRAY(arena, struct leat_capacity, self->count);
    if (keys == NULL || result->items == NULL || result->capacity == NULL) return fault_memory(self->fault);
    /* what is wrong with the request by itself comes before what tables say of it, and that before what they say of keys */
    for (size_t i = 0; i < self->count; i++) TRY(get_parse(&self->gets[i], &self->ones[i], arena, self->fault));
    for (size_t i = 0; i < self->count; i++)
        TRY(catalogue_need(&self->engine->catalogue, self->gets[i].table, &self->ones[i].table, self->fault));
    for (size_t i = 0; i < self->count; i++)
        TRY(scalars_check(self->ones[i].table, &(struct scalars){.projection = self->ones[i].projection}, self->fault));
    TRY(locate_all(self, keys));
    number_tables(self);
    TRY(store_get(self->engine->store, keys, self->count, arena, result->items, self->fault));
    result->count = self->count;
    return self->mode == LEAT_ATOMIC ? answer_all(self) : answer_each(self);
}

enum leat_code read_get_many(struct engine *engine, const struct leat_get *gets, size_t count, enum leat_mode mode,
                             struct leat_result *result, struct leat_fault *fault) {
    *result = (struct leat_result){.memory = NULL};
    if (count == 0 || count > READ_GETS_MAX)
        return fault_set(fault, LEAT_VALIDATION, "a request has 1 to %d keys, not %zu", READ_GETS_MAX, count);
    result->memory = table_memory_new(0);
    if (result->memory == NULL) return fault_memory(fault);
    struct get_one *ones = ARENA_ARRAY(&result->memory->arena, struct get_one, count);
    if (ones == NULL) return fault_memory(fault);
    struct getting getting = {engine, gets, ones, count, mode, result, fault};
    enum leat_code code = get_all(&getting);
    for (size_t i = 0; i < count; i++) table_release(ones[i].table);
    return code;
}
