/* The step core: events in, the next action out, checkpoints. step_batch.c and step_piece.c have the lanes. */
#include "trigger/step.h"

#include <assert.h>
#include <string.h>

#include "trigger/step_inside.h"

enum { SAVE_BACKOFF_MS_FIRST = 100, SAVE_BACKOFF_MS_MAX = 5000 };

bool step_timer_due(struct step_timer *timer, uint64_t now_ms) {
    if (now_ms < timer->from_ms) timer->from_ms = now_ms;
    return now_ms - timer->from_ms >= timer->length_ms;
}

uint64_t step_earlier(uint64_t until_ms, const struct step_timer *timer) {
    uint64_t due_ms = timer->from_ms + timer->length_ms;
    return due_ms < until_ms ? due_ms : until_ms;
}

uint64_t step_backoff_ms(uint64_t first_ms, uint64_t max_ms, uint32_t failures) {
    uint64_t delay_ms = first_ms;
    while (failures > 1 && delay_ms < max_ms) {
        delay_ms *= 2;
        failures--;
    }
    return delay_ms < max_ms ? delay_ms : max_ms;
}

struct step_record *step_record_at(const struct step_shard *shard, uint64_t ordinal) {
    assert(ordinal >= shard->view_first && ordinal < shard->appended);
    return &shard->records[ordinal - shard->view_first];
}

bool step_done_advance(struct step_shard *shard) {
    uint64_t before = shard->done;
    while (shard->done < shard->appended && step_record_at(shard, shard->done)->state == STEP_RECORD_DONE) shard->done++;
    return shard->done > before;
}

/* ------------------------------------------------------------------ lanes */

static void lane_adds(struct step_shard *shard, const struct step_record *record, uint64_t now_ms) {
    struct step_lane *lane = &shard->lanes[step_lane_of(shard, record)];
    /* A window that went by without records is followed by one that begins with the first record. */
    if (lane->waiting == 0 && shard->settings.window_ms > 0 && step_timer_due(&lane->window, now_ms)) {
        step_window_begin(shard, lane, now_ms);
    }
    lane->waiting++;
    lane->waiting_bytes += record->bytes;
}

static void lanes_begin(struct step_shard *shard, uint64_t now_ms) {
    shard->lane_count = shard->settings.factor;
    for (uint32_t i = 0; i < STEP_LANES_MAX; i++) {
        shard->lanes[i] = (struct step_lane){.cursor = shard->done};
        step_window_begin(shard, &shard->lanes[i], now_ms);
    }
    for (uint64_t ordinal = shard->done; ordinal < shard->appended; ordinal++) {
        const struct step_record *record = step_record_at(shard, ordinal);
        if (record->state == STEP_RECORD_WAITING) lane_adds(shard, record, now_ms);
    }
}

static bool lanes_idle(const struct step_shard *shard) {
    uint32_t busy = 0;
    for (uint32_t i = 0; i < shard->lane_count; i++) busy += shard->lanes[i].state != STEP_IDLE;
    return busy == 0;
}

/* ------------------------------------------------------------------ events */

void step_init(struct step_shard *shard, const struct step_settings *settings, uint64_t now_ms) {
    assert(settings->factor >= 1 && settings->factor <= STEP_LANES_MAX);
    memset(shard, 0, sizeof *shard);
    shard->settings = *settings;
    shard->more = true;
    lanes_begin(shard, now_ms);
}

void step_resume_window(struct step_shard *shard, uint64_t start_ms, uint64_t length_ms) {
    shard->tumbling = (struct step_tumbling){.open = true, .start_ms = start_ms, .length_ms = length_ms};
}

void step_available(struct step_shard *shard) { shard->more = true; }

void step_read(struct step_shard *shard, struct step_record *records, uint64_t view_first, uint32_t count, bool more,
               bool end, uint64_t now_ms) {
    assert(shard->reading && view_first <= shard->done);
    uint64_t first = shard->appended;
    shard->reading = false;
    shard->records = records;
    shard->view_first = view_first;
    shard->appended += count;
    for (uint64_t ordinal = first; ordinal < shard->appended; ordinal++) {
        const struct step_record *record = step_record_at(shard, ordinal);
        if (record->state == STEP_RECORD_DONE) continue;
        shard->buffered_bytes += record->bytes;
        lane_adds(shard, record, now_ms);
    }
    if (step_done_advance(shard) && !shard->skipped) {
        shard->skipped = true;
        shard->skip_pause = (struct step_timer){now_ms, STEP_SKIPPED_SAVE_MS};
    }
    /* step_available may have come while the read was under way: what it announced may be behind the read */
    if (more) shard->more = true;
    if (end) shard->end = true;
}

