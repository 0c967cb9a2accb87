/* One shard read by one mapping: performs what the step core asks for. Loop's thread only.
 *
 * Checkpoints are written without waiting: while one is on its way the next batch is delivered, and the next checkpoint
 * goes out when it is done. After a crash the batches since the last durable checkpoint come again. */
#ifndef TRIGGER_RUNNER_H
#define TRIGGER_RUNNER_H

#include "trigger/feed.h"
#include "trigger/mapping.h"
#include "trigger/schedule.h"
#include "trigger/step.h"
#include "trigger/store.h"

struct runner;

/* What all runners share. */
struct runner_world {
    struct leat *db;
    struct net_loop *loop;
    struct schedule schedule;
    struct feed feed;
    struct leat_slice region;
    struct buf event;    /* of the delivery that is being handed over */
    struct arena arena;  /* for reading an answer */
    unsigned saves;      /* writes of checkpoints on their way */
    void (*saves_ended)(struct runner_world *world); /* there are none any more */
};

/* Counts checkpoints that are still on their way when their runners have been freed. */
struct runner_farewell {
    unsigned open;
    void (*ended)(struct runner_farewell *farewell);
};

/* What a runner needs from its mapping. `host` is the first argument of all. */
struct runner_host {
    const struct mapping *mapping;
    struct trigger_target *(*target)(struct runner_host *host);           /* NULL: there is none now */
    struct trigger_destination *(*destination)(struct runner_host *host); /* the same; asked when the mapping names one */
    bool (*passes)(struct runner_host *host, struct leat_slice record);   /* the mapping's filter */
    uint64_t (*generation)(struct runner_host *host);                     /* of the table's commits */
    void (*delivered)(struct runner_host *host, bool success);
    void (*finished)(struct runner_host *host, struct runner *runner); /* the last call; frees the runner */
};

/* Reads on from the checkpoint, whose window becomes the runner's; call runner_run next. NULL: no memory. */
struct runner *runner_new(struct runner_world *world, struct runner_host *host, struct store_checkpoint *checkpoint,
                          const struct step_settings *settings);
/* What is under way is abandoned. farewell (NULL: nobody asks) counts a checkpoint that is still on its way. */
void runner_free(struct runner *runner, struct runner_farewell *farewell);
const char *runner_shard(const struct runner *runner);

void runner_run(struct runner *runner);   /* may end with host->finished */
void runner_grown(struct runner *runner); /* the shard may have new records */
void runner_change(struct runner *runner, const struct step_settings *settings);

/* Deletes the checkpoint of a shard that no longer exists, without waiting. If that fails, it stays: nobody asks for it. */
void runner_forget_checkpoint(struct runner_world *world, struct leat_slice uuid, const char *shard);

#endif
