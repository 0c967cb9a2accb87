#include "trigger/runner.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/random.h"
#include "base/slice.h"

enum {
    JSON_BYTES_MAX = 24 * 1024 * 1024, /* a batch of 6 MB, and a read of 1 MB whose every byte is escaped in JSON */
    READ_BYTES_MAX = 1024 * 1024,
    IDLE_BYTES_MAX = 64 * 1024, /* a bigger buffer is given back when it is empty */
    ITEM_BYTES_MAX = 4096,
    READ_AGAIN_MS = 1000,
    ACTIONS_PER_TURN = 64 /* then the loop's other work has its turn */
};

struct place { /* of a buffered record */
    char sequence[LEAT_SEQUENCE_SIZE];
    size_t start, end; /* in json */
};

/* A delivery outlives its runner when that is freed in between. */
struct delivery {
    struct runner *runner; /* NULL: nobody waits for it */
};

struct runner {
    struct step_shard step;
    struct runner_world *world;
    struct runner_host *host; /* NULL: freed, but a checkpoint is still on its way */
    struct store_checkpoint checkpoint;
    char read_behind[LEAT_SEQUENCE_SIZE]; /* "": from the shard's start */
    char done[LEAT_SEQUENCE_SIZE];        /* of the newest record that has left the buffer */
    /* records [first, first + count) */
    uint64_t first;
    uint32_t count, capacity;
    struct step_record *records;
    struct place *places;
    struct buf json; /* their JSON with commas between */
    struct delivery *delivery;
    struct schedule_entry later;
    struct net_task saved; /* brings the end of a save back to the loop */
    enum leat_code save_code;
    struct buf save_item;
    struct runner_farewell *farewell;
    bool save_busy, running, read_failed, gone, finished;
};

static uint64_t now_ms(const struct runner *runner) { return runner->world->now_ms(runner->world->now_context); }
const char *runner_shard(const struct runner *runner) { return runner->checkpoint.shard; }

static void log_trouble(const struct runner *runner, const char *what, const char *why) {
    log_warning("trigger %.*s, shard %s: %s: %s", SLICE_FORMAT(runner->host->mapping->settings.uuid),
                runner->checkpoint.shard, what, why);
}

/* ------------------------------------------------------------------ the buffer */

static void buffer_release(struct runner *runner) {
    free(runner->records);
    free(runner->places);
    buf_fini(&runner->json);
    runner->records = NULL;
    runner->places = NULL;
    runner->capacity = 0;
    buf_init(&runner->json, JSON_BYTES_MAX);
}

/* Drops the records that are done. What remains moves to the front: usually nothing. */
static void buffer_compact(struct runner *runner) {
    uint32_t gone = (uint32_t)(runner->step.done - runner->first);
    if (gone == 0) return;
    memcpy(runner->done, runner->places[gone - 1].sequence, sizeof runner->done);
    runner->first += gone;
    runner->count -= gone;
    if (runner->count == 0) {
        if (runner->json.capacity > IDLE_BYTES_MAX) buffer_release(runner);
        else buf_clear(&runner->json);
        return;
    }
    size_t bytes = runner->places[gone].start;
    memmove(runner->json.data, runner->json.data + bytes, runner->json.size - bytes);
    runner->json.size -= bytes;
    memmove(runner->records, runner->records + gone, runner->count * sizeof *runner->records);
    memmove(runner->places, runner->places + gone, runner->count * sizeof *runner->places);
    for (uint32_t i = 0; i < runner->count; i++) {
        runner->places[i].start -= bytes;
        runner->places[i].end -= bytes;
    }
}

static bool buffer_grow(struct runner *runner) {
    if (runner->count < runner->capacity) return true;
    uint32_t capacity = runner->capacity == 0 ? 4 : 2 * runner->capacity;
    struct step_record *records = reallocarray(runner->records, capacity, sizeof *records);
    if (records == NULL) return false;
    runner->records = records;
    struct place *places = reallocarray(runner->places, capacity, sizeof *places);
    if (places == NULL) return false;
    runner->places = places;
    runner->capacity = capacity;
    return true;
}

/* false: it did not fit; nothing has changed. */
static bool buffer_append(struct runner *runner, const struct leat_record *record) {
    const struct event_source source = {runner->host->mapping->settings.event_source_arn, runner->world->region};
    size_t before = runner->json.size;
    if (!buffer_grow(runner)) return false;
    if (runner->count > 0) buf_byte(&runner->json, ',');
    size_t start = runner->json.size;
    event_record(&runner->json, record, &source);
    if (!buf_ok(&runner->json)) {
        runner->json.failed = false;
        runner->json.size = before;
        return false;
    }
    struct place *place = &runner->places[runner->count];
    memcpy(place->sequence, record->sequence, sizeof place->sequence);
    place->start = start;
    place->end = runner->json.size;
    runner->records[runner->count] =
        (struct step_record){.created_ms = record->created_ms, .bytes = (uint32_t)(place->end - start + 1)};
    runner->count++;
    return true;
}

static const char *sequence_at(const struct runner *runner, uint64_t ordinal) {
    return ordinal < runner->first ? runner->done : runner->places[ordinal - runner->first].sequence;
}

