/* DeleteTable. Source: Amazon DynamoDB API Reference, DeleteTable. */
#include "api/dynamodb/backup.h"
#include "base/slice.h"

/* A table with point-in-time recovery leaves a backup of how it was in the end. Developer Guide, "Point-in-time recovery: before you
 * begin". */
static enum leat_code delete_kept(struct api_call *call, struct leat_description *table) {
    struct backup backup;
    struct leat_slice name = arena_print(call->arena, "%.*s$DeletedTableBackup", SLICE_FORMAT(table->table.name));
    if (name.data == NULL) return fault_memory(&call->fault);
    TRY(backup_begin(call, &table->table, name, true, &backup));
    table->table.status = LEAT_DELETING;
    return LEAT_OK;
}

static enum leat_code delete(struct api_call *call, struct leat_slice table, struct leat_description *out) {
    TRY(leat_table_describe(call->server->db, table, out, &call->fault));
    if (out->table.recovery_days > 0 && out->table.status == LEAT_ACTIVE) return delete_kept(call, out);
    leat_description_free(out);
    return leat_table_delete(call->server->db, table, out, &call->fault);
}

static void run(struct api_call *call, void *input) {
    struct leat_description description = {0};
    enum leat_code code = delete(call, ((struct dynamodb_table_request *)input)->table, &description);
    dynamodb_answer_table(call, code, &description, "TableDescription", (struct dynamodb_changing){0});
}

const struct api_operation dynamodb_delete_table = {
    .name = "DeleteTable",
    .fields = dynamodb_table_request_fields,
    .input_size = sizeof(struct dynamodb_table_request),
    .place = API_POOL,
    .check = dynamodb_check_table_request,
    .run = run,
};
