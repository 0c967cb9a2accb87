/* Thousands of random lives of one shard: records arrive, the function fails, hangs and is throttled, checkpoints fail,
 * the process dies and starts again from the last checkpoint, clocks jump, settings change; and after every action the
 * promises of the step core are checked. A life is a function of its seed:
 *
 *     STEP_SEED=1234 build/test-unit --filter 'step_simulation/?*'     replays one life
 *     STEP_HISTORIES=1000000 build/test-unit --filter ...              a long run */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trigger/step.h"

enum { RECORDS_MAX = 120, HISTORIES = 50000, EVENTS_MAX = 20000 };

struct fate {
    uint64_t created_ms;
    bool poison;  /* every batch with it fails */
    bool settled; /* delivered or given up at least once */
};

struct life {
    uint64_t seed, random;
    /* the world: what a crash does not touch */
    uint64_t time_ms;   /* real time */
    uint64_t offset_ms; /* what the clock shows beyond it */
    struct fate fates[RECORDS_MAX];
    struct step_record metadata[RECORDS_MAX];
    uint32_t total, arrived;
    uint64_t checkpoint; /* durable */
    bool checkpoint_end;
    struct step_settings settings;
    unsigned failure_percent, throttle_percent, trouble_percent, crashes_left;
    bool healing; /* no more trouble: everything has to come to its end */
    /* the process: gone with a crash */
    struct step_shard shard;
    uint64_t base; /* the log's place of ordinal 0 */
    uint64_t answer_at_ms, saved_at_ms, wake_at_ms;
    enum step_outcome answer;
    struct step_action delivery, save;
    /* what the checks remember */
    uint64_t work_first;
    uint32_t work_failures, refusals;
    int64_t retries_lowest;
    uint64_t not_before_ms; /* the next delivery; 0: whenever */
    bool finished;
    unsigned deliveries, given_up, crashes, failures;
};

/* ------------------------------------------------------------------ chance */

static uint64_t chance(struct life *life) {
    uint64_t z = (life->random += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
static uint64_t below(struct life *life, uint64_t limit) { return chance(life) % limit; }
static bool percent(struct life *life, unsigned likely) { return below(life, 100) < likely; }
static uint64_t clock_ms(const struct life *life) { return life->time_ms + life->offset_ms; }

#define PROMISE(life, condition)                                                                                       \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "STEP_SEED=%llu broke a promise: %s\n", (unsigned long long)(life)->seed, #condition);     \
            cr_assert_fail("STEP_SEED=%llu: %s", (unsigned long long)(life)->seed, #condition);                        \
        }                                                                                                              \
    } while (0)

static struct step_settings settings_any(struct life *life) {
    static const int64_t retries[] = {-1, 0, 1, 2, 3, 10};
    static const uint64_t ages_ms[] = {STEP_NEVER, STEP_NEVER, 60000, 120000};
    return (struct step_settings){
        .enabled = life->healing || !percent(life, 10),
        .batch_size = (uint32_t)(1 + below(life, percent(life, 50) ? 4 : 40)),
        .window_ms = percent(life, 50) ? 0 : 1000 * (1 + below(life, 20)),
        .retries_max = life->healing ? (int64_t)below(life, 5) : retries[below(life, 6)],
        .record_age_ms_max = ages_ms[below(life, 4)],
        .payload_bytes_max = 1000 + below(life, 5000),
        .backoff_ms_first = 1 + below(life, 500),
        .backoff_ms_max = 1000 + below(life, 20000),
    };
}

/* ------------------------------------------------------------------ the process */

static void process_start(struct life *life) {
    life->base = life->checkpoint;
    step_init(&life->shard, &life->settings, clock_ms(life));
    life->answer_at_ms = life->saved_at_ms = STEP_NEVER;
    life->work_first = life->base;
    life->work_failures = life->refusals = 0;
    life->not_before_ms = 0;
    life->retries_lowest = INT64_MAX;
}

static void process_crash(struct life *life) {
    if (life->saved_at_ms != STEP_NEVER && percent(life, 50)) { /* it became durable, nobody heard of it */
        life->checkpoint = life->base + life->save.first;
        life->checkpoint_end = life->save.end;
    }
    life->crashes++;
    if (life->checkpoint_end) life->finished = true;
    else process_start(life);
}

static void change_settings(struct life *life) {
    life->settings = settings_any(life);
    step_change(&life->shard, &life->settings);
    if (life->settings.retries_max >= 0 && life->settings.retries_max < life->retries_lowest) {
        life->retries_lowest = life->settings.retries_max;
    }
    life->not_before_ms = 0;
}

static void answer_read(struct life *life, const struct step_action *action) {
    uint64_t at = life->base + life->shard.appended;
    uint64_t there = life->arrived - at;
    uint32_t count = (uint32_t)(there < action->count ? there : action->count);
    if (count > 1 && percent(life, 20)) count = (uint32_t)(1 + below(life, count)); /* cut by bytes */
    bool more = at + count < life->arrived;
    PROMISE(life, action->count > 0);
    step_read(&life->shard, life->metadata + life->base, 0, count, more,
              at + count == life->total && life->arrived == life->total, clock_ms(life));
}

static bool batch_is_healthy(const struct life *life, uint64_t first, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (life->fates[first + i].poison) return false;
    }
    return true;
}

