#include "table/write.h"

#include "base/hash.h"
#include "base/slice.h"
#include "table/collections.h"
#include "table/engine.h"
#include "table/index.h"
#include "table/reasons.h"
#include "table/scalars.h"

enum {
    KEY_BUF_MAX = 16 * 1024,
    OPERATION_ROOM = 640, /* for two keys while they are built, a small expression */
    JOB_BYTES_AT_ONCE = 64 * 1024
};

enum leat_code write_locate(const struct table *table, const struct schema_key *key, struct arena *arena, store_part *part,
                            struct leat_slice *store_key, struct leat_fault *fault) {
    struct buf bytes;
    buf_init_in(&bytes, arena, KEY_BUF_MAX);
    uint16_t hash = schema_put_item_key(&bytes, key);
    *part = table_part(table, schema_part(hash, table->part_count));
    *store_key = buf_keep(&bytes);
    return store_key->data == NULL ? fault_memory(fault) : LEAT_OK;
}

enum leat_code write_key_item(const struct table *table, const struct schema_key *key, struct arena *arena,
                              struct leat_slice *out, struct leat_fault *fault) {
    struct buf bytes;
    buf_init_in(&bytes, arena, KEY_BUF_MAX);
    schema_put_key_item(&table->keys, key, &bytes);
    *out = buf_keep(&bytes);
    return out->data == NULL ? fault_memory(fault) : LEAT_OK;
}

enum leat_code write_place(struct write_operation *operation, const struct schema_key *key, struct arena *arena,
                           struct leat_fault *fault) {
    const struct table *table = operation->table;
    TRY(write_key_item(table, key, arena, &operation->key_item, fault));
    TRY(write_locate(table, key, arena, &operation->part, &operation->store_key, fault));
    if (table->local_count == 0) return LEAT_OK;
    operation->collection_key = collections_key(&key->partition, arena);
    return operation->collection_key.data == NULL ? fault_memory(fault) : LEAT_OK;
}

static enum leat_code check_update_keys(const struct write_operation *operation, struct leat_fault *fault) {
    const struct schema *keys = &operation->table->keys;
    const struct leat_slice names[2] = {keys->partition, keys->sort};
    for (int i = 0; i < 2; i++)
        if (names[i].data != NULL && expr_update_changes(operation->update, names[i]))
            return fault_set(fault, LEAT_VALIDATION,
                             "One or more parameter values were invalid: Cannot update attribute %.*s. This attribute is part "
                             "of the key", SLICE_FORMAT(names[i]));
    return LEAT_OK;
}

static enum leat_code parse_expressions(struct write_operation *operation, const struct leat_write *write, struct arena *arena,
                                        struct leat_fault *fault) {
    struct expr_environment environment;
    if (write->update.data == NULL && write->condition.data == NULL)
        return expr_environment_unneeded(write->names, write->values,
                                         write->kind == LEAT_UPDATE ? "UpdateExpression and ConditionExpression are null"
                                                                    : "ConditionExpression is null", fault);
    TRY(expr_environment_init(&environment, arena, write->names, write->values, fault));
    environment.generated = write->generated;
    if (write->update.data != NULL) TRY(expr_update_parse(&environment, write->update, &operation->update, fault));
    if (write->condition.data != NULL)
        TRY(expr_condition_parse(&environment, EXPR_CONDITION, write->condition, &operation->condition, fault));
    return expr_environment_finish(&environment, true, fault);
}

/* The trees borrow from texts, names and values: they must be the job's own before the caller returns. */
static void own_request(struct leat_write *write, struct arena *arena) {
    write->names = arena_copy(arena, write->names);
    write->values = arena_copy(arena, write->values);
    write->item = arena_copy(arena, write->item);
    write->key = arena_copy(arena, write->key);
    write->update = arena_copy(arena, write->update);
    write->condition = arena_copy(arena, write->condition);
}

static enum leat_code too_large(struct leat_fault *fault) {
    return fault_set(fault, LEAT_VALIDATION, "Item size has exceeded the maximum allowed size");
}

/* Are the keys there, with their types, and nothing else where nothing else may be? */
static bool write_keys_fit(const struct write_operation *operation, const struct leat_write *write) {
    const struct schema *keys = &operation->table->keys;
    bool put = write->kind == LEAT_PUT, sorted = keys->sort.data != NULL;
    struct item_value whole = {.type = ITEM_M, .payload = put ? write->item : write->key};
    struct schema_key key = schema_key_of(keys, whole.payload);
    return key.partition.type == keys->partition_type && (!sorted || key.sort.type == keys->sort_type) &&
           (put || item_count(&whole) == 1u + sorted);
}

