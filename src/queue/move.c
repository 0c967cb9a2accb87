/* What was received too often goes to the dead-letter queue: out of one and into the other in one commit. It keeps its id, its time of
 * sending, and how often it was received. SQS Developer Guide, "Using dead-letter queues". */
#include <string.h>

#include "base/log.h"
#include "base/slice.h"
#include "item/member.h"
#include "queue/service.h"

enum { CONTENT_BYTES_MAX = 3 << 20 };

struct moving {
    struct queue *from, *to; /* both held */
    struct index_message there, here;
    struct leat_slice group;
    char from_store[STORE_NAME_SIZE], to_store[STORE_NAME_SIZE];
};

static void put_into(struct queue *queue, const char *store, const struct index_message *message, struct leat_slice group) {
    if (queue->gone || strcmp(queue->store, store) != 0) return;
    if (index_add(&queue->index, message, group) == NULL) return; /* no memory: it comes back with the next start */
    queue->service->message_count++;
    receive_wake(queue);
}

static void moved(struct batch *batch) {
    struct moving *moving = batch->context;
    struct queue_service *service = moving->from->service;
    if (batch->code == LEAT_OK) {
        put_into(moving->to, moving->to_store, &moving->there, moving->group);
    } else {
        log_warning("queues: a message cannot be moved from %s to %s: %s", moving->from->name, moving->to->name, batch->fault.message);
        moving->here.recent = moving->from->settings->fifo ? recent_of(moving->from, moving->here.sequence) : NULL;
        if (moving->here.recent != NULL) moving->here.recent->stone = false;
        put_into(moving->from, moving->from_store, &moving->here, moving->group);
    }
    queue_drop(moving->from);
    queue_drop(moving->to);
    service_release(service);
}

/* The content as it is, and which queue has given it up. */
static bool content_with_source(const struct queue *from, struct leat_slice content, struct batch *batch, struct leat_slice *out) {
    struct leat_slice name, source = arena_print(&batch->arena, "arn:aws:sqs:%s:%s:%s", from->service->region, from->service->account,
                                                 from->name);
    struct item_iterator each = item_iterate(content);
    struct item_value value;
    struct buf buf;
    if (source.data == NULL) return false;
    batch_item(batch, &buf, CONTENT_BYTES_MAX);
    while (item_map_next(&each, &name, &value)) {
        if (slice_is(name, "source")) continue;
        item_put_name(&buf, name);
        item_put_value(&buf, &value);
    }
    item_put_member_text(&buf, "source", source);
    if (item_close(&buf, 0) != LEAT_OK) return false;
    *out = buf_keep(&buf);
    return out->data != NULL;
}

static bool fill(struct moving *moving, struct index_message *message, struct batch *batch) {
    struct queue_service *service = moving->from->service;
    struct store_wanted wanted = {message->sequence, message->parts};
    struct leat_result result;
    struct leat_fault fault = {0};
    struct leat_slice content = {NULL, 0}, deduplication = {NULL, 0};
    bool ok = store_read_parts(service->db, moving->from_store, &wanted, 1, &batch->arena, &result, &fault) == LEAT_OK;
    if (ok) content = store_join(result.items, message->parts, &batch->arena);
    ok = ok && content.data != NULL && content_with_source(moving->from, content, batch, &content);
    if (ok) {
        moving->here = moving->there = *message;
        moving->there.sequence = queue_next_number(moving->to);
        moving->there.state = INDEX_VISIBLE;
        moving->there.received_before = message->received + message->received_before;
        moving->there.received = 0;
        moving->there.recent = NULL;
        moving->group = item_member_text(result.items[0], "group");
        deduplication = item_member_text(result.items[0], "deduplication");
        if (moving->group.data != NULL) moving->group = arena_copy(&batch->arena, moving->group);
        if (deduplication.data != NULL) deduplication = arena_copy(&batch->arena, deduplication);
        moving->there.parts = store_put_message(batch, moving->to_store, &moving->there, moving->group, deduplication, content);
        recent_unwrite(moving->from, batch, message);
    }
    leat_result_free(&result);
    return ok && !batch->failed;
}

bool move_dead(struct queue *queue, struct index_message *message, struct queue *target) {
    struct queue_service *service = queue->service;
    struct leat_fault fault = {0};
    struct batch *batch = batch_new();
    struct moving *moving = batch == NULL ? NULL : ARENA_NEW(&batch->arena, struct moving);
    if (moving != NULL) {
        moving->from = queue;
        moving->to = target;
        memcpy(moving->from_store, queue->store, sizeof moving->from_store);
        memcpy(moving->to_store, target->store, sizeof moving->to_store);
    }
    if (moving == NULL || !fill(moving, message, batch)) {
        batch_free(batch);
        return false;
    }
    if (batch_start(batch, service->db, true, service->loop, moved, moving, &fault) != LEAT_OK) return false;
    service->pending++;
    queue_hold(queue);
    queue_hold(target);
    index_remove(&queue->index, message);
    service->message_count--;
    return true;
}
