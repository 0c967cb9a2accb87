/* The step core: what a mapping does with one shard, as a pure state machine.
 *
 * Events go in through the step_* calls; the driver then calls step_next and performs the action it answers, again and
 * again until the action is STEP_WAIT. Nothing here does I/O, reads a clock, allocates or keeps a pointer other than
 * the view of the buffered records, so a seeded simulation can run it through years of failures in seconds.
 *
 * Records are known by ordinal: the n-th record read since step_init, from 0. The driver knows their sequence numbers.
 *
 *      0 ........ done ......................... appended
 *      delivered, |  waiting, held by a batch,   |  not read yet
 *      given up or    or done out of turn
 *      filtered out
 *
 * A shard has as many lanes as ParallelizationFactor says; a record's key decides its lane, so the records of one item are
 * in one lane. Each lane has at most one batch at a time; the lanes do not wait for each other. The checkpoint is `done`:
 * the lowest record that is not.
 *
 * A batch is worked on in pieces, in order: one at first; a failed piece is cut in two halves where the mapping says so.
 * Every piece has a budget of attempts of its own, and the next one begins when the one before was delivered or given up;
 * so a record is never delivered before its predecessor of the same key. Where pieces begin is marked in the records.
 *
 * With tumbling windows there is one lane. A batch ends where its window does; a last delivery without records closes the
 * window. The state that the function passes on is the driver's; the core only hears that it has become too big.
 *
 * Source: AWS Lambda Developer Guide, "Using AWS Lambda with Amazon DynamoDB"; AWS API, EventSourceMappingConfiguration. */
#ifndef TRIGGER_STEP_H
#define TRIGGER_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    STEP_LANES_MAX = 10,    /* AWS: ParallelizationFactor is 1 to 10 */
    STEP_AHEAD_MAX = 10000, /* records read beyond the first that is not done; as many as the lanes' batches hold, if that is more */
    STEP_SKIPPED_SAVE_MS = 1000 /* progress by filtered records alone is not saved more often */
};
#define STEP_NEVER UINT64_MAX

struct step_settings {
    bool enabled, bisect;
    uint32_t batch_size;
    uint32_t factor;            /* 1 to STEP_LANES_MAX; 1 with tumbling windows */
    uint64_t window_ms;         /* MaximumBatchingWindowInSeconds; 0: invoke with whatever was read */
    uint64_t tumbling_ms;       /* TumblingWindowInSeconds; 0: none */
    int64_t retries_max;        /* n allows n + 1 invocations of a piece; -1: no limit */
    uint64_t record_age_ms_max; /* STEP_NEVER: no limit */
    uint64_t payload_bytes_max; /* of the records of one batch */
    uint64_t buffer_bytes_max;  /* nothing more is read while records that are not done have so many */
    uint64_t backoff_ms_first, backoff_ms_max;
};

enum step_record_state { STEP_RECORD_WAITING, STEP_RECORD_HELD, STEP_RECORD_DONE };

/* A buffered record. The driver fills it in when the record is read and may move it; `state` and `cut` are the core's from
 * then on. A record that the mapping's filter does not let through comes in as STEP_RECORD_DONE. */
struct step_record {
    uint64_t created_ms;
    uint32_t bytes; /* in the payload */
    uint32_t key;   /* the hash of its item's key */
    uint8_t state;
    bool cut; /* a new piece begins here */
};

/* A wait that survives a clock set back: then it begins anew, so it lasts at most twice as long as meant. */
struct step_timer {
    uint64_t from_ms, length_ms;
};

enum step_reason { STEP_RETRIES_EXHAUSTED, STEP_RECORD_AGE_EXCEEDED };

enum step_lane_state {
    STEP_IDLE,       /* no batch */
    STEP_READY,      /* the piece at hand is to be delivered */
    STEP_DELIVERING, /* step_delivered is due */
    STEP_PAUSED,     /* the next attempt waits */
    STEP_DROPPED,    /* the first `dropped` records are to be given up */
    STEP_GIVING_UP   /* step_given_up is due */
};

struct step_lane {
    enum step_lane_state state;
    enum step_reason reason; /* STEP_DROPPED, STEP_GIVING_UP */
    bool windowed;           /* the batch was put together from one tumbling window */
    bool final;              /* the piece at hand closes the tumbling window: it has no records */
    uint64_t first;          /* of the piece at hand */
    uint64_t batch_end;      /* behind the batch's last record */
    uint32_t count;          /* of the piece at hand */
    uint32_t dropped;
    uint32_t attempts; /* invocations that count against the piece's budget */
    uint32_t refusals; /* deliveries in a row that never reached the function */
    uint32_t unsent;   /* failures in a row to make the failure record durable */
    struct step_timer pause;
    /* what no batch holds yet */
    uint64_t cursor; /* nothing waits before it */
    uint32_t waiting;
    uint64_t waiting_bytes;
    struct step_timer window;
};

