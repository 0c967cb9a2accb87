/* The control plane: what the API's calls see and change. Everything known of a mapping is in memory, in order of UUID;
 * changes are written to the store first, then to memory, then handed to the driver. */
#include "trigger/service.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/slice.h"

/* ------------------------------------------------------------------ the mappings in memory */

size_t service_place_of(const struct trigger_service *service, struct leat_slice uuid, bool *found) {
    size_t low = 0, high = service->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slice_compare(service->mappings[middle]->settings.uuid, uuid) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = low < service->count && slice_equal(service->mappings[low]->settings.uuid, uuid);
    return low;
}

bool service_reserve(struct trigger_service *service) {
    if (service->count < service->capacity) return true;
    size_t capacity = service->capacity == 0 ? 16 : 2 * service->capacity;
    struct mapping **mappings = reallocarray(service->mappings, capacity, sizeof *mappings);
    if (mappings == NULL) return false;
    service->mappings = mappings;
    service->capacity = capacity;
    return true;
}

void service_insert(struct trigger_service *service, struct mapping *mapping) {
    bool found;
    size_t at = service_place_of(service, mapping->settings.uuid, &found);
    memmove(service->mappings + at + 1, service->mappings + at, (service->count - at) * sizeof *service->mappings);
    service->mappings[at] = mapping;
    service->count++;
}

static void result_changed(void *context, struct leat_slice uuid, enum mapping_result result) {
    struct trigger_service *service = context;
    bool found;
    pthread_mutex_lock(&service->lock);
    size_t at = service_place_of(service, uuid, &found);
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

enum leat_code service_describe(const struct trigger_service *service, const struct mapping *mapping, const char *state,
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

enum leat_code service_unknown_mapping(struct leat_fault *fault) {
    return fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "The resource you requested does not exist.");
}

enum leat_code trigger_get(struct trigger_service *service, struct leat_slice uuid, struct arena *arena,
                           struct trigger_description *out, struct leat_fault *fault) {
    bool found;
    pthread_mutex_lock(&service->lock);
    size_t at = service_place_of(service, uuid, &found);
    enum leat_code code = found ? service_describe(service, service->mappings[at], NULL, arena, out, fault)
                                : service_unknown_mapping(fault);
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

static enum leat_code list_from(const struct trigger_service *service, size_t at, const struct filter *filter,
                                size_t limit, struct arena *arena, struct trigger_page *out, struct leat_fault *fault) {
    for (; at < service->count; at++) {
        const struct mapping *mapping = service->mappings[at];
        if (!passes(mapping, filter)) continue;
        if (out->count == limit) {
            out->next = out->mappings[limit - 1].settings.uuid;
            break;
        }
        TRY(service_describe(service, mapping, NULL, arena, &out->mappings[out->count], fault));
        out->count++;
    }
    return LEAT_OK;
}

enum leat_code trigger_list(struct trigger_service *service, struct leat_slice function, struct leat_slice source,
                            struct leat_slice marker, size_t limit, struct arena *arena, struct trigger_page *out,
                            struct leat_fault *fault) {
    char arn[SERVICE_ARN_SIZE];
    struct filter filter = {.source = source, .function = function};
    if (limit == 0 || limit > 100)
        limit = 100; /* AWS API, ListEventSourceMappings: at most 100 even if more is asked */
    if (function.data != NULL &&
        service->resolver.arn(service->resolver.context, function, arn, sizeof arn, NULL) == LEAT_OK) {
        filter.function_arn = slice_text(arn);
    }
    *out = (struct trigger_page){.mappings = ARENA_ARRAY(arena, struct trigger_description, limit)};
    if (out->mappings == NULL) return fault_memory(fault);
    bool found = false;
    pthread_mutex_lock(&service->lock);
    size_t at = marker.data == NULL ? 0 : service_place_of(service, marker, &found);
    enum leat_code code = list_from(service, at + found, &filter, limit, arena, out, fault);
    pthread_mutex_unlock(&service->lock);
    return code;
}

/* ------------------------------------------------------------------ delete */

static struct mapping *take_out(struct trigger_service *service, struct leat_slice uuid) {
    bool found;
    struct mapping *mapping = NULL;
    pthread_mutex_lock(&service->lock);
    size_t at = service_place_of(service, uuid, &found);
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
    if (for_driver == NULL || !service_reserve(service)) {
        mapping_free(for_driver);
        mapping_free(mapping);
        return fault_memory(fault);
    }
    pthread_mutex_lock(&service->lock);
    service_insert(service, mapping);
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
    service->destinations = options->destinations;
    service->at_timestamp = options->at_timestamp;
    (void)snprintf(service->region, sizeof service->region, "%s", options->region);
    (void)snprintf(service->account, sizeof service->account, "%s", options->account);
    pthread_mutex_init(&service->control, NULL);
    pthread_mutex_init(&service->lock, NULL);
    const struct driver_options driver = {
        .db = options->db,
        .loop = options->work_loop,
        .resolver = options->resolver,
        .destinations = options->destinations,
        .region = slice_text(service->region),
        .retry_ms_first = options->retry_ms_first != 0 ? options->retry_ms_first : 100,
        .retry_ms_max = options->retry_ms_max != 0 ? options->retry_ms_max : 10000,
        .result = result_changed,
        .result_context = service,
    };
    enum leat_code code = driver_new(&driver, &service->driver, fault);
    if (code == LEAT_OK) code = load(service, fault);
    if (code == LEAT_OK)
        *out = service;
    else
        trigger_service_free(service);
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
