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
    *shard = (struct stream_shard){.part = part, .first = first, .open = true, .created_ms = now_ms,
                                    .low = 0, .high = STREAM_HASHES};
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

static bool shard_is_due(const struct stream_shard *shard, uint64_t now_ms, struct stream_ages ages, const struct store_head *heads) {
    uint64_t age_ms = heads[shard->part].next > shard->first ? ages.interval_ms : ages.idle_ms;
    return shard->open && now_ms >= shard->created_ms + age_ms;
}

enum leat_code stream_set_rotate(struct stream_set *set, struct arena *arena, uint64_t now_ms, struct stream_ages ages,
                                 const struct store_head *heads, bool *changed, struct leat_fault *fault) {
    struct stream *stream = stream_set_current(set);
    if (stream == NULL) return LEAT_OK;
    size_t due = 0;
    for (size_t i = 0; i < stream->count; i++) due += shard_is_due(&stream->shards[i], now_ms, ages, heads);
    if (due == 0) return LEAT_OK;
    struct stream_shard *shards = ARENA_ARRAY(arena, struct stream_shard, stream->count + due);
    if (shards == NULL) return fault_memory(fault);
    size_t count = stream->count;
    for (size_t i = 0; i < stream->count; i++) {
        shards[i] = stream->shards[i];
        if (!shard_is_due(&shards[i], now_ms, ages, heads)) continue;
        const struct store_head *head = &heads[shards[i].part];
        shard_close(&shards[i], head);
        shard_begin(&shards[count], shards[i].part, now_ms, head->next, shards[i].id);
        shards[count].low = shards[i].low;
        shards[count++].high = shards[i].high;
    }
    stream->shards = shards;
    stream->count = count;
    *changed = true;
    return LEAT_OK;
}

/* ---- splitting ---- */

/* The range that open shard `shard` has now, or a part of it. */
struct leaf { size_t shard; uint32_t low, high; };

/* Partition i of n has the hashes for which hash * n >> 16 is i (schema_part). */
static uint32_t part_low(uint32_t part, uint16_t part_count) { return (STREAM_HASHES * part + part_count - 1) / part_count; }

static struct leaf leaf_of(const struct stream *stream, size_t at, uint16_t part_count) {
    const struct stream_shard *shard = &stream->shards[at];
    uint32_t low = part_low(shard->part, part_count), high = part_low(shard->part + 1u, part_count);
    return (struct leaf){at, shard->low > low ? shard->low : low, shard->high < high ? shard->high : high};
}

bool stream_shard_partial(const struct stream_shard *shard, uint16_t part_count) {
    return shard->low > part_low(shard->part, part_count) || shard->high < part_low(shard->part + 1u, part_count);
}

/* Halves the widest until there are `wanted`. */
static size_t leaves_split(struct leaf *leaves, size_t count, size_t wanted) {
    while (count < wanted) {
        struct leaf *widest = leaves;
        for (size_t i = 1; i < count; i++)
            if (leaves[i].high - leaves[i].low > widest->high - widest->low) widest = &leaves[i];
        if (widest->high - widest->low < 2) break;
        uint32_t middle = widest->low + (widest->high - widest->low) / 2;
        leaves[count++] = (struct leaf){widest->shard, middle, widest->high};
        widest->high = middle;
    }
    return count;
}

static size_t leaves_of(const struct leaf *leaves, size_t count, size_t shard) {
    size_t number = 0;
    for (size_t i = 0; i < count; i++) number += leaves[i].shard == shard;
    return number;
}

enum leat_code stream_set_split(struct stream_set *set, struct arena *arena, uint64_t now_ms, size_t wanted, uint16_t part_count,
                                const struct store_head *heads, struct leat_fault *fault) {
    struct stream *stream = stream_set_current(set);
    size_t open = 0, count, end;
    for (size_t i = 0; stream != NULL && i < stream->count; i++) open += stream->shards[i].open;
    if (stream == NULL || open >= wanted) return LEAT_OK;
    struct leaf *leaves = ARENA_ARRAY(arena, struct leaf, wanted);
    struct stream_shard *shards = ARENA_ARRAY(arena, struct stream_shard, stream->count + wanted);
    if (leaves == NULL || shards == NULL) return fault_memory(fault);
    for (size_t i = count = 0; i < stream->count; i++) {
        shards[i] = stream->shards[i];
        if (shards[i].open) leaves[count++] = leaf_of(stream, i, part_count);
    }
    count = leaves_split(leaves, count, wanted);
    end = stream->count;
    for (size_t i = 0; i < count; i++) {
        struct stream_shard *parent = &shards[leaves[i].shard];
        if (leaves_of(leaves, count, leaves[i].shard) == 1) continue;
        if (parent->open) shard_close(parent, &heads[parent->part]);
        shard_begin(&shards[end], parent->part, now_ms, heads[parent->part].next, parent->id);
        shards[end].low = leaves[i].low;
        shards[end++].high = leaves[i].high;
    }
    stream->shards = shards;
    stream->count = end;
    return LEAT_OK;
}

enum leat_code stream_set_begin_split(struct stream_set *set, struct arena *arena, size_t wanted, uint16_t part_count,
                                      struct leat_fault *fault) {
    struct stream *stream = stream_set_current(set);
    if (stream == NULL || stream->count >= wanted) return LEAT_OK;
    struct leaf *leaves = ARENA_ARRAY(arena, struct leaf, wanted);
    struct stream_shard *shards = ARENA_ARRAY(arena, struct stream_shard, wanted);
    if (leaves == NULL || shards == NULL) return fault_memory(fault);
    for (size_t i = 0; i < stream->count; i++) leaves[i] = leaf_of(stream, i, part_count);
    size_t count = leaves_split(leaves, stream->count, wanted);
    for (size_t i = 0; i < count; i++) {
        const struct stream_shard *from = &stream->shards[leaves[i].shard];
        shard_begin(&shards[i], from->part, from->created_ms, from->first, "");
        shards[i].low = leaves[i].low;
        shards[i].high = leaves[i].high;
    }
    stream->shards = shards;
    stream->count = count;
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
    item_put_member_int(out, "high", (int64_t)shard->high);
    item_put_member_text(out, "id", slice_text(shard->id));
    item_put_member_int(out, "last", (int64_t)shard->last);
    item_put_member_int(out, "low", (int64_t)shard->low);
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
    shard->low = (uint32_t)item_member_int(map, "low");
    shard->high = (uint32_t)item_member_int(map, "high");
    if (shard->high == 0) shard->high = STREAM_HASHES; /* from before there were splits */
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
