#include "store/lmdb/physical.h"

#include <string.h>

/* Ends the physical key of a mark. A key of that length is never plain, so its value does not matter for the order. */
enum { LMDB_MARK = 0 };
enum { LMDB_HEAD_SIZE = 24, LMDB_LEVELS_MAX = 20 };

_Static_assert((LMDB_LEVELS_MAX - 1) * (LMDB_KEY_MAX - LMDB_PREFIX_MAX - 1) > STORE_KEY_MAX, "levels for the longest key");

void lmdb_number_put(uint8_t *out, uint64_t number) {
    for (int i = 7; i >= 0; i--, number >>= 8) out[i] = (uint8_t)number;
}

uint64_t lmdb_number(MDB_val value, size_t offset) {
    if (value.mv_size < offset + 8) return 0;
    uint64_t number = 0;
    for (size_t i = 0; i < 8; i++) number = number << 8 | ((const uint8_t *)value.mv_data)[offset + i];
    return number;
}

static void level_init(struct lmdb_level *level, store_part part, enum lmdb_space space) {
    lmdb_number_put(level->prefix, part);
    level->prefix[LMDB_PART_SIZE] = (uint8_t)space;
    level->size = LMDB_PART_SIZE + 1;
    level->room = LMDB_KEY_MAX - 1 - level->size;
}

void lmdb_level_items(struct lmdb_level *level, store_part part) { level_init(level, part, LMDB_SPACE_ITEM); }

void lmdb_level_tail(struct lmdb_level *level, store_part part, uint64_t tail) {
    level_init(level, part, LMDB_SPACE_TAIL);
    lmdb_number_put(level->prefix + level->size, tail);
    level->size += 8;
    level->room -= 8;
}

MDB_val lmdb_level_key(const struct lmdb_level *level, struct leat_slice key, uint8_t out[LMDB_KEY_MAX]) {
    size_t held = key.size < level->room ? key.size : level->room;
    memcpy(out, level->prefix, level->size);
    if (held > 0) memcpy(out + level->size, key.data, held);
    if (key.size > level->room) out[level->size + held++] = LMDB_MARK;
    return (MDB_val){level->size + held, out};
}

MDB_val lmdb_level_end(const struct lmdb_level *level, uint8_t out[LMDB_KEY_MAX]) {
    size_t at = level->size;
    memcpy(out, level->prefix, level->size);
    while (at-- > 0 && ++out[at] == 0) {} /* ends at the space byte at the latest: it is small */
    return (MDB_val){level->size, out};
}

static struct leat_slice key_behind(struct leat_slice key, size_t size) {
    return (struct leat_slice){key.data + size, key.size - size};
}

/* Follows marks from *level towards key as far as they are there; *key becomes what is left of it. 0: *level holds keys of this
 * length; MDB_NOTFOUND: the mark that is missing belongs into *level. */
static int level_descend(MDB_txn *txn, MDB_dbi dbi, store_part part, struct lmdb_level *level, struct leat_slice *key) {
    uint8_t bytes[LMDB_KEY_MAX];
    while (key->size > level->room) {
        MDB_val physical = lmdb_level_key(level, *key, bytes), value;
        int error = mdb_get(txn, dbi, &physical, &value);
        if (error != 0) return error;
        *key = key_behind(*key, level->room);
        lmdb_level_tail(level, part, lmdb_number(value, 0));
    }
    return 0;
}

int lmdb_item_get(MDB_txn *txn, MDB_dbi dbi, store_part part, struct leat_slice key, struct leat_slice *value) {
    struct lmdb_level level;
    uint8_t bytes[LMDB_KEY_MAX];
    lmdb_level_items(&level, part);
    int error = level_descend(txn, dbi, part, &level, &key);
    if (error != 0) return error;
    MDB_val physical = lmdb_level_key(&level, key, bytes), found;
    error = mdb_get(txn, dbi, &physical, &found);
    if (error == 0) *value = (struct leat_slice){found.mv_data, found.mv_size};
    return error;
}

/* The number of a new tail. Numbers are not used again while the partition lives. */
static int tail_new(MDB_txn *txn, MDB_cursor *cursor, store_part part, uint64_t *tail) {
    uint8_t bytes[LMDB_PART_SIZE + 1], number[8];
    lmdb_number_put(bytes, part);
    bytes[LMDB_PART_SIZE] = LMDB_SPACE_TAIL_LAST;
    MDB_val key = {sizeof bytes, bytes}, value = {0, NULL};
    int error = mdb_get(txn, mdb_cursor_dbi(cursor), &key, &value);
    if (error != 0 && error != MDB_NOTFOUND) return error;
    *tail = (error == 0 ? lmdb_number(value, 0) : 0) + 1;
    lmdb_number_put(number, *tail);
    value = (MDB_val){sizeof number, number};
    return mdb_cursor_put(cursor, &key, &value, 0);
}

