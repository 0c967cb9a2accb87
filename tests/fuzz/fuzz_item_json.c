/* DynamoDB JSON to bytes and back: what is accepted is canonical, and reading what was written gives the same bytes. The same input
 * also as the bytes of an item: readers stay in bounds, and what item_check accepts comes through JSON unchanged. */
#include <stdlib.h>

#include "base/slice.h"
#include "item/item_json.h"
#include "item/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum leat_code read_item(struct leat_slice json, struct arena *arena, struct buf *out) {
    struct json_reader reader;
    struct leat_fault fault = {0};
    json_reader_init(&reader, json, arena);
    if (json_next(&reader) != JSON_OBJECT) return LEAT_SERIALIZATION;
    enum leat_code code = item_from_json(&reader, out, &fault);
    if (code != LEAT_OK && (out->size != 0 || fault.code != code || fault.message[0] == 0)) abort();
    if (code != LEAT_SERIALIZATION && code != LEAT_NO_MEMORY && reader.token != JSON_OBJECT_END) abort();
    return code;
}

static void check_round_trip(struct leat_slice item, struct arena *arena) {
    struct buf json, again;
    struct json_writer writer;
    buf_init(&json, 1 << 26);
    buf_init(&again, 1 << 26);
    json_writer_init(&writer, &json);
    item_to_json(&writer, item);
    if (!buf_ok(&json) || read_item(buf_view(&json), arena, &again) != LEAT_OK) abort();
    if (!slice_equal(buf_view(&again), item)) abort();
    buf_fini(&json);
    buf_fini(&again);
}

static void look_around(struct leat_slice item) {
    struct item_iterator iterator = item_iterate(item);
    struct leat_slice name;
    struct item_value value, found;
    size_t size = item_size(item);
    if (size > item.size * 4) abort();
    while (item_map_next(&iterator, &name, &value)) {
        (void)item_count(&value);
        if (!item_find(item, name, &found)) abort();
    }
    (void)item_value_at(item);
    (void)item_set_has(item, SLICE("x"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena;
    struct buf item;
    struct leat_slice bytes = slice_of(data, size);
    arena_init(&arena, 1 << 26);
    buf_init(&item, 1 << 26);
    if (read_item(bytes, &arena, &item) == LEAT_OK) {
        if (!item_check(buf_view(&item))) abort();
        look_around(buf_view(&item));
        check_round_trip(buf_view(&item), &arena);
    }
    look_around(bytes);
    if (item_check(bytes)) check_round_trip(bytes, &arena);
    arena_fini(&arena);
    buf_fini(&item);
    return 0;
}
