/* Streams of tables: which there are, and reading their shards. Any thread. */
#ifndef TABLE_STREAMS_H
#define TABLE_STREAMS_H

#include "table/engine.h"
#include "table/memory.h"

enum {
    STREAMS_RECORDS_MAX = 10000, STREAMS_RECORDS_DEFAULT = 1000, STREAMS_BYTES_DEFAULT = 1024 * 1024,
    STREAMS_PASSED_MAX = 20000 /* records of other shards that one read passes over */
};

/* name absent: of all tables. arn absent: all of them; else LEAT_RESOURCE_NOT_FOUND when it is not there. */
enum leat_code streams_list(struct engine *engine, struct leat_slice name, struct leat_slice arn,
                            struct leat_stream_list *out, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code streams_read(struct engine *engine, const struct leat_shard_read *read, struct leat_result *result,
                            char next[LEAT_SEQUENCE_SIZE], bool *end, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code streams_iterator_new(struct engine *engine, const struct leat_shard_read *from, char out[LEAT_ITERATOR_SIZE],
                                    struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code streams_iterator_read(struct engine *engine, struct leat_slice iterator, size_t limit,
                                     struct leat_result *result, char next[LEAT_ITERATOR_SIZE],
                                     struct leat_fault *fault) LEAT_MUST_USE;

#endif
