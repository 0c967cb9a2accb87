/* Subscriptions: a reader of all shards of a table's stream whose place is an item of the reserved table "leat:cursors":
 *   { "cursor": S "<table>/<name>", "stream": S arn, "shards": M { <shard id>: S <sequence number>, or "" when read to its end } }
 * Written with the calls of leat.h only. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/slice.h"
#include "db/db.h"
#include "item/value.h"

enum { CURSOR_ITEM_MAX = 300 * 1024, RECORDS_A_READ = 100 };

static const char *CURSORS = "leat:cursors";

struct followed {
    struct leat_shard shard;
    char sequence[LEAT_SEQUENCE_SIZE]; /* "": nothing read yet, begin at the oldest */
    bool ended;
};

struct leat_subscription {
    struct leat *db;
    char *table, *name;
    char stream[LEAT_ITERATOR_SIZE];
    struct followed *shards;
    size_t count, turn;
    struct leat_hook *hook;
    pthread_mutex_t lock;
    pthread_cond_t grew;
    bool grown;
};

static void grew(void *context, struct leat_slice table) {
    struct leat_subscription *subscription = context;
    if (!slice_is(table, subscription->table)) return;
    pthread_mutex_lock(&subscription->lock);
    subscription->grown = true;
    pthread_cond_signal(&subscription->grew);
    pthread_mutex_unlock(&subscription->lock);
}

/* ---- shards ---- */

static struct followed *find_followed(const struct leat_subscription *subscription, const char *id) {
    for (size_t i = 0; i < subscription->count; i++)
        if (strcmp(subscription->shards[i].shard.id, id) == 0) return &subscription->shards[i];
    return NULL;
}

/* Looks at the stream again: new shards join, trimmed ones that are done leave. */
static enum leat_code look_again(struct leat_subscription *subscription, struct leat_fault *fault) {
    struct leat_stream_list list;
    enum leat_code code = leat_stream_describe(subscription->db, slice_text(subscription->stream), &list, fault);
    if (code == LEAT_OK) {
        const struct leat_stream *stream = &list.streams[0];
        struct followed *shards = calloc(stream->shard_count + 1, sizeof *shards);
        if (shards == NULL) code = fault_memory(fault);
        for (size_t i = 0; shards != NULL && i < stream->shard_count; i++) {
            const struct followed *known = find_followed(subscription, stream->shards[i].id);
            if (known != NULL) shards[i] = *known;
            shards[i].shard = stream->shards[i];
        }
        if (shards != NULL) {
            free(subscription->shards);
            subscription->shards = shards;
            subscription->count = stream->shard_count;
        }
    }
    leat_stream_list_free(&list);
    return code;
}

/* A child waits until its parent has been read to its end: that keeps the order of an item's changes. */
static bool may_read(const struct leat_subscription *subscription, const struct followed *shard) {
    if (shard->ended) return false;
    const struct followed *parent = find_followed(subscription, shard->shard.parent);
    return parent == NULL || parent->ended;
}

static enum leat_code read_shard(struct leat_subscription *subscription, struct followed *shard, struct leat_result *result,
                                 struct leat_fault *fault) {
    const struct leat_shard_read read = {.stream = slice_text(subscription->stream),
                                         .shard = slice_text(shard->shard.id),
                                         .position = shard->sequence[0] == 0 ? LEAT_TRIM_HORIZON : LEAT_AFTER_SEQUENCE,
                                         .sequence = slice_text(shard->sequence),
                                         .limit = RECORDS_A_READ};
    char next[LEAT_SEQUENCE_SIZE];
    bool end;
    TRY(leat_shard_read(subscription->db, &read, result, next, &end, fault));
    memcpy(shard->sequence, next, sizeof next);
    shard->ended = end;
    return LEAT_OK;
}

/* ---- the cursor's item ---- */

