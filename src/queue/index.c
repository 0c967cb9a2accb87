#include "queue/index.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/slice.h"

enum { BUCKETS_FIRST = 64 };
#define NOWHERE UINT32_MAX

struct index_group {
    struct index_group *next_in_bucket;
    struct index_message *first, *last;
    size_t in_flight;
    size_t name_size;
    uint8_t name[];
};

/* ---- heaps: an order, and where each message knows its place ---- */

struct order {
    bool (*before)(const struct index_message *a, const struct index_message *b);
    size_t place; /* offset of the member */
};

static bool lower_sequence(const struct index_message *a, const struct index_message *b) { return a->sequence < b->sequence; }

static bool due_earlier(const struct index_message *a, const struct index_message *b) {
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->sequence < b->sequence;
}

static bool sent_earlier(const struct index_message *a, const struct index_message *b) {
    return a->sent_ms != b->sent_ms ? a->sent_ms < b->sent_ms : a->sequence < b->sequence;
}

/* a message is ready or waiting, never both */
static const struct order by_sequence = {lower_sequence, offsetof(struct index_message, place)};
static const struct order by_due = {due_earlier, offsetof(struct index_message, place)};
static const struct order by_age = {sent_earlier, offsetof(struct index_message, age_place)};

static uint32_t *place_of(const struct order *order, struct index_message *message) {
    return (uint32_t *)(void *)((char *)message + order->place);
}

static void put(struct index_heap *heap, const struct order *order, uint32_t at, struct index_message *message) {
    heap->all[at] = message;
    *place_of(order, message) = at;
}

static void rise(struct index_heap *heap, const struct order *order, uint32_t at) {
    struct index_message *message = heap->all[at];
    for (; at > 0 && order->before(message, heap->all[(at - 1) / 2]); at = (at - 1) / 2) put(heap, order, at, heap->all[(at - 1) / 2]);
    put(heap, order, at, message);
}

static void sink(struct index_heap *heap, const struct order *order, uint32_t at) {
    struct index_message *message = heap->all[at];
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= heap->count) break;
        if (child + 1 < heap->count && order->before(heap->all[child + 1], heap->all[child])) child++;
        if (!order->before(heap->all[child], message)) break;
        put(heap, order, at, heap->all[child]);
        at = child;
    }
    put(heap, order, at, message);
}

static bool heap_reserve(struct index_heap *heap, size_t count) {
    if (count <= heap->capacity) return true;
    uint32_t capacity = heap->capacity == 0 ? BUCKETS_FIRST : 2 * heap->capacity;
    struct index_message **all = reallocarray(heap->all, capacity, sizeof(struct index_message *));
    if (all == NULL) return false;
    heap->all = all;
    heap->capacity = capacity;
    return true;
}

static void heap_push(struct index_heap *heap, const struct order *order, struct index_message *message) {
    heap->all[heap->count++] = message; /* there is room for every message of the queue */
    rise(heap, order, heap->count - 1);
}

static void heap_remove(struct index_heap *heap, const struct order *order, struct index_message *message) {
    uint32_t at = *place_of(order, message);
    *place_of(order, message) = NOWHERE;
    if (at == --heap->count) return;
    put(heap, order, at, heap->all[heap->count]);
    sink(heap, order, at);
    rise(heap, order, *place_of(order, heap->all[at]));
}

/* ---- groups ---- */

static size_t group_bucket(const struct index *index, struct leat_slice name) {
    return hash_bytes(name) & (index->group_bucket_count - 1);
}

static struct leat_slice group_name(const struct index_group *group) { return slice_of(group->name, group->name_size); }

