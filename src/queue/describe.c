/* GetQueueAttributes, ListQueueTags, ListQueues: what is known of queues. */
#include <inttypes.h>

#include "base/slice.h"
#include "queue/service.h"

enum { DERIVED = 6 };

static bool wants(const struct queue_description *description, const char *name) {
    for (size_t i = 0; i < description->wanted_count; i++)
        if (slice_is(description->wanted[i], name) || slice_is(description->wanted[i], "All")) return true;
    return false;
}

static void answer(struct queue_description *description, const char *name, struct leat_slice value) {
    if (value.data != NULL && wants(description, name))
        description->attributes[description->attribute_count++] = (struct queue_pair){slice_text(name), value};
}

static struct leat_slice number(struct arena *arena, uint64_t value) { return arena_print(arena, "%" PRIu64, value); }

static void answer_attributes(const struct queue *queue, struct queue_description *description) {
    const struct queue_service *service = queue->service;
    struct arena *arena = description->operation.arena;
    for (enum attribute i = 0; i < ATTRIBUTES; i++) {
        struct leat_slice value = settings_value(queue->settings, i);
        if (value.data != NULL) value = arena_copy(arena, value);
        answer(description, attribute_name(i), value);
    }
    answer(description, "ApproximateNumberOfMessages", number(arena, queue->index.counts[INDEX_VISIBLE]));
    answer(description, "ApproximateNumberOfMessagesNotVisible", number(arena, queue->index.counts[INDEX_IN_FLIGHT]));
    answer(description, "ApproximateNumberOfMessagesDelayed", number(arena, queue->index.counts[INDEX_DELAYED]));
    answer(description, "CreatedTimestamp", number(arena, queue->stored.created_ms / 1000));
    answer(description, "LastModifiedTimestamp", number(arena, queue->stored.modified_ms / 1000));
    answer(description, "QueueArn", arena_print(arena, "arn:aws:sqs:%s:%s:%s", service->region, service->account, queue->name));
}

static bool answer_tags(const struct queue *queue, struct queue_description *description) {
    const struct settings *settings = queue->settings;
    struct arena *arena = description->operation.arena;
    description->tags = ARENA_ARRAY(arena, struct queue_pair, settings->tag_count + 1);
    if (description->tags == NULL) return false;
    for (size_t i = 0; i < settings->tag_count; i++)
        description->tags[description->tag_count++] =
            (struct queue_pair){arena_copy(arena, settings->tags[i].name), arena_copy(arena, settings->tags[i].value)};
    return true;
}

/* API Reference, GetQueueAttributes: AttributeName.N */
static bool known(struct leat_slice name) {
    static const char *const derived[] = {
        "All", "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed",
        "CreatedTimestamp", "LastModifiedTimestamp", "QueueArn", NULL};
    for (const char *const *at = derived; *at != NULL; at++)
        if (slice_is(name, *at)) return true;
    for (enum attribute i = 0; i < ATTRIBUTES; i++)
        if (slice_is(name, attribute_name(i))) return true;
    return false;
}

void queue_describe(struct queue_service *service, struct queue_description *description) {
    struct queue_operation *operation = &description->operation;
    struct queue *queue = service_begin(service, operation);
    if (queue == NULL) return;
    uint64_t now_ms = service_now_ms(service);
    for (size_t i = 0; i < description->wanted_count && operation->fault.error == QUEUE_OK; i++)
        if (!known(description->wanted[i]))
            (void)queue_fault_set(&operation->fault, QUEUE_INVALID_ATTRIBUTE_NAME, "Unknown Attribute %.*s.",
                                  SLICE_FORMAT(description->wanted[i]));
    sweep_expired(queue, now_ms);
    index_settle(&queue->index, now_ms);
    description->attributes = ARENA_ARRAY(operation->arena, struct queue_pair, ATTRIBUTES + DERIVED);
    if (description->attributes == NULL || !answer_tags(queue, description))
        (void)queue_fault_set(&operation->fault, QUEUE_INTERNAL, "There is no memory.");
    else answer_attributes(queue, description);
    service_end(operation);
}

/* ---- lists ---- */

static bool listed(const struct queue *queue, const struct queue_list *list) {
    if (list->dead_letter) return slice_equal(queue->settings->dead_letter, list->operation.name);
    return slice_starts(slice_text(queue->name), list->prefix);
}

void queue_list(struct queue_service *service, struct queue_list *list) {
    struct queue_operation *operation = &list->operation;
    if (list->dead_letter) {
        if (service_begin(service, operation) == NULL) return;
    } else {
        operation->service = service;
        operation->queue = NULL;
    }
    list->names = ARENA_ARRAY(operation->arena, struct leat_slice, list->limit + 1);
    if (list->names == NULL) (void)queue_fault_set(&operation->fault, QUEUE_INTERNAL, "There is no memory.");
    for (size_t i = 0; i < service->count && list->names != NULL; i++) {
        struct leat_slice name = slice_text(service->queues[i]->name);
        if (list->after.data != NULL && slice_compare(name, list->after) <= 0) continue;
        if (!listed(service->queues[i], list)) continue;
        list->more = list->count == list->limit;
        if (list->more) break;
        list->names[list->count++] = arena_copy(operation->arena, name);
    }
    service_end(operation);
}
