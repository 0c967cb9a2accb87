#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BLOCK_FIRST = 4096 - 64, ARENA_BLOCK_MAX = 1 << 20, ARENA_BLOCK_KEEP = 4096, ARENA_ALIGN = 16 };

struct arena_block {
    struct arena_block *next;
    size_t size;
    _Alignas(16) unsigned char bytes[];
};

void arena_init(struct arena *arena, size_t bytes_max) {
    *arena = (struct arena){.max = bytes_max};
}

void arena_fini(struct arena *arena) {
    struct arena_block *block = arena->blocks;
    while (block != NULL) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
    arena_init(arena, arena->max);
}

void arena_reset(struct arena *arena) {
#ifndef ARENA_MALLOC_EACH
    struct arena_block *block = arena->blocks;
    if (block != NULL && block->next == NULL && block->size <= ARENA_BLOCK_KEEP) {
        arena->at = block->bytes;
        arena->used = 0;
        return;
    }
#endif
    arena_fini(arena);
}

static struct arena_block *arena_grow(struct arena *arena, size_t size) {
    struct arena_block *block = malloc(sizeof *block + size);
    if (block == NULL) return NULL;
    block->next = arena->blocks;
    block->size = size;
    arena->blocks = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size) {
    if (size > arena->max || arena->used > arena->max - size) return NULL;
#ifdef ARENA_MALLOC_EACH
    struct arena_block *block = arena_grow(arena, size);
    if (block == NULL) return NULL;
    arena->used += size;
    return block->bytes;
#else
    size_t room = ((size > 0 ? size : 1) + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1); /* never none: the pointer must be valid */
    if (room > (size_t)(arena->end - arena->at)) {
        size_t next = arena->blocks == NULL ? ARENA_BLOCK_FIRST : arena->blocks->size * 2;
        if (next > ARENA_BLOCK_MAX) next = ARENA_BLOCK_MAX;
        if (next < room) next = room;
        struct arena_block *block = arena_grow(arena, next);
        if (block == NULL) return NULL;
        arena->at = block->bytes;
        arena->end = block->bytes + next;
    }
    void *piece = arena->at;
    arena->at += room;
    arena->used += size;
    return piece;
#endif
}

void *arena_zero(struct arena *arena, size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) return NULL;
    void *piece = arena_alloc(arena, total);
    if (piece != NULL) memset(piece, 0, total);
    return piece;
}

struct leat_slice arena_copy(struct arena *arena, struct leat_slice source) {
    if (source.data == NULL) return (struct leat_slice){NULL, 0};
    unsigned char *copy = arena_alloc(arena, source.size + 1);
    if (copy == NULL) return (struct leat_slice){NULL, 0};
    if (source.size > 0) memcpy(copy, source.data, source.size);
    copy[source.size] = 0;
    return (struct leat_slice){copy, source.size};
}

struct leat_slice arena_print(struct arena *arena, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = size < 0 ? NULL : arena_alloc(arena, (size_t)size + 1);
    if (text != NULL) (void)vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    if (text == NULL) return (struct leat_slice){NULL, 0};
    return (struct leat_slice){(const uint8_t *)text, (size_t)size};
}
