/* Table definitions in requests: attributes, key schemas, indexes, streams. */
#include "api/dynamodb/dynamodb.h"
#include "base/slice.h"
#include "item/value.h"

static const struct api_choice attribute_choices[] = {{"B", 'B'}, {"N", 'N'}, {"S", 'S'}, {NULL, 0}};
static const struct api_choice key_choices[] = {{"HASH", DYNAMODB_HASH}, {"RANGE", DYNAMODB_RANGE}, {NULL, 0}};
static const struct api_choice projection_choices[] = {
    {"ALL", LEAT_PROJECT_ALL}, {"INCLUDE", LEAT_PROJECT_INCLUDE}, {"KEYS_ONLY", LEAT_PROJECT_KEYS_ONLY}, {NULL, 0}};
static const struct api_choice view_choices[] = {{"NEW_IMAGE", LEAT_NEW_IMAGE},
                                                 {"OLD_IMAGE", LEAT_OLD_IMAGE},
                                                 {"NEW_AND_OLD_IMAGES", LEAT_NEW_AND_OLD_IMAGES},
                                                 {"KEYS_ONLY", LEAT_KEYS_ONLY},
                                                 {NULL, 0}};
const struct api_choice dynamodb_billing_choices[] = {
    {"PROVISIONED", DYNAMODB_PROVISIONED}, {"PAY_PER_REQUEST", DYNAMODB_PAY_PER_REQUEST}, {NULL, 0}};

static const struct api_field definition_fields[] = {
    API_FIELD(struct dynamodb_definition, name, "AttributeName", API_STRING, .required = true, .min = 1, .max = 255),
    API_FIELD(struct dynamodb_definition, type, "AttributeType", API_ENUM, .required = true, .choices = attribute_choices),
    API_FIELDS_END,
};
const struct api_field dynamodb_definition_element = {
    .name = "", .kind = API_STRUCT, .fields = definition_fields, .type = "AttributeDefinition"};

static const struct api_field key_fields[] = {
    API_FIELD(struct dynamodb_key_element, name, "AttributeName", API_STRING, .required = true, .min = 1, .max = 255),
    API_FIELD(struct dynamodb_key_element, type, "KeyType", API_ENUM, .required = true, .choices = key_choices),
    API_FIELDS_END,
};
const struct api_field dynamodb_key_element = {.name = "", .kind = API_STRUCT, .fields = key_fields, .type = "KeySchemaElement"};

static const struct api_field attribute_element = {.name = "", .kind = API_STRING, .min = 1, .max = 255};
static const struct api_field projection_fields[] = {
    API_FIELD(struct dynamodb_projection, type, "ProjectionType", API_ENUM, .choices = projection_choices),
    API_FIELD(struct dynamodb_projection, include, "NonKeyAttributes", API_LIST, .min = 1, .max = 20, .element = &attribute_element,
              .size = sizeof(struct leat_slice)),
    API_FIELDS_END,
};
const struct api_field dynamodb_throughput_fields[] = {
    API_FIELD(struct dynamodb_throughput, read, "ReadCapacityUnits", API_INTEGER, .wide = true, .required = true, .min = 1),
    API_FIELD(struct dynamodb_throughput, write, "WriteCapacityUnits", API_INTEGER, .wide = true, .required = true, .min = 1),
    API_FIELDS_END,
};
const struct api_field dynamodb_stream_fields[] = {
    API_FIELD(struct dynamodb_stream_specification, enabled, "StreamEnabled", API_BOOLEAN, .required = true),
    API_FIELD(struct dynamodb_stream_specification, view, "StreamViewType", API_ENUM, .choices = view_choices),
    API_FIELDS_END,
};
#define INDEX_FIELDS                                                                                                                  \
    API_FIELD(struct dynamodb_index, name, "IndexName", API_STRING, .required = true, .min = 3, .max = 255,                           \
              .pattern = DYNAMODB_NAME_PATTERN),                                                                                      \
        API_FIELD(struct dynamodb_index, keys, "KeySchema", API_LIST, .required = true, .min = 1, .max = 2,                           \
                  .element = &dynamodb_key_element, .size = sizeof(struct dynamodb_key_element)),                                     \
        API_FIELD(struct dynamodb_index, projection, "Projection", API_STRUCT, .required = true, .fields = projection_fields,         \
                  .size = sizeof(struct dynamodb_projection), .type = "Projection")
