#include "table/capacity.h"

#include "base/slice.h"

enum { READ_UNIT_BYTES = 4096 };

enum leat_code capacity_add_index(struct leat_capacity *capacity, const struct leat_index *index, double units, size_t count_max,
                                  struct arena *arena, struct leat_fault *fault) {
    for (size_t i = 0; i < capacity->index_count; i++)
        if (slice_equal(capacity->indexes[i].name, index->name)) {
            capacity->indexes[i].units += units;
            return LEAT_OK;
        }
    if (capacity->indexes == NULL) capacity->indexes = ARENA_ARRAY(arena, struct leat_index_capacity, count_max);
    struct leat_slice name = arena_copy(arena, index->name);
    if (capacity->indexes == NULL || name.data == NULL) return fault_memory(fault);
    capacity->indexes[capacity->index_count++] = (struct leat_index_capacity){name, index->local, units};
    return LEAT_OK;
}

static size_t rounded(size_t bytes) { return (bytes + READ_UNIT_BYTES - 1) / READ_UNIT_BYTES * READ_UNIT_BYTES; }

void capacity_page_fetched(struct capacity_page *page, size_t item_bytes) { page->fetched_bytes += rounded(item_bytes); }

bool capacity_page_full(const struct capacity_page *page) {
    size_t bytes = page->fetched_bytes == 0 ? page->bytes : rounded(page->bytes) + page->fetched_bytes;
    return bytes >= CAPACITY_PAGE_BYTES_MAX;
}

enum leat_code capacity_page_charge(const struct capacity_page *page, bool consistent, const struct leat_index *index,
                                    struct leat_capacity *capacity, struct arena *arena, struct leat_fault *fault) {
    double units = capacity_read(page->bytes, consistent, false);
    if (index == NULL) {
        capacity->units = units;
        return LEAT_OK;
    }
    capacity->units = page->fetched_bytes == 0 ? 0 : capacity_read(page->fetched_bytes, consistent, false);
    return capacity_add_index(capacity, index, units, 1, arena, fault);
}
