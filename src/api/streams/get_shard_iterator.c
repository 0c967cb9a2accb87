/* GetShardIterator. Source: Amazon DynamoDB Streams API Reference, GetShardIterator. */
#include "api/streams/streams.h"
#include "base/slice.h"

struct input { struct leat_slice arn, shard, sequence; struct api_enum type; };

static const struct api_choice type_choices[] = {{"TRIM_HORIZON", LEAT_TRIM_HORIZON},
                                                 {"LATEST", LEAT_LATEST},
                                                 {"AT_SEQUENCE_NUMBER", LEAT_AT_SEQUENCE},
                                                 {"AFTER_SEQUENCE_NUMBER", LEAT_AFTER_SEQUENCE},
                                                 {NULL, 0}};
static const struct api_field fields[] = {
    API_FIELD(struct input, arn, "StreamArn", API_STRING, .required = true, .min = 37, .max = 1024),
    API_FIELD(struct input, shard, "ShardId", API_STRING, .required = true, .min = 28, .max = 65),
    API_FIELD(struct input, type, "ShardIteratorType", API_ENUM, .required = true, .choices = type_choices),
    API_FIELD(struct input, sequence, "SequenceNumber", API_STRING, .min = 21, .max = 40),
    API_FIELDS_END,
};

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    const struct input *in = input;
    bool by_sequence = in->type.value == LEAT_AT_SEQUENCE || in->type.value == LEAT_AFTER_SEQUENCE;
    (void)call;
    if (by_sequence && in->sequence.data == NULL)
        return fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: SequenceNumber must be specified when ShardIteratorType is %.*s",
                         SLICE_FORMAT(in->type.text));
    return LEAT_OK;
}

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    char iterator[LEAT_ITERATOR_SIZE];
    struct leat_shard_read from = {.stream = in->arn, .shard = in->shard, .position = (enum leat_position)in->type.value,
                                   .sequence = in->sequence};
    enum leat_code code = leat_iterator_new(call->server->db, &from, iterator, &call->fault);
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    json_object(&call->json);
    json_key(&call->json, "ShardIterator");
    json_text(&call->json, iterator);
    json_object_end(&call->json);
    api_done(call);
}

const struct api_operation streams_get_shard_iterator = {
    .name = "GetShardIterator", .fields = fields, .input_size = sizeof(struct input), .check = check, .run = run};
