/* The service's life, its queues by name, and what all operations share. */
#include "queue/service.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/slice.h"

enum { NUMBER_SHIFT = 12 }; /* sequence numbers: at least 4096 a millisecond */

void queue_fault_clean(struct queue_fault *fault) {
    uint8_t *at = (uint8_t *)fault->message, *end = at + strlen(fault->message);
    while (at < end) {
        size_t size = utf8_sequence(at, (size_t)(end - at));
        if (size == 0) *at = '?';
        at += size > 0 ? size : 1;
    }
}

bool queue_fault_set(struct queue_fault *fault, enum queue_error error, const char *format, ...) {
    va_list arguments;
    fault->error = error;
    va_start(arguments, format);
    (void)vsnprintf(fault->message, sizeof fault->message, format, arguments);
    va_end(arguments);
    queue_fault_clean(fault);
    return false;
}

struct net_loop *queue_loop(const struct queue_service *service) { return service->loop; }

void service_failed(struct queue_fault *fault, enum leat_code code, const struct leat_fault *why) {
    if (code == LEAT_BUSY) (void)queue_fault_set(fault, QUEUE_THROTTLED, "Too many writes are waiting; try again.");
    else (void)queue_fault_set(fault, QUEUE_INTERNAL, "%.400s", why->message);
}

/* ---- queues by name ---- */

static size_t place_of(const struct queue_service *service, struct leat_slice name, bool *found) {
    size_t low = 0, high = service->count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = slice_compare(slice_text(service->queues[middle]->name), name);
        if (order == 0) *found = true;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return low;
}

struct queue *service_find(const struct queue_service *service, struct leat_slice name) {
    bool found;
    size_t at = place_of(service, name, &found);
    return found ? service->queues[at] : NULL;
}

static bool reserve(struct queue_service *service) {
    if (service->count < service->capacity) return true;
    size_t capacity = service->capacity == 0 ? 16 : 2 * service->capacity;
    struct queue **queues = reallocarray(service->queues, capacity, sizeof(struct queue *));
    if (queues == NULL) return false;
    service->queues = queues;
    service->capacity = capacity;
    return true;
}

struct queue *service_add(struct queue_service *service, struct leat_slice name, const struct store_queue *stored,
                          struct settings *settings) {
    struct queue *queue = reserve(service) ? calloc(1, sizeof *queue) : NULL;
    if (queue == NULL) {
        settings_free(settings);
        return NULL;
    }
    queue->service = service;
    queue->references = 1;
    memcpy(queue->name, name.data, name.size);
    queue->stored = *stored;
    store_name(stored, queue->store);
    queue->settings = settings;
    queue->last_waiting = &queue->waiting;
    index_init(&queue->index, settings->fifo);
    bool found;
    size_t at = place_of(service, name, &found);
    memmove(service->queues + at + 1, service->queues + at, (service->count - at) * sizeof(struct queue *));
    service->queues[at] = queue;
    service->count++;
    return queue;
}

static void timer_closed(uv_handle_t *handle) {
    struct queue *queue = handle->data;
    queue_drop(queue);
}

void service_take_out(struct queue_service *service, struct queue *queue) {
    bool found;
    size_t at = place_of(service, slice_text(queue->name), &found);
    service->count--;
    memmove(service->queues + at, service->queues + at + 1, (service->count - at) * sizeof(struct queue *));
    queue->gone = true;
    service->message_count -= queue->index.count;
    index_fini(&queue->index);
    recent_forget_all(queue);
    receive_end_all(queue);
    if (queue->timer_made) uv_close((uv_handle_t *)&queue->timer, timer_closed);
    queue_drop(queue);
}

void queue_hold(struct queue *queue) { queue->references++; }

void queue_drop(struct queue *queue) {
    if (--queue->references > 0) return;
    struct queue_service *service = queue->service;
    bool timer = queue->timer_made;
    index_fini(&queue->index);
    recent_forget_all(queue);
    settings_free(queue->settings);
    free(queue);
    if (timer) service_release(service);
}

uint64_t queue_next_number(struct queue *queue) {
    uint64_t by_time = service_now_ms(queue->service) << NUMBER_SHIFT;
    queue->newest = queue->newest + 1 > by_time ? queue->newest + 1 : by_time;
    return queue->newest;
}

/* ---- operations ---- */

