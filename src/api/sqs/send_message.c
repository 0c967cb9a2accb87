/* SendMessage, SendMessageBatch. */
#include <stdlib.h>

#include "api/sqs/sqs.h"
#include "base/slice.h"

struct value { struct leat_slice text, binary, type; struct api_list texts, binaries; };
struct attribute { struct leat_slice name; struct value value; };
struct entry {
    struct leat_slice body, deduplication, group;
    struct api_integer delay;
    struct api_list attributes, system;
};
struct single { struct leat_slice url; struct entry entry; };
struct batch { struct leat_slice url; struct api_list entries; };

static const struct api_field binary_element = {.name = "", .kind = API_BLOB};
static const struct api_field value_fields[] = {
    API_FIELD(struct attribute, value.text, "StringValue", API_STRING),
    API_FIELD(struct attribute, value.binary, "BinaryValue", API_BLOB),
    SQS_TEXTS(struct attribute, value.texts, "StringListValues", "StringListValue"),
    API_FIELD(struct attribute, value.binaries, "BinaryListValues", API_LIST, .element = &binary_element,
              .size = sizeof(struct leat_slice), .query = "BinaryListValue"),
    API_FIELD(struct attribute, value.type, "DataType", API_STRING),
    API_FIELDS_END,
};
static const struct api_field attribute_element = {.name = "", .kind = API_STRUCT, .fields = value_fields, .type = "MessageAttributeValue"};

#define ENTRY_FIELDS(structure, place)                                                                                       \
    API_FIELD(structure, place.body, "MessageBody", API_STRING, .required = true),                                           \
        API_FIELD(structure, place.delay, "DelaySeconds", API_INTEGER),                                                      \
        API_FIELD(structure, place.attributes, "MessageAttributes", API_MAP, .element = &attribute_element,                  \
                  .size = sizeof(struct attribute), .query = "MessageAttribute", .query_key = "Name", .query_value = "Value"), \
        API_FIELD(structure, place.system, "MessageSystemAttributes", API_MAP, .element = &attribute_element,                \
                  .size = sizeof(struct attribute), .query = "MessageSystemAttribute", .query_key = "Name",                  \
                  .query_value = "Value"),                                                                                   \
        API_FIELD(structure, place.deduplication, "MessageDeduplicationId", API_STRING),                                     \
        API_FIELD(structure, place.group, "MessageGroupId", API_STRING)

struct batch_entry { struct leat_slice id; struct entry entry; };

static const struct api_field single_fields[] = {
    SQS_QUEUE_URL(struct single),
    ENTRY_FIELDS(struct single, entry),
    API_FIELDS_END,
};
static const struct api_field entry_fields[] = {
    API_FIELD(struct batch_entry, id, "Id", API_STRING, .required = true),
    ENTRY_FIELDS(struct batch_entry, entry),
    API_FIELDS_END,
};
static const struct api_field entry_element = {.name = "", .kind = API_STRUCT, .fields = entry_fields,
                                               .type = "SendMessageBatchRequestEntry"};
static const struct api_field batch_fields[] = {
    SQS_QUEUE_URL(struct batch),
    API_FIELD(struct batch, entries, "Entries", API_LIST, .required = true, .element = &entry_element, .size = sizeof(struct batch_entry),
              .query = "SendMessageBatchRequestEntry"),
    API_FIELDS_END,
};
const struct api_xml sqs_send_xml[] = {
    {"Successful", "SendMessageBatchResultEntry", NULL, NULL}, {"Failed", "BatchResultErrorEntry", NULL, NULL}, {0}};

/* ---- what is asked ---- */

static int by_name(const void *a, const void *b) {
    return slice_compare(((const struct queue_attribute *)a)->name, ((const struct queue_attribute *)b)->name);
}

static bool refuse(struct queue_entry *out, enum queue_error error, const char *words, struct leat_slice name) {
    return queue_fault_set(&out->fault, error, words, SLICE_FORMAT(name));
}

/* false: there is no memory. Other faults are the entry's own. */
static bool take_attributes(struct api_call *call, const struct api_list *list, struct queue_entry *out) {
    struct queue_attribute *attributes = ARENA_ARRAY(call->arena, struct queue_attribute, list->count + 1);
    if (attributes == NULL) return false;
    for (size_t i = 0; i < list->count; i++) {
        const struct attribute *in = &((const struct attribute *)list->elements)[i];
        bool binary = in->value.binary.data != NULL;
        attributes[i] = (struct queue_attribute){in->name, in->value.type, binary ? in->value.binary : in->value.text, binary};
        if (in->value.type.size == 0)
            (void)refuse(out, QUEUE_INVALID_PARAMETER_VALUE, "The message attribute '%.*s' must contain a non-empty attribute type.",
                         in->name);
        else if (in->value.texts.count > 0 || in->value.binaries.count > 0)
            (void)refuse(out, QUEUE_UNSUPPORTED_OPERATION, "Message attribute list values in SendMessage operation are not supported.%.*s",
                         slice_of("", 0));
    }
    qsort(attributes, list->count, sizeof *attributes, by_name);
    for (size_t i = 1; i < list->count; i++)
        if (slice_equal(attributes[i - 1].name, attributes[i].name))
            (void)refuse(out, QUEUE_INVALID_PARAMETER_VALUE, "Message attribute name '%.*s' is repeated.", attributes[i].name);
    out->attributes = attributes;
    out->attribute_count = list->count;
    return true;
}

