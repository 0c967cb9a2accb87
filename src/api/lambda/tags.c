/* TagResource, UntagResource, ListTags. Source: AWS Lambda API Reference. */
#include "api/lambda/tags.h"

#include "base/slice.h"
#include "function/name.h"
#include "function/parts.h"
#include "item/value.h"

enum { TAGS_BYTES_MAX = 64 << 10 };

struct input {
    struct leat_slice arn;
    struct api_list tags, keys;
};

#define RESOURCE API_FIELD(struct input, arn, "Resource", API_STRING, .location = API_IN_PATH, .required = true)
static const struct api_field tag_fields[] = {
    RESOURCE,
    API_FIELD(struct input, tags, "Tags", API_MAP, .required = true, .element = &lambda_variable_element,
              .size = sizeof(struct lambda_variable)),
    API_FIELDS_END,
};
static const struct api_field untag_fields[] = {
    RESOURCE,
    API_FIELD(struct input, keys, "tagKeys", API_LIST, .location = API_IN_QUERY, .required = true, .element = &lambda_string_element,
              .size = sizeof(struct leat_slice)),
    API_FIELDS_END,
};
static const struct api_field list_fields[] = {RESOURCE, API_FIELDS_END};

/* ---- tags as items ---- */

static bool is_removed(const struct api_list *keys, const struct api_list *tags, struct leat_slice name) {
    const struct leat_slice *key = keys == NULL ? NULL : keys->elements;
    for (size_t i = 0; keys != NULL && i < keys->count; i++)
        if (slice_equal(key[i], name)) return true;
    const struct lambda_variable *tag = tags == NULL ? NULL : tags->elements;
    for (size_t i = 0; tags != NULL && i < tags->count; i++) /* replaced */
        if (slice_equal(tag[i].name, name)) return true;
    return false;
}

enum leat_code lambda_edit_tags(struct api_call *call, struct leat_slice before, const struct api_list *tags,
                                const struct api_list *keys, struct leat_slice *out) {
    struct buf item;
    struct item_value value;
    struct leat_slice name;
    size_t count = 0;
    buf_init(&item, TAGS_BYTES_MAX);
    struct item_iterator entries = item_iterate(before);
    while (item_map_next(&entries, &name, &value)) {
        if (is_removed(keys, tags, name)) continue;
        item_put_name(&item, name);
        item_put_value(&item, &value);
        count++;
    }
    const struct lambda_variable *tag = tags == NULL ? NULL : tags->elements;
    for (size_t i = 0; tags != NULL && i < tags->count; i++, count++) {
        item_put_name(&item, tag[i].name);
        item_put_string(&item, tag[i].value.data != NULL ? tag[i].value : SLICE(""));
    }
    bool good = item_close_last_wins(&item, 0) == LEAT_OK && buf_ok(&item);
    if (good) *out = arena_copy(call->arena, buf_view(&item));
    buf_fini(&item);
    if (!good || out->data == NULL) return fault_memory(&call->fault);
    if (count <= LAMBDA_TAGS_MAX) return LEAT_OK;
    return fault_set(&call->fault, LEAT_INVALID_PARAMETER_VALUE, "Number of tags exceeds resource tag limit.");
}

void lambda_write_tags(struct json_writer *json, struct leat_slice tags) {
    struct item_iterator entries = item_iterate(tags);
    struct item_value value;
    struct leat_slice name;
    json_object(json);
    while (item_map_next(&entries, &name, &value)) {
        json_key_slice(json, name);
        json_string(json, value.payload);
    }
    json_object_end(json);
}

/* ---- functions: a part of their own, since versions share them ---- */

static enum leat_code read_tags(struct api_call *call, struct leat_slice name, struct leat_slice *out) {
    struct item_value tags;
    struct leat_slice item = *out = (struct leat_slice){NULL, 0};
    enum leat_code code = function_part_get(call->server->functions, name, SLICE("tags"), call->arena, &item, &call->fault);
    if (code == LEAT_OK && item_find(item, SLICE("tags"), &tags)) *out = tags.payload;
    return code == LEAT_RESOURCE_NOT_FOUND ? LEAT_OK : code;
}

struct leat_slice lambda_function_tags(struct api_call *call, struct leat_slice name) {
    struct leat_slice tags;
    return read_tags(call, name, &tags) == LEAT_OK ? tags : (struct leat_slice){NULL, 0};
}

