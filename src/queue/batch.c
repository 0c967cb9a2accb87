#include "queue/batch.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/slice.h"
#include "item/value.h"

struct batch *batch_new(void) {
    struct batch *batch = malloc(sizeof *batch);
    if (batch == NULL) return NULL;
    arena_init(&batch->arena, BATCH_BYTES_MAX);
    batch->writes = ARENA_ARRAY(&batch->arena, struct leat_write, BATCH_WRITES_MAX);
    batch->count = 0;
    batch->failed = batch->writes == NULL;
    fault_clear(&batch->fault);
    return batch;
}

void batch_free(struct batch *batch) {
    if (batch == NULL) return;
    arena_fini(&batch->arena);
    free(batch);
}

void batch_item(struct batch *batch, struct buf *item, size_t bytes_max) { buf_init_in(item, &batch->arena, bytes_max); }

void batch_add(struct batch *batch, enum leat_write_kind kind, const char *table, struct buf *item) {
    if (item_close(item, 0) != LEAT_OK || batch->failed || batch->count == BATCH_WRITES_MAX) {
        batch->failed = true;
        return;
    }
    struct leat_write *write = &batch->writes[batch->count++];
    write->kind = kind;
    write->table = slice_text(table);
    *(kind == LEAT_PUT ? &write->item : &write->key) = buf_keep(item);
}

static void run_then(struct net_task *task) {
    struct batch *batch = (struct batch *)(void *)task;
    batch->then(batch);
    batch_free(batch);
}

static void committed(void *context, enum leat_code code, struct leat_result *result, const struct leat_fault *fault) {
    struct batch *batch = context;
    batch->code = code;
    if (code != LEAT_OK && fault != NULL) fault_copy(&batch->fault, fault);
    if (result != NULL) leat_result_free(result);
    if (batch->then != NULL) {
        net_loop_post(batch->loop, &batch->task);
        return;
    }
    if (code != LEAT_OK) log_warning("queues: a write has failed: %s", batch->fault.message);
    batch_free(batch);
}

enum leat_code batch_start(struct batch *batch, struct leat *db, bool together, struct net_loop *loop, void (*then)(struct batch *batch),
                           void *context, struct leat_fault *fault) {
    batch->loop = loop;
    batch->then = then;
    batch->context = context;
    batch->task.run = run_then;
    enum leat_code code = batch->failed ? fault_memory(fault)
                                        : leat_write_start(db, batch->writes, batch->count,
                                                           together && batch->count > 1 ? LEAT_ATOMIC : LEAT_EACH,
                                                           (struct leat_slice){NULL, 0}, committed, batch, fault);
    if (code != LEAT_OK) batch_free(batch);
    return code;
}
