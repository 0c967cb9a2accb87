/* The control plane: what the API's calls see and change. Everything known of a mapping is in memory, in order of UUID;
 * changes are written to the store first, then to memory, then handed to the driver. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/slice.h"
#include "trigger/driver.h"
#include "trigger/store.h"
#include "trigger/trigger.h"

enum { MAPPINGS_MAX = 100000, ARN_SIZE = 512 };

struct trigger_service {
    struct leat *db;
    struct driver *driver;
    struct trigger_resolver resolver;
    char region[64], account[16];
    uint64_t (*now_ms)(void *context);
    void *now_context;
    pthread_mutex_t control; /* one change at a time; held while writing */
    pthread_mutex_t lock;    /* mappings; never held while waiting */
    struct mapping **mappings;
    size_t count, capacity;
    bool store_ready;
};

static uint64_t system_now_ms(void *unused) {
    (void)unused;
    return clock_now_ms(&clock_system);
}

/* ------------------------------------------------------------------ the mappings in memory */

/* Where it is, or where it belongs. */
static size_t place_of(const struct trigger_service *service, struct leat_slice uuid, bool *found) {
    size_t low = 0, high = service->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slice_compare(service->mappings[middle]->settings.uuid, uuid) < 0) low = middle + 1;
        else high = middle;
    }
    *found = low < service->count && slice_equal(service->mappings[low]->settings.uuid, uuid);
    return low;
}

static bool reserve(struct trigger_service *service) {
    if (service->count < service->capacity) return true;
    size_t capacity = service->capacity == 0 ? 16 : 2 * service->capacity;
    struct mapping **mappings = reallocarray(service->mappings, capacity, sizeof *mappings);
    if (mappings == NULL) return false;
    service->mappings = mappings;
    service->capacity = capacity;
    return true;
}

/* There is room. */
static void insert(struct trigger_service *service, struct mapping *mapping) {
    bool found;
    size_t at = place_of(service, mapping->settings.uuid, &found);
    memmove(service->mappings + at + 1, service->mappings + at, (service->count - at) * sizeof *service->mappings);
    service->mappings[at] = mapping;
    service->count++;
}

static void result_changed(void *context, struct leat_slice uuid, enum mapping_result result) {
    struct trigger_service *service = context;
    bool found;
    pthread_mutex_lock(&service->lock);
    size_t at = place_of(service, uuid, &found);
    if (found) service->mappings[at]->result = result;
    pthread_mutex_unlock(&service->lock);
}

/* ------------------------------------------------------------------ descriptions */

static const char *const result_texts[] = {
    [MAPPING_NO_RECORDS] = "No records processed",
    [MAPPING_OK] = "OK",
    [MAPPING_PROBLEM] = "PROBLEM: Function call failed",
};

static bool copy_texts(struct arena *arena, struct trigger_settings *settings) {
    struct leat_slice *texts[] = {&settings->uuid,           &settings->event_source_arn, &settings->function_name,
                                  &settings->on_failure_arn, &settings->filter_json,      &settings->starting_position,
                                  &settings->kms_key_arn,    &settings->metrics_json,     &settings->tags_json};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i]->data == NULL) continue;
        *texts[i] = arena_copy(arena, *texts[i]);
        if (texts[i]->data == NULL) return false;
    }
    return true;
}

/* state: NULL for the one it is in. */
static enum leat_code describe(const struct trigger_service *service, const struct mapping *mapping, const char *state,
                               struct arena *arena, struct trigger_description *out, struct leat_fault *fault) {
    if (state == NULL) state = mapping->settings.enabled ? "Enabled" : "Disabled";
    *out = (struct trigger_description){
        .settings = mapping->settings,
        .state = slice_text(state),
        .state_transition_reason = SLICE("User action"),
        .last_processing_result = slice_text(result_texts[mapping->result]),
        .last_modified_ms = mapping->last_modified_ms,
        .arn = arena_print(arena, "arn:aws:lambda:%s:%s:event-source-mapping:%.*s", service->region, service->account,
                           SLICE_FORMAT(mapping->settings.uuid)),
    };
    if (out->arn.data == NULL || !copy_texts(arena, &out->settings)) return fault_memory(fault);
    return LEAT_OK;
}

static enum leat_code unknown_mapping(struct leat_fault *fault) {
    return fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "The resource you requested does not exist.");
}

