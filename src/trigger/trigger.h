/* Event source mappings on DynamoDB streams: the service behind Create/Get/List/Update/DeleteEventSourceMapping, and the
 * driver that reads shards, asks the step core (step.h) what to do, and does it.
 *
 * Mappings and checkpoints are items in reserved tables ("leat:mappings", "leat:checkpoints"), written through leat.h.
 * The calls may be made from any thread and may block for a commit; the driver lives on the work loop.
 * Source: AWS Lambda API Reference, EventSourceMappingConfiguration. */
#ifndef TRIGGER_TRIGGER_H
#define TRIGGER_TRIGGER_H

#include <stdbool.h>

#include "base/arena.h"
#include "leat.h"
#include "net/loop.h"
#include "trigger/target.h"

struct trigger_service;

struct trigger_service_options {
    struct leat *db;
    struct net_loop *work_loop;
    struct trigger_resolver resolver;
    const struct trigger_destination_resolver *destinations; /* ends with service NULL; NULL: none; must outlive the service */
    const char *region, *account;
    bool at_timestamp; /* streams of tables may be read AT_TIMESTAMP, which AWS refuses */
    uint64_t retry_ms_first, retry_ms_max; /* pauses between attempts: the first, doubled up to the last; 0: 100, 10,000 */
};

/* Starts the driver for all stored mappings. The work loop must run until the service has been freed. */
enum leat_code trigger_service_new(const struct trigger_service_options *options, struct trigger_service **out,
                                   struct leat_fault *fault) LEAT_MUST_USE;
/* Deliveries under way are abandoned (they come again after the next start); checkpoints done are kept. Not on the loop. */
void trigger_service_free(struct trigger_service *service);

/* Settings of a mapping, plain values. In requests `given` says which members were there. */
enum trigger_given {
    TRIGGER_GIVEN_BATCH_SIZE = 1 << 0,
    TRIGGER_GIVEN_WINDOW = 1 << 1,
    TRIGGER_GIVEN_FACTOR = 1 << 2,
    TRIGGER_GIVEN_AGE = 1 << 3,
    TRIGGER_GIVEN_RETRIES = 1 << 4,
    TRIGGER_GIVEN_BISECT = 1 << 5,
    TRIGGER_GIVEN_TUMBLING = 1 << 6,
    TRIGGER_GIVEN_RESPONSE_TYPES = 1 << 7,
    TRIGGER_GIVEN_DESTINATION = 1 << 8,
    TRIGGER_GIVEN_FILTER = 1 << 9,
    TRIGGER_GIVEN_ENABLED = 1 << 10,
    TRIGGER_GIVEN_FUNCTION = 1 << 11,
    TRIGGER_GIVEN_KMS_KEY = 1 << 12,
    TRIGGER_GIVEN_METRICS = 1 << 13
};
struct trigger_settings {
    struct leat_slice uuid, event_source_arn;
    struct leat_slice function_name; /* as the client wrote it; in descriptions the ARN */
    unsigned given;
    int64_t batch_size, window_seconds, parallelization_factor, record_age_seconds_max, retry_attempts_max;
    int64_t tumbling_window_seconds;
    bool bisect, report_batch_item_failures, enabled;
    struct leat_slice starting_position; /* "TRIM_HORIZON", "LATEST"; "AT_TIMESTAMP" where the service allows it */
    int64_t starting_timestamp_ms;
    struct leat_slice on_failure_arn; /* absent: none */
    struct leat_slice filter_json;    /* FilterCriteria as JSON; absent: none */
    struct leat_slice kms_key_arn, metrics_json, tags_json; /* stored and given back; JSON as in the request */
};
struct trigger_description {
    struct trigger_settings settings;
    struct leat_slice arn; /* of the mapping */
    struct leat_slice state, state_transition_reason, last_processing_result;
    uint64_t last_modified_ms;
};

/* Answers live in the arena. Faults carry Lambda's codes and words (LEAT_INVALID_PARAMETER_VALUE, ...). */
enum leat_code trigger_create(struct trigger_service *service, const struct trigger_settings *settings,
                              struct arena *arena, struct trigger_description *out, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code trigger_get(struct trigger_service *service, struct leat_slice uuid, struct arena *arena,
                           struct trigger_description *out, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code trigger_update(struct trigger_service *service, const struct trigger_settings *settings,
                              struct arena *arena, struct trigger_description *out, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code trigger_delete(struct trigger_service *service, struct leat_slice uuid, struct arena *arena,
                              struct trigger_description *out, struct leat_fault *fault) LEAT_MUST_USE;

/* Replaces the tags, unless they are no longer `before` (absent: none): then *other says so. The mapping stays as it was otherwise. */
enum leat_code trigger_tag(struct trigger_service *service, struct leat_slice uuid, struct leat_slice before,
                           struct leat_slice tags_json, bool *other, struct leat_fault *fault) LEAT_MUST_USE;

/* In order of UUID after `marker`; absent function or source: any. */
struct trigger_page {
    struct trigger_description *mappings;
    size_t count;
    struct leat_slice next; /* absent at the end */
};
enum leat_code trigger_list(struct trigger_service *service, struct leat_slice function, struct leat_slice source,
                            struct leat_slice marker, size_t limit, struct arena *arena, struct trigger_page *out,
                            struct leat_fault *fault) LEAT_MUST_USE;

#endif
