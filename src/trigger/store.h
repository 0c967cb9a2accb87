/* Where mappings and checkpoints live: items of two reserved tables, written through leat.h.
 *
 *   leat:mappings     UUID -> the settings (mapping.c)
 *   leat:checkpoints  (MappingUUID, ShardId) -> SequenceNumber: read on behind this one; absent: from the shard's start
 *                                        Finished: the shard was read to its end
 *                                        Delivered: at least one batch of the shard was taken by the function
 *
 * Any thread. Writes block for the commit, unless said otherwise. */
#ifndef TRIGGER_STORE_H
#define TRIGGER_STORE_H

#include "base/buf.h"
#include "leat.h"
#include "trigger/mapping.h"

struct store_checkpoint {
    char shard[LEAT_SHARD_ID_SIZE];
    char sequence[LEAT_SEQUENCE_SIZE]; /* "": the shard's start */
    bool finished, delivered;
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

/* For leat_write_start: the write, whose item is put into `item`. false: no memory. */
bool store_checkpoint_write(struct leat_slice uuid, const struct store_checkpoint *checkpoint, struct buf *item,
                            struct leat_write *out);
/* The same for deleting it; its key is put into `key`. */
bool store_checkpoint_forget(struct leat_slice uuid, const char *shard, struct buf *key, struct leat_write *out);

#endif
