#include "trigger/lineage.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/slice.h"
#include "trigger/answer.h"
#include "trigger/destination.h"
#include "trigger/event.h"
#include "trigger/filter.h"

enum {
    PAYLOAD_BYTES_MAX = 6 * 1024 * 1024, /* AWS Lambda: request payload of an invocation */
    WINDOW_BYTES = 2048,                 /* of an event, around records and state, with a tumbling window */
    BUFFER_BYTES_MAX = 16 * 1024 * 1024, /* of records read ahead, a shard */
    LOOK_AGAIN_MS = 1000
};

enum shard_state {
    SHARD_WAITING, /* for its parent, or to be started */
    SHARD_RUNNING,
    SHARD_FINISHED
};

struct shard {
    struct shard *next;
    enum shard_state state;
    bool listed; /* by the newest description of the stream */
    char parent[LEAT_SHARD_ID_SIZE];
    struct store_checkpoint checkpoint;
    struct runner *runner;
};

struct lineage {
    struct runner_host host;
    struct watcher watcher;
    struct lineage_world *world;
    struct mapping *mapping;
    struct trigger_target *target;
    struct trigger_destination *destination;
    struct filter *filter; /* NULL: everything passes */
    struct shard *shards;
    unsigned running;
    bool started, growing; /* growing: the stream may still get new shards */
    struct schedule_entry look_again;
};

const struct mapping *lineage_mapping(const struct lineage *lineage) { return lineage->mapping; }

static void log_trouble(const struct lineage *lineage, const char *what, const char *why) {
    log_warning("trigger %.*s: %s: %s", SLICE_FORMAT(lineage->mapping->settings.uuid), what, why);
}

static struct step_settings step_settings_of(const struct lineage *lineage) {
    const struct trigger_settings *settings = &lineage->mapping->settings;
    bool windows = settings->tumbling_window_seconds > 0;
    return (struct step_settings){
        .bisect = settings->bisect,
        .factor = windows ? 1 : (uint32_t)settings->parallelization_factor,
        .tumbling_ms = (uint64_t)settings->tumbling_window_seconds * 1000,
        .buffer_bytes_max = BUFFER_BYTES_MAX,
        .enabled = settings->enabled,
        .batch_size = (uint32_t)settings->batch_size,
        .window_ms = (uint64_t)settings->window_seconds * 1000,
        .retries_max = settings->retry_attempts_max,
        .record_age_ms_max =
            settings->record_age_seconds_max < 0 ? STEP_NEVER : (uint64_t)settings->record_age_seconds_max * 1000,
        .payload_bytes_max = PAYLOAD_BYTES_MAX - sizeof EVENT_HEAD - sizeof EVENT_TAIL -
                             (windows ? ANSWER_STATE_BYTES_MAX + WINDOW_BYTES : 0),
        .backoff_ms_first = lineage->world->retry_ms_first,
        .backoff_ms_max = lineage->world->retry_ms_max,
    };
}

/* ------------------------------------------------------------------ shards */

static struct shard *shard_find(struct lineage *lineage, const char *id) {
    struct shard *shard = lineage->shards;
    while (shard != NULL && strcmp(shard->checkpoint.shard, id) != 0) shard = shard->next;
    return shard;
}

/* Behind the others: the list stays in the order in which shards came to be. */
static struct shard *shard_add(struct lineage *lineage, const struct store_checkpoint *checkpoint) {
    struct shard **end = &lineage->shards, *shard = calloc(1, sizeof *shard);
    if (shard == NULL) return NULL;
    while (*end != NULL) end = &(*end)->next;
    *end = shard;
    shard->checkpoint = *checkpoint;
    shard->state = checkpoint->finished ? SHARD_FINISHED : SHARD_WAITING;
    return shard;
}

static void shards_free(struct lineage *lineage, struct runner_farewell *farewell) {
    while (lineage->shards != NULL) {
        struct shard *shard = lineage->shards;
        lineage->shards = shard->next;
        if (shard->runner != NULL) runner_free(shard->runner, farewell);
        store_window_clear(&shard->checkpoint.window);
        free(shard);
    }
}

static bool shards_load(struct lineage *lineage) {
    struct store_checkpoints checkpoints = {0};
    struct leat_fault fault = {0};
    struct leat *db = lineage->world->runners.db;
    enum leat_code code = store_checkpoints_read(db, lineage->mapping->settings.uuid, &checkpoints, &fault);
    bool delivered = false;
    for (size_t i = 0; i < checkpoints.count && code == LEAT_OK; i++) {
        delivered |= checkpoints.all[i].delivered;
        if (shard_add(lineage, &checkpoints.all[i]) == NULL) code = LEAT_NO_MEMORY;
        else checkpoints.all[i].window = (struct store_window){.open = false}; /* the shard's now */
    }
    store_checkpoints_free(&checkpoints);
    if (code != LEAT_OK) {
        shards_free(lineage, NULL);
        log_trouble(lineage, "cannot read the checkpoints", fault.message);
        return false;
    }
    if (delivered) lineage->world->result(lineage->world->result_context, lineage->mapping->settings.uuid, MAPPING_OK);
    if (delivered) lineage->mapping->result = MAPPING_OK;
    return true;
}

