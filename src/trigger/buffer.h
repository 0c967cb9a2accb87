/* The records of a shard that a mapping has read and not yet done with, for the step core. */
#ifndef TRIGGER_BUFFER_H
#define TRIGGER_BUFFER_H

#include "trigger/feed.h"
#include "trigger/step.h"

struct buffer_place {
    char sequence[LEAT_SEQUENCE_SIZE];
    struct feed_page *page; /* NULL: the mapping's filter did not let the record through */
    size_t record;          /* in the page */
};

/* Records [first, first + count). */
struct buffer {
    uint64_t first;
    size_t count, capacity;
    struct step_record *records;
    struct buffer_place *places;
    char done[LEAT_SEQUENCE_SIZE]; /* of the newest record that has left it */
};

void buffer_fini(struct buffer *buffer);
/* false: no memory. */
bool buffer_add(struct buffer *buffer, struct feed_page *page, size_t record, bool passes);
/* Records before the ordinal leave. The step core must get a new view before it looks at records again. */
void buffer_compact(struct buffer *buffer, uint64_t done);

static inline const struct buffer_place *buffer_at(const struct buffer *buffer, uint64_t ordinal) {
    return &buffer->places[ordinal - buffer->first];
}
/* Also of the newest one that has left. */
const char *buffer_sequence(const struct buffer *buffer, uint64_t ordinal);

#endif
