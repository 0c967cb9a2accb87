/* Sending: what is asked for is checked, written, and then known to the index. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/hash.h"
#include "base/slice.h"
#include "item/number.h"
#include "queue/service.h"

enum { CONTENT_BYTES_MAX = 3 << 20, NAME_BYTES_MAX = 256, ID_CHARACTERS_MAX = 128, MS = 1000 };

/* ---- what may be refused ---- */

static bool refuse(struct queue_entry *entry, enum queue_error error, const char *words) {
    return queue_fault_set(&entry->fault, error, "%s", words);
}

/* API Reference, SendMessage: MessageBody. XML 1.0's characters. */
static bool check_characters(struct queue_entry *entry) {
    struct leat_slice text = entry->body;
    for (size_t i = 0; i < text.size;) {
        uint8_t byte = text.data[i];
        if (byte < 0x20 && byte != 9 && byte != 10 && byte != 13)
            return queue_fault_set(&entry->fault, QUEUE_INVALID_MESSAGE_CONTENTS,
                                   "Invalid binary character '#x%X' was found in the message body, the set of allowed characters is "
                                   "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF", byte);
        size_t size = utf8_sequence(text.data + i, text.size - i);
        bool none = size == 3 && byte == 0xEF && text.data[i + 1] == 0xBF && text.data[i + 2] >= 0xBE; /* U+FFFE, U+FFFF */
        if (size == 0 || none) return refuse(entry, QUEUE_INVALID_MESSAGE_CONTENTS, "Invalid characters were found in the message body.");
        i += size;
    }
    return true;
}

static bool check_attribute(struct queue_entry *entry, const struct queue_attribute *attribute) {
    struct leat_slice type = attribute->type;
    if (attribute->name.size == 0 || attribute->name.size > NAME_BYTES_MAX)
        return refuse(entry, QUEUE_INVALID_PARAMETER_VALUE,
                      "Message (user) attribute name must be between 1 and 256 characters in length.");
    for (size_t i = 0; i < attribute->name.size; i++) {
        uint8_t byte = attribute->name.data[i];
        bool letter = (byte >= '0' && byte <= '9') || ((byte | 32) >= 'a' && (byte | 32) <= 'z');
        if (!letter && byte != '-' && byte != '_' && byte != '.')
            return refuse(entry, QUEUE_INVALID_PARAMETER_VALUE,
                          "Invalid non-alphanumeric character was found in the message attribute name. Can only include alphanumeric "
                          "characters, hyphens, underscores, or dots.");
    }
    static const char *const types[] = {"String", "Number", "Binary"};
    size_t known = 0;
    while (known < 3 && !(slice_starts(type, slice_text(types[known])) &&
                          (type.size == strlen(types[known]) || type.data[strlen(types[known])] == '.')))
        known++;
    if (known == 3)
        return queue_fault_set(&entry->fault, QUEUE_INVALID_PARAMETER_VALUE,
                               "The message attribute '%.*s' has an invalid message attribute type, the set of supported type prefixes is "
                               "Binary, Number, and String.", SLICE_FORMAT(attribute->name));
    if (attribute->value.size == 0 || attribute->binary != (known == 2))
        return queue_fault_set(&entry->fault, QUEUE_INVALID_PARAMETER_VALUE,
                               "The message attribute '%.*s' must contain a non-empty message attribute value for message attribute type "
                               "'%.*s'.", SLICE_FORMAT(attribute->name), SLICE_FORMAT(type));
    struct item_number number;
    if (known == 1 && item_number_parse(attribute->value, &number, NULL) != LEAT_OK)
        return queue_fault_set(&entry->fault, QUEUE_INVALID_PARAMETER_VALUE,
                               "Can't cast the value of message (user) attribute '%.*s' to a number.", SLICE_FORMAT(attribute->name));
    return true;
}

static size_t size_of(const struct queue_entry *entry) {
    size_t size = entry->body.size;
    for (size_t i = 0; i < entry->attribute_count; i++)
        size += entry->attributes[i].name.size + entry->attributes[i].type.size + entry->attributes[i].value.size;
    return size;
}

static bool check_id(struct queue_entry *entry, struct leat_slice id, const char *parameter) {
    if (id.data == NULL || (id.size >= 1 && id.size <= ID_CHARACTERS_MAX && slice_within(id, '!', '~'))) return true;
    return queue_fault_set(&entry->fault, QUEUE_INVALID_PARAMETER_VALUE,
                           "Value %.*s for parameter %s is invalid. Reason: %s can only include alphanumeric and punctuation characters. "
                           "1 to 128 in length.", id.size > ID_CHARACTERS_MAX ? ID_CHARACTERS_MAX : (int)id.size, (const char *)id.data,
                           parameter, parameter);
}

