/* Creating and updating mappings: what is refused and in which words, where reading begins, what is kept. */
#include "base/random.h"
#include "base/slice.h"
#include "trigger/destination.h"
#include "trigger/filter.h"
#include "trigger/service.h"

/* ------------------------------------------------------------------ create */

static enum leat_code invalid(struct leat_fault *fault, const char *words) {
    return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE, "%s", words);
}

/* Lambda has it for Kinesis alone; `leat serve --at-timestamp` for tables, too. */
static enum leat_code check_timestamp(struct trigger_service *service, const struct trigger_settings *settings,
                                      struct leat_fault *fault) {
    if (!service->at_timestamp) {
        return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE, "Unsupported starting position for arn type: %.*s",
                         SLICE_FORMAT(settings->event_source_arn));
    }
    if (settings->starting_timestamp_ms <= 0) return invalid(fault, "StartingPosition AT_TIMESTAMP needs a StartingPositionTimestamp.");
    if ((uint64_t)settings->starting_timestamp_ms <= leat_now_ms(service->db)) return LEAT_OK;
    return invalid(fault, "StartingPositionTimestamp must not be in the future.");
}

static enum leat_code check_source(struct trigger_service *service, const struct trigger_settings *settings,
                                   struct leat_fault *fault) {
    struct leat_slice position = settings->starting_position;
    if (mapping_table_of(settings->event_source_arn).data == NULL) return invalid(fault, "Unrecognized event source.");
    if (position.data == NULL) {
        return invalid(fault, "1 validation error detected: Value null at 'startingPosition' failed to satisfy "
                              "constraint: Member must not be null.");
    }
    if (slice_is(position, "TRIM_HORIZON") || slice_is(position, "LATEST")) return LEAT_OK;
    if (slice_is(position, "AT_TIMESTAMP")) return check_timestamp(service, settings, fault);
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

static enum leat_code resolve(struct trigger_service *service, struct leat_slice name, char arn[SERVICE_ARN_SIZE],
                              struct leat_fault *fault) {
    enum leat_code code = name.data == NULL
                              ? LEAT_RESOURCE_NOT_FOUND
                              : service->resolver.arn(service->resolver.context, name, arn, SERVICE_ARN_SIZE, fault);
    return code == LEAT_RESOURCE_NOT_FOUND ? invalid(fault, "Function does not exist") : code;
}

/* The state of a window is passed on from batch to batch, so there is one batch at a time. */
static enum leat_code check_windows(const struct trigger_settings *settings, struct leat_fault *fault) {
    if (settings->tumbling_window_seconds == 0 || settings->parallelization_factor == 1) return LEAT_OK;
    return invalid(fault, "TumblingWindowInSeconds and ParallelizationFactor greater than 1 cannot be used together.");
}

static enum leat_code check_filter(const struct trigger_settings *settings, struct leat_fault *fault) {
    struct filter *filter;
    if ((settings->given & TRIGGER_GIVEN_FILTER) == 0 || settings->filter_json.data == NULL) return LEAT_OK;
    TRY(filter_new(settings->filter_json, &filter, fault));
    filter_free(filter);
    return LEAT_OK;
}

/* AWS looks whether the destination is there when the mapping is made or changed. */
static enum leat_code check_destination(const struct trigger_service *service, const struct trigger_settings *settings,
                                        struct leat_fault *fault) {
    struct leat_slice arn = settings->on_failure_arn;
    if ((settings->given & TRIGGER_GIVEN_DESTINATION) == 0 || arn.data == NULL) return LEAT_OK;
    const struct trigger_destination_resolver *resolver = destination_resolver(service->destinations, arn);
    enum leat_code code = resolver == NULL ? LEAT_RESOURCE_NOT_FOUND : resolver->check(resolver->context, arn, fault);
    if (code != LEAT_RESOURCE_NOT_FOUND) return code;
    return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE, "The destination ARN %.*s is invalid.", SLICE_FORMAT(arn));
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
static enum leat_code shard_now(struct trigger_service *service, struct leat_slice stream,
                                const struct leat_shard *shard, struct store_checkpoint *out,
                                struct leat_fault *fault) {
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

/* Behind the last record that is older. Where there is none, at the shard's start: as a checkpoint that says nothing. */
static enum leat_code shard_at_time(struct trigger_service *service, const struct trigger_settings *settings,
                                    const struct leat_shard *shard, struct store_checkpoint *out, struct leat_fault *fault) {
    struct leat_shard_read read = {
        .stream = settings->event_source_arn, .shard = slice_text(shard->id), .position = LEAT_TRIM_HORIZON};
    enum leat_code code = LEAT_OK;
    *out = (struct store_checkpoint){.finished = false};
    memcpy(out->shard, shard->id, sizeof out->shard);
    while (code == LEAT_OK && !out->finished) {
        struct leat_result result = {0};
        char next[LEAT_SEQUENCE_SIZE];
        bool end = false;
        code = leat_shard_read(service->db, &read, &result, next, &end, fault);
        size_t older = 0, seen = result.record_count;
        while (older < seen && result.records[older].created_ms < (uint64_t)settings->starting_timestamp_ms) older++;
        bool all = code == LEAT_OK && older == seen;
        if (all) memcpy(out->sequence, next, sizeof out->sequence);
        else if (older > 0) memcpy(out->sequence, result.records[older - 1].sequence, sizeof out->sequence);
        out->finished = all && end;
        leat_result_free(&result);
        read.position = LEAT_AFTER_SEQUENCE;
        read.sequence = slice_text(out->sequence);
        if (!all || seen == 0) break;
    }
    return code;
}

/* LATEST is decided now and stored with the mapping: what is written after the answer is delivered, and a restart
 * before the first delivery does not move the place. TRIM_HORIZON needs nothing: shards without a checkpoint begin at
 * their start. */
static enum leat_code starting_checkpoints(struct trigger_service *service, const struct trigger_settings *settings,
                                           struct store_checkpoints *out, struct leat_fault *fault) {
    struct leat_stream_list list = {0};
    enum leat_code code = leat_stream_describe(service->db, settings->event_source_arn, &list, fault);
    if (code == LEAT_RESOURCE_NOT_FOUND || (code == LEAT_OK && list.count == 0)) {
        code = fault_set(fault, LEAT_INVALID_PARAMETER_VALUE, "Stream not found: %.*s",
                         SLICE_FORMAT(settings->event_source_arn));
    }
    bool latest = slice_is(settings->starting_position, "LATEST"), timed = slice_is(settings->starting_position, "AT_TIMESTAMP");
    size_t shards = code == LEAT_OK && (latest || timed) ? list.streams[0].shard_count : 0;
    for (size_t i = 0; i < shards && code == LEAT_OK; i++) {
        const struct leat_shard *shard = &list.streams[0].shards[i];
        struct store_checkpoint checkpoint;
        code = latest ? shard_now(service, settings->event_source_arn, shard, &checkpoint, fault)
                      : shard_at_time(service, settings, shard, &checkpoint, fault);
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
    bool room = for_driver != NULL && service->count < SERVICE_MAPPINGS_MAX && service_reserve(service);
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
    service_insert(service, mapping);
    pthread_mutex_unlock(&service->lock);
    return driver_add(service->driver, for_driver, fault);
}

enum leat_code trigger_create(struct trigger_service *service, const struct trigger_settings *settings,
                              struct arena *arena, struct trigger_description *out, struct leat_fault *fault) {
    struct trigger_settings all = *settings;
    char uuid[RANDOM_UUID_SIZE], arn[SERVICE_ARN_SIZE];
    random_uuid(uuid);
    all.uuid = slice_text(uuid);
    TRY(check_source(service, &all, fault));
    TRY(resolve(service, all.function_name, arn, fault));
    all.given |= TRIGGER_GIVEN_FUNCTION;
    all.function_name = slice_text(arn);
    mapping_fill_defaults(&all);
    TRY(check_age(&all, fault));
    TRY(check_windows(&all, fault));
    TRY(check_filter(settings, fault));
    TRY(check_destination(service, settings, fault));
    struct mapping *mapping = mapping_new(&all, leat_now_ms(service->db));
    if (mapping == NULL) return fault_memory(fault);
    /* described before it is kept: once it is in the list it belongs to everybody */
    enum leat_code code = service_describe(service, mapping, all.enabled ? "Creating" : "Disabled", arena, out, fault);
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
    size_t at = service_place_of(service, change->uuid, &found);
    if (found) {
        const struct mapping *before = service->mappings[at];
        struct trigger_settings all = before->settings;
        mapping_apply(&all, change);
        *state = all.enabled == before->settings.enabled ? "Updating" : all.enabled ? "Enabling" : "Disabling";
        code = check_age(&all, fault);
        if (code == LEAT_OK) code = check_windows(&all, fault);
        if (code == LEAT_OK) code = check_duplicate(service, &all, fault);
        if (code == LEAT_OK) *out = mapping_new(&all, leat_now_ms(service->db));
        if (code == LEAT_OK && *out == NULL) code = fault_memory(fault);
        if (code == LEAT_OK) (*out)->result = before->result;
    }
    pthread_mutex_unlock(&service->lock);
    return found ? code : service_unknown_mapping(fault);
}

/* Stored, then seen. Takes the mapping in every case. */
static enum leat_code replace(struct trigger_service *service, struct mapping *mapping, struct leat_fault *fault) {
    struct mapping *before = mapping;
    enum leat_code code = store_mapping_write(service->db, mapping, fault);
    if (code == LEAT_OK) {
        bool found;
        pthread_mutex_lock(&service->lock);
        size_t at = service_place_of(service, mapping->settings.uuid, &found);
        before = service->mappings[at];
        mapping->result = before->result;
        service->mappings[at] = mapping;
        pthread_mutex_unlock(&service->lock);
    }
    mapping_free(before);
    return code;
}

/* Takes the mapping in every case. */
static enum leat_code keep_changed(struct trigger_service *service, struct mapping *mapping, struct leat_fault *fault) {
    struct mapping *for_driver = mapping_copy(mapping);
    if (for_driver == NULL) {
        mapping_free(mapping);
        return fault_memory(fault);
    }
    enum leat_code code = replace(service, mapping, fault);
    if (code == LEAT_OK) return driver_change(service->driver, for_driver, fault);
    mapping_free(for_driver);
    return code;
}

enum leat_code trigger_update(struct trigger_service *service, const struct trigger_settings *settings,
                              struct arena *arena, struct trigger_description *out, struct leat_fault *fault) {
    struct trigger_settings change = *settings;
    struct mapping *mapping = NULL;
    const char *state = NULL;
    char arn[SERVICE_ARN_SIZE];
    if ((change.given & TRIGGER_GIVEN_FUNCTION) != 0) {
        TRY(resolve(service, change.function_name, arn, fault));
        change.function_name = slice_text(arn);
    }
    TRY(check_filter(&change, fault));
    TRY(check_destination(service, &change, fault));
    pthread_mutex_lock(&service->control);
    enum leat_code code = changed_copy(service, &change, &mapping, &state, fault);
    if (code == LEAT_OK) {
        code = service_describe(service, mapping, state, arena, out, fault);
        if (code == LEAT_OK)
            code = keep_changed(service, mapping, fault);
        else
            mapping_free(mapping);
    }
    pthread_mutex_unlock(&service->control);
    return code;
}

/* ------------------------------------------------------------------ tags */

/* Under control. The driver is not told: tags are nothing to it. */
static enum leat_code tagged_copy(struct trigger_service *service, struct leat_slice uuid, struct leat_slice before,
                                  struct leat_slice tags_json, struct mapping **out, struct leat_fault *fault) {
    bool found;
    enum leat_code code = LEAT_OK;
    pthread_mutex_lock(&service->lock);
    size_t at = service_place_of(service, uuid, &found);
    const struct mapping *mapping = found ? service->mappings[at] : NULL;
    if (found && slice_equal(mapping->settings.tags_json, before)) {
        struct trigger_settings settings = mapping->settings;
        settings.tags_json = tags_json;
        *out = mapping_new(&settings, mapping->last_modified_ms);
        if (*out == NULL) code = fault_memory(fault);
    }
    pthread_mutex_unlock(&service->lock);
    return found ? code : service_unknown_mapping(fault);
}

enum leat_code trigger_tag(struct trigger_service *service, struct leat_slice uuid, struct leat_slice before,
                           struct leat_slice tags_json, bool *other, struct leat_fault *fault) {
    struct mapping *mapping = NULL;
    pthread_mutex_lock(&service->control);
    enum leat_code code = tagged_copy(service, uuid, before, tags_json, &mapping, fault);
    *other = code == LEAT_OK && mapping == NULL;
    if (mapping != NULL) code = replace(service, mapping, fault);
    pthread_mutex_unlock(&service->control);
    return code;
}
