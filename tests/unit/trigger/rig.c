#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>


enum { WAIT_MS = 8000, QUIET_MS = 150 };

struct rig_delivery {
    struct net_task task;
    struct rig_delivery *next;
    struct rig *rig;
    enum trigger_outcome_kind kind;
    char *payload;
    trigger_delivered_fn delivered;
    void *context;
};

struct rig_destination {
    struct trigger_destination destination;
    struct rig *rig;
};

struct rig_target {
    struct trigger_target target;
    struct rig *rig;
    char function[RIG_KEY_SIZE];
};

/* ------------------------------------------------------------------ functions */

static void answer(struct rig_delivery *delivery) {
    const struct trigger_outcome outcome = {
        .kind = delivery->kind,
        .status = 200,
        .payload = slice_text(delivery->payload),
        .request_id = SLICE("c9b8fa9f-5a7f-4711-af9c-0c604cde93a5"),
        .executed_version = SLICE("$LATEST"),
        .function_error = slice_text(delivery->kind == TRIGGER_FUNCTION_ERROR ? "Unhandled" : NULL),
    };
    pthread_mutex_lock(&delivery->rig->lock);
    delivery->rig->under_way--;
    pthread_mutex_unlock(&delivery->rig->lock);
    delivery->delivered(delivery->context, &outcome);
    free(delivery->payload);
    free(delivery);
}

static void answer_task(struct net_task *task) { answer((struct rig_delivery *)(void *)task); }

/* Behind `name` in the text: what stands between the next quotes. */
static const char *quoted(const char *text, const char *name, char *out) {
    const char *at = strstr(text, name);
    if (at == NULL) return NULL;
    at += strlen(name);
    size_t length = strcspn(at, "\"");
    cr_assert_lt(length, (size_t)RIG_KEY_SIZE);
    memcpy(out, at, length);
    out[length] = 0;
    return at + length;
}

static unsigned keep_records(struct rig *rig, const struct rig_target *target, const char *event) {
    unsigned count = 0;
    const char *at = event;
    char key[RIG_KEY_SIZE], value[RIG_KEY_SIZE];
    cr_assert_eq(strncmp(event, "{\"Records\":[", 12), 0, "%.60s", event);
    while ((at = quoted(at, "\"NewImage\":{\"pk\":{\"S\":\"", key)) != NULL) {
        at = quoted(at, "\"v\":{\"N\":\"", value);
        cr_assert_lt(rig->record_count, (size_t)RIG_RECORDS_MAX);
        struct rig_record *record = &rig->records[rig->record_count++];
        *record = (struct rig_record){.value = atol(value), .batch = rig->deliveries};
        strcpy(record->key, key);
        strcpy(record->function, target->function);
        count++;
    }
    return count;
}

static enum trigger_outcome_kind decide(struct rig *rig) {
    if (atomic_load(&rig->failures_left) <= 0) return TRIGGER_SUCCESS;
    atomic_fetch_sub(&rig->failures_left, 1);
    return TRIGGER_FUNCTION_ERROR;
}

static void deliver(struct trigger_target *base, struct leat_slice event, trigger_delivered_fn delivered, void *context) {
    struct rig_target *target = (struct rig_target *)(void *)base;
    struct rig *rig = target->rig;
    struct rig_delivery *delivery = calloc(1, sizeof *delivery);
    char *text = strndup((const char *)event.data, event.size);
    *delivery = (struct rig_delivery){.task.run = answer_task, .rig = rig, .delivered = delivered, .context = context};
    cr_assert(net_loop_here(rig->loop));
    pthread_mutex_lock(&rig->lock);
    rig->deliveries++;
    delivery->kind = rig->respond != NULL ? rig->respond(rig, text, &delivery->payload) : decide(rig);
    if (++rig->under_way > rig->under_way_most) rig->under_way_most = rig->under_way;
    size_t before = rig->record_count;
    unsigned count = keep_records(rig, target, text);
    if (delivery->kind != TRIGGER_SUCCESS) rig->record_count = before; /* only what was taken counts */
    else rig->successes++;
    if (count > rig->batch_largest) rig->batch_largest = count;
    bool silent = atomic_load(&rig->silent);
    if (silent) {
        delivery->next = rig->unanswered;
        rig->unanswered = delivery;
    }
    pthread_mutex_unlock(&rig->lock);
    free(text);
    if (silent) return;
    if (atomic_load(&rig->at_once)) answer(delivery);
    else net_loop_post(rig->loop, &delivery->task);
}

void rig_answer(struct rig *rig) {
    pthread_mutex_lock(&rig->lock);
    struct rig_delivery *delivery = rig->unanswered;
    rig->unanswered = NULL;
    pthread_mutex_unlock(&rig->lock);
    while (delivery != NULL) {
        struct rig_delivery *next = delivery->next;
        net_loop_post(rig->loop, &delivery->task);
        delivery = next;
    }
}

