#include "queue/attributes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/slice.h"
#include "item/value.h"

enum { SETTINGS_BYTES_MAX = 512 * 1024, RECEIVES_MAX = 1000, NUMBER_CHARACTERS_MAX = 12 };

enum kind { NUMBER, FLAG, TEXT, CHOICE };

struct known {
    const char *name;
    enum kind kind;
    int64_t min, max;
    const char *initial, *other; /* other: CHOICE, the second one */
    bool fifo;                   /* only FIFO queues have it */
};

/* SQS API Reference, CreateQueue and SetQueueAttributes */
static const struct known known[ATTRIBUTES] = {
    [ATTRIBUTE_POLICY] = {.name = "Policy", .kind = TEXT},
    [ATTRIBUTE_VISIBILITY_TIMEOUT] = {"VisibilityTimeout", NUMBER, 0, QUEUE_VISIBILITY_S_MAX, "30", NULL, false},
    [ATTRIBUTE_MAXIMUM_MESSAGE_SIZE] = {"MaximumMessageSize", NUMBER, 1024, QUEUE_MESSAGE_BYTES_MAX, "1048576", NULL, false},
    [ATTRIBUTE_MESSAGE_RETENTION_PERIOD] = {"MessageRetentionPeriod", NUMBER, 60, 1209600, "345600", NULL, false},
    [ATTRIBUTE_DELAY_SECONDS] = {"DelaySeconds", NUMBER, 0, QUEUE_DELAY_S_MAX, "0", NULL, false},
    [ATTRIBUTE_RECEIVE_WAIT] = {"ReceiveMessageWaitTimeSeconds", NUMBER, 0, QUEUE_WAIT_S_MAX, "0", NULL, false},
    [ATTRIBUTE_REDRIVE_POLICY] = {.name = "RedrivePolicy", .kind = TEXT},
    [ATTRIBUTE_FIFO_QUEUE] = {"FifoQueue", FLAG, 0, 0, "true", NULL, true},
    [ATTRIBUTE_CONTENT_BASED_DEDUPLICATION] = {"ContentBasedDeduplication", FLAG, 0, 0, "false", NULL, true},
    [ATTRIBUTE_KMS_KEY] = {.name = "KmsMasterKeyId", .kind = TEXT},
    [ATTRIBUTE_KMS_REUSE] = {"KmsDataKeyReusePeriodSeconds", NUMBER, 60, 86400, NULL, NULL, false},
    [ATTRIBUTE_DEDUPLICATION_SCOPE] = {"DeduplicationScope", CHOICE, 0, 0, "queue", "messageGroup", true},
    [ATTRIBUTE_FIFO_THROUGHPUT] = {"FifoThroughputLimit", CHOICE, 0, 0, "perQueue", "perMessageGroupId", true},
    [ATTRIBUTE_REDRIVE_ALLOW_POLICY] = {.name = "RedriveAllowPolicy", .kind = TEXT},
    [ATTRIBUTE_MANAGED_SSE] = {"SqsManagedSseEnabled", FLAG, 0, 0, "true", NULL, false},
};

const char *attribute_name(enum attribute attribute) { return known[attribute].name; }

struct leat_slice settings_value(const struct settings *settings, enum attribute attribute) {
    const struct known *is = &known[attribute];
    if (is->fifo && !settings->fifo) return (struct leat_slice){NULL, 0};
    return settings->given[attribute].data != NULL ? settings->given[attribute] : slice_text(is->initial);
}

bool settings_flag(const struct settings *settings, enum attribute attribute) {
    return slice_is(settings_value(settings, attribute), "true");
}

struct leat_slice queue_arn_name(struct leat_slice arn) {
    if (!slice_starts(arn, SLICE("arn:"))) return (struct leat_slice){NULL, 0};
    unsigned colons = 0;
    for (size_t i = 0; i < arn.size; i++)
        if (arn.data[i] == ':' && ++colons == 5) return slice_of(arn.data + i + 1, arn.size - i - 1);
    return (struct leat_slice){NULL, 0};
}

