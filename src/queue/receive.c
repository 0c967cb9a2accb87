/* Receiving, also later: those who wait stand in line at their queue, and get what becomes visible in the order in which they came.
 *
 * What is received is hidden in memory at once and written behind the answer (leat:deliveries): waiting for that commit would make every
 * receive as slow as a send, and what a crash can lose of it is only that a message comes again, which consumers must expect anyway. */
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "base/slice.h"
#include "item/member.h"
#include "queue/service.h"

enum { MS = 1000 };

static struct queue_receive *receive_of(struct queue_operation *operation) { return (struct queue_receive *)(void *)operation; }

/* ---- taking ---- */

static void answer_message(const struct queue *queue, struct queue_receive *receive, const struct index_message *message) {
    struct queue_message *out = &receive->messages[receive->count++];
    *out = (struct queue_message){
        .number = message->sequence,
        .sent_ms = message->sent_ms,
        .first_received_ms = message->first_received_ms,
        .received = message->received + message->received_before,
        .parts = message->parts,
    };
    store_id_text(message->id, out->id);
    handle_write(queue, message, out->handle);
}

static struct queue *dead_letter_of(const struct queue *queue) {
    struct leat_slice name = queue->settings->dead_letter;
    struct queue *target = name.data != NULL ? service_find(queue->service, name) : NULL;
    return target == queue ? NULL : target;
}

/* Takes what there is; false: refused. */
static bool take(struct queue *queue, struct queue_receive *receive, struct batch *batch) {
    uint64_t now_ms = service_now_ms(queue->service);
    int64_t visibility_s = receive->has_visibility ? receive->visibility_s : queue->settings->number[ATTRIBUTE_VISIBILITY_TIMEOUT];
    struct queue *dead_letter = dead_letter_of(queue);
    struct index_message *message, *previous = NULL;
    while ((int64_t)receive->count < receive->max && (message = index_next(&queue->index, previous)) != NULL) {
        if (dead_letter != NULL && message->received >= (uint64_t)queue->settings->receives_max) {
            if (!move_dead(queue, message, dead_letter)) break;
            continue;
        }
        if (queue->index.counts[INDEX_IN_FLIGHT] >= QUEUE_IN_FLIGHT_MAX) {
            if (receive->count > 0) break;
            return queue_fault_set(&receive->operation.fault, QUEUE_OVER_LIMIT,
                                   "Too many messages are in flight: the limit is %d.", QUEUE_IN_FLIGHT_MAX);
        }
        message->received++;
        message->received_ms = now_ms;
        if (message->first_received_ms == 0) message->first_received_ms = now_ms;
        index_hide(&queue->index, message, now_ms + (uint64_t)visibility_s * MS);
        answer_message(queue, receive, message);
        store_put_delivery(batch, queue->store, message);
        previous = queue->settings->fifo ? message : NULL;
    }
    return true;
}

/* Nobody waits for the marks; that they were not written is told, and costs a message that comes twice after a crash. */
static void write_marks(struct queue_service *service, struct batch *batch) {
    struct leat_fault fault = {0};
    if (batch_start(batch, service->db, false, service->loop, NULL, NULL, &fault) != LEAT_OK)
        log_warning("queues: cannot write that messages were received: %s", fault.message);
}

/* True: it has its answer. */
static bool try(struct queue *queue, struct queue_receive *receive) {
    struct queue_service *service = queue->service;
    uint64_t now_ms = service_now_ms(service);
    sweep_expired(queue, now_ms);
    index_settle(&queue->index, now_ms);
    if (index_next(&queue->index, NULL) == NULL) return false;
    struct batch *batch = batch_new();
    if (batch == NULL) return !queue_fault_set(&receive->operation.fault, QUEUE_INTERNAL, "There is no memory.");
    memcpy(receive->store, queue->store, sizeof receive->store);
    bool allowed = take(queue, receive, batch);
    if (batch->count > 0) write_marks(service, batch);
    else batch_free(batch);
    return !allowed || receive->count > 0;
}

/* ---- waiting ---- */

static void line_leave(struct queue *queue, struct queue_operation **at) {
    struct queue_operation *operation = *at;
    *at = operation->next;
    if (operation->next == NULL) queue->last_waiting = at;
    receive_of(operation)->waiting = false;
}

static void arm(struct queue *queue);

