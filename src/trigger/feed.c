#include "trigger/feed.h"

#include <stdlib.h>

#include "base/fault.h"
#include "base/hash.h"
#include "base/slice.h"
#include "trigger/event.h"

enum { PAGE_JSON_BYTES_MAX = 24 * 1024 * 1024 }; /* a read of 1 MB whose every byte is escaped in JSON, and a large record */

void feed_leave(struct feed_page *page) {
    if (page == NULL || --page->users > 0) return;
    buf_fini(&page->json);
    free((void *)(uintptr_t)page->stream.data);
    free(page);
}

/* ------------------------------------------------------------------ pages kept for others */

static void drop_last(struct feed *feed) {
    struct feed_page **at = &feed->kept;
    while ((*at)->next != NULL) at = &(*at)->next;
    struct feed_page *page = *at;
    *at = NULL;
    feed->kept_count--;
    feed_leave(page);
}

static void drop_all(struct schedule_entry *entry) {
    struct feed *feed = (struct feed *)(void *)((char *)entry - offsetof(struct feed, drop));
    while (feed->kept != NULL) drop_last(feed);
}

static void keep(struct feed *feed, struct feed_page *page) {
    page->next = feed->kept;
    feed->kept = feed_use(page);
    if (++feed->kept_count > FEED_PAGES_MAX) drop_last(feed);
    schedule_in(feed->schedule, &feed->drop, FEED_KEEP_MS);
}

void feed_init(struct feed *feed, struct leat *db, struct leat_slice region, struct schedule *schedule) {
    *feed = (struct feed){.db = db, .region = region, .schedule = schedule, .drop.run = drop_all};
}

void feed_fini(struct feed *feed) {
    schedule_cancel(&feed->drop);
    drop_all(&feed->drop);
}

/* Where the records behind `behind` begin in the page; false: it does not know that place, or nothing is behind it. */
static bool page_place(const struct feed_page *page, const char *behind, size_t *first) {
    *first = 0;
    if (strcmp(page->behind, behind) == 0) return true;
    for (size_t i = 0; i + 1 < page->count; i++) {
        if (strcmp(page->records[i].sequence, behind) != 0) continue;
        *first = i + 1;
        return true;
    }
    return false;
}

static struct feed_page *find(const struct feed *feed, const struct feed_place *place, size_t *first) {
    for (struct feed_page *page = feed->kept; page != NULL; page = page->next) {
        if (page->generation != place->generation || strcmp(page->shard, place->shard) != 0) continue;
        if (slice_equal(page->stream, place->stream) && page_place(page, place->behind, first)) return page;
    }
    return NULL;
}

/* ------------------------------------------------------------------ reading */

static bool page_add(struct feed_page *page, const struct leat_record *record, const struct event_source *source) {
    struct feed_record *out = &page->records[page->count];
    *out = (struct feed_record){.created_ms = record->created_ms, .key = (uint32_t)hash_bytes(record->keys), .at = page->json.size};
    memcpy(out->sequence, record->sequence, sizeof out->sequence);
    event_record(&page->json, record, source);
    if (!buf_ok(&page->json)) {
        page->json.failed = false;
        page->json.size = out->at;
        return false;
    }
    out->size = (uint32_t)(page->json.size - out->at);
    memcpy(page->last, record->sequence, sizeof page->last);
    page->count++;
    return true;
}

static struct feed_page *page_new(const struct feed_place *place, size_t records) {
    struct feed_page *page = calloc(1, sizeof *page + records * sizeof page->records[0]);
    uint8_t *stream = malloc(place->stream.size + 1);
    if (page == NULL || stream == NULL) {
        free(page);
        free(stream);
        return NULL;
    }
    memcpy(stream, place->stream.data, place->stream.size);
    page->stream = slice_of(stream, place->stream.size);
    page->users = 1;
    page->generation = place->generation;
    memcpy(page->shard, place->shard, strlen(place->shard) + 1);
    memcpy(page->behind, place->behind, strlen(place->behind) + 1);
    buf_init(&page->json, PAGE_JSON_BYTES_MAX);
    return page;
}

static struct feed_page *page_of(const struct feed *feed, const struct feed_place *place, const struct leat_result *result,
                                 const char next[LEAT_SEQUENCE_SIZE], bool end) {
    const struct event_source source = {place->stream, feed->region};
    struct feed_page *page = page_new(place, result->record_count);
    if (page == NULL) return NULL;
    while (page->count < result->record_count && page_add(page, &result->records[page->count], &source)) {}
    bool all = page->count == result->record_count;
    if (!all && page->count == 0) {
        feed_leave(page);
        return NULL;
    }
    if (all) memcpy(page->last, next, sizeof page->last);
    page->end = all && end;
    page->more = !all || result->more;
    return page;
}

enum leat_code feed_read(struct feed *feed, const struct feed_place *place, struct feed_page **out, size_t *first,
                         struct leat_fault *fault) {
    struct feed_page *page = find(feed, place, first);
    if (page != NULL) {
        *out = feed_use(page);
        return LEAT_OK;
    }
    struct leat_result result = {0};
    char next[LEAT_SEQUENCE_SIZE];
    bool end = false;
    const struct leat_shard_read read = {
        .stream = place->stream,
        .shard = slice_text(place->shard),
        .position = place->behind[0] == 0 ? LEAT_TRIM_HORIZON : LEAT_AFTER_SEQUENCE,
        .sequence = slice_text(place->behind),
        .limit = FEED_PAGE_RECORDS_MAX,
        .bytes_max = FEED_READ_BYTES_MAX,
    };
    enum leat_code code = leat_shard_read(feed->db, &read, &result, next, &end, fault);
    if (code == LEAT_OK) page = page_of(feed, place, &result, next, end);
    leat_result_free(&result);
    if (code != LEAT_OK) return code;
    if (page == NULL) return fault_memory(fault);
    keep(feed, page);
    *first = 0;
    *out = page;
    return LEAT_OK;
}
