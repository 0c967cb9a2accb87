/* GetRecords. Source: Amazon DynamoDB Streams API Reference, GetRecords; recorded answers. */
#include "api/streams/streams.h"
#include "base/slice.h"
#include "item/item_json.h"

enum { LIMIT_MAX = 1000 };

struct input { struct leat_slice iterator; struct api_integer limit; };

static const struct api_field fields[] = {
    API_FIELD(struct input, iterator, "ShardIterator", API_STRING, .required = true, .min = 1, .max = 2048),
    API_FIELD(struct input, limit, "Limit", API_INTEGER, .min = 1, .max = LIMIT_MAX),
    API_FIELDS_END,
};

static const char *const event_names[] = {"INSERT", "MODIFY", "REMOVE"};
static const char *const view_names[] = {"", "KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"};

static void member_text(struct json_writer *json, const char *name, const char *text) {
    json_key(json, name);
    json_text(json, text);
}

static void member_item(struct json_writer *json, const char *name, struct leat_slice item) {
    if (item.data == NULL) return;
    json_key(json, name);
    item_to_json(json, item);
}

static void write_change(struct json_writer *json, const struct leat_record *record) {
    json_object(json);
    json_key(json, "ApproximateCreationDateTime");
    json_int(json, (int64_t)(record->created_ms / 1000)); /* AWS rounds it down to the second */
    member_item(json, "Keys", record->keys);
    member_item(json, "NewImage", record->new_image);
    member_item(json, "OldImage", record->old_image);
    member_text(json, "SequenceNumber", record->sequence);
    json_key(json, "SizeBytes");
    json_int(json, (int64_t)record->size_bytes);
    member_text(json, "StreamViewType", view_names[record->view]);
    json_object_end(json);
}

static void write_record(struct api_call *call, const struct leat_record *record) {
    struct json_writer *json = &call->json;
    json_object(json);
    member_text(json, "eventID", record->event_id);
    member_text(json, "eventName", event_names[record->event]);
    member_text(json, "eventVersion", "1.1");
    member_text(json, "eventSource", "aws:dynamodb");
    member_text(json, "awsRegion", call->server->region);
    json_key(json, "dynamodb");
    write_change(json, record);
    if (record->expired) {
        json_key(json, "userIdentity");
        json_verbatim(json, SLICE("{\"PrincipalId\":\"dynamodb.amazonaws.com\",\"Type\":\"Service\"}"));
    }
    json_object_end(json);
}

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    struct json_writer *json = &call->json;
    char next[LEAT_ITERATOR_SIZE];
    size_t limit = in->limit.given ? (size_t)in->limit.value : LIMIT_MAX;
    enum leat_code code = leat_iterator_read(call->server->db, in->iterator, limit, &call->result, next, &call->fault);
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    json_object(json);
    json_key(json, "Records");
    json_array(json);
    for (size_t i = 0; i < call->result.record_count; i++) write_record(call, &call->result.records[i]);
    json_array_end(json);
    if (next[0] != 0) member_text(json, "NextShardIterator", next);
    json_object_end(json);
    api_done(call);
}

const struct api_operation streams_get_records = {
    .name = "GetRecords", .fields = fields, .input_size = sizeof(struct input), .run = run};
