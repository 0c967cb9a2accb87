/* CreateAlias, GetAlias, UpdateAlias, DeleteAlias, ListAliases. Source: AWS Lambda API Reference. */
#include <stdlib.h>

#include "api/lambda/function.h"
#include "base/slice.h"

struct routing { struct leat_slice weights; }; /* JSON: version -> share */
struct input {
    struct leat_slice name, alias, version, description, revision_id, marker;
    struct api_integer limit;
    struct routing *routing;
};

static const struct api_field routing_fields[] = {
    API_FIELD(struct routing, weights, "AdditionalVersionWeights", API_RAW),
    API_FIELDS_END,
};
#define ALIAS_IN_PATH API_FIELD(struct input, alias, "Name", API_STRING, .location = API_IN_PATH, .required = true)
#define VERSION_PATTERN_MAX 1024
#define ALIAS_MEMBERS                                                                                                  \
    API_FIELD(struct input, description, "Description", API_STRING, .max = 256),                                       \
        API_FIELD(struct input, routing, "RoutingConfig", API_STRUCT, .fields = routing_fields, .size = sizeof(struct routing), \
                  .type = "AliasRoutingConfiguration")
static const struct api_field create_fields[] = {
    LAMBDA_NAME_FIELD(struct input),
    API_FIELD(struct input, alias, "Name", API_STRING, .required = true, .min = 1, .max = 128),
    API_FIELD(struct input, version, "FunctionVersion", API_STRING, .required = true, .min = 1, .max = VERSION_PATTERN_MAX),
    ALIAS_MEMBERS,
    API_FIELDS_END,
};
static const struct api_field update_fields[] = {
    LAMBDA_NAME_FIELD(struct input),
    ALIAS_IN_PATH,
    API_FIELD(struct input, version, "FunctionVersion", API_STRING, .min = 1, .max = VERSION_PATTERN_MAX),
    ALIAS_MEMBERS,
    API_FIELD(struct input, revision_id, "RevisionId", API_STRING),
    API_FIELDS_END,
};
static const struct api_field name_fields[] = {LAMBDA_NAME_FIELD(struct input), ALIAS_IN_PATH, API_FIELDS_END};
static const struct api_field list_fields[] = {
    LAMBDA_NAME_FIELD(struct input),
    API_FIELD(struct input, version, "FunctionVersion", API_STRING, .location = API_IN_QUERY),
    LAMBDA_PAGE_FIELDS(struct input),
    API_FIELDS_END,
};

static bool digits(struct leat_slice text) {
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < '0' || text.data[i] > '9') return false;
    return text.size > 0;
}

static enum leat_code wrong(struct leat_slice value, const char *where, const char *pattern, struct leat_fault *fault) {
    return fault_set(fault, LEAT_VALIDATION,
                     "1 validation error detected: Value '%.*s' at '%s' failed to satisfy constraint: Member must satisfy regular "
                     "expression pattern: %s",
                     (int)(value.size < 200 ? value.size : 200), (const char *)value.data, where, pattern);
}

/* A name is not a number, or it would be a version's. */
static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    const struct input *in = input;
    (void)call;
    if (in->alias.data != NULL && (digits(in->alias) || !api_pattern_matches("[a-zA-Z0-9_-]+", in->alias)))
        return wrong(in->alias, "name", "(?!^[0-9]+$)([a-zA-Z0-9-_]+)", fault);
    if (in->version.data != NULL && !digits(in->version) && !slice_is(in->version, "$LATEST"))
        return wrong(in->version, "functionVersion", "(\\$LATEST|[0-9]+)", fault);
    return LEAT_OK;
}

/* Lambda API Reference, AliasRoutingConfiguration: one second version, and its share. */
static enum leat_code take_routing(struct api_call *call, const struct routing *routing, struct function_alias *out) {
    struct json_reader reader;
    size_t count = 0;
    if (routing == NULL || routing->weights.data == NULL) return LEAT_OK;
    json_reader_init(&reader, routing->weights, call->arena);
    enum json_token token = json_next(&reader);
    while (token == JSON_OBJECT && json_next(&reader) == JSON_KEY) {
        out->additional_version = reader.text;
        if (json_next(&reader) != JSON_NUMBER || !json_double(&reader, &out->weight) || !(out->weight >= 0 && out->weight <= 1))
            return fault_set(&call->fault, LEAT_VALIDATION,
                             "1 validation error detected: Value '%.*s' at 'routingConfig.additionalVersionWeights' failed to satisfy "
                             "constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member "
                             "must have value greater than or equal to 0.0, Member must not be null]",
                             SLICE_FORMAT(routing->weights));
        if (!digits(out->additional_version))
            return wrong(out->additional_version, "routingConfig.additionalVersionWeights", "[0-9]+", &call->fault);
        count++;
    }
    if (count <= 1) return LEAT_OK;
    return fault_set(&call->fault, LEAT_INVALID_PARAMETER_VALUE, "Number of items in AdditionalVersionWeights cannot be greater than 1");
}

