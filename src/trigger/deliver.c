/* A runner's deliveries: the event that the function gets, what its answer means, and the record of what was given up. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/slice.h"
#include "trigger/answer.h"
#include "trigger/event.h"
#include "trigger/failure.h"
#include "trigger/runner_inside.h"

enum { FAILURE_BYTES_MAX = 64 * 1024, EVENT_IDLE_BYTES_MAX = 1024 * 1024, EVENT_BYTES_MAX = 24 * 1024 * 1024 };

static uint32_t random_32(void) {
    uint32_t random;
    random_bytes(&random, sizeof random);
    return random;
}

static struct runner_lane *lane_of(struct runner *runner, const struct step_action *action) {
    struct runner_lane **lane = &runner->lanes[action->lane];
    if (*lane == NULL) *lane = calloc(1, sizeof **lane);
    if (*lane == NULL) return NULL;
    assert(!(*lane)->busy);
    (*lane)->runner = runner;
    (*lane)->action = *action;
    return *lane;
}

/* From here to the answer the clock is held: a function runs in real time. */
static void lane_leaves(struct runner_lane *lane) {
    lane->busy = true;
    leat_clock_hold(lane->runner->world->db);
}

/* What the answer brings about still belongs to this moment. */
static void go_on(struct runner *runner) {
    struct leat *db = runner->world->db;
    runner_run(runner);
    leat_clock_release(db);
}

/* The answer has come. NULL: nobody waits for it any more. */
static struct runner *lane_back(struct runner_lane *lane) {
    lane->busy = false;
    if (lane->runner == NULL) free(lane);
    else return lane->runner;
    return NULL;
}

void runner_lanes_leave(struct runner *runner) {
    for (size_t i = 0; i < STEP_LANES_MAX; i++) {
        struct runner_lane *lane = runner->lanes[i];
        if (lane == NULL) continue;
        if (lane->busy) {
            lane->runner = NULL;
            leat_clock_release(runner->world->db);
        } else {
            free(lane);
        }
        runner->lanes[i] = NULL;
    }
}

/* ------------------------------------------------------------------ events */

static void window_members(struct buf *event, const struct runner *runner, const struct step_action *action) {
    const struct store_window *window = &runner->checkpoint.window;
    struct json_writer json;
    char time[CLOCK_ISO_SIZE];
    json_writer_init(&json, event);
    json.comma = true;
    json_key(&json, "window");
    json_object(&json);
    clock_iso(action->window_start_ms, time);
    json_key(&json, "start");
    buf_print(event, "\"%.19sZ\"", time);
    clock_iso(action->window_end_ms, time);
    json.comma = true;
    json_key(&json, "end");
    buf_print(event, "\"%.19sZ\"", time);
    json_object_end(&json);
    json_key(&json, "state");
    json_verbatim(&json, window->open && window->state.data != NULL ? window->state : SLICE("{}"));
    json_key(&json, "shardId");
    json_text(&json, runner->checkpoint.shard);
    json_key(&json, "eventSourceARN");
    json_string(&json, runner->host->mapping->settings.event_source_arn);
    json_key(&json, "isFinalInvokeForWindow");
    json_bool(&json, action->final);
    json_key(&json, "isWindowTerminatedEarly");
    json_bool(&json, action->early);
}

/* {"Records":[...]}, in a buffer that all share. Absent: no memory. */
static struct leat_slice event_of(struct runner *runner, const struct step_action *action) {
    struct buf *event = &runner->world->event;
    uint64_t ordinal = action->first;
    buf_clear(event);
    buf_append(event, EVENT_HEAD, sizeof EVENT_HEAD - 1);
    for (uint32_t i = 0; i < action->count; i++, ordinal++) {
        ordinal = step_held(&runner->step, action->lane, ordinal);
        const struct buffer_place *place = buffer_at(&runner->buffer, ordinal);
        if (i > 0) buf_byte(event, ',');
        buf_slice(event, feed_json(place->page, place->record));
    }
    buf_byte(event, ']');
    if (action->windowed) window_members(event, runner, action);
    buf_byte(event, '}');
    return buf_ok(event) ? buf_view(event) : slice_of(NULL, 0);
}

static void event_release(struct runner_world *world) {
    if (world->event.capacity <= EVENT_IDLE_BYTES_MAX) return;
    buf_fini(&world->event);
    buf_init(&world->event, EVENT_BYTES_MAX);
}

