#include "trigger/buffer.h"

#include <stdlib.h>
#include <string.h>

enum { CAPACITY_FIRST = 4 };

static void release(struct buffer *buffer) {
    free(buffer->records);
    free(buffer->places);
    buffer->records = NULL;
    buffer->places = NULL;
    buffer->capacity = 0;
}

void buffer_fini(struct buffer *buffer) {
    for (size_t i = 0; i < buffer->count; i++) feed_leave(buffer->places[i].page);
    buffer->count = 0;
    release(buffer);
}

static bool grow(struct buffer *buffer) {
    if (buffer->count < buffer->capacity) return true;
    size_t capacity = buffer->capacity == 0 ? CAPACITY_FIRST : 2 * buffer->capacity;
    struct step_record *records = reallocarray(buffer->records, capacity, sizeof *records);
    if (records == NULL) return false;
    buffer->records = records;
    struct buffer_place *places = reallocarray(buffer->places, capacity, sizeof *places);
    if (places == NULL) return false;
    buffer->places = places;
    buffer->capacity = capacity;
    return true;
}

bool buffer_add(struct buffer *buffer, struct feed_page *page, size_t record, bool passes) {
    const struct feed_record *from = &page->records[record];
    if (!grow(buffer)) return false;
    struct buffer_place *place = &buffer->places[buffer->count];
    memcpy(place->sequence, from->sequence, sizeof place->sequence);
    place->page = passes ? feed_use(page) : NULL;
    place->record = record;
    buffer->records[buffer->count++] = (struct step_record){
        .created_ms = from->created_ms,
        .bytes = from->size + 1, /* and a comma */
        .key = from->key,
        .state = passes ? STEP_RECORD_WAITING : STEP_RECORD_DONE,
    };
    return true;
}

void buffer_compact(struct buffer *buffer, uint64_t done) {
    size_t gone = (size_t)(done - buffer->first);
    if (gone == 0) return;
    memcpy(buffer->done, buffer->places[gone - 1].sequence, sizeof buffer->done);
    for (size_t i = 0; i < gone; i++) feed_leave(buffer->places[i].page);
    buffer->first += gone;
    buffer->count -= gone;
    if (buffer->count == 0) {
        release(buffer);
        return;
    }
    memmove(buffer->records, buffer->records + gone, buffer->count * sizeof *buffer->records);
    memmove(buffer->places, buffer->places + gone, buffer->count * sizeof *buffer->places);
}

const char *buffer_sequence(const struct buffer *buffer, uint64_t ordinal) {
    return ordinal < buffer->first ? buffer->done : buffer_at(buffer, ordinal)->sequence;
}
