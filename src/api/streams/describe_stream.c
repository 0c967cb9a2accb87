/* DescribeStream. Source: Amazon DynamoDB Streams API Reference, DescribeStream. */
#include "api/streams/streams.h"
#include "base/slice.h"

enum { LIMIT_MAX = 100, CHILD_SHARDS = 1 };

struct filter { struct api_enum type; struct leat_slice shard; };
struct input {
    struct leat_slice arn, start;
    struct api_integer limit;
    struct filter *filter;
};

static const struct api_choice filter_choices[] = {{"CHILD_SHARDS", CHILD_SHARDS}, {NULL, 0}};
static const struct api_field filter_fields[] = {
    API_FIELD(struct filter, type, "Type", API_ENUM, .choices = filter_choices),
    API_FIELD(struct filter, shard, "ShardId", API_STRING, .min = 28, .max = 65),
    API_FIELDS_END,
};
static const struct api_field fields[] = {
    API_FIELD(struct input, arn, "StreamArn", API_STRING, .required = true, .min = 37, .max = 1024),
    API_FIELD(struct input, limit, "Limit", API_INTEGER, .min = 1, .max = LIMIT_MAX),
    API_FIELD(struct input, start, "ExclusiveStartShardId", API_STRING, .min = 28, .max = 65),
    API_FIELD(struct input, filter, "ShardFilter", API_STRUCT, .fields = filter_fields, .size = sizeof(struct filter),
              .type = "ShardFilter"),
    API_FIELDS_END,
};

static const char *const status_names[] = {"ENABLING", "ENABLED", "DISABLING", "DISABLED"};
static const char *const view_names[] = {"", "KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"};

static void write_key(struct json_writer *json, const struct leat_attribute *key, const char *type) {
    if (key->name.data == NULL) return;
    json_object(json);
    json_key(json, "AttributeName");
    json_string(json, key->name);
    json_key(json, "KeyType");
    json_text(json, type);
    json_object_end(json);
}

static void write_shard(struct json_writer *json, const struct leat_shard *shard) {
    json_object(json);
    json_key(json, "ShardId");
    json_text(json, shard->id);
    json_key(json, "SequenceNumberRange");
    json_object(json);
    json_key(json, "StartingSequenceNumber");
    json_text(json, shard->first);
    if (shard->last[0] != 0) {
        json_key(json, "EndingSequenceNumber");
        json_text(json, shard->last);
    }
    json_object_end(json);
    if (shard->parent[0] != 0) {
        json_key(json, "ParentShardId");
        json_text(json, shard->parent);
    }
    json_object_end(json);
}

static bool wanted(const struct input *in, const struct leat_shard *shard) {
    return in->filter == NULL || in->filter->type.value != CHILD_SHARDS || slice_is(in->filter->shard, shard->parent);
}

static void write_shards(struct json_writer *json, const struct input *in, const struct leat_stream *stream) {
    size_t limit = in->limit.given ? (size_t)in->limit.value : LIMIT_MAX, at = 0, written = 0;
    const struct leat_shard *last = NULL;
    if (in->start.data != NULL) {
        while (at < stream->shard_count && !slice_is(in->start, stream->shards[at].id)) at++;
        /* one that was trimmed meanwhile was older than all that are left */
        at = at < stream->shard_count ? at + 1 : 0;
    }
    json_key(json, "Shards");
    json_array(json);
    for (; at < stream->shard_count && written < limit; at++) {
        if (!wanted(in, &stream->shards[at])) continue;
        write_shard(json, &stream->shards[at]);
        last = &stream->shards[at];
        written++;
    }
    json_array_end(json);
    while (at < stream->shard_count && !wanted(in, &stream->shards[at])) at++;
    if (at < stream->shard_count && last != NULL) {
        json_key(json, "LastEvaluatedShardId");
        json_text(json, last->id);
    }
}

static void write_stream(struct json_writer *json, const struct input *in, const struct leat_stream *stream) {
    json_object(json);
    json_key(json, "StreamDescription");
    json_object(json);
    json_key(json, "StreamArn");
    json_string(json, stream->arn);
    json_key(json, "StreamLabel");
    json_string(json, stream->label);
    json_key(json, "StreamStatus");
    json_text(json, status_names[stream->status]);
    json_key(json, "StreamViewType");
    json_text(json, view_names[stream->view]);
    json_key(json, "CreationRequestDateTime");
    json_seconds(json, stream->created_ms);
    json_key(json, "TableName");
    json_string(json, stream->table);
    json_key(json, "KeySchema");
    json_array(json);
    write_key(json, &stream->partition_key, "HASH");
    write_key(json, &stream->sort_key, "RANGE");
    json_array_end(json);
    write_shards(json, in, stream);
    json_object_end(json);
    json_object_end(json);
}

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    struct leat_stream_list list = {0};
    enum leat_code code = leat_stream_describe(call->server->db, in->arn, &list, &call->fault);
    if (code == LEAT_OK) write_stream(&call->json, in, list.streams);
    leat_stream_list_free(&list);
    api_end(call, code);
}

const struct api_operation streams_describe_stream = {
    .name = "DescribeStream", .fields = fields, .input_size = sizeof(struct input), .run = run};
