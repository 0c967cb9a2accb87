#include "api/dynamodb/resource.h"

#include "base/slice.h"

/* Takes what stands before the next `mark` off `rest`; absent when there is no mark any more and the last part has been taken. */
static struct leat_slice take(struct leat_slice *rest, uint8_t mark) {
    struct leat_slice part = *rest;
    if (rest->data == NULL) return part;
    const uint8_t *end = memchr(rest->data, mark, rest->size);
    if (end == NULL) {
        *rest = (struct leat_slice){NULL, 0};
        return part;
    }
    part.size = (size_t)(end - rest->data);
    *rest = slice_of(end + 1, rest->size - part.size - 1);
    return part;
}

/* arn:aws:dynamodb:REGION:ACCOUNT:table/NAME[/stream/LABEL] */
enum leat_code resource_parse(struct leat_slice arn, struct resource *out, struct leat_fault *fault) {
    struct leat_slice rest = arn;
    if (!slice_starts(arn, SLICE("arn:")))
        return fault_set(fault, LEAT_VALIDATION, "One or more parameter values were invalid: ARNs must start with 'arn:': %.*s",
                         SLICE_FORMAT(arn));
    (void)take(&rest, ':');
    struct leat_slice partition = take(&rest, ':'), service = take(&rest, ':');
    out->region = take(&rest, ':');
    out->account = take(&rest, ':');
    struct leat_slice kind = take(&rest, '/');
    out->table = take(&rest, '/');
    struct leat_slice part = take(&rest, '/');
    out->label = rest;
    bool known = slice_starts(partition, SLICE("aws")) && slice_is(service, "dynamodb") && slice_is(kind, "table");
    bool stream = slice_is(part, "stream") && out->label.size > 0;
    if (known && out->table.size > 0 && slice_is(part, "index") && out->label.size > 0)
        return fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: Invalid resource arn provided, only table or stream is accepted. "
                         "Provided resource arn: %.*s", SLICE_FORMAT(arn));
    if (!known || out->table.size == 0 || (part.data != NULL && !stream))
        return fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: Provided Arn is not a DynamoDB resource arn: %.*s",
                         SLICE_FORMAT(arn));
    return LEAT_OK;
}

bool resource_is_near(const struct api_server *server, const struct resource *resource) {
    return slice_is(resource->region, server->region);
}

bool resource_is_own(const struct api_server *server, const struct resource *resource) {
    return slice_is(resource->account, server->account);
}
