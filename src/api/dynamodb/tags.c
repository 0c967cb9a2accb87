/* TagResource, UntagResource, ListTagsOfResource. Source: Amazon DynamoDB API Reference. */
#include "api/dynamodb/dynamodb.h"
#include "base/slice.h"
#include "item/value.h"

struct input { struct leat_slice arn, start; struct api_list tags, keys; };

#define ARN_FIELD API_FIELD(struct input, arn, "ResourceArn", API_STRING, .required = true, .min = 1, .max = 1283)
static const struct api_field key_element = {.name = "", .kind = API_STRING, .min = 1, .max = 128};
static const struct api_field tag_fields[] = {
    ARN_FIELD,
    API_FIELD(struct input, tags, "Tags", API_LIST, .required = true, .element = &dynamodb_tag_element,
              .size = sizeof(struct dynamodb_tag)),
    API_FIELDS_END,
};
static const struct api_field untag_fields[] = {
    ARN_FIELD,
    API_FIELD(struct input, keys, "TagKeys", API_LIST, .required = true, .element = &key_element, .size = sizeof(struct leat_slice)),
    API_FIELDS_END,
};
static const struct api_field list_fields[] = {
    ARN_FIELD,
    API_FIELD(struct input, start, "NextToken", API_STRING),
    API_FIELDS_END,
};

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    const struct input *in = input;
    (void)call;
    if (!slice_starts(in->arn, SLICE("arn:")))
        return fault_set(fault, LEAT_VALIDATION, "Invalid TableArn: Invalid ResourceArn provided as input %.*s", SLICE_FORMAT(in->arn));
    return LEAT_OK;
}

static enum leat_code describe(struct api_call *call, struct leat_slice arn, struct leat_description *out) {
    enum leat_code code = leat_table_describe(call->server->db, arn, out, &call->fault);
    if (code == LEAT_RESOURCE_NOT_FOUND)
        return fault_set(&call->fault, code, "Requested resource not found: ResourcArn: %.*s not found", SLICE_FORMAT(arn));
    return code;
}

static enum leat_code change(struct api_call *call, const struct input *in) {
    struct leat_description before = {0}, after = {0};
    TRY(describe(call, in->arn, &before));
    struct leat_slice settings;
    struct dynamodb_settings tagged = {.tags = &in->tags, .tags_removed = &in->keys};
    enum leat_code code = dynamodb_settings_change(call, before.table.settings, &tagged, &settings, &call->fault);
    leat_description_free(&before);
    if (code != LEAT_OK) return code;
    struct leat_table_change change = {.name = in->arn, .change_settings = true, .settings = settings};
    code = leat_table_update(call->server->db, &change, &after, &call->fault);
    leat_description_free(&after);
    return code;
}

static void run_change(struct api_call *call, void *input) {
    enum leat_code code = change(call, input);
    if (code != LEAT_OK) api_fail(call, code, &call->fault);
    else api_done(call);
}

static void run_list(struct api_call *call, void *input) {
    struct json_writer *json = &call->json;
    struct leat_description description = {0};
    enum leat_code code = leat_table_describe(call->server->db, ((struct input *)input)->arn, &description, &call->fault);
    if (code != LEAT_OK) {
        /* as recorded: AWS does not tell whether a table of that name exists */
        if (code == LEAT_RESOURCE_NOT_FOUND) call->error_type = "AccessDeniedException";
        api_fail(call, code, &call->fault);
        return;
    }
    struct item_value tags = {0}, value;
    if (description.table.settings.data != NULL) (void)item_find(description.table.settings, SLICE("tags"), &tags);
    struct item_iterator entries = item_iterate(tags.payload);
    struct leat_slice name;
    json_object(json);
    json_key(json, "Tags");
    json_array(json);
    while (item_map_next(&entries, &name, &value)) {
        json_object(json);
        json_key(json, "Key");
        json_string(json, name);
        json_key(json, "Value");
        json_string(json, value.payload);
        json_object_end(json);
    }
    json_array_end(json);
    json_object_end(json);
    leat_description_free(&description);
    api_done(call);
}

const struct api_operation dynamodb_tag_resource = {.name = "TagResource", .fields = tag_fields, .input_size = sizeof(struct input),
                                                    .place = API_POOL, .check = check, .run = run_change};
const struct api_operation dynamodb_untag_resource = {.name = "UntagResource", .fields = untag_fields, .input_size = sizeof(struct input),
                                                      .place = API_POOL, .check = check, .run = run_change};
const struct api_operation dynamodb_list_tags_of_resource = {.name = "ListTagsOfResource", .fields = list_fields,
                                                             .input_size = sizeof(struct input), .check = check, .run = run_list};