/* What is wrong in itself, and what does not fit the table: AWS tells them apart in transactions. */
static enum leat_code check_keys(struct write_operation *operation, const struct leat_write *write, struct schema_key *key,
                                 struct leat_fault *fault) {
    const struct schema *keys = &operation->table->keys;
    bool put = write->kind == LEAT_PUT;
    enum leat_code code = put ? schema_check_item(keys, write->item, key, fault) : schema_check_key(keys, write->key, key, fault);
    operation->misfit = code != LEAT_OK && !write_keys_fit(operation, write);
    if (operation->misfit && operation->batch && put)
        return fault_set(fault, LEAT_VALIDATION, "The provided key element does not match the schema");
    if (code != LEAT_OK || !put) return code;
    code = index_check_types(operation->table, write->item, fault);
    operation->misfit = code == LEAT_VALIDATION;
    TRY(code);
    TRY(index_check_values(operation->table, write->item, fault));
    return index_fits(operation->table, write->item, operation->item_size) ? LEAT_OK : too_large(fault);
}

enum leat_code write_bind(struct write_operation *operation, const struct leat_write *write, struct arena *arena,
                          struct leat_fault *fault) {
    struct schema_key key;
    operation->kind = write->kind;
    operation->returns = write->returns;
    operation->return_old_on_failure = write->return_old_on_failure;
    operation->generated = write->generated;
    TRY(check_keys(operation, write, &key, fault));
    struct scalars used = {.condition = operation->condition, .update = operation->update};
    TRY(scalars_check(operation->table, &used, fault));
    if (operation->update != NULL) {
        TRY(check_update_keys(operation, fault));
        TRY(index_check_update_values(operation->table, operation->update, fault));
    }
    return write_place(operation, &key, arena, fault);
}

enum leat_code write_take_item(struct write_operation *operation, struct leat_slice item, struct leat_fault *fault) {
    operation->item = item;
    operation->item_size = item_size(item);
    return operation->item_size <= SCHEMA_ITEM_MAX ? LEAT_OK : too_large(fault);
}

static enum leat_code prepare_operation(struct engine *engine, const struct leat_write *request,
                                        struct write_operation *operation, struct arena *arena, struct leat_fault *fault) {
    struct leat_write write = *request;
    own_request(&write, arena);
    TRY(parse_expressions(operation, &write, arena, fault));
    if (write.kind == LEAT_PUT) TRY(write_take_item(operation, write.item, fault));
    if (write.load) operation->table = catalogue_find(&engine->catalogue, write.table);
    if (operation->table == NULL) TRY(catalogue_need(&engine->catalogue, write.table, &operation->table, fault));
    return write_bind(operation, &write, arena, fault);
}

static size_t table_slots(struct write_job *job) {
    size_t slots = 0;
    for (size_t i = 0; i < job->count; i++) {
        struct write_operation *operation = &job->operations[i];
        size_t earlier = 0;
        while (earlier < i && job->operations[earlier].table->id != operation->table->id) earlier++;
        operation->table_slot = earlier < i ? job->operations[earlier].table_slot : slots++;
    }
    return slots;
}

static enum leat_code check_distinct(const struct write_job *job, struct leat_fault *fault) {
    for (size_t i = 0; i < job->count; i++)
        for (size_t k = 0; k < i; k++)
            if (job->operations[i].part == job->operations[k].part &&
                slice_equal(job->operations[i].store_key, job->operations[k].store_key))
                return fault_set(fault, LEAT_VALIDATION,
                                 job->mode == LEAT_ATOMIC ? "Transaction request cannot include multiple operations on one item"
                                                          : "Provided list of item keys contains duplicates");
    return LEAT_OK;
}

static uint64_t request_hash(const struct leat_write *writes, size_t count) {
    uint64_t hash = count;
    for (size_t i = 0; i < count; i++) {
        const struct leat_slice parts[] = {writes[i].table,     writes[i].item,  writes[i].key,   writes[i].update,
                                           writes[i].condition, writes[i].names, writes[i].values};
        hash = hash * 31 + writes[i].kind;
        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
            hash = hash * 0x9E3779B97F4A7C15u + (parts[k].data == NULL ? 1 : hash_bytes(parts[k]));
    }
    return hash;
}

enum leat_code write_job_finish(struct write_job *job, struct leat_slice token, uint64_t hash, struct leat_fault *fault) {
    struct arena *arena = &job->memory->arena;
    for (size_t i = 0; i < job->count; i++) job->job.bytes += job->operations[i].item.size + 1024;
    if (job->count > 1) TRY(check_distinct(job, fault));
    job->result.capacity_count = table_slots(job);
    job->result.capacity = ARENA_ARRAY(arena, struct leat_capacity, job->result.capacity_count);
    if (job->result.capacity == NULL) return fault_memory(fault);
    if (token.data == NULL) return LEAT_OK;
    job->token = arena_print(arena, "k%.*s", SLICE_FORMAT(token));
    job->token_hash = hash;
    return job->token.data == NULL ? fault_memory(fault) : LEAT_OK;
}

