/* Making a table that is another one as it was at a moment, in the background: restoring, backing up, exporting.
 *
 * First the source's rows are copied as they are found, while it is being written. Then its history (history.h) is gone through
 * backwards, from its end to the moment, and each row gets back what the change had replaced: what was changed after the moment,
 * before or after its row was copied, is undone. The indexes are filled last. Rows keep their keys; the copy may have another
 * number of partitions. */
#ifndef TABLE_COPY_H
#define TABLE_COPY_H

#include "table/change.h"
#include "table/memory.h"

enum leat_code copy_table(struct engine *engine, const struct leat_copy *copy, struct leat_description *out,
                          struct leat_fault *fault) LEAT_MUST_USE;

enum leat_code copy_step(struct engine *engine, struct work *work, struct table *table, struct leat_fault *fault) LEAT_MUST_USE;
/* When all rows are there: begins to fill the indexes of `table`, and lets go of the source's history. */
enum leat_code copy_end(struct engine *engine, struct work *work, struct table *table, struct change *change,
                        struct leat_fault *fault) LEAT_MUST_USE;
/* When the copy has been deleted before: only the second of these. */
enum leat_code copy_release(struct engine *engine, struct work *work, struct change *change, struct leat_fault *fault) LEAT_MUST_USE;

#endif
