/* TransactWriteItems. Source: Amazon DynamoDB API Reference, TransactWriteItems. */
#include "api/dynamodb/dynamodb.h"
#include "base/slice.h"
#include "item/value.h"

enum { ACTIONS_MAX = 100 };

struct action {
    struct leat_slice table, item, key, update, condition, names, values;
    struct api_enum on_failure;
};
struct member { struct action *check, *put, *remove, *update; };
struct input {
    struct api_list members;
    struct api_enum capacity, metrics;
    struct leat_slice token;
};

#define ACTION_FIELDS                                                                         \
    DYNAMODB_TABLE_NAME(struct action),                                                       \
        API_FIELD(struct action, condition, "ConditionExpression", API_STRING),               \
        API_FIELD(struct action, names, "ExpressionAttributeNames", API_NAMES),               \
        API_FIELD(struct action, values, "ExpressionAttributeValues", API_VALUES),            \
        DYNAMODB_ON_FAILURE(struct action)

static const struct api_field put_fields[] = {
    API_FIELD(struct action, item, "Item", API_ITEM, .required = true),
    ACTION_FIELDS,
    API_FIELDS_END,
};
static const struct api_field remove_fields[] = {
    API_FIELD(struct action, key, "Key", API_ITEM, .required = true),
    ACTION_FIELDS,
    API_FIELDS_END,
};
static const struct api_field update_fields[] = {
    API_FIELD(struct action, key, "Key", API_ITEM, .required = true),
    API_FIELD(struct action, update, "UpdateExpression", API_STRING, .required = true),
    ACTION_FIELDS,
    API_FIELDS_END,
};
static const struct api_field check_fields[] = {
    API_FIELD(struct action, key, "Key", API_ITEM, .required = true),
    DYNAMODB_TABLE_NAME(struct action),
    API_FIELD(struct action, condition, "ConditionExpression", API_STRING, .required = true),
    API_FIELD(struct action, names, "ExpressionAttributeNames", API_NAMES),
    API_FIELD(struct action, values, "ExpressionAttributeValues", API_VALUES),
    DYNAMODB_ON_FAILURE(struct action),
    API_FIELDS_END,
};
static const struct api_field member_fields[] = {
    API_FIELD(struct member, check, "ConditionCheck", API_STRUCT, .fields = check_fields, .size = sizeof(struct action),
              .type = "ConditionCheck"),
    API_FIELD(struct member, put, "Put", API_STRUCT, .fields = put_fields, .size = sizeof(struct action), .type = "Put"),
    API_FIELD(struct member, remove, "Delete", API_STRUCT, .fields = remove_fields, .size = sizeof(struct action), .type = "Delete"),
    API_FIELD(struct member, update, "Update", API_STRUCT, .fields = update_fields, .size = sizeof(struct action), .type = "Update"),
    API_FIELDS_END,
};
static const struct api_field member_element = {.name = "", .kind = API_STRUCT, .fields = member_fields, .type = "TransactWriteItem"};
static const struct api_field fields[] = {
    API_FIELD(struct input, members, "TransactItems", API_LIST, .required = true, .min = 1, .max = ACTIONS_MAX,
              .element = &member_element, .size = sizeof(struct member)),
    DYNAMODB_CAPACITY(struct input),
    DYNAMODB_METRICS(struct input),
    API_FIELD(struct input, token, "ClientRequestToken", API_STRING, .min = 1, .max = 36),
    API_FIELDS_END,
};

enum leat_code dynamodb_transaction_too_large(struct leat_fault *fault) {
    return fault_set(fault, LEAT_VALIDATION, "The aggregate size of the items in the transaction exceeds 4 MB");
}

static const struct action *action_of(const struct member *member, enum leat_write_kind *kind) {
    struct { const struct action *action; enum leat_write_kind kind; } kinds[] = {
        {member->check, LEAT_CHECK}, {member->put, LEAT_PUT}, {member->remove, LEAT_DELETE}, {member->update, LEAT_UPDATE}};
    const struct action *found = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].action == NULL) continue;
        if (found != NULL) return NULL;
        found = kinds[i].action;
        *kind = kinds[i].kind;
    }
    return found;
}

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    const struct input *in = input;
    static const struct dynamodb_parameter no_legacy[] = {{NULL, false}};
    size_t bytes = 0;
    (void)call;
    for (size_t i = 0; i < in->members.count; i++) {
        enum leat_write_kind kind;
        const struct action *action = action_of((const struct member *)in->members.elements + i, &kind);
        if (action == NULL)
            return fault_set(fault, LEAT_VALIDATION,
                             "TransactItems can only contain one of Check, Put, Update or Delete");
        struct dynamodb_parameter expressions[] = {
            {"UpdateExpression", action->update.data != NULL}, {"ConditionExpression", action->condition.data != NULL}, {NULL, false}};
        struct dynamodb_parameters parameters = {.expressions = expressions, .legacy = no_legacy, .names = action->names,
                                                 .values = action->values, .values_need = "ConditionExpression is null"};
        TRY(dynamodb_check_parameters(&parameters, fault));
        bytes += item_size(action->item.data != NULL ? action->item : action->key);
    }
    return bytes > DYNAMODB_TRANSACTION_BYTES_MAX ? dynamodb_transaction_too_large(fault) : LEAT_OK;
}

static void written(struct api_call *call) {
    const struct input *in = call->input;
    if (call->code != LEAT_OK) {
        api_fail(call, call->code, &call->fault);
        return;
    }
    json_object(&call->json);
    const struct dynamodb_mentions mentions = {call->state, in->members.count};
    dynamodb_write_consumed_list(call, &mentions, call->result.capacity, &in->capacity, true);
    dynamodb_write_metrics_map(call, &mentions, &in->metrics);
    json_object_end(&call->json);
    api_done(call);
}

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    struct leat_write *writes = ARENA_ARRAY(call->arena, struct leat_write, in->members.count);
    struct leat_slice *tables = ARENA_ARRAY(call->arena, struct leat_slice, in->members.count);
    if (writes == NULL || tables == NULL) {
        api_fail(call, LEAT_NO_MEMORY, NULL);
        return;
    }
    for (size_t i = 0; i < in->members.count; i++) {
        enum leat_write_kind kind = LEAT_CHECK;
        const struct action *action = action_of((const struct member *)in->members.elements + i, &kind);
        writes[i] = (struct leat_write){.kind = kind, .table = action->table, .item = action->item, .key = action->key,
                                        .update = action->update, .condition = action->condition, .names = action->names,
                                        .values = action->values,
                                        .return_old_on_failure = action->on_failure.value == DYNAMODB_ON_FAILURE_ALL_OLD};
        tables[i] = action->table;
    }
    call->state = tables;
    enum leat_code code = api_write(call, writes, in->members.count, LEAT_ATOMIC, in->token, written);
    if (code != LEAT_OK) api_fail(call, code, &call->fault);
}

const struct api_operation dynamodb_transact_write_items = {
    .name = "TransactWriteItems", .fields = fields, .input_size = sizeof(struct input), .check = check, .run = run};
