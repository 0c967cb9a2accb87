/* GetQueueUrl, GetQueueAttributes, ListQueueTags. */
#include "api/sqs/sqs.h"
#include "base/slice.h"

struct input { struct leat_slice url, name, owner; struct api_list names; };

static const struct api_field url_fields[] = {
    API_FIELD(struct input, name, "QueueName", API_STRING, .required = true),
    API_FIELD(struct input, owner, "QueueOwnerAWSAccountId", API_STRING),
    API_FIELDS_END,
};
static const struct api_field attributes_fields[] = {
    SQS_QUEUE_URL(struct input),
    SQS_TEXTS(struct input, names, "AttributeNames", "AttributeName"),
    API_FIELDS_END,
};
static const struct api_field tags_fields[] = {
    SQS_QUEUE_URL(struct input),
    API_FIELDS_END,
};

static const struct api_xml attributes_xml[] = {{"Attributes", "Attribute", "Name", "Value"}, {0}};
static const struct api_xml tags_xml[] = {{"Tags", "Tag", "Key", "Value"}, {0}};

static void start(struct queue_service *service, struct queue_operation *operation) {
    queue_describe(service, (struct queue_description *)(void *)operation);
}

static void finish_url(struct api_call *call, struct queue_operation *operation) {
    json_object(&call->json);
    json_key(&call->json, "QueueUrl");
    json_string(&call->json, sqs_queue_url(call, operation->name));
    json_object_end(&call->json);
    api_done(call);
}

/* Without entries the member is left out. */
static void write_pairs(struct api_call *call, const char *member, const struct queue_pair *pairs, size_t count) {
    struct json_writer *json = &call->json;
    json_object(json);
    if (count > 0) {
        json_key(json, member);
        json_object(json);
        for (size_t i = 0; i < count; i++) {
            json_key_slice(json, pairs[i].name);
            json_string(json, pairs[i].value);
        }
        json_object_end(json);
    }
    json_object_end(json);
    api_done(call);
}

static void finish_attributes(struct api_call *call, struct queue_operation *operation) {
    const struct queue_description *description = (const struct queue_description *)(const void *)operation;
    write_pairs(call, "Attributes", description->attributes, description->attribute_count);
}

static void finish_tags(struct api_call *call, struct queue_operation *operation) {
    const struct queue_description *description = (const struct queue_description *)(const void *)operation;
    write_pairs(call, "Tags", description->tags, description->tag_count);
}

static void run(struct api_call *call, const struct input *in, sqs_finish_fn finish) {
    struct queue_description *description = sqs_new(call, sizeof *description);
    if (description == NULL) return;
    description->wanted = in->names.elements;
    description->wanted_count = in->names.count;
    if (in->name.data != NULL) description->operation.name = in->name;
    else if (!sqs_queue_name(call, in->url, &description->operation.name)) return;
    sqs_run(call, &description->operation, start, finish);
}

static void run_url(struct api_call *call, void *input) {
    const struct input *in = input;
    if (in->owner.data != NULL && !slice_is(in->owner, call->server->account))
        sqs_fail(call, QUEUE_DOES_NOT_EXIST, "The specified queue does not exist.");
    else run(call, in, finish_url);
}

static void run_attributes(struct api_call *call, void *input) { run(call, input, finish_attributes); }

static void run_tags(struct api_call *call, void *input) { run(call, input, finish_tags); }

const struct api_operation sqs_get_queue_url = {
    .name = "GetQueueUrl", .fields = url_fields, .input_size = sizeof(struct input), .run = run_url};
const struct api_operation sqs_get_queue_attributes = {.name = "GetQueueAttributes", .fields = attributes_fields,
                                                       .input_size = sizeof(struct input), .xml = attributes_xml, .run = run_attributes};
const struct api_operation sqs_list_queue_tags = {
    .name = "ListQueueTags", .fields = tags_fields, .input_size = sizeof(struct input), .xml = tags_xml, .run = run_tags};
