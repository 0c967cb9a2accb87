#include "table/streams.h"

#include "db/db.h"
#include "stream/sequence.h"

LEAT_PUBLIC enum leat_code leat_streams(struct leat *db, struct leat_slice table, struct leat_stream_list *out,
                                        struct leat_fault *fault) {
    return streams_list(db->engine, table, (struct leat_slice){NULL, 0}, out, fault);
}

LEAT_PUBLIC enum leat_code leat_stream_describe(struct leat *db, struct leat_slice arn, struct leat_stream_list *out,
                                                struct leat_fault *fault) {
    return streams_list(db->engine, (struct leat_slice){NULL, 0}, arn, out, fault);
}

LEAT_PUBLIC void leat_stream_list_free(struct leat_stream_list *list) {
    table_memory_free(list->memory);
    *list = (struct leat_stream_list){.memory = NULL};
}

LEAT_PUBLIC enum leat_code leat_shard_read(struct leat *db, const struct leat_shard_read *read, struct leat_result *result,
                                           char next[LEAT_SEQUENCE_SIZE], bool *end, struct leat_fault *fault) {
    return streams_read(db->engine, read, result, next, end, fault);
}

LEAT_PUBLIC enum leat_code leat_iterator_new(struct leat *db, const struct leat_shard_read *from, char out[LEAT_ITERATOR_SIZE],
                                             struct leat_fault *fault) {
    return streams_iterator_new(db->engine, from, out, fault);
}

LEAT_PUBLIC enum leat_code leat_iterator_read(struct leat *db, struct leat_slice iterator, size_t limit,
                                              struct leat_result *result, char next[LEAT_ITERATOR_SIZE],
                                              struct leat_fault *fault) {
    return streams_iterator_read(db->engine, iterator, limit, result, next, fault);
}

LEAT_PUBLIC int leat_sequence_compare(struct leat_slice a, struct leat_slice b) { return stream_sequence_compare(a, b); }

/* A hook's handle is the engine's own: the public name only hides it. */
LEAT_PUBLIC struct leat_hook *leat_hook_add(struct leat *db, leat_commit_fn committed, void *context) {
    return (struct leat_hook *)engine_hook_add(db->engine, committed, context);
}

LEAT_PUBLIC void leat_hook_remove(struct leat *db, struct leat_hook *hook) {
    engine_hook_remove(db->engine, (struct engine_hook *)hook);
}
