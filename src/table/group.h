/* A group: writes that wait together become one transaction.
 *
 *   read all their keys at once -> run each operation in order in memory -> put what changed, append stream records -> commit -> answer all
 *
 * A condition that fails answers its own request and does not disturb the others. */
#ifndef TABLE_GROUP_H
#define TABLE_GROUP_H

#include <stddef.h>

struct engine;
struct executor_job;

/* `first` is a list of `count` write jobs; every one is answered before this returns. Writing thread only. */
void group_run(struct engine *engine, struct executor_job *first, size_t count);

#endif
