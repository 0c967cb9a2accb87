#include "api/dynamodb/restore.h"

#include "api/dynamodb/backup.h"
#include "base/clock.h"
#include "base/slice.h"

#define SETTING SLICE("restore") /* settings.h */

static const char NO_UNITS[] = "Cannot override ProvisionedThroughput unless BillingMode is PROVISIONED";
static const char NO_UNITS_OVERRIDDEN[] = "Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST";

static enum leat_code invalid(struct api_call *call, const char *words) {
    return fault_set(&call->fault, LEAT_VALIDATION, "Invalid Request: %s", words);
}

/* ---- throughput ---- */

static enum leat_billing billing_of(const struct restore *restore) {
    if (restore->in->billing.value == 0) return restore->source->billing;
    return restore->in->billing.value == DYNAMODB_PAY_PER_REQUEST ? LEAT_PAY_PER_REQUEST : LEAT_PROVISIONED;
}

static enum leat_code set_throughput(struct api_call *call, const struct restore *restore, struct leat_table *target) {
    const struct dynamodb_throughput *units = restore->in->throughput;
    target->billing = billing_of(restore);
    if (target->billing == LEAT_PROVISIONED && restore->in->billing.value != 0 && units == NULL)
        return invalid(call, "Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED");
    if (target->billing == LEAT_PAY_PER_REQUEST && restore->in->billing.value != 0 && units != NULL)
        return invalid(call, NO_UNITS_OVERRIDDEN);
    if (target->billing == LEAT_PAY_PER_REQUEST && units != NULL)
        return invalid(call, NO_UNITS);
    if (target->billing == LEAT_PAY_PER_REQUEST) return LEAT_OK;
    if (throughput_given(restore->in->on_demand))
        return fault_set(&call->fault, LEAT_VALIDATION,
                         "Invalid Request: Cannot override %s for OnDemandThroughput unless BillingModeOverride is PAY_PER_REQUEST",
                         on_demand_fields[restore->in->on_demand->read.given ? 0 : 1].name);
    target->read_units = units != NULL ? units->read.value : restore->source->read_units;
    target->write_units = units != NULL ? units->write.value : restore->source->write_units;
    return LEAT_OK;
}

static enum leat_code check_index_units(struct api_call *call, const struct restore *restore, const struct leat_index *index) {
    bool given = index->read_units != 0;
    if (index->local || given == (billing_of(restore) == LEAT_PROVISIONED)) return LEAT_OK;
    const char *words = "Must specify provisioned throughput";
    if (given) words = restore->in->billing.value != 0 ? NO_UNITS_OVERRIDDEN : NO_UNITS;
    return fault_set(&call->fault, LEAT_VALIDATION, "Invalid Request: %s for index %.*s", words, SLICE_FORMAT(index->name));
}

/* ---- indexes ---- */

static bool names_hold(const struct leat_index *index, struct leat_slice name) {
    for (size_t i = 0; i < index->include_count; i++)
        if (slice_equal(index->include[i], name)) return true;
    return false;
}

/* Under whatever name: an override may give an index another. */
static bool same_index(const struct leat_index *a, const struct leat_index *b) {
    if (a->local != b->local || a->projection != b->projection || a->include_count != b->include_count) return false;
    for (size_t i = 0; i < a->include_count; i++)
        if (!names_hold(b, a->include[i])) return false;
    return slice_equal(a->partition_key, b->partition_key) && (a->sort_key.data == NULL) == (b->sort_key.data == NULL) &&
           slice_equal(a->sort_key, b->sort_key);
}

static enum leat_code take_overrides(struct api_call *call, const struct restore *restore, bool local, struct leat_index *out,
                                     size_t *count) {
    const struct api_list *list = local ? &restore->in->local : &restore->in->global;
    for (size_t i = 0; i < list->count; i++) {
        struct leat_index *index = &out[(*count)++];
        TRY(dynamodb_index_of(call, (const struct dynamodb_index *)list->elements + i, local, index, &call->fault));
        bool found = false;
        for (size_t k = 0; k < restore->source->index_count && !found; k++) found = same_index(&restore->source->indexes[k], index);
        if (!found)
            return fault_set(&call->fault, LEAT_VALIDATION,
                             "Invalid Request: Index %.*s does not match a secondary index that existed in the source table and cannot be "
                             "created during the restore operation",
                             SLICE_FORMAT(index->name));
        TRY(check_index_units(call, restore, index));
    }
    return LEAT_OK;
}

