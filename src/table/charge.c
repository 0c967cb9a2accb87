#include "table/charge.h"

#include "base/slice.h"
#include "table/capacity.h"
#include "table/engine.h"
#include "table/throttle.h"

/* ---- throttling ---- */

struct demands { struct throttle_demand at[THROTTLE_DEMANDS_MAX]; size_t count; };

static bool throttles(const struct engine *engine, const struct table *table) {
    return engine->throttle != NULL && table->spec.billing == LEAT_PROVISIONED && table_ready(table) &&
           !slice_starts(table->spec.name, SLICE("leat:"));
}

/* API Reference, TransactionCanceledException, has both texts. The table's demand is always the first. */
static enum leat_code exceeded(const struct demands *demands, size_t empty, const struct table *table, struct leat_fault *fault) {
    if (empty == demands->count) return LEAT_OK;
    if (demands->at[empty].id == table->id)
        return fault_set(fault, LEAT_PROVISIONED_THROUGHPUT_EXCEEDED,
                         "The level of configured provisioned throughput for the table was exceeded. Consider increasing your "
                         "provisioning level with the UpdateTable API.");
    return fault_set(fault, LEAT_PROVISIONED_THROUGHPUT_EXCEEDED,
                     "The level of configured provisioned throughput for one or more global secondary indexes of the table was "
                     "exceeded. Consider increasing your provisioning level for the under-provisioned global secondary indexes with "
                     "the UpdateTable API");
}

static void demand(struct demands *demands, uint32_t id, int64_t rate, double units) {
    if (units > 0 && demands->count < THROTTLE_DEMANDS_MAX) demands->at[demands->count++] = (struct throttle_demand){id, rate, units};
}

/* ---- writes ---- */

static double own_units(const struct write_operation *operation, bool transactional) {
    return capacity_write(operation->before_size, operation->after_size, transactional);
}

/* Local indexes take from the table's units. */
static void demand_write(const struct write_operation *operation, bool transactional, struct demands *out) {
    const struct leat_table *spec = &operation->table->spec;
    double units = own_units(operation, transactional);
    for (size_t i = 0; i < operation->changes.count; i++) {
        const struct index_change *change = &operation->changes.at[i];
        if (change->index->spec->local) units += index_units(change);
    }
    out->count = 0;
    demand(out, operation->table->id, spec->write_units, units);
    for (size_t i = 0; i < operation->changes.count; i++) {
        const struct index_change *change = &operation->changes.at[i];
        if (!change->index->spec->local) demand(out, change->index->id, change->index->spec->write_units, index_units(change));
    }
}

enum leat_code charge_take(struct group *group, const struct write_operation *operation, struct leat_fault *fault) {
    struct demands demands;
    if (!throttles(group->engine, operation->table) || operation->expire) return LEAT_OK;
    demand_write(operation, false, &demands);
    size_t empty = throttle_take(group->engine->throttle, THROTTLE_WRITE, demands.at, demands.count, group->now_ms);
    return exceeded(&demands, empty, operation->table, fault);
}

enum leat_code charge_look(struct group *group, const struct write_operation *operation, struct leat_fault *fault) {
    struct demands demands;
    if (!throttles(group->engine, operation->table)) return LEAT_OK;
    demand_write(operation, true, &demands);
    size_t empty = throttle_look(group->engine->throttle, THROTTLE_WRITE, demands.at, demands.count, group->now_ms);
    return exceeded(&demands, empty, operation->table, fault);
}

void charge_owe(struct group *group, const struct write_operation *operation) {
    struct demands demands;
    if (!throttles(group->engine, operation->table)) return;
    demand_write(operation, true, &demands);
    throttle_owe(group->engine->throttle, THROTTLE_WRITE, demands.at, demands.count, group->now_ms);
}

enum leat_code charge_report(struct write_job *job, const struct write_operation *operation, struct leat_fault *fault) {
    if (operation->expire) return LEAT_OK;
    struct leat_capacity *capacity = &job->result.capacity[operation->table_slot];
    capacity->write = true;
    capacity->units += own_units(operation, job->mode == LEAT_ATOMIC);
    for (size_t i = 0; i < operation->changes.count; i++) {
        const struct index_change *change = &operation->changes.at[i];
        TRY(capacity_add_index(capacity, change->index->spec, index_units(change), operation->table->index_count,
                               &job->memory->arena, fault));
    }
    return LEAT_OK;
}

double charge_replay(const struct write_operation *operation) {
    bool grew = operation->after_size > operation->before_size;
    return capacity_read(grew ? operation->after_size : operation->before_size, true, true);
}

/* ---- reads ---- */

enum leat_code charge_read(struct engine *engine, const struct charge_reading *reading, struct leat_fault *fault) {
    const struct table *table = reading->table;
    if (!throttles(engine, table)) return LEAT_OK;
    struct demands demands = {.count = 0};
    bool local = reading->index != NULL && reading->index->spec->local;
    demand(&demands, table->id, table->spec.read_units, reading->table_units + (local ? reading->index_units : 0));
    if (reading->index != NULL && !local)
        demand(&demands, reading->index->id, reading->index->spec->read_units, reading->index_units);
    size_t empty = throttle_take(engine->throttle, THROTTLE_READ, demands.at, demands.count, engine_now_ms(engine));
    return exceeded(&demands, empty, table, fault);
}
