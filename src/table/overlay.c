#include "table/overlay.h"

#include "base/hash.h"
#include "base/slice.h"

enum leat_code overlay_init(struct overlay *overlay, struct arena *arena, size_t about, struct leat_fault *fault) {
    size_t buckets = 16;
    while (buckets < about * 2) buckets *= 2;
    *overlay = (struct overlay){.arena = arena, .bucket_count = buckets};
    overlay->last = &overlay->first;
    overlay->buckets = ARENA_ARRAY(arena, struct overlay_entry *, buckets);
    return overlay->buckets == NULL ? fault_memory(fault) : LEAT_OK;
}

struct overlay_entry *overlay_at(struct overlay *overlay, store_part part, struct leat_slice key, bool read) {
    size_t bucket = (size_t)(hash_bytes(key) ^ part * 0x9E3779B97F4A7C15u) & (overlay->bucket_count - 1);
    for (struct overlay_entry *entry = overlay->buckets[bucket]; entry != NULL; entry = entry->next)
        if (entry->part == part && slice_equal(entry->key, key)) {
            entry->read |= read;
            return entry;
        }
    struct overlay_entry *entry = arena_alloc(overlay->arena, sizeof *entry);
    if (entry == NULL) return NULL;
    *entry = (struct overlay_entry){.next = overlay->buckets[bucket], .part = part, .key = key, .read = read};
    overlay->buckets[bucket] = entry;
    *overlay->last = entry;
    overlay->last = &entry->later;
    overlay->count++;
    return entry;
}

enum leat_code overlay_read(struct overlay *overlay, struct store_transaction *transaction, struct leat_fault *fault) {
    struct store_key *keys = ARENA_ARRAY(overlay->arena, struct store_key, overlay->count);
    struct leat_slice *values = ARENA_ARRAY(overlay->arena, struct leat_slice, overlay->count);
    if (keys == NULL || values == NULL) return fault_memory(fault);
    size_t count = 0;
    for (struct overlay_entry *entry = overlay->first; entry != NULL; entry = entry->later)
        if (entry->read) keys[count++] = (struct store_key){entry->part, entry->key};
    TRY(store_getv(transaction, keys, count, values, fault));
    count = 0;
    for (struct overlay_entry *entry = overlay->first; entry != NULL; entry = entry->later)
        if (entry->read) entry->value = values[count++];
    return LEAT_OK;
}

enum leat_code overlay_write(const struct overlay *overlay, struct store_transaction *transaction, struct leat_fault *fault) {
    for (struct overlay_entry *entry = overlay->first; entry != NULL; entry = entry->later) {
        if (!entry->dirty) continue;
        if (entry->value.data != NULL) TRY(store_put(transaction, entry->part, entry->key, entry->value, fault));
        else TRY(store_del(transaction, entry->part, entry->key, fault));
    }
    return LEAT_OK;
}

bool overlay_dirty(const struct overlay *overlay) {
    for (struct overlay_entry *entry = overlay->first; entry != NULL; entry = entry->later)
        if (entry->dirty) return true;
    return false;
}
