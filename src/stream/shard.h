/* The streams of one table and their shards. A shard is an interval of a partition's log, and of it the records whose keys lie in a range
 * of the hash space: rotation closes one interval and opens the next, a split opens two or more with a part of the range each, disabling
 * closes them all; nothing is copied, and a key's records are in one line of descent. The set lives in an arena and is kept as part of the
 * table's catalogue entry; changing it means making a changed copy. */
#ifndef STREAM_SHARD_H
#define STREAM_SHARD_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "item/value.h"
#include "leat_types.h"
#include "store/store.h"

enum {
    STREAM_LABEL_SIZE = 32,
    STREAM_HASHES = 65536, /* item_key_hash */
    STREAM_IDLE_SHARDS = 8 /* a shard without records is rotated at most so often in the time that closed shards stay */
};

struct stream_shard {
    char id[LEAT_SHARD_ID_SIZE], parent[LEAT_SHARD_ID_SIZE]; /* parent "": none, or trimmed long ago */
    uint16_t part;
    store_sequence first; /* the first record that may be in it */
    store_sequence last;  /* closed: the last that may be in it (first - 1: it is empty) */
    bool open;
    uint64_t created_ms;
    uint32_t low, high; /* the hashes from low on and below high; 0, STREAM_HASHES: all of the partition's */
};

struct stream {
    char label[STREAM_LABEL_SIZE];
    enum leat_view view;
    bool enabled;
    uint64_t created_ms, closed_ms;
    struct stream_shard *shards; /* oldest first */
    size_t count;
};

struct stream_set {
    struct stream *streams; /* oldest first; at most the last one is enabled */
    size_t count;
};

/* The enabled stream, or NULL. */
struct stream *stream_set_current(const struct stream_set *set);
struct stream *stream_set_find(const struct stream_set *set, struct leat_slice label);
struct stream_shard *stream_find_shard(const struct stream *stream, struct leat_slice id);

enum leat_code stream_set_copy(const struct stream_set *set, struct arena *arena, struct stream_set *out,
                               struct leat_fault *fault) LEAT_MUST_USE;

/* The following change `set` in place; heads[i] is the head of partition i. */
enum leat_code stream_set_enable(struct stream_set *set, struct arena *arena, enum leat_view view, uint64_t now_ms,
                                 const struct store_head *heads, uint16_t part_count, struct leat_fault *fault) LEAT_MUST_USE;
void stream_set_disable(struct stream_set *set, uint64_t now_ms, const struct store_head *heads);
/* Closes every open shard that is older than interval_ms, or than idle_ms when it has had no records, and opens its child. *changed says
 * whether any was. */
struct stream_ages { uint64_t interval_ms, idle_ms; };
enum leat_code stream_set_rotate(struct stream_set *set, struct arena *arena, uint64_t now_ms, struct stream_ages ages,
                                 const struct store_head *heads, bool *changed, struct leat_fault *fault) LEAT_MUST_USE;
/* Splits open shards, the widest first, until there are `wanted`: each that is split is closed, its children share its range. Never
 * fewer, and no range below one hash. Does nothing without an enabled stream. */
enum leat_code stream_set_split(struct stream_set *set, struct arena *arena, uint64_t now_ms, size_t wanted, uint16_t part_count,
                                const struct store_head *heads, struct leat_fault *fault) LEAT_MUST_USE;
/* The same for a stream that has just been enabled: its shards have had no time, so they are replaced, and have no parents. */
enum leat_code stream_set_begin_split(struct stream_set *set, struct arena *arena, size_t wanted, uint16_t part_count,
                                      struct leat_fault *fault) LEAT_MUST_USE;
/* Does the shard have only a part of its partition's records? */
bool stream_shard_partial(const struct stream_shard *shard, uint16_t part_count);
/* Forgets closed shards whose records have all been trimmed and that have been closed for retention_ms, and disabled
 * streams without shards. */
void stream_set_forget(struct stream_set *set, uint64_t now_ms, uint64_t retention_ms, const struct store_head *heads, bool *changed);

/* As one list value, for the catalogue. */
enum leat_code stream_set_encode(const struct stream_set *set, struct buf *out) LEAT_MUST_USE;
bool stream_set_decode(const struct item_value *list, struct arena *arena, struct stream_set *out);

#endif
