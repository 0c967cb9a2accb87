/* PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy. Source: Amazon DynamoDB API Reference; changes are seen at once,
 * and one does not have to wait 15 seconds for the one before. */
#include "api/dynamodb/policy.h"

#include <inttypes.h>
#include <stdlib.h>

#include "api/dynamodb/resource.h"
#include "base/clock.h"
#include "base/slice.h"

struct input {
    struct leat_slice arn, policy, expected;
    struct api_boolean confirm;
    struct resource resource;
    struct policy_document document;
    struct leat_slice revision; /* the answer */
};

#define EXPECTED_FIELD API_FIELD(struct input, expected, "ExpectedRevisionId", API_STRING, .min = 1, .max = 255)
static const struct api_field put_fields[] = {
    RESOURCE_ARN(struct input),
    API_FIELD(struct input, policy, "Policy", API_STRING, .required = true),
    EXPECTED_FIELD,
    API_FIELD(struct input, confirm, "ConfirmRemoveSelfResourceAccess", API_BOOLEAN),
    API_FIELDS_END,
};
static const struct api_field get_fields[] = {RESOURCE_ARN(struct input), API_FIELDS_END};
static const struct api_field delete_fields[] = {RESOURCE_ARN(struct input), EXPECTED_FIELD, API_FIELDS_END};

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    struct input *in = input;
    TRY(resource_parse(in->arn, &in->resource, fault));
    if (!resource_is_near(call->server, &in->resource))
        return fault_set(fault, LEAT_VALIDATION, "One or more parameter values were invalid: Invalid resource Arn: %.*s",
                         SLICE_FORMAT(in->arn));
    if (!resource_is_own(call->server, &in->resource))
        return fault_set(fault, LEAT_VALIDATION,
                         "This action is only supported by accounts that match the resource owner\u2019s account.");
    if (in->policy.data == NULL) return LEAT_OK;
    TRY(policy_read(call, in->policy, &in->document));
    if (in->document.locks_out && !in->confirm.value)
        return fault_set(fault, LEAT_ACCESS_DENIED,
                         "The new resource policy will not allow you to update the resource policy in the future.");
    return LEAT_OK;
}

/* A stream has a policy of its own, as long as it is there. */
static enum leat_code check_stream(struct api_call *call, const struct input *in) {
    struct leat_stream_list list = {.count = 0};
    if (in->resource.label.data == NULL) return LEAT_OK;
    enum leat_code code = leat_stream_describe(call->server->db, in->arn, &list, &call->fault);
    leat_stream_list_free(&list);
    if (code != LEAT_RESOURCE_NOT_FOUND) return code;
    return fault_set(&call->fault, code, "Requested resource not found: Stream: %.*s not found for Table: %.*s",
                     SLICE_FORMAT(in->resource.label), SLICE_FORMAT(in->resource.table));
}

#define NOT_FOUND "Resource-based policy not found for the provided ResourceArn: "

static enum leat_code not_found(struct api_call *call, const struct input *in) {
    return fault_set(&call->fault, LEAT_POLICY_NOT_FOUND, NOT_FOUND "%.*s", SLICE_FORMAT(in->arn));
}

/* now: the policy's revision, absent when there is none. */
static enum leat_code check_revision(struct api_call *call, const struct input *in, struct leat_slice now) {
    struct leat_slice wanted = in->expected, of = in->resource.label.data != NULL ? in->resource.label : in->resource.table;
    const char *kind = in->resource.label.data != NULL ? "stream" : "table";
    if (wanted.data == NULL || slice_equal(wanted, now)) return LEAT_OK;
    if (now.data == NULL) return slice_is(wanted, "NO_POLICY") ? LEAT_OK : not_found(call, in);
    if (slice_is(wanted, "NO_POLICY"))
        return fault_set(&call->fault, LEAT_POLICY_NOT_FOUND,
                         NOT_FOUND "Requested policy update expecting none to be present for %s %.*s, but a policy exists with "
                                   "revision id %.*s.", kind, SLICE_FORMAT(of), SLICE_FORMAT(now));
    return fault_set(&call->fault, LEAT_POLICY_NOT_FOUND,
                     NOT_FOUND "Requested update for policy with revision id %.*s, but the policy associated to target %s %.*s has "
                               "revision id %.*s.", SLICE_FORMAT(wanted), kind, SLICE_FORMAT(of), SLICE_FORMAT(now));
}