enum leat_code lambda_function_tag(struct api_call *call, struct leat_slice name, const struct api_list *tags,
                                   const struct api_list *keys) {
    struct leat_slice before, after;
    struct buf item;
    TRY(read_tags(call, name, &before));
    TRY(lambda_edit_tags(call, before, tags, keys, &after));
    buf_init(&item, 2 * TAGS_BYTES_MAX);
    item_put_name(&item, SLICE("tags"));
    size_t mark = item_begin(&item, ITEM_M);
    buf_slice(&item, after);
    enum leat_code code = item_end(&item, mark);
    if (code == LEAT_OK)
        code = function_part_put(call->server->functions, name, SLICE("tags"), &item, FUNCTION_PART_ANY, (struct leat_slice){NULL, 0},
                                 &call->fault);
    buf_fini(&item);
    return code;
}

static enum leat_code find_function(struct api_call *call, struct leat_slice arn, struct leat_slice *name) {
    struct function_name parsed;
    struct function_configuration configuration;
    TRY(function_name_parse(arn, &parsed, &call->fault));
    if (parsed.qualifier.data != NULL)
        return fault_set(&call->fault, LEAT_INVALID_PARAMETER_VALUE,
                         "Tags on function aliases and versions are not supported. Please specify a function ARN.");
    *name = parsed.name;
    return function_get(call->server->functions, parsed.name, call->arena, &configuration, &call->fault);
}

static enum leat_code function_tags_get(struct api_call *call, struct leat_slice arn, struct leat_slice *tags) {
    struct leat_slice name;
    TRY(find_function(call, arn, &name));
    return read_tags(call, name, tags);
}

static enum leat_code function_tags_change(struct api_call *call, struct leat_slice arn, const struct api_list *tags,
                                           const struct api_list *keys) {
    struct leat_slice name;
    TRY(find_function(call, arn, &name));
    return lambda_function_tag(call, name, tags, keys);
}

static const struct lambda_tagged_kind functions = {":function:", function_tags_get, function_tags_change};

/* ---- the calls ---- */

static const struct lambda_tagged_kind *const kinds[] = {&functions, &lambda_tagged_mappings};

static const struct lambda_tagged_kind *kind_of(struct leat_slice arn) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (memmem(arn.data, arn.size, kinds[i]->mark, strlen(kinds[i]->mark)) != NULL) return kinds[i];
    return NULL;
}

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    const struct input *in = input;
    (void)call;
    if (kind_of(in->arn) == NULL)
        return fault_set(fault, LEAT_VALIDATION,
                         "1 validation error detected: Value '%.*s' at 'resource' failed to satisfy constraint: Member must satisfy "
                         "regular expression pattern: arn:(aws[a-zA-Z-]*):lambda:[a-z]{2}((-gov)|(-iso(b?)))?-[a-z]+-\\d{1}:\\d{12}:"
                         "(function:[a-zA-Z0-9-_]+(:(\\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|code-signing-config:"
                         "csc-[a-z0-9]{17}|event-source-mapping:[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12})",
                         (int)(in->arn.size < 200 ? in->arn.size : 200), (const char *)in->arn.data);
    if (in->tags.given && in->tags.count == 0)
        return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE, "An error occurred and the request cannot be processed.");
    return LEAT_OK;
}

static void run_tag(struct api_call *call, void *input) {
    const struct input *in = input;
    api_end(call, kind_of(in->arn)->change(call, in->arn, &in->tags, NULL));
}

static void run_untag(struct api_call *call, void *input) {
    const struct input *in = input;
    api_end(call, kind_of(in->arn)->change(call, in->arn, NULL, &in->keys));
}

static void run_list(struct api_call *call, void *input) {
    const struct input *in = input;
    struct leat_slice tags;
    enum leat_code code = kind_of(in->arn)->get(call, in->arn, &tags);
    if (code == LEAT_OK) {
        json_object(&call->json);
        json_key(&call->json, "Tags");
        lambda_write_tags(&call->json, tags);
        json_object_end(&call->json);
    }
    api_end(call, code);
}

#define TAGS(operation, shown, where, table, code, run_it)                                                             \
    const struct api_operation operation = {                                                                           \
        .name = shown, .method = where, .path = "/2017-03-31/tags/{Resource}", .fields = table,                        \
        .input_size = sizeof(struct input), .status = code, .place = API_POOL, .check = check, .run = run_it}
TAGS(lambda_tag_resource, "TagResource", "POST", tag_fields, 204, run_tag);
TAGS(lambda_untag_resource, "UntagResource", "DELETE", untag_fields, 204, run_untag);
TAGS(lambda_list_tags, "ListTags", "GET", list_fields, 200, run_list);
