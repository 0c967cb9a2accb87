/* The failure record: what a destination is told about records that were given up; members and their order as recorded. */
#ifndef TRIGGER_FAILURE_H
#define TRIGGER_FAILURE_H

#include "base/buf.h"
#include "leat_types.h"
#include "trigger/step.h"

struct failure_outcome { /* of the last invocation */
    unsigned status;
    struct leat_slice request_id, executed_version;
    struct leat_slice function_error; /* absent: null, where the function answered that records had failed */
};

struct failure {
    struct leat_slice function_arn, stream_arn, shard_id, first_sequence, last_sequence;
    uint64_t first_created_ms, last_created_ms, at_ms;
    uint32_t count, attempts;
    enum step_reason reason;
    struct failure_outcome outcome;
};

void failure_write(struct buf *out, const struct failure *failure);

#endif
