/* One life: the world and the process in it, event by event. */
#include <stdlib.h>

#include "life.h"

/* ------------------------------------------------------------------ chance */

uint64_t chance(struct life *life) {
    uint64_t z = (life->random += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
uint64_t below(struct life *life, uint64_t limit) { return chance(life) % limit; }
bool percent(struct life *life, unsigned likely) { return below(life, 100) < likely; }
uint64_t clock_ms(const struct life *life) { return life->time_ms + life->offset_ms; }

static struct step_settings settings_any(struct life *life) {
    static const int64_t retries[] = {-1, 0, 1, 2, 3, 10};
    static const uint64_t ages_ms[] = {STEP_NEVER, STEP_NEVER, 60000, 120000};
    bool windows = life->windowed && (life->healing || !percent(life, 10));
    return (struct step_settings){
        .enabled = life->healing || !percent(life, 10),
        .bisect = percent(life, 50),
        .batch_size = (uint32_t)(1 + below(life, percent(life, 50) ? 4 : 40)),
        .factor = windows || percent(life, 40) ? 1 : (uint32_t)(1 + below(life, STEP_LANES_MAX)),
        .window_ms = percent(life, 50) ? 0 : 1000 * (1 + below(life, 20)),
        .tumbling_ms = windows ? 1000 * (1 + below(life, 60)) : 0,
        .retries_max = life->healing ? (int64_t)below(life, 5) : retries[below(life, 6)],
        .record_age_ms_max = ages_ms[below(life, 4)],
        .payload_bytes_max = 1000 + below(life, 5000),
        .buffer_bytes_max = 3000 + below(life, 20000),
        .backoff_ms_first = 1 + below(life, 500),
        .backoff_ms_max = 1000 + below(life, 20000),
    };
}

/* ------------------------------------------------------------------ the process */

static void shard_start(struct life *life, struct shard *shard) {
    shard->running = true;
    shard->base = shard->checkpoint;
    shard->state = shard->checkpoint_state;
    step_init(&shard->step, &life->settings, clock_ms(life));
    if (shard->state.open) step_resume_window(&shard->step, shard->state.start_ms, shard->state.length_ms);
    shard->saved_at_ms = shard->wake_at_ms = STEP_NEVER;
    for (unsigned i = 0; i < STEP_LANES_MAX; i++) {
        shard->deliveries[i] = (struct delivery){.answer_at_ms = STEP_NEVER};
        shard->pieces[i] = (struct piece){.known = false};
    }
}

/* Those whose parents are finished for good. */
static void shards_start(struct life *life) {
    for (struct shard *shard = life->shards; shard < life->shards + SHARDS_MAX; shard++) {
        if (!shard->there || shard->running || shard->checkpoint_end) continue;
        if (shard->parent < 0 || life->shards[shard->parent].checkpoint_end) shard_start(life, shard);
    }
}

static void save_happened(struct life *life, struct shard *shard) {
    PROMISE(life, shard->base + shard->save.first >= shard->checkpoint);
    shard->checkpoint = shard->base + shard->save.first;
    shard->checkpoint_end = shard->save.end;
    shard->checkpoint_state = shard->save_state;
}

static void process_crash(struct life *life) {
    for (struct shard *shard = life->shards; shard < life->shards + SHARDS_MAX; shard++) {
        if (!shard->running) continue;
        /* it became durable, but nobody heard of it */
        if (shard->saved_at_ms != STEP_NEVER && percent(life, 50)) save_happened(life, shard);
        shard->running = false;
    }
    life->crashed++;
    shards_start(life);
}

/* Pauses end, and what was within its budget may be over it. */
static void pieces_change(struct life *life) {
    const int64_t retries_max = life->settings.retries_max < 0 ? INT64_MAX : life->settings.retries_max;
    for (unsigned s = 0; s < SHARDS_MAX; s++) {
        for (unsigned i = 0; i < STEP_LANES_MAX; i++) {
            struct piece *piece = &life->shards[s].pieces[i];
            piece->not_before_ms = 0;
            if (retries_max < piece->retries_lowest) piece->retries_lowest = retries_max;
        }
    }
}

static void change_settings(struct life *life) {
    life->settings = settings_any(life);
    life->filtering = percent(life, 30);
    life->changed = true;
    for (struct shard *shard = life->shards; shard < life->shards + SHARDS_MAX; shard++) {
        if (shard->running) step_change(&shard->step, &life->settings);
    }
    pieces_change(life);
}

static void answer_read(struct life *life, struct shard *shard, const struct step_action *action) {
    uint64_t first = shard->step.appended, place = shard->base + first, there = shard->size - place;
    uint32_t count = (uint32_t)(there < action->count ? there : action->count);
    if (count > 1 && percent(life, 20)) count = (uint32_t)(1 + below(life, count)); /* cut by bytes */
    PROMISE(life, action->count > 0);
    for (uint32_t i = 0; i < count; i++) {
        struct fate *fate = &life->fates[shard->log[place + i]];
        shard->records[first + i] = (struct step_record){
            .created_ms = fate->created_ms, .bytes = fate->bytes, .key = fate->key * 2654435761u >> 7};
        if (!fate->noise || !life->filtering) continue;
        shard->records[first + i].state = STEP_RECORD_DONE;
        fate->settled = fate->accounted = true;
        life->skipped++;
    }
    bool all = place + count == shard->size;
    step_read(&shard->step, shard->records, 0, count, !all, all && shard->closed, clock_ms(life));
}

static struct fate *held_fate(struct life *life, struct shard *shard, unsigned lane, uint64_t *ordinal) {
    *ordinal = step_held(&shard->step, lane, *ordinal);
    return &life->fates[shard->log[shard->base + (*ordinal)++]];
}

static struct step_answer answer_any(struct life *life, struct shard *shard, const struct step_action *action, bool hangs) {
    struct step_answer answer = {.outcome = STEP_SUCCESS};
    uint64_t ordinal = action->first;
    uint32_t healthy = 0;
    while (healthy < action->count && !held_fate(life, shard, action->lane, &ordinal)->poison) healthy++;
    bool partial = percent(life, life->partial_percent);
    if (!life->healing && percent(life, life->throttle_percent)) return (struct step_answer){.outcome = STEP_NOT_DELIVERED};
    if (hangs || (!life->healing && percent(life, life->failure_percent)) || (healthy < action->count && !partial)) {
        return (struct step_answer){.outcome = STEP_FAILURE};
    }
    if (healthy < action->count) answer = (struct step_answer){.outcome = STEP_PARTIAL, .taken = healthy};
    else if (action->count > 0 && partial && !life->healing && percent(life, 30)) {
        answer = (struct step_answer){.outcome = STEP_PARTIAL, .taken = (uint32_t)below(life, action->count)};
    }
    answer.state_full = action->windowed && !action->final && percent(life, life->full_percent);
    return answer;
}

static void begin_delivery(struct life *life, struct shard *shard, const struct step_action *action) {
    bool hangs = !life->healing && percent(life, 5);
    struct delivery *delivery = &shard->deliveries[action->lane];
    check_delivery(life, shard, action);
    life->delivered++;
    delivery->action = *action;
    delivery->giving_up = false;
    delivery->answer = answer_any(life, shard, action, hangs);
    delivery->answer_at_ms = life->time_ms + (hangs ? 3000 + below(life, 60000) : below(life, 200));
}

static void settle(struct life *life, struct shard *shard, const struct step_action *action, uint32_t count, bool accounted) {
    uint64_t ordinal = action->first;
    for (uint32_t i = 0; i < count; i++) {
        struct fate *fate = held_fate(life, shard, action->lane, &ordinal);
        fate->settled = true;
        if (accounted) fate->accounted = true;
        else shard->state.taken |= (record_set)1 << (fate - life->fates);
    }
}

/* What the state has taken in counts now: the closing was delivered, or its failure is on record. */
static void window_closed(struct life *life, struct shard *shard, const struct step_action *action) {
    for (uint32_t i = 0; i < life->total; i++) {
        if ((shard->state.taken >> i & 1) != 0) life->fates[i].accounted = true;
    }
    shard->state = (struct state){.open = false};
    life->closed++;
    if (action->early) life->early++;
}

static void take(struct life *life, struct shard *shard, const struct step_action *action, uint32_t count) {
    if (action->final) {
        window_closed(life, shard, action);
        return;
    }
    if (action->windowed && !shard->state.open) {
        shard->state = (struct state){.open = true, .start_ms = action->window_start_ms,
                                      .length_ms = action->window_end_ms - action->window_start_ms};
    }
    settle(life, shard, action, count, !action->windowed);
}

static void answer_delivery(struct life *life, struct shard *shard, unsigned lane) {
    struct delivery *delivery = &shard->deliveries[lane];
    const struct step_action *action = &delivery->action;
    delivery->answer_at_ms = STEP_NEVER;
    if (delivery->giving_up) {
        bool durable = life->healing || percent(life, 70);
        if (durable) {
            note_given_up(life, shard, action);
            if (action->final) window_closed(life, shard, action);
            else settle(life, shard, action, action->count, true);
        } else {
            life->unsent++;
        }
        step_given_up(&shard->step, lane, durable, clock_ms(life), (uint32_t)chance(life));
        return;
    }
    note_answer(life, shard, lane, delivery);
    if (delivery->answer.outcome == STEP_SUCCESS) take(life, shard, action, action->count);
    else if (delivery->answer.outcome == STEP_PARTIAL && delivery->answer.taken > 0) take(life, shard, action, delivery->answer.taken);
    step_delivered(&shard->step, lane, delivery->answer, clock_ms(life), (uint32_t)chance(life));
}

static void begin_give_up(struct life *life, struct shard *shard, const struct step_action *action) {
    struct delivery *delivery = &shard->deliveries[action->lane];
    check_give_up(life, shard, action);
    *delivery = (struct delivery){.action = *action, .giving_up = true, .keys = 0};
    delivery->answer_at_ms = life->time_ms + below(life, 100);
}

static void begin_save(struct life *life, struct shard *shard, const struct step_action *action) {
    check_save(life, shard, action);
    shard->save = *action;
    shard->save_state = shard->state;
    shard->saved_at_ms = life->time_ms + below(life, 400);
}

static void answer_save(struct life *life, struct shard *shard) {
    bool durable = life->healing || !percent(life, 10);
    shard->saved_at_ms = STEP_NEVER;
    if (durable) save_happened(life, shard);
    step_saved(&shard->step, durable, clock_ms(life));
}

/* Performs actions until the core waits. */
static void shard_run(struct life *life, struct shard *shard) {
    for (unsigned actions = 0;; actions++) {
        struct step_action action = step_next(&shard->step, clock_ms(life));
        PROMISE(life, actions < 1000);
        switch (action.kind) {
        case STEP_WAIT:
            PROMISE(life, action.until_ms > clock_ms(life));
            shard->wake_at_ms = action.until_ms == STEP_NEVER ? STEP_NEVER : action.until_ms - life->offset_ms;
            return;
        case STEP_READ: answer_read(life, shard, &action); break;
        case STEP_DELIVER: begin_delivery(life, shard, &action); break;
        case STEP_GIVE_UP: begin_give_up(life, shard, &action); break;
        case STEP_SAVE: begin_save(life, shard, &action); break;
        case STEP_FINISH:
            PROMISE(life, shard->checkpoint_end && shard->checkpoint == shard->size);
            shard->running = false;
            shards_start(life);
            return;
        }
    }
}

static void process_run(struct life *life) {
    for (unsigned round = 0; round < 2; round++) { /* the end of one may have started another before it in the list */
        for (struct shard *shard = life->shards; shard < life->shards + SHARDS_MAX; shard++) {
            if (shard->running) shard_run(life, shard);
        }
    }
}

/* ------------------------------------------------------------------ the world */

static struct shard *shard_of(struct life *life, uint32_t key) {
    for (struct shard *shard = life->shards; shard < life->shards + SHARDS_MAX; shard++) {
        if (shard->there && !shard->closed && key % shard->key_modulus == shard->key_residue) return shard;
    }
    abort();
}

static void arrive(struct life *life) {
    uint64_t more = 1 + below(life, percent(life, 20) ? 30 : 3);
    for (; more > 0 && life->arrived < life->total; more--) {
        struct shard *shard = shard_of(life, life->fates[life->arrived].key);
        life->fates[life->arrived].created_ms = clock_ms(life);
        shard->log[shard->size++] = life->arrived++;
        if (shard->running) step_available(&shard->step);
    }
}

static void shard_close(struct life *life, struct shard *shard) {
    shard->closed = true;
    if (shard->running && !life->healing) step_available(&shard->step);
    if (shard->running) step_available(&shard->step);
}

/* One open shard is followed by one child, or by two that share its keys. */
static void rotate(struct life *life) {
    unsigned used = 0;
    while (used < SHARDS_MAX && life->shards[used].there) used++;
    if (used + 2 > SHARDS_MAX) return;
    int parent = (int)below(life, used);
    struct shard *shard = &life->shards[parent];
    if (shard->closed) return;
    unsigned children = percent(life, 50) ? 1 : 2;
    for (unsigned i = 0; i < children; i++) {
        struct shard *child = &life->shards[used + i];
        child->there = true;
        child->parent = parent;
        child->key_modulus = shard->key_modulus * children;
        child->key_residue = shard->key_residue + i * shard->key_modulus;
    }
    shard_close(life, shard);
}

static void jump(struct life *life) {
    if (percent(life, 50)) life->offset_ms += below(life, 200000);
    else life->offset_ms -= below(life, 100000);
    pieces_change(life);
}

static void trouble(struct life *life) {
    switch (below(life, 5)) {
    case 0:
        if (life->crashes_left == 0) return;
        life->crashes_left--;
        process_crash(life);
        break;
    case 1:
    case 2: change_settings(life); break;
    case 3: rotate(life); break;
    default: jump(life); break;
    }
}

static bool answer_due(struct life *life, struct shard *shard) {
    for (unsigned i = 0; i < STEP_LANES_MAX; i++) {
        if (shard->deliveries[i].answer_at_ms > life->time_ms) continue;
        answer_delivery(life, shard, i);
        return true;
    }
    if (shard->saved_at_ms > life->time_ms) return false;
    answer_save(life, shard);
    return true;
}

static uint64_t next_of(const struct shard *shard) {
    uint64_t next_ms = shard->saved_at_ms < shard->wake_at_ms ? shard->saved_at_ms : shard->wake_at_ms;
    for (unsigned i = 0; i < STEP_LANES_MAX; i++) {
        if (shard->deliveries[i].answer_at_ms < next_ms) next_ms = shard->deliveries[i].answer_at_ms;
    }
    return next_ms;
}

/* The event that is due first happens; arrivals fill the time between. */
static void happen(struct life *life) {
    uint64_t next_ms = STEP_NEVER;
    for (struct shard *shard = life->shards; shard < life->shards + SHARDS_MAX; shard++) {
        if (shard->running && next_of(shard) < next_ms) next_ms = next_of(shard);
    }
    bool idle = next_ms == STEP_NEVER;
    uint64_t arrival_ms = life->time_ms + below(life, percent(life, 30) ? 5000 : 100);
    if (life->arrived < life->total && (idle || arrival_ms < next_ms)) {
        life->time_ms = arrival_ms;
        arrive(life);
    } else if (idle && !life->settings.enabled) {
        change_settings(life);
    } else if (idle) { /* everything that was there has been done: only then nothing may be wanted */
        for (struct shard *shard = life->shards; shard < life->shards + SHARDS_MAX; shard++) {
            PROMISE(life, !shard->running || (shard->checkpoint == shard->size && !shard->closed));
            if (shard->running) shard_close(life, shard);
        }
    } else {
        if (next_ms > life->time_ms) life->time_ms = next_ms;
        for (struct shard *shard = life->shards; shard < life->shards + SHARDS_MAX; shard++) {
            if (shard->running && answer_due(life, shard)) return;
        }
    }
}

static bool finished(const struct life *life) {
    if (life->arrived < life->total) return false;
    for (const struct shard *shard = life->shards; shard < life->shards + SHARDS_MAX; shard++) {
        if (shard->there && !shard->checkpoint_end) return false;
    }
    return true;
}

static void life_begin(struct life *life, uint64_t seed) {
    *life = (struct life){.seed = seed, .random = seed * 77 + 1, .time_ms = 1000000, .offset_ms = 1000000000};
    life->total = (uint32_t)below(life, RECORDS_MAX + 1);
    life->failure_percent = (unsigned)below(life, 60);
    life->partial_percent = percent(life, 50) ? 0 : (unsigned)below(life, 101);
    life->throttle_percent = (unsigned)below(life, 30);
    life->trouble_percent = (unsigned)below(life, 12);
    life->full_percent = (unsigned)below(life, 20);
    life->crashes_left = (unsigned)below(life, 12);
    life->windowed = percent(life, 30);
    life->filtering = percent(life, 30);
    unsigned poison_percent = percent(life, 50) ? 0 : (unsigned)below(life, 10);
    uint32_t keys = (uint32_t)(1 + below(life, KEYS_MAX));
    for (uint32_t i = 0; i < life->total; i++) {
        life->fates[i] = (struct fate){
            .poison = percent(life, poison_percent),
            .noise = percent(life, 40),
            .key = (uint32_t)below(life, keys),
            .bytes = (uint32_t)(1 + below(life, percent(life, 5) ? 8000 : 600)),
        };
    }
    life->shards[0].there = true;
    life->shards[0].parent = -1;
    life->shards[0].key_modulus = 1;
    life->settings = settings_any(life);
    shards_start(life);
}

void life_run(struct life *life, uint64_t seed) {
    life_begin(life, seed);
    for (unsigned events = 0; !finished(life); events++) {
        PROMISE(life, events < EVENTS_MAX);
        if (events == EVENTS_MAX / 40) {
            life->healing = true;
            change_settings(life);
        }
        if (!life->healing && percent(life, life->trouble_percent)) trouble(life);
        process_run(life);
        if (!finished(life)) happen(life);
    }
    for (uint32_t i = 0; i < life->total; i++) PROMISE(life, life->fates[i].settled && life->fates[i].accounted);
}