static void take_system(const struct api_list *list, struct queue_entry *out) {
    for (size_t i = 0; i < list->count; i++) {
        const struct attribute *in = &((const struct attribute *)list->elements)[i];
        if (!slice_is(in->name, "AWSTraceHeader"))
            (void)refuse(out, QUEUE_INVALID_PARAMETER_VALUE, "Message system attribute name '%.*s' is invalid.", in->name);
        else if (!slice_is(in->value.type, "String") || in->value.text.size == 0)
            (void)refuse(out, QUEUE_INVALID_PARAMETER_VALUE,
                         "The message system attribute '%.*s' must contain a non-empty value of type 'String'.", in->name);
        else out->trace_header = in->value.text;
    }
}

static bool take(struct api_call *call, const struct entry *in, struct queue_entry *out) {
    out->body = in->body.data != NULL ? in->body : SLICE("");
    out->group = in->group;
    out->deduplication = in->deduplication;
    out->has_delay = in->delay.given;
    out->delay_s = in->delay.value;
    take_system(&in->system, out);
    return take_attributes(call, &in->attributes, out);
}

static void start(struct queue_service *service, struct queue_operation *operation) {
    queue_send(service, (struct queue_send *)(void *)operation);
}

static struct queue_send *send_new(struct api_call *call, struct leat_slice url, size_t count) {
    struct queue_send *send = sqs_new(call, sizeof *send + count * sizeof *send->entries);
    if (send == NULL || !sqs_queue_name(call, url, &send->operation.name)) return NULL;
    send->entries = (struct queue_entry *)(void *)(send + 1);
    send->count = count;
    return send;
}

/* ---- what is answered ---- */

static void write_text(struct json_writer *json, const char *name, const char *text) {
    if (text[0] == 0) return;
    json_key(json, name);
    json_text(json, text);
}

static void write_sent(struct json_writer *json, const struct queue_entry *entry) {
    write_text(json, "MessageId", entry->id);
    write_text(json, "MD5OfMessageBody", entry->md5_body);
    write_text(json, "MD5OfMessageAttributes", entry->md5_attributes);
    write_text(json, "MD5OfMessageSystemAttributes", entry->md5_system);
    write_text(json, "SequenceNumber", entry->sequence);
}

static void finish_single(struct api_call *call, struct queue_operation *operation) {
    const struct queue_send *send = (const struct queue_send *)(const void *)operation;
    if (send->entries[0].fault.error != QUEUE_OK) {
        sqs_fail_as(call, &send->entries[0].fault);
        return;
    }
    json_object(&call->json);
    write_sent(&call->json, &send->entries[0]);
    json_object_end(&call->json);
    api_done(call);
}

static void finish_batch(struct api_call *call, struct queue_operation *operation) {
    const struct queue_send *send = (const struct queue_send *)(const void *)operation;
    const struct batch *in = call->input;
    struct json_writer *json = &call->json;
    size_t failed = 0;
    for (size_t i = 0; i < send->count; i++) failed += send->entries[i].fault.error != QUEUE_OK;
    json_object(json);
    for (int bad = 0; bad < 2; bad++) {
        if (bad ? failed == 0 : failed == send->count) continue;
        json_key(json, bad ? "Failed" : "Successful");
        json_array(json);
        for (size_t i = 0; i < send->count; i++) {
            struct leat_slice id = ((const struct batch_entry *)in->entries.elements)[i].id;
            const struct queue_entry *entry = &send->entries[i];
            if ((entry->fault.error != QUEUE_OK) != (bad != 0)) continue;
            if (bad) {
                sqs_write_failed(json, id, &entry->fault);
                continue;
            }
            json_object(json);
            json_key(json, "Id");
            json_string(json, id);
            write_sent(json, entry);
            json_object_end(json);
        }
        json_array_end(json);
    }
    json_object_end(json);
    api_done(call);
}

/* ---- the operations ---- */

static void run_single(struct api_call *call, void *input) {
    const struct single *in = input;
    struct queue_send *send = send_new(call, in->url, 1);
    if (send == NULL) return;
    if (!take(call, &in->entry, &send->entries[0])) api_fail(call, LEAT_NO_MEMORY, NULL);
    else sqs_run(call, &send->operation, start, finish_single);
}

static void run_batch(struct api_call *call, void *input) {
    const struct batch *in = input;
    if (!sqs_check_batch(call, &in->entries, sizeof(struct batch_entry), "SendMessageBatchRequestEntry")) return;
    struct queue_send *send = send_new(call, in->url, in->entries.count);
    if (send == NULL) return;
    for (size_t i = 0; i < send->count; i++) {
        if (take(call, &((const struct batch_entry *)in->entries.elements)[i].entry, &send->entries[i])) continue;
        api_fail(call, LEAT_NO_MEMORY, NULL);
        return;
    }
    sqs_run(call, &send->operation, start, finish_batch);
}

const struct api_operation sqs_send_message = {
    .name = "SendMessage", .fields = single_fields, .input_size = sizeof(struct single), .run = run_single};
const struct api_operation sqs_send_message_batch = {
    .name = "SendMessageBatch", .fields = batch_fields, .input_size = sizeof(struct batch), .xml = sqs_send_xml, .run = run_batch};
