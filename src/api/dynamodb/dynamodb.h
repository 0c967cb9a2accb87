/* DynamoDB, API version 2012-08-10: its operations and what they share. */
#ifndef API_DYNAMODB_DYNAMODB_H
#define API_DYNAMODB_DYNAMODB_H

#include "api/api.h"
#include "api/dynamodb/legacy.h"
#include "api/dynamodb/throughput.h"

extern const struct api_service api_dynamodb_service;

/* ---- members that many operations have ---- */

#define DYNAMODB_NAME_PATTERN "[a-zA-Z0-9_.-]+"
/* The name of an existing table, or its ARN. */
#define DYNAMODB_TABLE_NAME(structure)                                                                             \
    API_FIELD(structure, table, "TableName", API_STRING, .required = true, .alone = true, .or_arn = true, .min = 1, \
              .max = 255, .pattern = DYNAMODB_NAME_PATTERN)
/* The same where AWS misses it in words of its own: dynamodb_check_table_name. */
#define DYNAMODB_TABLE_PARAMETER(structure, shortest)                                                                       \
    API_FIELD(structure, table, "TableName", API_STRING, .alone = true, .or_arn = true, .min = (shortest), .max = 255, \
              .pattern = DYNAMODB_NAME_PATTERN)
enum leat_code dynamodb_check_table_name(struct leat_slice table, struct leat_fault *fault) LEAT_MUST_USE;
#define DYNAMODB_CAPACITY(structure) \
    API_FIELD(structure, capacity, "ReturnConsumedCapacity", API_ENUM, .choices = dynamodb_capacity_choices)
#define DYNAMODB_METRICS(structure) \
    API_FIELD(structure, metrics, "ReturnItemCollectionMetrics", API_ENUM, .choices = dynamodb_metrics_choices)
#define DYNAMODB_ON_FAILURE(structure) \
    API_FIELD(structure, on_failure, "ReturnValuesOnConditionCheckFailure", API_ENUM, .choices = dynamodb_on_failure_choices)

enum dynamodb_capacity { DYNAMODB_CAPACITY_NONE, DYNAMODB_CAPACITY_TOTAL, DYNAMODB_CAPACITY_INDEXES };
extern const struct api_choice dynamodb_capacity_choices[], dynamodb_metrics_choices[], dynamodb_on_failure_choices[];
enum { DYNAMODB_METRICS_SIZE = 1, DYNAMODB_ON_FAILURE_ALL_OLD = 1 };

/* ---- checks of expressions and the older parameters that they replace ---- */

struct dynamodb_parameter {
    const char *name;
    bool given;
};
struct dynamodb_parameters {
    const struct dynamodb_parameter *expressions, *legacy; /* each ended by a NULL name */
    struct leat_slice names, values;
    const char *values_need; /* "ConditionExpression is null": what AWS says when there are values but no expression */
};
/* Both kinds in one request. */
enum leat_code dynamodb_check_kinds(const struct dynamodb_parameters *parameters, struct leat_fault *fault) LEAT_MUST_USE;
/* Both kinds in one request; names and values without an expression, empty, or ill-formed. */
enum leat_code dynamodb_check_parameters(const struct dynamodb_parameters *parameters, struct leat_fault *fault) LEAT_MUST_USE;

/* ---- pieces of answers ---- */

/* The table that each operation of a request is about, as the request names it; results number the tables in the order of first mention. */
struct dynamodb_mentions { const struct leat_slice *tables; size_t count; };

/* "ConsumedCapacity": {...} of a request that is about one table; nothing when it was not asked for or nothing was consumed. */
void dynamodb_write_consumed(struct api_call *call, struct leat_slice table, const struct api_enum *wanted);
/* "ConsumedCapacity": [...], one object for each table. Transactions tell reads and writes apart. */
void dynamodb_write_consumed_list(struct api_call *call, const struct dynamodb_mentions *mentions, const struct leat_capacity *capacity,
                                  const struct api_enum *wanted, bool transaction);

/* "ItemCollectionMetrics", if asked for, for what has been written to of tables with local indexes: {...}, or by table {"t": [{...}]}. */
void dynamodb_write_metrics(struct api_call *call, const struct api_enum *wanted);
void dynamodb_write_metrics_map(struct api_call *call, const struct dynamodb_mentions *mentions, const struct api_enum *wanted);

