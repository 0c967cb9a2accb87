/* TagResource, UntagResource, ListTagsOfResource. Source: Amazon DynamoDB API Reference. All tags fit in one page: there is no
 * NextToken. */
#include "api/dynamodb/tags.h"

#include "api/dynamodb/resource.h"
#include "base/slice.h"

struct input { struct leat_slice arn, start; struct api_list tags, keys; };

static const struct api_field key_element = {.name = "", .kind = API_STRING};
static const struct api_field tag_fields[] = {
    RESOURCE_ARN(struct input),
    API_FIELD(struct input, tags, "Tags", API_LIST, .required = true, .element = &tags_element, .size = sizeof(struct tags_tag)),
    API_FIELDS_END,
};
static const struct api_field untag_fields[] = {
    RESOURCE_ARN(struct input),
    API_FIELD(struct input, keys, "TagKeys", API_LIST, .required = true, .element = &key_element, .size = sizeof(struct leat_slice)),
    API_FIELDS_END,
};
static const struct api_field list_fields[] = {
    RESOURCE_ARN(struct input),
    API_FIELD(struct input, start, "NextToken", API_STRING),
    API_FIELDS_END,
};

/* An account of its own says nothing of what it has to others. */
static enum leat_code denied(struct api_call *call, struct leat_slice arn) {
    return fault_set(&call->fault, LEAT_ACCESS_DENIED,
                     "User: arn:aws:iam::%s:root is not authorized to perform: dynamodb:%s on resource: %.*s", call->server->account,
                     call->operation->name, SLICE_FORMAT(arn));
}

static enum leat_code check_arn(struct api_call *call, struct leat_slice arn, struct leat_fault *fault) {
    struct resource resource;
    TRY(resource_parse(arn, &resource, fault));
    if (!resource_is_near(call->server, &resource) || resource.label.data != NULL)
        return fault_set(fault, LEAT_VALIDATION, "Invalid TableArn: Invalid ResourceArn provided as input %.*s", SLICE_FORMAT(arn));
    return resource_is_own(call->server, &resource) ? LEAT_OK : denied(call, arn);
}

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    const struct input *in = input;
    TRY(check_arn(call, in->arn, fault));
    if (in->tags.given && in->tags.count == 0)
        return fault_set(fault, LEAT_VALIDATION, "Atleast one Tag needs to be provided as Input.");
    if (in->keys.given && in->keys.count == 0)
        return fault_set(fault, LEAT_VALIDATION, "Atleast one Tag Key needs to be provided as Input.");
    TRY(tags_check(&in->tags, fault));
    return tags_check_keys(&in->keys, fault);
}

static enum leat_code edit_tags(struct settings_edit *edit, void *context) {
    const struct input *in = context;
    return tags_change(edit, &in->tags, &in->keys);
}

static void run_change(struct api_call *call, void *input) {
    const struct input *in = input;
    struct leat_table_change change = {.name = in->arn};
    struct leat_description after;
    enum leat_code code = settings_update(call, &change, edit_tags, input, &after);
    leat_description_free(&after);
    if (code == LEAT_RESOURCE_NOT_FOUND)
        code = fault_set(&call->fault, code, "Requested resource not found: ResourcArn: %.*s not found", SLICE_FORMAT(in->arn));
    api_end(call, code);
}

static void run_list(struct api_call *call, void *input) {
    struct json_writer *json = &call->json;
    struct leat_slice arn = ((struct input *)input)->arn;
    struct leat_description description = {.memory = NULL};
    enum leat_code code = leat_table_describe(call->server->db, arn, &description, &call->fault);
    /* unlike the other two, this one does not tell whether a table of that name exists */
    if (code == LEAT_RESOURCE_NOT_FOUND) code = denied(call, arn);
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    struct item_value value;
    struct item_iterator entries = item_iterate(settings_entry(&description.table, SLICE("tags")));
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
