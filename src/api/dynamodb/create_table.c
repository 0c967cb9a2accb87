/* CreateTable. Source: Amazon DynamoDB API Reference, CreateTable. */
#include "api/dynamodb/create.h"
#include "api/dynamodb/encryption.h"
#include "api/dynamodb/policy.h"
#include "api/dynamodb/tags.h"
#include "base/slice.h"

static const struct api_field fields[] = {
    DYNAMODB_TABLE_PARAMETER(struct create_input, 3),
    API_FIELD(struct create_input, definitions, "AttributeDefinitions", API_LIST, .required = true, .element = &dynamodb_definition_element,
              .size = sizeof(struct dynamodb_definition)),
    API_FIELD(struct create_input, keys, "KeySchema", API_LIST, .required = true, .min = 1, .max = 2, .element = &dynamodb_key_element,
              .size = sizeof(struct dynamodb_key_element)),
    API_FIELD(struct create_input, billing, "BillingMode", API_ENUM, .choices = dynamodb_billing_choices),
    API_FIELD(struct create_input, throughput, "ProvisionedThroughput", API_STRUCT, .fields = dynamodb_throughput_fields,
              .size = sizeof(struct dynamodb_throughput), .type = "ProvisionedThroughput"),
    API_FIELD(struct create_input, local, "LocalSecondaryIndexes", API_LIST, .element = &dynamodb_local_element,
              .size = sizeof(struct dynamodb_index)),
    API_FIELD(struct create_input, global, "GlobalSecondaryIndexes", API_LIST, .element = &dynamodb_index_element,
              .size = sizeof(struct dynamodb_index)),
    API_FIELD(struct create_input, stream, "StreamSpecification", API_STRUCT, .fields = dynamodb_stream_fields,
              .size = sizeof(struct dynamodb_stream_specification), .type = "StreamSpecification"),
    API_FIELD(struct create_input, class, "TableClass", API_STRING),
    ENCRYPTION_FIELD(struct create_input, encryption),
    ON_DEMAND_FIELD(struct create_input, on_demand),
    WARM_FIELD(struct create_input, warm),
    API_FIELD(struct create_input, policy, "ResourcePolicy", API_STRING),
    API_FIELD(struct create_input, source, "GlobalTableSourceArn", API_STRING, .min = 1, .max = 1024),
    API_FIELD(struct create_input, protection, "DeletionProtectionEnabled", API_BOOLEAN),
    API_FIELD(struct create_input, tags, "Tags", API_LIST, .element = &tags_element, .size = sizeof(struct tags_tag)),
    API_FIELDS_END,
};

static enum leat_code check_units(const struct dynamodb_index *index, bool on_demand, struct leat_fault *fault) {
    if (on_demand == (index->throughput == NULL)) return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION,
                     on_demand ? "One or more parameter values were invalid: ProvisionedThroughput should not be specified for index: "
                                 "%.*s when BillingMode is PAY_PER_REQUEST"
                               : "One or more parameter values were invalid: ProvisionedThroughput is not specified for index: %.*s",
                     SLICE_FORMAT(index->name));
}

enum leat_code create_check(const struct create_input *in, struct leat_fault *fault) {
    bool on_demand = in->billing.value == DYNAMODB_PAY_PER_REQUEST;
    TRY(dynamodb_check_table_name(in->table, fault));
    if (on_demand && in->throughput != NULL)
        return fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified "
                         "when BillingMode is PAY_PER_REQUEST");
    if (!on_demand && in->throughput == NULL)
        return fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified "
                         "when BillingMode is PROVISIONED");
    if ((in->local.given && in->local.count == 0) || (in->global.given && in->global.count == 0))
        return fault_set(fault, LEAT_VALIDATION, "One or more parameter values were invalid: List of %s is empty",
                         in->local.given && in->local.count == 0 ? "LocalSecondaryIndexes" : "GlobalSecondaryIndexes");
    for (size_t i = 0; i < in->global.count; i++)
        TRY(check_units((const struct dynamodb_index *)in->global.elements + i, on_demand, fault));
    if (in->source.data != NULL)
        return fault_set(fault, LEAT_VALIDATION, "One or more parameter values were invalid: there are no global tables here, and "
                                                 "GlobalTableSourceArn names one");
    TRY(dynamodb_check_class(in->class, fault));
    if (in->encryption != NULL) TRY(encryption_check(in->encryption, fault));
    return tags_check(&in->tags, fault);
}

