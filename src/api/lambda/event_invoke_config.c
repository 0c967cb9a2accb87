/* PutFunctionEventInvokeConfig, Update-, Get-, Delete- and ListFunctionEventInvokeConfigs: how asynchronous invocations of a function, a
 * version or an alias are tried again, and who is told how they ended. Source: AWS Lambda API Reference. */
#include "api/lambda/function.h"
#include "base/clock.h"
#include "base/slice.h"
#include "function/name.h"
#include "function/parts.h"

enum { AGE_MIN = 60, AGE_MAX = 21600, RETRIES_MAX = 2, PART_SIZE = 160 };

struct destination { struct leat_slice arn; };
struct destinations { struct destination *on_success, *on_failure; };
struct input {
    struct leat_slice name, qualifier, marker;
    struct api_integer retries, age, limit;
    struct destinations *destinations;
};

static const struct api_field destination_fields[] = {
    API_FIELD(struct destination, arn, "Destination", API_STRING, .max = 350),
    API_FIELDS_END,
};
static const struct api_field destinations_fields[] = {
    API_FIELD(struct destinations, on_success, "OnSuccess", API_STRUCT, .fields = destination_fields,
              .size = sizeof(struct destination), .type = "OnSuccess"),
    API_FIELD(struct destinations, on_failure, "OnFailure", API_STRUCT, .fields = destination_fields,
              .size = sizeof(struct destination), .type = "OnFailure"),
    API_FIELDS_END,
};
static const struct api_field put_fields[] = {
    LAMBDA_NAME_FIELD(struct input),
    LAMBDA_QUALIFIER_FIELD(struct input),
    API_FIELD(struct input, retries, "MaximumRetryAttempts", API_INTEGER, .min = 0, .max = RETRIES_MAX),
    API_FIELD(struct input, age, "MaximumEventAgeInSeconds", API_INTEGER, .min = AGE_MIN, .max = AGE_MAX),
    API_FIELD(struct input, destinations, "DestinationConfig", API_STRUCT, .fields = destinations_fields,
              .size = sizeof(struct destinations), .type = "DestinationConfig"),
    API_FIELDS_END,
};
static const struct api_field name_fields[] = {
    LAMBDA_NAME_FIELD(struct input),
    LAMBDA_QUALIFIER_FIELD(struct input),
    API_FIELDS_END,
};
static const struct api_field list_fields[] = {
    LAMBDA_NAME_FIELD(struct input),
    LAMBDA_PAGE_FIELDS(struct input),
    API_FIELDS_END,
};

struct config {
    struct leat_slice arn, on_success, on_failure; /* absent: none */
    int64_t retries, age, modified_ms;             /* -1: not set */
};

/* ---- where it is kept ---- */

struct place {
    struct function_name name; /* with the qualifier, $LATEST when none was given */
    struct leat_slice arn;
    char part[PART_SIZE];
};

static enum leat_code find(struct api_call *call, const struct input *in, struct place *out) {
    struct function_configuration configuration;
    TRY(function_name_parse(lambda_qualified(call, in->name, in->qualifier), &out->name, &call->fault));
    if (out->name.qualifier.data == NULL) out->name.qualifier = SLICE("$LATEST");
    struct leat_slice whole = lambda_qualified(call, out->name.name, out->name.qualifier);
    (void)snprintf(out->part, sizeof out->part, "invoke/%.*s", SLICE_FORMAT(out->name.qualifier));
    enum leat_code code = function_get(call->server->functions, whole, call->arena, &configuration, &call->fault);
    if (code == LEAT_RESOURCE_NOT_FOUND) return fault_set(&call->fault, code, "The function doesn't exist.");
    TRY(code);
    out->arn = configuration.arn;
    return LEAT_OK;
}

static enum leat_code none(struct api_call *call, const struct place *place) {
    return fault_set(&call->fault, LEAT_RESOURCE_NOT_FOUND, "The function %.*s doesn't have an EventInvokeConfig",
                     SLICE_FORMAT(place->arn));
}

