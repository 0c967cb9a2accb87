/* Creating, changing, purging and deleting queues: one after another, so that each sees what the one before has done. Each is looked at,
 * written, and then applied to what is in memory. */
#include <stdio.h>
#include <string.h>

#include "base/slice.h"
#include "queue/service.h"

/* One that is being worked on. */
struct step {
    struct queue_service *service;
    struct queue_control *control;
    struct queue *queue;        /* CREATE: none yet */
    struct settings *settings;  /* after it; NULL: as before */
    struct store_queue stored;
};

static struct queue_control *control_of(struct queue_operation *operation) { return (struct queue_control *)(void *)operation; }

static void finish(struct queue_service *service) {
    struct queue_operation *operation = service->control;
    service->control = operation->next;
    if (service->control == NULL) service->last_control = &service->control;
    service->control_busy = false;
    service_end(operation);
    control_next(service);
}

/* ---- what may be refused ---- */

/* API Reference, CreateQueue: QueueName */
static bool check_name(struct leat_slice name, bool fifo, struct queue_fault *fault) {
    const struct leat_slice suffix = SLICE(".fifo");
    struct leat_slice stem = name;
    bool ends = name.size > suffix.size && slice_equal(slice_of(name.data + name.size - suffix.size, suffix.size), suffix);
    if (ends && fifo) stem.size -= suffix.size;
    bool good = name.size >= 1 && name.size <= QUEUE_NAME_MAX && ends == fifo;
    for (size_t i = 0; i < stem.size && good; i++) {
        uint8_t byte = stem.data[i];
        good = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || byte == '-' || byte == '_';
    }
    if (good) return true;
    return queue_fault_set(fault, QUEUE_INVALID_PARAMETER_VALUE, "%s",
                           fifo ? "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end "
                                  "with .fifo suffix and be 1 to 80 in length."
                                : "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length");
}

/* What it says of itself was looked at when it was read. */
static bool check_redrive(const struct queue_service *service, const struct settings *settings, const struct queue_control *control,
                          struct queue_fault *fault) {
    struct leat_slice policy = {NULL, 0};
    for (size_t i = 0; i < control->attribute_count; i++)
        if (slice_is(control->attributes[i].name, "RedrivePolicy")) policy = control->attributes[i].value;
    if (policy.data == NULL || settings->dead_letter.data == NULL) return true;
    const struct queue *target = service_find(service, settings->dead_letter);
    const char *reason = target == NULL ? "Dead letter target does not exist."
                         : target->settings->fifo != settings->fifo ? "Dead-letter queue must be same type of queue as the source."
                                                                    : NULL;
    if (reason == NULL) return true;
    return queue_fault_set(fault, QUEUE_INVALID_PARAMETER_VALUE, "Value %.*s for parameter RedrivePolicy is invalid. Reason: %s",
                           SLICE_FORMAT(policy), reason);
}

static bool compare(const struct queue *queue, struct settings *wanted, const struct queue_control *control, struct queue_fault *fault) {
    const char *different = settings_difference(queue->settings, wanted, control->attributes, control->attribute_count);
    if (different == NULL) return true;
    return queue_fault_set(fault, QUEUE_NAME_EXISTS, "A queue already exists with the same name and a different value for attribute %s",
                           different);
}

/* *write: there is something to write. */
static bool prepare_create(struct step *step, bool *write) {
    struct queue_control *control = step->control;
    struct queue_fault *fault = &control->operation.fault;
    step->settings = settings_change(NULL, control, fault);
    if (step->settings == NULL) return false;
    if (!check_name(control->operation.name, step->settings->fifo, fault)) return false;
    if (!check_redrive(step->service, step->settings, control, fault)) return false;
    *write = step->queue == NULL;
    control->found = !*write;
    if (control->found) return compare(step->queue, step->settings, control, fault);
    if (step->service->count >= QUEUE_QUEUES_MAX) return queue_fault_set(fault, QUEUE_OVER_LIMIT, "There are too many queues.");
    step->stored = (struct store_queue){.created_ms = service_now_ms(step->service)};
    step->stored.modified_ms = step->stored.created_ms;
    random_uuid(step->stored.id);
    return true;
}

static bool prepare(struct step *step, bool *write) {
    struct queue_control *control = step->control;
    struct queue_fault *fault = &control->operation.fault;
    uint64_t now_ms = service_now_ms(step->service);
    step->queue = service_find(step->service, control->operation.name);
    *write = true;
    if (control->change == QUEUE_CREATE) return prepare_create(step, write);
    if (step->queue == NULL) return queue_fault_set(fault, QUEUE_DOES_NOT_EXIST, "The specified queue does not exist.");
    step->stored = step->queue->stored;
    switch (control->change) {
    case QUEUE_PURGE:
        if (step->stored.purged_ms != 0 && now_ms < step->stored.purged_ms + QUEUE_PURGE_PAUSE_MS)
            return queue_fault_set(fault, QUEUE_PURGE_IN_PROGRESS, "Only one PurgeQueue operation on %s is allowed every 60 seconds.",
                                   step->queue->name);
        step->stored.purges++;
        step->stored.purged_ms = now_ms;
        return true;
    case QUEUE_DELETE: return true;
    default: break;
    }
    step->settings = settings_change(step->queue->settings, control, fault);
    if (step->settings == NULL || !check_redrive(step->service, step->settings, control, fault)) return false;
    if (control->change == QUEUE_SET) step->stored.modified_ms = now_ms;
    return true;
}

