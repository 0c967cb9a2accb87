/* What restores from backups and to points in time share: the new table out of the old one and the request's overrides. */
#ifndef API_DYNAMODB_RESTORE_H
#define API_DYNAMODB_RESTORE_H

#include "api/dynamodb/dynamodb.h"
#include "api/dynamodb/encryption.h"

struct restore_input {
    struct leat_slice target, backup, source_arn, source;
    struct api_boolean latest;
    struct api_integer time_ms;
    struct api_enum billing;
    struct api_list global, local;
    struct dynamodb_throughput *throughput;
    struct throughput *on_demand;
    struct encryption *encryption;
};
#define RESTORE_FIELDS                                                                                                               \
    API_FIELD(struct restore_input, target, "TargetTableName", API_STRING, .required = true, .min = 3, .max = 255,                    \
              .pattern = DYNAMODB_NAME_PATTERN),                                                                                     \
        API_FIELD(struct restore_input, billing, "BillingModeOverride", API_ENUM, .choices = dynamodb_billing_choices),              \
        API_FIELD(struct restore_input, global, "GlobalSecondaryIndexOverride", API_LIST, .element = &dynamodb_index_element,         \
                  .size = sizeof(struct dynamodb_index)),                                                                            \
        API_FIELD(struct restore_input, local, "LocalSecondaryIndexOverride", API_LIST, .element = &dynamodb_local_element,           \
                  .size = sizeof(struct dynamodb_index)),                                                                            \
        API_FIELD(struct restore_input, throughput, "ProvisionedThroughputOverride", API_STRUCT, .fields = dynamodb_throughput_fields, \
                  .size = sizeof(struct dynamodb_throughput), .type = "ProvisionedThroughput"),                                      \
        API_FIELD(struct restore_input, on_demand, "OnDemandThroughputOverride", API_STRUCT, .fields = on_demand_fields,              \
                  .size = sizeof(struct throughput), .type = "OnDemandThroughput"),                                                  \
        API_FIELD(struct restore_input, encryption, "SSESpecificationOverride", API_STRUCT, .fields = encryption_fields,              \
                  .size = sizeof(struct encryption), .type = "SSESpecification")

/* Where a new table comes from. */
struct restore {
    const struct restore_input *in;
    const struct leat_table *source; /* the description that the new table follows */
    const struct leat_table *copied; /* the table whose items it gets */
    struct leat_slice backup;        /* an ARN; absent: from the table itself */
    uint64_t at_ms;                  /* as for leat_table_copy */
    uint64_t time_ms;                /* RestoreDateTime */
};

/* LEAT_TABLE_ALREADY_EXISTS, or LEAT_TABLE_IN_USE of one that is being restored. */
enum leat_code restore_check_target(struct api_call *call, struct leat_slice name) LEAT_MUST_USE;
/* Begins it. Library's codes, but those of restore_check_target. */
enum leat_code restore_begin(struct api_call *call, const struct restore *restore, struct leat_description *out) LEAT_MUST_USE;

/* Is the table being made by a restore? */
bool restore_is_under_way(const struct leat_table *table);
/* RestoreSummary and leat's own progress, of a table that is being restored: AWS shows nothing of it afterwards. */
void restore_write_summary(struct json_writer *json, const struct leat_table *table);

#endif
