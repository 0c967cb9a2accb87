/* UpdateTable. Source: Amazon DynamoDB API Reference, UpdateTable. */
#include <inttypes.h>

#include "api/dynamodb/dynamodb.h"
#include "base/slice.h"

struct index_update { struct leat_slice name; struct dynamodb_throughput *throughput; };
struct index_delete { struct leat_slice name; };
struct index_change { struct dynamodb_index *create; struct index_update *update; struct index_delete *remove; };
struct input {
    struct leat_slice table;
    struct api_list definitions, changes;
    struct api_enum billing, class;
    struct leat_slice encryption; /* accepted: data at rest is the file system's matter */
    struct dynamodb_throughput *throughput;
    struct dynamodb_stream_specification *stream;
    struct api_boolean protection;
};

static const struct api_field update_fields[] = {
    API_FIELD(struct index_update, name, "IndexName", API_STRING, .required = true, .min = 3, .max = 255, .pattern = DYNAMODB_NAME_PATTERN),
    API_FIELD(struct index_update, throughput, "ProvisionedThroughput", API_STRUCT, .fields = dynamodb_throughput_fields,
              .size = sizeof(struct dynamodb_throughput), .type = "ProvisionedThroughput"),
    API_FIELDS_END,
};
static const struct api_field delete_fields[] = {
    API_FIELD(struct index_delete, name, "IndexName", API_STRING, .required = true, .min = 3, .max = 255, .pattern = DYNAMODB_NAME_PATTERN),
    API_FIELDS_END,
};
static const struct api_field change_fields[] = {
    API_FIELD(struct index_change, create, "Create", API_STRUCT, .fields = dynamodb_index_fields, .size = sizeof(struct dynamodb_index),
              .type = "CreateGlobalSecondaryIndexAction"),
    API_FIELD(struct index_change, update, "Update", API_STRUCT, .fields = update_fields, .size = sizeof(struct index_update),
              .type = "UpdateGlobalSecondaryIndexAction"),
    API_FIELD(struct index_change, remove, "Delete", API_STRUCT, .fields = delete_fields, .size = sizeof(struct index_delete),
              .type = "DeleteGlobalSecondaryIndexAction"),
    API_FIELDS_END,
};
static const struct api_field change_element = {
    .name = "", .kind = API_STRUCT, .fields = change_fields, .type = "GlobalSecondaryIndexUpdate"};

static const struct api_field fields[] = {
    API_FIELD(struct input, table, "TableName", API_STRING, .alone = true, .or_arn = true, .min = 1, .max = 255,
              .pattern = DYNAMODB_NAME_PATTERN),
    API_FIELD(struct input, definitions, "AttributeDefinitions", API_LIST, .element = &dynamodb_definition_element,
              .size = sizeof(struct dynamodb_definition)),
    API_FIELD(struct input, billing, "BillingMode", API_ENUM, .choices = dynamodb_billing_choices),
    API_FIELD(struct input, throughput, "ProvisionedThroughput", API_STRUCT, .fields = dynamodb_throughput_fields,
              .size = sizeof(struct dynamodb_throughput), .type = "ProvisionedThroughput"),
    API_FIELD(struct input, changes, "GlobalSecondaryIndexUpdates", API_LIST, .element = &change_element,
              .size = sizeof(struct index_change)),
    API_FIELD(struct input, stream, "StreamSpecification", API_STRUCT, .fields = dynamodb_stream_fields,
              .size = sizeof(struct dynamodb_stream_specification), .type = "StreamSpecification"),
    API_FIELD(struct input, class, "TableClass", API_ENUM, .choices = dynamodb_class_choices),
    API_FIELD(struct input, encryption, "SSESpecification", API_RAW),
    API_FIELD(struct input, protection, "DeletionProtectionEnabled", API_BOOLEAN),
    API_FIELDS_END,
};

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    const struct input *in = input;
    (void)call;
    if (in->table.data == NULL)
        return fault_set(fault, LEAT_VALIDATION, "The parameter 'TableName' is required but was not present in the request");
    bool units = in->throughput != NULL || in->billing.value != 0;
    bool other = in->protection.given || in->class.value != 0 || in->encryption.data != NULL;
    if (!units && !other && in->changes.count == 0 && in->stream == NULL)
        return fault_set(fault, LEAT_VALIDATION,
                         "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or "
                         "SSESpecification or ReplicaUpdates is required");
    if (in->billing.value == DYNAMODB_PAY_PER_REQUEST && in->throughput != NULL)
        return fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified "
                         "when BillingMode is PAY_PER_REQUEST");
    if (in->billing.value == DYNAMODB_PROVISIONED && in->throughput == NULL)
        return fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: ProvisionedThroughput must be specified when BillingMode is "
                         "PROVISIONED");
    return LEAT_OK;
}

