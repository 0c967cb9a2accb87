#include "table/statement.h"

#include "base/hash.h"
#include "base/slice.h"
#include "table/engine.h"

enum { KEY_ITEM_MAX = 64 * 1024 };

static const struct leat_slice ABSENT = {NULL, 0};

uint64_t statement_hash(const struct leat_statement *statement) {
    uint64_t hash = hash_bytes(statement->text);
    for (size_t i = 0; i < statement->parameter_count; i++)
        hash = hash * 0x9E3779B97F4A7C15u + hash_bytes(statement->parameters[i]);
    return hash;
}

enum leat_code statement_key(const struct schema *keys, const struct expr_node *where, struct arena *arena, struct leat_slice *out,
                             struct leat_fault *fault) {
    const struct leat_slice names[2] = {keys->partition, keys->sort};
    struct buf item;
    *out = ABSENT;
    buf_init(&item, KEY_ITEM_MAX);
    bool whole = true;
    for (int i = 0; i < 2 && whole; i++) {
        struct item_value value;
        if (names[i].data == NULL) continue;
        whole = partiql_equal(where, names[i], &value);
        if (!whole) continue;
        item_put_name(&item, names[i]);
        item_put_value(&item, &value);
    }
    enum leat_code code = LEAT_OK;
    if (whole) {
        code = item_close(&item, 0);
        if (code == LEAT_OK && buf_ok(&item)) *out = arena_copy(arena, buf_view(&item));
        if (out->data == NULL) code = fault_memory(fault);
    }
    buf_fini(&item);
    return code;
}

enum leat_code statement_tables(const struct statement_request *request, struct arena *arena, struct leat_result *result) {
    struct leat_slice *tables = ARENA_ARRAY(arena, struct leat_slice, request->count);
    if (tables == NULL) return fault_memory(request->fault);
    for (size_t i = 0; i < request->count; i++) {
        tables[i] = arena_copy(arena, request->job->operations[i].table->spec.name);
        if (tables[i].data == NULL) return fault_memory(request->fault);
    }
    result->tables = tables;
    result->table_count = request->count;
    return LEAT_OK;
}

/* ---- parsing ---- */

/* The trees borrow from text and parameters: they must be the job's own. */
static enum leat_code parse_one(struct statement_request *request, size_t i) {
    const struct leat_statement *statement = &request->statements[i];
    struct leat_slice text = arena_copy(request->arena, statement->text);
    struct leat_slice *parameters = ARENA_ARRAY(request->arena, struct leat_slice, statement->parameter_count);
    if (text.data == NULL) text = SLICE("");
    if (parameters == NULL) return fault_memory(request->fault);
    for (size_t k = 0; k < statement->parameter_count; k++) {
        parameters[k] = arena_copy(request->arena, statement->parameters[k]);
        if (parameters[k].data == NULL) return fault_memory(request->fault);
    }
    struct partiql_statement *parsed = &request->parsed[i];
    TRY(partiql_parse(request->arena, text, parameters, statement->parameter_count, parsed, request->fault));
    if (request->mode == LEAT_ATOMIC && parsed->returning)
        return fault_set(request->fault, LEAT_VALIDATION, "RETURNING clause is not supported in ExecuteTransaction.");
    if (request->mode != LEAT_ATOMIC && parsed->kind == PARTIQL_EXISTS)
        return fault_set(request->fault, LEAT_VALIDATION, "EXISTS can only be used in ExecuteTransaction write requests.");
    return LEAT_OK;
}

/* In a transaction the fault says which statement it is about. */
static enum leat_code in_statement(const struct statement_request *request, size_t i, enum leat_code code) {
    if (code != LEAT_VALIDATION || request->mode != LEAT_ATOMIC || request->fault == NULL) return code;
    struct leat_fault own = *request->fault;
    return fault_set(request->fault, code, "Validation failed in TransactStatements[%zu]: %s", i, own.message);
}

static enum leat_code parse_all(struct statement_request *request, bool *reading) {
    size_t reads = 0;
    for (size_t i = 0; i < request->count; i++) {
        TRY(in_statement(request, i, parse_one(request, i)));
        reads += request->parsed[i].kind == PARTIQL_SELECT;
    }
    *reading = reads > 0;
    if (reads == 0 || reads == request->count) return LEAT_OK;
    return fault_set(request->fault, LEAT_VALIDATION,
                     "ExecuteTransaction API does not support both read and write operations in the same request.");
}

