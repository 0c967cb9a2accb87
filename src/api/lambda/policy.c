/* AddPermission, GetPolicy, RemovePermission. Source: AWS Lambda API Reference. Policies are kept and given back: nobody is refused. */
#include "api/lambda/function.h"
#include "base/random.h"
#include "base/slice.h"
#include "function/name.h"
#include "function/parts.h"

enum { POLICY_BYTES_MAX = 20 << 10, POLICY_PART_SIZE = 160 }; /* "Lambda quotas": resource-based policy, 20 KB */

struct input {
    struct leat_slice name, qualifier, statement_id, action, principal, source_arn, source_account, organization, event_token,
        revision_id, url_auth;
};

static const struct api_field add_fields[] = {
    LAMBDA_NAME_FIELD(struct input),
    LAMBDA_QUALIFIER_FIELD(struct input),
    API_FIELD(struct input, statement_id, "StatementId", API_STRING, .required = true, .min = 1, .max = 100),
    API_FIELD(struct input, action, "Action", API_STRING, .required = true),
    API_FIELD(struct input, principal, "Principal", API_STRING, .required = true),
    API_FIELD(struct input, source_arn, "SourceArn", API_STRING),
    API_FIELD(struct input, source_account, "SourceAccount", API_STRING, .max = 12),
    API_FIELD(struct input, event_token, "EventSourceToken", API_STRING, .max = 256),
    API_FIELD(struct input, organization, "PrincipalOrgID", API_STRING),
    API_FIELD(struct input, url_auth, "FunctionUrlAuthType", API_STRING),
    API_FIELD(struct input, revision_id, "RevisionId", API_STRING),
    API_FIELDS_END,
};
static const struct api_field get_fields[] = {
    LAMBDA_NAME_FIELD(struct input),
    LAMBDA_QUALIFIER_FIELD(struct input),
    API_FIELDS_END,
};
static const struct api_field remove_fields[] = {
    LAMBDA_NAME_FIELD(struct input),
    API_FIELD(struct input, statement_id, "StatementId", API_STRING, .location = API_IN_PATH, .required = true),
    LAMBDA_QUALIFIER_FIELD(struct input),
    API_FIELD(struct input, revision_id, "RevisionId", API_STRING, .location = API_IN_QUERY),
    API_FIELDS_END,
};

/* ---- the stored policy ---- */

struct policy {
    struct function_name function;
    struct leat_slice arn;        /* what the statements are about */
    struct leat_slice statements; /* a JSON array without its brackets; absent: there is no policy */
    struct leat_slice revision;
    char part[POLICY_PART_SIZE];
};

static enum leat_code load(struct api_call *call, const struct input *in, struct policy *out) {
    struct function_configuration configuration;
    struct leat_slice item;
    *out = (struct policy){.statements = {NULL, 0}};
    TRY(function_name_parse(lambda_qualified(call, in->name, in->qualifier), &out->function, &call->fault));
    struct leat_slice qualifier = out->function.qualifier;
    if (slice_is(qualifier, "$LATEST"))
        return fault_set(&call->fault, LEAT_INVALID_PARAMETER_VALUE,
                         "We currently do not support adding policies for $LATEST.");
    TRY(function_get(call->server->functions, lambda_qualified(call, out->function.name, qualifier), call->arena, &configuration,
                     &call->fault));
    out->arn = configuration.arn;
    (void)snprintf(out->part, sizeof out->part, "policy/%.*s", (int)qualifier.size,
                   qualifier.data == NULL ? "" : (const char *)qualifier.data);
    enum leat_code code = function_part_get(call->server->functions, out->function.name, slice_text(out->part), call->arena, &item,
                                            &call->fault);
    if (code == LEAT_RESOURCE_NOT_FOUND) return LEAT_OK;
    TRY(code);
    out->statements = function_item_text(item, "statements", call->arena);
    out->revision = function_item_text(item, "revision", call->arena);
    return function_check_revision(in->revision_id, out->revision, "GetPolicy", &call->fault);
}