static void release(struct trigger_target *target) { free(target); }

static enum leat_code resolve(void *context, struct leat_slice name, char *out, size_t size, struct leat_fault *fault) {
    (void)context;
    if (slice_is(name, "nobody")) return fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "no such function");
    if (slice_starts(name, SLICE("arn:"))) snprintf(out, size, "%.*s", SLICE_FORMAT(name));
    else snprintf(out, size, "arn:aws:lambda:us-east-1:000000000000:function:%.*s", SLICE_FORMAT(name));
    return LEAT_OK;
}

static enum leat_code open_target(void *context, struct leat_slice arn, struct trigger_target **out, struct leat_fault *fault) {
    static const struct trigger_target_kind kind = {"rig", deliver, release};
    struct rig *rig = context;
    if (atomic_load(&rig->missing)) return fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "it is gone");
    struct rig_target *target = calloc(1, sizeof *target);
    target->target.kind = &kind;
    target->rig = rig;
    size_t name = arn.size;
    while (name > 0 && arn.data[name - 1] != ':') name--;
    snprintf(target->function, sizeof target->function, "%.*s", (int)(arn.size - name), (const char *)arn.data + name);
    *out = &target->target;
    return LEAT_OK;
}

/* ------------------------------------------------------------------ a destination */

static void send_failure(struct trigger_destination *base, const struct trigger_failure *failure, trigger_sent_fn sent, void *context) {
    struct rig_destination *destination = (struct rig_destination *)(void *)base;
    struct rig *rig = destination->rig;
    cr_assert(net_loop_here(rig->loop));
    cr_assert(slice_starts(failure->event, SLICE("{\"Records\":[")));
    bool durable = atomic_load(&rig->unsent_left) <= 0;
    if (durable) {
        pthread_mutex_lock(&rig->lock);
        cr_assert_lt(rig->sent_count, (size_t)RIG_SENT_MAX);
        rig->sent[rig->sent_count++] = strndup((const char *)failure->record.data, failure->record.size);
        pthread_mutex_unlock(&rig->lock);
    } else {
        atomic_fetch_sub(&rig->unsent_left, 1);
    }
    sent(context, durable, "as the test wants it");
}

static void release_destination(struct trigger_destination *destination) { free(destination); }

static enum leat_code check_destination(void *context, struct leat_slice arn, struct leat_fault *fault) {
    (void)context;
    return slice_is(arn, RIG_QUEUE) ? LEAT_OK : fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "no such queue");
}

static enum leat_code open_destination(void *context, struct leat_slice arn, struct trigger_destination **out,
                                       struct leat_fault *fault) {
    static const struct trigger_destination_kind kind = {"test", send_failure, release_destination};
    struct rig_destination *destination = calloc(1, sizeof *destination);
    (void)fault;
    cr_assert(slice_is(arn, RIG_QUEUE));
    destination->destination.kind = &kind;
    destination->rig = context;
    *out = &destination->destination;
    return LEAT_OK;
}

/* ------------------------------------------------------------------ life */

void rig_service_start(struct rig *rig) {
    static struct trigger_destination_resolver destinations[2];
    destinations[0] = (struct trigger_destination_resolver){"test", check_destination, open_destination, rig};
    const struct trigger_service_options options = {
        .db = rig->f.db,
        .work_loop = rig->loop,
        .resolver = {resolve, open_target, rig},
        .destinations = destinations,
        .at_timestamp = rig->at_timestamp,
        .region = "us-east-1",
        .account = "000000000000",
        .retry_ms_first = 5,
        .retry_ms_max = 40,
    };
    cr_assert_eq(trigger_service_new(&options, &rig->service, &rig->fault), LEAT_OK, "%s", rig->fault.message);
}

void rig_service_stop(struct rig *rig) {
    trigger_service_free(rig->service);
    rig->service = NULL;
}

void rig_restart(struct rig *rig) {
    rig_service_stop(rig);
    fixture_reopen(&rig->f);
    rig_service_start(rig);
}

void rig_open(struct rig *rig, const char *backend) {
    struct leat_stream_list list;
    pthread_mutex_init(&rig->lock, NULL);
    arena_init(&rig->arena, 1 << 24);
    rig->f.ticking = true;
    fixture_open(&rig->f, backend);
    fixture_table(&rig->f, "t", false, LEAT_NEW_AND_OLD_IMAGES);
    cr_assert_eq(leat_streams(rig->f.db, SLICE("t"), &list, &rig->fault), LEAT_OK);
    snprintf(rig->stream, sizeof rig->stream, "%.*s", SLICE_FORMAT(list.streams[0].arn));
    leat_stream_list_free(&list);
    cr_assert_eq(net_loop_new("work", &rig->loop, &rig->fault), LEAT_OK);
    cr_assert_eq(net_loop_start(rig->loop, &rig->fault), LEAT_OK);
    rig_service_start(rig);
}

