/* What owns a result: one arena behind an opaque name. Made by whoever answers, freed by leat_result_free. */
#ifndef TABLE_MEMORY_H
#define TABLE_MEMORY_H

#include "base/arena.h"
#include "leat_types.h"

enum { TABLE_MEMORY_MAX = 64 * 1024 * 1024 }; /* bytes of one request with everything it makes */

struct table;

struct leat_memory {
    struct arena arena;
    struct table *table; /* a description borrows from the table it describes; NULL otherwise */
};

struct leat_memory *table_memory_new(void); /* NULL: no memory */
void table_memory_free(struct leat_memory *memory);

#endif
