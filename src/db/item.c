#include "item/item_json.h"

#include <stdlib.h>

#include "base/slice.h"
#include "db/db.h"
#include "table/memory.h"

enum { ITEM_JSON_MAX = 64 * 1024 * 1024 };

static enum leat_code parse(struct leat_slice json, struct leat_memory *memory, struct buf *out, struct leat_fault *fault) {
    struct json_reader reader;
    json_reader_init(&reader, json, &memory->arena);
    if (json_next(&reader) == JSON_OBJECT) TRY(item_from_json(&reader, out, fault));
    else if (reader.token != JSON_ERROR) return fault_set(fault, LEAT_SERIALIZATION, "an item is a JSON object");
    if (reader.token == JSON_ERROR || json_next(&reader) != JSON_END)
        return fault_set(fault, LEAT_SERIALIZATION, "not JSON: %s", reader.error == NULL ? "text behind the item" : reader.error);
    return buf_ok(out) ? LEAT_OK : fault_memory(fault);
}

LEAT_PUBLIC enum leat_code leat_item_from_json(struct leat_slice json, struct leat_result *result, struct leat_fault *fault) {
    *result = (struct leat_result){.memory = table_memory_new(0)};
    if (result->memory == NULL) return fault_memory(fault);
    struct buf item;
    buf_init(&item, ITEM_JSON_MAX);
    enum leat_code code = parse(json, result->memory, &item, fault);
    if (code == LEAT_OK) {
        result->items = ARENA_ARRAY(&result->memory->arena, struct leat_slice, 1);
        if (result->items != NULL) result->items[result->count++] = arena_copy(&result->memory->arena, buf_view(&item));
        if (result->items == NULL || result->items[0].data == NULL) code = fault_memory(fault);
    }
    buf_fini(&item);
    return code;
}

LEAT_PUBLIC char *leat_item_to_json(struct leat_slice item) {
    struct buf text;
    struct json_writer writer;
    buf_init(&text, ITEM_JSON_MAX);
    json_writer_init(&writer, &text);
    item_to_json(&writer, item);
    buf_byte(&text, 0);
    if (buf_ok(&text)) return (char *)text.data;
    buf_fini(&text);
    return NULL;
}

LEAT_PUBLIC bool leat_item_text(struct leat_slice item, const char *name, struct leat_slice *out) {
    struct item_value value;
    if (!item_find(item, slice_text(name), &value) || value.type != ITEM_S) return false;
    *out = value.payload;
    return true;
}

LEAT_PUBLIC bool leat_item_number(struct leat_slice item, const char *name, double *out) {
    struct item_value value;
    struct item_number number;
    char text[ITEM_NUMBER_TEXT_MAX];
    if (!item_find(item, slice_text(name), &value) || value.type != ITEM_N || !item_number_decode(value.payload, &number)) return false;
    (void)item_number_print(&number, text);
    *out = strtod(text, NULL);
    return true;
}
