/* ImportTable. Source: Amazon DynamoDB API Reference. */
#include "api/dynamodb/create.h"
#include "api/dynamodb/encryption.h"
#include "api/dynamodb/transfer.h"
#include "base/slice.h"

struct source { struct leat_slice bucket, bucket_owner, key_prefix; };
struct csv { struct leat_slice delimiter; struct api_list headers; };
struct options { struct csv *csv; };
struct input {
    struct leat_slice client_token;
    struct source *source;
    struct api_enum format, compression;
    struct options *options;
    struct create_input *parameters;
};

static const struct api_choice format_choices[] = {{"ION", 1}, {"DYNAMODB_JSON", 2}, {"CSV", 3}, {NULL, 0}};
static const struct api_choice compression_choices[] = {{"ZSTD", 1}, {"NONE", 2}, {"GZIP", 3}, {NULL, 0}};

static const struct api_field source_fields[] = {
    API_FIELD(struct source, bucket_owner, "S3BucketOwner", API_STRING, .pattern = DYNAMODB_OWNER_PATTERN),
    API_FIELD(struct source, bucket, "S3Bucket", API_STRING, .required = true, .max = 255, .pattern = DYNAMODB_BUCKET_PATTERN),
    API_FIELD(struct source, key_prefix, "S3KeyPrefix", API_STRING, .max = 1024),
    API_FIELDS_END,
};
static const struct api_field header_element = {.name = "", .kind = API_STRING, .min = 1, .max = 65536, .pattern = "[ -!#-+--~]*"};
static const struct api_field csv_fields[] = {
    API_FIELD(struct csv, delimiter, "Delimiter", API_STRING, .min = 1, .max = 1, .pattern = "[,;:|\t ]"),
    API_FIELD(struct csv, headers, "HeaderList", API_LIST, .min = 1, .max = 255, .element = &header_element,
              .size = sizeof(struct leat_slice)),
    API_FIELDS_END,
};
static const struct api_field options_fields[] = {
    API_FIELD(struct options, csv, "Csv", API_STRUCT, .fields = csv_fields, .size = sizeof(struct csv), .type = "CsvOptions"),
    API_FIELDS_END,
};
static const struct api_field parameters_fields[] = {
    API_FIELD(struct create_input, table, "TableName", API_STRING, .required = true, .min = 3, .max = 255,
              .pattern = DYNAMODB_NAME_PATTERN),
    API_FIELD(struct create_input, definitions, "AttributeDefinitions", API_LIST, .required = true,
              .element = &dynamodb_definition_element, .size = sizeof(struct dynamodb_definition)),
    API_FIELD(struct create_input, keys, "KeySchema", API_LIST, .required = true, .min = 1, .max = 2, .element = &dynamodb_key_element,
              .size = sizeof(struct dynamodb_key_element)),
    API_FIELD(struct create_input, billing, "BillingMode", API_ENUM, .choices = dynamodb_billing_choices),
    API_FIELD(struct create_input, throughput, "ProvisionedThroughput", API_STRUCT, .fields = dynamodb_throughput_fields,
              .size = sizeof(struct dynamodb_throughput), .type = "ProvisionedThroughput"),
    ENCRYPTION_FIELD(struct create_input, encryption),
    ON_DEMAND_FIELD(struct create_input, on_demand),
    WARM_FIELD(struct create_input, warm),
    API_FIELD(struct create_input, global, "GlobalSecondaryIndexes", API_LIST, .element = &dynamodb_index_element,
              .size = sizeof(struct dynamodb_index)),
    API_FIELDS_END,
};
static const struct api_field fields[] = {
    API_FIELD(struct input, client_token, "ClientToken", API_STRING),
    API_FIELD(struct input, source, "S3BucketSource", API_STRUCT, .required = true, .fields = source_fields,
              .size = sizeof(struct source), .type = "S3BucketSource"),
    API_FIELD(struct input, format, "InputFormat", API_ENUM, .required = true, .choices = format_choices),
    API_FIELD(struct input, options, "InputFormatOptions", API_STRUCT, .fields = options_fields, .size = sizeof(struct options),
              .type = "InputFormatOptions"),
    API_FIELD(struct input, compression, "InputCompressionType", API_ENUM, .choices = compression_choices),
    API_FIELD(struct input, parameters, "TableCreationParameters", API_STRUCT, .required = true, .fields = parameters_fields,
              .size = sizeof(struct create_input), .type = "TableCreationParameters"),
    API_FIELDS_END,
};

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    const struct input *in = input;
    (void)call;
    if (in->options != NULL && in->options->csv != NULL && !slice_is(in->format.text, "CSV"))
        return fault_set(fault, LEAT_VALIDATION, "Invalid Request: Unsupported InputFormatOptions for the given input format: %.*s.",
                         SLICE_FORMAT(in->format.text));
    return create_check(in->parameters, fault);
}

/* A member of the request as it was written: it is given back so. */
static struct leat_slice as_written(struct api_call *call, const char *name) {
    struct json_reader json;
    json_reader_init(&json, call->request->body, call->arena);
    (void)json_next(&json);
    while (json_next(&json) == JSON_KEY) {
        bool wanted = slice_is(json.text, name);
        if (json_next(&json) == JSON_ERROR) break;
        if (wanted && json.token == JSON_OBJECT) return json_raw(&json);
        if (!json_skip(&json)) break;
    }
    return (struct leat_slice){NULL, 0};
}

static enum leat_code start(struct api_call *call, const struct input *in, struct transfer_import *record) {
    struct leat_table table;
    TRY(create_table_of(call, in->parameters, &table));
    struct transfer_import_request request = {
        .client_token = in->client_token,
        .bucket = in->source->bucket,
        .bucket_owner = in->source->bucket_owner,
        .key_prefix = in->source->key_prefix,
        .format = in->format.text,
        .compression = in->compression.text,
        .parameters_json = as_written(call, "TableCreationParameters"),
        .options_json = as_written(call, "InputFormatOptions"),
        .table = &table,
    };
    if (in->options != NULL && in->options->csv != NULL) {
        request.delimiter = in->options->csv->delimiter;
        request.headers = in->options->csv->headers.elements;
        request.header_count = in->options->csv->headers.count;
    }
    return transfer_import_start(call->server->transfers, &request, call->arena, record, &call->fault);
}

static void run(struct api_call *call, void *input) {
    struct transfer_import record;
    enum leat_code code = start(call, input, &record);
    dynamodb_answer_import(call, code, &record);
}

const struct api_operation dynamodb_import_table = {
    .name = "ImportTable", .fields = fields, .input_size = sizeof(struct input), .place = API_POOL, .check = check, .run = run};
