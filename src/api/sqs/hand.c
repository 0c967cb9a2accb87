/* A call's way to the queues and back. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/sqs/sqs.h"
#include "base/slice.h"

const struct api_field sqs_text_element = {.name = "", .kind = API_STRING};
const struct api_field sqs_pair_element = {.name = "", .kind = API_STRING, .offset = offsetof(struct sqs_pair, value)};

/* ---- there and back ---- */

struct hand {
    struct api_call *call;
    struct queue_operation *operation;
    sqs_start_fn start;
    sqs_finish_fn finish;
    bool always; /* finish hears of faults, too */
};

static void finish(struct net_task *task) {
    struct api_call *call = api_call_of(task);
    struct hand *hand = call->state;
    if (hand->operation->fault.error != QUEUE_OK && !hand->always) sqs_fail_as(call, &hand->operation->fault);
    else hand->finish(call, hand->operation);
}

static void done(struct queue_operation *operation) {
    struct hand *hand = operation->context;
    api_post(hand->call, hand->call->request->loop, finish);
}

static void start(struct net_task *task) {
    struct api_call *call = api_call_of(task);
    struct hand *hand = call->state;
    hand->start(call->server->queues, hand->operation);
}

static void hand_over(struct api_call *call, struct queue_operation *operation, sqs_start_fn start_it, sqs_finish_fn finish_it,
                      bool always) {
    struct hand *hand = sqs_new(call, sizeof *hand);
    if (hand == NULL) return;
    *hand = (struct hand){call, operation, start_it, finish_it, always};
    operation->context = hand;
    operation->done = done;
    operation->arena = call->arena;
    call->state = hand;
    api_post(call, queue_loop(call->server->queues), start);
}

void sqs_run(struct api_call *call, struct queue_operation *operation, sqs_start_fn start_it, sqs_finish_fn finish_it) {
    hand_over(call, operation, start_it, finish_it, false);
}

void sqs_run_always(struct api_call *call, struct queue_operation *operation, sqs_start_fn start_it, sqs_finish_fn finish_it) {
    hand_over(call, operation, start_it, finish_it, true);
}

void sqs_done(struct api_call *call, struct queue_operation *operation) {
    (void)operation;
    api_done(call);
}

void *sqs_new(struct api_call *call, size_t size) {
    void *made = arena_zero(call->arena, 1, size);
    if (made == NULL) api_fail(call, LEAT_NO_MEMORY, NULL);
    return made;
}

/* ---- faults ---- */

#define TYPE_OF(name, type, code, status) type,
static const char *const types[] = {QUEUE_ERRORS(TYPE_OF)};
#undef TYPE_OF

void sqs_fail_as(struct api_call *call, const struct queue_fault *fault) {
    call->error_type = types[fault->error];
    call->message = arena_copy(call->arena, slice_text(fault->message));
    api_fail(call, fault->error == QUEUE_INTERNAL ? LEAT_INTERNAL : LEAT_VALIDATION, NULL);
}

void sqs_fail(struct api_call *call, enum queue_error error, const char *format, ...) {
    struct queue_fault fault = {.error = error};
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(fault.message, sizeof fault.message, format, arguments);
    va_end(arguments);
    queue_fault_clean(&fault);
    sqs_fail_as(call, &fault);
}

/* ---- queue URLs ---- */

/* Takes the last segment off a path; absent: there is no slash in front of it. */
static struct leat_slice last_segment(struct leat_slice *path) {
    size_t at = path->size;
    while (at > 0 && path->data[at - 1] != '/') at--;
    if (at == 0) return (struct leat_slice){NULL, 0};
    struct leat_slice segment = slice_of(path->data + at, path->size - at);
    path->size = at - 1;
    return segment;
}

bool sqs_queue_name(struct api_call *call, struct leat_slice url, struct leat_slice *name) {
    struct leat_slice rest = url, account;
    *name = last_segment(&rest);
    account = slice_of(rest.data, rest.size);
    for (size_t at = rest.size; at > 0 && name->data != NULL; at--) {
        if (rest.data[at - 1] != '/') continue;
        account = slice_of(rest.data + at, rest.size - at);
        break;
    }
    if (name->size == 0 || account.size == 0) {
        sqs_fail(call, QUEUE_INVALID_ADDRESS, "The address %.*s is not valid for this endpoint.", url.size > 256 ? 256 : (int)url.size,
                 (const char *)url.data);
        return false;
    }
    if (slice_is(account, call->server->account)) return true;
    sqs_fail(call, QUEUE_DOES_NOT_EXIST, "The specified queue does not exist.");
    return false;
}

struct leat_slice sqs_queue_url(struct api_call *call, struct leat_slice name) {
    struct leat_slice host = net_request_header(call->request, "Host");
    if (host.size == 0) host = SLICE("localhost");
    return arena_print(call->arena, "http://%.*s/%s/%.*s", SLICE_FORMAT(host), call->server->account, SLICE_FORMAT(name));
}

/* ---- batches ---- */

/* API Reference, SendMessageBatchRequestEntry: Id */
static bool good_id(struct leat_slice id) {
    bool good = id.size >= 1 && id.size <= 80;
    for (size_t i = 0; i < id.size && good; i++) {
        uint8_t byte = id.data[i];
        good = (byte >= '0' && byte <= '9') || ((byte | 32) >= 'a' && (byte | 32) <= 'z') || byte == '-' || byte == '_';
    }
    return good;
}

static struct leat_slice id_of(const struct api_list *entries, size_t size, size_t i) {
    return *(const struct leat_slice *)(const void *)((const uint8_t *)entries->elements + i * size);
}

bool sqs_check_batch(struct api_call *call, const struct api_list *entries, size_t size, const char *entry) {
    if (entries->count == 0) {
        sqs_fail(call, QUEUE_EMPTY_BATCH, "There should be at least one %s in the request.", entry);
        return false;
    }
    if (entries->count > QUEUE_BATCH_MAX) {
        sqs_fail(call, QUEUE_TOO_MANY_ENTRIES, "Maximum number of entries per request are %d. You have sent %zu.", QUEUE_BATCH_MAX,
                 entries->count);
        return false;
    }
    for (size_t i = 0; i < entries->count; i++) {
        struct leat_slice id = id_of(entries, size, i);
        if (!good_id(id)) {
            sqs_fail(call, QUEUE_INVALID_ENTRY_ID,
                     "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters "
                     "long.");
            return false;
        }
        for (size_t k = 0; k < i; k++) {
            if (!slice_equal(id, id_of(entries, size, k))) continue;
            sqs_fail(call, QUEUE_IDS_NOT_DISTINCT, "Id %.*s repeated.", SLICE_FORMAT(id));
            return false;
        }
    }
    return true;
}

void sqs_write_failed(struct json_writer *json, struct leat_slice id, const struct queue_fault *fault) {
    json_object(json);
    json_key(json, "Id");
    json_string(json, id);
    json_key(json, "SenderFault");
    json_bool(json, fault->error != QUEUE_INTERNAL && fault->error != QUEUE_THROTTLED);
    json_key(json, "Code");
    json_text(json, sqs_error_code(fault->error));
    json_key(json, "Message");
    json_text(json, fault->message);
    json_object_end(json);
}
