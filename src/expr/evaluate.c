/* Testing conditions against items. Nothing is allocated: operands are borrowed from the item or the tree, and the only
 * value made here, a size, stands in a struct on the stack.
 *
 * An attribute that is not there equals nothing and has no order: every comparison with it is false, but "<>" true. */
#include "base/slice.h"
#include "expr/tree.h"

struct operand {
    struct item_value value; /* ABSENT: not in the item */
    uint8_t number[ITEM_NUMBER_ENCODED_MAX];
};

/* AWS counts the length of strings in UTF-16 code units. */
static size_t utf16_units(struct leat_slice text) {
    size_t units = 0;
    for (size_t i = 0; i < text.size; i++) units += (size_t)((text.data[i] & 0xC0) != 0x80) + (text.data[i] >= 0xF0);
    return units;
}

/* false: the type has no size */
static bool size_of(const struct item_value *value, size_t *out) {
    switch (value->type) {
    case ITEM_S: *out = utf16_units(value->payload); return true;
    case ITEM_B: *out = value->payload.size; return true;
    case ITEM_SS:
    case ITEM_NS:
    case ITEM_BS:
    case ITEM_L:
    case ITEM_M: *out = item_count(value); return true;
    default: return false;
    }
}

static void load(const struct expr_node *node, struct leat_slice item, struct operand *out) {
    size_t size;
    out->value = (struct item_value){.type = ITEM_ABSENT};
    if (node->kind == EXPR_NODE_VALUE) {
        out->value = node->value;
    } else if (node->kind == EXPR_NODE_PATH) {
        if (!expr_path_find(&node->path, item, &out->value)) out->value.type = ITEM_ABSENT;
    } else {
        load(node->first, item, out);
        bool known = size_of(&out->value, &size);
        out->value = (struct item_value){.type = ITEM_ABSENT};
        if (!known) return;
        struct item_number number = item_number_of((int64_t)size);
        out->value.type = ITEM_N;
        out->value.payload = slice_of(out->number, item_number_encode(&number, out->number));
    }
}

/* The encoding is canonical, numbers included: equal values have equal bytes. */
static bool equal(const struct item_value *a, const struct item_value *b) {
    return a->type != ITEM_ABSENT && a->type == b->type && slice_equal(a->payload, b->payload);
}

/* false: these two have no order. Encoded numbers compare as bytes. */
static bool order(const struct item_value *a, const struct item_value *b, int *out) {
    if (a->type != b->type || (a->type != ITEM_S && a->type != ITEM_N && a->type != ITEM_B)) return false;
    *out = slice_compare(a->payload, b->payload);
    return true;
}

static bool compare(enum expr_node_kind kind, const struct item_value *a, const struct item_value *b) {
    int sign;
    if (kind == EXPR_NODE_EQUAL) return equal(a, b);
    if (kind == EXPR_NODE_NOT_EQUAL) return !equal(a, b);
    if (!order(a, b, &sign)) return false;
    switch (kind) {
    case EXPR_NODE_LESS: return sign < 0;
    case EXPR_NODE_LESS_EQUAL: return sign <= 0;
    case EXPR_NODE_GREATER: return sign > 0;
    default: return sign >= 0;
    }
}

static bool test_compare(const struct expr_node *node, struct leat_slice item) {
    struct operand a, b;
    load(node->first, item, &a);
    load(node->first->next, item, &b);
    return compare(node->kind, &a.value, &b.value);
}

static bool test_between(const struct expr_node *node, struct leat_slice item) {
    struct operand value, bound;
    load(node->first, item, &value);
    load(node->first->next, item, &bound);
    if (!compare(EXPR_NODE_GREATER_EQUAL, &value.value, &bound.value)) return false;
    load(node->first->next->next, item, &bound);
    return compare(EXPR_NODE_LESS_EQUAL, &value.value, &bound.value);
}

static bool test_in(const struct expr_node *node, struct leat_slice item) {
    struct operand value, candidate;
    load(node->first, item, &value);
    for (const struct expr_node *other = node->first->next; other != NULL; other = other->next) {
        load(other, item, &candidate);
        if (equal(&value.value, &candidate.value)) return true;
    }
    return false;
}

static bool begins_with(const struct item_value *value, const struct item_value *prefix) {
    return value->type == prefix->type && (value->type == ITEM_S || value->type == ITEM_B) &&
           slice_starts(value->payload, prefix->payload);
}

static bool has_part(struct leat_slice whole, struct leat_slice part) {
    return part.size == 0 || memmem(whole.data, whole.size, part.data, part.size) != NULL;
}

static bool list_has(struct leat_slice list, const struct item_value *wanted) {
    struct item_iterator iterator = item_iterate(list);
    struct item_value element;
    while (item_list_next(&iterator, &element)) {
        if (equal(&element, wanted)) return true;
    }
    return false;
}

static bool contains(const struct item_value *value, const struct item_value *wanted) {
    switch (value->type) {
    case ITEM_S:
    case ITEM_B: return wanted->type == value->type && has_part(value->payload, wanted->payload);
    case ITEM_SS: return wanted->type == ITEM_S && item_set_has(value->payload, wanted->payload);
    case ITEM_NS: return wanted->type == ITEM_N && item_set_has(value->payload, wanted->payload);
    case ITEM_BS: return wanted->type == ITEM_B && item_set_has(value->payload, wanted->payload);
    case ITEM_L: return list_has(value->payload, wanted);
    default: return false;
    }
}

static bool test_function(const struct expr_node *node, struct leat_slice item) {
    struct operand first, second = {.value = {.type = ITEM_ABSENT}};
    load(node->first, item, &first);
    if (node->first->next != NULL) load(node->first->next, item, &second);
    switch (node->function) {
    case EXPR_ATTRIBUTE_EXISTS: return first.value.type != ITEM_ABSENT;
    case EXPR_ATTRIBUTE_NOT_EXISTS: return first.value.type == ITEM_ABSENT;
    case EXPR_ATTRIBUTE_TYPE: return first.value.type == node->type_wanted;
    case EXPR_BEGINS_WITH: return begins_with(&first.value, &second.value);
    case EXPR_CONTAINS: return contains(&first.value, &second.value);
    default: return false;
    }
}

static bool test(const struct expr_node *node, struct leat_slice item) {
    switch (node->kind) {
    case EXPR_NODE_AND: return test(node->first, item) && test(node->first->next, item);
    case EXPR_NODE_OR: return test(node->first, item) || test(node->first->next, item);
    case EXPR_NODE_NOT: return !test(node->first, item);
    case EXPR_NODE_BETWEEN: return test_between(node, item);
    case EXPR_NODE_IN: return test_in(node, item);
    case EXPR_NODE_FUNCTION: return test_function(node, item);
    default: return test_compare(node, item);
    }
}

bool expr_condition_test(const struct expr_condition *condition, struct leat_slice item) {
    return test(condition->root, item);
}

static bool uses(const struct expr_node *node, struct leat_slice name, size_t elements) {
    if (node->kind == EXPR_NODE_PATH && node->path.count >= elements && slice_equal(node->path.steps[0].name, name))
        return true;
    for (const struct expr_node *operand = node->first; operand != NULL; operand = operand->next) {
        if (uses(operand, name, elements)) return true;
    }
    return false;
}

bool expr_condition_uses(const struct expr_condition *condition, struct leat_slice name) {
    return uses(condition->root, name, 1);
}

bool expr_condition_uses_inside(const struct expr_condition *condition, struct leat_slice name) {
    return uses(condition->root, name, 2);
}
