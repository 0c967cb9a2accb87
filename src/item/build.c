/* Building values: appending, and bringing maps and sets into their canonical order. */
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "item/value.h"
#include "item/wire.h"

static uint8_t *write_length(uint8_t *to, size_t length) {
    for (; length >= 0x80; length >>= 7) *to++ = (uint8_t)(length | 0x80);
    *to++ = (uint8_t)length;
    return to;
}

/* Head bytes (a type, or none), length and bytes in one piece. */
static inline void put_piece(struct buf *out, const uint8_t *head, size_t head_size, struct leat_slice bytes) {
    if (bytes.size > UINT32_MAX) out->failed = true;
    size_t size = head_size + wire_length_size(bytes.size) + bytes.size;
    if (!buf_reserve(out, size)) return;
    uint8_t *to = out->data + out->size;
    if (head_size > 0) *to++ = *head;
    to = write_length(to, bytes.size);
    if (bytes.size > 0) memcpy(to, bytes.data, bytes.size);
    out->size += size;
}

static void put_leaf(struct buf *out, enum item_type type, struct leat_slice payload) {
    uint8_t head = (uint8_t)type;
    put_piece(out, &head, 1, payload);
}

void item_put_null(struct buf *out) { put_leaf(out, ITEM_NULL, (struct leat_slice){NULL, 0}); }

void item_put_bool(struct buf *out, bool value) {
    uint8_t byte = value;
    put_leaf(out, ITEM_BOOL, slice_of(&byte, 1));
}

void item_put_number(struct buf *out, const struct item_number *number) {
    uint8_t bytes[ITEM_NUMBER_ENCODED_MAX];
    put_leaf(out, ITEM_N, slice_of(bytes, item_number_encode(number, bytes)));
}

void item_put_int(struct buf *out, int64_t value) {
    struct item_number number = item_number_of(value);
    item_put_number(out, &number);
}

void item_put_string(struct buf *out, struct leat_slice text) { put_leaf(out, ITEM_S, text); }

void item_put_binary(struct buf *out, struct leat_slice bytes) { put_leaf(out, ITEM_B, bytes); }

void item_put_value(struct buf *out, const struct item_value *value) { buf_slice(out, value->whole); }

void item_put_name(struct buf *out, struct leat_slice name) {
    put_piece(out, NULL, 0, name);
}

void item_put_element(struct buf *out, struct leat_slice element) { item_put_name(out, element); }

size_t item_begin(struct buf *out, enum item_type type) {
    size_t mark = out->size;
    buf_byte(out, (uint8_t)type);
    buf_append(out, "\0\0\0\0", WIRE_CONTAINER_LENGTH);
    return mark;
}

/* ---- order ---- */

enum { ENTRIES_ON_STACK = 64 };

/* A map's or set's entry while it is sorted; both slices lie in the buffer. */
struct entry {
    struct leat_slice name; /* or element */
    struct leat_slice whole;
};

/* Where entries stood is their order among equals, so that the last of them can be told. */
static int compare_entries(const void *a, const void *b) {
    const struct entry *left = a, *right = b;
    int order = slice_compare(left->name, right->name);
    if (order != 0) return order;
    return (left->whole.data > right->whole.data) - (left->whole.data < right->whole.data);
}

/* Takes the next entry of a map (or set) off the iterator. */
static bool next_entry(struct item_iterator *iterator, bool map, struct entry *entry) {
    const uint8_t *begin = iterator->at;
    struct item_value value;
    if (!(map ? item_map_next(iterator, &entry->name, &value) : item_set_next(iterator, &entry->name))) return false;
    entry->whole = slice_of(begin, (size_t)(iterator->at - begin));
    return true;
}

/* Looks at all entries and keeps those for which there is room. Returns how many there are; *sorted tells whether they stand in
 * strictly ascending order already. */
