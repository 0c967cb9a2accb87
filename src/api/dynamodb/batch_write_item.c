/* BatchWriteItem. Source: Amazon DynamoDB API Reference, BatchWriteItem. */
#include "api/dynamodb/dynamodb.h"
#include "item/item_json.h"

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

static bool left_out(const struct leat_result *result, size_t i) { return result->unprocessed != NULL && result->unprocessed[i]; }

static void write_request(struct json_writer *json, const struct request *request) {
    bool put = request->put != NULL;
    json_object(json);
    json_key(json, put ? "PutRequest" : "DeleteRequest");
    json_object(json);
    json_key(json, put ? "Item" : "Key");
    item_to_json(json, put ? request->put->item : request->removal->key);
    json_object_end(json);
    json_object_end(json);
}

/* In the form in which they came. */
static void write_unprocessed(struct json_writer *json, const struct input *in, const struct leat_result *result) {
    const struct table_requests *tables = in->tables.elements;
    size_t at = 0;
    json_key(json, "UnprocessedItems");
    json_object(json);
    for (size_t i = 0; i < in->tables.count; i++) {
        const struct request *requests = tables[i].requests.elements;
        bool any = false;
        for (size_t k = 0; k < tables[i].requests.count; k++, at++) {
            if (!left_out(result, at)) continue;
            if (!any) {
                json_key_slice(json, tables[i].table);
                json_array(json);
                any = true;
            }
            write_request(json, &requests[k]);
        }
        if (any) json_array_end(json);
    }
    json_object_end(json);
}

static void written(struct api_call *call) {
    const struct input *in = call->input;
    if (call->code != LEAT_OK) {
        api_fail(call, call->code, &call->fault);
        return;
    }
    const struct dynamodb_mentions mentions = {call->state, in->tables.count};
    json_object(&call->json);
    write_unprocessed(&call->json, in, &call->result);
    dynamodb_write_consumed_list(call, &mentions, call->result.capacity, &in->capacity, false);
    dynamodb_write_metrics_map(call, &mentions, &in->metrics);
    json_object_end(&call->json);
    api_done(call);
}

static enum leat_code begin(struct api_call *call, const struct input *in) {
    const struct table_requests *tables = in->tables.elements;
    struct leat_write *writes = ARENA_ARRAY(call->arena, struct leat_write, WRITES_MAX);
    struct leat_slice *names = ARENA_ARRAY(call->arena, struct leat_slice, in->tables.count);
    if (writes == NULL || names == NULL) return fault_memory(&call->fault);
    call->state = names;
    size_t count = 0;
    for (size_t i = 0; i < in->tables.count; i++) {
        const struct request *requests = tables[i].requests.elements;
        names[i] = tables[i].table;
        for (size_t k = 0; k < tables[i].requests.count; k++, count++) {
            writes[count].table = tables[i].table;
            writes[count].kind = requests[k].put != NULL ? LEAT_PUT : LEAT_DELETE;
            if (requests[k].put != NULL) writes[count].item = requests[k].put->item;
            else writes[count].key = requests[k].removal->key;
        }
    }
    return api_write(call, writes, count, LEAT_BATCH, (struct leat_slice){NULL, 0}, written);
}

static void run(struct api_call *call, void *input) {
    enum leat_code code = begin(call, input);
    if (code != LEAT_OK) api_fail(call, code, &call->fault);
}

const struct api_operation dynamodb_batch_write_item = {
    .name = "BatchWriteItem", .fields = fields, .input_size = sizeof(struct input), .check = check, .run = run};
