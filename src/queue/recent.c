/* FIFO queues: what was sent within the last five minutes is not sent again. SQS Developer Guide, "Exactly-once processing". In memory,
 * and read at the start from the messages that are still there; a message that goes before its five minutes are over leaves a stone. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/slice.h"
#include "queue/service.h"

/* The deduplication id, within its group where that is the scope. */
static size_t name_size(const struct queue *queue, struct leat_slice group, struct leat_slice deduplication) {
    bool grouped = slice_is(settings_value(queue->settings, ATTRIBUTE_DEDUPLICATION_SCOPE), "messageGroup");
    return deduplication.size + 1 + (grouped ? group.size : 0);
}

static void write_name(struct leat_slice group, struct leat_slice deduplication, size_t size, uint8_t *out) {
    memcpy(out, deduplication.data, deduplication.size);
    out[deduplication.size] = 0;
    if (size > deduplication.size + 1) memcpy(out + deduplication.size + 1, group.data, group.size);
}

static struct recent **bucket_of(struct queue *queue, const uint8_t *name, size_t size) {
    return &queue->recents[hash_bytes(slice_of(name, size)) % RECENT_BUCKETS];
}

static void forget_oldest(struct queue *queue) {
    struct recent *oldest = queue->oldest_recent, **at = bucket_of(queue, oldest->name, oldest->name_size);
    struct index_message *message = index_find(&queue->index, oldest->number);
    if (message != NULL) message->recent = NULL;
    while (*at != oldest) at = &(*at)->next_in_bucket;
    *at = oldest->next_in_bucket;
    queue->oldest_recent = oldest->newer;
    if (queue->oldest_recent == NULL) queue->newest_recent = NULL;
    free(oldest);
}

void recent_forget_all(struct queue *queue) {
    while (queue->oldest_recent != NULL) forget_oldest(queue);
    free(queue->recents);
    queue->recents = NULL;
}

/* It stays in line until it is old, under a number that no message has. */
void recent_forget(struct queue *queue, uint64_t number) {
    struct recent *recent = recent_of(queue, number);
    if (recent != NULL) recent->number = 0;
}

struct recent *recent_of(struct queue *queue, uint64_t number) {
    struct recent *recent = queue->oldest_recent;
    while (recent != NULL && recent->number != number) recent = recent->newer;
    return recent;
}

static bool is_old(const struct recent *recent, uint64_t now_ms) { return recent->sent_ms + QUEUE_DEDUPLICATION_MS <= now_ms; }

struct recent *recent_find(struct queue *queue, const struct queue_entry *entry, uint64_t now_ms) {
    uint8_t name[2 * 128 + 1];
    size_t size = name_size(queue, entry->group, entry->deduplication);
    if (queue->recents == NULL || size > sizeof name) return NULL;
    write_name(entry->group, entry->deduplication, size, name);
    for (struct recent *recent = *bucket_of(queue, name, size); recent != NULL; recent = recent->next_in_bucket)
        if (recent->number != 0 && !is_old(recent, now_ms) && recent->name_size == size && memcmp(recent->name, name, size) == 0)
            return recent;
    return NULL;
}

/* ---- what stays of a message ---- */

void recent_unwrite(struct queue *queue, struct batch *batch, struct index_message *message) {
    struct recent *recent = message->recent;
    store_delete_message(batch, queue->store, message, recent != NULL);
    if (recent == NULL) return;
    struct leat_slice deduplication = slice_of(recent->name, strlen((const char *)recent->name));
    store_put_stone(batch, queue->store, message, index_group_name(message), deduplication);
    recent->stone = true;
}

void recent_sweep(struct queue *queue, uint64_t now_ms) {
    struct queue_service *service = queue->service;
    while (queue->oldest_recent != NULL && is_old(queue->oldest_recent, now_ms)) {
        struct leat_fault fault = {0};
        struct batch *batch = batch_new();
        if (batch == NULL) return;
        while (queue->oldest_recent != NULL && is_old(queue->oldest_recent, now_ms) && batch->count < BATCH_WRITES_MAX) {
            if (queue->oldest_recent->stone) store_delete_stone(batch, queue->store, queue->oldest_recent->number);
            forget_oldest(queue);
        }
        if (batch->count == 0) batch_free(batch);
        else if (batch_start(batch, service->db, false, service->loop, NULL, NULL, &fault) != LEAT_OK)
            log_warning("queues: cannot delete what messages have left: %s", fault.message); /* the next start finds them */
    }
}

struct recent *recent_add(struct queue *queue, struct leat_slice group, struct leat_slice deduplication, const char *id, uint64_t number,
                          uint64_t sent_ms) {
    if (queue->recents == NULL) queue->recents = calloc(RECENT_BUCKETS, sizeof(struct recent *));
    size_t size = name_size(queue, group, deduplication);
    struct recent *recent = queue->recents == NULL ? NULL : calloc(1, sizeof *recent + size);
    if (recent == NULL) return NULL;
    recent->name_size = size;
    write_name(group, deduplication, size, recent->name);
    recent->sent_ms = sent_ms;
    recent->number = number;
    memcpy(recent->id, id, sizeof recent->id);
    struct recent **head = bucket_of(queue, recent->name, size);
    recent->next_in_bucket = *head;
    *head = recent;
    if (queue->newest_recent != NULL) queue->newest_recent->newer = recent;
    else queue->oldest_recent = recent;
    queue->newest_recent = recent;
    return recent;
}