static void check_delivery(struct life *life, const struct step_action *action) {
    uint64_t first = life->base + action->first, bytes = 0;
    PROMISE(life, life->answer_at_ms == STEP_NEVER);
    PROMISE(life, life->settings.enabled);
    PROMISE(life, action->count > 0 && first + action->count <= life->arrived);
    for (uint64_t i = 0; i < first; i++) PROMISE(life, life->fates[i].settled);
    for (uint32_t i = 0; i < action->count; i++) bytes += life->metadata[first + i].bytes;
    if (action->attempt == 1 && life->refusals == 0) {
        PROMISE(life, action->count <= life->settings.batch_size);
        PROMISE(life, action->count == 1 || bytes <= life->settings.payload_bytes_max);
    }
    PROMISE(life, first == life->work_first);
    PROMISE(life, action->attempt == life->work_failures + 1);
    PROMISE(life, life->settings.retries_max < 0 || action->attempt <= life->settings.retries_max + 1);
    PROMISE(life, clock_ms(life) <= life->fates[first].created_ms ||
                      clock_ms(life) - life->fates[first].created_ms <= life->settings.record_age_ms_max);
    PROMISE(life, clock_ms(life) >= life->not_before_ms);
}

static void begin_delivery(struct life *life, const struct step_action *action) {
    check_delivery(life, action);
    bool hangs = percent(life, 5);
    life->deliveries++;
    life->delivery = *action;
    life->retries_lowest = life->settings.retries_max < 0 ? INT64_MAX : life->settings.retries_max;
    life->answer_at_ms = life->time_ms + (hangs ? 3000 + below(life, 60000) : below(life, 200));
    life->answer = STEP_SUCCESS;
    if (!life->healing && percent(life, life->throttle_percent)) life->answer = STEP_NOT_DELIVERED;
    else if (hangs || (!life->healing && percent(life, life->failure_percent)) ||
             !batch_is_healthy(life, life->base + action->first, action->count)) {
        life->answer = STEP_FAILURE;
    }
}

static void settle(struct life *life, const struct step_action *range) {
    for (uint32_t i = 0; i < range->count; i++) life->fates[life->base + range->first + i].settled = true;
    life->work_first = life->base + range->first + range->count;
}

static uint64_t pause_ms_least(const struct life *life, unsigned failures) {
    uint64_t delay_ms = life->settings.backoff_ms_first;
    for (unsigned i = 1; i < failures && delay_ms < life->settings.backoff_ms_max; i++) delay_ms *= 2;
    if (delay_ms > life->settings.backoff_ms_max) delay_ms = life->settings.backoff_ms_max;
    return delay_ms - delay_ms / 8;
}

