#include "item/member.h"

#include "base/slice.h"

void item_put_member_int(struct buf *out, const char *name, int64_t value) {
    item_put_name(out, slice_text(name));
    item_put_int(out, value);
}

void item_put_member_text(struct buf *out, const char *name, struct leat_slice text) {
    if (text.data == NULL) return;
    item_put_name(out, slice_text(name));
    item_put_string(out, text);
}

int64_t item_member_int(struct leat_slice map, const char *name) {
    struct item_value value;
    struct item_number number;
    int64_t integer = 0;
    if (item_find(map, slice_text(name), &value) && value.type == ITEM_N && item_number_decode(value.payload, &number))
        (void)item_number_int64(&number, &integer);
    return integer;
}

struct leat_slice item_member_text(struct leat_slice map, const char *name) {
    struct item_value value;
    if (!item_find(map, slice_text(name), &value) || (value.type != ITEM_S && value.type != ITEM_B))
        return (struct leat_slice){NULL, 0};
    return value.payload;
}