static enum leat_code add_indexes(struct api_call *call, const struct create_input *in, struct leat_table *table) {
    size_t total = in->local.count + in->global.count;
    struct leat_index *indexes = ARENA_ARRAY(call->arena, struct leat_index, total);
    if (indexes == NULL) return fault_memory(&call->fault);
    table->indexes = indexes;
    table->index_count = total;
    for (size_t i = 0; i < total; i++) {
        bool local = i < in->local.count;
        const struct dynamodb_index *from =
            local ? (const struct dynamodb_index *)in->local.elements + i
                  : (const struct dynamodb_index *)in->global.elements + (i - in->local.count);
        TRY(dynamodb_index_of(call, from, local, &indexes[i], &call->fault));
    }
    return LEAT_OK;
}

static enum leat_code add_settings(struct api_call *call, const struct create_input *in, struct leat_table *table) {
    struct settings_edit edit = {.call = call, .table = table};
    if (in->class.data != NULL) TRY(settings_set_text(&edit, SLICE("class"), in->class));
    if (in->tags.count > 0) TRY(tags_change(&edit, &in->tags, &(struct api_list){.count = 0}));
    if (in->encryption != NULL) TRY(encryption_create(&edit, in->encryption));
    if (in->policy.data != NULL) TRY(policy_create(&edit, in->policy));
    TRY(warm_change(&edit, in->warm, NULL, true));
    if (throughput_given(in->warm)) {
        table->warm_read_units = in->warm->read.value;
        table->warm_write_units = in->warm->write.value;
    }
    TRY(on_demand_change(&edit, in->on_demand, NULL, table->billing, true));
    for (size_t i = 0; i < in->global.count; i++) {
        const struct dynamodb_index *from = (const struct dynamodb_index *)in->global.elements + i;
        const struct leat_index *index = &table->indexes[in->local.count + i];
        TRY(warm_change(&edit, from->warm, index, true));
        TRY(on_demand_change(&edit, from->on_demand, index, table->billing, true));
    }
    return edit.entries == NULL ? LEAT_OK : settings_build(&edit, &table->settings);
}

enum leat_code create_table_of(struct api_call *call, const struct create_input *in, struct leat_table *out) {
    *out = (struct leat_table){.name = in->table, .deletion_protection = in->protection.value};
    out->billing = in->billing.value == DYNAMODB_PAY_PER_REQUEST ? LEAT_PAY_PER_REQUEST : LEAT_PROVISIONED;
    if (in->throughput != NULL) {
        out->read_units = in->throughput->read.value;
        out->write_units = in->throughput->write.value;
    }
    TRY(dynamodb_definitions(call, &in->definitions, &out->attributes, &out->attribute_count, &call->fault));
    TRY(dynamodb_keys(&in->keys, &out->partition_key, &out->sort_key, &call->fault));
    TRY(add_indexes(call, in, out));
    if (in->stream != NULL) TRY(dynamodb_stream_view(in->stream, &out->stream, &call->fault));
    return add_settings(call, in, out);
}

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    (void)call;
    return create_check(input, fault);
}

static void run(struct api_call *call, void *input) {
    struct leat_description description = {0};
    struct leat_table table;
    enum leat_code code = create_table_of(call, input, &table);
    if (code == LEAT_OK) code = leat_table_create(call->server->db, &table, &description, &call->fault);
    struct dynamodb_changing changing = {.warm = throughput_given(((const struct create_input *)input)->warm)};
    dynamodb_answer_table(call, code, &description, "TableDescription", changing);
}

const struct api_operation dynamodb_create_table = {
    .name = "CreateTable", .fields = fields, .input_size = sizeof(struct create_input), .place = API_POOL, .check = check, .run = run};