static void serve(struct queue *queue) {
    uint64_t loop_ms = uv_now(net_loop_uv(queue->service->loop));
    queue_hold(queue);
    while (queue->waiting != NULL && try(queue, receive_of(queue->waiting))) {
        struct queue_operation *operation = queue->waiting;
        line_leave(queue, &queue->waiting);
        service_end(operation);
    }
    for (struct queue_operation **at = &queue->waiting; *at != NULL;) {
        struct queue_operation *operation = *at;
        if (receive_of(operation)->deadline_ms > loop_ms) {
            at = &operation->next;
            continue;
        }
        line_leave(queue, at);
        service_end(operation);
    }
    arm(queue);
    queue_drop(queue);
}

static void timer_fired(uv_timer_t *timer) { serve(timer->data); }

static bool make_timer(struct queue *queue) {
    if (queue->timer_made) return true;
    if (uv_timer_init(net_loop_uv(queue->service->loop), &queue->timer) != 0) return false;
    queue->timer.data = queue;
    queue->timer_made = true;
    queue->service->pending++;
    queue_hold(queue); /* until the timer is closed */
    return true;
}

/* While somebody waits: at the first deadline, or when the next message becomes visible. */
static void arm(struct queue *queue) {
    if (queue->gone || !queue->timer_made) return;
    if (queue->waiting == NULL) {
        (void)uv_timer_stop(&queue->timer);
        return;
    }
    uint64_t loop_ms = uv_now(net_loop_uv(queue->service->loop)), now_ms = service_now_ms(queue->service), wait_ms = UINT64_MAX;
    for (struct queue_operation *operation = queue->waiting; operation != NULL; operation = operation->next) {
        uint64_t deadline_ms = receive_of(operation)->deadline_ms, left_ms = deadline_ms > loop_ms ? deadline_ms - loop_ms : 0;
        if (left_ms < wait_ms) wait_ms = left_ms;
    }
    uint64_t due_ms = index_next_due(&queue->index);
    if (due_ms != UINT64_MAX) {
        uint64_t left_ms = due_ms > now_ms ? due_ms - now_ms : 0;
        if (left_ms < wait_ms) wait_ms = left_ms;
    }
    (void)uv_timer_start(&queue->timer, timer_fired, wait_ms, 0);
    receive_clock(queue->service);
}

void receive_clock(struct queue_service *service) {
    uint64_t due_ms = UINT64_MAX;
    if (service->waiter == NULL || !leat_clock_virtual(service->db)) return;
    for (size_t i = 0; i < service->count; i++) {
        const struct queue *queue = service->queues[i];
        uint64_t next_ms = queue->waiting != NULL ? index_next_due(&queue->index) : UINT64_MAX;
        if (next_ms < due_ms) due_ms = next_ms;
    }
    leat_waiter_until(service->waiter, due_ms);
}

void receive_wake(struct queue *queue) {
    if (queue->waiting != NULL) serve(queue);
}

void receive_end_all(struct queue *queue) {
    bool deleted = queue->gone && !queue->service->closing;
    while (queue->waiting != NULL) {
        struct queue_operation *operation = queue->waiting;
        line_leave(queue, &queue->waiting);
        if (deleted) (void)queue_fault_set(&operation->fault, QUEUE_DOES_NOT_EXIST, "The specified queue does not exist.");
        service_end(operation);
    }
}

/* ---- the operation ---- */

static bool check(struct queue_receive *receive) {
    struct queue_fault *fault = &receive->operation.fault;
    if (receive->max < 1 || receive->max > QUEUE_BATCH_MAX)
        return queue_fault_set(fault, QUEUE_INVALID_PARAMETER_VALUE,
                               "Value %" PRId64 " for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if "
                               "provided.", receive->max);
    if (receive->has_visibility && (receive->visibility_s < 0 || receive->visibility_s > QUEUE_VISIBILITY_S_MAX))
        return queue_fault_set(fault, QUEUE_INVALID_PARAMETER_VALUE,
                               "Value %" PRId64 " for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= 43200, if "
                               "provided.", receive->visibility_s);
    if (receive->has_wait && (receive->wait_s < 0 || receive->wait_s > QUEUE_WAIT_S_MAX))
        return queue_fault_set(fault, QUEUE_INVALID_PARAMETER_VALUE,
                               "Value %" PRId64 " for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.",
                               receive->wait_s);
    return true;
}