static bool groups_reserve(struct index *index) {
    if (index->group_count < index->group_bucket_count) return true;
    size_t count = index->group_bucket_count == 0 ? BUCKETS_FIRST : 2 * index->group_bucket_count, old = index->group_bucket_count;
    struct index_group **before = index->group_buckets;
    index->group_buckets = calloc(count, sizeof(struct index_group *));
    if (index->group_buckets == NULL) {
        index->group_buckets = before;
        return false;
    }
    index->group_bucket_count = count;
    for (size_t i = 0; i < old; i++) {
        while (before[i] != NULL) {
            struct index_group *group = before[i];
            struct index_group **head = &index->group_buckets[group_bucket(index, group_name(group))];
            before[i] = group->next_in_bucket;
            group->next_in_bucket = *head;
            *head = group;
        }
    }
    free(before);
    return true;
}

static struct index_group *group_of(struct index *index, struct leat_slice name) {
    if (!groups_reserve(index)) return NULL;
    struct index_group **head = &index->group_buckets[group_bucket(index, name)];
    for (struct index_group *group = *head; group != NULL; group = group->next_in_bucket)
        if (slice_equal(group_name(group), name)) return group;
    struct index_group *group = calloc(1, sizeof *group + name.size);
    if (group == NULL) return NULL;
    group->name_size = name.size;
    if (name.size > 0) memcpy(group->name, name.data, name.size);
    group->next_in_bucket = *head;
    *head = group;
    index->group_count++;
    return group;
}

static void group_forget(struct index *index, struct index_group *group) {
    struct index_group **at = &index->group_buckets[group_bucket(index, group_name(group))];
    while (*at != group) at = &(*at)->next_in_bucket;
    *at = group->next_in_bucket;
    index->group_count--;
    free(group);
}

static void group_append(struct index_group *group, struct index_message *message) {
    message->group = group;
    message->before = group->last;
    message->behind = NULL;
    if (group->last != NULL) group->last->behind = message;
    else group->first = message;
    group->last = message;
}

static void group_unlink(struct index_message *message) {
    struct index_group *group = message->group;
    if (message->before != NULL) message->before->behind = message->behind;
    else group->first = message->behind;
    if (message->behind != NULL) message->behind->before = message->before;
    else group->last = message->before;
}

/* A group's first message becomes ready when nothing of the group is in flight. */
static void group_offer(struct index *index, struct index_group *group) {
    struct index_message *first = group->first;
    if (first != NULL && group->in_flight == 0 && first->state == INDEX_VISIBLE && first->place == NOWHERE)
        heap_push(&index->ready, &by_sequence, first);
}

/* ---- states ---- */

static void enter(struct index *index, struct index_message *message, enum index_state state) {
    message->state = (uint8_t)state;
    index->counts[state]++;
    if (state != INDEX_VISIBLE) {
        heap_push(&index->waiting, &by_due, message);
        if (message->group != NULL && state == INDEX_IN_FLIGHT) message->group->in_flight++;
    } else if (message->group == NULL) {
        heap_push(&index->ready, &by_sequence, message);
    }
    if (message->group != NULL) group_offer(index, message->group);
}

static void leave(struct index *index, struct index_message *message) {
    index->counts[message->state]--;
    if (message->state == INDEX_IN_FLIGHT && message->group != NULL) message->group->in_flight--;
    if (message->place == NOWHERE) return; /* behind another of its group */
    if (message->state == INDEX_VISIBLE) heap_remove(&index->ready, &by_sequence, message);
    else heap_remove(&index->waiting, &by_due, message);
}

/* ---- all of them ---- */

static struct index_message **bucket_of(const struct index *index, uint64_t sequence) {
    return &index->buckets[(sequence * 0x9e3779b97f4a7c15u >> 20) & (index->bucket_count - 1)];
}

static bool buckets_reserve(struct index *index) {
    if (index->count < index->bucket_count) return true;
    size_t count = index->bucket_count == 0 ? BUCKETS_FIRST : 2 * index->bucket_count, old = index->bucket_count;
    struct index_message **before = index->buckets;
    struct index_message **buckets = calloc(count, sizeof(struct index_message *));
    if (buckets == NULL) return false;
    index->buckets = buckets;
    index->bucket_count = count;
    for (size_t i = 0; i < old; i++) {
        while (before[i] != NULL) {
            struct index_message *message = before[i], **head = bucket_of(index, message->sequence);
            before[i] = message->next_in_bucket;
            message->next_in_bucket = *head;
            *head = message;
        }
    }
    free(before);
    return true;
}

