/* GlobalSecondaryIndexUpdates. */
#include "api/dynamodb/update_table.h"
#include "base/slice.h"

#define NAME_FIELD(structure)                                                                                \
    API_FIELD(structure, name, "IndexName", API_STRING, .required = true, .min = 3, .max = 255, .pattern = DYNAMODB_NAME_PATTERN)
static const struct api_field update_fields[] = {
    NAME_FIELD(struct index_update),
    API_FIELD(struct index_update, throughput, "ProvisionedThroughput", API_STRUCT, .fields = dynamodb_throughput_fields,
              .size = sizeof(struct dynamodb_throughput), .type = "ProvisionedThroughput"),
    ON_DEMAND_FIELD(struct index_update, on_demand),
    WARM_FIELD(struct index_update, warm),
    API_FIELDS_END,
};
static const struct api_field delete_fields[] = {NAME_FIELD(struct index_delete), API_FIELDS_END};
static const struct api_field change_fields[] = {
    API_FIELD(struct index_change, create, "Create", API_STRUCT, .fields = dynamodb_index_fields, .size = sizeof(struct dynamodb_index),
              .type = "CreateGlobalSecondaryIndexAction"),
    API_FIELD(struct index_change, update, "Update", API_STRUCT, .fields = update_fields, .size = sizeof(struct index_update),
              .type = "UpdateGlobalSecondaryIndexAction"),
    API_FIELD(struct index_change, remove, "Delete", API_STRUCT, .fields = delete_fields, .size = sizeof(struct index_delete),
              .type = "DeleteGlobalSecondaryIndexAction"),
    API_FIELDS_END,
};
const struct api_field index_change_element = {
    .name = "", .kind = API_STRUCT, .fields = change_fields, .type = "GlobalSecondaryIndexUpdate"};

#define INVALID "One or more parameter values were invalid: "

static struct leat_slice name_of(const struct index_change *change) {
    return change->create != NULL ? change->create->name : change->update != NULL ? change->update->name : change->remove->name;
}

static enum leat_code check_shape(const struct index_change *change, struct leat_fault *fault) {
    int actions = (change->create != NULL) + (change->update != NULL) + (change->remove != NULL);
    if (actions == 0)
        return fault_set(fault, LEAT_VALIDATION,
                         INVALID "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
                                 "GlobalSecondaryIndexUpdate.Delete must not be null");
    if (actions > 1)
        return fault_set(fault, LEAT_VALIDATION,
                         INVALID "Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object");
    if (change->update != NULL && change->update->warm != NULL && !throughput_given(change->update->warm))
        return fault_set(fault, LEAT_VALIDATION,
                         INVALID "WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified for "
                                 "index: %.*s", SLICE_FORMAT(change->update->name));
    return LEAT_OK;
}

enum leat_code index_changes_check(const struct api_list *changes, struct index_changes *out, struct leat_fault *fault) {
    const struct index_change *all = changes->elements;
    *out = (struct index_changes){0};
    if (changes->given && changes->count == 0)
        return fault_set(fault, LEAT_VALIDATION, INVALID "List of GlobalSecondaryIndexUpdates is empty");
    for (size_t i = 0; i < changes->count; i++) {
        TRY(check_shape(&all[i], fault));
        for (size_t k = 0; k < i; k++)
            if (slice_equal(name_of(&all[k]), name_of(&all[i])))
                return fault_set(fault, LEAT_VALIDATION,
                                 INVALID "Only one global secondary index update per index is allowed simultaneously. Index: %.*s",
                                 SLICE_FORMAT(name_of(&all[i])));
        out->creates += all[i].create != NULL;
        out->updates += all[i].update != NULL;
        out->deletes += all[i].remove != NULL;
        out->warm |= all[i].update != NULL && all[i].update->warm != NULL;
    }
    return LEAT_OK;
}

/* ---- against the table ---- */

static enum leat_code find(const struct leat_table *table, struct leat_slice name, const char *verb, const struct leat_index **out,
                           struct leat_fault *fault) {
    *out = NULL;
    for (size_t i = 0; i < table->index_count; i++)
        if (slice_equal(table->indexes[i].name, name)) *out = &table->indexes[i];
    if (*out == NULL)
        return fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "Requested resource not found: Index %.*s for table %.*s", SLICE_FORMAT(name),
                         SLICE_FORMAT(table->name));
    if (!(*out)->local) return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION, "Cannot %s an index that is not a GlobalSecondaryIndex: %.*s", verb, SLICE_FORMAT(name));
}

