/* What owns a result: one arena behind an opaque name. Made by whoever answers, freed by leat_result_free. */
#ifndef TABLE_MEMORY_H
#define TABLE_MEMORY_H

#include "base/arena.h"
#include "leat_types.h"

/* Bytes of one request with everything it makes: 100 items of 400 KB as they are, projected, and what growing the projections
 * leaves behind. */
enum { TABLE_MEMORY_MAX = 256 * 1024 * 1024 };

struct table;

struct leat_memory {
    struct arena arena;
    struct table *table; /* a description borrows from the table it describes; NULL otherwise */
    _Alignas(16) unsigned char first[]; /* the arena's first piece of memory: most results need no other */
};

/* about: bytes that will probably do; 0: a small result. NULL: no memory. */
struct leat_memory *table_memory_new(size_t about);
void table_memory_free(struct leat_memory *memory);

#endif
