/* ListTables. Source: Amazon DynamoDB API Reference, ListTables. */
#include "api/dynamodb/dynamodb.h"

enum { LIMIT_MAX = 100 };

struct input { struct leat_slice start; struct api_integer limit; };

static const struct api_field fields[] = {
    API_FIELD(struct input, start, "ExclusiveStartTableName", API_STRING, .min = 3, .max = 255, .pattern = DYNAMODB_NAME_PATTERN),
    API_FIELD(struct input, limit, "Limit", API_INTEGER, .min = 1, .max = LIMIT_MAX),
    API_FIELDS_END,
};

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    struct json_writer *json = &call->json;
    size_t limit = in->limit.given ? (size_t)in->limit.value : LIMIT_MAX;
    enum leat_code code = leat_table_list(call->server->db, (struct leat_slice){NULL, 0}, in->start, limit, &call->result, &call->fault);
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    json_object(json);
    json_key(json, "TableNames");
    json_array(json);
    for (size_t i = 0; i < call->result.count; i++) json_string(json, call->result.items[i]);
    json_array_end(json);
    if (call->result.last_key.data != NULL) {
        json_key(json, "LastEvaluatedTableName");
        json_string(json, call->result.last_key);
    }
    json_object_end(json);
    api_done(call);
}

const struct api_operation dynamodb_list_tables = {
    .name = "ListTables", .fields = fields, .input_size = sizeof(struct input), .run = run};