/* Shards that are no longer listed have been trimmed: nobody asks for them any more. */
static void shards_forget(struct lineage *lineage) {
    for (struct shard **at = &lineage->shards; *at != NULL;) {
        struct shard *shard = *at;
        if (shard->listed || shard->state == SHARD_RUNNING) {
            at = &shard->next;
        } else {
            *at = shard->next;
            runner_forget_checkpoint(&lineage->world->runners, lineage->mapping->settings.uuid, shard->checkpoint.shard);
            store_window_clear(&shard->checkpoint.window);
            free(shard);
        }
    }
}

static bool shards_merge(struct lineage *lineage, const struct leat_stream *stream) {
    for (struct shard *shard = lineage->shards; shard != NULL; shard = shard->next) shard->listed = false;
    for (size_t i = 0; i < stream->shard_count; i++) {
        const struct leat_shard *seen = &stream->shards[i];
        struct shard *shard = shard_find(lineage, seen->id);
        if (shard == NULL) {
            /* not there when the mapping was made: read from its start, whatever the starting position */
            struct store_checkpoint checkpoint = {0};
            memcpy(checkpoint.shard, seen->id, sizeof checkpoint.shard);
            shard = shard_add(lineage, &checkpoint);
        }
        if (shard == NULL) return false;
        memcpy(shard->parent, seen->parent, sizeof shard->parent);
        shard->listed = true;
    }
    shards_forget(lineage);
    return true;
}

/* A parent that is not listed has been trimmed. */
static bool shard_may_start(struct lineage *lineage, const struct shard *shard) {
    if (shard->state != SHARD_WAITING) return false;
    const struct shard *parent = shard->parent[0] == 0 ? NULL : shard_find(lineage, shard->parent);
    return parent == NULL || parent->state == SHARD_FINISHED;
}

static bool shard_start(struct lineage *lineage, struct shard *shard) {
    const struct step_settings settings = step_settings_of(lineage);
    shard->runner = runner_new(&lineage->world->runners, &lineage->host, &shard->checkpoint, &settings);
    if (shard->runner == NULL) return false;
    shard->state = SHARD_RUNNING;
    lineage->running++;
    runner_run(shard->runner);
    return true;
}

static bool shards_start(struct lineage *lineage) {
    for (struct shard *shard = lineage->shards; shard != NULL; shard = shard->next) {
        if (shard_may_start(lineage, shard) && !shard_start(lineage, shard)) return false;
    }
    return true;
}

/* Lists the stream's shards and starts what may run. false: try again later. */
static bool look(struct lineage *lineage) {
    struct leat_stream_list list = {0};
    struct leat_fault fault = {0};
    enum leat_code code =
        leat_stream_describe(lineage->world->runners.db, lineage->mapping->settings.event_source_arn, &list, &fault);
    bool good = code == LEAT_OK && list.count == 1 && shards_merge(lineage, &list.streams[0]);
    lineage->growing = code != LEAT_RESOURCE_NOT_FOUND;
    if (good) {
        enum leat_stream_status status = list.streams[0].status;
        lineage->growing = status == LEAT_STREAM_ENABLED || status == LEAT_STREAM_ENABLING;
    }
    leat_stream_list_free(&list);
    if (code == LEAT_RESOURCE_NOT_FOUND) return true; /* deleted; the mapping stays, as AWS has it */
    if (!good) log_trouble(lineage, "cannot list the shards", fault.message);
    return good && shards_start(lineage);
}

static void look_in(struct lineage *lineage, uint64_t delay_ms) {
    schedule_in(&lineage->world->runners.schedule, &lineage->look_again, delay_ms);
}

static void look_or_wait(struct lineage *lineage) {
    if (!lineage->started) lineage->started = shards_load(lineage);
    if (!lineage->started || !look(lineage)) look_in(lineage, LOOK_AGAIN_MS);
}

static void look_again(struct schedule_entry *entry) {
    struct lineage *lineage = (struct lineage *)(void *)((char *)entry - offsetof(struct lineage, look_again));
    if (lineage->mapping->settings.enabled) look_or_wait(lineage);
}

/* ------------------------------------------------------------------ what runners ask of their mapping */

static struct trigger_target *host_target(struct runner_host *host) {
    struct lineage *lineage = (struct lineage *)(void *)host;
    const struct trigger_resolver *resolver = &lineage->world->resolver;
    struct leat_fault fault = {0};
    if (lineage->target != NULL) return lineage->target;
    if (resolver->open(resolver->context, lineage->mapping->settings.function_name, &lineage->target, &fault) != LEAT_OK) {
        log_trouble(lineage, "cannot reach the function", fault.message);
        lineage->target = NULL;
    }
    return lineage->target;
}