/* An empty list is an override too: no indexes of that kind. */
static enum leat_code set_indexes(struct api_call *call, const struct restore *restore, struct leat_table *target) {
    const struct leat_table *source = restore->source;
    size_t most = source->index_count + restore->in->global.count + restore->in->local.count;
    struct leat_index *indexes = ARENA_ARRAY(call->arena, struct leat_index, most);
    if (indexes == NULL) return fault_memory(&call->fault);
    for (size_t i = 0; i < source->index_count; i++) {
        const struct leat_index *index = &source->indexes[i];
        if (index->local ? restore->in->local.given : restore->in->global.given) continue;
        indexes[target->index_count] = *index;
        if (target->billing == LEAT_PAY_PER_REQUEST)
            indexes[target->index_count].read_units = indexes[target->index_count].write_units = 0;
        TRY(check_index_units(call, restore, &indexes[target->index_count++]));
    }
    TRY(take_overrides(call, restore, true, indexes, &target->index_count));
    TRY(take_overrides(call, restore, false, indexes, &target->index_count));
    target->indexes = indexes;
    return LEAT_OK;
}

static bool is_key(const struct leat_table *table, struct leat_slice name) {
    bool key = slice_equal(name, table->partition_key) || slice_equal(name, table->sort_key);
    for (size_t i = 0; i < table->index_count; i++)
        key |= slice_equal(name, table->indexes[i].partition_key) || slice_equal(name, table->indexes[i].sort_key);
    return key;
}

static enum leat_code set_keys(struct api_call *call, const struct restore *restore, struct leat_table *target) {
    const struct leat_table *source = restore->source;
    struct leat_attribute *attributes = ARENA_ARRAY(call->arena, struct leat_attribute, source->attribute_count);
    if (attributes == NULL) return fault_memory(&call->fault);
    target->partition_key = source->partition_key;
    target->sort_key = source->sort_key;
    for (size_t i = 0; i < source->attribute_count; i++)
        if (is_key(target, source->attributes[i].name)) attributes[target->attribute_count++] = source->attributes[i];
    target->attributes = attributes;
    return LEAT_OK;
}

/* ---- beginning ---- */

/* An entry of the source's, perhaps of an index that has another name now. */
static enum leat_code keep(struct settings_edit *edit, const struct restore *restore, struct leat_slice from, struct leat_slice to) {
    struct item_value value;
    if (restore->source->settings.data == NULL || !item_find(restore->source->settings, from, &value)) return LEAT_OK;
    return settings_set(edit, to, value.whole);
}

static enum leat_code set_limits(struct settings_edit *edit, const struct restore *restore) {
    struct arena *arena = edit->call->arena;
    const struct restore_input *in = restore->in;
    if (in->on_demand == NULL) TRY(keep(edit, restore, SLICE("on_demand"), SLICE("on_demand")));
    else TRY(on_demand_change(edit, in->on_demand, NULL, edit->table->billing, true));
    for (size_t i = 0; i < restore->source->index_count && !in->global.given; i++) {
        struct leat_slice name = settings_name(arena, "on_demand", restore->source->indexes[i].name);
        TRY(keep(edit, restore, name, name));
    }
    for (size_t i = 0; i < in->global.count; i++) {
        const struct dynamodb_index *from = (const struct dynamodb_index *)in->global.elements + i;
        const struct leat_index index = {.name = from->name};
        TRY(on_demand_change(edit, from->on_demand, &index, edit->table->billing, true));
    }
    return LEAT_OK;
}

static enum leat_code set_origin(struct settings_edit *edit, const struct restore *restore) {
    struct buf out;
    size_t mark = settings_begin(edit, &out);
    item_put_member_text(&out, "backup", restore->backup);
    item_put_member_text(&out, "table", restore->source->arn);
    item_put_member_int(&out, "time", (int64_t)restore->time_ms);
    return settings_end(edit, SETTING, &out, mark);
}