void step_change(struct step_shard *shard, const struct step_settings *settings) {
    assert(settings->factor >= 1 && settings->factor <= STEP_LANES_MAX);
    shard->settings = *settings;
    for (uint32_t i = 0; i < STEP_LANES_MAX; i++) {
        struct step_lane *lane = &shard->lanes[i];
        lane->window.length_ms = settings->window_ms;
        lane->pause.length_ms = 0;
        if (lane->state == STEP_PAUSED) lane->state = STEP_READY;
    }
}

/* ------------------------------------------------------------------ checkpoints */

void step_saved(struct step_shard *shard, bool durable, uint64_t now_ms) {
    assert(shard->save_busy);
    shard->save_busy = false;
    if (durable) {
        shard->saved = shard->saving;
        shard->save_failures = 0;
        return;
    }
    shard->end_saved = false;
    shard->worked = true;
    shard->save_failures++;
    shard->save_pause.from_ms = now_ms;
    shard->save_pause.length_ms = step_backoff_ms(SAVE_BACKOFF_MS_FIRST, SAVE_BACKOFF_MS_MAX, shard->save_failures);
}

static bool all_done(const struct step_shard *shard) { return step_read_to_the_end(shard) && !shard->tumbling.open; }

/* What a window that ends early has taken in is saved with its closing: its state is too big to be kept. */
static bool save_due(struct step_shard *shard, uint64_t now_ms, struct step_action *action) {
    if (shard->save_busy || shard->tumbling.early) return false;
    bool urgent = shard->worked || (all_done(shard) && !shard->end_saved);
    if (!urgent && !shard->skipped) return false;
    if (!urgent && !step_timer_due(&shard->skip_pause, now_ms)) {
        action->until_ms = step_earlier(action->until_ms, &shard->skip_pause);
        return false;
    }
    if (shard->save_failures == 0 || step_timer_due(&shard->save_pause, now_ms)) return true;
    action->until_ms = step_earlier(action->until_ms, &shard->save_pause);
    return false;
}

static struct step_action save_begin(struct step_shard *shard) {
    shard->save_busy = true;
    shard->worked = shard->skipped = false;
    shard->saving = shard->done;
    shard->end_saved = all_done(shard);
    return (struct step_action){.kind = STEP_SAVE, .first = shard->done, .end = shard->end_saved};
}

/* ------------------------------------------------------------------ what to do next */

/* true: *action is to be performed; false: it says how long to wait. */
static bool lanes_next(struct step_shard *shard, uint64_t now_ms, struct step_action *action) {
    uint64_t wanted = 0;
    if (shard->lane_count != shard->settings.factor && lanes_idle(shard)) lanes_begin(shard, now_ms);
    for (uint32_t i = 0; i < shard->lane_count; i++) {
        struct step_lane *lane = &shard->lanes[i];
        /* a window that is open is the first lane's; where windows were turned off, the others wait for its closing */
        bool may_begin = shard->lane_count == shard->settings.factor && (i == 0 || !shard->tumbling.open);
        if (lane->state == STEP_IDLE && may_begin) {
            step_lane_plan(shard, lane, now_ms, action, &wanted);
        }
        if (lane->state != STEP_IDLE && step_lane_act(shard, i, now_ms, action)) return true;
    }
    if (wanted == 0 || shard->reading || !step_may_read(shard)) return false;
    shard->more = false;
    shard->reading = true;
    *action = (struct step_action){.kind = STEP_READ, .count = wanted < STEP_AHEAD_MAX ? (uint32_t)wanted : STEP_AHEAD_MAX};
    return true;
}

struct step_action step_next(struct step_shard *shard, uint64_t now_ms) {
    struct step_action action = {.kind = STEP_WAIT, .until_ms = STEP_NEVER};
    if (save_due(shard, now_ms, &action)) return save_begin(shard);
    if (shard->end_saved && !shard->save_busy && !shard->finished) {
        shard->finished = true;
        return (struct step_action){.kind = STEP_FINISH};
    }
    /* A disabled mapping keeps its position: what is under way is answered, nothing new begins. */
    if (!shard->settings.enabled || shard->finished) return action;
    (void)lanes_next(shard, now_ms, &action);
    return action;
}
