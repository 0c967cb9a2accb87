/* The step core: a lane's batch, piece by piece. */
#include <assert.h>

#include "trigger/step_inside.h"

/* 7/8 to 9/8 of the delay, so that shards that failed together do not come back together */
static uint64_t with_jitter(uint64_t delay_ms, uint32_t random) {
    return delay_ms - delay_ms / 8 + (((delay_ms / 4) * (uint64_t)random) >> 32);
}

static struct step_timer pause_after(const struct step_shard *shard, uint32_t failures, uint64_t now_ms, uint32_t random) {
    uint64_t delay_ms = step_backoff_ms(shard->settings.backoff_ms_first, shard->settings.backoff_ms_max, failures);
    return (struct step_timer){now_ms, with_jitter(delay_ms, random)};
}

uint64_t step_held(const struct step_shard *shard, unsigned lane, uint64_t from) {
    uint64_t ordinal = from < shard->done ? shard->done : from;
    for (; ordinal < shard->appended; ordinal++) {
        const struct step_record *record = step_record_at(shard, ordinal);
        if (record->state == STEP_RECORD_HELD && step_lane_of(shard, record) == lane) break;
    }
    return ordinal;
}

void step_window_begin(struct step_shard *shard, struct step_lane *lane, uint64_t now_ms) {
    lane->window = (struct step_timer){now_ms, shard->settings.window_ms};
}

/* ------------------------------------------------------------------ from piece to piece */

/* What is left of the batch becomes the piece at hand, up to the next cut. */
static void piece_next(struct step_shard *shard, unsigned lane_at, uint64_t now_ms) {
    struct step_lane *lane = &shard->lanes[lane_at];
    uint64_t ordinal = step_held(shard, lane_at, lane->first);
    lane->attempts = lane->refusals = lane->unsent = 0;
    lane->final = false;
    lane->first = ordinal;
    lane->count = 0;
    while (ordinal < lane->batch_end) {
        lane->count++;
        ordinal = step_held(shard, lane_at, ordinal + 1);
        if (ordinal < lane->batch_end && step_record_at(shard, ordinal)->cut) break;
    }
    lane->state = lane->count > 0 ? STEP_READY : STEP_IDLE;
    if (lane->state == STEP_IDLE) step_window_begin(shard, lane, now_ms);
}

/* The first `count` records of the piece are done; what remains of it is ready. */
static void piece_finish_head(struct step_shard *shard, unsigned lane_at, uint32_t count, uint64_t now_ms) {
    struct step_lane *lane = &shard->lanes[lane_at];
    assert(count <= lane->count);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t ordinal = step_held(shard, lane_at, lane->first);
        struct step_record *record = step_record_at(shard, ordinal);
        record->state = STEP_RECORD_DONE;
        shard->buffered_bytes -= record->bytes;
        lane->first = ordinal + 1;
    }
    lane->count -= count;
    if (step_done_advance(shard)) shard->worked = true;
    if (lane->count == 0) piece_next(shard, lane_at, now_ms);
    else lane->state = STEP_READY;
}

/* The closing of the window is through, one way or the other. */
static void piece_finish_window(struct step_shard *shard, unsigned lane_at, uint64_t now_ms) {
    struct step_tumbling *tumbling = &shard->tumbling;
    bool same = tumbling->length_ms == shard->settings.tumbling_ms;
    if (!tumbling->early) tumbling->closed_ms = same ? tumbling->start_ms + tumbling->length_ms : 0;
    tumbling->open = tumbling->early = false;
    shard->worked = true;
    piece_next(shard, lane_at, now_ms);
}

/* Two halves with budgets of their own, one behind the other. Splitting uses up no attempt (AWS API,
 * BisectBatchOnFunctionError), otherwise a batch of 100 could not be taken apart with one retry. */
static void piece_split(struct step_shard *shard, unsigned lane_at) {
    struct step_lane *lane = &shard->lanes[lane_at];
    uint64_t middle = lane->first;
    for (uint32_t i = 0; i < lane->count / 2; i++) middle = step_held(shard, lane_at, middle) + 1;
    step_record_at(shard, step_held(shard, lane_at, middle))->cut = true;
    lane->count /= 2;
    lane->attempts = 0;
}

