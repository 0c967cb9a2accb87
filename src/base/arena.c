#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BLOCK_FIRST = 4096 - 64, ARENA_BLOCK_MAX = 1 << 20, ARENA_BLOCK_KEEP = 16 << 10 };

struct arena_block {
    struct arena_block *next;
    size_t size;
    _Alignas(16) unsigned char bytes[];
};

void arena_init(struct arena *arena, size_t bytes_max) {
    *arena = (struct arena){.max = bytes_max, .keep = ARENA_BLOCK_KEEP};
}

void arena_init_inside(struct arena *arena, void *first, size_t size, size_t bytes_max) {
    arena_init(arena, bytes_max);
    arena->at = first;
    arena->end = arena->at + size;
}

static void arena_free_blocks(struct arena_block *block) {
    while (block != NULL) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_fini(struct arena *arena) {
    arena_free_blocks(arena->blocks);
    arena->blocks = NULL;
    arena->at = arena->end = NULL;
    arena->used = 0;
}

void arena_reset(struct arena *arena) {
#ifndef ARENA_MALLOC_EACH
    struct arena_block *block = arena->blocks;
    if (block != NULL && block->size <= arena->keep) { /* the newest is the largest: the next use may find it enough */
        arena_free_blocks(block->next);
        block->next = NULL;
        arena->at = block->bytes;
        arena->end = block->bytes + block->size;
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

void *arena_alloc_slow(struct arena *arena, size_t size) {
    if (size > arena->max - arena->used) return NULL;
#ifdef ARENA_MALLOC_EACH
    struct arena_block *block = arena_grow(arena, size);
    if (block == NULL) return NULL;
    arena->used += size;
    return block->bytes;
#else
    size_t room = arena_room(size), next = arena->blocks == NULL ? ARENA_BLOCK_FIRST : arena->blocks->size * 2;
    if (next > ARENA_BLOCK_MAX) next = ARENA_BLOCK_MAX;
    if (next < room) next = room;
    struct arena_block *block = arena_grow(arena, next);
    if (block == NULL) return NULL;
    arena->at = block->bytes + room;
    arena->end = block->bytes + next;
    arena->used += size;
    return block->bytes;
#endif
}

bool arena_resize(struct arena *arena, void *piece, size_t size, size_t new_size) {
#ifdef ARENA_MALLOC_EACH
    (void)arena;
    (void)piece;
    return new_size <= size;
#else
    unsigned char *begin = piece;
    if (begin + arena_room(size) != arena->at) return false;
    size_t others = arena->used - size;
    if (new_size > arena->max - others || arena_room(new_size) > (size_t)(arena->end - begin)) return false;
    arena->at = begin + arena_room(new_size);
    arena->used = others + new_size;
    return true;
#endif
}

void *arena_zero_head(struct arena *arena, size_t size, size_t zero_size) {
    void *piece = arena_alloc(arena, size);
    if (piece != NULL) memset(piece, 0, zero_size);
    return piece;
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
