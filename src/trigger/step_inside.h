/* What the step core's files share. */
#ifndef TRIGGER_STEP_INSIDE_H
#define TRIGGER_STEP_INSIDE_H

#include "trigger/step.h"

bool step_timer_due(struct step_timer *timer, uint64_t now_ms);
uint64_t step_earlier(uint64_t until_ms, const struct step_timer *timer);
/* first, 2 * first, 4 * first ... up to max */
uint64_t step_backoff_ms(uint64_t first_ms, uint64_t max_ms, uint32_t failures);

struct step_record *step_record_at(const struct step_shard *shard, uint64_t ordinal);
static inline uint32_t step_lane_of(const struct step_shard *shard, const struct step_record *record) {
    return record->key % shard->lane_count;
}

/* Moves `done` behind the records that are. true: it moved. */
bool step_done_advance(struct step_shard *shard);

/* step_piece.c: a lane with a batch. true: *action is to be performed; false: action->until_ms may have come nearer. */
bool step_lane_act(struct step_shard *shard, unsigned lane, uint64_t now_ms, struct step_action *action);
void step_window_begin(struct step_shard *shard, struct step_lane *lane, uint64_t now_ms);

/* step_batch.c: a lane without one. Adds to *wanted how many records would be welcome first. */
void step_lane_plan(struct step_shard *shard, struct step_lane *lane, uint64_t now_ms, struct step_action *action,
                    uint64_t *wanted);
bool step_may_read(const struct step_shard *shard);
bool step_read_to_the_end(const struct step_shard *shard); /* and every record is done */

#endif
