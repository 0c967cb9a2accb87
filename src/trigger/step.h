/* The step core: what a mapping does with one shard, as a pure state machine.
 *
 * Events go in through the step_* calls; the driver then calls step_next and performs the action it answers, again and
 * again until the action is STEP_WAIT. Nothing here does I/O, reads a clock, allocates or keeps a pointer other than
 * the view of the buffered records, so a seeded simulation can run it through years of failures in seconds.
 *
 * Records are known by ordinal: the n-th record read since step_init, from 0. The driver knows their sequence numbers.
 *
 *      0 ........ done ........ planned ........ appended
 *      delivered  |  in `work`, |  buffered, not  |  not read yet
 *      or given up   in order      in a batch yet
 *
 * A batch becomes a piece of work: a range of records with its own budget of attempts. What has to happen to a part of
 * a batch (its expired head is cut off) splits the work; the pieces stay in order and each goes its own way. Only the
 * first piece is worked on, so a record is never delivered before its predecessor was delivered or given up.
 *
 * Source: AWS Lambda Developer Guide, "Using AWS Lambda with Amazon DynamoDB"; AWS API, EventSourceMappingConfiguration. */
#ifndef TRIGGER_STEP_H
#define TRIGGER_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STEP_WORK_MAX = 8 };
#define STEP_NEVER UINT64_MAX

struct step_settings {
    bool enabled;
    uint32_t batch_size;
    uint64_t window_ms;         /* MaximumBatchingWindowInSeconds; 0: invoke with whatever was read */
    int64_t retries_max;        /* n allows n + 1 invocations; -1: no limit */
    uint64_t record_age_ms_max; /* STEP_NEVER: no limit */
    uint64_t payload_bytes_max; /* of the records of one batch */
    uint64_t backoff_ms_first, backoff_ms_max;
};

/* What the core must know about a buffered record. */
struct step_record {
    uint64_t created_ms;
    uint32_t bytes; /* in the payload */
};

/* A wait that survives a clock set back: then it begins anew, so it lasts at most twice as long as meant. */
struct step_timer {
    uint64_t from_ms, length_ms;
};

enum step_reason { STEP_RETRIES_EXHAUSTED, STEP_RECORD_AGE_EXCEEDED };

enum step_work_state { STEP_READY, STEP_DELIVERING, STEP_PAUSED, STEP_DROPPED, STEP_GIVING_UP };

struct step_work {
    uint64_t first;
    uint32_t count;
    uint32_t attempts; /* invocations that count against the budget */
    uint32_t refusals; /* deliveries in a row that never reached the function */
    enum step_work_state state;
    enum step_reason reason; /* STEP_DROPPED, STEP_GIVING_UP */
    struct step_timer pause; /* STEP_PAUSED */
};

struct step_shard {
    struct step_settings settings;
    const struct step_record *records; /* records[i] is the one with the ordinal view_first + i */
    uint64_t view_first;
    uint64_t done, planned, appended;
    uint64_t planned_bytes_waiting; /* of planned .. appended */
    uint64_t saved, saving;
    struct step_work work[STEP_WORK_MAX];
    unsigned work_count;
    struct step_timer window;
    struct step_timer save_pause;
    unsigned save_failures;
    bool more;     /* the shard may have records behind what was read */
    bool reading;  /* STEP_READ was answered, step_read is due */
    bool save_busy;
    bool end;      /* no record will ever follow */
    bool end_saved, finished;
};

enum step_action_kind {
    STEP_WAIT,    /* nothing to do before until_ms (STEP_NEVER: before the next event) */
    STEP_READ,    /* read at most `count` records behind what was read; answer with step_read */
    STEP_DELIVER, /* records [first, first + count); answer with step_delivered */
    STEP_GIVE_UP, /* records [first, first + count) are discarded; answer with step_given_up */
    STEP_SAVE,    /* make durable that records before `first` are done, or (end) the whole shard; answer with step_saved */
    STEP_FINISH   /* the shard's end is saved; the core wants nothing more */
};

struct step_action {
    enum step_action_kind kind;
    uint64_t first;
    uint32_t count;
    uint32_t attempt;        /* STEP_DELIVER: the number of this attempt, from 1. STEP_GIVE_UP: attempts made */
    enum step_reason reason; /* STEP_GIVE_UP */
    bool end;                /* STEP_SAVE */
    uint64_t until_ms;       /* STEP_WAIT */
};

enum step_outcome { STEP_SUCCESS, STEP_FAILURE, STEP_NOT_DELIVERED };

/* now_ms: the first batching window begins. */
void step_init(struct step_shard *shard, const struct step_settings *settings, uint64_t now_ms);

struct step_action step_next(struct step_shard *shard, uint64_t now_ms);

/* The shard may have grown. */
void step_available(struct step_shard *shard);

/* `count` records were appended. `records` describes all buffered ones from the ordinal view_first (at most `done`) on,
 * and stays valid until the next step_read. more: there may be further ones at once. end: there will never be. */
void step_read(struct step_shard *shard, const struct step_record *records, uint64_t view_first, uint32_t count,
               bool more, bool end, uint64_t now_ms);

/* The delivery under way is answered. random: any 32 bits, for the jitter of the pause before the next attempt. */
void step_delivered(struct step_shard *shard, enum step_outcome outcome, uint64_t now_ms, uint32_t random);

void step_given_up(struct step_shard *shard, uint64_t now_ms);

/* The save under way is durable, or has failed and is tried again later. */
void step_saved(struct step_shard *shard, bool durable, uint64_t now_ms);

/* New settings. What is under way goes on; a paused batch is tried again at once (somebody has mended something), unless
 * its budget is used up by now. */
void step_change(struct step_shard *shard, const struct step_settings *settings);

/* Nothing is under way and nothing is held in the buffer that a new start from the checkpoint would not find again. */
bool step_quiet(const struct step_shard *shard);

#endif