void rig_close(struct rig *rig) {
    rig_service_stop(rig);
    rig_answer(rig); /* late answers find nobody and must do no harm */
    net_loop_stop(rig->loop);
    fixture_close(&rig->f);
    for (size_t i = 0; i < rig->sent_count; i++) free(rig->sent[i]);
    arena_fini(&rig->arena);
    pthread_mutex_destroy(&rig->lock);
}

void rig_put(struct rig *rig, const char *key, long value) {
    struct leat_result item = {0};
    char json[128];
    snprintf(json, sizeof json, "{\"pk\":{\"S\":\"%s\"},\"v\":{\"N\":\"%ld\"}}", key, value);
    cr_assert_eq(leat_item_from_json(slice_text(json), &item, &rig->fault), LEAT_OK);
    cr_assert_eq(leat_put(rig->f.db, "t", item.items[0], &rig->fault), LEAT_OK, "%s", rig->fault.message);
    leat_result_free(&item);
}

struct leat_slice rig_map(struct rig *rig, const char *function, const char *position, struct trigger_settings settings) {
    struct trigger_description mapping;
    settings.event_source_arn = slice_text(rig->stream);
    settings.function_name = slice_text(function);
    settings.starting_position = slice_text(position);
    cr_assert_eq(trigger_create(rig->service, &settings, &rig->arena, &mapping, &rig->fault), LEAT_OK, "%s",
                 rig->fault.message);
    return mapping.settings.uuid;
}

struct trigger_description rig_get(struct rig *rig, struct leat_slice uuid) {
    struct trigger_description mapping;
    cr_assert_eq(trigger_get(rig->service, uuid, &rig->arena, &mapping, &rig->fault), LEAT_OK, "%s", rig->fault.message);
    return mapping;
}

void rig_update(struct rig *rig, struct leat_slice uuid, struct trigger_settings change) {
    struct trigger_description mapping;
    change.uuid = uuid;
    cr_assert_eq(trigger_update(rig->service, &change, &rig->arena, &mapping, &rig->fault), LEAT_OK, "%s",
                 rig->fault.message);
}

/* ------------------------------------------------------------------ waiting and looking */

static size_t records_now(struct rig *rig) {
    pthread_mutex_lock(&rig->lock);
    size_t count = rig->record_count;
    pthread_mutex_unlock(&rig->lock);
    return count;
}

static unsigned deliveries_now(struct rig *rig) {
    pthread_mutex_lock(&rig->lock);
    unsigned count = rig->deliveries;
    pthread_mutex_unlock(&rig->lock);
    return count;
}

static size_t sent_now(struct rig *rig) {
    pthread_mutex_lock(&rig->lock);
    size_t count = rig->sent_count;
    pthread_mutex_unlock(&rig->lock);
    return count;
}

void rig_wait_sent(struct rig *rig, size_t count) {
    for (unsigned i = 0; i < WAIT_MS && sent_now(rig) < count; i++) usleep(1000);
    cr_assert_eq(sent_now(rig), count);
}

void rig_wait_records(struct rig *rig, size_t count) {
    for (unsigned i = 0; i < WAIT_MS && records_now(rig) < count; i++) usleep(1000);
    cr_assert_geq(records_now(rig), count, "%zu records of %zu came", records_now(rig), count);
}

void rig_wait_deliveries(struct rig *rig, unsigned count) {
    for (unsigned i = 0; i < WAIT_MS && deliveries_now(rig) < count; i++) usleep(1000);
    cr_assert_geq(deliveries_now(rig), count);
}

void rig_wait_result(struct rig *rig, struct leat_slice uuid, const char *result) {
    for (unsigned i = 0; i < WAIT_MS; i++) {
        if (slice_is(rig_get(rig, uuid).last_processing_result, result)) return;
        usleep(1000);
    }
    cr_assert_fail("the last processing result did not become %s", result);
}

void rig_expect_no_more(struct rig *rig) {
    unsigned before = deliveries_now(rig);
    usleep(QUIET_MS * 1000);
    cr_assert_eq(deliveries_now(rig), before);
}

void rig_expect_in_order(struct rig *rig, const char *function, unsigned keys, long values) {
    for (unsigned k = 0; k < keys; k++) {
        char key[RIG_KEY_SIZE];
        long last = 0;
        snprintf(key, sizeof key, "k%u", k);
        for (size_t i = 0; i < rig->record_count; i++) {
            const struct rig_record *record = &rig->records[i];
            if (strcmp(record->key, key) != 0 || strcmp(record->function, function) != 0) continue;
            cr_assert_eq(record->value, last + 1, "key %s: %ld after %ld", key, record->value, last);
            last = record->value;
        }
        cr_assert_eq(last, values, "key %s ended with %ld", key, last);
    }
}