static enum leat_code index_change(struct api_call *call, const struct index_change *in, struct leat_table_change *change) {
    struct leat_index *index = ARENA_NEW(call->arena, struct leat_index);
    if (index == NULL) return fault_memory(&call->fault);
    if (in->create != NULL) {
        TRY(dynamodb_index_of(call, in->create, false, index, &call->fault));
        change->index_create = index;
    } else if (in->update != NULL) {
        index->name = in->update->name;
        if (in->update->throughput != NULL) {
            index->read_units = in->update->throughput->read.value;
            index->write_units = in->update->throughput->write.value;
        }
        change->index_update = index;
    } else if (in->remove != NULL) {
        change->index_delete = in->remove->name;
    } else {
        return fault_set(&call->fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: One of GlobalSecondaryIndexUpdate.Update, "
                         "GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null");
    }
    return LEAT_OK;
}

/* Asking for the units that a table has already is a fault, unless something else changes with them. */
static enum leat_code check_units(struct api_call *call, const struct input *in) {
    struct leat_description now = {0};
    if (in->throughput == NULL || in->changes.count > 0 || in->stream != NULL) return LEAT_OK;
    if (in->protection.given || in->class.value != 0) return LEAT_OK;
    TRY(leat_table_describe(call->server->db, in->table, &now, &call->fault));
    int64_t read = now.table.read_units, write = now.table.write_units;
    bool same = now.table.billing == LEAT_PROVISIONED && read == in->throughput->read.value && write == in->throughput->write.value;
    leat_description_free(&now);
    if (!same) return LEAT_OK;
    return fault_set(&call->fault, LEAT_VALIDATION,
                     "The provisioned throughput for the table will not change. The requested value equals the current value. "
                     "Current ReadCapacityUnits provisioned for the table: %" PRId64 ". Requested ReadCapacityUnits: %" PRId64
                     ". Current WriteCapacityUnits provisioned for the table: %" PRId64
                     ". Requested WriteCapacityUnits: %" PRId64
                     ". Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.",
                     read, read, write, write);
}

static enum leat_code change_class(struct api_call *call, const struct input *in, struct leat_table_change *change) {
    struct leat_description now = {0};
    struct dynamodb_settings settings = {.class = in->class.text};
    TRY(leat_table_describe(call->server->db, in->table, &now, &call->fault));
    enum leat_code code = dynamodb_settings_change(call, now.table.settings, &settings, &change->settings, &call->fault);
    leat_description_free(&now);
    change->change_settings = true;
    return code;
}

static enum leat_code update(struct api_call *call, const struct input *in, struct leat_description *out) {
    struct leat_table_change change = {.name = in->table};
    TRY(check_units(call, in));
    if (in->stream != NULL) {
        change.change_stream = true;
        TRY(dynamodb_stream_view(in->stream, &change.stream, &call->fault));
    }
    change.change_billing = in->billing.value != 0;
    change.billing = in->billing.value == DYNAMODB_PAY_PER_REQUEST ? LEAT_PAY_PER_REQUEST : LEAT_PROVISIONED;
    if (in->throughput != NULL) {
        change.change_units = true;
        change.read_units = in->throughput->read.value;
        change.write_units = in->throughput->write.value;
    }
    if (in->class.value != 0) TRY(change_class(call, in, &change));
    change.change_protection = in->protection.given;
    change.deletion_protection = in->protection.value;
    TRY(dynamodb_definitions(call, &in->definitions, &change.attributes, &change.attribute_count, &call->fault));
    if (in->changes.count > 1)
        return fault_set(&call->fault, LEAT_LIMIT_EXCEEDED,
                         "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table");
    if (in->changes.count == 1) TRY(index_change(call, in->changes.elements, &change));
    return leat_table_update(call->server->db, &change, out, &call->fault);
}

static void run(struct api_call *call, void *input) {
    struct leat_description description = {0};
    enum leat_code code = update(call, input, &description);
    dynamodb_answer_table(call, code, &description, "TableDescription");
}

const struct api_operation dynamodb_update_table = {
    .name = "UpdateTable", .fields = fields, .input_size = sizeof(struct input), .place = API_POOL, .check = check, .run = run};
