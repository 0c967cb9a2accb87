/* Shard iterators: "<stream ARN>|1|<base64 of what follows>" with when it was issued, the shard and the place. Stateless: the server
 * keeps nothing. Good for 15 minutes. DynamoDB Streams API Reference, GetShardIterator. */
#ifndef STREAM_ITERATOR_H
#define STREAM_ITERATOR_H

#include "base/arena.h"
#include "base/fault.h"
#include "leat_types.h"
#include "store/store.h"

enum { STREAM_ITERATOR_LIFE_MS = 15 * 60 * 1000 };

struct stream_iterator {
    struct leat_slice stream_arn, shard;
    uint64_t issued_ms;
    store_sequence after; /* records with greater numbers come next */
    bool horizon;         /* begin at the oldest there is, whatever has been trimmed in between */
};

enum leat_code stream_iterator_print(const struct stream_iterator *iterator, char out[LEAT_ITERATOR_SIZE],
                                     struct leat_fault *fault) LEAT_MUST_USE;
/* LEAT_VALIDATION "Invalid ShardIterator." for what is not one, LEAT_EXPIRED_ITERATOR. Slices live in the arena or the text. */
enum leat_code stream_iterator_parse(struct leat_slice text, uint64_t now_ms, struct arena *arena,
                                     struct stream_iterator *out, struct leat_fault *fault) LEAT_MUST_USE;

#endif
