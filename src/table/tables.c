#include "table/tables.h"

#include "base/random.h"
#include "base/slice.h"
#include "table/change.h"
#include "table/expiry.h"
#include "table/history.h"
#include "table/index.h"
#include "table/indexes.h"
#include "table/states.h"

enum {
    RECORD_MAX = 4 * 1024 * 1024, UNITS_WRITE_A_PART = 1000, UNITS_READ_A_PART = 3000, PARTS_ON_DEMAND = 4
};

static uint16_t parts_for(int64_t read_units, int64_t write_units) {
    int64_t parts = (write_units + UNITS_WRITE_A_PART - 1) / UNITS_WRITE_A_PART;
    int64_t reads = (read_units + UNITS_READ_A_PART - 1) / UNITS_READ_A_PART;
    if (reads > parts) parts = reads;
    if (parts < 1) parts = 1;
    return (uint16_t)(parts > CATALOGUE_PARTS_MAX ? CATALOGUE_PARTS_MAX : parts);
}

uint16_t tables_parts(const struct leat_table *spec) {
    if (slice_starts(spec->name, SLICE("leat:"))) return 1;
    uint16_t parts = spec->billing == LEAT_PAY_PER_REQUEST ? PARTS_ON_DEMAND : parts_for(spec->read_units, spec->write_units);
    uint16_t warm = parts_for(spec->warm_read_units, spec->warm_write_units);
    return warm > parts ? warm : parts;
}

/* ---- creating ---- */

struct create { const struct leat_table *spec; struct table *made; };

static enum leat_code number_indexes(struct engine *engine, struct table *table, enum leat_status status, struct leat_fault *fault) {
    size_t count = table->spec.index_count;
    struct leat_index *specs = ARENA_ARRAY(&table->arena, struct leat_index, count);
    table->indexes = ARENA_ARRAY(&table->arena, struct table_index, count);
    if (table->indexes == NULL || specs == NULL) return fault_memory(fault);
    table->index_count = count;
    uint8_t locals = 0;
    for (size_t i = 0; i < count; i++) {
        specs[i] = table->spec.indexes[i];
        specs[i].status = status;
        table->indexes[i].spec = &specs[i];
        if (specs[i].local) table->indexes[i].space = (uint8_t)(SCHEMA_SPACE_LOCAL + locals++);
        else table->indexes[i].id = engine->catalogue.next_id++;
    }
    table->spec.indexes = specs;
    return LEAT_OK;
}

/* A snapshot whose strings still belong to the request; table_copy makes it whole. */
static enum leat_code create_draft(struct engine *engine, const struct leat_table *spec, enum leat_status indexes, struct table *draft,
                                   struct leat_fault *fault) {
    draft->spec = *spec;
    draft->id = engine->catalogue.next_id++;
    draft->part_count = draft->shard_count = tables_parts(spec);
    draft->collections = true;
    uint64_t now_ms = engine_now_ms(engine);
    draft->spec.created_ms = now_ms;
    draft->spec.status = LEAT_CREATING;
    draft->spec.recovery_days = 0;
    char uuid[RANDOM_UUID_SIZE];
    random_uuid(uuid);
    draft->spec.id = arena_copy(&draft->arena, slice_text(uuid));
    if (draft->spec.id.data == NULL) return fault_memory(fault);
    TRY(number_indexes(engine, draft, indexes, fault));
    if (spec->stream == LEAT_VIEW_NONE) return LEAT_OK;
    struct store_head *heads;
    TRY(tables_heads(engine, draft, &draft->arena, &heads, fault));
    return stream_set_enable(&draft->streams, &draft->arena, spec->stream, now_ms, heads, draft->part_count, fault);
}

enum leat_code tables_make(struct engine *engine, const struct leat_table *spec, enum leat_status indexes, struct table **out,
                           struct leat_fault *fault) {
    struct table *existing = catalogue_find(&engine->catalogue, spec->name);
    table_release(existing);
    if (existing != NULL)
        return fault_set(fault, LEAT_RESOURCE_IN_USE, "Table already exists: %.*s", SLICE_FORMAT(spec->name));
    if (engine->catalogue.count >= CATALOGUE_TABLES_MAX)
        return fault_set(fault, LEAT_LIMIT_EXCEEDED, "Too many tables: the limit is %d", CATALOGUE_TABLES_MAX);
    struct table draft = {.id = 0};
    arena_init(&draft.arena, RECORD_MAX);
    enum leat_code code = create_draft(engine, spec, indexes, &draft, fault);
    if (code == LEAT_OK) code = table_copy(&draft, &engine->catalogue, out, fault);
    arena_fini(&draft.arena);
    return code;
}

static enum leat_code create_in(struct engine *engine, struct create *create, struct change *change, struct leat_fault *fault) {
    TRY(tables_make(engine, create->spec, LEAT_ACTIVE, &create->made, fault));
    change->puts[change->put_count++] = create->made;
    if (engine->settle_ms > 0) TRY(states_settle(engine, create->made, NULL, change, fault));
    create->made->spec.status = states_next(engine, create->made, NULL, change);
    return LEAT_OK;
}