static enum leat_code put_cursor(struct leat_subscription *subscription, struct leat_fault *fault) {
    struct buf item;
    buf_init(&item, CURSOR_ITEM_MAX);
    size_t whole = item.size;
    char id[1024];
    (void)snprintf(id, sizeof id, "%s/%s", subscription->table, subscription->name);
    item_put_name(&item, SLICE("cursor"));
    item_put_string(&item, slice_text(id));
    item_put_name(&item, SLICE("shards"));
    size_t shards = item_begin(&item, ITEM_M);
    for (size_t i = 0; i < subscription->count; i++) {
        const struct followed *shard = &subscription->shards[i];
        if (!shard->ended && shard->sequence[0] == 0) continue;
        item_put_name(&item, slice_text(shard->shard.id));
        item_put_string(&item, slice_text(shard->ended ? "" : shard->sequence));
    }
    enum leat_code code = item_end(&item, shards);
    item_put_name(&item, SLICE("stream"));
    item_put_string(&item, slice_text(subscription->stream));
    if (code == LEAT_OK) code = item_close(&item, whole);
    if (code == LEAT_OK && !buf_ok(&item)) code = fault_memory(fault);
    if (code == LEAT_OK) code = leat_put(subscription->db, CURSORS, buf_view(&item), fault);
    buf_fini(&item);
    return code;
}

static void take_places(struct leat_subscription *subscription, struct leat_slice item) {
    struct item_value stream, shards, place;
    if (!item_find(item, SLICE("stream"), &stream) || !slice_is(stream.payload, subscription->stream)) return;
    if (!item_find(item, SLICE("shards"), &shards)) return;
    for (size_t i = 0; i < subscription->count; i++) {
        struct followed *shard = &subscription->shards[i];
        if (!item_find(shards.payload, slice_text(shard->shard.id), &place)) continue;
        shard->ended = place.payload.size == 0;
        (void)snprintf(shard->sequence, sizeof shard->sequence, "%.*s", SLICE_FORMAT(place.payload));
    }
}

static enum leat_code get_cursor(struct leat_subscription *subscription, bool *found, struct leat_fault *fault) {
    struct leat_result result;
    struct buf key;
    char id[1024];
    (void)snprintf(id, sizeof id, "%s/%s", subscription->table, subscription->name);
    buf_init(&key, sizeof id * 2);
    item_put_name(&key, SLICE("cursor"));
    item_put_string(&key, slice_text(id));
    enum leat_code code =
        leat_get(subscription->db, &(struct leat_get){.table = slice_text(CURSORS), .key = buf_view(&key)}, &result, fault);
    *found = code == LEAT_OK && result.count == 1;
    if (*found) take_places(subscription, result.items[0]);
    leat_result_free(&result);
    buf_fini(&key);
    return code;
}

/* A new cursor at LEAT_LATEST: open shards begin behind their newest record, closed ones are done. */
static enum leat_code place_latest(struct leat_subscription *subscription, struct leat_fault *fault) {
    for (size_t i = 0; i < subscription->count; i++) {
        struct followed *shard = &subscription->shards[i];
        struct leat_result result;
        const struct leat_shard_read read = {.stream = slice_text(subscription->stream),
                                             .shard = slice_text(shard->shard.id), .position = LEAT_LATEST};
        enum leat_code code = leat_shard_read(subscription->db, &read, &result, shard->sequence, &shard->ended, fault);
        leat_result_free(&result);
        TRY(code);
    }
    return LEAT_OK;
}

static enum leat_code need_cursors(struct leat *db, struct leat_fault *fault) {
    static const struct leat_attribute key = {{(const uint8_t *)"cursor", 6}, 'S'};
    const struct leat_table table = {.name = slice_text(CURSORS), .attributes = &key, .attribute_count = 1,
                                     .partition_key = key.name, .billing = LEAT_PAY_PER_REQUEST};
    struct leat_description made = {.memory = NULL};
    enum leat_code code = leat_table_create(db, &table, &made, fault);
    leat_description_free(&made);
    return code == LEAT_RESOURCE_IN_USE ? LEAT_OK : code;
}

static enum leat_code find_stream(struct leat_subscription *subscription, struct leat_fault *fault) {
    struct leat_description description;
    TRY(leat_table_describe(subscription->db, slice_text(subscription->table), &description, fault));
    bool has = description.table.stream != LEAT_VIEW_NONE;
    (void)snprintf(subscription->stream, sizeof subscription->stream, "%.*s", SLICE_FORMAT(description.table.stream_arn));
    leat_description_free(&description);
    return has ? LEAT_OK : fault_set(fault, LEAT_VALIDATION, "table %s has no stream", subscription->table);
}