/* ---- values ---- */

static bool read_number(struct leat_slice text, int64_t *out) {
    *out = 0;
    if (text.size == 0 || text.size > NUMBER_CHARACTERS_MAX || !slice_within(text, '0', '9')) return false;
    for (size_t i = 0; i < text.size; i++) *out = *out * 10 + (text.data[i] - '0');
    return true;
}

static bool wrong_value(const struct known *is, struct queue_fault *fault) {
    return queue_fault_set(fault, QUEUE_INVALID_ATTRIBUTE_VALUE, "Invalid value for the parameter %s.", is->name);
}

static bool wrong_policy(struct leat_slice text, struct queue_fault *fault, const char *reason) {
    return queue_fault_set(fault, QUEUE_INVALID_PARAMETER_VALUE, "Value %.*s for parameter RedrivePolicy is invalid. Reason: %s",
                           text.size > 256 ? 256 : (int)text.size, (const char *)text.data, reason);
}

/* {"deadLetterTargetArn": "...", "maxReceiveCount": 3}; the number may be text. Kept in AWS's own form. */
static bool read_redrive(struct settings *settings, struct leat_slice text, struct queue_fault *fault) {
    struct json_reader reader;
    struct leat_slice arn = {NULL, 0}, count = {NULL, 0};
    json_reader_init(&reader, text, &settings->arena);
    if (json_next(&reader) != JSON_OBJECT) return wrong_policy(text, fault, "Redrive policy is not a valid JSON map.");
    while (json_next(&reader) == JSON_KEY) {
        bool target = slice_is(reader.text, "deadLetterTargetArn"), limit = slice_is(reader.text, "maxReceiveCount");
        enum json_token token = json_next(&reader);
        if (target && token == JSON_STRING) arn = reader.text;
        else if (limit && (token == JSON_STRING || token == JSON_NUMBER)) count = reader.text;
        else if (!json_skip(&reader)) break;
    }
    if (reader.token != JSON_OBJECT_END) return wrong_policy(text, fault, "Redrive policy is not a valid JSON map.");
    if (arn.data == NULL) return wrong_policy(text, fault, "Redrive policy does not contain mandatory attribute: deadLetterTargetArn.");
    if (count.data == NULL) return wrong_policy(text, fault, "Redrive policy does not contain mandatory attribute: maxReceiveCount.");
    settings->dead_letter = queue_arn_name(arn);
    if (settings->dead_letter.data == NULL) return wrong_policy(text, fault, "Dead letter target does not exist.");
    if (!read_number(count, &settings->receives_max) || settings->receives_max < 1 || settings->receives_max > RECEIVES_MAX)
        return wrong_policy(text, fault, "Invalid value for maxReceiveCount, valid values are from 1 to 1000 both inclusive.");
    settings->given[ATTRIBUTE_REDRIVE_POLICY] =
        arena_print(&settings->arena, "{\"deadLetterTargetArn\":\"%.*s\",\"maxReceiveCount\":%" PRId64 "}", SLICE_FORMAT(arn),
                    settings->receives_max);
    return settings->given[ATTRIBUTE_REDRIVE_POLICY].data != NULL || queue_fault_set(fault, QUEUE_INTERNAL, "%s", "");
}

static bool set(struct settings *settings, enum attribute attribute, struct leat_slice value, struct queue_fault *fault) {
    const struct known *is = &known[attribute];
    struct leat_slice *place = &settings->given[attribute];
    *place = (struct leat_slice){NULL, 0};
    if (attribute == ATTRIBUTE_REDRIVE_POLICY) settings->dead_letter = *place;
    if (value.size == 0 && is->kind == TEXT) return true;
    *place = arena_copy(&settings->arena, value);
    if (place->data == NULL) return queue_fault_set(fault, QUEUE_INTERNAL, "%s", "");
    switch (is->kind) {
    case NUMBER:
        if (!read_number(value, &settings->number[attribute]) || settings->number[attribute] < is->min ||
            settings->number[attribute] > is->max)
            return wrong_value(is, fault);
        return true;
    case FLAG: return slice_is(value, "true") || slice_is(value, "false") || wrong_value(is, fault);
    case CHOICE: return slice_is(value, is->initial) || slice_is(value, is->other) || wrong_value(is, fault);
    default: return attribute != ATTRIBUTE_REDRIVE_POLICY || read_redrive(settings, *place, fault);
    }
}

