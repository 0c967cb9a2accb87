/* Throttling: what a table or a global index with provisioned throughput may still read and write. A bucket for each kind of units gets
 * its units every second and keeps what is not used for five minutes. A request goes through while none of the buckets it needs
 * is empty; what it takes beyond what is there is owed, up to as much again. So a page whose size shows only when it has been read, or an
 * item larger than the bucket, goes through once and then holds up others, and on the average nothing exceeds its units.
 * DynamoDB Developer Guide, "Burst capacity".
 *
 * Any thread. A bucket that nobody has used for long is full, and as good as a new one: it is forgotten. */
#ifndef TABLE_THROTTLE_H
#define TABLE_THROTTLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { THROTTLE_BURST_S = 300, THROTTLE_DEMANDS_MAX = 32 /* a table and its indexes */ };

enum throttle_kind { THROTTLE_READ, THROTTLE_WRITE };

struct throttle_demand {
    uint32_t id;      /* of the table or the global index */
    int64_t rate;     /* units a second; 0: no limit */
    double units;
};

struct throttle;
struct throttle *throttle_new(void); /* NULL: no memory */
void throttle_free(struct throttle *throttle);

/* The first demand whose bucket is empty, and nothing is taken; or `count`, and all is taken. Where memory fails nothing is held up. */
size_t throttle_take(struct throttle *throttle, enum throttle_kind kind, const struct throttle_demand *demands, size_t count,
                     uint64_t now_ms);
/* Only asks. */
size_t throttle_look(struct throttle *throttle, enum throttle_kind kind, const struct throttle_demand *demands, size_t count,
                     uint64_t now_ms);

/* Takes without asking. */
void throttle_owe(struct throttle *throttle, enum throttle_kind kind, const struct throttle_demand *demands, size_t count,
                  uint64_t now_ms);

size_t throttle_buckets(struct throttle *throttle); /* how many it remembers */

#endif
