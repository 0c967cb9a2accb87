#include "trigger/step.h"

#include <assert.h>
#include <string.h>

enum { SAVE_BACKOFF_MS_FIRST = 100, SAVE_BACKOFF_MS_MAX = 5000 };

static bool timer_due(struct step_timer *timer, uint64_t now_ms) {
    if (now_ms < timer->from_ms) timer->from_ms = now_ms;
    return now_ms - timer->from_ms >= timer->length_ms;
}

static uint64_t earlier(uint64_t until_ms, const struct step_timer *timer) {
    uint64_t due_ms = timer->from_ms + timer->length_ms;
    return due_ms < until_ms ? due_ms : until_ms;
}

/* first, 2 * first, 4 * first ... up to max */
static uint64_t backoff_ms(uint64_t first_ms, uint64_t max_ms, uint32_t failures) {
    uint64_t delay_ms = first_ms;
    while (failures > 1 && delay_ms < max_ms) {
        delay_ms *= 2;
        failures--;
    }
    return delay_ms < max_ms ? delay_ms : max_ms;
}

/* 7/8 to 9/8 of the delay, so that shards that failed together do not come back together */
static uint64_t with_jitter(uint64_t delay_ms, uint32_t random) {
    return delay_ms - delay_ms / 8 + (((delay_ms / 4) * (uint64_t)random) >> 32);
}

static const struct step_record *record_at(const struct step_shard *shard, uint64_t ordinal) {
    assert(ordinal >= shard->view_first && ordinal < shard->appended);
    return &shard->records[ordinal - shard->view_first];
}

void step_init(struct step_shard *shard, const struct step_settings *settings, uint64_t now_ms) {
    memset(shard, 0, sizeof *shard);
    shard->settings = *settings;
    shard->window = (struct step_timer){now_ms, settings->window_ms};
    shard->more = true;
}

void step_available(struct step_shard *shard) { shard->more = true; }

void step_read(struct step_shard *shard, const struct step_record *records, uint64_t view_first, uint32_t count,
               bool more, bool end, uint64_t now_ms) {
    assert(shard->reading && view_first <= shard->done);
    bool was_empty = shard->planned == shard->appended;
    shard->reading = false;
    shard->records = records;
    shard->view_first = view_first;
    shard->appended += count;
    for (uint64_t i = shard->appended - count; i < shard->appended; i++) {
        shard->planned_bytes_waiting += record_at(shard, i)->bytes;
    }
    /* step_available may have come while the read was under way: what it announced may be behind the read */
    if (more) shard->more = true;
    if (end) shard->end = true;
    /* A window that went by without records is followed by one that begins with the first record. */
    if (was_empty && count > 0 && shard->settings.window_ms > 0 && timer_due(&shard->window, now_ms)) {
        shard->window = (struct step_timer){now_ms, shard->settings.window_ms};
    }
}

/* ------------------------------------------------------------------ pieces of work */

static void work_remove_first(struct step_shard *shard) {
    assert(shard->work_count > 0);
    shard->done = shard->work[0].first + shard->work[0].count;
    shard->work_count--;
    memmove(&shard->work[0], &shard->work[1], shard->work_count * sizeof shard->work[0]);
}

/* The first `count` records become a piece of their own in front; both keep the attempts made so far. */
static void work_split_first(struct step_shard *shard, uint32_t count) {
    assert(count > 0 && count < shard->work[0].count && shard->work_count < STEP_WORK_MAX);
    memmove(&shard->work[1], &shard->work[0], shard->work_count * sizeof shard->work[0]);
    shard->work_count++;
    shard->work[0].count = count;
    shard->work[1].first += count;
    shard->work[1].count -= count;
}

static void work_pause(struct step_shard *shard, struct step_work *work, uint32_t failures, uint64_t now_ms,
                       uint32_t random) {
    uint64_t delay_ms = backoff_ms(shard->settings.backoff_ms_first, shard->settings.backoff_ms_max, failures);
    work->state = STEP_PAUSED;
    work->pause = (struct step_timer){now_ms, with_jitter(delay_ms, random)};
}