static enum leat_code create(struct settings_edit *edit, const struct dynamodb_index *in, enum leat_billing billing) {
    struct leat_index *index = ARENA_NEW(edit->call->arena, struct leat_index);
    if (index == NULL) return fault_memory(&edit->call->fault);
    TRY(dynamodb_index_of(edit->call, in, false, index, &edit->call->fault));
    if (billing == LEAT_PROVISIONED && in->throughput == NULL)
        return fault_set(&edit->call->fault, LEAT_VALIDATION, INVALID "ProvisionedThroughput must be specified for index: %.*s",
                         SLICE_FORMAT(in->name));
    if (billing == LEAT_PAY_PER_REQUEST && in->throughput != NULL)
        return fault_set(&edit->call->fault, LEAT_VALIDATION,
                         INVALID "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: %.*s when BillingMode is "
                                 "PAY_PER_REQUEST", SLICE_FORMAT(in->name));
    edit->change->index_create = index;
    TRY(warm_change(edit, in->warm, index, true));
    return on_demand_change(edit, in->on_demand, index, billing, true);
}

static enum leat_code update(struct settings_edit *edit, const struct index_update *in, enum leat_billing billing,
                             struct leat_index *units) {
    const struct leat_index *index;
    struct leat_fault *fault = &edit->call->fault;
    TRY(find(edit->table, in->name, "update", &index, fault));
    if (billing == LEAT_PAY_PER_REQUEST && in->throughput != NULL)
        return fault_set(fault, LEAT_VALIDATION,
                         INVALID "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: %.*s when BillingMode is "
                                 "PAY_PER_REQUEST", SLICE_FORMAT(in->name));
    bool other = throughput_given(in->on_demand) || in->warm != NULL;
    if (billing == LEAT_PAY_PER_REQUEST && !other)
        return fault_set(fault, LEAT_VALIDATION,
                         INVALID "The only Updates for index: %.*s when TableThroughputMode is PAY_PER_REQUEST can be to "
                                 "OnDemandThroughput, WarmThroughput", SLICE_FORMAT(in->name));
    if (billing == LEAT_PROVISIONED && !other && in->throughput == NULL)
        return fault_set(fault, LEAT_VALIDATION, INVALID "Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: %.*s",
                         SLICE_FORMAT(in->name));
    if (in->throughput != NULL) {
        *units = (struct leat_index){
            .name = in->name, .read_units = in->throughput->read.value, .write_units = in->throughput->write.value};
        edit->change->index_update_count++;
    }
    TRY(warm_change(edit, in->warm, index, false));
    return on_demand_change(edit, in->on_demand, index, billing, false);
}

/* An index of a table that becomes provisioned must be told its units. */
static enum leat_code check_units(const struct settings_edit *edit, enum leat_billing billing) {
    const struct leat_table *table = edit->table;
    if (billing != LEAT_PROVISIONED || table->billing == LEAT_PROVISIONED) return LEAT_OK;
    for (size_t i = 0; i < table->index_count; i++) {
        bool told = table->indexes[i].local;
        for (size_t k = 0; k < edit->change->index_update_count; k++)
            told |= slice_equal(edit->change->index_updates[k].name, table->indexes[i].name);
        if (!told)
            return fault_set(&edit->call->fault, LEAT_VALIDATION, INVALID "ProvisionedThroughput must be specified for index: %.*s",
                             SLICE_FORMAT(table->indexes[i].name));
    }
    return LEAT_OK;
}

enum leat_code index_changes_edit(struct settings_edit *edit, const struct api_list *changes, enum leat_billing billing) {
    const struct index_change *all = changes->elements;
    struct leat_index *units = ARENA_ARRAY(edit->call->arena, struct leat_index, changes->count);
    if (units == NULL) return fault_memory(&edit->call->fault);
    edit->change->index_updates = units;
    size_t online = 0;
    for (size_t i = 0; i < changes->count; i++) online += all[i].update == NULL;
    if (online > 1)
        return fault_set(&edit->call->fault, LEAT_LIMIT_EXCEEDED,
                         "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table");
    for (size_t i = 0; i < changes->count; i++) {
        const struct leat_index *index;
        if (all[i].create != NULL) {
            TRY(create(edit, all[i].create, billing));
        } else if (all[i].update != NULL) {
            TRY(update(edit, all[i].update, billing, &units[edit->change->index_update_count]));
        } else {
            TRY(find(edit->table, all[i].remove->name, "delete", &index, &edit->call->fault));
            edit->change->index_delete = index->name;
            TRY(settings_forget(edit, index->name));
        }
    }
    return check_units(edit, billing);
}