static void write_alias(struct json_writer *json, const struct function_alias *alias) {
    json_object(json);
    json_key(json, "AliasArn");
    json_string(json, alias->arn);
    json_key(json, "Name");
    json_string(json, alias->name);
    json_key(json, "FunctionVersion");
    json_string(json, alias->version);
    json_key(json, "Description");
    json_string(json, alias->description);
    if (alias->additional_version.data != NULL) {
        char weight[32];
        (void)snprintf(weight, sizeof weight, "%.15g", alias->weight);
        json_key(json, "RoutingConfig");
        json_object(json);
        json_key(json, "AdditionalVersionWeights");
        json_object(json);
        json_key_slice(json, alias->additional_version);
        json_verbatim(json, slice_text(weight));
        json_object_end(json);
        json_object_end(json);
    }
    json_key(json, "RevisionId");
    json_string(json, alias->revision_id);
    json_object_end(json);
}

static void answer(struct api_call *call, enum leat_code code, const struct function_alias *alias) {
    if (code == LEAT_OK) write_alias(&call->json, alias);
    api_end(call, code);
}

static void run_create(struct api_call *call, void *input) {
    const struct input *in = input;
    struct function_alias alias = {.name = in->alias, .version = in->version, .description = in->description};
    enum leat_code code = take_routing(call, in->routing, &alias);
    if (code == LEAT_OK) code = function_alias_create(call->server->functions, in->name, &alias, call->arena, &call->fault);
    answer(call, code, &alias);
}

static void run_get(struct api_call *call, void *input) {
    const struct input *in = input;
    struct function_alias alias;
    enum leat_code code = function_alias_get(call->server->functions, in->name, in->alias, call->arena, &alias, &call->fault);
    answer(call, code, &alias);
}

static void run_update(struct api_call *call, void *input) {
    const struct input *in = input;
    struct function_alias alias, changes = {
        .name = in->alias, .version = in->version, .description = in->description, .revision_id = in->revision_id};
    enum leat_code code = take_routing(call, in->routing, &changes);
    if (code == LEAT_OK)
        code = function_alias_update(call->server->functions, in->name, &changes, in->routing != NULL, call->arena, &alias, &call->fault);
    answer(call, code, &alias);
}

static void run_delete(struct api_call *call, void *input) {
    const struct input *in = input;
    api_end(call, function_alias_delete(call->server->functions, in->name, in->alias, &call->fault));
}

static void run_list(struct api_call *call, void *input) {
    const struct input *in = input;
    struct json_writer *json = &call->json;
    struct function_alias_page page;
    enum leat_code code = function_alias_list(call->server->functions, in->name, in->version, in->marker, lambda_page(in->limit),
                                              call->arena, &page, &call->fault);
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    json_object(json);
    json_key(json, "Aliases");
    json_array(json);
    for (size_t i = 0; i < page.count; i++) write_alias(json, &page.aliases[i]);
    json_array_end(json);
    if (page.next.data != NULL) {
        json_key(json, "NextMarker");
        json_string(json, page.next);
    }
    json_object_end(json);
    api_done(call);
}

#define ALIASES "/2015-03-31/functions/{FunctionName}/aliases"
#define ALIAS(operation, verb, where, table, code, run_it)                                                             \
    const struct api_operation operation = {                                                                           \
        .name = verb "Alias", .method = where, .path = ALIASES "/{Name}", .fields = table, .input_size = sizeof(struct input), \
        .status = code, .place = API_POOL, .check = check, .run = run_it}
ALIAS(lambda_get_alias, "Get", "GET", name_fields, 200, run_get);
ALIAS(lambda_update_alias, "Update", "PUT", update_fields, 200, run_update);
ALIAS(lambda_delete_alias, "Delete", "DELETE", name_fields, 204, run_delete);
const struct api_operation lambda_create_alias = {
    .name = "CreateAlias", .method = "POST", .path = ALIASES, .fields = create_fields, .input_size = sizeof(struct input),
    .status = 201, .place = API_POOL, .check = check, .run = run_create};
const struct api_operation lambda_list_aliases = {
    .name = "ListAliases", .method = "GET", .path = ALIASES, .fields = list_fields, .input_size = sizeof(struct input),
    .check = check, .run = run_list};