static void work_drop(struct step_work *work, enum step_reason reason) {
    work->state = STEP_DROPPED;
    work->reason = reason;
}

/* MaximumRetryAttempts = n means n + 1 invocations (recorded: 1 gives 2, 2 gives 3, 3 gives 4). */
static bool budget_used_up(const struct step_shard *shard, const struct step_work *work) {
    return shard->settings.retries_max >= 0 && work->attempts > (uint64_t)shard->settings.retries_max;
}

/* At every attempt the records at the head that are too old are cut off and discarded on their own (recorded: six
 * records, the first too old, the function got the other five). */
static void work_cut_expired(struct step_shard *shard, uint64_t now_ms) {
    struct step_work *work = &shard->work[0];
    uint32_t expired = 0;
    if (shard->settings.record_age_ms_max == STEP_NEVER) return;
    while (expired < work->count) {
        uint64_t created_ms = record_at(shard, work->first + expired)->created_ms;
        if (now_ms < created_ms || now_ms - created_ms <= shard->settings.record_age_ms_max) break;
        expired++;
    }
    if (expired == 0) return;
    if (expired < work->count) work_split_first(shard, expired);
    work_drop(&shard->work[0], STEP_RECORD_AGE_EXCEEDED);
}

static void window_begin(struct step_shard *shard, uint64_t now_ms) {
    shard->window = (struct step_timer){now_ms, shard->settings.window_ms};
}

void step_delivered(struct step_shard *shard, enum step_outcome outcome, uint64_t now_ms, uint32_t random) {
    struct step_work *work = &shard->work[0];
    assert(shard->work_count > 0 && work->state == STEP_DELIVERING);
    switch (outcome) {
    case STEP_SUCCESS:
        work_remove_first(shard);
        window_begin(shard, now_ms);
        break;
    case STEP_FAILURE:
        work->attempts++;
        work->refusals = 0;
        if (budget_used_up(shard, work)) work_drop(work, STEP_RETRIES_EXHAUSTED);
        else work_pause(shard, work, work->attempts, now_ms, random);
        break;
    case STEP_NOT_DELIVERED: /* throttles do not count against the budget; the record's age ends them */
        work->refusals++;
        work_pause(shard, work, work->refusals, now_ms, random);
        break;
    }
}

void step_given_up(struct step_shard *shard, uint64_t now_ms) {
    assert(shard->work_count > 0 && shard->work[0].state == STEP_GIVING_UP);
    work_remove_first(shard);
    window_begin(shard, now_ms);
}

void step_change(struct step_shard *shard, const struct step_settings *settings) {
    shard->settings = *settings;
    shard->window.length_ms = settings->window_ms;
    for (unsigned i = 0; i < shard->work_count; i++) {
        if (shard->work[i].state == STEP_PAUSED) shard->work[i].state = STEP_READY;
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
    shard->save_failures++;
    shard->save_pause.from_ms = now_ms;
    shard->save_pause.length_ms = backoff_ms(SAVE_BACKOFF_MS_FIRST, SAVE_BACKOFF_MS_MAX, shard->save_failures);
}

static bool all_done(const struct step_shard *shard) { return shard->end && shard->done == shard->appended; }

static bool save_due(const struct step_shard *shard) {
    return !shard->save_busy && (shard->done > shard->saved || (all_done(shard) && !shard->end_saved));
}

static struct step_action save_begin(struct step_shard *shard) {
    shard->save_busy = true;
    shard->saving = shard->done;
    shard->end_saved = all_done(shard);
    return (struct step_action){.kind = STEP_SAVE, .first = shard->done, .end = shard->end_saved};
}

/* ------------------------------------------------------------------ batches */

/* How many of the buffered records the next batch takes: BatchSize, or fewer where the payload would be too big. A
 * record too big on its own is a batch of one. *full: it cannot grow any more. */
static uint32_t batch_cut(const struct step_shard *shard, bool *full) {
    uint64_t waiting = shard->appended - shard->planned;
    *full = waiting >= shard->settings.batch_size;
    uint32_t count = *full ? shard->settings.batch_size : (uint32_t)waiting;
    if (shard->planned_bytes_waiting <= shard->settings.payload_bytes_max) return count;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        bytes += record_at(shard, shard->planned + i)->bytes;
        if (bytes <= shard->settings.payload_bytes_max) continue;
        *full = true;
        return i == 0 ? 1 : i;
    }
    return count;
}

