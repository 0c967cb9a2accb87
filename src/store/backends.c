#include <stddef.h>
#include <string.h>

#include "store/lmdb/lmdb.h"
#include "store/memory/memory.h"
#include "store/store.h"

static const struct store_engine *const engines[] = {&store_lmdb, &store_memory, NULL};

const struct store_engine *const *store_engines(void) { return engines; }

const struct store_engine *store_engine_find(const char *name) {
    for (const struct store_engine *const *engine = engines; *engine != NULL; engine++) {
        if (strcmp((*engine)->name, name) == 0) return *engine;
    }
    return NULL;
}
