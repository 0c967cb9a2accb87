/* Sizes by AWS's rules, in bytes. "DynamoDB item sizes and formats", DynamoDB Developer Guide. */
#include "item/value.h"

/* Sets: the guide says nothing; their elements count as values of their own, without overhead. */
static size_t set_size(const struct item_value *set) {
    struct item_iterator iterator = item_iterate(set->payload);
    struct leat_slice element;
    struct item_number number;
    size_t size = 0;
    while (item_set_next(&iterator, &element)) {
        if (set->type != ITEM_NS) size += element.size;
        else if (item_number_decode(element, &number)) size += item_number_size(&number);
    }
    return size;
}

/* "requires 3 bytes of overhead, regardless of its contents. Each element also requires 1 byte." */
static size_t list_size(struct leat_slice list) {
    struct item_iterator iterator = item_iterate(list);
    struct item_value value;
    size_t size = 3;
    while (item_list_next(&iterator, &value)) size += 1 + item_value_size(&value);
    return size;
}

static size_t map_size(struct leat_slice map) {
    struct item_iterator iterator = item_iterate(map);
    struct leat_slice name;
    struct item_value value;
    size_t size = 3;
    while (item_map_next(&iterator, &name, &value)) size += 1 + name.size + item_value_size(&value);
    return size;
}

size_t item_value_size(const struct item_value *value) {
    struct item_number number;
    switch (value->type) {
    case ITEM_ABSENT: return 0;
    case ITEM_NULL: case ITEM_BOOL: return 1;
    case ITEM_N: return item_number_decode(value->payload, &number) ? item_number_size(&number) : 0;
    case ITEM_S: case ITEM_B: return value->payload.size;
    case ITEM_SS: case ITEM_NS: case ITEM_BS: return set_size(value);
    case ITEM_L: return list_size(value->payload);
    case ITEM_M: return map_size(value->payload);
    }
    return 0;
}

size_t item_size(struct leat_slice item) {
    struct item_iterator iterator = item_iterate(item);
    struct leat_slice name;
    struct item_value value;
    size_t size = 0;
    while (item_map_next(&iterator, &name, &value)) size += name.size + item_value_size(&value);
    return size;
}
