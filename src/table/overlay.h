/* What a group of writes sees and changes: every key it touches, with the value from the store and the value as the group's
 * operations, one after the other, have left it. One thread; lives in the group's arena. */
#ifndef TABLE_OVERLAY_H
#define TABLE_OVERLAY_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/fault.h"
#include "store/store.h"

struct overlay_entry {
    struct overlay_entry *next;  /* in its bucket */
    struct overlay_entry *later; /* in order of first mention */
    store_part part;
    struct leat_slice key;       /* borrowed from whoever mentioned it first */
    struct leat_slice value;     /* absent: not there */
    bool read;                   /* to be read from the store before use */
    bool dirty;
};

struct overlay {
    struct arena *arena;
    struct overlay_entry **buckets;
    size_t bucket_count; /* a power of two */
    struct overlay_entry *first, **last;
    size_t count;
};

enum leat_code overlay_init(struct overlay *overlay, struct arena *arena, size_t about, struct leat_fault *fault) LEAT_MUST_USE;
/* The entry of a key, made when new; NULL: no memory. `read` is or-ed into it. */
struct overlay_entry *overlay_at(struct overlay *overlay, store_part part, struct leat_slice key, bool read);
/* Reads every entry that wants it. */
enum leat_code overlay_read(struct overlay *overlay, struct store_transaction *transaction, struct leat_fault *fault) LEAT_MUST_USE;
/* Puts and deletes everything dirty. */
enum leat_code overlay_write(const struct overlay *overlay, struct store_transaction *transaction,
                             struct leat_fault *fault) LEAT_MUST_USE;

bool overlay_dirty(const struct overlay *overlay); /* is there anything to write? */

static inline void overlay_set(struct overlay_entry *entry, struct leat_slice value) {
    entry->value = value;
    entry->dirty = true;
}

#endif
