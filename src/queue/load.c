/* At the start: the queues and what the index wants to know of every message. */
#include <string.h>

#include "base/slice.h"
#include "item/member.h"
#include "queue/service.h"

typedef enum leat_code (*item_fn)(struct queue_service *service, struct leat_slice item, struct leat_fault *fault);

static enum leat_code each_item(struct queue_service *service, const char *table, struct leat_slice projection, struct leat_slice names,
                                item_fn each, struct leat_fault *fault) {
    struct leat_result page = {0}, next = {0};
    struct leat_query scan = {.table = slice_text(table), .projection = projection, .names = names};
    enum leat_code code;
    do {
        code = leat_query(service->db, &scan, &next, fault);
        leat_result_free(&page); /* the query's start was borrowed from it */
        page = next;
        next = (struct leat_result){0};
        for (size_t i = 0; i < page.count && code == LEAT_OK; i++) code = each(service, page.items[i], fault);
        scan.start = page.last_key;
    } while (code == LEAT_OK && scan.start.data != NULL);
    leat_result_free(&page);
    return code;
}

static enum leat_code load_queue(struct queue_service *service, struct leat_slice item, struct leat_fault *fault) {
    struct leat_slice name;
    struct store_queue stored;
    if (!store_read_queue(item, &name, &stored)) return fault_set(fault, LEAT_STORE_CORRUPT, "An item of leat:queues cannot be read");
    struct settings *settings = settings_from_item(item, item_member_int(item, "fifo") != 0);
    if (settings == NULL || service_add(service, name, &stored, settings) == NULL) return fault_memory(fault);
    return LEAT_OK;
}

/* Messages of one store come one behind the other. */
static struct queue *queue_of_store(struct queue_service *service, struct leat_slice store) {
    size_t *last = &service->loaded_last;
    if (*last < service->count && slice_is(store, service->queues[*last]->store)) return service->queues[*last];
    for (size_t i = 0; i < service->count; i++) {
        if (!slice_is(store, service->queues[i]->store)) continue;
        *last = i;
        return service->queues[i];
    }
    return NULL;
}

static enum leat_code load_message(struct queue_service *service, struct leat_slice item, struct leat_fault *fault) {
    struct index_message message;
    struct leat_slice group, deduplication;
    uint64_t number;
    unsigned part;
    struct leat_slice store = store_key_of(item, &number, &part);
    struct queue *queue = queue_of_store(service, store);
    if (queue == NULL) { /* its queue was deleted or purged */
        char text[STORE_NAME_SIZE];
        if (store.size >= sizeof text) return LEAT_OK;
        memcpy(text, store.data, store.size);
        text[store.size] = 0;
        return sweep_add(service, text) ? LEAT_OK : fault_memory(fault);
    }
    if (part != 0) return LEAT_OK;
    store_read_message(item, &message, &group, &deduplication);
    if (message.sequence > queue->newest) queue->newest = message.sequence;
    bool counts = message.parts == 0 || message.sent_ms + QUEUE_DEDUPLICATION_MS > service_now_ms(service);
    if (deduplication.data != NULL && counts) {
        char id[RANDOM_UUID_SIZE];
        store_id_text(message.id, id);
        message.recent = recent_add(queue, group, deduplication, id, message.sequence, message.sent_ms);
        if (message.recent == NULL) return fault_memory(fault);
        message.recent->stone = message.parts == 0;
    }
    if (message.parts == 0) return LEAT_OK; /* a stone */
    if (index_add(&queue->index, &message, group) == NULL) return fault_memory(fault);
    service->message_count++;
    return LEAT_OK;
}

static enum leat_code load_delivery(struct queue_service *service, struct leat_slice item, struct leat_fault *fault) {
    (void)fault;
    struct leat_slice store = item_member_text(item, "store");
    struct queue *queue = queue_of_store(service, store);
    struct index_message *message =
        queue == NULL ? NULL : index_find(&queue->index, (uint64_t)item_member_int(item, "place"));
    if (message == NULL) return LEAT_OK;
    index_show(&queue->index, message); /* a delay is over, or it would not have been received */
    store_read_delivery(item, message);
    if (message->due_ms > service_now_ms(service)) index_hide(&queue->index, message, message->due_ms);
    return LEAT_OK;
}

enum leat_code load_all(struct queue_service *service, struct leat_fault *fault) {
    struct leat_description description = {0};
    enum leat_code code = leat_table_describe(service->db, SLICE(STORE_QUEUES), &description, fault);
    leat_description_free(&description);
    if (code == LEAT_RESOURCE_NOT_FOUND) return LEAT_OK; /* made with the first queue */
    TRY(code);
    service->tables_made = true;
    const struct leat_slice all = {NULL, 0};
    TRY(each_item(service, STORE_QUEUES, all, all, load_queue, fault));
    TRY(each_item(service, STORE_MESSAGES, all, all, load_message, fault));
    return each_item(service, STORE_DELIVERIES, all, all, load_delivery, fault);
}
