#include "trigger/failure.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/slice.h"

static void text_member(struct json_writer *json, const char *name, struct leat_slice value) {
    json_key(json, name);
    if (value.data == NULL) json_null(json);
    else json_string(json, value);
}

static void int_member(struct json_writer *json, const char *name, uint64_t value) {
    json_key(json, name);
    json_int(json, (int64_t)value);
}

enum { SECONDS_SIZE = sizeof "2019-11-14T00:13:19" - 1 };

static void time_member(struct json_writer *json, const char *name, uint64_t at_ms, bool whole_seconds) {
    char text[CLOCK_ISO_SIZE + 1];
    clock_iso(at_ms, text);
    size_t size = whole_seconds ? SECONDS_SIZE : strlen(text);
    text[size] = 'Z';
    text_member(json, name, slice_of(text, size + 1));
}

static void request_context(struct json_writer *json, const struct failure *failure) {
    static const char *const conditions[] = {
        [STEP_RETRIES_EXHAUSTED] = "RetryAttemptsExhausted",
        [STEP_RECORD_AGE_EXCEEDED] = "RecordAgeExceeded",
    };
    json_key(json, "requestContext");
    json_object(json);
    text_member(json, "requestId", failure->outcome.request_id);
    text_member(json, "functionArn", failure->function_arn);
    text_member(json, "condition", slice_text(conditions[failure->reason]));
    /* at least 1, also when the function was never invoked (recorded) */
    int_member(json, "approximateInvokeCount", failure->attempts > 0 ? failure->attempts : 1);
    json_object_end(json);
}

static void response_context(struct json_writer *json, const struct failure_outcome *outcome) {
    json_key(json, "responseContext");
    json_object(json);
    int_member(json, "statusCode", outcome->status);
    text_member(json, "executedVersion", outcome->executed_version);
    text_member(json, "functionError", outcome->function_error);
    json_object_end(json);
}

static void batch_info(struct json_writer *json, const struct failure *failure) {
    json_key(json, "DDBStreamBatchInfo");
    json_object(json);
    text_member(json, "shardId", failure->shard_id);
    text_member(json, "startSequenceNumber", failure->first_sequence);
    text_member(json, "endSequenceNumber", failure->last_sequence);
    time_member(json, "approximateArrivalOfFirstRecord", failure->first_created_ms, true);
    time_member(json, "approximateArrivalOfLastRecord", failure->last_created_ms, true);
    int_member(json, "batchSize", failure->count);
    text_member(json, "streamArn", failure->stream_arn);
    json_object_end(json);
}

void failure_write(struct buf *out, const struct failure *failure) {
    struct json_writer json;
    json_writer_init(&json, out);
    json_object(&json);
    request_context(&json, failure);
    if (failure->reason == STEP_RETRIES_EXHAUSTED) response_context(&json, &failure->outcome);
    text_member(&json, "version", SLICE("1.0"));
    time_member(&json, "timestamp", failure->at_ms, false);
    batch_info(&json, failure);
    json_object_end(&json);
}