/* ------------------------------------------------------------------ attempts */

static void piece_drop(struct step_lane *lane, uint32_t count, enum step_reason reason) {
    lane->state = STEP_DROPPED;
    lane->reason = reason;
    lane->dropped = count;
}

/* MaximumRetryAttempts = n means n + 1 invocations (recorded: 1 gives 2, 2 gives 3, 3 gives 4). */
static bool budget_used_up(const struct step_shard *shard, const struct step_lane *lane) {
    return shard->settings.retries_max >= 0 && lane->attempts > (uint64_t)shard->settings.retries_max;
}

/* At every attempt the records at the head that are too old are cut off and discarded on their own (recorded: six
 * records, the first too old, the function got the other five). */
static void piece_cut_expired(struct step_shard *shard, unsigned lane_at, uint64_t now_ms) {
    struct step_lane *lane = &shard->lanes[lane_at];
    uint64_t ordinal = lane->first, age_ms_max = shard->settings.record_age_ms_max;
    uint32_t expired = 0;
    for (; age_ms_max != STEP_NEVER && expired < lane->count; expired++, ordinal++) {
        ordinal = step_held(shard, lane_at, ordinal);
        uint64_t created_ms = step_record_at(shard, ordinal)->created_ms;
        if (now_ms < created_ms || now_ms - created_ms <= age_ms_max) break;
    }
    if (expired > 0) piece_drop(lane, expired, STEP_RECORD_AGE_EXCEEDED);
}

static void piece_failed(struct step_shard *shard, unsigned lane_at, uint64_t now_ms, uint32_t random) {
    struct step_lane *lane = &shard->lanes[lane_at];
    lane->attempts++;
    lane->refusals = 0;
    if (shard->settings.bisect && lane->count > 1) piece_split(shard, lane_at);
    if (budget_used_up(shard, lane)) {
        piece_drop(lane, lane->count, STEP_RETRIES_EXHAUSTED);
        return;
    }
    lane->state = STEP_PAUSED;
    lane->pause = pause_after(shard, lane->attempts, now_ms, random);
}

/* Records were taken. Where the checkpoint moves, the budget begins anew (recorded). */
static void piece_taken(struct step_shard *shard, unsigned lane_at, uint32_t taken, uint64_t now_ms, uint32_t random) {
    struct step_lane *lane = &shard->lanes[lane_at];
    bool rest = taken < lane->count;
    piece_finish_head(shard, lane_at, taken, now_ms);
    if (!rest) return;
    lane->attempts = lane->refusals = 0;
    lane->state = STEP_PAUSED;
    lane->pause = pause_after(shard, 1, now_ms, random);
}

/* AWS: over 1 MB of state ends the window early. What is left of the batch waits until it has closed. */
static void window_end_early(struct step_shard *shard, struct step_lane *lane) {
    shard->tumbling.early = true;
    lane->state = STEP_READY;
    lane->final = true;
    lane->count = lane->attempts = lane->refusals = 0;
}

void step_delivered(struct step_shard *shard, unsigned lane_at, struct step_answer answer, uint64_t now_ms,
                    uint32_t random) {
    struct step_lane *lane = &shard->lanes[lane_at];
    assert(lane_at < shard->lane_count && lane->state == STEP_DELIVERING);
    bool final = lane->final;
    switch (answer.outcome) {
    case STEP_SUCCESS:
        if (final) piece_finish_window(shard, lane_at, now_ms);
        else piece_taken(shard, lane_at, lane->count, now_ms, random);
        break;
    case STEP_PARTIAL:
        assert(answer.taken < lane->count);
        if (answer.taken > 0) piece_taken(shard, lane_at, answer.taken, now_ms, random);
        else piece_failed(shard, lane_at, now_ms, random);
        break;
    case STEP_FAILURE: piece_failed(shard, lane_at, now_ms, random); return;
    case STEP_NOT_DELIVERED: /* throttles do not count against the budget; the record's age ends them */
        lane->refusals++;
        lane->state = STEP_PAUSED;
        lane->pause = pause_after(shard, lane->refusals, now_ms, random);
        return;
    }
    bool taken = answer.outcome == STEP_SUCCESS || answer.taken > 0;
    if (answer.state_full && !final && taken && shard->tumbling.open && lane->windowed) window_end_early(shard, lane);
}

