#include "table/rewrite.h"

#include "base/slice.h"

enum { ARENA_MAX = 64 * 1024 * 1024, BYTES_MAX = 16 * 1024 * 1024 };

struct chunk {
    struct rewrite *rewrite;
    store_part part;
    struct leat_slice last; /* key of the last row taken */
    size_t rows, bytes;
    bool full;
    struct leat_fault *fault;
    enum leat_code code;
};

static bool take_row(void *context, struct leat_slice key, struct leat_slice value) {
    struct chunk *chunk = context;
    struct arena *arena = &chunk->rewrite->arena;
    struct leat_slice own_key = arena_copy(arena, key), own_value = arena_copy(arena, value);
    chunk->code = own_key.data == NULL || own_value.data == NULL
                      ? fault_memory(chunk->fault)
                      : chunk->rewrite->row(chunk->rewrite, chunk->part, own_key, own_value, chunk->fault);
    chunk->last = own_key;
    chunk->rows++;
    chunk->bytes += key.size + value.size;
    chunk->full = chunk->rows == REWRITE_ROWS_MAX || chunk->bytes >= BYTES_MAX;
    return chunk->code == LEAT_OK && !chunk->full;
}

static enum leat_code commit(struct engine *engine, struct chunk *chunk) {
    struct rewrite *rewrite = chunk->rewrite;
    struct store_transaction *transaction;
    const store_part part = rewrite->target != 0 ? rewrite->target : chunk->part;
    if (rewrite->chunk != NULL) TRY(rewrite->chunk(rewrite, chunk->fault));
    TRY(store_begin(engine->store, &part, 1, &transaction, chunk->fault));
    enum leat_code code = overlay_write(&rewrite->overlay, transaction, chunk->fault);
    if (code == LEAT_OK) return store_commit(transaction, chunk->fault);
    store_abort(transaction);
    return code;
}

/* One transaction's worth of a partition, from `from` on; `from` moves behind it. */
static enum leat_code run_chunk(struct engine *engine, struct chunk *chunk, struct buf *from) {
    struct rewrite *rewrite = chunk->rewrite;
    const uint8_t end[] = {(uint8_t)(rewrite->space + 1)};
    chunk->rows = chunk->bytes = 0;
    chunk->full = false;
    arena_init(&rewrite->arena, ARENA_MAX);
    enum leat_code code = overlay_init(&rewrite->overlay, &rewrite->arena, REWRITE_ROWS_MAX, chunk->fault);
    if (code == LEAT_OK)
        code = store_scan(engine->store, chunk->part, buf_view(from), slice_of(end, sizeof end), false, take_row, chunk,
                          chunk->fault);
    if (code == LEAT_OK) code = chunk->code;
    if (code == LEAT_OK && chunk->rows > 0) code = commit(engine, chunk);
    if (code == LEAT_OK && chunk->full) {
        buf_clear(from);
        buf_slice(from, chunk->last);
        buf_byte(from, 0); /* the smallest key behind it */
    }
    arena_fini(&rewrite->arena);
    return code;
}

enum leat_code rewrite_table(struct engine *engine, struct rewrite *rewrite, struct leat_fault *fault) {
    struct buf from;
    enum leat_code code = LEAT_OK;
    buf_init(&from, STORE_KEY_MAX);
    for (uint16_t i = 0; i < rewrite->table->part_count && code == LEAT_OK; i++) {
        struct chunk chunk = {.rewrite = rewrite, .part = table_part(rewrite->table, i), .full = true, .fault = fault};
        buf_clear(&from);
        buf_byte(&from, rewrite->space);
        while (chunk.full && code == LEAT_OK) code = run_chunk(engine, &chunk, &from);
    }
    buf_fini(&from);
    return code;
}
