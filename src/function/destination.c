/* A function as the destination of records: each is an asynchronous invocation of its own. */
#include <stdio.h>
#include <stdlib.h>

#include "base/slice.h"
#include "function/service.h"

struct function_destination {
    struct trigger_destination destination;
    struct function_service *service;
    char arn[FUNCTION_ARN_SIZE];
};

struct sending {
    trigger_sent_fn sent;
    void *context;
};

static void accepted(void *context, enum leat_code code, struct leat_slice request_id, const struct leat_fault *fault) {
    struct sending *sending = context;
    (void)request_id;
    sending->sent(sending->context, code == LEAT_OK, fault->message);
    free(sending);
}

static void destination_send(struct trigger_destination *base, const struct trigger_failure *failure, trigger_sent_fn sent,
                             void *context) {
    struct function_destination *destination = (struct function_destination *)(void *)base;
    struct sending *sending = malloc(sizeof *sending);
    if (sending == NULL) {
        sent(context, false, "no memory");
        return;
    }
    *sending = (struct sending){sent, context};
    struct function_invocation invocation = {.name = slice_text(destination->arn), .payload = failure->record};
    function_invoke_event(destination->service, &invocation, accepted, sending);
}

static void destination_release(struct trigger_destination *base) { free(base); } /* what is under way does not need it */

static const struct trigger_destination_kind KIND = {.name = "lambda", .send = destination_send, .release = destination_release};

static enum leat_code destination_check(void *context, struct leat_slice arn, struct leat_fault *fault) {
    char text[FUNCTION_ARN_SIZE];
    return function_resolve_arn(context, arn, text, sizeof text, fault);
}

static enum leat_code destination_open(void *context, struct leat_slice arn, struct trigger_destination **out,
                                       struct leat_fault *fault) {
    struct function_destination *destination = calloc(1, sizeof *destination);
    if (destination == NULL) return fault_memory(fault);
    destination->destination.kind = &KIND;
    destination->service = context;
    (void)snprintf(destination->arn, sizeof destination->arn, "%.*s", SLICE_FORMAT(arn));
    *out = &destination->destination;
    return LEAT_OK;
}

const struct trigger_destination_resolver function_destination_resolver = {
    .service = "lambda", .check = destination_check, .open = destination_open};
