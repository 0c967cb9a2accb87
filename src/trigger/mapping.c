#include "trigger/mapping.h"

#include <stdlib.h>

#include "base/slice.h"
#include "item/value.h"

enum member_kind { MEMBER_TEXT, MEMBER_INTEGER, MEMBER_BOOLEAN };

/* Every member that is kept, once: the table copies, changes, writes and reads them all. The names are the attributes of
 * the item (docs/FORMAT.md), AWS's where AWS has one. */
struct member {
    const char *name;
    enum member_kind kind;
    unsigned given; /* 0: cannot be changed */
    size_t offset;
};

#define MEMBER(name, kind, given, member) {name, MEMBER_##kind, given, offsetof(struct trigger_settings, member)}
static const struct member members[] = {
    MEMBER("UUID", TEXT, 0, uuid),
    MEMBER("EventSourceArn", TEXT, 0, event_source_arn),
    MEMBER("StartingPosition", TEXT, 0, starting_position),
    MEMBER("StartingPositionTimestamp", INTEGER, 0, starting_timestamp_ms),
    MEMBER("Tags", TEXT, 0, tags_json),
    MEMBER("FunctionArn", TEXT, TRIGGER_GIVEN_FUNCTION, function_name),
    MEMBER("OnFailure", TEXT, TRIGGER_GIVEN_DESTINATION, on_failure_arn),
    MEMBER("FilterCriteria", TEXT, TRIGGER_GIVEN_FILTER, filter_json),
    MEMBER("KMSKeyArn", TEXT, TRIGGER_GIVEN_KMS_KEY, kms_key_arn),
    MEMBER("MetricsConfig", TEXT, TRIGGER_GIVEN_METRICS, metrics_json),
    MEMBER("BatchSize", INTEGER, TRIGGER_GIVEN_BATCH_SIZE, batch_size),
    MEMBER("MaximumBatchingWindowInSeconds", INTEGER, TRIGGER_GIVEN_WINDOW, window_seconds),
    MEMBER("ParallelizationFactor", INTEGER, TRIGGER_GIVEN_FACTOR, parallelization_factor),
    MEMBER("MaximumRecordAgeInSeconds", INTEGER, TRIGGER_GIVEN_AGE, record_age_seconds_max),
    MEMBER("MaximumRetryAttempts", INTEGER, TRIGGER_GIVEN_RETRIES, retry_attempts_max),
    MEMBER("TumblingWindowInSeconds", INTEGER, TRIGGER_GIVEN_TUMBLING, tumbling_window_seconds),
    MEMBER("BisectBatchOnFunctionError", BOOLEAN, TRIGGER_GIVEN_BISECT, bisect),
    MEMBER("ReportBatchItemFailures", BOOLEAN, TRIGGER_GIVEN_RESPONSE_TYPES, report_batch_item_failures),
    MEMBER("Enabled", BOOLEAN, TRIGGER_GIVEN_ENABLED, enabled),
};
enum { MEMBER_COUNT = sizeof members / sizeof members[0] };

static struct leat_slice *text_of(struct trigger_settings *settings, const struct member *member) {
    return (struct leat_slice *)(void *)((char *)settings + member->offset);
}
static int64_t *integer_of(struct trigger_settings *settings, const struct member *member) {
    return (int64_t *)(void *)((char *)settings + member->offset);
}
static bool *boolean_of(struct trigger_settings *settings, const struct member *member) {
    return (bool *)(void *)((char *)settings + member->offset);
}

/* ------------------------------------------------------------------ making and copying */

/* All texts of a mapping lie in one allocation. */
static void *settings_own_texts(struct trigger_settings *settings) {
    size_t size = 1;
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        if (members[i].kind == MEMBER_TEXT) size += text_of(settings, &members[i])->size;
    }
    uint8_t *text = malloc(size), *at = text;
    if (text == NULL) return NULL;
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        struct leat_slice *slice = members[i].kind == MEMBER_TEXT ? text_of(settings, &members[i]) : NULL;
        if (slice == NULL || slice->data == NULL) continue;
        memcpy(at, slice->data, slice->size);
        slice->data = at;
        at += slice->size;
    }
    return text;
}

struct mapping *mapping_new(const struct trigger_settings *settings, uint64_t last_modified_ms) {
    struct mapping *mapping = calloc(1, sizeof *mapping);
    if (mapping == NULL) return NULL;
    mapping->settings = *settings;
    mapping->settings.given = 0;
    mapping->last_modified_ms = last_modified_ms;
    mapping->text = settings_own_texts(&mapping->settings);
    if (mapping->text == NULL) {
        free(mapping);
        return NULL;
    }
    mapping->table = mapping_table_of(mapping->settings.event_source_arn);
    return mapping;
}

struct mapping *mapping_copy(const struct mapping *mapping) {
    struct mapping *copy = mapping_new(&mapping->settings, mapping->last_modified_ms);
    if (copy != NULL) copy->result = mapping->result;
    return copy;
}

void mapping_free(struct mapping *mapping) {
    if (mapping == NULL) return;
    free(mapping->text);
    free(mapping);
}