static bool change_attribute(struct settings *settings, bool create, const struct queue_pair *pair, struct queue_fault *fault) {
    enum attribute attribute = 0;
    while (attribute < ATTRIBUTES && !slice_is(pair->name, known[attribute].name)) attribute++;
    if (attribute == ATTRIBUTES)
        return queue_fault_set(fault, QUEUE_INVALID_ATTRIBUTE_NAME, "Unknown Attribute %.*s.", SLICE_FORMAT(pair->name));
    if (attribute == ATTRIBUTE_FIFO_QUEUE) {
        if (!create) return queue_fault_set(fault, QUEUE_INVALID_ATTRIBUTE_NAME, "Unknown Attribute FifoQueue.");
        if (!slice_is(pair->value, "true")) /* AWS knows no FifoQueue=false */
            return queue_fault_set(fault, QUEUE_INVALID_ATTRIBUTE_NAME, "Unknown Attribute FifoQueue.");
    }
    if (known[attribute].fifo && !settings->fifo)
        return queue_fault_set(fault, QUEUE_INVALID_ATTRIBUTE_NAME, "You can specify the %s only when FifoQueue is set to true.",
                               known[attribute].name);
    return set(settings, attribute, pair->value, fault);
}

/* ---- tags ---- */

static size_t tag_place(const struct settings *settings, struct leat_slice name, bool *found) {
    size_t at = 0;
    while (at < settings->tag_count && slice_compare(settings->tags[at].name, name) < 0) at++;
    *found = at < settings->tag_count && slice_equal(settings->tags[at].name, name);
    return at;
}

static bool change_tag(struct settings *settings, const struct queue_pair *tag, bool remove, struct queue_fault *fault) {
    bool found;
    size_t at = tag_place(settings, tag->name, &found);
    if (remove) {
        if (!found) return true;
        memmove(settings->tags + at, settings->tags + at + 1, (--settings->tag_count - at) * sizeof *settings->tags);
        return true;
    }
    if (tag->name.size == 0)
        return queue_fault_set(fault, QUEUE_INVALID_PARAMETER_VALUE, "Tag keys must be between 1 and 128 characters in length.");
    if (!found) {
        if (settings->tag_count == QUEUE_TAGS_MAX)
            return queue_fault_set(fault, QUEUE_INVALID_PARAMETER_VALUE, "Too many tags: a queue has at most %d.", QUEUE_TAGS_MAX);
        memmove(settings->tags + at + 1, settings->tags + at, (settings->tag_count++ - at) * sizeof *settings->tags);
        settings->tags[at].name = arena_copy(&settings->arena, tag->name);
    }
    settings->tags[at].value = arena_copy(&settings->arena, tag->value.data != NULL ? tag->value : SLICE(""));
    return (settings->tags[at].name.data != NULL && settings->tags[at].value.data != NULL) ||
           queue_fault_set(fault, QUEUE_INTERNAL, "%s", "");
}

/* ---- a change ---- */

static struct settings *settings_new(bool fifo) {
    struct settings *settings = calloc(1, sizeof *settings);
    if (settings == NULL) return NULL;
    arena_init(&settings->arena, SETTINGS_BYTES_MAX);
    settings->fifo = fifo;
    for (enum attribute i = 0; i < ATTRIBUTES; i++)
        if (known[i].kind == NUMBER && known[i].initial != NULL) (void)read_number(slice_text(known[i].initial), &settings->number[i]);
    settings->tags = ARENA_ARRAY(&settings->arena, struct queue_pair, QUEUE_TAGS_MAX);
    if (settings->tags != NULL) return settings;
    settings_free(settings);
    return NULL;
}

