/* UpdateContinuousBackups and DescribeContinuousBackups: point-in-time recovery. Source: Amazon DynamoDB API Reference; words and
 * states as recorded. */
#include "api/dynamodb/backup.h"

enum { DAYS_MAX = 35, SECOND_MS = 1000 };

struct specification { struct api_boolean enabled; struct api_integer days; };
struct input { struct leat_slice table; struct specification *specification; };

static const struct api_field specification_fields[] = {
    API_FIELD(struct specification, enabled, "PointInTimeRecoveryEnabled", API_BOOLEAN, .required = true),
    API_FIELD(struct specification, days, "RecoveryPeriodInDays", API_INTEGER, .min = 1, .max = DAYS_MAX),
    API_FIELDS_END,
};
static const struct api_field update_fields[] = {
    DYNAMODB_TABLE_NAME(struct input),
    API_FIELD(struct input, specification, "PointInTimeRecoverySpecification", API_STRUCT, .required = true,
              .fields = specification_fields, .size = sizeof(struct specification), .type = "PointInTimeRecoverySpecification"),
    API_FIELDS_END,
};
static const struct api_field describe_fields[] = {DYNAMODB_TABLE_NAME(struct input), API_FIELDS_END};

static void write_time(struct json_writer *json, const char *name, uint64_t milliseconds) {
    json_key(json, name);
    json_int(json, (int64_t)(milliseconds / SECOND_MS));
}

static void answer(struct api_call *call, enum leat_code code, const struct leat_table *table) {
    struct json_writer *json = &call->json;
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    json_object(json);
    json_key(json, "ContinuousBackupsDescription");
    json_object(json);
    json_key(json, "ContinuousBackupsStatus");
    json_text(json, table->status == LEAT_CREATING ? "DISABLED" : "ENABLED");
    json_key(json, "PointInTimeRecoveryDescription");
    json_object(json);
    json_key(json, "PointInTimeRecoveryStatus");
    json_text(json, table->recovery_days > 0 ? "ENABLED" : "DISABLED");
    if (table->recovery_days > 0) {
        json_key(json, "RecoveryPeriodInDays");
        json_int(json, table->recovery_days);
        write_time(json, "EarliestRestorableDateTime", table->recovery_from_ms);
        write_time(json, "LatestRestorableDateTime", table->recovery_to_ms);
    }
    json_object_end(json);
    json_object_end(json);
    json_object_end(json);
    api_done(call);
}

static enum leat_code check_update(struct api_call *call, void *input, struct leat_fault *fault) {
    const struct specification *wanted = ((struct input *)input)->specification;
    (void)call;
    if (wanted->enabled.value || !wanted->days.given) return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION,
                     "Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.");
}

static enum leat_code update(struct api_call *call, const struct input *in, struct leat_description *out) {
    const struct specification *wanted = in->specification;
    TRY(backup_source(call, in->table, out));
    TRY(backup_source_ready(&out->table, &call->fault));
    uint32_t days = out->table.recovery_days > 0 ? out->table.recovery_days : DAYS_MAX;
    if (wanted->days.given) days = (uint32_t)wanted->days.value;
    const struct leat_table_change change = {
        .name = in->table, .change_recovery = true, .recovery_days = wanted->enabled.value ? days : 0};
    leat_description_free(out);
    return leat_table_update(call->server->db, &change, out, &call->fault);
}

static void run_update(struct api_call *call, void *input) {
    struct leat_description description = {.memory = NULL};
    enum leat_code code = update(call, input, &description);
    answer(call, code, &description.table);
    leat_description_free(&description);
}

static void run_describe(struct api_call *call, void *input) {
    struct leat_description description = {.memory = NULL};
    enum leat_code code = backup_source(call, ((struct input *)input)->table, &description);
    answer(call, code, &description.table);
    leat_description_free(&description);
}

const struct api_operation dynamodb_update_continuous_backups = {.name = "UpdateContinuousBackups", .fields = update_fields,
                                                                 .input_size = sizeof(struct input), .place = API_POOL,
                                                                 .check = check_update, .run = run_update};
const struct api_operation dynamodb_describe_continuous_backups = {
    .name = "DescribeContinuousBackups", .fields = describe_fields, .input_size = sizeof(struct input), .run = run_describe};