enum leat_code trigger_get(struct trigger_service *service, struct leat_slice uuid, struct arena *arena,
                           struct trigger_description *out, struct leat_fault *fault) {
    bool found;
    pthread_mutex_lock(&service->lock);
    size_t at = place_of(service, uuid, &found);
    enum leat_code code = found ? describe(service, service->mappings[at], NULL, arena, out, fault) : unknown_mapping(fault);
    pthread_mutex_unlock(&service->lock);
    return code;
}

/* ------------------------------------------------------------------ list */

struct filter {
    struct leat_slice source, function;
    struct leat_slice function_arn; /* absent: the function is unknown; its mappings may still be there */
};

static bool passes(const struct mapping *mapping, const struct filter *filter) {
    const struct trigger_settings *settings = &mapping->settings;
    if (filter->source.data != NULL && !slice_equal(filter->source, settings->event_source_arn)) return false;
    if (filter->function.data == NULL) return true;
    if (filter->function_arn.data != NULL) return slice_equal(filter->function_arn, settings->function_name);
    return slice_equal(filter->function, settings->function_name) ||
           slice_equal(filter->function, mapping_function_of(settings->function_name));
}

static enum leat_code list_from(const struct trigger_service *service, size_t at, const struct filter *filter, size_t limit,
                                struct arena *arena, struct trigger_page *out, struct leat_fault *fault) {
    for (; at < service->count; at++) {
        const struct mapping *mapping = service->mappings[at];
        if (!passes(mapping, filter)) continue;
        if (out->count == limit) {
            out->next = out->mappings[limit - 1].settings.uuid;
            break;
        }
        TRY(describe(service, mapping, NULL, arena, &out->mappings[out->count], fault));
        out->count++;
    }
    return LEAT_OK;
}

enum leat_code trigger_list(struct trigger_service *service, struct leat_slice function, struct leat_slice source,
                            struct leat_slice marker, size_t limit, struct arena *arena, struct trigger_page *out,
                            struct leat_fault *fault) {
    char arn[ARN_SIZE];
    struct filter filter = {.source = source, .function = function};
    if (limit == 0 || limit > 100) limit = 100; /* AWS API, ListEventSourceMappings: at most 100 even if more is asked */
    if (function.data != NULL &&
        service->resolver.arn(service->resolver.context, function, arn, sizeof arn, NULL) == LEAT_OK) {
        filter.function_arn = slice_text(arn);
    }
    *out = (struct trigger_page){.mappings = ARENA_ARRAY(arena, struct trigger_description, limit)};
    if (out->mappings == NULL) return fault_memory(fault);
    bool found = false;
    pthread_mutex_lock(&service->lock);
    size_t at = marker.data == NULL ? 0 : place_of(service, marker, &found);
    enum leat_code code = list_from(service, at + found, &filter, limit, arena, out, fault);
    pthread_mutex_unlock(&service->lock);
    return code;
}

/* ------------------------------------------------------------------ create */

static enum leat_code invalid(struct leat_fault *fault, const char *words) {
    return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE, "%s", words);
}

static enum leat_code check_source(const struct trigger_settings *settings, struct leat_fault *fault) {
    struct leat_slice position = settings->starting_position;
    if (mapping_table_of(settings->event_source_arn).data == NULL) return invalid(fault, "Unrecognized event source.");
    if (position.data == NULL) {
        return invalid(fault, "1 validation error detected: Value null at 'startingPosition' failed to satisfy "
                              "constraint: Member must not be null.");
    }
    if (slice_is(position, "TRIM_HORIZON") || slice_is(position, "LATEST")) return LEAT_OK;
    if (slice_is(position, "AT_TIMESTAMP")) {
        return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE, "Unsupported starting position for arn type: %.*s",
                         SLICE_FORMAT(settings->event_source_arn));
    }
    return fault_set(fault, LEAT_VALIDATION,
                     "1 validation error detected: Value '%.*s' at 'startingPosition' failed to satisfy constraint: "
                     "Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]",
                     SLICE_FORMAT(position));
}

/* AWS API: -1 or 60 to 604,800; the model's range alone would let 0 to 59 through. */
static enum leat_code check_age(const struct trigger_settings *settings, struct leat_fault *fault) {
    if (settings->record_age_seconds_max == -1 || settings->record_age_seconds_max >= 60) return LEAT_OK;
    return invalid(fault, "MaximumRecordAgeInSeconds must be -1 or between 60 and 604800.");
}

static enum leat_code resolve(struct trigger_service *service, struct leat_slice name, char arn[ARN_SIZE],
                              struct leat_fault *fault) {
    enum leat_code code = name.data == NULL ? LEAT_RESOURCE_NOT_FOUND
                                            : service->resolver.arn(service->resolver.context, name, arn, ARN_SIZE, fault);
    return code == LEAT_RESOURCE_NOT_FOUND ? invalid(fault, "Function does not exist") : code;
}