/* ---- the calls ---- */

static enum leat_code begin(struct leat_subscription *subscription, enum leat_position from, struct leat_fault *fault) {
    bool found;
    TRY(need_cursors(subscription->db, fault));
    TRY(find_stream(subscription, fault));
    TRY(look_again(subscription, fault));
    TRY(get_cursor(subscription, &found, fault));
    if (!found && from == LEAT_LATEST) TRY(place_latest(subscription, fault));
    if (!found) TRY(put_cursor(subscription, fault));
    subscription->hook = leat_hook_add(subscription->db, grew, subscription);
    return subscription->hook == NULL ? fault_memory(fault) : LEAT_OK;
}

LEAT_PUBLIC enum leat_code leat_subscribe(struct leat *db, const char *table, const char *cursor, enum leat_position from,
                                          struct leat_subscription **out, struct leat_fault *fault) {
    struct leat_subscription *subscription = calloc(1, sizeof *subscription);
    if (subscription == NULL) return fault_memory(fault);
    subscription->db = db;
    subscription->table = strdup(table);
    subscription->name = strdup(cursor);
    clock_cond_init(&subscription->grew);
    pthread_mutex_init(&subscription->lock, NULL);
    enum leat_code code = subscription->table == NULL || subscription->name == NULL ? fault_memory(fault)
                                                                                    : begin(subscription, from, fault);
    if (code == LEAT_OK) *out = subscription;
    else leat_unsubscribe(subscription);
    return code;
}

/* One round over the shards; the first that has records answers. */
static enum leat_code read_round(struct leat_subscription *subscription, struct leat_result *result, struct leat_fault *fault) {
    for (size_t i = 0; i < subscription->count; i++) {
        struct followed *shard = &subscription->shards[(subscription->turn + i) % subscription->count];
        if (!may_read(subscription, shard)) continue;
        enum leat_code code = read_shard(subscription, shard, result, fault);
        while (code == LEAT_OK && result->record_count == 0 && result->more) { /* so far only records of the shards beside it */
            leat_result_free(result);
            code = read_shard(subscription, shard, result, fault);
        }
        if (code != LEAT_OK || result->record_count > 0) {
            subscription->turn = (subscription->turn + i + 1) % subscription->count;
            return code;
        }
        leat_result_free(result);
    }
    return LEAT_OK;
}

/* false: time is over */
static bool wait_for_growth(struct leat_subscription *subscription, const struct timespec *until) {
    int error = 0;
    pthread_mutex_lock(&subscription->lock);
    while (!subscription->grown && error == 0)
        error = until == NULL ? pthread_cond_wait(&subscription->grew, &subscription->lock)
                              : pthread_cond_timedwait(&subscription->grew, &subscription->lock, until);
    bool grown = subscription->grown;
    subscription->grown = false;
    pthread_mutex_unlock(&subscription->lock);
    return grown;
}

LEAT_PUBLIC enum leat_code leat_next(struct leat_subscription *subscription, int timeout_ms, struct leat_result *result,
                                     struct leat_fault *fault) {
    struct timespec until = clock_deadline(timeout_ms < 0 ? 0 : (uint64_t)timeout_ms);
    *result = (struct leat_result){.memory = NULL};
    for (;;) {
        TRY(look_again(subscription, fault));
        TRY(read_round(subscription, result, fault));
        if (result->record_count > 0) return LEAT_OK;
        if (!wait_for_growth(subscription, timeout_ms < 0 ? NULL : &until)) return LEAT_OK;
    }
}

LEAT_PUBLIC enum leat_code leat_done(struct leat_subscription *subscription, struct leat_fault *fault) {
    return put_cursor(subscription, fault);
}

LEAT_PUBLIC void leat_unsubscribe(struct leat_subscription *subscription) {
    if (subscription == NULL) return;
    if (subscription->hook != NULL) leat_hook_remove(subscription->db, subscription->hook);
    pthread_cond_destroy(&subscription->grew);
    pthread_mutex_destroy(&subscription->lock);
    free(subscription->shards);
    free(subscription->table);
    free(subscription->name);
    free(subscription);
}