static size_t list_entries(struct leat_slice bytes, bool map, struct entry *entries, size_t room, bool *sorted) {
    struct item_iterator iterator = item_iterate(bytes);
    struct entry entry, before = {{NULL, 0}, {NULL, 0}};
    size_t count = 0;
    *sorted = true;
    for (; next_entry(&iterator, map, &entry); before = entry, count++) {
        if (count > 0 && *sorted && slice_compare(before.name, entry.name) >= 0) *sorted = false;
        if (count < room) entries[count] = entry;
    }
    return count;
}

static void sort_entries(struct entry *entries, size_t count) {
    if (count > ENTRIES_ON_STACK) {
        qsort(entries, count, sizeof *entries, compare_entries);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        struct entry entry = entries[i];
        size_t at = i;
        for (; at > 0 && compare_entries(&entries[at - 1], &entry) > 0; at--) entries[at] = entries[at - 1];
        entries[at] = entry;
    }
}

/* Drops all but the last of entries with one name; returns how many stay. */
static size_t keep_last(struct entry *entries, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (i + 1 < count && slice_equal(entries[i].name, entries[i + 1].name)) continue;
        entries[kept++] = entries[i];
    }
    return kept;
}

/* Writes the bytes behind `from` anew in the order of the entries: first behind the old ones, then over them. */
static enum leat_code rewrite(struct buf *out, size_t from, struct entry *entries, size_t count) {
    size_t end = out->size;
    for (size_t i = 0; i < count; i++) buf_slice(out, entries[i].whole); /* room was reserved: the slices stay valid */
    size_t size = out->size - end;
    memmove(out->data + from, out->data + end, size);
    out->size = from + size;
    return LEAT_OK;
}

static enum leat_code sort_listed(struct buf *out, size_t from, bool last_wins, struct entry *entries, size_t count) {
    sort_entries(entries, count);
    size_t kept = keep_last(entries, count);
    if (kept < count && !last_wins) return LEAT_VALIDATION;
    return rewrite(out, from, entries, kept);
}

/* Sorts what stands behind `from`. */
static enum leat_code sort_from(struct buf *out, size_t from, bool map, bool last_wins) {
    if (!buf_ok(out)) return LEAT_NO_MEMORY;
    if (from == out->size) return LEAT_OK;
    struct entry few[ENTRIES_ON_STACK];
    bool sorted;
    size_t size = out->size - from;
    size_t count = list_entries(slice_of(out->data + from, size), map, few, ENTRIES_ON_STACK, &sorted);
    if (sorted) return LEAT_OK;
    const uint8_t *before = out->data;
    if (!buf_reserve(out, size)) return LEAT_NO_MEMORY;
    if (count <= ENTRIES_ON_STACK && out->data == before) return sort_listed(out, from, last_wins, few, count);
    struct entry *many = calloc(count, sizeof *many); /* or few, but the buffer has moved */
    if (many == NULL) return LEAT_NO_MEMORY;
    (void)list_entries(slice_of(out->data + from, size), map, many, count, &sorted);
    enum leat_code code = sort_listed(out, from, last_wins, many, count);
    free(many);
    return code;
}

static enum leat_code end_container(struct buf *out, size_t mark, bool last_wins) {
    if (!buf_ok(out)) return LEAT_NO_MEMORY;
    enum item_type type = (enum item_type)out->data[mark];
    size_t from = mark + 1 + WIRE_CONTAINER_LENGTH;
    if (type != ITEM_L) TRY(sort_from(out, from, type == ITEM_M, last_wins));
    size_t size = out->size - from;
    if (size > UINT32_MAX) return LEAT_NO_MEMORY;
    for (unsigned i = 0; i < WIRE_CONTAINER_LENGTH; i++) out->data[mark + 1 + i] = (uint8_t)(size >> (8 * i));
    return LEAT_OK;
}

enum leat_code item_end(struct buf *out, size_t mark) { return end_container(out, mark, false); }
enum leat_code item_close(struct buf *out, size_t mark) { return sort_from(out, mark, true, false); }
enum leat_code item_end_last_wins(struct buf *out, size_t mark) { return end_container(out, mark, true); }
enum leat_code item_close_last_wins(struct buf *out, size_t mark) { return sort_from(out, mark, true, true); }
