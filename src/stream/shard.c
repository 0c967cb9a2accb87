#include "stream/shard.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/slice.h"
#include "item/member.h"

struct stream *stream_set_current(const struct stream_set *set) {
    if (set->count == 0) return NULL;
    struct stream *newest = &set->streams[set->count - 1];
    return newest->enabled ? newest : NULL;
}

struct stream *stream_set_find(const struct stream_set *set, struct leat_slice label) {
    for (size_t i = 0; i < set->count; i++)
        if (slice_is(label, set->streams[i].label)) return &set->streams[i];
    return NULL;
}

struct stream_shard *stream_find_shard(const struct stream *stream, struct leat_slice id) {
    for (size_t i = 0; i < stream->count; i++)
        if (slice_is(id, stream->shards[i].id)) return &stream->shards[i];
    return NULL;
}

enum leat_code stream_set_copy(const struct stream_set *set, struct arena *arena, struct stream_set *out,
                               struct leat_fault *fault) {
    out->count = set->count;
    out->streams = ARENA_ARRAY(arena, struct stream, set->count + 1);
    if (out->streams == NULL) return fault_memory(fault);
    for (size_t i = 0; i < set->count; i++) {
        struct stream *to = &out->streams[i];
        *to = set->streams[i];
        to->shards = ARENA_ARRAY(arena, struct stream_shard, to->count);
        if (to->shards == NULL) return fault_memory(fault);
        for (size_t k = 0; k < to->count; k++) to->shards[k] = set->streams[i].shards[k];
    }
    return LEAT_OK;
}

/* The form shardId-<20 digits of creation time in ms>-<8 hex> is what the Kinesis Client Library's adapter takes apart. */
static void shard_begin(struct stream_shard *shard, uint16_t part, uint64_t now_ms, store_sequence first, const char *parent) {
    uint32_t suffix;
    random_bytes(&suffix, sizeof suffix);
    *shard = (struct stream_shard){.part = part, .first = first, .open = true, .created_ms = now_ms};
    (void)snprintf(shard->id, sizeof shard->id, "shardId-%020" PRIu64 "-%08" PRIx32, now_ms, suffix);
    (void)snprintf(shard->parent, sizeof shard->parent, "%s", parent);
}

static void shard_close(struct stream_shard *shard, const struct store_head *head) {
    shard->open = false;
    shard->last = head->next - 1;
}

enum leat_code stream_set_enable(struct stream_set *set, struct arena *arena, enum leat_view view, uint64_t now_ms,
                                 const struct store_head *heads, uint16_t part_count, struct leat_fault *fault) {
    struct stream *streams = ARENA_ARRAY(arena, struct stream, set->count + 1);
    struct stream_shard *shards = ARENA_ARRAY(arena, struct stream_shard, part_count);
    if (streams == NULL || shards == NULL) return fault_memory(fault);
    for (size_t i = 0; i < set->count; i++) streams[i] = set->streams[i];
    struct stream *stream = &streams[set->count];
    *stream = (struct stream){.view = view, .enabled = true, .created_ms = now_ms, .shards = shards, .count = part_count};
    /* the label is the ARN's last part: two streams of a table must not share a millisecond */
    if (set->count > 0 && set->streams[set->count - 1].created_ms >= now_ms)
        stream->created_ms = set->streams[set->count - 1].created_ms + 1;
    clock_iso(stream->created_ms, stream->label);
    for (uint16_t i = 0; i < part_count; i++) shard_begin(&shards[i], i, now_ms, heads[i].next, "");
    set->streams = streams;
    set->count++;
    return LEAT_OK;
}

void stream_set_disable(struct stream_set *set, uint64_t now_ms, const struct store_head *heads) {
    struct stream *stream = stream_set_current(set);
    if (stream == NULL) return;
    for (size_t i = 0; i < stream->count; i++)
        if (stream->shards[i].open) shard_close(&stream->shards[i], &heads[stream->shards[i].part]);
    stream->enabled = false;
    stream->closed_ms = now_ms;
}

static bool shard_is_due(const struct stream_shard *shard, uint64_t now_ms, uint64_t interval_ms,
                         const struct store_head *heads) {
    return shard->open && now_ms >= shard->created_ms + interval_ms && heads[shard->part].next > shard->first;
}

enum leat_code stream_set_rotate(struct stream_set *set, struct arena *arena, uint64_t now_ms, uint64_t interval_ms,
                                 const struct store_head *heads, bool *changed, struct leat_fault *fault) {
    struct stream *stream = stream_set_current(set);
    if (stream == NULL) return LEAT_OK;
    size_t due = 0;
    for (size_t i = 0; i < stream->count; i++) due += shard_is_due(&stream->shards[i], now_ms, interval_ms, heads);
    if (due == 0) return LEAT_OK;
    struct stream_shard *shards = ARENA_ARRAY(arena, struct stream_shard, stream->count + due);
    if (shards == NULL) return fault_memory(fault);
    size_t count = stream->count;
    for (size_t i = 0; i < stream->count; i++) {
        shards[i] = stream->shards[i];
        if (!shard_is_due(&shards[i], now_ms, interval_ms, heads)) continue;
        const struct store_head *head = &heads[shards[i].part];
        shard_close(&shards[i], head);
        shard_begin(&shards[count++], shards[i].part, now_ms, head->next, shards[i].id);
    }
    stream->shards = shards;
    stream->count = count;
    *changed = true;
    return LEAT_OK;
}