/* Revisions are times, in ms, that only grow. */
static enum leat_code store(struct settings_edit *edit, struct leat_slice name, struct leat_slice document, struct leat_slice before,
                            struct leat_slice *revision) {
    uint64_t now_ms = leat_now_ms(edit->call->server->db);
    struct leat_slice copy = arena_copy(edit->call->arena, before); /* ends with a zero */
    uint64_t last_ms = copy.data == NULL ? 0 : strtoull((const char *)copy.data, NULL, 10);
    if (now_ms <= last_ms) now_ms = last_ms + 1;
    *revision = arena_print(edit->call->arena, "%" PRIu64, now_ms);
    if (revision->data == NULL) return fault_memory(&edit->call->fault);
    struct buf out;
    size_t mark = settings_begin(edit, &out);
    item_put_member_text(&out, "document", document);
    item_put_member_text(&out, "revision", *revision);
    return settings_end(edit, name, &out, mark);
}

enum leat_code policy_create(struct settings_edit *edit, struct leat_slice text) {
    struct policy_document document;
    struct leat_slice revision;
    TRY(policy_read(edit->call, text, &document));
    return store(edit, SLICE("policy"), document.text, (struct leat_slice){NULL, 0}, &revision);
}

static enum leat_code edit_policy(struct settings_edit *edit, void *context) {
    struct input *in = context;
    struct leat_slice name = settings_name(edit->call->arena, "policy", in->resource.label);
    struct leat_slice now = settings_entry(edit->table, name);
    struct leat_slice revision = item_member_text(now, "revision");
    TRY(check_stream(edit->call, in));
    TRY(check_revision(edit->call, in, revision));
    in->revision = arena_copy(edit->call->arena, revision);
    if (in->policy.data == NULL) return now.data == NULL ? LEAT_OK : settings_set(edit, name, (struct leat_slice){NULL, 0});
    if (slice_equal(item_member_text(now, "document"), in->document.text)) return LEAT_OK;
    return store(edit, name, in->document.text, revision, &in->revision);
}

static void run_change(struct api_call *call, void *input) {
    struct input *in = input;
    struct leat_table_change change = {.name = in->arn};
    struct leat_description after;
    enum leat_code code = settings_update(call, &change, edit_policy, in, &after);
    leat_description_free(&after);
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    json_object(&call->json);
    if (in->revision.data != NULL) {
        json_key(&call->json, "RevisionId");
        json_string(&call->json, in->revision);
    }
    json_object_end(&call->json);
    api_done(call);
}

static void run_get(struct api_call *call, void *input) {
    const struct input *in = input;
    struct leat_description description = {.memory = NULL};
    enum leat_code code = leat_table_describe(call->server->db, in->arn, &description, &call->fault);
    if (code == LEAT_OK) code = check_stream(call, in);
    struct leat_slice policy = settings_entry(&description.table, settings_name(call->arena, "policy", in->resource.label));
    if (code == LEAT_OK && policy.data == NULL) code = not_found(call, in);
    if (code == LEAT_OK) {
        json_object(&call->json);
        json_key(&call->json, "Policy");
        json_string(&call->json, item_member_text(policy, "document"));
        json_key(&call->json, "RevisionId");
        json_string(&call->json, item_member_text(policy, "revision"));
        json_object_end(&call->json);
    }
    leat_description_free(&description);
    api_end(call, code);
}

const struct api_operation dynamodb_put_resource_policy = {.name = "PutResourcePolicy", .fields = put_fields,
                                                           .input_size = sizeof(struct input), .place = API_POOL, .check = check,
                                                           .run = run_change};
const struct api_operation dynamodb_get_resource_policy = {.name = "GetResourcePolicy", .fields = get_fields,
                                                           .input_size = sizeof(struct input), .check = check, .run = run_get};
const struct api_operation dynamodb_delete_resource_policy = {.name = "DeleteResourcePolicy", .fields = delete_fields,
                                                              .input_size = sizeof(struct input), .place = API_POOL, .check = check,
                                                              .run = run_change};
