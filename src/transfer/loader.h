/* Writes many items into a table that is loading, without waiting for each: the commits of one are the next ones' time to queue.
 * One thread calls; what is in flight is bounded in number and bytes. */
#ifndef TRANSFER_LOADER_H
#define TRANSFER_LOADER_H

#include "leat.h"

struct loader;

/* An item was refused for what it is; number: as given to loader_put. In the caller's thread, from loader_put and loader_drain. */
typedef void (*loader_refused_fn)(void *context, uint64_t number, const char *words);

enum leat_code loader_new(struct leat *db, struct leat_slice table, loader_refused_fn refused, void *context, struct loader **out,
                          struct leat_fault *fault) LEAT_MUST_USE;
void loader_free(struct loader *loader); /* waits for what is in flight */

/* LEAT_OK also when the item is refused, now or later; other codes are the database's: nothing more can be written. */
enum leat_code loader_put(struct loader *loader, struct leat_slice item, uint64_t number, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code loader_drain(struct loader *loader, struct leat_fault *fault) LEAT_MUST_USE; /* everything is durable, or refused */
uint64_t loader_written(const struct loader *loader);                                      /* items, since loader_new */

#endif
