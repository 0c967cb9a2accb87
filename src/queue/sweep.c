/* What nobody will see again: messages that are older than their queue keeps them, and those of deleted and purged queues. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/slice.h"
#include "queue/service.h"

enum { MS = 1000, AT_ONCE = 64, EXPIRED_AT_ONCE = 10 /* of up to 9 writes */ };

/* ---- too old ---- */

void sweep_expired(struct queue *queue, uint64_t now_ms) {
    struct queue_service *service = queue->service;
    uint64_t retention_ms = (uint64_t)queue->settings->number[ATTRIBUTE_MESSAGE_RETENTION_PERIOD] * MS;
    const struct index_message *oldest = index_oldest(&queue->index);
    while (oldest != NULL && oldest->sent_ms + retention_ms <= now_ms) {
        struct leat_fault fault = {0};
        struct batch *batch = batch_new();
        if (batch == NULL) return;
        for (unsigned i = 0; i < EXPIRED_AT_ONCE && oldest != NULL && oldest->sent_ms + retention_ms <= now_ms; i++) {
            struct index_message *message = index_find(&queue->index, oldest->sequence);
            recent_unwrite(queue, batch, message);
            index_remove(&queue->index, message);
            service->message_count--;
            oldest = index_oldest(&queue->index);
        }
        if (batch_start(batch, service->db, false, service->loop, NULL, NULL, &fault) != LEAT_OK)
            log_warning("queues: cannot delete messages that are too old: %s", fault.message); /* the next start will */
    }
}

/* ---- stores that no queue has any more ---- */

struct garbage {
    struct garbage *next;
    bool deliveries; /* its messages are gone */
    char store[STORE_NAME_SIZE];
};

bool sweep_add(struct queue_service *service, const char *store) {
    for (struct garbage *at = service->garbage; at != NULL; at = at->next)
        if (strcmp(at->store, store) == 0) return true;
    struct garbage *garbage = calloc(1, sizeof *garbage);
    if (garbage == NULL) return false;
    memcpy(garbage->store, store, strlen(store) + 1);
    garbage->next = service->garbage;
    service->garbage = garbage;
    return true;
}

static void forget_first(struct queue_service *service) {
    struct garbage *garbage = service->garbage;
    service->garbage = garbage->next;
    free(garbage);
}

void sweep_forget_all(struct queue_service *service) {
    while (service->garbage != NULL) forget_first(service);
}

static void swept(struct batch *batch) {
    struct queue_service *service = batch->context;
    service->sweeping = false;
    if (batch->code == LEAT_OK && !service->closing) sweep_run(service);
    service_release(service);
}

/* One step: some keys are read and deleted; then the next one. */
void sweep_run(struct queue_service *service) {
    while (service->garbage != NULL && !service->sweeping && !service->closing) {
        struct garbage *garbage = service->garbage;
        const char *table = garbage->deliveries ? STORE_DELIVERIES : STORE_MESSAGES;
        struct leat_fault fault = {0};
        struct leat_result keys;
        struct batch *batch = batch_new();
        enum leat_code code = batch == NULL ? fault_memory(&fault)
                                            : store_list_keys(service->db, table, garbage->store, AT_ONCE, &keys, &fault);
        if (batch == NULL) return;
        for (size_t i = 0; i < keys.count && code == LEAT_OK; i++) {
            struct buf key;
            batch_item(batch, &key, keys.items[i].size + 1);
            buf_slice(&key, keys.items[i]);
            batch_add(batch, LEAT_DELETE, table, &key);
        }
        leat_result_free(&keys);
        if (code != LEAT_OK || batch->count == 0) {
            batch_free(batch);
            if (code != LEAT_OK) return; /* the timer comes again */
            if (garbage->deliveries) forget_first(service);
            else garbage->deliveries = true;
            continue;
        }
        service->sweeping = true;
        service->pending++;
        if (batch_start(batch, service->db, false, service->loop, swept, service, &fault) == LEAT_OK) return;
        service->sweeping = false;
        service_release(service);
        return;
    }
}
