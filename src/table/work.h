/* Work that takes long or lasts: filling an index, making the entries of time to live, copying a table, staying in a state for a
 * while. The writing thread does it in steps of one small transaction between groups of writes, so that no writer waits long. Each
 * piece of work is an entry of the catalogue ("w" and its number) that is written in the same transaction as what the step did: a
 * restart goes on where it was.
 *
 * Everything here is the writing thread's, but for works_progress. */
#ifndef TABLE_WORK_H
#define TABLE_WORK_H

#include "base/buf.h"
#include "table/catalogue.h"
#include "table/rewrite.h"

struct engine;

enum work_kind {
    WORK_SETTLE, /* a table (or one index) stays CREATING, UPDATING or DELETING until due_ms */
    WORK_FILL,   /* an index gets its entries */
    WORK_EXPIRY, /* the entries of time to live are made anew */
    WORK_COPY,   /* a table gets the items that another one had */
    WORK_COUNT   /* the sizes of a table's item collections and local indexes are counted */
};

struct work {
    struct work *next;
    struct arena arena; /* everything below that is not a buf */
    uint32_t number;
    enum work_kind kind;
    struct leat_slice table; /* name */
    uint32_t table_id;
    uint32_t index_id;       /* FILL: work_index_id; SETTLE: the same, or 0: the table */
    uint64_t due_ms;         /* not before */
    uint32_t phase;          /* the kind's own */
    struct rewrite_place place;
    uint64_t done, total;    /* rows, of about how many */
    /* COPY: */
    struct table *source;       /* as it was when the copy began; a reference. It may be gone from the catalogue */
    store_sequence *cuts;       /* per partition of the source: the last change of its history that the copy has */
    store_sequence undone;      /* the oldest change that is undone already, in the place's partition; 0: it is not begun */
};

/* A number for an index among those of its table: a local one has no id, it has a space. */
static inline uint32_t work_index_id(const struct table_index *index) {
    return index->spec->local ? 0x80000000u | index->space : index->id;
}

enum leat_code work_new(struct engine *engine, enum work_kind kind, const struct table *table, struct work **out,
                        struct leat_fault *fault) LEAT_MUST_USE;
void work_free(struct work *work); /* not one that is in the engine's list */

enum leat_code works_load(struct engine *engine, struct leat_fault *fault) LEAT_MUST_USE;
void works_fini(struct engine *engine);

/* Puts or deletes the catalogue's entry in a transaction that has the catalogue's partition. */
enum leat_code work_put(const struct work *work, struct store_transaction *transaction, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code work_del(const struct work *work, struct store_transaction *transaction, struct leat_fault *fault) LEAT_MUST_USE;

/* What the engine has to do, after the entry is committed. add takes the work over. */
void works_add(struct engine *engine, struct work *work);
void works_remove(struct engine *engine, struct work *work); /* and frees it */
struct work *works_find(struct engine *engine, enum work_kind kind, uint32_t table_id, uint32_t index_id);
/* Does any copy read the partitions of this id (items or history)? They must not be dropped yet. */
bool works_read(const struct engine *engine, uint32_t id);

/* Is any copy of this table being made? From any thread. */
bool works_copied(struct engine *engine, uint32_t table_id);

/* Is there such work, and how far is it? From any thread. */
bool works_progress(struct engine *engine, enum work_kind kind, uint32_t table_id, uint32_t index_id, uint64_t *done, uint64_t *total);
/* Counts rows as done; they are seen by works_progress. */
void work_advance(struct engine *engine, struct work *work, uint64_t rows);

/* When the next step is due (of the engine's clock); UINT64_MAX: there is no work. */
uint64_t works_due_ms(const struct engine *engine);
/* One step of one piece of work that is due, in turn. */
void works_step(struct engine *engine, uint64_t now_ms);
/* A few steps at once, for what is small: a request's answer can then say how it ended. */
void works_begin(struct engine *engine, uint32_t table_id);

#endif
