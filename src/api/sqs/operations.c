/* The operations of SQS, the most used first. A new one: its file, and one line here. */
#include "api/sqs/sqs.h"
#include "base/slice.h"

#define OPERATIONS(X)                  \
    X(receive_message)                 \
    X(send_message)                    \
    X(delete_message)                  \
    X(send_message_batch)              \
    X(delete_message_batch)            \
    X(change_message_visibility)       \
    X(change_message_visibility_batch) \
    X(get_queue_url)                   \
    X(get_queue_attributes)            \
    X(list_queues)                     \
    X(create_queue)                    \
    X(set_queue_attributes)            \
    X(delete_queue)                    \
    X(purge_queue)                     \
    X(list_queue_tags)                 \
    X(tag_queue)                       \
    X(untag_queue)                     \
    X(list_dead_letter_source_queues)

#define DECLARE(name) extern const struct api_operation sqs_##name;
OPERATIONS(DECLARE)

#define ENTRY(name) &sqs_##name,
static const struct api_operation *const operations[] = {OPERATIONS(ENTRY) NULL};

/* ---- faults: a type in JSON, a code in the Query protocol, which clients of the JSON protocol are told, too ---- */

struct error { const char *type, *code; unsigned status; };

static const struct error errors[] = {
#define ENTRY_OF(name, error_type, error_code, error_status) {error_type, error_code, error_status},
    QUEUE_ERRORS(ENTRY_OF)
#undef ENTRY_OF
};

/* What comes from in front of the operations. */
static const struct error *common_error(struct api_call *call) {
    static const struct error unknown = {"InvalidAction", "InvalidAction", 400}, internal = {"InternalFailure", "InternalFailure", 500};
    static const struct error serialization = {"SerializationException", "MalformedInput", 400};
    static const struct error denied[] = {
        {"MissingAuthenticationTokenException", "MissingAuthenticationToken", 403},
        {"UnrecognizedClientException", "InvalidClientTokenId", 403},
        {"InvalidSignatureException", "SignatureDoesNotMatch", 403},
        {"IncompleteSignatureException", "IncompleteSignature", 400},
    };
    switch (call->code) {
    case LEAT_UNKNOWN_OPERATION: return &unknown;
    case LEAT_SERIALIZATION: return &serialization;
    case LEAT_ACCESS_DENIED:
        for (size_t i = 0; i < sizeof denied / sizeof denied[0]; i++)
            if (call->error_type != NULL && slice_is(slice_text(call->error_type), denied[i].type)) return &denied[i];
        return &denied[0];
    default: return &internal;
    }
}

const char *sqs_error_code(enum queue_error error) { return errors[error].code; }

static const struct error *error_of(struct api_call *call) {
    for (size_t i = 1; i < sizeof errors / sizeof errors[0] && call->error_type != NULL; i++)
        if (slice_is(slice_text(call->error_type), errors[i].type)) return &errors[i];
    return common_error(call);
}

static bool is_of_model(const struct error *error) {
    return error >= errors && error < errors + sizeof errors / sizeof errors[0] && error != &errors[QUEUE_INVALID_PARAMETER_VALUE] &&
           error != &errors[QUEUE_MISSING_PARAMETER] && error != &errors[QUEUE_INTERNAL];
}

static unsigned fail(struct api_call *call) {
    const struct error *error = error_of(call);
    bool sender = error->status < 500;
    struct json_writer *json = &call->json;
    if (call->message.data == NULL)
        call->message = call->code == LEAT_UNKNOWN_OPERATION ? SLICE("The action or operation requested is not valid for this endpoint.")
                        : sender ? SLICE("") : SLICE("We encountered an internal error. Please try again.");
    if (call->form != NULL) {
        api_query_error(call, sender, error->code, call->message);
        return error->status;
    }
    api_header(call, "x-amzn-query-error", arena_print(call->arena, "%s;%s", error->code, sender ? "Sender" : "Receiver"));
    json_object(json);
    json_key(json, "__type");
    const char *space = is_of_model(error) ? "com.amazonaws.sqs" : "com.amazon.coral.service";
    json_string(json, arena_print(call->arena, "%s#%s", space, error->type));
    json_key(json, "message");
    json_string(json, call->message);
    json_object_end(json);
    return sender ? 400 : error->status;
}

const struct api_service api_sqs_service = {
    .name = "SQS",
    .target = "AmazonSQS",
    .content_type = "application/x-amz-json-1.0",
    .query_version = "2012-11-05",
    .query_namespace = "http://queue.amazonaws.com/doc/2012-11-05/",
    .operations = operations,
    .validate = api_query_validate,
    .fail = fail,
};