/* In a transaction, keys that do not fit their table or its indexes are that action's reason; what else can be said of a request by
 * itself, empty keys too, is the request's fault. */
static enum leat_code prepare_actions(struct engine *engine, const struct leat_write *writes, struct write_job *job, bool *misfits,
                                      struct leat_fault *fault) {
    job->result.reasons = ARENA_ARRAY(&job->memory->arena, struct leat_reason, job->count);
    if (job->result.reasons == NULL) return fault_memory(fault);
    job->result.reason_count = job->count;
    for (size_t i = 0; i < job->count; i++) {
        struct write_operation *operation = &job->operations[i];
        enum leat_code code = prepare_operation(engine, &writes[i], operation, &job->memory->arena, fault);
        if (!operation->misfit) TRY(code);
        if (operation->misfit) reasons_set(&job->result.reasons[i], code, fault);
        *misfits |= operation->misfit;
    }
    return LEAT_OK;
}

static enum leat_code prepare_job(struct engine *engine, const struct leat_write *writes, struct leat_slice token,
                                  struct write_job *job, struct leat_fault *fault) {
    bool misfits = false;
    if (job->mode == LEAT_ATOMIC) TRY(prepare_actions(engine, writes, job, &misfits, fault));
    if (misfits) return reasons_cancel(job->result.reasons, job->count, fault);
    for (size_t i = 0; i < job->count && job->mode != LEAT_ATOMIC; i++) {
        job->operations[i].batch = job->mode == LEAT_BATCH;
        TRY(prepare_operation(engine, &writes[i], &job->operations[i], &job->memory->arena, fault));
    }
    job->result.reason_count = 0;
    return write_job_finish(job, token, token.data == NULL ? 0 : request_hash(writes, job->count), fault);
}

enum leat_code write_job_new(size_t count, size_t bytes, enum leat_mode mode, struct write_job **out,
                             struct leat_fault *fault) {
    size_t about = sizeof(struct write_job) + count * (sizeof(struct write_operation) + OPERATION_ROOM) + bytes;
    struct leat_memory *memory = table_memory_new(about < JOB_BYTES_AT_ONCE ? about : JOB_BYTES_AT_ONCE);
    if (memory == NULL) return fault_memory(fault);
    struct write_job *job = ARENA_NEW_UPTO(&memory->arena, struct write_job, fault);
    struct write_operation *operations = ARENA_ARRAY(&memory->arena, struct write_operation, count);
    if (job == NULL || operations == NULL) {
        table_memory_free(memory);
        return fault_memory(fault);
    }
    fault_clear(&job->fault);
    job->memory = memory;
    job->mode = mode;
    job->operations = operations;
    job->count = count;
    job->job.write = job;
    *out = job;
    return LEAT_OK;
}

enum leat_code write_prepare(struct engine *engine, const struct leat_write *writes, size_t count, enum leat_mode mode,
                             struct leat_slice token, struct write_job **out, struct leat_fault *fault) {
    if (count == 0 || count > WRITE_OPERATIONS_MAX)
        return fault_set(fault, LEAT_VALIDATION, "a request has 1 to %d writes, not %zu", WRITE_OPERATIONS_MAX, count);
    struct write_job *job;
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) bytes += writes[i].item.size + 2 * writes[i].key.size;
    TRY(write_job_new(count, bytes, mode, &job, fault));
    enum leat_code code = prepare_job(engine, writes, token, job, fault);
    bool answerable = code == LEAT_OK || code == LEAT_TRANSACTION_CANCELED;
    if (answerable) *out = job;
    else write_job_free(job);
    if (code == LEAT_TRANSACTION_CANCELED) {
        job->code = code;
        if (fault != NULL) fault_copy(&job->fault, fault);
    }
    return code;
}

void write_job_answer(struct write_job *job) {
    for (size_t i = 0; i < job->count; i++) table_release(job->operations[i].table);
    struct leat_result result = job->result;
    struct leat_fault fault;
    fault_copy(&fault, &job->fault);
    enum leat_code code = job->code;
    result.memory = job->memory; /* owns the job as well: nothing of it is touched after this */
    job->done(job->context, code, &result, &fault);
}

void write_job_free(struct write_job *job) {
    for (size_t i = 0; i < job->count; i++) table_release(job->operations[i].table);
    table_memory_free(job->memory);
}
