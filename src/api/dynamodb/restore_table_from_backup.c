/* RestoreTableFromBackup. Source: Amazon DynamoDB API Reference, RestoreTableFromBackup. */
#include "api/dynamodb/backup.h"
#include "api/dynamodb/restore.h"
#include "base/slice.h"

static const struct api_field fields[] = {
    RESTORE_FIELDS,
    API_FIELD(struct restore_input, backup, "BackupArn", API_STRING, .required = true, .min = 37, .max = 1024),
    API_FIELDS_END,
};

/* Recorded: a backup serves one restore at a time. */
static enum leat_code check_free(struct api_call *call, const struct backup *backup, struct leat_slice arn) {
    if (backup->creating)
        return fault_set(&call->fault, LEAT_BACKUP_IN_USE, "Backup is being created: %.*s", SLICE_FORMAT(arn));
    if (backup->copied)
        return fault_set(&call->fault, LEAT_BACKUP_IN_USE, "Backup is being used to restore another table: %.*s", SLICE_FORMAT(arn));
    return LEAT_OK;
}

static enum leat_code restore(struct api_call *call, const struct restore_input *in, struct leat_description *held,
                              struct leat_description *out) {
    struct backup backup;
    TRY(backup_find(call, in->backup, held, &backup));
    TRY(restore_check_target(call, in->target));
    TRY(check_free(call, &backup, in->backup));
    const struct restore restore = {.in = in, .source = &backup.source, .copied = &held->table, .backup = in->backup,
                                    .time_ms = backup.created_ms};
    enum leat_code code = restore_begin(call, &restore, out);
    if (code != LEAT_RESOURCE_NOT_FOUND) return code;
    return fault_set(&call->fault, LEAT_BACKUP_NOT_FOUND, "Backup not found: %.*s", SLICE_FORMAT(in->backup));
}

static void run(struct api_call *call, void *input) {
    struct leat_description held = {.memory = NULL}, made = {.memory = NULL};
    enum leat_code code = restore(call, input, &held, &made);
    leat_description_free(&held);
    dynamodb_answer_table(call, code, &made, "TableDescription", (struct dynamodb_changing){0});
}

const struct api_operation dynamodb_restore_table_from_backup = {
    .name = "RestoreTableFromBackup", .fields = fields, .input_size = sizeof(struct restore_input), .place = API_POOL, .run = run};