/* A closed shard ends when its child begins, or when its stream was disabled. */
static uint64_t shard_closed_ms(const struct stream *stream, const struct stream_shard *shard) {
    for (size_t i = 0; i < stream->count; i++)
        if (slice_is(slice_text(stream->shards[i].parent), shard->id)) return stream->shards[i].created_ms;
    return stream->closed_ms;
}

void stream_set_forget(struct stream_set *set, uint64_t now_ms, uint64_t retention_ms, const struct store_head *heads,
                       bool *changed) {
    size_t streams = 0;
    for (size_t i = 0; i < set->count; i++) {
        struct stream *stream = &set->streams[i];
        size_t shards = 0;
        for (size_t k = 0; k < stream->count; k++) {
            struct stream_shard *shard = &stream->shards[k];
            bool gone = !shard->open && heads[shard->part].first > shard->last &&
                        now_ms >= shard_closed_ms(stream, shard) + retention_ms;
            if (gone) *changed = true;
            else stream->shards[shards++] = *shard;
        }
        stream->count = shards;
        if (stream->enabled || shards > 0) set->streams[streams++] = *stream;
    }
    set->count = streams;
}

static enum leat_code shard_encode(const struct stream_shard *shard, struct buf *out) {
    size_t mark = item_begin(out, ITEM_M);
    item_put_member_int(out, "created", (int64_t)shard->created_ms);
    item_put_member_int(out, "first", (int64_t)shard->first);
    item_put_member_text(out, "id", slice_text(shard->id));
    item_put_member_int(out, "last", (int64_t)shard->last);
    item_put_member_int(out, "open", (int64_t)shard->open);
    item_put_member_text(out, "parent", slice_text(shard->parent));
    item_put_member_int(out, "part", (int64_t)shard->part);
    return item_end(out, mark);
}

static enum leat_code stream_encode(const struct stream *stream, struct buf *out) {
    size_t mark = item_begin(out, ITEM_M);
    item_put_member_int(out, "closed", (int64_t)stream->closed_ms);
    item_put_member_int(out, "created", (int64_t)stream->created_ms);
    item_put_member_int(out, "enabled", (int64_t)stream->enabled);
    item_put_member_text(out, "label", slice_text(stream->label));
    item_put_name(out, SLICE("shards"));
    size_t list = item_begin(out, ITEM_L);
    for (size_t i = 0; i < stream->count; i++) TRY(shard_encode(&stream->shards[i], out));
    TRY(item_end(out, list));
    item_put_member_int(out, "view", (int64_t)stream->view);
    return item_end(out, mark);
}

enum leat_code stream_set_encode(const struct stream_set *set, struct buf *out) {
    size_t list = item_begin(out, ITEM_L);
    for (size_t i = 0; i < set->count; i++) TRY(stream_encode(&set->streams[i], out));
    return item_end(out, list);
}

static void copy_text(struct leat_slice map, const char *name, char *out, size_t size) {
    (void)snprintf(out, size, "%.*s", SLICE_FORMAT(item_member_text(map, name)));
}

static void shard_decode(struct leat_slice map, struct stream_shard *shard) {
    copy_text(map, "id", shard->id, sizeof shard->id);
    copy_text(map, "parent", shard->parent, sizeof shard->parent);
    shard->part = (uint16_t)item_member_int(map, "part");
    shard->first = (uint64_t)item_member_int(map, "first");
    shard->last = (uint64_t)item_member_int(map, "last");
    shard->open = item_member_int(map, "open") != 0;
    shard->created_ms = (uint64_t)item_member_int(map, "created");
}

static bool stream_decode(struct leat_slice map, struct arena *arena, struct stream *stream) {
    copy_text(map, "label", stream->label, sizeof stream->label);
    stream->view = (enum leat_view)item_member_int(map, "view");
    stream->enabled = item_member_int(map, "enabled") != 0;
    stream->created_ms = (uint64_t)item_member_int(map, "created");
    stream->closed_ms = (uint64_t)item_member_int(map, "closed");
    struct item_value list, entry;
    if (!item_find(map, SLICE("shards"), &list) || list.type != ITEM_L) return false;
    stream->shards = ARENA_ARRAY(arena, struct stream_shard, item_count(&list));
    if (stream->shards == NULL) return false;
    struct item_iterator at = item_iterate(list.payload);
    while (item_list_next(&at, &entry)) shard_decode(entry.payload, &stream->shards[stream->count++]);
    return true;
}

bool stream_set_decode(const struct item_value *list, struct arena *arena, struct stream_set *out) {
    *out = (struct stream_set){0};
    out->streams = ARENA_ARRAY(arena, struct stream, item_count(list) + 1);
    if (out->streams == NULL) return false;
    struct item_value entry;
    struct item_iterator at = item_iterate(list->payload);
    while (item_list_next(&at, &entry))
        if (!stream_decode(entry.payload, arena, &out->streams[out->count++])) return false;
    return true;
}
