#include "table/memory.h"

#include <stdlib.h>

#include "table/catalogue.h"

enum { MEMORY_SMALL = 1024 /* with everything; malloc hands such pieces out and takes them back quickest */ };

struct leat_memory *table_memory_new(size_t about) {
    if (about == 0) about = MEMORY_SMALL - sizeof(struct leat_memory);
    struct leat_memory *memory = malloc(sizeof *memory + about);
    if (memory == NULL) return NULL;
    arena_init_inside(&memory->arena, memory->first, about, TABLE_MEMORY_MAX);
    memory->table = NULL;
    return memory;
}

void table_memory_free(struct leat_memory *memory) {
    if (memory == NULL) return;
    table_release(memory->table);
    arena_fini(&memory->arena);
    free(memory);
}
