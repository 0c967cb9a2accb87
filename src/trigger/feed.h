/* Shared reads of shards: the records of a shard as pages that many mappings use at once. A page is read and written as JSON
 * once; it lives as long as somebody uses it, and a moment longer so that the others who were woken by the same commit
 * find it. Loop's thread only. */
#ifndef TRIGGER_FEED_H
#define TRIGGER_FEED_H

#include "base/buf.h"
#include "leat.h"
#include "trigger/schedule.h"

enum {
    FEED_PAGES_MAX = 64, /* kept for others; what is in use beyond that is not counted */
    FEED_PAGE_RECORDS_MAX = 1000,
    FEED_READ_BYTES_MAX = 1024 * 1024,
    FEED_KEEP_MS = 50
};

struct feed_record {
    char sequence[LEAT_SEQUENCE_SIZE];
    uint64_t created_ms;
    uint32_t key; /* the hash of the item's key */
    uint32_t size; /* of its JSON */
    size_t at;     /* where that begins, in the page's */
};

struct feed_page {
    unsigned users;
    struct feed_page *next; /* among those kept */
    uint64_t generation;    /* of the table's commits, when it was read */
    struct leat_slice stream;             /* copied */
    char shard[LEAT_SHARD_ID_SIZE];
    char behind[LEAT_SEQUENCE_SIZE]; /* where it begins; "": at the shard's start */
    char last[LEAT_SEQUENCE_SIZE];   /* where to read on */
    bool more;                       /* there may be further records at once */
    bool end;                        /* there will never be */
    struct buf json;
    size_t count;
    struct feed_record records[];
};

struct feed {
    struct leat *db;
    struct leat_slice region;
    struct feed_page *kept; /* newest first */
    unsigned kept_count;
    struct schedule *schedule;
    struct schedule_entry drop;
};

struct feed_place {
    struct leat_slice stream;
    const char *shard, *behind;
    uint64_t generation; /* pages read before these commits are not good enough */
};

void feed_init(struct feed *feed, struct leat *db, struct leat_slice region, struct schedule *schedule);
void feed_fini(struct feed *feed);

/* The page with the records behind the place, and where they begin in it; one use of it is the caller's. A page without
 * records is an answer too. */
enum leat_code feed_read(struct feed *feed, const struct feed_place *place, struct feed_page **out, size_t *first,
                         struct leat_fault *fault) LEAT_MUST_USE;

static inline struct feed_page *feed_use(struct feed_page *page) {
    page->users++;
    return page;
}
void feed_leave(struct feed_page *page); /* NULL is allowed */

static inline struct leat_slice feed_json(const struct feed_page *page, size_t record) {
    return (struct leat_slice){page->json.data + page->records[record].at, page->records[record].size};
}

#endif
