#include "trigger/event.h"

#include <inttypes.h>

#include "base/json.h"
#include "item/item_json.h"

static const char *event_name(enum leat_event event) {
    switch (event) {
    case LEAT_INSERT: return "INSERT";
    case LEAT_MODIFY: return "MODIFY";
    case LEAT_REMOVE: return "REMOVE";
    }
    return "";
}

static const char *view_name(enum leat_view view) {
    switch (view) {
    case LEAT_KEYS_ONLY: return "KEYS_ONLY";
    case LEAT_NEW_IMAGE: return "NEW_IMAGE";
    case LEAT_OLD_IMAGE: return "OLD_IMAGE";
    case LEAT_NEW_AND_OLD_IMAGES: return "NEW_AND_OLD_IMAGES";
    case LEAT_VIEW_NONE: break;
    }
    return "";
}

static void text_member(struct json_writer *json, const char *name, const char *value) {
    json_key(json, name);
    json_text(json, value);
}

static void item_member(struct json_writer *json, const char *name, struct leat_slice item) {
    if (item.data == NULL) return;
    json_key(json, name);
    item_to_json(json, item);
}

/* Whole seconds, but a float literal: typed languages decode it as a number with a fraction. */
static void created_member(struct json_writer *json, uint64_t created_ms) {
    json_key(json, "ApproximateCreationDateTime");
    buf_print(json->buf, "%" PRIu64 ".0", created_ms / 1000);
    json->comma = true;
}

static void change(struct json_writer *json, const struct leat_record *record) {
    json_object(json);
    created_member(json, record->created_ms);
    item_member(json, "Keys", record->keys);
    item_member(json, "NewImage", record->new_image);
    item_member(json, "OldImage", record->old_image);
    text_member(json, "SequenceNumber", record->sequence);
    json_key(json, "SizeBytes");
    json_int(json, (int64_t)record->size_bytes);
    text_member(json, "StreamViewType", view_name(record->view));
    json_object_end(json);
}

/* DynamoDB Developer Guide, "DynamoDB Streams and Time to Live": how a handler tells an expired item from a deleted one */
static void expired_member(struct json_writer *json) {
    json_key(json, "userIdentity");
    json_object(json);
    text_member(json, "principalId", "dynamodb.amazonaws.com");
    text_member(json, "type", "Service");
    json_object_end(json);
}

void event_record(struct buf *out, const struct leat_record *record, const struct event_source *source) {
    struct json_writer json;
    json_writer_init(&json, out);
    json_object(&json);
    text_member(&json, "eventID", record->event_id);
    text_member(&json, "eventName", event_name(record->event));
    text_member(&json, "eventVersion", "1.1");
    text_member(&json, "eventSource", "aws:dynamodb");
    json_key(&json, "awsRegion");
    json_string(&json, source->region);
    json_key(&json, "dynamodb");
    change(&json, record);
    json_key(&json, "eventSourceARN");
    json_string(&json, source->arn);
    if (record->expired) expired_member(&json);
    json_object_end(&json);
}
