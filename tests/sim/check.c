/* The promises of the step core, kept by a model of its own: budgets, pauses, order. */
#include <stdio.h>
#include <stdlib.h>

#include "life.h"

void promise_broken(const struct life *life, const char *promise, int line) {
    fprintf(stderr, "a promise is broken (line %d): %s\n", line, promise);
    fprintf(stderr, "the same life again: build/sim/step --seed %llu\n", (unsigned long long)life->seed);
    abort();
}

static struct fate *fate_at(struct life *life, const struct shard *shard, uint64_t ordinal) {
    return &life->fates[shard->log[shard->base + ordinal]];
}

static uint64_t pause_ms_least(const struct life *life, unsigned failures) {
    uint64_t delay_ms = life->settings.backoff_ms_first;
    for (unsigned i = 1; i < failures && delay_ms < life->settings.backoff_ms_max; i++) delay_ms *= 2;
    if (delay_ms > life->settings.backoff_ms_max) delay_ms = life->settings.backoff_ms_max;
    return delay_ms - delay_ms / 8;
}

static bool too_old(const struct life *life, const struct fate *fate) {
    return clock_ms(life) > fate->created_ms && clock_ms(life) - fate->created_ms > life->settings.record_age_ms_max;
}

/* All records of the same key before it, in whichever shard, have been settled. */
static void check_order(struct life *life, const struct fate *fate) {
    for (const struct fate *before = life->fates; before < fate; before++) {
        PROMISE(life, before->key != fate->key || before->settled);
    }
}

static void check_side_by_side(struct life *life, const struct shard *shard, unsigned lane, uint32_t keys) {
    unsigned others = 0;
    for (unsigned i = 0; i < STEP_LANES_MAX; i++) {
        const struct delivery *other = &shard->deliveries[i];
        if (other->answer_at_ms == STEP_NEVER) continue;
        PROMISE(life, i != lane);
        PROMISE(life, (other->keys & keys) == 0);
        others += !other->giving_up;
    }
    PROMISE(life, others < life->settings.factor);
    if (others > 0) life->parallel++;
}

static void check_window(struct life *life, const struct shard *shard, const struct step_action *action) {
    PROMISE(life, action->windowed || life->changed || (life->settings.tumbling_ms == 0 && !shard->state.open));
    if (!action->windowed) return;
    PROMISE(life, action->window_start_ms < action->window_end_ms);
    if (shard->state.open) PROMISE(life, shard->state.start_ms == action->window_start_ms);
    PROMISE(life, action->final == (action->count == 0));
}

static void check_piece(struct life *life, struct piece *piece, const struct step_action *action) {
    bool same = action->final || piece->first == action->first;
    if (piece->known) PROMISE(life, same && piece->count == action->count && piece->final == action->final);
    else *piece = (struct piece){.known = true, .count = action->count, .first = action->first, .final = action->final};
    piece->retries_lowest = life->settings.retries_max < 0 ? INT64_MAX : life->settings.retries_max;
    PROMISE(life, action->attempt == piece->failures + 1);
    PROMISE(life, life->settings.retries_max < 0 || action->attempt <= life->settings.retries_max + 1);
    PROMISE(life, clock_ms(life) >= piece->not_before_ms);
}

void check_delivery(struct life *life, struct shard *shard, const struct step_action *action) {
    struct piece *piece = &shard->pieces[action->lane];
    uint64_t ordinal = action->first, bytes = 0;
    uint32_t keys = 0;
    PROMISE(life, life->settings.enabled);
    check_piece(life, piece, action);
    for (uint32_t i = 0; i < action->count; i++, ordinal++) {
        ordinal = step_held(&shard->step, action->lane, ordinal);
        PROMISE(life, shard->base + ordinal < shard->size);
        const struct fate *fate = fate_at(life, shard, ordinal);
        if ((keys & 1u << fate->key) == 0) check_order(life, fate);
        keys |= 1u << fate->key;
        bytes += fate->bytes;
        PROMISE(life, i > 0 || !too_old(life, fate));
        PROMISE(life, life->changed || !action->windowed || fate->created_ms < action->window_end_ms);
    }
    if (!life->changed) { /* a batch may have been put together under other settings */
        PROMISE(life, action->count <= life->settings.batch_size);
        PROMISE(life, action->count <= 1 || bytes <= life->settings.payload_bytes_max);
    }
    check_window(life, shard, action);
    check_side_by_side(life, shard, action->lane, keys);
    shard->deliveries[action->lane].keys = keys;
}

