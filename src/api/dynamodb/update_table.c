/* UpdateTable. Source: Amazon DynamoDB API Reference, UpdateTable; the words are those of the service. */
#include "api/dynamodb/update_table.h"

#include <inttypes.h>

#include "api/dynamodb/encryption.h"
#include "base/clock.h"
#include "base/slice.h"

struct input {
    struct leat_slice table, class;
    struct api_list definitions, changes, replicas;
    struct api_enum billing;
    struct dynamodb_throughput *throughput;
    struct throughput *on_demand, *warm;
    struct dynamodb_stream_specification *stream;
    struct encryption *encryption;
    struct api_boolean protection;
    struct index_changes indexes; /* what `changes` has */
};

static const struct api_field fields[] = {
    DYNAMODB_TABLE_PARAMETER(struct input, 1),
    API_FIELD(struct input, definitions, "AttributeDefinitions", API_LIST, .element = &dynamodb_definition_element,
              .size = sizeof(struct dynamodb_definition)),
    API_FIELD(struct input, billing, "BillingMode", API_ENUM, .choices = dynamodb_billing_choices),
    API_FIELD(struct input, throughput, "ProvisionedThroughput", API_STRUCT, .fields = dynamodb_throughput_fields,
              .size = sizeof(struct dynamodb_throughput), .type = "ProvisionedThroughput"),
    API_FIELD(struct input, changes, "GlobalSecondaryIndexUpdates", API_LIST, .element = &index_change_element,
              .size = sizeof(struct index_change)),
    API_FIELD(struct input, stream, "StreamSpecification", API_STRUCT, .fields = dynamodb_stream_fields,
              .size = sizeof(struct dynamodb_stream_specification), .type = "StreamSpecification"),
    API_FIELD(struct input, class, "TableClass", API_STRING),
    ENCRYPTION_FIELD(struct input, encryption),
    API_FIELD(struct input, protection, "DeletionProtectionEnabled", API_BOOLEAN),
    ON_DEMAND_FIELD(struct input, on_demand),
    WARM_FIELD(struct input, warm),
    API_FIELD(struct input, replicas, "ReplicaUpdates", API_LIST, .element = &replica_change_element,
              .size = sizeof(struct replica_change)),
    API_FIELDS_END,
};

#define INVALID "One or more parameter values were invalid: "

/* ---- what may stand in one request ---- */

enum part {
    PART_UNITS = 1, PART_PROVISIONED = 2, PART_ON_DEMAND_BILLING = 4, PART_STREAM = 8, PART_INDEXES = 16, PART_ENCRYPTION = 32,
    PART_CLASS = 64, PART_PROTECTION = 128, PART_WARM = 256, PART_LIMITS = 512, PART_ONLINE = 1024 /* an index comes or goes */,
    PART_INDEX_CREATE = 2048, PART_BILLING = PART_PROVISIONED | PART_ON_DEMAND_BILLING
};

static unsigned parts_of(const struct input *in) {
    return (in->throughput != NULL ? PART_UNITS : 0) | (in->billing.value == DYNAMODB_PROVISIONED ? PART_PROVISIONED : 0) |
           (in->billing.value == DYNAMODB_PAY_PER_REQUEST ? PART_ON_DEMAND_BILLING : 0) | (in->stream != NULL ? PART_STREAM : 0) |
           (in->changes.count > 0 ? PART_INDEXES : 0) | (in->encryption != NULL ? PART_ENCRYPTION : 0) |
           (in->class.data != NULL ? PART_CLASS : 0) | (in->protection.given ? PART_PROTECTION : 0) |
           (throughput_given(in->warm) ? PART_WARM : 0) | (throughput_given(in->on_demand) ? PART_LIMITS : 0) |
           (in->indexes.creates + in->indexes.deletes > 0 ? PART_ONLINE : 0) | (in->indexes.creates > 0 ? PART_INDEX_CREATE : 0);
}