static void answer_delivery(struct life *life) {
    life->answer_at_ms = STEP_NEVER;
    switch (life->answer) {
    case STEP_SUCCESS:
        settle(life, &life->delivery);
        life->work_failures = life->refusals = 0;
        life->not_before_ms = 0;
        break;
    case STEP_FAILURE:
        life->work_failures++;
        life->failures++;
        life->refusals = 0;
        life->not_before_ms = clock_ms(life) + pause_ms_least(life, life->work_failures);
        break;
    case STEP_NOT_DELIVERED:
        life->refusals++;
        life->not_before_ms = clock_ms(life) + pause_ms_least(life, life->refusals);
        break;
    }
    step_delivered(&life->shard, life->answer, clock_ms(life), (uint32_t)chance(life));
}

static void give_up(struct life *life, const struct step_action *action) {
    uint64_t first = life->base + action->first;
    PROMISE(life, first == life->work_first && action->count > 0);
    if (action->reason == STEP_RETRIES_EXHAUSTED) {
        PROMISE(life, action->attempt == life->work_failures);
        PROMISE(life, life->retries_lowest < (int64_t)action->attempt);
        life->work_failures = 0;
    } else {
        for (uint32_t i = 0; i < action->count; i++) {
            PROMISE(life, clock_ms(life) - life->fates[first + i].created_ms > life->settings.record_age_ms_max);
        }
        if (life->shard.work_count == 1) life->work_failures = 0;
    }
    life->refusals = life->shard.work_count > 1 ? life->refusals : 0;
    life->not_before_ms = 0;
    life->given_up++;
    settle(life, action);
    step_given_up(&life->shard, clock_ms(life));
}

static void begin_save(struct life *life, const struct step_action *action) {
    PROMISE(life, life->saved_at_ms == STEP_NEVER);
    PROMISE(life, life->base + action->first >= life->checkpoint);
    for (uint64_t i = 0; i < life->base + action->first; i++) PROMISE(life, life->fates[i].settled);
    PROMISE(life, !action->end || life->base + action->first == life->total);
    life->save = *action;
    life->saved_at_ms = life->time_ms + below(life, 400);
}

static void answer_save(struct life *life) {
    bool durable = life->healing || !percent(life, 10);
    life->saved_at_ms = STEP_NEVER;
    if (durable) {
        life->checkpoint = life->base + life->save.first;
        life->checkpoint_end = life->save.end;
    }
    step_saved(&life->shard, durable, clock_ms(life));
}

static void finish(struct life *life) {
    PROMISE(life, life->checkpoint_end && life->checkpoint == life->total);
    life->finished = true;
}

/* Performs actions until the core waits. */
static void process_run(struct life *life) {
    for (unsigned actions = 0;; actions++) {
        struct step_action action = step_next(&life->shard, clock_ms(life));
        PROMISE(life, actions < 1000);
        switch (action.kind) {
        case STEP_WAIT:
            PROMISE(life, action.until_ms > clock_ms(life));
            life->wake_at_ms = action.until_ms == STEP_NEVER ? STEP_NEVER : action.until_ms - life->offset_ms;
            return;
        case STEP_READ: answer_read(life, &action); break;
        case STEP_DELIVER: begin_delivery(life, &action); break;
        case STEP_GIVE_UP: give_up(life, &action); break;
        case STEP_SAVE: begin_save(life, &action); break;
        case STEP_FINISH: finish(life); life->wake_at_ms = STEP_NEVER; return;
        }
    }
}

/* ------------------------------------------------------------------ the world */

static void arrive(struct life *life) {
    uint64_t more = 1 + below(life, percent(life, 20) ? 30 : 3);
    for (; more > 0 && life->arrived < life->total; more--) {
        life->fates[life->arrived].created_ms = clock_ms(life);
        life->metadata[life->arrived].created_ms = clock_ms(life);
        life->arrived++;
    }
    step_available(&life->shard);
}