static bool check_kind(const struct queue *queue, struct queue_entry *entry) {
    bool by_content = queue->settings->fifo && settings_flag(queue->settings, ATTRIBUTE_CONTENT_BASED_DEDUPLICATION);
    if (!check_id(entry, entry->group, "MessageGroupId") || !check_id(entry, entry->deduplication, "MessageDeduplicationId")) return false;
    if (!queue->settings->fifo)
        return entry->deduplication.data == NULL ||
               queue_fault_set(&entry->fault, QUEUE_INVALID_PARAMETER_VALUE,
                               "Value %.*s for parameter MessageDeduplicationId is invalid. Reason: The request includes a parameter that "
                               "is not valid for this queue type.", SLICE_FORMAT(entry->deduplication));
    if (entry->group.data == NULL) return refuse(entry, QUEUE_MISSING_PARAMETER, "The request must contain the parameter MessageGroupId.");
    if (entry->deduplication.data == NULL && !by_content)
        return refuse(entry, QUEUE_INVALID_PARAMETER_VALUE,
                      "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly");
    if (entry->has_delay && entry->delay_s != 0)
        return queue_fault_set(&entry->fault, QUEUE_INVALID_PARAMETER_VALUE,
                               "Value %" PRId64 " for parameter DelaySeconds is invalid. Reason: The request include parameter that is not "
                               "valid for this queue type.", entry->delay_s);
    return true;
}

static bool check_entry(const struct queue *queue, struct queue_entry *entry) {
    int64_t size_max = queue->settings->number[ATTRIBUTE_MAXIMUM_MESSAGE_SIZE];
    if (entry->body.size == 0) return refuse(entry, QUEUE_MISSING_PARAMETER, "The request must contain the parameter MessageBody.");
    if (!check_characters(entry)) return false;
    if (entry->attribute_count > QUEUE_ATTRIBUTES_MAX)
        return queue_fault_set(&entry->fault, QUEUE_INVALID_PARAMETER_VALUE,
                               "Number of message attributes [%zu] exceeds the allowed maximum [%d].", entry->attribute_count,
                               QUEUE_ATTRIBUTES_MAX);
    for (size_t i = 0; i < entry->attribute_count; i++)
        if (!check_attribute(entry, &entry->attributes[i])) return false;
    if ((int64_t)size_of(entry) > size_max)
        return queue_fault_set(&entry->fault, QUEUE_INVALID_PARAMETER_VALUE,
                               "One or more parameters are invalid. Reason: Message must be shorter than %" PRId64 " bytes.", size_max);
    if (entry->has_delay && (entry->delay_s < 0 || entry->delay_s > QUEUE_DELAY_S_MAX))
        return queue_fault_set(&entry->fault, QUEUE_INVALID_PARAMETER_VALUE,
                               "Value %" PRId64 " for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
                               entry->delay_s);
    return check_kind(queue, entry);
}

static bool check_batch(const struct queue_send *send, struct queue_fault *fault) {
    size_t size = 0;
    for (size_t i = 0; i < send->count; i++) size += size_of(&send->entries[i]);
    if (send->count < 2 || size <= QUEUE_MESSAGE_BYTES_MAX) return true;
    return queue_fault_set(fault, QUEUE_BATCH_TOO_LONG, "Batch requests cannot be longer than %d bytes. You have sent %zu bytes.",
                           QUEUE_MESSAGE_BYTES_MAX, size);
}

/* ---- writing ---- */

void queue_print_number(uint64_t number, char out[QUEUE_SEQUENCE_SIZE]) {
    (void)snprintf(out, QUEUE_SEQUENCE_SIZE, "188%017" PRIu64, number);
}

/* FIFO: the id is the body's hash when there is none. True: it has been sent already, and the answer is the same. */
static bool deduplicate(struct queue *queue, struct queue_send *send, struct queue_entry *entry, uint64_t now_ms) {
    if (entry->deduplication.data == NULL) {
        struct buf hex;
        buf_init_in(&hex, send->operation.arena, ID_CHARACTERS_MAX);
        if (!queue_sha256(entry->body, &hex)) return false;
        entry->deduplication = buf_keep(&hex);
    }
    const struct recent *recent = recent_find(queue, entry, now_ms);
    if (recent == NULL) return false;
    entry->duplicate = true;
    entry->number = recent->number;
    memcpy(entry->id, recent->id, sizeof entry->id);
    queue_print_number(entry->number, entry->sequence);
    return true;
}

static struct index_message message_of(const struct queue *queue, const struct queue_entry *entry, uint64_t now_ms) {
    int64_t delay_s = entry->has_delay && !queue->settings->fifo ? entry->delay_s : queue->settings->number[ATTRIBUTE_DELAY_SECONDS];
    struct index_message message = {.sequence = entry->number, .sent_ms = now_ms, .parts = entry->parts};
    store_id_bytes(entry->id, message.id);
    if (delay_s > 0) {
        message.due_ms = now_ms + (uint64_t)delay_s * MS;
        message.state = INDEX_DELAYED;
    }
    return message;
}

static bool write_entry(struct queue *queue, struct batch *batch, struct queue_entry *entry, uint64_t now_ms) {
    struct buf content;
    batch_item(batch, &content, CONTENT_BYTES_MAX);
    if (!store_content(&content, entry, (struct leat_slice){NULL, 0})) return false;
    struct index_message message = message_of(queue, entry, now_ms);
    entry->due_ms = message.due_ms;
    entry->parts = store_put_message(batch, queue->store, &message, entry->group, entry->deduplication, buf_keep(&content));
    return entry->parts > 0 && !batch->failed;
}

