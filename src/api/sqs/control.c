/* CreateQueue, SetQueueAttributes, DeleteQueue, PurgeQueue, TagQueue, UntagQueue. */
#include "api/sqs/sqs.h"
#include "base/slice.h"

struct input { struct leat_slice name, url; struct api_list attributes, tags, keys; };

static const struct api_field create_fields[] = {
    API_FIELD(struct input, name, "QueueName", API_STRING, .required = true),
    SQS_MAP(struct input, attributes, "Attributes", "Attribute", "Name"),
    SQS_MAP(struct input, tags, "tags", "Tag", "Key"),
    API_FIELDS_END,
};
static const struct api_field set_fields[] = {
    SQS_QUEUE_URL(struct input),
    SQS_MAP(struct input, attributes, "Attributes", "Attribute", "Name", .required = true),
    API_FIELDS_END,
};
static const struct api_field tag_fields[] = {
    SQS_QUEUE_URL(struct input),
    SQS_MAP(struct input, tags, "Tags", "Tag", "Key", .required = true),
    API_FIELDS_END,
};
static const struct api_field untag_fields[] = {
    SQS_QUEUE_URL(struct input),
    SQS_TEXTS(struct input, keys, "TagKeys", "TagKey", .required = true),
    API_FIELDS_END,
};
static const struct api_field queue_fields[] = {
    SQS_QUEUE_URL(struct input),
    API_FIELDS_END,
};

static void start(struct queue_service *service, struct queue_operation *operation) {
    queue_control(service, (struct queue_control *)(void *)operation);
}

static void finish_create(struct api_call *call, struct queue_operation *operation) {
    json_object(&call->json);
    json_key(&call->json, "QueueUrl");
    json_string(&call->json, sqs_queue_url(call, operation->name));
    json_object_end(&call->json);
    api_done(call);
}

static bool take_keys(struct api_call *call, const struct api_list *keys, struct queue_control *control) {
    struct queue_pair *pairs = sqs_new(call, keys->count * sizeof *pairs + 1);
    if (pairs == NULL) return false;
    for (size_t i = 0; i < keys->count; i++) pairs[i].name = ((const struct leat_slice *)keys->elements)[i];
    control->tags = pairs;
    control->tag_count = keys->count;
    return true;
}

static void run(struct api_call *call, const struct input *in, enum queue_change change) {
    struct queue_control *control = sqs_new(call, sizeof *control);
    if (control == NULL) return;
    control->change = change;
    control->attributes = in->attributes.elements;
    control->attribute_count = in->attributes.count;
    control->tags = in->tags.elements;
    control->tag_count = in->tags.count;
    if (change == QUEUE_UNTAG && !take_keys(call, &in->keys, control)) return;
    if (change == QUEUE_CREATE) control->operation.name = in->name;
    else if (!sqs_queue_name(call, in->url, &control->operation.name)) return;
    sqs_run(call, &control->operation, start, change == QUEUE_CREATE ? finish_create : sqs_done);
}

#define OPERATION(symbol, wire_name, table, what)                                                             \
    static void run_##symbol(struct api_call *call, void *input) { run(call, input, what); }                  \
    const struct api_operation sqs_##symbol = {                                                               \
        .name = wire_name, .fields = table, .input_size = sizeof(struct input), .run = run_##symbol}

OPERATION(create_queue, "CreateQueue", create_fields, QUEUE_CREATE);
OPERATION(set_queue_attributes, "SetQueueAttributes", set_fields, QUEUE_SET);
OPERATION(delete_queue, "DeleteQueue", queue_fields, QUEUE_DELETE);
OPERATION(purge_queue, "PurgeQueue", queue_fields, QUEUE_PURGE);
OPERATION(tag_queue, "TagQueue", tag_fields, QUEUE_TAG);
OPERATION(untag_queue, "UntagQueue", untag_fields, QUEUE_UNTAG);