static void batch_plan(struct step_shard *shard, uint32_t count) {
    assert(shard->work_count < STEP_WORK_MAX);
    shard->work[shard->work_count++] = (struct step_work){.first = shard->planned, .count = count};
    for (uint32_t i = 0; i < count; i++) shard->planned_bytes_waiting -= record_at(shard, shard->planned + i)->bytes;
    shard->planned += count;
}

/* Fills the buffer until the batch is full or the shard has no more for now, then waits for the window. */
static bool batch_next(struct step_shard *shard, uint64_t now_ms, struct step_action *action) {
    bool full;
    uint32_t count = batch_cut(shard, &full);
    if (!full && shard->more && !shard->end) {
        shard->more = false;
        shard->reading = true;
        *action = (struct step_action){.kind = STEP_READ, .count = shard->settings.batch_size - count};
        return true;
    }
    if (count == 0) return false;
    if (!full && !shard->end && !timer_due(&shard->window, now_ms)) {
        action->until_ms = earlier(action->until_ms, &shard->window);
        return false;
    }
    batch_plan(shard, count);
    return false;
}

/* ------------------------------------------------------------------ what to do next */

static bool work_next(struct step_shard *shard, uint64_t now_ms, struct step_action *action) {
    struct step_work *work = &shard->work[0];
    if (work->state == STEP_PAUSED && timer_due(&work->pause, now_ms)) work->state = STEP_READY;
    if (work->state == STEP_PAUSED) action->until_ms = earlier(action->until_ms, &work->pause);
    /* the budget may have been made smaller since the last attempt */
    if (work->state == STEP_READY && budget_used_up(shard, work)) work_drop(work, STEP_RETRIES_EXHAUSTED);
    if (work->state == STEP_READY) work_cut_expired(shard, now_ms);
    switch (work->state) {
    case STEP_READY:
        work->state = STEP_DELIVERING;
        *action = (struct step_action){
            .kind = STEP_DELIVER, .first = work->first, .count = work->count, .attempt = work->attempts + 1};
        return true;
    case STEP_DROPPED:
        work->state = STEP_GIVING_UP;
        *action = (struct step_action){.kind = STEP_GIVE_UP,
                                       .first = work->first,
                                       .count = work->count,
                                       .attempt = work->attempts,
                                       .reason = work->reason};
        return true;
    default: return false;
    }
}

struct step_action step_next(struct step_shard *shard, uint64_t now_ms) {
    struct step_action action = {.kind = STEP_WAIT, .until_ms = STEP_NEVER};
    if (save_due(shard)) {
        if (shard->save_failures == 0 || timer_due(&shard->save_pause, now_ms)) return save_begin(shard);
        action.until_ms = earlier(action.until_ms, &shard->save_pause);
    }
    if (shard->end_saved && !shard->save_busy && !shard->finished) {
        shard->finished = true;
        return (struct step_action){.kind = STEP_FINISH};
    }
    /* A disabled mapping keeps its position: what is under way is answered, nothing new begins. */
    if (!shard->settings.enabled || shard->finished) return action;
    if (shard->work_count == 0 && !shard->reading && batch_next(shard, now_ms, &action)) return action;
    if (shard->work_count > 0) (void)work_next(shard, now_ms, &action);
    return action;
}

bool step_quiet(const struct step_shard *shard) {
    bool under_way = shard->work_count > 0 && (shard->work[0].state == STEP_DELIVERING ||
                                               shard->work[0].state == STEP_GIVING_UP);
    return !under_way && !shard->reading && !shard->save_busy && shard->saved == shard->done;
}
