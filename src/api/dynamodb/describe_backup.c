/* DescribeBackup and DeleteBackup. Source: Amazon DynamoDB API Reference. */
#include "api/dynamodb/backup.h"
#include "base/clock.h"
#include "base/slice.h"

struct input { struct leat_slice arn; };

static const struct api_field fields[] = {
    API_FIELD(struct input, arn, "BackupArn", API_STRING, .required = true, .min = 37, .max = 1024),
    API_FIELDS_END,
};

static void answer(struct api_call *call, enum leat_code code, const struct backup *backup, const char *status) {
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    json_object(&call->json);
    json_key(&call->json, "BackupDescription");
    backup_write_description(call, backup, status);
    json_object_end(&call->json);
    api_done(call);
}

static void run_describe(struct api_call *call, void *input) {
    struct leat_description held;
    struct backup backup = {.creating = false};
    enum leat_code code = backup_find(call, ((struct input *)input)->arn, &held, &backup);
    answer(call, code, &backup, backup_status(&backup));
    leat_description_free(&held);
}

static enum leat_code check_delete(struct api_call *call, const struct backup *backup, struct leat_slice arn) {
    if (backup->creating)
        return fault_set(&call->fault, LEAT_BACKUP_IN_USE, "Backup is being created: %.*s", SLICE_FORMAT(arn));
    if (backup->copied)
        return fault_set(&call->fault, LEAT_BACKUP_IN_USE, "Backup is being used to restore table: %.*s", SLICE_FORMAT(arn));
    if (!backup->system) return LEAT_OK;
    char expires[CLOCK_ISO_SIZE];
    clock_iso(backup->expires_ms, expires);
    return fault_set(&call->fault, LEAT_VALIDATION,
                     "Invalid Request: User is not allowed to delete the system backup with arn %.*s. It will automatically expire on %sZ",
                     SLICE_FORMAT(arn), expires);
}

static enum leat_code delete(struct api_call *call, struct leat_slice arn, const struct leat_table *table, const struct backup *backup) {
    struct leat_description gone = {.memory = NULL};
    TRY(check_delete(call, backup, arn));
    enum leat_code code = leat_table_delete(call->server->db, table->name, &gone, &call->fault);
    leat_description_free(&gone);
    if (code != LEAT_RESOURCE_NOT_FOUND) return code;
    return fault_set(&call->fault, LEAT_BACKUP_NOT_FOUND, "Backup not found: %.*s", SLICE_FORMAT(arn));
}

static void run_delete(struct api_call *call, void *input) {
    struct leat_slice arn = ((struct input *)input)->arn;
    struct leat_description held;
    struct backup backup = {.creating = false};
    enum leat_code code = backup_find(call, arn, &held, &backup);
    if (code == LEAT_OK) code = delete(call, arn, &held.table, &backup);
    answer(call, code, &backup, "DELETED");
    leat_description_free(&held);
}

const struct api_operation dynamodb_describe_backup = {
    .name = "DescribeBackup", .fields = fields, .input_size = sizeof(struct input), .run = run_describe};
const struct api_operation dynamodb_delete_backup = {
    .name = "DeleteBackup", .fields = fields, .input_size = sizeof(struct input), .place = API_POOL, .run = run_delete};
