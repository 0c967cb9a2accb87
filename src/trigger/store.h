/* Where mappings and checkpoints live: items of two reserved tables, written through leat.h.
 *
 *   leat:mappings     UUID -> the settings (mapping.c)
 *   leat:checkpoints  (MappingUUID, ShardId) -> SequenceNumber: read on behind this one; absent: from the shard's start
 *                                        Finished: the shard was read to its end
 *                                        Delivered: at least one batch of the shard was taken by the function
 *                                        WindowStart, WindowLength: of the open tumbling window, in milliseconds
 *                                        State, StateParts: what the function passes on in it; where it is too long for one
 *                                        item it goes on in the items (MappingUUID, "ShardId#1"), ... of so many parts
 *
 * Any thread. Writes block for the commit, unless said otherwise. */
#ifndef TRIGGER_STORE_H
#define TRIGGER_STORE_H

#include "base/buf.h"
#include "leat.h"
#include "trigger/mapping.h"

enum {
    STORE_STATE_PART_BYTES = 300 * 1024, /* an item is 400 KB at most */
    STORE_STATE_PARTS_MAX = 4            /* 1 MB */
};

struct store_window { /* a tumbling window that is open */
    bool open;
    uint64_t start_ms, length_ms;
    struct leat_slice state; /* on the heap, its owner's; absent: none */
};
struct store_checkpoint {
    char shard[LEAT_SHARD_ID_SIZE];
    char sequence[LEAT_SEQUENCE_SIZE]; /* "": the shard's start */
    bool finished, delivered;
    unsigned parts; /* of the state, as they lie in the store */
    struct store_window window;
};
struct store_checkpoints {
    struct store_checkpoint *all;
    size_t count, capacity;
};
void store_checkpoints_free(struct store_checkpoints *checkpoints);
/* false: no memory. */
bool store_checkpoints_add(struct store_checkpoints *checkpoints, const struct store_checkpoint *checkpoint);

/* Makes the tables where they are missing. */
enum leat_code store_open(struct leat *db, struct leat_fault *fault) LEAT_MUST_USE;

typedef enum leat_code (*store_mapping_fn)(void *context, struct mapping *mapping, struct leat_fault *fault);
/* Hands every stored mapping to `each`, which owns it from then on. */
enum leat_code store_mappings_read(struct leat *db, store_mapping_fn each, void *context,
                                   struct leat_fault *fault) LEAT_MUST_USE;

/* A new mapping together with where it begins: the mapping is there only when its checkpoints are. */
enum leat_code store_mapping_create(struct leat *db, const struct mapping *mapping,
                                    const struct store_checkpoints *checkpoints, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code store_mapping_write(struct leat *db, const struct mapping *mapping, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code store_mapping_delete(struct leat *db, struct leat_slice uuid, struct leat_fault *fault) LEAT_MUST_USE;

/* Of one mapping, added to `out`. */
enum leat_code store_checkpoints_read(struct leat *db, struct leat_slice uuid, struct store_checkpoints *out,
                                      struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code store_checkpoints_delete(struct leat *db, struct leat_slice uuid, struct leat_fault *fault) LEAT_MUST_USE;

/* For leat_write_start: the writes, whose items are put into `items`; all belong together. checkpoint->parts says how many
 * there were before. false: no memory. */
struct store_writes {
    struct leat_write writes[STORE_STATE_PARTS_MAX];
    size_t count;
    unsigned parts; /* of the state, when they are done */
};
bool store_checkpoint_write(struct leat_slice uuid, const struct store_checkpoint *checkpoint, struct buf *items,
                            struct store_writes *out);
/* The same for deleting it; its key is put into `key`. */
bool store_checkpoint_forget(struct leat_slice uuid, const char *shard, struct buf *key, struct leat_write *out);

void store_window_clear(struct store_window *window); /* closed, its state freed */
bool store_window_keep(struct store_window *window, struct leat_slice state); /* a copy of the state; false: no memory */

#endif
