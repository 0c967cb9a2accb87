#include "transfer/csv.h"

#include <string.h>

#include "base/encode.h"
#include "base/slice.h"
#include "item/value.h"

static struct leat_slice without_end(struct leat_slice line) {
    if (line.size > 0 && line.data[line.size - 1] == '\n') line.size--;
    if (line.size > 0 && line.data[line.size - 1] == '\r') line.size--;
    return line;
}

/* Behind the opening quote; *at ends up behind the closing one. Absent: there is none. */
static struct leat_slice unquote(struct leat_slice line, size_t *at, struct arena *arena) {
    uint8_t *text = arena_alloc(arena, line.size - *at + 1);
    size_t size = 0;
    while (text != NULL && *at < line.size) {
        uint8_t byte = line.data[(*at)++];
        if (byte == '"' && (*at == line.size || line.data[*at] != '"')) return slice_of(text, size);
        if (byte == '"') (*at)++;
        text[size++] = byte;
    }
    return slice_of(NULL, 0);
}

/* One field from *at on, which moves behind it. false: its quotes do not match. */
static bool take_field(struct leat_slice line, size_t *at, uint8_t delimiter, struct arena *arena, struct leat_slice *field) {
    if (*at < line.size && line.data[*at] == '"') {
        (*at)++;
        *field = unquote(line, at, arena);
        return field->data != NULL && (*at == line.size || line.data[*at] == delimiter);
    }
    const uint8_t *begin = line.data + *at, *end = memchr(begin, delimiter, line.size - *at);
    *field = slice_of(begin, end != NULL ? (size_t)(end - begin) : line.size - *at);
    *at += field->size;
    return true;
}

enum leat_code csv_parse(struct leat_slice line, uint8_t delimiter, struct arena *arena, struct csv_row *out, struct leat_fault *fault) {
    line = without_end(line);
    size_t commas = 0, at = 0;
    for (size_t i = 0; i < line.size; i++) commas += line.data[i] == delimiter;
    size_t room = commas < CSV_COLUMNS_MAX ? commas + 1 : CSV_COLUMNS_MAX;
    *out = (struct csv_row){.fields = ARENA_ARRAY(arena, struct leat_slice, room)};
    if (out->fields == NULL) return fault_memory(fault);
    if (!utf8_valid(line)) return fault_set(fault, LEAT_VALIDATION, "The line is not UTF-8");
    for (;; at++) {
        if (out->count == room) return fault_set(fault, LEAT_VALIDATION, "The line has more than %d columns", CSV_COLUMNS_MAX);
        if (!take_field(line, &at, delimiter, arena, &out->fields[out->count]))
            return fault_set(fault, LEAT_VALIDATION, "The quotes of column %zu do not match", out->count + 1);
        out->count++;
        if (at >= line.size) return LEAT_OK;
    }
}

/* ---- items ---- */

static char type_of(struct leat_slice name, const struct leat_attribute *attributes, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (slice_equal(attributes[i].name, name)) return attributes[i].type;
    return 'S';
}

static enum leat_code put_field(struct leat_slice text, char type, struct arena *arena, struct buf *out, struct leat_fault *fault) {
    struct item_number number;
    if (type == 'N') {
        TRY(item_number_parse(text, &number, fault));
        item_put_number(out, &number);
    } else if (type == 'B') {
        struct leat_slice bytes = base64_decode(arena, text);
        if (bytes.data == NULL) return fault_set(fault, LEAT_VALIDATION, "The value of a binary key is not base64");
        item_put_binary(out, bytes);
    } else {
        item_put_string(out, text);
    }
    return LEAT_OK;
}

enum leat_code csv_item(const struct csv_row *header, const struct csv_row *row, const struct leat_attribute *attributes,
                        size_t attribute_count, struct arena *arena, struct buf *out, struct leat_fault *fault) {
    size_t mark = out->size;
    if (row->count != header->count)
        return fault_set(fault, LEAT_VALIDATION, "The line has %zu columns, the header %zu", row->count, header->count);
    for (size_t i = 0; i < row->count; i++) {
        item_put_name(out, header->fields[i]);
        TRY(put_field(row->fields[i], type_of(header->fields[i], attributes, attribute_count), arena, out, fault));
    }
    enum leat_code code = item_close(out, mark);
    if (code == LEAT_VALIDATION) return fault_set(fault, code, "A column's name stands twice in the header");
    return code == LEAT_OK ? LEAT_OK : fault_memory(fault);
}
