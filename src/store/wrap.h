/* Stores around stores, for tests: one writes down every call, one fails the n-th. The wrapper owns the inner store. */
#ifndef STORE_WRAP_H
#define STORE_WRAP_H

#include "base/buf.h"
#include "store/store.h"

/* One line a call into trace ("put 10000 6b31 3 bytes -> OK"); trace must outlive the store. NULL when there is no memory. */
struct store *store_trace_new(struct store *inner, struct buf *trace);

/* A store whose n-th call fails. NULL when there is no memory. */
struct store *store_failer_new(struct store *inner);
/* From now on the nth call (1 = the next) of any operation that can fail answers code, without reaching the inner store; 0: none does. */
void store_failer_set(struct store *failer, unsigned long nth, enum leat_code code);
unsigned long store_failer_calls(const struct store *failer); /* so far */

#endif