/* The words and their blanks are recorded. Called under the lock. */
static enum leat_code check_duplicate(const struct trigger_service *service, const struct trigger_settings *settings,
                                      struct leat_fault *fault) {
    for (size_t i = 0; i < service->count; i++) {
        const struct trigger_settings *other = &service->mappings[i]->settings;
        if (!slice_equal(other->event_source_arn, settings->event_source_arn)) continue;
        if (!slice_equal(other->function_name, settings->function_name)) continue;
        if (slice_equal(other->uuid, settings->uuid)) continue;
        return fault_set(fault, LEAT_RESOURCE_CONFLICT,
                         "The event source arn (\" %.*s \") and function (\" %.*s \") provided mapping already exists. "
                         "Please update or delete the existing mapping with UUID %.*s",
                         SLICE_FORMAT(settings->event_source_arn),
                         SLICE_FORMAT(mapping_function_of(settings->function_name)), SLICE_FORMAT(other->uuid));
    }
    return LEAT_OK;
}

/* Where the shard stands now: behind its newest record. */
static enum leat_code shard_now(struct trigger_service *service, struct leat_slice stream, const struct leat_shard *shard,
                                struct store_checkpoint *out, struct leat_fault *fault) {
    struct leat_result result = {0};
    char next[LEAT_SEQUENCE_SIZE];
    bool end = false;
    const struct leat_shard_read read = {
        .stream = stream, .shard = slice_text(shard->id), .position = LEAT_LATEST, .limit = 1};
    *out = (struct store_checkpoint){.finished = shard->last[0] != 0};
    memcpy(out->shard, shard->id, sizeof out->shard);
    if (out->finished) return LEAT_OK;
    enum leat_code code = leat_shard_read(service->db, &read, &result, next, &end, fault);
    leat_result_free(&result);
    if (code == LEAT_OK) memcpy(out->sequence, next, sizeof out->sequence);
    return code;
}

/* LATEST is decided now and stored with the mapping: what is written after the answer is delivered, and a restart before
 * the first delivery does not move the place. TRIM_HORIZON needs nothing: shards without a checkpoint begin at their start. */
static enum leat_code starting_checkpoints(struct trigger_service *service, const struct trigger_settings *settings,
                                           struct store_checkpoints *out, struct leat_fault *fault) {
    struct leat_stream_list list = {0};
    enum leat_code code = leat_stream_describe(service->db, settings->event_source_arn, &list, fault);
    if (code == LEAT_RESOURCE_NOT_FOUND || (code == LEAT_OK && list.count == 0)) {
        code = fault_set(fault, LEAT_INVALID_PARAMETER_VALUE, "Stream not found: %.*s",
                         SLICE_FORMAT(settings->event_source_arn));
    }
    size_t shards = code == LEAT_OK && slice_is(settings->starting_position, "LATEST") ? list.streams[0].shard_count : 0;
    for (size_t i = 0; i < shards && code == LEAT_OK; i++) {
        struct store_checkpoint checkpoint;
        code = shard_now(service, settings->event_source_arn, &list.streams[0].shards[i], &checkpoint, fault);
        if (code == LEAT_OK && !store_checkpoints_add(out, &checkpoint)) code = fault_memory(fault);
    }
    leat_stream_list_free(&list);
    return code;
}

static enum leat_code store_ready(struct trigger_service *service, struct leat_fault *fault) {
    if (!service->store_ready) TRY(store_open(service->db, fault));
    service->store_ready = true;
    return LEAT_OK;
}

static enum leat_code keep_new(struct trigger_service *service, struct mapping *mapping, struct leat_fault *fault) {
    struct mapping *for_driver = mapping_copy(mapping);
    pthread_mutex_lock(&service->lock);
    bool room = for_driver != NULL && service->count < MAPPINGS_MAX && reserve(service);
    enum leat_code code = room ? check_duplicate(service, &mapping->settings, fault) : fault_memory(fault);
    pthread_mutex_unlock(&service->lock);
    struct store_checkpoints checkpoints = {0};
    if (code == LEAT_OK) code = starting_checkpoints(service, &mapping->settings, &checkpoints, fault);
    if (code == LEAT_OK) code = store_ready(service, fault);
    if (code == LEAT_OK) code = store_mapping_create(service->db, mapping, &checkpoints, fault);
    store_checkpoints_free(&checkpoints);
    if (code != LEAT_OK) {
        mapping_free(for_driver);
        mapping_free(mapping);
        return code;
    }
    pthread_mutex_lock(&service->lock);
    insert(service, mapping);
    pthread_mutex_unlock(&service->lock);
    return driver_add(service->driver, for_driver, fault);
}