struct queue *service_begin(struct queue_service *service, struct queue_operation *operation) {
    operation->service = service;
    operation->queue = service_find(service, operation->name);
    if (operation->queue != NULL) {
        queue_hold(operation->queue);
        return operation->queue;
    }
    (void)queue_fault_set(&operation->fault, QUEUE_DOES_NOT_EXIST, "The specified queue does not exist.");
    service_end(operation);
    return NULL;
}

void service_end(struct queue_operation *operation) {
    if (operation->queue != NULL) queue_drop(operation->queue);
    operation->queue = NULL;
    operation->done(operation);
}

/* ---- life ---- */

void service_release(struct queue_service *service) {
    if (--service->pending == 0 && service->closed != NULL) uv_sem_post(service->closed);
}

static void sweeper_fired(uv_timer_t *timer) {
    struct queue_service *service = timer->data;
    uint64_t now_ms = service_now_ms(service);
    for (size_t i = 0; i < service->count; i++) {
        sweep_expired(service->queues[i], now_ms);
        recent_sweep(service->queues[i], now_ms);
    }
    sweep_run(service);
}

/* ---- the clock ---- */

static void clock_moved(void *context) {
    struct queue_service *service = context;
    atomic_store(&service->moved_posted, true);
    net_loop_post(service->loop, &service->moved);
}

static void moved_run(struct net_task *task) {
    struct queue_service *service = (struct queue_service *)(void *)((char *)task - offsetof(struct queue_service, moved));
    atomic_store(&service->moved_posted, false);
    if (service->closing) {
        service_release(service);
        return;
    }
    for (size_t i = 0; i < service->count; i++) {
        sweep_expired(service->queues[i], service_now_ms(service));
        receive_wake(service->queues[i]);
    }
    sweep_run(service);
    receive_clock(service);
    leat_waiter_looked(service->waiter);
}

struct visit {
    struct net_task task;
    struct queue_service *service;
    uv_sem_t done;
};

static void begin_run(struct net_task *task) {
    struct visit *visit = (struct visit *)(void *)task;
    struct queue_service *service = visit->service;
    if (uv_timer_init(net_loop_uv(service->loop), &service->sweeper) == 0) {
        service->pending++;
        service->sweeper.data = service;
        (void)uv_timer_start(&service->sweeper, sweeper_fired, SERVICE_SWEEP_EVERY_MS, SERVICE_SWEEP_EVERY_MS);
    }
    sweep_run(service);
    service->moved.run = moved_run;
    service->waiter = leat_waiter_add(service->db, clock_moved, service);
    uv_sem_post(&visit->done);
}

static void drain_run(struct net_task *task) {
    struct visit *visit = (struct visit *)(void *)task;
    visit->service->draining = true;
    for (size_t i = 0; i < visit->service->count; i++) receive_end_all(visit->service->queues[i]);
    uv_sem_post(&visit->done);
}

static void sweeper_closed(uv_handle_t *handle) { service_release(handle->data); }

static void end_run(struct net_task *task) {
    struct visit *visit = (struct visit *)(void *)task;
    struct queue_service *service = visit->service;
    service->closing = service->draining = true;
    service->pending++; /* this visit's own */
    leat_waiter_remove(service->waiter);
    service->waiter = NULL;
    if (atomic_load(&service->moved_posted)) service->pending++; /* it is still on its way */
    service->closed = &visit->done;
    while (service->count > 0) service_take_out(service, service->queues[service->count - 1]);
    uv_close((uv_handle_t *)&service->sweeper, sweeper_closed);
    service_release(service);
}

static void visit(struct queue_service *service, void (*run)(struct net_task *task)) {
    struct visit here = {.task.run = run, .service = service};
    if (uv_sem_init(&here.done, 0) != 0) return;
    net_loop_post(service->loop, &here.task);
    uv_sem_wait(&here.done);
    uv_sem_destroy(&here.done);
}

enum leat_code queue_service_new(const struct queue_service_options *options, struct queue_service **out, struct leat_fault *fault) {
    struct queue_service *service = calloc(1, sizeof *service);
    if (service == NULL) return fault_memory(fault);
    service->db = options->db;
    service->loop = options->loop;
    service->region = options->region;
    service->account = options->account;
    service->last_control = &service->control;
    enum leat_code code = load_all(service, fault);
    visit(service, begin_run);
    if (code == LEAT_OK) *out = service;
    else queue_service_free(service);
    return code;
}

void queue_service_drain(struct queue_service *service) { visit(service, drain_run); }

void queue_service_free(struct queue_service *service) {
    if (service == NULL) return;
    visit(service, end_run);
    sweep_forget_all(service);
    free(service->queues);
    free(service);
}
