/* The step core: when a lane's next batch begins and what is in it; when a tumbling window closes. */
#include "trigger/step_inside.h"

static uint64_t ahead_max(const struct step_shard *shard) {
    uint64_t batches = (uint64_t)shard->settings.batch_size * shard->lane_count;
    return batches > STEP_AHEAD_MAX ? batches : STEP_AHEAD_MAX;
}

bool step_may_read(const struct step_shard *shard) {
    return shard->more && !shard->end && shard->appended - shard->done < ahead_max(shard) &&
           shard->buffered_bytes < shard->settings.buffer_bytes_max;
}

bool step_read_to_the_end(const struct step_shard *shard) { return shard->end && shard->done == shard->appended; }

/* ------------------------------------------------------------------ tumbling windows */

static uint64_t window_start(const struct step_shard *shard, uint64_t created_ms) {
    uint64_t length_ms = shard->settings.tumbling_ms, closed_ms = shard->tumbling.closed_ms;
    uint64_t start_ms = created_ms - created_ms % length_ms;
    /* A record that comes after its window has closed belongs to the next one. Much older ones: the clock was set back. */
    if (start_ms < closed_ms && closed_ms - start_ms <= length_ms) return closed_ms;
    return start_ms;
}

/* The window of a batch that begins. It opens with the first delivery: there may be none, when all records are too old. */
static void window_choose(struct step_shard *shard, uint64_t created_ms) {
    struct step_tumbling *tumbling = &shard->tumbling;
    if (tumbling->open || shard->settings.tumbling_ms == 0) return;
    tumbling->start_ms = window_start(shard, created_ms);
    tumbling->length_ms = shard->settings.tumbling_ms;
}

/* It is over when a record of a later one waits, when its time has passed and nothing of it is left to be read, when the
 * shard has ended, or when the mapping's windows have another length by now. No record that waits belongs to it. */
static bool window_over(const struct step_shard *shard, const struct step_lane *lane, uint64_t now_ms,
                        struct step_action *action) {
    const struct step_tumbling *tumbling = &shard->tumbling;
    uint64_t end_ms = tumbling->start_ms + tumbling->length_ms;
    if (tumbling->length_ms != shard->settings.tumbling_ms || lane->waiting > 0 || step_read_to_the_end(shard)) return true;
    if (now_ms >= end_ms) return true;
    if (end_ms < action->until_ms) action->until_ms = end_ms;
    return false;
}

static void window_close(struct step_lane *lane) {
    lane->state = STEP_READY;
    lane->windowed = lane->final = true;
    lane->count = lane->attempts = lane->refusals = lane->unsent = 0;
    lane->first = lane->batch_end = lane->cursor;
}

/* ------------------------------------------------------------------ batches */

struct cut {
    uint32_t count;
    bool full;        /* it cannot grow any more */
    uint64_t over_ms; /* then its tumbling window is over */
};

static uint64_t next_waiting(const struct step_shard *shard, const struct step_lane *lane, uint64_t from) {
    uint64_t ordinal = from < shard->done ? shard->done : from;
    for (; ordinal < shard->appended; ordinal++) {
        const struct step_record *record = step_record_at(shard, ordinal);
        if (record->state == STEP_RECORD_WAITING && &shard->lanes[step_lane_of(shard, record)] == lane) break;
    }
    return ordinal;
}

/* Goes through what waits: where the payload is full, or the window ends. A record too big on its own is a batch of one. */
static struct cut cut_exactly(const struct step_shard *shard, const struct step_lane *lane) {
    const uint64_t tumbling_ms = shard->settings.tumbling_ms;
    struct cut cut = {.over_ms = STEP_NEVER};
    uint64_t bytes = 0, start_ms = 0, ordinal = next_waiting(shard, lane, lane->cursor);
    while (cut.count < lane->waiting && cut.count < shard->settings.batch_size) {
        const struct step_record *record = step_record_at(shard, ordinal);
        uint64_t record_start_ms = tumbling_ms == 0 ? 0 : window_start(shard, record->created_ms);
        if (cut.count == 0) start_ms = shard->tumbling.open ? shard->tumbling.start_ms : record_start_ms;
        bytes += record->bytes;
        cut.full = record_start_ms > start_ms || (cut.count > 0 && bytes > shard->settings.payload_bytes_max);
        if (cut.full) break;
        cut.count++;
        ordinal = next_waiting(shard, lane, ordinal + 1);
    }
    cut.full = cut.full || cut.count == shard->settings.batch_size || bytes > shard->settings.payload_bytes_max;
    if (tumbling_ms > 0 && cut.count > 0) cut.over_ms = start_ms + tumbling_ms;
    return cut;
}

static struct cut batch_cut(const struct step_shard *shard, const struct step_lane *lane) {
    const struct step_settings *settings = &shard->settings;
    if (settings->tumbling_ms > 0 || lane->waiting_bytes > settings->payload_bytes_max) return cut_exactly(shard, lane);
    bool full = lane->waiting >= settings->batch_size;
    return (struct cut){.count = full ? settings->batch_size : lane->waiting, .full = full, .over_ms = STEP_NEVER};
}

static void batch_begin(struct step_shard *shard, struct step_lane *lane, uint32_t count) {
    uint64_t ordinal = next_waiting(shard, lane, lane->cursor);
    lane->first = ordinal;
    lane->state = STEP_READY;
    lane->windowed = shard->settings.tumbling_ms > 0;
    window_choose(shard, step_record_at(shard, ordinal)->created_ms);
    lane->count = count;
    lane->attempts = lane->refusals = lane->unsent = 0;
    for (uint32_t i = 0; i < count; i++) {
        ordinal = next_waiting(shard, lane, ordinal);
        struct step_record *record = step_record_at(shard, ordinal);
        record->state = STEP_RECORD_HELD;
        record->cut = false;
        lane->waiting--;
        lane->waiting_bytes -= record->bytes;
        lane->batch_end = lane->cursor = ordinal + 1;
    }
}

/* Fills the buffer until the batch is full or the shard has no more for now, then waits for the window. */
void step_lane_plan(struct step_shard *shard, struct step_lane *lane, uint64_t now_ms, struct step_action *action,
                    uint64_t *wanted) {
    bool stale = shard->tumbling.open && shard->tumbling.length_ms != shard->settings.tumbling_ms;
    struct cut cut = stale ? (struct cut){.full = true} : batch_cut(shard, lane);
    if (!cut.full && (shard->reading || step_may_read(shard))) {
        *wanted += shard->settings.batch_size - lane->waiting;
        return;
    }
    if (cut.count == 0) {
        if (shard->tumbling.open && window_over(shard, lane, now_ms, action)) window_close(lane);
        return;
    }
    if (!cut.full && !shard->end && now_ms < cut.over_ms && !step_timer_due(&lane->window, now_ms)) {
        action->until_ms = step_earlier(action->until_ms, &lane->window);
        if (cut.over_ms < action->until_ms) action->until_ms = cut.over_ms;
        return;
    }
    batch_begin(shard, lane, cut.count);
}
