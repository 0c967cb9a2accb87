/* DeleteMessage, ChangeMessageVisibility, and their batches. */
#include "api/sqs/sqs.h"
#include "base/slice.h"

struct entry { struct leat_slice id, handle; struct api_integer visibility; };
struct single { struct leat_slice url; struct entry entry; };
struct batch { struct leat_slice url; struct api_list entries; };

#define HANDLE(structure, place) API_FIELD(structure, place, "ReceiptHandle", API_STRING, .required = true)
#define VISIBILITY(structure, place, ...) API_FIELD(structure, place, "VisibilityTimeout", API_INTEGER, ##__VA_ARGS__)

static const struct api_field delete_fields[] = {SQS_QUEUE_URL(struct single), HANDLE(struct single, entry.handle), API_FIELDS_END};
static const struct api_field change_fields[] = {
    SQS_QUEUE_URL(struct single),
    HANDLE(struct single, entry.handle),
    VISIBILITY(struct single, entry.visibility, .required = true),
    API_FIELDS_END,
};
static const struct api_field delete_entry_fields[] = {
    API_FIELD(struct entry, id, "Id", API_STRING, .required = true),
    HANDLE(struct entry, handle),
    API_FIELDS_END,
};
static const struct api_field change_entry_fields[] = {
    API_FIELD(struct entry, id, "Id", API_STRING, .required = true),
    HANDLE(struct entry, handle),
    VISIBILITY(struct entry, visibility),
    API_FIELDS_END,
};
static const struct api_field delete_element = {.name = "", .kind = API_STRUCT, .fields = delete_entry_fields,
                                                .type = "DeleteMessageBatchRequestEntry"};
static const struct api_field change_element = {.name = "", .kind = API_STRUCT, .fields = change_entry_fields,
                                                .type = "ChangeMessageVisibilityBatchRequestEntry"};
static const struct api_field delete_batch_fields[] = {
    SQS_QUEUE_URL(struct batch),
    API_FIELD(struct batch, entries, "Entries", API_LIST, .required = true, .element = &delete_element, .size = sizeof(struct entry),
              .query = "DeleteMessageBatchRequestEntry"),
    API_FIELDS_END,
};
static const struct api_field change_batch_fields[] = {
    SQS_QUEUE_URL(struct batch),
    API_FIELD(struct batch, entries, "Entries", API_LIST, .required = true, .element = &change_element, .size = sizeof(struct entry),
              .query = "ChangeMessageVisibilityBatchRequestEntry"),
    API_FIELDS_END,
};
const struct api_xml sqs_delete_xml[] = {
    {"Successful", "DeleteMessageBatchResultEntry", NULL, NULL}, {"Failed", "BatchResultErrorEntry", NULL, NULL}, {0}};
const struct api_xml sqs_change_xml[] = {
    {"Successful", "ChangeMessageVisibilityBatchResultEntry", NULL, NULL}, {"Failed", "BatchResultErrorEntry", NULL, NULL}, {0}};

static void start_delete(struct queue_service *service, struct queue_operation *operation) {
    queue_delete(service, (struct queue_touch *)(void *)operation);
}

static void start_change(struct queue_service *service, struct queue_operation *operation) {
    queue_change_visibility(service, (struct queue_touch *)(void *)operation);
}

static void finish_single(struct api_call *call, struct queue_operation *operation) {
    const struct queue_touch *touch = (const struct queue_touch *)(const void *)operation;
    if (touch->entries[0].fault.error != QUEUE_OK) sqs_fail_as(call, &touch->entries[0].fault);
    else api_done(call);
}

static void finish_batch(struct api_call *call, struct queue_operation *operation) {
    const struct queue_touch *touch = (const struct queue_touch *)(const void *)operation;
    const struct entry *in = ((const struct batch *)call->input)->entries.elements;
    struct json_writer *json = &call->json;
    size_t failed = 0;
    for (size_t i = 0; i < touch->count; i++) failed += touch->entries[i].fault.error != QUEUE_OK;
    json_object(json);
    for (int bad = 0; bad < 2; bad++) {
        if (bad ? failed == 0 : failed == touch->count) continue;
        json_key(json, bad ? "Failed" : "Successful");
        json_array(json);
        for (size_t i = 0; i < touch->count; i++) {
            if ((touch->entries[i].fault.error != QUEUE_OK) != (bad != 0)) continue;
            if (bad) {
                sqs_write_failed(json, in[i].id, &touch->entries[i].fault);
                continue;
            }
            json_object(json);
            json_key(json, "Id");
            json_string(json, in[i].id);
            json_object_end(json);
        }
        json_array_end(json);
    }
    json_object_end(json);
    api_done(call);
}

static void run(struct api_call *call, struct leat_slice url, const struct entry *in, size_t count, sqs_start_fn start,
                sqs_finish_fn finish) {
    struct queue_touch *touch = sqs_new(call, sizeof *touch + count * sizeof *touch->entries);
    if (touch == NULL || !sqs_queue_name(call, url, &touch->operation.name)) return;
    touch->entries = (struct queue_touched *)(void *)(touch + 1);
    touch->count = count;
    for (size_t i = 0; i < count; i++) {
        touch->entries[i].handle = in[i].handle.data != NULL ? in[i].handle : SLICE("");
        touch->entries[i].visibility_s = in[i].visibility.value;
    }
    sqs_run(call, &touch->operation, start, finish);
}

static void run_delete(struct api_call *call, void *input) {
    const struct single *in = input;
    run(call, in->url, &in->entry, 1, start_delete, finish_single);
}

static void run_change(struct api_call *call, void *input) {
    const struct single *in = input;
    run(call, in->url, &in->entry, 1, start_change, finish_single);
}

static void run_delete_batch(struct api_call *call, void *input) {
    const struct batch *in = input;
    if (sqs_check_batch(call, &in->entries, sizeof(struct entry), "DeleteMessageBatchRequestEntry"))
        run(call, in->url, in->entries.elements, in->entries.count, start_delete, finish_batch);
}

static void run_change_batch(struct api_call *call, void *input) {
    const struct batch *in = input;
    if (sqs_check_batch(call, &in->entries, sizeof(struct entry), "ChangeMessageVisibilityBatchRequestEntry"))
        run(call, in->url, in->entries.elements, in->entries.count, start_change, finish_batch);
}

const struct api_operation sqs_delete_message = {
    .name = "DeleteMessage", .fields = delete_fields, .input_size = sizeof(struct single), .run = run_delete};
const struct api_operation sqs_change_message_visibility = {
    .name = "ChangeMessageVisibility", .fields = change_fields, .input_size = sizeof(struct single), .run = run_change};
const struct api_operation sqs_delete_message_batch = {.name = "DeleteMessageBatch", .fields = delete_batch_fields,
                                                       .input_size = sizeof(struct batch), .xml = sqs_delete_xml,
                                                       .run = run_delete_batch};
const struct api_operation sqs_change_message_visibility_batch = {.name = "ChangeMessageVisibilityBatch", .fields = change_batch_fields,
                                                                  .input_size = sizeof(struct batch), .xml = sqs_change_xml,
                                                                  .run = run_change_batch};