/* A request that only names a table: DescribeTable, DeleteTable. */
struct dynamodb_table_request { struct leat_slice table; };
extern const struct api_field dynamodb_table_request_fields[];
enum leat_code dynamodb_check_table_request(struct api_call *call, void *input, struct leat_fault *fault);
/* Ends the call: with a fault, or with a TableDescription as the answer's one member. Frees the description. */
struct dynamodb_changing { bool warm, encryption; }; /* asked for by this very call: shown as being on its way */
void dynamodb_answer_table(struct api_call *call, enum leat_code code, struct leat_description *description, const char *member,
                           struct dynamodb_changing changing);

/* Pieces of it: "KeySchema": [...]; "Projection": {...}; a StreamSpecification's object. */
void dynamodb_write_keys(struct json_writer *json, struct leat_slice partition, struct leat_slice sort);
void dynamodb_write_projection(struct json_writer *json, const struct leat_index *index);
void dynamodb_write_stream(struct json_writer *json, enum leat_view view);

/* ---- PutItem, UpdateItem, DeleteItem ---- */

struct dynamodb_write_input {
    struct leat_slice table, item, key, update, condition, names, values;
    struct api_list expected, attribute_updates; /* older forms */
    struct api_enum conditional_operator;
    struct api_enum returns, capacity, metrics, on_failure;
    bool generated; /* update and condition are translations of older forms */
};
#define DYNAMODB_WRITE_FIELDS                                                                                         \
    API_FIELD(struct dynamodb_write_input, expected, "Expected", API_MAP, .element = &dynamodb_expected_element,       \
              .size = sizeof(struct dynamodb_condition)),                                                             \
        DYNAMODB_OPERATOR(struct dynamodb_write_input),                                                               \
        API_FIELD(struct dynamodb_write_input, returns, "ReturnValues", API_ENUM, .choices = dynamodb_return_choices), \
        API_FIELD(struct dynamodb_write_input, condition, "ConditionExpression", API_STRING),                         \
        API_FIELD(struct dynamodb_write_input, names, "ExpressionAttributeNames", API_NAMES),                         \
        API_FIELD(struct dynamodb_write_input, values, "ExpressionAttributeValues", API_VALUES),                      \
        DYNAMODB_METRICS(struct dynamodb_write_input), DYNAMODB_ON_FAILURE(struct dynamodb_write_input),              \
        DYNAMODB_CAPACITY(struct dynamodb_write_input)
extern const struct api_choice dynamodb_return_choices[];
enum leat_code dynamodb_write_check(struct api_call *call, void *input, struct leat_fault *fault) LEAT_MUST_USE;
void dynamodb_write_run(struct api_call *call, struct dynamodb_write_input *input, enum leat_write_kind kind);

/* ---- Query, Scan ---- */

struct dynamodb_read_input {
    struct leat_slice table, index, key_condition, filter, projection, names, values, start;
    struct api_list attributes_to_get, conditions, filter_conditions; /* older forms */
    struct api_enum conditional_operator;
    struct api_enum select, capacity;
    struct api_integer limit, segment, segments;
    struct api_boolean consistent, forward;
    bool generated; /* all expressions are translations of older forms */
};
#define DYNAMODB_READ_FIELDS                                                                                       \
    API_FIELD(struct dynamodb_read_input, index, "IndexName", API_STRING, .min = 3, .max = 255,                    \
              .pattern = DYNAMODB_NAME_PATTERN),                                                                   \
        API_FIELD(struct dynamodb_read_input, select, "Select", API_ENUM, .choices = dynamodb_select_choices),     \
        DYNAMODB_ATTRIBUTES_TO_GET(struct dynamodb_read_input),                                                    \
        DYNAMODB_OPERATOR(struct dynamodb_read_input),                                                             \
        API_FIELD(struct dynamodb_read_input, start, "ExclusiveStartKey", API_ITEM,                              \
                  .fault_words = "The provided starting key is invalid: "),                                        \
        API_FIELD(struct dynamodb_read_input, projection, "ProjectionExpression", API_STRING),                     \
        API_FIELD(struct dynamodb_read_input, filter, "FilterExpression", API_STRING),                             \
        API_FIELD(struct dynamodb_read_input, names, "ExpressionAttributeNames", API_NAMES),                       \
        API_FIELD(struct dynamodb_read_input, values, "ExpressionAttributeValues", API_VALUES),                    \
        API_FIELD(struct dynamodb_read_input, consistent, "ConsistentRead", API_BOOLEAN),                          \
        DYNAMODB_CAPACITY(struct dynamodb_read_input)
