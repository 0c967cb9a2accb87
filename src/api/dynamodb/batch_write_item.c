/* BatchWriteItem. Source: Amazon DynamoDB API Reference, BatchWriteItem. */
#include "api/dynamodb/dynamodb.h"

enum { WRITES_MAX = 25 };

struct put { struct leat_slice item; };
struct removal { struct leat_slice key; };
struct request { struct put *put; struct removal *removal; };
struct table_requests { struct leat_slice table; struct api_list requests; };
struct input { struct api_list tables; struct api_enum capacity, metrics; };

static const struct api_field put_fields[] = {
    API_FIELD(struct put, item, "Item", API_ITEM, .required = true),
    API_FIELDS_END,
};
static const struct api_field removal_fields[] = {
    API_FIELD(struct removal, key, "Key", API_ITEM, .required = true),
    API_FIELDS_END,
};
static const struct api_field request_fields[] = {
    API_FIELD(struct request, put, "PutRequest", API_STRUCT, .fields = put_fields, .size = sizeof(struct put), .type = "PutRequest"),
    API_FIELD(struct request, removal, "DeleteRequest", API_STRUCT, .fields = removal_fields, .size = sizeof(struct removal),
              .type = "DeleteRequest"),
    API_FIELDS_END,
};
static const struct api_field request_element = {.name = "", .kind = API_STRUCT, .fields = request_fields, .type = "WriteRequest"};
static const struct api_field table_element = {
    .name = "", .kind = API_LIST, .offset = offsetof(struct table_requests, requests), .min = 1, .max = WRITES_MAX,
    .element = &request_element, .size = sizeof(struct request)};
static const struct api_field fields[] = {
    API_FIELD(struct input, tables, "RequestItems", API_MAP, .required = true, .element = &table_element,
              .size = sizeof(struct table_requests)),
    DYNAMODB_CAPACITY(struct input),
    DYNAMODB_METRICS(struct input),
    API_FIELDS_END,
};

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    const struct input *in = input;
    const struct table_requests *tables = in->tables.elements;
    size_t total = 0;
    (void)call;
    if (in->tables.count == 0) return fault_set(fault, LEAT_VALIDATION, "The requestItems parameter is required for BatchWriteItem");
    for (size_t i = 0; i < in->tables.count; i++) {
        const struct request *requests = tables[i].requests.elements;
        for (size_t k = 0; k < tables[i].requests.count; k++)
            if ((requests[k].put == NULL) == (requests[k].removal == NULL))
                return fault_set(fault, LEAT_VALIDATION,
                                 "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported "
                                 "datatypes");
        total += tables[i].requests.count;
    }
    if (total > WRITES_MAX) return fault_set(fault, LEAT_VALIDATION, "Too many items requested for the BatchWriteItem call");
    return LEAT_OK;
}

static void written(struct api_call *call) {
    const struct input *in = call->input;
    struct json_writer *json = &call->json;
    if (call->code != LEAT_OK) {
        api_fail(call, call->code, &call->fault);
        return;
    }
    json_object(json);
    json_key(json, "UnprocessedItems");
    json_object(json);
    json_object_end(json);
    if (in->capacity.value != DYNAMODB_CAPACITY_NONE) {
        json_key(json, "ConsumedCapacity");
        json_array(json);
        for (size_t i = 0; i < call->result.capacity_count && i < in->tables.count; i++) {
            struct dynamodb_consumed consumed = {.table = ((const struct table_requests *)in->tables.elements)[i].table,
                                                 .units = call->result.capacity[i],
                                                 .detail = (enum dynamodb_capacity)in->capacity.value};
            dynamodb_write_consumed(call, &consumed);
        }
        json_array_end(json);
    }
    json_object_end(json);
    api_done(call);
}

static enum leat_code begin(struct api_call *call, const struct input *in) {
    const struct table_requests *tables = in->tables.elements;
    struct leat_write *writes = ARENA_ARRAY(call->arena, struct leat_write, WRITES_MAX);
    if (writes == NULL) return fault_memory(&call->fault);
    size_t count = 0;
    for (size_t i = 0; i < in->tables.count; i++) {
        const struct request *requests = tables[i].requests.elements;
        for (size_t k = 0; k < tables[i].requests.count; k++, count++) {
            writes[count].table = tables[i].table;
            writes[count].kind = requests[k].put != NULL ? LEAT_PUT : LEAT_DELETE;
            if (requests[k].put != NULL) writes[count].item = requests[k].put->item;
            else writes[count].key = requests[k].removal->key;
        }
    }
    return api_write(call, writes, count, LEAT_EACH, (struct leat_slice){NULL, 0}, written);
}

static void run(struct api_call *call, void *input) {
    enum leat_code code = begin(call, input);
    if (code != LEAT_OK) api_fail(call, code, &call->fault);
}

const struct api_operation dynamodb_batch_write_item = {
    .name = "BatchWriteItem", .fields = fields, .input_size = sizeof(struct input), .check = check, .run = run};
