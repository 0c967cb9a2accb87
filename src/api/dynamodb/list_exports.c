/* ListExports. Source: Amazon DynamoDB API Reference. */
#include "api/dynamodb/transfer.h"
#include "base/slice.h"

struct input { struct leat_slice table_arn, next; struct api_integer limit; };

static const struct api_field fields[] = {
    API_FIELD(struct input, table_arn, "TableArn", API_STRING, .min = 1, .max = 1024),
    API_FIELD(struct input, limit, "MaxResults", API_INTEGER, .min = 1, .max = TRANSFER_PAGE_MAX),
    API_FIELD(struct input, next, "NextToken", API_STRING),
    API_FIELDS_END,
};

static void write_summary(struct json_writer *json, const struct transfer_page *page, size_t i) {
    const struct transfer_export *record = &page->exports[i];
    json_object(json);
    dynamodb_text_member(json, "ExportArn", record->arn);
    dynamodb_text_member(json, "ExportStatus", record->status);
    dynamodb_text_member(json, "ExportType", record->incremental ? SLICE("INCREMENTAL_EXPORT") : SLICE("FULL_EXPORT"));
    json_object_end(json);
}

static void run(struct api_call *call, void *data) {
    const struct input *in = data;
    const struct transfer_list_request request = {.table_arn = in->table_arn, .next_token = in->next, .limit = (size_t)in->limit.value};
    struct transfer_page page;
    enum leat_code code = transfer_export_list(call->server->transfers, &request, call->arena, &page, &call->fault);
    dynamodb_answer_page(call, code, &page, "ExportSummaries", write_summary);
}

const struct api_operation dynamodb_list_exports = {
    .name = "ListExports", .fields = fields, .input_size = sizeof(struct input), .run = run};
