/* ListStreams. Source: Amazon DynamoDB Streams API Reference, ListStreams. */
#include "api/streams/streams.h"
#include "base/slice.h"

enum { LIMIT_MAX = 100 };

struct input { struct leat_slice table, start; struct api_integer limit; };

static const struct api_field fields[] = {
    API_FIELD(struct input, table, "TableName", API_STRING, .alone = true, .or_arn = true, .min = 3, .max = 255,
              .pattern = "[a-zA-Z0-9_.-]+"),
    API_FIELD(struct input, limit, "Limit", API_INTEGER, .min = 1, .max = LIMIT_MAX),
    API_FIELD(struct input, start, "ExclusiveStartStreamArn", API_STRING, .min = 37, .max = 1024),
    API_FIELDS_END,
};

static void write_stream(struct json_writer *json, const struct leat_stream *stream) {
    json_object(json);
    json_key(json, "StreamArn");
    json_string(json, stream->arn);
    json_key(json, "TableName");
    json_string(json, stream->table);
    json_key(json, "StreamLabel");
    json_string(json, stream->label);
    json_object_end(json);
}

/* The list is ordered by ARN. */
static void write_page(struct json_writer *json, const struct input *in, const struct leat_stream_list *list) {
    size_t limit = in->limit.given ? (size_t)in->limit.value : LIMIT_MAX, at = 0, written = 0;
    while (in->start.data != NULL && at < list->count && slice_compare(list->streams[at].arn, in->start) <= 0) at++;
    json_object(json);
    json_key(json, "Streams");
    json_array(json);
    for (; at < list->count && written < limit; at++, written++) write_stream(json, &list->streams[at]);
    json_array_end(json);
    if (at < list->count && written > 0) {
        json_key(json, "LastEvaluatedStreamArn");
        json_string(json, list->streams[at - 1].arn);
    }
    json_object_end(json);
}

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    struct leat_stream_list list = {0};
    enum leat_code code = leat_streams(call->server->db, in->table, &list, &call->fault);
    /* of an unknown table there are simply none */
    if (code == LEAT_RESOURCE_NOT_FOUND) code = LEAT_OK;
    if (code == LEAT_OK) write_page(&call->json, in, &list);
    leat_stream_list_free(&list);
    api_end(call, code);
}

const struct api_operation streams_list_streams = {
    .name = "ListStreams", .fields = fields, .input_size = sizeof(struct input), .run = run};
