/* The engine that keeps everything in memory: for tests, simulation and tables that need not last. list: ordered keys. */
#ifndef STORE_MEMORY_MEMORY_H
#define STORE_MEMORY_MEMORY_H

#include "store/store.h"

extern const struct store_engine store_memory;

#endif
