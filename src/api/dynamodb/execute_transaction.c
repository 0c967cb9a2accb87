/* ExecuteTransaction. Source: Amazon DynamoDB API Reference, ExecuteTransaction. */
#include "api/dynamodb/dynamodb.h"
#include "base/slice.h"
#include "item/item_json.h"
#include "item/value.h"

enum { STATEMENTS_MAX = 100 };

struct input {
    struct api_list statements; /* of struct dynamodb_statement */
    struct leat_slice token;
    struct api_enum capacity;
};
struct member { struct dynamodb_statement statement; };

static const struct api_field member_fields[] = {
    DYNAMODB_STATEMENT_FIELDS(struct member, statement),
    API_FIELDS_END,
};
static const struct api_field member_element = {.name = "", .kind = API_STRUCT, .fields = member_fields, .type = "ParameterizedStatement"};
static const struct api_field fields[] = {
    API_FIELD(struct input, statements, "TransactStatements", API_LIST, .required = true, .min = 1, .max = STATEMENTS_MAX,
              .element = &member_element, .size = sizeof(struct member)),
    API_FIELD(struct input, token, "ClientRequestToken", API_STRING, .min = 1, .max = 36),
    DYNAMODB_CAPACITY(struct input),
    API_FIELDS_END,
};

static bool too_large(const struct leat_result *result) {
    size_t bytes = 0;
    for (size_t i = 0; i < result->count; i++) bytes += result->items[i].data != NULL ? item_size(result->items[i]) : 0;
    return bytes > DYNAMODB_TRANSACTION_BYTES_MAX;
}

/* One entry per statement; those of writes are empty. */
static void write_responses(struct json_writer *json, const struct leat_result *result, size_t count) {
    json_key(json, "Responses");
    json_array(json);
    for (size_t i = 0; i < count; i++) {
        json_object(json);
        if (i < result->count && result->items[i].data != NULL) {
            json_key(json, "Item");
            item_to_json(json, result->items[i]);
        }
        json_object_end(json);
    }
    json_array_end(json);
}

static void executed(struct api_call *call) {
    const struct input *in = call->input;
    const struct leat_result *result = &call->result;
    if (call->code == LEAT_OK && too_large(result)) call->code = dynamodb_transaction_too_large(&call->fault);
    if (call->code != LEAT_OK) {
        api_fail(call, call->code, &call->fault);
        return;
    }
    json_object(&call->json);
    write_responses(&call->json, result, in->statements.count);
    const struct dynamodb_mentions mentions = {result->tables, result->table_count};
    dynamodb_write_consumed_list(call, &mentions, result->capacity, &in->capacity, true);
    json_object_end(&call->json);
    api_done(call);
}

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    const struct member *members = in->statements.elements;
    struct leat_statement *statements = ARENA_ARRAY(call->arena, struct leat_statement, in->statements.count);
    if (statements == NULL) {
        api_fail(call, LEAT_NO_MEMORY, NULL);
        return;
    }
    for (size_t i = 0; i < in->statements.count; i++) statements[i] = dynamodb_statement_of(&members[i].statement);
    enum leat_code code = api_statements(call, statements, in->statements.count, LEAT_ATOMIC, in->token, executed);
    if (code != LEAT_OK) api_fail(call, code, &call->fault);
}

const struct api_operation dynamodb_execute_transaction = {
    .name = "ExecuteTransaction", .fields = fields, .input_size = sizeof(struct input), .run = run};