static void read_config(struct api_call *call, struct leat_slice item, struct config *out) {
    double number;
    out->on_success = function_item_text(item, "success", call->arena);
    out->on_failure = function_item_text(item, "failure", call->arena);
    out->retries = leat_item_number(item, "retries", &number) ? (int64_t)number : -1;
    out->age = leat_item_number(item, "age", &number) ? (int64_t)number : -1;
    out->modified_ms = function_item_int(item, "modified");
}

static enum leat_code load(struct api_call *call, const struct place *place, struct config *out) {
    struct leat_slice item;
    enum leat_code code =
        function_part_get(call->server->functions, place->name.name, slice_text(place->part), call->arena, &item, &call->fault);
    if (code == LEAT_RESOURCE_NOT_FOUND) return none(call, place);
    TRY(code);
    read_config(call, item, out);
    out->arn = place->arn;
    return LEAT_OK;
}

static enum leat_code save(struct api_call *call, const struct place *place, struct config *config) {
    struct buf item;
    buf_init(&item, 8192);
    config->arn = place->arn;
    config->modified_ms = (int64_t)leat_now_ms(call->server->db);
    function_item_put_text(&item, "success", config->on_success);
    function_item_put_text(&item, "failure", config->on_failure);
    function_item_put_int(&item, "modified", config->modified_ms);
    if (config->retries >= 0) function_item_put_int(&item, "retries", config->retries);
    if (config->age >= 0) function_item_put_int(&item, "age", config->age);
    enum leat_code code = function_part_put(call->server->functions, place->name.name, slice_text(place->part), &item,
                                            FUNCTION_PART_ANY, (struct leat_slice){NULL, 0}, &call->fault);
    buf_fini(&item);
    return code;
}

/* ---- what may be asked for ---- */

static enum leat_code take_destination(struct api_call *call, const struct destination *in, struct leat_slice *out) {
    if (in == NULL) return LEAT_OK;
    *out = in->arn.size > 0 ? in->arn : (struct leat_slice){NULL, 0}; /* an empty one takes it away */
    return out->data == NULL ? LEAT_OK : function_check_target(call->server->functions, *out, &call->fault);
}

static enum leat_code take(struct api_call *call, const struct input *in, struct config *out) {
    if (!in->retries.given && !in->age.given && in->destinations == NULL)
        return fault_set(&call->fault, LEAT_INVALID_PARAMETER_VALUE,
                         "You must specify at least one of error handling or destination setting.");
    if (in->retries.given) out->retries = in->retries.value;
    if (in->age.given) out->age = in->age.value;
    if (in->destinations == NULL) return LEAT_OK;
    TRY(take_destination(call, in->destinations->on_success, &out->on_success));
    return take_destination(call, in->destinations->on_failure, &out->on_failure);
}

/* ---- answers ---- */

static void write_destination(struct json_writer *json, const char *name, struct leat_slice arn) {
    json_key(json, name);
    json_object(json);
    if (arn.data != NULL) {
        json_key(json, "Destination");
        json_string(json, arn);
    }
    json_object_end(json);
}

static void write_config(struct json_writer *json, const struct config *config) {
    json_object(json);
    json_key(json, "LastModified");
    json_seconds(json, (uint64_t)config->modified_ms);
    json_key(json, "FunctionArn");
    json_string(json, config->arn);
    if (config->retries >= 0) {
        json_key(json, "MaximumRetryAttempts");
        json_int(json, config->retries);
    }
    if (config->age >= 0) {
        json_key(json, "MaximumEventAgeInSeconds");
        json_int(json, config->age);
    }
    json_key(json, "DestinationConfig");
    json_object(json);
    write_destination(json, "OnSuccess", config->on_success);
    write_destination(json, "OnFailure", config->on_failure);
    json_object_end(json);
    json_object_end(json);
}

static void answer(struct api_call *call, enum leat_code code, const struct config *config) {
    if (code == LEAT_OK) write_config(&call->json, config);
    api_end(call, code);
}

