/* TransactGetItems. Source: Amazon DynamoDB API Reference, TransactGetItems. */
#include "api/dynamodb/dynamodb.h"
#include "base/slice.h"
#include "item/item_json.h"
#include "item/value.h"

enum { GETS_MAX = 100 };

struct get { struct leat_slice table, key, projection, names; };
struct member { struct get *get; };
struct input { struct api_list members; struct api_enum capacity; };

static const struct api_field get_fields[] = {
    API_FIELD(struct get, key, "Key", API_ITEM, .required = true),
    DYNAMODB_TABLE_NAME(struct get),
    API_FIELD(struct get, projection, "ProjectionExpression", API_STRING),
    API_FIELD(struct get, names, "ExpressionAttributeNames", API_NAMES),
    API_FIELDS_END,
};
static const struct api_field member_fields[] = {
    API_FIELD(struct member, get, "Get", API_STRUCT, .required = true, .fields = get_fields, .size = sizeof(struct get), .type = "Get"),
    API_FIELDS_END,
};
static const struct api_field member_element = {.name = "", .kind = API_STRUCT, .fields = member_fields, .type = "TransactGetItem"};
static const struct api_field fields[] = {
    API_FIELD(struct input, members, "TransactItems", API_LIST, .required = true, .min = 1, .max = GETS_MAX, .element = &member_element,
              .size = sizeof(struct member)),
    DYNAMODB_CAPACITY(struct input),
    API_FIELDS_END,
};

/* An empty key is the request's fault; one that does not fit the table is a reason of the action. */
static enum leat_code check_filled(struct leat_slice key, struct leat_fault *fault) {
    struct item_iterator entries = item_iterate(key);
    struct leat_slice name;
    struct item_value value;
    while (key.size > 0 && item_map_next(&entries, &name, &value)) {
        if ((value.type != ITEM_S && value.type != ITEM_B) || value.payload.size > 0) continue;
        return fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s "
                         "value. Key: %.*s", value.type == ITEM_S ? "string" : "binary", SLICE_FORMAT(name));
    }
    return LEAT_OK;
}

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    const struct input *in = input;
    static const struct dynamodb_parameter no_legacy[] = {{NULL, false}};
    (void)call;
    for (size_t i = 0; i < in->members.count; i++) {
        const struct get *get = ((const struct member *)in->members.elements)[i].get;
        struct dynamodb_parameter expressions[] = {{"ProjectionExpression", get->projection.data != NULL}, {NULL, false}};
        struct dynamodb_parameters parameters = {.expressions = expressions, .legacy = no_legacy, .names = get->names};
        TRY(dynamodb_check_parameters(&parameters, fault));
        TRY(check_filled(get->key, fault));
        for (size_t k = 0; k < i; k++) {
            const struct get *other = ((const struct member *)in->members.elements)[k].get;
            if (slice_equal(get->table, other->table) && slice_equal(get->key, other->key))
                return fault_set(fault, LEAT_VALIDATION, "Transaction request cannot include multiple operations on one item");
        }
    }
    return LEAT_OK;
}

static void write_answer(struct api_call *call, const struct input *in, const struct dynamodb_mentions *mentions) {
    struct json_writer *json = &call->json;
    json_object(json);
    json_key(json, "Responses");
    json_array(json);
    for (size_t i = 0; i < call->result.count; i++) {
        json_object(json);
        /* unlike GetItem's, an answer of which the projection left nothing is none */
        if (call->result.items[i].size > 0) {
            json_key(json, "Item");
            item_to_json(json, call->result.items[i]);
        }
        json_object_end(json);
    }
    json_array_end(json);
    dynamodb_write_consumed_list(call, mentions, call->result.capacity, &in->capacity, true);
    json_object_end(json);
}

static bool too_large(const struct leat_result *result) {
    size_t bytes = 0;
    for (size_t i = 0; i < result->count; i++) bytes += result->items[i].data != NULL ? item_size(result->items[i]) : 0;
    return bytes > DYNAMODB_TRANSACTION_BYTES_MAX;
}

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    size_t count = in->members.count;
    struct leat_get *gets = ARENA_ARRAY(call->arena, struct leat_get, count);
    struct leat_slice *tables = ARENA_ARRAY(call->arena, struct leat_slice, count);
    if (gets == NULL || tables == NULL) {
        api_fail(call, LEAT_NO_MEMORY, NULL);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct get *get = ((const struct member *)in->members.elements)[i].get;
        gets[i] = (struct leat_get){.table = get->table, .key = get->key, .projection = get->projection, .names = get->names,
                                    .consistent = true};
        tables[i] = get->table;
    }
    enum leat_code code = leat_get_many(call->server->db, gets, count, LEAT_ATOMIC, &call->result, &call->fault);
    if (code == LEAT_OK && too_large(&call->result)) {
        api_fail(call, dynamodb_transaction_too_large(&call->fault), &call->fault);
    } else if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
    } else {
        write_answer(call, in, &(struct dynamodb_mentions){tables, count});
        api_done(call);
    }
}

const struct api_operation dynamodb_transact_get_items = {
    .name = "TransactGetItems", .fields = fields, .input_size = sizeof(struct input), .check = check, .run = run};