void queue_receive(struct queue_service *service, struct queue_receive *receive) {
    struct queue_operation *operation = &receive->operation;
    receive->count = 0;
    receive->waiting = false;
    struct queue *queue = service_begin(service, operation);
    if (queue == NULL) return;
    int64_t wait_s = receive->has_wait ? receive->wait_s : queue->settings->number[ATTRIBUTE_RECEIVE_WAIT];
    receive->fifo = queue->settings->fifo;
    /* who came first and waits is served first */
    if (!check(receive) || (queue->waiting == NULL && try(queue, receive)) || wait_s == 0 || service->draining || !make_timer(queue)) {
        service_end(operation);
        return;
    }
    uv_update_time(net_loop_uv(service->loop));
    receive->deadline_ms = uv_now(net_loop_uv(service->loop)) + (uint64_t)wait_s * MS;
    receive->waiting = true;
    operation->next = NULL;
    *queue->last_waiting = operation;
    queue->last_waiting = &operation->next;
    arm(queue);
}

/* As if it had not been: it can be received at once, and this one does not count. */
static void give_back(struct queue *queue, const struct queue_message *given, struct batch *batch) {
    struct index_message *message = index_find(&queue->index, given->number);
    if (message == NULL || message->state != INDEX_IN_FLIGHT || message->received + message->received_before != given->received) return;
    index_show(&queue->index, message);
    message->received--;
    if (message->received + message->received_before == 0) message->first_received_ms = 0;
    store_put_delivery(batch, queue->store, message);
}

static bool leave_line(struct queue_receive *receive) {
    struct queue *queue = receive->operation.queue;
    if (!receive->waiting) return false;
    for (struct queue_operation **at = &queue->waiting; *at != NULL; at = &(*at)->next) {
        if (*at != &receive->operation) continue;
        line_leave(queue, at);
        return true;
    }
    return false;
}

void queue_receive_undo(struct queue_service *service, struct queue_receive *receive) {
    if (leave_line(receive)) {
        service_end(&receive->operation);
        return;
    }
    struct queue *queue = service_find(service, receive->operation.name);
    struct batch *batch = receive->count > 0 && queue != NULL && strcmp(queue->store, receive->store) == 0 ? batch_new() : NULL;
    if (batch == NULL) return;
    for (size_t i = 0; i < receive->count; i++) give_back(queue, &receive->messages[i], batch);
    receive->count = 0;
    if (batch->count > 0) write_marks(service, batch);
    else batch_free(batch);
    receive_wake(queue);
}

/* ---- bodies ---- */

static bool read_attributes(struct leat_slice content, struct arena *arena, struct queue_message *out) {
    struct item_value map, value;
    struct leat_slice name;
    if (!item_find(content, SLICE("attributes"), &map)) return true;
    struct item_iterator each = item_iterate(map.payload);
    out->attributes = ARENA_ARRAY(arena, struct queue_attribute, item_count(&map) + 1);
    if (out->attributes == NULL) return false;
    while (item_map_next(&each, &name, &value)) {
        struct item_value bytes;
        struct queue_attribute *attribute = &out->attributes[out->attribute_count++];
        if (!item_find(value.payload, SLICE("value"), &bytes)) return false;
        *attribute = (struct queue_attribute){name, item_member_text(value.payload, "type"), bytes.payload, bytes.type == ITEM_B};
    }
    return true;
}

static bool read_message(const struct queue_receive *receive, const struct leat_slice *parts, struct arena *arena,
                         struct queue_message *out) {
    struct leat_slice content = store_join(parts, out->parts, arena);
    out->gone = content.data == NULL;
    if (out->gone) return true;
    out->body = item_member_text(content, "body");
    out->source = item_member_text(content, "source");
    out->trace_header = item_member_text(content, "trace");
    out->group = item_member_text(parts[0], "group");
    out->deduplication = item_member_text(parts[0], "deduplication");
    if (receive->fifo) queue_print_number(out->number, out->sequence);
    return read_attributes(content, arena, out);
}

enum leat_code queue_read(struct queue_service *service, struct queue_receive *receive, struct leat_fault *fault) {
    struct store_wanted wanted[QUEUE_BATCH_MAX];
    struct arena *arena = receive->operation.arena;
    size_t at = 0;
    for (size_t i = 0; i < receive->count; i++) wanted[i] = (struct store_wanted){receive->messages[i].number, receive->messages[i].parts};
    TRY(store_read_parts(service->db, receive->store, wanted, receive->count, arena, &receive->result, fault));
    for (size_t i = 0; i < receive->count; at += receive->messages[i++].parts)
        if (!read_message(receive, receive->result.items + at, arena, &receive->messages[i])) return fault_memory(fault);
    return LEAT_OK;
}

void queue_read_end(struct queue_receive *receive) { leat_result_free(&receive->result); }