/* ------------------------------------------------------------------ answers */

static void copy_text(char out[RUNNER_TEXT_SIZE], struct leat_slice text) {
    (void)snprintf(out, RUNNER_TEXT_SIZE, "%.*s", SLICE_FORMAT(text));
}

static void note_outcome(struct runner_lane *lane, const struct trigger_outcome *outcome) {
    lane->invoked = true;
    lane->status = outcome->status;
    copy_text(lane->request_id, outcome->request_id);
    copy_text(lane->executed_version, outcome->executed_version);
    copy_text(lane->function_error, outcome->function_error);
}

static const char **sequences_of(struct runner *runner, const struct step_action *action) {
    const char **sequences = ARENA_ARRAY(&runner->world->arena, const char *, action->count);
    uint64_t ordinal = action->first;
    for (uint32_t i = 0; sequences != NULL && i < action->count; i++, ordinal++) {
        ordinal = step_held(&runner->step, action->lane, ordinal);
        sequences[i] = buffer_sequence(&runner->buffer, ordinal);
    }
    return sequences;
}

/* The window after an answer that took something: closed, or open with the new state. false: no memory. */
static bool window_after(struct runner *runner, const struct step_action *action, struct leat_slice state) {
    struct store_window *window = &runner->checkpoint.window;
    if (action->final) {
        store_window_clear(window);
        return true;
    }
    if (!store_window_keep(window, state)) return false;
    window->open = true;
    window->start_ms = action->window_start_ms;
    window->length_ms = action->window_end_ms - action->window_start_ms;
    return true;
}

static struct step_answer understand(struct runner *runner, const struct step_action *action, struct leat_slice payload) {
    const bool report = runner->host->mapping->settings.report_batch_item_failures && !action->final;
    if (!report && !action->windowed) return (struct step_answer){.outcome = STEP_SUCCESS};
    struct leat_slice state;
    struct answer_question question = {.report = report, .windowed = action->windowed, .count = action->count};
    question.sequences = sequences_of(runner, action);
    struct step_answer answer = {.outcome = STEP_FAILURE};
    if (question.sequences != NULL) answer = answer_read(payload, &question, &runner->world->arena, &state);
    bool taken = answer.outcome == STEP_SUCCESS || (answer.outcome == STEP_PARTIAL && answer.taken > 0);
    if (taken && action->windowed && !window_after(runner, action, state)) answer.outcome = STEP_FAILURE;
    arena_reset(&runner->world->arena);
    return answer;
}

static void delivered(void *context, const struct trigger_outcome *outcome) {
    struct runner_lane *lane = context;
    struct runner *runner = lane_back(lane);
    if (runner == NULL) return;
    struct step_answer answer = {.outcome = STEP_FAILURE};
    if (outcome->kind == TRIGGER_SUCCESS) answer = understand(runner, &lane->action, outcome->payload);
    if (outcome->kind == TRIGGER_NOT_DELIVERED) answer.outcome = STEP_NOT_DELIVERED;
    else note_outcome(lane, outcome);
    bool success = answer.outcome == STEP_SUCCESS;
    if (success) runner->checkpoint.delivered = true;
    runner->host->delivered(runner->host, success);
    step_delivered(&runner->step, lane->action.lane, answer, runner_now_ms(runner), success ? 0 : random_32());
    go_on(runner);
}

void runner_deliver(struct runner *runner, const struct step_action *action) {
    struct trigger_target *target = runner->host->target(runner->host);
    struct runner_lane *lane = lane_of(runner, action);
    struct leat_slice event = event_of(runner, action);
    if (target == NULL || lane == NULL || event.data == NULL) {
        const struct step_answer answer = {.outcome = STEP_NOT_DELIVERED};
        runner->host->delivered(runner->host, false);
        step_delivered(&runner->step, action->lane, answer, runner_now_ms(runner), random_32());
        return;
    }
    struct runner_world *world = runner->world;
    lane_leaves(lane);
    target->kind->deliver(target, event, delivered, lane); /* may have answered already */
    event_release(world);
}

/* ------------------------------------------------------------------ giving up */

static void given_up(struct runner *runner, const struct step_action *action, bool durable) {
    if (durable && action->final) store_window_clear(&runner->checkpoint.window);
    step_given_up(&runner->step, action->lane, durable, runner_now_ms(runner), durable ? 0 : random_32());
}