/* ---- what it does ---- */

static void empty(struct queue *queue) {
    bool fifo = queue->index.fifo;
    queue->service->message_count -= queue->index.count;
    index_fini(&queue->index);
    index_init(&queue->index, fifo);
    recent_forget_all(queue);
    (void)sweep_add(queue->service, queue->store); /* without memory its messages are found at the next start */
    store_name(&queue->stored, queue->store);
}

static void apply(struct step *step) {
    struct queue_service *service = step->service;
    struct queue_control *control = step->control;
    struct queue *queue = step->queue;
    if (control->change == QUEUE_DELETE) {
        (void)sweep_add(service, queue->store);
        service_take_out(service, queue);
    } else if (queue == NULL) {
        queue = service_add(service, control->operation.name, &step->stored, step->settings);
        if (queue == NULL) (void)queue_fault_set(&control->operation.fault, QUEUE_INTERNAL, "There is no memory.");
        step->settings = NULL;
    } else {
        queue->stored = step->stored;
        if (step->settings != NULL) {
            settings_free(queue->settings);
            queue->settings = step->settings;
            step->settings = NULL;
        }
        if (control->change == QUEUE_PURGE) empty(queue);
    }
    sweep_run(service);
}

static void written(struct batch *batch) {
    struct step *step = batch->context;
    struct queue_service *service = step->service;
    if (batch->code == LEAT_OK) apply(step);
    else service_failed(&step->control->operation.fault, batch->code, &batch->fault);
    settings_free(step->settings);
    finish(service);
    service_release(service);
}

/* The step lives in the batch's arena. */
static void start(struct queue_service *service, struct queue_control *control) {
    struct leat_fault fault = {0};
    struct batch *batch = batch_new();
    struct step *step = batch == NULL ? NULL : ARENA_NEW(&batch->arena, struct step);
    bool write = false;
    if (step == NULL) {
        batch_free(batch);
        (void)queue_fault_set(&control->operation.fault, QUEUE_INTERNAL, "There is no memory.");
        finish(service);
        return;
    }
    *step = (struct step){.service = service, .control = control};
    if (!prepare(step, &write) || !write) {
        settings_free(step->settings);
        batch_free(batch);
        finish(service);
        return;
    }
    struct settings *settings = step->settings;
    if (control->change == QUEUE_DELETE) store_delete_queue(batch, control->operation.name);
    else store_put_queue(batch, control->operation.name, &step->stored, settings != NULL ? settings : step->queue->settings);
    service->pending++;
    enum leat_code code = batch_start(batch, service->db, true, service->loop, written, step, &fault);
    if (code == LEAT_OK) return;
    settings_free(settings);
    service_failed(&control->operation.fault, code, &fault);
    service_release(service);
    finish(service);
}

/* ---- one after another ---- */

static void tables_make(uv_work_t *work) {
    struct queue_service *service = work->data;
    service->tables_code = store_make_tables(service->db, &service->tables_fault);
}

static void tables_done(uv_work_t *work, int status) {
    struct queue_service *service = work->data;
    struct queue_control *control = control_of(service->control);
    if (status != 0) service->tables_code = fault_set(&service->tables_fault, LEAT_CLOSED, "%s", "");
    service->tables_made = service->tables_code == LEAT_OK;
    if (service->tables_made) {
        start(service, control);
    } else {
        service_failed(&control->operation.fault, service->tables_code, &service->tables_fault);
        finish(service);
    }
    service_release(service);
}

void control_next(struct queue_service *service) {
    if (service->control_busy || service->control == NULL) return;
    struct queue_control *control = control_of(service->control);
    service->control_busy = true;
    if (control->change != QUEUE_CREATE || service->tables_made) {
        start(service, control);
        return;
    }
    service->tables_work.data = service; /* with the first queue; a server without any has none of the tables */
    if (uv_queue_work(net_loop_uv(service->loop), &service->tables_work, tables_make, tables_done) == 0) {
        service->pending++;
        return;
    }
    (void)queue_fault_set(&control->operation.fault, QUEUE_INTERNAL, "%s", "");
    finish(service);
}

void queue_control(struct queue_service *service, struct queue_control *control) {
    struct queue_operation *operation = &control->operation;
    operation->service = service;
    operation->queue = NULL;
    operation->next = NULL;
    *service->last_control = operation;
    service->last_control = &operation->next;
    control_next(service);
}