static const struct api_field local_fields[] = {INDEX_FIELDS, API_FIELDS_END};
const struct api_field dynamodb_index_fields[] = {
    INDEX_FIELDS,
    API_FIELD(struct dynamodb_index, throughput, "ProvisionedThroughput", API_STRUCT, .fields = dynamodb_throughput_fields,
              .size = sizeof(struct dynamodb_throughput), .type = "ProvisionedThroughput"),
    ON_DEMAND_FIELD(struct dynamodb_index, on_demand),
    WARM_FIELD(struct dynamodb_index, warm),
    API_FIELDS_END,
};
const struct api_field dynamodb_index_element = {
    .name = "", .kind = API_STRUCT, .fields = dynamodb_index_fields, .type = "GlobalSecondaryIndex"};
const struct api_field dynamodb_local_element = {
    .name = "", .kind = API_STRUCT, .fields = local_fields, .type = "LocalSecondaryIndex"};

enum leat_code dynamodb_definitions(struct api_call *call, const struct api_list *definitions, const struct leat_attribute **out,
                                    size_t *count, struct leat_fault *fault) {
    const struct dynamodb_definition *from = definitions->elements;
    struct leat_attribute *to = ARENA_ARRAY(call->arena, struct leat_attribute, definitions->count);
    if (to == NULL) return fault_memory(fault);
    for (size_t i = 0; i < definitions->count; i++) to[i] = (struct leat_attribute){from[i].name, (char)from[i].type.value};
    *out = to;
    *count = definitions->count;
    return LEAT_OK;
}

enum leat_code dynamodb_keys(const struct api_list *keys, struct leat_slice *partition, struct leat_slice *sort,
                             struct leat_fault *fault) {
    const struct dynamodb_key_element *elements = keys->elements;
    if (keys->count == 0 || elements[0].type.value != DYNAMODB_HASH)
        return fault_set(fault, LEAT_VALIDATION, "Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
    if (keys->count > 1 && elements[1].type.value != DYNAMODB_RANGE)
        return fault_set(fault, LEAT_VALIDATION, "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
    if (keys->count > 1 && slice_equal(elements[0].name, elements[1].name))
        return fault_set(fault, LEAT_VALIDATION, "Invalid KeySchema: Some index key attribute have no definition");
    *partition = elements[0].name;
    *sort = keys->count > 1 ? elements[1].name : (struct leat_slice){NULL, 0};
    return LEAT_OK;
}

enum leat_code dynamodb_index_of(struct api_call *call, const struct dynamodb_index *in, bool local, struct leat_index *out,
                                 struct leat_fault *fault) {
    (void)call;
    *out = (struct leat_index){.name = in->name, .local = local};
    TRY(dynamodb_keys(&in->keys, &out->partition_key, &out->sort_key, fault));
    const struct dynamodb_projection *projection = in->projection;
    if (projection->type.text.data == NULL)
        return fault_set(fault, LEAT_VALIDATION, "One or more parameter values were invalid: Unknown ProjectionType: null");
    out->projection = (enum leat_project)projection->type.value;
    if (projection->include.given && out->projection != LEAT_PROJECT_INCLUDE)
        return fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: ProjectionType is %.*s, but NonKeyAttributes is specified",
                         SLICE_FORMAT(projection->type.text));
    if (!projection->include.given && out->projection == LEAT_PROJECT_INCLUDE)
        return fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: ProjectionType is INCLUDE, but NonKeyAttributes is not specified");
    out->include = projection->include.elements;
    out->include_count = projection->include.count;
    if (in->throughput != NULL) {
        out->read_units = in->throughput->read.value;
        out->write_units = in->throughput->write.value;
    }
    return LEAT_OK;
}

enum leat_code dynamodb_check_class(struct leat_slice class, struct leat_fault *fault) {
    if (class.data == NULL || slice_is(class, "STANDARD") || slice_is(class, "STANDARD_INFREQUENT_ACCESS")) return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION, "Invalid table-class parameter provided. Please try again with a valid table-class value: "
                                             "[STANDARD, STANDARD_INFREQUENT_ACCESS].");
}

enum leat_code dynamodb_stream_view(const struct dynamodb_stream_specification *in, enum leat_view *out, struct leat_fault *fault) {
    *out = LEAT_VIEW_NONE;
    if (in->enabled.value && in->view.text.data == NULL)
        return fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: StreamViewType must be specified when StreamEnabled is true");
    if (!in->enabled.value && in->view.text.data != NULL)
        return fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: StreamViewType must not be specified when StreamEnabled is false");
    if (in->enabled.value) *out = (enum leat_view)in->view.value;
    return LEAT_OK;
}