void index_init(struct index *index, bool fifo) { *index = (struct index){.fifo = fifo}; }

void index_fini(struct index *index) {
    for (uint32_t i = 0; i < index->ages.count; i++) free(index->ages.all[i]);
    for (size_t i = 0; i < index->group_bucket_count; i++) {
        while (index->group_buckets[i] != NULL) {
            struct index_group *group = index->group_buckets[i];
            index->group_buckets[i] = group->next_in_bucket;
            free(group);
        }
    }
    free(index->ready.all);
    free(index->waiting.all);
    free(index->ages.all);
    free(index->buckets);
    free(index->group_buckets);
    index_init(index, index->fifo);
}

struct index_message *index_add(struct index *index, const struct index_message *message, struct leat_slice group) {
    size_t count = index->count + 1;
    if (!buckets_reserve(index) || !heap_reserve(&index->ready, count) || !heap_reserve(&index->waiting, count) ||
        !heap_reserve(&index->ages, count))
        return NULL;
    struct index_message *added = malloc(sizeof *added);
    if (added == NULL) return NULL;
    *added = *message;
    added->place = added->age_place = NOWHERE;
    added->group = NULL;
    added->before = added->behind = NULL;
    if (index->fifo) {
        struct index_group *of = group_of(index, group);
        if (of == NULL) {
            free(added);
            return NULL;
        }
        group_append(of, added);
    }
    struct index_message **head = bucket_of(index, added->sequence);
    added->next_in_bucket = *head;
    *head = added;
    index->count++;
    heap_push(&index->ages, &by_age, added);
    enter(index, added, (enum index_state)message->state);
    return added;
}

void index_remove(struct index *index, struct index_message *message) {
    struct index_message **at = bucket_of(index, message->sequence);
    while (*at != message) at = &(*at)->next_in_bucket;
    *at = message->next_in_bucket;
    leave(index, message);
    heap_remove(&index->ages, &by_age, message);
    index->count--;
    if (message->group != NULL) {
        group_unlink(message);
        if (message->group->first == NULL) group_forget(index, message->group);
        else group_offer(index, message->group);
    }
    free(message);
}

struct index_message *index_find(const struct index *index, uint64_t sequence) {
    if (index->bucket_count == 0) return NULL;
    struct index_message *message = *bucket_of(index, sequence);
    while (message != NULL && message->sequence != sequence) message = message->next_in_bucket;
    return message;
}

void index_settle(struct index *index, uint64_t now_ms) {
    while (index->waiting.count > 0 && index->waiting.all[0]->due_ms <= now_ms) index_show(index, index->waiting.all[0]);
}

struct index_message *index_next(const struct index *index, const struct index_message *previous) {
    if (previous != NULL && previous->behind != NULL && previous->behind->state == INDEX_VISIBLE) return previous->behind;
    return index->ready.count > 0 ? index->ready.all[0] : NULL;
}

void index_hide(struct index *index, struct index_message *message, uint64_t due_ms) {
    leave(index, message);
    message->due_ms = due_ms;
    enter(index, message, INDEX_IN_FLIGHT);
}

void index_show(struct index *index, struct index_message *message) {
    leave(index, message);
    enter(index, message, INDEX_VISIBLE);
}

struct leat_slice index_group_name(const struct index_message *message) { return group_name(message->group); }

const struct index_message *index_oldest(const struct index *index) { return index->ages.count > 0 ? index->ages.all[0] : NULL; }

uint64_t index_next_due(const struct index *index) { return index->waiting.count > 0 ? index->waiting.all[0]->due_ms : UINT64_MAX; }