void step_given_up(struct step_shard *shard, unsigned lane_at, bool durable, uint64_t now_ms, uint32_t random) {
    struct step_lane *lane = &shard->lanes[lane_at];
    assert(lane_at < shard->lane_count && lane->state == STEP_GIVING_UP);
    if (!durable) {
        lane->unsent++;
        lane->state = STEP_DROPPED;
        lane->pause = pause_after(shard, lane->unsent, now_ms, random);
        return;
    }
    lane->unsent = 0;
    if (lane->final) piece_finish_window(shard, lane_at, now_ms);
    else piece_finish_head(shard, lane_at, lane->dropped, now_ms);
}

/* ------------------------------------------------------------------ what to do next */

static void describe(const struct step_shard *shard, unsigned lane_at, struct step_action *action) {
    const struct step_lane *lane = &shard->lanes[lane_at];
    const struct step_tumbling *tumbling = &shard->tumbling;
    action->lane = lane_at;
    action->first = step_held(shard, lane_at, lane->first);
    if (!tumbling->open || !lane->windowed) return;
    action->windowed = true;
    action->final = lane->final;
    action->early = lane->final && tumbling->early;
    action->window_start_ms = tumbling->start_ms;
    action->window_end_ms = tumbling->start_ms + tumbling->length_ms;
}

static void begin_delivery(struct step_shard *shard, unsigned lane_at, struct step_action *action) {
    struct step_lane *lane = &shard->lanes[lane_at];
    if (lane->windowed) shard->tumbling.open = true; /* perhaps again, after it has ended early */
    lane->state = STEP_DELIVERING;
    *action = (struct step_action){.kind = STEP_DELIVER, .count = lane->count, .attempt = lane->attempts + 1};
    describe(shard, lane_at, action);
}

static void begin_giving_up(struct step_shard *shard, unsigned lane_at, struct step_action *action) {
    struct step_lane *lane = &shard->lanes[lane_at];
    lane->state = STEP_GIVING_UP;
    *action = (struct step_action){
        .kind = STEP_GIVE_UP, .count = lane->dropped, .attempt = lane->attempts, .reason = lane->reason};
    describe(shard, lane_at, action);
}

/* A factor made smaller takes effect at once on how many run side by side. */
static bool may_deliver(const struct step_shard *shard) {
    uint32_t running = 0;
    for (uint32_t i = 0; i < shard->lane_count; i++) running += shard->lanes[i].state == STEP_DELIVERING;
    return running < shard->settings.factor;
}

bool step_lane_act(struct step_shard *shard, unsigned lane_at, uint64_t now_ms, struct step_action *action) {
    struct step_lane *lane = &shard->lanes[lane_at];
    if (lane->state == STEP_PAUSED && step_timer_due(&lane->pause, now_ms)) lane->state = STEP_READY;
    if (lane->state == STEP_PAUSED) action->until_ms = step_earlier(action->until_ms, &lane->pause);
    /* the budget may have been made smaller since the last attempt */
    if (lane->state == STEP_READY && budget_used_up(shard, lane)) piece_drop(lane, lane->count, STEP_RETRIES_EXHAUSTED);
    if (lane->state == STEP_READY) piece_cut_expired(shard, lane_at, now_ms);
    if (lane->state == STEP_READY && may_deliver(shard)) {
        begin_delivery(shard, lane_at, action);
        return true;
    }
    if (lane->state != STEP_DROPPED) return false;
    if (lane->unsent > 0 && !step_timer_due(&lane->pause, now_ms)) {
        action->until_ms = step_earlier(action->until_ms, &lane->pause);
        return false;
    }
    begin_giving_up(shard, lane_at, action);
    return true;
}
