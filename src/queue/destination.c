#include "queue/destination.h"

#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "queue/service.h"

enum { FAILURE_BYTES_MAX = 1 << 20 };

struct destination {
    struct trigger_destination destination;
    struct queue_service *service;
    char name[QUEUE_NAME_MAX + 1];
};

/* One failure record on its way. */
struct parcel {
    struct queue_send send;
    struct queue_entry entry;
    struct arena arena;
    char name[QUEUE_NAME_MAX + 1];
    trigger_sent_fn sent;
    void *context;
};

static void delivered(struct queue_operation *operation) {
    struct parcel *parcel = (struct parcel *)(void *)operation;
    const struct queue_fault *fault = operation->fault.error != QUEUE_OK ? &operation->fault : &parcel->entry.fault;
    bool durable = fault->error == QUEUE_OK;
    parcel->sent(parcel->context, durable, durable ? NULL : fault->message);
    arena_fini(&parcel->arena);
    free(parcel);
}

/* Ascending by name, as they are stored; a message's attributes cannot be empty. */
static bool copy_attributes(struct parcel *parcel, const struct trigger_failure *failure) {
    struct queue_attribute *all = ARENA_ARRAY(&parcel->arena, struct queue_attribute, failure->attribute_count + 1);
    size_t count = 0;
    if (all == NULL) return false;
    for (size_t i = 0; i < failure->attribute_count; i++) {
        const struct trigger_attribute *in = &failure->attributes[i];
        struct queue_attribute copy = {arena_copy(&parcel->arena, in->name), arena_copy(&parcel->arena, in->type),
                                       arena_copy(&parcel->arena, in->value), false};
        if (in->value.size == 0) continue;
        if (copy.name.data == NULL || copy.type.data == NULL || copy.value.data == NULL) return false;
        size_t at = count++;
        for (; at > 0 && slice_compare(all[at - 1].name, copy.name) > 0; at--) all[at] = all[at - 1];
        all[at] = copy;
    }
    parcel->entry.attributes = all;
    parcel->entry.attribute_count = count;
    return true;
}

static void send_failure(struct trigger_destination *to, const struct trigger_failure *failure, trigger_sent_fn sent, void *context) {
    struct destination *destination = (struct destination *)(void *)to;
    struct parcel *parcel = calloc(1, sizeof *parcel);
    if (parcel == NULL) {
        sent(context, false, "there is no memory");
        return;
    }
    arena_init(&parcel->arena, FAILURE_BYTES_MAX);
    memcpy(parcel->name, destination->name, sizeof parcel->name);
    parcel->sent = sent;
    parcel->context = context;
    parcel->entry.body = arena_copy(&parcel->arena, failure->record);
    if (parcel->entry.body.data == NULL || !copy_attributes(parcel, failure)) {
        arena_fini(&parcel->arena);
        free(parcel);
        sent(context, false, "there is no memory");
        return;
    }
    parcel->send = (struct queue_send){
        .operation = {.done = delivered, .name = slice_text(parcel->name), .arena = &parcel->arena},
        .entries = &parcel->entry,
        .count = 1,
    };
    queue_send(destination->service, &parcel->send);
}

static void release(struct trigger_destination *destination) { free(destination); }

static const struct trigger_destination_kind kind = {.name = "sqs", .send = send_failure, .release = release};

/* In this server's region and account: arn:aws:sqs:REGION:ACCOUNT:NAME. Absent: elsewhere. */
static struct leat_slice own_name(const struct queue_service *service, struct leat_slice arn) {
    struct leat_slice name = queue_arn_name(arn);
    size_t region = strlen(service->region), account = strlen(service->account);
    const struct leat_slice absent = {NULL, 0};
    if (name.data == NULL || name.size == 0 || name.size > QUEUE_NAME_MAX) return absent;
    struct leat_slice place = slice_of(arn.data, (size_t)(name.data - arn.data));
    if (place.size < region + account + 3) return absent;
    const uint8_t *at = place.data + place.size - account - region - 2;
    bool own = at[-1] == ':' && memcmp(at, service->region, region) == 0 && at[region] == ':' &&
               memcmp(at + region + 1, service->account, account) == 0;
    return own ? name : absent;
}

static enum leat_code unknown(struct leat_slice arn, struct leat_fault *fault) {
    return fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "Queue not found: %.*s", SLICE_FORMAT(arn));
}

/* Any thread: what is durable is looked at, not what the loop knows. */
static enum leat_code check(void *context, struct leat_slice arn, struct leat_fault *fault) {
    struct queue_service *service = context;
    struct leat_slice name = own_name(service, arn);
    bool found = false, fifo = false;
    if (name.data != NULL) TRY(store_find_queue(service->db, name, &found, &fifo, fault));
    if (!found) return unknown(arn, fault);
    if (!fifo) return LEAT_OK;
    return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE, "FIFO queues are not supported as destinations: %.*s", SLICE_FORMAT(arn));
}

static enum leat_code open_queue(void *context, struct leat_slice arn, struct trigger_destination **out, struct leat_fault *fault) {
    struct queue_service *service = context;
    struct leat_slice name = own_name(service, arn);
    if (name.data == NULL) return unknown(arn, fault);
    struct destination *destination = calloc(1, sizeof *destination);
    if (destination == NULL) return fault_memory(fault);
    destination->destination.kind = &kind;
    destination->service = service;
    memcpy(destination->name, name.data, name.size);
    *out = &destination->destination;
    return LEAT_OK;
}

struct trigger_destination_resolver queue_destinations(struct queue_service *service) {
    return (struct trigger_destination_resolver){.service = "sqs", .check = check, .open = open_queue, .context = service};
}
