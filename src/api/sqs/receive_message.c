/* ReceiveMessage. */
#include <stdio.h>

#include "api/sqs/sqs.h"
#include "base/slice.h"

struct input {
    struct leat_slice url, attempt;
    struct api_list old_names, system_names, names;
    struct api_integer max, visibility, wait;
};

static const struct api_field fields[] = {
    SQS_QUEUE_URL(struct input),
    SQS_TEXTS(struct input, old_names, "AttributeNames", "AttributeName"),
    SQS_TEXTS(struct input, system_names, "MessageSystemAttributeNames", "MessageSystemAttributeName"),
    SQS_TEXTS(struct input, names, "MessageAttributeNames", "MessageAttributeName"),
    API_FIELD(struct input, max, "MaxNumberOfMessages", API_INTEGER),
    API_FIELD(struct input, visibility, "VisibilityTimeout", API_INTEGER),
    API_FIELD(struct input, wait, "WaitTimeSeconds", API_INTEGER),
    API_FIELD(struct input, attempt, "ReceiveRequestAttemptId", API_STRING),
    API_FIELDS_END,
};
static const struct api_xml xml[] = {
    {"Messages", "Message", NULL, NULL},
    {"Attributes", "Attribute", "Name", "Value"},
    {"MessageAttributes", "MessageAttribute", "Name", "Value"},
    {0},
};

/* A receive, and what is needed to take it back when its client goes away while it waits. */
struct receiving {
    struct queue_receive receive;
    struct api_call *call;
    struct net_task task;
    bool leaving; /* the client has gone; the queues are being told */
    bool ended;   /* the receive has its answer */
};

/* ---- what is answered ---- */

static bool is_listed(const struct api_list *list, const char *name) {
    for (size_t i = 0; i < list->count; i++) {
        struct leat_slice wanted = ((const struct leat_slice *)list->elements)[i];
        if (slice_is(wanted, name) || slice_is(wanted, "All")) return true;
    }
    return false;
}

static bool wants(const struct input *in, const char *name) {
    return is_listed(&in->old_names, name) || is_listed(&in->system_names, name);
}

/* API Reference, ReceiveMessage: MessageAttributeNames may be "All", ".*", "prefix.*" */
static bool wants_attribute(const struct input *in, struct leat_slice name) {
    for (size_t i = 0; i < in->names.count; i++) {
        struct leat_slice wanted = ((const struct leat_slice *)in->names.elements)[i];
        if (slice_is(wanted, "All") || slice_equal(wanted, name)) return true;
        bool prefix = wanted.size >= 2 && wanted.data[wanted.size - 2] == '.' && wanted.data[wanted.size - 1] == '*';
        if (prefix && slice_starts(name, slice_of(wanted.data, wanted.size - 2))) return true;
    }
    return false;
}

static void write_system(struct api_call *call, const struct queue_message *message) {
    const struct input *in = call->input;
    char received[24], first[24], sent[24];
    (void)snprintf(received, sizeof received, "%u", message->received);
    (void)snprintf(first, sizeof first, "%llu", (unsigned long long)message->first_received_ms);
    (void)snprintf(sent, sizeof sent, "%llu", (unsigned long long)message->sent_ms);
    const struct { const char *name; struct leat_slice value; } all[] = {
        {"SenderId", slice_text(call->server->account)},
        {"SentTimestamp", slice_text(sent)},
        {"ApproximateReceiveCount", slice_text(received)},
        {"ApproximateFirstReceiveTimestamp", slice_text(first)},
        {"SequenceNumber", message->sequence[0] != 0 ? slice_text(message->sequence) : slice_of(NULL, 0)},
        {"MessageDeduplicationId", message->deduplication},
        {"MessageGroupId", message->group},
        {"AWSTraceHeader", message->trace_header},
        {"DeadLetterQueueSourceArn", message->source},
    };
    bool begun = false;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i].value.data == NULL || !wants(in, all[i].name)) continue;
        if (!begun) {
            json_key(&call->json, "Attributes");
            json_object(&call->json);
        }
        begun = true;
        json_key(&call->json, all[i].name);
        json_string(&call->json, all[i].value);
    }
    if (begun) json_object_end(&call->json);
}

static void write_attribute(struct json_writer *json, const struct queue_attribute *attribute) {
    json_key_slice(json, attribute->name);
    json_object(json);
    json_key(json, attribute->binary ? "BinaryValue" : "StringValue");
    if (attribute->binary) json_base64(json, attribute->value);
    else json_string(json, attribute->value);
    json_key(json, "DataType");
    json_string(json, attribute->type);
    json_object_end(json);
}