/* AWS API, CreateEventSourceMapping; retries and age as recorded (the older guide's 10000 and 604800 are not). */
void mapping_fill_defaults(struct trigger_settings *settings) {
    static const struct trigger_settings defaults = {
        .batch_size = 100,
        .parallelization_factor = 1,
        .record_age_seconds_max = -1,
        .retry_attempts_max = -1,
        .enabled = true,
    };
    struct trigger_settings all = defaults;
    all.uuid = settings->uuid;
    all.event_source_arn = settings->event_source_arn;
    all.starting_position = settings->starting_position;
    all.starting_timestamp_ms = settings->starting_timestamp_ms;
    all.tags_json = settings->tags_json;
    mapping_apply(&all, settings);
    *settings = all;
}

void mapping_apply(struct trigger_settings *settings, const struct trigger_settings *change) {
    struct trigger_settings from = *change;
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        const struct member *member = &members[i];
        if ((change->given & member->given) == 0) continue;
        switch (member->kind) {
        case MEMBER_TEXT: *text_of(settings, member) = *text_of(&from, member); break;
        case MEMBER_INTEGER: *integer_of(settings, member) = *integer_of(&from, member); break;
        case MEMBER_BOOLEAN: *boolean_of(settings, member) = *boolean_of(&from, member); break;
        }
    }
}

/* ------------------------------------------------------------------ items */

static const char modified_name[] = "LastModified"; /* milliseconds */

void mapping_to_item(const struct mapping *mapping, struct buf *out) {
    struct trigger_settings settings = mapping->settings;
    size_t mark = out->size;
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        const struct member *member = &members[i];
        if (member->kind == MEMBER_TEXT && text_of(&settings, member)->data == NULL) continue;
        item_put_name(out, slice_text(member->name));
        switch (member->kind) {
        case MEMBER_TEXT: item_put_string(out, *text_of(&settings, member)); break;
        case MEMBER_INTEGER: item_put_int(out, *integer_of(&settings, member)); break;
        case MEMBER_BOOLEAN: item_put_bool(out, *boolean_of(&settings, member)); break;
        }
    }
    item_put_name(out, slice_text(modified_name));
    item_put_int(out, (int64_t)mapping->last_modified_ms);
    if (item_close(out, mark) != LEAT_OK) out->failed = true;
}

static bool read_integer(const struct item_value *value, int64_t *out) {
    struct item_number number;
    return value->type == ITEM_N && item_number_decode(value->payload, &number) && item_number_int64(&number, out);
}

static bool read_member(struct trigger_settings *settings, const struct member *member, const struct item_value *value) {
    switch (member->kind) {
    case MEMBER_TEXT: *text_of(settings, member) = value->payload; return value->type == ITEM_S;
    case MEMBER_INTEGER: return read_integer(value, integer_of(settings, member));
    case MEMBER_BOOLEAN:
        if (value->type != ITEM_BOOL || value->payload.size != 1) return false;
        *boolean_of(settings, member) = value->payload.data[0] != 0;
        return true;
    }
    return false;
}

struct mapping *mapping_from_item(struct leat_slice item) {
    struct trigger_settings settings = {0};
    struct item_value value;
    int64_t modified_ms = 0;
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        if (!item_find(item, slice_text(members[i].name), &value)) continue;
        if (!read_member(&settings, &members[i], &value)) return NULL;
    }
    if (settings.uuid.data == NULL || mapping_table_of(settings.event_source_arn).data == NULL) return NULL;
    if (item_find(item, slice_text(modified_name), &value)) (void)read_integer(&value, &modified_ms);
    return mapping_new(&settings, (uint64_t)modified_ms);
}

/* ------------------------------------------------------------------ ARNs */

/* What stands behind the n-th colon. */
static struct leat_slice behind_colons(struct leat_slice text, unsigned colons) {
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == ':' && --colons == 0) return slice_of(text.data + i + 1, text.size - i - 1);
    }
    return slice_of(NULL, 0);
}

static struct leat_slice up_to(struct leat_slice text, char mark) {
    const uint8_t *at = text.size == 0 ? NULL : memchr(text.data, mark, text.size);
    return at == NULL ? text : slice_of(text.data, (size_t)(at - text.data));
}

struct leat_slice mapping_table_of(struct leat_slice stream_arn) {
    struct leat_slice absent = {NULL, 0}, rest = behind_colons(stream_arn, 5), stream = SLICE("/stream/");
    if (!slice_starts(stream_arn, SLICE("arn:")) || !slice_starts(rest, SLICE("table/"))) return absent;
    rest = slice_of(rest.data + 6, rest.size - 6);
    struct leat_slice table = up_to(rest, '/');
    struct leat_slice behind = slice_of(rest.data + table.size, rest.size - table.size);
    return table.size > 0 && behind.size > stream.size && slice_starts(behind, stream) ? table : absent;
}

struct leat_slice mapping_function_of(struct leat_slice function_arn) {
    struct leat_slice rest = behind_colons(function_arn, 5), function = SLICE("function:");
    if (!slice_starts(function_arn, SLICE("arn:")) || !slice_starts(rest, function)) return slice_of(NULL, 0);
    return up_to(slice_of(rest.data + function.size, rest.size - function.size), ':');
}
