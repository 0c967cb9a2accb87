/* PutFunctionConcurrency, GetFunctionConcurrency, DeleteFunctionConcurrency, GetAccountSettings. Source: AWS Lambda API Reference. */
#include "api/lambda/function.h"
#include "base/slice.h"
#include "function/name.h"
#include "function/parts.h"

/* "Lambda quotas", and what is left to functions without a share of their own */
enum { ACCOUNT_CONCURRENCY = 1000, UNRESERVED_MIN = 100, LIST_AT_ONCE = 50 };

struct input {
    struct leat_slice name;
    struct api_integer reserved;
};

static const struct api_field fields[] = {LAMBDA_NAME_FIELD(struct input), API_FIELDS_END};
static const struct api_field put_fields[] = {
    LAMBDA_NAME_FIELD(struct input),
    API_FIELD(struct input, reserved, "ReservedConcurrentExecutions", API_INTEGER, .required = true, .min = 0, .max = INT32_MAX),
    API_FIELDS_END,
};

static enum leat_code find(struct api_call *call, struct leat_slice text, struct leat_slice *name) {
    struct function_name parsed;
    struct function_configuration configuration;
    TRY(function_name_parse(text, &parsed, &call->fault));
    *name = parsed.name;
    if (parsed.qualifier.data != NULL)
        return fault_set(&call->fault, LEAT_INVALID_PARAMETER_VALUE, "This operation is permitted on Lambda functions only. Aliases and "
                                                                     "versions do not support this operation. Please specify either a "
                                                                     "function name or an unqualified function ARN.");
    return function_get(call->server->functions, parsed.name, call->arena, &configuration, &call->fault);
}

static int64_t reserved_of(struct api_call *call, struct leat_slice name) { /* -1: none */
    struct leat_slice item;
    enum leat_code code = function_part_get(call->server->functions, name, SLICE("concurrency"), call->arena, &item, NULL);
    return code == LEAT_OK ? function_item_int(item, "reserved") : -1;
}

static void write_reserved(struct json_writer *json, int64_t reserved) {
    json_object(json);
    if (reserved >= 0) {
        json_key(json, "ReservedConcurrentExecutions");
        json_int(json, reserved);
    }
    json_object_end(json);
}

void lambda_write_concurrency(struct api_call *call, struct leat_slice name) {
    int64_t reserved = reserved_of(call, name);
    if (reserved < 0) return;
    json_key(&call->json, "Concurrency");
    write_reserved(&call->json, reserved);
}

/* Sums over all functions. but: whose share does not count. */
struct totals { int64_t reserved, functions, code_bytes; };
static enum leat_code sum(struct api_call *call, struct leat_slice but, struct totals *out) {
    struct function_page page = {.count = 0};
    do {
        TRY(function_list(call->server->functions, page.next, LIST_AT_ONCE, call->arena, &page, &call->fault));
        for (size_t i = 0; i < page.count; i++) {
            int64_t reserved = reserved_of(call, page.functions[i].name);
            out->functions++;
            out->code_bytes += (int64_t)page.functions[i].code_size;
            if (reserved > 0 && !slice_equal(but, page.functions[i].name)) out->reserved += reserved;
        }
    } while (page.next.data != NULL);
    return LEAT_OK;
}

static enum leat_code put(struct api_call *call, const struct input *in) {
    struct leat_slice name;
    struct totals totals = {0};
    struct buf item;
    TRY(find(call, in->name, &name));
    TRY(sum(call, name, &totals));
    if (ACCOUNT_CONCURRENCY - totals.reserved - in->reserved.value < UNRESERVED_MIN)
        return fault_set(&call->fault, LEAT_INVALID_PARAMETER_VALUE,
                         "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its "
                         "minimum value of [%d].",
                         UNRESERVED_MIN);
    buf_init(&item, 1024);
    function_item_put_int(&item, "reserved", in->reserved.value);
    enum leat_code code = function_part_put(call->server->functions, name, SLICE("concurrency"), &item, FUNCTION_PART_ANY,
                                            (struct leat_slice){NULL, 0}, &call->fault);
    buf_fini(&item);
    if (code == LEAT_OK) function_tell_shared(call->server->functions, name);
    return code;
}

static void run_put(struct api_call *call, void *input) {
    const struct input *in = input;
    enum leat_code code = put(call, in);
    if (code == LEAT_OK) write_reserved(&call->json, in->reserved.value);
    api_end(call, code);
}

static void run_get(struct api_call *call, void *input) {
    struct leat_slice name;
    enum leat_code code = find(call, ((struct input *)input)->name, &name);
    if (code == LEAT_OK) write_reserved(&call->json, reserved_of(call, name));
    api_end(call, code);
}

static void run_delete(struct api_call *call, void *input) {
    struct leat_slice name;
    enum leat_code code = find(call, ((struct input *)input)->name, &name);
    if (code == LEAT_OK) code = function_part_delete(call->server->functions, name, SLICE("concurrency"), NULL, &call->fault);
    if (code == LEAT_OK) function_tell_shared(call->server->functions, name);
    api_end(call, code);
}

static void number(struct json_writer *json, const char *name, int64_t value) {
    json_key(json, name);
    json_int(json, value);
}

static void run_account(struct api_call *call, void *input) {
    struct json_writer *json = &call->json;
    struct totals totals = {0};
    (void)input;
    enum leat_code code = sum(call, (struct leat_slice){NULL, 0}, &totals);
    if (code == LEAT_OK) {
        json_object(json);
        json_key(json, "AccountLimit");
        json_object(json);
        number(json, "CodeSizeUnzipped", 250 << 20);
        number(json, "CodeSizeZipped", 50 << 20);
        number(json, "ConcurrentExecutions", ACCOUNT_CONCURRENCY);
        number(json, "TotalCodeSize", (int64_t)75 << 30);
        number(json, "UnreservedConcurrentExecutions", ACCOUNT_CONCURRENCY - totals.reserved);
        json_object_end(json);
        json_key(json, "AccountUsage");
        json_object(json);
        number(json, "FunctionCount", totals.functions);
        number(json, "TotalCodeSize", totals.code_bytes);
        json_object_end(json);
        json_object_end(json);
    }
    api_end(call, code);
}

const struct api_operation lambda_put_function_concurrency = {
    .name = "PutFunctionConcurrency", .method = "PUT", .path = "/2017-10-31/functions/{FunctionName}/concurrency",
    .fields = put_fields, .input_size = sizeof(struct input), .place = API_POOL, .run = run_put};
const struct api_operation lambda_get_function_concurrency = {
    .name = "GetFunctionConcurrency", .method = "GET", .path = "/2019-09-30/functions/{FunctionName}/concurrency",
    .fields = fields, .input_size = sizeof(struct input), .run = run_get};
const struct api_operation lambda_delete_function_concurrency = {
    .name = "DeleteFunctionConcurrency", .method = "DELETE", .path = "/2017-10-31/functions/{FunctionName}/concurrency",
    .fields = fields, .input_size = sizeof(struct input), .status = 204, .place = API_POOL, .run = run_delete};
const struct api_operation lambda_get_account_settings = {
    .name = "GetAccountSettings", .method = "GET", .path = "/2016-08-19/account-settings", .place = API_POOL, .run = run_account};
