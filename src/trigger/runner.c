#include "trigger/runner.h"

#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/slice.h"
#include "trigger/runner_inside.h"

enum {
    ITEMS_BYTES_MAX = STORE_STATE_PARTS_MAX * (STORE_STATE_PART_BYTES + 4096),
    IDLE_BYTES_MAX = 64 * 1024, /* a bigger buffer is given back when it has been used */
    READ_AGAIN_MS = 1000,
    ACTIONS_PER_TURN = 64 /* then the loop's other work has its turn */
};

const char *runner_shard(const struct runner *runner) { return runner->checkpoint.shard; }

void runner_trouble(const struct runner *runner, const char *what, const char *why) {
    log_warning("trigger %.*s, shard %s: %s: %s", SLICE_FORMAT(runner->host->mapping->settings.uuid),
                runner->checkpoint.shard, what, why);
}

/* ------------------------------------------------------------------ reading */

static void read_ended(struct runner *runner, uint32_t count, bool more, bool end) {
    step_read(&runner->step, runner->buffer.records, runner->buffer.first, count, more, end, runner_now_ms(runner));
}

/* AWS: records older than the retention may go at any moment. What is left begins at the shard's start. */
static void read_refused(struct runner *runner, enum leat_code code, const struct leat_fault *fault) {
    bool more = false;
    if (code == LEAT_TRIMMED_DATA_ACCESS && runner->read_behind[0] != 0) {
        runner_trouble(runner, "records were trimmed before they were read; going on with the oldest", runner->read_behind);
        runner->read_behind[0] = 0;
        more = true;
    } else if (code == LEAT_RESOURCE_NOT_FOUND) {
        runner_trouble(runner, "the shard is gone", fault->message);
        runner->gone = true;
    } else {
        runner_trouble(runner, "cannot read", fault->message);
        runner->read_failed = true;
    }
    read_ended(runner, 0, more, false);
}

static void page_leave(struct runner *runner) {
    feed_leave(runner->page);
    runner->page = NULL;
}

static enum leat_code page_next(struct runner *runner, uint64_t generation, struct leat_fault *fault) {
    const struct feed_place place = {
        .stream = runner->host->mapping->settings.event_source_arn,
        .shard = runner->checkpoint.shard,
        .behind = runner->read_behind,
        .generation = generation,
    };
    page_leave(runner);
    return feed_read(&runner->world->feed, &place, &runner->page, &runner->page_at, fault);
}

/* Takes over as many records as are wanted; what the filter does not let through counts as done. */
static uint32_t page_take(struct runner *runner, uint32_t wanted) {
    uint32_t taken = 0;
    for (; taken < wanted && runner->page_at < runner->page->count; taken++, runner->page_at++) {
        struct feed_page *page = runner->page;
        bool passes = runner->host->passes(runner->host, feed_json(page, runner->page_at));
        if (!buffer_add(&runner->buffer, page, runner->page_at, passes)) {
            runner->read_failed = taken == 0;
            break;
        }
        memcpy(runner->read_behind, page->records[runner->page_at].sequence, sizeof runner->read_behind);
    }
    return taken;
}

static void perform_read(struct runner *runner, uint32_t wanted) {
    struct leat_fault fault = {0};
    uint64_t generation = runner->host->generation(runner->host);
    buffer_compact(&runner->buffer, runner->step.done);
    enum leat_code code = runner->page == NULL ? page_next(runner, generation, &fault) : LEAT_OK;
    if (code != LEAT_OK) {
        read_refused(runner, code, &fault);
        return;
    }
    uint32_t taken = page_take(runner, wanted);
    struct feed_page *page = runner->page;
    if (runner->page_at < page->count) {
        read_ended(runner, taken, taken > 0, false);
        return;
    }
    bool more = page->more || page->generation != generation, end = page->end;
    memcpy(runner->read_behind, page->last, sizeof runner->read_behind);
    page_leave(runner);
    read_ended(runner, taken, more, end);
}

/* ------------------------------------------------------------------ checkpoints */

static void runner_release(struct runner *runner);

static void save_came_back(struct net_task *task) {
    struct runner *runner = (struct runner *)(void *)((char *)task - offsetof(struct runner, saved));
    struct runner_world *world = runner->world;
    struct runner_farewell *farewell = runner->farewell;
    struct leat *db = world->db;
    world->saves--;
    runner->save_busy = false;
    if (runner->host == NULL) {
        runner_release(runner);
        leat_clock_release(db);
        if (farewell != NULL && --farewell->open == 0) farewell->ended(farewell);
        if (world->saves == 0) world->saves_ended(world);
        return;
    }
    if (runner->save_code == LEAT_OK) runner->checkpoint.parts = runner->save_parts;
    else if (runner->save_parts > runner->checkpoint.parts) runner->checkpoint.parts = runner->save_parts;
    if (runner->save_items.capacity > IDLE_BYTES_MAX) buf_fini(&runner->save_items);
    if (runner->save_code != LEAT_OK) runner_trouble(runner, "cannot save the checkpoint", leat_code_name(runner->save_code));
    step_saved(&runner->step, runner->save_code == LEAT_OK, runner_now_ms(runner));
    runner_run(runner);
    leat_clock_release(db);
}

/* On leat's writing thread. */
static void save_ended(void *context, enum leat_code code, struct leat_result *result, const struct leat_fault *fault) {
    struct runner *runner = context;
    (void)fault;
    leat_result_free(result);
    runner->save_code = code;
    net_loop_post(runner->world->loop, &runner->saved);
}

