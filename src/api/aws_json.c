#include "api/aws_json.h"

#include <stdio.h>

#include "base/slice.h"
#include "item/item_json.h"

/* Where AWS defines a fault: each model has its own name space in front of '#'. */
static const char *name_space(const struct api_call *call) {
    if (call->error_type != NULL) return "com.amazon.coral.service";
    switch (call->code) {
    case LEAT_VALIDATION: return "com.amazon.coral.validate";
    case LEAT_SERIALIZATION:
    case LEAT_UNKNOWN_OPERATION:
    case LEAT_ACCESS_DENIED: return "com.amazon.coral.service";
    case LEAT_BUSY: return "com.amazon.coral.availability";
    default: return "com.amazonaws.dynamodb.v20120810";
    }
}

static void write_reasons(struct json_writer *json, const struct leat_result *result) {
    json_key(json, "CancellationReasons");
    json_array(json);
    for (size_t i = 0; i < result->reason_count; i++) {
        const struct leat_reason *reason = &result->reasons[i];
        json_object(json);
        json_key(json, "Code");
        json_string(json, fault_reason(reason->code));
        if (reason->item.data != NULL) {
            json_key(json, "Item");
            item_to_json(json, reason->item);
        }
        if (reason->code != LEAT_OK) {
            json_key(json, "Message");
            json_text(json, reason->message);
        }
        json_object_end(json);
    }
    json_array_end(json);
}

static const char *default_message(enum leat_code code) {
    switch (code) {
    case LEAT_BUSY: return "Rate of requests exceeds the allowed throughput.";
    case LEAT_UNKNOWN_OPERATION: return NULL;
    default: return leat_code_name(code)[0] == 'I' ? "The request processing has failed because of an internal error." : NULL;
    }
}

unsigned api_aws_json_fail(struct api_call *call) {
    struct json_writer *json = &call->json;
    const char *type = call->error_type != NULL ? call->error_type : leat_code_name(call->code);
    if (call->message.data == NULL) call->message = slice_text(default_message(call->code));
    json_object(json);
    json_key(json, "__type");
    struct leat_slice name = arena_print(call->arena, "%s#%s", name_space(call), type);
    json_string(json, name.data != NULL ? name : SLICE("InternalServerError"));
    if (call->message.data != NULL) {
        /* the two name spaces really differ in this letter */
        bool capital = call->code == LEAT_SERIALIZATION || call->code == LEAT_TRANSACTION_CANCELED;
        json_key(json, capital ? "Message" : "message");
        json_string(json, call->message);
    }
    if (call->code == LEAT_TRANSACTION_CANCELED) write_reasons(json, &call->result);
    if (call->code == LEAT_CONDITIONAL_CHECK_FAILED && call->result.attributes.data != NULL) {
        json_key(json, "Item");
        item_to_json(json, call->result.attributes);
    }
    json_object_end(json);
    return slice_is(slice_text(leat_code_name(call->code)), "InternalServerError") ? 500 : 400;
}
