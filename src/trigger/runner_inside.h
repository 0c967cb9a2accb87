/* A runner's inside: runner.c (reading, checkpoints, life) and deliver.c (deliveries and what was given up). */
#ifndef TRIGGER_RUNNER_INSIDE_H
#define TRIGGER_RUNNER_INSIDE_H

#include "base/random.h"
#include "trigger/buffer.h"
#include "trigger/runner.h"
#include "trigger/target.h"

enum { RUNNER_TEXT_SIZE = 64 };

/* What is under way for a lane of the shard, and how its last invocation ended. It outlives its runner when that is freed
 * before the answer. */
struct runner_lane {
    struct runner *runner; /* NULL: nobody waits for it */
    bool busy;
    struct step_action action;
    bool invoked;
    unsigned status;
    char request_id[RUNNER_TEXT_SIZE], executed_version[RUNNER_TEXT_SIZE], function_error[RUNNER_TEXT_SIZE];
};

struct runner {
    struct step_shard step;
    struct runner_world *world;
    struct runner_host *host; /* NULL: freed, but a checkpoint is still on its way */
    struct store_checkpoint checkpoint; /* its window is the one that is open now */
    struct buffer buffer;
    struct feed_page *page; /* the one being read; NULL: none */
    size_t page_at;         /* the next record of it */
    char read_behind[LEAT_SEQUENCE_SIZE]; /* "": from the shard's start */
    struct runner_lane *lanes[STEP_LANES_MAX]; /* made when they are needed */
    struct schedule_entry later;
    struct net_task saved; /* brings the end of a save back to the loop */
    enum leat_code save_code;
    unsigned save_parts;
    struct buf save_items;
    struct runner_farewell *farewell;
    bool save_busy, running, read_failed, gone, finished;
};

static inline uint64_t runner_now_ms(const struct runner *runner) { return leat_now_ms(runner->world->db); }
void runner_trouble(const struct runner *runner, const char *what, const char *why); /* a line in the log */

void runner_deliver(struct runner *runner, const struct step_action *action);
void runner_give_up(struct runner *runner, const struct step_action *action);
void runner_lanes_leave(struct runner *runner); /* what is under way will find nobody */

#endif
