/* ExecuteStatement, and what the operations of PartiQL share. Source: Amazon DynamoDB API Reference, ExecuteStatement. */
#include "api/dynamodb/dynamodb.h"
#include "base/slice.h"
#include "item/item_json.h"

struct input {
    struct dynamodb_statement statement;
    struct leat_slice next_token;
    struct api_integer limit;
    struct api_enum capacity;
};

const struct api_field dynamodb_parameter_element = {.name = "", .kind = API_VALUE};

static const struct api_field fields[] = {
    DYNAMODB_STATEMENT_FIELDS(struct input, statement),
    API_FIELD(struct input, statement.consistent, "ConsistentRead", API_BOOLEAN),
    API_FIELD(struct input, next_token, "NextToken", API_STRING, .min = 1, .max = 32768),
    API_FIELD(struct input, limit, "Limit", API_INTEGER, .min = 1),
    DYNAMODB_CAPACITY(struct input),
    API_FIELDS_END,
};

struct leat_statement dynamodb_statement_of(const struct dynamodb_statement *in) {
    return (struct leat_statement){.text = in->text,
                                   .parameters = in->parameters.elements,
                                   .parameter_count = in->parameters.count,
                                   .consistent = in->consistent.value,
                                   .return_old_on_failure = in->on_failure.value == DYNAMODB_ON_FAILURE_ALL_OLD};
}

static void write_items(struct json_writer *json, const struct leat_result *result) {
    json_key(json, "Items");
    json_array(json);
    for (size_t i = 0; i < result->count; i++) item_to_json(json, result->items[i]);
    if (result->attributes.size > 0) item_to_json(json, result->attributes);
    json_array_end(json);
    if (result->next_token.data == NULL) return;
    json_key(json, "NextToken");
    json_string(json, result->next_token);
    json_key(json, "LastEvaluatedKey");
    item_to_json(json, result->last_key);
}

static void executed(struct api_call *call) {
    const struct input *in = call->input;
    const struct leat_result *result = &call->result;
    if (call->code != LEAT_OK) {
        api_fail(call, call->code, &call->fault);
        return;
    }
    json_object(&call->json);
    write_items(&call->json, result);
    if (result->table_count > 0) dynamodb_write_consumed(call, result->tables[0], &in->capacity);
    json_object_end(&call->json);
    api_done(call);
}

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    struct leat_statement statement = dynamodb_statement_of(&in->statement);
    statement.next_token = in->next_token;
    if (in->limit.given) statement.limit = in->limit.value < UINT32_MAX ? (uint32_t)in->limit.value : UINT32_MAX;
    enum leat_code code = api_statements(call, &statement, 1, LEAT_EACH, (struct leat_slice){NULL, 0}, executed);
    if (code != LEAT_OK) api_fail(call, code, &call->fault);
}

const struct api_operation dynamodb_execute_statement = {
    .name = "ExecuteStatement", .fields = fields, .input_size = sizeof(struct input), .run = run};