static void run_put(struct api_call *call, void *input) {
    struct config config = {.retries = -1, .age = -1};
    struct place place;
    enum leat_code code = find(call, input, &place);
    if (code == LEAT_OK) code = take(call, input, &config);
    if (code == LEAT_OK) code = save(call, &place, &config);
    answer(call, code, &config);
}

static void run_update(struct api_call *call, void *input) {
    struct config config;
    struct place place;
    enum leat_code code = find(call, input, &place);
    if (code == LEAT_OK) code = load(call, &place, &config);
    if (code == LEAT_OK) code = take(call, input, &config);
    if (code == LEAT_OK) code = save(call, &place, &config);
    answer(call, code, &config);
}

static void run_get(struct api_call *call, void *input) {
    struct config config;
    struct place place;
    enum leat_code code = find(call, input, &place);
    if (code == LEAT_OK) code = load(call, &place, &config);
    answer(call, code, &config);
}

static void run_delete(struct api_call *call, void *input) {
    struct place place;
    bool was = false;
    enum leat_code code = find(call, input, &place);
    if (code == LEAT_OK)
        code = function_part_delete(call->server->functions, place.name.name, slice_text(place.part), &was, &call->fault);
    if (code == LEAT_OK && !was) code = none(call, &place);
    api_end(call, code);
}

static enum leat_code list(struct api_call *call, const struct input *in, struct place *place, struct function_part_page *page) {
    struct leat_slice after = {NULL, 0};
    TRY(find(call, in, place));
    if (in->marker.data != NULL) after = arena_print(call->arena, "invoke/%.*s", SLICE_FORMAT(in->marker));
    return function_part_list(call->server->functions, place->name.name, SLICE("invoke/"), after, lambda_page(in->limit), call->arena,
                              page, &call->fault);
}

static void run_list(struct api_call *call, void *input) {
    struct json_writer *json = &call->json;
    struct place place;
    struct function_part_page page;
    const size_t prefix = sizeof "invoke/" - 1;
    enum leat_code code = list(call, input, &place, &page);
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    json_object(json);
    json_key(json, "FunctionEventInvokeConfigs");
    json_array(json);
    struct leat_slice function = slice_of(place.arn.data, place.arn.size - (sizeof ":$LATEST" - 1));
    for (size_t i = 0; i < page.count; i++) {
        struct config config;
        struct leat_slice part = function_item_text(page.items[i], "part", call->arena);
        read_config(call, page.items[i], &config);
        config.arn = arena_print(call->arena, "%.*s:%.*s", SLICE_FORMAT(function), (int)(part.size - prefix),
                                 (const char *)part.data + prefix);
        write_config(json, &config);
    }
    json_array_end(json);
    if (page.next.data != NULL) {
        json_key(json, "NextMarker");
        json_string(json, slice_of(page.next.data + prefix, page.next.size - prefix));
    }
    json_object_end(json);
    api_done(call);
}

#define CONFIG "/2019-09-25/functions/{FunctionName}/event-invoke-config"
#define OPERATION(operation, shown, where, table, code, run_it)                                                        \
    const struct api_operation operation = {                                                                           \
        .name = shown, .method = where, .path = CONFIG, .fields = table, .input_size = sizeof(struct input), .status = code, \
        .place = API_POOL, .run = run_it}
OPERATION(lambda_put_function_event_invoke_config, "PutFunctionEventInvokeConfig", "PUT", put_fields, 200, run_put);
OPERATION(lambda_update_function_event_invoke_config, "UpdateFunctionEventInvokeConfig", "POST", put_fields, 200, run_update);
OPERATION(lambda_get_function_event_invoke_config, "GetFunctionEventInvokeConfig", "GET", name_fields, 200, run_get);
OPERATION(lambda_delete_function_event_invoke_config, "DeleteFunctionEventInvokeConfig", "DELETE", name_fields, 204, run_delete);
const struct api_operation lambda_list_function_event_invoke_configs = {
    .name = "ListFunctionEventInvokeConfigs", .method = "GET", .path = CONFIG "/list", .fields = list_fields,
    .input_size = sizeof(struct input), .place = API_POOL, .run = run_list};