extern const struct api_choice dynamodb_select_choices[];
enum leat_code dynamodb_select_check(const struct dynamodb_read_input *in, struct leat_fault *fault) LEAT_MUST_USE;
/* The older forms: what is checked of them first, and, after everything else, their translation. */
enum leat_code dynamodb_read_check_legacy(struct api_call *call, const struct dynamodb_read_input *in,
                                          struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code dynamodb_read_translate(struct api_call *call, struct dynamodb_read_input *in, struct leat_fault *fault) LEAT_MUST_USE;
void dynamodb_read_run(struct api_call *call, const struct dynamodb_read_input *in);

/* ---- transactions ---- */

enum { DYNAMODB_TRANSACTION_BYTES_MAX = 4 * 1024 * 1024 }; /* API Reference, TransactWriteItems and TransactGetItems */
enum leat_code dynamodb_transaction_too_large(struct leat_fault *fault) LEAT_MUST_USE;

/* ---- PartiQL ---- */

struct dynamodb_statement {
    struct leat_slice text;
    struct api_list parameters; /* of encoded values, struct leat_slice */
    struct api_boolean consistent;
    struct api_enum on_failure;
};
extern const struct api_field dynamodb_parameter_element;
#define DYNAMODB_STATEMENT_FIELDS(structure, member)                                                                       \
    API_FIELD(structure, member.text, "Statement", API_STRING, .required = true, .min = 1, .max = 8192),                   \
        API_FIELD(structure, member.parameters, "Parameters", API_LIST, .min = 1, .element = &dynamodb_parameter_element, \
                  .size = sizeof(struct leat_slice)),                                                                      \
        API_FIELD(structure, member.on_failure, "ReturnValuesOnConditionCheckFailure", API_ENUM,                           \
                  .choices = dynamodb_on_failure_choices)
struct leat_statement dynamodb_statement_of(const struct dynamodb_statement *in);

/* ---- table definitions ---- */

struct dynamodb_definition { struct leat_slice name; struct api_enum type; };
struct dynamodb_key_element { struct leat_slice name; struct api_enum type; };
struct dynamodb_projection { struct api_enum type; struct api_list include; };
struct dynamodb_throughput { struct api_integer read, write; };
struct dynamodb_stream_specification { struct api_boolean enabled; struct api_enum view; };
struct dynamodb_index { struct leat_slice name; struct api_list keys; struct dynamodb_projection *projection;
                        struct dynamodb_throughput *throughput; struct throughput *on_demand, *warm; };
enum { DYNAMODB_HASH = 1, DYNAMODB_RANGE = 2, DYNAMODB_PROVISIONED = 1, DYNAMODB_PAY_PER_REQUEST = 2 };

extern const struct api_choice dynamodb_billing_choices[];
extern const struct api_field dynamodb_definition_element, dynamodb_key_element, dynamodb_index_element, dynamodb_local_element;
extern const struct api_field dynamodb_throughput_fields[], dynamodb_stream_fields[], dynamodb_index_fields[];

/* The parts of a struct leat_table from what the request says; arrays in the call's arena. */
enum leat_code dynamodb_definitions(struct api_call *call, const struct api_list *definitions, const struct leat_attribute **out,
                                    size_t *count, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code dynamodb_keys(const struct api_list *keys, struct leat_slice *partition, struct leat_slice *sort,
                             struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code dynamodb_index_of(struct api_call *call, const struct dynamodb_index *in, bool local, struct leat_index *out,
                                 struct leat_fault *fault) LEAT_MUST_USE;
/* TableClass: AWS has words of its own for what is none. */
enum leat_code dynamodb_check_class(struct leat_slice class, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code dynamodb_stream_view(const struct dynamodb_stream_specification *in, enum leat_view *out,
                                    struct leat_fault *fault) LEAT_MUST_USE;

#endif