/* ------------------------------------------------------------------ reading */

static void read_ended(struct runner *runner, uint32_t count, bool more, bool end) {
    step_read(&runner->step, runner->records, runner->first, count, more, end, now_ms(runner));
}

static size_t result_bytes(const struct leat_result *result) {
    size_t bytes = 0;
    for (size_t i = 0; i < result->record_count; i++) {
        const struct leat_record *record = &result->records[i];
        bytes += record->keys.size + record->new_image.size + record->old_image.size;
    }
    return bytes;
}

static void read_taken(struct runner *runner, const struct leat_result *result, uint32_t limit,
                       const char next[LEAT_SEQUENCE_SIZE], bool end) {
    uint32_t taken = 0;
    while (taken < result->record_count && buffer_append(runner, &result->records[taken])) taken++;
    bool all = taken == result->record_count;
    if (all) memcpy(runner->read_behind, next, sizeof runner->read_behind);
    else if (taken > 0) memcpy(runner->read_behind, result->records[taken - 1].sequence, sizeof runner->read_behind);
    else runner->read_failed = true;
    /* An answer well below its limits says that nothing more is there: no second read on the way to the function. */
    bool cut = taken == limit || result_bytes(result) >= READ_BYTES_MAX / 2;
    read_ended(runner, taken, cut || (!all && taken > 0), all && end);
}

/* AWS: records older than the retention may go at any moment. What is left begins at the shard's start. */
static void read_refused(struct runner *runner, enum leat_code code, const struct leat_fault *fault) {
    bool more = false;
    if (code == LEAT_TRIMMED_DATA_ACCESS && runner->read_behind[0] != 0) {
        log_trouble(runner, "records were trimmed before they were read; going on with the oldest", runner->read_behind);
        runner->read_behind[0] = 0;
        more = true;
    } else if (code == LEAT_RESOURCE_NOT_FOUND) {
        log_trouble(runner, "the shard is gone", fault->message);
        runner->gone = true;
    } else {
        log_trouble(runner, "cannot read", fault->message);
        runner->read_failed = true;
    }
    read_ended(runner, 0, more, false);
}

static void perform_read(struct runner *runner, uint32_t count) {
    struct leat_result result = {0};
    struct leat_fault fault = {0};
    char next[LEAT_SEQUENCE_SIZE];
    bool end = false;
    buffer_compact(runner);
    const struct leat_shard_read read = {
        .stream = runner->host->mapping->settings.event_source_arn,
        .shard = slice_text(runner->checkpoint.shard),
        .position = runner->read_behind[0] == 0 ? LEAT_TRIM_HORIZON : LEAT_AFTER_SEQUENCE,
        .sequence = slice_text(runner->read_behind),
        .limit = count,
        .bytes_max = READ_BYTES_MAX,
    };
    enum leat_code code = leat_shard_read(runner->world->db, &read, &result, next, &end, &fault);
    if (code == LEAT_OK) read_taken(runner, &result, count, next, end);
    else read_refused(runner, code, &fault);
    leat_result_free(&result);
}

/* ------------------------------------------------------------------ delivering */

static void delivered(void *context, const struct trigger_outcome *outcome) {
    struct delivery *delivery = context;
    struct runner *runner = delivery->runner;
    free(delivery);
    if (runner == NULL) return;
    static const enum step_outcome outcomes[] = {
        [TRIGGER_SUCCESS] = STEP_SUCCESS,
        [TRIGGER_FUNCTION_ERROR] = STEP_FAILURE,
        [TRIGGER_NOT_DELIVERED] = STEP_NOT_DELIVERED,
    };
    bool success = outcome->kind == TRIGGER_SUCCESS;
    uint32_t random = 0;
    if (success) runner->checkpoint.delivered = true;
    else random_bytes(&random, sizeof random);
    runner->delivery = NULL;
    runner->host->delivered(runner->host, success);
    step_delivered(&runner->step, outcomes[outcome->kind], now_ms(runner), random);
    runner_run(runner);
}

static struct leat_slice event_of(struct runner *runner, const struct step_action *action) {
    struct buf *event = &runner->world->event;
    const struct place *first = &runner->places[action->first - runner->first], *last = first + action->count - 1;
    buf_clear(event);
    buf_append(event, EVENT_HEAD, sizeof EVENT_HEAD - 1);
    buf_append(event, runner->json.data + first->start, last->end - first->start);
    buf_append(event, EVENT_TAIL, sizeof EVENT_TAIL - 1);
    return buf_ok(event) ? buf_view(event) : slice_of(NULL, 0);
}

static void perform_delivery(struct runner *runner, const struct step_action *action) {
    struct trigger_target *target = runner->host->target(runner->host);
    struct delivery *delivery = malloc(sizeof *delivery);
    struct leat_slice event = event_of(runner, action);
    if (target == NULL || delivery == NULL || event.data == NULL) {
        uint32_t random;
        random_bytes(&random, sizeof random);
        free(delivery);
        runner->host->delivered(runner->host, false);
        step_delivered(&runner->step, STEP_NOT_DELIVERED, now_ms(runner), random);
        return;
    }
    delivery->runner = runner;
    runner->delivery = delivery;
    target->kind->deliver(target, event, delivered, delivery); /* may have answered already */
    if (runner->world->event.capacity <= READ_BYTES_MAX) return;
    buf_fini(&runner->world->event);
    buf_init(&runner->world->event, JSON_BYTES_MAX);
}

