/* Deleting messages, and changing until when they are hidden. */
#include <inttypes.h>

#include "base/slice.h"
#include "queue/service.h"

enum { MS = 1000 };

struct touching {
    struct queue_touch *touch;
    bool written[QUEUE_BATCH_MAX];
};

static void answer_failure(struct touching *touching, enum leat_code code, const struct leat_fault *why) {
    for (size_t i = 0; i < touching->touch->count; i++)
        if (touching->written[i]) service_failed(&touching->touch->entries[i].fault, code, why);
}

static void committed(struct batch *batch) {
    struct touching *touching = batch->context;
    struct queue_operation *operation = &touching->touch->operation;
    struct queue_service *service = operation->service;
    if (batch->code != LEAT_OK) answer_failure(touching, batch->code, &batch->fault);
    service_end(operation);
    service_release(service);
}

/* Each message's once, as it is after all of the entries. */
static void put_marks(struct queue *queue, const struct queue_touch *touch, struct batch *batch) {
    for (size_t i = 0; i < touch->count; i++) {
        size_t later = i + 1;
        while (later < touch->count && touch->entries[later].marked != touch->entries[i].marked) later++;
        if (touch->entries[i].marked != 0 && later == touch->count)
            store_put_delivery(batch, queue->store, index_find(&queue->index, touch->entries[i].marked));
    }
}

/* `apply` does to one message what is asked, and adds the writes; false: there is nothing to write. */
static void run(struct queue_service *service, struct queue_touch *touch,
                bool (*apply)(struct queue *queue, struct queue_touched *entry, struct batch *batch)) {
    struct leat_fault why = {0};
    struct queue *queue = service_begin(service, &touch->operation);
    if (queue == NULL) return;
    uint64_t now_ms = service_now_ms(service);
    sweep_expired(queue, now_ms);
    index_settle(&queue->index, now_ms);
    struct batch *batch = batch_new();
    struct touching *touching = batch == NULL ? NULL : ARENA_NEW(&batch->arena, struct touching);
    if (touching == NULL) {
        batch_free(batch);
        (void)queue_fault_set(&touch->operation.fault, QUEUE_INTERNAL, "There is no memory.");
        service_end(&touch->operation);
        return;
    }
    touching->touch = touch;
    for (size_t i = 0; i < touch->count; i++) touching->written[i] = apply(queue, &touch->entries[i], batch);
    put_marks(queue, touch, batch);
    if (batch->count == 0) {
        batch_free(batch);
        service_end(&touch->operation);
        return;
    }
    service->pending++;
    struct touching kept = *touching;
    enum leat_code code = batch_start(batch, service->db, false, service->loop, committed, touching, &why);
    receive_wake(queue); /* what it writes comes behind this */
    if (code == LEAT_OK) return;
    answer_failure(&kept, code, &why);
    service_end(&touch->operation);
    service_release(service);
}

static bool unknown_handle(struct queue_touched *entry) {
    return queue_fault_set(&entry->fault, QUEUE_RECEIPT_HANDLE_IS_INVALID,
                           "The input receipt handle \"%.*s\" is not a valid receipt handle.",
                           entry->handle.size > 256 ? 256 : (int)entry->handle.size, (const char *)entry->handle.data);
}

static bool wrong_handle(struct queue_touched *entry, const char *reason) {
    return queue_fault_set(&entry->fault, QUEUE_INVALID_PARAMETER_VALUE, "Value %.*s for parameter ReceiptHandle is invalid. Reason: %s",
                           SLICE_FORMAT(entry->handle), reason); /* it was one of ours: it is short */
}

/* API Reference, DeleteMessage: what is gone already is no fault. In a standard queue any handle of the message will do; in a FIFO queue
 * only the last one, while it is good: the message's successors may have been received since. */
static bool delete_one(struct queue *queue, struct queue_touched *entry, struct batch *batch) {
    uint64_t number;
    uint32_t received;
    if (!handle_read(queue, entry->handle, &number, &received)) return unknown_handle(entry);
    struct index_message *message = index_find(&queue->index, number);
    if (message == NULL) return false;
    if (queue->settings->fifo && (message->state != INDEX_IN_FLIGHT || message->received != received))
        return wrong_handle(entry, "The receipt handle has expired.");
    recent_unwrite(queue, batch, message);
    index_remove(&queue->index, message);
    queue->service->message_count--;
    return true;
}

static bool change_one(struct queue *queue, struct queue_touched *entry, struct batch *batch) {
    (void)batch;
    uint64_t number, now_ms = service_now_ms(queue->service);
    uint32_t received;
    if (!handle_read(queue, entry->handle, &number, &received)) return unknown_handle(entry);
    if (entry->visibility_s < 0 || entry->visibility_s > QUEUE_VISIBILITY_S_MAX)
        return queue_fault_set(&entry->fault, QUEUE_INVALID_PARAMETER_VALUE,
                               "Value %" PRId64 " for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an integer "
                               "between 0 and 43200.", entry->visibility_s);
    struct index_message *message = index_find(&queue->index, number);
    if (message == NULL) return wrong_handle(entry, "Message does not exist or is not available for visibility timeout change.");
    if (message->state != INDEX_IN_FLIGHT || message->received != received)
        return queue_fault_set(&entry->fault, QUEUE_MESSAGE_NOT_IN_FLIGHT, "The message referred to is not in flight.");
    if (now_ms + (uint64_t)entry->visibility_s * MS > message->received_ms + (uint64_t)QUEUE_VISIBILITY_S_MAX * MS)
        return queue_fault_set(&entry->fault, QUEUE_INVALID_PARAMETER_VALUE,
                               "Value %" PRId64 " for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the "
                               "message is beyond the limit [43200 seconds]", entry->visibility_s);
    if (entry->visibility_s == 0) index_show(&queue->index, message);
    else index_hide(&queue->index, message, now_ms + (uint64_t)entry->visibility_s * MS);
    entry->marked = number;
    return true;
}

void queue_delete(struct queue_service *service, struct queue_touch *touch) { run(service, touch, delete_one); }

void queue_change_visibility(struct queue_service *service, struct queue_touch *touch) { run(service, touch, change_one); }