enum leat_code trigger_create(struct trigger_service *service, const struct trigger_settings *settings,
                              struct arena *arena, struct trigger_description *out, struct leat_fault *fault) {
    struct trigger_settings all = *settings;
    char uuid[RANDOM_UUID_SIZE], arn[ARN_SIZE];
    random_uuid(uuid);
    all.uuid = slice_text(uuid);
    TRY(check_source(&all, fault));
    TRY(resolve(service, all.function_name, arn, fault));
    all.given |= TRIGGER_GIVEN_FUNCTION;
    all.function_name = slice_text(arn);
    mapping_fill_defaults(&all);
    TRY(check_age(&all, fault));
    struct mapping *mapping = mapping_new(&all, service->now_ms(service->now_context));
    if (mapping == NULL) return fault_memory(fault);
    /* described before it is kept: once it is in the list it belongs to everybody */
    enum leat_code code = describe(service, mapping, all.enabled ? "Creating" : "Disabled", arena, out, fault);
    if (code != LEAT_OK) {
        mapping_free(mapping);
        return code;
    }
    pthread_mutex_lock(&service->control);
    code = keep_new(service, mapping, fault);
    pthread_mutex_unlock(&service->control);
    return code;
}

/* ------------------------------------------------------------------ update */

/* A copy of the mapping with the changes. Under control: nobody else changes it meanwhile. */
static enum leat_code changed_copy(struct trigger_service *service, const struct trigger_settings *change,
                                   struct mapping **out, const char **state, struct leat_fault *fault) {
    bool found;
    enum leat_code code = LEAT_OK;
    pthread_mutex_lock(&service->lock);
    size_t at = place_of(service, change->uuid, &found);
    if (found) {
        const struct mapping *before = service->mappings[at];
        struct trigger_settings all = before->settings;
        mapping_apply(&all, change);
        *state = all.enabled == before->settings.enabled ? "Updating" : all.enabled ? "Enabling" : "Disabling";
        code = check_age(&all, fault);
        if (code == LEAT_OK) code = check_duplicate(service, &all, fault);
        if (code == LEAT_OK) *out = mapping_new(&all, service->now_ms(service->now_context));
        if (code == LEAT_OK && *out == NULL) code = fault_memory(fault);
        if (code == LEAT_OK) (*out)->result = before->result;
    }
    pthread_mutex_unlock(&service->lock);
    return found ? code : unknown_mapping(fault);
}

/* Takes the mapping in every case. */
static enum leat_code keep_changed(struct trigger_service *service, struct mapping *mapping, struct leat_fault *fault) {
    struct mapping *for_driver = mapping_copy(mapping), *before = mapping;
    enum leat_code code = for_driver == NULL ? fault_memory(fault) : store_mapping_write(service->db, mapping, fault);
    if (code == LEAT_OK) {
        bool found;
        pthread_mutex_lock(&service->lock);
        size_t at = place_of(service, mapping->settings.uuid, &found);
        before = service->mappings[at];
        mapping->result = before->result;
        service->mappings[at] = mapping;
        pthread_mutex_unlock(&service->lock);
    }
    mapping_free(before);
    if (code != LEAT_OK) {
        mapping_free(for_driver);
        return code;
    }
    return driver_change(service->driver, for_driver, fault);
}

enum leat_code trigger_update(struct trigger_service *service, const struct trigger_settings *settings,
                              struct arena *arena, struct trigger_description *out, struct leat_fault *fault) {
    struct trigger_settings change = *settings;
    struct mapping *mapping = NULL;
    const char *state = NULL;
    char arn[ARN_SIZE];
    if ((change.given & TRIGGER_GIVEN_FUNCTION) != 0) {
        TRY(resolve(service, change.function_name, arn, fault));
        change.function_name = slice_text(arn);
    }
    pthread_mutex_lock(&service->control);
    enum leat_code code = changed_copy(service, &change, &mapping, &state, fault);
    if (code == LEAT_OK) {
        code = describe(service, mapping, state, arena, out, fault);
        if (code == LEAT_OK) code = keep_changed(service, mapping, fault);
        else mapping_free(mapping);
    }
    pthread_mutex_unlock(&service->control);
    return code;
}

