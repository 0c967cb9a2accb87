/* One life of a mapping in the simulation (step.c runs many): what the world keeps, what the process forgets when it dies, and what the
 * checks remember. */
#ifndef TESTS_SIM_LIFE_H
#define TESTS_SIM_LIFE_H

#include "trigger/step.h"

enum { RECORDS_MAX = 120, KEYS_MAX = 12, SHARDS_MAX = 7, EVENTS_MAX = 60000 };

typedef unsigned __int128 record_set; /* of RECORDS_MAX records */

struct fate { /* of a record */
    uint64_t created_ms;
    uint32_t key, bytes;
    bool poison;   /* every batch with it fails */
    bool noise;    /* filtered out, when the mapping filters */
    bool settled;  /* delivered, given up or filtered out at least once */
    bool accounted; /* settled, and if in a window, also in one that was closed or given up */
};

/* The function's state of a window: the records that it has taken in. */
struct state {
    bool open;
    uint64_t start_ms, length_ms;
    record_set taken;
};

struct delivery {
    struct step_action action;
    uint64_t answer_at_ms; /* STEP_NEVER: none is under way */
    struct step_answer answer;
    uint32_t keys; /* a bit for each key in it */
    bool giving_up; /* it is a failure record on its way */
};

struct piece { /* what a lane must deliver next, as far as it can be known */
    bool known;
    uint64_t first; /* in the shard's log */
    uint32_t count, failures, refusals;
    bool final;
    uint64_t not_before_ms;
    int64_t retries_lowest; /* since its last delivery began */
};

struct shard {
    /* the world */
    uint32_t log[RECORDS_MAX]; /* places in fates */
    uint32_t size;
    int parent; /* -1: none */
    bool closed, there;
    uint32_t key_residue, key_modulus; /* whose records it gets */
    uint64_t checkpoint;
    bool checkpoint_end;
    struct state checkpoint_state;
    /* the process */
    bool running;
    struct step_shard step;
    struct step_record records[RECORDS_MAX];
    uint64_t base; /* the log's place of ordinal 0 */
    uint64_t saved_at_ms, wake_at_ms;
    struct step_action save;
    struct state state, save_state;
    struct delivery deliveries[STEP_LANES_MAX];
    struct piece pieces[STEP_LANES_MAX];
};

struct life {
    uint64_t seed, random;
    uint64_t time_ms;   /* real time */
    uint64_t offset_ms; /* what the clock shows beyond it */
    struct fate fates[RECORDS_MAX];
    uint32_t total, arrived;
    struct shard shards[SHARDS_MAX];
    struct step_settings settings;
    bool filtering, windowed, changed;
    unsigned failure_percent, partial_percent, throttle_percent, trouble_percent, full_percent, crashes_left;
    bool healing; /* no more trouble: everything has to come to its end */
    unsigned long delivered, failed, partial, split, given_up, expired, crashed, closed, early, parallel, skipped, unsent;
};

/* From its first record to its last; ends the program where a promise is broken. */
void life_run(struct life *life, uint64_t seed);

/* Ends the program, with the seed, where a promise is broken. */
#define PROMISE(life, condition) ((condition) ? (void)0 : promise_broken((life), #condition, __LINE__))
_Noreturn void promise_broken(const struct life *life, const char *promise, int line);

uint64_t chance(struct life *life);
uint64_t below(struct life *life, uint64_t limit);
bool percent(struct life *life, unsigned likely);
uint64_t clock_ms(const struct life *life);

/* check.c: what must hold when the core wants something, and what follows for the lane's next delivery. */
void check_delivery(struct life *life, struct shard *shard, const struct step_action *action);
void check_give_up(struct life *life, struct shard *shard, const struct step_action *action);
void check_save(struct life *life, struct shard *shard, const struct step_action *action);
void note_answer(struct life *life, struct shard *shard, unsigned lane, const struct delivery *delivery);
void note_given_up(struct life *life, struct shard *shard, const struct step_action *action);

#endif