static enum leat_code save(struct api_call *call, struct policy *policy, struct leat_slice statements) {
    struct function_service *service = call->server->functions;
    char uuid[RANDOM_UUID_SIZE];
    struct buf item;
    struct leat_slice part = slice_text(policy->part);
    if (statements.size == 0) return function_part_delete(service, policy->function.name, part, NULL, &call->fault);
    if (statements.size > POLICY_BYTES_MAX) {
        call->error_type = "PolicyLengthExceededException";
        return fault_set(&call->fault, LEAT_VALIDATION, "The final policy size (%zu) is bigger than the limit (%d).", statements.size,
                         POLICY_BYTES_MAX);
    }
    random_uuid(uuid);
    buf_init(&item, 2 * POLICY_BYTES_MAX);
    function_item_put_text(&item, "statements", statements);
    function_item_put_text(&item, "revision", slice_text(uuid));
    bool new = policy->statements.data == NULL;
    enum leat_code code = function_part_put(service, policy->function.name, part, &item, new ? FUNCTION_PART_NEW : FUNCTION_PART_OLD,
                                            policy->revision, &call->fault);
    buf_fini(&item);
    if (code == LEAT_CONDITIONAL_CHECK_FAILED) /* another call was faster */
        code = function_check_revision(SLICE(""), SLICE("-"), "GetPolicy", &call->fault);
    return code;
}

/* The statement with this id: where it begins and how long it is; false: there is none. */
static bool find_statement(struct api_call *call, const struct policy *policy, struct leat_slice id, struct leat_slice *out) {
    struct json_reader reader;
    struct leat_slice array = arena_print(call->arena, "[%.*s]", (int)policy->statements.size,
                                          policy->statements.data == NULL ? "" : (const char *)policy->statements.data);
    if (array.data == NULL) return false;
    json_reader_init(&reader, array, call->arena);
    if (json_next(&reader) != JSON_ARRAY) return false;
    while (json_next(&reader) == JSON_OBJECT) {
        struct leat_slice statement = json_raw(&reader);
        if (!slice_equal(function_json_text(statement, "Sid", call->arena), id)) continue;
        *out = slice_of(policy->statements.data + (statement.data - array.data - 1), statement.size);
        return true;
    }
    return false;
}

/* ---- a statement ---- */

static bool is_account(struct leat_slice text) {
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < '0' || text.data[i] > '9') return false;
    return text.size == 12;
}

static void member(struct json_writer *json, const char *name, struct leat_slice value) {
    json_key(json, name);
    json_string(json, value);
}

static void write_principal(struct api_call *call, struct json_writer *json, struct leat_slice principal) {
    bool aws = is_account(principal) || slice_starts(principal, SLICE("arn:"));
    json_key(json, "Principal");
    if (slice_is(principal, "*")) {
        json_string(json, principal);
        return;
    }
    json_object(json);
    if (is_account(principal)) principal = arena_print(call->arena, "arn:aws:iam::%.*s:root", SLICE_FORMAT(principal));
    member(json, aws ? "AWS" : "Service", principal);
    json_object_end(json);
}

struct condition { const char *operator, *key; struct leat_slice value; };

static void write_conditions(struct json_writer *json, const struct input *in) {
    const struct condition conditions[] = {
        {"StringEquals", "AWS:SourceAccount", in->source_account},
        {"StringEquals", "aws:PrincipalOrgID", in->organization},
        {"StringEquals", "lambda:FunctionUrlAuthType", in->url_auth},
        {"StringEquals", "lambda:EventSourceToken", in->event_token},
        {"ArnLike", "AWS:SourceArn", in->source_arn},
    };
    const char *open = NULL;
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        const struct condition *condition = &conditions[i];
        if (condition->value.data == NULL) continue;
        if (open == NULL) {
            json_key(json, "Condition");
            json_object(json);
        }
        if (open == NULL || strcmp(open, condition->operator) != 0) {
            if (open != NULL) json_object_end(json);
            json_key(json, condition->operator);
            json_object(json);
            open = condition->operator;
        }
        member(json, condition->key, condition->value);
    }
    if (open == NULL) return;
    json_object_end(json);
    json_object_end(json);
}

