/* The failure record, byte for byte in the order of members that was recorded. */
#include <criterion/criterion.h>

#include "base/slice.h"
#include "trigger/failure.h"

static const struct failure exhausted = {
    .function_arn = SLICE("arn:aws:lambda:us-east-1:000000000000:function:f"),
    .stream_arn = SLICE("arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/2025-02-22T03:03:25.490"),
    .shard_id = SLICE("shardId-00000001573689847184-864758bb"),
    .first_sequence = SLICE("800000000003126276362"),
    .last_sequence = SLICE("800000000003126276369"),
    .first_created_ms = 1573689199123,
    .last_created_ms = 1573689200999,
    .at_ms = 1573690429717,
    .count = 3,
    .attempts = 2,
    .reason = STEP_RETRIES_EXHAUSTED,
    .outcome = {200, SLICE("c9b8fa9f-5a7f-xmpl-af9c-0c604cde93a5"), SLICE("$LATEST"), SLICE("Unhandled")},
};

static void expect_record(struct failure failure, const char *words) {
    struct buf out;
    buf_init(&out, 1 << 16);
    failure_write(&out, &failure);
    cr_assert(buf_ok(&out));
    cr_assert(slice_is(buf_view(&out), words), "%.*s", SLICE_FORMAT(buf_view(&out)));
    buf_fini(&out);
}

#define BATCH                                                                                                     \
    "\"DDBStreamBatchInfo\":{\"shardId\":\"shardId-00000001573689847184-864758bb\","                                \
    "\"startSequenceNumber\":\"800000000003126276362\",\"endSequenceNumber\":\"800000000003126276369\","           \
    "\"approximateArrivalOfFirstRecord\":\"2019-11-13T23:53:19Z\","                                               \
    "\"approximateArrivalOfLastRecord\":\"2019-11-13T23:53:20Z\",\"batchSize\":3,"                                \
    "\"streamArn\":\"arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/2025-02-22T03:03:25.490\"}}"

Test(failure, attempts_exhausted_after_an_exception) {
    expect_record(exhausted,
                  "{\"requestContext\":{\"requestId\":\"c9b8fa9f-5a7f-xmpl-af9c-0c604cde93a5\","
                  "\"functionArn\":\"arn:aws:lambda:us-east-1:000000000000:function:f\","
                  "\"condition\":\"RetryAttemptsExhausted\",\"approximateInvokeCount\":2},"
                  "\"responseContext\":{\"statusCode\":200,\"executedVersion\":\"$LATEST\",\"functionError\":\"Unhandled\"},"
                  "\"version\":\"1.0\",\"timestamp\":\"2019-11-14T00:13:49.717Z\"," BATCH);
}

Test(failure, reported_failures_have_no_function_error) {
    struct failure failure = exhausted;
    failure.outcome.function_error = slice_of(NULL, 0);
    expect_record(failure,
                  "{\"requestContext\":{\"requestId\":\"c9b8fa9f-5a7f-xmpl-af9c-0c604cde93a5\","
                  "\"functionArn\":\"arn:aws:lambda:us-east-1:000000000000:function:f\","
                  "\"condition\":\"RetryAttemptsExhausted\",\"approximateInvokeCount\":2},"
                  "\"responseContext\":{\"statusCode\":200,\"executedVersion\":\"$LATEST\",\"functionError\":null},"
                  "\"version\":\"1.0\",\"timestamp\":\"2019-11-14T00:13:49.717Z\"," BATCH);
}

Test(failure, records_too_old_have_no_response_and_count_one_invocation_at_least) {
    struct failure failure = exhausted;
    failure.reason = STEP_RECORD_AGE_EXCEEDED;
    failure.attempts = 0;
    expect_record(failure,
                  "{\"requestContext\":{\"requestId\":\"c9b8fa9f-5a7f-xmpl-af9c-0c604cde93a5\","
                  "\"functionArn\":\"arn:aws:lambda:us-east-1:000000000000:function:f\","
                  "\"condition\":\"RecordAgeExceeded\",\"approximateInvokeCount\":1},"
                  "\"version\":\"1.0\",\"timestamp\":\"2019-11-14T00:13:49.717Z\"," BATCH);
}
