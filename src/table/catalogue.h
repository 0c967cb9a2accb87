/* The catalogue: every table as an immutable, counted snapshot, found by name. Changing a table means storing and
 * installing a new snapshot; whoever holds the old one goes on with it undisturbed.
 *
 * Threads: find and list from any thread; install and remove from the writing thread only. The catalogue's entries lie in the system
 * partition (0): "t"<name> an item each, "i" the next id, "d"<id> a deleted table whose partitions are still to be dropped,
 * "k"<token> a transaction's client token, "w"<number> work that takes long (work.h). */
#ifndef TABLE_CATALOGUE_H
#define TABLE_CATALOGUE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "leat_types.h"
#include "store/store.h"
#include "stream/shard.h"
#include "table/schema.h"

enum { CATALOGUE_PART = 0, CATALOGUE_TABLES_MAX = 10000, CATALOGUE_PARTS_MAX = 1024 };

struct table_index {
    const struct leat_index *spec;
    uint32_t id;       /* global: the id of its own partitions */
    uint8_t space;     /* local: its key space in the table's partitions */
    struct schema keys;
};

struct table {
    _Atomic unsigned references;
    struct arena arena; /* everything below */
    bool current; /* in the catalogue, not replaced by a newer one; the writing thread's to read */
    uint32_t id;
    uint32_t history_id; /* of the partitions whose logs have what every change replaced (history.h); 0: not kept */
    uint64_t recovery_since_ms; /* since when the history is whole; 0: not kept for recovery */
    uint16_t part_count;
    uint16_t shard_count; /* how many open shards an enabled stream has: one a partition, or more; never fewer than before */
    struct leat_table spec; /* status: as stored; the indexes' too */
    struct schema keys;
    struct table_index *indexes;
    size_t index_count, local_count; /* local ones are among them */
    bool collections; /* its item collections and local indexes are counted, or are being (collections.h) */
    struct stream_set streams;
};

struct catalogue {
    pthread_rwlock_t lock;
    struct table **tables; /* by name */
    size_t count, capacity;
    uint32_t next_id;      /* writing thread only */
    const char *region, *account;
};

/* May items be read and written? */
static inline bool table_ready(const struct table *table) {
    return table->spec.status == LEAT_ACTIVE || table->spec.status == LEAT_UPDATING;
}

static inline store_part table_part(const struct table *table, uint16_t index) {
    return (store_part)table->id << 16 | index;
}
static inline store_part history_part(const struct table *table, uint16_t index) {
    return (store_part)table->history_id << 16 | index;
}
static inline store_part index_part(const struct table_index *index) { return (store_part)index->id << 16; }

enum leat_code catalogue_init(struct catalogue *catalogue, const char *region, const char *account) LEAT_MUST_USE;
void catalogue_fini(struct catalogue *catalogue);
enum leat_code catalogue_load(struct catalogue *catalogue, struct store *store, struct leat_fault *fault) LEAT_MUST_USE;

/* A name out of a name or an ARN. */
struct leat_slice catalogue_name(struct leat_slice name_or_arn);
/* The table with a new reference, to be given back by table_release; NULL when there is none. */
struct table *catalogue_find(struct catalogue *catalogue, struct leat_slice name_or_arn);
/* The same or LEAT_RESOURCE_NOT_FOUND "Requested resource not found", also for a table that is not ready or goes. */
enum leat_code catalogue_need(struct catalogue *catalogue, struct leat_slice name_or_arn, struct table **out,
                              struct leat_fault *fault) LEAT_MUST_USE;
void table_release(struct table *table);
static inline struct table *table_hold(struct table *table) {
    atomic_fetch_add_explicit(&table->references, 1, memory_order_relaxed);
    return table;
}

/* Calls each(context, table) for tables with names > after, in order, until it answers false. Borrowed. */
void catalogue_each(struct catalogue *catalogue, struct leat_slice after, bool (*each)(void *context, struct table *table),
                    void *context);

/* Takes over the caller's reference; replaces the table of the same name. */
enum leat_code catalogue_install(struct catalogue *catalogue, struct table *table, struct leat_fault *fault) LEAT_MUST_USE;
void catalogue_remove(struct catalogue *catalogue, struct leat_slice name);

/* A table as bytes, and back with one reference. table_from_record fills what can be derived. */
enum leat_code table_to_record(const struct table *table, struct buf *out, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code table_from_record(struct leat_slice record, const struct catalogue *catalogue, struct table **out,
                                 struct leat_fault *fault) LEAT_MUST_USE;
/* A deep copy to be changed and installed. */
enum leat_code table_copy(const struct table *table, const struct catalogue *catalogue, struct table **out,
                          struct leat_fault *fault) LEAT_MUST_USE;
/* Works out keys, index keys, ARN from the spec; after every change of spec or indexes' ids. */
enum leat_code table_derive(struct table *table, const struct catalogue *catalogue, struct leat_fault *fault) LEAT_MUST_USE;
struct table_index *table_find_index(const struct table *table, struct leat_slice name);

#endif
