/* TransactGetItems. Source: Amazon DynamoDB API Reference, TransactGetItems. */
#include <stdio.h>
#include <string.h>

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

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    const struct input *in = input;
    static const struct dynamodb_parameter no_legacy[] = {{NULL, false}};
    (void)call;
    for (size_t i = 0; i < in->members.count; i++) {
        const struct get *get = ((const struct member *)in->members.elements)[i].get;
        struct dynamodb_parameter expressions[] = {{"ProjectionExpression", get->projection.data != NULL}, {NULL, false}};
        struct dynamodb_parameters parameters = {.expressions = expressions, .legacy = no_legacy, .names = get->names};
        TRY(dynamodb_check_parameters(&parameters, fault));
        for (size_t k = 0; k < i; k++) {
            const struct get *other = ((const struct member *)in->members.elements)[k].get;
            if (slice_equal(get->table, other->table) && slice_equal(get->key, other->key))
                return fault_set(fault, LEAT_VALIDATION, "Transaction request cannot include multiple operations on one item");
        }
    }
    return LEAT_OK;
}

/* A key that does not fit its table cancels the transaction, where everything else that is wrong fails the request: each key is
 * looked up on its own to tell which ones. The request's own fault is a key's when it reads the same. */
static bool find_reasons(struct api_call *call, const struct leat_get *gets, size_t count) {
    struct leat_reason *reasons = ARENA_ARRAY(call->arena, struct leat_reason, count);
    if (reasons == NULL) return false;
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        struct leat_result single = {0};
        struct leat_fault fault = {0};
        struct leat_get bare = {.table = gets[i].table, .key = gets[i].key};
        reasons[i].code = leat_get(call->server->db, &bare, &single, &fault);
        leat_result_free(&single);
        if (reasons[i].code == LEAT_OK) continue;
        (void)snprintf(reasons[i].message, sizeof reasons[i].message, "%.255s", fault.message);
        any |= strcmp(fault.message, call->fault.message) == 0;
    }
    leat_result_free(&call->result);
    call->result.reasons = reasons;
    call->result.reason_count = any ? count : 0;
    return any;
}

static void cancel(struct api_call *call) {
    struct buf words;
    buf_init(&words, 8192);
    buf_print(&words, "Transaction cancelled, please refer cancellation reasons for specific reasons [");
    for (size_t i = 0; i < call->result.reason_count; i++)
        buf_print(&words, "%s%s", i > 0 ? ", " : "", call->result.reasons[i].code == LEAT_OK ? "None" : "ValidationError");
    buf_byte(&words, ']');
    call->message = arena_copy(call->arena, buf_view(&words));
    buf_fini(&words);
    api_fail(call, LEAT_TRANSACTION_CANCELED, NULL);
}

static void write_answer(struct api_call *call, const struct input *in, const struct leat_get *gets, size_t count) {
    struct json_writer *json = &call->json;
    json_object(json);
    json_key(json, "Responses");
    json_array(json);
    for (size_t i = 0; i < call->result.count; i++) {
        json_object(json);
        if (call->result.items[i].data != NULL) {
            json_key(json, "Item");
            item_to_json(json, call->result.items[i]);
        }
        json_object_end(json);
    }
    json_array_end(json);
    if (in->capacity.value != DYNAMODB_CAPACITY_NONE) {
        json_key(json, "ConsumedCapacity");
        json_array(json);
        for (size_t i = 0, at = 0; i < count && at < call->result.capacity_count; i++) {
            bool seen = false;
            for (size_t k = 0; k < i; k++) seen |= slice_equal(gets[k].table, gets[i].table);
            if (seen) continue;
            /* transactional reads cost twice a consistent one */
            struct dynamodb_consumed consumed = {.table = gets[i].table, .units = call->result.capacity[at++] * 2, .transaction = true,
                                                 .detail = (enum dynamodb_capacity)in->capacity.value};
            dynamodb_write_consumed(call, &consumed);
        }
        json_array_end(json);
    }
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
    if (gets == NULL) {
        api_fail(call, LEAT_NO_MEMORY, NULL);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct get *get = ((const struct member *)in->members.elements)[i].get;
        gets[i] = (struct leat_get){.table = get->table, .key = get->key, .projection = get->projection, .names = get->names,
                                    .consistent = true};
    }
    enum leat_code code = leat_get_many(call->server->db, gets, count, &call->result, &call->fault);
    if (code == LEAT_OK && too_large(&call->result)) {
        api_fail(call, dynamodb_transaction_too_large(&call->fault), &call->fault);
    } else if (code == LEAT_VALIDATION && find_reasons(call, gets, count)) {
        cancel(call);
    } else if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
    } else {
        write_answer(call, in, gets, count);
        api_done(call);
    }
}

const struct api_operation dynamodb_transact_get_items = {
    .name = "TransactGetItems", .fields = fields, .input_size = sizeof(struct input), .check = check, .run = run};