static void jump(struct life *life) {
    if (percent(life, 50)) life->offset_ms += below(life, 200000);
    else life->offset_ms -= below(life, 100000);
    life->not_before_ms = 0;
}

static void trouble(struct life *life) {
    switch (below(life, 3)) {
    case 0:
        if (life->crashes_left == 0) return;
        life->crashes_left--;
        process_crash(life);
        break;
    case 1: change_settings(life); break;
    default: jump(life); break;
    }
}

/* The event that is due first happens; arrivals fill the time between. */
static void happen(struct life *life) {
    uint64_t next_ms = life->answer_at_ms < life->saved_at_ms ? life->answer_at_ms : life->saved_at_ms;
    if (life->wake_at_ms < next_ms) next_ms = life->wake_at_ms;
    bool idle = next_ms == STEP_NEVER;
    uint64_t arrival_ms = life->time_ms + below(life, percent(life, 30) ? 5000 : 100);
    if (life->arrived < life->total && (idle || arrival_ms < next_ms)) {
        life->time_ms = arrival_ms;
        arrive(life);
    } else if (idle) { /* only a disabled mapping may stand still with work to do */
        PROMISE(life, !life->settings.enabled);
        change_settings(life);
    } else {
        if (next_ms > life->time_ms) life->time_ms = next_ms;
        if (life->answer_at_ms <= life->time_ms) answer_delivery(life);
        else if (life->saved_at_ms <= life->time_ms) answer_save(life);
    }
}

static void life_begin(struct life *life, uint64_t seed) {
    *life = (struct life){.seed = seed, .random = seed * 77 + 1, .time_ms = 1000000, .offset_ms = 1000000000};
    life->total = (uint32_t)below(life, RECORDS_MAX + 1);
    life->failure_percent = (unsigned)below(life, 60);
    life->throttle_percent = (unsigned)below(life, 30);
    life->trouble_percent = (unsigned)below(life, 12);
    life->crashes_left = (unsigned)below(life, 12);
    unsigned poison_percent = percent(life, 50) ? 0 : (unsigned)below(life, 10);
    for (uint32_t i = 0; i < life->total; i++) {
        life->fates[i].poison = percent(life, poison_percent);
        life->metadata[i].bytes = (uint32_t)(1 + below(life, percent(life, 5) ? 8000 : 600));
    }
    life->settings = settings_any(life);
    process_start(life);
}

static void life_run(struct life *life, uint64_t seed) {
    life_begin(life, seed);
    for (unsigned events = 0; !life->finished; events++) {
        PROMISE(life, events < EVENTS_MAX);
        if (events == EVENTS_MAX / 20) {
            life->healing = true;
            change_settings(life);
        }
        if (!life->healing && percent(life, life->trouble_percent)) trouble(life);
        if (!life->finished) process_run(life);
        if (!life->finished) happen(life);
    }
    PROMISE(life, life->checkpoint == life->total);
    for (uint32_t i = 0; i < life->total; i++) PROMISE(life, life->fates[i].settled);
}

static uint64_t number_from(const char *variable, uint64_t otherwise) {
    const char *text = getenv(variable);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

Test(step_simulation, every_record_is_delivered_or_given_up_in_order_through_any_history) {
    uint64_t seed = number_from("STEP_SEED", 1);
    uint64_t count = getenv("STEP_SEED") != NULL ? 1 : number_from("STEP_HISTORIES", HISTORIES);
    unsigned long deliveries = 0, given_up = 0, crashes = 0, failures = 0;
    static struct life life;
    for (uint64_t i = 0; i < count; i++) {
        life_run(&life, seed + i);
        deliveries += life.deliveries;
        given_up += life.given_up;
        crashes += life.crashes;
        failures += life.failures;
    }
    if (count < HISTORIES) return;
    /* a simulation in which nothing goes wrong would prove nothing */
    cr_assert(deliveries > 10 * count && failures > count && given_up > count / 2 && crashes > count / 2,
              "%lu deliveries, %lu failures, %lu given up, %lu crashes", deliveries, failures, given_up, crashes);
}