static bool moved(const struct step_answer *answer, const struct step_action *action) {
    return answer->outcome == STEP_SUCCESS || (answer->outcome == STEP_PARTIAL && answer->taken > 0 && action->count > 0);
}

/* Before the core hears of it: what it must want next. */
void note_answer(struct life *life, struct shard *shard, unsigned lane, const struct delivery *delivery) {
    struct piece *piece = &shard->pieces[lane];
    const struct step_action *action = &delivery->action;
    const struct step_answer *answer = &delivery->answer;
    if (answer->outcome == STEP_SUCCESS) {
        *piece = (struct piece){.known = false};
    } else if (moved(answer, action)) {
        uint64_t next = action->first;
        for (uint32_t i = 0; i < answer->taken; i++) next = step_held(&shard->step, lane, next) + 1;
        *piece = (struct piece){.known = true, .first = step_held(&shard->step, lane, next), .count = action->count - answer->taken};
        piece->not_before_ms = clock_ms(life) + pause_ms_least(life, 1);
        life->partial++;
    } else if (answer->outcome == STEP_NOT_DELIVERED) {
        piece->not_before_ms = clock_ms(life) + pause_ms_least(life, ++piece->refusals);
    } else {
        life->failed++;
        piece->refusals = 0;
        piece->failures++;
        if (life->settings.bisect && piece->count > 1) {
            piece->count /= 2;
            piece->failures = 0;
            life->split++;
        }
        piece->not_before_ms = clock_ms(life) + pause_ms_least(life, piece->failures == 0 ? 1 : piece->failures);
    }
    if (answer->state_full && moved(answer, action)) *piece = (struct piece){.known = true, .final = true};
}

void check_give_up(struct life *life, struct shard *shard, const struct step_action *action) {
    const struct piece *piece = &shard->pieces[action->lane];
    PROMISE(life, life->settings.enabled);
    PROMISE(life, !piece->known || action->final || piece->first == action->first);
    PROMISE(life, action->attempt == piece->failures);
    if (action->reason == STEP_RETRIES_EXHAUSTED) {
        PROMISE(life, piece->known && action->count == piece->count);
        PROMISE(life, piece->retries_lowest < (int64_t)action->attempt);
        return;
    }
    uint64_t ordinal = action->first;
    uint32_t keys = 0;
    for (uint32_t i = 0; i < action->count; i++, ordinal++) {
        ordinal = step_held(&shard->step, action->lane, ordinal);
        const struct fate *fate = fate_at(life, shard, ordinal);
        if ((keys & 1u << fate->key) == 0) check_order(life, fate);
        keys |= 1u << fate->key;
        /* later, when its record did not get through, the clock may have been set back */
        PROMISE(life, shard->step.lanes[action->lane].unsent > 0 || too_old(life, fate));
    }
}

/* After a head that was too old the rest keeps its attempts; otherwise the next piece is a new one. */
void note_given_up(struct life *life, struct shard *shard, const struct step_action *action) {
    struct piece *piece = &shard->pieces[action->lane];
    if (action->reason == STEP_RETRIES_EXHAUSTED) life->given_up++;
    else life->expired++;
    if (piece->known && action->count < piece->count) {
        uint64_t next = action->first;
        for (uint32_t i = 0; i < action->count; i++) next = step_held(&shard->step, action->lane, next) + 1;
        piece->first = step_held(&shard->step, action->lane, next);
        piece->count -= action->count;
        piece->not_before_ms = 0;
    } else {
        *piece = (struct piece){.known = false};
    }
}

void check_save(struct life *life, struct shard *shard, const struct step_action *action) {
    PROMISE(life, shard->saved_at_ms == STEP_NEVER);
    PROMISE(life, shard->base + action->first >= shard->checkpoint);
    for (uint64_t i = 0; i < shard->base + action->first; i++) {
        const struct fate *fate = &life->fates[shard->log[i]];
        bool in_state = shard->state.open && (shard->state.taken >> shard->log[i] & 1) != 0;
        PROMISE(life, fate->settled && (fate->accounted || in_state));
    }
    PROMISE(life, !action->end || (shard->closed && shard->base + action->first == shard->size && !shard->state.open));
}
