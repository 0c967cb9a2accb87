/* ExportTableToPointInTime. Source: Amazon DynamoDB API Reference. */
#include "api/dynamodb/transfer.h"

struct specification { struct api_integer from, to; struct api_enum view; };
struct input {
    struct leat_slice table_arn, client_token, bucket, bucket_owner, prefix, sse_kms_key_id;
    struct api_enum sse_algorithm, format, type;
    struct api_integer time;
    struct specification *specification;
};

static const struct api_choice format_choices[] = {{"DYNAMODB_JSON", 1}, {"ION", 2}, {NULL, 0}};
static const struct api_choice type_choices[] = {{"FULL_EXPORT", 1}, {"INCREMENTAL_EXPORT", 2}, {NULL, 0}};
static const struct api_choice view_choices[] = {{"NEW_IMAGE", 1}, {"NEW_AND_OLD_IMAGES", 2}, {NULL, 0}};
static const struct api_choice sse_choices[] = {{"AES256", 1}, {"KMS", 2}, {NULL, 0}};

static const struct api_field specification_fields[] = {
    API_FIELD(struct specification, from, "ExportFromTime", API_TIMESTAMP),
    API_FIELD(struct specification, to, "ExportToTime", API_TIMESTAMP),
    API_FIELD(struct specification, view, "ExportViewType", API_ENUM, .choices = view_choices),
    API_FIELDS_END,
};
static const struct api_field fields[] = {
    API_FIELD(struct input, table_arn, "TableArn", API_STRING, .required = true, .min = 1, .max = 1024),
    API_FIELD(struct input, time, "ExportTime", API_TIMESTAMP),
    API_FIELD(struct input, client_token, "ClientToken", API_STRING),
    API_FIELD(struct input, bucket, "S3Bucket", API_STRING, .required = true, .max = 255, .pattern = DYNAMODB_BUCKET_PATTERN),
    API_FIELD(struct input, bucket_owner, "S3BucketOwner", API_STRING, .pattern = DYNAMODB_OWNER_PATTERN),
    API_FIELD(struct input, prefix, "S3Prefix", API_STRING, .max = 1024),
    API_FIELD(struct input, sse_algorithm, "S3SseAlgorithm", API_ENUM, .choices = sse_choices),
    API_FIELD(struct input, sse_kms_key_id, "S3SseKmsKeyId", API_STRING, .min = 1, .max = 2048),
    API_FIELD(struct input, format, "ExportFormat", API_ENUM, .choices = format_choices),
    API_FIELD(struct input, type, "ExportType", API_ENUM, .choices = type_choices),
    API_FIELD(struct input, specification, "IncrementalExportSpecification", API_STRUCT, .fields = specification_fields,
              .size = sizeof(struct specification), .type = "IncrementalExportSpecification"),
    API_FIELDS_END,
};

static void run(struct api_call *call, void *data) {
    const struct input *in = data;
    struct transfer_export record;
    struct transfer_export_request request = {
        .table_arn = in->table_arn,
        .client_token = in->client_token,
        .bucket = in->bucket,
        .bucket_owner = in->bucket_owner,
        .prefix = in->prefix,
        .sse_algorithm = in->sse_algorithm.text,
        .sse_kms_key_id = in->sse_kms_key_id,
        .format = in->format.text,
        .type = in->type.text,
        .time_ms = (uint64_t)in->time.value,
        .incremental_given = in->specification != NULL,
    };
    if (in->specification != NULL) {
        request.from_ms = (uint64_t)in->specification->from.value;
        request.to_ms = (uint64_t)in->specification->to.value;
        request.view = in->specification->view.text;
    }
    enum leat_code code = transfer_export_start(call->server->transfers, &request, call->arena, &record, &call->fault);
    dynamodb_answer_export(call, code, &record);
}

const struct api_operation dynamodb_export_table_to_point_in_time = {
    .name = "ExportTableToPointInTime", .fields = fields, .input_size = sizeof(struct input), .place = API_POOL, .run = run};
