/* BatchExecuteStatement: statements on their own, each with an answer or an error of its own. All are started at once; the writing
 * thread takes those that write as one group. Source: Amazon DynamoDB API Reference, BatchExecuteStatement. */
#include <stdatomic.h>

#include "api/dynamodb/dynamodb.h"
#include "base/slice.h"
#include "item/item_json.h"

enum { STATEMENTS_MAX = 25 };

struct member { struct dynamodb_statement statement; };
struct input {
    struct api_list statements; /* of struct member */
    struct api_enum capacity;
};

static const struct api_field member_fields[] = {
    DYNAMODB_STATEMENT_FIELDS(struct member, statement),
    API_FIELD(struct member, statement.consistent, "ConsistentRead", API_BOOLEAN),
    API_FIELDS_END,
};
static const struct api_field member_element = {.name = "", .kind = API_STRUCT, .fields = member_fields, .type = "BatchStatementRequest"};
static const struct api_field fields[] = {
    API_FIELD(struct input, statements, "Statements", API_LIST, .required = true, .min = 1, .max = STATEMENTS_MAX,
              .element = &member_element, .size = sizeof(struct member)),
    DYNAMODB_CAPACITY(struct input),
    API_FIELDS_END,
};

struct batch;
struct one {
    struct batch *batch;
    enum leat_code code;
    struct leat_result result;
    struct leat_fault fault;
};
struct batch {
    struct api_call *call;
    struct one *ones;
    size_t count;
    _Atomic size_t waiting;
};

/* ---- the answer ---- */

static void write_error(struct json_writer *json, const struct one *one) {
    json_key(json, "Error");
    json_object(json);
    json_key(json, "Code");
    json_string(json, fault_reason(one->code));
    json_key(json, "Message");
    json_text(json, one->fault.message);
    if (one->result.attributes.data != NULL) {
        json_key(json, "Item");
        item_to_json(json, one->result.attributes);
    }
    json_object_end(json);
}

static void write_one(struct json_writer *json, const struct one *one) {
    const struct leat_result *result = &one->result;
    struct leat_slice item = result->count > 0 ? result->items[0] : result->attributes;
    json_object(json);
    if (one->code != LEAT_OK) write_error(json, one);
    if (result->table_count > 0) {
        json_key(json, "TableName");
        json_string(json, result->tables[0]);
    }
    if (one->code == LEAT_OK && item.data != NULL && (result->count > 0 || item.size > 0)) {
        json_key(json, "Item");
        item_to_json(json, item);
    }
    json_object_end(json);
}

static struct leat_slice table_of(const struct one *one) {
    return one->result.table_count > 0 ? one->result.tables[0] : (struct leat_slice){NULL, 0};
}

/* Every index of every statement has room: there are no more sums than summands. */
static void add_index(struct leat_capacity *sum, const struct leat_index_capacity *index) {
    for (size_t i = 0; i < sum->index_count; i++)
        if (slice_equal(sum->indexes[i].name, index->name)) {
            sum->indexes[i].units += index->units;
            return;
        }
    sum->indexes[sum->index_count++] = *index;
}

static bool sum_table(struct api_call *call, const struct batch *batch, struct leat_slice table, struct leat_capacity *sum) {
    size_t indexes = 0;
    for (size_t i = 0; i < batch->count; i++)
        if (batch->ones[i].result.capacity_count > 0) indexes += batch->ones[i].result.capacity[0].index_count;
    *sum = (struct leat_capacity){.indexes = ARENA_ARRAY(call->arena, struct leat_index_capacity, indexes)};
    if (sum->indexes == NULL) return false;
    for (size_t i = 0; i < batch->count; i++) {
        const struct one *one = &batch->ones[i];
        if (one->result.capacity_count == 0 || !slice_equal(table_of(one), table)) continue;
        sum->units += one->result.capacity[0].units;
        for (size_t k = 0; k < one->result.capacity[0].index_count; k++) add_index(sum, &one->result.capacity[0].indexes[k]);
    }
    return true;
}

/* One sum for each table; statements that failed before they had one are not counted. */
static void write_consumed(struct api_call *call, const struct batch *batch, const struct api_enum *wanted) {
    struct leat_slice *tables = ARENA_ARRAY(call->arena, struct leat_slice, batch->count);
    struct leat_capacity *sums = ARENA_ARRAY(call->arena, struct leat_capacity, batch->count);
    struct dynamodb_mentions mentions = {tables, 0};
    for (size_t i = 0; i < batch->count && tables != NULL && sums != NULL; i++) {
        struct leat_slice table = table_of(&batch->ones[i]);
        size_t earlier = 0;
        while (earlier < mentions.count && !slice_equal(tables[earlier], table)) earlier++;
        if (table.data == NULL || earlier < mentions.count) continue;
        if (!sum_table(call, batch, table, &sums[mentions.count])) return;
        tables[mentions.count++] = table;
    }
    dynamodb_write_consumed_list(call, &mentions, sums, wanted, false);
}

static void answer(struct net_task *task) {
    struct api_call *call = api_call_of(task);
    const struct input *in = call->input;
    struct batch *batch = call->state;
    json_object(&call->json);
    json_key(&call->json, "Responses");
    json_array(&call->json);
    for (size_t i = 0; i < batch->count; i++) write_one(&call->json, &batch->ones[i]);
    json_array_end(&call->json);
    if (in->capacity.value != DYNAMODB_CAPACITY_NONE) write_consumed(call, batch, &in->capacity);
    json_object_end(&call->json);
    for (size_t i = 0; i < batch->count; i++) leat_result_free(&batch->ones[i].result);
    api_done(call);
}

/* ---- running ---- */

/* The last one brings the call back to its loop; after that nothing here may be touched by another thread. */
static void finished(struct batch *batch) {
    struct api_call *call = batch->call;
    if (atomic_fetch_sub(&batch->waiting, 1) == 1) api_post(call, call->request->loop, answer);
}

static void done(void *context, enum leat_code code, struct leat_result *result, const struct leat_fault *fault) {
    struct one *one = context;
    one->code = code;
    one->result = *result;
    if (code != LEAT_OK) one->fault = *fault;
    finished(one->batch);
}

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    const struct member *members = in->statements.elements;
    size_t count = in->statements.count;
    struct batch *batch = ARENA_NEW(call->arena, struct batch);
    struct one *ones = ARENA_ARRAY(call->arena, struct one, count);
    if (batch == NULL || ones == NULL) {
        api_fail(call, LEAT_NO_MEMORY, NULL);
        return;
    }
    batch->call = call;
    batch->ones = ones;
    batch->count = count;
    atomic_init(&batch->waiting, count);
    call->state = batch;
    for (size_t i = 0; i < count; i++) {
        struct leat_statement statement = dynamodb_statement_of(&members[i].statement);
        statement.single = true;
        ones[i].batch = batch;
        enum leat_code code = leat_statement_start(call->server->db, &statement, 1, LEAT_EACH, (struct leat_slice){NULL, 0}, done,
                                                   &ones[i], &ones[i].fault);
        if (code == LEAT_OK) continue;
        ones[i].code = code;
        finished(batch);
    }
}

const struct api_operation dynamodb_batch_execute_statement = {
    .name = "BatchExecuteStatement", .fields = fields, .input_size = sizeof(struct input), .run = run};