/* ---- writes ---- */

static enum leat_code need_key(struct leat_fault *fault) {
    return fault_set(fault, LEAT_VALIDATION, "Where clause does not contain a mandatory equality on all key attributes");
}

/* attribute_not_exists(key) OR where: there is nothing to say about an item that is not there. */
static const struct expr_node *unless_missing(const struct statement_request *request, const struct schema *keys,
                                              const struct expr_node *where) {
    struct expr_node *nodes = ARENA_ARRAY(request->arena, struct expr_node, 4);
    struct expr_step *step = ARENA_NEW(request->arena, struct expr_step);
    if (nodes == NULL || step == NULL) return NULL;
    struct expr_node *either = &nodes[0], *missing = &nodes[1], *path = &nodes[2], *condition = &nodes[3];
    step->name = keys->partition;
    *path = (struct expr_node){.kind = EXPR_NODE_PATH, .path = {step, 1}};
    *missing = (struct expr_node){.kind = EXPR_NODE_FUNCTION, .function = EXPR_ATTRIBUTE_NOT_EXISTS, .first = path, .count = 1};
    *condition = *where;
    condition->next = NULL;
    missing->next = condition;
    *either = (struct expr_node){.kind = EXPR_NODE_OR, .first = missing, .count = 2};
    return either;
}

static enum leat_code set_condition(struct statement_request *request, struct write_operation *operation,
                                    const struct expr_node *root) {
    struct expr_condition *condition = root != NULL ? ARENA_NEW(request->arena, struct expr_condition) : NULL;
    if (condition == NULL) return fault_memory(request->fault);
    condition->root = root;
    operation->condition = condition;
    return LEAT_OK;
}

/* EXISTS: what it asks besides the key, which may hold for an item that is not there. */
static enum leat_code prepare_check(struct statement_request *request, size_t i, const struct leat_write *write) {
    const struct partiql_statement *parsed = &request->parsed[i];
    struct write_operation *operation = &request->job->operations[i];
    const struct schema *keys = &operation->table->keys;
    const struct expr_node *rest = NULL;
    if (!partiql_rest(request->arena, parsed->where, keys->partition, keys->sort, &rest)) return fault_memory(request->fault);
    if (write->key.data != NULL && rest != NULL) return set_condition(request, operation, rest);
    return fault_set(request->fault, LEAT_VALIDATION, "EXISTS() must contain a single item read with additional condition");
}

/* UPDATE of a missing item fails since no equality holds there; DELETE of one does nothing. DynamoDB Developer Guide, "PartiQL update
 * statements", "PartiQL delete statements". */
static enum leat_code prepare_conditional(struct statement_request *request, size_t i, struct leat_write *write) {
    const struct partiql_statement *parsed = &request->parsed[i];
    struct write_operation *operation = &request->job->operations[i];
    const struct schema *keys = &operation->table->keys;
    TRY(statement_key(keys, parsed->where, request->arena, &write->key, request->fault));
    write->kind = parsed->kind == PARTIQL_UPDATE ? LEAT_UPDATE : parsed->kind == PARTIQL_DELETE ? LEAT_DELETE : LEAT_CHECK;
    if (write->kind == LEAT_CHECK) return prepare_check(request, i, write);
    if (write->key.data == NULL) return need_key(request->fault);
    operation->update = parsed->update;
    if (write->kind == LEAT_UPDATE) return set_condition(request, operation, parsed->where);
    bool alone = partiql_only_equal(parsed->where, keys->partition, keys->sort);
    return alone ? LEAT_OK : set_condition(request, operation, unless_missing(request, keys, parsed->where));
}

static enum leat_code prepare_write(struct statement_request *request, size_t i) {
    const struct partiql_statement *parsed = &request->parsed[i];
    struct write_operation *operation = &request->job->operations[i];
    struct leat_write write = {.kind = LEAT_PUT, .item = parsed->item, .returns = parsed->returns,
                               .return_old_on_failure = request->statements[i].return_old_on_failure};
    operation->insert = parsed->kind == PARTIQL_INSERT;
    if (operation->insert) TRY(write_take_item(operation, parsed->item, request->fault));
    if (parsed->kind == PARTIQL_EXISTS && parsed->index.data != NULL)
        return fault_set(request->fault, LEAT_VALIDATION, "A transaction cannot look into an index");
    if ((parsed->kind == PARTIQL_UPDATE || parsed->kind == PARTIQL_DELETE) && parsed->where == NULL) return need_key(request->fault);
    TRY(catalogue_need(&request->engine->catalogue, parsed->table, &operation->table, request->fault));
    if (!operation->insert) TRY(prepare_conditional(request, i, &write));
    return write_bind(operation, &write, request->arena, request->fault);
}

