/* ListImports. Source: Amazon DynamoDB API Reference. */
#include "api/dynamodb/transfer.h"
#include "base/slice.h"

struct input { struct leat_slice table_arn, next; struct api_integer limit; };

static const struct api_field fields[] = {
    API_FIELD(struct input, table_arn, "TableArn", API_STRING, .min = 1, .max = 1024),
    API_FIELD(struct input, limit, "PageSize", API_INTEGER, .min = 1, .max = TRANSFER_PAGE_MAX),
    API_FIELD(struct input, next, "NextToken", API_STRING, .min = 112, .max = 1024),
    API_FIELDS_END,
};

static void write_summary(struct json_writer *json, const struct transfer_page *page, size_t i) {
    const struct transfer_import *record = &page->imports[i];
    json_object(json);
    dynamodb_text_member(json, "ImportArn", record->arn);
    dynamodb_text_member(json, "ImportStatus", record->status);
    dynamodb_text_member(json, "TableArn", record->table_arn);
    dynamodb_bucket_source(json, record);
    dynamodb_text_member(json, "CloudWatchLogGroupArn", record->log_group_arn);
    dynamodb_text_member(json, "InputFormat", record->format);
    dynamodb_time_member(json, "StartTime", record->start_ms);
    dynamodb_time_member(json, "EndTime", record->end_ms);
    json_object_end(json);
}

static void run(struct api_call *call, void *data) {
    const struct input *in = data;
    const struct transfer_list_request request = {.table_arn = in->table_arn, .next_token = in->next, .limit = (size_t)in->limit.value};
    struct transfer_page page;
    enum leat_code code = transfer_import_list(call->server->transfers, &request, call->arena, &page, &call->fault);
    dynamodb_answer_page(call, code, &page, "ImportSummaryList", write_summary);
}

const struct api_operation dynamodb_list_imports = {
    .name = "ListImports", .fields = fields, .input_size = sizeof(struct input), .run = run};
