/* The operations of DynamoDB, the most used first. A new one: its file, and one line here. */
#include "api/aws_json.h"
#include "api/dynamodb/dynamodb.h"

#define OPERATIONS(X)        \
    X(put_item)              \
    X(get_item)              \
    X(update_item)           \
    X(query)                 \
    X(delete_item)           \
    X(batch_write_item)      \
    X(batch_get_item)        \
    X(scan)                  \
    X(transact_write_items)  \
    X(transact_get_items)    \
    X(execute_statement)     \
    X(batch_execute_statement) \
    X(execute_transaction)   \
    X(describe_table)        \
    X(list_tables)           \
    X(create_table)          \
    X(update_table)          \
    X(delete_table)          \
    X(create_backup)         \
    X(describe_backup)       \
    X(list_backups)          \
    X(delete_backup)         \
    X(restore_table_from_backup) \
    X(restore_table_to_point_in_time) \
    X(update_continuous_backups) \
    X(describe_continuous_backups) \
    X(update_time_to_live)   \
    X(describe_time_to_live) \
    X(list_tags_of_resource) \
    X(tag_resource)          \
    X(untag_resource)        \
    X(put_resource_policy)   \
    X(get_resource_policy)   \
    X(delete_resource_policy) \
    X(update_contributor_insights) \
    X(describe_contributor_insights) \
    X(list_contributor_insights) \
    X(export_table_to_point_in_time) \
    X(describe_export)       \
    X(list_exports)          \
    X(import_table)          \
    X(describe_import)       \
    X(list_imports)          \
    X(describe_limits)       \
    X(describe_endpoints)

#define DECLARE(name) extern const struct api_operation dynamodb_##name;
OPERATIONS(DECLARE)

#define ENTRY(name) &dynamodb_##name,
static const struct api_operation *const operations[] = {OPERATIONS(ENTRY) NULL};

const struct api_service api_dynamodb_service = {
    .name = "DynamoDB",
    .target = "DynamoDB_20120810",
    .content_type = "application/x-amz-json-1.0",
    .crc = true,
    .operations = operations,
    .fail = api_aws_json_fail,
};