/* Encryption and limits on demand stay; tags, class, policies and insights do not. */
static enum leat_code set_settings(struct api_call *call, const struct restore *restore, struct leat_table *target) {
    struct settings_edit edit = {.call = call, .table = target};
    const struct encryption *encryption = restore->in->encryption;
    TRY(set_origin(&edit, restore));
    if (encryption == NULL) {
        TRY(keep(&edit, restore, SLICE("encryption"), SLICE("encryption")));
    } else {
        TRY(encryption_check(encryption, &call->fault));
        TRY(encryption_create(&edit, encryption));
    }
    if (target->billing == LEAT_PAY_PER_REQUEST) TRY(set_limits(&edit, restore));
    return settings_build(&edit, &target->settings);
}

enum leat_code restore_check_target(struct api_call *call, struct leat_slice name) {
    struct leat_description there = {.memory = NULL};
    struct item_value setting = {0};
    enum leat_code code = leat_table_describe(call->server->db, name, &there, NULL);
    if (code == LEAT_OK && restore_is_under_way(&there.table) && item_find(there.table.settings, SETTING, &setting)) {
        struct leat_slice backup = item_member_text(setting.payload, "backup");
        code = fault_set(&call->fault, LEAT_TABLE_IN_USE, "Table: %.*s is already being restored%s%.*s", SLICE_FORMAT(name),
                         backup.data == NULL ? "" : " from backup: ", SLICE_FORMAT(backup));
    } else if (code == LEAT_OK) {
        code = fault_set(&call->fault, LEAT_TABLE_ALREADY_EXISTS, "Table already exists: %.*s", SLICE_FORMAT(name));
    }
    leat_description_free(&there);
    return code == LEAT_RESOURCE_NOT_FOUND ? LEAT_OK : code;
}

enum leat_code restore_begin(struct api_call *call, const struct restore *restore, struct leat_description *out) {
    struct leat_table target = {.name = restore->in->target};
    const struct leat_copy copy = {.source = restore->copied->name, .source_id = restore->copied->id,
                                    .at_ms = restore->at_ms, .target = &target};
    TRY(set_throughput(call, restore, &target));
    TRY(set_indexes(call, restore, &target));
    TRY(set_keys(call, restore, &target));
    TRY(set_settings(call, restore, &target));
    TRY(restore_check_target(call, target.name));
    enum leat_code code = leat_table_copy(call->server->db, &copy, out, &call->fault);
    /* made in between by another */
    if (code == LEAT_RESOURCE_IN_USE)
        return fault_set(&call->fault, LEAT_TABLE_ALREADY_EXISTS, "Table already exists: %.*s", SLICE_FORMAT(target.name));
    return code;
}

/* ---- describing ---- */

bool restore_is_under_way(const struct leat_table *table) {
    struct item_value setting;
    return table->status == LEAT_CREATING && table->settings.data != NULL && item_find(table->settings, SETTING, &setting);
}

/* First the items are copied, then every index looks at all of them. */
static void write_progress(struct json_writer *json, const struct leat_table *table) {
    bool copying = table->progress_total > 0;
    uint64_t items = copying ? table->progress_total : table->item_count;
    uint64_t done = copying ? table->progress_done : items;
    for (size_t i = 0; i < table->index_count && !copying; i++)
        done += table->indexes[i].progress_total > 0 ? table->indexes[i].progress_done : items;
    uint64_t total = items * (1 + table->index_count);
    backup_write_progress(json, done < total ? done : total, total);
}

void restore_write_summary(struct json_writer *json, const struct leat_table *table) {
    struct item_value setting = {0};
    if (!restore_is_under_way(table) || !item_find(table->settings, SETTING, &setting)) return;
    struct leat_slice backup = item_member_text(setting.payload, "backup");
    json_key(json, "RestoreSummary");
    json_object(json);
    if (backup.data != NULL) {
        json_key(json, "SourceBackupArn");
        json_string(json, backup);
    }
    json_key(json, "SourceTableArn");
    json_string(json, item_member_text(setting.payload, "table"));
    json_key(json, "RestoreDateTime");
    json_seconds(json, (uint64_t)item_member_int(setting.payload, "time"));
    json_key(json, "RestoreInProgress");
    json_bool(json, true);
    json_object_end(json);
    write_progress(json, table);
}
