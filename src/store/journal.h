/* What a transaction is going to write, kept in memory until commit. An engine that applies it whole at commit can start again when
 * its file turns out too small, and getv cannot see the transaction's own puts.
 *
 * Owned by one transaction, used by one thread. Everything given in is copied. A failed call leaves the journal as it was. */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "store/store.h"

struct store_journal_entry {
    store_part part;
    store_sequence sequence; /* 0: an item; else a record of the log, and key is empty */
    struct leat_slice key;
    struct leat_slice value; /* absent: the item is removed */
    size_t order;
};

struct store_journal_head { store_part part; struct store_head head; };

struct store_journal {
    struct arena arena;
    struct store_journal_entry *entries;
    size_t count, capacity;
    struct store_journal_head *heads; /* by part; the partitions appended to, with next as it will be */
    size_t head_count, head_capacity;
    bool only_removes; /* no put, no append: frees space in the end */
};

void store_journal_init(struct store_journal *journal);
void store_journal_fini(struct store_journal *journal);
void store_journal_clear(struct store_journal *journal);

/* LEAT_VALIDATION past STORE_KEY_MAX or STORE_VALUE_MAX, LEAT_LIMIT_EXCEEDED past STORE_TRANSACTION_MAX. */
enum leat_code store_journal_put(struct store_journal *journal, store_part part, struct leat_slice key,
                                 struct leat_slice value, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code store_journal_del(struct store_journal *journal, store_part part, struct leat_slice key,
                                 struct leat_fault *fault) LEAT_MUST_USE;

/* NULL: the engine has to read the head and add it before the first append to part. */
struct store_head *store_journal_head(struct store_journal *journal, store_part part);
enum leat_code store_journal_head_add(struct store_journal *journal, store_part part, struct store_head head,
                                      struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code store_journal_append(struct store_journal *journal, store_part part, struct leat_slice record,
                                    store_sequence *sequence, struct leat_fault *fault) LEAT_MUST_USE;

/* Sorts by part, items before records, items by key, records by sequence, and keeps of several writes to one key the last. */
void store_journal_sort(struct store_journal *journal);

#endif