/* API Reference, ExecuteTransaction and TransactWriteItems: 4 MB. Of what is put whole, of others the key. */
static enum leat_code check_bytes(const struct statement_request *request) {
    size_t bytes = 0;
    for (size_t i = 0; i < request->count; i++) {
        const struct write_operation *operation = &request->job->operations[i];
        bytes += operation->item.data != NULL ? operation->item_size : item_size(operation->key_item);
    }
    if (bytes <= STATEMENTS_BYTES_MAX || request->mode != LEAT_ATOMIC) return LEAT_OK;
    return fault_set(request->fault, LEAT_VALIDATION, "The aggregate size of the items in the transaction exceeds 4 MB");
}

static enum leat_code submit(struct statement_request *request, struct leat_slice token, write_done_fn done, void *context) {
    struct write_job *job = request->job;
    uint64_t hash = request->count;
    for (size_t i = 0; i < request->count; i++) {
        TRY(in_statement(request, i, prepare_write(request, i)));
        hash = hash * 31 + statement_hash(&request->statements[i]);
    }
    TRY(check_bytes(request));
    TRY(statement_tables(request, request->arena, &job->result));
    TRY(write_job_finish(job, token, hash, request->fault));
    job->done = done;
    job->context = context;
    return executor_submit(&request->engine->executor, &job->job, request->fault);
}

/* ---- reads ---- */

static void release_tables(struct write_job *job) {
    for (size_t i = 0; i < job->count; i++) {
        table_release(job->operations[i].table);
        job->operations[i].table = NULL;
    }
}

/* TransactGetItems' rule and that of batches: whatever else is wrong fails the request. */
static enum leat_code read_all(struct statement_request *request, write_done_fn done, void *context) {
    struct leat_fault own;
    fault_clear(&own);
    struct leat_fault *fault = request->fault;
    struct leat_result result = {.memory = NULL};
    bool gets = request->mode == LEAT_ATOMIC || request->statements[0].single;
    request->fault = &own;
    enum leat_code code = gets ? statement_get(request, &result) : statement_select(request, &result);
    bool answered = code == LEAT_OK || code == LEAT_TRANSACTION_CANCELED;
    if (gets || !answered) {
        write_job_free(request->job);
    } else {
        release_tables(request->job); /* its memory has become the result's */
    }
    if (answered) {
        done(context, code, &result, &own);
        return LEAT_OK;
    }
    if (gets) table_memory_free(result.memory);
    if (fault != NULL) *fault = own;
    return code;
}

static size_t request_bytes(const struct leat_statement *statements, size_t count) {
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += statements[i].text.size;
        for (size_t k = 0; k < statements[i].parameter_count; k++) bytes += statements[i].parameters[k].size;
    }
    return bytes;
}

enum leat_code statement_start(struct engine *engine, const struct leat_statement *statements, size_t count, enum leat_mode mode,
                               struct leat_slice token, write_done_fn done, void *context, struct leat_fault *fault) {
    if (count == 0 || count > STATEMENTS_MAX || (mode == LEAT_EACH && count > 1))
        return fault_set(fault, LEAT_VALIDATION, "%zu statements in a request", count);
    struct write_job *job;
    TRY(write_job_new(count, request_bytes(statements, count), mode, &job, fault));
    struct statement_request request = {.engine = engine, .statements = statements, .count = count, .mode = mode, .job = job,
                                        .arena = &job->memory->arena, .fault = fault};
    bool reading = false;
    request.parsed = ARENA_ARRAY(request.arena, struct partiql_statement, count);
    enum leat_code code = request.parsed == NULL ? fault_memory(fault) : parse_all(&request, &reading);
    if (code == LEAT_OK && reading) return read_all(&request, done, context);
    if (code == LEAT_OK) code = submit(&request, token, done, context);
    if (code != LEAT_OK) write_job_free(job);
    return code;
}
