/* A function as what a trigger delivers to. */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "base/slice.h"
#include "function/service.h"

struct function_target {
    struct trigger_target target;
    struct function_service *service;
    char arn[FUNCTION_ARN_SIZE];
};

struct delivery {
    trigger_delivered_fn delivered;
    void *context;
};

/* Lambda API Reference, Invoke: errors and their status */
static unsigned status_of(enum leat_code code) {
    switch (code) {
    case LEAT_OK: return 200;
    case LEAT_BUSY:
    case LEAT_TOO_MANY_REQUESTS: return 429;
    case LEAT_RESOURCE_NOT_FOUND: return 404;
    case LEAT_REQUEST_TOO_LARGE: return 413;
    case LEAT_VALIDATION: return 400;
    default: return 500;
    }
}

static void delivery_done(void *context, const struct function_answer *answer) {
    struct delivery *delivery = context;
    struct trigger_outcome outcome = {
        .kind = TRIGGER_SUCCESS,
        .payload = answer->payload,
        .status = status_of(answer->code),
        .request_id = answer->request_id,
        .executed_version = answer->executed_version,
    };
    if (answer->function_error) {
        outcome.kind = TRIGGER_FUNCTION_ERROR;
        outcome.function_error = SLICE("Unhandled");
    }
    if (answer->code != LEAT_OK) outcome.kind = TRIGGER_NOT_DELIVERED;
    delivery->delivered(delivery->context, &outcome);
    free(delivery);
}

static void target_deliver(struct trigger_target *base, struct leat_slice event, trigger_delivered_fn delivered, void *context) {
    struct function_target *target = (struct function_target *)(void *)base;
    struct delivery *delivery = malloc(sizeof *delivery);
    if (delivery == NULL) {
        struct trigger_outcome outcome = {.kind = TRIGGER_NOT_DELIVERED, .status = 500};
        delivered(context, &outcome);
        return;
    }
    *delivery = (struct delivery){delivered, context};
    struct function_invocation invocation = {
        .name = slice_text(target->arn),
        .payload = event,
        .done = delivery_done,
        .context = delivery,
    };
    function_invoke(target->service, &invocation);
}

static void target_release(struct trigger_target *base) { free(base); } /* deliveries under way do not need it */

static const struct trigger_target_kind KIND = {.name = "function", .deliver = target_deliver, .release = target_release};

enum leat_code function_resolve_arn(void *context, struct leat_slice text, char *arn_out, size_t arn_size,
                                    struct leat_fault *fault) {
    struct function_service *service = context;
    struct function_name name;
    struct function_configuration configuration;
    struct arena arena;
    char arn[FUNCTION_ARN_SIZE];
    TRY(function_name_parse(text, &name, fault));
    arena_init(&arena, 2 << 20);
    enum leat_code answer = function_registry_get(service, &name, &arena, &configuration, fault);
    arena_fini(&arena);
    TRY(answer);
    function_name_arn(&name, service->region, service->account, arn);
    if (strlen(arn) >= arn_size) return fault_set(fault, LEAT_INTERNAL, "the name of the function is too long");
    memcpy(arn_out, arn, strlen(arn) + 1);
    return LEAT_OK;
}

enum leat_code function_open_target(void *context, struct leat_slice arn, struct trigger_target **out,
                                    struct leat_fault *fault) {
    struct function_target *target = calloc(1, sizeof *target);
    if (target == NULL) return fault_memory(fault);
    target->target.kind = &KIND;
    target->service = context;
    (void)snprintf(target->arn, sizeof target->arn, "%.*s", SLICE_FORMAT(arn));
    *out = &target->target;
    return LEAT_OK;
}
