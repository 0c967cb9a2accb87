#include "store/lmdb/walk.h"

#include <string.h>

#include "base/slice.h"

struct walk {
    const struct lmdb_range *range;
    bool stopped;
    uint8_t key[STORE_KEY_MAX]; /* the beginning that the current tails continue; then the whole key */
};

/* The part of a walk that lies in one level. */
struct stretch {
    struct lmdb_level level;
    size_t before; /* bytes of walk->key that belong to every key in here */
    struct leat_slice low, high;
    MDB_val from, to; /* low and high as physical keys; `to` itself is inside only as a mark */
    bool to_is_mark;
    uint8_t from_bytes[LMDB_KEY_MAX], to_bytes[LMDB_KEY_MAX];
};

static int walk_stretch(struct walk *walk, MDB_cursor *cursor, struct stretch *stretch);

static int physical_compare(MDB_val a, MDB_val b) {
    return slice_compare(slice_of(a.mv_data, a.mv_size), slice_of(b.mv_data, b.mv_size));
}

static void stretch_bound(struct stretch *stretch, struct leat_slice low, struct leat_slice high) {
    stretch->low = low;
    stretch->high = high;
    stretch->from = lmdb_level_key(&stretch->level, low, stretch->from_bytes);
    stretch->to_is_mark = high.data != NULL && high.size > stretch->level.room;
    stretch->to = high.data != NULL ? lmdb_level_key(&stretch->level, high, stretch->to_bytes)
                                    : lmdb_level_end(&stretch->level, stretch->to_bytes);
}

static int walk_tail(struct walk *walk, MDB_cursor *cursor, const struct stretch *stretch, MDB_val mark, MDB_val value) {
    size_t room = stretch->level.room;
    if (stretch->before + room >= STORE_KEY_MAX) return MDB_CORRUPTED;
    struct leat_slice low = {NULL, 0}, high = {NULL, 0};
    if (stretch->low.size > room && physical_compare(mark, stretch->from) == 0) {
        low = slice_of(stretch->low.data + room, stretch->low.size - room);
    }
    if (stretch->to_is_mark && physical_compare(mark, stretch->to) == 0) {
        high = slice_of(stretch->high.data + room, stretch->high.size - room);
    }
    struct stretch inner;
    inner.before = stretch->before + room;
    memcpy(walk->key + stretch->before, (const uint8_t *)mark.mv_data + stretch->level.size, room);
    lmdb_level_tail(&inner.level, walk->range->part, lmdb_number(value, 0));
    stretch_bound(&inner, low, high);
    MDB_cursor *inner_cursor;
    int error = mdb_cursor_open(mdb_cursor_txn(cursor), mdb_cursor_dbi(cursor), &inner_cursor);
    if (error != 0) return error;
    error = walk_stretch(walk, inner_cursor, &inner);
    mdb_cursor_close(inner_cursor);
    return error;
}

static int walk_entry(struct walk *walk, MDB_cursor *cursor, const struct stretch *stretch, MDB_val key, MDB_val value) {
    struct leat_slice own = slice_of((const uint8_t *)key.mv_data + stretch->level.size, key.mv_size - stretch->level.size);
    if (own.size > stretch->level.room) return walk_tail(walk, cursor, stretch, key, value);
    if (stretch->before > 0) {
        if (stretch->before + own.size > STORE_KEY_MAX) return MDB_CORRUPTED;
        memcpy(walk->key + stretch->before, own.data, own.size);
        own = slice_of(walk->key, stretch->before + own.size);
    }
    walk->stopped = !walk->range->row(walk->range->context, own, slice_of(value.mv_data, value.mv_size));
    return 0;
}

/* To the first entry of the stretch in walking order, or to one outside of it. */
static int stretch_start(MDB_cursor *cursor, const struct stretch *stretch, bool reverse, MDB_val *key, MDB_val *value) {
    *key = reverse ? stretch->to : stretch->from;
    int error = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
    if (!reverse) return error;
    if (error == MDB_NOTFOUND) return mdb_cursor_get(cursor, key, value, MDB_LAST);
    if (error != 0 || (stretch->to_is_mark && physical_compare(*key, stretch->to) == 0)) return error;
    return mdb_cursor_get(cursor, key, value, MDB_PREV);
}

static bool stretch_holds(const struct stretch *stretch, MDB_val key) {
    int order = physical_compare(key, stretch->to);
    return physical_compare(key, stretch->from) >= 0 && (order < 0 || (order == 0 && stretch->to_is_mark));
}

static int walk_stretch(struct walk *walk, MDB_cursor *cursor, struct stretch *stretch) {
    bool reverse = walk->range->reverse;
    MDB_val key, value;
    int error = stretch_start(cursor, stretch, reverse, &key, &value);
    while (error == 0 && stretch_holds(stretch, key)) {
        error = walk_entry(walk, cursor, stretch, key, value);
        if (error != 0 || walk->stopped) return error;
        error = mdb_cursor_get(cursor, &key, &value, reverse ? MDB_PREV : MDB_NEXT);
    }
    return error == MDB_NOTFOUND ? 0 : error;
}

int lmdb_walk_items(MDB_cursor *cursor, const struct lmdb_range *range) {
    struct walk walk;
    struct stretch stretch;
    walk.range = range;
    walk.stopped = false;
    stretch.before = 0;
    lmdb_level_items(&stretch.level, range->part);
    stretch_bound(&stretch, range->low, range->high);
    return walk_stretch(&walk, cursor, &stretch);
}

int lmdb_walk_log(MDB_cursor *cursor, store_part part, store_sequence after, store_record_fn record, void *context) {
    if (after == UINT64_MAX) return 0;
    uint8_t bytes[LMDB_LOG_KEY_SIZE];
    MDB_val key = lmdb_log_key(part, after + 1, bytes), value;
    int error = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (error == 0 && key.mv_size == LMDB_LOG_KEY_SIZE && memcmp(key.mv_data, bytes, LMDB_PART_SIZE + 1) == 0) {
        if (!record(context, lmdb_number(key, LMDB_PART_SIZE + 1), slice_of(value.mv_data, value.mv_size))) return 0;
        error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    return error == MDB_NOTFOUND ? 0 : error;
}
