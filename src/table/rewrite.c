#include "table/rewrite.h"

#include "base/slice.h"
#include "table/engine.h"

enum { ARENA_MAX = 512 * 1024 * 1024 }; /* the longest keys in the most indexes, for REWRITE_ROWS_MAX items */

struct chunk {
    struct rewrite *rewrite;
    store_part part;
    struct leat_slice last; /* key of the last row taken */
    size_t bytes;
    bool full;
    struct leat_fault *fault;
    enum leat_code code;
};

bool rewrite_passed(const struct rewrite_place *place, uint32_t part, struct leat_slice key) {
    if (part != place->part) return part < place->part;
    return place->from.size > 0 && slice_compare(key, buf_view(&place->from)) < 0;
}

static bool take_row(void *context, struct leat_slice key, struct leat_slice value) {
    struct chunk *chunk = context;
    struct rewrite *rewrite = chunk->rewrite;
    struct leat_slice own_key = arena_copy(&rewrite->arena, key), own_value = arena_copy(&rewrite->arena, value);
    chunk->code = own_key.data == NULL || own_value.data == NULL
                      ? fault_memory(chunk->fault)
                      : rewrite->row(rewrite, chunk->part, own_key, own_value, chunk->fault);
    chunk->last = own_key;
    rewrite->rows++;
    chunk->bytes += key.size + value.size;
    chunk->full = rewrite->rows == REWRITE_ROWS_MAX || chunk->bytes >= REWRITE_BYTES_MAX;
    return chunk->code == LEAT_OK && !chunk->full;
}

static enum leat_code read_rows(struct engine *engine, struct chunk *chunk, const struct rewrite_place *place) {
    const uint8_t space = chunk->rewrite->space, next = (uint8_t)(space + 1);
    struct leat_slice low = place->from.size > 0 ? buf_view(&place->from) : slice_of(&space, 1);
    TRY(store_scan(engine->store, chunk->part, low, slice_of(&next, 1), false, take_row, chunk, chunk->fault));
    return chunk->code;
}

/* The smallest key behind the last row, or the next partition. */
static enum leat_code move_place(struct rewrite_place *place, const struct chunk *chunk) {
    buf_clear(&place->from);
    if (!chunk->full) {
        place->part++;
        return LEAT_OK;
    }
    buf_slice(&place->from, chunk->last);
    buf_byte(&place->from, 0);
    return buf_ok(&place->from) ? LEAT_OK : fault_memory(chunk->fault);
}

static enum leat_code commit(struct engine *engine, struct rewrite *rewrite, store_part part, struct leat_fault *fault) {
    store_part *parts = ARENA_ARRAY(&rewrite->arena, store_part, rewrite->target_count + 2);
    struct store_transaction *transaction;
    if (parts == NULL) return fault_memory(fault);
    parts[0] = CATALOGUE_PART;
    parts[1] = part;
    for (size_t i = 0; i < rewrite->target_count; i++) parts[2 + i] = rewrite->targets[i];
    TRY(store_begin(engine->store, parts, rewrite->target_count + 2, &transaction, fault));
    enum leat_code code = overlay_write(&rewrite->overlay, transaction, fault);
    if (code == LEAT_OK && rewrite->finish != NULL) code = rewrite->finish(rewrite, transaction, fault);
    if (code == LEAT_OK) return store_commit(transaction, fault);
    store_abort(transaction);
    return code;
}

enum leat_code rewrite_chunk(struct engine *engine, struct rewrite *rewrite, struct rewrite_place *place, struct leat_fault *fault) {
    struct chunk chunk = {.rewrite = rewrite, .part = table_part(rewrite->table, (uint16_t)place->part), .fault = fault};
    const uint32_t part = place->part;
    rewrite->rows = 0;
    arena_init(&rewrite->arena, ARENA_MAX);
    struct leat_slice from = arena_copy(&rewrite->arena, buf_view(&place->from));
    enum leat_code code = from.data == NULL ? fault_memory(fault)
                                            : overlay_init(&rewrite->overlay, &rewrite->arena, REWRITE_ROWS_MAX, fault);
    if (code == LEAT_OK) code = read_rows(engine, &chunk, place);
    if (code == LEAT_OK) code = move_place(place, &chunk);
    if (code == LEAT_OK) code = commit(engine, rewrite, chunk.part, fault);
    if (code != LEAT_OK) {
        place->part = part;
        buf_clear(&place->from);
        buf_slice(&place->from, from);
    }
    arena_fini(&rewrite->arena);
    return code;
}

enum leat_code rewrite_remove_row(struct rewrite *rewrite, store_part part, struct leat_slice key, struct leat_slice value,
                                struct leat_fault *fault) {
    struct overlay_entry *entry = overlay_at(&rewrite->overlay, part, key, false);
    (void)value;
    if (entry == NULL) return fault_memory(fault);
    overlay_set(entry, (struct leat_slice){NULL, 0});
    return LEAT_OK;
}
