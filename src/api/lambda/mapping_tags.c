/* Tags of event source mappings: JSON among the mapping's settings. */
#include "api/lambda/tags.h"
#include "base/slice.h"
#include "item/value.h"
#include "trigger/trigger.h"

enum { TAGS_BYTES_MAX = 64 << 10 };

/* {"tag": "value"} as the item that the calls work on. */
static enum leat_code to_item(struct api_call *call, struct leat_slice tags_json, struct leat_slice *out) {
    struct json_reader json;
    struct buf item;
    *out = slice_of(NULL, 0);
    if (tags_json.data == NULL) return LEAT_OK;
    buf_init(&item, TAGS_BYTES_MAX);
    json_reader_init(&json, tags_json, call->arena);
    (void)json_next(&json);
    while (json_next(&json) == JSON_KEY) {
        item_put_name(&item, json.text);
        (void)json_next(&json);
        item_put_string(&item, json.token == JSON_STRING ? json.text : SLICE(""));
        (void)json_skip(&json);
    }
    if (item_close_last_wins(&item, 0) == LEAT_OK && buf_ok(&item)) *out = arena_copy(call->arena, buf_view(&item));
    buf_fini(&item);
    return out->data == NULL ? fault_memory(&call->fault) : LEAT_OK;
}

/* Absent when there are none. */
static enum leat_code to_json(struct api_call *call, struct leat_slice tags, struct leat_slice *out) {
    struct buf text;
    struct json_writer json;
    struct item_iterator entries = item_iterate(tags);
    struct item_value value;
    struct leat_slice name;
    *out = slice_of(NULL, 0);
    if (tags.data == NULL || !item_map_next(&entries, &name, &value)) return LEAT_OK;
    buf_init_in(&text, call->arena, 2 * TAGS_BYTES_MAX);
    json_writer_init(&json, &text);
    lambda_write_tags(&json, tags);
    *out = buf_keep(&text);
    return out->data == NULL ? fault_memory(&call->fault) : LEAT_OK;
}

static enum leat_code find(struct api_call *call, struct leat_slice arn, struct leat_slice *uuid, struct trigger_description *mapping) {
    const struct leat_slice mark = slice_text(lambda_tagged_mappings.mark);
    const uint8_t *at = memmem(arn.data, arn.size, mark.data, mark.size), *end = arn.data + arn.size;
    *uuid = slice_of(at + mark.size, (size_t)(end - at) - mark.size);
    return trigger_get(call->server->triggers, *uuid, call->arena, mapping, &call->fault);
}

static enum leat_code mapping_tags_get(struct api_call *call, struct leat_slice arn, struct leat_slice *tags) {
    struct trigger_description mapping;
    struct leat_slice uuid;
    TRY(find(call, arn, &uuid, &mapping));
    return to_item(call, mapping.settings.tags_json, tags);
}

/* Read, edited and stored again while nobody else has. */
static enum leat_code mapping_tags_change(struct api_call *call, struct leat_slice arn, const struct api_list *tags,
                                          const struct api_list *keys) {
    struct trigger_description mapping;
    struct leat_slice uuid, before, after, tags_json;
    bool other = true;
    while (other) {
        TRY(find(call, arn, &uuid, &mapping));
        TRY(to_item(call, mapping.settings.tags_json, &before));
        TRY(lambda_edit_tags(call, before, tags, keys, &after));
        TRY(to_json(call, after, &tags_json));
        TRY(trigger_tag(call->server->triggers, uuid, mapping.settings.tags_json, tags_json, &other, &call->fault));
    }
    return LEAT_OK;
}

const struct lambda_tagged_kind lambda_tagged_mappings = {":event-source-mapping:", mapping_tags_get, mapping_tags_change};

enum leat_code lambda_mapping_tags(struct api_call *call, const struct api_list *tags, struct leat_slice *out) {
    struct leat_slice item;
    *out = slice_of(NULL, 0);
    if (tags->count == 0) return LEAT_OK;
    TRY(lambda_edit_tags(call, slice_of(NULL, 0), tags, NULL, &item));
    return to_json(call, item, out);
}