static enum leat_code add(struct api_call *call, const struct input *in, struct leat_slice *statement) {
    struct policy policy;
    struct leat_slice there;
    struct json_writer json;
    struct buf text;
    TRY(load(call, in, &policy));
    if (find_statement(call, &policy, in->statement_id, &there))
        return fault_set(&call->fault, LEAT_RESOURCE_CONFLICT,
                         "The statement id (%.*s) provided already exists. Please provide a new statement id, or remove the existing "
                         "statement.",
                         SLICE_FORMAT(in->statement_id));
    buf_init_in(&text, call->arena, 2 * POLICY_BYTES_MAX);
    json_writer_init(&json, &text);
    json_object(&json);
    member(&json, "Sid", in->statement_id);
    member(&json, "Effect", SLICE("Allow"));
    write_principal(call, &json, in->principal);
    member(&json, "Action", in->action);
    member(&json, "Resource", policy.arn);
    write_conditions(&json, in);
    json_object_end(&json);
    *statement = buf_keep(&text);
    if (statement->data == NULL) return fault_memory(&call->fault);
    struct leat_slice all = *statement;
    if (policy.statements.data != NULL)
        all = arena_print(call->arena, "%.*s,%.*s", SLICE_FORMAT(policy.statements), SLICE_FORMAT(*statement));
    return all.data == NULL ? fault_memory(&call->fault) : save(call, &policy, all);
}

static enum leat_code remove_one(struct api_call *call, const struct input *in) {
    struct policy policy;
    struct leat_slice statement;
    TRY(load(call, in, &policy));
    if (policy.statements.data == NULL)
        return fault_set(&call->fault, LEAT_RESOURCE_NOT_FOUND, "No policy is associated with the given resource.");
    if (!find_statement(call, &policy, in->statement_id, &statement))
        return fault_set(&call->fault, LEAT_RESOURCE_NOT_FOUND, "Statement %.*s is not found in resource policy.",
                         SLICE_FORMAT(in->statement_id));
    const uint8_t *begin = policy.statements.data, *end = begin + policy.statements.size;
    const uint8_t *from = statement.data, *to = statement.data + statement.size;
    if (to < end) to++; /* with its comma */
    else if (from > begin) from--;
    struct leat_slice rest = arena_print(call->arena, "%.*s%.*s", (int)(from - begin), (const char *)begin, (int)(end - to),
                                         (const char *)to);
    return rest.data == NULL ? fault_memory(&call->fault) : save(call, &policy, rest);
}

static void run_add(struct api_call *call, void *input) {
    struct leat_slice statement = {NULL, 0};
    enum leat_code code = add(call, input, &statement);
    if (code == LEAT_OK) {
        json_object(&call->json);
        member(&call->json, "Statement", statement);
        json_object_end(&call->json);
    }
    api_end(call, code);
}

static void run_get(struct api_call *call, void *input) {
    struct policy policy;
    enum leat_code code = load(call, input, &policy);
    if (code == LEAT_OK && policy.statements.data == NULL)
        code = fault_set(&call->fault, LEAT_RESOURCE_NOT_FOUND, "The resource you requested does not exist.");
    if (code == LEAT_OK) {
        json_object(&call->json);
        member(&call->json, "Policy", arena_print(call->arena, "{\"Version\":\"2012-10-17\",\"Id\":\"default\",\"Statement\":[%.*s]}",
                                                  SLICE_FORMAT(policy.statements)));
        member(&call->json, "RevisionId", policy.revision);
        json_object_end(&call->json);
    }
    api_end(call, code);
}

static void run_remove(struct api_call *call, void *input) { api_end(call, remove_one(call, input)); }

#define POLICY "/2015-03-31/functions/{FunctionName}/policy"
const struct api_operation lambda_add_permission = {
    .name = "AddPermission", .method = "POST", .path = POLICY, .fields = add_fields, .input_size = sizeof(struct input),
    .status = 201, .place = API_POOL, .run = run_add};
const struct api_operation lambda_get_policy = {
    .name = "GetPolicy", .method = "GET", .path = POLICY, .fields = get_fields, .input_size = sizeof(struct input), .run = run_get};
const struct api_operation lambda_remove_permission = {
    .name = "RemovePermission", .method = "DELETE", .path = POLICY "/{StatementId}", .fields = remove_fields,
    .input_size = sizeof(struct input), .status = 204, .place = API_POOL, .run = run_remove};
