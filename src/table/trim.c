#include "table/trim.h"

#include "stream/record.h"

enum { TRIM_BUDGET = 1000 /* records a step */ };

struct old { uint64_t before_ms; store_sequence upto; size_t count; };

static bool old_record(void *context, store_sequence sequence, struct leat_slice record) {
    struct old *old = context;
    if (stream_record_created_ms(record) >= old->before_ms || old->count == TRIM_BUDGET) return false;
    old->upto = sequence;
    old->count++;
    return true;
}

enum leat_code trim_log(struct engine *engine, store_part part, uint64_t before_ms, bool *more, struct leat_fault *fault) {
    struct old old = {.before_ms = before_ms};
    bool rest;
    TRY(store_log(engine->store, part, 0, old_record, &old, fault));
    if (old.count == 0) return LEAT_OK;
    *more |= old.count == TRIM_BUDGET;
    return store_trim(engine->store, part, old.upto, TRIM_BUDGET, &rest, fault);
}
