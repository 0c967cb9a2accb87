/* CreateTable. Source: Amazon DynamoDB API Reference, CreateTable. */
#include "api/dynamodb/dynamodb.h"

struct input {
    struct leat_slice table;
    struct api_list definitions, keys, local, global, tags;
    struct api_enum billing, class;
    struct dynamodb_throughput *throughput;
    struct dynamodb_stream_specification *stream;
    struct api_boolean protection;
};

static const struct api_field fields[] = {
    API_FIELD(struct input, table, "TableName", API_STRING, .alone = true, .or_arn = true, .min = 3, .max = 255,
              .pattern = DYNAMODB_NAME_PATTERN),
    API_FIELD(struct input, definitions, "AttributeDefinitions", API_LIST, .required = true, .element = &dynamodb_definition_element,
              .size = sizeof(struct dynamodb_definition)),
    API_FIELD(struct input, keys, "KeySchema", API_LIST, .required = true, .min = 1, .max = 2, .element = &dynamodb_key_element,
              .size = sizeof(struct dynamodb_key_element)),
    API_FIELD(struct input, billing, "BillingMode", API_ENUM, .choices = dynamodb_billing_choices),
    API_FIELD(struct input, throughput, "ProvisionedThroughput", API_STRUCT, .fields = dynamodb_throughput_fields,
              .size = sizeof(struct dynamodb_throughput), .type = "ProvisionedThroughput"),
    API_FIELD(struct input, local, "LocalSecondaryIndexes", API_LIST, .element = &dynamodb_index_element,
              .size = sizeof(struct dynamodb_index)),
    API_FIELD(struct input, global, "GlobalSecondaryIndexes", API_LIST, .element = &dynamodb_index_element,
              .size = sizeof(struct dynamodb_index)),
    API_FIELD(struct input, stream, "StreamSpecification", API_STRUCT, .fields = dynamodb_stream_fields,
              .size = sizeof(struct dynamodb_stream_specification), .type = "StreamSpecification"),
    API_FIELD(struct input, class, "TableClass", API_ENUM, .choices = dynamodb_class_choices),
    API_FIELD(struct input, protection, "DeletionProtectionEnabled", API_BOOLEAN),
    API_FIELD(struct input, tags, "Tags", API_LIST, .element = &dynamodb_tag_element, .size = sizeof(struct dynamodb_tag)),
    API_FIELDS_END,
};

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    const struct input *in = input;
    bool on_demand = in->billing.value == DYNAMODB_PAY_PER_REQUEST;
    (void)call;
    if (in->table.data == NULL)
        return fault_set(fault, LEAT_VALIDATION, "The parameter 'TableName' is required but was not present in the request");
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
    return LEAT_OK;
}

static enum leat_code add_indexes(struct api_call *call, const struct input *in, struct leat_table *table) {
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

static enum leat_code create(struct api_call *call, const struct input *in, struct leat_description *out) {
    struct leat_table table = {.name = in->table, .deletion_protection = in->protection.value};
    table.billing = in->billing.value == DYNAMODB_PAY_PER_REQUEST ? LEAT_PAY_PER_REQUEST : LEAT_PROVISIONED;
    if (in->throughput != NULL) {
        table.read_units = in->throughput->read.value;
        table.write_units = in->throughput->write.value;
    }
    TRY(dynamodb_definitions(call, &in->definitions, &table.attributes, &table.attribute_count, &call->fault));
    TRY(dynamodb_keys(&in->keys, &table.partition_key, &table.sort_key, &call->fault));
    TRY(add_indexes(call, in, &table));
    if (in->stream != NULL) TRY(dynamodb_stream_view(in->stream, &table.stream, &call->fault));
    if (in->class.text.data != NULL || in->tags.count > 0) {
        struct dynamodb_settings settings = {.tags = &in->tags, .class = in->class.text};
        TRY(dynamodb_settings_change(call, table.settings, &settings, &table.settings, &call->fault));
    }
    return leat_table_create(call->server->db, &table, out, &call->fault);
}

static void run(struct api_call *call, void *input) {
    struct leat_description description = {0};
    enum leat_code code = create(call, input, &description);
    dynamodb_answer_table(call, code, &description, "TableDescription");
}

const struct api_operation dynamodb_create_table = {
    .name = "CreateTable", .fields = fields, .input_size = sizeof(struct input), .place = API_POOL, .check = check, .run = run};