/* ------------------------------------------------------------------ delete */

static struct mapping *take_out(struct trigger_service *service, struct leat_slice uuid) {
    bool found;
    struct mapping *mapping = NULL;
    pthread_mutex_lock(&service->lock);
    size_t at = place_of(service, uuid, &found);
    if (found) {
        mapping = service->mappings[at];
        service->count--;
        memmove(service->mappings + at, service->mappings + at + 1, (service->count - at) * sizeof *service->mappings);
    }
    pthread_mutex_unlock(&service->lock);
    return mapping;
}

static enum leat_code delete_known(struct trigger_service *service, struct leat_slice uuid, struct leat_fault *fault) {
    struct leat_fault ignored;
    TRY(store_mapping_delete(service->db, uuid, fault));
    struct mapping *mapping = take_out(service, uuid);
    driver_remove(service->driver, mapping->settings.uuid);
    /* the mapping is gone whatever happens to its checkpoints: a UUID does not come again */
    if (store_checkpoints_delete(service->db, mapping->settings.uuid, &ignored) != LEAT_OK) {
        log_warning("trigger %.*s: cannot delete the checkpoints: %s", SLICE_FORMAT(uuid), ignored.message);
    }
    mapping_free(mapping);
    return LEAT_OK;
}

enum leat_code trigger_delete(struct trigger_service *service, struct leat_slice uuid, struct arena *arena,
                              struct trigger_description *out, struct leat_fault *fault) {
    pthread_mutex_lock(&service->control);
    enum leat_code code = trigger_get(service, uuid, arena, out, fault);
    if (code == LEAT_OK) code = delete_known(service, uuid, fault);
    pthread_mutex_unlock(&service->control);
    out->state = SLICE("Deleting");
    return code;
}

/* ------------------------------------------------------------------ life */

static enum leat_code loaded(void *context, struct mapping *mapping, struct leat_fault *fault) {
    struct trigger_service *service = context;
    struct mapping *for_driver = mapping_copy(mapping);
    if (for_driver == NULL || !reserve(service)) {
        mapping_free(for_driver);
        mapping_free(mapping);
        return fault_memory(fault);
    }
    pthread_mutex_lock(&service->lock);
    insert(service, mapping);
    pthread_mutex_unlock(&service->lock);
    return driver_add(service->driver, for_driver, fault);
}

static enum leat_code load(struct trigger_service *service, struct leat_fault *fault) {
    struct leat_description description = {0};
    enum leat_code code = leat_table_describe(service->db, SLICE("leat:mappings"), &description, fault);
    leat_description_free(&description);
    if (code == LEAT_RESOURCE_NOT_FOUND) return LEAT_OK; /* made with the first mapping */
    TRY(code);
    return store_mappings_read(service->db, loaded, service, fault);
}

enum leat_code trigger_service_new(const struct trigger_service_options *options, struct trigger_service **out,
                                   struct leat_fault *fault) {
    struct trigger_service *service = calloc(1, sizeof *service);
    if (service == NULL) return fault_memory(fault);
    service->db = options->db;
    service->resolver = options->resolver;
    service->now_ms = options->now_ms != NULL ? options->now_ms : system_now_ms;
    service->now_context = options->now_context;
    (void)snprintf(service->region, sizeof service->region, "%s", options->region);
    (void)snprintf(service->account, sizeof service->account, "%s", options->account);
    pthread_mutex_init(&service->control, NULL);
    pthread_mutex_init(&service->lock, NULL);
    const struct driver_options driver = {
        .db = options->db,
        .loop = options->work_loop,
        .resolver = options->resolver,
        .region = slice_text(service->region),
        .now_ms = service->now_ms,
        .now_context = service->now_context,
        .retry_ms_first = options->retry_ms_first != 0 ? options->retry_ms_first : 100,
        .retry_ms_max = options->retry_ms_max != 0 ? options->retry_ms_max : 10000,
        .result = result_changed,
        .result_context = service,
    };
    enum leat_code code = driver_new(&driver, &service->driver, fault);
    if (code == LEAT_OK) code = load(service, fault);
    if (code == LEAT_OK) *out = service;
    else trigger_service_free(service);
    return code;
}

void trigger_service_free(struct trigger_service *service) {
    if (service == NULL) return;
    driver_free(service->driver);
    for (size_t i = 0; i < service->count; i++) mapping_free(service->mappings[i]);
    free(service->mappings);
    pthread_mutex_destroy(&service->control);
    pthread_mutex_destroy(&service->lock);
    free(service);
}