static void perform_save(struct runner *runner, const struct step_action *action) {
    struct store_writes writes;
    struct leat_fault fault = {0};
    struct store_checkpoint *checkpoint = &runner->checkpoint;
    if (action->first > 0) {
        memcpy(checkpoint->sequence, buffer_sequence(&runner->buffer, action->first - 1), sizeof checkpoint->sequence);
    }
    checkpoint->finished = action->end;
    leat_clock_hold(runner->world->db); /* children begin when their parent's end is saved */
    bool fits = store_checkpoint_write(runner->host->mapping->settings.uuid, checkpoint, &runner->save_items, &writes);
    enum leat_code code = !fits ? LEAT_NO_MEMORY
                                : leat_write_start(runner->world->db, writes.writes, writes.count,
                                                   writes.count > 1 ? LEAT_ATOMIC : LEAT_EACH, slice_of(NULL, 0),
                                                   save_ended, runner, &fault);
    if (code == LEAT_OK) {
        runner->save_busy = true;
        runner->save_parts = writes.parts;
        runner->world->saves++;
        return;
    }
    leat_clock_release(runner->world->db);
    runner_trouble(runner, "cannot save the checkpoint", fault.message);
    step_saved(&runner->step, false, runner_now_ms(runner));
}

/* ------------------------------------------------------------------ life */

static void later(struct schedule_entry *entry) {
    struct runner *runner = (struct runner *)(void *)((char *)entry - offsetof(struct runner, later));
    if (runner->read_failed) {
        runner->read_failed = false;
        step_available(&runner->step);
    }
    runner_run(runner);
}

static void wait_until(struct runner *runner, uint64_t until_ms) {
    uint64_t current_ms = runner_now_ms(runner);
    uint64_t delay_ms = until_ms == STEP_NEVER ? STEP_NEVER : until_ms > current_ms ? until_ms - current_ms : 0;
    if (runner->read_failed && delay_ms > READ_AGAIN_MS) delay_ms = READ_AGAIN_MS;
    if (delay_ms == STEP_NEVER) schedule_cancel(&runner->later);
    else schedule_in(&runner->world->schedule, &runner->later, delay_ms);
}

static void perform(struct runner *runner, const struct step_action *action) {
    switch (action->kind) {
    case STEP_READ: perform_read(runner, action->count); break;
    case STEP_DELIVER: runner_deliver(runner, action); break;
    case STEP_GIVE_UP: runner_give_up(runner, action); break;
    case STEP_SAVE: perform_save(runner, action); break;
    case STEP_FINISH: runner->finished = true; break;
    case STEP_WAIT: break;
    }
}

void runner_run(struct runner *runner) {
    if (runner->running) return; /* a target has answered at once: the loop below goes on */
    struct step_action action = {.kind = STEP_WAIT, .until_ms = 0};
    runner->running = true;
    for (unsigned i = 0; i < ACTIONS_PER_TURN && !runner->gone && !runner->finished; i++) {
        action = step_next(&runner->step, runner_now_ms(runner));
        if (action.kind == STEP_WAIT) break;
        perform(runner, &action);
    }
    runner->running = false;
    /* nothing is left: the core looks at no record before it gets a new view */
    if (runner->step.done == runner->step.appended) buffer_compact(&runner->buffer, runner->step.done);
    if (runner->gone || runner->finished) runner->host->finished(runner->host, runner);
    else wait_until(runner, action.kind == STEP_WAIT ? action.until_ms : 0);
}

void runner_grown(struct runner *runner) {
    step_available(&runner->step);
    runner_run(runner);
}

void runner_change(struct runner *runner, const struct step_settings *settings) {
    step_change(&runner->step, settings);
    step_available(&runner->step); /* nobody has told it of news while the mapping was off */
    runner_run(runner);
}

struct runner *runner_new(struct runner_world *world, struct runner_host *host, struct store_checkpoint *checkpoint,
                          const struct step_settings *settings) {
    struct runner *runner = calloc(1, sizeof *runner);
    if (runner == NULL) return NULL;
    runner->world = world;
    runner->host = host;
    runner->checkpoint = *checkpoint;
    checkpoint->window = (struct store_window){.open = false};
    memcpy(runner->read_behind, checkpoint->sequence, sizeof runner->read_behind);
    memcpy(runner->buffer.done, checkpoint->sequence, sizeof runner->buffer.done);
    runner->later.run = later;
    runner->saved.run = save_came_back;
    buf_init(&runner->save_items, ITEMS_BYTES_MAX);
    step_init(&runner->step, settings, runner_now_ms(runner));
    const struct store_window *window = &runner->checkpoint.window;
    if (window->open) step_resume_window(&runner->step, window->start_ms, window->length_ms);
    return runner;
}

static void runner_release(struct runner *runner) {
    page_leave(runner);
    buffer_fini(&runner->buffer);
    buf_fini(&runner->save_items);
    store_window_clear(&runner->checkpoint.window);
    free(runner);
}

void runner_free(struct runner *runner, struct runner_farewell *farewell) {
    assert(!runner->running);
    schedule_cancel(&runner->later);
    runner_lanes_leave(runner);
    runner->host = NULL;
    runner->farewell = farewell;
    if (!runner->save_busy) runner_release(runner);
    else if (farewell != NULL) farewell->open++; /* freed when the checkpoint has come back */
}