static enum leat_code create_control(struct engine *engine, void *context, struct leat_fault *fault) {
    struct create *create = context;
    struct change change = {.put_count = 0};
    enum leat_code code = create_in(engine, create, &change, fault);
    if (code != LEAT_OK) {
        change_discard(&change);
        return code;
    }
    table_hold(create->made); /* one for the catalogue, one for the answer */
    code = change_commit(engine, &change, fault);
    if (code != LEAT_OK) table_release(create->made);
    return code;
}

enum leat_code tables_create(struct engine *engine, const struct leat_table *spec, struct leat_description *out,
                             struct leat_fault *fault) {
    struct create create = {.spec = spec};
    *out = (struct leat_description){.memory = NULL};
    TRY(tables_check(spec, fault));
    TRY(executor_call(&engine->executor, create_control, &create, fault));
    return tables_show(engine, create.made, LEAT_CREATING, out, fault);
}

/* ---- deleting ---- */

struct delete { struct leat_slice name; struct table *gone; };

/* leat's own tables may go at any time. */
static bool reserved(const struct table *table) { return slice_starts(table->spec.name, SLICE("leat:")); }

static enum leat_code check_delete(const struct table *table, struct leat_fault *fault) {
    if (reserved(table)) return LEAT_OK;
    TRY(states_check(table, fault));
    if (!table->spec.deletion_protection) return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION,
                     "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection "
                     "first.");
}

enum leat_code tables_remove(struct engine *engine, const struct table *table, struct change *change, struct leat_fault *fault) {
    struct table *copy;
    TRY(check_delete(table, fault));
    if (engine->settle_ms == 0 || reserved(table)) {
        states_remove(table, change);
        return LEAT_OK;
    }
    TRY(table_copy(table, &engine->catalogue, &copy, fault));
    copy->spec.status = LEAT_DELETING;
    change->puts[change->put_count++] = copy;
    return states_settle(engine, copy, NULL, change, fault);
}

static enum leat_code delete_control(struct engine *engine, void *context, struct leat_fault *fault) {
    struct delete *delete = context;
    struct change change = {.put_count = 0};
    struct table *table = catalogue_find(&engine->catalogue, delete->name);
    if (table == NULL) return tables_missing(delete->name, fault);
    enum leat_code code = LEAT_OK;
    if (table->spec.status != LEAT_DELETING || reserved(table)) {
        code = tables_remove(engine, table, &change, fault);
        if (code == LEAT_OK) code = change_commit(engine, &change, fault);
        else change_discard(&change);
        if (code == LEAT_OK) engine_hooks_run(engine, table->spec.name);
    }
    if (code == LEAT_OK) delete->gone = table;
    else table_release(table);
    return code;
}

enum leat_code tables_delete(struct engine *engine, struct leat_slice name, struct leat_description *out,
                             struct leat_fault *fault) {
    struct delete delete = {.name = name};
    *out = (struct leat_description){.memory = NULL};
    TRY(executor_call(&engine->executor, delete_control, &delete, fault));
    return tables_show(engine, delete.gone, LEAT_DELETING, out, fault);
}

/* ---- changing ---- */

struct update { const struct leat_table_change *change; struct table *made; };

static enum leat_code change_stream(struct engine *engine, struct table *table, enum leat_view view, struct leat_fault *fault) {
    struct stream *current = stream_set_current(&table->streams);
    struct store_head *heads;
    struct leat_slice name = table->spec.name;
    if (view != LEAT_VIEW_NONE && current != NULL)
        return fault_set(fault, LEAT_VALIDATION, "Table already has an enabled stream: TableName: %.*s", SLICE_FORMAT(name));
    if (view == LEAT_VIEW_NONE && current == NULL)
        return fault_set(fault, LEAT_VALIDATION, "Table has no stream to disable: TableName: %.*s", SLICE_FORMAT(name));
    TRY(tables_heads(engine, table, &table->arena, &heads, fault));
    if (view != LEAT_VIEW_NONE) {
        TRY(stream_set_enable(&table->streams, &table->arena, view, engine_now_ms(engine), heads, table->part_count, fault));
        return stream_set_begin_split(&table->streams, &table->arena, table->shard_count, table->part_count, fault);
    }
    stream_set_disable(&table->streams, engine_now_ms(engine), heads);
    return LEAT_OK;
}

/* More capacity is more shards; the items stay in the partitions in which they are. */
static enum leat_code change_shards(struct engine *engine, struct table *table, const struct leat_table_change *asked,
                                    struct leat_fault *fault) {
    struct leat_table spec = table->spec;
    struct store_head *heads;
    spec.warm_read_units = asked->change_warm ? asked->warm_read_units : 0;
    spec.warm_write_units = asked->change_warm ? asked->warm_write_units : 0;
    uint16_t wanted = tables_parts(&spec);
    if (wanted <= table->shard_count) return LEAT_OK;
    table->shard_count = wanted;
    TRY(tables_heads(engine, table, &table->arena, &heads, fault));
    return stream_set_split(&table->streams, &table->arena, engine_now_ms(engine), wanted, table->part_count, heads, fault);
}

