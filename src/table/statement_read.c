/* SELECT. */
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "base/little.h"
#include "base/slice.h"
#include "table/index.h"
#include "table/read.h"
#include "table/statement.h"

enum { PROJECTED_MAX = 4 * 1024 * 1024, TOKEN_HASH_SIZE = 8, TOKEN_TEXT_MAX = 64 * 1024, NAMES_MAX = 512 };

static const struct leat_slice ABSENT = {NULL, 0};

struct selecting {
    struct statement_request *request;
    const struct leat_statement *statement;
    const struct partiql_statement *parsed;
    struct table *table;
    const struct table_index *index; /* or NULL */
    const struct schema *schema;
    struct expr_key_range *keys;
    size_t key_count;
    struct leat_query query;
    struct leat_fault *fault;
};

/* ---- what is answered of an item ---- */

static enum leat_code project(const struct partiql_statement *parsed, struct leat_slice *item, struct arena *arena,
                              struct leat_fault *fault) {
    if (parsed->column_count == 0 || item->data == NULL) return LEAT_OK;
    struct buf out;
    buf_init(&out, PROJECTED_MAX);
    enum leat_code code = partiql_project(parsed, *item, &out, fault);
    if (code == LEAT_OK) *item = buf_ok(&out) ? arena_copy(arena, buf_view(&out)) : ABSENT;
    buf_fini(&out);
    TRY(code);
    return item->data == NULL ? fault_memory(fault) : LEAT_OK;
}

/* ---- the index ---- */

static enum leat_code choose_index(struct selecting *self) {
    self->schema = &self->table->keys;
    if (self->parsed->index.data == NULL) return LEAT_OK;
    self->index = table_find_index(self->table, self->parsed->index);
    if (self->index == NULL) return fault_set(self->fault, LEAT_VALIDATION, "The table does not have the specified index");
    self->schema = &self->index->keys;
    if (self->index->spec->local || !self->statement->consistent) return LEAT_OK;
    return fault_set(self->fault, LEAT_VALIDATION, "Strongly consistent read is not supported on Global Secondary Indexes");
}

/* The names that the index does not have, "a, b", each once; cut to fit. */
struct unprojected {
    const struct selecting *self;
    char names[NAMES_MAX];
    size_t size;
    struct leat_slice seen[16];
    size_t count;
};

static void note_unprojected(void *context, struct leat_slice name) {
    struct unprojected *all = context;
    if (index_projects(all->self->table, all->self->index, name)) return;
    for (size_t i = 0; i < all->count; i++)
        if (slice_equal(all->seen[i], name)) return;
    if (all->count == sizeof all->seen / sizeof *all->seen || all->size >= NAMES_MAX - 1) return;
    int size = snprintf(all->names + all->size, NAMES_MAX - all->size, "%s%.*s", all->count == 0 ? "" : ", ", SLICE_FORMAT(name));
    all->seen[all->count++] = name;
    all->size += size < 0 ? 0 : (size_t)size;
}

/* A local index is asked for what it does not have: the items are read. A global one cannot be. */
static enum leat_code check_projected(struct selecting *self) {
    if (self->index == NULL) return LEAT_OK;
    struct unprojected filter = {.self = self}, columns = {.self = self};
    struct leat_slice name = self->parsed->index;
    if (self->key_count > 0) partiql_names(self->parsed->where, note_unprojected, &filter);
    if (filter.count > 0)
        return fault_set(self->fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: Secondary index %.*s does not project one or more filter "
                         "attributes: [%s]", SLICE_FORMAT(name), filter.names);
    for (size_t i = 0; i < self->parsed->column_count; i++)
        note_unprojected(&columns, self->parsed->columns[i].path.steps[0].name);
    if (columns.count == 0) return LEAT_OK;
    self->query.select = LEAT_SELECT_ALL;
    if (self->index->spec->local) return LEAT_OK;
    return fault_set(self->fault, LEAT_VALIDATION,
                     "One or more parameter values were invalid: Global secondary index %.*s does not project [%s]",
                     SLICE_FORMAT(name), columns.names);
}

/* ---- keys ---- */

