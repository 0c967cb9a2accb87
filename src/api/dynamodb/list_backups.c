/* ListBackups: in the order of time. Source: Amazon DynamoDB API Reference, ListBackups. */
#include "api/dynamodb/backup.h"
#include "base/slice.h"

enum { LIMIT_MAX = 100, NAMES_AT_ONCE = 200 };
enum { TYPE_ALL = 1, TYPE_USER, TYPE_SYSTEM, TYPE_AWS_BACKUP };

struct input {
    struct leat_slice table, start;
    struct api_integer limit, lower_ms, upper_ms;
    struct api_enum type;
};

static const struct api_choice type_choices[] = {
    {"AWS_BACKUP", TYPE_AWS_BACKUP}, {"SYSTEM", TYPE_SYSTEM}, {"USER", TYPE_USER}, {"ALL", TYPE_ALL}, {NULL, 0}};
static const struct api_field fields[] = {
    API_FIELD(struct input, table, "TableName", API_STRING, .or_arn = true, .min = 1, .max = 255, .pattern = DYNAMODB_NAME_PATTERN),
    API_FIELD(struct input, limit, "Limit", API_INTEGER, .min = 1, .max = LIMIT_MAX),
    API_FIELD(struct input, lower_ms, "TimeRangeLowerBound", API_TIMESTAMP),
    API_FIELD(struct input, upper_ms, "TimeRangeUpperBound", API_TIMESTAMP),
    API_FIELD(struct input, start, "ExclusiveStartBackupArn", API_STRING, .min = 37, .max = 1024),
    API_FIELD(struct input, type, "BackupType", API_ENUM, .choices = type_choices),
    API_FIELDS_END,
};

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    const struct input *in = input;
    (void)call;
    if (!in->lower_ms.given || !in->upper_ms.given || in->lower_ms.value <= in->upper_ms.value) return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION,
                     "One or more parameter values were invalid: Time range lower bound must be less than or equal to upper bound");
}

static bool wanted(const struct input *in, const struct backup *backup) {
    int type = in->type.value == 0 ? TYPE_USER : in->type.value;
    int64_t created_ms = (int64_t)backup->created_ms;
    if (type != TYPE_ALL && type != (backup->system ? TYPE_SYSTEM : TYPE_USER)) return false;
    if (in->table.data != NULL && !slice_equal(in->table, backup->source.name) && !slice_equal(in->table, backup->source.arn)) return false;
    return (!in->lower_ms.given || created_ms >= in->lower_ms.value) && (!in->upper_ms.given || created_ms < in->upper_ms.value);
}

static void summary(struct api_call *call, const struct backup *backup) {
    struct json_writer *json = &call->json;
    json_object(json);
    json_key(json, "TableName");
    json_string(json, backup->source.name);
    json_key(json, "TableId");
    json_string(json, backup->source.id);
    json_key(json, "TableArn");
    json_string(json, backup->source.arn);
    backup_write_details(call, backup, backup_status(backup));
    json_object_end(json);
}

struct listing {
    const struct input *in;
    size_t limit, count;
    struct leat_slice last; /* the ARN of the newest that was written */
    bool more;
};

/* One backup, by its table's name; gone in the meantime: nothing. */
static enum leat_code look_at(struct api_call *call, struct leat_slice name, struct listing *listing) {
    struct leat_description held = {.memory = NULL};
    struct backup backup;
    enum leat_code code = leat_table_describe(call->server->db, name, &held, &call->fault);
    if (code == LEAT_OK) code = backup_decode(&held.table, call->arena, &backup, &call->fault);
    if (code == LEAT_OK && wanted(listing->in, &backup)) {
        listing->more = listing->count == listing->limit;
        if (!listing->more) {
            summary(call, &backup);
            listing->count++;
            listing->last = backup_arn(call->arena, &backup);
        }
    }
    leat_description_free(&held);
    return code == LEAT_RESOURCE_NOT_FOUND ? LEAT_OK : code;
}

static enum leat_code list(struct api_call *call, struct leat_slice start, struct listing *listing) {
    struct leat_result names;
    enum leat_code code;
    do {
        code = leat_table_list(call->server->db, BACKUP_PREFIX, start, NAMES_AT_ONCE, &names, &call->fault);
        for (size_t i = 0; i < names.count && code == LEAT_OK && !listing->more; i++) code = look_at(call, names.items[i], listing);
        start = arena_copy(call->arena, names.last_key);
        leat_result_free(&names);
    } while (code == LEAT_OK && start.data != NULL && !listing->more);
    return code;
}

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    struct json_writer *json = &call->json;
    struct listing listing = {.in = in, .limit = in->limit.given ? (size_t)in->limit.value : LIMIT_MAX};
    struct leat_slice start = {NULL, 0};
    enum leat_code code = in->start.data == NULL ? LEAT_OK : backup_name_of(call, in->start, &start);
    json_object(json);
    json_key(json, "BackupSummaries");
    json_array(json);
    if (code == LEAT_OK) code = list(call, start, &listing);
    if (code != LEAT_OK) {
        buf_clear(json->buf);
        api_end(call, code);
        return;
    }
    json_array_end(json);
    if (listing.more) {
        json_key(json, "LastEvaluatedBackupArn");
        json_string(json, listing.last);
    }
    json_object_end(json);
    api_done(call);
}

const struct api_operation dynamodb_list_backups = {
    .name = "ListBackups", .fields = fields, .input_size = sizeof(struct input), .place = API_POOL, .check = check, .run = run};