static void change_units(struct engine *engine, struct table *table, const struct leat_table_change *change) {
    struct leat_table *spec = &table->spec;
    uint64_t now_ms = engine_now_ms(engine);
    if (change->change_billing && change->billing != spec->billing) {
        bool on_demand = change->billing == LEAT_PAY_PER_REQUEST;
        spec->billing = change->billing;
        /* when it last became on demand: that stays known */
        if (on_demand) spec->billing_changed_ms = now_ms;
        else if (spec->billing_changed_ms == 0) spec->billing_changed_ms = spec->created_ms;
        if (on_demand) spec->read_units = spec->write_units = 0;
    }
    if (!change->change_units) return;
    if (change->read_units < spec->read_units || change->write_units < spec->write_units) {
        if (now_ms / TABLES_DAY_MS != spec->throughput_decreased_ms / TABLES_DAY_MS) spec->throughput_decreases_today = 0;
        spec->throughput_decreases_today++;
        spec->throughput_decreased_ms = now_ms;
    }
    if (change->read_units > spec->read_units || change->write_units > spec->write_units)
        spec->throughput_increased_ms = now_ms;
    spec->read_units = change->read_units;
    spec->write_units = change->write_units;
}

/* What AWS takes a table through UPDATING for. */
static bool takes_time(const struct leat_table_change *asked) {
    return asked->change_stream || asked->change_billing || asked->change_units || asked->change_protection ||
           asked->index_create != NULL || asked->index_delete.data != NULL || asked->index_update_count > 0;
}

static enum leat_code update_table(struct engine *engine, struct table *table, const struct leat_table_change *asked,
                                   struct change *change, struct leat_fault *fault) {
    if (asked->change_protection) table->spec.deletion_protection = asked->deletion_protection;
    if (asked->change_settings) table->spec.settings = arena_copy(&table->arena, asked->settings);
    if (asked->change_loading) table->spec.loading = asked->loading;
    change_units(engine, table, asked);
    TRY(change_shards(engine, table, asked, fault));
    if (asked->change_stream) TRY(change_stream(engine, table, asked->stream, fault));
    if (asked->change_ttl) TRY(expiry_set(engine, table, asked->ttl_attribute, change, fault));
    if (asked->change_recovery) TRY(history_set(engine, table, asked->recovery_days, change, fault));
    TRY(indexes_change(engine, table, asked, change, fault));
    if (engine->settle_ms > 0 && takes_time(asked)) {
        table->spec.status = LEAT_UPDATING;
        TRY(states_settle(engine, table, NULL, change, fault));
    }
    table->spec.status = states_next(engine, table, change->ended, change);
    return table_derive(table, &engine->catalogue, fault);
}

/* Whoever worked out new settings from older ones must not undo what another has done in between. */
static enum leat_code check_settings(const struct table *table, const struct leat_table_change *asked, struct leat_fault *fault) {
    if (!asked->check_settings || slice_equal(table->spec.settings, asked->settings_before)) return LEAT_OK;
    return fault_set(fault, LEAT_STORE_CONFLICT, "the settings of table %.*s have been changed by another",
                     SLICE_FORMAT(table->spec.name));
}

/* Settings and recovery alone may change while something else is under way. */
static bool any_time(const struct leat_table_change *asked) {
    bool other = takes_time(asked) || asked->change_ttl;
    return asked->change_loading || ((asked->change_settings || asked->change_recovery) && !other);
}

static enum leat_code update_in(struct engine *engine, struct update *update, struct change *change, struct leat_fault *fault) {
    const struct leat_table_change *asked = update->change;
    struct table *old = catalogue_find(&engine->catalogue, asked->name), *table;
    if (old == NULL) return tables_missing(asked->name, fault);
    enum leat_code code = any_time(asked) ? LEAT_OK : states_check(old, fault);
    if (code == LEAT_OK) code = check_settings(old, asked, fault);
    if (code == LEAT_OK) code = table_copy(old, &engine->catalogue, &table, fault);
    table_release(old);
    TRY(code);
    change->puts[change->put_count++] = update->made = table;
    return update_table(engine, table, asked, change, fault);
}

static enum leat_code update_control(struct engine *engine, void *context, struct leat_fault *fault) {
    struct update *update = context;
    struct change change = {.put_count = 0};
    enum leat_code code = update_in(engine, update, &change, fault);
    if (code != LEAT_OK) {
        change_discard(&change);
        return code;
    }
    table_hold(update->made);
    code = change_commit(engine, &change, fault);
    if (code != LEAT_OK) {
        table_release(update->made);
        return code;
    }
    housekeeping_soon(engine, true);
    engine_hooks_run(engine, update->made->spec.name);
    works_begin(engine, update->made->id);
    return LEAT_OK;
}

enum leat_code tables_update(struct engine *engine, const struct leat_table_change *change, struct leat_description *out,
                             struct leat_fault *fault) {
    struct update update = {.change = change};
    *out = (struct leat_description){.memory = NULL};
    TRY(executor_call(&engine->executor, update_control, &update, fault));
    return tables_show(engine, update.made, LEAT_UPDATING, out, fault);
}
