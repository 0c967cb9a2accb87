/* Requests: the first byte of the input chooses the operation, the rest is the body. What is decoded is held to the table and to the
 * operation's own checks; the answers to bad requests must be UTF-8, and slices must lie in memory that is there. */
#include <stdlib.h>

#include "api/api.h"
#include "base/encode.h"
#include "base/slice.h"
#include "item/value.h"

enum { ARENA_BYTES_MAX = 1 << 22, MESSAGE_BYTES_MAX = 1 << 18 };

#define CHECK(truth) do { if (!(truth)) abort(); } while (0)

static const struct api_operation *choose(uint8_t number, const struct api_service **service) {
    size_t total = 0;
    for (size_t i = 0; api_services[i] != NULL; i++)
        for (size_t k = 0; api_services[i]->operations[k] != NULL; k++) total++;
    size_t left = number % total;
    for (size_t i = 0;; i++)
        for (size_t k = 0; api_services[i]->operations[k] != NULL; k++)
            if (left-- == 0) {
                *service = api_services[i];
                return api_services[i]->operations[k];
            }
}

/* Touches every byte that a table says is there, so that the sanitizer sees a slice into nothing. */
static uint64_t touch(const struct api_field *fields, const uint8_t *in);

static uint64_t touch_slice(struct leat_slice slice) {
    uint64_t sum = 0;
    for (size_t i = 0; i < slice.size; i++) sum += slice.data[i];
    return sum;
}

static uint64_t touch_field(const struct api_field *field, const void *at) {
    uint64_t sum = 0;
    switch (field->kind) {
    case API_INTEGER:
    case API_TIMESTAMP:
    case API_BOOLEAN: return 0;
    case API_ENUM: return touch_slice(((const struct api_enum *)at)->text);
    case API_STRUCT: return *(uint8_t *const *)at == NULL ? 0 : touch(field->fields, *(uint8_t *const *)at);
    case API_LIST:
    case API_MAP: {
        const struct api_list *list = at;
        for (size_t i = 0; i < list->count; i++) {
            const uint8_t *entry = (const uint8_t *)list->elements + i * field->size;
            if (field->kind == API_MAP) sum += touch_slice(*(const struct leat_slice *)(const void *)entry);
            sum += field->element->kind == API_STRUCT ? touch(field->element->fields, entry)
                                                      : touch_field(field->element, entry + field->element->offset);
        }
        return sum;
    }
    case API_ITEM:
    case API_NAMES:
    case API_VALUES: CHECK(item_check(*(const struct leat_slice *)at)); break;
    default: break;
    }
    return touch_slice(*(const struct leat_slice *)at);
}

static uint64_t touch(const struct api_field *fields, const uint8_t *in) {
    uint64_t sum = 0;
    for (const struct api_field *field = fields; field->name != NULL; field++) sum += touch_field(field, in + field->offset);
    return sum;
}

static void run(struct api_call *call, struct leat_slice body) {
    const struct api_operation *operation = call->operation;
    CHECK(api_decoder_init(&call->decoder, call->arena, body.size, &call->fault) == LEAT_OK);
    enum leat_code code = api_decode(&call->decoder, operation->fields, body, call->input, &call->fault);
    CHECK(code == LEAT_OK || code == LEAT_SERIALIZATION || code == LEAT_NO_MEMORY);
    if (code == LEAT_OK) {
        struct buf message;
        (void)touch(operation->fields, call->input);
        buf_init(&message, MESSAGE_BYTES_MAX);
        code = api_validate(operation->fields, call->input, &message);
        CHECK((code == LEAT_VALIDATION) == (message.size > 0) && utf8_valid(buf_view(&message)));
        buf_fini(&message);
        /* REST operations look at the whole request, which is not here */
        if (code == LEAT_OK && operation->check != NULL && call->service->target != NULL)
            code = operation->check(call, call->input, &call->fault);
    }
    if (code != LEAT_OK) CHECK(utf8_valid(slice_text(call->fault.message)));
    api_decoder_fini(&call->decoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena;
    if (size < 1) return 0;
    arena_init(&arena, ARENA_BYTES_MAX);
    struct api_call call = {.arena = &arena};
    call.operation = choose(data[0], &call.service);
    if (call.operation->fields != NULL) {
        call.input = arena_zero(&arena, 1, call.operation->input_size);
        CHECK(call.input != NULL);
        run(&call, slice_of(data + 1, size - 1));
    }
    arena_fini(&arena);
    return 0;
}
