#include "table/memory.h"

#include <stdlib.h>

#include "table/catalogue.h"

struct leat_memory *table_memory_new(void) {
    struct leat_memory *memory = malloc(sizeof *memory);
    if (memory == NULL) return NULL;
    arena_init(&memory->arena, TABLE_MEMORY_MAX);
    memory->table = NULL;
    return memory;
}

void table_memory_free(struct leat_memory *memory) {
    if (memory == NULL) return;
    table_release(memory->table);
    arena_fini(&memory->arena);
    free(memory);
}