/* The digest is that of the attributes that are answered. */
static void write_attributes(struct api_call *call, struct queue_message *message) {
    struct json_writer *json = &call->json;
    size_t count = 0;
    char md5[QUEUE_MD5_SIZE];
    for (size_t i = 0; i < message->attribute_count; i++)
        if (wants_attribute(call->input, message->attributes[i].name)) message->attributes[count++] = message->attributes[i];
    if (count == 0) return;
    queue_md5_attributes(message->attributes, count, md5);
    json_key(json, "MD5OfMessageAttributes");
    json_text(json, md5);
    json_key(json, "MessageAttributes");
    json_object(json);
    for (size_t i = 0; i < count; i++) write_attribute(json, &message->attributes[i]);
    json_object_end(json);
}

static void write_message(struct api_call *call, struct queue_message *message) {
    struct json_writer *json = &call->json;
    char md5[QUEUE_MD5_SIZE];
    queue_md5(message->body, md5);
    json_object(json);
    json_key(json, "MessageId");
    json_text(json, message->id);
    json_key(json, "ReceiptHandle");
    json_text(json, message->handle);
    json_key(json, "MD5OfBody");
    json_text(json, md5);
    json_key(json, "Body");
    json_string(json, message->body);
    write_system(call, message);
    write_attributes(call, message);
    json_object_end(json);
}

static void answer(struct api_call *call, struct queue_receive *receive) {
    if (receive->operation.fault.error != QUEUE_OK) {
        sqs_fail_as(call, &receive->operation.fault);
        return;
    }
    struct json_writer *json = &call->json;
    enum leat_code code = receive->count > 0 ? queue_read(call->server->queues, receive, &call->fault) : LEAT_OK;
    size_t count = 0;
    if (code == LEAT_OK) {
        json_object(json);
        for (size_t i = 0; i < receive->count; i++) {
            if (receive->messages[i].gone) continue;
            if (count++ == 0) {
                json_key(json, "Messages");
                json_array(json);
            }
            write_message(call, &receive->messages[i]);
        }
        if (count > 0) json_array_end(json);
        json_object_end(json);
    }
    queue_read_end(receive);
    api_end(call, code);
}

/* ---- clients that go away: what they would have got is for others ---- */

static struct receiving *receiving_of(struct net_task *task) {
    return (struct receiving *)(void *)((char *)task - offsetof(struct receiving, task));
}

static void left(struct net_task *task) {
    struct receiving *receiving = receiving_of(task);
    receiving->leaving = false;
    if (receiving->ended) answer(receiving->call, &receiving->receive); /* to nobody */
}

static void leave(struct net_task *task) {
    struct receiving *receiving = receiving_of(task);
    queue_receive_undo(receiving->call->server->queues, &receiving->receive);
    receiving->task.run = left;
    net_loop_post(receiving->call->request->loop, &receiving->task);
}

static void closed(struct net_request *request, void *context) {
    struct receiving *receiving = context;
    (void)request;
    receiving->leaving = true;
    receiving->task.run = leave;
    net_loop_post(queue_loop(receiving->call->server->queues), &receiving->task);
}

static void finish(struct api_call *call, struct queue_operation *operation) {
    struct receiving *receiving = (struct receiving *)(void *)operation;
    receiving->ended = true;
    if (!receiving->leaving) answer(call, &receiving->receive);
}

/* ---- the operation ---- */

static void start(struct queue_service *service, struct queue_operation *operation) {
    queue_receive(service, (struct queue_receive *)(void *)operation);
}

static bool check_names(struct api_call *call, const struct api_list *list) {
    static const char *const known[] = {"All", "SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp",
                                        "SequenceNumber", "MessageDeduplicationId", "MessageGroupId", "AWSTraceHeader",
                                        "DeadLetterQueueSourceArn", NULL};
    for (size_t i = 0; i < list->count; i++) {
        struct leat_slice name = ((const struct leat_slice *)list->elements)[i];
        const char *const *at = known;
        while (*at != NULL && !slice_is(name, *at)) at++;
        if (*at != NULL) continue;
        sqs_fail(call, QUEUE_INVALID_ATTRIBUTE_NAME, "Unknown Attribute %.*s.", name.size > 256 ? 256 : (int)name.size,
                 (const char *)name.data);
        return false;
    }
    return true;
}

static void run(struct api_call *call, void *input) {
    const struct input *in = input;
    if (!check_names(call, &in->old_names) || !check_names(call, &in->system_names)) return;
    struct receiving *receiving = sqs_new(call, sizeof *receiving);
    if (receiving == NULL || !sqs_queue_name(call, in->url, &receiving->receive.operation.name)) return;
    struct queue_receive *receive = &receiving->receive;
    receiving->call = call;
    receive->max = in->max.given ? in->max.value : 1;
    receive->has_visibility = in->visibility.given;
    receive->visibility_s = in->visibility.value;
    receive->has_wait = in->wait.given;
    receive->wait_s = in->wait.value;
    net_request_on_close(call->request, closed, receiving);
    sqs_run_always(call, &receive->operation, start, finish);
}

const struct api_operation sqs_receive_message = {
    .name = "ReceiveMessage", .fields = fields, .input_size = sizeof(struct input), .xml = xml, .run = run};
