/* A growing byte buffer with a maximum and a sticky failure: append as often as you like, ask buf_ok once at the end.
 * Single owner; not safe for two threads at once. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>

#include "leat_types.h"

struct arena;

struct buf {
    uint8_t *data;
    size_t size, capacity, max; /* bytes */
    bool failed;                /* an append did not fit; everything after it was ignored */
    struct arena *arena;        /* where it lives; NULL: on the heap */
};

void buf_init(struct buf *buf, size_t bytes_max); /* allocates nothing yet */
/* One that grows in an arena, as its newest piece without being moved: for what is built and then kept there. */
void buf_init_in(struct buf *buf, struct arena *arena, size_t bytes_max);
/* What was built in an arena stays there, as long as the arena; the buf is empty again. Absent when the buf had failed. */
struct leat_slice buf_keep(struct buf *buf);
void buf_fini(struct buf *buf);
void buf_clear(struct buf *buf); /* empty again, memory kept, failure forgotten */

bool buf_reserve(struct buf *buf, size_t more); /* room for `more` bytes behind size; false: failed is set */
void buf_append_slow(struct buf *buf, const void *data, size_t size);
void buf_print(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline void buf_append(struct buf *buf, const void *data, size_t size) {
    if (!buf->failed && size <= buf->capacity - buf->size && size > 0) {
        __builtin_memcpy(buf->data + buf->size, data, size);
        buf->size += size;
    } else {
        buf_append_slow(buf, data, size);
    }
}

static inline void buf_byte(struct buf *buf, uint8_t byte) {
    if (!buf->failed && buf->size < buf->capacity) buf->data[buf->size++] = byte;
    else buf_append_slow(buf, &byte, 1);
}

static inline void buf_slice(struct buf *buf, struct leat_slice slice) { buf_append(buf, slice.data, slice.size); }
static inline bool buf_ok(const struct buf *buf) { return !buf->failed; }

/* What is in the buffer; valid until the next append. Never absent. */
static inline struct leat_slice buf_view(const struct buf *buf) {
    return (struct leat_slice){buf->data != NULL ? buf->data : (const uint8_t *)"", buf->size};
}

#endif