static int mark_new(MDB_txn *txn, MDB_cursor *cursor, store_part part, struct lmdb_level *level, struct leat_slice *key) {
    uint8_t bytes[LMDB_KEY_MAX], number[8];
    uint64_t tail = 0;
    int error = tail_new(txn, cursor, part, &tail);
    if (error != 0) return error;
    lmdb_number_put(number, tail);
    MDB_val physical = lmdb_level_key(level, *key, bytes), value = {sizeof number, number};
    error = mdb_cursor_put(cursor, &physical, &value, 0);
    *key = key_behind(*key, level->room);
    lmdb_level_tail(level, part, tail);
    return error;
}

int lmdb_item_put(MDB_txn *txn, MDB_cursor *cursor, store_part part, struct leat_slice key, struct leat_slice value) {
    struct lmdb_level level;
    uint8_t bytes[LMDB_KEY_MAX];
    lmdb_level_items(&level, part);
    int error = level_descend(txn, mdb_cursor_dbi(cursor), part, &level, &key);
    if (error == MDB_NOTFOUND) error = 0;
    while (error == 0 && key.size > level.room) error = mark_new(txn, cursor, part, &level, &key);
    if (error != 0) return error;
    MDB_val physical = lmdb_level_key(&level, key, bytes), data = {value.size, (void *)(uintptr_t)value.data};
    return mdb_cursor_put(cursor, &physical, &data, 0);
}

static int physical_del(MDB_cursor *cursor, MDB_val key) {
    MDB_val value;
    int error = mdb_cursor_get(cursor, &key, &value, MDB_SET);
    return error != 0 ? error : mdb_cursor_del(cursor, 0);
}

static int level_empty(MDB_cursor *cursor, const struct lmdb_level *level, bool *empty) {
    MDB_val key = {level->size, (void *)(uintptr_t)level->prefix}, value;
    int error = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    *empty = error == MDB_NOTFOUND ||
             (error == 0 && (key.mv_size < level->size || memcmp(key.mv_data, level->prefix, level->size) != 0));
    return error == MDB_NOTFOUND ? 0 : error;
}

/* A mark whose last tail goes goes too, and so on upwards: an emptied partition leaves nothing behind. */
int lmdb_item_del(MDB_txn *txn, MDB_cursor *cursor, store_part part, struct leat_slice key) {
    struct lmdb_level levels[LMDB_LEVELS_MAX];
    struct leat_slice keys[LMDB_LEVELS_MAX];
    uint8_t bytes[LMDB_KEY_MAX];
    size_t depth = 0;
    lmdb_level_items(&levels[0], part);
    keys[0] = key;
    while (keys[depth].size > levels[depth].room) {
        MDB_val physical = lmdb_level_key(&levels[depth], keys[depth], bytes), value;
        int error = mdb_get(txn, mdb_cursor_dbi(cursor), &physical, &value);
        if (error != 0) return error == MDB_NOTFOUND ? 0 : error;
        keys[depth + 1] = key_behind(keys[depth], levels[depth].room);
        depth++;
        lmdb_level_tail(&levels[depth], part, lmdb_number(value, 0));
    }
    int error = physical_del(cursor, lmdb_level_key(&levels[depth], keys[depth], bytes));
    for (bool empty = true; error == 0 && depth > 0; depth--) {
        error = level_empty(cursor, &levels[depth], &empty);
        if (error != 0 || !empty) break;
        error = physical_del(cursor, lmdb_level_key(&levels[depth - 1], keys[depth - 1], bytes));
    }
    return error == MDB_NOTFOUND ? 0 : error;
}

static MDB_val head_key(store_part part, uint8_t out[LMDB_PART_SIZE + 1]) {
    lmdb_number_put(out, part);
    out[LMDB_PART_SIZE] = LMDB_SPACE_HEAD;
    return (MDB_val){LMDB_PART_SIZE + 1, out};
}

int lmdb_head_get(MDB_txn *txn, MDB_dbi dbi, store_part part, struct store_head *head) {
    uint8_t bytes[LMDB_PART_SIZE + 1];
    MDB_val key = head_key(part, bytes), value;
    int error = mdb_get(txn, dbi, &key, &value);
    *head = (struct store_head){.epoch = 0, .first = 1, .next = 1};
    if (error == MDB_NOTFOUND) return 0;
    if (error != 0) return error;
    if (value.mv_size < LMDB_HEAD_SIZE) return MDB_CORRUPTED;
    *head = (struct store_head){lmdb_number(value, 0), lmdb_number(value, 8), lmdb_number(value, 16)};
    return 0;
}

int lmdb_head_put(MDB_cursor *cursor, store_part part, struct store_head head) {
    uint8_t bytes[LMDB_PART_SIZE + 1], fields[LMDB_HEAD_SIZE];
    lmdb_number_put(fields, head.epoch);
    lmdb_number_put(fields + 8, head.first);
    lmdb_number_put(fields + 16, head.next);
    MDB_val key = head_key(part, bytes), value = {sizeof fields, fields};
    return mdb_cursor_put(cursor, &key, &value, 0);
}

MDB_val lmdb_log_key(store_part part, store_sequence sequence, uint8_t out[LMDB_LOG_KEY_SIZE]) {
    lmdb_number_put(out, part);
    out[LMDB_PART_SIZE] = LMDB_SPACE_LOG;
    lmdb_number_put(out + LMDB_PART_SIZE + 1, sequence);
    return (MDB_val){LMDB_LOG_KEY_SIZE, out};
}