/* Recorded: the first rule whose part is there together with one that it does not go with. */
static enum leat_code check_together(unsigned parts, struct leat_fault *fault) {
    static const struct { unsigned part, refused; const char *words; } rules[] = {
        {PART_ENCRYPTION, ~(unsigned)PART_ENCRYPTION, "Server-Side Encryption modification must be the only operation in the request"},
        {PART_CLASS, ~(unsigned)PART_CLASS, "TableClass modification must be the only operation in the request"},
        {PART_PROTECTION, ~(unsigned)PART_PROTECTION, "DeletionProtection modification must be the only operation in the request"},
        {PART_WARM, PART_INDEX_CREATE, "Create global secondary index cannot be specified when updating WarmThroughput"},
        {PART_LIMITS, PART_STREAM | PART_WARM | PART_UNITS,
         "OnDemandThroughput can only be combined with BillingMode in an UpdateTable request"},
        {PART_WARM, ~(unsigned)(PART_WARM | PART_INDEXES), "WarmThroughput must be the only operation in the request"},
        {PART_ONLINE, PART_UNITS, "You cannot create or delete index while updating table IOPS"},
        {PART_ONLINE, PART_STREAM, "You cannot create or delete index while changing stream status"},
        {PART_STREAM, PART_UNITS | PART_PROVISIONED, "You cannot modify stream status while updating table IOPS"}};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if ((parts & rules[i].part) != 0 && (parts & rules[i].refused) != 0)
            return fault_set(fault, LEAT_VALIDATION, INVALID "%s", rules[i].words);
    return LEAT_OK;
}

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    struct input *in = input;
    TRY(dynamodb_check_table_name(in->table, fault));
    TRY(replica_changes_refuse(call->server, &in->replicas, fault));
    TRY(index_changes_check(&in->changes, &in->indexes, fault));
    unsigned parts = parts_of(in);
    if (parts == 0)
        return fault_set(fault, LEAT_VALIDATION,
                         "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or "
                         "SSESpecification or ReplicaUpdates is required");
    if (in->billing.value == DYNAMODB_PAY_PER_REQUEST && in->throughput != NULL)
        return fault_set(fault, LEAT_VALIDATION,
                         INVALID "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST");
    if (in->billing.value == DYNAMODB_PROVISIONED && in->throughput == NULL)
        return fault_set(fault, LEAT_VALIDATION, INVALID "ProvisionedThroughput must be specified when BillingMode is PROVISIONED");
    TRY(check_together(parts, fault));
    TRY(dynamodb_check_class(in->class, fault));
    return in->encryption == NULL ? LEAT_OK : encryption_check(in->encryption, fault);
}

/* ---- against the table ---- */

/* Asking for the units that a table has already is a fault, unless something else changes with them. */
static enum leat_code check_units(const struct leat_table *now, const struct input *in, enum leat_billing billing,
                                  struct leat_fault *fault) {
    if (in->throughput == NULL) return LEAT_OK;
    if (billing == LEAT_PAY_PER_REQUEST)
        return fault_set(fault, LEAT_VALIDATION,
                         INVALID "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST");
    int64_t read = now->read_units, write = now->write_units;
    bool same = now->billing == LEAT_PROVISIONED && read == in->throughput->read.value && write == in->throughput->write.value;
    if (!same || in->changes.count > 0) return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION,
                     "The provisioned throughput for the table will not change. The requested value equals the current value. "
                     "Current ReadCapacityUnits provisioned for the table: %" PRId64 ". Requested ReadCapacityUnits: %" PRId64
                     ". Current WriteCapacityUnits provisioned for the table: %" PRId64
                     ". Requested WriteCapacityUnits: %" PRId64
                     ". Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.",
                     read, read, write, write);
}

/* A table that never had a class is a standard one; naming what is changes nothing. */
static enum leat_code change_class(struct settings_edit *edit, struct leat_slice class) {
    struct leat_slice now = settings_entry(edit->table, SLICE("class"));
    if (slice_equal(class, now.data == NULL ? SLICE("STANDARD") : now)) return LEAT_OK;
    TRY(settings_set_text(edit, SLICE("class"), class));
    return settings_set_int(edit, SLICE("class_changed"), (int64_t)leat_now_ms(edit->call->server->db));
}

static enum leat_code edit_table(struct settings_edit *edit, void *context) {
    const struct input *in = context;
    struct leat_table_change *change = edit->change;
    struct leat_fault *fault = &edit->call->fault;
    enum leat_billing billing = edit->table->billing;
    edit->always = true;
    if (in->billing.value != 0) billing = in->billing.value == DYNAMODB_PAY_PER_REQUEST ? LEAT_PAY_PER_REQUEST : LEAT_PROVISIONED;
    TRY(check_units(edit->table, in, billing, fault));
    if (in->stream != NULL) {
        change->change_stream = true;
        TRY(dynamodb_stream_view(in->stream, &change->stream, fault));
    }
    change->change_billing = in->billing.value != 0;
    change->billing = billing;
    if (in->throughput != NULL) {
        change->change_units = true;
        change->read_units = in->throughput->read.value;
        change->write_units = in->throughput->write.value;
    }
    change->change_protection = in->protection.given;
    change->deletion_protection = in->protection.value;
    TRY(dynamodb_definitions(edit->call, &in->definitions, &change->attributes, &change->attribute_count, fault));
    if (in->throughput != NULL || in->billing.value != 0 || in->indexes.updates > 0) TRY(warm_keep(edit));
    if (in->class.data != NULL) TRY(change_class(edit, in->class));
    if (in->encryption != NULL) TRY(encryption_update(edit, in->encryption));
    TRY(warm_change(edit, in->warm, NULL, false));
    TRY(on_demand_change(edit, in->on_demand, NULL, billing, false));
    return index_changes_edit(edit, &in->changes, billing);
}

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    struct leat_table_change change = {.name = in->table};
    struct leat_description description;
    enum leat_code code = settings_update(call, &change, edit_table, input, &description);
    struct dynamodb_changing changing = {.warm = throughput_given(in->warm) || in->indexes.warm, .encryption = in->encryption != NULL};
    dynamodb_answer_table(call, code, &description, "TableDescription", changing);
}

const struct api_operation dynamodb_update_table = {
    .name = "UpdateTable", .fields = fields, .input_size = sizeof(struct input), .place = API_POOL, .check = check, .run = run};
