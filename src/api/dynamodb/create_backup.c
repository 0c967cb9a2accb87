/* CreateBackup. Source: Amazon DynamoDB API Reference, CreateBackup. */
#include "api/dynamodb/backup.h"
#include "base/slice.h"

struct input { struct leat_slice table, name; };

static const struct api_field fields[] = {
    DYNAMODB_TABLE_NAME(struct input),
    API_FIELD(struct input, name, "BackupName", API_STRING, .required = true, .min = 3, .max = 255, .pattern = DYNAMODB_NAME_PATTERN),
    API_FIELDS_END,
};

static enum leat_code create(struct api_call *call, const struct input *in, struct leat_description *source, struct backup *out) {
    TRY(backup_source(call, in->table, source));
    TRY(backup_source_ready(&source->table, &call->fault));
    enum leat_code code = backup_begin(call, &source->table, in->name, false, out);
    if (code != LEAT_RESOURCE_NOT_FOUND) return code;
    return fault_set(&call->fault, LEAT_TABLE_NOT_FOUND, "Table not found: %.*s", SLICE_FORMAT(source->table.name));
}

static void run(struct api_call *call, void *input) {
    struct leat_description source = {.memory = NULL};
    struct backup backup;
    enum leat_code code = create(call, input, &source, &backup);
    if (code == LEAT_OK) {
        json_object(&call->json);
        json_key(&call->json, "BackupDetails");
        json_object(&call->json);
        backup_write_details(call, &backup, backup_status(&backup));
        json_object_end(&call->json);
        json_object_end(&call->json);
    }
    leat_description_free(&source);
    api_end(call, code);
}

const struct api_operation dynamodb_create_backup = {
    .name = "CreateBackup", .fields = fields, .input_size = sizeof(struct input), .place = API_POOL, .run = run};
