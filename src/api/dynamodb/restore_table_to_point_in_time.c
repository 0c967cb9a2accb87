/* RestoreTableToPointInTime. Source: Amazon DynamoDB API Reference, RestoreTableToPointInTime; the order and words of faults as recorded.
 * The latest restorable time is now, not five minutes ago: here nothing has to be gathered first. */
#include "api/dynamodb/backup.h"
#include "api/dynamodb/restore.h"
#include "base/clock.h"
#include "base/slice.h"

static const struct api_field fields[] = {
    RESTORE_FIELDS,
    API_FIELD(struct restore_input, source_arn, "SourceTableArn", API_STRING, .min = 1, .max = 1024),
    API_FIELD(struct restore_input, source, "SourceTableName", API_STRING, .min = 3, .max = 255, .pattern = DYNAMODB_NAME_PATTERN),
    API_FIELD(struct restore_input, latest, "UseLatestRestorableTime", API_BOOLEAN),
    API_FIELD(struct restore_input, time_ms, "RestoreDateTime", API_TIMESTAMP),
    API_FIELDS_END,
};

/* Does text begin as the ARN of a table: "arn:aws:dynamodb:REGION:ACCOUNT:table/"? *own: of this account. */
static bool is_table_arn(const struct api_call *call, struct leat_slice arn, bool *own) {
    size_t colons = 0, account = 0, at = 0;
    for (; at < arn.size && colons < 5; at++) {
        if (arn.data[at] != ':') continue;
        colons++;
        if (colons == 4) account = at + 1;
    }
    if (colons < 5 || !slice_starts(arn, SLICE("arn:aws"))) return false;
    *own = slice_is(slice_of(arn.data + account, at - 1 - account), call->server->account);
    struct leat_slice resource = slice_of(arn.data + at, arn.size - at), table = SLICE("table/");
    return slice_starts(resource, table) && resource.size > table.size;
}

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    const struct restore_input *in = input;
    bool own = true;
    if (in->latest.value && in->time_ms.given)
        return fault_set(fault, LEAT_VALIDATION,
                         "Invalid Request: Both RestoreDateTime and UseLatestRestorableTime cannot be set for point-in-time restore "
                         "request. Please specify either RestoreDateTime time or UseLatestRestorableTime");
    if (!in->latest.value && !in->time_ms.given)
        return fault_set(fault, LEAT_VALIDATION,
                         "Invalid Request: Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both");
    if (in->source.data != NULL && in->source_arn.data != NULL)
        return fault_set(fault, LEAT_VALIDATION, "Must provide exactly one of: sourceTableArn, sourceTableName");
    if (in->source.data == NULL && in->source_arn.data == NULL)
        return fault_set(fault, LEAT_VALIDATION, "The parameter 'TableName' is required but was not present in the request");
    if (in->source_arn.data != NULL && !is_table_arn(call, in->source_arn, &own))
        return fault_set(fault, LEAT_VALIDATION, "sourceTableArn is not a valid ARN");
    if (!own)
        return fault_set(fault, LEAT_VALIDATION,
                         "This action is only supported by accounts that match the resource owner's account");
    return LEAT_OK;
}

/* 2025-02-22T03:03:25 */
static void print_second(uint64_t milliseconds, char out[CLOCK_ISO_SIZE]) {
    enum { SECONDS_SIZE = 19 };
    clock_iso(milliseconds, out);
    out[SECONDS_SIZE] = 0;
}

static enum leat_code wrong_time(struct api_call *call, const struct leat_table *source, uint64_t wanted_ms) {
    char wanted[CLOCK_ISO_SIZE], from[CLOCK_ISO_SIZE], to[CLOCK_ISO_SIZE];
    print_second(wanted_ms, wanted);
    print_second(source->recovery_from_ms, from);
    print_second(source->recovery_to_ms, to);
    return fault_set(&call->fault, LEAT_INVALID_RESTORE_TIME,
                     "RestoreDateTime '%sZ' must be within EarliestRestorableDateTime '%sZ' and LatestRestorableDateTime '%sZ'",
                     wanted, from, to);
}

/* Clients see and send whole seconds: the one in which recovery was turned on begins before it. */
static enum leat_code choose_time(struct api_call *call, const struct leat_table *source, struct restore *restore) {
    enum { SECOND_MS = 1000 };
    const struct restore_input *in = restore->in;
    restore->time_ms = source->recovery_to_ms;
    if (!in->time_ms.given) return LEAT_OK;
    uint64_t wanted_ms = in->time_ms.value > 0 ? (uint64_t)in->time_ms.value : 0, from_ms = source->recovery_from_ms;
    if (wanted_ms > source->recovery_to_ms || wanted_ms < from_ms - from_ms % SECOND_MS) return wrong_time(call, source, wanted_ms);
    restore->time_ms = wanted_ms;
    restore->at_ms = wanted_ms > from_ms ? wanted_ms : from_ms;
    return LEAT_OK;
}

static enum leat_code restore(struct api_call *call, const struct restore_input *in, struct leat_description *source,
                              struct leat_description *out) {
    const struct leat_table *table = &source->table;
    TRY(backup_source(call, in->source.data != NULL ? in->source : in->source_arn, source));
    if (table->recovery_days == 0)
        return fault_set(&call->fault, LEAT_POINT_IN_TIME_RECOVERY_UNAVAILABLE, "Point in time recovery is not enabled for table '%.*s'",
                         SLICE_FORMAT(table->name));
    struct restore restore = {.in = in, .source = table, .copied = table};
    TRY(choose_time(call, table, &restore));
    enum leat_code code = restore_begin(call, &restore, out);
    if (code == LEAT_INVALID_RESTORE_TIME) return wrong_time(call, table, restore.time_ms);
    if (code != LEAT_RESOURCE_NOT_FOUND) return code;
    return fault_set(&call->fault, LEAT_TABLE_NOT_FOUND, "Table not found: %.*s", SLICE_FORMAT(table->name));
}

static void run(struct api_call *call, void *input) {
    struct leat_description source = {.memory = NULL}, made = {.memory = NULL};
    enum leat_code code = restore(call, input, &source, &made);
    leat_description_free(&source);
    dynamodb_answer_table(call, code, &made, "TableDescription", (struct dynamodb_changing){0});
}

const struct api_operation dynamodb_restore_table_to_point_in_time = {.name = "RestoreTableToPointInTime", .fields = fields,
                                                                      .input_size = sizeof(struct restore_input), .place = API_POOL,
                                                                      .check = check, .run = run};