static bool prepare_entry(struct queue *queue, struct queue_send *send, struct batch *batch, struct queue_entry *entry,
                          uint64_t now_ms) {
    bool fifo = queue->settings->fifo;
    if (!check_entry(queue, entry)) return true;
    struct queue_attribute trace = {SLICE("AWSTraceHeader"), SLICE("String"), entry->trace_header, false};
    queue_md5(entry->body, entry->md5_body);
    queue_md5_attributes(entry->attributes, entry->attribute_count, entry->md5_attributes);
    queue_md5_attributes(&trace, trace.value.data != NULL, entry->md5_system);
    if (fifo && deduplicate(queue, send, entry, now_ms)) return true;
    random_uuid(entry->id);
    entry->number = queue_next_number(queue);
    if (fifo) queue_print_number(entry->number, entry->sequence);
    if (fifo) entry->recent = recent_add(queue, entry->group, entry->deduplication, entry->id, entry->number, now_ms);
    if (fifo && entry->recent == NULL) return false;
    return write_entry(queue, batch, entry, now_ms);
}

static bool was_written(const struct queue_entry *entry) { return entry->fault.error == QUEUE_OK && !entry->duplicate && entry->parts > 0; }

struct sending {
    struct queue_send *send;
    uint64_t now_ms;
    char store[STORE_NAME_SIZE]; /* then; a purge gives the queue another */
};

static void insert(struct queue *queue, struct sending *sending) {
    for (size_t i = 0; i < sending->send->count; i++) {
        struct queue_entry *entry = &sending->send->entries[i];
        if (!was_written(entry)) continue;
        struct index_message message = message_of(queue, entry, sending->now_ms);
        message.due_ms = entry->due_ms;
        message.state = entry->due_ms > 0 ? INDEX_DELAYED : INDEX_VISIBLE;
        message.recent = entry->recent;
        if (index_add(&queue->index, &message, entry->group) != NULL) queue->service->message_count++;
        else (void)queue_fault_set(&entry->fault, QUEUE_INTERNAL, "There is no memory."); /* it comes back with the next start */
    }
}

static void undo(struct queue *queue, struct queue_send *send, const struct queue_fault *fault) {
    for (size_t i = 0; i < send->count; i++) {
        struct queue_entry *entry = &send->entries[i];
        if (entry->fault.error != QUEUE_OK || entry->duplicate) continue;
        if (queue->settings->fifo) recent_forget(queue, entry->number);
        entry->fault = *fault;
    }
}

static void committed(struct batch *batch) {
    struct sending *sending = batch->context;
    struct queue_operation *operation = &sending->send->operation;
    struct queue *queue = operation->queue;
    struct queue_service *service = operation->service;
    if (batch->code != LEAT_OK) {
        struct queue_fault fault;
        service_failed(&fault, batch->code, &batch->fault);
        undo(queue, sending->send, &fault);
    } else if (!queue->gone && strcmp(queue->store, sending->store) == 0) {
        insert(queue, sending);
        receive_wake(queue);
    }
    service_end(operation);
    service_release(service);
}

static bool fits(const struct queue_service *service, struct queue_send *send) {
    if (service->message_count + send->count <= QUEUE_MESSAGES_MAX) return true;
    return queue_fault_set(&send->operation.fault, QUEUE_OVER_LIMIT, "There are too many messages.");
}

/* Answers false when there is nothing to wait for. */
static bool start(struct queue_service *service, struct queue *queue, struct queue_send *send) {
    struct queue_fault fault = {.error = QUEUE_INTERNAL, .message = "There is no memory."};
    struct leat_fault why = {0};
    struct batch *batch = batch_new();
    struct sending *sending = batch == NULL ? NULL : ARENA_NEW(&batch->arena, struct sending);
    uint64_t now_ms = service_now_ms(service);
    bool prepared = sending != NULL;
    for (size_t i = 0; i < send->count && prepared; i++) prepared = prepare_entry(queue, send, batch, &send->entries[i], now_ms);
    if (!prepared || batch->count == 0) {
        if (!prepared) undo(queue, send, &fault);
        batch_free(batch);
        return false;
    }
    *sending = (struct sending){.send = send, .now_ms = now_ms};
    memcpy(sending->store, queue->store, sizeof sending->store);
    enum leat_code code = batch_start(batch, service->db, true, service->loop, committed, sending, &why);
    if (code == LEAT_OK) {
        service->pending++;
        return true;
    }
    service_failed(&fault, code, &why);
    undo(queue, send, &fault);
    return false;
}

void queue_send(struct queue_service *service, struct queue_send *send) {
    struct queue *queue = service_begin(service, &send->operation);
    if (queue == NULL) return;
    if (!check_batch(send, &send->operation.fault) || !fits(service, send) || !start(service, queue, send)) service_end(&send->operation);
}