static struct trigger_destination *host_destination(struct runner_host *host) {
    struct lineage *lineage = (struct lineage *)(void *)host;
    struct leat_slice arn = lineage->mapping->settings.on_failure_arn;
    const struct trigger_destination_resolver *resolver = destination_resolver(lineage->world->destinations, arn);
    struct leat_fault fault = {.message = "no such service"};
    if (lineage->destination != NULL) return lineage->destination;
    if (resolver == NULL || resolver->open(resolver->context, arn, &lineage->destination, &fault) != LEAT_OK) {
        log_trouble(lineage, "cannot reach the destination of failures", fault.message);
        lineage->destination = NULL;
    }
    return lineage->destination;
}

static bool host_passes(struct runner_host *host, struct leat_slice record) {
    return filter_passes(((struct lineage *)(void *)host)->filter, record);
}

static uint64_t host_generation(struct runner_host *host) {
    const struct lineage *lineage = (const struct lineage *)(const void *)host;
    return lineage->watcher.watch->generation;
}

static void host_delivered(struct runner_host *host, bool success) {
    struct lineage *lineage = (struct lineage *)(void *)host;
    enum mapping_result result = success ? MAPPING_OK : MAPPING_PROBLEM;
    if (lineage->mapping->result == result) return;
    lineage->mapping->result = result;
    lineage->world->result(lineage->world->result_context, lineage->mapping->settings.uuid, result);
}

static void host_finished(struct runner_host *host, struct runner *runner) {
    struct lineage *lineage = (struct lineage *)(void *)host;
    struct shard *shard = shard_find(lineage, runner_shard(runner));
    runner_free(runner, NULL);
    lineage->running--;
    shard->runner = NULL;
    shard->state = SHARD_FINISHED;
    look_in(lineage, 0); /* for its children; not now, somebody may be walking over the list */
}

static void grown(struct watcher *watcher) {
    struct lineage *lineage = (struct lineage *)(void *)((char *)watcher - offsetof(struct lineage, watcher));
    if (!lineage->mapping->settings.enabled || !lineage->started) return;
    if (lineage->running == 0 && lineage->growing) look_or_wait(lineage);
    for (struct shard *shard = lineage->shards; shard != NULL; shard = shard->next) {
        if (shard->runner != NULL) runner_grown(shard->runner);
    }
}

/* ------------------------------------------------------------------ life */

static void target_release(struct lineage *lineage) {
    if (lineage->target != NULL) lineage->target->kind->release(lineage->target);
    lineage->target = NULL;
}

static void destination_release(struct lineage *lineage) {
    if (lineage->destination != NULL) lineage->destination->kind->release(lineage->destination);
    lineage->destination = NULL;
}

/* Mappings are made with valid filters only; one that cannot be read (no memory) lets everything through. */
static void filter_renew(struct lineage *lineage) {
    struct leat_slice criteria = lineage->mapping->settings.filter_json;
    struct leat_fault fault = {0};
    filter_free(lineage->filter);
    lineage->filter = NULL;
    if (criteria.data == NULL || filter_new(criteria, &lineage->filter, &fault) == LEAT_OK) return;
    log_trouble(lineage, "records are not filtered", fault.message);
}

struct lineage *lineage_new(struct lineage_world *world, struct mapping *mapping) {
    struct lineage *lineage = calloc(1, sizeof *lineage);
    if (lineage == NULL || !watch_add(&world->watches, mapping->table, &lineage->watcher)) {
        free(lineage);
        mapping_free(mapping);
        return NULL;
    }
    lineage->host = (struct runner_host){.mapping = mapping,
                                       .target = host_target,
                                       .destination = host_destination,
                                       .passes = host_passes,
                                       .generation = host_generation,
                                       .delivered = host_delivered,
                                       .finished = host_finished};
    lineage->watcher.grown = grown;
    lineage->world = world;
    lineage->mapping = mapping;
    lineage->look_again.run = look_again;
    filter_renew(lineage);
    if (mapping->settings.enabled) look_or_wait(lineage);
    return lineage;
}

void lineage_free(struct lineage *lineage, struct runner_farewell *farewell) {
    watch_remove(&lineage->watcher);
    schedule_cancel(&lineage->look_again);
    shards_free(lineage, farewell);
    target_release(lineage);
    destination_release(lineage);
    filter_free(lineage->filter);
    mapping_free(lineage->mapping);
    free(lineage);
}

void lineage_change(struct lineage *lineage, struct mapping *mapping) {
    struct mapping *before = lineage->mapping;
    mapping->result = before->result;
    lineage->mapping = mapping;
    lineage->host.mapping = mapping;
    if (!slice_equal(before->settings.function_name, mapping->settings.function_name)) target_release(lineage);
    if (!slice_equal(before->settings.on_failure_arn, mapping->settings.on_failure_arn)) destination_release(lineage);
    mapping_free(before);
    filter_renew(lineage);
    const struct step_settings settings = step_settings_of(lineage);
    for (struct shard *shard = lineage->shards; shard != NULL; shard = shard->next) {
        if (shard->runner != NULL) runner_change(shard->runner, &settings);
    }
    if (mapping->settings.enabled) look_in(lineage, 0); /* it may have been off since shards ended */
}