struct step_tumbling {
    bool open;
    bool early; /* its state is too big: it closes before anything else is delivered or saved */
    uint64_t start_ms, length_ms;
    uint64_t closed_ms; /* the end of the one before: late records do not open it again */
};

struct step_shard {
    struct step_settings settings;
    struct step_record *records; /* records[i] is the one with the ordinal view_first + i */
    uint64_t view_first;
    uint64_t done, appended;
    uint64_t buffered_bytes; /* of those that are not done */
    uint64_t saved, saving;
    struct step_lane lanes[STEP_LANES_MAX];
    uint32_t lane_count; /* follows settings.factor when no lane has a batch */
    struct step_tumbling tumbling;
    struct step_timer save_pause, skip_pause;
    unsigned save_failures;
    bool more;    /* the shard may have records behind what was read */
    bool reading; /* STEP_READ was answered, step_read is due */
    bool save_busy;
    bool worked;  /* there is something new to be saved, more than filtered records */
    bool skipped; /* filtered records wait for being saved since skip_pause.from_ms */
    bool end;     /* no record will ever follow */
    bool end_saved, finished;
};

enum step_action_kind {
    STEP_WAIT,    /* nothing to do before until_ms (STEP_NEVER: before the next event) */
    STEP_READ,    /* read at most `count` records behind what was read; answer with step_read */
    STEP_DELIVER, /* `count` records of the lane from `first` on (step_held); answer with step_delivered */
    STEP_GIVE_UP, /* the same records are discarded; answer with step_given_up when that is durably told */
    STEP_SAVE,    /* make durable that records before `first` are done, or (end) the whole shard; answer with step_saved */
    STEP_FINISH   /* the shard's end is saved; the core wants nothing more */
};

struct step_action {
    enum step_action_kind kind;
    unsigned lane; /* STEP_DELIVER, STEP_GIVE_UP */
    uint64_t first;
    uint32_t count;
    uint32_t attempt;        /* STEP_DELIVER: the number of this attempt, from 1. STEP_GIVE_UP: attempts made */
    enum step_reason reason; /* STEP_GIVE_UP */
    bool windowed;           /* STEP_DELIVER, STEP_GIVE_UP: the next members are of its tumbling window */
    bool final, early;
    uint64_t window_start_ms, window_end_ms;
    bool end;          /* STEP_SAVE */
    uint64_t until_ms; /* STEP_WAIT */
};

enum step_outcome {
    STEP_SUCCESS,
    STEP_PARTIAL, /* the first `taken` of the records, fewer than all, were taken */
    STEP_FAILURE,
    STEP_NOT_DELIVERED
};
struct step_answer {
    enum step_outcome outcome;
    uint32_t taken;
    bool state_full; /* the window's state has become too big, with what was taken */
};

/* now_ms: the first batching window begins. */
void step_init(struct step_shard *shard, const struct step_settings *settings, uint64_t now_ms);
/* A tumbling window was open when the checkpoint was saved. Right behind step_init. */
void step_resume_window(struct step_shard *shard, uint64_t start_ms, uint64_t length_ms);

struct step_action step_next(struct step_shard *shard, uint64_t now_ms);

/* The lane's first held record from `from` on. */
uint64_t step_held(const struct step_shard *shard, unsigned lane, uint64_t from);

/* The shard may have grown. */
void step_available(struct step_shard *shard);

/* `count` records were appended. `records` describes all buffered ones from the ordinal view_first (at most `done`) on,
 * and stays valid until the next step_read. more: there may be further ones at once. end: there will never be. */
void step_read(struct step_shard *shard, struct step_record *records, uint64_t view_first, uint32_t count, bool more,
               bool end, uint64_t now_ms);

/* The lane's delivery is answered. random: any 32 bits, for the jitter of the pause before the next attempt. */
void step_delivered(struct step_shard *shard, unsigned lane, struct step_answer answer, uint64_t now_ms, uint32_t random);

/* The failure is told durably, or it is tried again later. */
void step_given_up(struct step_shard *shard, unsigned lane, bool durable, uint64_t now_ms, uint32_t random);

/* The save under way is durable, or has failed and is tried again later. */
void step_saved(struct step_shard *shard, bool durable, uint64_t now_ms);

/* New settings. What is under way goes on; a paused piece is tried again at once (somebody has mended something), unless
 * its budget is used up by now. Another factor takes effect when the batches at hand are through. */
void step_change(struct step_shard *shard, const struct step_settings *settings);

#endif
