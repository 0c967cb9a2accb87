/* An arena: memory that is given out piece by piece and freed all at once.
 *
 * One owner, one thread at a time (an arena may be handed over to another thread together with what lives in it).
 * Every arena has a maximum; past it, and when the machine has no memory, allocation answers NULL.
 * Built with -DARENA_MALLOC_EACH (the sanitizer builds) each piece is a malloc of its own, so that an overrun is seen. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "leat_types.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
    unsigned char *at, *end;    /* the free part of the newest block */
    size_t used, max;           /* bytes given out, and how many may be */
    size_t keep;                /* the largest block that arena_reset keeps; may be set after arena_init */
};

void arena_init(struct arena *arena, size_t bytes_max);
/* The first pieces come from the caller's memory, aligned to 16 bytes, which must outlive the arena. */
void arena_init_inside(struct arena *arena, void *first, size_t size, size_t bytes_max);
void arena_fini(struct arena *arena);  /* frees everything; the arena may be used again */
void arena_reset(struct arena *arena); /* gives everything back but may keep one block for the next use */

void *arena_alloc_slow(struct arena *arena, size_t size);

enum { ARENA_ALIGN = 16 };
static inline size_t arena_room(size_t size) { /* never none: the pointer must be valid */
    return ((size > 0 ? size : 1) + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
}

/* size bytes, aligned for any type, not cleared; NULL when over the maximum or out of memory. size 0 gives a valid pointer. */
static inline void *arena_alloc(struct arena *arena, size_t size) {
#ifndef ARENA_MALLOC_EACH
    if (size <= arena->max - arena->used && arena_room(size) <= (size_t)(arena->end - arena->at)) {
        void *piece = arena->at;
        arena->at += arena_room(size);
        arena->used += size;
        return piece;
    }
#endif
    return arena_alloc_slow(arena, size);
}

void *arena_zero(struct arena *arena, size_t count, size_t size); /* cleared; count * size is checked for overflow */
void *arena_zero_head(struct arena *arena, size_t size, size_t zero_size); /* of which the first zero_size are cleared */

/* Makes the newest piece larger or smaller where it lies; false: it is not the newest, or there is no room behind it. */
bool arena_resize(struct arena *arena, void *piece, size_t size, size_t new_size);

/* A copy; a zero byte stands behind it, not counted. data == NULL when there is no memory or the source is absent. */
struct leat_slice arena_copy(struct arena *arena, struct leat_slice source);

/* printf into the arena; data == NULL when there is no memory. Zero-terminated, the zero not counted. */
struct leat_slice arena_print(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define ARENA_NEW(arena, type) ((type *)arena_zero((arena), 1, sizeof(type)))
/* Cleared up to `member` only: for large structs that end with members which are written before they are read. */
#define ARENA_NEW_UPTO(arena, type, member) ((type *)arena_zero_head((arena), sizeof(type), offsetof(type, member)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_zero((arena), (count), sizeof(type)))

#endif
