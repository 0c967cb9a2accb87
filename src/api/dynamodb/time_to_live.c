/* UpdateTimeToLive and DescribeTimeToLive. Source: Amazon DynamoDB API Reference; changes take effect at once here, so a
 * second one is not refused for an hour. */
#include "api/dynamodb/dynamodb.h"
#include "base/slice.h"

struct specification { struct leat_slice attribute; struct api_boolean enabled; };
struct update_input { struct leat_slice table; struct specification *specification; };
struct describe_input { struct leat_slice table; };

static const struct api_field specification_fields[] = {
    API_FIELD(struct specification, enabled, "Enabled", API_BOOLEAN, .required = true),
    API_FIELD(struct specification, attribute, "AttributeName", API_STRING, .required = true, .min = 1, .max = 255),
    API_FIELDS_END,
};
static const struct api_field update_fields[] = {
    DYNAMODB_TABLE_NAME(struct update_input),
    API_FIELD(struct update_input, specification, "TimeToLiveSpecification", API_STRUCT, .required = true,
              .fields = specification_fields, .size = sizeof(struct specification), .type = "TimeToLiveSpecification"),
    API_FIELDS_END,
};
static const struct api_field describe_fields[] = {DYNAMODB_TABLE_NAME(struct describe_input), API_FIELDS_END};

/* What the table has now decides what may be asked for. */
static enum leat_code check_now(const struct leat_table *table, const struct specification *wanted, struct leat_fault *fault) {
    struct leat_slice now = table->ttl_attribute;
    if (!wanted->enabled.value && now.data == NULL) return fault_set(fault, LEAT_VALIDATION, "TimeToLive is already disabled");
    if (now.data != NULL && !slice_equal(now, wanted->attribute))
        return fault_set(fault, LEAT_VALIDATION, "TimeToLive is active on a different AttributeName: current AttributeName is %.*s",
                         SLICE_FORMAT(now));
    if (wanted->enabled.value && now.data != NULL) return fault_set(fault, LEAT_VALIDATION, "TimeToLive is already enabled");
    return LEAT_OK;
}

static enum leat_code update(struct api_call *call, const struct update_input *input) {
    const struct specification *wanted = input->specification;
    struct leat_description description = {.memory = NULL};
    enum leat_code code = leat_table_describe(call->server->db, input->table, &description, &call->fault);
    if (code == LEAT_OK) code = check_now(&description.table, wanted, &call->fault);
    leat_description_free(&description);
    TRY(code);
    const struct leat_table_change change = {.name = input->table, .change_ttl = true,
                                             .ttl_attribute = wanted->enabled.value ? wanted->attribute : (struct leat_slice){NULL, 0}};
    code = leat_table_update(call->server->db, &change, &description, &call->fault);
    leat_description_free(&description);
    return code;
}

static void run_update(struct api_call *call, void *data) {
    const struct update_input *input = data;
    enum leat_code code = update(call, input);
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    json_object(&call->json);
    json_key(&call->json, "TimeToLiveSpecification");
    json_object(&call->json);
    json_key(&call->json, "AttributeName");
    json_string(&call->json, input->specification->attribute);
    json_key(&call->json, "Enabled");
    json_bool(&call->json, input->specification->enabled.value);
    json_object_end(&call->json);
    json_object_end(&call->json);
    api_done(call);
}

static void run_describe(struct api_call *call, void *input) {
    struct leat_description description = {.memory = NULL};
    enum leat_code code = leat_table_describe(call->server->db, ((struct describe_input *)input)->table, &description, &call->fault);
    if (code != LEAT_OK) {
        leat_description_free(&description);
        api_fail(call, code, &call->fault);
        return;
    }
    struct leat_slice attribute = description.table.ttl_attribute;
    json_object(&call->json);
    json_key(&call->json, "TimeToLiveDescription");
    json_object(&call->json);
    json_key(&call->json, "TimeToLiveStatus");
    json_text(&call->json, attribute.data == NULL ? "DISABLED" : "ENABLED");
    if (attribute.data != NULL) {
        json_key(&call->json, "AttributeName");
        json_string(&call->json, attribute);
    }
    json_object_end(&call->json);
    json_object_end(&call->json);
    leat_description_free(&description);
    api_done(call);
}

const struct api_operation dynamodb_update_time_to_live = {
    .name = "UpdateTimeToLive", .fields = update_fields, .input_size = sizeof(struct update_input), .place = API_POOL, .run = run_update};
const struct api_operation dynamodb_describe_time_to_live = {
    .name = "DescribeTimeToLive", .fields = describe_fields, .input_size = sizeof(struct describe_input), .run = run_describe};