static void sent(void *context, bool durable, const char *why) {
    struct runner_lane *lane = context;
    struct runner *runner = lane_back(lane);
    if (runner == NULL) return;
    if (!durable) runner_trouble(runner, "the failure record did not get through", why == NULL ? "no reason given" : why);
    given_up(runner, &lane->action, durable);
    go_on(runner);
}

static void describe(struct runner *runner, const struct runner_lane *lane, struct failure *out) {
    const struct step_action *action = &lane->action;
    const struct trigger_settings *settings = &runner->host->mapping->settings;
    uint64_t first = action->first, last = first;
    *out = (struct failure){
        .function_arn = settings->function_name,
        .stream_arn = settings->event_source_arn,
        .shard_id = slice_text(runner->checkpoint.shard),
        .at_ms = runner_now_ms(runner),
        .count = action->count,
        .attempts = action->attempt,
        .reason = action->reason,
        .outcome = {.status = lane->status,
                    .request_id = slice_text(lane->request_id),
                    .executed_version = slice_text(lane->executed_version),
                    .function_error = slice_text(lane->function_error[0] == 0 ? NULL : lane->function_error)},
        .first_created_ms = action->window_start_ms,
        .last_created_ms = action->window_end_ms,
    };
    if (action->count == 0) { /* the closing of a window: it is behind the newest record done */
        out->first_sequence = out->last_sequence = slice_text(buffer_sequence(&runner->buffer, runner->step.done - 1));
        return;
    }
    for (uint32_t i = 1; i < action->count; i++) last = step_held(&runner->step, action->lane, last + 1);
    out->first_sequence = slice_text(buffer_sequence(&runner->buffer, first));
    out->last_sequence = slice_text(buffer_sequence(&runner->buffer, last));
    out->first_created_ms = runner->buffer.records[first - runner->buffer.first].created_ms;
    out->last_created_ms = runner->buffer.records[last - runner->buffer.first].created_ms;
}

static void log_failure(const struct runner *runner, const struct failure *failure) {
    static const char *const reasons[] = {
        [STEP_RETRIES_EXHAUSTED] = "retry attempts exhausted",
        [STEP_RECORD_AGE_EXCEEDED] = "record age exceeded",
    };
    log_warning("trigger %.*s, shard %s: %s after %" PRIu32 " attempts: discarded %" PRIu32 " records, %.*s to %.*s",
                SLICE_FORMAT(runner->host->mapping->settings.uuid), runner->checkpoint.shard, reasons[failure->reason],
                failure->attempts, failure->count, SLICE_FORMAT(failure->first_sequence),
                SLICE_FORMAT(failure->last_sequence));
}

/* false: it could not even be tried. */
static bool send_failure(struct runner *runner, struct runner_lane *lane, struct failure *failure) {
    struct trigger_destination *destination = runner->host->destination(runner->host);
    char request_id[RANDOM_UUID_SIZE];
    struct buf record;
    if (destination == NULL) return false;
    random_uuid(request_id); /* records too old may never have been in an invocation */
    if (!lane->invoked) failure->outcome.request_id = slice_text(request_id);
    buf_init(&record, FAILURE_BYTES_MAX);
    failure_write(&record, failure);
    const struct trigger_failure message = {
        .record = buf_view(&record),
        .event = event_of(runner, &lane->action),
        .mapping_uuid = runner->host->mapping->settings.uuid,
        .shard_id = failure->shard_id,
        .at_ms = failure->at_ms,
    };
    bool whole = buf_ok(&record) && message.event.data != NULL;
    struct runner_world *world = runner->world;
    if (whole) {
        lane_leaves(lane);
        destination->kind->send(destination, &message, sent, lane); /* may have answered already */
    }
    event_release(world);
    buf_fini(&record);
    return whole;
}

void runner_give_up(struct runner *runner, const struct step_action *action) {
    struct runner_lane *lane = lane_of(runner, action);
    struct failure failure;
    if (lane == NULL) {
        given_up(runner, action, false);
        return;
    }
    describe(runner, lane, &failure);
    if (runner->host->mapping->settings.on_failure_arn.data == NULL) {
        log_failure(runner, &failure);
        given_up(runner, action, true);
        return;
    }
    if (!send_failure(runner, lane, &failure)) given_up(runner, action, false);
}
