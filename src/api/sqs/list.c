/* ListQueues, ListDeadLetterSourceQueues. The next page's token is the last name, as base64. */
#include "api/sqs/sqs.h"
#include "base/encode.h"
#include "base/slice.h"

enum { LIMIT_MAX = 1000, TOKEN_MAX = 256 };

struct input { struct leat_slice url, prefix, token; struct api_integer limit; };

static const struct api_field list_fields[] = {
    API_FIELD(struct input, prefix, "QueueNamePrefix", API_STRING),
    API_FIELD(struct input, token, "NextToken", API_STRING),
    API_FIELD(struct input, limit, "MaxResults", API_INTEGER),
    API_FIELDS_END,
};
static const struct api_field sources_fields[] = {
    SQS_QUEUE_URL(struct input),
    API_FIELD(struct input, token, "NextToken", API_STRING),
    API_FIELD(struct input, limit, "MaxResults", API_INTEGER),
    API_FIELDS_END,
};
static const struct api_xml list_xml[] = {{"QueueUrls", "QueueUrl", NULL, NULL}, {0}};
static const struct api_xml sources_xml[] = {{"queueUrls", "QueueUrl", NULL, NULL}, {0}};

static void start(struct queue_service *service, struct queue_operation *operation) {
    queue_list(service, (struct queue_list *)(void *)operation);
}

static void write_token(struct api_call *call, const struct queue_list *list) {
    struct buf text;
    buf_init_in(&text, call->arena, TOKEN_MAX);
    base64_encode(&text, list->names[list->count - 1]);
    json_key(&call->json, "NextToken");
    json_string(&call->json, buf_view(&text));
}

static void finish(struct api_call *call, struct queue_operation *operation) {
    const struct queue_list *list = (const struct queue_list *)(const void *)operation;
    struct json_writer *json = &call->json;
    json_object(json);
    if (list->count > 0 || list->dead_letter) {
        json_key(json, list->dead_letter ? "queueUrls" : "QueueUrls");
        json_array(json);
        for (size_t i = 0; i < list->count; i++) json_string(json, sqs_queue_url(call, list->names[i]));
        json_array_end(json);
    }
    if (list->more) write_token(call, list);
    json_object_end(json);
    api_done(call);
}

static void run(struct api_call *call, const struct input *in, bool dead_letter) {
    struct queue_list *list = sqs_new(call, sizeof *list);
    if (list == NULL) return;
    if (in->limit.given && (in->limit.value < 1 || in->limit.value > LIMIT_MAX)) {
        sqs_fail(call, QUEUE_INVALID_PARAMETER_VALUE,
                 "Value %lld for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000.",
                 (long long)in->limit.value);
        return;
    }
    list->limit = in->limit.given ? (size_t)in->limit.value : LIMIT_MAX;
    list->prefix = in->prefix;
    list->dead_letter = dead_letter;
    if (in->token.size > 0) {
        list->after = base64_decode(call->arena, in->token);
        if (list->after.data == NULL) {
            sqs_fail(call, QUEUE_INVALID_PARAMETER_VALUE, "Invalid or expired next token.");
            return;
        }
    }
    if (dead_letter && !sqs_queue_name(call, in->url, &list->operation.name)) return;
    sqs_run(call, &list->operation, start, finish);
}

static bool pages_without_limit(const struct input *in) { return in->token.size > 0 && !in->limit.given; }

static void run_list(struct api_call *call, void *input) {
    /* API Reference, ListQueues: MaxResults must be set to get a next page */
    if (pages_without_limit(input))
        sqs_fail(call, QUEUE_INVALID_PARAMETER_VALUE,
                 "MaxResults is a mandatory parameter when you provide a value for NextToken.");
    else run(call, input, false);
}

static void run_sources(struct api_call *call, void *input) { run(call, input, true); }

const struct api_operation sqs_list_queues = {
    .name = "ListQueues", .fields = list_fields, .input_size = sizeof(struct input), .xml = list_xml, .run = run_list};
const struct api_operation sqs_list_dead_letter_source_queues = {.name = "ListDeadLetterSourceQueues", .fields = sources_fields,
                                                                 .input_size = sizeof(struct input), .xml = sources_xml,
                                                                 .run = run_sources};