static void perform_give_up(struct runner *runner, const struct step_action *action) {
    static const char *const reasons[] = {
        [STEP_RETRIES_EXHAUSTED] = "retry attempts exhausted",
        [STEP_RECORD_AGE_EXCEEDED] = "record age exceeded",
    };
    log_warning("trigger %.*s, shard %s: %s after %" PRIu32 " attempts: discarded %" PRIu32 " records, %s to %s",
                SLICE_FORMAT(runner->host->mapping->settings.uuid), runner->checkpoint.shard, reasons[action->reason],
                action->attempt, action->count, sequence_at(runner, action->first),
                sequence_at(runner, action->first + action->count - 1));
    step_given_up(&runner->step, now_ms(runner));
}

/* ------------------------------------------------------------------ checkpoints */

static void runner_release(struct runner *runner);

static void save_came_back(struct net_task *task) {
    struct runner *runner = (struct runner *)(void *)((char *)task - offsetof(struct runner, saved));
    struct runner_world *world = runner->world;
    struct runner_farewell *farewell = runner->farewell;
    world->saves--;
    runner->save_busy = false;
    if (runner->host == NULL) {
        runner_release(runner);
        if (farewell != NULL && --farewell->open == 0) farewell->ended(farewell);
        if (world->saves == 0) world->saves_ended(world);
        return;
    }
    if (runner->save_code != LEAT_OK) log_trouble(runner, "cannot save the checkpoint", leat_code_name(runner->save_code));
    step_saved(&runner->step, runner->save_code == LEAT_OK, now_ms(runner));
    runner_run(runner);
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
    struct leat_write write;
    struct leat_fault fault = {0};
    if (action->first > 0) {
        memcpy(runner->checkpoint.sequence, sequence_at(runner, action->first - 1), sizeof runner->checkpoint.sequence);
    }
    runner->checkpoint.finished = action->end;
    bool fits = store_checkpoint_write(runner->host->mapping->settings.uuid, &runner->checkpoint, &runner->save_item, &write);
    enum leat_code code = !fits ? LEAT_NO_MEMORY
                                : leat_write_start(runner->world->db, &write, 1, LEAT_EACH, slice_of(NULL, 0),
                                                   save_ended, runner, &fault);
    if (code == LEAT_OK) {
        runner->save_busy = true;
        runner->world->saves++;
        return;
    }
    log_trouble(runner, "cannot save the checkpoint", fault.message);
    step_saved(&runner->step, false, now_ms(runner));
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
    uint64_t current_ms = now_ms(runner);
    uint64_t delay_ms = until_ms == STEP_NEVER ? STEP_NEVER : until_ms > current_ms ? until_ms - current_ms : 0;
    if (runner->read_failed && delay_ms > READ_AGAIN_MS) delay_ms = READ_AGAIN_MS;
    if (delay_ms == STEP_NEVER) schedule_cancel(&runner->later);
    else schedule_in(&runner->world->schedule, &runner->later, delay_ms);
}

static void perform(struct runner *runner, const struct step_action *action) {
    switch (action->kind) {
    case STEP_READ: perform_read(runner, action->count); break;
    case STEP_DELIVER: perform_delivery(runner, action); break;
    case STEP_GIVE_UP: perform_give_up(runner, action); break;
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
        action = step_next(&runner->step, now_ms(runner));
        if (action.kind == STEP_WAIT) break;
        perform(runner, &action);
    }
    runner->running = false;
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

struct runner *runner_new(struct runner_world *world, struct runner_host *host,
                          const struct store_checkpoint *checkpoint, const struct step_settings *settings) {
    struct runner *runner = calloc(1, sizeof *runner);
    if (runner == NULL) return NULL;
    runner->world = world;
    runner->host = host;
    runner->checkpoint = *checkpoint;
    memcpy(runner->read_behind, checkpoint->sequence, sizeof runner->read_behind);
    runner->later.run = later;
    runner->saved.run = save_came_back;
    buf_init(&runner->json, JSON_BYTES_MAX);
    buf_init(&runner->save_item, ITEM_BYTES_MAX);
    step_init(&runner->step, settings, now_ms(runner));
    return runner;
}

static void runner_release(struct runner *runner) {
    buffer_release(runner);
    buf_fini(&runner->save_item);
    free(runner);
}

void runner_free(struct runner *runner, struct runner_farewell *farewell) {
    assert(!runner->running);
    schedule_cancel(&runner->later);
    if (runner->delivery != NULL) runner->delivery->runner = NULL;
    runner->host = NULL;
    runner->farewell = farewell;
    if (!runner->save_busy) runner_release(runner);
    else if (farewell != NULL) farewell->open++; /* freed when the checkpoint has come back */
}