void settings_free(struct settings *settings) {
    if (settings == NULL) return;
    arena_fini(&settings->arena);
    free(settings);
}

static bool copy(struct settings *settings, const struct settings *before, struct queue_fault *fault) {
    for (enum attribute i = 0; i < ATTRIBUTES; i++)
        if (before->given[i].data != NULL && !set(settings, i, before->given[i], fault)) return false;
    for (size_t i = 0; i < before->tag_count; i++)
        if (!change_tag(settings, &before->tags[i], false, fault)) return false;
    return true;
}

static bool change(struct settings *settings, const struct settings *before, const struct queue_control *control,
                   struct queue_fault *fault) {
    if (before != NULL && !copy(settings, before, fault)) return false;
    for (size_t i = 0; i < control->attribute_count; i++)
        if (!change_attribute(settings, before == NULL, &control->attributes[i], fault)) return false;
    for (size_t i = 0; i < control->tag_count; i++)
        if (!change_tag(settings, &control->tags[i], control->change == QUEUE_UNTAG, fault)) return false;
    return true;
}

static bool asks_for_fifo(const struct queue_control *control) {
    for (size_t i = 0; i < control->attribute_count; i++)
        if (slice_is(control->attributes[i].name, "FifoQueue") && slice_is(control->attributes[i].value, "true")) return true;
    return false;
}

struct settings *settings_change(const struct settings *before, const struct queue_control *control, struct queue_fault *fault) {
    struct settings *settings = settings_new(before != NULL ? before->fifo : asks_for_fifo(control));
    if (settings == NULL) (void)queue_fault_set(fault, QUEUE_INTERNAL, "%s", "");
    else if (change(settings, before, control, fault)) return settings;
    settings_free(settings);
    return NULL;
}

const char *settings_difference(const struct settings *settings, const struct settings *other, const struct queue_pair *given,
                                size_t count) {
    for (size_t i = 0; i < count; i++)
        for (enum attribute k = 0; k < ATTRIBUTES; k++)
            if (slice_is(given[i].name, known[k].name) && !slice_equal(settings_value(settings, k), settings_value(other, k)))
                return known[k].name;
    return NULL;
}

/* ---- as items ---- */

void settings_to_item(const struct settings *settings, struct buf *out) {
    item_put_name(out, SLICE("attributes"));
    size_t mark = item_begin(out, ITEM_M);
    for (enum attribute i = 0; i < ATTRIBUTES; i++) {
        if (settings->given[i].data == NULL) continue;
        item_put_name(out, slice_text(known[i].name));
        item_put_string(out, settings->given[i]);
    }
    if (item_end(out, mark) != LEAT_OK) out->failed = true;
    item_put_name(out, SLICE("tags"));
    mark = item_begin(out, ITEM_M);
    for (size_t i = 0; i < settings->tag_count; i++) {
        item_put_name(out, settings->tags[i].name);
        item_put_string(out, settings->tags[i].value);
    }
    if (item_end(out, mark) != LEAT_OK) out->failed = true;
}

struct settings *settings_from_item(struct leat_slice item, bool fifo) {
    struct settings *settings = settings_new(fifo);
    struct queue_fault fault = {0};
    struct item_value map, value;
    struct leat_slice name;
    bool ok = settings != NULL;
    if (ok && item_find(item, SLICE("attributes"), &map)) {
        struct item_iterator each = item_iterate(map.payload);
        while (ok && item_map_next(&each, &name, &value))
            for (enum attribute i = 0; i < ATTRIBUTES && ok; i++)
                if (slice_is(name, known[i].name)) ok = set(settings, i, value.payload, &fault);
    }
    if (ok && item_find(item, SLICE("tags"), &map)) {
        struct item_iterator each = item_iterate(map.payload);
        while (ok && item_map_next(&each, &name, &value))
            ok = change_tag(settings, &(struct queue_pair){name, value.payload}, false, &fault);
    }
    if (ok) return settings;
    settings_free(settings);
    return NULL;
}
