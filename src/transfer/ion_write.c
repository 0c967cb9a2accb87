/* Writing Ion text. ion_read.c goes the other way. */
#include <string.h>

#include "base/encode.h"
#include "base/slice.h"
#include "item/value.h"
#include "transfer/ion.h"

enum { POINT_LEFT_MIN = -6 }; /* numbers smaller than 10^-6 get an exponent, as in the General Decimal Arithmetic's to-scientific-string */

/* ---- text ---- */

static void escape(struct buf *out, uint8_t byte, uint8_t quote) {
    static const char from[] = "\n\r\t\\", to[] = "nrt\\";
    const char *known = byte != 0 ? strchr(from, byte) : NULL;
    if (known != NULL) buf_print(out, "\\%c", to[known - from]);
    else if (byte == quote) buf_print(out, "\\%c", quote);
    else if (byte < 0x20 || byte == 0x7f) buf_print(out, "\\x%02x", byte);
    else buf_byte(out, byte);
}

static void quoted(struct buf *out, struct leat_slice text, uint8_t quote) {
    buf_byte(out, quote);
    for (size_t i = 0; i < text.size; i++) escape(out, text.data[i], quote);
    buf_byte(out, quote);
}

static bool letter(uint8_t byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' || byte == '$';
}

/* Ion 1.0, "Symbols": identifiers need no quotes, but for words of the language and what looks like a symbol's number. */
static bool plain(struct leat_slice name) {
    static const char *const words[] = {"null", "true", "false", "nan"};
    if (name.size == 0 || !letter(name.data[0])) return false;
    for (size_t i = 1; i < name.size; i++)
        if (!letter(name.data[i]) && (name.data[i] < '0' || name.data[i] > '9')) return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (slice_is(name, words[i])) return false;
    return name.data[0] != '$' || !slice_within(slice_of(name.data + 1, name.size - 1), '0', '9');
}

void ion_write_name(struct buf *out, struct leat_slice name) {
    if (plain(name)) buf_slice(out, name);
    else quoted(out, name, '\'');
    buf_byte(out, ':');
}

/* ---- numbers ---- */

static size_t digits_of(unsigned __int128 value, char out[40]) {
    char reversed[40];
    size_t size = 0;
    do reversed[size++] = (char)('0' + (int)(value % 10));
    while ((value /= 10) != 0);
    for (size_t i = 0; i < size; i++) out[i] = reversed[size - 1 - i];
    return size;
}

/* "103.", "6d2", "1.5", "0.00012", "12d-40": always a decimal, never an integer. */
static void decimal(struct buf *out, const struct item_number *number) {
    char digits[40];
    int count = (int)digits_of(number->coefficient, digits), whole = count + number->exponent;
    if (number->negative) buf_byte(out, '-');
    if (number->exponent > 0 || whole < POINT_LEFT_MIN + 1) {
        buf_print(out, "%.*sd%d", count, digits, number->exponent);
    } else if (whole > 0) {
        buf_append(out, digits, (size_t)whole);
        buf_byte(out, '.');
        buf_append(out, digits + whole, (size_t)(count - whole));
    } else {
        buf_print(out, "0.%.*s%.*s", -whole, "000000000000", count, digits);
    }
}

static void encoded_decimal(struct buf *out, struct leat_slice encoded) {
    struct item_number number = {0};
    (void)item_number_decode(encoded, &number); /* zero for damaged bytes */
    decimal(out, &number);
}

void ion_write_decimal(struct buf *out, uint64_t value) {
    struct item_number number = item_number_of((int64_t)value);
    decimal(out, &number);
}

/* ---- values ---- */

static void blob(struct buf *out, struct leat_slice bytes) {
    buf_append(out, "{{", 2);
    base64_encode(out, bytes);
    buf_append(out, "}}", 2);
}

static void set(struct buf *out, const struct item_value *value) {
    struct item_iterator elements = item_iterate(value->payload);
    struct leat_slice element;
    buf_print(out, "$dynamodb_%s::[", item_type_name(value->type));
    for (bool first = true; item_set_next(&elements, &element); first = false) {
        if (!first) buf_byte(out, ',');
        if (value->type == ITEM_SS) quoted(out, element, '"');
        if (value->type == ITEM_NS) encoded_decimal(out, element);
        if (value->type == ITEM_BS) blob(out, element);
    }
    buf_byte(out, ']');
}

static void write_value(struct buf *out, const struct item_value *value);

static void list(struct buf *out, struct leat_slice payload) {
    struct item_iterator elements = item_iterate(payload);
    struct item_value element;
    buf_byte(out, '[');
    for (bool first = true; item_list_next(&elements, &element); first = false) {
        if (!first) buf_byte(out, ',');
        write_value(out, &element);
    }
    buf_byte(out, ']');
}

static void write_value(struct buf *out, const struct item_value *value) {
    struct leat_slice payload = value->payload;
    switch (value->type) {
    case ITEM_ABSENT:
    case ITEM_NULL: buf_append(out, "null", 4); break;
    case ITEM_BOOL: buf_print(out, "%s", payload.size > 0 && payload.data[0] != 0 ? "true" : "false"); break;
    case ITEM_N: encoded_decimal(out, payload); break;
    case ITEM_S: quoted(out, payload, '"'); break;
    case ITEM_B: blob(out, payload); break;
    case ITEM_SS: case ITEM_NS: case ITEM_BS: set(out, value); break;
    case ITEM_L: list(out, payload); break;
    case ITEM_M: ion_write_item(out, payload); break;
    }
}

void ion_write_item(struct buf *out, struct leat_slice item) {
    struct item_iterator entries = item_iterate(item);
    struct leat_slice name;
    struct item_value value;
    buf_byte(out, '{');
    for (bool first = true; item_map_next(&entries, &name, &value); first = false) {
        if (!first) buf_byte(out, ',');
        ion_write_name(out, name);
        write_value(out, &value);
    }
    buf_byte(out, '}');
}