static enum leat_code check_key(const struct selecting *self, const struct item_value *value, struct leat_slice name,
                                enum item_type type) {
    if (value->type != type)
        return fault_set(self->fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: Condition parameter type does not match schema type");
    if (value->payload.size > 0) return LEAT_OK;
    return fault_set(self->fault, LEAT_VALIDATION,
                     "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s "
                     "value. Key: %.*s", type == ITEM_S ? "string" : "binary", SLICE_FORMAT(name));
}

static enum leat_code sort_range(const struct selecting *self, struct expr_key_range *out) {
    const struct schema *schema = self->schema;
    out->range = EXPR_KEY_ALL;
    if (schema->sort.data == NULL) return LEAT_OK;
    partiql_range(self->parsed->where, schema->sort, out);
    if (out->range == EXPR_KEY_ALL) return LEAT_OK;
    TRY(check_key(self, &out->low, schema->sort, schema->sort_type));
    return out->range == EXPR_KEY_BETWEEN ? check_key(self, &out->high, schema->sort, schema->sort_type) : LEAT_OK;
}

static enum leat_code find_keys(struct selecting *self) {
    struct item_value values[PARTIQL_KEYS_MAX];
    struct expr_key_range range = {.range = EXPR_KEY_ALL};
    size_t count = partiql_values(self->parsed->where, self->schema->partition, values);
    if (count == 0) return LEAT_OK;
    TRY(sort_range(self, &range));
    self->keys = ARENA_ARRAY(self->request->arena, struct expr_key_range, count);
    if (self->keys == NULL) return fault_memory(self->fault);
    for (size_t i = 0; i < count; i++) {
        TRY(check_key(self, &values[i], self->schema->partition, self->schema->partition_type));
        self->keys[i] = range;
        self->keys[i].partition = values[i];
    }
    self->key_count = count;
    return LEAT_OK;
}

/* ---- order ---- */

static int compare_keys(const void *a, const void *b) {
    const struct expr_key_range *one = a, *two = b;
    return slice_compare(one->partition.payload, two->partition.payload);
}

static void sort_keys(struct selecting *self, bool descending) {
    qsort(self->keys, self->key_count, sizeof *self->keys, compare_keys);
    for (size_t i = 0; descending && i < self->key_count / 2; i++) {
        struct expr_key_range other = self->keys[self->key_count - 1 - i];
        self->keys[self->key_count - 1 - i] = self->keys[i];
        self->keys[i] = other;
    }
}

/* Ordered by the partition key alone, AWS walks its items from the end, whichever way the partition keys themselves go. */
static enum leat_code choose_order(struct selecting *self) {
    const struct partiql_statement *parsed = self->parsed;
    const struct partiql_order *by_partition = NULL, *by_sort = NULL;
    if (parsed->order_count == 0) return LEAT_OK;
    if (parsed->where == NULL)
        return fault_set(self->fault, LEAT_VALIDATION, "Must have WHERE clause in the statement when using ORDER BY clause.");
    for (size_t i = 0; i < parsed->order_count; i++) {
        const struct partiql_order *term = &parsed->order[i];
        bool partition = slice_equal(term->name, self->schema->partition);
        bool sort = self->schema->sort.data != NULL && slice_equal(term->name, self->schema->sort);
        if (!partition && !sort)
            return fault_set(self->fault, LEAT_VALIDATION, "Attribute %.*s in ORDER BY clause must be part of the primary key",
                             SLICE_FORMAT(term->name));
        *(partition ? &by_partition : &by_sort) = term;
    }
    if (self->key_count == 0)
        return fault_set(self->fault, LEAT_VALIDATION,
                         "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.");
    if (self->key_count > 1 && by_partition == NULL)
        return fault_set(self->fault, LEAT_VALIDATION,
                         "Must have hash key in ORDER BY clause when more than one hash key condition specified in WHERE clause.");
    if (by_partition != NULL) sort_keys(self, by_partition->descending);
    self->query.backward = by_sort == NULL || by_sort->descending;
    return LEAT_OK;
}

/* ---- the place to go on: base64 of the statement's hash (8 bytes, little-endian) and the last key as an item ---- */

static enum leat_code read_token(struct selecting *self) {
    struct leat_slice text = self->statement->next_token;
    if (text.data == NULL) return LEAT_OK;
    struct leat_slice bytes = base64_decode(self->request->arena, text);
    if (bytes.data == NULL || bytes.size < TOKEN_HASH_SIZE) return fault_set(self->fault, LEAT_VALIDATION, "Invalid NextToken");
    self->query.start = slice_of(bytes.data + TOKEN_HASH_SIZE, bytes.size - TOKEN_HASH_SIZE);
    if (!item_check(self->query.start)) return fault_set(self->fault, LEAT_VALIDATION, "Invalid NextToken");
    if (little_get(bytes.data, TOKEN_HASH_SIZE) == statement_hash(self->statement)) return LEAT_OK;
    return fault_set(self->fault, LEAT_VALIDATION, "NextToken does not match request");
}

static enum leat_code write_token(const struct selecting *self, struct leat_result *result) {
    uint8_t hash[TOKEN_HASH_SIZE];
    struct buf bytes, text;
    if (result->last_key.data == NULL) return LEAT_OK;
    buf_init(&bytes, TOKEN_TEXT_MAX);
    buf_init(&text, TOKEN_TEXT_MAX * 2);
    little_set(hash, statement_hash(self->statement), TOKEN_HASH_SIZE);
    buf_append(&bytes, hash, sizeof hash);
    buf_slice(&bytes, result->last_key);
    base64_encode(&text, buf_view(&bytes));
    if (buf_ok(&bytes) && buf_ok(&text)) result->next_token = arena_copy(self->request->arena, buf_view(&text));
    buf_fini(&bytes);
    buf_fini(&text);
    return result->next_token.data == NULL ? fault_memory(self->fault) : LEAT_OK;
}

/* ---- one statement ---- */

static enum leat_code prepare(struct selecting *self) {
    self->query = (struct leat_query){.table = self->parsed->table, .index = self->parsed->index,
                                      .consistent = self->statement->consistent, .limit = self->statement->limit};
    TRY(choose_index(self));
    TRY(find_keys(self));
    TRY(choose_order(self));
    TRY(check_projected(self));
    return read_token(self);
}

enum leat_code statement_select(struct statement_request *request, struct leat_result *result) {
    struct selecting self = {.request = request, .statement = request->statements, .parsed = request->parsed, .fault = request->fault};
    struct write_operation *operation = request->job->operations;
    TRY(catalogue_need(&request->engine->catalogue, self.parsed->table, &operation->table, request->fault));
    self.table = operation->table;
    TRY(prepare(&self));
    const struct expr_condition filter = {self.parsed->where};
    const struct read_page page = {.query = &self.query, .table = self.table, .filter = filter.root == NULL ? NULL : &filter,
                                   .keys = self.keys, .key_count = self.key_count};
    *result = (struct leat_result){.memory = request->job->memory};
    TRY(read_page(request->engine, &page, result, request->fault));
    for (size_t i = 0; i < result->count; i++) TRY(project(self.parsed, &result->items[i], request->arena, request->fault));
    TRY(write_token(&self, result));
    return statement_tables(request, request->arena, result);
}

/* ---- single items ---- */

static enum leat_code fail_get(const struct statement_request *request, size_t i, const char *words) {
    if (request->mode != LEAT_ATOMIC) return fault_set(request->fault, LEAT_VALIDATION, "%s", words);
    return fault_set(request->fault, LEAT_VALIDATION, "Validation failed in TransactStatements[%zu]: %s", i, words);
}

static enum leat_code prepare_get(struct statement_request *request, size_t i, struct leat_get *get) {
    bool atomic = request->mode == LEAT_ATOMIC;
    const struct partiql_statement *parsed = &request->parsed[i];
    struct write_operation *operation = &request->job->operations[i];
    if (atomic && parsed->index.data != NULL) return fail_get(request, i, "Reads on indices are not supported within transactions.");
    TRY(catalogue_need(&request->engine->catalogue, parsed->table, &operation->table, request->fault));
    const struct schema *keys = &operation->table->keys;
    if (parsed->index.data != NULL || !partiql_only_equal(parsed->where, keys->partition, keys->sort))
        return fail_get(request, i, atomic ? "Select statements within ExecuteTransaction must specify the primary key in the where clause."
                                           : "Select statements within BatchExecuteStatement must specify the primary key in the "
                                             "where clause.");
    *get = (struct leat_get){.table = parsed->table, .consistent = request->statements[i].consistent};
    return statement_key(keys, parsed->where, request->arena, &get->key, request->fault);
}

static enum leat_code check_distinct(const struct statement_request *request, const struct leat_get *gets) {
    for (size_t i = 0; i < request->count; i++)
        for (size_t k = 0; k < i; k++)
            if (request->job->operations[i].table->id == request->job->operations[k].table->id && slice_equal(gets[i].key, gets[k].key))
                return fault_set(request->fault, LEAT_VALIDATION,
                                 "Transaction request cannot include multiple operations on one item");
    return LEAT_OK;
}

enum leat_code statement_get(struct statement_request *request, struct leat_result *result) {
    bool atomic = request->mode == LEAT_ATOMIC;
    struct leat_get *gets = ARENA_ARRAY(request->arena, struct leat_get, request->count);
    if (gets == NULL) return fault_memory(request->fault);
    for (size_t i = 0; i < request->count; i++) TRY(prepare_get(request, i, &gets[i]));
    if (atomic) TRY(check_distinct(request, gets));
    TRY(read_get_many(request->engine, gets, request->count, request->mode, result, request->fault));
    struct arena *arena = &result->memory->arena;
    for (size_t i = 0; i < result->count; i++) TRY(project(&request->parsed[i], &result->items[i], arena, request->fault));
    return statement_tables(request, arena, result);
}
