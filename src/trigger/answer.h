/* What a function answered to a batch, read for the step core. Source: AWS Lambda Developer Guide, "Configuring partial batch
 * response with DynamoDB and Lambda" and "Stateful stream processing"; the shapes as recorded. */
#ifndef TRIGGER_ANSWER_H
#define TRIGGER_ANSWER_H

#include "base/arena.h"
#include "leat_types.h"
#include "trigger/step.h"

enum { ANSWER_STATE_BYTES_MAX = 1024 * 1024 }; /* AWS: more ends the tumbling window early */

struct answer_question {
    bool report;   /* FunctionResponseTypes has ReportBatchItemFailures */
    bool windowed; /* the answer must have a state */
    const char *const *sequences; /* of the records that were delivered, in order */
    size_t count;
};

/* The answer of an invocation without an error. *state: the window's, as JSON; borrowed from the payload; absent: none. */
struct step_answer answer_read(struct leat_slice payload, const struct answer_question *question, struct arena *arena,
                               struct leat_slice *state);

#endif
